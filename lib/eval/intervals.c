/* intervals.c - Wilson's interval, the mean over folds with Nadeau and Bengio's variance, McNemar's tests.
 *
 * Not here: what needs the rows themselves (delong.c) or resampling (bootstrap.c). */
#include "intervals.h"

#include <math.h>
#include <string.h>

#include "../base/status.h"
#include "counts.h"        /* defines: hni_eval_silent, hni_eval_truth */
#include "distributions.h"
#include "sum.h"

void hni_wilson(int64_t hits, int64_t n, double level, hn_interval *out) {
    const double z = hni_normal_quantile(0.5 + 0.5 * level), count = (double)n, share = (double)hits / count, whole = count + z * z;
    const double centre = ((double)hits + 0.5 * z * z) / whole;
    const double half = z / whole * sqrt((double)hits * (double)(n - hits) / count + 0.25 * z * z);
    *out = (hn_interval){.struct_size = sizeof *out, .method = HN_INTERVAL_WILSON, .estimate = share, .level = level, .n = n, .groups = n};
    out->low = hits == 0 ? 0 : centre - half; /* rounding would give some 1e-17 */
    out->high = hits == n ? 1 : centre + half;
    out->standard_error = out->p = NAN;
}

void hni_mean(const double *values, int64_t n, double test_to_train, double level, hn_mean *out) {
    hni_sum sum = {0}, squares = {0};
    *out = (hn_mean){.struct_size = sizeof *out, .level = level};
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            hni_sum_add(&sum, values[i]);
            out->n++;
        }
    }
    const double count = (double)out->n;
    out->mean = out->n ? hni_sum_total(&sum) / count : NAN;
    out->deviation = out->low = out->high = out->corrected_low = out->corrected_high = NAN;
    if (out->n < 2) {
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            hni_sum_add(&squares, (values[i] - out->mean) * (values[i] - out->mean));
        }
    }
    out->deviation = sqrt(hni_sum_total(&squares) / (count - 1));
    const double t = hni_t_critical(level, count - 1) * out->deviation, plain = t * sqrt(1 / count), corrected = t * sqrt(1 / count + test_to_train);
    out->low = out->mean - plain;
    out->high = out->mean + plain;
    out->corrected_low = out->mean - corrected;
    out->corrected_high = out->mean + corrected;
}

static int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

double hni_mcnemar_exact(int64_t only_a, int64_t only_b) {
    const double p = 2 * hni_coin_at_most(lesser(only_a, only_b), only_a + only_b);
    return p < 1 ? p : 1;
}

/* Twice the smaller one-sided mid-p (Fagerland, Lydersen and Laake, 2013); with as many on both sides that is 1. */
double hni_mcnemar_mid(int64_t only_a, int64_t only_b) {
    const int64_t k = lesser(only_a, only_b), n = only_a + only_b;
    return only_a == only_b ? 1 : 2 * hni_coin_at_most(k, n) - hni_coin_exactly(k, n);
}

hn_status hni_eval_same_rows(const hn_eval *a, const hn_eval *b, const char *function, hn_error *err) {
    if (a->n != b->n || a->n_classes != b->n_classes || a->task != b->task) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: a has %lld rows of %d classes and b %lld of %d; give two evaluations of the same rows", function,
                        (long long)a->n, (int)a->n_classes, (long long)b->n, (int)b->n_classes);
    }
    for (int64_t i = 0; i < a->n; i++) {
        const char *pa = a->paths[i], *pb = b->paths[i];
        const bool same_truth = a->task == HN_TASK_MULTI ? a->labels[i] == b->labels[i] : a->classes[i] == b->classes[i];
        if (!same_truth || (pa && pb && strcmp(pa, pb) != 0)) {
            return hni_fail(err, HN_E_ARGUMENT, "%s: row %lld of a (%.60s) and of b (%.60s) are not the same; give the same rows in the same order",
                            function, (long long)i, pa ? pa : "no file", pb ? pb : "no file");
        }
    }
    return HN_OK;
}

static bool right(const hn_eval *eval, int64_t row) {
    const double *p = eval->probabilities + (size_t)row * (size_t)eval->n_classes;
    if (hni_eval_silent(eval, row)) {
        return false;
    }
    if (eval->task != HN_TASK_MULTI) {
        return hni_decide(p, eval->n_classes, eval->task, eval->positive, eval->threshold) == eval->classes[row];
    }
    for (int32_t k = 0; k < eval->n_classes; k++) {
        if ((p[k] >= eval->threshold) != hni_eval_truth(eval, row, k)) {
            return false;
        }
    }
    return true;
}

void hni_mcnemar(const hn_eval *a, const hn_eval *b, hn_mcnemar *out) {
    *out = (hn_mcnemar){.struct_size = sizeof *out};
    for (int64_t i = 0; i < a->n; i++) {
        const bool by_a = right(a, i), by_b = right(b, i);
        out->both += by_a && by_b;
        out->only_a += by_a && !by_b;
        out->only_b += !by_a && by_b;
        out->neither += !by_a && !by_b;
    }
    out->exact = hni_mcnemar_exact(out->only_a, out->only_b);
    out->mid_p = hni_mcnemar_mid(out->only_a, out->only_b);
}
