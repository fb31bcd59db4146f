/* recording.c - a step recorded once as a CUDA graph and launched as one from then on: saves the launch of every single kernel.
 *
 * The queue is captured in thread-local mode: what other threads do with CUDA meanwhile is their own business. */
#include "table.h"

typedef struct recording {
    uint32_t tag; /* HNI_CUDA_RECORDING; first, as in hni_cuda_op */
    cudaGraphExec_t exec;
} recording;

hn_status hni_cuda_capture_begin(void *device, hn_error *err) {
    hni_cuda_device *d = device;
    if (d->capturing)
        return hni_fail(err, HN_E_STATE, "cudnn:%d: capture_begin inside a recording", d->index);
    hn_status status = hni_cuda_enter(d, "capture_begin", err);
    if (status == HN_OK)
        status = hni_cuda_check(d, cudaStreamBeginCapture(d->stream, cudaStreamCaptureModeThreadLocal), "capture_begin", err);
    d->capturing = status == HN_OK;
    return status;
}

static hn_status finish(hni_cuda_device *d, recording *r, hn_error *err) {
    cudaGraph_t graph = NULL;
    hn_status status = hni_cuda_check(d, cudaStreamEndCapture(d->stream, &graph), "capture_end", err);
    if (status == HN_OK && r)
        status = hni_cuda_check(d, cudaGraphInstantiate(&r->exec, graph, 0), "capture_end: making the graph", err);
    if (graph)
        cudaGraphDestroy(graph);
    return status;
}

/* Whatever goes wrong, the queue is no longer captured afterwards. */
hn_status hni_cuda_capture_end(void *device, void **out, hn_error *err) {
    hni_cuda_device *d = device;
    *out = NULL;
    if (!d->capturing)
        return hni_fail(err, HN_E_STATE, "cudnn:%d: capture_end without capture_begin", d->index);
    const hn_status entered = hni_cuda_enter(d, "capture_end", err);
    recording *r = d->host.alloc(d->host.user, sizeof *r);
    if (r)
        *r = (recording){.tag = HNI_CUDA_RECORDING};
    hn_status status = finish(d, r, entered == HN_OK ? err : NULL);
    d->capturing = false;
    if (entered != HN_OK)
        status = entered;
    else if (status == HN_OK && !r)
        status = hni_fail_memory(err, sizeof *r, "a recording");
    if (status != HN_OK) {
        hni_cuda_recording_free(d, r);
        return status;
    }
    *out = r;
    return HN_OK;
}

hn_status hni_cuda_replay(void *device, void *recorded, hn_error *err) {
    hni_cuda_device *d = device;
    if (d->capturing)
        return hni_fail(err, HN_E_STATE, "cudnn:%d: replay inside a recording", d->index);
    const hn_status status = hni_cuda_enter(d, "replay", err);
    return status == HN_OK ? hni_cuda_check(d, cudaGraphLaunch(((recording *)recorded)->exec, d->stream), "replay", err) : status;
}

void hni_cuda_recording_free(hni_cuda_device *d, void *recorded) {
    recording *r = recorded;
    if (r && r->exec)
        cudaGraphExecDestroy(r->exec);
    d->host.free(d->host.user, r);
}
