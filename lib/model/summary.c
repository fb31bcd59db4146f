/* summary.c - the table that `haemnet inspect` prints, in the manner of torchinfo: layer, output, parameters, multiply-adds, memory. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "model.h"

/* What a layer is, for tables. */
static void describe_constants(const hni_layer *l, char *text, size_t size) {
    const hni_window2d *w = &l->window;
    static const char *const activations[] = {"", "ReLU", "sigmoid", "ReLU6", "SiLU", "hard-swish", "tanh"};
    int n = 0;
    *text = 0;
    if (l->kind <= HNI_LAYER_AVG_POOL2D)
        n = snprintf(text, size, "%d×%d, stride %d×%d, padding %d×%d", w->kernel[0], w->kernel[1], w->stride[0], w->stride[1],
                     w->padding[0], w->padding[1]);
    if (l->kind == HNI_LAYER_CONV2D && (w->extra_padding[0] || w->extra_padding[1]))
        n += snprintf(text + n, size - (size_t)n, " + %d×%d", w->extra_padding[0], w->extra_padding[1]);
    if (l->kind == HNI_LAYER_CONV2D && w->groups > 1 && n < (int)size) snprintf(text + n, size - (size_t)n, ", groups %d", w->groups);
    if (l->kind == HNI_LAYER_GROUP_NORM) snprintf(text, size, "%d group%s", w->groups, w->groups == 1 ? "" : "s");
    if (l->kind == HNI_LAYER_ACTIVATION && l->activation > HN_ACT_NONE && l->activation <= HN_ACT_TANH)
        snprintf(text, size, "%s", activations[l->activation]);
    if (l->kind == HNI_LAYER_DROPOUT) snprintf(text, size, "rate %g", l->rate);
}

void hni_layer_describe(const hni_graph *graph, int32_t index, hn_layer_info *out) {
    const hni_layer *l = &graph->layers[index];
    const hn_tensor_desc *value = &graph->values[l->output];
    memset(out, 0, sizeof *out);
    out->rank = value->rank;
    memcpy(out->output, value->dims, sizeof out->output);
    for (int r = 0; r < 4; r++)
        if (l->param[r] >= 0 && graph->params[l->param[r]].trainable) out->parameters += graph->params[l->param[r]].elements;
    out->multiply_adds = hni_layer_multiply_adds(graph, l);
    out->output_bytes = hni_tensor_bytes(value);
    snprintf(out->name, sizeof out->name, "%s", l->name);
    snprintf(out->kind, sizeof out->kind, "%s", hni_layer_kind_name(l->kind));
    describe_constants(l, out->detail, sizeof out->detail);
}

enum { NAME = 28, SHAPE = 22, NUMBER = 14 };

/* 1234567 → "1,234,567" */
static void grouped(int64_t value, char *text, size_t size) {
    char plain[32];
    int n = snprintf(plain, sizeof plain, "%lld", (long long)value), at = 0;
    for (int i = 0; i < n && at + 2 < (int)size; i++) {
        if (i && (n - i) % 3 == 0 && plain[i - 1] != '-') text[at++] = ',';
        text[at++] = plain[i];
    }
    text[at] = 0;
}

static int label(char *text, size_t size, const char *name, const char *kind) { return snprintf(text, size, "%s (%s)", name, kind); }

/* Of the first column: the longest label. */
static int name_width(const hni_graph *g) {
    int width = NAME;
    for (size_t i = 0; i < g->n_layers; i++) {
        const int n = label(NULL, 0, g->layers[i].name, hni_layer_kind_name(g->layers[i].kind));
        width = n > width ? n : width;
    }
    return width;
}

static void row(hni_text *t, int width, const hn_layer_info *info, const char *shape, int32_t batch) {
    char name[128], p[32], m[32], b[32];
    label(name, sizeof name, info->name, info->kind);
    grouped(info->parameters, p, sizeof p);
    grouped(info->multiply_adds * batch, m, sizeof m);
    grouped(info->output_bytes * batch, b, sizeof b);
    hni_text_format(t, "%-*s %-*s %*s %*s %*s\n", width, name, SHAPE, shape, NUMBER, p, NUMBER, m, NUMBER, b);
}

static void rule(hni_text *t, int width) {
    for (int i = 0; i < width + SHAPE + 3 * NUMBER + 4; i++) hni_text_add(t, "-");
    hni_text_add(t, "\n");
}

static int64_t rows(hni_text *t, int width, const hni_graph *g, int32_t batch) {
    int64_t total = 0;
    char shape[64];
    for (size_t i = 0; i < g->n_layers; i++) {
        hn_layer_info info;
        hni_layer_describe(g, (int32_t)i, &info);
        hn_tensor_desc value = hni_tensor(HN_DTYPE_F32, info.rank, batch, info.output[1], info.output[2], info.output[3]);
        hni_shape_text(&value, shape, sizeof shape);
        row(t, width, &info, shape, batch);
        total += info.multiply_adds;
    }
    return total * batch;
}

