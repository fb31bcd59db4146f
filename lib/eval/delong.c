/* delong.c - how sure an AUC is.
 *
 * The placement of a positive row is the share of the negatives that it beats, ties one half; that of a negative row the share of the
 * positives that beat it. The AUC is the mean of either; their variances over independent units add up to the AUC's. Slices of one patient
 * are no independent units, so deviations are summed within groups first. With one row a group this is DeLong's own variance. */
#include "delong.h"

#include <math.h>

#include "../base/memory.h"
#include "../base/numeric.h" /* defines: hni_exp, hni_log */
#include "../base/status.h"
#include "counts.h" /* defines: hni_eval_silent, hni_eval_truth */
#include "distributions.h"
#include "groups.h"
#include "sum.h"

typedef struct ordered {
    double score;
    int64_t row;
} ordered;

static void merge(const ordered *src, ordered *dst, size_t from, size_t middle, size_t to) {
    size_t left = from, right = middle;
    for (size_t i = from; i < to; i++) {
        dst[i] = left < middle && (right >= to || src[left].score <= src[right].score) ? src[left++] : src[right++];
    }
}

/* items has room for 2 n; the sorted list is where the result points. */
static const ordered *sort_rising(ordered *items, size_t n) {
    ordered *src = items, *dst = items + n;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t from = 0; from < n; from += 2 * width) {
            merge(src, dst, from, n - from > width ? from + width : n, n - from > 2 * width ? from + 2 * width : n);
        }
        ordered *other = src;
        src = dst;
        dst = other;
    }
    return src;
}

/* place [n] from one walk over the sorted rows; the AUC is exact up to 2^53 pairs. items: room for 2 n. */
static double placements(const hni_scored *s, const double *score, ordered *items, double *place, double positives, double negatives) {
    for (int64_t i = 0; i < s->n; i++) {
        items[i] = (ordered){.score = score[i], .row = i};
    }
    const ordered *list = sort_rising(items, (size_t)s->n);
    double below[2] = {0}, twice = 0; /* rows of each kind with a lower score */
    for (int64_t at = 0, end; at < s->n; at = end) {
        double tied[2] = {0};
        for (end = at; end < s->n && list[end].score == list[at].score; end++) {
            tied[s->truth[list[end].row]]++;
        }
        const double beaten = below[0] + 0.5 * tied[0], beating = positives - below[1] - 0.5 * tied[1];
        for (int64_t i = at; i < end; i++) {
            place[list[i].row] = s->truth[list[i].row] ? beaten / negatives : beating / positives;
        }
        twice += tied[1] * (2 * below[0] + tied[0]);
        below[0] += tied[0];
        below[1] += tied[1];
    }
    return twice / (2 * positives * negatives);
}

/* Deviations of the placements from the AUC, summed over each group's rows of one kind: sums [groups, 2]. */
static void sum_deviations(const hni_scored *s, const double *place, double auc, double *sums) {
    for (int64_t g = 0; g < 2 * s->groups; g++) {
        sums[g] = 0;
    }
    for (int64_t i = 0; i < s->n; i++) {
        sums[2 * s->group[i] + s->truth[i]] += place[i] - auc;
    }
}

/* Obuchowski's (10)–(12): within positives, within negatives, and between the two kinds of one group. */
static double covariance(const hni_scored *s, const double *a, const double *b, double positives, double negatives, const hni_delong *d) {
    hni_sum within[2] = {{0}}, between = {0};
    for (int64_t g = 0; g < s->groups; g++) {
        for (int kind = 0; kind < 2; kind++) {
            hni_sum_add(&within[kind], a[2 * g + kind] * b[2 * g + kind]);
        }
        hni_sum_add(&between, a[2 * g] * b[2 * g + 1] + a[2 * g + 1] * b[2 * g]);
    }
    const double p = (double)d->positive_groups, q = (double)d->negative_groups, all = (double)s->groups;
    return p / (p - 1) * hni_sum_total(&within[1]) / (positives * positives) + q / (q - 1) * hni_sum_total(&within[0]) / (negatives * negatives) +
           all / (all - 1) * hni_sum_total(&between) / (positives * negatives);
}

static void count_groups(const hni_scored *s, double *seen, hni_delong *d, double *positives) {
    for (int64_t g = 0; g < 2 * s->groups; g++) {
        seen[g] = 0;
    }
    for (int64_t i = 0; i < s->n; i++) {
        double *cell = &seen[2 * s->group[i] + s->truth[i]];
        int64_t *count = s->truth[i] ? &d->positive_groups : &d->negative_groups;
        *count += *cell == 0;
        *cell = 1;
        *positives += s->truth[i];
    }
}

