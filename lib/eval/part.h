/* part.h - copies of evaluations, whole or some of their rows; and which rows are like the training images. */
#ifndef HNI_EVAL_PART_H
#define HNI_EVAL_PART_H

#include "eval.h" /* defines: hn_eval */
#include "haemnet/familiar.h"

/* A copy of n rows in this order, each ≥ 0 and < eval->n; NULL = all. Some of the rows have no digest, as no data set is theirs. HN_E_MEMORY. */
hn_status hni_eval_part(const hn_eval *eval, const int64_t *rows, int64_t n, hn_eval **out, hn_error *err);

/* As hn_eval_familiar, and hn_eval_novelty (all but struct_size). */
hn_status hni_eval_familiar(const hn_eval *eval, hn_eval **out, hn_error *err);
hn_status hni_eval_novelty(const hn_eval *eval, hn_novelty *out, hn_error *err);

#endif
