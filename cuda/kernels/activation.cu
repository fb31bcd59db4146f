/* activation.cu - ReLU and sigmoid, and the gradients from their outputs. Any may run in place: a number is read before it is written. */
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "launch.h"

typedef struct activation_args {
    int64_t n;
    int32_t activation;
    const float *x, *dy; /* x: the input; for the gradient the activation's output */
    float *y;
} activation_args;

/* Asked this way round NaN stays NaN. */
HNI_DEVICE float activate(float x, int32_t activation) {
    if (activation == HN_ACT_RELU)
        return x <= 0.0f ? 0.0f : x;
    return activation == HN_ACT_SIGMOID ? (float)(1.0 / (1.0 + exp(-(double)x))) : x;
}

HNI_KERNEL(activation, activation_args) {
    HNI_EACH(i, a.n)
        a.y[i] = activate(a.x[i], a.activation);
}

HNI_KERNEL(activation_grad, activation_args) {
    HNI_EACH(i, a.n) {
        const float y = a.x[i], dy = a.dy[i];
        if (a.activation == HN_ACT_RELU)
            a.y[i] = y <= 0.0f ? 0.0f : dy;
        else
            a.y[i] = (float)((double)dy * (double)y * (1.0 - (double)y));
    }
}

cudaError_t hni_kernel_activation(int64_t n, int32_t kind, const float *x, float *y, cudaStream_t stream) {
    activation_args args = {n, kind, x, NULL, y};
    return HNI_LAUNCH(activation, args, n, stream);
}

cudaError_t hni_kernel_activation_grad(int64_t n, int32_t kind, const float *y, const float *dy, float *dx, cudaStream_t stream) {
    activation_args args = {n, kind, y, dy, dx};
    return HNI_LAUNCH(activation_grad, args, n, stream);
}
