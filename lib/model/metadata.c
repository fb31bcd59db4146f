/* metadata.c - writes what a model file says beside its numbers, as one JSON object (docs/file-format.md). parse.c reads it back.
 *
 * Nothing in it depends on time, machine, paths or thread count: same training, same bytes. */
#include <string.h>

#include "keepsakes.h"
#include "metadata.h"

static void pair(hni_text *t, const char *key, const int32_t v[2]) { hni_text_format(t, ",\"%s\":[%d,%d]", key, v[0], v[1]); }

static void number(hni_text *t, const char *key, double value) {
    hni_text_format(t, ",\"%s\":", key);
    hni_text_json_double(t, value);
}

static void write_layer(hni_text *t, const hni_layer *l) {
    hni_text_format(t, "{\"op\":\"%s\",\"name\":", hni_layer_kind_name(l->kind));
    hni_text_json_string(t, l->name);
    hni_text_format(t, l->input[1] >= 0 ? ",\"in\":[%d,%d]" : ",\"in\":[%d]", l->input[0], l->input[1]);
    switch (l->kind) {
    case HNI_LAYER_CONV2D:
        hni_text_format(t, ",\"filters\":%d", l->filters);
        pair(t, "kernel", l->window.kernel);
        pair(t, "stride", l->window.stride);
        pair(t, "padding", l->window.padding);
        pair(t, "dilation", l->window.dilation);
        if (l->window.extra_padding[0] || l->window.extra_padding[1]) pair(t, "extra_padding", l->window.extra_padding);
        hni_text_format(t, ",\"groups\":%d,\"bias\":%s", l->window.groups, l->no_bias ? "false" : "true");
        break;
    case HNI_LAYER_MAX_POOL2D:
    case HNI_LAYER_AVG_POOL2D:
        pair(t, "kernel", l->window.kernel);
        pair(t, "stride", l->window.stride);
        pair(t, "padding", l->window.padding);
        if (l->kind == HNI_LAYER_AVG_POOL2D) hni_text_format(t, ",\"exclude_padding\":%s", l->window.exclude_padding ? "true" : "false");
        break;
    case HNI_LAYER_DENSE: hni_text_format(t, ",\"features\":%d,\"bias\":%s", l->filters, l->no_bias ? "false" : "true"); break;
    case HNI_LAYER_BATCH_NORM:
        number(t, "epsilon", l->epsilon);
        number(t, "momentum", l->momentum);
        break;
    case HNI_LAYER_GROUP_NORM:
        hni_text_format(t, ",\"groups\":%d", l->window.groups);
        number(t, "epsilon", l->epsilon);
        break;
    case HNI_LAYER_ACTIVATION: hni_text_format(t, ",\"function\":\"%s\"", hni_activation_name(l->activation)); break;
    case HNI_LAYER_DROPOUT: number(t, "rate", l->rate); break;
    default: break;
    }
    hni_text_add(t, "}");
}

/* Only what is on. */
static void write_steps(hni_text *t, const hni_preproc *p) {
    if (hni_preproc_slices(p) > 1) hni_text_format(t, ",\"slices\":%d", p->slices);
    if (p->strip_skull) hni_text_add(t, ",\"strip_skull\":true");
    if (p->crop_head) number(t, "crop_head", p->crop_margin);
    if (p->median) hni_text_format(t, ",\"median\":%d", p->median);
    if (p->gaussian > 0) number(t, "gaussian", p->gaussian);
}

static void write_preprocessing(hni_text *t, const hni_preproc *p) {
    hni_text_format(t, ",\"preprocessing\":{\"width\":%d,\"height\":%d,\"channels\":%d,\"resize\":\"%s\",\"windows\":[", p->width,
                    p->height, p->channels, HNI_RESIZE_NAME);
    for (int32_t i = 0; i < p->n_windows; i++) {
        hni_text_add(t, i ? ",[" : "[");
        hni_text_json_double(t, p->windows[i].centre);
        hni_text_add(t, ",");
        hni_text_json_double(t, p->windows[i].width);
        hni_text_add(t, "]");
    }
    for (int which = 0; which < 2; which++) {
        hni_text_add(t, which ? "],\"deviation\":[" : "],\"mean\":[");
        for (int32_t c = 0; c < p->channels; c++) {
            hni_text_add(t, c ? "," : "");
            hni_text_json_double(t, which ? (double)p->deviation[c] : (double)p->mean[c]);
        }
    }
    hni_text_add(t, "]");
    write_steps(t, p);
    hni_text_add(t, "}");
}

