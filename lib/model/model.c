/* model.c - the life of a model: made from options, referenced, copied with other numbers, freed. What a model is made of comes from
 * preset.c, builder.c or parse.c; its numbers from init.c, the trainer or a file. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/utf8.h"
#include "build.h"

enum { MAX_SIDE = 4096, MAX_CHANNELS = 16, MAX_CLASSES = 4096, MAX_LABELS = 64, MAX_NAME = 255 };

static hn_status check_outputs(const hn_model_options *o, hn_error *err) {
    if (o->task && o->task != HN_TASK_SINGLE && o->task != HN_TASK_MULTI) return hni_fail(err, HN_E_ARGUMENT, "unknown task %d", o->task);
    int32_t classes = o->n_classes ? o->n_classes : 2, least = o->task == HN_TASK_MULTI ? 1 : 2;
    int32_t most = o->task == HN_TASK_MULTI ? MAX_LABELS : MAX_CLASSES;
    if (classes < least || classes > most) return hni_fail(err, HN_E_ARGUMENT, "%d classes: must be %d … %d", classes, least, most);
    if (o->positive < 0 || o->positive > classes)
        return hni_fail(err, HN_E_ARGUMENT, "positive class %d of %d does not exist", o->positive, classes);
    if (!(o->threshold >= 0 && o->threshold < 1))
        return hni_fail(err, HN_E_ARGUMENT, "threshold %g: must lie between 0 and 1", o->threshold);
    if (o->flags) return hni_fail(err, HN_E_ARGUMENT, "flags of hn_model_options must be 0");
    return HN_OK;
}

static hn_status check_input(const hn_model_options *o, hn_error *err) {
    if (o->width < 0 || o->width > MAX_SIDE || o->height < 0 || o->height > MAX_SIDE)
        return hni_fail(err, HN_E_ARGUMENT, "input of %d×%d px: each side must be 1 … %d px", o->width, o->height, MAX_SIDE);
    if (o->channels < 0 || o->channels > MAX_CHANNELS)
        return hni_fail(err, HN_E_ARGUMENT, "%d input channels: must be 1 … %d", o->channels, MAX_CHANNELS);
    if (o->slices < 0 || o->slices > MAX_CHANNELS)
        return hni_fail(err, HN_E_ARGUMENT, "%d slices: must be an odd number, 1 … %d", o->slices, MAX_CHANNELS - 1);
    if (o->n_windows < 0 || o->n_windows > MAX_CHANNELS || (o->n_windows && !o->windows))
        return hni_fail(err, HN_E_ARGUMENT, "%d windows%s: give none, one, or one a channel", o->n_windows, o->windows ? "" : " at NULL");
    if (o->preproc_flags & ~HN_PREPROC_STRIP_SKULL) return hni_fail(err, HN_E_ARGUMENT, "preproc_flags of hn_model_options has unknown bits");
    return HN_OK;
}

/* Grey slices give one channel each; without neighbours the default is RGB. */
static int32_t usual_channels(const hn_model_options *o) {
    return o->slices > 1 ? o->slices * (o->n_windows > 1 ? o->n_windows : 1) : 3;
}

hn_status hni_model_preproc(const hn_model_options *o, hni_preproc *p, hn_error *err) {
    hn_status status = check_input(o, err);
    if (status) return status;
    memset(p, 0, sizeof *p);
    p->width = o->width ? o->width : 64;
    p->height = o->height ? o->height : 64;
    p->channels = o->channels ? o->channels : usual_channels(o);
    p->n_windows = o->n_windows;
    for (int32_t i = 0; i < o->n_windows; i++) p->windows[i] = o->windows[i];
    p->strip_skull = o->preproc_flags & HN_PREPROC_STRIP_SKULL ? 1 : 0;
    p->slices = o->slices, p->crop_head = o->crop_head, p->crop_margin = o->crop_margin, p->median = o->median, p->gaussian = o->gaussian;
    if ((status = hni_preproc_check(p, err))) return status;
    for (int32_t c = 0; c < p->channels; c++) {
        double mean = o->mean ? o->mean[c] : 0, deviation = o->deviation ? o->deviation[c] : 1;
        if (!(fabs(mean) <= FLT_MAX) || !(deviation <= FLT_MAX) || !((float)deviation > 0)) /* also NaN; both are kept as float */
            return hni_fail(err, HN_E_ARGUMENT, "channel %d: mean %g, deviation %g; both must fit a float, the deviation above 0", c, mean,
                            deviation);
        p->mean[c] = (float)mean;
        p->deviation[c] = (float)deviation;
    }
    return HN_OK;
}

