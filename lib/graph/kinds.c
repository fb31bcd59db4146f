/* kinds.c - facts about layers and lists of them: names of kinds and activations, multiply-adds, looking a weight up. No state, no memory. */
#include <string.h>

#include "graph.h"

static const char *const NAMES[] = {
    [HNI_LAYER_CONV2D] = "conv2d",         [HNI_LAYER_MAX_POOL2D] = "max_pool2d",
    [HNI_LAYER_AVG_POOL2D] = "avg_pool2d", [HNI_LAYER_GLOBAL_AVG_POOL] = "global_avg_pool",
    [HNI_LAYER_DENSE] = "dense",           [HNI_LAYER_BATCH_NORM] = "batch_norm",
    [HNI_LAYER_ACTIVATION] = "activation", [HNI_LAYER_DROPOUT] = "dropout",
    [HNI_LAYER_ADD] = "add",               [HNI_LAYER_FLATTEN] = "flatten",
    [HNI_LAYER_GROUP_NORM] = "group_norm", [HNI_LAYER_CONCAT] = "concat",
    [HNI_LAYER_CHANNEL_SCALE] = "channel_scale",
};
enum { N_NAMES = sizeof NAMES / sizeof *NAMES };

static const char *const ACTIVATIONS[] = {
    [HN_ACT_NONE] = "none", [HN_ACT_RELU] = "relu",             [HN_ACT_SIGMOID] = "sigmoid", [HN_ACT_RELU6] = "relu6",
    [HN_ACT_SILU] = "silu", [HN_ACT_HARD_SWISH] = "hard_swish", [HN_ACT_TANH] = "tanh",
};
enum { N_ACTIVATIONS = sizeof ACTIVATIONS / sizeof *ACTIVATIONS };

const char *hni_layer_kind_name(int32_t kind) {
    return kind >= 1 && kind < N_NAMES ? NAMES[kind] : "?";
}

int32_t hni_layer_kind_from_name(const char *name) {
    for (int32_t kind = 1; kind < N_NAMES; kind++)
        if (name && strcmp(NAMES[kind], name) == 0)
            return kind;
    return 0;
}

int32_t hni_layer_inputs(const hni_layer *layer) {
    return layer->kind == HNI_LAYER_ADD || layer->kind == HNI_LAYER_CONCAT || layer->kind == HNI_LAYER_CHANNEL_SCALE ? 2 : 1;
}

const char *hni_activation_name(int32_t activation) {
    return activation >= 0 && activation < N_ACTIVATIONS ? ACTIVATIONS[activation] : "?";
}

int32_t hni_activation_from_name(const char *name) {
    for (int32_t activation = HN_ACT_RELU; activation < N_ACTIVATIONS; activation++)
        if (name && strcmp(ACTIVATIONS[activation], name) == 0)
            return activation;
    return HN_ACT_NONE;
}

int64_t hni_layer_multiply_adds(const hni_graph *graph, const hni_layer *layer) {
    if (layer->kind != HNI_LAYER_CONV2D && layer->kind != HNI_LAYER_DENSE)
        return 0;
    /* every output number is a sum over one filter's weights */
    const int64_t outputs = hni_tensor_elements(&graph->values[layer->output]);
    const int64_t filter = graph->params[layer->param[0]].elements / layer->filters;
    int64_t product;
    return __builtin_mul_overflow(outputs, filter, &product) ? INT64_MAX : product;
}

int32_t hni_graph_find_param(const hni_graph *graph, const char *name) {
    for (size_t i = 0; name && i < graph->n_params; i++)
        if (strcmp(graph->params[i].name, name) == 0)
            return (int32_t)i;
    return -1;
}
