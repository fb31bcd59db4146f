/* convert.c - any image to 8-bit samples of 1 or 3 channels, as PIL's convert('L') and convert('RGB') do.
 *
 * The second step of every pipeline, after decoding and before resizing. Two small steps in a row, depth first and channels second,
 * instead of a function per pair of formats: 16-bit and HU images are rare next to plain 8-bit ones. */
#include <string.h>

#include "../base/status.h"
#include "image.h"
#include "pixels.h"

hn_status hni_depth_u8(const hn_image *image, uint8_t *dst, hn_error *err) {
    if (image->flags & HN_PIXELS_HU)
        return hni_window_u8(image, NULL, dst, err);
    const size_t n = (size_t)image->width * (size_t)image->height * (size_t)image->channels;
    if (image->type == HN_PIXEL_U8) {
        memcpy(dst, image->data, n);
    } else if (image->type == HN_PIXEL_U16) {
        const uint16_t *src = image->data;
        for (size_t i = 0; i < n; i++)
            dst[i] = (uint8_t)(src[i] >> 8);
    } else {
        const float *src = image->data;
        for (size_t i = 0; i < n; i++)
            dst[i] = hni_to_u8((double)src[i] * 255);
    }
    return HN_OK;
}

/* ITU-R 601 luma in 16-bit fixed point, PIL's own. */
static void rgb_to_grey(const uint8_t *src, uint8_t *dst, size_t n) {
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)((19595u * src[3 * i] + 38470u * src[3 * i + 1] + 7471u * src[3 * i + 2] + 32768u) >> 16);
}

static void grey_to_rgb(const uint8_t *src, uint8_t *dst, size_t n) {
    for (size_t i = 0; i < n; i++)
        dst[3 * i] = dst[3 * i + 1] = dst[3 * i + 2] = src[i];
}

void hni_channels_u8(const uint8_t *src, int32_t have, uint8_t *dst, int32_t want, size_t n) {
    if (want == have)
        memcpy(dst, src, n * (size_t)have);
    else if (want == 1)
        rgb_to_grey(src, dst, n);
    else
        grey_to_rgb(src, dst, n);
}

static hn_status to_8_bit(const hn_image *image, hn_image **out, hn_error *err) {
    hn_status status = hni_image_new(image->ctx, HN_PIXEL_U8, image->width, image->height, image->channels, out, err);
    if (status)
        return status;
    hni_image_inherit(*out, image);
    status = hni_depth_u8(image, (*out)->data, err);
    if (status) {
        hni_image_unref(*out);
        *out = NULL;
    }
    return status;
}

/* image is 8 bit. */
static hn_status change_channels(const hn_image *image, int32_t channels, hn_image **out, hn_error *err) {
    const hn_status status = hni_image_new(image->ctx, HN_PIXEL_U8, image->width, image->height, channels, out, err);
    if (status)
        return status;
    hni_image_inherit(*out, image);
    hni_channels_u8(image->data, image->channels, (*out)->data, channels, (size_t)image->width * (size_t)image->height);
    return HN_OK;
}

hn_status hni_image_convert(const hn_image *image, int32_t channels, hn_image **out, hn_error *err) {
    *out = NULL;
    if (channels != 1 && channels != 3)
        return hni_fail(err, HN_E_ARGUMENT, "hn_image_convert: %d channels: 1 (grey) or 3 (RGB) can be made", (int)channels);
    if (image->type == HN_PIXEL_U8)
        return change_channels(image, channels, out, err);
    hn_image *eight = NULL;
    hn_status status = to_8_bit(image, &eight, err);
    if (status)
        return status;
    if (eight->channels == channels) {
        *out = eight;
        return HN_OK;
    }
    status = change_channels(eight, channels, out, err);
    hni_image_unref(eight);
    return status;
}
