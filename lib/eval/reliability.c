/* reliability.c - bins of probabilities, what happens in each, and the parts that the Brier score is made of.
 *
 * Bins are scikit-learn's (calibration_curve): a probability on an edge belongs to the lower bin. Murphy's three parts add up to the Brier score
 * only if all probabilities of a bin are equal; Stephenson, Coelho and Jolliffe's two more make the sum exact for any bins. */
#include "reliability.h"

#include <math.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "counts.h" /* defines: hni_eval_silent, hni_eval_truth */
#include "groups.h"
#include "rank.h"
#include "rates.h"
#include "sum.h"

typedef struct rows { /* those with a verdict */
    int64_t n;
    double *p;      /* [n] */
    double *y;      /* [n] 0 or 1 */
    int64_t *group; /* [n] */
    int32_t *bin;   /* [n] */
} rows;

typedef struct bin_sums {
    hni_sum p, squares, products; /* Σ p; then, about the means, Σ (p - mean)², Σ (p - mean)(y - share) */
    int64_t n, positives;
} bin_sums;

static void free_rows(hn_context *ctx, rows *r) {
    hni_free(ctx, r->p);
    hni_free(ctx, r->y);
    hni_free(ctx, r->group);
    hni_free(ctx, r->bin);
}

static void add_row(const hn_eval *eval, int64_t row, int32_t index, const hni_groups *g, rows *r) {
    const double *p = eval->probabilities + (size_t)row * (size_t)eval->n_classes;
    int32_t k = index;
    if (index == HN_CALLED_CLASS) {
        k = hni_decide(p, eval->n_classes, eval->task, eval->positive, eval->threshold);
    }
    r->p[r->n] = p[k];
    r->y[r->n] = hni_eval_truth(eval, row, k) ? 1 : 0;
    r->group[r->n] = g->of[row];
    r->n++;
}

static hn_status take_rows(const hn_eval *eval, int32_t index, const hni_groups *g, rows *r, hn_error *err) {
    const size_t n = (size_t)eval->n;
    r->p = hni_calloc(eval->ctx, n, sizeof *r->p);
    r->y = hni_calloc(eval->ctx, n, sizeof *r->y);
    r->group = hni_calloc(eval->ctx, n, sizeof *r->group);
    r->bin = hni_calloc(eval->ctx, n, sizeof *r->bin);
    if (!r->p || !r->y || !r->group || !r->bin) {
        return hni_fail_memory(err, n * 3 * sizeof *r->p, "the rows of a reliability diagram");
    }
    for (int64_t i = 0; i < eval->n; i++) {
        if (!hni_eval_silent(eval, i)) {
            add_row(eval, i, index, g, r);
        }
    }
    return r->n ? HN_OK : hni_fail(err, HN_E_DATA, "none of the %lld rows has a verdict: there are no probabilities to look at", (long long)eval->n);
}

/* edges [bins + 1]. Quantiles as numpy's: linear between neighbours. */
static hn_status find_edges(hn_context *ctx, const rows *r, int32_t binning, int32_t bins, double *edges, hn_error *err) {
    const double step = 1.0 / bins;
    for (int32_t i = 0; i <= bins; i++) {
        edges[i] = i < bins ? i * step : 1;
    }
    if (binning == HN_BINS_EQUAL_WIDTH) {
        return HN_OK;
    }
    hni_ranking sorted = {0};
    uint8_t *none = hni_calloc(ctx, (size_t)r->n, sizeof *none);
    hn_status status = none ? hni_ranking_of_scores(ctx, r->p, none, r->n, &sorted, err) : hni_fail_memory(err, (size_t)r->n, "sorting probabilities");
    for (int32_t i = 0; i <= bins && !status; i++) {
        const double at = edges[i] * (double)(r->n - 1);
        const int64_t below = (int64_t)at, above = below + 1 < r->n ? below + 1 : r->n - 1;
        const double low = sorted.items[r->n - 1 - below].score, high = sorted.items[r->n - 1 - above].score;
        edges[i] = low + (at - (double)below) * (high - low);
    }
    hni_ranking_free(&sorted);
    hni_free(ctx, none);
    return status;
}

