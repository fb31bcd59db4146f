/* bootstrap.h - confidence limits of any figures by resampling groups. */
#ifndef HNI_EVAL_BOOTSTRAP_H
#define HNI_EVAL_BOOTSTRAP_H

#include "groups.h"

/* Figures [figures] of the rows `rows` [n], which may hold a row several times; NaN where undefined. */
typedef hn_status (*hni_statistic)(void *user, const int64_t *rows, int64_t n, double *figures, hn_error *err);

typedef struct hni_bootstrap {
    const hni_groups *groups;
    hni_statistic statistic;
    void *user;
    int32_t figures, method, resamples; /* method: HN_BOOTSTRAP_… */
    double level;
    uint64_t seed;
    const hn_cancel *cancel; /* may be NULL */
} hni_bootstrap;

/* estimate [figures]: of all rows; low, high [figures] are filled. */
hn_status hni_bootstrap_run(const hni_bootstrap *b, const double *estimate, double *low, double *high, hn_error *err);

/* Limits from the resampled figures [n] and those with one unit left out [m], which BCa alone reads. Both are reordered; NaN is left out. */
void hni_bootstrap_limits(double *resampled, int64_t n, double *left_out, int64_t m, double estimate, int32_t method, double level, double *low,
                          double *high);

/* Of every double of hn_metrics from accuracy to exact_match; b NULL = of a alone, else a's less b's. options: nothing left at 0. */
hn_status hni_eval_bootstrap(const hn_eval *a, double threshold, const hn_eval *b, const hn_bootstrap_options *options, hn_metrics *low,
                             hn_metrics *high, hn_error *err);

#endif
