/* calibration.c - calibrations of evaluations: which rows and logits are fitted, what is said when they do not allow it, and evaluations as a
 * calibrated model would have given them. The numerics are fit.c's. */
#include "calibration.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/numeric.h" /* defines: hni_exp */
#include "../base/status.h"
#include "counts.h" /* defines: hni_eval_silent, hni_eval_truth */
#include "groups.h"
#include "part.h"
#include "sum.h"

static const double LIMIT = 1e6; /* of scale and shift */

const char *hni_calibration_name(int32_t method) {
    return method == HN_CALIBRATION_TEMPERATURE ? "temperature" : method == HN_CALIBRATION_PLATT ? "platt" : NULL;
}

static double sigmoid(double x) {
    const double small = hni_exp(-fabs(x));
    return (x > 0 ? 1 : small) / (1 + small);
}

void hni_calibrated(int32_t task, int32_t n, const double *scale, const double *shift, const double *logits, double *p) {
    double top = -INFINITY, sum = 0;
    for (int32_t k = 0; k < n; k++) {
        p[k] = scale[k] * logits[k] + shift[k];
        top = p[k] > top ? p[k] : top;
    }
    for (int32_t k = 0; k < n; k++) {
        p[k] = task == HN_TASK_MULTI ? sigmoid(p[k]) : hni_exp(p[k] - top);
        sum += p[k];
    }
    for (int32_t k = 0; k < n && task != HN_TASK_MULTI; k++) {
        p[k] /= sum;
    }
}

hn_status hni_calibration_check(const hn_calibration *c, int32_t task, int32_t n_classes, const char *where, hn_error *err) {
    if (!hni_calibration_name(c->method) || !c->scale || !c->shift || c->n_classes != n_classes) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: method %d with %d classes for a model of %d: give a method, scale and shift of each class", where,
                        (int)c->method, (int)c->n_classes, (int)n_classes);
    }
    if (c->method == HN_CALIBRATION_PLATT && task != HN_TASK_MULTI && n_classes != 2) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: Platt's method is for two classes or for labels, and there are %d classes: take temperature", where,
                        (int)n_classes);
    }
    for (int32_t k = 0; k < n_classes; k++) {
        if (!(c->scale[k] > 0 && c->scale[k] <= LIMIT) || !(fabs(c->shift[k]) <= LIMIT)) { /* also NaN */
            return hni_fail(err, HN_E_ARGUMENT, "%s: scale %g and shift %g of class %d: the scale must be above 0, and both at most %g", where,
                            c->scale[k], c->shift[k], (int)k, LIMIT);
        }
        const bool other = task != HN_TASK_MULTI && fabs(c->scale[k] - c->scale[0]) > 0;
        if (other || (c->method == HN_CALIBRATION_TEMPERATURE && fabs(c->shift[k]) > 0)) {
            return hni_fail(err, HN_E_ARGUMENT, "%s: class %d has scale %g and shift %g: classes share one scale, and a temperature shifts nothing",
                            where, (int)k, c->scale[k], c->shift[k]);
        }
    }
    return c->n >= 0 && c->groups >= 0 ? HN_OK : hni_fail(err, HN_E_ARGUMENT, "%s: fitted on %lld rows", where, (long long)c->n);
}

typedef struct problem {
    hni_fit fit;
    double *z;      /* [n, k] */
    int32_t *truth; /* [n] */
} problem;

static hn_status take_problem(const hn_eval *eval, problem *p, hn_error *err) {
    const size_t n = (size_t)eval->n, k = eval->task == HN_TASK_MULTI ? 2 : (size_t)eval->n_classes;
    p->z = hni_calloc(eval->ctx, n, k * sizeof *p->z);
    p->truth = hni_calloc(eval->ctx, n, sizeof *p->truth);
    return p->z && p->truth ? HN_OK : hni_fail_memory(err, n * (k + 1) * sizeof *p->z, "the logits to calibrate");
}

/* The question of label `label`, or of all classes: with two classes and a positive one, logit 1 is the positive class's. */
static void pose(const hn_eval *eval, int32_t label, problem *p) {
    const bool multi = eval->task == HN_TASK_MULTI, swap = !multi && eval->n_classes == 2 && eval->positive == 0;
    const int32_t k = multi ? 2 : eval->n_classes;
    int64_t n = 0;
    for (int64_t i = 0; i < eval->n; i++) {
        const double *logits = eval->logits + (size_t)i * (size_t)eval->n_classes;
        double *z = p->z + (size_t)n * (size_t)k;
        if (hni_eval_silent(eval, i)) {
            continue;
        }
        for (int32_t c = 0; c < k; c++) {
            z[c] = multi ? (c ? logits[label] : 0) : logits[swap ? 1 - c : c];
        }
        p->truth[n++] = multi ? hni_eval_truth(eval, i, label) : swap ? 1 - eval->classes[i] : eval->classes[i];
    }
    p->fit = (hni_fit){.z = p->z, .truth = p->truth, .n = n, .k = k};
}

