/* backend.h - the registry of backends in a context, and opened devices. Nothing above this room sees reference, cpu or cuda: the API hands
 * their tables to the registry. */
#ifndef HNI_BACKEND_BACKEND_H
#define HNI_BACKEND_BACKEND_H

#include "haemnet/backend.h"
#include "../base/context.h"

/* Creates ctx->registry. `builtin`: tables compiled in, the reference first. The plug-in folder is looked through at the first use. */
hn_status hni_registry_create(hn_context *ctx, const hn_backend *const *builtin, int32_t n, hn_error *err);
hn_status hni_registry_add(hn_context *ctx, const hn_backend *backend, hn_error *err);
hn_status hni_registry_load(hn_context *ctx, const char *path, hn_error *err);
hn_status hni_registry_count(hn_context *ctx, int32_t *out, hn_error *err);
hn_status hni_registry_info(hn_context *ctx, int32_t device, hn_device_info *out, hn_error *err);
hn_status hni_registry_find(hn_context *ctx, const char *spec, int32_t *device, hn_error *err);

/* An opened device: a copy of the agreed part of the table (slots that are not there are NULL), its handle, and the context it keeps
 * alive. The calls below add the checks that no backend should have to write. */
typedef struct hni_device {
    hn_context *ctx;
    hn_backend table;
    hn_backend_host host;
    hn_device_info info;
    void *handle;
    atomic_uint_fast64_t host_bytes; /* live, of what the backend took through host.alloc */
} hni_device;

hn_status hni_device_open(hn_context *ctx, int32_t device, hni_device **out, hn_error *err);
hn_status hni_device_open_spec(hn_context *ctx, const char *spec, hni_device **out, hn_error *err);
void hni_device_close(hni_device *device); /* NULL is fine */
const char *hni_device_precision(const hni_device *device); /* of its products: "float32", "tf32", "bf16" */
bool hni_device_deterministic(const hni_device *device);    /* it was asked to be, or always is */

/* A prepared operator with its workspace need. prepare validates the description, asks supports, then prepare. */
typedef struct hni_op {
    hn_op_desc desc;
    void *handle;
    uint64_t workspace; /* bytes */
} hni_op;
hn_status hni_op_prepare(hni_device *device, const hn_op_desc *desc, hni_op *out, hn_error *err);
/* Checks that every buffer is there and as large as the description says, then runs. */
hn_status hni_op_run(hni_device *device, const hni_op *op, const hn_op_buffers *buffers, hn_error *err);
void hni_op_release(hni_device *device, hni_op *op);

hn_status hni_device_alloc(hni_device *device, uint64_t size, hn_buffer *out, hn_error *err);
void hni_device_free(hni_device *device, hn_buffer *buffer); /* sets memory to NULL */
hn_status hni_device_upload(hni_device *device, hn_buffer to, const void *from, hn_error *err);
hn_status hni_device_fill(hni_device *device, hn_buffer to, uint8_t value, hn_error *err); /* every byte */
hn_status hni_device_download(hni_device *device, void *to, hn_buffer from, hn_error *err);
static inline hn_buffer hni_buffer_at(hn_buffer whole, uint64_t offset, uint64_t size) {
    return (hn_buffer){whole.memory, whole.offset + offset, size};
}

/* The case list: operator × shape, the one list behind conformance, gradient checks, self-test and benchmark. */
typedef struct hni_case {
    const char *name;   /* "conv2d 3x3 pad 1 [2,3,13,17] -> 10" */
    hn_op_desc desc;
    double tolerance;   /* largest |difference| / (1 + |reference|) */
} hni_case;
int32_t hni_case_count(void);
hn_status hni_case_get(int32_t index, hni_case *out, hn_error *err);
/* Runs one case with the seeded data of the case list on both devices and compares every output. *error: the largest difference as a
 * multiple of the tolerance; 1 or less is agreement, NaN = it could not run. */
hn_status hni_case_compare(hni_device *device, hni_device *oracle, const hni_case *c, uint64_t seed, double *error, hn_error *err);
hn_status hni_selftest(hn_context *ctx, int32_t device, hn_selftest_report *report, hn_error *err);

/* Built-in tables. */
const hn_backend *hni_reference_backend(void);
const hn_backend *hni_cpu_backend(void);

#endif