hn_status hni_delong_of(hn_context *ctx, const hni_scored *s, hni_delong *out, hn_error *err) {
    const size_t n = (size_t)s->n, groups = (size_t)s->groups;
    const int models = s->score[1] ? 2 : 1;
    ordered *items = hni_calloc(ctx, n, 2 * sizeof *items);
    double *place = hni_calloc(ctx, n, sizeof *place), *sums = hni_calloc(ctx, groups, 4 * sizeof *sums), positives = 0;
    const bool enough = items && place && sums;
    *out = (hni_delong){.auc = {NAN, NAN}, .covariance = {{NAN, NAN}, {NAN, NAN}}};
    if (enough) {
        count_groups(s, sums, out, &positives);
    }
    const double negatives = (double)s->n - positives;
    if (enough && positives > 0 && negatives > 0) {
        for (int m = 0; m < models; m++) {
            out->auc[m] = placements(s, s->score[m], items, place, positives, negatives);
            sum_deviations(s, place, out->auc[m], sums + (size_t)m * 2 * groups);
        }
        for (int i = 0; i < models && out->positive_groups > 1 && out->negative_groups > 1; i++) {
            for (int k = 0; k < models; k++) {
                out->covariance[i][k] = covariance(s, sums + (size_t)i * 2 * groups, sums + (size_t)k * 2 * groups, positives, negatives, out);
            }
        }
    }
    hni_free(ctx, items);
    hni_free(ctx, place);
    hni_free(ctx, sums);
    return enough ? HN_OK : hni_fail_memory(err, n * 2 * sizeof *items, "the placements of rows");
}

hn_status hni_auc_influence(hn_context *ctx, const hni_scored *s, hni_delong *out, double *influence, hn_error *err) {
    const size_t n = (size_t)s->n, groups = (size_t)s->groups;
    ordered *items = hni_calloc(ctx, n, 2 * sizeof *items);
    double *place = hni_calloc(ctx, n, sizeof *place), *sums = hni_calloc(ctx, groups, 2 * sizeof *sums), positives = 0;
    const bool enough = items && place && sums;
    *out = (hni_delong){.auc = {NAN, NAN}};
    if (enough) {
        count_groups(s, sums, out, &positives);
    }
    const double negatives = (double)s->n - positives;
    if (enough && positives > 0 && negatives > 0) {
        out->auc[0] = placements(s, s->score[0], items, place, positives, negatives);
        sum_deviations(s, place, out->auc[0], sums);
        for (size_t g = 0; g < groups; g++) {
            influence[g] = sums[2 * g + 1] / positives + sums[2 * g] / negatives;
        }
    }
    hni_free(ctx, items);
    hni_free(ctx, place);
    hni_free(ctx, sums);
    return enough ? HN_OK : hni_fail_memory(err, n * 2 * sizeof *items, "the placements of rows");
}

/* Bisects between the estimate and the end of the range on that side for where (auc - x)² = z² V(x). */
static double newcombe_limit(double auc, double end, double positives, double negatives, double z) {
    const double more = 0.5 * (positives + negatives) - 1;
    double inside = auc, outside = end;
    for (int step = 0; step < 100; step++) {
        const double x = 0.5 * (inside + outside);
        const double variance = x * (1 - x) * (1 + more * (1 - x) / (2 - x) + more * x / (1 + x)) / (positives * negatives);
        if ((auc - x) * (auc - x) > z * z * variance) {
            outside = x;
        } else {
            inside = x;
        }
    }
    return 0.5 * (inside + outside);
}

void hni_auc_newcombe(double auc, double positives, double negatives, double level, double *low, double *high) {
    const double z = hni_normal_quantile(0.5 + 0.5 * level);
    *low = auc > 0 ? newcombe_limit(auc, 0, positives, negatives, z) : 0;
    *high = auc < 1 ? newcombe_limit(auc, 1, positives, negatives, z) : 1;
}

