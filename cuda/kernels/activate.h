/* activate.h - activations and their gradients, of one number, for kernels: the formulas of HN_ACT_… in haemnet/builder.h, in float64. Comparisons
 * are asked such that NaN stays NaN. */
#ifndef HNI_CUDA_KERNELS_ACTIVATE_H
#define HNI_CUDA_KERNELS_ACTIVATE_H

#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "launch.h"

HNI_DEVICE double hni_sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x)); /* exp is 0 or infinite at the ends, and 1/(1+∞) = 0 */
}

HNI_DEVICE double hni_activate(double x, int32_t activation) {
    switch (activation) {
    case HN_ACT_RELU:
        return x <= 0.0 ? 0.0 : x;
    case HN_ACT_SIGMOID:
        return hni_sigmoid(x);
    case HN_ACT_RELU6:
        return x <= 0.0 ? 0.0 : x >= 6.0 ? 6.0 : x;
    case HN_ACT_SILU:
        return x / (1.0 + exp(-x));
    case HN_ACT_HARD_SWISH:
        return x <= -3.0 ? 0.0 : x >= 3.0 ? x : x * (x + 3.0) / 6.0;
    case HN_ACT_TANH:
        return tanh(x);
    default:
        return x;
    }
}

/* dx for dy. v: the activation's output; for SiLU and hard-swish its input. */
HNI_DEVICE double hni_activate_back(double v, double dy, int32_t activation) {
    switch (activation) {
    case HN_ACT_RELU:
        return v <= 0.0 ? 0.0 : dy;
    case HN_ACT_RELU6:
        return v <= 0.0 || v >= 6.0 ? 0.0 : dy;
    case HN_ACT_SILU: {
        const double s = hni_sigmoid(v);
        return dy * s * (1.0 + v * (1.0 - s));
    }
    case HN_ACT_HARD_SWISH:
        return v <= -3.0 ? 0.0 : v >= 3.0 ? dy : dy * (2.0 * v + 3.0) / 6.0;
    case HN_ACT_TANH:
        return dy * (1.0 - v * v);
    default: /* HN_ACT_SIGMOID */
        return dy * v * (1.0 - v);
    }
}

#endif
