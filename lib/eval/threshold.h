/* threshold.h - thresholds by rule, and what is reached at a fixed sensitivity or specificity. */
#ifndef HNI_EVAL_THRESHOLD_H
#define HNI_EVAL_THRESHOLD_H

#include "haemnet/calibrate.h"
#include "rank.h"

const char *hni_threshold_rule_name(int32_t rule); /* NULL if there is none */

/* Rows that are positive, or negative, and could be called: silent positives count among the positives, silent negatives nowhere. */
typedef struct hni_sides {
    int64_t positives, negatives;
} hni_sides;
hni_sides hni_eval_sides(const hn_eval *eval, int32_t k);

/* Halfway between a cut and the next lower score (0 at the end); 0 if no threshold above 0 lies there. */
double hni_threshold_at(const hni_ranking *ranking, const hni_cut *cut);

/* Arguments as of the public functions, checked. index: a class. */
hn_status hni_eval_threshold(const hn_eval *eval, int32_t index, int32_t rule, double value, hn_threshold *out, hn_error *err);
hn_status hni_eval_operating_points(const hn_eval *eval, int32_t index, int32_t rule, const double *values, int32_t n,
                                    const hn_bootstrap_options *options, hn_operating_point *points, hn_error *err);

#endif
