/* philox.h - the generator behind dropout and the noise of augmentation, for kernels: hni_philox of lib/base/random.c once more. Tests hold the
 * two together. */
#ifndef HNI_CUDA_KERNELS_PHILOX_H
#define HNI_CUDA_KERNELS_PHILOX_H

#include "launch.h"

/* Philox4x32-10 with the counter {block, stream, key[2], key[3]}. */
HNI_DEVICE void hni_philox_words(const uint32_t key[4], uint32_t stream, uint32_t block, uint32_t out[4]) {
    uint32_t k0 = key[0], k1 = key[1], c0 = block, c1 = stream, c2 = key[2], c3 = key[3];
    for (int round = 0; round < 10; round++) {
        const uint64_t x = (uint64_t)0xD2511F53u * c0, y = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(y >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)y;
        c2 = (uint32_t)(x >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)x;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

#endif
