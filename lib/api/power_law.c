/* power_law.c - hn_eval_power_law of evaluate.h: checks what the caller brings, calls lib/eval, hands out. No numerics here. */
#include <math.h>

#include "../base/status.h"
#include "../eval/power_law.h"
#include "structs.h" /* defines: HNI_CHECK, hni_take, hni_give */

static const char *const f = "hn_eval_power_law";

static hn_status check_points(const hn_learning_points *p, hn_error *err) {
    if (p->n < 2 || p->n > 10000 || p->flags || !p->sizes || !p->accuracies) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: %lld points; bring sizes and accuracies of 2 to 10000, and flags 0", f, (long long)p->n);
    }
    for (int64_t i = 0; i < p->n; i++) {
        const double weight = p->weights ? p->weights[i] : 1;
        if (!(p->sizes[i] >= 1 && p->sizes[i] < 1e15) || !(p->accuracies[i] >= 0 && p->accuracies[i] <= 1) || !(weight > 0 && weight < 1e15)) {
            return hni_fail(err, HN_E_ARGUMENT, "%s: point %lld has size %g, accuracy %g, weight %g; sizes are at least 1, accuracies 0 to 1, "
                            "weights above 0", f, (long long)i, p->sizes[i], p->accuracies[i], weight);
        }
    }
    return HN_OK;
}

static hn_status take_options(const hn_power_law_options *options, hn_power_law_options *o, hn_error *err) {
    hn_status status = options ? HNI_CHECK(options, hn_power_law_options, err) : HN_OK;
    if (status) {
        return status;
    }
    hni_take(o, sizeof *o, options);
    if (!(o->target >= 0 && o->target < 1) || !(o->level >= 0 && o->level < 1)) { /* also NaN */
        return hni_fail(err, HN_E_ARGUMENT, "%s: target %g, level %g; each must be above 0 and below 1, or 0 for 0.95", f, o->target, o->level);
    }
    o->target = o->target > 0 ? o->target : 0.95;
    o->level = o->level > 0 ? o->level : 0.95;
    o->resamples = o->resamples ? o->resamples : 2000;
    if (o->resamples < 100 || o->resamples > 100000) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: resamples %d must be 100 to 100000, or 0 for 2000", f, (int)o->resamples);
    }
    return HN_OK;
}

hn_status hn_eval_power_law(hn_context *context, const hn_learning_points *points, const hn_power_law_options *options, hn_power_law *out,
                            double *fits, size_t cap, hn_error *err) {
    hn_learning_points p;
    hn_power_law_options o;
    hn_power_law filled;
    if (!context || !points || !out) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: %s is NULL", f, !context ? "context" : !points ? "points" : "out");
    }
    hn_status status = HNI_CHECK(points, hn_learning_points, err);
    if (status || (status = HNI_CHECK(out, hn_power_law, err)) != HN_OK || (status = take_options(options, &o, err)) != HN_OK) {
        return status;
    }
    hni_take(&p, sizeof p, points);
    if ((status = check_points(&p, err)) != HN_OK) {
        return status;
    }
    if (fits && cap < 2 * (size_t)o.resamples) {
        return hni_fail(err, HN_E_BUFFER, "%s: %d fits have two numbers each and the buffer room for %zu", f, (int)o.resamples, cap);
    }
    status = hni_power_law(context, &p, &o, &filled, fits, err);
    if (!status) {
        hni_give(out, &filled, sizeof filled);
    }
    return status;
}
