/* add.cu - the sum of two tensors; in place over the first if so wished. */
#include "launch.h"

typedef struct add_args {
    int64_t n;
    const float *left, *right;
    float *sum;
} add_args;

HNI_KERNEL(add, add_args) {
    HNI_EACH(i, a.n)
        a.sum[i] = a.left[i] + a.right[i];
}

cudaError_t hni_kernel_add(int64_t n, const float *left, const float *right, float *sum, cudaStream_t stream) {
    add_args args = {n, left, right, sum};
    return HNI_LAUNCH(add, args, n, stream);
}
