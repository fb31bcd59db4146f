/* transfer.c - a fresh model of a preset, then the numbers of a file of weights in all layers but the last.
 *
 * First every tensor of the network and of the file gets its line, so that a user sees all that does not fit at once. Numbers are copied only
 * when a model is asked for, and the verdict over the whole list allows it. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/sha256.h"
#include "base/status.h"
#include "base/utf8.h"
#include "transfer.h"

static bool same_shape(const hni_param *param, const hni_tensor_ref *ref, int first) {
    return ref->rank == param->rank && !memcmp(ref->shape + first, param->shape + first, (size_t)(4 - first) * sizeof *ref->shape);
}

/* The weight of a convolution that sees the input, with another number of channels in the file. */
static bool is_stem(const hni_graph *graph, const hni_param *param, const hni_tensor_ref *ref) {
    const hni_layer *layer = &graph->layers[param->layer];
    return layer->kind == HNI_LAYER_CONV2D && layer->input[0] == 0 && layer->window.groups == 1 && param->rank == 4 && ref->rank == 4 &&
           ref->shape[0] == param->shape[0] && ref->shape[1] >= 1 && same_shape(param, ref, 2);
}

static int32_t judge(const hni_graph *graph, const hni_param *param, const hni_tensor_ref *ref) {
    if (graph->layers[param->layer].output == graph->logits) return HN_TENSOR_NEW_HEAD;
    if (!ref) return HN_TENSOR_MISSING;
    if (!hni_is_float(ref)) return HN_TENSOR_MISMATCH;
    if (same_shape(param, ref, 0)) return strcmp(ref->type, "F32") ? HN_TENSOR_CONVERTED : HN_TENSOR_TAKEN;
    return is_stem(graph, param, ref) ? HN_TENSOR_ADAPTED : HN_TENSOR_MISMATCH;
}

static bool is_bookkeeping(const char *name) {
    static const char tail[] = "num_batches_tracked";
    const size_t length = strlen(name), n = sizeof tail - 1;
    return length >= n && !strcmp(name + length - n, tail) && (length == n || name[length - n - 1] == '.');
}

static void add_line(hn_transfer *t, int32_t what, const char *name, const hni_param *param, const hni_tensor_ref *ref) {
    hn_transfer_line *line = &t->lines[t->n_lines++];
    *line = (hn_transfer_line){.what = what, .rank = param ? param->rank : -1, .file_rank = ref ? ref->rank : -1};
    for (int i = 0; i < 4; i++) {
        line->shape[i] = param ? param->shape[i] : 1;
        line->file_shape[i] = ref ? ref->shape[i] : 1;
    }
    snprintf(line->type, sizeof line->type, "%s", ref ? ref->type : "");
    const int length = snprintf(line->name, sizeof line->name, "%s", name);
    if (length >= (int)sizeof line->name) line->name[hni_utf8_cut(line->name, sizeof line->name - 1)] = 0;
    hni_utf8_clean(line->name, strlen(line->name)); /* a file's name may be anything, and lines are printed */
    t->count[what]++;
}

static void compare(hn_transfer *t) {
    const hni_graph *graph = t->model->graph;
    const hni_safetensors *file = &t->file;
    int64_t *known = t->from + graph->n_params;
    for (size_t i = 0; i < graph->n_params; i++) {
        const hni_param *param = &graph->params[i];
        const int64_t at = t->from[i] = hni_find_weights(t->model, file, param->name);
        const hni_tensor_ref *ref = at < 0 ? NULL : &file->tensors[at];
        if (ref) known[at] = 1;
        add_line(t, judge(graph, param, ref), param->name, param, ref);
    }
    for (size_t i = 0; i < file->n; i++)
        if (!known[i])
            add_line(t, is_bookkeeping(file->tensors[i].name) ? HN_TENSOR_IGNORED : HN_TENSOR_UNEXPECTED, file->tensors[i].name, NULL,
                     &file->tensors[i]);
}

