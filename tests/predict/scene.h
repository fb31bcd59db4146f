/* scene.h - what the tests of prediction share, by public calls only: a context, small TinyVGG models, images of every type and of odd
 * sizes, results that can be compared bit for bit. */
#ifndef HAEMNET_TESTS_PREDICT_SCENE_H
#define HAEMNET_TESTS_PREDICT_SCENE_H

#include <math.h>
#include <stdbool.h>

#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"

enum { SIDE = 16, MOST = 6 }; /* px of the models' input; the most classes */

static hn_context *ctx;
static hn_error err;

static inline hn_context *new_context(const hn_context_options *options) {
    hn_context *context = NULL;
    hn_context_options o = {.struct_size = sizeof o, .threads = 2};
    if (options) o = *options;
    o.plugin_dir = "";
    test_host_apply(&o);
    ck_ok(hn_context_create(&o, &context, &err));
    return context;
}

static inline void set_up(void) {
    memset(&err, 0, sizeof err);
    ctx = new_context(NULL);
}

/* Whatever a test made is freed by it: the context must be the last one standing. */
static inline void tear_down(void) {
    hn_context_free(ctx);
    ctx = NULL;
}

static inline hn_model *new_model(hn_context *context, const hn_model_options *options) {
    hn_model *model = NULL;
    hn_model_options o = {.struct_size = sizeof o};
    if (options) o = *options;
    o.struct_size = sizeof o;
    o.width = o.height = SIDE;
    if (!o.hidden) o.hidden = 4;
    o.seed = test_seed();
    ck_ok(hn_model_preset(context, "tinyvgg", &o, &model, &err));
    return model;
}

static inline hn_predictor *new_predictor(const hn_model *model, int32_t max_batch, double threshold) {
    hn_predictor *p = NULL;
    hn_predictor_options o = {.struct_size = sizeof o, .max_batch = max_batch, .threshold = threshold, .device = "reference"};
    ck_ok(hn_predictor_create(model, &o, &p, &err));
    return p;
}

static inline uint32_t noise(uint32_t a, uint32_t b) {
    uint32_t x = a * 2654435761u ^ (b + 0x9e3779b9u) * 2246822519u;
    x ^= x >> 15;
    x *= 2246822519u;
    return x ^ x >> 13;
}

static inline hn_image *wrap(hn_context *context, hn_pixels pixels, const void *data) {
    hn_image *image = NULL;
    pixels.struct_size = sizeof pixels;
    pixels.data = data;
    ck_ok(hn_image_wrap(context, &pixels, &image, &err));
    return image;
}

/* Image number i: its type goes round with i (u8 grey, u8 RGB, u16, i16 HU, f32 levels, f32 HU), its size with other steps. */
enum { KINDS = 6 };
static inline hn_image *new_image(hn_context *context, uint32_t i) {
    static const int32_t types[KINDS] = {HN_PIXEL_U8, HN_PIXEL_U8, HN_PIXEL_U16, HN_PIXEL_I16, HN_PIXEL_F32, HN_PIXEL_F32};
    uint32_t kind = i % KINDS, w = 1 + (i * 13 + 15) % 53, h = 1 + (i * 7 + 15) % 41, channels = kind == 1 ? 3 : 1, n = w * h * channels;
    uint8_t *u8 = malloc(n * 4);
    ck_assert_ptr_nonnull(u8);
    uint16_t *u16 = (void *)u8;
    int16_t *i16 = (void *)u8;
    float *f32 = (void *)u8;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t r = noise(i, k);
        if (kind < 2) u8[k] = (uint8_t)r;
        if (kind == 2) u16[k] = (uint16_t)r;
        if (kind == 3) i16[k] = (int16_t)(r % 200 + 980); /* about 0 … 80 HU after the intercept, and some outside */
        if (kind == 4) f32[k] = (float)(r % 1000) / 999.0f;
        if (kind == 5) f32[k] = (float)(r % 200) - 60.0f;
    }
    hn_pixels p = {.type = types[kind], .width = (int32_t)w, .height = (int32_t)h, .channels = (int32_t)channels};
    if (kind == 3) p.slope = 1, p.intercept = -1024;
    if (kind == 5) p.flags = HN_PIXELS_HU;
    hn_image *image = wrap(context, p, u8);
    free(u8);
    return image;
}

/* An 8-bit grey image of one level. */
static inline hn_image *flat_image(hn_context *context, uint8_t level) {
    uint8_t pixels[SIDE * SIDE];
    memset(pixels, level, sizeof pixels);
    return wrap(context, (hn_pixels){.type = HN_PIXEL_U8, .width = SIDE, .height = SIDE, .channels = 1}, pixels);
}

/* A result and room for its arrays. */
typedef struct verdict {
    hn_prediction p;
    float probabilities[MOST], logits[MOST];
} verdict;

/* Arrays begin as garbage, so that what is not written shows. */
static inline hn_prediction fresh(verdict *v) {
    memset(v, 0x5a, sizeof *v);
    return (hn_prediction){.struct_size = sizeof v->p, .probabilities = v->probabilities, .logits = v->logits, .capacity = MOST};
}

static inline verdict *predict(hn_predictor *p, const hn_image *image) {
    static verdict v;
    v.p = fresh(&v);
    ck_ok(hn_predict(p, image, &v.p, &err));
    return &v;
}

static inline bool same_double(double a, double b) { return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b)); }

/* Every field and every float, bit for bit. */
static inline void check_same(const verdict *a, const hn_prediction *b, const char *what, size_t i) {
    size_t bytes = (size_t)a->p.n_classes * sizeof(float);
    bool same = a->p.flags == b->flags && a->p.n_classes == b->n_classes && a->p.class_index == b->class_index &&
                a->p.status == b->status && a->p.labels == b->labels && same_double(a->p.probability, b->probability) &&
                same_double(a->p.positive, b->positive) && same_double(a->p.threshold, b->threshold) &&
                !memcmp(a->probabilities, b->probabilities, bytes) && !memcmp(a->logits, b->logits, bytes);
    ck_assert_msg(same, "%s: image %zu differs (class %d and %d, %.17g and %.17g)", what, i, a->p.class_index, b->class_index,
                  a->p.probability, b->probability);
}

#endif
