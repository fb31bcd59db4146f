/* loss.c - softmax, and the two losses with their gradients: softmax cross-entropy and sigmoid binary cross-entropy,
 * with smoothed labels and focal weights if asked for (Szegedy et al. 2016, Lin et al. 2017).
 *
 * Done in one piece by the caller's thread: N·K numbers are few, and the order of the sums is then plain to see. Labels come from the
 * caller's data, so each is checked before anything is written. */
#include <math.h>

#include "../../base/numeric.h" /* defines: hni_exp, hni_log, hni_log1p, hni_pow */
#include "reference.h"

/* Columns of stats. */
enum { LOSS = 0, WEIGHT = 1, RIGHT = 2, COUNT = 3 };

/* softmax(x)[j] = exp(x[j] - largest) / sum: no exponential overflows. NaN anywhere makes all of it NaN. */
typedef struct softmax {
    double largest, sum;
} softmax;

static softmax softmax_of(const float *x, int64_t k) {
    softmax s = {(double)x[0], 0.0};
    for (int64_t j = 1; j < k; j++)
        if ((double)x[j] > s.largest)
            s.largest = (double)x[j];
    for (int64_t j = 0; j < k; j++)
        s.sum += hni_exp((double)x[j] - s.largest);
    return s;
}

static double probability(softmax s, float x) {
    return hni_exp((double)x - s.largest) / s.sum;
}

hn_status hni_ref_softmax(const hni_ref_call *call, hn_error *err) {
    (void)err;
    const int64_t k = call->desc->in[0].dims[1];
    for (int64_t n = 0; n < call->desc->in[0].dims[0]; n++) {
        const float *x = (const float *)call->in[0] + n * k;
        const softmax s = softmax_of(x, k);
        for (int64_t j = 0; j < k; j++)
            ((float *)call->out[0])[n * k + j] = (float)probability(s, x[j]);
    }
    return HN_OK;
}

/* The class that p [K] stands for: the rule of hn_prediction.class_index. */
static int64_t decide(const float *p, int64_t k, const hn_op_desc *d) {
    if (k == 2 && d->positive >= 0)
        return (double)p[d->positive] >= d->threshold ? d->positive : 1 - d->positive;
    int64_t best = 0;
    for (int64_t j = 1; j < k; j++)
        if (p[j] > p[best])
            best = j;
    return best;
}

/* A share of 0 costs nothing, be x infinite. */
static double weigh(double share, double x) {
    return share == 0.0 ? 0.0 : share * x;
}

/* What a sample is to be: a class, or a share of each. */
typedef struct truth {
    int64_t label;        /* the largest share's */
    const float *targets; /* [K]; NULL = the label alone */
} truth;

static double share_of(truth t, int64_t k) {
    return t.targets ? (double)t.targets[k] : k == t.label ? 1.0 : 0.0;
}

static truth truth_of(const hni_ref_call *call, int64_t n) {
    const int64_t k = call->desc->in[0].dims[1];
    if (call->desc->in[1].dtype == HN_DTYPE_I32)
        return (truth){((const int32_t *)call->in[1])[n], NULL};
    truth t = {0, (const float *)call->in[1] + n * k};
    for (int64_t j = 1; j < k; j++)
        if (t.targets[j] > t.targets[t.label])
            t.label = j;
    return t;
}

static hn_status check_truth(const hni_ref_call *call, int64_t n, hn_error *err) {
    const int64_t k = call->desc->in[0].dims[1];
    const truth t = truth_of(call, n);
    double sum = 0.0;
    if (!t.targets)
        return t.label >= 0 && t.label < k
                   ? HN_OK
                   : hni_fail(err, HN_E_ARGUMENT, "softmax_loss: label %d of sample %lld is not one of 0 … %lld", (int)t.label, (long long)n,
                              (long long)(k - 1));
    for (int64_t j = 0; j < k; j++) {
        if (!(t.targets[j] >= 0.0f && t.targets[j] <= 1.0f))
            return hni_fail(err, HN_E_ARGUMENT, "softmax_loss: target %lld of sample %lld is %g, must be 0 … 1", (long long)j, (long long)n,
                            (double)t.targets[j]);
        sum += (double)t.targets[j];
    }
    if (fabs(sum - 1.0) > 1e-3)
        return hni_fail(err, HN_E_ARGUMENT, "softmax_loss: the targets of sample %lld sum to %g, must be 1", (long long)n, sum);
    return HN_OK;
}

/* Σ W: what the samples weigh, after a look at every label. */
static hn_status total_weight(const hni_ref_call *call, double *total, hn_error *err) {
    const int64_t k = call->desc->in[0].dims[1];
    *total = 0.0;
    for (int64_t n = 0; n < call->desc->in[0].dims[0]; n++) {
        const hn_status status = check_truth(call, n, err);
        if (status != HN_OK)
            return status;
        const truth t = truth_of(call, n);
        double weight = 0.0;
        for (int64_t j = 0; j < k; j++)
            weight += weigh(share_of(t, j), (double)((const float *)call->in[2])[j]);
        *total += weight;
    }
    return HN_OK;
}