static hn_status refuse(const hn_transfer_line *line, int32_t misfits, int32_t all, hn_error *err) {
    char want[96], have[96];
    const hn_tensor_desc w = hni_tensor(HN_DTYPE_F32, line->rank, line->shape[0], line->shape[1], line->shape[2], line->shape[3]);
    const hn_tensor_desc h = hni_tensor(HN_DTYPE_F32, line->file_rank, line->file_shape[0], line->file_shape[1], line->file_shape[2], line->file_shape[3]);
    hni_shape_text(&w, want, sizeof want);
    hni_shape_text(&h, have, sizeof have);
    if (line->what == HN_TENSOR_MISSING)
        return hni_fail(err, HN_E_NOT_FOUND, "%d of %d tensors do not fit; the first: %.60s is not in the file", misfits, all, line->name);
    if (line->what == HN_TENSOR_UNEXPECTED)
        return hni_fail(err, HN_E_FORMAT, "%d of %d tensors do not fit; the first: %.60s is of no layer of the network", misfits, all, line->name);
    return hni_fail(err, HN_E_SHAPE, "%d of %d tensors do not fit; the first: %.60s is %s %s in the file but F32 %s in the network", misfits, all,
                    line->name, line->type, line->file_rank ? have : "[]", want);
}

static hn_status verdict(const hn_transfer *t, int32_t flags, hn_error *err) {
    const int32_t misfits = t->count[HN_TENSOR_MISSING] + t->count[HN_TENSOR_MISMATCH] + t->count[HN_TENSOR_UNEXPECTED];
    const int32_t fits = t->count[HN_TENSOR_TAKEN] + t->count[HN_TENSOR_CONVERTED] + t->count[HN_TENSOR_ADAPTED];
    if (flags & HN_TRANSFER_PARTIAL) return fits ? HN_OK : hni_fail(err, HN_E_NOT_FOUND, "no tensor of the file fits the network");
    for (int32_t i = 0; misfits; i++)
        if (t->lines[i].what >= HN_TENSOR_MISSING) return refuse(&t->lines[i], misfits, t->n_lines, err);
    return HN_OK;
}

/* One channel: the sum over the file's, as grey is red, green and blue alike. More: the file's in turn, so that the sum stays what it was. */
static void adapt(const hni_param *param, const hni_tensor_ref *ref, const float *source, float *weights) {
    const int64_t taps = param->shape[2] * param->shape[3], channels = param->shape[1], theirs = ref->shape[1];
    for (int64_t k = 0; k < param->shape[0]; k++)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t t = 0; t < taps; t++) {
                const float *tap = source + k * theirs * taps + t;
                double sum = 0;
                for (int64_t s = 0; s < theirs; s++) sum += (double)tap[s * taps];
                const double share = (double)tap[c % theirs * taps] * (double)theirs / (double)channels;
                weights[(k * channels + c) * taps + t] = (float)(channels == 1 ? sum : share);
            }
}

static hn_status take_stem(const hn_transfer *t, const hni_param *param, const hni_tensor_ref *ref, hn_error *err) {
    const int64_t n = param->elements / param->shape[1] * ref->shape[1];
    float *source = hni_alloc(t->ctx, (size_t)n * sizeof *source);
    if (!source) return hni_fail_memory(err, (size_t)n * sizeof *source, "the first layer's weights");
    hni_to_float(ref, source);
    const hn_status status = hni_check_finite(param->name, source, n, err);
    if (!status) adapt(param, ref, source, t->model->weights + param->offset);
    hni_free(t->ctx, source);
    return status;
}

static hn_status take(const hn_transfer *t, hn_error *err) {
    hn_status status = HN_OK;
    for (size_t i = 0; i < t->model->graph->n_params && !status; i++) {
        const hni_param *param = &t->model->graph->params[i];
        float *values = t->model->weights + param->offset;
        const int32_t what = t->lines[i].what;
        if (what == HN_TENSOR_ADAPTED) {
            status = take_stem(t, param, &t->file.tensors[t->from[i]], err);
        } else if (what == HN_TENSOR_TAKEN || what == HN_TENSOR_CONVERTED) {
            hni_to_float(&t->file.tensors[t->from[i]], values);
            status = hni_check_finite(param->name, values, param->elements, err);
        }
    }
    return status;
}