hn_status hni_model_metadata(const hn_model *m, hni_text *t, hn_error *err) {
    hni_text_format(t, "{\"format\":%d,\"library\":\"%s\",\"preset\":", HNI_MODEL_FORMAT, HN_VERSION_STRING);
    hni_text_json_string(t, m->preset);
    hni_text_format(t, ",\"task\":\"%s\",\"classes\":[", m->task == HN_TASK_MULTI ? "multi" : "single");
    for (int32_t k = 0; k < m->n_classes; k++) {
        hni_text_add(t, k ? "," : "");
        hni_text_json_string(t, m->class_names[k]);
    }
    hni_text_add(t, "],\"positive\":");
    if (m->positive >= 0)
        hni_text_json_string(t, m->class_names[m->positive]);
    else
        hni_text_add(t, "null");
    number(t, "threshold", m->threshold);
    hni_model_write_calibration(t, m);
    hni_text_format(t, ",\"seed\":\"%llu\"", (unsigned long long)m->seed); /* a string: JSON numbers lose bits above 2^53 */
    write_preprocessing(t, &m->preproc);
    hni_text_add(t, ",\"graph\":[");
    for (size_t l = 0; l < m->graph->n_layers; l++) {
        hni_text_add(t, l ? "," : "");
        write_layer(t, &m->graph->layers[l]);
    }
    hni_text_format(t, "],\"logits\":%d,\"provenance\":%s", m->graph->logits, m->provenance);
    hni_traces_write("training_set", m->traces, t);
    hni_traces_write("tuning_set", m->tuned, t);
    hni_familiar_write(m->familiar, t);
    hni_text_add(t, "}");
    return t->failed ? hni_fail_memory(err, t->size, "a model's metadata") : HN_OK;
}

hn_status hni_model_backbone(const hn_model *m, hni_text *t, hn_error *err) {
    hni_json *json = NULL;
    size_t size;
    const hn_status status = hni_json_parse(m->ctx, m->provenance, strlen(m->provenance), &json, err);
    if (status) return status;
    const hni_json_value v = hni_json_get(json, hni_json_root(json), "backbone");
    const char *raw = hni_json_is_object(json, v) ? hni_json_raw(json, v, &size) : NULL;
    if (raw) hni_text_format(t, ",\"backbone\":%.*s", (int)size, raw);
    hni_json_free(json);
    return HN_OK;
}

hn_status hni_model_refs(const hn_model *m, hni_tensor_ref **out, hn_error *err) {
    hni_tensor_ref *refs = hni_calloc(m->ctx, m->graph->n_params + 1, sizeof *refs);
    if (!refs) return hni_fail_memory(err, m->graph->n_params * sizeof *refs, "a model's tensor list");
    for (size_t i = 0; i < m->graph->n_params; i++) {
        const hni_param *p = &m->graph->params[i];
        refs[i] = (hni_tensor_ref){.name = p->name, .dtype = HN_DTYPE_F32, .rank = p->rank, .data = m->weights + p->offset};
        memcpy(refs[i].shape, p->shape, sizeof refs[i].shape);
        refs[i].size = (size_t)p->elements * sizeof(float);
    }
    *out = refs;
    return HN_OK;
}

/* One path for both ways out: bytes when path is NULL, else the file. */
static hn_status emit(const hn_model *m, const char *path, uint8_t **bytes, size_t *size, hn_error *err) {
    hni_text metadata;
    hni_tensor_ref *refs = NULL;
    hni_text_init(&metadata, m->ctx);
    hn_status status = hni_model_metadata(m, &metadata, err);
    if (!status) status = hni_model_refs(m, &refs, err);
    if (!status)
        status = path ? hni_safetensors_write(m->ctx, path, refs, m->graph->n_params, metadata.data, err)
                      : hni_safetensors_bytes(m->ctx, refs, m->graph->n_params, metadata.data, bytes, size, err);
    hni_free(m->ctx, refs);
    hni_text_free(&metadata);
    return status;
}

hn_status hni_model_bytes(const hn_model *model, uint8_t **bytes, size_t *size, hn_error *err) {
    return emit(model, NULL, bytes, size, err);
}
hn_status hni_model_write(const hn_model *model, const char *path, hn_error *err) { return emit(model, path, NULL, NULL, err); }
