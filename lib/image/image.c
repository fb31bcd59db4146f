/* image.c - the hn_image object: made, shared, given back.
 *
 * Not a decoder and not arithmetic on pixels: every file of this folder that makes an image asks hni_image_new for it. An image is
 * immutable once it has left the function that made it, so references are all that threads share. */
#include <string.h>

#include "../base/memory.h" /* defines: hni_alloc, hni_mul */
#include "../base/status.h"
#include "image.h"
#include "pixels.h" /* defines: hni_sample_bytes, HNI_MAX_SIDE */

size_t hni_sample_bytes(int32_t type) {
    return type == HN_PIXEL_U8 ? 1 : type == HN_PIXEL_F32 ? 4 : 2;
}

hn_status hni_image_new(hn_context *ctx, int32_t type, int32_t width, int32_t height, int32_t channels, hn_image **out, hn_error *err) {
    size_t size = 0;
    *out = NULL;
    if (width < 1 || height < 1 || width > HNI_MAX_SIDE || height > HNI_MAX_SIDE)
        return hni_fail(err, HN_E_LIMIT, "an image of %d x %d px: sides must be 1 to %d px", (int)width, (int)height, HNI_MAX_SIDE);
    if (!hni_mul((size_t)width, (size_t)height, &size) || !hni_mul(size, (size_t)channels * hni_sample_bytes(type), &size))
        return hni_fail(err, HN_E_LIMIT, "an image of %d x %d px is too large for this machine", (int)width, (int)height);
    hn_image *image = hni_calloc(ctx, 1, sizeof *image);
    if (!image)
        return hni_fail_memory(err, sizeof *image, "an image");
    image->data = hni_alloc_aligned(ctx, size);
    if (!image->data) {
        hni_free(ctx, image);
        return hni_fail_memory(err, size, "the pixels of an image");
    }
    atomic_init(&image->refs, 1);
    image->ctx = hni_context_ref(ctx);
    image->type = type;
    image->width = width;
    image->height = height;
    image->channels = image->source_channels = channels;
    image->slope = 1;
    memcpy(image->format, "raw", 4);
    image->size = size;
    *out = image;
    return HN_OK;
}

hn_image *hni_image_ref(hn_image *image) {
    if (image)
        atomic_fetch_add_explicit(&image->refs, 1, memory_order_relaxed);
    return image;
}

void hni_image_unref(hn_image *image) {
    if (!image || atomic_fetch_sub_explicit(&image->refs, 1, memory_order_acq_rel) != 1)
        return;
    hn_context *ctx = image->ctx;
    hni_free_aligned(ctx, image->data);
    hni_free(ctx, image);
    hni_context_unref(ctx);
}

void hni_image_inherit(hn_image *to, const hn_image *from) {
    to->source_channels = from->source_channels;
    to->exif_orientation = from->exif_orientation;
    memcpy(to->format, from->format, sizeof to->format);
}

hn_status hni_image_new_like(const hn_image *from, int32_t width, int32_t height, hn_image **out, hn_error *err) {
    const hn_status status = hni_image_new(from->ctx, from->type, width, height, from->channels, out, err);
    if (status)
        return status;
    hni_image_inherit(*out, from);
    (*out)->flags = from->flags;
    (*out)->slope = from->slope;
    (*out)->intercept = from->intercept;
    return HN_OK;
}
