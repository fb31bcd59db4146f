/* launch.h - what every kernel file starts with: how a kernel is defined, launched, and which numbers a thread does.
 *
 *   HNI_KERNEL(name, args) { HNI_EACH(i, a.n) … a.y[i] = …; }      a kernel has one argument, a struct called `a`
 *   return HNI_LAUNCH(name, args, work, stream);                    args: a variable; work: how many pieces there are
 *
 * A thread takes piece i, i + all threads, and so on, so a kernel is right for any grid. No kernel talks to its neighbours (no shared
 * memory, no atomics): what is summed is summed by one thread in an order that the shapes fix, a longer sum in several kernels (sum.cu).
 * So results do not depend on the launch, and the same text is compiled as C for the tests of machines without a GPU (host_launch.h). */
#ifndef HNI_CUDA_KERNELS_LAUNCH_H
#define HNI_CUDA_KERNELS_LAUNCH_H

#include <cuda_runtime_api.h>
#include <math.h>
#include <stdint.h>

#include "../kernels.h"

enum { HNI_BLOCK = 256, HNI_GRID = 65536 }; /* threads a block; blocks at most */

static inline unsigned hni_grid(int64_t work) {
    const int64_t blocks = (work + HNI_BLOCK - 1) / HNI_BLOCK;
    return blocks < (int64_t)HNI_GRID ? (unsigned)blocks : (unsigned)HNI_GRID;
}

#ifdef __CUDACC__
#define HNI_DEVICE static __device__ __forceinline__
#define HNI_KERNEL(name, args) static __global__ void __launch_bounds__(HNI_BLOCK) name(const args a)
#define HNI_LAUNCH(name, args, work, stream) hni_launch((const void *)(name), &(args), work, stream)

static inline cudaError_t hni_launch(const void *kernel, void *args, int64_t work, cudaStream_t stream) {
    void *all[] = {args};
    return cudaLaunchKernel(kernel, dim3(hni_grid(work)), dim3(HNI_BLOCK), all, 0, stream);
}
#else
#include "host_launch.h"
#endif

/* Piece i of `work` pieces, one after another for this thread. */
#define HNI_EACH(i, work) \
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < (work); i += (int64_t)gridDim.x * blockDim.x)

/* a / b for a ≥ 0, b > 0. 64-bit division is a long subroutine on a GPU; nearly all sizes fit into 32 bits. */
HNI_DEVICE int64_t hni_divide(int64_t a, int64_t b) {
    return ((a | b) >> 32) == 0 ? (int64_t)((uint32_t)a / (uint32_t)b) : a / b;
}

#endif
