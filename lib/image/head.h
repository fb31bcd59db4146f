/* head.h - where the head is, images cut to a rectangle, and heads without their skull. */
#ifndef HNI_IMAGE_HEAD_H
#define HNI_IMAGE_HEAD_H

#include "image.h"

struct hni_scratch;

/* The head's box; all but struct_size of out is filled. margin: share of the longer side added on each side, 0 … 1; square: the shorter side
 * grows to the longer. HN_E_NOT_FOUND: nothing that could be a head. HN_E_ARGUMENT, HN_E_MEMORY. Scratch is left for the caller to rewind. */
hn_status hni_head_box(struct hni_scratch *scratch, const hn_image *image, double margin, bool square, hn_box *out, hn_error *err);

/* The rectangle of src [height, width, channels] u8, black where it reaches beyond; dst [box.height, box.width, channels]. */
void hni_crop_u8(const uint8_t *src, int32_t width, int32_t height, int32_t channels, const hn_box *box, uint8_t *dst);
hn_status hni_box_check(const hn_box *box, hn_error *err); /* sides 1 … 65535 px, places ±2^20 px */
/* All samples become 0, or where the image is CT values the stored value of air, -1024 HU. */
void hni_fill_air(hn_image *image);
hn_status hni_image_crop(const hn_image *image, const hn_box *box, hn_image **out, hn_error *err);

/* The image without its skull and what is outside it, into dst: image->size bytes, rows without gaps. HN_E_NOT_FOUND: no closed skull; dst holds
 * nothing then. HN_E_MEMORY. Takes 5 bytes a pixel, and gives them back to the scratch. */
hn_status hni_strip_skull(struct hni_scratch *scratch, const hn_image *image, void *dst, hn_error *err);
hn_status hni_image_strip_skull(const hn_image *image, hn_image **out, hn_error *err);

#endif
