/* jpeg_kernels.h - inner loops of decoding a JPEG that take the place of stb_image's own where the processor allows it.
 *
 * Each gives exactly what stb_image 2.27's gives; tests/image/test_kernels.c holds them against its formulas. */
#ifndef HNI_IMAGE_JPEG_KERNELS_H
#define HNI_IMAGE_JPEG_KERNELS_H

#include <stdint.h>

/* YCbCr → RGB: count ≥ 1 samples of each plane → count pixels of `step` bytes, in the type that stb_image calls. step is 3. */
typedef void hni_jpeg_colour_fn(uint8_t *out, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, int count, int step);

/* The fastest for this processor; NULL where stb_image's own is to be used. */
hni_jpeg_colour_fn *hni_jpeg_colour(void);

#endif
