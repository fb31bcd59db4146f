/* groups.h - the rows of an evaluation by patient: what resampling draws and what variances sum over. */
#ifndef HNI_EVAL_GROUPS_H
#define HNI_EVAL_GROUPS_H

#include "eval.h" /* defines: hn_eval */

typedef struct hni_groups {
    hn_context *ctx;
    int64_t count;  /* groups, numbered in the order of their first rows */
    int64_t n;      /* rows */
    int64_t *of;    /* [n] group of each row */
    int64_t *begin; /* [count + 1] where each group's rows begin in `rows` */
    int64_t *rows;  /* [n] by group, in order within it */
} hni_groups;

/* A row without a known group is a group of its own. hni_groups_free the result. */
hn_status hni_groups_make(const hn_eval *eval, hni_groups *out, hn_error *err);
void hni_groups_free(hni_groups *groups);

#endif
