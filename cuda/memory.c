/* memory.c - device memory of an opened device, and the copies in it and out of it. Into it: upload.c.
 *
 * cudaFree waits for the device and cudaMalloc is slow: what is freed is kept for the next request of about its size, and given back when CUDA
 * has no more, or at close. All work on the memory is in one queue, so a block may change hands while work on it is still waiting there.
 * Downloads wait for the queue anyway and go directly. */
#include <inttypes.h>
#include <stdio.h>

#include "table.h"

enum { ALIGN = 256 }; /* bytes, of cudaMalloc */

typedef struct hni_cuda_block {
    struct hni_cuda_block *next;
    void *memory;
    uint64_t size; /* bytes */
    bool used;
} hni_cuda_block;

static void *at(hn_buffer b) {
    return (uint8_t *)b.memory + b.offset;
}

/* The smallest free block that is large enough and not twice as large. */
static hni_cuda_block *find_free(const hni_cuda_device *d, uint64_t size) {
    hni_cuda_block *best = NULL;
    for (hni_cuda_block *b = d->blocks; b; b = b->next)
        if (!b->used && b->size >= size && b->size / 2 <= size && (!best || b->size < best->size))
            best = b;
    return best;
}

/* Gives free blocks back to CUDA, all of them or used ones too; how many. */
static int give_back(hni_cuda_device *d, bool used_too) {
    int count = 0;
    for (hni_cuda_block **link = &d->blocks; *link;) {
        hni_cuda_block *b = *link;
        if (b->used && !used_too) {
            link = &b->next;
            continue;
        }
        *link = b->next;
        cudaFree(b->memory);
        d->host.free(d->host.user, b);
        count++;
    }
    return count;
}

static hn_status new_block(hni_cuda_device *d, uint64_t size, void **memory, hn_error *err) {
    char what[64];
    hni_cuda_block *b = d->host.alloc(d->host.user, sizeof *b);
    if (!b)
        return hni_fail_memory(err, sizeof *b, "the record of a block of device memory");
    *b = (hni_cuda_block){.size = size, .used = true};
    cudaError_t code = cudaMalloc(&b->memory, (size_t)size);
    if (code == cudaErrorMemoryAllocation && give_back(d, false) > 0) {
        cudaGetLastError();
        code = cudaMalloc(&b->memory, (size_t)size);
    }
    snprintf(what, sizeof what, "alloc of %" PRIu64 " bytes", size);
    const hn_status status = hni_cuda_check(d, code, what, err);
    if (status != HN_OK) {
        d->host.free(d->host.user, b);
        return status;
    }
    b->next = d->blocks;
    d->blocks = b;
    *memory = b->memory;
    return HN_OK;
}

hn_status hni_cuda_alloc(void *device, uint64_t size, void **memory, hn_error *err) {
    hni_cuda_device *d = device;
    *memory = NULL;
    if (d->capturing)
        return hni_fail(err, HN_E_STATE, "cudnn:%d: alloc between capture_begin and capture_end", d->index);
    if (size > SIZE_MAX - ALIGN)
        return hni_fail(err, HN_E_MEMORY, "cudnn:%d: no device has %" PRIu64 " bytes", d->index, size);
    const hn_status status = hni_cuda_enter(d, "alloc", err);
    if (status != HN_OK)
        return status;
    const uint64_t rounded = size > 0 ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    hni_cuda_block *b = find_free(d, rounded);
    if (!b)
        return new_block(d, rounded, memory, err);
    b->used = true;
    *memory = b->memory;
    return HN_OK;
}

void hni_cuda_free(void *device, void *memory) {
    hni_cuda_device *d = device;
    if (!memory)
        return;
    for (hni_cuda_block *b = d->blocks; b; b = b->next)
        if (b->memory == memory && b->used) {
            b->used = false;
            return;
        }
    d->host.log(d->host.user, HN_LOG_ERROR, "free of memory that is not this device's, or was freed before; it is left alone");
}

void hni_cuda_memory_trim(hni_cuda_device *d) {
    give_back(d, false);
}

void hni_cuda_memory_close(hni_cuda_device *d) {
    give_back(d, true);
}

hn_status hni_cuda_download(void *device, void *to, hn_buffer from, hn_error *err) {
    hni_cuda_device *d = device;
    if (d->capturing)
        return hni_fail(err, HN_E_STATE, "cudnn:%d: download between capture_begin and capture_end: nothing is done yet", d->index);
    hn_status status = hni_cuda_enter(d, "download", err);
    if (status == HN_OK)
        status = hni_cuda_check(d, cudaMemcpyAsync(to, at(from), (size_t)from.size, cudaMemcpyDeviceToHost, d->stream), "download", err);
    return status == HN_OK ? hni_cuda_check(d, cudaStreamSynchronize(d->stream), "download", err) : status;
}

hn_status hni_cuda_copy(void *device, hn_buffer to, hn_buffer from, hn_error *err) {
    hni_cuda_device *d = device;
    if (to.size != from.size)
        return hni_fail(err, HN_E_ARGUMENT, "cudnn:%d: copy of %" PRIu64 " bytes to %" PRIu64, d->index, from.size, to.size);
    const hn_status status = hni_cuda_enter(d, "copy", err);
    if (status != HN_OK || to.size == 0)
        return status;
    return hni_cuda_check(d, cudaMemcpyAsync(at(to), at(from), (size_t)to.size, cudaMemcpyDeviceToDevice, d->stream), "copy", err);
}

hn_status hni_cuda_fill(void *device, hn_buffer to, uint8_t value, hn_error *err) {
    hni_cuda_device *d = device;
    const hn_status status = hni_cuda_enter(d, "fill", err);
    if (status != HN_OK || to.size == 0)
        return status;
    return hni_cuda_check(d, cudaMemsetAsync(at(to), value, (size_t)to.size, d->stream), "fill", err);
}
