/* compare.c - one case on two devices: same inputs, both run it, outputs compared.
 *
 * More than numbers is looked at: every tensor lies between guard bytes at an offset of 64, outputs start as NaN, inputs must come back
 * unchanged, and an operator that may work in place is run both ways. Slow and careful: for the self-test and the tests, never in
 * a step. */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "../op/op.h"
#include "cases.h"

enum { GUARD = 64, GUARD_BYTE = 0xC3 };

/* The host's copy of a case's tensors; NULL where the case has none. */
typedef struct case_data {
    void *in[HN_OP_MAX_TENSORS];
    void *preset[HN_OP_MAX_TENSORS]; /* what outputs start with */
} case_data;

/* One run of one case on one device. */
typedef struct case_run {
    hni_device *device;
    hni_op op;
    hn_buffer in[HN_OP_MAX_TENSORS], out[HN_OP_MAX_TENSORS], workspace; /* guards included; out is empty where it lies over an input */
    int32_t over[HN_OP_MAX_TENSORS];                                    /* the input that output i lies over, or -1 */
    uint8_t *stage;                                                     /* host memory for the largest block */
    size_t stage_size;
} case_run;

static size_t padded(uint64_t bytes) {
    return (size_t)(bytes + GUARD - 1) / GUARD * GUARD;
}

static size_t bytes_of(const hn_tensor_desc *t) {
    return t->rank == 0 ? 0 : (size_t)hni_tensor_bytes(t);
}

/* The part of a guarded block that the operator sees. */
static hn_buffer inner(hn_buffer block, uint64_t bytes) {
    return block.memory ? hni_buffer_at(block, GUARD, bytes) : block;
}

/* Makes a guarded block that holds `bytes` of data (NULL: 0xFF). */
static hn_status put(case_run *run, const void *data, uint64_t bytes, hn_buffer *block, hn_error *err) {
    const size_t total = padded(bytes) + 2 * GUARD;
    hn_status status = hni_device_alloc(run->device, total, block, err);
    if (status != HN_OK)
        return status;
    if (total > run->stage_size) {
        uint8_t *larger = hni_realloc(run->device->ctx, run->stage, total);
        if (!larger)
            return hni_fail_memory(err, total, "test data");
        run->stage = larger;
        run->stage_size = total;
    }
    memset(run->stage, GUARD_BYTE, total);
    if (data)
        memcpy(run->stage + GUARD, data, (size_t)bytes);
    else
        memset(run->stage + GUARD, 0xFF, (size_t)bytes);
    return hni_device_upload(run->device, *block, run->stage, err);
}

/* Downloads a block to stage; HN_E_BACKEND if its guards are not as they were. */
static hn_status get(case_run *run, hn_buffer block, uint64_t bytes, const char *what, int place, hn_error *err) {
    hn_status status = hni_device_download(run->device, run->stage, block, err);
    if (status != HN_OK)
        return status;
    const size_t total = (size_t)block.size;
    for (size_t i = 0; i < total; i++)
        if ((i < GUARD || i >= GUARD + bytes) && run->stage[i] != GUARD_BYTE)
            return hni_fail(err, HN_E_BACKEND, "%s: %s writes outside of its %s %d", run->device->info.name, hni_op_name(run->op.desc.kind),
                            what, place);
    return HN_OK;
}

static void end_run(case_run *run) {
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        hni_device_free(run->device, &run->in[i]);
        hni_device_free(run->device, &run->out[i]);
    }
    hni_device_free(run->device, &run->workspace);
    hni_op_release(run->device, &run->op);
    hni_free(run->device->ctx, run->stage);
}

static hn_status put_all(case_run *run, const case_data *data, hn_error *err) {
    const hn_op_desc *d = &run->op.desc;
    hn_status status = HN_OK;
    for (int i = 0; i < d->n_in && status == HN_OK; i++)
        if (d->in[i].rank != 0)
            status = put(run, data->in[i], bytes_of(&d->in[i]), &run->in[i], err);
    for (int i = 0; i < d->n_out && status == HN_OK; i++)
        if (d->out[i].rank != 0 && run->over[i] < 0)
            status = put(run, data->preset[i], bytes_of(&d->out[i]), &run->out[i], err);
    if (status == HN_OK && run->op.workspace > 0)
        status = run->op.workspace > ((uint64_t)1 << 32)
                     ? hni_fail(err, HN_E_BACKEND, "%s: %s asks for a workspace of over 4 GiB", run->device->info.name,
                                hni_op_name(d->kind))
                     : put(run, NULL, run->op.workspace, &run->workspace, err);
    return status;
}

