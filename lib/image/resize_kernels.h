/* resize_kernels.h - the two inner loops of a resize in vectors, 16 sums at a time, once for each instruction set.
 *
 * Whole numbers only, so every instruction set gives the same ones. Where there are none, and
 * for what is too small or too wide for them, resize.c has plain loops. */
#ifndef HNI_IMAGE_RESIZE_KERNELS_H
#define HNI_IMAGE_RESIZE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    HNI_RESIZE_BITS = 32 - 8 - 2, /* of a weight, behind the point: 8 bits of pixel, 2 of headroom, as in Pillow */
    HNI_RESIZE_LANES = 16,        /* rows of a strip; samples at a time in the vertical pass */
    HNI_RESIZE_WINDOW = 512       /* samples of a row, all channels counted, that one new position of a strip may look at */
};

/* For each new position of a side: where its source samples begin, how many they are, and their weights, `taps` apart. */
typedef struct hni_resize_filter {
    int32_t taps;
    int32_t *first, *count;
    int32_t *weight;
} hni_resize_filter;

typedef struct hni_resize_kernels {
    const char *name;
    /* Horizontal: 16 rows of `in` ≥ 16 samples → 16 rows of to · channels; taps · channels ≤ HNI_RESIZE_WINDOW. */
    void (*strip)(const uint8_t *src, size_t in, int32_t channels, uint8_t *dst, int32_t to, const hni_resize_filter *f);
    /* Vertical: n rows of `row` ≥ 16 samples → one row. */
    void (*down)(const uint8_t *src, size_t row, const int32_t *weight, int32_t n, uint8_t *dst);
} hni_resize_kernels;

/* Those that this processor can run, the fastest first; `index` counts from 0, behind the last comes NULL, which may be the first. */
const hni_resize_kernels *hni_resize_kernels_at(int index);

#if defined(__x86_64__)
extern const hni_resize_kernels hni_resize_avx2;
#endif

static inline uint8_t hni_resize_clip(int32_t sum) {
    sum >>= HNI_RESIZE_BITS;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

#endif
