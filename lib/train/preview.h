/* preview.h - images as training sees them, for people to look at. */
#ifndef HNI_TRAIN_PREVIEW_H
#define HNI_TRAIN_PREVIEW_H

#include "haemnet/augment.h"
#include "model/model.h"

enum { HNI_PREVIEW_MOST = 4096 }; /* images of one batch */

/* hn_augment_images; options as hni_augment_check wants them, NULL = none. On failure all of out is NULL. */
hn_status hni_augment_images(const hn_model *model, const hn_image *const *images, int32_t count, const hn_augment_options *options,
                             uint64_t seed, int64_t epoch, const int64_t *samples, hn_image **out, hn_error *err);

#endif
