/* ways.h - a backend for tests out of the cudnn backend's table, in which each operator is done by own kernels or cuBLASLt, whatever stands
 * before them in select.c's lists; and one run of it on plain arrays. */
#ifndef HAEMNET_TEST_CUDA_WAYS_H
#define HAEMNET_TEST_CUDA_WAYS_H

#include "../../cuda/table.h"
#include "../backend/devices.h"
#include "../backend/host.h"
#include "backend/cases.h"
#include "fake/fake.h"
#include "fake/launch.h"

const hn_backend *hn_backend_entry(uint32_t host_version);

static const hni_cuda_way *const OWN_WAYS[HNI_OP_LAST + 1] = {
    [HN_OP_MAX_POOL2D] = &hni_cuda_max_pool,
    [HN_OP_MAX_POOL2D_GRAD] = &hni_cuda_max_pool_grad,
    [HN_OP_AVG_POOL2D] = &hni_cuda_avg_pool,
    [HN_OP_AVG_POOL2D_GRAD] = &hni_cuda_avg_pool_grad,
    [HN_OP_GLOBAL_AVG_POOL] = &hni_cuda_global_pool,
    [HN_OP_GLOBAL_AVG_POOL_GRAD] = &hni_cuda_global_pool_grad,
    [HN_OP_DENSE] = &hni_cuda_dense,
    [HN_OP_DENSE_GRAD_INPUT] = &hni_cuda_dense_grad_input,
    [HN_OP_DENSE_GRAD_WEIGHT] = &hni_cuda_dense_grad_weight,
    [HN_OP_BATCH_NORM_TRAIN] = &hni_cuda_norm_train_own,
    [HN_OP_BATCH_NORM] = &hni_cuda_norm_own,
    [HN_OP_BATCH_NORM_GRAD] = &hni_cuda_norm_grad_own,
    [HN_OP_ACTIVATION] = &hni_cuda_activation,
    [HN_OP_ACTIVATION_GRAD] = &hni_cuda_activation_grad,
    [HN_OP_ADD] = &hni_cuda_add,
    [HN_OP_DROPOUT] = &hni_cuda_dropout,
    [HN_OP_SOFTMAX] = &hni_cuda_softmax,
    [HN_OP_SOFTMAX_LOSS] = &hni_cuda_softmax_loss,
    [HN_OP_SIGMOID_LOSS] = &hni_cuda_sigmoid_loss,
    [HN_OP_OPTIMIZER] = &hni_cuda_optimizer,
    [HN_OP_PREPROCESS] = &hni_cuda_preprocess,
    [HN_OP_GROUP_NORM] = &hni_cuda_group_norm,
    [HN_OP_GROUP_NORM_GRAD] = &hni_cuda_group_norm_grad,
    [HN_OP_CONCAT] = &hni_cuda_concat,
    [HN_OP_CONCAT_GRAD] = &hni_cuda_concat_grad,
    [HN_OP_CHANNEL_SCALE] = &hni_cuda_channel_scale,
    [HN_OP_CHANNEL_SCALE_GRAD] = &hni_cuda_channel_scale_grad,
    [HN_OP_ACCUMULATE] = &hni_cuda_accumulate,
    [HN_OP_CLIP] = &hni_cuda_clip,
    [HN_OP_AVERAGE] = &hni_cuda_average,
    [HN_OP_CLASS_MAP] = &hni_cuda_class_map,
};

static inline bool is_dense(int32_t kind) {
    return kind == HN_OP_DENSE || kind == HN_OP_DENSE_GRAD_INPUT || kind == HN_OP_DENSE_GRAD_WEIGHT;
}

static inline hn_status ways_supports(void *device, const hn_op_desc *desc, hn_error *err) {
    const char *why = "no such way";
    const hni_cuda_way *way = OWN_WAYS[desc->kind];
    if (!way || (way->accept && !way->accept(device, desc, &why)))
        return hni_fail(err, HN_E_UNSUPPORTED, "ways: %s: %s", hni_op_name(desc->kind), why);
    return HN_OK;
}

static inline hn_status ways_prepare(void *device, const hn_op_desc *desc, void **op, uint64_t *workspace, hn_error *err) {
    hni_cuda_device *d = device;
    *op = NULL;
    hn_status status = ways_supports(device, desc, err);
    if (status != HN_OK)
        return status;
    hni_cuda_op *o = d->host.alloc(d->host.user, sizeof *o);
    if (!o)
        return hni_fail_memory(err, sizeof *o, "an operator");
    *o = (hni_cuda_op){.tag = HNI_CUDA_OP, .desc = *desc, .device = d, .way = OWN_WAYS[desc->kind]};
    status = o->way->plan ? o->way->plan(o, err) : HN_OK;
    if (status != HN_OK) {
        hni_cuda_release(device, o);
        return status;
    }
    *op = o;
    *workspace = o->workspace;
    return HN_OK;
}

static inline hn_backend ways_backend(void) {
    hn_backend table = *hn_backend_entry(HN_BACKEND_ABI_VERSION);
    table.name = "ways";
    table.supports = ways_supports;
    table.prepare = ways_prepare;
    return table;
}

/* A context with the reference and the ways. */
static inline hn_context *ways_context(hn_backend *table, hn_error *err) {
    hn_context *ctx = NULL;
    *table = ways_backend();
    ck_assert_int_eq(make_context("", NULL, NULL, &ctx, err), HN_OK);
    ck_assert_int_eq(hni_registry_add(ctx, table, err), HN_OK);
    return ctx;
}

