/* parse.c - model file → model. The container was checked by safetensors_read.c; here the metadata is, with the same distrust: whatever
 * it says goes through the same doors as a caller's options and layers, and weights are taken only when every tensor fits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "keepsakes.h"
#include "metadata.h"

static bool read_int32(const hni_json *j, hni_json_value v, int32_t *out) {
    int64_t n;
    if (!hni_json_int(j, v, &n) || n < INT32_MIN || n > INT32_MAX) return false;
    *out = (int32_t)n;
    return true;
}

static bool read_pair(const hni_json *j, hni_json_value object, const char *key, int32_t out[2]) {
    hni_json_value v = hni_json_get(j, object, key);
    return hni_json_count(j, v) == 2 && read_int32(j, hni_json_at(j, v, 0), &out[0]) && read_int32(j, hni_json_at(j, v, 1), &out[1]);
}

static bool read_flag(const hni_json *j, hni_json_value object, const char *key, int32_t *out) {
    bool value;
    if (!hni_json_bool(j, hni_json_get(j, object, key), &value)) return false;
    *out = value;
    return true;
}

/* The constants of one layer; false if one is missing or of the wrong kind. */
static bool read_constants(const hni_json *j, hni_json_value v, hni_layer *l) {
    hni_window2d *w = &l->window;
    *w = (hni_window2d){.dilation = {1, 1}, .groups = 1};
    switch (l->kind) {
    case HNI_LAYER_CONV2D:
        if (!read_int32(j, hni_json_get(j, v, "filters"), &l->filters) || !read_int32(j, hni_json_get(j, v, "groups"), &w->groups) ||
            !read_pair(j, v, "dilation", w->dilation) || !read_flag(j, v, "bias", &l->no_bias))
            return false;
        l->no_bias = !l->no_bias;
        if (hni_json_get(j, v, "extra_padding") >= 0 && !read_pair(j, v, "extra_padding", w->extra_padding)) return false;
        return read_pair(j, v, "kernel", w->kernel) && read_pair(j, v, "stride", w->stride) && read_pair(j, v, "padding", w->padding);
    case HNI_LAYER_AVG_POOL2D:
        if (!read_flag(j, v, "exclude_padding", &w->exclude_padding)) return false; /* fall through */
    case HNI_LAYER_MAX_POOL2D:
        return read_pair(j, v, "kernel", w->kernel) && read_pair(j, v, "stride", w->stride) && read_pair(j, v, "padding", w->padding);
    case HNI_LAYER_DENSE:
        if (!read_int32(j, hni_json_get(j, v, "features"), &l->filters) || !read_flag(j, v, "bias", &l->no_bias)) return false;
        l->no_bias = !l->no_bias;
        return true;
    case HNI_LAYER_BATCH_NORM:
        return hni_json_double(j, hni_json_get(j, v, "epsilon"), &l->epsilon) &&
               hni_json_double(j, hni_json_get(j, v, "momentum"), &l->momentum);
    case HNI_LAYER_GROUP_NORM:
        return read_int32(j, hni_json_get(j, v, "groups"), &w->groups) && hni_json_double(j, hni_json_get(j, v, "epsilon"), &l->epsilon);
    case HNI_LAYER_ACTIVATION:
        return (l->activation = hni_activation_from_name(hni_json_string(j, hni_json_get(j, v, "function")))) != HN_ACT_NONE;
    case HNI_LAYER_DROPOUT: return hni_json_double(j, hni_json_get(j, v, "rate"), &l->rate);
    default: return true;
    }
}

