/* cast.cu - float32 to bfloat16, for the inputs of matrix products when the caller asked for bf16. By the bits, so that the host's compiler,
 * which has no such type, can check it. */
#include <string.h>

#include "launch.h"

typedef struct cast_args {
    int64_t n;
    const float *x;
    uint16_t *y;
} cast_args;

HNI_DEVICE uint16_t to_bf16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) /* NaN: rounding might carry it into infinity */
        return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

HNI_KERNEL(cast_bf16, cast_args) {
    HNI_EACH(i, a.n)
        a.y[i] = to_bf16(a.x[i]);
}

cudaError_t hni_kernel_cast_bf16(int64_t n, const float *x, uint16_t *y, cudaStream_t stream) {
    cast_args args = {n, x, y};
    return HNI_LAUNCH(cast_bf16, args, n, stream);
}