static void totals(hni_text *t, const hn_model *m, int32_t batch, int64_t multiply_adds) {
    char text[32];
    grouped(m->graph->parameters, text, sizeof text);
    hni_text_format(t, "parameters (trainable)   %s\n", text);
    grouped(multiply_adds, text, sizeof text);
    hni_text_format(t, "multiply-adds            %s for %d image%s\n", text, batch, batch == 1 ? "" : "s");
}

void hni_summary_memory(hni_text *t, const char *what, const hni_footprint *f, const char *device, const char *why) {
    const struct {
        const char *name;
        uint64_t bytes;
    } parts[] = {{"weights", f->weights}, {"activations and workspaces", f->arena}, {"operators", f->operators}, {"images and books", f->host}};
    char text[32];
    grouped((int64_t)hni_footprint_bytes(f), text, sizeof text);
    hni_text_format(t, "memory for %-13s %s bytes", what, text);
    if (!device) {
        hni_text_format(t, " and the workspaces of a device (%s)\n", why);
        return;
    }
    for (int i = 0; i < 4; i++) {
        grouped((int64_t)parts[i].bytes, text, sizeof text);
        hni_text_format(t, "%s%s %s", i ? ", " : ": ", parts[i].name, text);
    }
    if (f->resident) {
        grouped((int64_t)f->resident, text, sizeof text);
        hni_text_format(t, ", and up to %s for the data set's images", text);
    }
    hni_text_format(t, " (%s)\n", device);
}

/* What is done to an image before it is resized; nothing where nothing is. */
static void steps(hni_text *t, const hni_preproc *p) {
    const char *before = "  input: ";
    for (int32_t i = 0; i < p->n_windows; i++, before = ", ")
        hni_text_format(t, "%swindow %g/%g HU", before, p->windows[i].centre, p->windows[i].width);
    if (hni_preproc_slices(p) > 1) hni_text_format(t, "%s%d neighbouring slices", before, p->slices), before = ", ";
    if (p->strip_skull) hni_text_format(t, "%sskull stripped", before), before = ", ";
    if (p->crop_head) hni_text_format(t, "%scropped to the head, margin %g", before, p->crop_margin), before = ", ";
    if (p->median) hni_text_format(t, "%smedian filter %d×%d px", before, p->median, p->median), before = ", ";
    if (p->gaussian > 0) hni_text_format(t, "%sGaussian filter sigma %g px", before, p->gaussian), before = ", ";
    if (*before == ',') hni_text_add(t, "\n");
}

/* A name as the library writes them, fit for a terminal: the file may come from anywhere. */
static bool is_name(const char *text) {
    return text && *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(text);
}

/* What it was trained with, as the trainer wrote it down; nothing before training, or in provenance from elsewhere. */
static hn_status training(hni_text *t, const hn_model *m, hn_error *err) {
    hni_json *json = NULL;
    bool deterministic;
    const hn_status status = hni_json_parse(m->ctx, m->provenance, strlen(m->provenance), &json, err);
    if (status) return status;
    const hni_json_value root = hni_json_root(json);
    const char *backend = hni_json_string(json, hni_json_get(json, root, "backend")),
               *precision = hni_json_string(json, hni_json_get(json, root, "precision"));
    if (is_name(backend) && is_name(precision) && hni_json_bool(json, hni_json_get(json, root, "deterministic"), &deterministic))
        hni_text_format(t, "trained on               %.40s in %.40s, %s\n", backend, precision, deterministic ? "deterministic" : "not deterministic");
    hni_json_free(json);
    return HN_OK;
}

hn_status hni_model_summary(const hn_model *m, int32_t batch, hni_text *t, hn_error *err) {
    const hni_preproc *p = &m->preproc;
    hni_text_format(t, "%s: %d×%d px, %d channel%s → %d %s\n", *m->preset ? m->preset : "built network", p->width, p->height, p->channels,
                    p->channels == 1 ? "" : "s", m->n_classes, m->task == HN_TASK_MULTI ? "labels (sigmoid)" : "classes (softmax)");
    steps(t, p);
    for (int32_t k = 0; k < m->n_classes; k++)
        hni_text_format(t, "  %d  %s%s\n", k, m->class_names[k], k == m->positive ? "  (positive)" : "");
    const int width = name_width(m->graph);
    rule(t, width);
    hni_text_format(t, "%-*s %-*s %*s %*s %*s\n", width, "layer", SHAPE, "output", NUMBER, "parameters", NUMBER, "multiply-adds", NUMBER,
                    "bytes");
    rule(t, width);
    int64_t multiply_adds = rows(t, width, m->graph, batch);
    rule(t, width);
    totals(t, m, batch, multiply_adds);
    const hn_status status = training(t, m, err);
    if (status) return status;
    return t->failed ? hni_fail_memory(err, t->size, "a summary") : HN_OK;
}
