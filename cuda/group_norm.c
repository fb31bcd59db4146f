/* group_norm.c - group norm and its gradient, by own kernels: cuDNN's norm operations have none over groups. */
#include "cuda.h"
#include "kernels.h"

static hni_group_norm_args args_of(const hn_op_desc *d, const hn_tensor_desc *x) {
    const int64_t pixels = x->dims[2] * x->dims[3], channels = x->dims[1], n = hni_tensor_elements(x);
    const int64_t groups = x->dims[0] * d->groups, size = n / groups, count = x->dims[0] * pixels;
    return (hni_group_norm_args){
        .groups = {groups, size, size, 0, size, hni_sum_lanes(groups, size)},
        .channels = {channels, count, pixels, channels * pixels, pixels, hni_sum_lanes(channels, count)},
        .n = n,
        .epsilon = d->epsilon,
    };
}

static hn_status plan_sums(hni_cuda_op *op, hn_error *err) {
    (void)err;
    const hni_group_norm_args args = args_of(&op->desc, &op->desc.in[op->desc.kind == HN_OP_GROUP_NORM_GRAD ? 1 : 0]);
    op->workspace = (uint64_t)hni_group_norm_room(&args.groups, &args.channels) * sizeof(double);
    return HN_OK;
}

static hn_status run_forward(const hni_cuda_call *call, hn_error *err) {
    hni_group_norm_args args = args_of(call->desc, &call->desc->in[0]);
    args.x = (const float *)call->in[0];
    args.gamma = (const float *)call->in[1];
    args.beta = (const float *)call->in[2];
    args.y = (float *)call->out[0];
    args.new_mean = (float *)call->out[1];
    args.new_inv_std = (float *)call->out[2];
    args.workspace = (double *)call->workspace;
    return hni_cuda_check(call->op->device, hni_kernel_group_norm(args, call->stream), "group_norm", err);
}

static hn_status run_grad(const hni_cuda_call *call, hn_error *err) {
    hni_group_norm_args args = args_of(call->desc, &call->desc->in[1]);
    args.dy = (const float *)call->in[0];
    args.x = (const float *)call->in[1];
    args.gamma = (const float *)call->in[2];
    args.mean = (const float *)call->in[3];
    args.inv_std = (const float *)call->in[4];
    args.y = (float *)call->out[0];
    args.dgamma = (float *)call->out[1];
    args.dbeta = (float *)call->out[2];
    args.workspace = (double *)call->workspace;
    return hni_cuda_check(call->op->device, hni_kernel_group_norm_grad(args, call->stream), "group_norm_grad", err);
}

const hni_cuda_way hni_cuda_group_norm = {.name = "own kernels", .plan = plan_sums, .run = run_forward};
const hni_cuda_way hni_cuda_group_norm_grad = {.name = "own kernels", .plan = plan_sums, .run = run_grad};
