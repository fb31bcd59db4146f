/* intervals.c - the exported functions of evaluate.h that go from slices to patients and say how sure a figure is: they check, call lib/eval,
 * hand out. No numerics here. */
#include <math.h>

#include "../base/status.h"
#include "../eval/band.h"
#include "../eval/bootstrap.h"
#include "../eval/delong.h"
#include "../eval/eval.h" /* defines: hn_eval */
#include "../eval/intervals.h"
#include "../eval/patients.h"
#include "../eval/rates.h"
#include "checks.h"
#include "haemnet/evaluate.h"
#include "structs.h" /* defines: HNI_CHECK, hni_take, hni_give */

static const double USUAL_LEVEL = 0.95;

static hn_status null_argument(hn_error *err, const char *function, const char *name) {
    return hni_fail(err, HN_E_ARGUMENT, "%s: %s is NULL", function, name);
}

static hn_status pick_level(double level, double *used, const char *function, hn_error *err) {
    if (!(level >= 0 && level < 1)) { /* also refuses NaN */
        return hni_fail(err, HN_E_ARGUMENT, "%s: level %g must be above 0 and below 1, or 0 for 0.95", function, level);
    }
    *used = level > 0 ? level : USUAL_LEVEL;
    return HN_OK;
}

static hn_status check_class(const hn_eval *eval, int32_t index, const char *function, hn_error *err) {
    if (index >= 0 && index < eval->n_classes) {
        return HN_OK;
    }
    return hni_fail(err, HN_E_NOT_FOUND, "%s: there is no class %d; classes are 0 to %d", function, (int)index, (int)eval->n_classes - 1);
}

hn_status hn_eval_by_group(const hn_eval *eval, int32_t rule, int32_t top, hn_eval **out, hn_error *err) {
    static const char *const f = "hn_eval_by_group";
    if (!out) {
        return null_argument(err, f, "out");
    }
    *out = NULL;
    if (!eval) {
        return null_argument(err, f, "eval");
    }
    if (!hni_rule_name(rule)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: rule %d is none of HN_RULE_…", f, (int)rule);
    }
    if (rule == HN_RULE_TOP_MEAN ? top < 1 : top != 0) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: top is %d; it is how many rows HN_RULE_TOP_MEAN takes, at least 1, and 0 for other rules", f,
                        (int)top);
    }
    if (eval->task != HN_TASK_MULTI && eval->positive < 0) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: no class is positive, and only that one can be asked of a patient; name one", f);
    }
    return hni_eval_by_group(eval, rule, top, out, err);
}

const char *hn_eval_rule_name(int32_t rule) { return hni_rule_name(rule); }

hn_status hn_eval_proportion(int64_t hits, int64_t n, double level, hn_interval *out, hn_error *err) {
    static const char *const f = "hn_eval_proportion";
    if (!out) {
        return null_argument(err, f, "out");
    }
    double used = 0;
    hn_interval filled;
    hn_status status = HNI_CHECK(out, hn_interval, err);
    if (status || (status = pick_level(level, &used, f, err)) != HN_OK) {
        return status;
    }
    if (n < 1 || hits < 0 || hits > n) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: %lld hits of %lld; n must be at least 1 and hits from 0 to n", f, (long long)hits, (long long)n);
    }
    hni_wilson(hits, n, used, &filled);
    hni_give(out, &filled, sizeof filled);
    return HN_OK;
}

hn_status hn_eval_rate(const hn_eval *eval, int32_t rate, double threshold, double level, hn_interval *out, hn_error *err) {
    static const char *const f = "hn_eval_rate";
    if (!eval || !out) {
        return null_argument(err, f, eval ? "out" : "eval");
    }
    double used = 0;
    hn_interval filled;
    hn_status status = HNI_CHECK(out, hn_interval, err);
    if (status || (status = pick_level(level, &used, f, err)) != HN_OK) {
        return status;
    }
    if (rate < HN_RATE_ACCURACY || rate > HN_RATE_NPV || (rate != HN_RATE_ACCURACY && eval->positive < 0)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: rate %d is none of HN_RATE_…, or speaks of the positive class and none is named", f, (int)rate);
    }
    if (!(threshold >= 0 && threshold < 1)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: threshold %g must be above 0 and below 1, or 0 for the evaluation's own", f, threshold);
    }
    status = hni_eval_rate(eval, rate, threshold > 0 ? threshold : eval->threshold, used, &filled, err);
    if (!status) {
        hni_give(out, &filled, sizeof filled);
    }
    return status;
}

