/* cpu.c - the table of the fast CPU backend: the default wherever there is no better device. No dependency, the same bits everywhere.
 *
 * One device; its memory is host memory and work is done before run returns. What is decided once is decided in open (instruction set)
 * and prepare (implementation, plan); run allocates nothing. */
#include <stdio.h>
#include <string.h>

#include "../../op/op.h" /* defines: hni_op_validate, hni_op_text */
#include "../backend.h"
#include "../spec.h" /* defines: hni_spec_float32_only */
#include "isa.h"

enum { REFUSED = 256 }; /* bytes of the reasons against other implementations */

static void *at(hn_buffer b) {
    return b.memory ? (uint8_t *)b.memory + b.offset : NULL;
}

/* The table's user is the instruction set; NULL = the best there is. */
static const hni_cpu_isa *isa_of(void *user) {
    return user ? (const hni_cpu_isa *)user : hni_cpu_isa_best();
}

static int32_t score(void *user) {
    (void)user;
    return 100;
}

static int32_t device_count(void *user) {
    (void)user;
    return 1;
}

static hn_status device_info(void *user, int32_t index, hn_device_info *out, hn_error *err) {
    if (index != 0)
        return hni_fail(err, HN_E_NOT_FOUND, "cpu: there is no device %d, only 0", index);
    out->memory_bytes = 0;
    out->flags = HN_DEVICE_HOST_MEMORY | HN_DEVICE_DETERMINISTIC;
    snprintf(out->description, sizeof out->description, "vectorised loops (%s), float32, the same bits on any machine",
             isa_of(user)->name);
    return HN_OK;
}

static void log_isa(const hni_cpu_device *d) {
    char line[256];
    size_t used = (size_t)snprintf(line, sizeof line, "instruction set %s", d->isa->name);
    bool before = true;
    for (const hni_cpu_isa *const *isa = hni_cpu_isas(); *isa && used < sizeof line; isa++) {
        before &= *isa != d->isa;
        if (*isa != d->isa)
            used += (size_t)snprintf(line + used, sizeof line - used, "; not %s: %s", (*isa)->name,
                                     !(*isa)->usable() ? "this processor lacks it" : before ? "another was asked for" : "it is slower");
    }
    d->host.log(d->host.user, HN_LOG_DEBUG, line);
}

static hn_status open_device(void *user, int32_t index, const hn_backend_host *host, void **device, hn_error *err) {
    *device = NULL;
    if (index != 0)
        return hni_fail(err, HN_E_NOT_FOUND, "cpu: there is no device %d, only 0", index);
    const hn_status status = hni_spec_float32_only("cpu", host->options, err);
    if (status != HN_OK)
        return status;
    hni_cpu_device *d = host->alloc(host->user, sizeof *d);
    if (!d)
        return hni_fail_memory(err, sizeof *d, "the cpu device");
    *d = (hni_cpu_device){*host, isa_of(user)};
    *device = d;
    log_isa(d);
    return HN_OK;
}

static void close_device(void *device) {
    if (!device)
        return;
    const hn_backend_host host = ((hni_cpu_device *)device)->host;
    host.free(host.user, device);
}

static hn_status sync_device(void *device, hn_error *err) {
    (void)device;
    (void)err;
    return HN_OK;
}

static hn_status alloc_memory(void *device, uint64_t size, void **memory, hn_error *err) {
    const hn_backend_host *host = &((hni_cpu_device *)device)->host;
    *memory = size <= SIZE_MAX ? host->alloc(host->user, (size_t)size) : NULL;
    return *memory ? HN_OK : hni_fail_memory(err, (size_t)size, "a buffer of the cpu device");
}

static void free_memory(void *device, void *memory) {
    const hn_backend_host *host = &((hni_cpu_device *)device)->host;
    host->free(host->user, memory);
}

static hn_status upload(void *device, hn_buffer to, const void *from, hn_error *err) {
    (void)device;
    (void)err;
    memcpy(at(to), from, (size_t)to.size);
    return HN_OK;
}

static hn_status download(void *device, void *to, hn_buffer from, hn_error *err) {
    (void)device;
    (void)err;
    memcpy(to, at(from), (size_t)from.size);
    return HN_OK;
}

