/* jpeg_kernels.h - the inner loop of decoding a JPEG that takes the place of stb_image's own.
 *
 * It gives exactly what stb_image 2.27 gives; tests/image/test_kernels.c holds it against the formula there. */
#ifndef HNI_IMAGE_JPEG_KERNELS_H
#define HNI_IMAGE_JPEG_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* YCbCr → RGB: `count` samples of each plane → as many pixels of three bytes. */
typedef void hni_jpeg_colour_fn(uint8_t *out, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, size_t count);

/* Those that this processor can run, the fastest first; `index` counts from 0, behind the last comes NULL. */
hni_jpeg_colour_fn *hni_jpeg_colours(int index);

#endif
