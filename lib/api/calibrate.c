/* calibrate.c - the exported functions of calibrate.h: they check, call lib/eval and lib/model, hand out. No numerics here. */
#include "haemnet/calibrate.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "../eval/calibration.h"
#include "../eval/eval.h" /* defines: hn_eval */
#include "../eval/reliability.h"
#include "../eval/threshold.h"
#include "../model/model.h" /* defines: hn_model */
#include "checks.h"
#include "structs.h" /* defines: HNI_CHECK, hni_take, hni_give */

static hn_status null_argument(hn_error *err, const char *function, const char *name) {
    return hni_fail(err, HN_E_ARGUMENT, "%s: %s is NULL", function, name);
}

/* index: a class or label + 1, or 0 for the positive one → a class. */
static hn_status pick_class(const hn_eval *eval, int32_t index, int32_t *used, const char *f, hn_error *err) {
    *used = index ? index - 1 : eval->positive;
    if (index < 0 || index > eval->n_classes) {
        return hni_fail(err, HN_E_NOT_FOUND, "%s: index is %d; it is a class's number + 1, so at most %d, or 0 for the positive class", f, (int)index,
                        (int)eval->n_classes);
    }
    return *used >= 0 ? HN_OK : hni_fail(err, HN_E_ARGUMENT, "%s: index is 0 and no class is positive: name one", f);
}

hn_status hn_eval_threshold(const hn_eval *eval, int32_t index, int32_t rule, double value, hn_threshold *out, hn_error *err) {
    static const char *const f = "hn_eval_threshold";
    if (!eval || !out) {
        return null_argument(err, f, eval ? "out" : "eval");
    }
    const bool target = rule == HN_CHOOSE_SENSITIVITY || rule == HN_CHOOSE_SPECIFICITY;
    int32_t used = 0;
    hn_threshold filled;
    hn_status status = HNI_CHECK(out, hn_threshold, err);
    if (status || (status = pick_class(eval, index, &used, f, err)) != HN_OK) {
        return status;
    }
    if (!hni_threshold_rule_name(rule)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: rule %d is none of HN_CHOOSE_…", f, (int)rule);
    }
    if (rule == HN_CHOOSE_YOUDEN ? !(value >= 0 && value <= 0) : !(value > 0 && value <= (target ? 1 : 1e9))) { /* also refuses NaN */
        return hni_fail(err, HN_E_ARGUMENT, "%s: value %g does not fit the rule %s: targets are above 0 and at most 1, costs above 0, else 0", f, value,
                        hni_threshold_rule_name(rule));
    }
    if (eval->task == HN_TASK_SINGLE && eval->n_classes != 2) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: of %d classes the most probable is called, whatever the threshold; two classes or labels have one", f,
                        (int)eval->n_classes);
    }
    status = hni_eval_threshold(eval, used, rule, value, &filled, err);
    if (!status) {
        hni_give(out, &filled, sizeof filled);
    }
    return status;
}

const char *hn_threshold_rule_name(int32_t rule) { return hni_threshold_rule_name(rule); }

static hn_status check_values(int32_t rule, const double *values, int32_t n, const char *f, hn_error *err) {
    if (rule != HN_CHOOSE_SENSITIVITY && rule != HN_CHOOSE_SPECIFICITY) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: rule %d is neither HN_CHOOSE_SENSITIVITY nor HN_CHOOSE_SPECIFICITY", f, (int)rule);
    }
    if (n < 1 || n > 64) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: %d values; must be 1 to 64", f, (int)n);
    }
    for (int32_t i = 0; i < n; i++) {
        if (!(values[i] > 0 && values[i] <= 1)) {
            return hni_fail(err, HN_E_ARGUMENT, "%s: value %d is %g; must be above 0 and at most 1", f, (int)i, values[i]);
        }
    }
    return HN_OK;
}

hn_status hn_eval_operating_points(const hn_eval *eval, int32_t index, int32_t rule, const double *values, int32_t n,
                                   const hn_bootstrap_options *options, hn_operating_point *points, hn_error *err) {
    static const char *const f = "hn_eval_operating_points";
    if (!eval || !values || !points) {
        return null_argument(err, f, !eval ? "eval" : !values ? "values" : "points");
    }
    int32_t used = 0;
    hn_bootstrap_options o;
    hn_status status = pick_class(eval, index, &used, f, err);
    if (status || (status = check_values(rule, values, n, f, err)) != HN_OK || (status = hni_take_bootstrap(options, &o, f, err)) != HN_OK) {
        return status;
    }
    return hni_eval_operating_points(eval, used, rule, values, n, &o, points, err);
}

