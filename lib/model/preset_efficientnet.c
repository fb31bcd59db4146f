/* preset_efficientnet.c - EfficientNet-Lite0 (Tan & Le 2019; the Lite variant of TensorFlow's TPU repository: no squeeze-and-excitation, ReLU6).
 *
 * Padding is TensorFlow's "same", which at stride 2 and an even size is one-sided: so the weights that Google trained need it. That, batch
 * norm's epsilon and the names of layers with weights are those of timm's tf_efficientnet_lite0; its efficientnet_lite0, with other weights,
 * pads both sides. */
#include <stdio.h>
#include <string.h>

#include "preset.h"

/* Wider by 1×1, each channel by itself, narrower by 1×1 without an activation; the input added where the shape is the same. */
static void inverted_residual(hni_maker *m, int32_t expand, int32_t filters, int32_t kernel, int32_t stride) {
    const int32_t input = m->value, channels = hni_maker_channels(m);
    if (expand > 1) {
        hni_add_conv(m, "conv_pw", channels * expand, 1, 1, 1);
        hni_add_norm(m, "bn1");
        hni_add_activation(m, "act1", HN_ACT_RELU6);
    }
    hni_add_conv(m, "conv_dw", channels * expand, kernel, stride, 0);
    hni_add_norm(m, expand > 1 ? "bn2" : "bn1");
    hni_add_activation(m, expand > 1 ? "act2" : "act1", HN_ACT_RELU6);
    hni_add_conv(m, expand > 1 ? "conv_pwl" : "conv_pw", filters, 1, 1, 1);
    hni_add_norm(m, expand > 1 ? "bn3" : "bn2");
    if (stride == 1 && channels == filters) hni_add_sum(m, "add", input);
}

static const struct {
    int32_t expand, filters, kernel, blocks, stride; /* of the first block */
} stages[] = {{1, 16, 3, 1, 1}, {6, 24, 3, 2, 2}, {6, 40, 5, 2, 2}, {6, 80, 3, 3, 2}, {6, 112, 5, 3, 1}, {6, 192, 5, 4, 2}, {6, 320, 3, 1, 1}};
enum { STAGES = sizeof stages / sizeof *stages };

void hni_add_efficientnet_lite0(hni_maker *m, int32_t hidden, int32_t classes) {
    (void)hidden;
    m->same = true;
    m->epsilon = 1e-3;
    hni_add_conv(m, "conv_stem", 32, 3, 2, 1);
    hni_add_norm(m, "bn1");
    hni_add_activation(m, "act1", HN_ACT_RELU6);
    for (int32_t s = 0; s < STAGES; s++)
        for (int32_t b = 0; b < stages[s].blocks; b++) {
            hni_maker_block(m, "blocks.%d.%d", s, b);
            inverted_residual(m, stages[s].expand, stages[s].filters, stages[s].kernel, b ? 1 : stages[s].stride);
        }
    hni_maker_block(m, "%s", "");
    hni_add_conv(m, "conv_head", 1280, 1, 1, 1);
    hni_add_norm(m, "bn2");
    hni_add_activation(m, "act2", HN_ACT_RELU6);
    hni_add_plain(m, "global_pool", HNI_LAYER_GLOBAL_AVG_POOL);
    hni_add_dropout(m, "dropout", 0.2);
    hni_add_dense(m, "classifier", classes);
}

/* "blocks.2.1.conv_pw.weight" is "_blocks.4._expand_conv.weight" to the package efficientnet_lite_pytorch, which counts blocks through. */
static bool other_block(const char *name, char *text, size_t size) {
    static const struct {
        const char *ours, *theirs;
    } parts[2][6] = {{{"conv_dw", "_depthwise_conv"}, {"bn1", "_bn1"}, {"conv_pw", "_project_conv"}, {"bn2", "_bn2"}},
                     {{"conv_pw", "_expand_conv"}, {"bn1", "_bn0"}, {"conv_dw", "_depthwise_conv"}, {"bn2", "_bn1"}, {"conv_pwl", "_project_conv"},
                      {"bn3", "_bn2"}}};
    char part[16], tail[24];
    int stage, block, place = 0;
    if (sscanf(name, "blocks.%d.%d.%15[^.].%23s", &stage, &block, part, tail) != 4 || stage < 0 || stage >= STAGES) return false;
    for (int s = 0; s < stage; s++) place += stages[s].blocks;
    for (int i = 0; i < 6; i++)
        if (parts[stage > 0][i].ours && !strcmp(part, parts[stage > 0][i].ours))
            return snprintf(text, size, "_blocks.%d.%s.%s", place + block, parts[stage > 0][i].theirs, tail) < (int)size;
    return false;
}

bool hni_efficientnet_other_name(const char *name, char *text, size_t size) {
    static const struct {
        const char *ours, *theirs;
    } parts[] = {{"conv_stem.", "_conv_stem."}, {"bn1.", "_bn0."}, {"conv_head.", "_conv_head."}, {"bn2.", "_bn1."}, {"classifier.", "_fc."}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t n = strlen(parts[i].ours);
        if (!strncmp(name, parts[i].ours, n)) return snprintf(text, size, "%s%s", parts[i].theirs, name + n) < (int)size;
    }
    return other_block(name, text, size);
}
