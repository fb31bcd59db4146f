/* activation.cu - activations, and their gradients from what went out, or in (activate.h). Any may run in place: a number is read before it
 * is written. Steps are float64: the pass waits for memory anyhow. */
#include "activate.h"

typedef struct activation_args {
    int64_t n;
    int32_t activation;
    const float *x, *dy; /* x: the input; for the gradient what the activation's gradient looks at */
    float *y;
} activation_args;

HNI_KERNEL(activation, activation_args) {
    HNI_EACH(i, a.n)
        a.y[i] = (float)hni_activate((double)a.x[i], a.activation);
}

HNI_KERNEL(activation_grad, activation_args) {
    HNI_EACH(i, a.n)
        a.y[i] = (float)hni_activate_back((double)a.x[i], (double)a.dy[i], a.activation);
}

cudaError_t hni_kernel_activation(int64_t n, int32_t kind, const float *x, float *y, cudaStream_t stream) {
    activation_args args = {n, kind, x, NULL, y};
    return HNI_LAUNCH(activation, args, n, stream);
}

cudaError_t hni_kernel_activation_grad(int64_t n, int32_t kind, const float *y, const float *dy, float *dx, cudaStream_t stream) {
    activation_args args = {n, kind, y, dy, dx};
    return HNI_LAUNCH(activation_grad, args, n, stream);
}
