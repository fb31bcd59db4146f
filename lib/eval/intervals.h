/* intervals.h - closed intervals and tests over plain numbers: a proportion, a mean over folds, two models' verdicts. Arguments are checked
 * by the callers. */
#ifndef HNI_EVAL_INTERVALS_H
#define HNI_EVAL_INTERVALS_H

#include "eval.h" /* defines: hn_eval */

void hni_wilson(int64_t hits, int64_t n, double level, hn_interval *out);
void hni_mean(const double *values, int64_t n, double test_to_train, double level, hn_mean *out);

/* Two-sided p of McNemar's conditional tests, from the counts of rows that one alone has right. */
double hni_mcnemar_exact(int64_t only_a, int64_t only_b);
double hni_mcnemar_mid(int64_t only_a, int64_t only_b);

/* Both evaluations speak of the same rows: number, truth, and paths where both have them. */
hn_status hni_eval_same_rows(const hn_eval *a, const hn_eval *b, const char *function, hn_error *err);
void hni_mcnemar(const hn_eval *a, const hn_eval *b, hn_mcnemar *out);

#endif
