/* rounded.c - an input rounded to bfloat16 in memory of the operator's own, so that weights which stay are not rounded in every run.
 *
 * hn_op_desc.constant says which inputs stay, HN_RUN_CONSTANT_KEPT when they have. A run may be recorded: then the rounding is recorded, or
 * left out of the recording, by the same flag, and the host replays it only while that is right. */
#include "kernels.h"
#include "table.h"

hn_status hni_cuda_rounded_make(hni_cuda_device *device, int64_t n, hni_cuda_rounded *r, hn_error *err) {
    void *memory = NULL;
    const hn_status status = hni_cuda_alloc(device, (uint64_t)n * sizeof *r->memory, &memory, err);
    *r = (hni_cuda_rounded){.memory = memory, .n = n};
    return status;
}

hn_status hni_cuda_rounded_fill(hni_cuda_device *device, hni_cuda_rounded *r, const float *x, bool kept, cudaStream_t stream, hn_error *err) {
    if (kept && r->filled)
        return HN_OK;
    const hn_status status = hni_cuda_check(device, hni_kernel_cast_bf16(r->n, x, r->memory, stream), "rounding to bfloat16", err);
    r->filled = status == HN_OK;
    return status;
}

void hni_cuda_rounded_drop(hni_cuda_device *device, hni_cuda_rounded *r) {
    hni_cuda_free(device, r->memory);
    *r = (hni_cuda_rounded){.memory = NULL};
}