hn_status hn_eval_mean(const double *values, int64_t n, double test_to_train, double level, hn_mean *out, hn_error *err) {
    static const char *const f = "hn_eval_mean";
    if (!values || !out) {
        return null_argument(err, f, values ? "out" : "values");
    }
    double used = 0;
    hn_mean filled;
    hn_status status = HNI_CHECK(out, hn_mean, err);
    if (status || (status = pick_level(level, &used, f, err)) != HN_OK) {
        return status;
    }
    if (n < 1 || !(test_to_train > 0 && isfinite(test_to_train))) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: n is %lld and test_to_train %g; n must be at least 1, and the rows tested / the rows trained on "
                        "above 0: 1 / (k - 1) for k folds", f, (long long)n, test_to_train);
    }
    for (int64_t i = 0; i < n; i++) {
        if (isinf(values[i])) {
            return hni_fail(err, HN_E_ARGUMENT, "%s: value %lld is infinite; give finite ones, or NaN for a fold that has none", f, (long long)i);
        }
    }
    hni_mean(values, n, test_to_train, used, &filled);
    hni_give(out, &filled, sizeof filled);
    return HN_OK;
}

/* b NULL = the AUC of a alone. */
static hn_status auc_interval(const hn_eval *a, const hn_eval *b, int32_t index, double level, hn_interval *out, const char *f, hn_error *err) {
    double used = 0;
    hn_interval filled;
    hn_status status = HNI_CHECK(out, hn_interval, err);
    if (status || (status = check_class(a, index, f, err)) != HN_OK || (status = pick_level(level, &used, f, err)) != HN_OK ||
        (b && (status = hni_eval_same_rows(a, b, f, err)) != HN_OK) || (status = hni_eval_auc(a, b, index, used, &filled, err)) != HN_OK) {
        return status;
    }
    hni_give(out, &filled, sizeof filled);
    return HN_OK;
}

hn_status hn_eval_auc(const hn_eval *eval, int32_t index, double level, hn_interval *out, hn_error *err) {
    if (!eval || !out) {
        return null_argument(err, "hn_eval_auc", eval ? "out" : "eval");
    }
    return auc_interval(eval, NULL, index, level, out, "hn_eval_auc", err);
}

hn_status hn_eval_auc_difference(const hn_eval *a, const hn_eval *b, int32_t index, double level, hn_interval *out, hn_error *err) {
    if (!a || !b || !out) {
        return null_argument(err, "hn_eval_auc_difference", !a ? "a" : !b ? "b" : "out");
    }
    return auc_interval(a, b, index, level, out, "hn_eval_auc_difference", err);
}

hn_status hn_eval_mcnemar(const hn_eval *a, const hn_eval *b, hn_mcnemar *out, hn_error *err) {
    static const char *const f = "hn_eval_mcnemar";
    if (!a || !b || !out) {
        return null_argument(err, f, !a ? "a" : !b ? "b" : "out");
    }
    hn_mcnemar filled;
    hn_status status = HNI_CHECK(out, hn_mcnemar, err);
    if (status || (status = hni_eval_same_rows(a, b, f, err)) != HN_OK) {
        return status;
    }
    hni_mcnemar(a, b, &filled);
    hni_give(out, &filled, sizeof filled);
    return HN_OK;
}

hn_status hni_take_bootstrap(const hn_bootstrap_options *options, hn_bootstrap_options *o, const char *f, hn_error *err) {
    hn_status status = options ? HNI_CHECK(options, hn_bootstrap_options, err) : HN_OK;
    if (status) {
        return status;
    }
    hni_take(o, sizeof *o, options);
    o->method = o->method ? o->method : HN_BOOTSTRAP_BCA;
    o->resamples = o->resamples ? o->resamples : 2000;
    if (o->method != HN_BOOTSTRAP_BCA && o->method != HN_BOOTSTRAP_PERCENTILE) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: method %d is neither HN_BOOTSTRAP_BCA nor HN_BOOTSTRAP_PERCENTILE", f, (int)o->method);
    }
    if (o->resamples < 100 || o->resamples > 100000 || o->flags) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: resamples %d must be 100 to 100000, or 0 for 2000, and flags 0", f, (int)o->resamples);
    }
    return pick_level(o->level, &o->level, f, err);
}

