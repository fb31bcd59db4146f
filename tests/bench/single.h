/* single.h - a predictor with one image in hand, through the public calls only. */
#ifndef BENCH_SINGLE_H
#define BENCH_SINGLE_H

#include "haemnet/haemnet.h"

typedef struct single {
    hn_model *model;
    hn_predictor *predictor;
    hn_image *image; /* 8-bit RGB of the input's size: nothing to resize */
    hn_prediction verdict;
} single;

hn_status single_create(hn_context *ctx, const char *device, int32_t size, int32_t hidden, single **out, hn_error *err);
hn_status single_run(void *state, hn_error *err);
void single_free(void *state); /* NULL is fine */

#endif
