/* norm_kernels.c - batch norm by own kernels: for shapes that cuDNN does not take, and for sums of one order. norm.c asks cuDNN. */
#include "cuda.h"
#include "kernels.h"

/* What all three have in common, from x. */
static hni_norm_args args_of(const hn_op_desc *d, const hn_tensor_desc *x) {
    const int64_t pixels = x->dims[2] * x->dims[3], channels = x->dims[1], count = x->dims[0] * pixels;
    return (hni_norm_args){
        .sums = {channels, count, pixels, channels * pixels, pixels, hni_sum_lanes(channels, count)},
        .n = channels * count,
        .epsilon = d->epsilon,
        .momentum = d->momentum,
    };
}

/* Inference needs no sums: the workspace begins with the channels' own two numbers, and that is all. */
static hn_status plan_infer(hni_cuda_op *op, hn_error *err) {
    (void)err;
    op->workspace = (uint64_t)op->desc.in[0].dims[1] * 2 * sizeof(double);
    return HN_OK;
}

static hn_status plan_sums(hni_cuda_op *op, hn_error *err) {
    (void)err;
    const hni_norm_args args = args_of(&op->desc, &op->desc.in[op->desc.kind == HN_OP_BATCH_NORM_GRAD ? 1 : 0]);
    op->workspace = (uint64_t)hni_norm_room(&args.sums) * sizeof(double);
    return HN_OK;
}

/* The inputs and the output that inference and training share. */
static hni_norm_args forward_args(const hni_cuda_call *call) {
    hni_norm_args args = args_of(call->desc, &call->desc->in[0]);
    args.x = (const float *)call->in[0];
    args.gamma = (const float *)call->in[1];
    args.beta = (const float *)call->in[2];
    args.mean = (const float *)call->in[3];
    args.var = (const float *)call->in[4];
    args.y = (float *)call->out[0];
    args.workspace = (double *)call->workspace;
    return args;
}

static hn_status run_infer(const hni_cuda_call *call, hn_error *err) {
    return hni_cuda_check(call->op->device, hni_kernel_norm(forward_args(call), call->stream), "batch_norm", err);
}

static hn_status run_train(const hni_cuda_call *call, hn_error *err) {
    hni_norm_args args = forward_args(call);
    args.saved_mean = (float *)call->out[1];
    args.saved_inv_std = (float *)call->out[2];
    args.new_mean = (float *)call->out[3];
    args.new_var = (float *)call->out[4];
    return hni_cuda_check(call->op->device, hni_kernel_norm_train(args, call->stream), "batch_norm_train", err);
}

static hn_status run_grad(const hni_cuda_call *call, hn_error *err) {
    hni_norm_args args = args_of(call->desc, &call->desc->in[1]);
    args.dy = (const float *)call->in[0];
    args.x = (const float *)call->in[1];
    args.gamma = (const float *)call->in[2];
    args.mean = (const float *)call->in[3];
    args.var = (const float *)call->in[4];
    args.y = (float *)call->out[0];
    args.dgamma = (float *)call->out[1];
    args.dbeta = (float *)call->out[2];
    args.workspace = (double *)call->workspace;
    return hni_cuda_check(call->op->device, hni_kernel_norm_grad(args, call->stream), "batch_norm_grad", err);
}

const hni_cuda_way hni_cuda_norm_own = {.name = "own kernels", .plan = plan_infer, .run = run_infer};
const hni_cuda_way hni_cuda_norm_train_own = {.name = "own kernels", .plan = plan_sums, .run = run_train};
const hni_cuda_way hni_cuda_norm_grad_own = {.name = "own kernels", .plan = plan_sums, .run = run_grad};
