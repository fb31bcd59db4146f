/* matmul.h - one prepared matrix product by cuBLASLt, in this library's row-major terms: out = left · right + bias. No activation:
 * cuBLASLt's ReLU makes 0 of NaN, and a network that has gone wrong must not look well. */
#ifndef HNI_CUDA_MATMUL_H
#define HNI_CUDA_MATMUL_H

#include "cuda.h"

/* out[rows,columns] = left[rows,depth] · right[depth,columns] (+ bias[columns]). left_t: left is stored as [depth,rows]; right_t: right is
 * stored as [columns,depth]. */
typedef struct hni_cuda_product {
    int64_t rows, columns, depth;
    bool left_t, right_t, bias;
    bool right_stays; /* weights of a network that only predicts */
} hni_cuda_product;

typedef struct hni_cuda_matmul {
    hni_cuda_product product;
    cublasLtMatmulDesc_t desc; /* NULL: not planned */
    cublasLtMatrixLayout_t left, right, out;
    cublasLtMatmulAlgo_t algo;
    bool bf16;                          /* inputs are rounded first: in the workspace, or what stays in memory of its own */
    hni_cuda_rounded kept;              /* right, if it stays */
    uint64_t cast_left, cast_right, lt; /* offsets in the workspace, bytes */
    uint64_t lt_size;                   /* cuBLASLt's own part, bytes */
    uint64_t workspace;                 /* bytes in all; the call may bring it at any multiple of 64 */
} hni_cuda_matmul;

/* Chooses an algorithm for device->precision, or for more precision where cuBLASLt has none; never for less. HN_E_UNSUPPORTED if it has
 * none at all. After a failure nothing is held. */
hn_status hni_cuda_matmul_plan(hni_cuda_device *device, const hni_cuda_product *product, hni_cuda_matmul *out, hn_error *err);
/* All pointers are device memory, float32; bias NULL if the product has none. kept: right, if it stays, is what it was at the last run. */
hn_status hni_cuda_matmul_run(hni_cuda_device *device, hni_cuda_matmul *m, const float *left, const float *right, const float *bias,
                              float *out, void *workspace, bool kept, cudaStream_t stream, hn_error *err);
void hni_cuda_matmul_drop(hni_cuda_device *device, hni_cuda_matmul *m); /* one that was never planned is fine */

#endif
