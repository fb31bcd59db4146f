/* model.c - the public calls of model.h. */
#include "base/files.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "data/statistics.h"
#include "model/model.h"
#include "structs.h"
#include "summary.h"

/* Model files are read whole; four bytes for each weight that a graph may have, and room for the header. */
#define MAX_MODEL_BYTES ((uint64_t)HNI_MAX_WEIGHTS * 4 + (32u << 20))

/* NULL options are all defaults; others must have a published size. */
static hn_status take_options(const hn_model_options *options, hn_model_options *out, hn_error *err) {
    hn_status status = options ? HNI_CHECK(options, hn_model_options, err) : HN_OK;
    if (!status) hni_take(out, sizeof *out, options);
    return status;
}

hn_status hn_model_preset(hn_context *context, const char *preset, const hn_model_options *options, hn_model **out, hn_error *err) {
    hn_model_options o;
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_model_preset: out is NULL");
    *out = NULL;
    if (!context || !preset) return hni_fail(err, HN_E_ARGUMENT, "hn_model_preset: context or preset is NULL");
    hn_status status = take_options(options, &o, err);
    return status ? status : hni_model_preset(context, preset, &o, out, err);
}

hn_status hn_preset_get(int32_t index, hn_preset_info *out, hn_error *err) {
    hn_preset_info info;
    hn_status status = HNI_CHECK(out, hn_preset_info, err);
    if (!status) status = hni_preset_get(index, &info, err);
    if (!status) hni_give(out, &info, sizeof info);
    return status;
}

/* Reads a file and hands its bytes to `use`; errors name the file. */
static hn_status with_file(hn_context *ctx, const char *path, const char *preset, const hn_model_options *o, hn_model **out,
                           hn_error *err) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    hn_status status = hni_file_read(ctx, path, MAX_MODEL_BYTES, &bytes, &size, err);
    if (status) return status;
    status = preset ? hni_model_import(ctx, bytes, size, preset, o, out, err) : hni_model_parse(ctx, bytes, size, out, err);
    hni_free(ctx, bytes);
    if (status) hni_error_prefix(err, "%s", path);
    return status;
}

hn_status hn_model_load(hn_context *context, const char *path, hn_model **out, hn_error *err) {
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_model_load: out is NULL");
    *out = NULL;
    if (!context || !path) return hni_fail(err, HN_E_ARGUMENT, "hn_model_load: context or path is NULL");
    return with_file(context, path, NULL, NULL, out, err);
}

hn_status hn_model_load_memory(hn_context *context, const void *bytes, size_t size, hn_model **out, hn_error *err) {
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_model_load_memory: out is NULL");
    *out = NULL;
    if (!context || !bytes) return hni_fail(err, HN_E_ARGUMENT, "hn_model_load_memory: context or bytes is NULL");
    return hni_model_parse(context, bytes, size, out, err);
}

hn_status hn_model_import(hn_context *context, const char *path, const char *preset, const hn_model_options *options, hn_model **out,
                          hn_error *err) {
    hn_model_options o;
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_model_import: out is NULL");
    *out = NULL;
    if (!context || !path || !preset) return hni_fail(err, HN_E_ARGUMENT, "hn_model_import: context, path or preset is NULL");
    hn_status status = take_options(options, &o, err);
    return status ? status : with_file(context, path, preset, &o, out, err);
}

hn_status hn_model_save(const hn_model *model, const char *path, hn_error *err) {
    if (!model || !path) return hni_fail(err, HN_E_ARGUMENT, "hn_model_save: model or path is NULL");
    return hni_model_write(model, path, err);
}

/* The two-call size rule for bytes that are made anew each time. */
static hn_status copy_out(const void *data, size_t size, void *dst, size_t cap, size_t *need, hn_error *err) {
    if (need) *need = size;
    if (!dst) return HN_OK;
    if (cap < size) return hni_fail(err, HN_E_BUFFER, "the buffer has %zu bytes, %zu are needed", cap, size);
    memcpy(dst, data, size);
    return HN_OK;
}

hn_status hn_model_save_memory(const hn_model *model, void *dst, size_t cap, size_t *need, hn_error *err) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (!model || !need) return hni_fail(err, HN_E_ARGUMENT, "hn_model_save_memory: model or need is NULL");
    hn_status status = hni_model_bytes(model, &bytes, &size, err);
    if (!status) status = copy_out(bytes, size, dst, cap, need, err);
    hni_free(model->ctx, bytes);
    return status;
}

static hn_status digest(const hn_model *m, uint64_t out[4], hn_error *err) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    hni_sha256 hash;
    hn_status status = hni_model_bytes(m, &bytes, &size, err);
    if (status) return status;
    hni_sha256_init(&hash);
    hni_sha256_add(&hash, bytes, size);
    hni_sha256_end(&hash, out);
    hni_free(m->ctx, bytes);
    return HN_OK;
}

hn_status hn_model_get_info(const hn_model *model, hn_model_info *out, hn_error *err) {
    hn_model_info info = {0};
    if (!model) return hni_fail(err, HN_E_ARGUMENT, "hn_model_get_info: model is NULL");
    hn_status status = HNI_CHECK(out, hn_model_info, err);
    if (!status) status = digest(model, info.digest, err);
    if (status) return status;
    info.width = model->preproc.width, info.height = model->preproc.height, info.channels = model->preproc.channels;
    info.task = model->task, info.n_classes = model->n_classes, info.positive = model->positive;
    info.n_layers = (int32_t)model->graph->n_layers, info.n_tensors = (int32_t)model->graph->n_params;
    info.threshold = model->threshold;
    info.parameters = model->graph->parameters;
    for (size_t l = 0; l < model->graph->n_layers; l++)
        info.multiply_adds += hni_layer_multiply_adds(model->graph, &model->graph->layers[l]);
    memcpy(info.preset, model->preset, sizeof info.preset);
    hni_give(out, &info, sizeof info);
    return HN_OK;
}

