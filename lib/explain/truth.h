/* truth.h - a map beside a mask, and one map beside another. Pure functions over arrays. */
#ifndef HNI_EXPLAIN_TRUTH_H
#define HNI_EXPLAIN_TRUTH_H

#include "base/context.h"
#include "haemnet/explain.h"

/* Arguments are checked; fills all but struct_size. */
void hni_heatmap_compare(const float *map, const uint8_t *mask, int32_t width, int32_t height, double threshold, hn_heatmap_truth *out);
hn_status hni_rank_correlation(hn_context *ctx, const float *a, const float *b, size_t n, double *out, hn_error *err);

#endif
