/* vectors.cu - what training does with all gradients or weights at once: accumulation, a running average, clipping. Any may run in place. The
 * one number beside the vectors lies on the device, since it is new in every step and a recorded step cannot be told it otherwise. */
#include "sum.h"

HNI_KERNEL(accumulate, hni_vectors_args) {
    HNI_EACH(i, a.n)
        a.y[i] = (float)((double)a.x[i] + *a.number * (double)a.other[i]);
}

HNI_KERNEL(average, hni_vectors_args) {
    HNI_EACH(i, a.n)
        a.y[i] = (float)(*a.number * (double)a.x[i] + (1.0 - *a.number) * (double)a.other[i]);
}

cudaError_t hni_kernel_accumulate(hni_vectors_args args, cudaStream_t stream) {
    return HNI_LAUNCH(accumulate, args, args.n, stream);
}

cudaError_t hni_kernel_average(hni_vectors_args args, cudaStream_t stream) {
    return HNI_LAUNCH(average, args, args.n, stream);
}

typedef struct clip_step {
    hni_vectors_args vectors;
    hni_sum_rest rest; /* Σ x² */
} clip_step;

/* PyTorch's clip_grad_norm_. A norm that is not finite says nothing about a good length, and no limit is none. */
HNI_KERNEL(clip, clip_step) {
    HNI_EACH(i, a.vectors.n) {
        const double norm = sqrt(hni_sum_total(a.rest, 0)), limit = *a.vectors.number, factor = limit / (norm + 1e-6);
        const int clips = limit > 0.0 && norm - norm == 0.0 && factor < 1.0;
        a.vectors.y[i] = (float)((double)a.vectors.x[i] * (clips ? factor : 1.0));
        if (i == 0)
            *a.vectors.norm = norm;
    }
}

cudaError_t hni_kernel_clip(hni_vectors_args args, cudaStream_t stream) {
    clip_step a = {args, {NULL, 0}};
    const hni_sum_rest nothing = {NULL, 0};
    const hni_sum_layout all = {1, args.n, args.n, 0, args.n, hni_sum_lanes(1, args.n)};
    const cudaError_t code = hni_kernel_sum_squares(all, args.x, nothing, args.workspace, &a.rest, stream);
    return code == cudaSuccess ? HNI_LAUNCH(clip, a, args.n, stream) : code;
}
