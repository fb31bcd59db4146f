/* loader.h - batches of preprocessed u8 images from a data set, in an order that seed and epoch alone decide. */
#ifndef HNI_DATA_LOADER_H
#define HNI_DATA_LOADER_H

#include "dataset.h"

typedef struct hni_loader hni_loader;

typedef struct hni_batch {
    int32_t count;         /* images; 0 = the pass is over */
    const uint8_t *pixels; /* [count, C, H, W] planar; the loader's, until its next call. Nothing of use for rows that the caller has kept */
    const int64_t *rows;   /* [count] row of the data set (0 … rows - 1) of each; as pixels */
} hni_batch;

/* Freezes the set and takes all memory that passes need: (prefetch + 1) · batch images, or fewer with fewer rows.
 *   pre       copied
 *   prefetch  batches decoded ahead at once; 0 = 4
 * HN_E_ARGUMENT, HN_E_DATA (no rows), HN_E_LIMIT, HN_E_MEMORY. */
hn_status hni_loader_create(hn_dataset *ds, const hni_preproc *pre, int32_t batch, int32_t prefetch, hni_loader **out, hn_error *err);
void hni_loader_free(hni_loader *l); /* NULL is fine */

/* Rows that need no pixels: kept [rows] of the set, other than 0 where the caller has the image. Its memory is the caller's and is looked at
 * during hni_loader_next; a row may become kept between calls, and never stops to be. NULL = none. */
void hni_loader_keep(hni_loader *l, const uint8_t *kept);
/* From now on passes with epoch ≥ 0 draw as many rows as there are, with replacement, each as likely as its weight [rows], ≥ 0 and not all 0,
 * says. HN_E_MEMORY. */
hn_status hni_loader_weigh(hni_loader *l, const double *weights, hn_error *err);

/* Begins a pass over all rows: shuffled (or drawn) by (seed, epoch) if epoch ≥ 0, in the order of rows if it is -1. HN_E_ARGUMENT otherwise. */
hn_status hni_loader_start(hni_loader *l, uint64_t seed, int64_t epoch, hn_error *err);

/* The next batch, full but for the last: bad files are skipped, marked in the set, and the next good ones move up. On failure
 * (HN_E_CANCELLED, HN_E_MEMORY, HN_E_SHAPE, with strict the first bad file's own error) no image is lost: a later call tries again. */
hn_status hni_loader_next(hni_loader *l, hn_cancel *cancel, hni_batch *out, hn_error *err);

int64_t hni_loader_skipped(const hni_loader *l); /* bad files met in this pass */

#endif
