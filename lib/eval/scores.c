/* scores.c - Brier score and log loss: how good the probabilities are, not only their order.
 *
 * Own logarithm and sums in row order, so that the figure has the same bits on every machine. */
#include "scores.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "../base/numeric.h" /* defines: hni_log */
#include "counts.h"          /* defines: hni_eval_silent, hni_eval_truth */
#include "sum.h"

double hni_eval_brier(const hn_eval *eval, int32_t k) {
    hni_sum sum = {0};
    int64_t judged = 0;
    for (int64_t i = 0; i < eval->n; i++) {
        if (!hni_eval_silent(eval, i)) {
            const double p = eval->probabilities[(size_t)i * (size_t)eval->n_classes + (size_t)k];
            const double gap = p - (hni_eval_truth(eval, i, k) ? 1.0 : 0.0);
            hni_sum_add(&sum, gap * gap);
            judged++;
        }
    }
    return judged ? hni_sum_total(&sum) / (double)judged : NAN;
}

static double minus_log(double p) {
    const double clipped = p < DBL_EPSILON ? DBL_EPSILON : p > 1 - DBL_EPSILON ? 1 - DBL_EPSILON : p;
    return -hni_log(clipped);
}

double hni_eval_log_loss(const hn_eval *eval, const double *weights) {
    const int32_t classes = eval->n_classes;
    hni_sum sum = {0}, weight = {0};
    for (int64_t i = 0; i < eval->n; i++) {
        const double *p = eval->probabilities + (size_t)i * (size_t)classes;
        if (hni_eval_silent(eval, i)) {
            continue;
        }
        const bool multi = eval->task == HN_TASK_MULTI;
        for (int32_t k = multi ? 0 : eval->classes[i]; k < (multi ? classes : eval->classes[i] + 1); k++) {
            const double w = weights ? weights[k] : 1;
            hni_sum_add(&sum, w * minus_log(hni_eval_truth(eval, i, k) ? p[k] : 1 - p[k]));
            hni_sum_add(&weight, w);
        }
    }
    return hni_sum_total(&weight) > 0 ? hni_sum_total(&sum) / hni_sum_total(&weight) : NAN;
}
