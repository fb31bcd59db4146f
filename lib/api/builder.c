/* builder.c - the public calls of builder.h: each fills one hni_layer and hands it to the graph, which checks it. */
#include <stdio.h>

#include "base/memory.h"
#include "model/builder.h"
#include "structs.h"

hn_status hn_builder_create(hn_context *context, const hn_model_options *options, hn_builder **out, hn_error *err) {
    hn_model_options o;
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_builder_create: out is NULL");
    *out = NULL;
    if (!context) return hni_fail(err, HN_E_ARGUMENT, "hn_builder_create: context is NULL");
    hn_status status = options ? HNI_CHECK(options, hn_model_options, err) : HN_OK;
    if (status) return status;
    hni_take(&o, sizeof o, options);
    hn_builder *builder = hni_calloc(context, 1, sizeof *builder);
    if (!builder) return hni_fail_memory(err, sizeof *builder, "a builder");
    status = hni_model_new(context, &o, "", &builder->model, err);
    if (status)
        hni_free(context, builder);
    else
        *out = builder;
    return status;
}

/* The checks that all layers share, and the name into the layer. */
static hn_status begin(hn_builder *builder, int32_t kind, int32_t input, const char *name, const int32_t *out, hni_layer *layer,
                       hn_error *err) {
    if (!builder || !name || !out) return hni_fail(err, HN_E_ARGUMENT, "hn_builder: builder, name or out is NULL");
    if (builder->finished) return hni_fail(err, HN_E_STATE, "layer %.60s: the network is finished; nothing can be added", name);
    if (strlen(name) >= sizeof layer->name)
        return hni_fail(err, HN_E_ARGUMENT, "layer %.60s…: a name has at most %zu bytes", name, sizeof layer->name - 1);
    memset(layer, 0, sizeof *layer);
    layer->kind = kind;
    layer->input[0] = input, layer->input[1] = -1;
    layer->window = (hni_window2d){.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
    memcpy(layer->name, name, strlen(name) + 1);
    return HN_OK;
}

static hn_status add(hn_builder *builder, const hni_layer *layer, int32_t *out, hn_error *err) {
    int32_t value;
    hn_status status = hni_graph_add(builder->model->graph, layer, &value, err);
    if (!status) *out = value;
    return status;
}

enum { DEFAULT_GROUPS = 32 }; /* of group norm: Wu & He 2018 */

static int32_t or_else(int32_t value, int32_t fallback) { return value ? value : fallback; }

hn_status hn_builder_conv2d(hn_builder *builder, int32_t input, const char *name, const hn_conv2d_options *options, int32_t *out,
                            hn_error *err) {
    hni_layer layer;
    hn_conv2d_options o;
    hn_status status = begin(builder, HNI_LAYER_CONV2D, input, name, out, &layer, err);
    if (!status) status = HNI_CHECK(options, hn_conv2d_options, err);
    if (status) return status;
    hni_take(&o, sizeof o, options);
    for (int i = 0; i < 2; i++) {
        layer.window.kernel[i] = or_else(o.kernel[i], 3);
        layer.window.stride[i] = or_else(o.stride[i], 1);
        layer.window.padding[i] = o.padding[i];
        layer.window.dilation[i] = or_else(o.dilation[i], 1);
        layer.window.extra_padding[i] = o.extra_padding[i];
    }
    layer.window.groups = or_else(o.groups, 1);
    layer.filters = o.filters;
    layer.no_bias = o.no_bias != 0;
    return add(builder, &layer, out, err);
}

static hn_status pool(hn_builder *builder, int32_t kind, int32_t input, const char *name, const hn_pool2d_options *options, int32_t *out,
                      hn_error *err) {
    hni_layer layer;
    hn_pool2d_options o;
    hn_status status = begin(builder, kind, input, name, out, &layer, err);
    if (!status && options) status = HNI_CHECK(options, hn_pool2d_options, err);
    if (status) return status;
    hni_take(&o, sizeof o, options);
    for (int i = 0; i < 2; i++) {
        layer.window.kernel[i] = or_else(o.kernel[i], 2);
        layer.window.stride[i] = or_else(o.stride[i], layer.window.kernel[i]);
        layer.window.padding[i] = o.padding[i];
    }
    layer.window.exclude_padding = o.exclude_padding != 0;
    return add(builder, &layer, out, err);
}

hn_status hn_builder_max_pool2d(hn_builder *builder, int32_t input, const char *name, const hn_pool2d_options *options, int32_t *out,
                                hn_error *err) {
    return pool(builder, HNI_LAYER_MAX_POOL2D, input, name, options, out, err);
}

hn_status hn_builder_avg_pool2d(hn_builder *builder, int32_t input, const char *name, const hn_pool2d_options *options, int32_t *out,
                                hn_error *err) {
    return pool(builder, HNI_LAYER_AVG_POOL2D, input, name, options, out, err);
}

hn_status hn_builder_global_avg_pool(hn_builder *builder, int32_t input, const char *name, int32_t *out, hn_error *err) {
    hni_layer layer;
    hn_status status = begin(builder, HNI_LAYER_GLOBAL_AVG_POOL, input, name, out, &layer, err);
    return status ? status : add(builder, &layer, out, err);
}

hn_status hn_builder_dense(hn_builder *builder, int32_t input, const char *name, int32_t features, int32_t no_bias, int32_t *out,
                           hn_error *err) {
    hni_layer layer;
    hn_status status = begin(builder, HNI_LAYER_DENSE, input, name, out, &layer, err);
    if (status) return status;
    layer.filters = features;
    layer.no_bias = no_bias != 0;
    return add(builder, &layer, out, err);
}

hn_status hn_builder_batch_norm(hn_builder *builder, int32_t input, const char *name, double epsilon, double momentum, int32_t *out,
                                hn_error *err) {
    hni_layer layer;
    hn_status status = begin(builder, HNI_LAYER_BATCH_NORM, input, name, out, &layer, err);
    if (status) return status;
    layer.epsilon = epsilon != 0 ? epsilon : 1e-5;
    layer.momentum = momentum != 0 ? momentum : 0.1;
    return add(builder, &layer, out, err);
}

hn_status hn_builder_activation(hn_builder *builder, int32_t input, const char *name, int32_t activation, int32_t *out, hn_error *err) {
    hni_layer layer;
    hn_status status = begin(builder, HNI_LAYER_ACTIVATION, input, name, out, &layer, err);
    if (status) return status;
    layer.activation = activation;
    return add(builder, &layer, out, err);
}

hn_status hn_builder_dropout(hn_builder *builder, int32_t input, const char *name, double rate, int32_t *out, hn_error *err) {
    hni_layer layer;
    hn_status status = begin(builder, HNI_LAYER_DROPOUT, input, name, out, &layer, err);
    if (status) return status;
    layer.rate = rate;
    return add(builder, &layer, out, err);
}

hn_status hn_builder_group_norm(hn_builder *builder, int32_t input, const char *name, int32_t groups, double epsilon, int32_t *out,
                                hn_error *err) {
    hni_layer layer;
    hn_status status = begin(builder, HNI_LAYER_GROUP_NORM, input, name, out, &layer, err);
    if (status) return status;
    const hni_graph *g = builder->model->graph;
    const bool known = input >= 0 && (size_t)input < g->n_values; /* else the graph will say so */
    const int64_t channels = known && g->values[input].rank == 4 ? g->values[input].dims[1] : DEFAULT_GROUPS;
    layer.window.groups = or_else(groups, channels < DEFAULT_GROUPS ? (int32_t)channels : DEFAULT_GROUPS);
    layer.epsilon = epsilon != 0 ? epsilon : 1e-5;
    return add(builder, &layer, out, err);
}

static hn_status add_pair(hn_builder *builder, int32_t kind, int32_t a, int32_t b, const char *name, int32_t *out, hn_error *err) {
    hni_layer layer;
    hn_status status = begin(builder, kind, a, name, out, &layer, err);
    if (status) return status;
    layer.input[1] = b;
    return add(builder, &layer, out, err);
}

hn_status hn_builder_concat(hn_builder *builder, int32_t a, int32_t b, const char *name, int32_t *out, hn_error *err) {
    return add_pair(builder, HNI_LAYER_CONCAT, a, b, name, out, err);
}

hn_status hn_builder_channel_scale(hn_builder *builder, int32_t input, int32_t scale, const char *name, int32_t *out, hn_error *err) {
    return add_pair(builder, HNI_LAYER_CHANNEL_SCALE, input, scale, name, out, err);
}

/* A layer of a block: its name is the block's, a dot and `part`. */
static hn_status block_part(hn_builder *builder, const char *block, const char *part, hni_layer layer, int32_t *value, hn_error *err) {
    if (snprintf(layer.name, sizeof layer.name, "%s.%s", block, part) >= (int)sizeof layer.name)
        return hni_fail(err, HN_E_ARGUMENT, "layer %.60s.%s: a name has at most %zu bytes", block, part, sizeof layer.name - 1);
    return hni_graph_add(builder->model->graph, &layer, value, err);
}

hn_status hn_builder_squeeze_excite(hn_builder *builder, int32_t input, const char *name, int32_t squeeze, int32_t activation, int32_t *out,
                                    hn_error *err) {
    hni_layer layer;
    hn_status status = begin(builder, HNI_LAYER_GLOBAL_AVG_POOL, input, name, out, &layer, err);
    if (status) return status;
    hni_graph *g = builder->model->graph;
    const size_t before = g->n_layers;
    const int32_t functions[2] = {or_else(activation, HN_ACT_RELU), HN_ACT_SIGMOID};
    static const char *const convs[2] = {"fc1", "fc2"}, *const acts[2] = {"activation", "scale_activation"};
    int32_t value = input;
    status = block_part(builder, name, "avgpool", layer, &value, err);
    for (int i = 0; i < 2 && !status; i++) {
        layer.kind = HNI_LAYER_CONV2D;
        layer.input[0] = value;
        layer.filters = i == 0 ? squeeze : (int32_t)g->values[input].dims[1];
        status = block_part(builder, name, convs[i], layer, &value, err);
        if (status) break;
        layer.kind = HNI_LAYER_ACTIVATION;
        layer.input[0] = value;
        layer.activation = functions[i];
        status = block_part(builder, name, acts[i], layer, &value, err);
    }
    layer.kind = HNI_LAYER_CHANNEL_SCALE;
    layer.input[0] = input, layer.input[1] = value;
    if (!status) status = block_part(builder, name, "scale", layer, &value, err);
    if (status)
        hni_graph_cut(g, before); /* all of it or nothing */
    else
        *out = value;
    return status;
}

hn_status hn_builder_add(hn_builder *builder, int32_t a, int32_t b, const char *name, int32_t *out, hn_error *err) {
    return add_pair(builder, HNI_LAYER_ADD, a, b, name, out, err);
}

hn_status hn_builder_flatten(hn_builder *builder, int32_t input, const char *name, int32_t *out, hn_error *err) {
    hni_layer layer;
    hn_status status = begin(builder, HNI_LAYER_FLATTEN, input, name, out, &layer, err);
    return status ? status : add(builder, &layer, out, err);
}

hn_status hn_builder_finish(hn_builder *builder, int32_t logits, hn_model **out, hn_error *err) {
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_builder_finish: out is NULL");
    *out = NULL;
    if (!builder) return hni_fail(err, HN_E_ARGUMENT, "hn_builder_finish: builder is NULL");
    hn_model *m = builder->model;
    if (builder->finished && (m->weights || logits != m->graph->logits))
        return hni_fail(err, HN_E_STATE, "the network is finished already");
    hn_status status = builder->finished ? HN_OK : hni_graph_finish(m->graph, logits, m->n_classes, err);
    if (status) return status;
    builder->finished = true;
    status = hni_model_init(m, err); /* without memory: no weights, and the same call may be made again */
    if (!status) *out = hni_model_ref(m);
    return status;
}

void hn_builder_free(hn_builder *builder) {
    if (!builder) return;
    hn_context *ctx = hni_context_ref(builder->model->ctx); /* the model may hold the last reference */
    hni_model_unref(builder->model);
    hni_free(ctx, builder);
    hni_context_unref(ctx);
}
