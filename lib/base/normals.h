/* normals.h - random words, and Box and Muller's transform of them, for many draws at once: in vectors, once for each instruction set.
 *
 * What is done to each number is what hni_philox, hni_log, hni_cos and hni_sin do, operation by operation, so that all give the same bits; tests hold
 * them to that. */
#ifndef HNI_BASE_NORMALS_H
#define HNI_BASE_NORMALS_H

#include <stdint.h>

enum { HNI_NORMALS = 32 }; /* at once */

typedef struct hni_normal_kernels {
    const char *name;
    /* out[w][i] = word w of the Philox block with counter[0] + i, which wraps as the counter does. */
    void (*philox)(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4][HNI_NORMALS]);
    /* cosine[i] = √(-2 log u[i]) · cos(2π v[i]), sine[i] the same with the sine. 0 < u ≤ 1 and normal, 0 ≤ v < 1. */
    void (*box_muller)(const double u[HNI_NORMALS], const double v[HNI_NORMALS], double cosine[HNI_NORMALS], double sine[HNI_NORMALS]);
} hni_normal_kernels;

/* Those that this processor can run, the fastest first; `index` counts from 0, behind the last comes NULL. */
const hni_normal_kernels *hni_normal_kernels_at(int index);

#if defined(__x86_64__)
extern const hni_normal_kernels hni_normals_avx2;
#endif

#endif
