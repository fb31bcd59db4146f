/* device.c - an opened device: one in-order queue (a CUDA stream), the handles of cuDNN and cuBLASLt, and their end.
 *
 * CUDA's current device belongs to a thread, and any thread may use an opened device (one at a time): every slot of the table begins with
 * hni_cuda_enter. It is not put back afterwards: setting a device makes a context on it, which may be one that the host never wanted. */
#include <stdio.h>

#include "table.h"

static const char *const PRECISIONS[] = {"float32", "tf32", "bf16"};

hn_status hni_cuda_enter(hni_cuda_device *device, const char *what, hn_error *err) {
    if (device->broken)
        return hni_fail_code(err, HN_E_BACKEND, HN_DOMAIN_CUDA, device->broke,
                             "cudnn:%d: %s: not done, because the device broke before with CUDA %d %s; start the process anew to use it",
                             device->index, what, (int)device->broke, cudaGetErrorName(device->broke));
    int current = -1;
    cudaError_t code = cudaGetDevice(&current);
    if (code == cudaSuccess && current != device->index)
        code = cudaSetDevice(device->index);
    return hni_cuda_check(device, code, what, err);
}

static hn_status read_options(hni_cuda_device *d, int32_t options, hn_error *err) {
    const int32_t known = HN_HOST_TF32 | HN_HOST_BF16 | HN_HOST_DETERMINISTIC | HN_HOST_MEASURED;
    if (options & ~known)
        return hni_fail(err, HN_E_UNSUPPORTED, "cudnn:%d: options %#x are not known to this plug-in; install a newer one", d->index,
                        (unsigned)(options & ~known));
    if ((options & HN_HOST_TF32) && (options & HN_HOST_BF16))
        return hni_fail(err, HN_E_ARGUMENT, "cudnn:%d: tf32 and bf16 are two precisions; say one of them", d->index);
    if ((options & HN_HOST_MEASURED) && (options & HN_HOST_DETERMINISTIC))
        return hni_fail(err, HN_E_ARGUMENT, "cudnn:%d: measured and deterministic: what is fastest may differ from run to run, and the bits with "
                                            "it; say one of them", d->index);
    d->precision = options & HN_HOST_TF32 ? HNI_CUDA_TF32 : options & HN_HOST_BF16 ? HNI_CUDA_BF16 : HNI_CUDA_F32;
    d->deterministic = (options & HN_HOST_DETERMINISTIC) != 0;
    d->measured = (options & HN_HOST_MEASURED) != 0;
    return HN_OK;
}

static void log_open(const hni_cuda_device *d) {
    hn_error err;
    hn_device_info info = {.struct_size = sizeof info};
    char line[256];
    if (hni_cuda_device_info(NULL, d->index, &info, &err) != HN_OK)
        return;
    snprintf(line, sizeof line, "device %d: %s, %s%s", d->index, info.description, PRECISIONS[d->precision],
             d->deterministic ? ", deterministic"
             : d->measured    ? ", measured"
                              : "");
    d->host.log(d->host.user, HN_LOG_DEBUG, line);
}

static hn_status open_parts(hni_cuda_device *d, hn_error *err) {
    hn_status status = hni_cuda_enter(d, "open", err);
    if (status == HN_OK)
        status = hni_cuda_check(d, cudaStreamCreateWithFlags(&d->stream, cudaStreamNonBlocking), "open: making the queue", err);
    if (status == HN_OK)
        status = hni_cuda_check_cudnn(d, cudnnCreate(&d->cudnn), "open: cudnnCreate", err);
    if (status == HN_OK)
        status = hni_cuda_check_cudnn(d, cudnnSetStream(d->cudnn, d->stream), "open: cudnnSetStream", err);
    if (status == HN_OK)
        status = hni_cuda_check_lt(d, cublasLtCreate(&d->lt), "open: cublasLtCreate", err);
    if (status == HN_OK)
        status = hni_cuda_staging_open(d, err);
    return status == HN_OK ? hni_graph_open(d, err) : status;
}

hn_status hni_cuda_open(void *user, int32_t index, const hn_backend_host *host, void **device, hn_error *err) {
    (void)user;
    *device = NULL;
    hn_status status = hni_cuda_usable(index, err);
    if (status != HN_OK)
        return status;
    hni_cuda_device *d = host->alloc(host->user, sizeof *d);
    if (!d)
        return hni_fail_memory(err, sizeof *d, "a device of the cudnn backend");
    *d = (hni_cuda_device){.host = *host, .index = index};
    status = read_options(d, host->options, err);
    if (status == HN_OK)
        status = open_parts(d, err);
    if (status != HN_OK) {
        hni_cuda_close(d);
        return status;
    }
    *device = d;
    log_open(d);
    return HN_OK;
}

/* Half-opened ones too. What fails here fails in silence: there is nobody who could do anything about it. */
void hni_cuda_close(void *device) {
    hni_cuda_device *d = device;
    if (!d)
        return;
    hn_error ignored;
    (void)hni_cuda_enter(d, "close", &ignored);
    if (d->capturing) { /* the host forgot capture_end: the queue must be open again before it can be ended */
        cudaGraph_t graph = NULL;
        if (cudaStreamEndCapture(d->stream, &graph) == cudaSuccess && graph)
            cudaGraphDestroy(graph);
    }
    if (d->stream)
        cudaStreamSynchronize(d->stream);
    if (d->plans)
        hni_graph_close(d);
    if (d->lt)
        cublasLtDestroy(d->lt);
    if (d->cudnn)
        cudnnDestroy(d->cudnn);
    hni_cuda_staging_close(d);
    hni_cuda_memory_close(d);
    if (d->stream)
        cudaStreamDestroy(d->stream);
    cudaGetLastError();
    const hn_backend_host host = d->host;
    host.free(host.user, d);
}

hn_status hni_cuda_sync(void *device, hn_error *err) {
    hni_cuda_device *d = device;
    if (d->capturing)
        return hni_fail(err, HN_E_STATE, "cudnn:%d: sync between capture_begin and capture_end: nothing is done yet", d->index);
    const hn_status status = hni_cuda_enter(d, "sync", err);
    return status == HN_OK ? hni_cuda_check(d, cudaStreamSynchronize(d->stream), "sync", err) : status;
}
