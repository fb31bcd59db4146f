/* init.c - first weights. Batch norm and group norm begin as 1, 0, 0, 1; convolutions and dense layers as the networks' own authors, or those
 * who made them known, had it:
 *
 *                          convolution, normal     dense                       dense bias
 *   HNI_INIT_PYTORCH       (as dense)              uniform in ±1/√fan_in       the same      PyTorch's default: kaiming_uniform, a = √5
 *   HNI_INIT_RESNET        variance 2 / fan_out    uniform in ±1/√fan_in       the same      torchvision; He et al. 2015
 *   HNI_INIT_DENSENET      variance 2 / fan_in     uniform in ±1/√fan_in       0             torchvision
 *   HNI_INIT_MOBILENET     variance 2 / fan_out    normal, deviation 0.01      0             torchvision
 *   HNI_INIT_EFFICIENTNET  variance 2 g / fan_out  normal, deviation 0.01      0             TensorFlow's, timm's, but for the dense layer; g groups
 *
 * fan_in: numbers that one number is a sum over. fan_out: filters · kernel height · kernel width, as in PyTorch also where a convolution has
 * groups. EfficientNet's authors draw the dense layer uniformly in ±1/√outputs, which is for a thousand classes: with two, the first losses
 * are about 4, and what a backbone has learnt is shaken before the head has settled. The numbers are our own: counter-based, one stream a
 * tensor, so that a layer's first weights do not depend on the layers before. */
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
    double normals[256];
    for (int64_t at = 0; at < param->elements; at += 256) {
        const int64_t n = param->elements - at < 256 ? param->elements - at : 256;
        hni_random_normals(random, normals, (size_t)n);
        for (int64_t i = 0; i < n; i++) weights[param->offset + at + i] = (float)(normals[i] * deviation);
    }
}

static void draw_conv(const hni_layer *layer, const hni_param *weight, int32_t scheme, hni_random *random, float *weights) {
    const double fan_out = (double)(weight->shape[0] * weight->shape[2] * weight->shape[3]);
    const double fan = scheme == HNI_INIT_DENSENET ? fan_in(weight) : scheme == HNI_INIT_EFFICIENTNET ? fan_out / layer->window.groups : fan_out;
    draw_normal(weight, random, sqrt(2 / fan), weights);
}

static void draw_dense(const hni_param *weight, int32_t scheme, hni_random *random, float *weights) {
    if (scheme == HNI_INIT_MOBILENET || scheme == HNI_INIT_EFFICIENTNET)
        draw_normal(weight, random, 0.01, weights);
    else
        draw_uniform(weight, random, 1 / sqrt(fan_in(weight)), weights);
}

/* Weight (r = 0) or bias (r = 1) of a convolution or dense layer. */
static void draw(const hni_graph *graph, const hni_layer *layer, int r, int32_t scheme, uint64_t seed, float *weights) {
    const hni_param *weight = &graph->params[layer->param[0]], *param = &graph->params[layer->param[r]];
    const bool dense = layer->kind == HNI_LAYER_DENSE;
    hni_random random;
    hni_random_init(&random, seed, HNI_RANDOM_INIT, (uint32_t)layer->param[r], 0);
    if (scheme == HNI_INIT_PYTORCH || (r == 1 && dense && scheme == HNI_INIT_RESNET))
        draw_uniform(param, &random, 1 / sqrt(fan_in(weight)), weights);
    else if (r == 1)
        fill(param, 0, weights);
    else if (dense)
        draw_dense(weight, scheme, &random, weights);
    else
        draw_conv(layer, weight, scheme, &random, weights);
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