/* b NULL = of a alone, at the threshold. */
static hn_status bootstrap(const hn_eval *a, double threshold, const hn_eval *b, const hn_bootstrap_options *options, hn_metrics *low,
                           hn_metrics *high, const char *f, hn_error *err) {
    hn_bootstrap_options o;
    hn_metrics lower, upper;
    hn_status status = HNI_CHECK(low, hn_metrics, err);
    if (status || (status = HNI_CHECK(high, hn_metrics, err)) != HN_OK || (status = hni_take_bootstrap(options, &o, f, err)) != HN_OK ||
        (b && (status = hni_eval_same_rows(a, b, f, err)) != HN_OK)) {
        return status;
    }
    if (!(threshold >= 0 && threshold < 1)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: threshold %g must be above 0 and below 1, or 0 for the evaluation's own", f, threshold);
    }
    status = hni_eval_bootstrap(a, threshold > 0 ? threshold : a->threshold, b, &o, &lower, &upper, err);
    if (!status) {
        hni_give(low, &lower, sizeof lower);
        hni_give(high, &upper, sizeof upper);
    }
    return status;
}

hn_status hn_eval_bootstrap(const hn_eval *eval, double threshold, const hn_bootstrap_options *options, hn_metrics *low, hn_metrics *high,
                            hn_error *err) {
    if (!eval || !low || !high) {
        return null_argument(err, "hn_eval_bootstrap", !eval ? "eval" : !low ? "low" : "high");
    }
    return bootstrap(eval, threshold, NULL, options, low, high, "hn_eval_bootstrap", err);
}

hn_status hn_eval_bootstrap_difference(const hn_eval *a, const hn_eval *b, const hn_bootstrap_options *options, hn_metrics *low,
                                       hn_metrics *high, hn_error *err) {
    static const char *const f = "hn_eval_bootstrap_difference";
    if (!a || !b || !low || !high) {
        return null_argument(err, f, !a ? "a" : !b ? "b" : !low ? "low" : "high");
    }
    return bootstrap(a, 0, b, options, low, high, f, err);
}

static hn_status check_places(const double *x, int32_t n, const char *f, hn_error *err) {
    if (n < 1 || n > HNI_BAND_PLACES) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: n %d must be 1 to %d", f, (int)n, HNI_BAND_PLACES);
    }
    for (int32_t i = 0; i < n; i++) {
        if (!(x[i] >= 0 && x[i] <= 1) || (i && !(x[i] > x[i - 1]))) {
            return hni_fail(err, HN_E_ARGUMENT, "%s: x[%d] is %g; places must lie within 0 and 1 and rise", f, (int)i, x[i]);
        }
    }
    return HN_OK;
}

hn_status hn_eval_curve_band(const hn_eval *eval, int32_t kind, int32_t index, const hn_bootstrap_options *options, const double *x, int32_t n,
                             double *y, double *low, double *high, hn_error *err) {
    static const char *const f = "hn_eval_curve_band";
    if (!eval || !x || !low || !high) {
        return null_argument(err, f, !eval ? "eval" : !x ? "x" : !low ? "low" : "high");
    }
    hn_bootstrap_options o;
    hn_status status = hni_take_bootstrap(options, &o, f, err);
    if (status || (status = check_class(eval, index, f, err)) != HN_OK || (status = check_places(x, n, f, err)) != HN_OK) {
        return status;
    }
    if (kind != HN_CURVE_ROC && kind != HN_CURVE_PR) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: kind %d is neither HN_CURVE_ROC nor HN_CURVE_PR", f, (int)kind);
    }
    return hni_eval_band(eval, kind, index, &o, x, n, y, low, high, err);
}