static hn_status copy(void *device, hn_buffer to, hn_buffer from, hn_error *err) {
    (void)device;
    if (to.size != from.size)
        return hni_fail(err, HN_E_ARGUMENT, "cpu: copy of %llu bytes to %llu", (unsigned long long)from.size, (unsigned long long)to.size);
    memcpy(at(to), at(from), (size_t)to.size);
    return HN_OK;
}

static hn_status fill(void *device, hn_buffer to, uint8_t value, hn_error *err) {
    (void)device;
    (void)err;
    memset(at(to), value, (size_t)to.size);
    return HN_OK;
}

static hn_status supports(void *device, const hn_op_desc *desc, hn_error *err) {
    (void)device;
    if (desc->kind < 1 || desc->kind > HNI_OP_LAST)
        return hni_fail(err, HN_E_UNSUPPORTED, "cpu: operator kind %d is not known", desc->kind);
    return hni_op_validate(desc, err);
}

static void release(void *device, void *op) {
    if (!op)
        return;
    const hn_backend_host *host = &((hni_cpu_device *)device)->host;
    host->free(host->user, ((hni_cpu_op *)op)->plan);
    host->free(host->user, ((hni_cpu_op *)op)->kept);
    host->free(host->user, op);
}

static hn_status prepare(void *device, const hn_op_desc *desc, void **op, uint64_t *workspace, hn_error *err) {
    const hni_cpu_device *d = (const hni_cpu_device *)device;
    *op = NULL;
    hn_status status = supports(device, desc, err);
    if (status != HN_OK)
        return status;
    hni_cpu_op *o = d->host.alloc(d->host.user, sizeof *o);
    if (!o)
        return hni_fail_memory(err, sizeof *o, "an operator of the cpu device");
    char refused[REFUSED], text[200], line[2 * REFUSED];
    *o = (hni_cpu_op){.desc = *desc, .host = &d->host, .isa = d->isa, .impl = hni_cpu_select(desc, refused, sizeof refused)};
    status = o->impl->plan ? o->impl->plan(o, err) : HN_OK;
    if (status != HN_OK) {
        release(device, o);
        return status;
    }
    hni_op_text(desc, text, sizeof text);
    snprintf(line, sizeof line, *refused ? "operator %s: %s (%s)" : "operator %s: %s", text, o->impl->name, refused);
    d->host.log(d->host.user, HN_LOG_DEBUG, line);
    *op = o;
    *workspace = o->workspace;
    return HN_OK;
}

static hn_status run(void *device, void *op, const hn_op_buffers *buffers, hn_error *err) {
    (void)device;
    const hni_cpu_op *o = (const hni_cpu_op *)op;
    hni_cpu_call call = {.op = o, .desc = &o->desc, .isa = o->isa, .workspace = at(buffers->workspace),
                         .constant_kept = (buffers->flags & HN_RUN_CONSTANT_KEPT) != 0};
    for (int32_t i = 0; i < o->desc.n_in; i++)
        call.in[i] = o->desc.in[i].rank ? at(buffers->in[i]) : NULL;
    for (int32_t i = 0; i < o->desc.n_out; i++)
        call.out[i] = o->desc.out[i].rank ? at(buffers->out[i]) : NULL;
    return o->impl->run(&call, err);
}

#define TABLE(isa)                                                                                                                       \
    {                                                                                                                                    \
        .struct_size = sizeof(hn_backend), .abi_version = HN_BACKEND_ABI_VERSION, .min_abi_version = 1, .name = "cpu", .user = isa,      \
        .score = score, .device_count = device_count, .device_info = device_info, .open = open_device, .close = close_device,           \
        .sync = sync_device, .alloc = alloc_memory, .free = free_memory, .upload = upload, .download = download, .copy = copy,           \
        .fill = fill, .supports = supports, .prepare = prepare, .run = run, .release = release,                                          \
    }

const hn_backend *hni_cpu_backend(void) {
    static const hn_backend table = TABLE(NULL);
    return &table;
}

hn_backend hni_cpu_backend_of(const hni_cpu_isa *isa) {
    return (hn_backend)TABLE((void *)(uintptr_t)isa);
}
