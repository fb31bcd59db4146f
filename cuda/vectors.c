/* vectors.c - what training does with all gradients or all weights at once, by own kernels: accumulation, clipping, a running average. */
#include "cuda.h"
#include "kernels.h"

static hn_status plan_clip(hni_cuda_op *op, hn_error *err) {
    (void)err;
    op->workspace = (uint64_t)hni_sum_room(1, hni_sum_lanes(1, op->desc.in[0].dims[0])) * sizeof(double);
    return HN_OK;
}

static hn_status run_clip(const hni_cuda_call *call, hn_error *err) {
    const hni_vectors_args args = {
        .n = call->desc->in[0].dims[0],
        .x = (const float *)call->in[0],
        .number = (const double *)call->in[1],
        .y = (float *)call->out[0],
        .norm = (double *)call->out[1],
        .workspace = (double *)call->workspace,
    };
    return hni_cuda_check(call->op->device, hni_kernel_clip(args, call->stream), "clip", err);
}

static hn_status run_pair(const hni_cuda_call *call, hn_error *err) {
    const bool adds = call->desc->kind == HN_OP_ACCUMULATE;
    const hni_vectors_args args = {
        .n = call->desc->in[0].dims[0],
        .x = (const float *)call->in[0],
        .other = (const float *)call->in[1],
        .number = (const double *)call->in[2],
        .y = (float *)call->out[0],
    };
    const cudaError_t code = adds ? hni_kernel_accumulate(args, call->stream) : hni_kernel_average(args, call->stream);
    return hni_cuda_check(call->op->device, code, adds ? "accumulate" : "average", err);
}

const hni_cuda_way hni_cuda_accumulate = {.name = "own kernel", .run = run_pair};
const hni_cuda_way hni_cuda_average = {.name = "own kernel", .run = run_pair};
const hni_cuda_way hni_cuda_clip = {.name = "own kernels", .plan = plan_clip, .run = run_clip};
