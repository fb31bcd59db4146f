/* shapes.h - what a layer makes of its inputs: the output's shape and the weights it needs. Inside lib/graph only. */
#ifndef HNI_GRAPH_SHAPES_H
#define HNI_GRAPH_SHAPES_H

#include "graph.h"

#define HNI_LAYER_PARAMS 4 /* the most that one layer has */

/* Weights of one layer in the order of hni_layer.param; elements 0 = has none. Names and offsets are not filled. */
typedef struct hni_layer_shapes {
    hn_tensor_desc output; /* of one image */
    hni_param param[HNI_LAYER_PARAMS];
} hni_layer_shapes;

/* The layer's inputs must exist. Messages name the layer and the shapes. */
hn_status hni_layer_infer(const hni_graph *graph, const hni_layer *layer, hni_layer_shapes *out, hn_error *err);

/* The scale of a channel scale, [N, C] or [N, C, 1, 1], as the operator sees it. */
hn_tensor_desc hni_channel_numbers(const hn_tensor_desc *t);
/* [N, C, H, W] seen as [N, C·H·W], the memory unchanged; a matrix stays one. */
hn_tensor_desc hni_flattened(const hn_tensor_desc *t);
/* The shape of a param as an operator sees it. */
hn_tensor_desc hni_param_desc(const hni_param *param);

#endif
