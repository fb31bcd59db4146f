/* pixels.h - small things that every file of this folder needs to walk over pixels. */
#ifndef HNI_IMAGE_PIXELS_H
#define HNI_IMAGE_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"

#define HNI_MAX_SIDE 65535 /* px; the ABI's promise, and what JPEG and stb_image can count */

/* Bytes of one sample of HN_PIXEL_…. */
size_t hni_sample_bytes(int32_t type);

/* What an image made from another one remembers of it: the file's format, channels and orientation. */
void hni_image_inherit(hn_image *to, const hn_image *from);

/* hn_image_resize; in resize.c. */
hn_status hni_image_resize(const hn_image *image, int32_t width, int32_t height, hn_image **out, hn_error *err);

/* The nearest whole number, halves to even, for |x| < 2^51: adding 1.5 · 2^52 leaves no room for a fraction. Unlike rint it is no
 * call, so loops over pixels vectorise; unlike a cast it never rounds twice. */
static inline double hni_round_even(double x) {
    const double shift = 6755399441055744.0;
    return (x + shift) - shift;
}

/* x in 0 … 255 to 8 bit, halves to even; below 0 and NaN give 0, above 255 gives 255. */
static inline uint8_t hni_to_u8(double x) {
    x = x > 0 ? x : 0; /* NaN compares false */
    x = x < 255 ? x : 255;
    return (uint8_t)hni_round_even(x);
}

#endif
