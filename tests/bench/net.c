/* net.c - model, device, weights, arena and executor put together as the trainer does it, over random pixels.
 *
 * The learning rate is tiny: thousands of steps on one batch shall not drive gradients to zero, where arithmetic may have another speed. */
#include "net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/os.h" /* defines: hni_seconds */
#include "base/random.h"
#include "base/status.h"
#include "flops.h"
#include "model/model.h"
#include "models.h"

static size_t pixels_of(const net *n) {
    return (size_t)n->spec.batch * (size_t)n->model->preproc.channels * (size_t)n->spec.size * (size_t)n->spec.size;
}

static hn_status take_batch(net *n, hn_error *err) {
    const size_t batch = (size_t)n->spec.batch, pixels = pixels_of(n);
    n->pixels = hni_alloc_aligned(n->ctx, pixels);
    n->rows = hni_calloc(n->ctx, batch, sizeof *n->rows);
    n->classes = hni_calloc(n->ctx, batch, sizeof *n->classes);
    n->keys = hni_calloc(n->ctx, batch * 4, sizeof *n->keys);
    n->results = hni_calloc(n->ctx, batch * (size_t)n->model->n_classes, sizeof *n->results);
    if (!n->pixels || !n->rows || !n->classes || !n->keys || !n->results) return hni_fail_memory(err, pixels, "a batch of pixels");
    hni_random r;
    hni_random_init(&r, 1, HNI_RANDOM_TEST, 0, 0);
    for (size_t i = 0; i < pixels; i++) n->pixels[i] = (uint8_t)hni_random_below(&r, 256);
    for (size_t i = 0; i < batch; i++) {
        n->rows[i] = (int32_t)i;
        n->classes[i] = (int32_t)(i % (size_t)n->model->n_classes);
    }
    const double adam[] = {
        [HN_HYPER_RATE] = 1e-7,       [HN_HYPER_BETA1] = 0.9,         [HN_HYPER_BETA2] = 0.999, [HN_HYPER_EPSILON] = 1e-8,
        [HN_HYPER_CORRECTION1] = 0.1, [HN_HYPER_CORRECTION2] = 0.001, [HN_HYPER_STEP] = 1};
    memcpy(n->hyper, adam, sizeof adam);
    return HN_OK;
}

static hn_status take_store(net *n, hn_error *err) {
    if (n->spec.mode == HNI_MODE_PREDICT || (n->device->info.flags & HN_DEVICE_HOST_MEMORY)) return HN_OK;
    const uint64_t bytes = pixels_of(n);
    const hn_status status = hni_device_alloc(n->device, bytes, &n->store, err);
    return status ? status : hni_device_upload(n->device, n->store, n->pixels, err);
}

static hn_status make_executor(net *n, hn_error *err) {
    const bool train = n->spec.mode == HNI_MODE_TRAIN;
    hni_executor_options o = {.mode = n->spec.mode, .batch = n->spec.batch, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5};
    o.optimizer = train ? HN_OPTIMIZER_ADAM : 0;
    o.mean = n->model->preproc.mean, o.deviation = n->model->preproc.deviation;
    hn_status status = hni_weights_create(n->device, n->model->graph, train, &n->weights, err);
    if (!status) status = hni_weights_set(&n->weights, n->model->weights, err);
    if (!status) status = take_store(n, err);
    if (n->store.memory) o.images = n->spec.batch, o.store = n->store;
    if (!status) status = hni_executor_create(n->device, n->model->graph, &n->weights, &o, &n->executor, err);
    if (status == HN_E_UNSUPPORTED && n->store.memory) { /* a plug-in that is older than row numbers */
        hni_device_free(n->device, &n->store);
        o.images = 0;
        status = hni_executor_create(n->device, n->model->graph, &n->weights, &o, &n->executor, err);
    }
    if (!status) status = hni_device_alloc(n->device, hni_executor_arena_bytes(n->executor), &n->arena, err);
    if (!status) status = hni_executor_bind(n->executor, n->arena, err);
    return status;
}

