/* image.c - the public calls of image.h: arguments are checked here, the work is lib/image's. */
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/scratch.h"
#include "image/filter.h"
#include "image/head.h"
#include "image/image.h"
#include "image/pixels.h" /* defines: hni_image_resize */
#include "image/text.h"
#include "structs.h"

#define NULL_ARGUMENT(function, name) hni_fail(err, HN_E_ARGUMENT, function ": " name " is NULL")

static hn_status take_options(const hn_image_options *options, hn_image_options *out, hn_error *err) {
    const hn_status status = options ? HNI_CHECK(options, hn_image_options, err) : HN_OK;
    if (!status)
        hni_take(out, sizeof *out, options);
    return status;
}

hn_status hn_image_load(hn_context *context, const char *path, const hn_image_options *options, hn_image **out, hn_error *err) {
    hn_image_options o;
    if (!out)
        return NULL_ARGUMENT("hn_image_load", "out");
    *out = NULL;
    if (!context || !path)
        return NULL_ARGUMENT("hn_image_load", "context or path");
    const hn_status status = take_options(options, &o, err);
    return status ? status : hni_image_load(context, path, &o, out, err);
}

hn_status hn_image_decode(hn_context *context, const void *bytes, size_t size, const hn_image_options *options, hn_image **out,
                          hn_error *err) {
    hn_image_options o;
    if (!out)
        return NULL_ARGUMENT("hn_image_decode", "out");
    *out = NULL;
    if (!context || !bytes)
        return NULL_ARGUMENT("hn_image_decode", "context or bytes");
    const hn_status status = take_options(options, &o, err);
    return status ? status : hni_image_decode(context, bytes, size, &o, out, err);
}

hn_status hn_image_wrap(hn_context *context, const hn_pixels *pixels, hn_image **out, hn_error *err) {
    hn_pixels p;
    if (!out)
        return NULL_ARGUMENT("hn_image_wrap", "out");
    *out = NULL;
    if (!context || !pixels)
        return NULL_ARGUMENT("hn_image_wrap", "context or pixels");
    const hn_status status = HNI_CHECK(pixels, hn_pixels, err);
    if (status)
        return status;
    hni_take(&p, sizeof p, pixels);
    return hni_image_wrap(context, &p, out, err);
}

hn_status hn_image_get_info(const hn_image *image, hn_image_info *out, hn_error *err) {
    hn_image_info info = {0};
    if (!image || !out)
        return NULL_ARGUMENT("hn_image_get_info", "image or out");
    const hn_status status = HNI_CHECK(out, hn_image_info, err);
    if (status)
        return status;
    info.type = image->type;
    info.width = image->width;
    info.height = image->height;
    info.channels = image->channels;
    info.flags = image->flags;
    info.source_channels = image->source_channels;
    info.exif_orientation = image->exif_orientation;
    memcpy(info.format, image->format, sizeof info.format);
    hni_give(out, &info, sizeof info);
    return HN_OK;
}

hn_status hn_image_copy_pixels(const hn_image *image, void *dst, size_t cap, size_t *need, hn_error *err) {
    if (!image)
        return NULL_ARGUMENT("hn_image_copy_pixels", "image");
    if (!dst && !need)
        return NULL_ARGUMENT("hn_image_copy_pixels", "dst and need");
    if (need)
        *need = image->size;
    if (!dst)
        return HN_OK;
    if (cap < image->size)
        return hni_fail(err, HN_E_BUFFER, "hn_image_copy_pixels: the pixels need %zu bytes, the buffer has %zu", image->size, cap);
    memcpy(dst, image->data, image->size);
    return HN_OK;
}

hn_status hn_image_window(const hn_image *image, const hn_window *window, hn_image **out, hn_error *err) {
    if (!out)
        return NULL_ARGUMENT("hn_image_window", "out");
    *out = NULL;
    return image ? hni_image_window(image, window, HN_PIXEL_U8, out, err) : NULL_ARGUMENT("hn_image_window", "image");
}

hn_status hn_image_window_float(const hn_image *image, const hn_window *window, hn_image **out, hn_error *err) {
    if (!out)
        return NULL_ARGUMENT("hn_image_window_float", "out");
    *out = NULL;
    return image ? hni_image_window(image, window, HN_PIXEL_F32, out, err) : NULL_ARGUMENT("hn_image_window_float", "image");
}

hn_status hn_image_convert(const hn_image *image, int32_t channels, hn_image **out, hn_error *err) {
    if (!out)
        return NULL_ARGUMENT("hn_image_convert", "out");
    *out = NULL;
    return image ? hni_image_convert(image, channels, out, err) : NULL_ARGUMENT("hn_image_convert", "image");
}