/* Where the numbers come from: the trainer hands it on (hni_model_backbone). */
static hn_status note_origin(const hn_transfer *t, hn_error *err) {
    uint64_t digest[4];
    hni_sha256 hash;
    hni_text text;
    hni_sha256_init(&hash);
    hni_sha256_add(&hash, t->bytes, t->size);
    hni_sha256_end(&hash, digest);
    hni_text_init(&text, t->ctx);
    hni_text_format(&text, "{\"backbone\":{\"digest\":\"%016llx%016llx%016llx%016llx\",\"tensors\":%d}}", (unsigned long long)digest[0],
                    (unsigned long long)digest[1], (unsigned long long)digest[2], (unsigned long long)digest[3],
                    t->count[HN_TENSOR_TAKEN] + t->count[HN_TENSOR_CONVERTED] + t->count[HN_TENSOR_ADAPTED]);
    char *copy = text.failed ? NULL : hni_strdup(t->ctx, text.data);
    hni_text_free(&text);
    if (!copy) return hni_fail_memory(err, 128, "a model's provenance");
    hni_free(t->ctx, t->model->provenance);
    t->model->provenance = copy;
    return HN_OK;
}

hn_status hni_transfer_model(hn_transfer *t, int32_t flags, hn_model **out, hn_error *err) {
    hn_model *m = t->model;
    hn_status status = verdict(t, flags, err);
    if (!status && !m->weights) {
        status = hni_model_init(m, err);
        if (!status) status = take(t, err);
        if (!status) status = note_origin(t, err);
        if (status) { /* as if nobody had asked */
            hni_free(t->ctx, m->weights);
            m->weights = NULL;
        }
    }
    if (!status) *out = hni_model_ref(m);
    return status;
}

/* What the weights were trained on, where the caller leaves it open: a model file says it itself, of public weights the preset knows. */
static hn_status set_normal(hn_model *model, const hni_safetensors *file, const uint8_t *bytes, size_t size, hn_error *err) {
    hni_preproc *ours = &model->preproc;
    double mean[HNI_PREPROC_CHANNELS], deviation[HNI_PREPROC_CHANNELS], sums[2] = {0, 0};
    int32_t theirs = 3;
    if (file->metadata) {
        hn_model *source = NULL;
        const hn_status status = hni_model_parse(model->ctx, bytes, size, &source, err);
        if (status) return status;
        theirs = source->preproc.channels;
        for (int32_t c = 0; c < theirs; c++) mean[c] = (double)source->preproc.mean[c], deviation[c] = (double)source->preproc.deviation[c];
        hni_model_unref(source);
    } else {
        hni_preset_normal(model->preset, mean, deviation);
    }
    for (int32_t c = 0; c < theirs; c++) sums[0] += mean[c], sums[1] += deviation[c];
    for (int32_t c = 0; c < ours->channels; c++) {
        ours->mean[c] = (float)(ours->channels == theirs ? mean[c] : sums[0] / theirs);
        ours->deviation[c] = (float)(ours->channels == theirs ? deviation[c] : sums[1] / theirs);
    }
    return HN_OK;
}

static hn_status open(hn_transfer *t, size_t size, const char *preset, const hn_model_options *options, hn_error *err) {
    hn_status status = hni_safetensors_parse(t->ctx, t->bytes, size, &t->file, err);
    if (!status) status = hni_preset_model(t->ctx, preset, options, &t->model, err);
    if (!status && !options->mean && !options->deviation) status = set_normal(t->model, &t->file, t->bytes, size, err);
    if (status) return status;
    const size_t lines = t->model->graph->n_params + t->file.n;
    t->from = hni_calloc(t->ctx, lines + 1, sizeof *t->from);
    t->lines = hni_calloc(t->ctx, lines + 1, sizeof *t->lines);
    if (!t->from || !t->lines) return hni_fail_memory(err, lines * sizeof *t->lines, "the list of a transfer");
    compare(t);
    return HN_OK;
}

hn_status hni_transfer_create(hn_context *ctx, uint8_t *bytes, size_t size, const char *preset, const hn_model_options *options,
                              hn_transfer **out, hn_error *err) {
    hn_transfer *t = hni_calloc(ctx, 1, sizeof *t);
    if (!t) {
        hni_free(ctx, bytes);
        return hni_fail_memory(err, sizeof *t, "a transfer");
    }
    t->ctx = hni_context_ref(ctx);
    t->bytes = bytes;
    t->size = size;
    const hn_status status = open(t, size, preset, options, err);
    if (status)
        hni_transfer_free(t);
    else
        *out = t;
    return status;
}

void hni_transfer_free(hn_transfer *t) {
    if (!t) return;
    hn_context *ctx = t->ctx;
    hni_model_unref(t->model);
    hni_safetensors_free(&t->file);
    hni_free(ctx, t->bytes);
    hni_free(ctx, t->from);
    hni_free(ctx, t->lines);
    hni_free(ctx, t);
    hni_context_unref(ctx);
}
