/* elementwise.c - operators that treat every number by itself: activations, sum, dropout.
 *
 * All may run in place: a number is read before its place is written, and no other number is looked at. */
#include "../../base/numeric.h" /* defines: hni_exp, hni_tanh */
#include "../../op/dropout.h"   /* defines: hni_dropout_words */
#include "haemnet/builder.h"    /* defines: HN_ACT_… */
#include "reference.h"

double hni_ref_sigmoid(double x) {
    return 1.0 / (1.0 + hni_exp(-x)); /* exp is 0 or infinite at the ends, and 1/(1+∞) = 0 */
}

double hni_ref_activate(double x, int32_t activation) {
    switch (activation) {
    case HN_ACT_RELU:
        return x <= 0.0 ? 0.0 : x; /* asked this way round NaN stays NaN */
    case HN_ACT_SIGMOID:
        return hni_ref_sigmoid(x);
    case HN_ACT_RELU6:
        return x <= 0.0 ? 0.0 : x >= 6.0 ? 6.0 : x;
    case HN_ACT_SILU:
        return x / (1.0 + hni_exp(-x));
    case HN_ACT_HARD_SWISH:
        return x <= -3.0 ? 0.0 : x >= 3.0 ? x : x * (x + 3.0) / 6.0;
    case HN_ACT_TANH:
        return hni_tanh(x);
    default:
        return x;
    }
}

/* dx for dy. v: the activation's output; for SiLU and hard-swish its input. */
static double activate_back(double v, double dy, int32_t activation) {
    switch (activation) {
    case HN_ACT_RELU:
        return v <= 0.0 ? 0.0 : dy;
    case HN_ACT_RELU6:
        return v <= 0.0 || v >= 6.0 ? 0.0 : dy;
    case HN_ACT_SILU: {
        const double s = hni_ref_sigmoid(v);
        return dy * s * (1.0 + v * (1.0 - s));
    }
    case HN_ACT_HARD_SWISH:
        return v <= -3.0 ? 0.0 : v >= 3.0 ? dy : dy * (2.0 * v + 3.0) / 6.0;
    case HN_ACT_TANH:
        return dy * (1.0 - v * v);
    case HN_ACT_SIGMOID:
    default:
        return dy * v * (1.0 - v);
    }
}

static void activation_task(const hni_ref_call *call, int64_t piece) {
    const int64_t start = piece * HNI_REF_PIECE, end = hni_ref_piece_end(start, hni_ref_elements(&call->desc->in[0]));
    const float *x = (const float *)call->in[0];
    float *y = (float *)call->out[0];
    for (int64_t i = start; i < end; i++)
        y[i] = (float)hni_ref_activate((double)x[i], call->desc->activation);
}

hn_status hni_ref_activation(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, hni_ref_pieces(hni_ref_elements(&call->desc->in[0])), activation_task);
    return HN_OK;
}

static void activation_grad_task(const hni_ref_call *call, int64_t piece) {
    const int64_t start = piece * HNI_REF_PIECE, end = hni_ref_piece_end(start, hni_ref_elements(&call->desc->in[0]));
    const float *y = (const float *)call->in[0], *dy = (const float *)call->in[1];
    float *dx = (float *)call->out[0];
    for (int64_t i = start; i < end; i++)
        dx[i] = (float)activate_back((double)y[i], (double)dy[i], call->desc->activation);
}

hn_status hni_ref_activation_grad(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, hni_ref_pieces(hni_ref_elements(&call->desc->in[0])), activation_grad_task);
    return HN_OK;
}

static void add_task(const hni_ref_call *call, int64_t piece) {
    const int64_t start = piece * HNI_REF_PIECE, end = hni_ref_piece_end(start, hni_ref_elements(&call->desc->in[0]));
    const float *a = (const float *)call->in[0], *b = (const float *)call->in[1];
    float *y = (float *)call->out[0];
    for (int64_t i = start; i < end; i++)
        y[i] = a[i] + b[i];
}

hn_status hni_ref_add(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, hni_ref_pieces(hni_ref_elements(&call->desc->in[0])), add_task);
    return HN_OK;
}

/* A piece of one sample, index = sample · pieces + piece. */
static void dropout_task(const hni_ref_call *call, int64_t index) {
    const hn_op_desc *d = call->desc;
    const int64_t size = hni_ref_elements(&d->in[0]) / d->in[0].dims[0], pieces = hni_ref_pieces(size);
    const int64_t sample = index / pieces, start = index % pieces * HNI_REF_PIECE, end = hni_ref_piece_end(start, size);
    const float *x = (const float *)call->in[0] + sample * size;
    float *y = (float *)call->out[0] + sample * size;
    const uint32_t *key = (const uint32_t *)call->in[1] + sample * 4, threshold = hni_dropout_threshold(d->rate);
    const float scale = hni_dropout_scale(d->rate);
    uint32_t words[4];
    for (int64_t i = start; i < end; i++) {
        if (i % 4 == 0)
            hni_dropout_words(key, d->stream, (uint32_t)(i / 4), words);
        y[i] = words[i % 4] >= threshold ? x[i] * scale : 0.0f;
    }
}

hn_status hni_ref_dropout(const hni_ref_call *call, hn_error *err) {
    (void)err;
    const int64_t samples = call->desc->in[0].dims[0];
    hni_ref_for(call, samples * hni_ref_pieces(hni_ref_elements(&call->desc->in[0]) / samples), dropout_task);
    return HN_OK;
}
