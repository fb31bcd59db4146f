/* jpeg_kernels.c - YCbCr → RGB in stb_image's own arithmetic, plain and for AVX2.
 *
 * stb_image does four-byte pixels in vectors and three-byte ones, which are ours, one by one: a quarter of the time of decoding a colour
 * JPEG. The formulas are cut to the bits of its 20-bit numbers that matter; in vectors they round as those do, since a shift by 8 and one
 * by 4 more round down as one by 12 does. */
#include "jpeg_kernels.h"

static uint8_t clip(int x) {
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

static void colour_plainly(uint8_t *out, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, size_t count) {
    for (size_t i = 0; i < count; i++, out += 3) {
        const int base = y[i] * 4096 + 2048, u = cb[i] - 128, v = cr[i] - 128;
        out[0] = clip((base + 5743 * v) >> 12);                           /* 1.40200 */
        out[1] = clip((base - 2925 * v + (-1410 * u >> 8) * 256) >> 12); /* 0.71414, 0.34414 */
        out[2] = clip((base + 7258 * u) >> 12);                           /* 1.77200 */
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

enum { STEP = 16 }; /* pixels at a time */

/* Three vectors of 16 samples → 16 pixels. Each third of the output takes its bytes from all three. */
AVX2 static inline void store_pixels(uint8_t *out, __m128i r, __m128i g, __m128i b) {
    static const int8_t from[3][3][16] = {{{0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5},
                                           {-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1},
                                           {-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1}},
                                          {{-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1},
                                           {5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10},
                                           {-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1}},
                                          {{-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1},
                                           {-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1},
                                           {10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15}}};
    for (int i = 0; i < 3; i++) {
        const __m128i *m = (const __m128i *)from[i];
        const __m128i rg = _mm_or_si128(_mm_shuffle_epi8(r, _mm_loadu_si128(m)), _mm_shuffle_epi8(g, _mm_loadu_si128(m + 1)));
        _mm_storeu_si128((__m128i *)out + i, _mm_or_si128(rg, _mm_shuffle_epi8(b, _mm_loadu_si128(m + 2))));
    }
}

/* 16 chroma samples, less 128, times 256. */
AVX2 static inline __m256i chroma(const uint8_t *p) {
    const __m256i wide = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
    return _mm256_slli_epi16(_mm256_sub_epi16(wide, _mm256_set1_epi16(128)), 8);
}

/* 12-bit fixed point to samples; the second 8 of what packing leaves in the wrong half are put right. */
AVX2 static inline __m128i samples(__m256i x) {
    const __m256i whole = _mm256_srai_epi16(x, 4);
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi16(whole, whole), 0x08));
}

AVX2 static inline void convert(uint8_t *out, const uint8_t *y, const uint8_t *cb, const uint8_t *cr) {
    const __m256i luma = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)y));
    const __m256i base = _mm256_add_epi16(_mm256_slli_epi16(luma, 4), _mm256_set1_epi16(8)), u = chroma(cb), v = chroma(cr);
    const __m256i r = _mm256_add_epi16(base, _mm256_mulhi_epi16(v, _mm256_set1_epi16(5743)));      /* 1.40200 */
    const __m256i g = _mm256_add_epi16(_mm256_add_epi16(base, _mm256_mulhi_epi16(u, _mm256_set1_epi16(-1410))), /* 0.34414 */
                                       _mm256_mulhi_epi16(v, _mm256_set1_epi16(-2925)));           /* 0.71414 */
    const __m256i b = _mm256_add_epi16(base, _mm256_mulhi_epi16(u, _mm256_set1_epi16(7258)));      /* 1.77200 */
    store_pixels(out, samples(r), samples(g), samples(b));
}

/* Of rows that do not come out even, the last 16 pixels are done once more. */
AVX2 static void colour_avx2(uint8_t *out, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, size_t count) {
    if (count < STEP) {
        colour_plainly(out, y, cb, cr, count);
        return;
    }
    for (size_t i = 0; i < count; i += STEP) {
        const size_t at = i < count - STEP ? i : count - STEP;
        convert(out + 3 * at, y + at, cb + at, cr + at);
    }
}

#endif

hni_jpeg_colour_fn *hni_jpeg_colours(int index) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && index-- == 0)
        return colour_avx2;
#endif
    return index == 0 ? colour_plainly : NULL;
}
