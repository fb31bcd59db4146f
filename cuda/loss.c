/* loss.c - softmax and the two losses with their gradients, by own kernels.
 *
 * A label or share that is none cannot be refused here, as the reference does: that would wait for the device. The executor has looked at the
 * caller's labels before they are uploaded; should one get here all the same, the kernel does not use it as an index, and stats and
 * gradient become NaN. */
#include "cuda.h"
#include "kernels.h"

static hn_status run_softmax(const hni_cuda_call *call, hn_error *err) {
    const hn_tensor_desc *x = &call->desc->in[0];
    const cudaError_t code =
        hni_kernel_softmax(x->dims[0], x->dims[1], (const float *)call->in[0], (float *)call->out[0], call->stream);
    return hni_cuda_check(call->op->device, code, "softmax", err);
}

static hni_loss_args args_of(const hn_op_desc *d) {
    const int64_t rows = d->in[0].dims[0], classes = d->in[0].dims[1];
    return (hni_loss_args){
        .rows = rows,
        .classes = classes,
        .lanes = d->kind == HN_OP_SOFTMAX_LOSS ? hni_sum_lanes(3, rows) : hni_sum_lanes(2, rows * classes),
        .positive = d->positive,
        .threshold = d->threshold,
        .smoothing = d->smoothing,
        .focal = d->focal,
    };
}

static hn_status plan_loss(hni_cuda_op *op, hn_error *err) {
    (void)err;
    const hni_loss_args args = args_of(&op->desc);
    op->workspace = (uint64_t)hni_loss_room(&args) * sizeof(double);
    return HN_OK;
}

static hn_status run_loss(const hni_cuda_call *call, hn_error *err) {
    const bool softmax = call->desc->kind == HN_OP_SOFTMAX_LOSS;
    hni_loss_args args = args_of(call->desc);
    args.x = (const float *)call->in[0];
    const bool classes = call->desc->in[1].dtype == HN_DTYPE_I32;
    args.classes_of = classes ? (const int32_t *)call->in[1] : NULL;
    args.labels = classes ? NULL : (const float *)call->in[1];
    args.weights = (const float *)call->in[2];
    args.p = (float *)call->out[0];
    args.dx = (float *)call->out[1];
    args.stats = (double *)call->out[2];
    args.workspace = (double *)call->workspace;
    const cudaError_t code = softmax ? hni_kernel_softmax_loss(args, call->stream) : hni_kernel_sigmoid_loss(args, call->stream);
    return hni_cuda_check(call->op->device, code, softmax ? "softmax_loss" : "sigmoid_loss", err);
}

const hni_cuda_way hni_cuda_softmax = {.name = "own kernel", .run = run_softmax};
const hni_cuda_way hni_cuda_softmax_loss = {.name = "own kernels", .plan = plan_loss, .run = run_loss};
const hni_cuda_way hni_cuda_sigmoid_loss = {.name = "own kernels", .plan = plan_loss, .run = run_loss};
