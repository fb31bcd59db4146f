/* optimizer.cu - one step of SGD, Adam or AdamW over all parameters at once; formulas as PyTorch's torch.optim, see the reference.
 *
 * Each number is read as float32, updated in float64, and rounded once when it is stored. hyper comes new with every step and is read from
 * device memory, so that a recorded step is right for all later ones. */
#include "haemnet/backend.h" /* defines: HN_HYPER_… */
#include "haemnet/train.h"   /* defines: HN_OPTIMIZER_… */
#include "launch.h"

/* One parameter with its state. */
typedef struct cell {
    double w, g, m, v;
} cell;

HNI_DEVICE cell adam(cell c, const double *hyper, int decoupled) {
    const double beta1 = hyper[HN_HYPER_BETA1], beta2 = hyper[HN_HYPER_BETA2], rate = hyper[HN_HYPER_RATE];
    if (decoupled)
        c.w -= rate * hyper[HN_HYPER_DECAY] * c.w;
    else
        c.g += hyper[HN_HYPER_DECAY] * c.w;
    c.m = beta1 * c.m + (1.0 - beta1) * c.g;
    c.v = beta2 * c.v + (1.0 - beta2) * c.g * c.g;
    const double divisor = sqrt(c.v) / sqrt(hyper[HN_HYPER_CORRECTION2]) + hyper[HN_HYPER_EPSILON];
    c.w -= rate / hyper[HN_HYPER_CORRECTION1] * (c.m / divisor);
    return c;
}

HNI_DEVICE cell sgd(cell c, const double *hyper) {
    const double momentum = hyper[HN_HYPER_BETA1];
    c.g += hyper[HN_HYPER_DECAY] * c.w;
    if (momentum != 0.0) {
        c.m = hyper[HN_HYPER_STEP] <= 1.0 ? c.g : momentum * c.m + c.g;
        c.g = hyper[HN_HYPER_BETA2] == 1.0 ? c.g + momentum * c.m : c.m; /* Nesterov looks one step ahead */
    }
    c.w -= hyper[HN_HYPER_RATE] * c.g;
    return c;
}

HNI_KERNEL(step, hni_optimizer_args) {
    HNI_EACH(i, a.n) {
        cell c = {(double)a.w[i], (double)a.g[i], (double)a.m[i], (double)a.v[i]};
        const int known = (int64_t)a.group[i] < a.groups;
        const double *hyper = a.hyper + (known ? (int64_t)a.group[i] : 0) * HN_HYPER_COLUMNS;
        if (!known)
            c.w = c.m = c.v = (double)NAN;
        else if (hyper[HN_HYPER_RATE] != 0.0) /* 0: frozen */
            c = a.optimizer == HN_OPTIMIZER_SGD ? sgd(c, hyper) : adam(c, hyper, a.optimizer == HN_OPTIMIZER_ADAMW);
        a.new_w[i] = (float)c.w;
        a.new_m[i] = (float)c.m;
        a.new_v[i] = (float)c.v;
    }
}

cudaError_t hni_kernel_optimizer(hni_optimizer_args args, cudaStream_t stream) {
    return HNI_LAUNCH(step, args, args.n, stream);
}
