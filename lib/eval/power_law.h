/* power_law.h - accuracy as an inverse power law of the training size: y = 100 + b1·x^b2, y in percent. */
#ifndef HNI_EVAL_POWER_LAW_H
#define HNI_EVAL_POWER_LAW_H

#include "eval.h"

typedef struct hni_power {
    double b1, b2, error; /* error: weighted root mean square of the residuals */
} hni_power;

/* log_x [n] of sizes ≥ 1, y [n] percent, w [n] > 0. False if there is no fit: one size only, or every y is 100. */
bool hni_power_fit(const double *log_x, const double *y, const double *w, int64_t n, hni_power *out);

double hni_power_size(const hni_power *fit, double percent); /* where it reaches that; +infinity if it never does */

/* Arguments as hn_eval_power_law, checked, nothing left at 0. fits may be NULL. */
hn_status hni_power_law(hn_context *ctx, const hn_learning_points *points, const hn_power_law_options *options, hn_power_law *out, double *fits,
                        hn_error *err);

#endif
