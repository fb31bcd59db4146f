/* vectors.c - what training does with all gradients or all weights at once: accumulation, clipping, a running average.
 *
 * Arithmetic in float64, one rounding when a number is stored. All may run in place. */
#include <math.h>
#include <string.h>

#include "cpu.h"

static int64_t piece_of(const hni_cpu_call *call, int64_t index, int64_t *start) {
    *start = index * HNI_CPU_PIECE;
    return hni_cpu_piece_size(*start, call->desc->in[0].dims[0]);
}

static void each_piece(const hni_cpu_call *call, hni_cpu_task task) {
    const int64_t n = call->desc->in[0].dims[0];
    hni_cpu_for_numbers(call, hni_cpu_pieces(n), n, task);
}

static void accumulate_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    call->isa->blend((float *)call->out[0] + start, (const float *)call->in[0] + start, 1.0, (const float *)call->in[1] + start,
                     *(const double *)call->in[2], n);
}

static hn_status run_accumulate(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    each_piece(call, accumulate_task);
    return HN_OK;
}

static void average_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    const double decay = *(const double *)call->in[2];
    call->isa->blend((float *)call->out[0] + start, (const float *)call->in[0] + start, decay, (const float *)call->in[1] + start,
                     1.0 - decay, n);
}

static hn_status run_average(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    each_piece(call, average_task);
    return HN_OK;
}

/* The workspace: Σ g² of each piece. */
static hn_status plan_clip(hni_cpu_op *op, hn_error *err) {
    (void)err;
    op->workspace = (uint64_t)hni_cpu_pieces(op->desc.in[0].dims[0]) * sizeof(double);
    return HN_OK;
}

static void squares_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    ((double *)call->workspace)[index] = call->isa->squares((const float *)call->in[0] + start, n, 0.0);
}

/* What g is multiplied by: PyTorch's clip_grad_norm_. A norm that is not finite says nothing about a good length. */
static double clip_factor(double norm, double limit) {
    if (!(limit > 0.0) || !isfinite(norm))
        return 1.0;
    const double factor = limit / (norm + 1e-6);
    return factor < 1.0 ? factor : 1.0;
}

static void clip_task(const hni_cpu_call *call, int64_t index) {
    int64_t start;
    const int64_t n = piece_of(call, index, &start);
    const double factor = clip_factor(*(const double *)call->out[1], *(const double *)call->in[1]);
    const float *g = (const float *)call->in[0] + start;
    float *to = (float *)call->out[0] + start;
    if (factor < 1.0)
        call->isa->affine(to, g, n, 0.0, factor, 0.0);
    else
        memmove(to, g, (size_t)n * sizeof *g);
}

static hn_status run_clip(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    double sum = 0.0;
    each_piece(call, squares_task);
    for (int64_t i = 0; i < hni_cpu_pieces(call->desc->in[0].dims[0]); i++)
        sum += ((const double *)call->workspace)[i];
    *(double *)call->out[1] = sqrt(sum);
    each_piece(call, clip_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_accumulate = {"vectors", NULL, NULL, run_accumulate};
const hni_cpu_impl hni_cpu_clip_norm = {"vectors", NULL, plan_clip, run_clip};
const hni_cpu_impl hni_cpu_average = {"vectors", NULL, NULL, run_average};
