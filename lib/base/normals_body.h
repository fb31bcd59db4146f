/* normals_body.h - the kernels of normals.h in vectors of LANES doubles, which the including file defines. No branches: both sides are worked out and
 * one is taken by its bits, since a comparison's mask is the same on every machine. */
#ifndef HNI_BASE_NORMALS_BODY_H
#define HNI_BASE_NORMALS_BODY_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

typedef double reals __attribute__((vector_size(8 * LANES)));
typedef uint64_t words __attribute__((vector_size(8 * LANES)));
#define SAME(x) ((words){0} + UINT64_C(x))

/* A whole number 0 … 2^32 as a double: its bits behind those of 2^52. */
static inline reals whole(words n) { return (reals)(n | SAME(0x4330000000000000)) - 0x1p52; }

/* log x; numeric.c's split_log and log_of, k = n - 1023. x > 0, normal, finite. */
static inline reals logarithm(reals x) {
    const words all = (words)x, fraction = (all & SAME(0x000FFFFFFFFFFFFF)) | SAME(0x3FF0000000000000);
    const words high = (SAME(0x3FF6A09E667F3BCD) - fraction) >> 63; /* 1 where 1 + f would be above √2 */
    const reals f = (reals)(fraction - (high << 52)) - 1.0, k = whole((all >> 52) + high) - 1023.0;
    const reals s = f / (2.0 + f), z = s * s, w = z * z;
    const reals even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const reals odd = z * (6.666666666666735130e-01 +
                           w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const reals half = 0.5 * f * f, series = s * (half + (even + odd));
    return k * 6.93147180369123816490e-01 - ((half - (series + (k * 1.90821492927058770002e-10 + 0.0))) - f);
}

static inline reals sine_near(reals y, reals tail) {
    const reals z = y * y, v = z * y;
    const reals r = 8.33333333332248946124e-03 +
                    z * (-1.98412698298579493134e-04 +
                         z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)));
    return y - ((z * (0.5 * tail - v * r) - tail) - v * -1.66666666666666324348e-01);
}

static inline reals cosine_near(reals y, reals tail) {
    const reals z = y * y;
    const reals r =
        z * (4.16666666666666019037e-02 +
             z * (-1.38888888888741095749e-03 +
                  z * (2.48015872894767294178e-05 +
                       z * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
    const reals half = 0.5 * z, w = 1.0 - half;
    return w + (((1.0 - w) - half) + (z * r - y * tail));
}

static inline reals take(words second, words if_first, words if_second) { return (reals)((if_first & ~second) | (if_second & second)); }

/* 0 ≤ x < 2π: numeric.c's reduce, with the quarter 0 … 4 counted by comparing bits, which rise with positive numbers. */
static inline void circle(reals x, reals *cosine, reals *sine) {
    const words turned = (words)(x * 6.36619772367581382433e-01 + 0.5);
    const words n = ((SAME(0x3FEFFFFFFFFFFFFF) - turned) >> 63) + ((SAME(0x3FFFFFFFFFFFFFFF) - turned) >> 63) +
                    ((SAME(0x4007FFFFFFFFFFFF) - turned) >> 63) + ((SAME(0x400FFFFFFFFFFFFF) - turned) >> 63);
    const reals q = whole(n), a = x - q * 1.57079632673412561417e+00, b = q * 6.07710050630396597660e-11, c = q * 2.02226624879595063154e-21;
    const reals r = a - b, w = c - ((a - r) - b), y = r - w, tail = (r - y) - w;
    const words near_sine = (words)sine_near(y, tail), near_cosine = (words)cosine_near(y, tail), odd = SAME(0) - (n & 1);
    *cosine = take(odd, near_cosine, near_sine);
    *sine = take(odd, near_sine, near_cosine);
    *cosine = (reals)((words)*cosine ^ (((n + 1) >> 1 & 1) << 63));
    *sine = (reals)((words)*sine ^ ((n >> 1 & 1) << 63));
}

/* a · b, both below 2^32. */
static inline words product(words a, uint32_t b) {
#if LANES == 4 && defined(__AVX2__)
    return (words)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(b));
#elif LANES == 2 && defined(__SSE2__)
    return (words)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(b));
#else
    return a * b;
#endif
}

/* As random.c's, each word in 64 bits. */
static void philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4][HNI_NORMALS]) {
    for (int at = 0; at < HNI_NORMALS; at += LANES) {
        words c[4] = {SAME(0), SAME(0) + counter[1], SAME(0) + counter[2], SAME(0) + counter[3]};
        uint32_t k0 = key[0], k1 = key[1];
        for (int i = 0; i < LANES; i++)
            c[0][i] = counter[0] + (uint32_t)(at + i);
        for (int round = 0; round < 10; round++) {
            const words a = product(c[0], 0xD2511F53u), b = product(c[2], 0xCD9E8D57u);
            c[0] = (b >> 32) ^ c[1] ^ k0;
            c[1] = b & 0xFFFFFFFFu;
            c[2] = (a >> 32) ^ c[3] ^ k1;
            c[3] = a & 0xFFFFFFFFu;
            k0 += UINT32_C(0x9E3779B9);
            k1 += UINT32_C(0xBB67AE85);
        }
        for (int w = 0; w < 4; w++)
            for (int i = 0; i < LANES; i++)
                out[w][at + i] = (uint32_t)c[w][i];
    }
}

static void box_muller(const double u[HNI_NORMALS], const double v[HNI_NORMALS], double cosine[HNI_NORMALS], double sine[HNI_NORMALS]) {
    for (int i = 0; i < HNI_NORMALS; i += LANES) {
        reals x, y, radius, c, s;
        memcpy(&x, u + i, sizeof x);
        memcpy(&y, v + i, sizeof y);
        radius = -2.0 * logarithm(x);
        for (int k = 0; k < LANES; k++)
            radius[k] = sqrt(radius[k]);
        circle(6.283185307179586 * y, &c, &s);
        c = radius * c;
        s = radius * s;
        memcpy(cosine + i, &c, sizeof c);
        memcpy(sine + i, &s, sizeof s);
    }
}

#endif
