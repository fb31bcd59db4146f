/* init.c - first weights. Batch norm begins as 1, 0, 0, 1; convolutions and dense layers as the network's own authors had it:
 *
 *   HNI_INIT_PYTORCH  PyTorch's default, kaiming_uniform with a = sqrt(5) (torch.nn.modules.conv and linear, reset_parameters), comes to a
 *                     uniform draw in ±1/sqrt(fan_in) for weight and bias alike
 *   HNI_INIT_RESNET   convolutions normal with variance 2 / fan_out (He et al. 2015); dense as PyTorch's default
 *
 * fan_out is filters · kernel height · kernel width, as in PyTorch also where a convolution has groups.
 * The numbers are our own: counter-based, one stream a tensor, so that a layer's first weights do not depend on the layers before it. */
#include <math.h>

#include "base/random.h"
#include "model.h"

static double fan_in(const hni_param *weight) { return (double)(weight->elements / weight->shape[0]); }

static void fill(const hni_param *param, float value, float *weights) {
    for (int64_t i = 0; i < param->elements; i++) weights[param->offset + i] = value;
}

static void draw_uniform(const hni_param *param, hni_random *random, double bound, float *weights) {
    for (int64_t i = 0; i < param->elements; i++) weights[param->offset + i] = (float)((hni_random_unit(random) * 2 - 1) * bound);
}

static void draw_normal(const hni_param *param, hni_random *random, double deviation, float *weights) {
    for (int64_t i = 0; i < param->elements; i++) weights[param->offset + i] = (float)(hni_random_normal(random) * deviation);
}

/* Weight (r = 0) or bias (r = 1) of a convolution or dense layer. */
static void draw(const hni_graph *graph, const hni_layer *layer, int r, int32_t scheme, uint64_t seed, float *weights) {
    const hni_param *weight = &graph->params[layer->param[0]], *param = &graph->params[layer->param[r]];
    hni_random random;
    hni_random_init(&random, seed, HNI_RANDOM_INIT, (uint32_t)layer->param[r], 0);
    if (scheme == HNI_INIT_PYTORCH || layer->kind == HNI_LAYER_DENSE)
        draw_uniform(param, &random, 1 / sqrt(fan_in(weight)), weights);
    else if (r == 0)
        draw_normal(param, &random, sqrt(2.0 / (double)(weight->shape[0] * weight->shape[2] * weight->shape[3])), weights);
    else
        fill(param, 0, weights);
}

void hni_init_weights(const hni_graph *graph, int32_t scheme, uint64_t seed, float *weights) {
    static const float norm[4] = {1, 0, 0, 1}; /* weight, bias, running mean, running variance */
    for (size_t l = 0; l < graph->n_layers; l++) {
        const hni_layer *layer = &graph->layers[l];
        for (int r = 0; r < 4; r++) {
            if (layer->param[r] < 0) continue;
            if (layer->kind == HNI_LAYER_BATCH_NORM || layer->kind == HNI_LAYER_GROUP_NORM)
                fill(&graph->params[layer->param[r]], norm[r], weights);
            else
                draw(graph, layer, r, scheme, seed, weights);
        }
    }
}
