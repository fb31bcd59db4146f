/* distributions.c - the few probabilities that intervals need, by short series and continued fractions rather than tables of coefficients:
 * they are evaluated a few times a report, so plainness goes before speed. */
#include "distributions.h"

#include <math.h>

#include "../base/numeric.h" /* defines: hni_exp, hni_log */

static const double LN2 = 0.69314718055994530942, HALF_LN_2PI = 0.91893853320467274178;

static double density(double x) { return hni_exp(-0.5 * x * x - HALF_LN_2PI); }

/* Near 0 Marsaglia's (2004) series x + x³/3 + x⁵/(3·5) + … of (Φ(x) - ½) / φ(x); beyond, Laplace's continued fraction of the tail, which
 * keeps its relative accuracy however small it gets. */
double hni_normal_upper(double x) {
    if (x != x) {
        return x;
    }
    if (fabs(x) <= 3) {
        double sum = x, term = x;
        for (int k = 3; fabs(term) > 1e-18 * fabs(sum); k += 2) {
            term *= x * x / k;
            sum += term;
        }
        return 0.5 - density(x) * sum;
    }
    const double far = fabs(x);
    double fraction = far;
    for (int k = 200; k >= 1; k--) {
        fraction = far + k / fraction;
    }
    const double tail = density(far) / fraction;
    return x > 0 ? tail : 1 - tail;
}

/* Hastings' approximation of the tail (Abramowitz and Stegun 26.2.23, error below 5e-4), then Halley's steps, each of which triples the
 * digits. Works on the smaller tail, so that tiny p lose nothing. */
double hni_normal_quantile(double p) {
    if (!(p > 0 && p < 1)) {
        return p == 0 ? -HUGE_VAL : p == 1 ? HUGE_VAL : NAN;
    }
    const double tail = p < 0.5 ? p : 1 - p, t = sqrt(-2 * hni_log(tail));
    double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int step = 0; step < 3; step++) {
        const double gap = (hni_normal_upper(x) - tail) / density(x);
        x += gap / (1 - 0.5 * gap * x);
    }
    return p < 0.5 ? -x : x;
}

/* Stirling's series from 15 on; below, log Γ(x) = log Γ(x + k) - log(x (x + 1) …). */
double hni_log_gamma(double x) {
    double product = 1;
    for (; x < 15; x++) {
        product *= x;
    }
    const double r = 1 / x, s = r * r;
    const double series = r * (1 / 12.0 - s * (1 / 360.0 - s * (1 / 1260.0 - s * (1 / 1680.0 - s * (1 / 1188.0 - s * 691 / 360360.0)))));
    return (x - 0.5) * hni_log(x) - x + HALF_LN_2PI + series - hni_log(product);
}

/* The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method. */
static double beta_fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int m = 1; m < 10000; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double change = 1;
        for (int half = 0; half < 2; half++) {
            const double term = half ? odd : even;
            d = 1 + term * d;
            c = 1 + term / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            change = c * d;
            value *= change;
        }
        if (fabs(change - 1) < 1e-16) {
            break;
        }
    }
    return value;
}

/* The regularised incomplete beta function I_x(a, b), with 1 - x given too so that neither loses digits. */
static double beta_share(double a, double b, double x, double rest) {
    if (x <= 0 || rest <= 0) {
        return x <= 0 ? 0 : 1;
    }
    const double front = hni_exp(hni_log_gamma(a + b) - hni_log_gamma(a) - hni_log_gamma(b) + a * hni_log(x) + b * hni_log(rest));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, rest) / b;
}

double hni_t_two_sided(double t, double dof) {
    const double square = t * t, whole = dof + square;
    return isinf(whole) ? 0 : beta_share(0.5 * dof, 0.5, dof / whole, square / whole);
}

double hni_t_critical(double level, double dof) {
    double low = 0, high = 1;
    while (hni_t_two_sided(high, dof) > 1 - level && high < 1e150) {
        high *= 2;
    }
    for (int step = 0; step < 200; step++) {
        const double middle = 0.5 * (low + high);
        if (hni_t_two_sided(middle, dof) > 1 - level) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

double hni_coin_exactly(int64_t k, int64_t n) {
    const double ways = hni_log_gamma((double)n + 1) - hni_log_gamma((double)k + 1) - hni_log_gamma((double)(n - k) + 1);
    return hni_exp(ways - (double)n * LN2);
}

/* Terms from the largest on, each from the one before; above the middle from the other side. */
double hni_coin_at_most(int64_t k, int64_t n) {
    if (k >= n) {
        return 1;
    }
    if (2 * k >= n) {
        return 1 - hni_coin_at_most(n - k - 1, n);
    }
    double term = 1, sum = 1;
    for (int64_t i = k; i > 0 && term > 1e-18 * sum; i--) {
        term *= (double)i / (double)(n - i + 1);
        sum += term;
    }
    return sum * hni_coin_exactly(k, n);
}