/* As data sets do: names are printed, on terminals too. */
static hn_status check_class_name(const char *name, int32_t k, hn_error *err) {
    const size_t length = name ? strlen(name) : 0;
    if (!length || length > MAX_NAME)
        return hni_fail(err, HN_E_ARGUMENT, "the name of class %d has %zu bytes: must be 1 … %d", k, length, MAX_NAME);
    for (size_t at = 0, step; at < length; at += step) {
        if (!(step = hni_utf8_length(name + at, length - at))) return hni_fail(err, HN_E_ARGUMENT, "the name of class %d is not UTF-8", k);
        if ((unsigned char)name[at] < 0x20 || name[at] == 0x7F)
            return hni_fail(err, HN_E_ARGUMENT, "the name of class %d, %.60s, has a control character in it", k, name);
    }
    return HN_OK;
}

static hn_status copy_class_names(const hn_model_options *o, hn_model *m, hn_error *err) {
    char number[16];
    m->class_names = hni_calloc(m->ctx, (size_t)m->n_classes, sizeof *m->class_names);
    if (!m->class_names) return hni_fail_memory(err, (size_t)m->n_classes * sizeof *m->class_names, "class names");
    for (int32_t k = 0; k < m->n_classes; k++) {
        snprintf(number, sizeof number, "%d", k);
        const char *name = o->class_names ? o->class_names[k] : number;
        const hn_status status = check_class_name(name, k, err);
        if (status) return status;
        for (int32_t j = 0; j < k; j++)
            if (!strcmp(m->class_names[j], name))
                return hni_fail(err, HN_E_ARGUMENT, "classes %d and %d have the same name, %.60s", j, k, name);
        if (!(m->class_names[k] = hni_strdup(m->ctx, name))) return hni_fail_memory(err, strlen(name), "a class name");
    }
    return HN_OK;
}

hn_status hni_model_new(hn_context *ctx, const hn_model_options *options, const char *preset, hn_model **out, hn_error *err) {
    hn_status status = check_outputs(options, err);
    if (status) return status;
    hn_model *m = hni_calloc(ctx, 1, sizeof *m);
    if (!m) return hni_fail_memory(err, sizeof *m, "a model");
    atomic_init(&m->refs, 1);
    m->ctx = hni_context_ref(ctx);
    m->task = options->task ? options->task : HN_TASK_SINGLE;
    m->n_classes = options->n_classes ? options->n_classes : 2;
    m->positive = options->positive - 1;
    m->threshold = options->threshold > 0 ? options->threshold : 0.5;
    m->seed = options->seed;
    snprintf(m->preset, sizeof m->preset, "%s", preset);
    m->provenance = hni_strdup(ctx, "{}");
    status = m->provenance ? hni_model_preproc(options, &m->preproc, err) : hni_fail_memory(err, 3, "a model's provenance");
    if (!status) status = copy_class_names(options, m, err);
    if (!status) status = hni_graph_create(ctx, m->preproc.channels, m->preproc.height, m->preproc.width, &m->graph, err);
    if (status) {
        hni_model_unref(m);
        return status;
    }
    *out = m;
    return HN_OK;
}

hn_status hni_model_alloc_weights(hn_model *m, hn_error *err) {
    m->weights = hni_calloc(m->ctx, (size_t)m->graph->total, sizeof *m->weights);
    if (!m->weights) return hni_fail_memory(err, (size_t)m->graph->total * sizeof *m->weights, "the weights of a model");
    return HN_OK;
}

