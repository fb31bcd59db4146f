/* device.c - an opened device, and the checks around every call into it.
 *
 * Between the executor above and a foreign table below: what is checked here (a valid description, buffers that are there and large
 * enough, a status that is one of ours, a message that is text) no backend has to check, and no caller has to doubt. A device keeps its
 * context alive, and with it the plug-in's code. One thread at a time uses an opened device. */
#include <inttypes.h>
#include <string.h>

#include "../base/log.h"
#include "../base/memory.h"
#include "../base/status.h"
#include "../base/threads.h" /* defines: hni_parallel_for */
#include "../op/op.h"
#include "registry.h"
#include "spec.h"

/* What the host lends; `user` is the hni_device. */
static void *host_alloc(void *user, size_t size) {
    hni_device *device = user;
    void *ptr = hni_alloc_aligned(device->ctx, size);
    atomic_fetch_add(&device->host_bytes, hni_block_bytes(ptr));
    return ptr;
}

static void host_free(void *user, void *ptr) {
    hni_device *device = user;
    atomic_fetch_sub(&device->host_bytes, hni_block_bytes(ptr));
    hni_free_aligned(device->ctx, ptr);
}

static void host_log(void *user, int32_t level, const char *message) {
    const hni_device *device = user;
    if (!message)
        return;
    if (level < HN_LOG_ERROR || level > HN_LOG_DEBUG)
        level = HN_LOG_DEBUG;
    hni_log_message(device->ctx, level, device->info.backend, "%s", message);
}

static void host_parallel_for(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    const hni_device *device = user;
    if (task)
        hni_parallel_for(device->ctx, count, task, arg);
}

static hn_status answer(const hni_device *device, hn_status status, const hn_error *theirs, const char *what, hn_error *err) {
    return hni_foreign_status(status, theirs, device->info.name, what, err);
}

static hn_status open_handle(hni_device *device, hn_error *err) {
    hn_error theirs = {.status = HN_OK};
    hn_status status = device->table.open(device->table.user, device->info.index, &device->host, &device->handle, &theirs);
    if (status == HN_OK && !device->handle)
        return hni_fail(err, HN_E_BACKEND, "%s: open said it is done and gave no device", device->info.name);
    return answer(device, status, &theirs, "open", err);
}

static hn_status open_device(hn_context *ctx, int32_t number, int32_t options, bool failed_too, hni_device **out, hn_error *err) {
    *out = NULL;
    hni_entry *entry;
    int32_t index;
    hn_device_info info;
    hn_status status = hni_registry_entry(ctx, number, &entry, &index, err);
    if (status == HN_OK)
        status = hni_entry_info(entry, index, &info, err);
    if (status != HN_OK)
        return status;
    if (entry->score == 0)
        return hni_fail(err, HN_E_UNAVAILABLE, "device %s cannot be used on this machine: %s", info.name, info.description);
    if (info.score == 0 && !failed_too)
        return hni_fail(err, HN_E_UNAVAILABLE, "device %s failed its self-test and is not used", info.name);
    hni_device *device = hni_calloc(ctx, 1, sizeof *device);
    if (!device)
        return hni_fail_memory(err, sizeof *device, "a device");
    device->ctx = hni_context_ref(ctx);
    device->table = entry->table;
    device->info = info;
    device->host = (hn_backend_host){.struct_size = sizeof device->host,
                                     .abi_version = entry->table.abi_version,
                                     .user = device,
                                     .alloc = host_alloc,
                                     .free = host_free,
                                     .log = host_log,
                                     .parallel_for = host_parallel_for,
                                     .threads = ctx->threads,
                                     .options = options};
    status = open_handle(device, err);
    if (status != HN_OK) {
        hni_free(ctx, device);
        hni_context_unref(ctx);
        return status;
    }
    *out = device;
    return HN_OK;
}

