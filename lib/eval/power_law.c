/* power_law.c - fitting y = 100 + b1·x^b2 (after Cho et al., 2015), and how sure the fit is.
 *
 * For a given b2 the best b1 is a plain weighted regression, so a walk over b2 finds where the minimum is; Gauss–Newton in both numbers then
 * gets its digits. A start from the logarithms of 100 - y, as is usual, fails where some training reached 100. Limits come from fits of
 * resampled series: the subsets of one seed are nested and share their test part, so they are no independent points. */
#include "power_law.h"

#include <math.h>

#include "../base/memory.h"
#include "../base/numeric.h" /* defines: hni_exp, hni_log */
#include "../base/random.h"
#include "../base/status.h"
#include "bootstrap.h" /* defines: hni_bootstrap_limits */

typedef struct series {
    const double *log_x, *y, *w;
    int64_t n;
} series;

static double best_b1(const series *s, double b2) {
    double above = 0, below = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const double p = hni_exp(b2 * s->log_x[i]);
        above += s->w[i] * (s->y[i] - 100) * p;
        below += s->w[i] * p * p;
    }
    return below > 0 ? above / below : 0;
}

static double squares(const series *s, double b1, double b2) {
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const double gap = s->y[i] - 100 - b1 * hni_exp(b2 * s->log_x[i]);
        sum += s->w[i] * gap * gap;
    }
    return sum;
}

/* One step in both numbers, halved until it does not make things worse; false when nothing gets better by more than rounding. */
static bool step(const series *s, hni_power *fit) {
    double aa = 0, ab = 0, bb = 0, ra = 0, rb = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const double p = hni_exp(fit->b2 * s->log_x[i]), slope = fit->b1 * p * s->log_x[i], gap = s->y[i] - 100 - fit->b1 * p;
        aa += s->w[i] * p * p;
        ab += s->w[i] * p * slope;
        bb += s->w[i] * slope * slope;
        ra += s->w[i] * p * gap;
        rb += s->w[i] * slope * gap;
    }
    const double det = aa * bb - ab * ab, now = squares(s, fit->b1, fit->b2);
    if (!(det > 1e-14 * aa * bb)) {
        return false;
    }
    double d1 = (bb * ra - ab * rb) / det, d2 = (aa * rb - ab * ra) / det;
    for (int halving = 0; halving < 20; halving++, d1 /= 2, d2 /= 2) {
        const double then = squares(s, fit->b1 + d1, fit->b2 + d2);
        if (then < now) {
            fit->b1 += d1;
            fit->b2 += d2;
            return now - then > 1e-14 * now;
        }
    }
    return false;
}

static bool can_fit(const series *s) {
    bool sizes = false, gaps = false;
    for (int64_t i = 0; i < s->n; i++) {
        sizes |= s->log_x[i] < s->log_x[0] || s->log_x[i] > s->log_x[0];
        gaps |= s->y[i] < 100;
    }
    return sizes && gaps;
}

bool hni_power_fit(const double *log_x, const double *y, const double *w, int64_t n, hni_power *out) {
    const series s = {log_x, y, w, n};
    double weight = 0, least = INFINITY;
    if (n < 2 || !can_fit(&s)) {
        return false;
    }
    for (double b2 = -6; b2 <= 2; b2 += 0.125) {
        const double b1 = best_b1(&s, b2), sum = squares(&s, b1, b2);
        if (sum < least) {
            least = sum;
            *out = (hni_power){.b1 = b1, .b2 = b2};
        }
    }
    for (int i = 0; i < 200 && step(&s, out); i++) {
    }
    for (int64_t i = 0; i < n; i++) {
        weight += w[i];
    }
    out->error = sqrt(squares(&s, out->b1, out->b2) / weight);
    return isfinite(out->b1) && isfinite(out->b2);
}

double hni_power_size(const hni_power *fit, double percent) {
    if (!(fit->b2 < 0 && fit->b1 < 0)) {
        return INFINITY;
    }
    return hni_exp(hni_log((percent - 100) / fit->b1) / fit->b2); /* may be infinite */
}

typedef struct resampling { /* what a resample is drawn from and into */
    const hn_learning_points *points;
    int64_t units;    /* series, or points */
    int64_t *unit_of; /* [n] */
    double *log_x, *y, *w; /* [room] */
    int64_t room;
} resampling;

/* Series are any numbers: they are numbered in the order of their first points. */
static void number_units(resampling *r) {
    const hn_learning_points *p = r->points;
    for (int64_t i = 0; i < p->n; i++) {
        int64_t same = 0;
        while (p->series && same < i && p->series[same] != p->series[i]) {
            same++;
        }
        r->unit_of[i] = p->series && same < i ? r->unit_of[same] : r->units++;
    }
}

static int64_t largest_unit(const resampling *r) {
    int64_t most = 0;
    for (int64_t u = 0; u < r->units; u++) {
        int64_t n = 0;
        for (int64_t i = 0; i < r->points->n; i++) {
            n += r->unit_of[i] == u;
        }
        most = n > most ? n : most;
    }
    return most;
}