static hn_status take_reliability(const hn_eval *eval, const hn_reliability_options *options, hn_reliability_options *o, const char *f,
                                  hn_error *err) {
    hn_status status = options ? HNI_CHECK(options, hn_reliability_options, err) : HN_OK;
    if (status) {
        return status;
    }
    hni_take(o, sizeof *o, options);
    o->binning = o->binning ? o->binning : HN_BINS_EQUAL_WIDTH;
    o->bins = o->bins ? o->bins : 10;
    if (o->binning != HN_BINS_EQUAL_WIDTH && o->binning != HN_BINS_EQUAL_COUNT) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: binning %d is neither HN_BINS_EQUAL_WIDTH nor HN_BINS_EQUAL_COUNT", f, (int)o->binning);
    }
    if (o->bins < 1 || o->bins > HNI_BINS || !(o->level >= 0 && o->level < 1)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: %d bins, level %g; bins must be 1 to %d, or 0 for 10, and the level above 0 and below 1, or 0 for 0.95",
                        f, (int)o->bins, o->level, (int)HNI_BINS);
    }
    o->level = o->level > 0 ? o->level : 0.95;
    if (o->index == HN_CALLED_CLASS && eval->task != HN_TASK_SINGLE) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: of several labels no one is called; give index, the number of a label + 1", f);
    }
    return o->index == HN_CALLED_CLASS ? HN_OK : pick_class(eval, o->index, &o->index, f, err);
}

hn_status hn_eval_reliability(const hn_eval *eval, const hn_reliability_options *options, hn_reliability *out, hn_reliability_bin *bins, size_t cap,
                              size_t *need, hn_error *err) {
    static const char *const f = "hn_eval_reliability";
    if (!eval || !out) {
        return null_argument(err, f, eval ? "out" : "eval");
    }
    hn_reliability_options o;
    hn_reliability filled;
    hn_reliability_bin found[HNI_BINS];
    hn_status status = HNI_CHECK(out, hn_reliability, err);
    if (status || (status = take_reliability(eval, options, &o, f, err)) != HN_OK ||
        (status = hni_eval_reliability(eval, &o, &filled, found, err)) != HN_OK) {
        return status;
    }
    if (need) {
        *need = (size_t)filled.bins;
    }
    if (bins && cap < (size_t)filled.bins) {
        return hni_fail(err, HN_E_BUFFER, "%s: there are %d bins and the buffer has room for %zu; bring room for *need", f, (int)filled.bins, cap);
    }
    if (bins) {
        memcpy(bins, found, (size_t)filled.bins * sizeof *bins);
    }
    hni_give(out, &filled, sizeof filled);
    return HN_OK;
}

/* The caller's struct, with room for n classes where it brings arrays. */
static hn_status take_calibration(const hn_calibration *callers, int32_t n, hn_calibration *c, const char *f, hn_error *err) {
    const hn_status status = HNI_CHECK(callers, hn_calibration, err);
    if (status) {
        return status;
    }
    hni_take(c, sizeof *c, callers);
    if ((c->scale || c->shift) && c->capacity < n) {
        return hni_fail(err, HN_E_BUFFER, "%s: hn_calibration.capacity is %d and there are %d classes: bring so many doubles, or NULL arrays", f,
                        (int)c->capacity, (int)n);
    }
    return HN_OK;
}

/* What was found, to the caller: its own arrays filled. */
static void give_calibration(hn_calibration *callers, const hn_calibration *found) {
    hn_calibration today;
    hni_take(&today, sizeof today, callers);
    hn_calibration filled = *found;
    filled.scale = today.scale;
    filled.shift = today.shift;
    filled.capacity = today.capacity;
    for (int32_t k = 0; k < found->n_classes; k++) {
        if (filled.scale) {
            filled.scale[k] = found->scale ? found->scale[k] : 1;
        }
        if (filled.shift) {
            filled.shift[k] = found->shift ? found->shift[k] : 0;
        }
    }
    hni_give(callers, &filled, sizeof filled);
}

static hn_status check_logits(const hn_eval *eval, const char *f, hn_error *err) {
    if (!eval->logits) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: the evaluation has no logits: bring them in hn_eval_arrays, or take one of rows, not of patients", f);
    }
    return eval->averaged ? hni_fail(err, HN_E_ARGUMENT, "%s: logits and probabilities are means over views: evaluate without test-time averaging", f)
                          : HN_OK;
}

