/* verdict.h - the bytes of an image file → a probability, whole and in its three parts. */
#ifndef BENCH_VERDICT_H
#define BENCH_VERDICT_H

#include "net.h"

typedef struct verdict {
    hn_context *ctx;
    uint8_t *bytes; /* of the file */
    size_t size;
    hn_model *model;
    hn_predictor *predictor;
    hn_image *image;    /* decoded beforehand, for the part after it */
    uint8_t *pixels;    /* [3, size, size], for the resize alone */
    net *network;       /* for the network alone; of the same spec */
    double probability; /* of class 1, by the last whole run */
} verdict;

/* model_size: px of TinyVGG's input, hidden 10. */
hn_status verdict_create(hn_context *ctx, const char *device, const char *path, int32_t model_size, verdict **out, hn_error *err);
void verdict_free(void *state); /* NULL is fine */

/* Functions for a bench_case. */
hn_status verdict_run(void *state, hn_error *err);     /* all: decode, preprocess, network, verdict */
hn_status verdict_decode(void *state, hn_error *err);  /* bytes → image */
hn_status verdict_resize(void *state, hn_error *err);  /* image → u8 tensor: convert, resize, planar */
hn_status verdict_network(void *state, hn_error *err); /* u8 tensor → probabilities */

#endif
