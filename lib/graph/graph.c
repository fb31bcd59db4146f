/* graph.c - the list of layers of a network: built layer by layer, each checked as it comes, then closed with its weights laid out.
 *
 * Not the order in which anything runs and no memory for numbers: that is lower.c and plan.c. Layers can only take values that exist
 * already, so the list is in an order that works and has no cycles by construction. Immutable once finished, shared by counting. */
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "shapes.h"

enum { PARAM_ALIGN = 16 }; /* floats: 64 bytes */

static const char *const PARAM_NAMES[HNI_LAYER_PARAMS] = {"weight", "bias", "running_mean", "running_var"};

static void graph_free(hni_graph *graph) {
    hn_context *ctx = graph->ctx;
    hni_free(ctx, graph->layers);
    hni_free(ctx, graph->values);
    hni_free(ctx, graph->params);
    hni_free(ctx, graph);
    hni_context_unref(ctx);
}

hn_status hni_graph_create(hn_context *ctx, int32_t channels, int32_t height, int32_t width, hni_graph **out, hn_error *err) {
    *out = NULL;
    if (channels < 1 || height < 1 || width < 1)
        return hni_fail(err, HN_E_ARGUMENT, "input of %d channels, %d x %d px: each must be at least 1", channels, height, width);
    /* the one operator that every network begins with says what an input may be */
    const hn_tensor_desc pixels = hni_tensor(HN_DTYPE_U8, 4, 1, channels, height, width);
    hn_op_desc d;
    const hn_status status = hni_op_preprocess(&d, &pixels, NULL, err);
    if (status != HN_OK)
        return status;
    hni_graph *graph = hni_calloc(ctx, 1, sizeof *graph);
    if (!graph)
        return hni_fail_memory(err, sizeof *graph, "a network");
    graph->ctx = hni_context_ref(ctx);
    atomic_init(&graph->refs, 1);
    graph->logits = -1;
    if (hni_grow(ctx, &graph->values, &graph->value_capacity, 1, sizeof *graph->values) != 0) {
        graph_free(graph);
        return hni_fail_memory(err, sizeof *graph->values, "the values of a network");
    }
    graph->values[0] = d.out[0];
    graph->n_values = 1;
    *out = graph;
    return HN_OK;
}

hni_graph *hni_graph_ref(hni_graph *graph) {
    atomic_fetch_add_explicit(&graph->refs, 1, memory_order_relaxed);
    return graph;
}

void hni_graph_unref(hni_graph *graph) {
    if (graph && atomic_fetch_sub_explicit(&graph->refs, 1, memory_order_acq_rel) == 1)
        graph_free(graph);
}

/* Names become keys of the model file: a small alphabet, so that nothing ever needs escaping. */
static hn_status check_name(const hni_graph *graph, const hni_layer *layer, hn_error *err) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
    const size_t length = strnlen(layer->name, sizeof layer->name);
    if (length == 0 || length == sizeof layer->name)
        return hni_fail(err, HN_E_ARGUMENT, "layer %zu: its name has %s; 1 … 63 are needed", graph->n_layers,
                        length == 0 ? "no bytes" : "too many bytes");
    if (strspn(layer->name, allowed) != length)
        return hni_fail(err, HN_E_ARGUMENT, "layer \"%s\": a name is made of letters, digits, '_' and '.' only", layer->name);
    for (size_t i = 0; i < graph->n_layers; i++)
        if (strcmp(graph->layers[i].name, layer->name) == 0)
            return hni_fail(err, HN_E_ARGUMENT, "layer \"%s\": another layer has this name; choose one of its own", layer->name);
    return HN_OK;
}

static hn_status check_inputs(const hni_graph *graph, const hni_layer *layer, hn_error *err) {
    for (int32_t i = 0; i < hni_layer_inputs(layer); i++)
        if (layer->input[i] < 0 || (size_t)layer->input[i] >= graph->n_values)
            return hni_fail(err, HN_E_NOT_FOUND, "layer \"%s\": there is no value %d; 0 … %zu are", layer->name, layer->input[i],
                            graph->n_values - 1);
    return HN_OK;
}

static int64_t aligned(int64_t floats) {
    return (floats + PARAM_ALIGN - 1) / PARAM_ALIGN * PARAM_ALIGN;
}

/* The flat vector stays below HNI_MAX_WEIGHTS, gaps included. */
static hn_status check_weights(const hni_graph *graph, const hni_layer *layer, const hni_layer_shapes *shapes, hn_error *err) {
    int64_t sum = 0;
    for (size_t i = 0; i < graph->n_params; i++)
        sum += aligned(graph->params[i].elements);
    for (int i = 0; i < HNI_LAYER_PARAMS; i++) {
        const int64_t elements = shapes->param[i].elements;
        if (elements < 0 || elements > HNI_MAX_WEIGHTS || sum + aligned(elements) > HNI_MAX_WEIGHTS)
            return hni_fail(err, HN_E_LIMIT, "layer \"%s\": its %s of %lld numbers would make the network larger than %lld numbers",
                            layer->name, PARAM_NAMES[i], (long long)elements, (long long)HNI_MAX_WEIGHTS);
        sum += aligned(elements);
    }
    return HN_OK;
}

