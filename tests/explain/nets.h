/* nets.h - the two networks of tests/golden/gen_explain.py, made by the public builder, with weights by the same formula. */
#ifndef TESTS_EXPLAIN_NETS_H
#define TESTS_EXPLAIN_NETS_H

#include <math.h>

#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"
#include "model/model.h"

static hn_error err;

static inline uint32_t word(uint64_t stream, uint64_t index) {
    uint64_t z = stream * 0x9E3779B97F4A7C15u + index * 0xD1342543DE82EF95u + 1;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static inline hn_context *new_context(void) {
    hn_context *ctx;
    hn_context_options options = {.struct_size = sizeof options, .plugin_dir = "", .threads = 2};
    test_host_apply(&options);
    ck_ok(hn_context_create(&options, &ctx, &err));
    return ctx;
}

/* 16 × 16 px, one channel, three classes, mean 1/4, deviation 1/2. */
static inline hn_model_options model_options(void) {
    static const double mean = 0.25, deviation = 0.5;
    return (hn_model_options){.struct_size = sizeof(hn_model_options), .width = 16, .height = 16, .channels = 1, .n_classes = 3,
                              .hidden = 6, .mean = &mean, .deviation = &deviation};
}

/* A copy of the model whose weights are the generator's. Gives the old one back. */
static inline hn_model *with_formula(hn_model *m) {
    const hni_graph *g = m->graph;
    float *flat = calloc((size_t)g->total, sizeof *flat);
    uint64_t index = 0;
    hn_model *filled = NULL;
    for (size_t i = 0; i < g->n_params; i++) {
        const hni_param *p = &g->params[i];
        const char *dot = strrchr(p->name, '.');
        const bool positive = !strcmp(dot, ".running_var") || (p->rank == 1 && !strcmp(dot, ".weight"));
        for (int64_t k = 0; k < p->elements; k++) {
            const int32_t w = (int32_t)(word(1, index++) >> 17);
            flat[p->offset + k] = positive ? (float)w / 32768.0f + 0.5f : (float)(w - 16384) / 65536.0f;
        }
    }
    ck_ok(hni_model_with_weights(m, flat, NULL, &filled, &err));
    free(flat);
    hn_model_free(m);
    return filled;
}

static inline hn_model *tinyvgg(hn_context *ctx) {
    const hn_model_options o = model_options();
    hn_model *m = NULL;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &o, &m, &err));
    return with_formula(m);
}

static inline int32_t conv(hn_builder *b, int32_t x, const char *name, int32_t filters, int32_t groups, int32_t no_bias) {
    const hn_conv2d_options o = {.struct_size = sizeof o, .filters = filters, .padding = {1, 1}, .groups = groups, .no_bias = no_bias};
    ck_ok(hn_builder_conv2d(b, x, name, &o, &x, &err));
    return x;
}

static inline int32_t norm(hn_builder *b, int32_t x, const char *name) {
    ck_ok(hn_builder_batch_norm(b, x, name, 0, 0, &x, &err));
    return x;
}

static inline int32_t act(hn_builder *b, int32_t x, const char *name, int32_t activation) {
    ck_ok(hn_builder_activation(b, x, name, activation, &x, &err));
    return x;
}

static inline hn_model *residual(hn_context *ctx) {
    const hn_model_options o = model_options();
    hn_builder *b = NULL;
    hn_model *m = NULL;
    ck_ok(hn_builder_create(ctx, &o, &b, &err));
    const int32_t stem = act(b, norm(b, conv(b, 0, "stem", 4, 1, 0), "stem_norm"), "stem_act", HN_ACT_RELU);
    int32_t x = norm(b, conv(b, stem, "branch", 4, 2, 1), "branch_norm");
    ck_ok(hn_builder_add(b, stem, x, "mix", &x, &err));
    ck_ok(hn_builder_max_pool2d(b, act(b, x, "mix_act", HN_ACT_RELU), "pool", NULL, &x, &err));
    x = act(b, norm(b, conv(b, x, "deep", 6, 1, 0), "deep_norm"), "deep_act", HN_ACT_SILU);
    ck_ok(hn_builder_dropout(b, x, "drop", 0.5, &x, &err));
    ck_ok(hn_builder_global_avg_pool(b, x, "average", &x, &err));
    ck_ok(hn_builder_dense(b, x, "head", 3, 0, &x, &err));
    ck_ok(hn_builder_finish(b, x, &m, &err));
    hn_builder_free(b);
    return with_formula(m);
}

static inline hn_model *network(hn_context *ctx, int32_t number) {
    return number == 0 ? tinyvgg(ctx) : residual(ctx);
}

static inline hn_predictor *new_predictor(hn_model *m, const char *device, int32_t max_batch) {
    const hn_predictor_options o = {.struct_size = sizeof o, .device = device, .max_batch = max_batch};
    hn_predictor *p = NULL;
    ck_ok(hn_predictor_create(m, &o, &p, &err));
    return p;
}

static inline hn_image *wrap(hn_context *ctx, const uint8_t *pixels, int32_t width, int32_t height) {
    const hn_pixels p = {.struct_size = sizeof p, .type = HN_PIXEL_U8, .width = width, .height = height, .channels = 1, .data = pixels};
    hn_image *image = NULL;
    ck_ok(hn_image_wrap(ctx, &p, &image, &err));
    return image;
}

enum { WIDTH = 24, HEIGHT = 20, FLOATS = WIDTH * HEIGHT };

static inline int32_t far(int32_t x, int32_t y, int32_t a, int32_t b) {
    return (x - a) * (x - a) + (y - b) * (y - b);
}

/* A dark image with two bright spots and noise. */
static inline hn_image *new_image(hn_context *ctx, int32_t number) {
    uint8_t pixels[FLOATS];
    for (int32_t y = 0; y < HEIGHT; y++) {
        for (int32_t x = 0; x < WIDTH; x++) {
            const bool spot = far(x, y, 7 + number, 6) < 10 || far(x, y, 17, 12 + number) < 10;
            pixels[y * WIDTH + x] = (uint8_t)((word(300 + (uint64_t)number, (uint64_t)(y * WIDTH + x)) & 63) + (spot ? 150 : 30));
        }
    }
    return wrap(ctx, pixels, WIDTH, HEIGHT);
}

#endif
