/* test_device.c - the host side of the cudnn backend on a faked machine: devices, memory, copies, recordings and options. Failures: test_failures.c.
 *
 * The backend's table is registered in a context beside cpu, so that all goes through the library's own checks. */
#include <pthread.h>

#include "scene.h"

static const struct {
    int machine;
    size_t cudnn;
    int capability, devices; /* devices: that can be used */
    const char *description;
    int32_t domain, code; /* open's */
} MACHINES[] = {
    {1, 91900, 90, 1, "Fake GPU, compute capability 9.0, driver CUDA 13.0, cuDNN 9.19.0", 0, 0},
    {3, 90100, 80, 3, "compute capability 8.0", 0, 0},
    {0, 91900, 90, 0, "no NVIDIA device", HN_DOMAIN_CUDA, cudaErrorNoDevice},
    {-1, 91900, 90, 0, "no NVIDIA driver", HN_DOMAIN_CUDA, cudaErrorInsufficientDriver},
    {-2, 91900, 90, 0, "too old: it is for CUDA 12.2", HN_DOMAIN_CUDA, cudaErrorInsufficientDriver},
    {1, 8907, 90, 0, "built for cuDNN 9, found version 8907", HN_DOMAIN_CUDNN, CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH},
    {1, 100000, 90, 0, "built for cuDNN 9", HN_DOMAIN_CUDNN, CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH},
    {1, 91900, 75, 0, "compute capability 8.0", HN_DOMAIN_CUDA, cudaErrorNoKernelImageForDevice},
};

