/* optimizer.c - the optimiser's step over all parameters, by one own kernel. The groups of the parameters are the library's own and are not
 * looked at here: that would wait for the device. */
#include "cuda.h"
#include "kernels.h"

static hn_status run_step(const hni_cuda_call *call, hn_error *err) {
    const hni_optimizer_args args = {
        .n = call->desc->in[0].dims[0],
        .groups = call->desc->in[4].dims[0],
        .optimizer = call->desc->optimizer,
        .w = (const float *)call->in[0],
        .g = (const float *)call->in[1],
        .m = (const float *)call->in[2],
        .v = (const float *)call->in[3],
        .hyper = (const double *)call->in[4],
        .group = (const uint8_t *)call->in[5],
        .new_w = (float *)call->out[0],
        .new_m = (float *)call->out[1],
        .new_v = (float *)call->out[2],
    };
    return hni_cuda_check(call->op->device, hni_kernel_optimizer(args, call->stream), "optimizer", err);
}

const hni_cuda_way hni_cuda_optimizer = {.name = "own kernel", .run = run_step};
