/* evaluate.c - the exported functions of evaluate.h, but hn_evaluate, which runs networks and is written with them in predict.c, and those of
 * intervals and comparisons, which are in intervals.c.
 *
 * Checks what the caller brings, calls lib/eval, hands results out in the caller's struct size. No numerics here. */
#include "haemnet/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "../eval/eval.h" /* defines: hn_eval */
#include "../eval/scores.h"
#include "structs.h"      /* defines: HNI_CHECK, hni_take, hni_give */

static hn_status null_argument(hn_error *err, const char *function, const char *name) {
    return hni_fail(err, HN_E_ARGUMENT, "%s: %s is NULL", function, name);
}

/* The threshold to use in *used: the caller's, or the evaluation's for 0. */
static hn_status pick_threshold(const hn_eval *eval, double threshold, double *used, const char *function, hn_error *err) {
    if (!(threshold >= 0 && threshold < 1)) { /* also refuses NaN */
        return hni_fail(err, HN_E_ARGUMENT, "%s: threshold %g must be above 0 and below 1, or 0 for the evaluation's own", function,
                        threshold);
    }
    *used = threshold > 0 ? threshold : eval->threshold;
    return HN_OK;
}

static hn_status check_index(const hn_eval *eval, int32_t index, const char *function, hn_error *err) {
    if (index < 0 || index >= eval->n_classes) {
        return hni_fail(err, HN_E_NOT_FOUND, "%s: there is no class %d; classes are 0 to %d", function, (int)index,
                        (int)eval->n_classes - 1);
    }
    return HN_OK;
}

static hn_status check_ranges(const hn_eval_arrays *a, hn_error *err) {
    static const char *const f = "hn_eval_from_arrays";
    const int multi = a->task == HN_TASK_MULTI;
    if (a->task != HN_TASK_SINGLE && !multi) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: task %d is neither HN_TASK_SINGLE nor HN_TASK_MULTI", f, (int)a->task);
    }
    if (a->n < 1 || a->n_classes < 1 || (multi && a->n_classes > 64)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: n is %lld and n_classes %d; both must be at least 1, and labels at most 64", f,
                        (long long)a->n, (int)a->n_classes);
    }
    if (a->positive < 0 || a->positive > a->n_classes) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: positive is %d; it is a class's index + 1, or 0 for none, so at most %d", f,
                        (int)a->positive, (int)a->n_classes);
    }
    if (!(a->threshold >= 0 && a->threshold < 1)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: threshold %g must be above 0 and below 1, or 0 for 0.5", f, a->threshold);
    }
    if (!a->probabilities) {
        return null_argument(err, f, "probabilities");
    }
    if (multi ? !a->labels || a->classes : !a->classes || a->labels) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: a %s task takes %s, and NULL for the other", f, multi ? "multi-label" : "single-label",
                        multi ? "labels" : "classes");
    }
    for (int32_t k = 0; a->class_names && k < a->n_classes; k++) {
        if (!a->class_names[k]) {
            return hni_fail(err, HN_E_ARGUMENT, "%s: class_names[%d] is NULL", f, (int)k);
        }
    }
    return HN_OK;
}

static hn_status check_rows(const hn_eval_arrays *a, hn_error *err) {
    const size_t classes = (size_t)a->n_classes;
    for (int64_t i = 0; i < a->n; i++) {
        if (a->classes && (a->classes[i] < 0 || a->classes[i] >= a->n_classes)) {
            return hni_fail(err, HN_E_ARGUMENT, "hn_eval_from_arrays: row %lld has class %d; classes are 0 to %d", (long long)i,
                            (int)a->classes[i], (int)a->n_classes - 1);
        }
        if (a->labels && classes < 64 && a->labels[i] >> classes) {
            return hni_fail(err, HN_E_ARGUMENT, "hn_eval_from_arrays: row %lld has label bits 0x%llx beyond the %d labels", (long long)i,
                            (unsigned long long)a->labels[i], (int)a->n_classes);
        }
        for (size_t k = 0; k < classes; k++) {
            const double p = a->probabilities[(size_t)i * classes + k];
            if (!(p >= 0 && p <= 1)) {
                return hni_fail(err, HN_E_ARGUMENT, "hn_eval_from_arrays: row %lld has probability %g for class %zu; it must be 0 to 1",
                                (long long)i, p, k);
            }
            if (a->logits && !isfinite(a->logits[(size_t)i * classes + k])) {
                return hni_fail(err, HN_E_ARGUMENT, "hn_eval_from_arrays: row %lld has a logit for class %zu that is not finite", (long long)i, k);
            }
        }
    }
    return HN_OK;
}

