/* opcase.c - buffers and data for an operator description.
 *
 * Data are those of the conformance cases, valid for each operator, but for max pooling: there they hold NaN and infinities, which no
 * network in use does; plain numbers are taken instead. A large input repeats its first million numbers: more would take longer to make than
 * to compute with. Outputs lie over inputs only where the operator knows no other way. */
#include "opcase.h"

#include <stdlib.h>

#include "backend/cases.h"
#include "base/memory.h"
#include "base/os.h" /* defines: hni_seconds */
#include "base/status.h"
#include "op/op.h"

enum { SEED = 1, MOST_ROUNDS = 32, FRESH = 1 << 20 };

typedef struct opcase {
    hn_context *ctx;
    hni_device *device;
    bool owned; /* the device */
    hni_op op;
    hn_buffer in[HN_OP_MAX_TENSORS], out[HN_OP_MAX_TENSORS], workspace;
    int32_t over[HN_OP_MAX_TENSORS]; /* the input that output i lies over, or -1 */
} opcase;

static bool is_max_pool(const hn_op_desc *d) { return d->kind == HN_OP_MAX_POOL2D || d->kind == HN_OP_MAX_POOL2D_GRAD; }

/* The first `known` bytes again and again to the end. */
static hn_status repeat(const hni_device *d, hn_buffer b, uint64_t known, hn_error *err) {
    hn_status status = HN_OK;
    while (known < b.size && !status) {
        const uint64_t n = known < b.size - known ? known : b.size - known;
        status = d->table.copy(d->handle, hni_buffer_at(b, known, n), hni_buffer_at(b, 0, n), err);
        known += n;
    }
    return status;
}

static hn_status put_input(opcase *o, int32_t place, hn_error *err) {
    const hn_op_desc *d = &o->op.desc;
    const uint64_t bytes = (uint64_t)hni_tensor_bytes(&d->in[place]);
    hni_case c = {.desc = *d};
    if (is_max_pool(d)) c.desc.kind = HN_OP_ADD; /* plain numbers */
    if (hni_tensor_elements(&d->in[place]) > FRESH && d->in[place].dtype == HN_DTYPE_F32)
        c.desc.in[place] = hni_tensor(HN_DTYPE_F32, 1, FRESH, 1, 1, 1);
    const uint64_t fresh = (uint64_t)hni_tensor_bytes(&c.desc.in[place]);
    void *data = hni_alloc_aligned(o->ctx, fresh);
    if (!data) return hni_fail_memory(err, fresh, "an operator's input");
    hni_case_input(&c, place, SEED, data);
    hn_status status = hni_device_alloc(o->device, bytes, &o->in[place], err);
    if (!status) status = hni_device_upload(o->device, hni_buffer_at(o->in[place], 0, fresh), data, err);
    if (!status) status = repeat(o->device, o->in[place], fresh, err);
    hni_free_aligned(o->ctx, data);
    return status;
}

static hn_status put_output(opcase *o, int32_t place, hn_error *err) {
    const uint64_t bytes = (uint64_t)hni_tensor_bytes(&o->op.desc.out[place]);
    bool always;
    const int32_t over = hni_case_in_place(o->op.desc.kind, place, &always);
    o->over[place] = always ? over : -1;
    if (o->over[place] >= 0) return HN_OK;
    hn_status status = hni_device_alloc(o->device, bytes, &o->out[place], err);
    return status ? status : o->device->table.fill(o->device->handle, o->out[place], 0, err);
}

/* Max pooling's gradient reads y, which must be the maximum of x. */
static hn_status pool_forward(opcase *o, hn_error *err) {
    const hn_op_desc *g = &o->op.desc;
    const hni_window2d window = {.kernel = {g->kernel[0], g->kernel[1]}, .stride = {g->stride[0], g->stride[1]}, .padding = {g->padding[0], g->padding[1]},
                                 .dilation = {1, 1}, .groups = 1};
    hn_op_desc forward;
    hni_op op = {.handle = NULL};
    hn_buffer workspace = {.memory = NULL};
    hn_status status = hni_op_pool2d(&forward, HN_OP_MAX_POOL2D, &g->in[0], &window, err);
    if (!status) status = hni_op_prepare(o->device, &forward, &op, err);
    if (status) return status;
    if (op.workspace) status = hni_device_alloc(o->device, op.workspace, &workspace, err);
    const hn_op_buffers buffers = {.struct_size = sizeof buffers, .in = &o->in[0], .out = &o->in[1], .workspace = workspace};
    if (!status) status = hni_op_run(o->device, &op, &buffers, err);
    hni_device_free(o->device, &workspace);
    hni_op_release(o->device, &op);
    return status;
}

