/* preset.h - what the files of presets share: the row of the table, and a maker, which adds layers one after the other.
 *
 * A maker keeps the first failure and does nothing after it, so that a network reads as a list of its layers. */
#ifndef HNI_MODEL_PRESET_H
#define HNI_MODEL_PRESET_H

#include "build.h"

typedef struct hni_maker {
    hni_graph *graph;
    hn_error *err;
    hn_status status;          /* of the first layer that failed */
    int32_t value;             /* what the next layer takes in; then what it gives */
    double epsilon, momentum;  /* of batch norm */
    bool same;                 /* padding is TensorFlow's "same", else half the kernel on each side */
    char block[64];            /* a layer's name is block.part; "" = part alone */
} hni_maker;

typedef struct hni_preset {
    const char *name, *about;
    int32_t size;              /* of the input where options say 0, px */
    int32_t hidden;            /* where options say 0; 0 = widths are fixed */
    int32_t init;              /* HNI_INIT_… */
    const double *normal;      /* mean[3], deviation[3] that public weights expect; NULL = 0 and 1 */
    void (*add)(hni_maker *m, int32_t hidden, int32_t classes); /* all layers; m->value ends as the logits */
    bool (*other_name)(const char *name, char *text, size_t size); /* what another package calls a tensor; NULL = there is none */
} hni_preset;

/* The names of the layers that follow begin with this. */
void hni_maker_block(hni_maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Convolution without bias, square; groups 0 = one a channel (depthwise; filters are the channels then). */
void hni_add_conv(hni_maker *m, const char *part, int32_t filters, int32_t kernel, int32_t stride, int32_t groups);
void hni_add_biased_conv(hni_maker *m, const char *part, int32_t filters, int32_t kernel);
void hni_add_norm(hni_maker *m, const char *part);
void hni_add_activation(hni_maker *m, const char *part, int32_t activation);
void hni_add_max_pool(hni_maker *m, const char *part, int32_t kernel, int32_t stride, int32_t padding);
void hni_add_avg_pool(hni_maker *m, const char *part, int32_t kernel, int32_t stride);
void hni_add_sum(hni_maker *m, const char *part, int32_t other);
void hni_add_concat(hni_maker *m, const char *part, int32_t first);
void hni_add_plain(hni_maker *m, const char *part, int32_t kind); /* global average pooling, flatten */
void hni_add_dropout(hni_maker *m, const char *part, double rate);
void hni_add_dense(hni_maker *m, const char *part, int32_t features);
int32_t hni_maker_channels(const hni_maker *m); /* of m->value */

/* preset_tiny.c */
void hni_add_tinyvgg(hni_maker *m, int32_t hidden, int32_t classes);
void hni_add_tinyvgg_gap(hni_maker *m, int32_t hidden, int32_t classes);
/* preset_resnet.c */
void hni_add_tinyresnet(hni_maker *m, int32_t hidden, int32_t classes);
void hni_add_resnet18(hni_maker *m, int32_t hidden, int32_t classes);
void hni_add_resnet34(hni_maker *m, int32_t hidden, int32_t classes);
void hni_add_resnet50(hni_maker *m, int32_t hidden, int32_t classes);
/* preset_densenet.c, preset_mobilenet.c, preset_efficientnet.c */
void hni_add_densenet121(hni_maker *m, int32_t hidden, int32_t classes);
void hni_add_mobilenetv2(hni_maker *m, int32_t hidden, int32_t classes);
void hni_add_efficientnet_lite0(hni_maker *m, int32_t hidden, int32_t classes);
bool hni_efficientnet_other_name(const char *name, char *text, size_t size);

#endif
