/* softmax_loss.cu - softmax cross-entropy with class weights: probabilities, gradient, and what is added to stats.
 *
 *   lanes: p, and Σ w·loss, Σ w, Σ right  ─►  fold  ─►  gradient (needs Σ w of the batch) and stats
 *
 * workspace: largest[rows] sum[rows] of each row's softmax, then the lanes of three sums. A label that is no class is never used as an
 * index: its weight is NaN, so the stats and the batch's gradient are, and the host that reads them knows. */
#include "loss_step.h"
#include "softmax.h"

/* The class that p [classes] stands for: the rule of hn_prediction.class_index. */
HNI_DEVICE int64_t decide(const hni_loss_args *l, const float *p) {
    if (l->classes == 2 && l->positive >= 0)
        return (double)p[l->positive] >= l->threshold ? l->positive : 1 - l->positive;
    int64_t best = 0;
    for (int64_t j = 1; j < l->classes; j++)
        if (p[j] > p[best])
            best = j;
    return best;
}

HNI_KERNEL(softmax_lanes, hni_loss_step) {
    const hni_loss_args *l = &a.loss;
    HNI_EACH(lane, l->lanes) {
        double loss = 0.0, weight = 0.0, right = 0.0;
        for (int64_t i = lane; i < l->rows; i += l->lanes) {
            const float *x = l->x + i * l->classes;
            float *p = l->p + i * l->classes;
            const hni_softmax_row s = hni_softmax_of(x, l->classes);
            const int64_t label = l->classes_of[i];
            const int valid = label >= 0 && label < l->classes;
            const double w = valid ? (double)l->weights[label] : (double)NAN;
            for (int64_t j = 0; j < l->classes; j++)
                p[j] = (float)hni_softmax_probability(s, x[j]);
            loss += w * (s.largest - (double)x[valid ? label : 0] + log(s.sum));
            weight += w;
            right += valid ? (decide(l, p) == label ? 1.0 : 0.0) : (double)NAN;
            l->workspace[i] = s.largest;
            l->workspace[l->rows + i] = s.sum;
        }
        a.partial[lane] = loss;
        a.partial[l->lanes + lane] = weight;
        a.partial[2 * l->lanes + lane] = right;
    }
}

/* dx = (p - one-hot) · w / Σ w. A batch whose samples all weigh 0 has no mean loss; nothing is to be learnt from it, so dx is 0. */
HNI_KERNEL(softmax_gradient, hni_loss_step) {
    const hni_loss_args *l = &a.loss;
    HNI_EACH(i, l->rows * l->classes) {
        const int64_t row = hni_divide(i, l->classes), j = i - row * l->classes, label = l->classes_of[row];
        const hni_softmax_row s = {l->workspace[row], l->workspace[l->rows + row]};
        const double total = hni_sum_total(a.rest, 1);
        const double w = label >= 0 && label < l->classes ? (double)l->weights[label] : (double)NAN;
        l->dx[i] = (float)((hni_softmax_probability(s, l->x[i]) - (j == label ? 1.0 : 0.0)) * (total == 0.0 ? 0.0 : w / total));
        if (i == 0) {
            l->stats[HNI_STAT_LOSS] += hni_sum_total(a.rest, 0);
            l->stats[HNI_STAT_WEIGHT] += total;
            l->stats[HNI_STAT_RIGHT] += hni_sum_total(a.rest, 2);
            l->stats[HNI_STAT_COUNT] += (double)l->rows;
        }
    }
}

cudaError_t hni_kernel_softmax_loss(hni_loss_args args, cudaStream_t stream) {
    hni_loss_step a = {args, {NULL, 0}, args.workspace + 2 * args.rows};
    cudaError_t code = HNI_LAUNCH(softmax_lanes, a, args.lanes, stream);
    if (code == cudaSuccess)
        code = hni_kernel_fold(3, args.lanes, a.partial, &a.rest, stream);
    return code == cudaSuccess ? HNI_LAUNCH(softmax_gradient, a, args.rows * args.classes, stream) : code;
}
