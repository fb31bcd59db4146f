/* rank.c - sorting scores, and the area under the ROC curve and average precision of the sorted list.
 *
 * A merge sort of our own: qsort takes memory behind the host's allocator and leaves ties in an order that differs between C
 * libraries. NaN never reaches the sort. All figures are read at the places between distinct scores, so ties count half in the area
 * and the order of the rows changes no bit. */
#include "rank.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "counts.h" /* defines: hni_eval_silent, hni_eval_truth */
#include "sum.h"

/* Merges the sorted runs [from, middle) and [middle, to) of src into dst; the left one goes first on ties. */
static void merge(const hni_ranked *src, hni_ranked *dst, size_t from, size_t middle, size_t to) {
    size_t left = from, right = middle;
    for (size_t i = from; i < to; i++) {
        if (left < middle && (right >= to || src[left].score >= src[right].score)) {
            dst[i] = src[left++];
        } else {
            dst[i] = src[right++];
        }
    }
}

/* items has room for 2 n; the upper half is scratch. The sorted list ends in the lower half. */
static void sort_falling(hni_ranked *items, size_t n) {
    hni_ranked *src = items, *dst = items + n;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t from = 0; from < n; from += 2 * width) {
            const size_t middle = n - from > width ? from + width : n;
            const size_t to = n - from > 2 * width ? from + 2 * width : n;
            merge(src, dst, from, middle, to);
        }
        hni_ranked *other = src;
        src = dst;
        dst = other;
    }
    if (src != items) {
        memcpy(items, src, n * sizeof *items);
    }
}

static hn_status ranking_new(hn_context *ctx, int64_t n, hni_ranking *out, hn_error *err) {
    size_t bytes = SIZE_MAX;
    *out = (hni_ranking){.ctx = ctx};
    if (hni_mul((size_t)n, 2 * sizeof *out->items, &bytes)) {
        out->items = hni_alloc(ctx, bytes);
    }
    return out->items ? HN_OK : hni_fail_memory(err, bytes, "sorting probabilities");
}

static void ranking_add(hni_ranking *r, double score, bool positive) {
    r->items[r->n] = (hni_ranked){.score = score, .positive = positive};
    r->n++;
    r->positives += positive;
}

hn_status hni_ranking_of_scores(hn_context *ctx, const double *score, const uint8_t *truth, int64_t n, hni_ranking *out, hn_error *err) {
    const hn_status status = ranking_new(ctx, n, out, err);
    if (status) {
        return status;
    }
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(score[i])) {
            ranking_add(out, score[i], truth[i] != 0);
        }
    }
    sort_falling(out->items, (size_t)out->n);
    return HN_OK;
}

hn_status hni_ranking_of_class(const hn_eval *eval, int32_t k, hni_ranking *out, hn_error *err) {
    const hn_status status = ranking_new(eval->ctx, eval->n, out, err);
    if (status) {
        return status;
    }
    for (int64_t i = 0; i < eval->n; i++) {
        if (!hni_eval_silent(eval, i)) {
            ranking_add(out, eval->probabilities[(size_t)i * (size_t)eval->n_classes + (size_t)k], hni_eval_truth(eval, i, k));
        }
    }
    sort_falling(out->items, (size_t)out->n);
    return HN_OK;
}

void hni_ranking_free(hni_ranking *ranking) {
    if (ranking->ctx) {
        hni_free(ranking->ctx, ranking->items);
    }
    *ranking = (hni_ranking){0};
}

bool hni_ranking_next(const hni_ranking *ranking, hni_cut *cut) {
    if (cut->at >= ranking->n) {
        return false;
    }
    cut->threshold = ranking->items[cut->at].score;
    for (; cut->at < ranking->n && ranking->items[cut->at].score == cut->threshold; cut->at++) {
        cut->tp += ranking->items[cut->at].positive;
        cut->fp += !ranking->items[cut->at].positive;
    }
    return true;
}

double hni_ranking_roc_auc(const hni_ranking *ranking) {
    const double positives = (double)ranking->positives, negatives = (double)(ranking->n - ranking->positives);
    if (positives == 0 || negatives == 0) {
        return NAN;
    }
    double twice = 0; /* trapezia in whole numbers: exact up to 2^53 */
    hni_cut cut = {0}, last = {0};
    while (hni_ranking_next(ranking, &cut)) {
        twice += (double)(cut.fp - last.fp) * (double)(cut.tp + last.tp);
        last = cut;
    }
    return twice / (2 * positives * negatives);
}

double hni_ranking_average_precision(const hni_ranking *ranking) {
    if (ranking->positives == 0) {
        return NAN;
    }
    hni_sum sum = {0};
    hni_cut cut = {0}, last = {0};
    while (hni_ranking_next(ranking, &cut)) {
        hni_sum_add(&sum, (double)(cut.tp - last.tp) * ((double)cut.tp / (double)cut.at)); /* at = tp + fp */
        last = cut;
    }
    return hni_sum_total(&sum) / (double)ranking->positives;
}

hn_status hni_roc_auc(hn_context *ctx, const double *score, const uint8_t *truth, int64_t n, double *out, hn_error *err) {
    hni_ranking ranking;
    const hn_status status = hni_ranking_of_scores(ctx, score, truth, n, &ranking, err);
    if (!status) {
        *out = hni_ranking_roc_auc(&ranking);
        hni_ranking_free(&ranking);
    }
    return status;
}

hn_status hni_average_precision(hn_context *ctx, const double *score, const uint8_t *truth, int64_t n, double *out, hn_error *err) {
    hni_ranking ranking;
    const hn_status status = hni_ranking_of_scores(ctx, score, truth, n, &ranking, err);
    if (!status) {
        *out = hni_ranking_average_precision(&ranking);
        hni_ranking_free(&ranking);
    }
    return status;
}