hn_status hni_model_init(hn_model *m, hn_error *err) {
    hn_status status = hni_model_alloc_weights(m, err);
    if (!status) hni_init_weights(m->graph, m->init, m->seed, m->weights);
    return status;
}

hn_model *hni_model_ref(const hn_model *model) {
    hn_model *m = (hn_model *)(uintptr_t)model; /* only the count changes */
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void hni_model_unref(hn_model *m) {
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1) return;
    hn_context *ctx = m->ctx;
    for (int32_t k = 0; m->class_names && k < m->n_classes; k++) hni_free(ctx, m->class_names[k]);
    hni_free(ctx, m->class_names);
    hni_free(ctx, m->weights);
    hni_free(ctx, m->provenance);
    hni_free(ctx, m->calibration.scale); /* and shift, which is behind it */
    hni_traces_free(m->traces);
    hni_traces_free(m->tuned);
    hni_familiar_free(m->familiar);
    if (m->graph) hni_graph_unref(m->graph);
    hni_free(ctx, m);
    hni_context_unref(ctx);
}

static hn_status copy_parts(const hn_model *model, const float *weights, const char *provenance, hn_model *m, hn_error *err) {
    size_t bytes = (size_t)model->graph->total * sizeof *weights;
    m->provenance = hni_strdup(m->ctx, provenance ? provenance : model->provenance);
    m->weights = hni_alloc(m->ctx, bytes);
    m->class_names = hni_calloc(m->ctx, (size_t)m->n_classes, sizeof *m->class_names);
    if (!m->provenance || !m->weights || !m->class_names) return hni_fail_memory(err, bytes, "a copy of a model");
    memcpy(m->weights, weights, bytes);
    for (int32_t k = 0; k < m->n_classes; k++)
        if (!(m->class_names[k] = hni_strdup(m->ctx, model->class_names[k]))) return hni_fail_memory(err, 1, "a class name");
    hn_status status = provenance || !model->traces ? HN_OK : hni_traces_copy(model->traces, m->ctx, &m->traces, err);
    if (!status && !provenance && model->familiar) status = hni_familiar_copy(model->familiar, m->ctx, &m->familiar, err);
    return status;
}

hn_status hni_model_with_weights(const hn_model *model, const float *weights, const char *provenance, hn_model **out, hn_error *err) {
    hn_model *m = hni_calloc(model->ctx, 1, sizeof *m);
    if (!m) return hni_fail_memory(err, sizeof *m, "a model");
    atomic_init(&m->refs, 1);
    m->ctx = hni_context_ref(model->ctx);
    m->graph = hni_graph_ref(model->graph);
    m->preproc = model->preproc;
    m->task = model->task;
    m->n_classes = model->n_classes;
    m->positive = model->positive;
    m->threshold = model->choice.rule ? 0.5 : model->threshold; /* a chosen one was of the old numbers */
    m->seed = model->seed;
    memcpy(m->preset, model->preset, sizeof m->preset);
    hn_status status = copy_parts(model, weights, provenance, m, err);
    if (status) {
        hni_model_unref(m);
        return status;
    }
    *out = m;
    return HN_OK;
}

hn_status hni_model_randomize(const hn_model *model, int32_t layers, uint64_t seed, hn_model **out, hn_error *err) {
    const hni_graph *g = model->graph;
    float *fresh = hni_calloc(model->ctx, (size_t)g->total + 1, sizeof *fresh);
    int32_t layer = -1, seen = 0;
    if (!fresh) return hni_fail_memory(err, (size_t)g->total * sizeof *fresh, "the weights of a model");
    hni_init_weights(g, model->init, seed, fresh);
    for (size_t i = g->n_params; i-- > 0;) { /* params stand in the order of their layers */
        const hni_param *p = &g->params[i];
        seen += p->layer != layer;
        layer = p->layer;
        if (layers && seen > layers) memcpy(fresh + p->offset, model->weights + p->offset, (size_t)p->elements * sizeof *fresh);
    }
    const hn_status status = hni_model_with_weights(model, fresh, "{}", out, err);
    hni_free(model->ctx, fresh);
    return status;
}
