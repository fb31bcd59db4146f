/* measure.c - which of a few ways is the fastest on this device, by trying each: for devices that are opened as "measured".
 *
 * Each is run once to warm up and then a few times between two events; the median counts, since now and then a run is disturbed. Tried in
 * prepare, on memory of its own; what it finds is kept with the plan. Another process may find something else. */
#include <math.h>
#include <stdio.h>

#include "measure.h"

enum { RUNS = 5 };

/* The median of RUNS times, or INFINITY if it cannot be run after all. */
static hn_status time_one(hni_cuda_device *d, const cudaEvent_t event[2], hni_trial try, void *with, int32_t i, float *median, hn_error *err) {
    float ms[RUNS];
    *median = INFINITY;
    for (int k = -1; k < RUNS; k++) { /* -1: the warm-up */
        float took = 0.0f;
        cudaError_t code = cudaEventRecord(event[0], d->stream);
        const hn_status status = code == cudaSuccess ? try(with, i, err) : HN_OK;
        if (status != HN_OK)
            return status == HN_E_UNSUPPORTED ? HN_OK : status;
        if (code == cudaSuccess)
            code = cudaEventRecord(event[1], d->stream);
        if (code == cudaSuccess)
            code = cudaEventSynchronize(event[1]);
        if (code == cudaSuccess)
            code = cudaEventElapsedTime(&took, event[0], event[1]);
        if (code != cudaSuccess)
            return hni_cuda_check(d, code, "measuring", err);
        int at = k < 0 ? 0 : k;
        for (; at > 0 && ms[at - 1] > took; at--)
            ms[at] = ms[at - 1];
        ms[at] = took;
    }
    *median = ms[RUNS / 2];
    return HN_OK;
}

static hn_status time_all(hni_cuda_device *d, const cudaEvent_t event[2], int32_t n, hni_trial try, void *with, int32_t *fastest, hn_error *err) {
    float first = INFINITY, best = INFINITY;
    *fastest = 0;
    for (int32_t i = 0; i < n; i++) {
        float ms;
        const hn_status status = time_one(d, event, try, with, i, &ms, err);
        if (status != HN_OK)
            return status;
        first = i == 0 ? ms : first;
        if (ms < best) {
            best = ms;
            *fastest = i;
        }
    }
    char line[128];
    snprintf(line, sizeof line, "measured %d engines: number %d takes %.4g ms, the first %.4g ms", n, *fastest + 1, (double)best, (double)first);
    d->host.log(d->host.user, HN_LOG_DEBUG, line);
    return HN_OK;
}

hn_status hni_measure(hni_cuda_device *device, int32_t n, hni_trial try, void *with, int32_t *fastest, hn_error *err) {
    cudaEvent_t event[2] = {NULL, NULL};
    hn_status status = HN_OK;
    *fastest = 0;
    for (int i = 0; i < 2 && status == HN_OK; i++)
        status = hni_cuda_check(device, cudaEventCreateWithFlags(&event[i], cudaEventDefault), "measuring: making an event", err);
    if (status == HN_OK)
        status = time_all(device, event, n, try, with, fastest, err);
    for (int i = 0; i < 2; i++)
        if (event[i])
            cudaEventDestroy(event[i]);
    return status;
}

hn_status hni_measure_memory(hni_cuda_device *device, uint64_t size, void **memory, hn_error *err) {
    hn_error theirs = {.status = HN_OK};
    hn_status status = hni_cuda_alloc(device, size, memory, &theirs);
    if (status == HN_E_MEMORY) {
        device->host.log(device->host.user, HN_LOG_INFO, "an operator is not measured: no memory to try it on");
        return HN_OK;
    }
    if (status != HN_OK)
        return hni_fail_code(err, status, theirs.domain, theirs.code, "%s", theirs.message);
    status = hni_cuda_check(device, cudaMemsetAsync(*memory, 0, (size_t)size, device->stream), "measuring", err);
    if (status != HN_OK) {
        hni_measure_free(device, *memory);
        *memory = NULL;
    }
    return status;
}

void hni_measure_free(hni_cuda_device *device, void *memory) {
    hni_cuda_free(device, memory);
    hni_cuda_memory_trim(device);
}
