/* loss.c - softmax, and the two losses with their gradients: softmax cross-entropy and sigmoid binary cross-entropy.
 *
 * Done in one piece by the caller's thread: N·K numbers are few, and the order of the sums is then plain to see. Labels come from the
 * caller's data, so each is checked before anything is written. */
#include <math.h>

#include "../../base/numeric.h" /* defines: hni_exp, hni_log, hni_log1p */
#include "cpu.h"

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

static hn_status run_softmax(const hni_cpu_call *call, hn_error *err) {
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

/* Σ w[label], after a look at every label. */
static hn_status total_weight(const hni_cpu_call *call, double *total, hn_error *err) {
    const int64_t n = call->desc->in[0].dims[0], k = call->desc->in[0].dims[1];
    const int32_t *labels = (const int32_t *)call->in[1];
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        if (labels[i] < 0 || labels[i] >= k)
            return hni_fail(err, HN_E_ARGUMENT, "softmax_loss: label %d of sample %lld is not one of 0 … %lld", (int)labels[i],
                            (long long)i, (long long)(k - 1));
        sum += (double)((const float *)call->in[2])[labels[i]];
    }
    *total = sum;
    return HN_OK;
}

/* p [K], and dx [K] = (p - one-hot) · w / Σ w. A batch whose samples all weigh 0 has no mean loss; nothing is to be learnt from it, so
 * dx is 0. Gives -log p[label]. */
static double softmax_sample(const float *x, int64_t k, int64_t label, double w, double total, float *p, float *dx) {
    const softmax s = softmax_of(x, k);
    const double scale = total == 0.0 ? 0.0 : w / total;
    for (int64_t j = 0; j < k; j++) {
        const double exact = probability(s, x[j]);
        p[j] = (float)exact;
        dx[j] = (float)((exact - (j == label ? 1.0 : 0.0)) * scale);
    }
    return s.largest - (double)x[label] + hni_log(s.sum);
}

static hn_status run_softmax_loss(const hni_cpu_call *call, hn_error *err) {
    const int64_t n = call->desc->in[0].dims[0], k = call->desc->in[0].dims[1];
    const float *weights = (const float *)call->in[2];
    double total = 0.0, loss = 0.0, right = 0.0;
    const hn_status status = total_weight(call, &total, err);
    if (status != HN_OK)
        return status;
    for (int64_t i = 0; i < n; i++) {
        float *p = (float *)call->out[0] + i * k;
        const int64_t label = ((const int32_t *)call->in[1])[i];
        const double w = (double)weights[label];
        loss += w * softmax_sample((const float *)call->in[0] + i * k, k, label, w, total, p, (float *)call->out[1] + i * k);
        right += decide(p, k, call->desc) == label ? 1.0 : 0.0;
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

static hn_status run_sigmoid_loss(const hni_cpu_call *call, hn_error *err) {
    const int64_t k = call->desc->in[0].dims[1], count = call->desc->in[0].dims[0] * k;
    const float *x = (const float *)call->in[0], *labels = (const float *)call->in[1], *weights = (const float *)call->in[2];
    float *p = (float *)call->out[0], *dx = (float *)call->out[1];
    double loss = 0.0, right = 0.0;
    for (int64_t i = 0; i < count; i++)
        if (labels[i] != 0.0f && labels[i] != 1.0f)
            return hni_fail(err, HN_E_ARGUMENT, "sigmoid_loss: label %lld of sample %lld is %g, must be 0 or 1", (long long)(i % k),
                            (long long)(i / k), (double)labels[i]);
    for (int64_t i = 0; i < count; i++) {
        const double t = (double)labels[i], w = (double)weights[i % k], exact = hni_cpu_sigmoid((double)x[i]);
        loss += w * softplus(t == 1.0 ? -(double)x[i] : (double)x[i]);
        p[i] = (float)exact;
        dx[i] = (float)(w * (exact - t) / (double)count);
        right += ((double)p[i] >= call->desc->threshold) == (t == 1.0) ? 1.0 : 0.0;
    }
    double *stats = (double *)call->out[2];
    stats[LOSS] += loss;
    stats[WEIGHT] += (double)count;
    stats[RIGHT] += right;
    stats[COUNT] += (double)count;
    return HN_OK;
}

const hni_cpu_impl hni_cpu_softmax = {"numbers", NULL, NULL, run_softmax};
const hni_cpu_impl hni_cpu_softmax_loss = {"numbers", NULL, NULL, run_softmax_loss};
const hni_cpu_impl hni_cpu_sigmoid_loss = {"numbers", NULL, NULL, run_sigmoid_loss};
