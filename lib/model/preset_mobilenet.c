/* preset_mobilenet.c - MobileNetV2 (Sandler et al. 2018) as torchvision has it. Names of layers with weights are torchvision's; numbers are
 * places in its nn.Sequential. */
#include <stdio.h>

#include "preset.h"

/* Convolution, batch norm, ReLU6, named part.0, part.1, part.2. */
static void conv_norm_relu6(hni_maker *m, const char *part, int32_t filters, int32_t kernel, int32_t stride, int32_t groups) {
    char name[3][32];
    for (int i = 0; i < 3; i++) snprintf(name[i], sizeof name[i], "%s.%d", part, i);
    hni_add_conv(m, name[0], filters, kernel, stride, groups);
    hni_add_norm(m, name[1]);
    hni_add_activation(m, name[2], HN_ACT_RELU6);
}

/* Wider by 1×1, each channel by itself by 3×3, narrower by 1×1 without an activation; the input added where the shape is the same. */
static void inverted_residual(hni_maker *m, int32_t expand, int32_t filters, int32_t stride) {
    const int32_t input = m->value, channels = hni_maker_channels(m);
    if (expand > 1) conv_norm_relu6(m, "conv.0", channels * expand, 1, 1, 1);
    conv_norm_relu6(m, expand > 1 ? "conv.1" : "conv.0", channels * expand, 3, stride, 0);
    hni_add_conv(m, expand > 1 ? "conv.2" : "conv.1", filters, 1, 1, 1);
    hni_add_norm(m, expand > 1 ? "conv.3" : "conv.2");
    if (stride == 1 && channels == filters) hni_add_sum(m, "add", input);
}

void hni_add_mobilenetv2(hni_maker *m, int32_t hidden, int32_t classes) {
    static const struct {
        int32_t expand, filters, blocks, stride; /* of the first block */
    } stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    int32_t place = 1;
    (void)hidden;
    hni_maker_block(m, "features");
    conv_norm_relu6(m, "0", 32, 3, 2, 1);
    for (size_t s = 0; s < sizeof stages / sizeof *stages; s++)
        for (int32_t b = 0; b < stages[s].blocks; b++) {
            hni_maker_block(m, "features.%d", place++);
            inverted_residual(m, stages[s].expand, stages[s].filters, b ? 1 : stages[s].stride);
        }
    hni_maker_block(m, "features");
    conv_norm_relu6(m, "18", 1280, 1, 1, 1);
    hni_maker_block(m, "%s", "");
    hni_add_plain(m, "avgpool", HNI_LAYER_GLOBAL_AVG_POOL);
    hni_add_dropout(m, "classifier.0", 0.2);
    hni_add_dense(m, "classifier.1", classes);
}
