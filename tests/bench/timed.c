/* timed.c - a backend table whose slots call another device's and look at the clock.
 *
 * It opens nothing of its own: every opened "timed" device is the one inner device, so only one may be open at a time, which is what
 * a trainer does. Recording is not passed on, or operators would run unseen. Each run is followed by sync, so that time falls where it
 * belongs; on a CPU that is free. */
#include "timed.h"

#include <string.h>

#include "base/os.h" /* defines: hni_seconds */
#include "base/status.h"

typedef struct timed_op {
    void *inner;
    int32_t kind;
} timed_op;

/* The handle of an opened device is the timed itself. */
static timed *self(void *device) { return device; }
#define INNER(device)  self(device)->inner->table
#define HANDLE(device) self(device)->inner->handle

static int32_t score(void *user) {
    (void)user;
    return 1; /* never "best" */
}

static int32_t device_count(void *user) {
    (void)user;
    return 1;
}

static hn_status device_info(void *user, int32_t index, hn_device_info *out, hn_error *err) {
    const timed *t = user;
    (void)index, (void)err;
    out->memory_bytes = t->inner->info.memory_bytes;
    out->flags = t->inner->info.flags;
    memcpy(out->description, t->inner->info.description, sizeof out->description);
    return HN_OK;
}

static hn_status open_device(void *user, int32_t index, const hn_backend_host *host, void **device, hn_error *err) {
    (void)index, (void)host, (void)err;
    *device = user;
    return HN_OK;
}

static void close_device(void *device) { (void)device; }

static hn_status sync_device(void *device, hn_error *err) { return INNER(device).sync(HANDLE(device), err); }

static hn_status alloc_memory(void *device, uint64_t size, void **memory, hn_error *err) {
    return INNER(device).alloc(HANDLE(device), size, memory, err);
}

static void free_memory(void *device, void *memory) { INNER(device).free(HANDLE(device), memory); }

static hn_status upload(void *device, hn_buffer to, const void *from, hn_error *err) {
    double begin = hni_seconds();
    hn_status status = INNER(device).upload(HANDLE(device), to, from, err);
    self(device)->transfer[self(device)->phase] += hni_seconds() - begin;
    return status;
}

static hn_status download(void *device, void *to, hn_buffer from, hn_error *err) {
    double begin = hni_seconds();
    hn_status status = INNER(device).download(HANDLE(device), to, from, err);
    self(device)->transfer[self(device)->phase] += hni_seconds() - begin;
    return status;
}

static hn_status copy(void *device, hn_buffer to, hn_buffer from, hn_error *err) {
    return INNER(device).copy(HANDLE(device), to, from, err);
}

static hn_status fill(void *device, hn_buffer to, uint8_t value, hn_error *err) {
    return INNER(device).fill(HANDLE(device), to, value, err);
}

static hn_status supports(void *device, const hn_op_desc *desc, hn_error *err) { return INNER(device).supports(HANDLE(device), desc, err); }

static hn_status prepare(void *device, const hn_op_desc *desc, void **op, uint64_t *workspace, hn_error *err) {
    const hn_backend_host *host = &self(device)->inner->host;
    timed_op *o = host->alloc(host->user, sizeof *o);
    if (!o) return hni_fail_memory(err, sizeof *o, "a timed operator");
    o->kind = desc->kind;
    hn_status status = INNER(device).prepare(HANDLE(device), desc, &o->inner, workspace, err);
    if (status)
        host->free(host->user, o);
    else
        *op = o;
    return status;
}

static hn_status run(void *device, void *op, const hn_op_buffers *buffers, hn_error *err) {
    const timed_op *o = op;
    timed *t = self(device);
    double begin = hni_seconds();
    hn_status status = t->inner->table.run(t->inner->handle, o->inner, buffers, err);
    if (!status) status = t->inner->table.sync(t->inner->handle, err);
    t->seconds[t->phase][o->kind] += hni_seconds() - begin;
    return status;
}

static void release(void *device, void *op) {
    const hn_backend_host *host = &self(device)->inner->host;
    timed_op *o = op;
    INNER(device).release(HANDLE(device), o->inner);
    host->free(host->user, o);
}

hn_status timed_register(timed *t, hn_context *ctx, const char *device, hn_error *err) {
    memset(t, 0, sizeof *t);
    hn_status status = hni_device_open_spec(ctx, device, &t->inner, err);
    if (status) return status;
    t->table = (hn_backend){.struct_size = sizeof t->table,
                            .abi_version = HN_BACKEND_ABI_VERSION,
                            .min_abi_version = 1,
                            .name = "timed",
                            .user = t,
                            .score = score,
                            .device_count = device_count,
                            .device_info = device_info,
                            .open = open_device,
                            .close = close_device,
                            .sync = sync_device,
                            .alloc = alloc_memory,
                            .free = free_memory,
                            .upload = upload,
                            .download = download,
                            .copy = copy,
                            .fill = fill,
                            .supports = supports,
                            .prepare = prepare,
                            .run = run,
                            .release = release};
    return hn_backend_register(ctx, &t->table, err);
}

void timed_close(timed *t) { hni_device_close(t->inner); }
