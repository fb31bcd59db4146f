/* host_launch.h - CUDA's launch for a C compiler, so that tests run every line of the kernels without a GPU. Never in the plug-in: there
 * nvcc compiles the kernels and this file is not seen.
 *
 * hni_host_launch is the tests' own (tests/cuda/fake/launch.c): it runs `body` once for every thread of the grid, with blockIdx and the
 * others set, when the stream gets there. __global__ and __device__ are nothing to a host compiler already. */
#ifndef HNI_CUDA_KERNELS_HOST_LAUNCH_H
#define HNI_CUDA_KERNELS_HOST_LAUNCH_H

#include <cuda_runtime_api.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
/* Where the running thread is in its grid. */
extern __thread struct hni_host_place {
    uint3 thread, block, block_size, grid_size;
} hni_host_place;
#define threadIdx hni_host_place.thread
#define blockIdx hni_host_place.block
#define blockDim hni_host_place.block_size
#define gridDim hni_host_place.grid_size

cudaError_t hni_host_launch(void (*body)(const void *args), const void *args, size_t size, unsigned grid, unsigned block,
                            cudaStream_t stream);
#ifdef __cplusplus
}
#endif

#define HNI_DEVICE static inline
#define HNI_KERNEL(name, args)                       \
    static void name##_thread(const args a);         \
    static void name(const void *all) {              \
        name##_thread(*(const args *)all);           \
    }                                                \
    static void name##_thread(const args a)
#define HNI_LAUNCH(name, args, work, stream) hni_host_launch(name, &(args), sizeof(args), hni_grid(work), HNI_BLOCK, stream)

#endif