static hn_status read_layer(const hni_json *j, hni_json_value v, int32_t index, hni_layer *l, hn_error *err) {
    const char *op = hni_json_string(j, hni_json_get(j, v, "op")), *name = hni_json_string(j, hni_json_get(j, v, "name"));
    hni_json_value in = hni_json_get(j, v, "in");
    int32_t inputs = hni_json_count(j, in);
    memset(l, 0, sizeof *l);
    l->kind = op ? hni_layer_kind_from_name(op) : 0;
    if (op && !l->kind) return hni_fail(err, HN_E_UNSUPPORTED, "layer %d: this version of libhaemnet knows no operator %.40s", index, op);
    if (!op || !name || strlen(name) >= sizeof l->name) return hni_fail(err, HN_E_FORMAT, "layer %d: operator or name is missing", index);
    memcpy(l->name, name, strlen(name) + 1);
    l->input[1] = -1;
    if (inputs != hni_layer_inputs(l) || !read_int32(j, hni_json_at(j, in, 0), &l->input[0]) ||
        (inputs == 2 && !read_int32(j, hni_json_at(j, in, 1), &l->input[1])))
        return hni_fail(err, HN_E_FORMAT, "layer %.60s: its inputs are missing or too many", name);
    if (!read_constants(j, v, l)) return hni_fail(err, HN_E_FORMAT, "layer %.60s: a constant is missing or of the wrong kind", name);
    return HN_OK;
}

static hn_status read_graph(const hni_json *j, hni_json_value root, hn_model *m, hn_error *err) {
    hni_json_value list = hni_json_get(j, root, "graph"), v = hni_json_first(j, list);
    int32_t n = hni_json_count(j, list), logits;
    if (!hni_json_is_array(j, list) || !read_int32(j, hni_json_get(j, root, "logits"), &logits))
        return hni_fail(err, HN_E_FORMAT, "the metadata has no graph or does not say which value the logits are");
    for (int32_t i = 0; i < n; i++, v = hni_json_next(j, v)) {
        hni_layer layer;
        int32_t value;
        hn_status status = read_layer(j, v, i, &layer, err);
        if (!status) status = hni_graph_add(m->graph, &layer, &value, err);
        if (status) return status;
    }
    return hni_graph_finish(m->graph, logits, m->n_classes, err);
}

/* Lists of the metadata, in the form that hn_model_options points to. */
typedef struct lists {
    const char **names;
    hn_window windows[HNI_PREPROC_CHANNELS];
    double mean[HNI_PREPROC_CHANNELS], deviation[HNI_PREPROC_CHANNELS];
} lists;

static bool read_doubles(const hni_json *j, hni_json_value list, int32_t n, double *out) {
    hni_json_value v = hni_json_first(j, list);
    if (!hni_json_is_array(j, list) || hni_json_count(j, list) != n) return false;
    for (int32_t i = 0; i < n; i++, v = hni_json_next(j, v))
        if (!hni_json_double(j, v, &out[i])) return false;
    return true;
}

/* Members that a file has only where the step is on. */
static bool read_steps(const hni_json *j, hni_json_value p, hn_model_options *o) {
    const hni_json_value slices = hni_json_get(j, p, "slices"), crop = hni_json_get(j, p, "crop_head"), median = hni_json_get(j, p, "median"),
                         gaussian = hni_json_get(j, p, "gaussian"), skull = hni_json_get(j, p, "strip_skull");
    bool strip = false;
    if (skull >= 0 && !hni_json_bool(j, skull, &strip)) return false;
    o->preproc_flags = strip ? HN_PREPROC_STRIP_SKULL : 0;
    o->crop_head = crop >= 0;
    return (slices < 0 || read_int32(j, slices, &o->slices)) && (crop < 0 || hni_json_double(j, crop, &o->crop_margin)) &&
           (median < 0 || read_int32(j, median, &o->median)) && (gaussian < 0 || hni_json_double(j, gaussian, &o->gaussian));
}

