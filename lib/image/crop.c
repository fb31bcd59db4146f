/* crop.c - a rectangle of an image, which may reach beyond it: black is outside, or air where the image is CT values. */
#include <math.h>
#include <string.h>

#include "../base/status.h"
#include "head.h"
#include "pixels.h"

static const int32_t far = 1 << 20; /* px: places of boxes, so that sums of them fit */
static const double air = -1024;    /* HU */

hn_status hni_box_check(const hn_box *box, hn_error *err) {
    if (box->width < 1 || box->height < 1 || box->width > HNI_MAX_SIDE || box->height > HNI_MAX_SIDE)
        return hni_fail(err, HN_E_ARGUMENT, "a box of %d x %d px: sides must be 1 to %d px", (int)box->width, (int)box->height, HNI_MAX_SIDE);
    if (box->x < -far || box->x > far || box->y < -far || box->y > far)
        return hni_fail(err, HN_E_ARGUMENT, "a box at %d, %d px: at most %d px from the image's corner", (int)box->x, (int)box->y, (int)far);
    return HN_OK;
}

/* Copies what box and image share; pixel: bytes of one. */
static void copy_shared(const uint8_t *src, int32_t width, int32_t height, size_t pixel, const hn_box *box, uint8_t *dst) {
    const int32_t left = box->x > 0 ? box->x : 0, right = box->x + box->width < width ? box->x + box->width : width;
    const int32_t top = box->y > 0 ? box->y : 0, bottom = box->y + box->height < height ? box->y + box->height : height;
    for (int32_t y = top; left < right && y < bottom; y++)
        memcpy(dst + ((size_t)(y - box->y) * (size_t)box->width + (size_t)(left - box->x)) * pixel,
               src + ((size_t)y * (size_t)width + (size_t)left) * pixel, (size_t)(right - left) * pixel);
}

void hni_crop_u8(const uint8_t *src, int32_t width, int32_t height, int32_t channels, const hn_box *box, uint8_t *dst) {
    memset(dst, 0, (size_t)box->width * (size_t)box->height * (size_t)channels);
    copy_shared(src, width, height, (size_t)channels, box, dst);
}

void hni_fill_air(hn_image *image) {
    const size_t n = image->size / hni_sample_bytes(image->type);
    const double v = (air - image->intercept) / image->slope;
    const double low = image->type == HN_PIXEL_I16 ? -32768 : 0, high = image->type == HN_PIXEL_I16 ? 32767 : 65535;
    if (!(image->flags & HN_PIXELS_HU)) {
        memset(image->data, 0, image->size);
        return;
    }
    if (image->type == HN_PIXEL_F32) {
        for (size_t i = 0; i < n; i++)
            ((float *)image->data)[i] = (float)v;
        return;
    }
    const int32_t stored = (int32_t)hni_round_even(v > low ? v < high ? v : high : low); /* a slope of NaN cannot be */
    for (size_t i = 0; i < n; i++) {
        if (image->type == HN_PIXEL_I16)
            ((int16_t *)image->data)[i] = (int16_t)stored;
        else
            ((uint16_t *)image->data)[i] = (uint16_t)stored;
    }
}

hn_status hni_image_crop(const hn_image *image, const hn_box *box, hn_image **out, hn_error *err) {
    hn_image *fresh = NULL;
    *out = NULL;
    hn_status status = hni_box_check(box, err);
    if (!status)
        status = hni_image_new_like(image, box->width, box->height, &fresh, err);
    if (status)
        return status;
    hni_fill_air(fresh);
    copy_shared(image->data, image->width, image->height, (size_t)image->channels * hni_sample_bytes(image->type), box, fresh->data);
    *out = fresh;
    return HN_OK;
}
