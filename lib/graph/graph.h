/* graph.h - a network as layers over values, with its shapes and the layout of its weights. Knows no device and holds no numbers.
 *
 * Value 0 is the input. Shapes are those of one image: dims[0] is 1 and stands for N. Weights of all layers lie in one flat vector of
 * floats: trainable tensors first (each begins at a multiple of 16 floats), then the running statistics. The gaps are zero. */
#ifndef HNI_GRAPH_GRAPH_H
#define HNI_GRAPH_GRAPH_H

#include <stdatomic.h>
#include <stdbool.h>

#include "haemnet/builder.h"
#include "op/op.h" /* defines: hn_tensor_desc, hni_window2d */

enum {
    HNI_LAYER_CONV2D = 1,
    HNI_LAYER_MAX_POOL2D = 2,
    HNI_LAYER_AVG_POOL2D = 3,
    HNI_LAYER_GLOBAL_AVG_POOL = 4,
    HNI_LAYER_DENSE = 5,
    HNI_LAYER_BATCH_NORM = 6,
    HNI_LAYER_ACTIVATION = 7,
    HNI_LAYER_DROPOUT = 8,
    HNI_LAYER_ADD = 9,
    HNI_LAYER_FLATTEN = 10,
    HNI_LAYER_GROUP_NORM = 11,
    HNI_LAYER_CONCAT = 12,
    HNI_LAYER_CHANNEL_SCALE = 13
};

#define HNI_MAX_LAYERS 4096
#define HNI_MAX_WEIGHTS ((int64_t)1 << 30) /* floats */

typedef struct hni_layer {
    int32_t kind;       /* HNI_LAYER_… */
    char name[64];
    int32_t input[2];   /* values; [1] only for ADD, CONCAT and CHANNEL_SCALE (the scale), else -1 */
    int32_t output;     /* value */
    int32_t filters;    /* CONV2D output channels, DENSE features */
    int32_t no_bias;
    hni_window2d window;/* CONV2D, pools; GROUP_NORM: groups */
    int32_t activation; /* HN_ACT_… */
    double epsilon, momentum, rate;
    int32_t param[4];   /* indices of hni_param: weight, bias, running_mean, running_var; -1 = none */
} hni_layer;

typedef struct hni_param {
    char name[120];     /* "conv_block_1.0.weight" */
    int32_t layer;
    int32_t rank;
    int64_t shape[4];   /* unused 1 */
    int64_t elements;
    int64_t offset;     /* floats, in the flat vector */
    bool trainable;
} hni_param;

typedef struct hni_graph {
    atomic_int refs;
    hn_context *ctx;
    hni_layer *layers;
    size_t n_layers, layer_capacity;
    hn_tensor_desc *values; /* [n_values], float32 */
    size_t n_values, value_capacity;
    hni_param *params;
    size_t n_params, param_capacity;
    int32_t logits;        /* output value, [1, K]; -1 until finished */
    int64_t trainable;     /* floats of the trainable part, gaps included */
    int64_t total;         /* floats of the flat vector */
    int64_t parameters;    /* trainable numbers, gaps not included */
} hni_graph;

hn_status hni_graph_create(hn_context *ctx, int32_t channels, int32_t height, int32_t width, hni_graph **out, hn_error *err);
hni_graph *hni_graph_ref(hni_graph *graph);
void hni_graph_unref(hni_graph *graph);

/* Adds a layer: name, kind, inputs and constants are taken from `layer`, its output, shapes and weights are inferred. The graph is
 * unchanged on failure: HN_E_SHAPE names the layer and both shapes. */
hn_status hni_graph_add(hni_graph *graph, const hni_layer *layer, int32_t *output, hn_error *err);
/* Takes all layers but the first n_layers away again. */
void hni_graph_cut(hni_graph *graph, size_t n_layers);
/* Sets the output, checks it to be [1, n_classes], lays the weights out. Nothing can be added after. */
hn_status hni_graph_finish(hni_graph *graph, int32_t logits, int32_t n_classes, hn_error *err);

int32_t hni_layer_inputs(const hni_layer *layer);                                /* 1 or 2 */
int64_t hni_layer_multiply_adds(const hni_graph *graph, const hni_layer *layer); /* of one image: convolutions and dense layers */
const char *hni_layer_kind_name(int32_t kind);                                   /* "conv2d"; also in the model file */
int32_t hni_layer_kind_from_name(const char *name);                              /* 0 = unknown */
const char *hni_activation_name(int32_t activation);                             /* of HN_ACT_…, "relu"; also in the model file */
int32_t hni_activation_from_name(const char *name);                              /* 0 = unknown */
int32_t hni_graph_find_param(const hni_graph *graph, const char *name);          /* -1 = none */

#endif