static hn_status read_preprocessing(const hni_json *j, hni_json_value root, hn_model_options *o, lists *store, hn_error *err) {
    hni_json_value p = hni_json_get(j, root, "preprocessing"), windows = hni_json_get(j, p, "windows");
    const char *resize = hni_json_string(j, hni_json_get(j, p, "resize"));
    if (!read_int32(j, hni_json_get(j, p, "width"), &o->width) || !read_int32(j, hni_json_get(j, p, "height"), &o->height) ||
        !read_int32(j, hni_json_get(j, p, "channels"), &o->channels) || o->width < 1 || o->height < 1 || o->channels < 1 ||
        o->channels > HNI_PREPROC_CHANNELS || !resize || !hni_json_is_array(j, windows))
        return hni_fail(err, HN_E_FORMAT, "the metadata's preprocessing is incomplete");
    if (!read_steps(j, p, o)) return hni_fail(err, HN_E_FORMAT, "a step of the metadata's preprocessing is of the wrong kind");
    if (strcmp(resize, HNI_RESIZE_NAME))
        return hni_fail(err, HN_E_UNSUPPORTED, "this version of libhaemnet does not resize as %.40s", resize);
    o->n_windows = hni_json_count(j, windows);
    if (o->n_windows > o->channels) return hni_fail(err, HN_E_FORMAT, "%d windows for %d channels", o->n_windows, o->channels);
    hni_json_value w = hni_json_first(j, windows);
    for (int32_t i = 0; i < o->n_windows; i++, w = hni_json_next(j, w)) {
        double both[2];
        if (!read_doubles(j, w, 2, both)) return hni_fail(err, HN_E_FORMAT, "window %d is not a pair of numbers", i);
        store->windows[i] = (hn_window){both[0], both[1]};
    }
    if (!read_doubles(j, hni_json_get(j, p, "mean"), o->channels, store->mean) ||
        !read_doubles(j, hni_json_get(j, p, "deviation"), o->channels, store->deviation))
        return hni_fail(err, HN_E_FORMAT, "mean or deviation is not a list of %d numbers", o->channels);
    o->windows = store->windows, o->mean = store->mean, o->deviation = store->deviation;
    return HN_OK;
}

static hn_status read_classes(hn_context *ctx, const hni_json *j, hni_json_value root, hn_model_options *o, lists *store, hn_error *err) {
    hni_json_value list = hni_json_get(j, root, "classes"), v = hni_json_first(j, list), positive = hni_json_get(j, root, "positive");
    const char *task = hni_json_string(j, hni_json_get(j, root, "task")), *name = hni_json_string(j, positive);
    o->n_classes = hni_json_count(j, list);
    if (!task || (strcmp(task, "single") && strcmp(task, "multi")) || o->n_classes < 1)
        return hni_fail(err, HN_E_FORMAT, "the metadata names no task or no classes");
    o->task = strcmp(task, "multi") ? HN_TASK_SINGLE : HN_TASK_MULTI;
    store->names = hni_calloc(ctx, (size_t)o->n_classes, sizeof *store->names);
    if (!store->names) return hni_fail_memory(err, (size_t)o->n_classes * sizeof *store->names, "class names");
    for (int32_t k = 0; k < o->n_classes; k++, v = hni_json_next(j, v)) {
        if (!(store->names[k] = hni_json_string(j, v))) return hni_fail(err, HN_E_FORMAT, "the name of class %d is not a string", k);
        if (name && !strcmp(name, store->names[k])) o->positive = k + 1;
    }
    size_t size;
    const char *raw = hni_json_raw(j, positive, &size);
    if (!name && (!raw || size != 4 || memcmp(raw, "null", 4)))
        return hni_fail(err, HN_E_FORMAT, "the positive class is neither a name nor null");
    if (name && !o->positive) return hni_fail(err, HN_E_FORMAT, "the positive class, %.60s, is none of the classes", name);
    o->class_names = store->names;
    return HN_OK;
}

/* Digits and nothing else: strtoull alone takes -1 for the largest number, and that for all that are larger. */
static bool read_seed(const char *text, uint64_t *seed) {
    char *end;
    if (!text || *text < '0' || *text > '9') return false;
    errno = 0;
    *seed = strtoull(text, &end, 10);
    return !errno && !*end;
}

static hn_status read_options(hn_context *ctx, const hni_json *j, hni_json_value root, hn_model_options *o, lists *store, hn_error *err) {
    hn_status status = read_classes(ctx, j, root, o, store, err);
    if (!status) status = read_preprocessing(j, root, o, store, err);
    if (status) return status;
    if (!hni_json_double(j, hni_json_get(j, root, "threshold"), &o->threshold) || !(o->threshold > 0 && o->threshold < 1))
        return hni_fail(err, HN_E_FORMAT, "the metadata's threshold is missing or not between 0 and 1");
    if (!read_seed(hni_json_string(j, hni_json_get(j, root, "seed")), &o->seed))
        return hni_fail(err, HN_E_FORMAT, "the metadata's seed is missing or no whole number from 0 to 18446744073709551615, as text");
    return HN_OK;
}

