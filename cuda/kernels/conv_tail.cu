/* conv_tail.cu - what cuDNN leaves over around a convolution: its tail (bias, batch norm of inference, sum, activation), the bias's
 * gradient, the gradient's way through a ReLU, and rounding to bfloat16. One kernel a purpose; see kernels_conv.h. */
#include <cuda_bf16.h>

#include "../kernels_conv.h"

namespace {

constexpr int THREADS = 256;
constexpr int64_t MAX_BLOCKS = 65535; /* longer tensors are walked in strides */

unsigned blocks_for(int64_t n) {
    const int64_t blocks = (n + THREADS - 1) / THREADS;
    return (unsigned)(blocks < MAX_BLOCKS ? blocks : MAX_BLOCKS);
}

__global__ void conv_tail(float *y, hni_conv_tail t) {
    const int64_t step = (int64_t)gridDim.x * blockDim.x;
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < t.count; i += step) {
        const int64_t k = i / t.pixels % t.filters;
        float v = y[i];
        if (t.bias)
            v += t.bias[k];
        if (t.gamma)
            v = (v - t.mean[k]) * (1.0f / sqrtf(t.var[k] + t.epsilon)) * t.gamma[k] + t.beta[k];
        if (t.add)
            v += t.add[i];
        if (t.activation == 1)
            v = v <= 0.0f ? 0.0f : v; /* asked this way round NaN stays NaN */
        else if (t.activation == 2)
            v = 1.0f / (1.0f + expf(-v));
        y[i] = v;
    }
}

/* Each thread sums its own numbers with a compensation, then halves of the block are added: one order for one shape. */
__global__ void bias_grad(const float *dy, float *db, int64_t n, int64_t k, int64_t pixels) {
    __shared__ float sums[THREADS];
    float sum = 0.0f, lost = 0.0f;
    const int64_t filter = blockIdx.x, count = n * pixels;
    for (int64_t i = threadIdx.x; i < count; i += THREADS) {
        const float v = __fsub_rn(dy[(i / pixels * k + filter) * pixels + i % pixels], lost);
        const float next = __fadd_rn(sum, v);
        lost = __fsub_rn(__fsub_rn(next, sum), v);
        sum = next;
    }
    sums[threadIdx.x] = sum;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if ((int)threadIdx.x < half)
            sums[threadIdx.x] += sums[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0)
        db[filter] = sums[0];
}

__global__ void relu_mask(const float *x, float *dx, int64_t n) {
    const int64_t step = (int64_t)gridDim.x * blockDim.x;
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step)
        if (x[i] <= 0.0f)
            dx[i] = 0.0f;
}

__global__ void to_bf16(const float *x, __nv_bfloat16 *y, int64_t n) {
    const int64_t step = (int64_t)gridDim.x * blockDim.x;
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step)
        y[i] = __float2bfloat16_rn(x[i]);
}

} // namespace

cudaError_t hni_kernel_conv_tail(float *y, const hni_conv_tail *tail, cudaStream_t stream) {
    conv_tail<<<blocks_for(tail->count), THREADS, 0, stream>>>(y, *tail);
    return cudaGetLastError();
}

cudaError_t hni_kernel_bias_grad(const float *dy, float *db, int64_t n, int64_t k, int64_t pixels, cudaStream_t stream) {
    bias_grad<<<(unsigned)k, THREADS, 0, stream>>>(dy, db, n, k, pixels);
    return cudaGetLastError();
}

cudaError_t hni_kernel_relu_mask(const float *x, float *dx, int64_t n, cudaStream_t stream) {
    relu_mask<<<blocks_for(n), THREADS, 0, stream>>>(x, dx, n);
    return cudaGetLastError();
}

cudaError_t hni_kernel_to_bf16(const float *x, void *y, int64_t n, cudaStream_t stream) {
    to_bf16<<<blocks_for(n), THREADS, 0, stream>>>(x, (__nv_bfloat16 *)y, n);
    return cudaGetLastError();
}
