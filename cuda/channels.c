/* channels.c - operators on whole channels, by own kernels: concatenation, a scale for each channel, class maps. */
#include "cuda.h"
#include "kernels.h"

static int64_t sample_of(const hn_tensor_desc *t) {
    return hni_tensor_elements(t) / t->dims[0];
}

static hn_status run_concat(const hni_cuda_call *call, hn_error *err) {
    const hn_op_desc *d = call->desc;
    const bool grad = d->kind == HN_OP_CONCAT_GRAD;
    const hn_tensor_desc *parts = grad ? d->out : d->in;
    hni_concat_args args = {.samples = parts[0].dims[0], .first = sample_of(&parts[0]), .second = sample_of(&parts[1])};
    if (grad) {
        args.from = (const float *)call->in[0];
        args.da = (float *)call->out[0];
        args.db = (float *)call->out[1];
        return hni_cuda_check(call->op->device, hni_kernel_concat_grad(args, call->stream), "concat_grad", err);
    }
    args.a = (const float *)call->in[0];
    args.b = (const float *)call->in[1];
    args.to = (float *)call->out[0];
    return hni_cuda_check(call->op->device, hni_kernel_concat(args, call->stream), "concat", err);
}

static hn_status run_scale(const hni_cuda_call *call, hn_error *err) {
    const hn_tensor_desc *x = &call->desc->in[0];
    const cudaError_t code = hni_kernel_channel_scale(x->dims[0] * x->dims[1], x->dims[2] * x->dims[3], (const float *)call->in[0],
                                                      (const float *)call->in[1], (float *)call->out[0], call->stream);
    return hni_cuda_check(call->op->device, code, "channel_scale", err);
}

/* A channel of an image is one sum. */
static hni_sum_layout image_layout(const hn_tensor_desc *x) {
    const int64_t images = x->dims[0] * x->dims[1], pixels = x->dims[2] * x->dims[3];
    return (hni_sum_layout){images, pixels, pixels, 0, pixels, hni_sum_lanes(images, pixels)};
}

static hn_status plan_scale_grad(hni_cuda_op *op, hn_error *err) {
    (void)err;
    const hni_sum_layout s = image_layout(&op->desc.in[1]);
    op->workspace = (uint64_t)hni_sum_room(s.outputs, s.lanes) * sizeof(double);
    return HN_OK;
}

/* dx = dy · s; ds = Σ dy · x. */
static hn_status run_scale_grad(const hni_cuda_call *call, hn_error *err) {
    const hni_sum_layout s = image_layout(&call->desc->in[1]);
    const float *dy = (const float *)call->in[0];
    hni_sum_rest rest = {0};
    cudaError_t code = hni_kernel_sum_products(s, dy, (const float *)call->in[1], (double *)call->workspace, &rest, call->stream);
    if (code == cudaSuccess)
        code = hni_kernel_sum_store(s.outputs, rest, 1.0, (float *)call->out[1], call->stream);
    if (code == cudaSuccess)
        code = hni_kernel_channel_scale(s.outputs, s.count, dy, (const float *)call->in[2], (float *)call->out[0], call->stream);
    return hni_cuda_check(call->op->device, code, "channel_scale_grad", err);
}

static hn_status run_class_map(const hni_cuda_call *call, hn_error *err) {
    const hn_tensor_desc *f = &call->desc->in[0], *w = &call->desc->in[1];
    const hni_class_map_args args = {
        .samples = f->dims[0],
        .channels = f->dims[1],
        .pixels = f->dims[2] * f->dims[3],
        .per_pixel = w->dims[2] * w->dims[3] != 1,
        .activation = call->desc->activation,
        .f = (const float *)call->in[0],
        .w = (const float *)call->in[1],
        .y = (float *)call->out[0],
    };
    return hni_cuda_check(call->op->device, hni_kernel_class_map(args, call->stream), "class_map", err);
}

const hni_cuda_way hni_cuda_concat = {.name = "own kernel", .run = run_concat};
const hni_cuda_way hni_cuda_concat_grad = {.name = "own kernel", .run = run_concat};
const hni_cuda_way hni_cuda_channel_scale = {.name = "own kernel", .run = run_scale};
const hni_cuda_way hni_cuda_channel_scale_grad = {.name = "own kernels", .plan = plan_scale_grad, .run = run_scale_grad};
const hni_cuda_way hni_cuda_class_map = {.name = "own kernel", .run = run_class_map};