/* How many inner edges lie below p. */
static int32_t bin_of(double p, const double *edges, int32_t bins) {
    int32_t from = 0, to = bins - 1;
    while (from < to) {
        const int32_t middle = from + (to - from) / 2;
        if (p > edges[middle + 1]) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* Inner edges that are equal, or not below the last one, would make bins that nothing falls into. */
static int32_t drop_equal(double *edges, int32_t bins) {
    const double last = edges[bins];
    int32_t kept = 0;
    for (int32_t i = 1; i < bins; i++) {
        if (edges[i] < last && (kept == 0 || edges[i] > edges[kept])) {
            edges[++kept] = edges[i];
        }
    }
    edges[kept + 1] = last;
    return kept + 1;
}

static void sum_bins(rows *r, const double *edges, int32_t bins, bin_sums *sums) {
    for (int64_t i = 0; i < r->n; i++) {
        bin_sums *b = &sums[r->bin[i] = bin_of(r->p[i], edges, bins)];
        hni_sum_add(&b->p, r->p[i]);
        b->n++;
        b->positives += r->y[i] > 0;
    }
    for (int64_t i = 0; i < r->n; i++) {
        bin_sums *b = &sums[r->bin[i]];
        const double gap = r->p[i] - hni_sum_total(&b->p) / (double)b->n, other = r->y[i] - (double)b->positives / (double)b->n;
        hni_sum_add(&b->squares, gap * gap);
        hni_sum_add(&b->products, gap * other);
    }
}

static void fill_bins(const double *edges, const bin_sums *sums, int32_t bins, hn_reliability_bin *out) {
    for (int32_t i = 0; i < bins; i++) {
        const double n = (double)sums[i].n;
        out[i] = (hn_reliability_bin){.low = edges[i], .high = edges[i + 1], .n = sums[i].n, .share_low = NAN, .share_high = NAN};
        out[i].mean = sums[i].n ? hni_sum_total(&sums[i].p) / n : NAN;
        out[i].share = sums[i].n ? (double)sums[i].positives / n : NAN;
    }
}

static void fill_figures(const rows *r, const bin_sums *sums, const hn_reliability_bin *bins, hn_reliability *out) {
    const double n = (double)r->n;
    hni_sum mean = {0}, brier = {0}, ece = {0}, reliability = {0}, resolution = {0}, variance = {0}, covariance = {0};
    int64_t positives = 0;
    for (int64_t i = 0; i < r->n; i++) {
        hni_sum_add(&mean, r->p[i]);
        hni_sum_add(&brier, (r->p[i] - r->y[i]) * (r->p[i] - r->y[i]));
        positives += r->y[i] > 0;
    }
    out->n = r->n;
    out->mean = hni_sum_total(&mean) / n;
    out->share = (double)positives / n;
    out->brier = hni_sum_total(&brier) / n;
    for (int32_t i = 0; i < out->bins; i++) {
        if (!bins[i].n) {
            continue;
        }
        const double weight = (double)bins[i].n / n, gap = bins[i].share - bins[i].mean, from_all = bins[i].share - out->share;
        hni_sum_add(&ece, weight * fabs(gap));
        hni_sum_add(&reliability, weight * gap * gap);
        hni_sum_add(&resolution, weight * from_all * from_all);
        hni_sum_add(&variance, hni_sum_total(&sums[i].squares) / n);
        hni_sum_add(&covariance, 2 * hni_sum_total(&sums[i].products) / n);
        out->mce = fmax(out->mce, fabs(gap));
    }
    out->ece = hni_sum_total(&ece);
    out->reliability = hni_sum_total(&reliability);
    out->resolution = hni_sum_total(&resolution);
    out->uncertainty = out->share * (1 - out->share);
    out->within_variance = hni_sum_total(&variance);
    out->within_covariance = hni_sum_total(&covariance);
}

/* Bin by bin over the rows: bins are few. counts [2 groups] is scratch. */
static void fill_bands(const rows *r, int64_t groups, double level, double *counts, hn_reliability_bin *bins, hn_reliability *out) {
    hn_interval band;
    for (int32_t b = -1; b < out->bins; b++) { /* -1: all of them, for the number of groups */
        for (int64_t g = 0; g < 2 * groups; g++) {
            counts[g] = 0;
        }
        for (int64_t i = 0; i < r->n; i++) {
            if (b < 0 || r->bin[i] == b) {
                counts[r->group[i]] += r->y[i];
                counts[groups + r->group[i]] += 1;
            }
        }
        hni_wilson_grouped(counts, counts + groups, groups, level, &band);
        if (b < 0) {
            out->groups = band.groups;
        } else {
            bins[b].share_low = band.low;
            bins[b].share_high = band.high;
        }
    }
}

hn_status hni_eval_reliability(const hn_eval *eval, const hn_reliability_options *options, hn_reliability *out, hn_reliability_bin *bins,
                               hn_error *err) {
    double edges[HNI_BINS + 1], *counts = NULL;
    bin_sums sums[HNI_BINS] = {0};
    rows r = {0};
    hni_groups g;
    *out = (hn_reliability){.struct_size = sizeof *out, .binning = options->binning, .index = options->index, .bins = options->bins};
    hn_status status = hni_groups_make(eval, &g, err);
    if (!status) {
        status = take_rows(eval, options->index, &g, &r, err);
    }
    if (!status) {
        status = find_edges(eval->ctx, &r, options->binning, options->bins, edges, err);
    }
    if (!status) {
        counts = hni_calloc(eval->ctx, (size_t)g.count, 2 * sizeof *counts);
        status = counts ? HN_OK : hni_fail_memory(err, (size_t)g.count * 2 * sizeof *counts, "the groups of a reliability diagram");
    }
    if (!status) {
        out->bins = drop_equal(edges, options->bins);
        sum_bins(&r, edges, out->bins, sums);
        fill_bins(edges, sums, out->bins, bins);
        fill_figures(&r, sums, bins, out);
        fill_bands(&r, g.count, options->level, counts, bins, out);
    }
    hni_free(eval->ctx, counts);
    free_rows(eval->ctx, &r);
    hni_groups_free(&g);
    return status;
}
