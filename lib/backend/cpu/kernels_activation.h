/* kernels_activation.h - activations and their gradients for one instruction set. Included once by isa_*.c, after kernels_point.h.
 *
 * Each number by itself, in float32, but for the sigmoid: its values are probabilities, and are as good as those that the losses compute in
 * float64. The rest of a row goes through the same vectors, padded, so that a number's bits do not depend on where it stands.
 * Exponentials and tanh follow Cephes (Moshier) in their polynomials; errors stay below 3 ulp. */
#include "haemnet/builder.h" /* defines: HN_ACT_… */

/* e^x: 2^k e^r, |r| ≤ ln 2 / 2; over- and underflow go the way of IEEE 754 since 2^k comes in two factors. NaN stays. */
INLINE vec exp_vec(vec x) {
    const vec high = SPLAT(89.0f), low = SPLAT(-104.0f), magic = SPLAT(12582912.0f); /* 1.5 · 2^23: a sum's last bits are the integer */
    x = choose((ivec)(x > high), high, x);
    x = choose((ivec)(x < low), low, x);
    const vec t = FMA(x, SPLAT(1.44269504088896341f), magic), k = t - magic;
    const vec r = FMA(k, SPLAT(2.12194440e-4f), FMA(k, SPLAT(-0.693359375f), x));
    vec p = FMA(r, SPLAT(1.9875691500e-4f), SPLAT(1.3981999507e-3f));
    p = FMA(p, r, SPLAT(8.3334519073e-3f));
    p = FMA(p, r, SPLAT(4.1665795894e-2f));
    p = FMA(p, r, SPLAT(1.6666665459e-1f));
    p = FMA(p, r, SPLAT(5.0000001201e-1f));
    p = FMA(p, r * r, r) + SPLAT(1.0f);
    const ivec n = (ivec)t - (ivec)magic, half = n >> 1;
    return p * (vec)((half + 127) << 23) * (vec)((n - half + 127) << 23);
}

INLINE vec tanh_vec(vec x) {
    const ivec sign = (ivec)x & (ivec)SPLAT(-0.0f);
    const vec size = (vec)((ivec)x ^ sign), z = x * x;
    const vec far = SPLAT(1.0f) - SPLAT(2.0f) / (exp_vec(size + size) + SPLAT(1.0f));
    vec p = FMA(z, SPLAT(-5.70498872745e-3f), SPLAT(2.06390887954e-2f));
    p = FMA(p, z, SPLAT(-5.37397155531e-2f));
    p = FMA(p, z, SPLAT(1.33314422036e-1f));
    p = FMA(p, z, SPLAT(-3.33332819422e-1f));
    return choose((ivec)(size < SPLAT(0.625f)), FMA(p * z, x, x), (vec)((ivec)far | sign));
}

INLINE vec relu6_vec(vec x) {
    x = relu_vec(x);
    return choose((ivec)(x >= SPLAT(6.0f)), SPLAT(6.0f), x);
}
INLINE vec silu_vec(vec x) { return x / (SPLAT(1.0f) + exp_vec(-x)); }
INLINE vec hard_swish_vec(vec x) {
    const vec inside = x * (x + SPLAT(3.0f)) * SPLAT(0.16666667163372039795f);
    return choose((ivec)(x <= SPLAT(-3.0f)), SPLAT(0.0f), choose((ivec)(x >= SPLAT(3.0f)), x, inside));
}

/* float64 in vectors of as many bytes; two make one of float32. The terms of hni_exp. */
typedef double dvec __attribute__((vector_size(HNI_W * 4)));
typedef int64_t lvec __attribute__((vector_size(HNI_W * 4)));
typedef float half_vec __attribute__((vector_size(HNI_W * 2)));