static hn_status fill(opcase *o, hn_error *err) {
    const hn_op_desc *d = &o->op.desc;
    hn_status status = HN_OK;
    for (int32_t i = 0; i < d->n_in && !status; i++)
        if (d->in[i].rank) status = put_input(o, i, err);
    for (int32_t i = 0; i < d->n_out && !status; i++)
        if (d->out[i].rank) status = put_output(o, i, err);
    if (!status && o->op.workspace) status = hni_device_alloc(o->device, o->op.workspace, &o->workspace, err);
    if (!status && d->kind == HN_OP_MAX_POOL2D_GRAD) status = pool_forward(o, err);
    return status;
}

hn_status opcase_create_on(hni_device *device, const hn_op_desc *desc, void **out, hn_error *err) {
    opcase *o = hni_calloc(device->ctx, 1, sizeof *o);
    *out = NULL;
    if (!o) return hni_fail_memory(err, sizeof *o, "an operator");
    o->ctx = hni_context_ref(device->ctx);
    o->device = device;
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) o->over[i] = -1;
    hn_status status = hni_op_prepare(device, desc, &o->op, err);
    if (!status) status = fill(o, err);
    if (status)
        opcase_free(o);
    else
        *out = o;
    return status;
}

hn_status opcase_create(hn_context *ctx, const char *device, const hn_op_desc *desc, void **out, hn_error *err) {
    hni_device *opened;
    *out = NULL;
    hn_status status = hni_device_open_spec(ctx, device, &opened, err);
    if (!status) status = opcase_create_on(opened, desc, out, err);
    if (!status)
        ((opcase *)*out)->owned = true;
    else
        hni_device_close(opened);
    return status;
}

static hn_status enqueue(opcase *o, int runs, hn_error *err) {
    hn_buffer out[HN_OP_MAX_TENSORS];
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) out[i] = o->over[i] >= 0 ? o->in[o->over[i]] : o->out[i];
    const hn_op_buffers buffers = {.struct_size = sizeof buffers, .in = o->in, .out = out, .workspace = o->workspace};
    hn_status status = HN_OK;
    for (int i = 0; i < runs && !status; i++) status = hni_op_run(o->device, &o->op, &buffers, err);
    return status;
}

hn_status opcase_run(void *state, hn_error *err) {
    opcase *o = state;
    hn_status status = enqueue(o, 1, err);
    return status ? status : o->device->table.sync(o->device->handle, err);
}

/* *recording stays NULL where the device does not record. */
static hn_status record(opcase *o, int runs, void **recording, hn_error *err) {
    const hn_backend *table = &o->device->table;
    *recording = NULL;
    if (!table->capture_begin) return HN_OK;
    hn_status status = table->capture_begin(o->device->handle, err), ended;
    if (status) return status == HN_E_UNSUPPORTED ? HN_OK : status;
    status = enqueue(o, runs, err);
    ended = table->capture_end(o->device->handle, recording, status ? NULL : err);
    return status ? status : ended;
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

hn_status opcase_time(void *state, int runs, int rounds, double *seconds, hn_error *err) {
    opcase *o = state;
    const hn_backend *table = &o->device->table;
    double each[MOST_ROUNDS];
    void *recording;
    hn_status status = opcase_run(state, err);
    if (!status) status = record(o, runs, &recording, err);
    if (status) return status;
    for (int i = -1; i < rounds && i < MOST_ROUNDS && !status; i++) { /* the first one is for warmth */
        const double begin = hni_seconds();
        status = recording ? table->replay(o->device->handle, recording, err) : enqueue(o, runs, err);
        if (!status) status = table->sync(o->device->handle, err);
        if (i >= 0) each[i] = (hni_seconds() - begin) / runs;
    }
    if (recording) table->release(o->device->handle, recording);
    if (status) return status;
    rounds = rounds < MOST_ROUNDS ? rounds : MOST_ROUNDS;
    qsort(each, (size_t)rounds, sizeof *each, compare_doubles);
    *seconds = each[rounds / 2];
    return HN_OK;
}

void opcase_free(void *state) {
    opcase *o = state;
    if (!o) return;
    hn_context *ctx = o->ctx;
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        hni_device_free(o->device, &o->in[i]);
        hni_device_free(o->device, &o->out[i]);
    }
    hni_device_free(o->device, &o->workspace);
    if (o->op.handle) hni_op_release(o->device, &o->op);
    if (o->owned) hni_device_close(o->device);
    hni_free(ctx, o);
    hni_context_unref(ctx);
}