static hn_status copy_names(hn_eval *eval, const hn_eval_arrays *a, hn_error *err) {
    for (int32_t k = 0; k < a->n_classes; k++) {
        char number[16];
        snprintf(number, sizeof number, "%d", (int)k);
        eval->class_names[k] = hni_strdup(eval->ctx, a->class_names ? a->class_names[k] : number);
        if (!eval->class_names[k]) {
            return hni_fail_memory(err, sizeof number, "the names of classes");
        }
    }
    return HN_OK;
}

/* NULL stands for "", and for a group that is not known. */
static hn_status copy_groups(hn_eval *eval, const hn_eval_arrays *a, hn_error *err) {
    eval->groups_unknown = a->groups == NULL;
    for (int64_t i = 0; a->groups && i < a->n; i++) {
        if (!a->groups[i] || !*a->groups[i]) {
            eval->groups_unknown = 1;
            continue;
        }
        eval->groups[i] = hni_strdup(eval->ctx, a->groups[i]);
        if (!eval->groups[i]) {
            return hni_fail_memory(err, strlen(a->groups[i]) + 1, "the groups of samples");
        }
    }
    return HN_OK;
}

static void copy_rows(hn_eval *eval, const hn_eval_arrays *a) {
    const size_t n = (size_t)a->n;
    memcpy(eval->probabilities, a->probabilities, n * (size_t)a->n_classes * sizeof *a->probabilities);
    for (size_t i = 0; i < n; i++) {
        const int32_t c = a->classes ? a->classes[i] : -1;
        eval->classes[i] = c;
        eval->labels[i] = a->labels ? a->labels[i] : c < 64 ? UINT64_C(1) << c : 0;
        eval->rows[i] = (int64_t)i;
    }
    memcpy(eval->digest, a->digest, sizeof eval->digest);
}

static hn_status copy_logits(hn_eval *eval, const hn_eval_arrays *a, hn_error *err) {
    const size_t cells = (size_t)a->n * (size_t)a->n_classes; /* the probabilities had room */
    if (!a->logits) {
        return HN_OK;
    }
    eval->logits = hni_calloc(eval->ctx, cells, sizeof *eval->logits);
    if (!eval->logits) {
        return hni_fail_memory(err, cells * sizeof *eval->logits, "the logits of samples");
    }
    memcpy(eval->logits, a->logits, cells * sizeof *eval->logits);
    return HN_OK;
}

hn_status hn_eval_from_arrays(hn_context *context, const hn_eval_arrays *arrays, hn_eval **out, hn_error *err) {
    static const char *const f = "hn_eval_from_arrays";
    if (!out) {
        return null_argument(err, f, "out");
    }
    *out = NULL;
    if (!context || !arrays) {
        return null_argument(err, f, context ? "arrays" : "context");
    }
    hn_status status = HNI_CHECK(arrays, hn_eval_arrays, err);
    if (status) {
        return status;
    }
    hn_eval_arrays a;
    hni_take(&a, sizeof a, arrays);
    a.task = a.task ? a.task : HN_TASK_SINGLE;
    hn_eval *eval = NULL;
    if ((status = check_ranges(&a, err)) != HN_OK || (status = check_rows(&a, err)) != HN_OK ||
        (status = hni_eval_new(context, a.task, a.n_classes, a.n, &eval, err)) != HN_OK) {
        return status;
    }
    if ((status = copy_names(eval, &a, err)) != HN_OK || (status = copy_groups(eval, &a, err)) != HN_OK ||
        (status = copy_logits(eval, &a, err)) != HN_OK) {
        hni_eval_unref(eval);
        return status;
    }
    copy_rows(eval, &a);
    eval->positive = a.positive - 1;
    eval->threshold = a.threshold > 0 ? a.threshold : 0.5;
    *out = eval;
    return HN_OK;
}

hn_status hn_eval_metrics(const hn_eval *eval, double threshold, hn_metrics *out, hn_error *err) {
    if (!eval || !out) {
        return null_argument(err, "hn_eval_metrics", eval ? "out" : "eval");
    }
    double used = 0;
    hn_metrics filled;
    hn_status status = HNI_CHECK(out, hn_metrics, err);
    if (status || (status = pick_threshold(eval, threshold, &used, "hn_eval_metrics", err)) != HN_OK ||
        (status = hni_eval_metrics(eval, used, &filled, err)) != HN_OK) {
        return status;
    }
    hni_give(out, &filled, sizeof filled);
    return HN_OK;
}

hn_status hn_eval_class(const hn_eval *eval, int32_t index, double threshold, hn_class_metrics *out, hn_error *err) {
    if (!eval || !out) {
        return null_argument(err, "hn_eval_class", eval ? "out" : "eval");
    }
    double used = 0;
    hn_class_metrics filled;
    hn_status status = HNI_CHECK(out, hn_class_metrics, err);
    if (status || (status = check_index(eval, index, "hn_eval_class", err)) != HN_OK ||
        (status = pick_threshold(eval, threshold, &used, "hn_eval_class", err)) != HN_OK ||
        (status = hni_eval_class(eval, index, used, &filled, err)) != HN_OK) {
        return status;
    }
    hni_give(out, &filled, sizeof filled);
    return HN_OK;
}

