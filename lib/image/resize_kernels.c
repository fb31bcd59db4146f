/* resize_kernels.c - the inner loops of a resize for what every x86-64 and every 64-bit Arm has, and the choice among those that there are.
 *
 * Intrinsics, because gcc 12 takes a vector of bytes apart, one by one, where the source asks it to be widened. */
#include "resize_kernels.h"

#if defined(__x86_64__)
#include <emmintrin.h>

#include "resize_vector.h"
#define NAME "sse2"

typedef struct {
    __m128i a, b, c, d; /* 4 sums each */
} total;

INLINE void begin(total *s) {
    s->a = s->b = s->c = s->d = _mm_set1_epi32(HALF);
}

/* The one product of this width takes pairs of 16 bits: p · w is p · low + (128 · p) · high. A weight of 1 needs a low of 128. */
INLINE void add(total *s, const uint8_t *p, int32_t w) {
    const int32_t high = w >> 7 < 32767 ? w >> 7 : 32767, low = w - (high << 7);
    const __m128i weight = _mm_set1_epi32(high << 16 | low), none = _mm_setzero_si128(), v = _mm_loadu_si128((const __m128i *)p);
    const __m128i ab = _mm_unpacklo_epi8(v, none), cd = _mm_unpackhi_epi8(v, none);
    const __m128i ab128 = _mm_slli_epi16(ab, 7), cd128 = _mm_slli_epi16(cd, 7);
    s->a = _mm_add_epi32(s->a, _mm_madd_epi16(_mm_unpacklo_epi16(ab, ab128), weight));
    s->b = _mm_add_epi32(s->b, _mm_madd_epi16(_mm_unpackhi_epi16(ab, ab128), weight));
    s->c = _mm_add_epi32(s->c, _mm_madd_epi16(_mm_unpacklo_epi16(cd, cd128), weight));
    s->d = _mm_add_epi32(s->d, _mm_madd_epi16(_mm_unpackhi_epi16(cd, cd128), weight));
}

/* Packing clips as it should: a sum is far from 16 bits once it is shifted. */
INLINE void end(const total *s, uint8_t *p) {
    const __m128i a = _mm_srai_epi32(s->a, HNI_RESIZE_BITS), b = _mm_srai_epi32(s->b, HNI_RESIZE_BITS);
    const __m128i c = _mm_srai_epi32(s->c, HNI_RESIZE_BITS), d = _mm_srai_epi32(s->d, HNI_RESIZE_BITS);
    _mm_storeu_si128((__m128i *)p, _mm_packus_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d)));
}

#include "resize_body.h"
#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>

#include "resize_vector.h"
#define NAME "neon"

typedef struct {
    int32x4_t a, b, c, d; /* 4 sums each */
} total;

INLINE void begin(total *s) {
    s->a = s->b = s->c = s->d = vdupq_n_s32(HALF);
}

INLINE void add(total *s, const uint8_t *p, int32_t w) {
    const uint8x16_t v = vld1q_u8(p);
    const uint16x8_t ab = vmovl_u8(vget_low_u8(v)), cd = vmovl_u8(vget_high_u8(v));
    s->a = vmlaq_n_s32(s->a, vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(ab))), w);
    s->b = vmlaq_n_s32(s->b, vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(ab))), w);
    s->c = vmlaq_n_s32(s->c, vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(cd))), w);
    s->d = vmlaq_n_s32(s->d, vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(cd))), w);
}

/* Narrowing clips as it should. */
INLINE void end(const total *s, uint8_t *p) {
    const uint16x4_t a = vqmovun_s32(vshrq_n_s32(s->a, HNI_RESIZE_BITS)), b = vqmovun_s32(vshrq_n_s32(s->b, HNI_RESIZE_BITS));
    const uint16x4_t c = vqmovun_s32(vshrq_n_s32(s->c, HNI_RESIZE_BITS)), d = vqmovun_s32(vshrq_n_s32(s->d, HNI_RESIZE_BITS));
    vst1q_u8(p, vcombine_u8(vqmovn_u16(vcombine_u16(a, b)), vqmovn_u16(vcombine_u16(c, d))));
}

#include "resize_body.h"
#endif

const hni_resize_kernels *hni_resize_kernels_at(int index) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && index-- == 0)
        return &hni_resize_avx2;
#endif
#ifdef NAME
    static const hni_resize_kernels everywhere = {NAME, strip, down};
    if (index-- == 0)
        return &everywhere;
#endif
    (void)index;
    return NULL;
}
