/* nets.h - networks for the tests of lib/graph, and what it takes to run one: context, reference device, weights, arena. Header-only. */
#ifndef TESTS_GRAPH_NETS_H
#define TESTS_GRAPH_NETS_H

#include <math.h>

#include "../host.h"
#include "../test.h"
#include "base/context.h"
#include "base/random.h"
#include "graph/executor.h"
#include "graph/program.h"
#include "haemnet/dataset.h"
#include "haemnet/train.h"

static hn_error err; /* of the test that runs; Check forks */

static inline hn_context *new_context(void) {
    hn_context *ctx;
    hn_context_options options = {.struct_size = sizeof options};
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
    return ctx;
}

static inline hni_graph *new_graph(hn_context *ctx, int32_t c, int32_t h, int32_t w) {
    hni_graph *g;
    ck_ok(hni_graph_create(ctx, c, h, w, &g, &err));
    return g;
}

static inline hni_layer layer_of(int32_t kind, const char *name, int32_t input) {
    hni_layer l = {.kind = kind, .input = {input, -1}, .epsilon = 1e-5, .momentum = 0.1};
    snprintf(l.name, sizeof l.name, "%s", name);
    l.window = (hni_window2d){.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}};
    return l;
}

static inline int32_t add_layer(hni_graph *g, const hni_layer *l) {
    int32_t out = -1;
    ck_ok(hni_graph_add(g, l, &out, &err));
    return out;
}

static inline int32_t add_plain(hni_graph *g, int32_t kind, const char *name, int32_t input) {
    const hni_layer l = layer_of(kind, name, input);
    return add_layer(g, &l);
}

static inline hni_layer conv_of(const char *name, int32_t input, int32_t filters, int32_t kernel, int32_t stride, int32_t padding) {
    hni_layer l = layer_of(HNI_LAYER_CONV2D, name, input);
    l.filters = filters;
    l.window = (hni_window2d){.kernel = {kernel, kernel}, .stride = {stride, stride}, .padding = {padding, padding}, .dilation = {1, 1}, .groups = 1};
    return l;
}

static inline int32_t add_conv(hni_graph *g, const char *name, int32_t input, int32_t filters, int32_t kernel, int32_t padding) {
    const hni_layer l = conv_of(name, input, filters, kernel, 1, padding);
    return add_layer(g, &l);
}

static inline int32_t add_act(hni_graph *g, const char *name, int32_t input, int32_t activation) {
    hni_layer l = layer_of(HNI_LAYER_ACTIVATION, name, input);
    l.activation = activation;
    return add_layer(g, &l);
}

static inline int32_t add_sum(hni_graph *g, const char *name, int32_t a, int32_t b) {
    hni_layer l = layer_of(HNI_LAYER_ADD, name, a);
    l.input[1] = b;
    return add_layer(g, &l);
}

static inline int32_t add_dropout(hni_graph *g, const char *name, int32_t input, double rate) {
    hni_layer l = layer_of(HNI_LAYER_DROPOUT, name, input);
    l.rate = rate;
    return add_layer(g, &l);
}

static inline int32_t add_dense(hni_graph *g, const char *name, int32_t input, int32_t features) {
    hni_layer l = layer_of(HNI_LAYER_DENSE, name, input);
    l.filters = features;
    return add_layer(g, &l);
}

/* The thesis' network; the names of its PyTorch module. */
static inline hni_graph *tinyvgg(hn_context *ctx, int32_t channels, int32_t size, int32_t hidden, int32_t classes) {
    hni_graph *g = new_graph(ctx, channels, size, size);
    int32_t v = 0;
    for (int block = 1; block <= 2; block++) {
        char name[64];
        for (int i = 0; i < 4; i += 2) {
            snprintf(name, sizeof name, "conv_block_%d.%d", block, i);
            v = add_conv(g, name, v, hidden, 3, 1);
            snprintf(name, sizeof name, "conv_block_%d.%d", block, i + 1);
            v = add_act(g, name, v, HN_ACT_RELU);
        }
        snprintf(name, sizeof name, "conv_block_%d.4", block);
        v = add_plain(g, HNI_LAYER_MAX_POOL2D, name, v);
    }
    v = add_plain(g, HNI_LAYER_FLATTEN, "classifier.0", v);
    v = add_dense(g, "classifier.1", v, classes);
    ck_ok(hni_graph_finish(g, v, classes, &err));
    return g;
}