hn_status hn_image_resize(const hn_image *image, int32_t width, int32_t height, hn_image **out, hn_error *err) {
    if (!out)
        return NULL_ARGUMENT("hn_image_resize", "out");
    *out = NULL;
    if (!image)
        return NULL_ARGUMENT("hn_image_resize", "image");
    return hni_image_resize(image, width, height, out, err);
}

hn_status hn_image_filter_median(const hn_image *image, int32_t size, hn_image **out, hn_error *err) {
    if (!out)
        return NULL_ARGUMENT("hn_image_filter_median", "out");
    *out = NULL;
    return image ? hni_image_median(image, size, out, err) : NULL_ARGUMENT("hn_image_filter_median", "image");
}

hn_status hn_image_filter_gaussian(const hn_image *image, double sigma, hn_image **out, hn_error *err) {
    if (!out)
        return NULL_ARGUMENT("hn_image_filter_gaussian", "out");
    *out = NULL;
    return image ? hni_image_gaussian(image, sigma, out, err) : NULL_ARGUMENT("hn_image_filter_gaussian", "image");
}

hn_status hn_image_head_box(const hn_image *image, double margin, int32_t square, hn_box *out, hn_error *err) {
    hn_box box = {0};
    if (!image || !out)
        return NULL_ARGUMENT("hn_image_head_box", "image or out");
    hn_status status = HNI_CHECK(out, hn_box, err);
    if (status)
        return status;
    if (square != 0 && square != 1)
        return hni_fail(err, HN_E_ARGUMENT, "hn_image_head_box: square is %d: must be 0 or 1", (int)square);
    hni_scratch scratch = {.ctx = image->ctx};
    status = hni_head_box(&scratch, image, margin, square == 1, &box, err);
    hni_scratch_free(&scratch);
    if (!status)
        hni_give(out, &box, sizeof box);
    return status;
}

hn_status hn_image_strip_skull(const hn_image *image, hn_image **out, hn_error *err) {
    if (!out)
        return NULL_ARGUMENT("hn_image_strip_skull", "out");
    *out = NULL;
    return image ? hni_image_strip_skull(image, out, err) : NULL_ARGUMENT("hn_image_strip_skull", "image");
}

hn_status hn_image_crop(const hn_image *image, const hn_box *box, hn_image **out, hn_error *err) {
    hn_box b;
    if (!out)
        return NULL_ARGUMENT("hn_image_crop", "out");
    *out = NULL;
    if (!image || !box)
        return NULL_ARGUMENT("hn_image_crop", "image or box");
    const hn_status status = HNI_CHECK(box, hn_box, err);
    if (status)
        return status;
    hni_take(&b, sizeof b, box);
    return hni_image_crop(image, &b, out, err);
}

hn_status hn_image_text(hn_context *context, const char *text, int32_t scale, hn_image **out, hn_error *err) {
    if (!out)
        return NULL_ARGUMENT("hn_image_text", "out");
    *out = NULL;
    return context && text ? hni_image_text(context, text, scale, out, err) : NULL_ARGUMENT("hn_image_text", "context or text");
}

/* Encodes and puts the file in place of the old one. */
static hn_status save(const hn_image *image, const char *path, bool jpeg, int32_t quality, hn_error *err) {
    hni_piece piece = {NULL, 0};
    uint8_t *bytes = NULL;
    hn_status status = hni_image_encode(image, jpeg, quality, &bytes, &piece.size, err);
    if (status)
        return status;
    piece.data = bytes;
    status = hni_file_replace(image->ctx, path, &piece, 1, err);
    hni_free(image->ctx, bytes);
    return status;
}

hn_status hn_image_save_png(const hn_image *image, const char *path, hn_error *err) {
    return image && path ? save(image, path, false, 0, err) : NULL_ARGUMENT("hn_image_save_png", "image or path");
}

hn_status hn_image_save_png_memory(const hn_image *image, void *dst, size_t cap, size_t *need, hn_error *err) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (!image)
        return NULL_ARGUMENT("hn_image_save_png_memory", "image");
    hn_status status = hni_image_encode(image, false, 0, &bytes, &size, err);
    if (status)
        return status;
    if (need)
        *need = size;
    if (dst && cap < size)
        status = hni_fail(err, HN_E_BUFFER, "the PNG has %zu bytes and the buffer room for %zu; bring room for *need bytes", size, cap);
    else if (dst)
        memcpy(dst, bytes, size);
    hni_free(image->ctx, bytes);
    return status;
}

hn_status hn_image_save_jpeg(const hn_image *image, const char *path, int32_t quality, hn_error *err) {
    return image && path ? save(image, path, true, quality, err) : NULL_ARGUMENT("hn_image_save_jpeg", "image or path");
}

void hn_image_free(hn_image *image) {
    hni_image_unref(image);
}
