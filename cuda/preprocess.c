/* preprocess.c - stored bytes to a batch, by own kernels: gathered by rows, augmented or not. Rows and augmentation come with every step and are
 * not looked at here: that would wait for the device. */
#include "cuda.h"
#include "kernels.h"

static bool is_augmented(const hn_op_desc *d) {
    return d->in[4].rank != 0;
}

static hn_status plan_preprocess(hni_cuda_op *op, hn_error *err) {
    (void)err;
    if (is_augmented(&op->desc))
        op->workspace = (uint64_t)hni_augment_room(op->desc.out[0].dims[0]) * sizeof(double);
    return HN_OK;
}

static hn_status run_preprocess(const hni_cuda_call *call, hn_error *err) {
    const hn_tensor_desc *x = &call->desc->in[0], *y = &call->desc->out[0];
    const hni_preprocess_args args = {
        .samples = y->dims[0],
        .channels = y->dims[1],
        .height = y->dims[2],
        .width = y->dims[3],
        .images = x->dims[0],
        .from_height = x->dims[2],
        .from_width = x->dims[3],
        .x = (const uint8_t *)call->in[0],
        .mean = (const float *)call->in[1],
        .deviation = (const float *)call->in[2],
        .rows = (const int32_t *)call->in[3],
        .augment = (const float *)call->in[4],
        .keys = (const uint32_t *)call->in[5],
        .tones = (double *)call->workspace,
        .y = (float *)call->out[0],
    };
    const cudaError_t code = is_augmented(call->desc) ? hni_kernel_augment(args, call->stream) : hni_kernel_preprocess(args, call->stream);
    return hni_cuda_check(call->op->device, code, "preprocess", err);
}

const hni_cuda_way hni_cuda_preprocess = {.name = "own kernel", .plan = plan_preprocess, .run = run_preprocess};
