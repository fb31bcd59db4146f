/* vector.h - the vector type of the instruction set that this file is compiled for: its width, loads, stores, fused multiply-add.
 *
 * Included by isa_*.c before the kernels, which are written once in these words. HNI_W is the machine's width in floats; the virtual width
 * is 16 lanes everywhere, so HNI_PARTS vectors make one. Plain C fuses in software where the machine cannot: slow, and the same bits. */
#ifndef HNI_BACKEND_CPU_VECTOR_H
#define HNI_BACKEND_CPU_VECTOR_H

#include <stdint.h>
#include <string.h>

#if defined(HNI_ISA_AVX512)
#include <immintrin.h>
#define HNI_W 16
#elif defined(HNI_ISA_AVX2)
#include <immintrin.h>
#define HNI_W 8
#else
#if defined(HNI_ISA_NEON)
#include <arm_neon.h>
#endif
#define HNI_W 4
#endif
#define HNI_PARTS (HNI_CPU_LANES / HNI_W)

typedef float vec __attribute__((vector_size(HNI_W * 4)));
typedef int32_t ivec __attribute__((vector_size(HNI_W * 4)));
typedef float vec_mem __attribute__((vector_size(HNI_W * 4), aligned(4), may_alias)); /* as it lies in memory */

#define LOAD(p) ((vec) * (const vec_mem *)(p))
#define STORE(p, v) (*(vec_mem *)(p) = (vec_mem)(v))
#define INLINE static inline __attribute__((always_inline))

#if defined(HNI_ISA_AVX512)
#define FMA(a, b, c) ((vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define SPLAT(x) ((vec)_mm512_set1_ps(x))
#elif defined(HNI_ISA_AVX2)
#define FMA(a, b, c) ((vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define SPLAT(x) ((vec)_mm256_set1_ps(x))
#elif defined(HNI_ISA_NEON)
#define FMA(a, b, c) ((vec)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define SPLAT(x) ((vec)vdupq_n_f32(x))
#else
#ifdef __FP_FAST_FMAF
#define FMA1(a, b, c) __builtin_fmaf(a, b, c)
#define FMA_LINKAGE INLINE
#else
#define FMA_LINKAGE static __attribute__((noinline, unused)) /* in line, the hundreds of uses take the compiler minutes */
/* a · b is exact in float64 (48 bits). The sum is rounded to odd there, after which rounding to float32 is as if there had been one
 * rounding only (Boldo & Melquiond 2008). Infinite and NaN sums need nothing. */
static inline float FMA1(float a, float b, float c) {
    const double p = (double)a * (double)b, z = (double)c, s = p + z;
    const double zz = s - p, lost = (p - (s - zz)) + (z - zz);
    uint64_t bits;
    memcpy(&bits, &s, sizeof bits);
    if (lost != 0.0 && lost == lost && (bits & 1) == 0) {
        bits += (lost > 0.0) == (s > 0.0) ? 1 : (uint64_t)-1;
        double odd;
        memcpy(&odd, &bits, sizeof odd);
        return (float)odd;
    }
    return (float)s;
}
#endif
FMA_LINKAGE vec FMA(vec a, vec b, vec c) {
    vec r = {0};
    for (int i = 0; i < HNI_W; i++)
        r[i] = FMA1(a[i], b[i], c[i]);
    return r;
}
INLINE vec SPLAT(float x) {
    vec r = {0};
    for (int i = 0; i < HNI_W; i++)
        r[i] = x;
    return r;
}
#endif

/* Repetition: REPn(M, …) is M(0, …) … M(n-1, …). Named variables and not arrays, so that every compiler keeps them in registers. */
#define REP1(M, ...) M(0, __VA_ARGS__)
#define REP2(M, ...) REP1(M, __VA_ARGS__) M(1, __VA_ARGS__)
#define REP3(M, ...) REP2(M, __VA_ARGS__) M(2, __VA_ARGS__)
#define REP4(M, ...) REP3(M, __VA_ARGS__) M(3, __VA_ARGS__)
#define REP5(M, ...) REP4(M, __VA_ARGS__) M(4, __VA_ARGS__)
#define REP6(M, ...) REP5(M, __VA_ARGS__) M(5, __VA_ARGS__)
#define REP7(M, ...) REP6(M, __VA_ARGS__) M(6, __VA_ARGS__)
#define REP8(M, ...) REP7(M, __VA_ARGS__) M(7, __VA_ARGS__)
#define REP9(M, ...) REP8(M, __VA_ARGS__) M(8, __VA_ARGS__)
#define REP10(M, ...) REP9(M, __VA_ARGS__) M(9, __VA_ARGS__)
#define REP11(M, ...) REP10(M, __VA_ARGS__) M(10, __VA_ARGS__)
#define REP12(M, ...) REP11(M, __VA_ARGS__) M(11, __VA_ARGS__)
#define REP13(M, ...) REP12(M, __VA_ARGS__) M(12, __VA_ARGS__)
#define REP14(M, ...) REP13(M, __VA_ARGS__) M(13, __VA_ARGS__)
/* A second set, since a macro does not expand inside itself. */
#define ALSO1(M, ...) M(0, __VA_ARGS__)
#define ALSO2(M, ...) ALSO1(M, __VA_ARGS__) M(1, __VA_ARGS__)
#define ALSO3(M, ...) ALSO2(M, __VA_ARGS__) M(2, __VA_ARGS__)
#define ALSO4(M, ...) ALSO3(M, __VA_ARGS__) M(3, __VA_ARGS__)
#define ALSO5(M, ...) ALSO4(M, __VA_ARGS__) M(4, __VA_ARGS__)
#define ALSO6(M, ...) ALSO5(M, __VA_ARGS__) M(5, __VA_ARGS__)
#define ALSO8(M, ...) ALSO6(M, __VA_ARGS__) M(6, __VA_ARGS__) M(7, __VA_ARGS__)

#endif
