/* augment.h - hn_augment_options → the table that HN_OP_PREPROCESS augments by: what each sample of a batch gets. No pixel is touched here. */
#ifndef HNI_PREPROC_AUGMENT_H
#define HNI_PREPROC_AUGMENT_H

#include <stdbool.h>

#include "haemnet/augment.h"
#include "haemnet/backend.h" /* defines: HN_AUGMENT_… */

/* Sides in px of what is drawn on and of what is stored. */
typedef struct hni_augment_size {
    int32_t width, height;               /* the model's input */
    int32_t stored_width, stored_height; /* the u8 images that are looked at */
} hni_augment_size;

/* HN_E_ARGUMENT names the number that is out of bounds. */
hn_status hni_augment_check(const hn_augment_options *o, hn_error *err);
bool hni_augment_active(const hn_augment_options *o); /* anything on; NULL is none */
bool hni_augment_mixes(const hn_augment_options *o);  /* mixup or cutmix on: labels become shares; NULL is none */

/* Fills table [n, HN_AUGMENT_COLUMNS] for one batch. samples [n]: number of each in its data set, of which the low 32 bits count; epoch
 * likewise. Row i depends on samples[i] and not on the other rows, but for MIX_WITH = (i + 1) mod n. NULL options: the identity. */
void hni_augment_fill(const hn_augment_options *o, const hni_augment_size *size, uint64_t seed, int64_t epoch, const int64_t *samples,
                      int32_t n, float *table);

/* The share of sample i in its own image, 0 … 1: MIX_SHARE outside of the rectangle MIX, 0 inside. row: its row of the table. */
double hni_augment_share(const float *row, const hni_augment_size *size);

/* Labels [n, k] of a batch, 0 or 1, → targets in place: share · its own + (1 - share) · its partner's. table as hni_augment_fill made it. */
void hni_augment_targets(const float *table, const hni_augment_size *size, int32_t n, int32_t k, float *labels);

/* --- for the tests ---------------------------------------------------------------------------------------------------------- */
/* One placement: mirrored, then sheared, turned and made larger about the centre, then shifted, as torchvision's affine has it. */
typedef struct hni_augment_place {
    bool flip;
    double degrees, factor, shear; /* shear in degrees */
    double shift_x, shift_y;       /* px of the output */
} hni_augment_place;
/* The inverse, output px → stored px: six numbers A … F. */
void hni_augment_affine(const hni_augment_place *p, const hni_augment_size *size, double affine[6]);

#endif
