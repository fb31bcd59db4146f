/* wrap.c - an image of the caller's raw pixels: a PACS' buffer, a frame grabber's, an array of numpy's.
 *
 * The way in for CT values. Everything about the description is checked before the first sample is read, because nothing tells how
 * large the caller's buffer is; rows are copied with memcpy, because the data need not be aligned. Alpha is dropped on the way. */
#include <math.h>
#include <string.h>

#include "../base/status.h"
#include "image.h"
#include "pixels.h"

static hn_status check_sides(const hn_pixels *p, hn_error *err) {
    if (p->width < 1 || p->height < 1)
        return hni_fail(err, HN_E_ARGUMENT, "hn_pixels: %d x %d px: both sides must be at least 1", (int)p->width, (int)p->height);
    if (p->width > HNI_MAX_SIDE || p->height > HNI_MAX_SIDE)
        return hni_fail(err, HN_E_LIMIT, "hn_pixels: %d x %d px: the limit is %d px a side", (int)p->width, (int)p->height, HNI_MAX_SIDE);
    if (!p->data)
        return hni_fail(err, HN_E_ARGUMENT, "hn_pixels.data is NULL");
    return HN_OK;
}

static hn_status check_values(const hn_pixels *p, hn_error *err) {
    const bool hu = p->type == HN_PIXEL_I16 || (p->flags & HN_PIXELS_HU);
    if (p->type < HN_PIXEL_U8 || p->type > HN_PIXEL_F32)
        return hni_fail(err, HN_E_ARGUMENT, "hn_pixels.type is %d; HN_PIXEL_U8, U16, I16 and F32 are known", (int)p->type);
    if (p->flags & ~(uint32_t)(HN_PIXELS_HU | HN_PIXELS_ALPHA))
        return hni_fail(err, HN_E_ARGUMENT, "hn_pixels.flags is 0x%x; only HN_PIXELS_… bits may be set", (unsigned)p->flags);
    if (p->channels < 1 || p->channels > 4)
        return hni_fail(err, HN_E_ARGUMENT, "hn_pixels.channels is %d; 1 to 4 are allowed", (int)p->channels);
    if ((p->flags & HN_PIXELS_ALPHA) && p->channels % 2)
        return hni_fail(err, HN_E_ARGUMENT, "HN_PIXELS_ALPHA goes with 2 or 4 channels, not %d", (int)p->channels);
    if (hu && p->type == HN_PIXEL_U8)
        return hni_fail(err, HN_E_ARGUMENT, "HN_PIXELS_HU goes with U16, I16 and F32 samples, not with U8");
    if (!isfinite(p->slope) || !isfinite(p->intercept))
        return hni_fail(err, HN_E_ARGUMENT, "hn_pixels: slope %g and intercept %g must be finite", p->slope, p->intercept);
    if (!hu && ((p->slope != 0 && p->slope != 1) || p->intercept != 0))
        return hni_fail(err, HN_E_ARGUMENT, "hn_pixels: slope %g and intercept %g need HN_PIXELS_HU: grey levels have neither", p->slope,
                        p->intercept);
    return HN_OK;
}

static hn_status check_stride(const hn_pixels *p, size_t row, int64_t *stride, hn_error *err) {
    int64_t span = 0;
    *stride = p->row_stride ? p->row_stride : (int64_t)row;
    if (*stride < (int64_t)row && *stride > -(int64_t)row)
        return hni_fail(err, HN_E_ARGUMENT, "hn_pixels.row_stride is %lld bytes, but a row has %zu", (long long)*stride, row);
    if (__builtin_mul_overflow(*stride, (int64_t)p->height, &span) || span > PTRDIFF_MAX || span < -PTRDIFF_MAX)
        return hni_fail(err, HN_E_ARGUMENT, "hn_pixels.row_stride of %lld bytes over %d rows leaves the address space",
                        (long long)*stride, (int)p->height);
    return HN_OK;
}

/* Copies one row, leaving out the last of `have` channels if `keep` is one less. */
static void copy_row(uint8_t *dst, const uint8_t *src, int32_t width, int32_t have, int32_t keep, size_t sample) {
    const size_t step = (size_t)have * sample, part = (size_t)keep * sample;
    if (have == keep) {
        memcpy(dst, src, (size_t)width * step);
        return;
    }
    for (int32_t x = 0; x < width; x++, src += step, dst += part)
        memcpy(dst, src, part);
}

hn_status hni_image_wrap(hn_context *ctx, const hn_pixels *p, hn_image **out, hn_error *err) {
    int64_t stride = 0;
    *out = NULL;
    hn_status status = check_sides(p, err);
    if (!status)
        status = check_values(p, err);
    if (status)
        return status;
    const size_t sample = hni_sample_bytes(p->type);
    const size_t row = (size_t)p->width * (size_t)p->channels * sample; /* at most 65535 · 4 · 4 */
    status = check_stride(p, row, &stride, err);
    if (status)
        return status;
    const int32_t keep = p->channels >= 3 ? 3 : 1;
    hn_image *image = NULL;
    status = hni_image_new(ctx, p->type, p->width, p->height, keep, &image, err);
    if (status)
        return status;
    image->source_channels = p->channels;
    if (p->type == HN_PIXEL_I16 || (p->flags & HN_PIXELS_HU)) {
        image->flags = HN_PIXELS_HU;
        image->slope = p->slope != 0 ? p->slope : 1;
        image->intercept = p->intercept;
    }
    const size_t packed = (size_t)p->width * (size_t)keep * sample;
    for (int32_t y = 0; y < p->height; y++)
        copy_row((uint8_t *)image->data + (size_t)y * packed, (const uint8_t *)p->data + (int64_t)y * stride, p->width, p->channels, keep,
                 sample);
    *out = image;
    return HN_OK;
}
