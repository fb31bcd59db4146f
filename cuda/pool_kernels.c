/* pool_kernels.c - maximum, average and global average pooling and their gradients, by own kernels. They keep the contract's rules on
 * equals and NaN, and every sum has one order; pool.c asks cuDNN. */
#include "cuda.h"
#include "kernels.h"

static hni_pool_args args_of(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *y) {
    return (hni_pool_args){
        .images = x->dims[0] * x->dims[1],
        .h = x->dims[2],
        .w = x->dims[3],
        .oh = y->dims[2],
        .ow = y->dims[3],
        .kernel = {d->kernel[0], d->kernel[1]},
        .stride = {d->stride[0], d->stride[1]},
        .padding = {d->padding[0], d->padding[1]},
        .exclude_padding = d->exclude_padding,
        .through_relu = d->activation != 0,
    };
}

static hn_status run_forward(const hni_cuda_call *call, hn_error *err) {
    hni_pool_args args = args_of(call->desc, &call->desc->in[0], &call->desc->out[0]);
    args.x = (const float *)call->in[0];
    args.y = (float *)call->out[0];
    const bool max = call->desc->kind == HN_OP_MAX_POOL2D;
    const cudaError_t code = max ? hni_kernel_max_pool(args, call->stream) : hni_kernel_avg_pool(args, call->stream);
    return hni_cuda_check(call->op->device, code, max ? "max_pool" : "avg_pool", err);
}

static hn_status run_max_grad(const hni_cuda_call *call, hn_error *err) {
    hni_pool_args args = args_of(call->desc, &call->desc->out[0], &call->desc->in[2]);
    args.x = (const float *)call->in[0];
    args.dy = (const float *)call->in[2];
    args.y = (float *)call->out[0];
    return hni_cuda_check(call->op->device, hni_kernel_max_pool_grad(args, call->stream), "max_pool_grad", err);
}

static hn_status run_avg_grad(const hni_cuda_call *call, hn_error *err) {
    hni_pool_args args = args_of(call->desc, &call->desc->out[0], &call->desc->in[0]);
    args.dy = (const float *)call->in[0];
    args.y = (float *)call->out[0];
    return hni_cuda_check(call->op->device, hni_kernel_avg_pool_grad(args, call->stream), "avg_pool_grad", err);
}

/* An image's pixels are one sum: rows of [N·C, pixels]. */
static hni_sum_layout global_layout(const hn_tensor_desc *x) {
    const int64_t images = x->dims[0] * x->dims[1], pixels = x->dims[2] * x->dims[3];
    return (hni_sum_layout){images, pixels, pixels, 0, pixels, hni_sum_lanes(images, pixels)};
}

static hn_status plan_global(hni_cuda_op *op, hn_error *err) {
    (void)err;
    const hni_sum_layout s = global_layout(&op->desc.in[0]);
    op->workspace = (uint64_t)hni_sum_room(s.outputs, s.lanes) * sizeof(double);
    return HN_OK;
}

static hn_status run_global(const hni_cuda_call *call, hn_error *err) {
    const hni_sum_layout s = global_layout(&call->desc->in[0]);
    hni_sum_rest rest = {0};
    cudaError_t code = hni_kernel_sum(s, (const float *)call->in[0], (double *)call->workspace, &rest, call->stream);
    if (code == cudaSuccess)
        code = hni_kernel_sum_store(s.outputs, rest, (double)s.count, (float *)call->out[0], call->stream);
    return hni_cuda_check(call->op->device, code, "global_avg_pool", err);
}

static hn_status run_global_grad(const hni_cuda_call *call, hn_error *err) {
    const hn_tensor_desc *x = &call->desc->out[0];
    const cudaError_t code = hni_kernel_spread(x->dims[0] * x->dims[1], x->dims[2] * x->dims[3], (const float *)call->in[0],
                                               (float *)call->out[0], call->stream);
    return hni_cuda_check(call->op->device, code, "global_avg_pool_grad", err);
}

const hni_cuda_way hni_cuda_max_pool = {.name = "own kernel", .run = run_forward};
const hni_cuda_way hni_cuda_max_pool_grad = {.name = "own kernel", .run = run_max_grad};
const hni_cuda_way hni_cuda_avg_pool = {.name = "own kernel", .run = run_forward};
const hni_cuda_way hni_cuda_avg_pool_grad = {.name = "own kernel", .run = run_avg_grad};
const hni_cuda_way hni_cuda_global_pool = {.name = "own kernels", .plan = plan_global, .run = run_global};
const hni_cuda_way hni_cuda_global_pool_grad = {.name = "own kernel", .run = run_global_grad};
