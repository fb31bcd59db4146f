/* preset.c - networks with a name: the table, and how a row becomes a model. The layers are in preset_*.c, a file a family.
 *
 * Names in the first column are frozen: they stand in model files and in scripts. Parameter names are those of the PyTorch modules that
 * people know, so that state dicts fit. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "preset.h"

enum { MAX_HIDDEN = 4096 };

/* Mean and deviation of ImageNet's red, green and blue, as in torchvision's recipes. */
static const double imagenet[6] = {0.485, 0.456, 0.406, 0.229, 0.224, 0.225};
/* (x - 127) / 128, as EfficientNet-Lite's own preprocessing. */
static const double lite[6] = {127.0 / 255, 127.0 / 255, 127.0 / 255, 128.0 / 255, 128.0 / 255, 128.0 / 255};

static const hni_preset presets[] = {
    {"tinyvgg", "two blocks of two convolutions; Wang et al. 2020", 64, 10, HNI_INIT_PYTORCH, NULL, hni_add_tinyvgg, NULL},
    {"tinyvgg-gap", "four such blocks with batch norm, global average pooling", 64, 16, HNI_INIT_RESNET, NULL, hni_add_tinyvgg_gap, NULL},
    {"tinyresnet", "four residual blocks behind a small stem", 64, 16, HNI_INIT_RESNET, NULL, hni_add_tinyresnet, NULL},
    {"resnet18", "He et al. 2016, as in torchvision", 224, 0, HNI_INIT_RESNET, imagenet, hni_add_resnet18, NULL},
    {"resnet34", "He et al. 2016, as in torchvision", 224, 0, HNI_INIT_RESNET, imagenet, hni_add_resnet34, NULL},
    {"resnet50", "He et al. 2016, as in torchvision (v1.5)", 224, 0, HNI_INIT_RESNET, imagenet, hni_add_resnet50, NULL},
    {"densenet121", "Huang et al. 2017, as in torchvision", 224, 0, HNI_INIT_DENSENET, imagenet, hni_add_densenet121, NULL},
    {"mobilenetv2", "Sandler et al. 2018, as in torchvision", 224, 0, HNI_INIT_MOBILENET, imagenet, hni_add_mobilenetv2, NULL},
    {"efficientnet-lite0", "Tan & Le 2019, TensorFlow's; names as in timm's tf_efficientnet_lite0", 224, 0, HNI_INIT_EFFICIENTNET, lite,
     hni_add_efficientnet_lite0, hni_efficientnet_other_name},
};
enum { N_PRESETS = sizeof presets / sizeof *presets };

static hn_status find(const char *name, const hni_preset **out, hn_error *err) {
    char list[200];
    size_t at = 0;
    for (size_t i = 0; i < N_PRESETS; i++)
        if (!strcmp(presets[i].name, name)) {
            *out = &presets[i];
            return HN_OK;
        }
    for (size_t i = 0; i < N_PRESETS && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", presets[i].name);
    return hni_fail(err, HN_E_NOT_FOUND, "no preset is called %.60s; there are: %s", name, list);
}

static hn_status add_layers(hn_model *model, const hni_preset *preset, int32_t hidden, hn_error *err) {
    hni_maker m = {.graph = model->graph, .err = err, .epsilon = 1e-5, .momentum = 0.1}; /* PyTorch's defaults */
    if (hidden < 0 || hidden > MAX_HIDDEN) return hni_fail(err, HN_E_ARGUMENT, "hidden width %d: must be 1 … %d", hidden, MAX_HIDDEN);
    if (hidden && !preset->hidden)
        return hni_fail(err, HN_E_ARGUMENT, "hidden width %d: the widths of %s are fixed; leave it 0", hidden, preset->name);
    preset->add(&m, hidden ? hidden : preset->hidden, model->n_classes);
    return m.status ? m.status : hni_graph_finish(model->graph, m.value, model->n_classes, err);
}

hn_status hni_preset_model(hn_context *ctx, const char *name, const hn_model_options *options, hn_model **out, hn_error *err) {
    const hni_preset *preset = NULL;
    hn_model_options o = *options;
    hn_model *m = NULL;
    hn_status status = find(name, &preset, err);
    if (status) return status;
    if (!o.width) o.width = preset->size;
    if (!o.height) o.height = preset->size;
    status = hni_model_new(ctx, &o, name, &m, err);
    if (status) return status;
    m->init = preset->init;
    status = add_layers(m, preset, o.hidden, err);
    if (status) {
        hni_model_unref(m);
        return status;
    }
    *out = m;
    return HN_OK;
}

hn_status hni_model_preset(hn_context *ctx, const char *preset, const hn_model_options *options, hn_model **out, hn_error *err) {
    hn_model *m = NULL;
    hn_status status = hni_preset_model(ctx, preset, options, &m, err);
    if (status) return status;
    status = hni_model_init(m, err);
    if (status) {
        hni_model_unref(m);
        return status;
    }
    *out = m;
    return HN_OK;
}

void hni_preset_normal(const char *preset, double mean[3], double deviation[3]) {
    const hni_preset *p = NULL;
    for (size_t i = 0; i < N_PRESETS; i++)
        if (!strcmp(presets[i].name, preset)) p = &presets[i];
    for (int c = 0; c < 3; c++) {
        mean[c] = p && p->normal ? p->normal[c] : 0;
        deviation[c] = p && p->normal ? p->normal[3 + c] : 1;
    }
}

bool hni_preset_other_name(const char *preset, const char *name, char *text, size_t size) {
    for (size_t i = 0; i < N_PRESETS; i++)
        if (!strcmp(presets[i].name, preset) && presets[i].other_name) return presets[i].other_name(name, text, size);
    return false;
}

hn_status hni_preset_get(int32_t index, hn_preset_info *out, hn_error *err) {
    if (index < 0 || index >= N_PRESETS) return hni_fail(err, HN_E_NOT_FOUND, "preset %d: there are %d", index, (int)N_PRESETS);
    const hni_preset *p = &presets[index];
    memset(out, 0, sizeof *out);
    out->size = p->size;
    out->hidden = p->hidden;
    hni_preset_normal(p->name, out->mean, out->deviation);
    snprintf(out->name, sizeof out->name, "%s", p->name);
    snprintf(out->about, sizeof out->about, "%s", p->about);
    return HN_OK;
}
