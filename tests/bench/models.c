/* models.c - TinyVGG is the library's preset; ResNet-18 and ResNet-50 are built layer by layer, as a user of builder.h would. */
#include "models.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"

typedef struct making { /* the first failure sticks */
    hn_builder *builder;
    hn_status status;
    hn_error *err;
} making;

static int32_t conv_norm(making *m, int32_t x, const char *conv, const char *norm, int32_t filters, int32_t kernel, int32_t stride) {
    hn_conv2d_options o = {
        .struct_size = sizeof o, .filters = filters, .kernel = {kernel, kernel}, .stride = {stride, stride}, .no_bias = 1};
    o.padding[0] = o.padding[1] = kernel / 2;
    int32_t y = -1;
    if (!m->status) m->status = hn_builder_conv2d(m->builder, x, conv, &o, &y, m->err);
    if (!m->status) m->status = hn_builder_batch_norm(m->builder, y, norm, 0, 0, &y, m->err);
    return y;
}

static int32_t relu(making *m, int32_t x, const char *name) {
    int32_t y = -1;
    if (!m->status) m->status = hn_builder_activation(m->builder, x, name, HN_ACT_RELU, &y, m->err);
    return y;
}

/* ReLU(BN(conv(ReLU(BN(conv x)))) + shortcut x); names are torchvision's. */
static int32_t basic_block(making *m, int32_t x, const char *name, int32_t filters, int32_t stride) {
    static const char *const parts[] = {"conv1", "bn1", "relu1", "conv2", "bn2", "add", "relu2", "downsample.0", "downsample.1"};
    enum { CONV1, BN1, RELU1, CONV2, BN2, ADD, RELU2, DOWN0, DOWN1, PARTS };
    char n[PARTS][64];
    for (int i = 0; i < PARTS; i++) snprintf(n[i], sizeof n[i], "%s.%s", name, parts[i]);
    int32_t y = relu(m, conv_norm(m, x, n[CONV1], n[BN1], filters, 3, stride), n[RELU1]), sum = -1;
    y = conv_norm(m, y, n[CONV2], n[BN2], filters, 3, 1);
    const int32_t shortcut = stride == 1 ? x : conv_norm(m, x, n[DOWN0], n[DOWN1], filters, 1, stride);
    if (!m->status) m->status = hn_builder_add(m->builder, y, shortcut, n[ADD], &sum, m->err);
    return relu(m, sum, n[RELU2]);
}

/* The same with a narrow 3×3 convolution between two of 1×1; the result is four times as wide as `filters`. */
static int32_t bottleneck(making *m, int32_t x, const char *name, int32_t filters, int32_t stride, bool first) {
    static const char *const parts[] = {"conv1", "bn1", "relu1", "conv2", "bn2", "relu2", "conv3", "bn3", "add", "relu3", "downsample.0", "downsample.1"};
    enum { CONV1, BN1, RELU1, CONV2, BN2, RELU2, CONV3, BN3, ADD, RELU3, DOWN0, DOWN1, PARTS };
    char n[PARTS][64];
    for (int i = 0; i < PARTS; i++) snprintf(n[i], sizeof n[i], "%s.%s", name, parts[i]);
    int32_t y = relu(m, conv_norm(m, x, n[CONV1], n[BN1], filters, 1, 1), n[RELU1]), sum = -1;
    y = relu(m, conv_norm(m, y, n[CONV2], n[BN2], filters, 3, stride), n[RELU2]);
    y = conv_norm(m, y, n[CONV3], n[BN3], 4 * filters, 1, 1);
    const int32_t shortcut = first ? conv_norm(m, x, n[DOWN0], n[DOWN1], 4 * filters, 1, stride) : x;
    if (!m->status) m->status = hn_builder_add(m->builder, y, shortcut, n[ADD], &sum, m->err);
    return relu(m, sum, n[RELU3]);
}

static hn_status resnet(hn_context *ctx, int32_t size, const int32_t blocks[4], bool deep, hn_model **out, hn_error *err) {
    hn_model_options o = {.struct_size = sizeof o, .width = size, .height = size, .channels = 3, .n_classes = 1000};
    hn_pool2d_options pool = {.struct_size = sizeof pool, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
    making m = {.err = err};
    if ((m.status = hn_builder_create(ctx, &o, &m.builder, err))) return m.status;
    int32_t v = relu(&m, conv_norm(&m, 0, "conv1", "bn1", 64, 7, 2), "relu");
    if (!m.status) m.status = hn_builder_max_pool2d(m.builder, v, "maxpool", &pool, &v, err);
    for (int stage = 0; stage < 4; stage++)
        for (int block = 0; block < blocks[stage]; block++) {
            const int32_t stride = stage && !block ? 2 : 1;
            char name[32];
            snprintf(name, sizeof name, "layer%d.%d", stage + 1, block);
            v = deep ? bottleneck(&m, v, name, 64 << stage, stride, !block) : basic_block(&m, v, name, 64 << stage, stride);
        }
    if (!m.status) m.status = hn_builder_global_avg_pool(m.builder, v, "avgpool", &v, err);
    if (!m.status) m.status = hn_builder_dense(m.builder, v, "fc", 1000, 0, &v, err);
    if (!m.status) m.status = hn_builder_finish(m.builder, v, out, err);
    hn_builder_free(m.builder);
    return m.status;
}

hn_status bench_model(hn_context *ctx, const char *name, int32_t size, int32_t hidden, hn_model **out, hn_error *err) {
    hn_model_options o = {.struct_size = sizeof o, .width = size, .height = size, .channels = 3, .hidden = hidden, .n_classes = 2};
    *out = NULL;
    if (!strcmp(name, "resnet18")) return resnet(ctx, size, (const int32_t[4]){2, 2, 2, 2}, false, out, err);
    if (!strcmp(name, "resnet50")) return resnet(ctx, size, (const int32_t[4]){3, 4, 6, 3}, true, out, err);
    return hn_model_preset(ctx, name, &o, out, err);
}
