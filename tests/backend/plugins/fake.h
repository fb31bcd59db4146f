/* fake.h - a tiny whole backend for the fake plug-ins and the registry's tests: one device of host memory that adds. Each fake changes one
 * thing in the table, and that is the lie. */
#ifndef HAEMNET_TEST_FAKE_H
#define HAEMNET_TEST_FAKE_H

#include <haemnet/backend.h>
#include <stdio.h>
#include <string.h>

typedef struct fake_device {
    const hn_backend_host *host;
} fake_device;

static int32_t fake_score(void *user) {
    (void)user;
    return 5;
}

static int32_t fake_device_count(void *user) {
    (void)user;
    return 1;
}

static hn_status fake_device_info(void *user, int32_t index, hn_device_info *out, hn_error *err) {
    (void)user, (void)index, (void)err;
    out->flags = HN_DEVICE_HOST_MEMORY;
    out->memory_bytes = 4096;
    snprintf(out->description, sizeof out->description, "a fake");
    return HN_OK;
}

static hn_status fake_open(void *user, int32_t index, const hn_backend_host *host, void **device, hn_error *err) {
    (void)user, (void)index, (void)err;
    fake_device *d = host->alloc(host->user, sizeof *d);
    if (!d)
        return HN_E_MEMORY;
    d->host = host;
    *device = d;
    return HN_OK;
}

static void fake_close(void *device) {
    const hn_backend_host *host = ((fake_device *)device)->host;
    host->log(host->user, HN_LOG_INFO, "closed");
    host->free(host->user, device);
}

static hn_status fake_sync(void *device, hn_error *err) {
    (void)device, (void)err;
    return HN_OK;
}

static hn_status fake_alloc(void *device, uint64_t size, void **memory, hn_error *err) {
    const hn_backend_host *host = ((fake_device *)device)->host;
    (void)err;
    *memory = host->alloc(host->user, (size_t)size);
    return *memory ? HN_OK : HN_E_MEMORY;
}

static void fake_free(void *device, void *memory) {
    const hn_backend_host *host = ((fake_device *)device)->host;
    host->free(host->user, memory);
}

static void *fake_at(hn_buffer b) {
    return (char *)b.memory + b.offset;
}

static hn_status fake_upload(void *device, hn_buffer to, const void *from, hn_error *err) {
    (void)device, (void)err;
    memcpy(fake_at(to), from, (size_t)to.size);
    return HN_OK;
}

static hn_status fake_download(void *device, void *to, hn_buffer from, hn_error *err) {
    (void)device, (void)err;
    memcpy(to, fake_at(from), (size_t)from.size);
    return HN_OK;
}

static hn_status fake_copy(void *device, hn_buffer to, hn_buffer from, hn_error *err) {
    (void)device, (void)err;
    memcpy(fake_at(to), fake_at(from), (size_t)to.size);
    return HN_OK;
}

static hn_status fake_fill(void *device, hn_buffer to, uint8_t value, hn_error *err) {
    (void)device, (void)err;
    memset(fake_at(to), value, (size_t)to.size);
    return HN_OK;
}

static hn_status fake_supports(void *device, const hn_op_desc *desc, hn_error *err) {
    (void)device, (void)err;
    return desc->kind == HN_OP_ADD ? HN_OK : HN_E_UNSUPPORTED;
}

static hn_status fake_prepare(void *device, const hn_op_desc *desc, void **op, uint64_t *workspace, hn_error *err) {
    const hn_backend_host *host = ((fake_device *)device)->host;
    (void)err;
    *op = host->alloc(host->user, sizeof *desc);
    if (!*op)
        return HN_E_MEMORY;
    memcpy(*op, desc, sizeof *desc);
    *workspace = 0;
    return HN_OK;
}

static hn_status fake_run(void *device, void *op, const hn_op_buffers *buffers, hn_error *err) {
    const hn_op_desc *d = op;
    const float *a = fake_at(buffers->in[0]), *b = fake_at(buffers->in[1]);
    float *y = fake_at(buffers->out[0]);
    (void)device, (void)err;
    for (int64_t i = 0; i < d->in[0].dims[0] * d->in[0].dims[1] * d->in[0].dims[2] * d->in[0].dims[3]; i++)
        y[i] = a[i] + b[i];
    return HN_OK;
}

static void fake_release(void *device, void *op) {
    const hn_backend_host *host = ((fake_device *)device)->host;
    host->free(host->user, op);
}

static inline hn_backend fake_table(const char *name) {
    return (hn_backend){.struct_size = sizeof(hn_backend), .abi_version = HN_BACKEND_ABI_VERSION, .min_abi_version = 1, .name = name,
                        .score = fake_score, .device_count = fake_device_count, .device_info = fake_device_info, .open = fake_open,
                        .close = fake_close, .sync = fake_sync, .alloc = fake_alloc, .free = fake_free, .upload = fake_upload,
                        .download = fake_download, .copy = fake_copy, .fill = fake_fill, .supports = fake_supports,
                        .prepare = fake_prepare, .run = fake_run, .release = fake_release};
}

/* The entry of a plug-in whose table is fake_table(name) after `change`. */
#define FAKE_PLUGIN(name, change)                                                                                   \
    __attribute__((visibility("default"))) const hn_backend *hn_backend_entry(uint32_t host_version);               \
    const hn_backend *hn_backend_entry(uint32_t host_version) {                                                     \
        static hn_backend table;                                                                                    \
        (void)host_version;                                                                                         \
        table = fake_table(name);                                                                                   \
        change;                                                                                                     \
        return &table;                                                                                              \
    }

#endif