static void interval_of_one(const hni_delong *d, hn_interval *out) {
    const double auc = d->auc[0], variance = d->covariance[0][0], z = hni_normal_quantile(0.5 + 0.5 * out->level);
    out->estimate = auc;
    out->standard_error = sqrt(variance);
    if (variance > 0 && auc > 0 && auc < 1) {
        const double logit = hni_log(auc / (1 - auc)), half = z * out->standard_error / (auc * (1 - auc));
        out->low = 1 / (1 + hni_exp(half - logit));
        out->high = 1 / (1 + hni_exp(-half - logit));
    } else if (!isnan(variance)) {
        out->method = HN_INTERVAL_NEWCOMBE;
        out->standard_error = NAN;
        hni_auc_newcombe(auc, (double)d->positive_groups, (double)d->negative_groups, out->level, &out->low, &out->high);
    }
}

/* Where both never differ there is no doubt about 0; where they differ without any spread, the variance says nothing. */
static void interval_of_difference(const hni_delong *d, hn_interval *out) {
    const double variance = d->covariance[0][0] + d->covariance[1][1] - 2 * d->covariance[0][1], gap = d->auc[0] - d->auc[1];
    const double z = hni_normal_quantile(0.5 + 0.5 * out->level);
    out->estimate = gap;
    out->standard_error = sqrt(variance > 0 ? variance : isnan(variance) ? NAN : 0);
    if (out->standard_error > 0) {
        out->low = fmax(-1, gap - z * out->standard_error);
        out->high = fmin(1, gap + z * out->standard_error);
        out->p = 2 * hni_normal_upper(fabs(gap) / out->standard_error);
    } else if (out->standard_error == 0 && gap == 0) {
        out->low = out->high = 0;
        out->p = 1;
    }
}

typedef struct columns { /* the rows that count, as hni_scored wants them */
    uint8_t *truth;
    int64_t *group;
    double *score[2];
} columns;

static hn_status take_columns(const hn_eval *a, const hn_eval *b, int32_t k, const hni_groups *g, columns *c, hni_scored *s, hn_error *err) {
    const size_t n = (size_t)a->n, classes = (size_t)a->n_classes;
    c->truth = hni_calloc(a->ctx, n, sizeof *c->truth);
    c->group = hni_calloc(a->ctx, n, sizeof *c->group);
    c->score[0] = hni_calloc(a->ctx, n, sizeof *c->score[0]);
    c->score[1] = b ? hni_calloc(a->ctx, n, sizeof *c->score[1]) : NULL;
    int64_t *fresh = hni_calloc(a->ctx, (size_t)g->count + 1, sizeof *fresh); /* 1 + number among the groups that have a row left */
    if (!c->truth || !c->group || !c->score[0] || (b && !c->score[1]) || !fresh) {
        hni_free(a->ctx, fresh);
        return hni_fail_memory(err, n * sizeof *c->group, "the rows of an AUC");
    }
    for (int64_t i = 0; i < a->n; i++) {
        if (hni_eval_silent(a, i) || (b && hni_eval_silent(b, i))) {
            continue;
        }
        int64_t *number = &fresh[g->of[i]];
        *number = *number ? *number : ++s->groups;
        c->truth[s->n] = hni_eval_truth(a, i, k);
        c->group[s->n] = *number - 1;
        c->score[0][s->n] = a->probabilities[(size_t)i * classes + (size_t)k];
        if (b) {
            c->score[1][s->n] = b->probabilities[(size_t)i * classes + (size_t)k];
        }
        s->n++;
    }
    s->truth = c->truth;
    s->group = c->group;
    s->score[0] = c->score[0];
    s->score[1] = c->score[1];
    hni_free(a->ctx, fresh);
    return HN_OK;
}

hn_status hni_eval_auc(const hn_eval *a, const hn_eval *b, int32_t k, double level, hn_interval *out, hn_error *err) {
    hni_groups groups;
    columns c = {0};
    hni_scored s = {0};
    hni_delong d;
    hn_status status = hni_groups_make(a, &groups, err);
    if (!status) {
        status = take_columns(a, b, k, &groups, &c, &s, err);
    }
    if (!status) {
        status = hni_delong_of(a->ctx, &s, &d, err);
    }
    if (!status) {
        *out = (hn_interval){.struct_size = sizeof *out, .method = HN_INTERVAL_DELONG, .level = level, .n = s.n, .groups = s.groups};
        out->low = out->high = out->p = NAN;
        if (b) {
            interval_of_difference(&d, out);
        } else {
            interval_of_one(&d, out);
        }
    }
    hni_free(a->ctx, c.truth);
    hni_free(a->ctx, c.group);
    hni_free(a->ctx, c.score[0]);
    hni_free(a->ctx, c.score[1]);
    hni_groups_free(&groups);
    return status;
}
