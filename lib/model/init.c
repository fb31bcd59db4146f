/* init.c - first weights. PyTorch's default for convolution and dense layers, kaiming_uniform with a = sqrt(5) (He et al. 2015, as in
 * torch.nn.modules.conv and linear, reset_parameters), comes to a uniform draw in ±1/sqrt(fan_in) for weight and bias alike.
 *
 * The numbers are our own: counter-based, one stream a tensor, so that a layer's first weights do not depend on the layers before it. */
#include <math.h>

#include "base/random.h"
#include "model.h"

static double fan_in(const hni_graph *graph, const hni_layer *layer) {
    const hni_param *weight = &graph->params[layer->param[0]];
    return (double)(weight->elements / weight->shape[0]);
}

static void fill(const hni_param *param, float value, float *weights) {
    for (int64_t i = 0; i < param->elements; i++) weights[param->offset + i] = value;
}

static void draw(const hni_param *param, uint64_t seed, uint32_t stream, double bound, float *weights) {
    hni_random random;
    hni_random_init(&random, seed, HNI_RANDOM_INIT, stream, 0);
    for (int64_t i = 0; i < param->elements; i++) weights[param->offset + i] = (float)((hni_random_unit(&random) * 2 - 1) * bound);
}

void hni_init_weights(const hni_graph *graph, uint64_t seed, float *weights) {
    static const float norm[4] = {1, 0, 0, 1}; /* weight, bias, running mean, running variance */
    for (size_t l = 0; l < graph->n_layers; l++) {
        const hni_layer *layer = &graph->layers[l];
        for (int r = 0; r < 4; r++) {
            int32_t p = layer->param[r];
            if (p < 0) continue;
            if (layer->kind == HNI_LAYER_BATCH_NORM || layer->kind == HNI_LAYER_GROUP_NORM)
                fill(&graph->params[p], norm[r], weights);
            else
                draw(&graph->params[p], seed, (uint32_t)p, 1 / sqrt(fan_in(graph, layer)), weights);
        }
    }
}