static void take_point(resampling *r, int64_t i, int64_t *n) {
    const hn_learning_points *p = r->points;
    r->log_x[*n] = hni_log(p->sizes[i]);
    r->y[*n] = 100 * p->accuracies[i];
    r->w[*n] = p->weights ? p->weights[i] : 1;
    (*n)++;
}

static int64_t draw(resampling *r, uint64_t seed, uint32_t number) {
    hni_random random;
    int64_t n = 0;
    hni_random_init(&random, seed, HNI_RANDOM_BOOTSTRAP, number, 1); /* sample 1: not those of hn_eval_bootstrap */
    for (int64_t k = 0; k < r->units; k++) {
        const int64_t unit = hni_random_below(&random, (uint32_t)r->units);
        for (int64_t i = 0; i < r->points->n; i++) {
            if (r->unit_of[i] == unit) {
                take_point(r, i, &n);
            }
        }
    }
    return n;
}

static hn_status resample(hn_context *ctx, resampling *r, const hn_power_law_options *o, hn_power_law *out, double *fits, hn_error *err) {
    const size_t count = (size_t)o->resamples;
    double *numbers = hni_calloc(ctx, 3 * count, sizeof *numbers); /* b1, b2, sizes */
    hn_status status = numbers ? HN_OK : hni_fail_memory(err, 3 * count * sizeof *numbers, "resampled fits");
    for (size_t i = 0; i < count && !status; i++) {
        hni_power fit = {NAN, NAN, 0};
        const int64_t n = draw(r, o->seed, (uint32_t)i);
        const bool there = hni_power_fit(r->log_x, r->y, r->w, n, &fit);
        out->resamples += there;
        numbers[i] = there ? fit.b1 : NAN;
        numbers[count + i] = there ? fit.b2 : NAN;
        numbers[2 * count + i] = there ? fmin(hni_power_size(&fit, 100 * o->target), 1e300) : NAN; /* so that quantiles are numbers */
        status = hni_cancel_check(o->cancel, err);
    }
    for (size_t i = 0; i < count && fits && !status; i++) {
        fits[2 * i] = numbers[i];
        fits[2 * i + 1] = numbers[count + i];
    }
    if (!status) {
        const double *estimates[] = {&out->b1, &out->b2, &out->size};
        double *const limits[][2] = {{&out->b1_low, &out->b1_high}, {&out->b2_low, &out->b2_high}, {&out->size_low, &out->size_high}};
        for (int k = 0; k < 3; k++) {
            hni_bootstrap_limits(numbers + (size_t)k * count, (int64_t)count, NULL, 0, *estimates[k], HN_BOOTSTRAP_PERCENTILE, o->level,
                                 limits[k][0], limits[k][1]);
        }
        out->size_low = out->size_low > 1e299 ? INFINITY : out->size_low;
        out->size_high = out->size_high > 1e299 ? INFINITY : out->size_high;
    }
    hni_free(ctx, numbers);
    return status;
}

static hn_status take_arrays(hn_context *ctx, resampling *r, hn_error *err) {
    const size_t n = (size_t)r->points->n;
    r->unit_of = hni_calloc(ctx, n, sizeof *r->unit_of);
    if (!r->unit_of) {
        return hni_fail_memory(err, n * sizeof *r->unit_of, "the points of a learning curve");
    }
    number_units(r);
    r->room = r->units * largest_unit(r);
    r->log_x = hni_calloc(ctx, (size_t)r->room, sizeof *r->log_x);
    r->y = hni_calloc(ctx, (size_t)r->room, sizeof *r->y);
    r->w = hni_calloc(ctx, (size_t)r->room, sizeof *r->w);
    return r->log_x && r->y && r->w ? HN_OK : hni_fail_memory(err, 3 * (size_t)r->room * sizeof *r->log_x, "the points of a learning curve");
}

hn_status hni_power_law(hn_context *ctx, const hn_learning_points *points, const hn_power_law_options *options, hn_power_law *out, double *fits,
                        hn_error *err) {
    resampling r = {.points = points};
    hni_power fit = {0};
    int64_t n = 0;
    hn_status status = take_arrays(ctx, &r, err);
    for (int64_t i = 0; i < points->n && !status; i++) {
        take_point(&r, i, &n);
    }
    if (!status && !hni_power_fit(r.log_x, r.y, r.w, n, &fit)) {
        status = hni_fail(err, HN_E_DATA, "no curve through %lld points: give trainings of two sizes at least, not all with an accuracy of 1",
                          (long long)points->n);
    }
    if (!status) {
        *out = (hn_power_law){.struct_size = sizeof *out, .b1 = fit.b1, .b2 = fit.b2, .error = fit.error, .target = options->target};
        out->level = options->level;
        out->size = hni_power_size(&fit, 100 * options->target);
        out->b1_low = out->b1_high = out->b2_low = out->b2_high = out->size_low = out->size_high = NAN;
        if (r.units > 1) {
            status = resample(ctx, &r, options, out, fits, err);
        }
        for (int64_t i = 0; r.units == 1 && fits && i < 2 * (int64_t)options->resamples; i++) {
            fits[i] = NAN;
        }
    }
    hni_free(ctx, r.unit_of);
    hni_free(ctx, r.log_x);
    hni_free(ctx, r.y);
    hni_free(ctx, r.w);
    return status;
}
