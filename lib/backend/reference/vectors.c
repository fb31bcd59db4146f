/* vectors.c - what training does with all gradients or all weights at once: accumulation, clipping, a running average.
 *
 * All may run in place: a number is read before its place is written, and no other number is looked at after that. */
#include <math.h>

#include "reference.h"

typedef struct range {
    int64_t start, end;
} range;

static range range_of(const hni_ref_call *call, int64_t piece) {
    const int64_t start = piece * HNI_REF_PIECE;
    return (range){start, hni_ref_piece_end(start, call->desc->in[0].dims[0])};
}

static hn_status each_piece(const hni_ref_call *call, hni_ref_task task) {
    hni_ref_for(call, hni_ref_pieces(call->desc->in[0].dims[0]), task);
    return HN_OK;
}

static void accumulate_task(const hni_ref_call *call, int64_t piece) {
    const range r = range_of(call, piece);
    const double factor = *(const double *)call->in[2];
    for (int64_t i = r.start; i < r.end; i++)
        ((float *)call->out[0])[i] = (float)(hni_ref_number(call, 0, i) + factor * hni_ref_number(call, 1, i));
}

hn_status hni_ref_accumulate(const hni_ref_call *call, hn_error *err) {
    (void)err;
    return each_piece(call, accumulate_task);
}

static void average_task(const hni_ref_call *call, int64_t piece) {
    const range r = range_of(call, piece);
    const double decay = *(const double *)call->in[2];
    for (int64_t i = r.start; i < r.end; i++)
        ((float *)call->out[0])[i] = (float)(decay * hni_ref_number(call, 0, i) + (1.0 - decay) * hni_ref_number(call, 1, i));
}

hn_status hni_ref_average(const hni_ref_call *call, hn_error *err) {
    (void)err;
    return each_piece(call, average_task);
}

/* What g is multiplied by: PyTorch's clip_grad_norm_. A norm that is not finite says nothing about a good length. */
static double clip_factor(double norm, double limit) {
    if (!(limit > 0.0) || !isfinite(norm))
        return 1.0;
    const double factor = limit / (norm + 1e-6);
    return factor < 1.0 ? factor : 1.0;
}

static void clip_task(const hni_ref_call *call, int64_t piece) {
    const range r = range_of(call, piece);
    const double factor = clip_factor(*(const double *)call->out[1], *(const double *)call->in[1]);
    for (int64_t i = r.start; i < r.end; i++)
        ((float *)call->out[0])[i] = (float)(hni_ref_number(call, 0, i) * factor);
}

hn_status hni_ref_clip_norm(const hni_ref_call *call, hn_error *err) {
    (void)err;
    double sum = 0.0;
    for (int64_t i = 0; i < call->desc->in[0].dims[0]; i++)
        sum += hni_ref_number(call, 0, i) * hni_ref_number(call, 0, i);
    *(double *)call->out[1] = sqrt(sum);
    return each_piece(call, clip_task);
}
