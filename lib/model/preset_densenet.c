/* preset_densenet.c - DenseNet-121 (Huang et al. 2017) as torchvision has it. Each layer of a block takes in all that came before it in the
 * block, laid one behind the other. Names of layers with weights are torchvision's. */
#include "preset.h"

enum { STEM = 64, GROWTH = 32, BOTTLENECK = 4 };

/* What came before, and beside it what two convolutions make of it. */
static void dense_layer(hni_maker *m) {
    const int32_t before = m->value;
    hni_add_norm(m, "norm1");
    hni_add_activation(m, "relu1", HN_ACT_RELU);
    hni_add_conv(m, "conv1", BOTTLENECK * GROWTH, 1, 1, 1);
    hni_add_norm(m, "norm2");
    hni_add_activation(m, "relu2", HN_ACT_RELU);
    hni_add_conv(m, "conv2", GROWTH, 3, 1, 1);
    hni_add_concat(m, "concat", before);
}

/* Half the channels, half the size. */
static void transition(hni_maker *m) {
    hni_add_norm(m, "norm");
    hni_add_activation(m, "relu", HN_ACT_RELU);
    hni_add_conv(m, "conv", hni_maker_channels(m) / 2, 1, 1, 1);
    hni_add_avg_pool(m, "pool", 2, 2);
}

void hni_add_densenet121(hni_maker *m, int32_t hidden, int32_t classes) {
    static const int32_t layers[4] = {6, 12, 24, 16};
    (void)hidden;
    hni_maker_block(m, "features");
    hni_add_conv(m, "conv0", STEM, 7, 2, 1);
    hni_add_norm(m, "norm0");
    hni_add_activation(m, "relu0", HN_ACT_RELU);
    hni_add_max_pool(m, "pool0", 3, 2, 1);
    for (int32_t b = 0; b < 4; b++) {
        for (int32_t l = 0; l < layers[b]; l++) {
            hni_maker_block(m, "features.denseblock%d.denselayer%d", b + 1, l + 1);
            dense_layer(m);
        }
        hni_maker_block(m, "features.transition%d", b + 1);
        if (b < 3) transition(m);
    }
    hni_maker_block(m, "features");
    hni_add_norm(m, "norm5");
    hni_add_activation(m, "relu5", HN_ACT_RELU);
    hni_maker_block(m, "%s", "");
    hni_add_plain(m, "avgpool", HNI_LAYER_GLOBAL_AVG_POOL);
    hni_add_dense(m, "classifier", classes);
}