/* Every kind of layer, a skip that fans out to three readers, groups, dilation, stride. Smooth if `act` is HN_ACT_SIGMOID. */
static inline hni_graph *residual(hn_context *ctx, int32_t act, double rate, bool max_pool, int32_t classes) {
    hni_graph *g = new_graph(ctx, 2, 12, 10);
    const int32_t stem = add_act(g, "stem.act", add_conv(g, "stem", 0, 4, 3, 1), act);
    const int32_t bn = add_plain(g, HNI_LAYER_BATCH_NORM, "bn1", stem);
    hni_layer grouped = conv_of("grouped", bn, 4, 3, 1, 2);
    grouped.window.groups = 2;
    grouped.window.dilation[0] = grouped.window.dilation[1] = 2;
    grouped.no_bias = 1;
    const int32_t branch = add_act(g, "branch.act", add_layer(g, &grouped), act);
    const int32_t sum = add_sum(g, "sum", stem, branch);
    const int32_t more = add_sum(g, "more", sum, stem); /* stem has three readers, sum two */
    const int32_t both = add_sum(g, "both", more, more);
    hni_layer pool = layer_of(max_pool ? HNI_LAYER_MAX_POOL2D : HNI_LAYER_AVG_POOL2D, "pool", both);
    pool.window = (hni_window2d){.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}, .dilation = {1, 1}};
    pool.window.exclude_padding = !max_pool;
    const int32_t pooled = add_layer(g, &pool);
    const int32_t dropped = add_dropout(g, "drop1", pooled, rate);
    const hni_layer strided = conv_of("strided", dropped, 6, 3, 2, 1);
    const int32_t a = add_plain(g, HNI_LAYER_BATCH_NORM, "bn2", add_layer(g, &strided));
    const int32_t b = add_dropout(g, "drop2", add_act(g, "late.act", a, act), rate);
    const int32_t global = add_plain(g, HNI_LAYER_GLOBAL_AVG_POOL, "global", b);
    const int32_t wide = add_dense(g, "wide", b, 5);
    const int32_t narrow = add_dense(g, "narrow", add_plain(g, HNI_LAYER_FLATTEN, "flat", global), 5);
    const int32_t joined = add_act(g, "joined.act", add_sum(g, "joined", wide, narrow), act);
    add_dense(g, "unread", joined, 7); /* the logits do not need it */
    const int32_t logits = add_dense(g, "head", joined, classes);
    ck_ok(hni_graph_finish(g, logits, classes, &err));
    return g;
}

static inline int32_t add_two(hni_graph *g, int32_t kind, const char *name, int32_t a, int32_t b) {
    hni_layer l = layer_of(kind, name, a);
    l.input[1] = b;
    return add_layer(g, &l);
}

static inline int32_t add_group_norm(hni_graph *g, const char *name, int32_t input, int32_t groups) {
    hni_layer l = layer_of(HNI_LAYER_GROUP_NORM, name, input);
    l.window.groups = groups;
    return add_layer(g, &l);
}

/* What newer networks are made of: group norm, an inverted bottleneck with depthwise convolution, squeeze and excitation with the scale as
 * an image and as a vector, concatenations, one with pixels that want no gradient, and pixels scaled by something that wants one. a, b: the
 * activations. */
