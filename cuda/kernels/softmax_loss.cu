/* softmax_loss.cu - softmax cross-entropy with class weights, of labels or shares, smoothed, focal: probabilities, gradient, and what is added
 * to stats.
 *
 *   lanes: p, and Σ loss, Σ W, Σ right  ─►  fold  ─►  gradient (needs Σ W of the batch) and stats
 *
 * workspace: largest[rows] sum[rows] of each row's softmax, steep[rows], then the lanes of three sums. A label that is no class is never used
 * as an index: its weight is NaN, so the stats and the batch's gradient are, and the host that reads them knows. So it is with shares
 * that are none: below 0, above 1, or without a sum of 1. */
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

/* The class of a row, or the largest share's; -1 = the row has no truth. */
HNI_DEVICE int64_t label_of(const hni_loss_args *l, int64_t row) {
    if (!l->labels)
        return l->classes_of[row] >= 0 && (int64_t)l->classes_of[row] < l->classes ? (int64_t)l->classes_of[row] : -1;
    const float *shares = l->labels + row * l->classes;
    double sum = 0.0;
    int64_t best = 0;
    for (int64_t j = 0; j < l->classes; j++) {
        if (!(shares[j] >= 0.0f && shares[j] <= 1.0f))
            return -1;
        sum += (double)shares[j];
        if (shares[j] > shares[best])
            best = j;
    }
    return fabs(sum - 1.0) <= 1e-3 ? best : -1;
}

HNI_DEVICE double share_of(const hni_loss_args *l, int64_t row, int64_t label, int64_t j) {
    return l->labels ? (double)l->labels[row * l->classes + j] : j == label ? 1.0 : 0.0;
}

/* What class j costs in a row: a · (1 - p)^focal · -log p, a its weighted share, smoothed; *steep: minus its derivative by log p. */
HNI_DEVICE double cost(const hni_loss_args *l, hni_softmax_row s, int64_t row, int64_t label, int64_t j, double *steep) {
    const float x = l->x[row * l->classes + j];
    const double p = hni_softmax_probability(s, x), q = 1.0 - p, minus_log = s.largest - (double)x + log(s.sum);
    const double share = (1.0 - l->smoothing) * share_of(l, row, label, j) + l->smoothing / (double)l->classes;
    const double a = hni_weigh(share, (double)l->weights[j]);
    if (l->focal == 0.0) {
        *steep = a;
        return hni_weigh(a, minus_log);
    }
    const double factor = q > 0.0 ? a * pow(q, l->focal) : 0.0;
    *steep = q > 0.0 ? factor * (1.0 + l->focal * hni_weigh(p, minus_log) / q) : 0.0;
    return hni_weigh(factor, minus_log);
}

HNI_KERNEL(softmax_lanes, hni_loss_step) {
    const hni_loss_args *l = &a.loss;
    HNI_EACH(lane, l->lanes) {
        double loss = 0.0, weight = 0.0, right = 0.0;
        for (int64_t i = lane; i < l->rows; i += l->lanes) {
            const float *x = l->x + i * l->classes;
            float *p = l->p + i * l->classes;
            const hni_softmax_row s = hni_softmax_of(x, l->classes);
            const int64_t label = label_of(l, i);
            double all = 0.0, steep;
            for (int64_t j = 0; j < l->classes; j++) {
                p[j] = (float)hni_softmax_probability(s, x[j]);
                loss += cost(l, s, i, label, j, &steep);
                all += steep;
                weight += hni_weigh(share_of(l, i, label, j), (double)l->weights[j]);
            }
            right += decide(l, p) == label ? 1.0 : 0.0;
            if (label < 0)
                loss = weight = right = (double)NAN;
            l->workspace[i] = s.largest;
            l->workspace[l->rows + i] = s.sum;
            l->workspace[2 * l->rows + i] = all;
        }
        a.partial[lane] = loss;
        a.partial[l->lanes + lane] = weight;
        a.partial[2 * l->lanes + lane] = right;
    }
}

/* Since log p_k's derivative by x_j is (j = k) - p_j, dx_j = (p_j Σ steep - steep_j) / Σ W. A batch whose samples all weigh 0 has no mean
 * loss; nothing is to be learnt from it, so dx is 0. */
HNI_KERNEL(softmax_gradient, hni_loss_step) {
    const hni_loss_args *l = &a.loss;
    HNI_EACH(i, l->rows * l->classes) {
        const int64_t row = hni_divide(i, l->classes);
        const hni_softmax_row s = {l->workspace[row], l->workspace[l->rows + row]};
        const double all = l->workspace[2 * l->rows + row], total = hni_sum_total(a.rest, 1);
        double steep;
        cost(l, s, row, label_of(l, row), i - row * l->classes, &steep);
        const double slope = (hni_softmax_probability(s, l->x[i]) - steep / all) * (all / total);
        l->dx[i] = total == 0.0 || all == 0.0 ? 0.0f : (float)slope;
        if (i == 0) {
            l->stats[HNI_STAT_LOSS] += hni_sum_total(a.rest, 0);
            l->stats[HNI_STAT_WEIGHT] += total;
            l->stats[HNI_STAT_RIGHT] += hni_sum_total(a.rest, 2);
            l->stats[HNI_STAT_COUNT] += (double)l->rows;
        }
    }
}

cudaError_t hni_kernel_softmax_loss(hni_loss_args args, cudaStream_t stream) {
    hni_loss_step a = {args, {NULL, 0}, args.workspace + 3 * args.rows};
    cudaError_t code = HNI_LAUNCH(softmax_lanes, a, args.lanes, stream);
    if (code == cudaSuccess)
        code = hni_kernel_fold(3, args.lanes, a.partial, &a.rest, stream);
    return code == cudaSuccess ? HNI_LAUNCH(softmax_gradient, a, args.rows * args.classes, stream) : code;
}
