/* kernels_conv.h - own device code that conv.c needs around cuDNN's convolution: its definitions are in kernels/conv_tail.cu.
 *
 * The stream is the device's own. Each call enqueues one kernel and gives the launch's code; nothing waits. No kernel uses atomic sums, so
 * the same input gives the same bits. */
#ifndef HNI_CUDA_KERNELS_CONV_H
#define HNI_CUDA_KERNELS_CONV_H

#include <cuda_runtime_api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What follows a convolution, per filter or per number; NULL = not there. Device pointers. */
typedef struct hni_conv_tail {
    const float *bias;                      /* [K] */
    const float *gamma, *beta, *mean, *var; /* [K], all or none */
    const float *add;                       /* [N, K, H, W] */
    float epsilon;
    int32_t activation;                     /* HN_ACT_…; NaN stays NaN */
    int64_t filters, pixels, count;         /* K, H·W, N·K·H·W */
} hni_conv_tail;

/* In place: y = activation(norm(y + bias) + add). */
cudaError_t hni_kernel_conv_tail(float *y, const hni_conv_tail *tail, cudaStream_t stream);

/* db[k] = Σ over n and pixels of dy[n][k]; pairwise within a block, one block a filter. */
cudaError_t hni_kernel_bias_grad(const float *dy, float *db, int64_t n, int64_t k, int64_t pixels, cudaStream_t stream);

/* In place: dx = 0 where x ≤ 0 (NaN in x lets the gradient through). */
cudaError_t hni_kernel_relu_mask(const float *x, float *dx, int64_t n, cudaStream_t stream);

/* y = x rounded to bfloat16, to the nearest even; y has 2 bytes a number. */
cudaError_t hni_kernel_to_bf16(const float *x, void *y, int64_t n, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
