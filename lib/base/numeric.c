/* numeric.c - exp, log, log1p, sin, cos, tanh and pow in double precision.
 *
 * Why not libm's: theirs differ in the last bit from machine to machine, and a trained model must not. These use a fixed order of
 * IEEE operations (no fused multiply-add: the build says -ffp-contract=off), after the published algorithms of fdlibm, whose
 * coefficients they share: reduce the argument exactly, evaluate one polynomial, put the exponent back. Errors stay below 2 ulp.
 * Not vectorised: a scalar at a time, for sums, schedules, losses and phantoms. normals_body.h has log, sin and cos once more, in vectors and in the
 * same operations: who changes one changes both, and tests/base/test_random.c compares them. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "numeric.h"

static const double LN2_HIGH = 6.93147180369123816490e-01; /* 33 bits: k * LN2_HIGH is exact */
static const double LN2_LOW = 1.90821492927058770002e-10;
static const double INV_LN2 = 1.44269504088896338700e+00;

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double of_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^k for -1022 ≤ k ≤ 1023. */
static double power_of_two(int k) {
    return of_bits((uint64_t)(k + 1023) << 52);
}

double hni_exp(double x) {
    if (x != x)
        return x;
    if (x > 709.782712893383973096)
        return HUGE_VAL;
    if (x < -745.13321910194110842)
        return 0.0;
    if (fabs(x) < 0x1p-28)
        return 1.0 + x;

    /* x = k·ln2 + r, |r| ≤ 0.35, r = high - low */
    const int k = (int)floor(x * INV_LN2 + 0.5);
    const double high = x - k * LN2_HIGH, low = k * LN2_LOW, r = high - low, t = r * r;
    const double c =
        r - t * (1.66666666666666019037e-01 +
                 t * (-2.77777777770155933842e-03 +
                      t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
    const double y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    if (k == 1024)
        return y * 2.0 * 0x1p1023;
    if (k >= -1021)
        return y * power_of_two(k);
    return y * power_of_two(k + 1000) * 0x1p-1000; /* into the subnormals: rounded once, at the end */
}

/* x = 2^k·(1 + f), 1 + f in [√½, √2): gives f and k. x > 0, finite. */
static double split_log(double x, int *k) {
    int exponent = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        exponent = -54;
    }
    uint64_t bits = bits_of(x);
    exponent += (int)(bits >> 52) - 1023;
    bits = (bits & UINT64_C(0x000FFFFFFFFFFFFF)) | UINT64_C(0x3FF0000000000000);
    double m = of_bits(bits);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        exponent++;
    }
    *k = exponent;
    return m - 1.0;
}

/* log(2^k·(1 + f)) + c for a small correction c. */
static double log_of(double f, int k, double c) {
    const double s = f / (2.0 + f), z = s * s, w = z * z;
    const double even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const double odd = z * (6.666666666666735130e-01 +
                            w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const double half = 0.5 * f * f, series = s * (half + (even + odd));
    return k * LN2_HIGH - ((half - (series + (k * LN2_LOW + c))) - f);
}

double hni_log(double x) {
    if (x != x || x < 0.0)
        return NAN;
    if (x == 0.0)
        return -HUGE_VAL;
    if (x > 0x1.fffffffffffffp1023)
        return x;
    int k;
    const double f = split_log(x, &k);
    return log_of(f, k, 0.0);
}

double hni_log1p(double x) {
    if (x != x || x < -1.0)
        return NAN;
    if (x == -1.0)
        return -HUGE_VAL;
    if (x > 0x1p60)
        return hni_log(x);
    if (fabs(x) < 0x1p-54)
        return x;
    const double u = 1.0 + x;
    if (fabs(x) < 0.25) /* the sum's lost bits would weigh too much: use x itself as f */
        return log_of(x, 0, 0.0);
    const double lost = x >= 1.0 ? 1.0 - (u - x) : x - (u - 1.0); /* what rounding took from 1 + x */
    int k;
    const double f = split_log(u, &k);
    return log_of(f, k, lost / u);
}

/* sin and cos of y + tail, |y| ≤ π/4. */
static double sin_near(double y, double tail) {
    const double z = y * y, v = z * y;
    const double r = 8.33333333332248946124e-03 +
                     z * (-1.98412698298579493134e-04 +
                          z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)));
    return y - ((z * (0.5 * tail - v * r) - tail) - v * -1.66666666666666324348e-01);
}

static double cos_near(double y, double tail) {
    const double z = y * y;
    const double r =
        z * (4.16666666666666019037e-02 +
             z * (-1.38888888888741095749e-03 +
                  z * (2.48015872894767294178e-05 +
                       z * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
    const double half = 0.5 * z, w = 1.0 - half;
    return w + (((1.0 - w) - half) + (z * r - y * tail));
}

/* x - n·π/2 as y + tail; gives n mod 4, or -1 where the reduction would not be exact (then the answer is NaN). */
static int reduce(double x, double *y, double *tail) {
    if (!(fabs(x) <= 1e5))
        return -1;
    const double n = floor(x * 6.36619772367581382433e-01 + 0.5);
    const double a = x - n * 1.57079632673412561417e+00; /* 33 bits of π/2: exact */
    const double b = n * 6.07710050630396597660e-11;     /* the next 33 bits */
    const double c = n * 2.02226624879595063154e-21;     /* and the rest */
    const double r = a - b;
    const double w = c - ((a - r) - b);
    *y = r - w;
    *tail = (r - *y) - w;
    return (int)((int64_t)n & 3);
}

double hni_sin(double x) {
    double y, tail;
    switch (reduce(x, &y, &tail)) {
    case 0:
        return x == 0.0 ? x : sin_near(y, tail);
    case 1:
        return cos_near(y, tail);
    case 2:
        return -sin_near(y, tail);
    case 3:
        return -cos_near(y, tail);
    default:
        return NAN;
    }
}

double hni_cos(double x) {
    double y, tail;
    switch (reduce(x, &y, &tail)) {
    case 0:
        return cos_near(y, tail);
    case 1:
        return -sin_near(y, tail);
    case 2:
        return -cos_near(y, tail);
    case 3:
        return sin_near(y, tail);
    default:
        return NAN;
    }
}

/* Near 0 Lambert's continued fraction x / (1 + x² / (3 + x² / (5 + …))), else by exp, where nothing cancels. */
double hni_tanh(double x) {
    if (fabs(x) < 0.5) {
        const double z = x * x;
        double divisor = 17.0;
        for (double k = 15.0; k >= 1.0; k -= 2.0)
            divisor = k + z / divisor;
        return x / divisor;
    }
    const double y = 1.0 - 2.0 / (hni_exp(2.0 * fabs(x)) + 1.0);
    return x < 0.0 ? -y : y; /* NaN: by way of exp */
}

/* x^n by squaring; past n = 1024 its rounding errors would outgrow those of exp(y·log x). */
static double power_by_squares(double x, unsigned n) {
    double result = 1.0;
    for (; n; n >>= 1) {
        if (n & 1)
            result *= x;
        x *= x;
    }
    return result;
}

double hni_pow(double x, double y) {
    if (y == 0.0)
        return 1.0;
    if (x != x || y != y)
        return NAN;
    if (y == floor(y) && fabs(y) <= 1024.0) {
        const double p = power_by_squares(x, (unsigned)fabs(y));
        return y < 0.0 ? 1.0 / p : p;
    }
    if (x < 0.0)
        return NAN;
    if (x == 1.0)
        return 1.0;
    return hni_exp(y * hni_log(x));
}