/* The loss of a share a of a class with probability p: a · (1 - p)^focal · -log p; *steep: minus its derivative by log p. */
static double share_loss(double a, double p, double minus_log, double focal, double *steep) {
    const double q = 1.0 - p;
    if (focal == 0.0) {
        *steep = a;
        return weigh(a, minus_log);
    }
    const double factor = q > 0.0 ? a * hni_pow(q, focal) : 0.0;
    *steep = q > 0.0 ? factor * (1.0 + focal * weigh(p, minus_log) / q) : 0.0;
    return weigh(factor, minus_log);
}

/* p [K] and dx [K] of sample n: since log p_k's derivative by x_j is (j = k) - p_j, dx_j = p_j Σ steep - steep_j. A batch whose samples
 * all weigh 0 has no mean loss; nothing is to be learnt from it, so dx is 0. Gives the sample's loss. */
static double softmax_sample(const hni_ref_call *call, int64_t n, double total) {
    const hn_op_desc *d = call->desc;
    const int64_t k = d->in[0].dims[1];
    const float *x = (const float *)call->in[0] + n * k, *weights = (const float *)call->in[2];
    float *p = (float *)call->out[0] + n * k, *dx = (float *)call->out[1] + n * k;
    const softmax s = softmax_of(x, k);
    const truth t = truth_of(call, n);
    const double log_sum = hni_log(s.sum);
    double loss = 0.0, all = 0.0, steep;
    for (int pass = 0; pass < 2; pass++) /* their sum has to be known first */
        for (int64_t j = 0; j < k; j++) {
            const double exact = probability(s, x[j]), share = (1.0 - d->smoothing) * share_of(t, j) + d->smoothing / (double)k;
            const double part = share_loss(weigh(share, (double)weights[j]), exact, s.largest - (double)x[j] + log_sum, d->focal, &steep);
            if (pass == 0) {
                loss += part;
                all += steep;
                continue;
            }
            p[j] = (float)exact;
            dx[j] = (float)(total == 0.0 || all == 0.0 ? 0.0 : (exact - steep / all) * (all / total));
        }
    return loss;
}

hn_status hni_ref_softmax_loss(const hni_ref_call *call, hn_error *err) {
    const int64_t n = call->desc->in[0].dims[0], k = call->desc->in[0].dims[1];
    double total = 0.0, loss = 0.0, right = 0.0;
    const hn_status status = total_weight(call, &total, err);
    if (status != HN_OK)
        return status;
    for (int64_t i = 0; i < n; i++) {
        loss += softmax_sample(call, i, total);
        right += decide((const float *)call->out[0] + i * k, k, call->desc) == truth_of(call, i).label ? 1.0 : 0.0;
    }
    double *stats = (double *)call->out[2];
    stats[LOSS] += loss;
    stats[WEIGHT] += total;
    stats[RIGHT] += right;
    stats[COUNT] += (double)n;
    return HN_OK;
}

/* log(1 + exp(x)) without overflow or cancellation. -log σ(x) is softplus(-x), -log(1 - σ(x)) is softplus(x). */
static double softplus(double x) {
    return (x <= 0.0 ? 0.0 : x) + hni_log1p(hni_exp(-fabs(x)));
}

/* The loss of a share s of "yes" and 1 - s of "no" at logit x, and its derivative. */
static double sigmoid_number(double x, double s, double focal, double *slope) {
    const double p = hni_ref_sigmoid(x), q = hni_ref_sigmoid(-x);
    const double yes = weigh(s, softplus(-x)), no = weigh(1.0 - s, softplus(x));
    *slope = p - s;
    if (focal == 0.0)
        return yes + no;
    const double easy_yes = hni_pow(q, focal), easy_no = hni_pow(p, focal);
    *slope = easy_no * ((1.0 - s) * p + focal * weigh(q, no)) - easy_yes * (s * q + focal * weigh(p, yes));
    return weigh(easy_yes, yes) + weigh(easy_no, no);
}

hn_status hni_ref_sigmoid_loss(const hni_ref_call *call, hn_error *err) {
    const hn_op_desc *d = call->desc;
    const int64_t k = d->in[0].dims[1], count = d->in[0].dims[0] * k;
    const float *x = (const float *)call->in[0], *labels = (const float *)call->in[1], *weights = (const float *)call->in[2];
    float *p = (float *)call->out[0], *dx = (float *)call->out[1];
    double loss = 0.0, right = 0.0;
    for (int64_t i = 0; i < count; i++)
        if (!(labels[i] >= 0.0f && labels[i] <= 1.0f))
            return hni_fail(err, HN_E_ARGUMENT, "sigmoid_loss: label %lld of sample %lld is %g, must be 0 … 1", (long long)(i % k),
                            (long long)(i / k), (double)labels[i]);
    for (int64_t i = 0; i < count; i++) {
        const double share = (1.0 - d->smoothing) * (double)labels[i] + 0.5 * d->smoothing, w = (double)weights[i % k];
        double slope;
        loss += w * sigmoid_number((double)x[i], share, d->focal, &slope);
        p[i] = (float)hni_ref_sigmoid((double)x[i]);
        dx[i] = (float)(w * slope / (double)count);
        right += ((double)p[i] >= d->threshold) == (labels[i] >= 0.5f) ? 1.0 : 0.0;
    }
    double *stats = (double *)call->out[2];
    stats[LOSS] += loss;
    stats[WEIGHT] += (double)count;
    stats[RIGHT] += right;
    stats[COUNT] += (double)count;
    return HN_OK;
}