hn_status hni_device_open(hn_context *ctx, int32_t device, hni_device **out, hn_error *err) {
    return open_device(ctx, device, 0, false, out, err);
}

hn_status hni_device_open_any(hn_context *ctx, int32_t device, hni_device **out, hn_error *err) {
    return open_device(ctx, device, 0, true, out, err);
}

hn_status hni_device_open_spec(hn_context *ctx, const char *spec, hni_device **out, hn_error *err) {
    *out = NULL;
    int32_t number;
    hni_spec parsed;
    hn_status status = hni_spec_parse(spec, &parsed, err);
    if (status == HN_OK)
        status = hni_registry_find(ctx, spec, &number, err);
    return status == HN_OK ? open_device(ctx, number, parsed.options, false, out, err) : status;
}

void hni_device_close(hni_device *device) {
    if (!device)
        return;
    hn_context *ctx = device->ctx;
    device->table.close(device->handle);
    hni_free(ctx, device);
    hni_context_unref(ctx); /* last: it may unload the plug-in */
}

const char *hni_device_precision(const hni_device *device) {
    return device->host.options & HN_HOST_BF16 ? "bf16" : device->host.options & HN_HOST_TF32 ? "tf32" : "float32";
}

bool hni_device_deterministic(const hni_device *device) {
    return (device->host.options & HN_HOST_DETERMINISTIC) || (device->info.flags & HN_DEVICE_DETERMINISTIC);
}

hn_status hni_op_prepare(hni_device *device, const hn_op_desc *desc, hni_op *out, hn_error *err) {
    memset(out, 0, sizeof *out);
    hn_status status = hni_op_validate(desc, err);
    if (status != HN_OK)
        return status;
    hn_error theirs = {.status = HN_OK};
    char text[160];
    hni_op_text(desc, text, sizeof text);
    status = device->table.supports(device->handle, desc, &theirs);
    if (status != HN_OK)
        return answer(device, status, &theirs, text, err);
    hni_op op = {.desc = *desc};
    status = device->table.prepare(device->handle, desc, &op.handle, &op.workspace, &theirs);
    if (status != HN_OK)
        return answer(device, status, &theirs, text, err);
    if (!op.handle)
        return hni_fail(err, HN_E_BACKEND, "%s: prepare said it is done and gave no operator for %s", device->info.name, text);
    *out = op;
    return HN_OK;
}

/* One tensor's buffer against its description. */
static hn_status check_buffer(const hni_device *device, const hni_op *op, const hn_buffer *buffer, uint64_t need, const char *what,
                              int place, hn_error *err) {
    const char *name = hni_op_name(op->desc.kind);
    if (!buffer->memory)
        return hni_fail(err, HN_E_ARGUMENT, "%s on %s: %s %d has no memory", name, device->info.name, what, place);
    if (buffer->offset % HNI_ALIGN != 0)
        return hni_fail(err, HN_E_ARGUMENT, "%s on %s: %s %d starts at byte %" PRIu64 "; must be a multiple of %d", name, device->info.name,
                        what, place, buffer->offset, HNI_ALIGN);
    if (buffer->size < need)
        return hni_fail(err, HN_E_ARGUMENT, "%s on %s: %s %d has %" PRIu64 " bytes, needs %" PRIu64, name, device->info.name, what, place,
                        buffer->size, need);
    return HN_OK;
}

static hn_status check_buffers(const hni_device *device, const hni_op *op, const hn_tensor_desc *tensors, const hn_buffer *buffers, int n,
                               const char *what, hn_error *err) {
    for (int i = 0; i < n; i++) {
        if (tensors[i].rank == 0)
            continue;
        const hn_status status = check_buffer(device, op, &buffers[i], (uint64_t)hni_tensor_bytes(&tensors[i]), what, i, err);
        if (status != HN_OK)
            return status;
    }
    return HN_OK;
}