/* After this nothing can fail. */
static hn_status reserve(hni_graph *graph, hn_error *err) {
    hn_context *ctx = graph->ctx;
    if (hni_grow(ctx, &graph->layers, &graph->layer_capacity, graph->n_layers + 1, sizeof *graph->layers) != 0 ||
        hni_grow(ctx, &graph->values, &graph->value_capacity, graph->n_values + 1, sizeof *graph->values) != 0 ||
        hni_grow(ctx, &graph->params, &graph->param_capacity, graph->n_params + HNI_LAYER_PARAMS, sizeof *graph->params) != 0)
        return hni_fail_memory(err, sizeof *graph->layers, "one more layer");
    return HN_OK;
}

static void append(hni_graph *graph, const hni_layer *layer, const hni_layer_shapes *shapes) {
    hni_layer *l = &graph->layers[graph->n_layers];
    *l = *layer;
    if (hni_layer_inputs(l) == 1)
        l->input[1] = -1;
    l->output = (int32_t)graph->n_values;
    for (int i = 0; i < HNI_LAYER_PARAMS; i++) {
        l->param[i] = -1;
        if (shapes->param[i].elements == 0)
            continue;
        l->param[i] = (int32_t)graph->n_params;
        hni_param *p = &graph->params[graph->n_params++];
        *p = shapes->param[i];
        p->layer = (int32_t)graph->n_layers;
        const size_t stem = strlen(l->name); /* ≤ 63; the name has room for 119 */
        memcpy(p->name, l->name, stem);
        p->name[stem] = '.';
        memcpy(p->name + stem + 1, PARAM_NAMES[i], strlen(PARAM_NAMES[i]) + 1);
    }
    graph->values[graph->n_values++] = shapes->output;
    graph->n_layers++;
}

hn_status hni_graph_add(hni_graph *graph, const hni_layer *layer, int32_t *output, hn_error *err) {
    if (graph->logits >= 0)
        return hni_fail(err, HN_E_STATE, "the network is finished: no layer can be added");
    if (graph->n_layers >= HNI_MAX_LAYERS)
        return hni_fail(err, HN_E_LIMIT, "a network has at most %d layers", HNI_MAX_LAYERS);
    hni_layer_shapes shapes;
    hn_status status = check_name(graph, layer, err);
    if (status == HN_OK)
        status = check_inputs(graph, layer, err);
    if (status == HN_OK)
        status = hni_layer_infer(graph, layer, &shapes, err);
    if (status == HN_OK)
        status = check_weights(graph, layer, &shapes, err);
    if (status == HN_OK)
        status = reserve(graph, err);
    if (status != HN_OK)
        return status;
    append(graph, layer, &shapes);
    *output = graph->layers[graph->n_layers - 1].output;
    return HN_OK;
}

void hni_graph_cut(hni_graph *graph, size_t n_layers) {
    while (graph->n_params > 0 && (size_t)graph->params[graph->n_params - 1].layer >= n_layers)
        graph->n_params--;
    graph->n_layers = n_layers;
    graph->n_values = n_layers + 1; /* the input, and one a layer */
}

/* Trainable tensors first, so that the optimiser's step is one operator over one piece of memory. */
static void lay_out(hni_graph *graph) {
    int64_t at = 0;
    graph->parameters = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < graph->n_params; i++) {
            hni_param *p = &graph->params[i];
            if (p->trainable != (pass == 0))
                continue;
            p->offset = at;
            at += aligned(p->elements);
            if (pass == 0)
                graph->parameters += p->elements;
        }
        if (pass == 0)
            graph->trainable = at;
    }
    graph->total = at;
}

hn_status hni_graph_finish(hni_graph *graph, int32_t logits, int32_t n_classes, hn_error *err) {
    if (graph->logits >= 0)
        return hni_fail(err, HN_E_STATE, "the network is finished already");
    if (n_classes < 1)
        return hni_fail(err, HN_E_ARGUMENT, "%d classes: at least 1 is needed", n_classes);
    if (logits < 0 || (size_t)logits >= graph->n_values)
        return hni_fail(err, HN_E_NOT_FOUND, "there is no value %d to end the network with; 0 … %zu are", logits, graph->n_values - 1);
    const hn_tensor_desc *t = &graph->values[logits];
    if (t->rank != 2 || t->dims[1] != n_classes) {
        char shape[96];
        hni_shape_text(t, shape, sizeof shape);
        return hni_fail(err, HN_E_SHAPE, "layer \"%s\": its output %s cannot be the logits, which are [1, %d]: one number a class",
                        logits == 0 ? "input" : graph->layers[logits - 1].name, shape, n_classes);
    }
    lay_out(graph);
    graph->logits = logits;
    return HN_OK;
}
