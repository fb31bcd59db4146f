/* resize_avx2.c - the inner loops of a resize, compiled for AVX2. Elsewhere this file is empty. */
#include "resize_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "resize_vector.h"

typedef struct {
    __m256i low, high; /* 8 sums each */
} total;

INLINE void begin(total *s) {
    s->low = s->high = _mm256_set1_epi32(HALF);
}

INLINE void add(total *s, const uint8_t *p, int32_t w) {
    const __m256i weight = _mm256_set1_epi32(w);
    const __m256i low = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
    const __m256i high = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(p + 8)));
    s->low = _mm256_add_epi32(s->low, _mm256_mullo_epi32(low, weight));
    s->high = _mm256_add_epi32(s->high, _mm256_mullo_epi32(high, weight));
}

/* Packing clips as it should: a sum is far from 16 bits once it is shifted. It works in halves, which the permutation puts in order. */
INLINE void end(const total *s, uint8_t *p) {
    const __m256i low = _mm256_srai_epi32(s->low, HNI_RESIZE_BITS), high = _mm256_srai_epi32(s->high, HNI_RESIZE_BITS);
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
    _mm_storeu_si128((__m128i *)p, _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

#include "resize_body.h"

const hni_resize_kernels hni_resize_avx2 = {"avx2", strip, down};
#else
typedef int hni_resize_avx2_is_not_for_this_machine; /* ISO C wants a declaration */
#endif
