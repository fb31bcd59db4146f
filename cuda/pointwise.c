/* pointwise.c - operators that treat every number by itself, by own kernels: activations, sum, dropout.
 *
 * cuDNN could do some of them; a kernel of a few lines has no plan to make and the same memory traffic, which is all that counts here. */
#include "../lib/op/dropout.h" /* defines: hni_dropout_threshold, hni_dropout_scale */
#include "cuda.h"
#include "kernels.h"

static hn_status run_activation(const hni_cuda_call *call, hn_error *err) {
    const cudaError_t code = hni_kernel_activation(hni_tensor_elements(&call->desc->in[0]), call->desc->activation,
                                                   (const float *)call->in[0], (float *)call->out[0], call->stream);
    return hni_cuda_check(call->op->device, code, "activation", err);
}

static hn_status run_activation_grad(const hni_cuda_call *call, hn_error *err) {
    const cudaError_t code =
        hni_kernel_activation_grad(hni_tensor_elements(&call->desc->in[0]), call->desc->activation, (const float *)call->in[0],
                                   (const float *)call->in[1], (float *)call->out[0], call->stream);
    return hni_cuda_check(call->op->device, code, "activation_grad", err);
}

static hn_status run_add(const hni_cuda_call *call, hn_error *err) {
    const cudaError_t code = hni_kernel_add(hni_tensor_elements(&call->desc->in[0]), (const float *)call->in[0], (const float *)call->in[1],
                                            (float *)call->out[0], call->stream);
    return hni_cuda_check(call->op->device, code, "add", err);
}

static hn_status run_dropout(const hni_cuda_call *call, hn_error *err) {
    const hn_op_desc *d = call->desc;
    const hni_dropout_args args = {
        .samples = d->in[0].dims[0],
        .size = hni_tensor_elements(&d->in[0]) / d->in[0].dims[0],
        .stream = d->stream,
        .threshold = hni_dropout_threshold(d->rate),
        .scale = hni_dropout_scale(d->rate),
        .x = (const float *)call->in[0],
        .keys = (const uint32_t *)call->in[1],
        .y = (float *)call->out[0],
    };
    return hni_cuda_check(call->op->device, hni_kernel_dropout(args, call->stream), "dropout", err);
}

const hni_cuda_way hni_cuda_activation = {.name = "own kernel", .run = run_activation};
const hni_cuda_way hni_cuda_activation_grad = {.name = "own kernel", .run = run_activation_grad};
const hni_cuda_way hni_cuda_add = {.name = "own kernel", .run = run_add};
const hni_cuda_way hni_cuda_dropout = {.name = "own kernel", .run = run_dropout};