hn_status hn_eval_calibrate(const hn_eval *eval, int32_t method, hn_calibration *out, hn_error *err) {
    static const char *const f = "hn_eval_calibrate";
    if (!eval || !out) {
        return null_argument(err, f, eval ? "out" : "eval");
    }
    hn_calibration callers, found = {.struct_size = sizeof found};
    hn_status status = take_calibration(out, eval->n_classes, &callers, f, err);
    if (status || (status = check_logits(eval, f, err)) != HN_OK) {
        return status;
    }
    const bool multi = eval->task == HN_TASK_MULTI;
    if (!hni_calibration_name(method)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: method %d is none of HN_CALIBRATION_…", f, (int)method);
    }
    if (method == HN_CALIBRATION_PLATT && !multi && (eval->n_classes != 2 || eval->positive < 0)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: Platt's method is for labels, or two classes of which one is positive: name it, or take temperature", f);
    }
    found.scale = hni_calloc(eval->ctx, (size_t)eval->n_classes, 2 * sizeof *found.scale);
    if (!found.scale) {
        return hni_fail_memory(err, (size_t)eval->n_classes * 2 * sizeof *found.scale, "a calibration");
    }
    found.shift = found.scale + eval->n_classes;
    status = hni_eval_calibrate(eval, method, &found, err);
    if (!status) {
        give_calibration(out, &found);
    }
    hni_free(eval->ctx, found.scale);
    return status;
}

hn_status hn_eval_calibrated(const hn_eval *eval, const hn_calibration *calibration, hn_eval **out, hn_error *err) {
    static const char *const f = "hn_eval_calibrated";
    if (!out) {
        return null_argument(err, f, "out");
    }
    *out = NULL;
    if (!eval || !calibration) {
        return null_argument(err, f, eval ? "calibration" : "eval");
    }
    hn_calibration c;
    hn_status status = take_calibration(calibration, eval->n_classes, &c, f, err);
    if (status || (status = check_logits(eval, f, err)) != HN_OK ||
        (status = hni_calibration_check(&c, eval->task, eval->n_classes, f, err)) != HN_OK) {
        return status;
    }
    return hni_eval_calibrated(eval, &c, out, err);
}

hn_status hn_model_with_calibration(const hn_model *model, const hn_calibration *calibration, hn_model **out, hn_error *err) {
    static const char *const f = "hn_model_with_calibration";
    if (!out) {
        return null_argument(err, f, "out");
    }
    *out = NULL;
    if (!model) {
        return null_argument(err, f, "model");
    }
    hn_calibration c;
    if (!calibration) {
        return hni_model_with_calibration(model, NULL, out, err);
    }
    const hn_status status = take_calibration(calibration, model->n_classes, &c, f, err);
    return status ? status : hni_model_with_calibration(model, &c, out, err);
}

hn_status hn_model_with_threshold(const hn_model *model, const hn_threshold *threshold, hn_model **out, hn_error *err) {
    static const char *const f = "hn_model_with_threshold";
    if (!out) {
        return null_argument(err, f, "out");
    }
    *out = NULL;
    if (!model || !threshold) {
        return null_argument(err, f, model ? "threshold" : "model");
    }
    hn_threshold t;
    const hn_status status = HNI_CHECK(threshold, hn_threshold, err);
    if (status) {
        return status;
    }
    hni_take(&t, sizeof t, threshold);
    return hni_model_with_threshold(model, &t, out, err);
}

hn_status hn_model_get_calibration(const hn_model *model, hn_calibration *out, hn_error *err) {
    static const char *const f = "hn_model_get_calibration";
    if (!model || !out) {
        return null_argument(err, f, model ? "out" : "model");
    }
    hn_calibration callers, found = model->calibration;
    const hn_status status = take_calibration(out, model->n_classes, &callers, f, err);
    if (status) {
        return status;
    }
    found.n_classes = model->n_classes;
    if (!found.method) {
        found.log_loss_before = found.log_loss_after = NAN;
    }
    give_calibration(out, &found);
    return HN_OK;
}

hn_status hn_model_get_threshold(const hn_model *model, hn_threshold *out, hn_error *err) {
    static const char *const f = "hn_model_get_threshold";
    if (!model || !out) {
        return null_argument(err, f, model ? "out" : "model");
    }
    const hn_status status = HNI_CHECK(out, hn_threshold, err);
    if (status) {
        return status;
    }
    hn_threshold found = model->choice;
    found.threshold = model->threshold;
    if (!found.rule) {
        found.index = model->positive > 0 ? model->positive : 0;
        found.sensitivity = found.specificity = NAN;
    }
    hni_give(out, &found, sizeof found);
    return HN_OK;
}

const char *hn_calibration_method_name(int32_t method) { return hni_calibration_name(method); }