START_TEST(machines) {
    fake_reset();
    fake_machine(MACHINES[_i].machine);
    fake_cudnn_version(MACHINES[_i].cudnn);
    fake_capability(0, MACHINES[_i].capability);
    hn_context *ctx = context(NULL, NULL);
    int32_t n, best;
    const int32_t usable = MACHINES[_i].devices;
    ck_ok(hn_device_count(ctx, &n, &err));
    ck_assert_int_eq(n, 2 + (usable ? usable : 1));
    ck_ok(hn_device_find(ctx, "best", &best, &err));
    ck_assert_int_eq(best, usable ? 2 : 1);
    hn_device_info info = {.struct_size = sizeof info};
    ck_ok(hn_device_get(ctx, 2, &info, &err));
    ck_assert_int_eq(info.score, usable ? 1000 : 0);
    ck_assert_int_eq(info.flags, 0);
    ck_assert_str_eq(info.name, "cudnn:0");
    ck_assert_uint_eq(info.memory_bytes, usable ? (uint64_t)8 << 30 : 0);
    ck_assert_msg(strstr(info.description, MACHINES[_i].description) != NULL, "%s", info.description);
    for (int32_t i = 0; i < usable; i++) {
        char spec[32];
        snprintf(spec, sizeof spec, "cudnn:%d", i);
        hni_device *device = open_spec(ctx, spec);
        ck_assert_int_eq(((hni_cuda_device *)device->handle)->index, i);
        hni_device_close(device);
    }
    hni_device *device;
    if (!usable) {
        ck_assert_int_eq(hni_device_open(ctx, 2, &device, &err), HN_E_UNAVAILABLE);
        ck_assert_msg(strstr(err.message, MACHINES[_i].description) != NULL, "%s", err.message);
        ck_assert_int_eq(hni_device_open_spec(ctx, "cudnn", &device, &err), HN_E_UNAVAILABLE);
        ck_assert_msg(strstr(err.message, MACHINES[_i].description) != NULL, "%s", err.message);
        void *handle;
        const hn_backend_host host = {.struct_size = sizeof host};
        ck_assert_int_eq(hn_backend_entry(1)->open(NULL, 0, &host, &handle, &err), HN_E_UNAVAILABLE);
        ck_assert_int_eq(err.domain, MACHINES[_i].domain);
        ck_assert_int_eq(err.code, MACHINES[_i].code);
        ck_assert_msg(strstr(err.message, MACHINES[_i].description) != NULL, "%s", err.message);
        ck_assert_int_eq(cudaGetLastError(), cudaSuccess); /* nothing is left behind for the host's own CUDA code */
    }
    device = open_spec(ctx, "cpu");
    hni_device_close(device);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* An old device beside a new one: the new one can be used, the old one says why not. */
START_TEST(old_device_beside_a_new_one) {
    fake_reset();
    fake_machine(2);
    fake_capability(1, 70);
    hn_context *ctx = context(NULL, NULL);
    hni_device *device;
    ck_assert_int_eq(hni_device_open_spec(ctx, "cudnn:1", &device, &err), HN_E_UNAVAILABLE);
    ck_assert_msg(strstr(err.message, "cudnn:1: compute capability 7.0") != NULL, "%s", err.message);
    ck_assert_int_eq(err.domain, HN_DOMAIN_CUDA);
    ck_assert_int_eq(err.code, cudaErrorNoKernelImageForDevice);
    hni_device_close(open_spec(ctx, "cudnn:0"));
    const hn_backend *b = hn_backend_entry(1);
    void *handle;
    hn_device_info info = {.struct_size = sizeof info};
    ck_assert_int_eq(b->open(NULL, 2, &(hn_backend_host){.struct_size = sizeof(hn_backend_host)}, &handle, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(b->device_info(NULL, -1, &info, &err), HN_E_NOT_FOUND);
    hn_context_free(ctx);
    ck_assert_ptr_null(hn_backend_entry(0));
    nothing_left();
}
END_TEST

START_TEST(options) {
    static const struct {
        const char *spec;
        int32_t precision;
        bool deterministic, measured;
    } specs[] = {{"cudnn", HNI_CUDA_F32, false, false},
                 {"best+tf32+measured", HNI_CUDA_TF32, false, true},
                 {"cudnn:0+bf16+deterministic", HNI_CUDA_BF16, true, false},
                 {"cudnn+deterministic", HNI_CUDA_F32, true, false}};
    fake_reset();
    hn_context *ctx = context(NULL, NULL);
    for (int i = 0; i < 4; i++) {
        hni_device *device = open_spec(ctx, specs[i].spec);
        ck_assert_int_eq(((hni_cuda_device *)device->handle)->precision, specs[i].precision);
        ck_assert_int_eq(((hni_cuda_device *)device->handle)->deterministic, specs[i].deterministic);
        ck_assert_int_eq(((hni_cuda_device *)device->handle)->measured, specs[i].measured);
        hn_backend_host host = device->host;
        void *handle;
        host.options = HN_HOST_MEASURED | HN_HOST_DETERMINISTIC;
        ck_assert_int_eq(device->table.open(NULL, 0, &host, &handle, &err), HN_E_ARGUMENT);
        ck_assert_ptr_null(handle);
        host.options = 16;
        ck_assert_int_eq(device->table.open(NULL, 0, &host, &handle, &err), HN_E_UNSUPPORTED);
        ck_assert_ptr_null(handle);
        host.options = HN_HOST_TF32 | HN_HOST_BF16;
        ck_assert_int_eq(device->table.open(NULL, 0, &host, &handle, &err), HN_E_ARGUMENT);
        hni_device_close(device);
    }
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* Blocks are 256-aligned, kept for the next request of about their size, and given back when CUDA has no more. */
START_TEST(pool) {
    fake_reset();
    hn_context *ctx = context(NULL, NULL);
    hni_device *d = open_spec(ctx, "cudnn");
    static const uint64_t sizes[] = {1, 64, 256, 257, 4000, 1 << 20};
    hn_buffer b[6], other;
    for (int i = 0; i < 6; i++) {
        ck_ok(hni_device_alloc(d, sizes[i], &b[i], &err));
        ck_assert_uint_eq((uintptr_t)b[i].memory % 256, 0);
        for (int k = 0; k < i; k++)
            ck_assert_ptr_ne(b[i].memory, b[k].memory);
    }
    void *const small = b[4].memory, *const large = b[5].memory;
    hni_device_free(d, &b[4]);
    hni_device_free(d, &b[5]);
    const long calls = fake_calls_of("cudaMalloc");
    ck_ok(hni_device_alloc(d, (1 << 20) - 5000, &b[5], &err));
    ck_assert_ptr_eq(b[5].memory, large);
    ck_ok(hni_device_alloc(d, 3000, &b[4], &err));
    ck_assert_ptr_eq(b[4].memory, small);
    ck_assert_int_eq(fake_calls_of("cudaMalloc"), calls);
    ck_assert_int_eq(fake_calls_of("cudaFree"), 0);
    hni_device_free(d, &b[5]);
    ck_ok(hni_device_alloc(d, 100, &other, &err)); /* too small a request for a block of 1 MiB */
    ck_assert_ptr_ne(other.memory, large);
    fake_memory(5 << 20); /* two MiB are for uploads */
    ck_ok(hni_device_alloc(d, (5 << 19), &b[5], &err)); /* fits only when the free MiB is given back */
    ck_assert_int_gt(fake_calls_of("cudaFree"), 0);
    hn_buffer none;
    ck_assert_int_eq(hni_device_alloc(d, 3 << 20, &none, &err), HN_E_MEMORY);
    ck_assert_int_eq(err.domain, HN_DOMAIN_CUDA);
    ck_assert_int_eq(err.code, cudaErrorMemoryAllocation);
    ck_assert_msg(strstr(err.message, "cudnn:0: alloc of 3145728 bytes: CUDA 2 cudaErrorMemoryAllocation (out of memory)") != NULL, "%s",
                  err.message);
    ck_assert_int_eq(hni_device_alloc(d, UINT64_MAX, &none, &err), HN_E_MEMORY);
    d->table.free(d->handle, &none); /* not this device's: left alone */
    d->table.free(d->handle, NULL);
    hni_device_close(d); /* what is still in use goes with it */
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* The host's memory is free again when upload returns, though the queue has done nothing yet; order is kept. */
START_TEST(copies) {
    enum { BYTES = 9 * (1 << 20) + 1234 };
    fake_reset();
    fake_lazy(_i != 0);
    hn_context *ctx = context(NULL, NULL);
    hni_device *d = open_spec(ctx, "cudnn");
    hn_buffer a, b;
    uint8_t *host = malloc(BYTES), *back = malloc(BYTES);
    ck_ok(hni_device_alloc(d, BYTES + 64, &a, &err));
    ck_ok(hni_device_alloc(d, BYTES + 64, &b, &err));
    const hn_buffer part = hni_buffer_at(a, 64, BYTES), other = hni_buffer_at(b, 0, BYTES);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < BYTES; i++)
            host[i] = (uint8_t)(i * 7 + i / 256 + (size_t)round);
        ck_ok(hni_device_upload(d, part, host, &err));
        memset(host, 0xEE, BYTES);
        for (uint8_t k = 0; k < 40; k++) { /* small ones share a segment */
            ck_ok(hni_device_upload(d, hni_buffer_at(part, 64 * (uint64_t)k, 1), &k, &err));
        }
        ck_ok(d->table.copy(d->handle, other, part, &err));
        ck_ok(d->table.fill(d->handle, hni_buffer_at(other, 128 * 64, 5), 0xAB, &err));
        ck_ok(d->table.fill(d->handle, part, 0, &err));
        ck_ok(hni_device_download(d, back, other, &err));
        size_t wrong = BYTES; /* looked for by hand: each assertion of Check writes to a file */
        for (size_t i = 0; i < BYTES && wrong == BYTES; i++) {
            uint8_t want = (uint8_t)(i * 7 + i / 256 + (size_t)round);
            want = i % 64 == 0 && i / 64 < 40 ? (uint8_t)(i / 64) : i >= 8192 && i < 8197 ? 0xAB : want;
            wrong = back[i] == want ? wrong : i;
        }
        ck_assert_msg(wrong == BYTES, "byte %zu of round %d", wrong, round);
    }
    ck_assert_int_eq(fake_calls_of("cudaStreamSynchronize"), 4); /* one a download, and one to make room for uploads of this size */
    ck_assert_int_eq(d->table.copy(d->handle, other, hni_buffer_at(part, 0, 1), &err), HN_E_ARGUMENT);
    ck_ok(d->table.sync(d->handle, &err));
    free(host);
    free(back);
    hni_device_close(d);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* Uploads go on while the queue has not even begun, two segments ahead; the third use of a segment waits for what came through it first. */
START_TEST(uploads_do_not_wait_for_the_queue) {
    enum { BATCH = 3 << 20, LABELS = 1024 };
    fake_reset();
    fake_lazy(true);
    hn_context *ctx = context(NULL, NULL);
    hni_device *d = open_spec(ctx, "cudnn");
    hn_buffer slow, pixels, labels;
    uint8_t *host = malloc(BATCH), *back = malloc(BATCH);
    ck_ok(hni_device_alloc(d, 64, &slow, &err));
    ck_ok(hni_device_alloc(d, BATCH, &pixels, &err));
    ck_ok(hni_device_alloc(d, LABELS, &labels, &err));
    memset(host, 9, BATCH);
    ck_ok(hni_device_upload(d, pixels, host, &err)); /* makes room */
    ck_ok(d->table.sync(d->handle, &err));
    ck_ok(d->table.fill(d->handle, slow, 77, &err)); /* stands for a step's work */
    const uint8_t *const begun = slow.memory;       /* the fake's device memory can be looked at */
    const long made = fake_calls_of("cudaMalloc") + fake_calls_of("cudaHostAlloc"), waited = fake_calls_of("cudaStreamSynchronize");
    for (uint8_t batch = 1; batch <= 6; batch++) {
        memset(host, batch, BATCH);
        ck_ok(hni_device_upload(d, pixels, host, &err));
        ck_ok(hni_device_upload(d, labels, host, &err));
        memset(host, 0xEE, BATCH);
        ck_assert_msg((begun[0] != 77) == (batch < 4), "batch %d", batch);
    }
    ck_assert_int_eq(fake_calls_of("cudaMalloc") + fake_calls_of("cudaHostAlloc"), made);
    ck_assert_int_eq(fake_calls_of("cudaStreamSynchronize"), waited);
    ck_ok(hni_device_download(d, back, pixels, &err));
    ck_assert(back[0] == 6 && back[BATCH - 1] == 6);
    free(host);
    free(back);
    hni_device_close(d);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* A segment's memory on the device may have been somebody's whose work still waits in the queue. */
START_TEST(segments_of_used_memory) {
    enum { BYTES = 3 << 20 };
    fake_reset();
    fake_lazy(true);
    hn_context *ctx = context(NULL, NULL);
    hni_device *d = open_spec(ctx, "cudnn");
    hn_buffer a, b;
    uint8_t *host = calloc(1, BYTES);
    ck_ok(hni_device_alloc(d, 4 << 20, &a, &err));
    ck_ok(hni_device_alloc(d, BYTES, &b, &err));
    ck_ok(d->table.fill(d->handle, a, 1, &err));
    hni_device_free(d, &a);
    const long made = fake_calls_of("cudaMalloc");
    ck_ok(hni_device_upload(d, b, host, &err));
    ck_assert_int_eq(fake_calls_of("cudaMalloc"), made + 1); /* the other segment is a's */
    free(host);
    hni_device_close(d);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* No room for large segments: uploads come in pieces and are right. Of more than 64 MiB so do they anyway. */
START_TEST(uploads_in_pieces) {
    static const struct {
        uint64_t bytes, memory;
        long host, device; /* allocations that open or uploads make */
    } rows[] = {{(5 << 20) + 77, 9 << 20, 3, 4}, {(130 << 20) + 5, 0, 4, 5}};
    const uint64_t bytes = rows[_i].bytes;
    fake_reset();
    fake_memory(rows[_i].memory);
    hn_context *ctx = context(NULL, NULL);
    hni_device *d = open_spec(ctx, "cudnn");
    hn_buffer a;
    uint8_t *host = malloc(bytes), *back = malloc(bytes);
    ck_ok(hni_device_alloc(d, bytes, &a, &err));
    for (uint8_t round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < bytes; i++)
            host[i] = (uint8_t)(i * 13 + i / 256 + round);
        ck_ok(hni_device_upload(d, a, host, &err));
        ck_ok(hni_device_download(d, back, a, &err));
        ck_assert_int_eq(memcmp(host, back, bytes), 0);
        ck_assert_int_eq(fake_calls_of("cudaHostAlloc"), rows[_i].host);
        ck_assert_int_eq(fake_calls_of("cudaMalloc"), rows[_i].device);
    }
    free(host);
    free(back);
    hni_device_close(d);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* That the fake notices what these tests look for: streams that do not wait for each other, and pinned memory that is written too early. */
START_TEST(the_fake_notices_races) {
    static const struct {
        bool recorded, waited, host_waits, overwritten;
        int mistakes;
    } rows[] = {{true, true, false, false, 0}, {true, false, false, false, 1}, {false, true, false, false, 1}, {false, false, true, false, 0},
                {true, true, false, true, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int lazy = 0; lazy < 2; lazy++) {
            fake_reset();
            fake_lazy(lazy != 0);
            cudaStream_t a, b;
            cudaEvent_t event;
            void *pinned, *device, *other;
            ck_assert_int_eq(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking), 0);
            ck_assert_int_eq(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking), 0);
            ck_assert_int_eq(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), 0);
            ck_assert_int_eq(cudaHostAlloc(&pinned, 64, cudaHostAllocDefault), 0);
            ck_assert_int_eq(cudaMalloc(&device, 64), 0);
            ck_assert_int_eq(cudaMalloc(&other, 64), 0);
            memset(pinned, 1, 64);
            ck_assert_int_eq(cudaMemcpyAsync(device, pinned, 64, cudaMemcpyHostToDevice, a), 0);
            if (rows[i].overwritten)
                memset(pinned, 2, 64);
            if (rows[i].recorded)
                ck_assert_int_eq(cudaEventRecord(event, a), 0);
            if (rows[i].waited)
                ck_assert_int_eq(cudaStreamWaitEvent(b, event, 0), 0);
            if (rows[i].host_waits)
                ck_assert_int_eq(cudaStreamSynchronize(a), 0);
            ck_assert_int_eq(cudaMemcpyAsync(other, device, 64, cudaMemcpyDeviceToDevice, b), 0);
            ck_assert_int_eq(cudaStreamSynchronize(b), 0);
            ck_assert_int_eq(cudaStreamSynchronize(a), 0);
            ck_assert_msg(fake_mistakes() == (rows[i].overwritten && !lazy ? 0 : rows[i].mistakes), "row %zu, lazy %d: %s", i, lazy, fake_mistake());
            cudaFree(other);
            cudaFree(device);
            cudaFreeHost(pinned);
            cudaEventDestroy(event);
            cudaStreamDestroy(b);
            cudaStreamDestroy(a);
        }
    ck_assert_int_eq(fake_live(FAKE_CUDA), 0);
}
END_TEST

START_TEST(recording) {
    fake_reset();
    fake_lazy(_i != 0);
    hn_context *ctx = context(NULL, NULL);
    hni_device *d = open_spec(ctx, "cudnn");
    const hn_backend *t = &d->table;
    hn_buffer a, b, none;
    uint8_t bytes[128] = {1, 2, 3};
    void *recorded, *again;
    ck_ok(hni_device_alloc(d, 128, &a, &err));
    ck_ok(hni_device_alloc(d, 128, &b, &err));
    ck_ok(hni_device_upload(d, a, bytes, &err));
    ck_ok(t->fill(d->handle, b, 9, &err));
    ck_assert_int_eq(t->capture_end(d->handle, &recorded, &err), HN_E_STATE);
    ck_ok(t->capture_begin(d->handle, &err));
    ck_assert_int_eq(t->capture_begin(d->handle, &err), HN_E_STATE);
    ck_ok(t->copy(d->handle, b, a, &err));
    ck_ok(t->fill(d->handle, hni_buffer_at(b, 64, 1), 77, &err));
    ck_assert_int_eq(hni_device_alloc(d, 128, &none, &err), HN_E_STATE);
    ck_assert_int_eq(hni_device_upload(d, a, bytes, &err), HN_E_STATE);
    ck_assert_int_eq(hni_device_download(d, bytes, a, &err), HN_E_STATE);
    ck_assert_int_eq(t->sync(d->handle, &err), HN_E_STATE);
    ck_assert_ptr_nonnull(strstr(err.message, "capture_begin"));
    ck_ok(t->capture_end(d->handle, &recorded, &err));
    ck_ok(hni_device_download(d, bytes, b, &err));
    ck_assert(bytes[0] == 9 && bytes[64] == 9); /* recorded, not done */
    for (uint8_t round = 0; round < 3; round++) {
        bytes[0] = round;
        ck_ok(hni_device_upload(d, a, bytes, &err));
        ck_ok(t->replay(d->handle, recorded, &err));
        ck_ok(hni_device_download(d, bytes, b, &err));
        ck_assert(bytes[0] == round && bytes[64] == 77);
    }
    ck_ok(t->capture_begin(d->handle, &err));
    ck_assert_int_eq(t->replay(d->handle, recorded, &err), HN_E_STATE);
    ck_ok(t->capture_end(d->handle, &again, &err)); /* of nothing */
    ck_ok(t->replay(d->handle, again, &err));
    t->release(d->handle, again);
    t->release(d->handle, recorded);
    t->release(d->handle, NULL);
    ck_ok(t->capture_begin(d->handle, &err)); /* and forgotten: close ends it */
    hni_device_close(d);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* Every operator is either done or refused by device, operator and shape. */
START_TEST(operators_are_refused_by_name) {
    fake_reset();
    hn_context *ctx = context(NULL, NULL);
    hni_device *d = open_spec(ctx, "cudnn");
    hni_case c;
    char text[160];
    for (int32_t i = 0; i < hni_case_count(); i++) {
        ck_ok(hni_case_get(i, &c, &err));
        hni_op_text(&c.desc, text, sizeof text);
        const hn_status status = d->table.supports(d->handle, &c.desc, &err);
        ck_assert_msg(status == HN_OK || status == HN_E_UNSUPPORTED, "%s: %s", text, err.message);
        if (status == HN_OK)
            continue;
        ck_assert_msg(strncmp(err.message, "cudnn:0: ", 9) == 0 && strstr(err.message, text) != NULL, "%s: %s", text, err.message);
        void *op = &c;
        uint64_t workspace;
        ck_assert_int_eq(d->table.prepare(d->handle, &c.desc, &op, &workspace, &err), HN_E_UNSUPPORTED);
        ck_assert_ptr_null(op);
    }
    for (int32_t kind = -1; kind < 1000; kind += kind == 0 ? HNI_OP_LAST + 1 : kind < 0 ? 1 : 1000) {
        c.desc.kind = kind;
        ck_assert_int_eq(d->table.supports(d->handle, &c.desc, &err), HN_E_UNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(err.message, "operator kind"));
        const char *why = NULL;
        ck_assert_ptr_null(hni_cuda_select(d->handle, &c.desc, &why));
    }
    hni_device_close(d);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

typedef struct user {
    hn_context *ctx;
    int index;
    bool good;
} user;

static void *use(void *arg) {
    user *u = arg;
    char spec[32];
    hn_error mine;
    hni_device *d;
    hn_buffer a, b;
    uint8_t bytes[4096], back[4096];
    void *recorded;
    snprintf(spec, sizeof spec, "cudnn:%d", u->index);
    bool good = hni_device_open_spec(u->ctx, spec, &d, &mine) == HN_OK;
    if (!good)
        return NULL;
    const hn_backend *t = &d->table;
    good = hni_device_alloc(d, sizeof bytes, &a, &mine) == HN_OK && hni_device_alloc(d, sizeof bytes, &b, &mine) == HN_OK &&
           t->capture_begin(d->handle, &mine) == HN_OK && t->copy(d->handle, b, a, &mine) == HN_OK &&
           t->capture_end(d->handle, &recorded, &mine) == HN_OK;
    for (int i = 0; good && i < 200; i++) {
        memset(bytes, u->index * 100 + i % 100, sizeof bytes);
        good = hni_device_upload(d, a, bytes, &mine) == HN_OK && t->replay(d->handle, recorded, &mine) == HN_OK &&
               hni_device_download(d, back, b, &mine) == HN_OK && memcmp(bytes, back, sizeof bytes) == 0;
    }
    if (good)
        t->release(d->handle, recorded);
    hni_device_close(d);
    u->good = good;
    return NULL;
}

/* Two devices at once, and one device from one thread after another: CUDA's current device is a thread's own. */
START_TEST(threads) {
    fake_reset();
    fake_machine(2);
    hn_context *ctx = context(NULL, NULL);
    pthread_t running[2];
    user users[2] = {{ctx, 0, false}, {ctx, 1, false}};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&running[i], NULL, use, &users[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(running[i], NULL);
    ck_assert(users[0].good && users[1].good);
    hni_device *first = open_spec(ctx, "cudnn:0"), *second = open_spec(ctx, "cudnn:1");
    hn_buffer a, b;
    ck_ok(hni_device_alloc(first, 64, &a, &err));
    ck_ok(hni_device_alloc(second, 64, &b, &err));
    ck_ok(first->table.fill(first->handle, a, 1, &err));
    ck_ok(second->table.fill(second->handle, b, 2, &err));
    hni_device_close(first);
    hni_device_close(second);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* The plug-in itself: it loads, exports its entry alone, and is a machine of its own. */
START_TEST(plugin) {
    const char *path = getenv("HAEMNET_TEST_CUDA");
    if (!path || !*path)
        SKIP("HAEMNET_TEST_CUDA is not set");
    hn_context *ctx;
    ck_ok(make_context("", NULL, NULL, &ctx, &err));
    ck_ok(hn_backend_load(ctx, path, &err));
    hni_device_close(open_spec(ctx, "cudnn+deterministic"));
    char why[256];
    void *library = hni_os_load(path, why, sizeof why);
    ck_assert_msg(library != NULL, "%s", why);
    static const char *const hidden[] = {"hni_fail", "hni_cuda_select", "fake_reset", "cudaMalloc"};
    ck_assert_ptr_nonnull(hni_os_symbol(library, HN_BACKEND_ENTRY));
    for (int i = 0; i < 4; i++)
        ck_assert_ptr_null(hni_os_symbol(library, hidden[i]));
    hni_os_unload(library);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cuda device");
    TCase *t = tcase_create("cuda device");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, machines, 0, (int)(sizeof MACHINES / sizeof MACHINES[0]));
    tcase_add_test(t, old_device_beside_a_new_one);
    tcase_add_test(t, options);
    tcase_add_test(t, pool);
    tcase_add_loop_test(t, copies, 0, 2);
    tcase_add_test(t, uploads_do_not_wait_for_the_queue);
    tcase_add_test(t, segments_of_used_memory);
    tcase_add_loop_test(t, uploads_in_pieces, 0, 2);
    tcase_add_test(t, the_fake_notices_races);
    tcase_add_loop_test(t, recording, 0, 2);
    tcase_add_test(t, operators_are_refused_by_name);
    tcase_add_test(t, threads);
    tcase_add_test(t, plugin);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