/* A case's tensors in the host's memory. */
typedef struct arrays {
    void *in[HN_OP_MAX_TENSORS], *out[HN_OP_MAX_TENSORS];
} arrays;

static inline arrays arrays_of(const hni_case *c, uint64_t seed) {
    arrays a = {{NULL}, {NULL}};
    for (int i = 0; i < c->desc.n_in; i++)
        if (c->desc.in[i].rank) {
            a.in[i] = host_alloc(NULL, (size_t)hni_tensor_bytes(&c->desc.in[i]));
            hni_case_input(c, i, seed, a.in[i]);
        }
    for (int i = 0; i < c->desc.n_out; i++)
        if (c->desc.out[i].rank) {
            a.out[i] = host_alloc(NULL, (size_t)hni_tensor_bytes(&c->desc.out[i]));
            hni_case_output(c, i, seed, a.out[i]);
        }
    return a;
}

static inline void arrays_free(arrays *a) {
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        free(a->in[i]);
        free(a->out[i]);
    }
}

static inline hn_buffer put_array(const hn_backend *b, void *device, const void *from, uint64_t bytes) {
    hn_error err;
    hn_buffer at = {NULL, 64, bytes}; /* an offset that is a multiple of 64 and no more */
    if (!from)
        return (hn_buffer){0};
    ck_assert_int_eq(b->alloc(device, bytes + 64, &at.memory, &err), HN_OK);
    ck_assert_int_eq(b->upload(device, at, from, &err), HN_OK);
    return at;
}

/* Host memory that is counted: blocks that the backend has not given back. */
static long ways_live;

static inline void *ways_alloc(void *user, size_t size) {
    ways_live++;
    return host_alloc(user, size);
}

static inline void ways_free(void *user, void *ptr) {
    ways_live -= ptr != NULL;
    host_free(user, ptr);
}

enum { RUN_PLAIN = 0, RUN_RECORDED = 1 };

/* Runs the case `times` times on a device of its own; outputs into a->out, which also says what they start with. Gives run's status
 * (prepare's if that fails); options: NULL or a change of the opened device. */
static inline hn_status run_ways(const hni_case *c, arrays *a, int how, int times, void (*options)(hni_cuda_device *d), hn_error *err) {
    const hn_backend table = ways_backend(), *b = &table;
    hn_backend_host host = host_make(run_forwards);
    host.alloc = ways_alloc;
    host.free = ways_free;
    void *device = NULL, *op = NULL, *recording = NULL;
    uint64_t size = 0;
    hn_buffer in[HN_OP_MAX_TENSORS], out[HN_OP_MAX_TENSORS], workspace = {0};
    hn_status status = b->open(b->user, 0, &host, &device, err);
    if (status != HN_OK)
        return status;
    if (options)
        options(device);
    status = b->prepare(device, &c->desc, &op, &size, err);
    if (status != HN_OK) {
        b->close(device);
        return status;
    }
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        in[i] = put_array(b, device, a->in[i], a->in[i] ? (uint64_t)hni_tensor_bytes(&c->desc.in[i]) : 0);
        out[i] = put_array(b, device, a->out[i], a->out[i] ? (uint64_t)hni_tensor_bytes(&c->desc.out[i]) : 0);
    }
    if (size > 0) {
        void *rubbish = host_alloc(NULL, (size_t)size);
        memset(rubbish, 0xFF, (size_t)size);
        workspace = put_array(b, device, rubbish, size);
        free(rubbish);
    }
    const hn_op_buffers buffers = {.struct_size = sizeof buffers, .in = in, .out = out, .workspace = workspace};
    if (how == RUN_RECORDED) {
        ck_assert_int_eq(b->capture_begin(device, err), HN_OK);
        status = b->run(device, op, &buffers, err);
        ck_assert_int_eq(b->capture_end(device, &recording, err), HN_OK);
    }
    for (int i = 0; i < times && status == HN_OK; i++)
        status = how == RUN_RECORDED ? b->replay(device, recording, err) : b->run(device, op, &buffers, err);
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        if (a->out[i] && status == HN_OK)
            ck_assert_int_eq(b->download(device, a->out[i], out[i], err), HN_OK);
        b->free(device, in[i].memory);
        b->free(device, out[i].memory);
    }
    b->free(device, workspace.memory);
    if (recording)
        b->release(device, recording);
    b->release(device, op);
    b->close(device);
    return status;
}

static inline void same_bits(const hni_case *c, const arrays *x, const arrays *y, const char *what) {
    for (int i = 0; i < c->desc.n_out; i++)
        if (x->out[i])
            ck_assert_msg(memcmp(x->out[i], y->out[i], (size_t)hni_tensor_bytes(&c->desc.out[i])) == 0, "%s (%s), output %d: %s",
                          hni_op_name(c->desc.kind), c->name, i, what);
}

static inline void nothing_is_left(void) {
    for (int kind = 0; kind < FAKE_KINDS; kind++)
        ck_assert_msg(fake_live(kind) == 0, "%ld objects of kind %d are left", fake_live(kind), kind);
    ck_assert_msg(ways_live == 0, "%ld blocks of the host's memory are left", ways_live);
    ck_assert_msg(fake_mistakes() == 0, "%ld mistakes, the last: %s", fake_mistakes(), fake_mistake());
}

#endif
