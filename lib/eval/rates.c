/* rates.c - Wilson's interval where rows of one group are alike: with the number of independent rows that would say as much.
 *
 * That number is rows / design effect; the design effect is the share's variance between groups (the ratio estimator's) over the binomial one
 * (Korn and Graubard, 1998; Dean and Pagano, 2015, found Wilson's interval the best one for it). Estimated from the groups alone it is far too
 * small where few groups happen to agree, and intervals then hold the truth in 85 of 100 studies. So half an invented group of mean size is
 * added to its estimation, a quarter of one all hits and a quarter none: tests/eval/slow_coverage.sh counts. Student's t takes the
 * normal's place because the variance is estimated. */
#include "rates.h"

#include <math.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "counts.h" /* defines: hni_eval_silent, hni_eval_truth */
#include "distributions.h"
#include "intervals.h" /* defines: hni_wilson */

static bool is_called(const hn_eval *eval, int64_t row, int32_t k, double threshold) {
    const double *p = eval->probabilities + (size_t)row * (size_t)eval->n_classes;
    return eval->task == HN_TASK_MULTI ? p[k] >= threshold : hni_decide(p, eval->n_classes, eval->task, eval->positive, threshold) == k;
}

static void add(bool hit, double *hits, double *of) {
    *hits += hit;
    *of += 1;
}

static void accuracy_row(const hn_eval *eval, int64_t row, bool silent, double threshold, double *hits, double *of) {
    const bool multi = eval->task == HN_TASK_MULTI;
    for (int32_t k = multi ? 0 : eval->classes[row]; k < (multi ? eval->n_classes : eval->classes[row] + 1); k++) {
        add(!silent && is_called(eval, row, k, threshold) == hni_eval_truth(eval, row, k), hits, of);
    }
}

void hni_rate_row(const hn_eval *eval, int64_t row, int32_t rate, double threshold, double *hits, double *of) {
    const bool silent = hni_eval_silent(eval, row);
    if (rate == HN_RATE_ACCURACY) {
        accuracy_row(eval, row, silent, threshold, hits, of);
        return;
    }
    const bool truth = hni_eval_truth(eval, row, eval->positive), called = !silent && is_called(eval, row, eval->positive, threshold);
    if (rate == HN_RATE_SENSITIVITY && truth) {
        add(called, hits, of); /* a silent positive is missed */
    } else if (rate == HN_RATE_SPECIFICITY && !truth && !silent) {
        add(!called, hits, of);
    } else if (rate == HN_RATE_PPV && called) {
        add(truth, hits, of);
    } else if (rate == HN_RATE_NPV && !called && !silent) {
        add(!truth, hits, of);
    } else if (rate == HN_RATE_NPV && silent && truth) {
        add(false, hits, of); /* as fn has it */
    }
}

typedef struct totals {
    double hits, of, largest;
    int64_t groups;
} totals;

static totals add_up(const double *hits, const double *of, int64_t groups) {
    totals t = {0};
    for (int64_t g = 0; g < groups; g++) {
        t.hits += hits[g];
        t.of += of[g];
        t.groups += of[g] > 0;
        t.largest = fmax(t.largest, of[g]);
    }
    return t;
}

/* Variance between groups / binomial variance, at least 1, seen with half a group of mean size more: a quarter of one all hits, a quarter none. */
static double design_effect(const double *hits, const double *of, int64_t groups, const totals *t) {
    const double size = t->of / (double)t->groups, all = t->of + 0.5 * size, share = (t->hits + 0.25 * size) / all;
    const double count = (double)t->groups + 0.5, with = (1 - share) * size, without = share * size;
    double squares = 0.25 * (with * with + without * without);
    for (int64_t g = 0; g < groups; g++) {
        const double gap = hits[g] - share * of[g];
        squares += gap * gap;
    }
    const double between = count / (count - 1) * squares / (all * all);
    return fmax(1, between / (share * (1 - share) / all));
}

void hni_wilson_grouped(const double *hits, const double *of, int64_t groups, double level, hn_interval *out) {
    const totals t = add_up(hits, of, groups);
    if (t.of > 0 && t.largest <= 1) {
        hni_wilson((int64_t)t.hits, (int64_t)t.of, level, out);
        return;
    }
    *out = (hn_interval){.struct_size = sizeof *out, .method = HN_INTERVAL_WILSON_GROUPS, .level = level, .n = (int64_t)t.of, .groups = t.groups};
    out->estimate = t.of > 0 ? t.hits / t.of : NAN;
    out->low = out->high = out->standard_error = out->p = NAN;
    if (t.groups < 2) {
        return;
    }
    const double n = t.of / design_effect(hits, of, groups, &t), x = hni_t_critical(level, (double)t.groups - 1), p = out->estimate;
    const double whole = n + x * x, centre = (n * p + 0.5 * x * x) / whole, half = x / whole * sqrt(n * p * (1 - p) + 0.25 * x * x);
    out->low = t.hits > 0 ? fmax(0, centre - half) : 0;
    out->high = t.hits < t.of ? fmin(1, centre + half) : 1;
}

hn_status hni_eval_rate(const hn_eval *eval, int32_t rate, double threshold, double level, hn_interval *out, hn_error *err) {
    hni_groups groups;
    hn_status status = hni_groups_make(eval, &groups, err);
    if (status) {
        return status;
    }
    double *hits = hni_calloc(eval->ctx, (size_t)groups.count, 2 * sizeof *hits);
    if (hits) {
        for (int64_t i = 0; i < eval->n; i++) {
            hni_rate_row(eval, i, rate, threshold, &hits[groups.of[i]], &hits[groups.count + groups.of[i]]);
        }
        hni_wilson_grouped(hits, hits + groups.count, groups.count, level, out);
    } else {
        status = hni_fail_memory(err, (size_t)groups.count * 2 * sizeof *hits, "the groups of a share");
    }
    hni_free(eval->ctx, hits);
    hni_groups_free(&groups);
    return status;
}
