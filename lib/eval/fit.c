/* fit.c - scale and shift of logits by Newton's method.
 *
 * Cross-entropy is convex in both, so there is one best pair, if there is one at all: rows that are all right want an infinite scale, and rows
 * that are wrong more often than right one below 0. The scale alone is found within bounds, by Newton's steps that fall back to halving; Platt's
 * pair by Newton's steps that are halved while they do not help (Lin, Lin and Weng, 2007), with his targets, which keep the pair finite: one
 * row more of each kind, half seen (Platt, 1999). */
#include <float.h>
#include <math.h>

#include "../base/numeric.h" /* defines: hni_exp, hni_log, hni_log1p */
#include "calibration.h"
#include "sum.h"

static const double LEAST = 0.01, MOST = 100; /* scale; temperatures of 100 and 0.01 */

/* Mean logit under softmax(scale · z), its variance, and log Σ exp(scale · z). */
typedef struct moments {
    double mean, variance, log_sum;
} moments;

static moments moments_of(const double *z, int32_t k, double scale, double shift) {
    double top = -INFINITY, sum = 0, first = 0, second = 0;
    for (int32_t i = 0; i < k; i++) {
        top = fmax(top, scale * z[i] + (i == 1 ? shift : 0));
    }
    for (int32_t i = 0; i < k; i++) {
        const double weight = hni_exp(scale * z[i] + (i == 1 ? shift : 0) - top);
        sum += weight;
        first += weight * z[i];
    }
    first /= sum;
    for (int32_t i = 0; i < k; i++) {
        second += hni_exp(scale * z[i] + (i == 1 ? shift : 0) - top) * (z[i] - first) * (z[i] - first);
    }
    return (moments){.mean = first, .variance = second / sum, .log_sum = top + hni_log(sum)};
}

double hni_fit_loss(const hni_fit *f, double scale, double shift) {
    hni_sum sum = {0};
    for (int64_t i = 0; i < f->n; i++) {
        const double *z = f->z + (size_t)i * (size_t)f->k;
        hni_sum_add(&sum, moments_of(z, f->k, scale, shift).log_sum - (scale * z[f->truth[i]] + (f->truth[i] == 1 ? shift : 0)));
    }
    return hni_sum_total(&sum) / (double)f->n;
}

/* First and second derivative of the loss by the scale. */
static double slope(const hni_fit *f, double scale, double *curvature) {
    hni_sum first = {0}, second = {0};
    for (int64_t i = 0; i < f->n; i++) {
        const double *z = f->z + (size_t)i * (size_t)f->k;
        const moments m = moments_of(z, f->k, scale, 0);
        hni_sum_add(&first, m.mean - z[f->truth[i]]);
        hni_sum_add(&second, m.variance);
    }
    *curvature = hni_sum_total(&second) / (double)f->n;
    return hni_sum_total(&first) / (double)f->n;
}

int hni_fit_temperature(const hni_fit *f, double *scale) {
    double low = LEAST, high = MOST, at = 1, curvature;
    if (!(slope(f, low, &curvature) < 0)) {
        return HNI_FIT_BACKWARDS;
    }
    if (!(slope(f, high, &curvature) > 0)) {
        return HNI_FIT_TOO_SURE;
    }
    for (int step = 0; step < 200; step++) {
        const double now = slope(f, at, &curvature);
        if (now == 0) { /* the best one, to the bit: there is nowhere to step to */
            break;
        }
        if (now > 0) {
            high = at;
        } else {
            low = at;
        }
        double next = at - now / curvature;
        if (!(next > low && next < high)) { /* also NaN, where the curvature is 0 */
            next = 0.5 * (low + high);
        }
        const double moved = fabs(next - at);
        at = next;
        if (moved <= 4 * DBL_EPSILON * at) {
            break;
        }
    }
    *scale = at;
    return HNI_FIT_DONE;
}

/* Platt's problem in u = (s - mean) / deviation, s = z[1] - z[0]. */
typedef struct platt {
    const hni_fit *f;
    double mean, deviation, targets[2];
} platt;

static double u_of(const platt *p, int64_t i) {
    const double *z = p->f->z + 2 * (size_t)i;
    return (z[1] - z[0] - p->mean) / p->deviation;
}

