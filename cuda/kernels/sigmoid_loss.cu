/* sigmoid_loss.cu - binary cross-entropy of several independent labels, smoothed, focal: probabilities, gradient, and what is added to stats.
 *
 * workspace: the lanes of two sums, Σ loss and Σ right. A label outside 0 … 1 makes its gradient and the stats NaN. */
#include "activate.h"
#include "loss_step.h"

/* log(1 + exp(x)) without overflow or cancellation. -log σ(x) is softplus(-x), -log(1 - σ(x)) is softplus(x). */
HNI_DEVICE double softplus(double x) {
    return (x <= 0.0 ? 0.0 : x) + log1p(exp(-fabs(x)));
}

/* The loss of a share s of "yes" and 1 - s of "no" at logit x, and its derivative. */
HNI_DEVICE double number_loss(double x, double s, double focal, double *slope) {
    const double p = hni_sigmoid(x), q = hni_sigmoid(-x);
    const double yes = hni_weigh(s, softplus(-x)), no = hni_weigh(1.0 - s, softplus(x));
    if (focal == 0.0) {
        *slope = p - s;
        return yes + no;
    }
    const double easy_yes = pow(q, focal), easy_no = pow(p, focal);
    *slope = easy_no * ((1.0 - s) * p + focal * hni_weigh(q, no)) - easy_yes * (s * q + focal * hni_weigh(p, yes));
    return hni_weigh(easy_yes, yes) + hni_weigh(easy_no, no);
}

HNI_KERNEL(sigmoid_lanes, hni_loss_step) {
    const hni_loss_args *l = &a.loss;
    const int64_t count = l->rows * l->classes;
    HNI_EACH(lane, l->lanes) {
        double loss = 0.0, right = 0.0, slope;
        for (int64_t i = lane; i < count; i += l->lanes) {
            const float label = l->labels[i];
            const double known = label >= 0.0f && label <= 1.0f ? (double)label : (double)NAN, x = (double)l->x[i];
            const double share = (1.0 - l->smoothing) * known + 0.5 * l->smoothing;
            const double w = (double)l->weights[i - hni_divide(i, l->classes) * l->classes];
            loss += w * number_loss(x, share, l->focal, &slope);
            l->p[i] = (float)hni_sigmoid(x);
            l->dx[i] = (float)(w * slope / (double)count);
            right += ((double)l->p[i] >= l->threshold) == (known >= 0.5) ? 1.0 : 0.0;
        }
        a.partial[lane] = loss;
        a.partial[l->lanes + lane] = right;
    }
}

HNI_KERNEL(sigmoid_stats, hni_loss_step) {
    const double count = (double)(a.loss.rows * a.loss.classes);
    HNI_EACH(i, 1) {
        a.loss.stats[HNI_STAT_LOSS] += hni_sum_total(a.rest, i);
        a.loss.stats[HNI_STAT_WEIGHT] += count;
        a.loss.stats[HNI_STAT_RIGHT] += hni_sum_total(a.rest, 1);
        a.loss.stats[HNI_STAT_COUNT] += count;
    }
}

cudaError_t hni_kernel_sigmoid_loss(hni_loss_args args, cudaStream_t stream) {
    hni_loss_step a = {args, {NULL, 0}, args.workspace};
    cudaError_t code = HNI_LAUNCH(sigmoid_lanes, a, args.lanes, stream);
    if (code == cudaSuccess)
        code = hni_kernel_fold(2, args.lanes, a.partial, &a.rest, stream);
    return code == cudaSuccess ? HNI_LAUNCH(sigmoid_stats, a, 1, stream) : code;
}