static inline hni_graph *modern(hn_context *ctx, int32_t a, int32_t b, int32_t classes) {
    hni_graph *g = new_graph(ctx, 2, 12, 10);
    const int32_t stem = add_act(g, "stem.act", add_group_norm(g, "stem.norm", add_conv(g, "stem", 0, 6, 3, 1), 3), a);
    const int32_t expand = add_act(g, "expand.act", add_conv(g, "expand", stem, 9, 1, 0), b);
    hni_layer depthwise = conv_of("depthwise", expand, 9, 5, 2, 2);
    depthwise.window.groups = 9;
    const int32_t deep = add_act(g, "depthwise.act", add_layer(g, &depthwise), a);
    const int32_t pooled = add_plain(g, HNI_LAYER_GLOBAL_AVG_POOL, "se.avgpool", deep);
    const int32_t fc1 = add_act(g, "se.activation", add_conv(g, "se.fc1", pooled, 4, 1, 0), a);
    const int32_t gate = add_act(g, "se.scale_activation", add_conv(g, "se.fc2", fc1, 9, 1, 0), HN_ACT_SIGMOID);
    const int32_t scaled = add_two(g, HNI_LAYER_CHANNEL_SCALE, "se.scale", deep, gate);
    const int32_t vector = add_act(g, "vector.act", add_dense(g, "vector", pooled, 9), HN_ACT_TANH);
    const int32_t twice = add_two(g, HNI_LAYER_CHANNEL_SCALE, "vector.scale", scaled, vector);
    const int32_t beside = add_two(g, HNI_LAYER_CONCAT, "beside", twice, scaled);
    const int32_t narrow = add_act(g, "project.act", add_conv(g, "project", beside, 5, 1, 0), a);
    const int32_t lit = add_two(g, HNI_LAYER_CHANNEL_SCALE, "lit", 0, add_act(g, "light.act", add_dense(g, "light", narrow, 2), a));
    const int32_t seen = add_two(g, HNI_LAYER_CONCAT, "seen", add_two(g, HNI_LAYER_CONCAT, "pixels", 0, lit), stem);
    const int32_t last = add_group_norm(g, "last.norm", add_conv(g, "last", seen, 4, 3, 1), 1);
    const int32_t late = add_plain(g, HNI_LAYER_GLOBAL_AVG_POOL, "late", add_act(g, "last.act", last, b));
    const int32_t early = add_plain(g, HNI_LAYER_GLOBAL_AVG_POOL, "early", narrow);
    const int32_t logits = add_dense(g, "head", add_two(g, HNI_LAYER_CONCAT, "joined", late, early), classes);
    ck_ok(hni_graph_finish(g, logits, classes, &err));
    return g;
}

/* A device, a network's numbers on it, and one batch of random inputs for `batch` images. */
typedef struct rig {
    hn_context *ctx;
    hni_device *device;
    hni_graph *graph;
    hni_weights weights;
    float *flat;
    int32_t batch, classes;
    uint8_t *pixels;
    int32_t *labels;
    float *many;
    uint32_t *keys;
    double hyper[HN_HYPER_COLUMNS];
    hni_step step;
} rig;

/* Weights of a sensible size, running variances of 1. Starts from zero, so that the gaps are. */
static inline void random_weights(const hni_graph *g, uint64_t seed, float *flat) {
    memset(flat, 0, (size_t)g->total * sizeof *flat);
    hni_random r;
    hni_random_init(&r, seed, HNI_RANDOM_TEST, 0, 0);
    for (size_t i = 0; i < g->n_params; i++) {
        const hni_param *p = &g->params[i];
        const double fan_in = p->rank > 1 ? (double)(p->elements / p->shape[0]) : 4.0;
        const int32_t kind = g->layers[p->layer].kind;
        const bool positive = strstr(p->name, "running_var") || (p->rank == 1 && strstr(p->name, ".weight") &&
                                                                (kind == HNI_LAYER_BATCH_NORM || kind == HNI_LAYER_GROUP_NORM));
        for (int64_t k = 0; k < p->elements; k++)
            flat[p->offset + k] = (float)(positive ? 0.75 + 0.5 * hni_random_unit(&r) : hni_random_normal(&r) / sqrt(fan_in));
    }
}

static inline void fill_batch(rig *r, uint64_t seed) {
    hni_random random;
    hni_random_init(&random, seed, HNI_RANDOM_TEST, 1, 0);
    const size_t pixels = (size_t)(hni_tensor_elements(&r->graph->values[0]) * r->batch);
    for (size_t i = 0; i < pixels; i++)
        r->pixels[i] = (uint8_t)hni_random_below(&random, 256);
    for (int32_t i = 0; i < r->batch; i++) {
        r->labels[i] = (int32_t)hni_random_below(&random, (uint32_t)r->classes);
        for (int32_t k = 0; k < r->classes; k++)
            r->many[i * r->classes + k] = (float)hni_random_below(&random, 2);
        for (uint32_t k = 0; k < 4; k++)
            r->keys[i * 4 + (int32_t)k] = k == 3 ? (uint32_t)i : 7 * k;
    }
}

