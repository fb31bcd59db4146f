/* reference.c - the table of the reference backend: plain loops with float64 sums, slow and obvious, the oracle for all others.
 *
 * One device, always there. Its memory is host memory, work is done before run returns, and no operator needs a workspace. The
 * operators lie in the files beside this one, by family. */
#include <string.h>

#include "../../op/op.h" /* defines: hni_op_validate */
#include "../backend.h"
#include "../spec.h" /* defines: hni_spec_float32_only */
#include "reference.h"

typedef struct hni_ref_device {
    hn_backend_host host;
} hni_ref_device;

typedef struct hni_ref_op {
    hn_op_desc desc;
    hni_ref_fn run;
} hni_ref_op;

static const hni_ref_fn OPERATORS[] = {
    [HN_OP_CONV2D] = hni_ref_conv2d,
    [HN_OP_CONV2D_GRAD_INPUT] = hni_ref_conv2d_grad_input,
    [HN_OP_CONV2D_GRAD_WEIGHT] = hni_ref_conv2d_grad_weight,
    [HN_OP_MAX_POOL2D] = hni_ref_pool2d,
    [HN_OP_MAX_POOL2D_GRAD] = hni_ref_pool2d_grad,
    [HN_OP_AVG_POOL2D] = hni_ref_pool2d,
    [HN_OP_AVG_POOL2D_GRAD] = hni_ref_pool2d_grad,
    [HN_OP_GLOBAL_AVG_POOL] = hni_ref_global_avg_pool,
    [HN_OP_GLOBAL_AVG_POOL_GRAD] = hni_ref_global_avg_pool_grad,
    [HN_OP_DENSE] = hni_ref_dense,
    [HN_OP_DENSE_GRAD_INPUT] = hni_ref_dense_grad_input,
    [HN_OP_DENSE_GRAD_WEIGHT] = hni_ref_dense_grad_weight,
    [HN_OP_BATCH_NORM_TRAIN] = hni_ref_batch_norm_train,
    [HN_OP_BATCH_NORM] = hni_ref_batch_norm,
    [HN_OP_BATCH_NORM_GRAD] = hni_ref_batch_norm_grad,
    [HN_OP_ACTIVATION] = hni_ref_activation,
    [HN_OP_ACTIVATION_GRAD] = hni_ref_activation_grad,
    [HN_OP_ADD] = hni_ref_add,
    [HN_OP_DROPOUT] = hni_ref_dropout,
    [HN_OP_SOFTMAX] = hni_ref_softmax,
    [HN_OP_SOFTMAX_LOSS] = hni_ref_softmax_loss,
    [HN_OP_SIGMOID_LOSS] = hni_ref_sigmoid_loss,
    [HN_OP_OPTIMIZER] = hni_ref_optimizer,
    [HN_OP_PREPROCESS] = hni_ref_preprocess,
    [HN_OP_GROUP_NORM] = hni_ref_group_norm,
    [HN_OP_GROUP_NORM_GRAD] = hni_ref_group_norm_grad,
    [HN_OP_CONCAT] = hni_ref_concat,
    [HN_OP_CONCAT_GRAD] = hni_ref_concat_grad,
    [HN_OP_CHANNEL_SCALE] = hni_ref_channel_scale,
    [HN_OP_CHANNEL_SCALE_GRAD] = hni_ref_channel_scale_grad,
    [HN_OP_ACCUMULATE] = hni_ref_accumulate,
    [HN_OP_CLIP] = hni_ref_clip_norm,
    [HN_OP_AVERAGE] = hni_ref_average,
    [HN_OP_CLASS_MAP] = hni_ref_class_map,
};

/* The host counts tasks in 32 bits; more pieces than this are run several to a task. A constant, so that nothing depends on threads. */
enum { MAX_TASKS = 65536 };

typedef struct loop {
    const hni_ref_call *call;
    hni_ref_task task;
    int64_t count, per_task;
} loop;

static void run_pieces(void *arg, uint32_t index) {
    const loop *l = (const loop *)arg;
    const int64_t first = (int64_t)index * l->per_task;
    for (int64_t i = first; i < first + l->per_task && i < l->count; i++)
        l->task(l->call, i);
}

void hni_ref_for(const hni_ref_call *call, int64_t count, hni_ref_task task) {
    loop l = {call, task, count, (count + MAX_TASKS - 1) / MAX_TASKS};
    call->host->parallel_for(call->host->user, (uint32_t)((count + l.per_task - 1) / l.per_task), run_pieces, &l);
}

