/* elementwise.c - operators that treat every number by itself: activations, sum, dropout.
 *
 * All may run in place: a number is read before its place is written, and no other number is looked at. */
#include "../../base/numeric.h" /* defines: hni_exp, hni_tanh */
#include "../../op/dropout.h"   /* defines: hni_dropout_words */
#include "haemnet/builder.h"    /* defines: HN_ACT_… */
#include "cpu.h"

double hni_cpu_sigmoid(double x) {
    return 1.0 / (1.0 + hni_exp(-x)); /* exp is 0 or infinite at the ends, and 1/(1+∞) = 0 */
}

double hni_cpu_activate(double x, int32_t activation) {
    switch (activation) {
    case HN_ACT_RELU:
        return x <= 0.0 ? 0.0 : x; /* asked this way round NaN stays NaN */
    case HN_ACT_SIGMOID:
        return hni_cpu_sigmoid(x);
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

/* Runs a task over all pieces of the first input. */
static hn_status each_piece(const hni_cpu_call *call, hni_cpu_task task) {
    hni_cpu_for(call, hni_cpu_pieces(hni_cpu_elements(&call->desc->in[0])), task);
    return HN_OK;
}

static int64_t piece_of(const hni_cpu_call *call, int64_t index, int64_t *start) {
    *start = index * HNI_CPU_PIECE;
    return hni_cpu_piece_size(*start, hni_cpu_elements(&call->desc->in[0]));
}

static void activation_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    call->isa->activate((float *)call->out[0] + start, (const float *)call->in[0] + start, n, call->desc->activation);
}

static hn_status run_activation(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    return each_piece(call, activation_task);
}

static void activation_grad_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    call->isa->activate_back((float *)call->out[0] + start, (const float *)call->in[0] + start, (const float *)call->in[1] + start, n,
                             call->desc->activation);
}

static hn_status run_activation_grad(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    return each_piece(call, activation_grad_task);
}

static void add_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    call->isa->sum((float *)call->out[0] + start, (const float *)call->in[0] + start, (const float *)call->in[1] + start, n, false);
}

static hn_status run_add(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    return each_piece(call, add_task);
}

/* A piece of one sample, index = sample · pieces + piece. */
static void dropout_task(const hni_cpu_call *call, int64_t index) {
    const hn_op_desc *d = call->desc;
    const int64_t size = hni_cpu_elements(&d->in[0]) / d->in[0].dims[0], pieces = hni_cpu_pieces(size);
    const int64_t sample = index / pieces, start = index % pieces * HNI_CPU_PIECE, end = start + hni_cpu_piece_size(start, size);
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

static hn_status run_dropout(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    const int64_t samples = call->desc->in[0].dims[0];
    hni_cpu_for(call, samples * hni_cpu_pieces(hni_cpu_elements(&call->desc->in[0]) / samples), dropout_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_activation = {"vectors", NULL, NULL, run_activation};
const hni_cpu_impl hni_cpu_activation_grad = {"vectors", NULL, NULL, run_activation_grad};
const hni_cpu_impl hni_cpu_add = {"vectors", NULL, NULL, run_add};
const hni_cpu_impl hni_cpu_dropout = {"numbers", NULL, NULL, run_dropout};
