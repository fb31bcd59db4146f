/* gpu_operators.c - every operator of a network alone, many runs behind one another; and what the device's memory and matrix units do at best
 * through this plug-in. roofline.py puts both together.
 *
 *   --network NAME --size PX --hidden N --batch N --mode train|test       nothing named: only the copy and the matrix product
 *
 * Equal operators are timed once and counted. A run's inputs may lie in the device's cache from the run before, as they may in a step if
 * they are small: take batches whose tensors are larger than the cache. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/flops.h"
#include "../bench/models.h"
#include "../bench/net.h"
#include "../bench/opcase.h"
#include "base/os.h" /* defines: hni_seconds */
#include "gpu.h"
#include "graph/program.h"
#include "model/model.h"
#include "op/op.h"

enum { ROUNDS = 7, RUNS = 4 };
static const double ENOUGH = 2e-3; /* s, of one round */

static double bytes_of(const hn_op_desc *d) {
    double bytes = 0;
    for (int i = 0; i < d->n_in; i++) bytes += d->in[i].rank ? (double)hni_tensor_bytes(&d->in[i]) : 0;
    for (int i = 0; i < d->n_out; i++) bytes += d->out[i].rank ? (double)hni_tensor_bytes(&d->out[i]) : 0;
    return bytes;
}

static double time_of(gpu *g, hni_device *device, const hn_op_desc *d, const char *name) {
    void *state;
    double once = NAN, seconds = NAN;
    gpu_must(g, opcase_create_on(device, d, &state, &g->err), name);
    gpu_must(g, opcase_time(state, 1, 3, &once, &g->err), name);
    const int runs = g->quick ? 2 : once < ENOUGH ? (int)fmin(ENOUGH / once + 1, 200) : 1;
    gpu_must(g, opcase_time(state, runs, g->quick ? 1 : ROUNDS, &seconds, &g->err), name);
    opcase_free(state);
    return seconds;
}

static void time_node(gpu *g, hni_device *device, const hni_program *p, size_t i, const char *network) {
    const hni_node *node = &p->nodes[i];
    char name[128], text[GPU_TEXT];
    int count = 0;
    for (size_t k = 0; k < p->n_nodes; k++) {
        const bool same = !memcmp(&p->nodes[k].desc, &node->desc, sizeof node->desc);
        if (same && k < i) return; /* it was timed there */
        count += same;
    }
    snprintf(name, sizeof name, "%s %s", node->layer >= 0 ? p->graph->layers[node->layer].name : "-", hni_op_name(node->desc.kind));
    hni_op_text(&node->desc, text, sizeof text);
    const double seconds = time_of(g, device, &node->desc, name);
    printf("     %-44s %3d x %10.2f us\n", name, count, seconds * 1e6);
    gpu_json_begin(g, "operator");
    gpu_json_text(g, "device", g->device);
    gpu_json_text(g, "network", network);
    gpu_json_text(g, "name", name);
    gpu_json_text(g, "text", text);
    gpu_json_number(g, "count", count);
    gpu_json_number(g, "seconds", seconds);
    gpu_json_number(g, "flops", bench_op_flops(&node->desc));
    gpu_json_number(g, "bytes", bytes_of(&node->desc));
    gpu_json_end(g);
}

/* The whole step, for what the sum of its operators is to be held against. */
static void time_whole(gpu *g, const net_spec *spec, const char *network) {
    net *n;
    double best = INFINITY;
    gpu_must(g, net_create(g->ctx, g->device, spec, &n, &g->err), network);
    gpu_must(g, net_run(n, &g->err), network); /* the first one is for warmth */
    for (int i = 0; i < (g->quick ? 1 : 5); i++) {
        const double begin = hni_seconds();
        gpu_must(g, net_run_many(n, RUNS, &g->err), network);
        best = fmin(best, (hni_seconds() - begin) / RUNS);
    }
    net_free(n);
    gpu_json_begin(g, "whole");
    gpu_json_text(g, "device", g->device);
    gpu_json_text(g, "network", network);
    gpu_json_number(g, "seconds", best);
    gpu_json_end(g);
}

/* The program as an executor makes it: in smaller steps if one is refused. */
static void make_program(gpu *g, hni_device *device, const hni_graph *graph, hni_program_options *o, hni_program *p) {
    hn_error theirs = {.status = HN_OK};
    hn_status status = HN_OK;
    gpu_must(g, hni_program_make(p, graph, o, &g->err), "a program");
    for (size_t i = 0; i < p->n_nodes && !status; i++) status = device->table.supports(device->handle, &p->nodes[i].desc, &theirs);
    if (status != HN_E_UNSUPPORTED || o->unfused) return;
    hni_program_free(p);
    o->unfused = true;
    make_program(g, device, graph, o, p);
}

