/* image.h - the inside of hn_image, and what can be done with pixels. decode.c alone sees stb_image. */
#ifndef HNI_IMAGE_IMAGE_H
#define HNI_IMAGE_IMAGE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "haemnet/image.h"
#include "../base/context.h"

struct hn_image {
    atomic_int refs;
    hn_context *ctx;
    int32_t type, width, height, channels; /* HN_PIXEL_…; channels 1 or 3 */
    uint32_t flags;                        /* HN_PIXELS_HU */
    int32_t source_channels, exif_orientation;
    char format[8];
    double slope, intercept; /* HU = sample · slope + intercept; 1 and 0 for grey levels */
    size_t size;             /* bytes of data */
    void *data;              /* rows without gaps */
};

hn_status hni_image_new(hn_context *ctx, int32_t type, int32_t width, int32_t height, int32_t channels, hn_image **out, hn_error *err);
hn_image *hni_image_ref(hn_image *image);
void hni_image_unref(hn_image *image);

hn_status hni_image_decode(hn_context *ctx, const void *bytes, size_t size, const hn_image_options *options, hn_image **out, hn_error *err);
hn_status hni_image_load(hn_context *ctx, const char *path, const hn_image_options *options, hn_image **out, hn_error *err);
hn_status hni_image_wrap(hn_context *ctx, const hn_pixels *pixels, hn_image **out, hn_error *err);
/* type: HN_PIXEL_U8 or HN_PIXEL_F32 */
hn_status hni_image_window(const hn_image *image, const hn_window *window, int32_t type, hn_image **out, hn_error *err);
hn_status hni_image_convert(const hn_image *image, int32_t channels, hn_image **out, hn_error *err);
hn_status hni_image_encode(const hn_image *image, bool jpeg, int32_t quality, uint8_t **bytes, size_t *size, hn_error *err);

/* The same into the caller's memory, [height, width, channels] u8: windows and conversions that take none. depth: 16 bit keeps the high
 * byte; floats 0 … 1 are scaled, halves to even; HU go through the brain window. channels: n pixels of 1 or 3 samples. */
hn_status hni_window_u8(const hn_image *image, const hn_window *window, uint8_t *dst, hn_error *err);
hn_status hni_depth_u8(const hn_image *image, uint8_t *dst, hn_error *err);
void hni_channels_u8(const uint8_t *src, int32_t have, uint8_t *dst, int32_t want, size_t n);

/* Bit-exact with Pillow's BILINEAR. src: [height, width, channels] u8; dst: the caller's, [new_height, new_width, channels]. _in takes its
 * tables and its middle image from the scratch, and gives them back to it. */
struct hni_scratch;
hn_status hni_resize_u8_in(struct hni_scratch *scratch, const uint8_t *src, int32_t width, int32_t height, int32_t channels, uint8_t *dst,
                           int32_t new_width, int32_t new_height, hn_error *err);
hn_status hni_resize_u8(hn_context *ctx, const uint8_t *src, int32_t width, int32_t height, int32_t channels, uint8_t *dst,
                        int32_t new_width, int32_t new_height, hn_error *err);

#endif