hn_status hn_eval_confusion(const hn_eval *eval, double threshold, int64_t *dst, size_t cap, size_t *need, hn_error *err) {
    if (!eval) {
        return null_argument(err, "hn_eval_confusion", "eval");
    }
    double used = 0;
    const hn_status status = pick_threshold(eval, threshold, &used, "hn_eval_confusion", err);
    if (status) {
        return status;
    }
    size_t cells;
    const size_t classes = (size_t)eval->n_classes;
    if (!hni_mul(classes, eval->task == HN_TASK_MULTI ? 4 : classes, &cells)) {
        return hni_fail_memory(err, SIZE_MAX, "a confusion matrix");
    }
    if (need) {
        *need = cells;
    }
    if (!dst) {
        return HN_OK;
    }
    if (cap < cells) {
        return hni_fail(err, HN_E_BUFFER, "hn_eval_confusion: the matrix has %zu numbers and the buffer room for %zu; bring room for *need",
                        cells, cap);
    }
    return hni_eval_confusion(eval, used, dst, err);
}

hn_status hn_eval_curve(const hn_eval *eval, int32_t kind, int32_t index, hn_curve_point *dst, size_t cap, size_t *need, hn_error *err) {
    if (!eval) {
        return null_argument(err, "hn_eval_curve", "eval");
    }
    if (kind != HN_CURVE_ROC && kind != HN_CURVE_PR) {
        return hni_fail(err, HN_E_ARGUMENT, "hn_eval_curve: kind %d is neither HN_CURVE_ROC nor HN_CURVE_PR", (int)kind);
    }
    const hn_status status = check_index(eval, index, "hn_eval_curve", err);
    return status ? status : hni_eval_curve(eval, kind, index, dst, cap, need, err);
}

int64_t hn_eval_count(const hn_eval *eval) { return eval ? eval->n : 0; }

hn_status hn_eval_row(const hn_eval *eval, int64_t index, hn_eval_sample *out, hn_error *err) {
    if (!eval || !out) {
        return null_argument(err, "hn_eval_row", eval ? "out" : "eval");
    }
    const hn_status status = HNI_CHECK(out, hn_eval_sample, err);
    if (status) {
        return status;
    }
    if (index < 0 || index >= eval->n) {
        return hni_fail(err, HN_E_NOT_FOUND, "hn_eval_row: there is no row %lld; the evaluation has %lld", (long long)index,
                        (long long)eval->n);
    }
    const double *p = eval->probabilities + (size_t)index * (size_t)eval->n_classes;
    hn_eval_sample filled = {.struct_size = sizeof filled, .labels = eval->labels[index], .probabilities = p};
    filled.label = eval->task == HN_TASK_MULTI ? -1 : eval->classes[index];
    filled.flags = (int32_t)eval->flags[index];
    filled.novelty = eval->novelty ? eval->novelty[index] : NAN;
    if (filled.novelty > 1) filled.flags |= HN_PREDICTION_UNFAMILIAR;
    filled.predicted = eval->flags[index] ? -1 : hni_decide(p, eval->n_classes, eval->task, eval->positive, eval->threshold);
    filled.row = eval->rows[index];
    filled.path = eval->paths[index] ? eval->paths[index] : "";
    filled.group = eval->groups[index] ? eval->groups[index] : "";
    hni_give(out, &filled, sizeof filled);
    return HN_OK;
}

const char *hn_eval_class_name(const hn_eval *eval, int32_t index) {
    return eval && index >= 0 && index < eval->n_classes ? eval->class_names[index] : NULL;
}

void hn_eval_free(hn_eval *eval) { hni_eval_unref(eval); }

hn_status hn_eval_log_loss(const hn_eval *eval, const double *weights, int32_t n, double *out, hn_error *err) {
    double sum = weights ? 0 : 1;
    if (!eval || !out) return null_argument(err, "hn_eval_log_loss", eval ? "out" : "eval");
    if (n != (weights ? eval->n_classes : 0))
        return hni_fail(err, HN_E_ARGUMENT, "hn_eval_log_loss: %d weights for %d classes", n, eval->n_classes);
    for (int32_t k = 0; k < n; k++) {
        if (!(weights[k] >= 0 && isfinite(weights[k])))
            return hni_fail(err, HN_E_ARGUMENT, "hn_eval_log_loss: the weight of class %d is %g: must be 0 or more", k, weights[k]);
        sum += weights[k];
    }
    if (sum <= 0) return hni_fail(err, HN_E_ARGUMENT, "hn_eval_log_loss: all %d weights are 0", n);
    *out = hni_eval_log_loss(eval, weights);
    return HN_OK;
}
