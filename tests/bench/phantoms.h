/* phantoms.h - JPEG files of synthetic slices, made once and kept: what benchmarks decode. */
#ifndef BENCH_PHANTOMS_H
#define BENCH_PHANTOMS_H

#include "haemnet/haemnet.h"

enum { PHANTOM_QUALITY = 75 }; /* what the public CT sets use */

/* Sees to `count` grey files of size × size px below folder, in folder/haemorrhage and folder/no_haemorrhage, named pPATIENT_sSLICE.jpg;
 * those that are there are left alone. Renders on all threads of the context. */
hn_status phantoms_make(hn_context *ctx, const char *folder, int32_t count, int32_t size, hn_error *err);

/* One file of a slice through the ventricles. */
hn_status phantom_make(hn_context *ctx, const char *path, int32_t size, hn_error *err);

/* A whole file; free() it. */
hn_status read_whole(const char *path, uint8_t **bytes, size_t *size, hn_error *err);

#endif
