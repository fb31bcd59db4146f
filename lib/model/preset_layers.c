/* preset_layers.c - the maker of preset.h: each call fills one hni_layer, names it and hands it to the graph, which checks it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "preset.h"

void hni_maker_block(hni_maker *m, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(m->block, sizeof m->block, format, args);
    va_end(args);
}

static void add(hni_maker *m, const char *part, hni_layer layer) {
    if (m->status) return;
    const int n = snprintf(layer.name, sizeof layer.name, "%s%s%s", m->block, *m->block ? "." : "", part);
    layer.input[0] = m->value;
    m->status = n < (int)sizeof layer.name ? hni_graph_add(m->graph, &layer, &m->value, m->err)
                                           : hni_fail(m->err, HN_E_INTERNAL, "layer %.60s…: the preset's name is too long", layer.name);
}

int32_t hni_maker_channels(const hni_maker *m) { return (int32_t)m->graph->values[m->value].dims[1]; }

static hni_layer conv(int32_t filters, int32_t kernel, int32_t stride, int32_t groups) {
    return (hni_layer){.kind = HNI_LAYER_CONV2D, .input = {-1, -1}, .filters = filters,
                       .window = {.kernel = {kernel, kernel}, .stride = {stride, stride}, .padding = {kernel / 2, kernel / 2},
                                  .dilation = {1, 1}, .groups = groups}};
}

/* As many pixels as the stride divides the size into, rounded up; of an odd number of rows the last is below. */
static void pad_same(const hni_maker *m, hni_window2d *w) {
    for (int i = 0; i < 2; i++) {
        const int64_t size = m->graph->values[m->value].dims[2 + i], out = (size + w->stride[i] - 1) / w->stride[i];
        const int64_t rows = (out - 1) * w->stride[i] + w->kernel[i] - size;
        w->padding[i] = rows > 0 ? (int32_t)(rows / 2) : 0;
        w->extra_padding[i] = rows > 0 ? (int32_t)(rows % 2) : 0;
    }
}

void hni_add_conv(hni_maker *m, const char *part, int32_t filters, int32_t kernel, int32_t stride, int32_t groups) {
    hni_layer layer = conv(filters, kernel, stride, groups ? groups : filters);
    layer.no_bias = 1;
    if (m->same) pad_same(m, &layer.window);
    add(m, part, layer);
}

void hni_add_biased_conv(hni_maker *m, const char *part, int32_t filters, int32_t kernel) { add(m, part, conv(filters, kernel, 1, 1)); }

void hni_add_norm(hni_maker *m, const char *part) {
    add(m, part, (hni_layer){.kind = HNI_LAYER_BATCH_NORM, .input = {-1, -1}, .epsilon = m->epsilon, .momentum = m->momentum});
}

void hni_add_activation(hni_maker *m, const char *part, int32_t activation) {
    add(m, part, (hni_layer){.kind = HNI_LAYER_ACTIVATION, .input = {-1, -1}, .activation = activation});
}

static void add_pool(hni_maker *m, const char *part, int32_t kind, int32_t kernel, int32_t stride, int32_t padding) {
    add(m, part, (hni_layer){.kind = kind, .input = {-1, -1},
                             .window = {.kernel = {kernel, kernel}, .stride = {stride, stride}, .padding = {padding, padding},
                                        .dilation = {1, 1}, .groups = 1}});
}

void hni_add_max_pool(hni_maker *m, const char *part, int32_t kernel, int32_t stride, int32_t padding) {
    add_pool(m, part, HNI_LAYER_MAX_POOL2D, kernel, stride, padding);
}

void hni_add_avg_pool(hni_maker *m, const char *part, int32_t kernel, int32_t stride) {
    add_pool(m, part, HNI_LAYER_AVG_POOL2D, kernel, stride, 0);
}

void hni_add_sum(hni_maker *m, const char *part, int32_t other) {
    add(m, part, (hni_layer){.kind = HNI_LAYER_ADD, .input = {-1, other}});
}

void hni_add_concat(hni_maker *m, const char *part, int32_t first) {
    const int32_t second = m->value;
    m->value = first;
    add(m, part, (hni_layer){.kind = HNI_LAYER_CONCAT, .input = {-1, second}});
}

void hni_add_plain(hni_maker *m, const char *part, int32_t kind) { add(m, part, (hni_layer){.kind = kind, .input = {-1, -1}}); }

void hni_add_dropout(hni_maker *m, const char *part, double rate) {
    add(m, part, (hni_layer){.kind = HNI_LAYER_DROPOUT, .input = {-1, -1}, .rate = rate});
}

void hni_add_dense(hni_maker *m, const char *part, int32_t features) {
    add(m, part, (hni_layer){.kind = HNI_LAYER_DENSE, .input = {-1, -1}, .filters = features});
}