hn_status hni_op_run(hni_device *device, const hni_op *op, const hn_op_buffers *buffers, hn_error *err) {
    if (!op->handle)
        return hni_fail(err, HN_E_STATE, "%s on %s was not prepared", hni_op_name(op->desc.kind), device->info.name);
    if (buffers->struct_size != sizeof *buffers || (buffers->flags & ~HN_RUN_CONSTANT_KEPT) != 0 || !buffers->in || !buffers->out)
        return hni_fail(err, HN_E_ARGUMENT, "%s on %s: buffers are not filled in", hni_op_name(op->desc.kind), device->info.name);
    hn_status status = check_buffers(device, op, op->desc.in, buffers->in, op->desc.n_in, "input", err);
    if (status == HN_OK)
        status = check_buffers(device, op, op->desc.out, buffers->out, op->desc.n_out, "output", err);
    if (status == HN_OK && op->workspace > 0)
        status = check_buffer(device, op, &buffers->workspace, op->workspace, "workspace", 0, err);
    if (status != HN_OK)
        return status;
    hn_error theirs = {.status = HN_OK};
    status = device->table.run(device->handle, op->handle, buffers, &theirs);
    return status == HN_OK ? HN_OK : answer(device, status, &theirs, hni_op_name(op->desc.kind), err);
}

void hni_op_release(hni_device *device, hni_op *op) {
    if (op->handle)
        device->table.release(device->handle, op->handle);
    memset(op, 0, sizeof *op);
}

hn_status hni_device_alloc(hni_device *device, uint64_t size, hn_buffer *out, hn_error *err) {
    *out = (hn_buffer){.memory = NULL};
    hn_error theirs = {.status = HN_OK};
    void *memory = NULL;
    const hn_status status = device->table.alloc(device->handle, size > 0 ? size : 1, &memory, &theirs);
    if (status != HN_OK)
        return answer(device, status, &theirs, "alloc", err);
    if (!memory)
        return hni_fail(err, HN_E_BACKEND, "%s: alloc said it is done and gave no memory", device->info.name);
    if ((device->info.flags & HN_DEVICE_HOST_MEMORY) && (uintptr_t)memory % HNI_ALIGN != 0) { /* vector code would fault later */
        device->table.free(device->handle, memory);
        return hni_fail(err, HN_E_BACKEND, "%s: alloc gave memory that is not aligned to %d bytes", device->info.name, HNI_ALIGN);
    }
    *out = (hn_buffer){memory, 0, size};
    return HN_OK;
}

void hni_device_free(hni_device *device, hn_buffer *buffer) {
    if (buffer->memory)
        device->table.free(device->handle, buffer->memory);
    buffer->memory = NULL;
}

hn_status hni_device_upload(hni_device *device, hn_buffer to, const void *from, hn_error *err) {
    if (to.size == 0)
        return HN_OK;
    if (!to.memory || !from)
        return hni_fail(err, HN_E_ARGUMENT, "%s: upload of %" PRIu64 " bytes from or to no memory", device->info.name, to.size);
    hn_error theirs = {.status = HN_OK};
    const hn_status status = device->table.upload(device->handle, to, from, &theirs);
    return answer(device, status, &theirs, "upload", err);
}

hn_status hni_device_download(hni_device *device, void *to, hn_buffer from, hn_error *err) {
    if (from.size == 0)
        return HN_OK;
    if (!to || !from.memory)
        return hni_fail(err, HN_E_ARGUMENT, "%s: download of %" PRIu64 " bytes from or to no memory", device->info.name, from.size);
    hn_error theirs = {.status = HN_OK};
    const hn_status status = device->table.download(device->handle, to, from, &theirs);
    return answer(device, status, &theirs, "download", err);
}

hn_status hni_device_fill(hni_device *device, hn_buffer to, uint8_t value, hn_error *err) {
    hn_error theirs = {.status = HN_OK};
    return answer(device, device->table.fill(device->handle, to, value, &theirs), &theirs, "fill", err);
}
