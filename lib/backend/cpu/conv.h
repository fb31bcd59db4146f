/* conv.h - how the fast convolutions lay a block of an image out in scratch memory, so that every tap is one constant offset.
 *
 * A block is a few rows of output. The source rows that it needs are copied once, with zeros where the window leaves the image, into planes
 * of one pitch. Stride is taken apart into phases: a plane of its own for every second (third, …) row and column, so that neighbours in the
 * output are neighbours in memory. Output pixel (o, i) of the block then lies at q = o · pitch + i, and the source number that tap t
 * needs at q + off[t], for all q alike: the kernels run over q without a test of bounds. Places i ≥ width hold nothing. */
#ifndef HNI_BACKEND_CPU_CONV_H
#define HNI_BACKEND_CPU_CONV_H

#include "cpu.h"

enum { HNI_CPU_MAX_STRIDE = 8 };

/* One axis: output o and tap r meet at source o · stride + first + r · step. */
typedef struct hni_cpu_axis {
    int64_t out, source;       /* extents */
    int64_t stride;            /* 1 … HNI_CPU_MAX_STRIDE */
    int64_t shift, extra;      /* smallest place of a tap in its phase's plane (may be negative), and how far the largest is from it */
    int64_t phases;            /* planes that some tap reads */
    int64_t phase[HNI_CPU_MAX_STRIDE]; /* their remainders, 0 … stride-1 */
} hni_cpu_axis;

typedef struct hni_cpu_layout {
    hni_cpu_axis rows, columns;
    int64_t pitch;             /* floats from row to row */
    int64_t block;             /* rows of output in a block, the last one may have less */
    int64_t plane;             /* floats from plane to plane */
} hni_cpu_layout;

/* Source place (in units of the axis, may be negative) of a tap at output 0 → axis, phase number and place in the plane. */
void hni_cpu_axis_start(hni_cpu_axis *axis, int64_t out, int64_t source, int64_t stride);
void hni_cpu_axis_tap(hni_cpu_axis *axis, int64_t at);
int64_t hni_cpu_axis_place(const hni_cpu_axis *axis, int64_t at, int64_t *phase);

/* Picks block so that `sources` planes of rows + extra and `extras` of rows fit the budget (bytes), then plane. False if even one row
 * would take more than 2^24 floats. */
bool hni_cpu_layout_finish(hni_cpu_layout *l, int64_t sources, int64_t extras, int64_t budget);
/* Cuts the image into even blocks of at most about `rows` rows, a multiple of `multiple`. Taps' offsets change with it. */
void hni_cpu_layout_cut(hni_cpu_layout *l, int64_t rows, int64_t multiple);
static inline int64_t hni_cpu_layout_channel(const hni_cpu_layout *l) { return l->rows.phases * l->columns.phases * l->plane; } /* floats */
int64_t hni_cpu_layout_offset(const hni_cpu_layout *l, int64_t channel, int64_t row_at, int64_t column_at);
static inline int64_t hni_cpu_layout_blocks(const hni_cpu_layout *l) { return (l->rows.out + l->block - 1) / l->block; }
/* Floats that a block of n rows spans, a multiple of 16. */
static inline int64_t hni_cpu_layout_span(const hni_cpu_layout *l, int64_t n) {
    return ((n - 1) * l->pitch + l->columns.out + HNI_CPU_LANES - 1) / HNI_CPU_LANES * HNI_CPU_LANES;
}

/* Copies what rows first … first+n-1 of output need from `channels` images [source rows, source columns]; what lies behind the last row
 * is zero as far as a span reaches. */
void hni_cpu_stage(const hni_cpu_isa *isa, const hni_cpu_layout *l, const float *src, int64_t channels, int64_t first, int64_t n,
                   float *dst);

#endif
