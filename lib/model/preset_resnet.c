/* preset_resnet.c - residual networks (He et al. 2016) as torchvision has them, and a small one of ours. In a bottleneck the 3×3
 * convolution has the stride (v1.5), as in torchvision. Names of layers with weights are torchvision's. */
#include "preset.h"

enum { EXPANSION = 4 }; /* of a bottleneck */

/* The input itself, or its 1×1 projection where the shapes differ; added to what the block gave. */
static void close_block(hni_maker *m, int32_t input, int32_t filters, int32_t stride, const char *relu) {
    const int32_t branch = m->value;
    m->value = input;
    if (!m->status && (stride != 1 || hni_maker_channels(m) != filters)) {
        hni_add_conv(m, "downsample.0", filters, 1, stride, 1);
        hni_add_norm(m, "downsample.1");
    }
    const int32_t shortcut = m->value;
    m->value = branch;
    hni_add_sum(m, "add", shortcut);
    hni_add_activation(m, relu, HN_ACT_RELU);
}

static void basic_block(hni_maker *m, int32_t width, int32_t stride) {
    const int32_t input = m->value;
    hni_add_conv(m, "conv1", width, 3, stride, 1);
    hni_add_norm(m, "bn1");
    hni_add_activation(m, "relu1", HN_ACT_RELU);
    hni_add_conv(m, "conv2", width, 3, 1, 1);
    hni_add_norm(m, "bn2");
    close_block(m, input, width, stride, "relu2");
}

static void bottleneck(hni_maker *m, int32_t width, int32_t stride) {
    const int32_t input = m->value;
    hni_add_conv(m, "conv1", width, 1, 1, 1);
    hni_add_norm(m, "bn1");
    hni_add_activation(m, "relu1", HN_ACT_RELU);
    hni_add_conv(m, "conv2", width, 3, stride, 1);
    hni_add_norm(m, "bn2");
    hni_add_activation(m, "relu2", HN_ACT_RELU);
    hni_add_conv(m, "conv3", width * EXPANSION, 1, 1, 1);
    hni_add_norm(m, "bn3");
    close_block(m, input, width * EXPANSION, stride, "relu3");
}

static void stages(hni_maker *m, void (*add)(hni_maker *, int32_t, int32_t), int32_t width, const int32_t blocks[4]) {
    for (int32_t s = 0; s < 4; s++)
        for (int32_t b = 0; b < blocks[s]; b++) {
            hni_maker_block(m, "layer%d.%d", s + 1, b);
            add(m, width << s, s && !b ? 2 : 1);
        }
    hni_maker_block(m, "%s", "");
    hni_add_plain(m, "avgpool", HNI_LAYER_GLOBAL_AVG_POOL);
}

static void resnet(hni_maker *m, void (*add)(hni_maker *, int32_t, int32_t), const int32_t blocks[4], int32_t classes) {
    hni_add_conv(m, "conv1", 64, 7, 2, 1);
    hni_add_norm(m, "bn1");
    hni_add_activation(m, "relu", HN_ACT_RELU);
    hni_add_max_pool(m, "maxpool", 3, 2, 1);
    stages(m, add, 64, blocks);
    hni_add_dense(m, "fc", classes);
}

void hni_add_resnet18(hni_maker *m, int32_t hidden, int32_t classes) {
    (void)hidden;
    resnet(m, basic_block, (const int32_t[4]){2, 2, 2, 2}, classes);
}

void hni_add_resnet34(hni_maker *m, int32_t hidden, int32_t classes) {
    (void)hidden;
    resnet(m, basic_block, (const int32_t[4]){3, 4, 6, 3}, classes);
}

void hni_add_resnet50(hni_maker *m, int32_t hidden, int32_t classes) {
    (void)hidden;
    resnet(m, bottleneck, (const int32_t[4]){3, 4, 6, 3}, classes);
}

/* One block a stage, behind a stem that halves the size once: for images of few pixels. */
void hni_add_tinyresnet(hni_maker *m, int32_t hidden, int32_t classes) {
    hni_add_conv(m, "conv1", hidden, 3, 1, 1);
    hni_add_norm(m, "bn1");
    hni_add_activation(m, "relu", HN_ACT_RELU);
    hni_add_max_pool(m, "maxpool", 2, 2, 0);
    stages(m, basic_block, hidden, (const int32_t[4]){1, 1, 1, 1});
    hni_add_dropout(m, "dropout", 0.2);
    hni_add_dense(m, "fc", classes);
}