/* -(t log σ(x) + (1 - t) log(1 - σ(x))) = log(1 + e^-|x|) + max(x, 0) - t x */
static double platt_loss(const platt *p, double a, double b) {
    hni_sum sum = {0};
    for (int64_t i = 0; i < p->f->n; i++) {
        const double x = a * u_of(p, i) + b;
        hni_sum_add(&sum, hni_log1p(hni_exp(-fabs(x))) + fmax(x, 0) - p->targets[p->f->truth[i]] * x);
    }
    return hni_sum_total(&sum) / (double)p->f->n;
}

typedef struct newton {
    double gradient[2], hessian[3]; /* hessian: aa, ab, bb */
} newton;

static newton platt_derivatives(const platt *p, double a, double b) {
    hni_sum g[2] = {{0}}, h[3] = {{0}};
    const double n = (double)p->f->n;
    for (int64_t i = 0; i < p->f->n; i++) {
        const double u = u_of(p, i), x = a * u + b, small = hni_exp(-fabs(x)), share = (x > 0 ? 1 : small) / (1 + small);
        const double gap = share - p->targets[p->f->truth[i]], weight = small / ((1 + small) * (1 + small));
        hni_sum_add(&g[0], gap * u);
        hni_sum_add(&g[1], gap);
        hni_sum_add(&h[0], weight * u * u);
        hni_sum_add(&h[1], weight * u);
        hni_sum_add(&h[2], weight);
    }
    return (newton){{hni_sum_total(&g[0]) / n, hni_sum_total(&g[1]) / n},
                    {hni_sum_total(&h[0]) / n, hni_sum_total(&h[1]) / n, hni_sum_total(&h[2]) / n}};
}

/* One step, halved until it does not make the loss larger; false when none helps: as good as it gets. */
static bool platt_step(const platt *p, double *a, double *b, double *loss) {
    const newton d = platt_derivatives(p, *a, *b);
    const double aa = d.hessian[0] + 1e-14, bb = d.hessian[2] + 1e-14, determinant = aa * bb - d.hessian[1] * d.hessian[1];
    const double step_a = (d.gradient[0] * bb - d.gradient[1] * d.hessian[1]) / determinant;
    const double step_b = (d.gradient[1] * aa - d.gradient[0] * d.hessian[1]) / determinant;
    if (fabs(step_a) <= 1e-14 * (1 + fabs(*a)) && fabs(step_b) <= 1e-14 * (1 + fabs(*b))) {
        return false;
    }
    for (double share = 1; share > 1e-10; share *= 0.5) {
        const double next = platt_loss(p, *a - share * step_a, *b - share * step_b);
        if (next <= *loss) {
            *a -= share * step_a;
            *b -= share * step_b;
            *loss = next;
            return true;
        }
    }
    return false;
}

static bool standardize(platt *p, int64_t positives) {
    const double n = (double)p->f->n;
    hni_sum sum = {0}, squares = {0};
    for (int64_t i = 0; i < p->f->n; i++) {
        hni_sum_add(&sum, p->f->z[2 * i + 1] - p->f->z[2 * i]);
    }
    p->mean = hni_sum_total(&sum) / n;
    for (int64_t i = 0; i < p->f->n; i++) {
        const double gap = p->f->z[2 * i + 1] - p->f->z[2 * i] - p->mean;
        hni_sum_add(&squares, gap * gap);
    }
    p->deviation = sqrt(hni_sum_total(&squares) / n);
    p->targets[0] = 1 / (n - (double)positives + 2);
    p->targets[1] = ((double)positives + 1) / ((double)positives + 2);
    return p->deviation > 0;
}

int hni_fit_platt(const hni_fit *f, double *scale, double *shift) {
    platt p = {.f = f};
    int64_t positives = 0;
    for (int64_t i = 0; i < f->n; i++) {
        positives += f->truth[i];
    }
    if (positives == 0 || positives == f->n) {
        return HNI_FIT_ONE_CLASS;
    }
    if (!standardize(&p, positives)) {
        return HNI_FIT_BACKWARDS;
    }
    double a = 0, b = hni_log(((double)positives + 1) / ((double)(f->n - positives) + 1)), loss = platt_loss(&p, a, b);
    for (int step = 0; step < 200 && platt_step(&p, &a, &b, &loss); step++) {
    }
    *scale = a / p.deviation;
    *shift = b - *scale * p.mean;
    return !(*scale > 1e-6) ? HNI_FIT_BACKWARDS : *scale > 1e6 || fabs(*shift) > 1e6 ? HNI_FIT_TOO_SURE : HNI_FIT_DONE;
}
