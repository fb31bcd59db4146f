/* dropout.cu - dropout and its gradient. Which numbers stay is a function of keys and place alone: HN_OP_DROPOUT in haemnet/backend.h. The
 * generator is hni_philox of lib/base/random.c once more, as device code; tests hold the two together. */
#include "launch.h"

/* Philox4x32-10; out: the words of numbers 4·block … 4·block + 3. */
HNI_DEVICE void philox(const uint32_t key[4], uint32_t stream, uint32_t block, uint32_t out[4]) {
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

/* A piece is one block of four numbers. */
HNI_KERNEL(dropout, hni_dropout_args) {
    const int64_t blocks = (a.size + 3) / 4;
    HNI_EACH(i, a.samples * blocks) {
        const int64_t sample = hni_divide(i, blocks), block = i - sample * blocks, first = sample * a.size + 4 * block;
        const int64_t count = a.size - 4 * block < 4 ? a.size - 4 * block : 4;
        uint32_t words[4];
        philox(a.keys + 4 * sample, a.stream, (uint32_t)block, words);
        for (int j = 0; j < 4; j++)
            if (j < count)
                a.y[first + j] = words[j] >= a.threshold ? a.x[first + j] * a.scale : 0.0f;
    }
}

cudaError_t hni_kernel_dropout(hni_dropout_args args, cudaStream_t stream) {
    return HNI_LAUNCH(dropout, args, args.samples * ((args.size + 3) / 4), stream);
}
