/* single.c - TinyVGG on a wrapped image of random pixels. */
#include "single.h"

#include <stdlib.h>

#include "base/random.h"
#include "base/status.h"
#include "models.h"

static hn_status make_image(hn_context *ctx, int32_t size, hn_image **out, hn_error *err) {
    const size_t bytes = (size_t)size * (size_t)size * 3;
    uint8_t *data = malloc(bytes);
    if (!data) return hni_fail_memory(err, bytes, "an image");
    hni_random r;
    hni_random_init(&r, 1, HNI_RANDOM_TEST, 0, 0);
    for (size_t i = 0; i < bytes; i++) data[i] = (uint8_t)hni_random_below(&r, 256);
    const hn_pixels pixels = {
        .struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = size, .height = size, .channels = 3, .data = data};
    hn_status status = hn_image_wrap(ctx, &pixels, out, err);
    free(data);
    return status;
}

hn_status single_create(hn_context *ctx, const char *device, int32_t size, int32_t hidden, single **out, hn_error *err) {
    single *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return hni_fail_memory(err, sizeof *s, "a predictor");
    s->verdict.struct_size = sizeof s->verdict;
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 1, .device = device};
    hn_status status = bench_model(ctx, "tinyvgg", size, hidden, &s->model, err);
    if (!status) status = hn_predictor_create(s->model, &o, &s->predictor, err);
    if (!status) status = make_image(ctx, size, &s->image, err);
    if (status)
        single_free(s);
    else
        *out = s;
    return status;
}

hn_status single_run(void *state, hn_error *err) {
    single *s = state;
    return hn_predict(s->predictor, s->image, &s->verdict, err);
}

void single_free(void *state) {
    single *s = state;
    if (!s) return;
    hn_image_free(s->image);
    hn_predictor_free(s->predictor);
    hn_model_free(s->model);
    free(s);
}
