/* look.h - what an image looks like, in 575 bits: the signs of the 24 × 24 lowest coefficients of the cosine transform of 48 × 48 mean grey levels,
 * without that of the mean itself.
 *
 * Signs stay when an image is resized or encoded anew, since small changes move few coefficients across zero. A mirror image inverts every second
 * column or row of signs, a transposed one swaps both, so that all eight orientations of an image follow from one look. The 16 × 16 lowest ones are
 * looked up (look_index.c); the others, which are detail, then tell copies from heads that only have the same outline. */
#ifndef HNI_DATA_LOOK_H
#define HNI_DATA_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/context.h"

enum {
    HNI_LOOK_SIDE = 24,
    HNI_LOOK_LOW = 16,
    HNI_LOOK_BITS = HNI_LOOK_LOW * HNI_LOOK_LOW - 1, /* that are looked up */
    HNI_LOOK_NEAR = 16,   /* bits: at most so many of these differ between copies, */
    HNI_LOOK_DETAIL = 20, /* and at most so many of the other 320. docs/leaks.md has the measurement */
    HNI_TURNS = 8         /* orientations: bit 2 = rows and columns swapped, then bit 0 = mirrored left for right, bit 1 = top for bottom */
};

typedef struct hni_look {
    uint32_t rows[HNI_LOOK_SIDE]; /* bit v of rows[u]: the coefficient of vertical frequency u and horizontal frequency v is positive */
    int32_t plain;                /* 1 = nearly one grey: its signs are chance, and it is like no other image */
    int32_t unused;               /* 0 */
} hni_look;

/* Exact whole numbers: the same bits everywhere. grey: [height, width]. */
hni_look hni_look_of(const uint8_t *grey, int32_t width, int32_t height);
hni_look hni_look_turned(const hni_look *look, int turn);
int hni_look_distance(const hni_look *a, const hni_look *b); /* bits of the 255 lowest that differ; above HNI_LOOK_NEAR not all of them */
int hni_look_detail(const hni_look *a, const hni_look *b);   /* of the others */

/* Looks by parts of them, to find those that are near without comparing all with all. */
typedef struct hni_look_index hni_look_index;
typedef struct hni_look_match {
    int64_t row; /* -1 = none */
    int32_t turn, distance; /* distance: of all 575 bits */
} hni_look_match;
/* looks stay the caller's, as long as the index. HN_E_MEMORY. */
hn_status hni_look_index_make(hn_context *ctx, const hni_look *looks, uint32_t n, hni_look_index **out, hn_error *err);
void hni_look_index_free(hni_look_index *index); /* NULL is fine */
/* The nearest row that is no further than HNI_LOOK_NEAR and HNI_LOOK_DETAIL in some orientation, and that `accept` takes; the first of equally near
 * ones. Any thread. */
hni_look_match hni_look_nearest(const hni_look_index *index, const hni_look *look, bool (*accept)(const void *user, uint32_t row), const void *user);

#endif