INLINE dvec sigmoid_half(half_vec x) {
    const dvec magic = (dvec){0} + 6755399441055744.0, most = (dvec){0} + 709.0, least = (dvec){0} - 700.0; /* 1.5 · 2^52; beyond, nothing changes */
    dvec a = -__builtin_convertvector(x, dvec);
    a = (dvec)(((lvec)most & (lvec)(a > most)) | ((lvec)a & ~(lvec)(a > most)));
    a = (dvec)(((lvec)least & (lvec)(a < least)) | ((lvec)a & ~(lvec)(a < least)));
    const dvec s = a * 1.44269504088896338700 + magic, k = s - magic;
    const dvec high = a - k * 6.93147180369123816490e-01, low = k * 1.90821492927058770002e-10, r = high - low, t = r * r;
    const dvec c = r - t * (1.66666666666666019037e-01 +
                            t * (-2.77777777770155933842e-03 +
                                 t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
    const dvec y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    return 1.0 / (1.0 + y * (dvec)(((lvec)s - (lvec)magic + 1023) << 52));
}

INLINE vec sigmoid_vec(vec x) {
    half_vec parts[2];
    memcpy(parts, &x, sizeof parts);
    for (int i = 0; i < 2; i++)
        parts[i] = __builtin_convertvector(sigmoid_half(parts[i]), half_vec);
    memcpy(&x, parts, sizeof parts);
    return x;
}

/* y = f(x) for all n. */
#define ACTIVATE_ALL(f)                                     \
    {                                                       \
        for (; i + HNI_W <= n; i += HNI_W)                  \
            STORE(y + i, f(LOAD(x + i)));                   \
        if (i < n) {                                        \
            float rest[HNI_W] = {0.0f};                     \
            memcpy(rest, x + i, (size_t)(n - i) * sizeof *x); \
            STORE(rest, f(LOAD(rest)));                     \
            memcpy(y + i, rest, (size_t)(n - i) * sizeof *y); \
        }                                                   \
    }

static void activate(float *y, const float *x, int64_t n, int32_t activation) {
    int64_t i = 0;
    switch (activation) {
    case HN_ACT_SIGMOID:
        ACTIVATE_ALL(sigmoid_vec)
        break;
    case HN_ACT_RELU6:
        ACTIVATE_ALL(relu6_vec)
        break;
    case HN_ACT_SILU:
        ACTIVATE_ALL(silu_vec)
        break;
    case HN_ACT_HARD_SWISH:
        ACTIVATE_ALL(hard_swish_vec)
        break;
    case HN_ACT_TANH:
        ACTIVATE_ALL(tanh_vec)
        break;
    default:
        ACTIVATE_ALL(relu_vec)
    }
}

/* dx from dy and v: the activation's output, for SiLU and hard-swish its input. */
INLINE vec relu6_back(vec v, vec dy) {
    const ivec flat = (ivec)(v <= SPLAT(0.0f)) | (ivec)(v >= SPLAT(6.0f));
    return (vec)((ivec)dy & ~flat);
}
INLINE vec sigmoid_back(vec v, vec dy) { return dy * v * (SPLAT(1.0f) - v); }
INLINE vec silu_back(vec v, vec dy) {
    const vec one = SPLAT(1.0f), s = one / (one + exp_vec(-v));
    return dy * (s * FMA(v, one - s, one));
}
INLINE vec hard_swish_back(vec v, vec dy) {
    const vec inside = dy * (FMA(v, SPLAT(2.0f), SPLAT(3.0f)) * SPLAT(0.16666667163372039795f));
    return choose((ivec)(v <= SPLAT(-3.0f)), SPLAT(0.0f), choose((ivec)(v >= SPLAT(3.0f)), dy, inside));
}
INLINE vec tanh_back(vec v, vec dy) { return dy * FMA(-v, v, SPLAT(1.0f)); }
INLINE vec relu_back(vec v, vec dy) { return relu_mask(dy, v); }

#define ACTIVATE_BACK_ALL(f)                                    \
    {                                                           \
        for (; i + HNI_W <= n; i += HNI_W)                      \
            STORE(dx + i, f(LOAD(v + i), LOAD(dy + i)));        \
        if (i < n) {                                            \
            float rest[2][HNI_W] = {{0.0f}};                    \
            memcpy(rest[0], v + i, (size_t)(n - i) * sizeof *v);  \
            memcpy(rest[1], dy + i, (size_t)(n - i) * sizeof *dy); \
            STORE(rest[1], f(LOAD(rest[0]), LOAD(rest[1])));    \
            memcpy(dx + i, rest[1], (size_t)(n - i) * sizeof *dx); \
        }                                                       \
    }

static void activate_back(float *dx, const float *v, const float *dy, int64_t n, int32_t activation) {
    int64_t i = 0;
    switch (activation) {
    case HN_ACT_SIGMOID:
        ACTIVATE_BACK_ALL(sigmoid_back)
        break;
    case HN_ACT_RELU6:
        ACTIVATE_BACK_ALL(relu6_back)
        break;
    case HN_ACT_SILU:
        ACTIVATE_BACK_ALL(silu_back)
        break;
    case HN_ACT_HARD_SWISH:
        ACTIVATE_BACK_ALL(hard_swish_back)
        break;
    case HN_ACT_TANH:
        ACTIVATE_BACK_ALL(tanh_back)
        break;
    default:
        ACTIVATE_BACK_ALL(relu_back)
    }
}

#define ACTIVATION_TABLE .activate = activate, .activate_back = activate_back
