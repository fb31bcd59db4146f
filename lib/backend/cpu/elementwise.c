/* elementwise.c - operators that treat every number by itself: activations, sum, dropout, u8 → float preprocessing.
 *
 * All may run in place: a number is read before its place is written, and no other number is looked at. Preprocessing has 256 answers a
 * channel, so it computes those and looks them up. */
#include "../../base/numeric.h" /* defines: hni_exp */
#include "../../op/dropout.h"   /* defines: hni_dropout_words */
#include "haemnet/builder.h"    /* defines: HN_ACT_… */
#include "cpu.h"

double hni_cpu_sigmoid(double x) {
    return 1.0 / (1.0 + hni_exp(-x)); /* exp is 0 or infinite at the ends, and 1/(1+∞) = 0 */
}

double hni_cpu_activate(double x, int32_t activation) {
    if (activation == HN_ACT_RELU)
        return x <= 0.0 ? 0.0 : x; /* asked this way round NaN stays NaN */
    return activation == HN_ACT_SIGMOID ? hni_cpu_sigmoid(x) : x;
}

static bool is_relu(const hn_op_desc *d, const char **why) {
    *why = "the activation is not ReLU";
    return d->activation == HN_ACT_RELU;
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

static void relu_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    call->isa->relu((float *)call->out[0] + start, (const float *)call->in[0] + start, n);
}

static hn_status run_relu(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    return each_piece(call, relu_task);
}

static void activation_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    const float *x = (const float *)call->in[0] + start;
    float *y = (float *)call->out[0] + start;
    for (int64_t i = 0; i < n; i++)
        y[i] = (float)hni_cpu_activate((double)x[i], call->desc->activation);
}

static hn_status run_activation(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    return each_piece(call, activation_task);
}

static void relu_grad_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    call->isa->relu_grad((float *)call->out[0] + start, (const float *)call->in[0] + start, (const float *)call->in[1] + start, n);
}

static hn_status run_relu_grad(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    return each_piece(call, relu_grad_task);
}

static void activation_grad_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    const float *y = (const float *)call->in[0] + start, *dy = (const float *)call->in[1] + start;
    float *dx = (float *)call->out[0] + start;
    for (int64_t i = 0; i < n; i++)
        dx[i] = (float)((double)dy[i] * (double)y[i] * (1.0 - (double)y[i]));
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

enum { MEAN_AND_DEVIATION = 1 << 1 | 1 << 2 };

/* [C][256] answers in the workspace, or kept. */
typedef struct answers {
    bool made;
    float table[][256];
} answers;

static hn_status plan_preprocess(hni_cpu_op *op, hn_error *err) {
    const uint64_t bytes = (uint64_t)op->desc.in[0].dims[1] * 256 * sizeof(float);
    if ((op->desc.constant & MEAN_AND_DEVIATION) != MEAN_AND_DEVIATION) {
        op->workspace = bytes + sizeof(answers);
        return HN_OK;
    }
    answers *a = op->kept = op->host->alloc(op->host->user, (size_t)bytes + sizeof *a);
    if (!a)
        return hni_fail_memory(err, (size_t)bytes, "the table of preprocessing");
    a->made = false;
    return HN_OK;
}

static answers *answers_of(const hni_cpu_call *call) {
    return (answers *)(call->op->kept ? call->op->kept : call->workspace);
}

static void fill_answers(const hni_cpu_call *call, answers *a) {
    for (int64_t c = 0; c < call->desc->in[0].dims[1]; c++) {
        const double mean = (double)((const float *)call->in[1])[c], deviation = (double)((const float *)call->in[2])[c];
        for (int i = 0; i < 256; i++)
            a->table[c][i] = (float)(((double)i / 255.0 - mean) / deviation);
    }
}

/* One image: its channels. */
static void preprocess_task(const hni_cpu_call *call, int64_t image) {
    const hn_tensor_desc *t = &call->desc->in[0];
    const int64_t pixels = t->dims[2] * t->dims[3];
    for (int64_t c = 0; c < t->dims[1]; c++) {
        const int64_t start = (image * t->dims[1] + c) * pixels;
        call->isa->lookup((float *)call->out[0] + start, (const uint8_t *)call->in[0] + start, answers_of(call)->table[c],
                          pixels);
    }
}

static hn_status run_preprocess(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    answers *a = answers_of(call);
    if (!(call->op->kept && a->made && call->constant_kept))
        fill_answers(call, a);
    a->made = true;
    hni_cpu_for(call, call->desc->in[0].dims[0], preprocess_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_relu = {"vectors", is_relu, NULL, run_relu};
const hni_cpu_impl hni_cpu_activation = {"numbers", NULL, NULL, run_activation};
const hni_cpu_impl hni_cpu_relu_grad = {"vectors", is_relu, NULL, run_relu_grad};
const hni_cpu_impl hni_cpu_activation_grad = {"numbers", NULL, NULL, run_activation_grad};
const hni_cpu_impl hni_cpu_add = {"vectors", NULL, NULL, run_add};
const hni_cpu_impl hni_cpu_dropout = {"numbers", NULL, NULL, run_dropout};
const hni_cpu_impl hni_cpu_preprocess = {"table of 256", NULL, plan_preprocess, run_preprocess};