static bool one_class(const hni_fit *f) {
    for (int64_t i = 1; i < f->n; i++) {
        if (f->truth[i] != f->truth[0]) {
            return false;
        }
    }
    return true;
}

static int solve(const hni_fit *f, int32_t method, double *scale, double *shift) {
    *shift = 0;
    return one_class(f) ? HNI_FIT_ONE_CLASS : method == HN_CALIBRATION_PLATT ? hni_fit_platt(f, scale, shift) : hni_fit_temperature(f, scale);
}

static hn_status explain(int why, int64_t n, hn_error *err) {
    if (why == HNI_FIT_ONE_CLASS) {
        return hni_fail(err, HN_E_DATA, "a calibration needs rows of two classes at least; the %lld rows are of one", (long long)n);
    }
    if (why == HNI_FIT_BACKWARDS) {
        return hni_fail(err, HN_E_DATA, "on these %lld rows logits do not rise where the class is present: no scale above 0 is best; look at labels and model",
                        (long long)n);
    }
    return hni_fail(err, HN_E_DATA, "nearly all of the %lld rows are right by far, so that no scale is best: bring more rows, or take Platt's method",
                    (long long)n);
}

static hn_status fit_classes(const hn_eval *eval, problem *p, hn_calibration *out, hn_error *err) {
    double scale = 1, shift = 0;
    pose(eval, 0, p);
    const int why = p->fit.n ? solve(&p->fit, out->method, &scale, &shift) : HNI_FIT_ONE_CLASS;
    if (why) {
        return explain(why, p->fit.n, err);
    }
    for (int32_t k = 0; k < eval->n_classes; k++) {
        out->scale[k] = scale;
        out->shift[k] = k == eval->positive ? shift : 0;
    }
    out->n = p->fit.n;
    out->log_loss_before = hni_fit_loss(&p->fit, 1, 0);
    out->log_loss_after = hni_fit_loss(&p->fit, scale, shift);
    return HN_OK;
}

/* A label that says nothing stays as it is; if all do, that is an error. */
static hn_status fit_labels(const hn_eval *eval, problem *p, hn_calibration *out, hn_error *err) {
    hni_sum before = {0}, after = {0};
    int32_t fitted = 0;
    int why = HNI_FIT_ONE_CLASS;
    for (int32_t k = 0; k < eval->n_classes; k++) {
        double scale = 1, shift = 0;
        pose(eval, k, p);
        const int failed = p->fit.n ? solve(&p->fit, out->method, &scale, &shift) : HNI_FIT_ONE_CLASS;
        out->scale[k] = failed ? 1 : scale;
        out->shift[k] = failed ? 0 : shift;
        out->unfitted |= failed ? UINT64_C(1) << k : 0;
        why = failed ? failed : why;
        fitted += !failed;
        if (p->fit.n) {
            hni_sum_add(&before, hni_fit_loss(&p->fit, 1, 0));
            hni_sum_add(&after, hni_fit_loss(&p->fit, out->scale[k], out->shift[k]));
        }
    }
    out->n = p->fit.n;
    out->log_loss_before = hni_sum_total(&before) / eval->n_classes;
    out->log_loss_after = hni_sum_total(&after) / eval->n_classes;
    return fitted ? HN_OK : explain(why, p->fit.n, err);
}

hn_status hni_eval_calibrate(const hn_eval *eval, int32_t method, hn_calibration *out, hn_error *err) {
    problem p = {0};
    hni_groups groups;
    out->method = method;
    out->n_classes = eval->n_classes;
    out->unfitted = 0;
    memcpy(out->digest, eval->digest, sizeof out->digest);
    hn_status status = hni_groups_make(eval, &groups, err);
    if (!status) {
        out->groups = groups.count;
        status = take_problem(eval, &p, err);
    }
    if (!status) {
        status = eval->task == HN_TASK_MULTI ? fit_labels(eval, &p, out, err) : fit_classes(eval, &p, out, err);
    }
    hni_free(eval->ctx, p.z);
    hni_free(eval->ctx, p.truth);
    hni_groups_free(&groups);
    return status;
}

hn_status hni_eval_calibrated(const hn_eval *eval, const hn_calibration *c, hn_eval **out, hn_error *err) {
    const size_t classes = (size_t)eval->n_classes;
    hn_eval *fresh = NULL;
    const hn_status status = hni_eval_part(eval, NULL, 0, &fresh, err);
    if (status) {
        return status;
    }
    for (size_t i = 0; i < (size_t)eval->n; i++) {
        double *p = fresh->probabilities + i * classes;
        hni_calibrated(eval->task, eval->n_classes, c->scale, c->shift, eval->logits + i * classes, p);
        for (size_t k = 0; k < classes && eval->rounded; k++) {
            p[k] = (double)(float)p[k];
        }
    }
    *out = fresh;
    return HN_OK;
}
