/* rows.h - the inner loops of the plain convolutions and poolings: a row of float32 into float64 sums.
 *
 * Fixed chunks of CHUNK numbers, so that any compiler can vectorise them at -O2; the order of additions into one sum is the same with
 * and without vectors. A product of two float32 is exact in float64, so fused multiply-add would not change a bit either. */
#ifndef HNI_BACKEND_CPU_ROWS_H
#define HNI_BACKEND_CPU_ROWS_H

#include "cpu.h"

enum {
    HNI_CPU_CHUNK = 8,   /* sums that a row's dot product runs in */
    HNI_CPU_BLOCK = 256, /* columns done at a time: the sums of a piece of a row lie on the stack */
    HNI_CPU_TAPS = 32    /* kernel taps done at a time by the weight gradient */
};

/* sum[i] += a · x[i], 0 ≤ i < n. */
static inline void hni_row_add(double *restrict sum, const float *restrict x, double a, int64_t n) {
    int64_t i = 0;
    for (; i + HNI_CPU_CHUNK <= n; i += HNI_CPU_CHUNK)
        for (int j = 0; j < HNI_CPU_CHUNK; j++)
            sum[i + j] += a * (double)x[i + j];
    for (; i < n; i++)
        sum[i] += a * (double)x[i];
}

/* lanes[i mod CHUNK] += a[i] · b[i · step], 0 ≤ i < n. */
static inline void hni_row_dot(double lanes[restrict HNI_CPU_CHUNK], const float *restrict a, const float *restrict b, int64_t step,
                               int64_t n) {
    int64_t i = 0;
    if (step == 1)
        for (; i + HNI_CPU_CHUNK <= n; i += HNI_CPU_CHUNK)
            for (int j = 0; j < HNI_CPU_CHUNK; j++)
                lanes[j] += (double)a[i + j] * (double)b[i + j];
    for (; i < n; i++)
        lanes[i % HNI_CPU_CHUNK] += (double)a[i] * (double)b[i * step];
}

static inline double hni_row_total(const double lanes[HNI_CPU_CHUNK]) {
    double total = 0.0;
    for (int j = 0; j < HNI_CPU_CHUNK; j++)
        total += lanes[j];
    return total;
}

/* A kernel tap joins output column o with input column o · stride + shift. Cuts [*first, *end) down to the outputs whose input column
 * lies in [low, high): no test of bounds is left for the inner loop. May leave it empty (*first ≥ *end). */
static inline void hni_cpu_clip(int64_t *first, int64_t *end, int64_t low, int64_t high, int64_t stride, int64_t shift) {
    const int64_t from = low - shift, to = high - 1 - shift; /* from ≤ o · stride ≤ to */
    *first = hni_cpu_max(*first, from <= 0 ? 0 : (from + stride - 1) / stride);
    *end = hni_cpu_min(*end, to < 0 ? 0 : to / stride + 1);
}

#endif