static void *at(hn_buffer b) {
    return b.memory ? (uint8_t *)b.memory + b.offset : NULL;
}

static int32_t score(void *user) {
    (void)user;
    return 1;
}

static int32_t device_count(void *user) {
    (void)user;
    return 1;
}

static hn_status device_info(void *user, int32_t index, hn_device_info *out, hn_error *err) {
    (void)user;
    if (index != 0)
        return hni_fail(err, HN_E_NOT_FOUND, "reference: there is no device %d, only 0", index);
    static const char description[] = "plain C loops, float64 sums: slow, exact, on any machine";
    out->memory_bytes = 0;
    out->flags = HN_DEVICE_HOST_MEMORY | HN_DEVICE_DETERMINISTIC;
    memcpy(out->description, description, sizeof description);
    return HN_OK;
}

static hn_status open_device(void *user, int32_t index, const hn_backend_host *host, void **device, hn_error *err) {
    (void)user;
    *device = NULL;
    if (index != 0)
        return hni_fail(err, HN_E_NOT_FOUND, "reference: there is no device %d, only 0", index);
    const hn_status status = hni_spec_float32_only("reference", host->options, err);
    if (status != HN_OK)
        return status;
    hni_ref_device *d = host->alloc(host->user, sizeof *d);
    if (!d)
        return hni_fail_memory(err, sizeof *d, "the reference device");
    d->host = *host;
    *device = d;
    return HN_OK;
}

static void close_device(void *device) {
    if (!device)
        return;
    const hn_backend_host host = ((hni_ref_device *)device)->host;
    host.free(host.user, device);
}

static hn_status sync_device(void *device, hn_error *err) {
    (void)device;
    (void)err;
    return HN_OK;
}

static hn_status alloc_memory(void *device, uint64_t size, void **memory, hn_error *err) {
    const hn_backend_host *host = &((hni_ref_device *)device)->host;
    *memory = size <= SIZE_MAX ? host->alloc(host->user, (size_t)size) : NULL;
    return *memory ? HN_OK : hni_fail_memory(err, (size_t)size, "a buffer of the reference device");
}

static void free_memory(void *device, void *memory) {
    const hn_backend_host *host = &((hni_ref_device *)device)->host;
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
        return hni_fail(err, HN_E_ARGUMENT, "reference: copy of %llu bytes to %llu", (unsigned long long)from.size,
                        (unsigned long long)to.size);
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
    if (desc->kind < 1 || desc->kind >= (int32_t)(sizeof OPERATORS / sizeof OPERATORS[0]))
        return hni_fail(err, HN_E_UNSUPPORTED, "reference: operator kind %d is not known", desc->kind);
    return hni_op_validate(desc, err);
}

static hn_status prepare(void *device, const hn_op_desc *desc, void **op, uint64_t *workspace, hn_error *err) {
    const hn_backend_host *host = &((hni_ref_device *)device)->host;
    *op = NULL;
    const hn_status status = supports(device, desc, err);
    if (status != HN_OK)
        return status;
    hni_ref_op *o = host->alloc(host->user, sizeof *o);
    if (!o)
        return hni_fail_memory(err, sizeof *o, "an operator of the reference device");
    *o = (hni_ref_op){*desc, OPERATORS[desc->kind]};
    *op = o;
    *workspace = 0;
    return HN_OK;
}

static hn_status run(void *device, void *op, const hn_op_buffers *buffers, hn_error *err) {
    const hni_ref_op *o = (const hni_ref_op *)op;
    hni_ref_call call = {.desc = &o->desc, .host = &((hni_ref_device *)device)->host};
    for (int32_t i = 0; i < o->desc.n_in; i++)
        call.in[i] = o->desc.in[i].rank ? at(buffers->in[i]) : NULL;
    for (int32_t i = 0; i < o->desc.n_out; i++)
        call.out[i] = o->desc.out[i].rank ? at(buffers->out[i]) : NULL;
    return o->run(&call, err);
}

const hn_backend *hni_reference_backend(void) {
    static const hn_backend table = {
        .struct_size = sizeof(hn_backend),
        .abi_version = HN_BACKEND_ABI_VERSION,
        .min_abi_version = 1,
        .name = "reference",
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
        .release = free_memory,
    };
    return &table;
}
