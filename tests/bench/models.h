/* models.h - the networks that are measured, made with the public calls. */
#ifndef BENCH_MODELS_H
#define BENCH_MODELS_H

#include "haemnet/haemnet.h"

/* "tinyvgg" (size px, 3 channels, `hidden` wide, 2 classes) or "resnet18" or "resnet50" (He et al. 2016, as in torchvision: 3 channels,
 * 1000 classes; hidden is ignored). HN_E_NOT_FOUND for any other. */
hn_status bench_model(hn_context *ctx, const char *name, int32_t size, int32_t hidden, hn_model **out, hn_error *err);

#endif