static hn_status execute(case_run *run, hn_error *err) {
    const hn_op_desc *d = &run->op.desc;
    hn_buffer in[HN_OP_MAX_TENSORS], out[HN_OP_MAX_TENSORS];
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++)
        in[i] = inner(run->in[i], bytes_of(&d->in[i]));
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++)
        out[i] = run->over[i] >= 0 ? in[run->over[i]] : inner(run->out[i], bytes_of(&d->out[i]));
    const hn_op_buffers buffers = {
        .struct_size = sizeof buffers, .in = in, .out = out, .workspace = inner(run->workspace, run->op.workspace)};
    return hni_op_run(run->device, &run->op, &buffers, err);
}

/* Downloads the outputs to `results` and checks that nothing else changed. */
static hn_status collect(case_run *run, const case_data *data, void *const *results, hn_error *err) {
    const hn_op_desc *d = &run->op.desc;
    bool overwritten[HN_OP_MAX_TENSORS] = {false};
    hn_status status = HN_OK;
    for (int i = 0; i < d->n_out && status == HN_OK; i++) {
        if (d->out[i].rank == 0)
            continue;
        const hn_buffer block = run->over[i] >= 0 ? run->in[run->over[i]] : run->out[i];
        status = get(run, block, bytes_of(&d->out[i]), "output", i, err);
        if (status == HN_OK)
            memcpy(results[i], run->stage + GUARD, bytes_of(&d->out[i]));
        if (run->over[i] >= 0)
            overwritten[run->over[i]] = true;
    }
    for (int i = 0; i < d->n_in && status == HN_OK; i++) {
        if (d->in[i].rank == 0 || overwritten[i])
            continue;
        status = get(run, run->in[i], bytes_of(&d->in[i]), "input", i, err);
        if (status == HN_OK && memcmp(run->stage + GUARD, data->in[i], bytes_of(&d->in[i])) != 0)
            status = hni_fail(err, HN_E_BACKEND, "%s: %s changes its input %d", run->device->info.name, hni_op_name(d->kind), i);
    }
    if (status == HN_OK && run->op.workspace > 0)
        status = get(run, run->workspace, run->op.workspace, "workspace", 0, err);
    return status;
}

/* Runs the case once; in place where it must be, and also where it may be if `in_place`. */
static hn_status run_case(hni_device *device, const hni_case *c, bool in_place, const case_data *data, void *const *results,
                          hn_error *err) {
    case_run run = {.device = device};
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        bool always;
        run.over[i] = i < c->desc.n_out ? hni_case_in_place(c->desc.kind, i, &always) : -1;
        if (run.over[i] >= 0 && !always && !in_place)
            run.over[i] = -1;
    }
    hn_status status = hni_op_prepare(device, &c->desc, &run.op, err);
    if (status == HN_OK)
        status = put_all(&run, data, err);
    if (status == HN_OK)
        status = execute(&run, err);
    if (status == HN_OK)
        status = collect(&run, data, results, err);
    end_run(&run);
    return status;
}

/* Max pooling's gradient wants the forward output as an input: the oracle computes it. */
static hn_status fill_maximum(hni_device *oracle, const hni_case *c, const case_data *data, hn_error *err) {
    const hn_op_desc *d = &c->desc;
    const hni_window2d win = {.kernel = {d->kernel[0], d->kernel[1]},
                              .stride = {d->stride[0], d->stride[1]},
                              .padding = {d->padding[0], d->padding[1]}};
    hni_case forward = {.name = c->name, .tolerance = c->tolerance};
    hn_status status = hni_op_pool2d(&forward.desc, HN_OP_MAX_POOL2D, &d->in[0], &win, err);
    if (status == HN_OK)
        status = run_case(oracle, &forward, false, &(case_data){.in = {data->in[0]}}, &data->in[1], err);
    return status;
}

