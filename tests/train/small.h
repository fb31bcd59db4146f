/* small.h - a data set and a network so small that an epoch takes milliseconds: 16×16 grey images, bright on the left or on the right. */
#ifndef HAEMNET_TEST_SMALL_H
#define HAEMNET_TEST_SMALL_H

#include "../host.h"
#include "../test.h"
#include "base/memory.h"
#include "base/random.h"
#include "haemnet/haemnet.h"

static hn_error err;

static inline hn_context *small_context(int32_t threads) {
    hn_context_options options = {.struct_size = sizeof options, .threads = threads, .plugin_dir = ""};
    hn_context *ctx = NULL;
    test_host_apply(&options);
    ck_ok(hn_context_create(&options, &ctx, &err));
    return ctx;
}

/* n images of two classes, in memory, each a patient of its own. */
static inline hn_dataset *small_data(hn_context *ctx, int n, uint32_t salt) {
    hn_dataset *ds = NULL;
    ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
    for (int i = 0; i < n; i++) {
        uint8_t pixels[16 * 16];
        hni_random r;
        char patient[32];
        hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, salt, (uint32_t)i);
        for (int p = 0; p < 256; p++) pixels[p] = (uint8_t)(hni_random_below(&r, 90) + ((p % 16 < 8) == (i % 2) ? 110 : 20));
        hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_U8, .width = 16, .height = 16, .channels = 1, .data = pixels};
        hn_image *image = NULL;
        snprintf(patient, sizeof patient, "p%u-%d", salt, i);
        ck_ok(hn_image_wrap(ctx, &raw, &image, &err));
        ck_ok(hn_dataset_add_image(ds, image, i % 2 ? "haemorrhage" : "no_haemorrhage", patient, &err));
        hn_image_free(image);
    }
    return ds;
}

static inline hn_model *small_model(hn_context *ctx, int32_t hidden) {
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    hn_model_options options = {
        .struct_size = sizeof options, .width = 16, .height = 16, .channels = 1, .hidden = hidden, .class_names = names, .positive = 1};
    options.seed = 2; /* learns quickly; some first weights of so small a network hardly learn */
    hn_model *model = NULL;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &options, &model, &err));
    return model;
}

/* The model file's bytes; the caller frees them. */
static inline uint8_t *model_bytes(const hn_model *model, size_t *size) {
    ck_ok(hn_model_save_memory(model, NULL, 0, size, &err));
    uint8_t *bytes = malloc(*size);
    ck_ok(hn_model_save_memory(model, bytes, *size, size, &err));
    return bytes;
}

static inline void ck_same_model(hn_trainer *a, hn_trainer *b, int32_t which) {
    hn_model *ma = NULL, *mb = NULL;
    size_t na, nb;
    ck_ok(hn_trainer_model(a, which, &ma, &err));
    ck_ok(hn_trainer_model(b, which, &mb, &err));
    uint8_t *xa = model_bytes(ma, &na), *xb = model_bytes(mb, &nb);
    ck_assert_msg(na == nb && !memcmp(xa, xb, na), "the model files differ");
    free(xa), free(xb);
    hn_model_free(ma), hn_model_free(mb);
}

#endif