static inline rig bare_rig_on(const hn_backend *table, hn_context *ctx, hni_graph *graph, int32_t batch) {
    rig r = {.ctx = ctx, .graph = graph, .batch = batch, .classes = (int32_t)graph->values[graph->logits].dims[1]};
    if (!ctx->registry)
        ck_ok(hni_registry_create(ctx, &table, 1, &err));
    ck_ok(hni_device_open(ctx, 0, &r.device, &err));
    ck_ok(hni_weights_create(r.device, graph, true, &r.weights, &err));
    r.flat = calloc((size_t)graph->total + 1, sizeof *r.flat);
    r.pixels = malloc((size_t)(hni_tensor_elements(&graph->values[0]) * batch));
    r.labels = malloc((size_t)batch * sizeof *r.labels);
    r.many = malloc((size_t)(batch * r.classes) * sizeof *r.many);
    r.keys = malloc((size_t)batch * 4 * sizeof *r.keys);
    fill_batch(&r, test_seed());
    const double adam[HN_HYPER_COLUMNS] = {1e-3, 0.9, 0.999, 1e-8, 0.0, 0.1, 0.001, 1.0};
    memcpy(r.hyper, adam, sizeof adam);
    return r;
}

static inline rig new_rig_on(const hn_backend *table, hn_context *ctx, hni_graph *graph, int32_t batch) {
    rig r = bare_rig_on(table, ctx, graph, batch);
    random_weights(graph, test_seed(), r.flat);
    ck_ok(hni_weights_set(&r.weights, r.flat, &err));
    return r;
}

static inline rig new_rig(hni_graph *graph, hn_context *ctx, int32_t batch) {
    return new_rig_on(hni_reference_backend(), ctx, graph, batch);
}

/* Frees everything, the graph and the context too. */
static inline void free_rig(rig *r) {
    hni_weights_free(&r->weights);
    hni_device_close(r->device);
    hni_graph_unref(r->graph);
    hni_context_unref(r->ctx);
    free(r->flat);
    free(r->pixels);
    free(r->labels);
    free(r->many);
    free(r->keys);
}

/* An executor with an arena of its own. */
typedef struct runner {
    hni_executor *ex;
    hn_buffer arena;
} runner;

static inline runner new_runner(rig *r, int32_t mode, int32_t task, int32_t optimizer) {
    const hni_executor_options o = {.mode = mode, .batch = r->batch, .task = task, .positive = -1, .threshold = 0.5,
                                    .optimizer = optimizer};
    runner n = {NULL, {NULL, 0, 0}};
    ck_ok(hni_executor_create(r->device, r->graph, &r->weights, &o, &n.ex, &err));
    ck_ok(hni_device_alloc(r->device, hni_executor_arena_bytes(n.ex), &n.arena, &err));
    memset(n.arena.memory, 0xFF, (size_t)n.arena.size); /* NaN: whatever is read before it is written shows */
    ck_ok(hni_executor_bind(n.ex, n.arena, &err));
    return n;
}

static inline void free_runner(rig *r, runner *n) {
    hni_executor_free(n->ex);
    hni_device_free(r->device, &n->arena);
}

static inline hni_step step_of(rig *r) {
    return (hni_step){.pixels = r->pixels, .classes = r->labels, .labels = r->many, .keys = r->keys, .hyper = r->hyper};
}

/* Runs once from zeroed statistics; the mean loss. */
static inline double run_loss(rig *r, runner *n) {
    double stats[4] = {0};
    ck_ok(hni_device_upload(r->device, r->weights.stats, stats, &err));
    const hni_step step = step_of(r);
    ck_ok(hni_executor_run(n->ex, &step, &err));
    ck_ok(hni_device_download(r->device, stats, r->weights.stats, &err));
    return stats[0] / stats[1];
}

#endif
