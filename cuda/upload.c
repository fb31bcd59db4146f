/* upload.c - from the host's memory to the device's without waiting for what is computed there.
 *
 *   caller ─► pinned memory ─► a segment on the device ─► its place
 *      memcpy          copy stream            queue, which waits for the copy's event
 *
 * The copy stream fills one segment while the queue still computes with what came through the other. Its place may be in use by work that waits
 * in the queue, so only the queue writes there; that copy, inside the device, is short. The host waits for a segment when it is about
 * to fill it again: for a batch two batches ago. From ordinary memory CUDA would first wait until the queue is empty.
 *
 * Segments grow to the largest upload, so that a batch is one copy, and stay so: later steps allocate nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

enum {
    ALIGN = 256,         /* bytes: where each upload begins in its segment */
    LITTLE = 1 << 20,    /* bytes of a segment beside a batch: its labels, keys, rates; and of the first segments */
    LARGEST = 64 << 20   /* bytes of a segment without that: 445 images of 3x224x224. Larger uploads come in pieces */
};

static void drop_segments(hni_cuda_device *d, hni_cuda_segment segments[HNI_CUDA_SEGMENTS]) {
    for (int i = 0; i < HNI_CUDA_SEGMENTS; i++) {
        if (segments[i].pinned)
            cudaFreeHost(segments[i].pinned);
        hni_cuda_free(d, segments[i].staged);
        segments[i].pinned = segments[i].staged = NULL;
    }
}

/* Memory for both segments, or none. */
static hn_status make_segments(hni_cuda_device *d, uint64_t size, hni_cuda_segment segments[HNI_CUDA_SEGMENTS], hn_error *err) {
    hn_status status = HN_OK;
    for (int i = 0; i < HNI_CUDA_SEGMENTS && status == HN_OK; i++) {
        void *pinned = NULL, *staged = NULL;
        status = hni_cuda_check(d, cudaHostAlloc(&pinned, (size_t)size, cudaHostAllocDefault), "pinned memory for uploads", err);
        segments[i].pinned = pinned;
        if (status == HN_OK)
            status = hni_cuda_alloc(d, size, &staged, err);
        segments[i].staged = staged;
    }
    if (status != HN_OK)
        drop_segments(d, segments);
    return status;
}

/* New segments, begun with the first. What they were on the device before may still be in use by the queue: the copy stream waits. */
static hn_status begin_segments(hni_cuda_device *d, const hni_cuda_segment segments[HNI_CUDA_SEGMENTS], uint64_t size, hn_error *err) {
    hni_cuda_staging *s = &d->staging;
    for (int i = 0; i < HNI_CUDA_SEGMENTS; i++) {
        s->segment[i].pinned = segments[i].pinned;
        s->segment[i].staged = segments[i].staged;
    }
    s->size = size;
    s->at = 0;
    s->used = 0;
    const hn_status status = hni_cuda_check(d, cudaEventRecord(s->segment[0].taken, d->stream), "upload", err);
    return status == HN_OK ? hni_cuda_check(d, cudaStreamWaitEvent(s->stream, s->segment[0].taken, 0), "upload", err) : status;
}

/* Room for an upload of so many bytes in one piece. No memory for that is no failure: it comes in pieces then, and so do all others. */
static hn_status grow(hni_cuda_device *d, uint64_t bytes, hn_error *err) {
    hni_cuda_staging *s = &d->staging;
    hni_cuda_segment larger[HNI_CUDA_SEGMENTS] = {{NULL, NULL, NULL, NULL}};
    hn_error theirs = {.status = HN_OK};
    const uint64_t size = (bytes + ALIGN - 1) / ALIGN * ALIGN + LITTLE;
    hn_status status = make_segments(d, size, larger, &theirs);
    if (status == HN_E_MEMORY) {
        char line[160];
        snprintf(line, sizeof line, "uploads come in pieces of %" PRIu64 " bytes: no memory for %" PRIu64 " in one", s->size, bytes);
        d->host.log(d->host.user, HN_LOG_INFO, line);
        s->most = s->size;
        return HN_OK;
    }
    if (status != HN_OK)
        return hni_fail_code(err, status, theirs.domain, theirs.code, "%s", theirs.message);
    status = hni_cuda_check(d, cudaStreamSynchronize(s->stream), "upload", err); /* it may still read the old ones */
    if (status != HN_OK) {
        drop_segments(d, larger);
        return status;
    }
    drop_segments(d, s->segment);
    return begin_segments(d, larger, size, err);
}

