/* band.c - confidence bands of the ROC and the precision–recall curve, by resampling groups.
 *
 * A resample has no points in common with the curve, so both are read at fixed places: the ROC linear between its points, as its area is
 * counted, and at a step its upper end; precision where recall first reaches the place, as average precision counts it. */
#include "band.h"

#include <math.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "bootstrap.h"
#include "counts.h" /* defines: hni_eval_silent, hni_eval_truth */
#include "rank.h"

typedef struct reader {
    const hn_eval *eval;
    int32_t kind, index, n;
    const double *x; /* [n] rising */
    double *score;   /* [room] of a resample */
    uint8_t *truth;  /* [room] */
    size_t room;
} reader;

static void read_roc(const reader *r, const hni_ranking *ranking, double *y) {
    const double positives = (double)ranking->positives, negatives = (double)(ranking->n - ranking->positives);
    double from_x = 0, from_y = 0;
    int32_t i = 0;
    for (hni_cut cut = {0}; hni_ranking_next(ranking, &cut);) {
        const double to_x = (double)cut.fp / negatives, to_y = (double)cut.tp / positives;
        for (; i < r->n && r->x[i] < to_x; i++) {
            y[i] = from_y + (to_y - from_y) * (r->x[i] - from_x) / (to_x - from_x);
        }
        from_x = to_x;
        from_y = to_y;
    }
    for (; i < r->n; i++) {
        y[i] = 1;
    }
}

static void read_pr(const reader *r, const hni_ranking *ranking, double *y) {
    const double positives = (double)ranking->positives;
    int32_t i = 0;
    for (hni_cut cut = {0}; hni_ranking_next(ranking, &cut);) {
        for (; i < r->n && (double)cut.tp >= r->x[i] * positives; i++) {
            y[i] = (double)cut.tp / (double)cut.at;
        }
    }
    for (; i < r->n; i++) {
        y[i] = positives / (double)ranking->n; /* not reached but for rounding: all are called positive in the end */
    }
}

static hn_status grow(reader *r, size_t rows, hn_error *err) {
    hn_context *ctx = r->eval->ctx;
    const size_t want = rows + rows / 4 + 1;
    if (rows <= r->room) {
        return HN_OK;
    }
    hni_free(ctx, r->score);
    hni_free(ctx, r->truth);
    r->room = 0;
    r->score = hni_calloc(ctx, want, sizeof *r->score);
    r->truth = hni_calloc(ctx, want, sizeof *r->truth);
    if (!r->score || !r->truth) {
        return hni_fail_memory(err, want * sizeof *r->score, "a resample");
    }
    r->room = want;
    return HN_OK;
}

/* The curve of some rows at the places; NaN where it has no meaning. */
static hn_status read_at(void *user, const int64_t *rows, int64_t n, double *y, hn_error *err) {
    reader *r = user;
    hni_ranking ranking = {0};
    hn_status status = grow(r, (size_t)n, err);
    for (int64_t i = 0; i < n && !status; i++) {
        const bool silent = hni_eval_silent(r->eval, rows[i]);
        r->score[i] = silent ? NAN : r->eval->probabilities[rows[i] * r->eval->n_classes + r->index];
        r->truth[i] = hni_eval_truth(r->eval, rows[i], r->index);
    }
    if (!status) {
        status = hni_ranking_of_scores(r->eval->ctx, r->score, r->truth, n, &ranking, err);
    }
    if (status) {
        return status;
    }
    if (ranking.positives == 0 || ranking.positives == ranking.n) {
        for (int32_t i = 0; i < r->n; i++) {
            y[i] = NAN;
        }
    } else if (r->kind == HN_CURVE_ROC) {
        read_roc(r, &ranking, y);
    } else {
        read_pr(r, &ranking, y);
    }
    hni_ranking_free(&ranking);
    return HN_OK;
}

hn_status hni_eval_band(const hn_eval *eval, int32_t kind, int32_t index, const hn_bootstrap_options *options, const double *x, int32_t n, double *y,
                        double *low, double *high, hn_error *err) {
    reader r = {.eval = eval, .kind = kind, .index = index, .n = n, .x = x};
    hni_groups groups;
    double whole[HNI_BAND_PLACES], lower[HNI_BAND_PLACES], upper[HNI_BAND_PLACES];
    hn_status status = hni_groups_make(eval, &groups, err);
    if (!status) {
        status = read_at(&r, groups.rows, groups.n, whole, err);
    }
    if (!status && isnan(whole[0])) {
        status = hni_fail(err, HN_E_DATA, "no curve for class %d: all usable rows are of one kind; give rows of both", (int)index);
    }
    if (!status) {
        const hni_bootstrap run = {.groups = &groups, .statistic = read_at, .user = &r, .figures = n, .method = options->method,
                                   .resamples = options->resamples, .level = options->level, .seed = options->seed, .cancel = options->cancel};
        status = hni_bootstrap_run(&run, whole, lower, upper, err);
    }
    for (int32_t i = 0; i < n && !status; i++) {
        low[i] = lower[i];
        high[i] = upper[i];
        if (y) {
            y[i] = whole[i];
        }
    }
    hni_free(eval->ctx, r.score);
    hni_free(eval->ctx, r.truth);
    hni_groups_free(&groups);
    return status;
}