static void time_network(gpu *g, const net_spec *spec) {
    hni_program_options o = {.mode = spec->mode, .batch = spec->batch, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5};
    hni_program program;
    hni_device *device;
    hn_model *model;
    char network[128];
    o.optimizer = spec->mode == HNI_MODE_TRAIN ? HN_OPTIMIZER_ADAM : 0;
    o.many_runs = spec->mode != HNI_MODE_TRAIN;
    snprintf(network, sizeof network, "%s %s %d px, batch %d", spec->mode == HNI_MODE_TRAIN ? "train" : "infer", spec->model, spec->size,
             spec->batch);
    printf("%s on %s\n", network, g->device);
    gpu_must(g, bench_model(g->ctx, spec->model, spec->size, spec->hidden, &model, &g->err), network);
    gpu_must(g, hni_device_open_spec(g->ctx, g->device, &device, &g->err), "opening the device");
    make_program(g, device, model->graph, &o, &program);
    for (size_t i = 0; i < program.n_nodes; i++) time_node(g, device, &program, i, network);
    hni_device_close(device);
    time_whole(g, spec, network);
    gpu_check(g, true, network, "%d operators timed", (int)program.n_nodes);
    hni_program_free(&program);
    hn_model_free(model);
}

static void told_peak(gpu *g, const char *name, double value, const char *unit) {
    printf("     %s, %s: %.4g %s\n", g->device, name, value, unit);
    gpu_json_begin(g, "peak");
    gpu_json_text(g, "device", g->device);
    gpu_json_text(g, "name", name);
    gpu_json_number(g, "value", value);
    gpu_json_end(g);
}

/* A copy within the device's memory: bytes read and written in a second. */
static void time_copy(gpu *g, hni_device *d) {
    const uint64_t bytes = g->quick ? 1 << 20 : (uint64_t)1 << 30;
    hn_buffer from, to;
    double best = INFINITY;
    gpu_must(g, hni_device_alloc(d, bytes, &from, &g->err), "memory to copy from");
    gpu_must(g, hni_device_alloc(d, bytes, &to, &g->err), "memory to copy to");
    gpu_must(g, d->table.fill(d->handle, from, 1, &g->err), "a fill");
    for (int i = 0; i < 5; i++) {
        const double begin = hni_seconds();
        for (int k = 0; k < 10; k++) gpu_must(g, d->table.copy(d->handle, to, from, &g->err), "a copy");
        gpu_must(g, d->table.sync(d->handle, &g->err), "waiting for a copy");
        best = fmin(best, (hni_seconds() - begin) / 10);
    }
    told_peak(g, "copy", 2 * (double)bytes / best, "bytes/s");
    hni_device_free(d, &from);
    hni_device_free(d, &to);
}

/* A dense layer of a side's length each way; what the device's matrix units give this plug-in. */
static void time_product(gpu *g, hni_device *device) {
    const int64_t side = g->quick ? 64 : 8192;
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, side, side, 1, 1);
    hn_op_desc d;
    gpu_must(g, hni_op_dense(&d, &x, &x, false, 0, &g->err), "a dense layer");
    const double seconds = time_of(g, device, &d, "a dense layer");
    told_peak(g, "dense", bench_op_flops(&d) / seconds, "FLOP/s");
}

int main(int argc, char **argv) {
    static const char *const own[] = {"--network", "--size", "--hidden", "--batch", "--mode", NULL};
    static gpu g;
    gpu_begin(&g, "gpu_operators", own, argc, argv);
    const char *network = gpu_option(&g, "--network", NULL);
    if (network) {
        const bool train = !strcmp(gpu_option(&g, "--mode", "train"), "train");
        const net_spec spec = {network, gpu_number(&g, "--size", 64), gpu_number(&g, "--hidden", 10), gpu_number(&g, "--batch", 32),
                               train ? HNI_MODE_TRAIN : HNI_MODE_TEST};
        time_network(&g, &spec);
    } else {
        hni_device *device;
        gpu_must(&g, hni_device_open_spec(g.ctx, g.device, &device, &g.err), "opening the device");
        time_copy(&g, device);
        time_product(&g, device);
        hni_device_close(device);
    }
    return gpu_end(&g);
}
