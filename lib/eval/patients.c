/* patients.c - what the slices of a patient say together.
 *
 * A scan is read for whether there is a bleed anywhere, so a patient is positive if any slice is. The rules differ in how many doubtful slices
 * outweigh a clear one, and in what a long scan adds by chance: under max and noisy-or, more slices alone make a higher probability. */
#include "patients.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "counts.h" /* defines: hni_eval_silent, hni_eval_truth */
#include "groups.h"
#include "sum.h"

const char *hni_rule_name(int32_t rule) {
    static const char *const names[] = {"max", "noisy-or", "top-mean", "mean"};
    return rule >= HN_RULE_MAX && rule <= HN_RULE_MEAN ? names[rule - HN_RULE_MAX] : NULL;
}

/* The largest `top` of p [n], moved to the front; n - top others behind. Few are wanted of few. */
static void largest_first(double *p, int64_t n, int64_t top) {
    for (int64_t i = 0; i < top; i++) {
        int64_t best = i;
        for (int64_t k = i + 1; k < n; k++) {
            best = p[k] > p[best] ? k : best;
        }
        const double kept = p[i];
        p[i] = p[best];
        p[best] = kept;
    }
}

static double mean(const double *p, int64_t n) {
    hni_sum sum = {0};
    for (int64_t i = 0; i < n; i++) {
        hni_sum_add(&sum, p[i]);
    }
    return hni_sum_total(&sum) / (double)n;
}

/* p [n], n ≥ 1; reordered. */
static double together(double *p, int64_t n, int32_t rule, int32_t top) {
    double none = 1;
    switch (rule) {
    case HN_RULE_NOISY_OR:
        for (int64_t i = 0; i < n; i++) {
            none *= 1 - p[i];
        }
        return 1 - none;
    case HN_RULE_TOP_MEAN:
        top = top < n ? top : (int32_t)n;
        largest_first(p, n, top);
        return mean(p, top);
    case HN_RULE_MEAN: return mean(p, n);
    default: largest_first(p, n, 1); return p[0];
    }
}

/* Class k of a group: its truth, and its probability in *p; NaN where every row is silent. */
static bool fill_class(const hn_eval *eval, const hni_groups *g, int64_t group, int32_t k, int32_t rule, int32_t top, double *scratch, double *p) {
    int64_t n = 0;
    bool truth = false;
    for (int64_t i = g->begin[group]; i < g->begin[group + 1]; i++) {
        const int64_t row = g->rows[i];
        truth |= hni_eval_truth(eval, row, k);
        if (!hni_eval_silent(eval, row)) {
            scratch[n++] = eval->probabilities[(size_t)row * (size_t)eval->n_classes + (size_t)k];
        }
    }
    *p = n ? together(scratch, n, rule, top) : NAN;
    return truth;
}

static void fill_group(const hn_eval *eval, const hni_groups *g, int64_t group, int32_t rule, int32_t top, double *scratch, hn_eval *out) {
    double *p = out->probabilities + (size_t)group * (size_t)out->n_classes;
    if (eval->task == HN_TASK_MULTI) {
        out->classes[group] = -1;
        for (int32_t k = 0; k < eval->n_classes; k++) {
            out->labels[group] |= (uint64_t)fill_class(eval, g, group, k, rule, top, scratch, &p[k]) << k;
        }
    } else {
        double positive;
        const bool truth = fill_class(eval, g, group, eval->positive, rule, top, scratch, &positive);
        out->classes[group] = truth ? out->positive : 1 - out->positive;
        out->labels[group] = UINT64_C(1) << out->classes[group];
        p[out->positive] = positive;
        p[1 - out->positive] = 1 - positive;
    }
    out->rows[group] = g->rows[g->begin[group]];
    out->flags[group] = isnan(p[0]) ? HN_PREDICTION_NONFINITE : 0;
}

/* Two classes keep their names; of more, those that are not positive become no_X. */
static hn_status name_classes(const hn_eval *eval, hn_eval *out, hn_error *err) {
    for (int32_t k = 0; k < out->n_classes; k++) {
        const bool rest = eval->task != HN_TASK_MULTI && eval->n_classes != 2 && k != out->positive;
        const char *name = eval->class_names[out->n_classes == eval->n_classes ? k : eval->positive];
        const size_t room = strlen(name) + 4;
        out->class_names[k] = hni_alloc(out->ctx, room);
        if (!out->class_names[k]) {
            return hni_fail_memory(err, room, "a class name");
        }
        snprintf(out->class_names[k], room, "%s%s", rest ? "no_" : "", name);
    }
    return HN_OK;
}

static hn_status name_groups(const hn_eval *eval, hn_eval *out, hn_error *err) {
    for (int64_t i = 0; i < out->n; i++) {
        const char *name = eval->groups[out->rows[i]];
        if (name && *name && !(out->groups[i] = hni_strdup(out->ctx, name))) {
            return hni_fail_memory(err, strlen(name) + 1, "the name of a group");
        }
    }
    return HN_OK;
}

hn_status hni_eval_by_group(const hn_eval *eval, int32_t rule, int32_t top, hn_eval **out, hn_error *err) {
    const bool multi = eval->task == HN_TASK_MULTI;
    hni_groups g;
    hn_eval *fresh = NULL;
    double *scratch = hni_calloc(eval->ctx, (size_t)eval->n, sizeof *scratch);
    hn_status status = scratch ? HN_OK : hni_fail_memory(err, (size_t)eval->n * sizeof *scratch, "the rows of a group");
    if (status) {
        return status;
    }
    status = hni_groups_make(eval, &g, err);
    if (!status) {
        status = hni_eval_new(eval->ctx, eval->task, multi ? eval->n_classes : 2, g.count, &fresh, err);
    }
    if (!status) {
        fresh->positive = multi || eval->n_classes == 2 ? eval->positive : 1;
        fresh->threshold = eval->threshold;
        fresh->groups_unknown = eval->groups_unknown;
        fresh->group_rule = rule;
        fresh->top = top;
        memcpy(fresh->digest, eval->digest, sizeof fresh->digest);
        for (int64_t i = 0; i < g.count; i++) {
            fill_group(eval, &g, i, rule, top, scratch, fresh);
        }
        status = name_classes(eval, fresh, err);
    }
    if (!status) {
        status = name_groups(eval, fresh, err);
    }
    if (status) {
        hni_eval_unref(fresh);
    } else {
        *out = fresh;
    }
    hni_groups_free(&g);
    hni_free(eval->ctx, scratch);
    return status;
}
