/* bootstrap.c - drawing groups with replacement, again and again, and reading limits from how the figures vary.
 *
 * Why BCa is the default: it keeps to the metric's range (a basic interval of an AUC of 0.98 passes 1), and corrects for the bias and the
 * skewness that few patients bring. Its acceleration comes from leaving groups out, one after the other; with more than BLOCKS groups, a
 * block of them at a time, which has the same expectation. Resample i draws from its own random stream, so that it depends on nothing else. */
#include "bootstrap.h"

#include <math.h>

#include "../base/memory.h"
#include "../base/random.h"
#include "../base/status.h"
#include "distributions.h"
#include "sum.h"

enum { BLOCKS = 1000 };

typedef struct drawing { /* the rows of one resample */
    int64_t *rows;
    size_t room;
    int64_t n;
} drawing;

static hn_status add_group(const hni_groups *g, int64_t group, drawing *d, hn_error *err) {
    const int64_t from = g->begin[group], to = g->begin[group + 1];
    const size_t want = (size_t)(d->n + to - from);
    if (hni_grow(g->ctx, &d->rows, &d->room, want, sizeof *d->rows)) {
        return hni_fail_memory(err, want * sizeof *d->rows, "the rows of a resample");
    }
    for (int64_t i = from; i < to; i++) {
        d->rows[d->n++] = g->rows[i];
    }
    return HN_OK;
}

static hn_status draw(const hni_bootstrap *b, uint32_t number, drawing *d, hn_error *err) {
    hni_random random;
    hn_status status = HN_OK;
    hni_random_init(&random, b->seed, HNI_RANDOM_BOOTSTRAP, number, 0);
    d->n = 0;
    for (int64_t i = 0; i < b->groups->count && !status; i++) {
        status = add_group(b->groups, hni_random_below(&random, (uint32_t)b->groups->count), d, err);
    }
    return status;
}

static hn_status leave_out(const hni_bootstrap *b, int64_t block, int64_t blocks, drawing *d, hn_error *err) {
    hn_status status = HN_OK;
    d->n = 0;
    for (int64_t g = 0; g < b->groups->count && !status; g++) {
        if (g % blocks != block) {
            status = add_group(b->groups, g, d, err);
        }
    }
    return status;
}

/* Heap sort: in place, and no worst case. */
static void sift(double *v, int64_t at, int64_t n) {
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && v[child + 1] > v[child];
        if (!(v[child] > v[at])) {
            return;
        }
        const double kept = v[at];
        v[at] = v[child];
        v[child] = kept;
    }
}

static void sort(double *v, int64_t n) {
    for (int64_t i = n / 2; i-- > 0;) {
        sift(v, i, n);
    }
    for (int64_t i = n; i-- > 1;) {
        const double kept = v[0];
        v[0] = v[i];
        v[i] = kept;
        sift(v, 0, i);
    }
}

static int64_t drop_nan(double *v, int64_t n) {
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(v[i])) {
            v[kept++] = v[i];
        }
    }
    return kept;
}

/* Of sorted values, linear between neighbours (numpy's default). */
static double quantile(const double *v, int64_t n, double share) {
    const double at = share * (double)(n - 1);
    const int64_t i = (int64_t)at;
    return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

/* Σ d³ / 6 (Σ d²)^1.5, d how far each falls below the mean; 0 where nothing varies. */
static double acceleration(const double *v, int64_t n) {
    hni_sum sum = {0}, squares = {0}, cubes = {0};
    for (int64_t i = 0; i < n; i++) {
        hni_sum_add(&sum, v[i]);
    }
    const double mean = n ? hni_sum_total(&sum) / (double)n : 0;
    for (int64_t i = 0; i < n; i++) {
        const double d = mean - v[i];
        hni_sum_add(&squares, d * d);
        hni_sum_add(&cubes, d * d * d);
    }
    const double spread = sqrt(hni_sum_total(&squares));
    return spread > 0 ? hni_sum_total(&cubes) / (6 * spread * spread * spread) : 0;
}

/* Which share of the resampled figures BCa reads a limit at, for the normal quantile z of the limit. */
static double adjusted(double z, double bias, double a) {
    const double moved = bias + z, denominator = 1 - a * moved;
    return denominator > 0 ? 1 - hni_normal_upper(bias + moved / denominator) : z > 0;
}

void hni_bootstrap_limits(double *resampled, int64_t n, double *left_out, int64_t m, double estimate, int32_t method, double level, double *low,
                          double *high) {
    const int64_t kept = drop_nan(resampled, n);
    double shares[2] = {0.5 - 0.5 * level, 0.5 + 0.5 * level};
    *low = *high = NAN;
    if (2 * kept < n || isnan(estimate)) {
        return;
    }
    sort(resampled, kept);
    if (method == HN_BOOTSTRAP_BCA) {
        double below = 0; /* ties one half, and never none or all: metrics have few distinct values */
        for (int64_t i = 0; i < kept; i++) {
            below += resampled[i] < estimate ? 1 : resampled[i] == estimate ? 0.5 : 0;
        }
        below = fmin(fmax(below, 0.5), (double)kept - 0.5);
        const double bias = hni_normal_quantile(below / (double)kept), a = acceleration(left_out, drop_nan(left_out, m));
        for (int i = 0; i < 2; i++) {
            shares[i] = adjusted(hni_normal_quantile(shares[i]), bias, a);
        }
    }
    *low = quantile(resampled, kept, shares[0]);
    *high = quantile(resampled, kept, shares[1]);
}

/* One row of figures a resample; turned round, so that each figure's values lie together. */
static hn_status fill(const hni_bootstrap *b, bool leaving, int64_t count, double *values, drawing *d, hn_error *err) {
    double figures[64];
    hn_status status = HN_OK;
    for (int64_t i = 0; i < count && !status; i++) {
        status = hni_cancel_check(b->cancel, err);
        if (!status) {
            status = leaving ? leave_out(b, i, count, d, err) : draw(b, (uint32_t)i, d, err);
        }
        if (!status && d->n) {
            status = b->statistic(b->user, d->rows, d->n, figures, err);
        }
        for (int32_t f = 0; f < b->figures && !status; f++) {
            values[f * count + i] = d->n ? figures[f] : NAN;
        }
    }
    return status;
}

hn_status hni_bootstrap_run(const hni_bootstrap *b, const double *estimate, double *low, double *high, hn_error *err) {
    hn_context *ctx = b->groups->ctx;
    const int64_t blocks = b->method != HN_BOOTSTRAP_BCA ? 0 : b->groups->count < BLOCKS ? b->groups->count : BLOCKS;
    const size_t count = (size_t)b->figures, room = (size_t)b->resamples;
    drawing d = {0};
    double *resampled = hni_calloc(ctx, count * room, sizeof *resampled), *left_out = hni_calloc(ctx, count * (size_t)blocks, sizeof *left_out);
    hn_status status = resampled && left_out ? HN_OK : hni_fail_memory(err, count * room * sizeof *resampled, "resampled figures");
    if (!status) {
        status = fill(b, false, b->resamples, resampled, &d, err);
    }
    if (!status) {
        status = fill(b, true, blocks, left_out, &d, err);
    }
    for (int32_t f = 0; f < b->figures && !status; f++) {
        const double known = b->groups->count > 1 ? estimate[f] : NAN; /* one group alone says nothing about another */
        hni_bootstrap_limits(resampled + (size_t)f * room, b->resamples, left_out + f * blocks, blocks, known, b->method, b->level, &low[f], &high[f]);
    }
    hni_free(ctx, d.rows);
    hni_free(ctx, resampled);
    hni_free(ctx, left_out);
    return status;
}
