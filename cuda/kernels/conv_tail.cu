/* conv_tail.cu - what follows a convolution whose graph cuDNN does not do as one: bias, batch norm of inference, a sum, an activation, and
 * 2x2 maximum pooling, in one pass. Steps are float64: the pass waits for memory anyhow. */
#include "activate.h"

/* What becomes of number i of x, which belongs to filter k. */
HNI_DEVICE float finished(const hni_conv_tail_args *a, int64_t i, int64_t k) {
    double v = (double)a->x[i];
    if (a->bias) v += (double)a->bias[k];
    if (a->gamma) v = (v - (double)a->mean[k]) / sqrt((double)a->var[k] + a->epsilon) * (double)a->gamma[k] + (double)a->beta[k];
    if (a->add) v += (double)a->add[i];
    return (float)hni_activate(v, a->activation);
}

HNI_KERNEL(conv_tail, hni_conv_tail_args) {
    HNI_EACH(i, a.n) {
        const int64_t plane = hni_divide(i, a.pixels);
        a.y[i] = finished(&a, i, plane - hni_divide(plane, a.filters) * a.filters);
    }
}

HNI_KERNEL(conv_tail_pool, hni_conv_tail_args) {
    HNI_EACH(i, a.n) {
        const int64_t plane = hni_divide(i, a.pixels), k = plane - hni_divide(plane, a.filters) * a.filters, at = i - plane * a.pixels;
        const int64_t row = hni_divide(at, a.width), first = plane * a.from_pixels + 2 * row * a.from_width + 2 * (at - row * a.width);
        float best = finished(&a, first, k);
        for (int j = 1; j < 4; j++) {
            const float v = finished(&a, first + (j >> 1) * a.from_width + (j & 1), k);
            if (best == best && !(v <= best)) /* greater, or the first NaN */
                best = v;
        }
        a.y[i] = best;
    }
}

cudaError_t hni_kernel_conv_tail(hni_conv_tail_args args, cudaStream_t stream) {
    return args.from_pixels > 0 ? HNI_LAUNCH(conv_tail_pool, args, args.n, stream) : HNI_LAUNCH(conv_tail, args, args.n, stream);
}
