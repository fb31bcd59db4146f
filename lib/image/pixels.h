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
/* hni_image_new of the same type, channels and scale as another one; pixels are not set. */
hn_status hni_image_new_like(const hn_image *from, int32_t width, int32_t height, hn_image **out, hn_error *err);

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

/* Sample i of all, as it is stored. */
static inline double hni_sample_at(const hn_image *image, size_t i) {
    switch (image->type) {
    case HN_PIXEL_U8: return ((const uint8_t *)image->data)[i];
    case HN_PIXEL_I16: return ((const int16_t *)image->data)[i];
    case HN_PIXEL_U16: return ((const uint16_t *)image->data)[i];
    default: return (double)((const float *)image->data)[i];
    }
}

/* Pixel i of an image of grey levels, as 8-bit grey; of 16-bit and float images with three channels the first. */
static inline uint8_t hni_grey_at(const hn_image *image, size_t i) {
    const size_t at = i * (size_t)image->channels;
    uint8_t level;
    if (image->type == HN_PIXEL_U8 && image->channels == 3) {
        hni_channels_u8((const uint8_t *)image->data + at, 3, &level, 1, 1);
        return level;
    }
    const double v = hni_sample_at(image, at);
    return image->type == HN_PIXEL_U8 ? (uint8_t)v : image->type == HN_PIXEL_F32 ? hni_to_u8(v * 255) : (uint8_t)((uint32_t)v >> 8);
}

#endif
