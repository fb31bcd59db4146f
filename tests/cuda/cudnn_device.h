/* cudnn_device.h - the cudnn backend's whole table on the fakes, beside the reference, for the tests of what cuDNN does. */
#ifndef HAEMNET_TEST_CUDNN_DEVICE_H
#define HAEMNET_TEST_CUDNN_DEVICE_H

#include "../backend/devices.h"
#include "../../cuda/graph.h"
#include "../../cuda/table.h"
#include "backend/cases.h"
#include "fake/cudnn_fake.h"
#include "fake/fake.h"
#include "op/op.h"

const hn_backend *hn_backend_entry(uint32_t host_version);

static hn_error err;

typedef struct pair {
    hn_context *ctx;
    hni_device *device, *oracle;
} pair;

/* fake_reset first: everything the machine had is forgotten. */
static inline pair open_pair(const char *spec) {
    pair p;
    fake_reset();
    fake_cudnn_reset();
    ck_ok(make_context("", NULL, NULL, &p.ctx, &err));
    ck_ok(hn_backend_register(p.ctx, hn_backend_entry(1), &err));
    ck_ok(hni_device_open_spec(p.ctx, spec, &p.device, &err));
    ck_ok(hni_device_open_spec(p.ctx, "reference", &p.oracle, &err));
    return p;
}

/* Nothing may be left, and no call was wrong. */
static inline void close_pair(pair *p) {
    hni_device_close(p->device);
    hni_device_close(p->oracle);
    hn_context_free(p->ctx);
    ck_assert_int_eq(fake_live(FAKE_CUDNN), 0);
    ck_assert_int_eq(fake_live(FAKE_CUDA), 0);
    ck_assert_msg(fake_mistakes() == 0, "%s", fake_mistake());
}

static inline hni_cuda_device *cuda_of(const pair *p) { return p->device->handle; }

/* A convolution of images [2, 3, 9, 8] to 4 filters of 3x3. */
static inline hn_op_desc small_conv(bool bias, int32_t activation) {
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 2, 3, 9, 8), w = hni_tensor(HN_DTYPE_F32, 4, 4, 3, 3, 3);
    const hni_window2d win = {.stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 1};
    hn_op_desc d;
    ck_ok(hni_op_conv2d(&d, &x, &w, bias, &win, activation, &err));
    return d;
}

/* An operator with memory for all its tensors, filled with zeros. */
typedef struct prepared {
    hni_op op;
    hn_buffer in[HN_OP_MAX_TENSORS], out[HN_OP_MAX_TENSORS], workspace;
} prepared;

static inline void end_prepared(pair *p, prepared *r) {
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        hni_device_free(p->device, &r->in[i]);
        hni_device_free(p->device, &r->out[i]);
    }
    hni_device_free(p->device, &r->workspace);
    hni_op_release(p->device, &r->op);
}

static inline hn_status one_buffer(pair *p, uint64_t bytes, hn_buffer *b) {
    hn_status status = bytes ? hni_device_alloc(p->device, bytes, b, &err) : HN_OK;
    if (status == HN_OK && bytes) status = p->device->table.fill(p->device->handle, *b, 0, &err);
    return status;
}

static inline hn_status prepare(pair *p, const hn_op_desc *d, prepared *r) {
    *r = (prepared){0};
    hn_status status = hni_op_prepare(p->device, d, &r->op, &err);
    for (int i = 0; i < HN_OP_MAX_TENSORS && status == HN_OK; i++) {
        status = one_buffer(p, i < d->n_in && d->in[i].rank ? (uint64_t)hni_tensor_bytes(&d->in[i]) : 0, &r->in[i]);
        if (status == HN_OK)
            status = one_buffer(p, i < d->n_out && d->out[i].rank ? (uint64_t)hni_tensor_bytes(&d->out[i]) : 0, &r->out[i]);
    }
    return status == HN_OK ? one_buffer(p, r->op.workspace, &r->workspace) : status;
}

static inline hn_status run_flagged(pair *p, const prepared *r, int32_t flags) {
    const hn_op_buffers b = {.struct_size = sizeof b, .flags = flags, .in = r->in, .out = r->out, .workspace = r->workspace};
    return hni_op_run(p->device, &r->op, &b, &err);
}

static inline hn_status run(pair *p, const prepared *r) { return run_flagged(p, r, 0); }

static inline const char *way_of(const prepared *r) { return ((const hni_cuda_op *)r->op.handle)->way->name; }

#endif
