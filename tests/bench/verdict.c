/* verdict.c - the parts are timed through the functions that hn_image_decode and hn_predict call, the whole through these two. */
#include "verdict.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/status.h"
#include "model/model.h"
#include "models.h"
#include "phantoms.h"

hn_status verdict_create(hn_context *ctx, const char *device, const char *path, int32_t model_size, verdict **out, hn_error *err) {
    const net_spec spec = {"tinyvgg", model_size, 10, 1, HNI_MODE_PREDICT};
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 1, .device = device};
    verdict *v = calloc(1, sizeof *v);
    *out = NULL;
    if (!v) return hni_fail_memory(err, sizeof *v, "a verdict");
    v->ctx = ctx;
    hn_status status = read_whole(path, &v->bytes, &v->size, err);
    if (!status) status = bench_model(ctx, spec.model, spec.size, spec.hidden, &v->model, err);
    if (!status) status = hn_predictor_create(v->model, &o, &v->predictor, err);
    if (!status) status = hn_image_decode(ctx, v->bytes, v->size, NULL, &v->image, err);
    if (!status) status = net_create(ctx, device, &spec, &v->network, err);
    if (!status && !(v->pixels = malloc(hni_preproc_bytes(&v->model->preproc)))) status = hni_fail_memory(err, 0, "a tensor");
    if (status)
        verdict_free(v);
    else
        *out = v;
    return status;
}

hn_status verdict_run(void *state, hn_error *err) {
    verdict *v = state;
    float probabilities[2];
    hn_prediction p = {.struct_size = sizeof p, .probabilities = probabilities, .capacity = 2};
    hn_image *image;
    hn_status status = hn_image_decode(v->ctx, v->bytes, v->size, NULL, &image, err);
    if (status) return status;
    status = hn_predict(v->predictor, image, &p, err);
    hn_image_free(image);
    if (!status) v->probability = (double)probabilities[1];
    return status;
}

hn_status verdict_decode(void *state, hn_error *err) {
    verdict *v = state;
    hn_image *image;
    hn_status status = hn_image_decode(v->ctx, v->bytes, v->size, NULL, &image, err);
    if (!status) hn_image_free(image);
    return status;
}

hn_status verdict_resize(void *state, hn_error *err) {
    verdict *v = state;
    return hni_preproc_run(v->ctx, &v->model->preproc, v->image, v->pixels, err);
}

hn_status verdict_network(void *state, hn_error *err) {
    verdict *v = state;
    return net_run(v->network, err);
}

void verdict_free(void *state) {
    verdict *v = state;
    if (!v) return;
    net_free(v->network);
    hn_image_free(v->image);
    hn_predictor_free(v->predictor);
    hn_model_free(v->model);
    free(v->bytes);
    free(v->pixels);
    free(v);
}
