/* preset.c - networks with a name. Parameter names are those of the PyTorch modules that people know, so that state dicts fit. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "build.h"

enum { MAX_HIDDEN = 4096 };

static hn_status add_conv(hni_graph *g, const char *name, int32_t filters, int32_t *value, hn_error *err) {
    hni_layer layer = {.kind = HNI_LAYER_CONV2D, .input = {*value, -1}, .filters = filters};
    layer.window = (hni_window2d){.kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 1};
    snprintf(layer.name, sizeof layer.name, "%s", name);
    return hni_graph_add(g, &layer, value, err);
}

static hn_status add_relu(hni_graph *g, const char *name, int32_t *value, hn_error *err) {
    hni_layer layer = {.kind = HNI_LAYER_ACTIVATION, .input = {*value, -1}, .activation = HN_ACT_RELU};
    snprintf(layer.name, sizeof layer.name, "%s", name);
    return hni_graph_add(g, &layer, value, err);
}

static hn_status add_max_pool(hni_graph *g, const char *name, int32_t *value, hn_error *err) {
    hni_layer layer = {.kind = HNI_LAYER_MAX_POOL2D, .input = {*value, -1}};
    layer.window = (hni_window2d){.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}, .groups = 1};
    snprintf(layer.name, sizeof layer.name, "%s", name);
    return hni_graph_add(g, &layer, value, err);
}

/* One of TinyVGG's two blocks. Numbers are the places in the module's nn.Sequential. */
static hn_status tinyvgg_block(hni_graph *g, const char *block, int32_t hidden, int32_t *value, hn_error *err) {
    char name[5][64];
    hn_status status;
    for (int i = 0; i < 5; i++) snprintf(name[i], sizeof name[i], "%s.%d", block, i);
    if ((status = add_conv(g, name[0], hidden, value, err)) || (status = add_relu(g, name[1], value, err)) ||
        (status = add_conv(g, name[2], hidden, value, err)) || (status = add_relu(g, name[3], value, err)) ||
        (status = add_max_pool(g, name[4], value, err)))
        return status;
    return HN_OK;
}

/* The thesis' network, after Wang et al., "CNN Explainer", 2020. */
static hn_status tinyvgg(hn_model *m, int32_t hidden, hn_error *err) {
    hni_layer flatten = {.kind = HNI_LAYER_FLATTEN, .name = "classifier.0"}, dense = {.kind = HNI_LAYER_DENSE, .name = "classifier.1"};
    int32_t value = 0;
    hn_status status = tinyvgg_block(m->graph, "conv_block_1", hidden ? hidden : 10, &value, err);
    if (!status) status = tinyvgg_block(m->graph, "conv_block_2", hidden ? hidden : 10, &value, err);
    if (status) return status;
    flatten.input[0] = value, flatten.input[1] = -1;
    if ((status = hni_graph_add(m->graph, &flatten, &value, err))) return status;
    dense.input[0] = value, dense.input[1] = -1, dense.filters = m->n_classes;
    if ((status = hni_graph_add(m->graph, &dense, &value, err))) return status;
    return hni_graph_finish(m->graph, value, m->n_classes, err);
}

hn_status hni_preset_layers(hn_model *model, const char *preset, int32_t hidden, hn_error *err) {
    if (hidden < 0 || hidden > MAX_HIDDEN) return hni_fail(err, HN_E_ARGUMENT, "hidden width %d: must be 1 … %d", hidden, MAX_HIDDEN);
    if (!strcmp(preset, "tinyvgg")) return tinyvgg(model, hidden, err);
    return hni_fail(err, HN_E_NOT_FOUND, "no preset is called %.60s; there is: tinyvgg", preset);
}

hn_status hni_model_preset(hn_context *ctx, const char *preset, const hn_model_options *options, hn_model **out, hn_error *err) {
    hn_model *m = NULL;
    hn_status status = hni_model_new(ctx, options, preset, &m, err);
    if (status) return status;
    status = hni_preset_layers(m, preset, options->hidden, err);
    if (!status) status = hni_model_init(m, err);
    if (status) {
        hni_model_unref(m);
        return status;
    }
    *out = m;
    return HN_OK;
}