hn_status net_create(hn_context *ctx, const char *device, const net_spec *spec, net **out, hn_error *err) {
    net *n = hni_calloc(ctx, 1, sizeof *n);
    *out = NULL;
    if (!n) return hni_fail_memory(err, sizeof *n, "a network");
    n->ctx = hni_context_ref(ctx);
    n->spec = *spec;
    hn_status status = bench_model(ctx, spec->model, spec->size, spec->hidden, &n->model, err);
    if (!status) status = take_batch(n, err);
    if (!status) status = hni_device_open_spec(ctx, device, &n->device, err);
    if (!status) status = make_executor(n, err);
    if (status) {
        net_free(n);
        return status;
    }
    n->flops = bench_graph_flops(n->model->graph, spec->mode, spec->batch);
    *out = n;
    return HN_OK;
}

hn_status net_run_many(net *n, int count, hn_error *err) {
    const hni_step step = {.pixels = n->pixels, .rows = n->rows, .classes = n->classes, .keys = n->keys, .hyper = n->hyper};
    hn_status status = HN_OK;
    for (int i = 0; i < count && !status; i++) {
        status = hni_executor_run(n->executor, &step, err);
        if (!status && n->spec.mode == HNI_MODE_PREDICT) status = hni_executor_probabilities(n->executor, n->results, err);
    }
    if (!status && n->spec.mode != HNI_MODE_PREDICT) {
        double stats[4];
        status = hni_device_download(n->device, stats, n->weights.stats, err);
        if (!status && !isfinite(stats[0])) status = hni_fail(err, HN_E_NUMERIC, "the loss became infinite or NaN");
    }
    return status;
}

hn_status net_run(void *state, hn_error *err) {
    return net_run_many(state, 1, err);
}

void net_free(void *state) {
    net *n = state;
    if (!n) return;
    hn_context *ctx = n->ctx;
    hni_executor_free(n->executor);
    if (n->device) {
        hni_device_free(n->device, &n->arena);
        hni_device_free(n->device, &n->store);
        hni_weights_free(&n->weights);
        hni_device_close(n->device);
    }
    hn_model_free(n->model);
    hni_free_aligned(ctx, n->pixels);
    hni_free(ctx, n->rows);
    hni_free(ctx, n->classes);
    hni_free(ctx, n->keys);
    hni_free(ctx, n->results);
    hni_free(ctx, n);
    hni_context_unref(ctx);
}

double net_flops(hn_context *ctx, const net_spec *spec) {
    hn_model *model = NULL;
    if (bench_model(ctx, spec->model, spec->size, spec->hidden, &model, NULL)) return -1;
    double flops = bench_graph_flops(model->graph, spec->mode, spec->batch);
    hn_model_free(model);
    return flops;
}

double net_estimate(bench *b, int threads, double flops) {
    if (b->rate[threads] == 0) {
        const net_spec small = {"tinyvgg", 64, 10, 2, HNI_MODE_PREDICT};
        net *n;
        bench_check(b, net_create(b->context[threads], b->device, &small, &n, &b->err), "a first network");
        double best = INFINITY;
        for (int i = 0; i < 3; i++) {
            double begin = hni_seconds();
            bench_check(b, net_run(n, &b->err), "a first run");
            best = fmin(best, hni_seconds() - begin);
        }
        b->rate[threads] = n->flops / best * 1e-9;
        net_free(n);
    }
    return flops / b->rate[threads] * 1e-9;
}

bool net_add(bench *b, const char *name, int threads, const net_spec *spec) {
    const double expected = net_estimate(b, threads, net_flops(b->context[threads], spec));
    net *n;
    if (2 * expected > b->limit) {
        char why[128];
        snprintf(why, sizeof why, "one run on %d thread%s would take about %.2g s", threads, threads == 1 ? "" : "s", expected);
        bench_skip(b, name, why);
        return false;
    }
    bench_check(b, net_create(b->context[threads], b->device, spec, &n, &b->err), name);
    bench_case c = {.threads = threads, .items = spec->batch, .flops = n->flops, .run = net_run, .free = net_free, .state = n};
    snprintf(c.name, sizeof c.name, "%s", name);
    bench_add(b, &c);
    return true;
}