hn_status hni_cuda_staging_open(hni_cuda_device *d, hn_error *err) {
    hni_cuda_staging *s = &d->staging;
    hni_cuda_segment first[HNI_CUDA_SEGMENTS] = {{NULL, NULL, NULL, NULL}};
    hn_status status = hni_cuda_check(d, cudaStreamCreateWithFlags(&s->stream, cudaStreamNonBlocking), "open: making the copy stream", err);
    for (int i = 0; i < HNI_CUDA_SEGMENTS && status == HN_OK; i++) {
        status = hni_cuda_check(d, cudaEventCreateWithFlags(&s->segment[i].arrived, cudaEventDisableTiming), "open: making an event", err);
        if (status == HN_OK)
            status = hni_cuda_check(d, cudaEventCreateWithFlags(&s->segment[i].taken, cudaEventDisableTiming), "open: making an event", err);
    }
    if (status == HN_OK)
        status = make_segments(d, LITTLE, first, err);
    s->most = LARGEST;
    return status == HN_OK ? begin_segments(d, first, LITTLE, err) : status;
}

/* Half-opened ones too. */
void hni_cuda_staging_close(hni_cuda_device *d) {
    hni_cuda_staging *s = &d->staging;
    if (s->stream)
        cudaStreamSynchronize(s->stream);
    drop_segments(d, s->segment);
    for (int i = 0; i < HNI_CUDA_SEGMENTS; i++) {
        if (s->segment[i].arrived)
            cudaEventDestroy(s->segment[i].arrived);
        if (s->segment[i].taken)
            cudaEventDestroy(s->segment[i].taken);
    }
    if (s->stream)
        cudaStreamDestroy(s->stream);
}

/* On to the other segment: its pinned memory must have been read, and what it has on the device must have been taken. */
static hn_status next_segment(hni_cuda_device *d, hn_error *err) {
    hni_cuda_staging *s = &d->staging;
    hn_status status = hni_cuda_check(d, cudaEventRecord(s->segment[s->at].taken, d->stream), "upload", err);
    if (status != HN_OK)
        return status;
    const uint32_t next = (s->at + 1) % HNI_CUDA_SEGMENTS;
    status = hni_cuda_check(d, cudaEventSynchronize(s->segment[next].arrived), "upload", err);
    if (status == HN_OK)
        status = hni_cuda_check(d, cudaStreamWaitEvent(s->stream, s->segment[next].taken, 0), "upload", err);
    if (status != HN_OK)
        return status;
    s->at = next;
    s->used = 0;
    return HN_OK;
}

/* n bytes through the current segment, which has room for them. */
static hn_status send(hni_cuda_device *d, void *to, const void *from, uint64_t n, hn_error *err) {
    hni_cuda_staging *s = &d->staging;
    hni_cuda_segment *g = &s->segment[s->at];
    uint8_t *const pinned = g->pinned + s->used, *const staged = g->staged + s->used;
    memcpy(pinned, from, (size_t)n);
    cudaError_t code = cudaMemcpyAsync(staged, pinned, (size_t)n, cudaMemcpyHostToDevice, s->stream);
    s->used += (n + ALIGN - 1) / ALIGN * ALIGN; /* whatever comes of it: the copy may have begun */
    if (code == cudaSuccess)
        code = cudaEventRecord(g->arrived, s->stream);
    if (code == cudaSuccess)
        code = cudaStreamWaitEvent(d->stream, g->arrived, 0);
    if (code == cudaSuccess)
        code = cudaMemcpyAsync(to, staged, (size_t)n, cudaMemcpyDeviceToDevice, d->stream);
    return hni_cuda_check(d, code, "upload", err);
}

hn_status hni_cuda_upload(void *device, hn_buffer to, const void *from, hn_error *err) {
    hni_cuda_device *d = device;
    hni_cuda_staging *s = &d->staging;
    if (d->capturing)
        return hni_fail(err, HN_E_STATE, "cudnn:%d: upload between capture_begin and capture_end: the host's memory cannot be recorded", d->index);
    hn_status status = hni_cuda_enter(d, "upload", err);
    const uint64_t wanted = to.size < s->most ? to.size : s->most;
    if (status == HN_OK && wanted > LITTLE / 4 && wanted + LITTLE > s->size && s->size < s->most)
        status = grow(d, wanted, err);
    for (uint64_t done = 0; done < to.size && status == HN_OK;) {
        const uint64_t left = to.size - done, n = left < s->size ? left : s->size;
        if (n > s->size - s->used)
            status = next_segment(d, err);
        if (status == HN_OK)
            status = send(d, (uint8_t *)to.memory + to.offset + done, (const uint8_t *)from + done, n, err);
        done += n;
    }
    return status;
}