const char *hn_model_class_name(const hn_model *model, int32_t index) {
    return model && index >= 0 && index < model->n_classes ? model->class_names[index] : NULL;
}

hn_status hn_model_get_layer(const hn_model *model, int32_t index, hn_layer_info *out, hn_error *err) {
    hn_layer_info info = {0};
    if (!model) return hni_fail(err, HN_E_ARGUMENT, "hn_model_get_layer: model is NULL");
    hn_status status = HNI_CHECK(out, hn_layer_info, err);
    if (status) return status;
    if (index < 0 || (size_t)index >= model->graph->n_layers)
        return hni_fail(err, HN_E_NOT_FOUND, "layer %d: the network has %zu", index, model->graph->n_layers);
    hni_layer_describe(model->graph, index, &info);
    hni_give(out, &info, sizeof info);
    return HN_OK;
}

static hn_status find_tensor(const hn_model *model, int32_t index, const hni_param **out, hn_error *err) {
    if (!model) return hni_fail(err, HN_E_ARGUMENT, "the model is NULL");
    if (index < 0 || (size_t)index >= model->graph->n_params)
        return hni_fail(err, HN_E_NOT_FOUND, "tensor %d: the network has %zu", index, model->graph->n_params);
    *out = &model->graph->params[index];
    return HN_OK;
}

hn_status hn_model_get_tensor(const hn_model *model, int32_t index, hn_tensor_info *out, hn_error *err) {
    hn_tensor_info info = {0};
    const hni_param *param = NULL;
    hn_status status = HNI_CHECK(out, hn_tensor_info, err);
    if (!status) status = find_tensor(model, index, &param, err);
    if (status) return status;
    info.rank = param->rank, info.elements = param->elements, info.trainable = param->trainable;
    memcpy(info.shape, param->shape, sizeof info.shape);
    memcpy(info.name, param->name, sizeof info.name);
    hni_give(out, &info, sizeof info);
    return HN_OK;
}

hn_status hn_model_copy_tensor(const hn_model *model, int32_t index, float *dst, size_t count, hn_error *err) {
    const hni_param *param = NULL;
    hn_status status = find_tensor(model, index, &param, err);
    if (status) return status;
    if (!dst) return hni_fail(err, HN_E_ARGUMENT, "hn_model_copy_tensor: dst is NULL");
    size_t room;
    if (!hni_mul(count, sizeof *dst, &room)) room = SIZE_MAX; /* more than any tensor needs */
    return copy_out(model->weights + param->offset, (size_t)param->elements * sizeof *dst, dst, room, NULL, err);
}

hn_status hn_model_summary(const hn_model *model, int32_t batch, char *dst, size_t cap, size_t *need, hn_error *err) {
    hni_text text;
    if (!model) return hni_fail(err, HN_E_ARGUMENT, "hn_model_summary: model is NULL");
    if (batch < 0) return hni_fail(err, HN_E_ARGUMENT, "hn_model_summary: a batch of %d images", batch);
    if (batch > 65536) return hni_fail(err, HN_E_LIMIT, "batch of %d images: the limit is 65536", batch);
    hni_text_init(&text, model->ctx);
    hn_status status = hni_model_summary(model, batch ? batch : 1, &text, err);
    if (!status) status = hni_summary_add_memory(&text, model, batch ? batch : 1, err);
    if (!status && text.failed) status = hni_fail_memory(err, text.size, "a summary");
    if (!status) status = copy_out(text.data, text.size + 1, dst, cap, need, err);
    hni_text_free(&text);
    return status;
}

hn_status hn_model_metadata(const hn_model *model, char *dst, size_t cap, size_t *need, hn_error *err) {
    hni_text text;
    if (!model) return hni_fail(err, HN_E_ARGUMENT, "hn_model_metadata: model is NULL");
    hni_text_init(&text, model->ctx);
    hn_status status = hni_model_metadata(model, &text, err);
    if (!status) status = copy_out(text.data, text.size + 1, dst, cap, need, err);
    hni_text_free(&text);
    return status;
}

void hn_model_free(hn_model *model) { hni_model_unref(model); }

hn_status hn_dataset_statistics(hn_dataset *dataset, const hn_model_options *options, hn_cancel *cancel, double *mean, double *deviation,
                                int32_t capacity, int64_t *images, hn_error *err) {
    hn_model_options o;
    hni_preproc pre;
    double m[HNI_PREPROC_CHANNELS], d[HNI_PREPROC_CHANNELS];
    int64_t n = 0;
    if (!dataset || !mean || !deviation)
        return hni_fail(err, HN_E_ARGUMENT, "hn_dataset_statistics: %s is NULL", dataset ? "mean or deviation" : "dataset");
    hn_status status = take_options(options, &o, err);
    if (status) return status;
    o.mean = o.deviation = NULL; /* of no account here */
    status = hni_model_preproc(&o, &pre, err);
    if (!status && capacity < pre.channels)
        status = hni_fail(err, HN_E_BUFFER, "hn_dataset_statistics: room for %d channels, there are %d", capacity, pre.channels);
    if (!status) status = hni_dataset_statistics(dataset, &pre, cancel, m, d, &n, err);
    if (status) return status;
    memcpy(mean, m, (size_t)pre.channels * sizeof *mean);
    memcpy(deviation, d, (size_t)pre.channels * sizeof *deviation);
    if (images) *images = n;
    return HN_OK;
}
