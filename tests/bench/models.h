/* models.h - the networks that are measured, made with the public calls. */
#ifndef BENCH_MODELS_H
#define BENCH_MODELS_H

#include "haemnet/haemnet.h"

/* A preset with 3 channels, or one if its name is followed by "@1": the tiny ones `hidden` wide (0 = their own) with 2 classes, the others
 * with 1000. HN_E_NOT_FOUND if there is none. */
hn_status bench_model(hn_context *ctx, const char *name, int32_t size, int32_t hidden, hn_model **out, hn_error *err);

#endif
