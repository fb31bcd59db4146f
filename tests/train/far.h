/* far.h - a backend "far" that computes as reference does and says that its memory is its own: what a GPU is to the trainer. It counts what
 * crosses over to it and what it is asked for, and takes any precision that it is told to compute in. */
#ifndef HAEMNET_TEST_FAR_H
#define HAEMNET_TEST_FAR_H

#include "backend/backend.h"
#include "small.h"

static struct far_counts {
    long allocs, downloads, uploads;
    uint64_t uploaded; /* bytes */
} far_counts;
static hn_backend far_table;
static uint64_t far_memory = 1 << 30; /* bytes that the device says it has */
static uint32_t far_flags;            /* HN_DEVICE_… that it says of itself */
static uint64_t far_largest;          /* bytes of an allocation that it can still give; 0 = any */
static uint64_t far_total, far_used;  /* bytes that it has in truth, 0 = any; in use */
static struct far_block {
    void *memory;
    uint64_t size;
} far_blocks[64];
static bool far_refuses_rows;         /* PREPROCESS with row numbers, as a plug-in older than they are */

static inline hn_status far_info(void *user, int32_t index, hn_device_info *out, hn_error *e) {
    const hn_status status = hni_reference_backend()->device_info(user, index, out, e);
    out->flags = far_flags;
    out->memory_bytes = far_memory;
    return status;
}

static inline int32_t far_score(void *user) { /* "best" */
    (void)user;
    return 5000;
}

static inline hn_status far_open(void *user, int32_t index, const hn_backend_host *host, void **device, hn_error *e) {
    hn_backend_host lent = *host;
    lent.options = 0;
    return hni_reference_backend()->open(user, index, &lent, device, e);
}

static inline hn_status far_alloc(void *device, uint64_t size, void **memory, hn_error *e) {
    struct far_block *block = far_blocks;
    far_counts.allocs++;
    if ((far_largest && size > far_largest) || (far_total && far_used + size > far_total)) {
        *e = (hn_error){.status = HN_E_MEMORY};
        snprintf(e->message, sizeof e->message, "far: no %llu bytes", (unsigned long long)size);
        return HN_E_MEMORY;
    }
    const hn_status status = hni_reference_backend()->alloc(device, size, memory, e);
    while (block->memory) block++;
    if (status == HN_OK) *block = (struct far_block){*memory, size}, far_used += size;
    return status;
}

static inline void far_free(void *device, void *memory) {
    struct far_block *block = far_blocks;
    while (block->memory != memory) block++;
    far_used -= block->size;
    block->memory = NULL;
    hni_reference_backend()->free(device, memory);
}

static inline hn_status far_upload(void *device, hn_buffer to, const void *from, hn_error *e) {
    far_counts.uploads++;
    far_counts.uploaded += to.size;
    return hni_reference_backend()->upload(device, to, from, e);
}

static inline hn_status far_download(void *device, void *to, hn_buffer from, hn_error *e) {
    far_counts.downloads++;
    return hni_reference_backend()->download(device, to, from, e);
}

static inline hn_status far_supports(void *device, const hn_op_desc *desc, hn_error *e) {
    if (far_refuses_rows && desc->kind == HN_OP_PREPROCESS && desc->n_in > 3 && desc->in[3].rank) {
        *e = (hn_error){.status = HN_E_UNSUPPORTED};
        snprintf(e->message, sizeof e->message, "far: no row numbers");
        return HN_E_UNSUPPORTED;
    }
    return hni_reference_backend()->supports(device, desc, e);
}

/* A context with the device "far", all counts at 0. */
static inline hn_context *far_context(int32_t threads) {
    hn_context *ctx = small_context(threads);
    far_table = *hni_reference_backend();
    far_table.name = "far";
    far_table.score = far_score;
    far_table.device_info = far_info;
    far_table.open = far_open;
    far_table.alloc = far_alloc;
    far_table.free = far_free;
    far_table.upload = far_upload;
    far_table.download = far_download;
    far_table.supports = far_supports;
    far_memory = 1 << 30, far_flags = 0, far_largest = far_total = 0, far_refuses_rows = false;
    far_counts = (struct far_counts){0};
    ck_ok(hn_backend_register(ctx, &far_table, &err));
    return ctx;
}

#endif