static hn_status check_format(const hni_json *j, hni_json_value root, hn_error *err) {
    int64_t format;
    const char *kind = hni_json_string(j, hni_json_get(j, root, "kind"));
    if (kind && !strcmp(kind, "checkpoint"))
        return hni_fail(err, HN_E_UNSUPPORTED, "this is a training checkpoint, not a model: use the model.safetensors beside it");
    if (!hni_json_int(j, hni_json_get(j, root, "format"), &format) || format < 1)
        return hni_fail(err, HN_E_FORMAT, "the metadata names no format version");
    if (format > HNI_MODEL_FORMAT)
        return hni_fail(err, HN_E_UNSUPPORTED, "model format %lld is newer than this library, which knows up to %d: update libhaemnet",
                        (long long)format, HNI_MODEL_FORMAT);
    return HN_OK;
}

static hn_status copy_provenance(const hni_json *j, hni_json_value root, hn_model *m, hn_error *err) {
    size_t size;
    hni_json_value v = hni_json_get(j, root, "provenance");
    if (!hni_json_is_object(j, v)) return hni_fail(err, HN_E_FORMAT, "the metadata's provenance is no object");
    const char *raw = hni_json_raw(j, v, &size);
    hni_free(m->ctx, m->provenance);
    m->provenance = hni_strndup(m->ctx, raw, size);
    return m->provenance ? HN_OK : hni_fail_memory(err, size, "a model's provenance");
}

static hn_status read_model(hn_context *ctx, const hni_json *j, const hni_safetensors *file, hn_model **out, hn_error *err) {
    hni_json_value root = hni_json_root(j);
    hn_model_options options = {.struct_size = sizeof options};
    lists store = {0};
    const char *preset = hni_json_string(j, hni_json_get(j, root, "preset"));
    hn_status status = check_format(j, root, err);
    if (!status && (!preset || strlen(preset) >= sizeof(*out)->preset))
        status = hni_fail(err, HN_E_FORMAT, "the metadata's preset is no name");
    if (!status) status = read_options(ctx, j, root, &options, &store, err);
    if (!status) status = hni_model_new(ctx, &options, preset, out, err);
    hni_free(ctx, store.names);
    if (!status) status = read_graph(j, root, *out, err);
    if (!status) status = copy_provenance(j, root, *out, err);
    if (!status) status = hni_model_read_calibration(j, root, *out, err);
    if (!status) status = hni_traces_read(ctx, j, root, "training_set", &(*out)->traces, err);
    if (!status) status = hni_traces_read(ctx, j, root, "tuning_set", &(*out)->tuned, err);
    if (!status) status = hni_familiar_read(ctx, j, root, &(*out)->familiar, err);
    if (!status) status = hni_model_take_weights(*out, file, true, err);
    return status;
}

/* What the doors for callers call a bad argument is, in a file, a bad format. */
static hn_status reblame(hn_error *err) {
    if (err) err->status = HN_E_FORMAT;
    return HN_E_FORMAT;
}

hn_status hni_model_parse(hn_context *ctx, const uint8_t *bytes, size_t size, hn_model **out, hn_error *err) {
    hni_safetensors file;
    hni_json *json = NULL;
    hn_model *model = NULL;
    hn_status status = hni_safetensors_parse(ctx, bytes, size, &file, err);
    if (status) return status;
    if (!file.metadata)
        status =
            hni_fail(err, HN_E_UNSUPPORTED, "plain safetensors without haemnet metadata: name the network and import it (haemnet import)");
    else
        status = hni_json_parse(ctx, file.metadata, strlen(file.metadata), &json, err);
    if (!status) status = read_model(ctx, json, &file, &model, err);
    hni_json_free(json);
    hni_safetensors_free(&file);
    if (status) {
        if (status == HN_E_ARGUMENT) status = reblame(err);
        hni_model_unref(model);
        return status;
    }
    *out = model;
    return HN_OK;
}