static hn_status make_data(hni_device *oracle, const hni_case *c, uint64_t seed, case_data *data, hn_error *err) {
    hn_context *ctx = oracle->ctx;
    for (int i = 0; i < c->desc.n_in; i++) {
        if (c->desc.in[i].rank == 0)
            continue;
        data->in[i] = hni_alloc(ctx, bytes_of(&c->desc.in[i]));
        if (!data->in[i])
            return hni_fail_memory(err, bytes_of(&c->desc.in[i]), "test data");
        hni_case_input(c, i, seed, data->in[i]);
    }
    for (int i = 0; i < c->desc.n_out; i++) {
        if (c->desc.out[i].rank == 0)
            continue;
        data->preset[i] = hni_alloc(ctx, bytes_of(&c->desc.out[i]));
        if (!data->preset[i])
            return hni_fail_memory(err, bytes_of(&c->desc.out[i]), "test data");
        hni_case_output(c, i, seed, data->preset[i]);
    }
    return c->desc.kind == HN_OP_MAX_POOL2D_GRAD ? fill_maximum(oracle, c, data, err) : HN_OK;
}

static double difference(double got, double want) {
    if (got == want || (isnan(got) && isnan(want)))
        return 0.0;
    return isfinite(got) && isfinite(want) ? fabs(got - want) / (1.0 + fabs(want)) : HUGE_VAL;
}

static double worst_difference(const hn_op_desc *d, void *const *got, void *const *want) {
    double worst = 0.0;
    for (int i = 0; i < d->n_out; i++) {
        const int64_t n = hni_tensor_elements(&d->out[i]);
        const bool f64 = d->out[i].dtype == HN_DTYPE_F64;
        for (int64_t k = 0; k < n; k++) {
            const double error = f64 ? difference(((const double *)got[i])[k], ((const double *)want[i])[k])
                                     : difference(((const float *)got[i])[k], ((const float *)want[i])[k]);
            if (error > worst)
                worst = error;
        }
    }
    return worst;
}

static hn_status take_results(hn_context *ctx, const hn_op_desc *d, void **results, hn_error *err) {
    for (int i = 0; i < d->n_out; i++) {
        if (d->out[i].rank == 0)
            continue;
        results[i] = hni_alloc(ctx, bytes_of(&d->out[i]));
        if (!results[i])
            return hni_fail_memory(err, bytes_of(&d->out[i]), "test results");
    }
    return HN_OK;
}

/* *error: the largest difference as a multiple of the case's tolerance, infinite where one side is not finite; 1 or less is agreement. */
hn_status hni_case_compare(hni_device *device, hni_device *oracle, const hni_case *c, uint64_t seed, double *error, hn_error *err) {
    hn_context *ctx = device->ctx;
    void *want[HN_OP_MAX_TENSORS] = {NULL}, *got[HN_OP_MAX_TENSORS] = {NULL};
    case_data data = {.in = {NULL}};
    bool always;
    const bool both_ways = hni_case_in_place(c->desc.kind, 0, &always) >= 0 && !always;
    double worst = 0.0;
    hn_status status = hni_op_validate(&c->desc, err);
    if (status == HN_OK)
        status = make_data(oracle, c, seed, &data, err);
    if (status == HN_OK)
        status = take_results(ctx, &c->desc, want, err);
    if (status == HN_OK)
        status = take_results(ctx, &c->desc, got, err);
    if (status == HN_OK)
        status = run_case(oracle, c, false, &data, want, err);
    for (int way = 0; way <= (int)both_ways && status == HN_OK; way++) {
        status = run_case(device, c, way == 1, &data, got, err);
        if (status == HN_OK)
            worst = fmax(worst, worst_difference(&c->desc, got, want));
    }
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        hni_free(oracle->ctx, data.in[i]);
        hni_free(oracle->ctx, data.preset[i]);
        hni_free(ctx, want[i]);
        hni_free(ctx, got[i]);
    }
    if (status == HN_OK)
        *error = worst / c->tolerance;
    return status;
}
