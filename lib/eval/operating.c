/* operating.c - specificity at fixed sensitivities and the reverse, on all rows and on resamples of groups.
 *
 * Each row's place among the distinct probabilities is found once; a resample only counts rows by place and walks over the places. So the
 * limits know that the threshold was chosen on the same rows, which limits at a threshold held fixed would not. */
#include <math.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "bootstrap.h"
#include "counts.h" /* defines: hni_eval_silent, hni_eval_truth */
#include "threshold.h"

typedef struct places {
    const double *values; /* [n] to hold */
    int32_t n, rule;
    int64_t count;        /* places, by falling probability */
    int64_t *of;          /* [rows] 1 + place; 0 = silent */
    uint8_t *truth;       /* [rows] */
    double *thresholds;   /* [count + 1]: where the places before the i-th are called; 0 = nowhere */
    int64_t *positives, *negatives; /* [count] of a resample */
    int32_t at[64];       /* of the last walk: how many places are called for each value */
} places;

/* Walks over the places for each value; rows that were counted before. silent: positives without a place. */
static void read_figures(places *p, int64_t silent, double *figures) {
    const bool hold_sensitivity = p->rule == HN_CHOOSE_SENSITIVITY;
    int64_t all[2] = {0, silent}, tp = 0, fp = 0;
    for (int64_t i = 0; i < p->count; i++) {
        all[0] += p->negatives[i];
        all[1] += p->positives[i];
    }
    for (int32_t v = 0; v < p->n; v++) {
        figures[v] = NAN;
        p->at[v] = -1;
    }
    for (int64_t i = 0; i <= p->count && all[0] && all[1]; i++) {
        const double sensitivity = (double)tp / (double)all[1], specificity = (double)(all[0] - fp) / (double)all[0];
        for (int32_t v = 0; v < p->n && p->thresholds[i] > 0; v++) {
            const double held = hold_sensitivity ? sensitivity : specificity, other = hold_sensitivity ? specificity : sensitivity;
            const bool first = isnan(figures[v]);
            if (held >= p->values[v] && (first || !hold_sensitivity)) { /* the first that is so sensitive, the last that is so specific */
                figures[v] = other;
                p->at[v] = (int32_t)i;
            }
        }
        if (i < p->count) {
            tp += p->positives[i];
            fp += p->negatives[i];
        }
    }
}

static hn_status statistic(void *user, const int64_t *rows, int64_t n, double *figures, hn_error *err) {
    places *p = user;
    int64_t silent = 0;
    (void)err;
    for (int64_t i = 0; i < p->count; i++) {
        p->positives[i] = p->negatives[i] = 0;
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t place = p->of[rows[i]] - 1;
        const bool truth = p->truth[rows[i]];
        if (place >= 0) {
            p->positives[place] += truth;
            p->negatives[place] += !truth;
        } else {
            silent += truth;
        }
    }
    read_figures(p, silent, figures);
    return HN_OK;
}

/* The place of a score among the distinct ones [count], falling. */
static int64_t find_place(const double *scores, int64_t count, double score) {
    int64_t from = 0, to = count - 1;
    while (from < to) {
        const int64_t middle = from + (to - from) / 2;
        if (scores[middle] <= score) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return from;
}

static hn_status find_places(const hn_eval *eval, int32_t index, places *p, hn_error *err) {
    hn_context *ctx = eval->ctx;
    const size_t n = (size_t)eval->n;
    hni_ranking ranking = {0};
    hn_status status = hni_ranking_of_class(eval, index, &ranking, err);
    double *scores = status ? NULL : hni_calloc(ctx, n + 1, sizeof *scores);
    p->of = hni_calloc(ctx, n, sizeof *p->of);
    p->truth = hni_calloc(ctx, n, sizeof *p->truth);
    p->thresholds = hni_calloc(ctx, n + 1, sizeof *p->thresholds);
    p->positives = hni_calloc(ctx, n, 2 * sizeof *p->positives);
    if (!status && (!scores || !p->of || !p->truth || !p->thresholds || !p->positives)) {
        status = hni_fail_memory(err, n * 5 * sizeof *scores, "the places of probabilities");
    }
    if (!status) {
        hni_cut cut = {0};
        p->negatives = p->positives + n;
        p->thresholds[0] = hni_threshold_at(&ranking, &cut);
        while (hni_ranking_next(&ranking, &cut)) {
            scores[p->count++] = cut.threshold;
            p->thresholds[p->count] = hni_threshold_at(&ranking, &cut);
        }
        for (int64_t i = 0; i < eval->n; i++) {
            const double score = eval->probabilities[(size_t)i * (size_t)eval->n_classes + (size_t)index];
            p->truth[i] = hni_eval_truth(eval, i, index);
            p->of[i] = hni_eval_silent(eval, i) ? 0 : 1 + find_place(scores, p->count, score);
        }
    }
    hni_free(ctx, scores);
    hni_ranking_free(&ranking);
    return status;
}

static hn_status run(const hn_eval *eval, places *p, const hn_bootstrap_options *options, hn_operating_point *points, hn_error *err) {
    double estimate[64], low[64], high[64];
    hni_groups groups;
    hn_status status = hni_groups_make(eval, &groups, err);
    if (!status) {
        statistic(p, groups.rows, groups.n, estimate, err);
        for (int32_t v = 0; v < p->n; v++) {
            points[v] = (hn_operating_point){.value = p->values[v], .estimate = estimate[v], .low = NAN, .high = NAN};
            points[v].threshold = p->at[v] >= 0 ? p->thresholds[p->at[v]] : NAN;
        }
        const hni_bootstrap b = {.groups = &groups, .statistic = statistic, .user = p, .figures = p->n, .method = options->method,
                                 .resamples = options->resamples, .level = options->level, .seed = options->seed, .cancel = options->cancel};
        status = hni_bootstrap_run(&b, estimate, low, high, err);
    }
    for (int32_t v = 0; v < p->n && !status; v++) {
        points[v].low = low[v];
        points[v].high = high[v];
    }
    hni_groups_free(&groups);
    return status;
}

hn_status hni_eval_operating_points(const hn_eval *eval, int32_t index, int32_t rule, const double *values, int32_t n,
                                    const hn_bootstrap_options *options, hn_operating_point *points, hn_error *err) {
    const hni_sides sides = hni_eval_sides(eval, index);
    places p = {.values = values, .n = n, .rule = rule};
    hn_operating_point found[64];
    if (!sides.positives || !sides.negatives) {
        return hni_fail(err, HN_E_DATA, "no operating point for %.60s: of %lld rows %lld are positive and %lld negative; give rows of both kinds",
                        eval->class_names[index], (long long)eval->n, (long long)sides.positives, (long long)sides.negatives);
    }
    hn_status status = find_places(eval, index, &p, err);
    if (!status) {
        status = run(eval, &p, options, found, err);
    }
    for (int32_t v = 0; v < n && !status; v++) {
        points[v] = found[v];
    }
    hni_free(eval->ctx, p.of);
    hni_free(eval->ctx, p.truth);
    hni_free(eval->ctx, p.thresholds);
    hni_free(eval->ctx, p.positives);
    return status;
}
