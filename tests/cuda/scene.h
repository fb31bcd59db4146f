/* scene.h - a context with the cudnn backend on a faked machine beside cpu, and whether all that was made there is gone. */
#ifndef HAEMNET_TEST_CUDA_SCENE_H
#define HAEMNET_TEST_CUDA_SCENE_H

#include "../../cuda/cuda.h"
#include "../backend/devices.h"
#include "fake/fake.h"
#include "op/op.h"

const hn_backend *hn_backend_entry(uint32_t host_version);

static hn_error err;

/* A context whose memory is counted, with reference (0), cpu (1) and cudnn (2 …). */
static inline hn_context *context(failing_memory *memory, log_lines *log) {
    static hn_allocator allocator;
    hn_context *ctx;
    if (memory)
        allocator = (hn_allocator){.struct_size = sizeof allocator, .user = memory, .alloc = failing_alloc, .free = failing_free};
    ck_ok(make_context("", log, memory ? &allocator : NULL, &ctx, &err));
    ck_ok(hn_backend_register(ctx, hni_cpu_backend(), &err));
    ck_ok(hn_backend_register(ctx, hn_backend_entry(HN_BACKEND_ABI_VERSION), &err));
    return ctx;
}

static inline void nothing_left(void) {
    for (int kind = 0; kind < FAKE_KINDS; kind++)
        ck_assert_msg(fake_live(kind) == 0, "kind %d: %ld objects are left", kind, fake_live(kind));
    ck_assert_msg(fake_mistakes() == 0, "%ld mistakes, the last: %s", fake_mistakes(), fake_mistake());
}

static inline hni_device *open_spec(hn_context *ctx, const char *spec) {
    hni_device *device;
    ck_ok(hni_device_open_spec(ctx, spec, &device, &err));
    return device;
}

#endif
