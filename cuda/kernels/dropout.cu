/* dropout.cu - dropout and its gradient. Which numbers stay is a function of keys and place alone: HN_OP_DROPOUT in haemnet/backend.h. */
#include "philox.h"

/* A piece is one block of four numbers. */
HNI_KERNEL(dropout, hni_dropout_args) {
    const int64_t blocks = (a.size + 3) / 4;
    HNI_EACH(i, a.samples * blocks) {
        const int64_t sample = hni_divide(i, blocks), block = i - sample * blocks, first = sample * a.size + 4 * block;
        const int64_t count = a.size - 4 * block < 4 ? a.size - 4 * block : 4;
        uint32_t words[4];
        hni_philox_words(a.keys + 4 * sample, a.stream, (uint32_t)block, words);
        for (int j = 0; j < 4; j++)
            if (j < count)
                a.y[first + j] = words[j] >= a.threshold ? a.x[first + j] * a.scale : 0.0f;
    }
}

cudaError_t hni_kernel_dropout(hni_dropout_args args, cudaStream_t stream) {
    return HNI_LAUNCH(dropout, args, args.samples * ((args.size + 3) / 4), stream);
}
