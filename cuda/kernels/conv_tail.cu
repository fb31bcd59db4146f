/* conv_tail.cu - what follows a convolution whose graph cuDNN does not do as one: bias, batch norm of inference, a sum, an activation, in
 * one pass over y and in place. Steps are float64: the pass waits for memory anyhow. */
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "launch.h"

HNI_KERNEL(conv_tail, hni_conv_tail_args) {
    HNI_EACH(i, a.n) {
        const int64_t plane = hni_divide(i, a.pixels), k = plane - hni_divide(plane, a.filters) * a.filters;
        double v = (double)a.y[i];
        if (a.bias) v += (double)a.bias[k];
        if (a.gamma) v = (v - (double)a.mean[k]) / sqrt((double)a.var[k] + a.epsilon) * (double)a.gamma[k] + (double)a.beta[k];
        if (a.add) v += (double)a.add[i];
        if (a.activation == HN_ACT_RELU)
            v = v <= 0.0 ? 0.0 : v; /* asked this way round NaN stays NaN */
        else if (a.activation == HN_ACT_SIGMOID)
            v = 1.0 / (1.0 + exp(-v));
        a.y[i] = (float)v;
    }
}

cudaError_t hni_kernel_conv_tail(hni_conv_tail_args args, cudaStream_t stream) { return HNI_LAUNCH(conv_tail, args, args.n, stream); }
