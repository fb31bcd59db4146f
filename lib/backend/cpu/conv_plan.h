/* conv_plan.h - how a convolution or its input gradient is cut: parts, tiles of filters, blocks of rows, and what memory that takes.
 *
 * conv_plan.c makes it once in prepare, conv.c follows it in every run. */
#ifndef HNI_BACKEND_CPU_CONV_PLAN_H
#define HNI_BACKEND_CPU_CONV_PLAN_H

#include "conv.h"

/* A convolution in the kernels' terms. Source and target are x and y, or dy and dx. */
typedef struct hni_conv_part {
    hni_cpu_layout layout;
    int64_t at[2], step[2];   /* target pixel of output (o, i): at + o · step */
    int64_t taps;             /* of one source channel */
    int32_t *tap;             /* [taps] r · S + s */
    int32_t *offset;          /* [sources · taps] */
    int64_t weights;          /* place of the packed weights, floats from the head */
} hni_conv_part;

typedef struct hni_conv_plan {
    bool backward;
    bool direct;                   /* the kernels write rows of the target: no strip */
    bool keep;                     /* packed weights are the operator's own, and last from run to run */
    bool packed_once;
    int64_t pool;                  /* rows and columns that become one number; 1 = no pooling */
    int64_t n, groups;
    int64_t sources, targets;      /* channels of one group */
    int64_t source_hw[2], target_hw[2], kernel[2]; /* target: before pooling */
    int64_t n_parts, tiles, blocks, splits;
    int64_t strip;                 /* floats of a strip's row */
    int64_t workers;
    uint64_t strip_bytes, scratch; /* of one strand: the strip, then the staged block */
    uint64_t packed;               /* bytes of all weights, with the flag and the biases before them */
    uint8_t *kept;                 /* the packed weights, if keep */
    hni_conv_part parts[];
} hni_conv_plan;

enum { HNI_CONV_HEAD = 64 };       /* bytes before what is packed: the flag "some weight is not finite"; then bias[K], then the weights */

bool hni_conv_accept(const hn_op_desc *desc, const char **why);
hn_status hni_conv_make_plan(hni_cpu_op *op, hn_error *err);

/* Tiles are as even as can be: filters tile_start(t) … tile_start(t + 1) - 1. */
static inline int64_t hni_conv_tile_start(const hni_conv_plan *p, int64_t tile) { return p->targets * tile / p->tiles; }
/* Independent pieces of a run: image, group, part, block of rows, split of the tiles. */
static inline int64_t hni_conv_pieces(const hni_conv_plan *p) { return p->n * p->groups * p->n_parts * p->blocks * p->splits; }

#endif
