/* read.c - a file's bytes to an image: which format, the check for it, decoding, orientation, channels.
 *
 * The way in for display images. A format is known by its first bytes, never by its name, because archives rename files. Other
 * formats are told apart as far as their first bytes allow, so that the message can say what the file is. */
#include <string.h>

#include "../base/files.h"
#include "../base/memory.h"
#include "../base/status.h"
#include "formats.h"

typedef hn_status check_fn(hn_context *ctx, const uint8_t *bytes, size_t size, const hni_limits *limits, hni_coded *out, hn_error *err);

static bool starts(const uint8_t *bytes, size_t size, size_t at, const char *magic, size_t length) {
    return size >= at + length && !memcmp(bytes + at, magic, length);
}

static hn_status unknown(const uint8_t *bytes, size_t size, hn_error *err) {
    static const struct {
        size_t at;
        const char *magic, *name;
    } others[] = {{128, "DICM", "DICOM"},   {0, "GIF8", "GIF"},      {0, "II*", "TIFF"},          {0, "MM", "TIFF"},
                  {8, "WEBP", "WebP"},      {0, "8BPS", "Photoshop"}, {4, "jP  ", "JPEG 2000"},   {0, "\xff\x4f\xff\x51", "JPEG 2000"},
                  {0, "%PDF", "PDF"},       {0, "\x1f\x8b", "gzip"},  {0, "PK", "ZIP"},           {4, "ftyp", "HEIF or MP4"},
                  {0, "\x89PN", "PNG, but with a damaged signature"}, {0, "\xffPN", "PNG, but with a damaged signature"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (starts(bytes, size, others[i].at, others[i].magic, strlen(others[i].magic)))
            return hni_fail(err, HN_E_FORMAT, "this is %s; PNG, JPEG, BMP and binary PNM can be read", others[i].name);
    if (!size)
        return hni_fail(err, HN_E_FORMAT, "the file is empty");
    return hni_fail(err, HN_E_FORMAT, "unknown format, or a damaged start; PNG, JPEG, BMP and binary PNM can be read");
}

/* Everything but PNM. */
static hn_status read_coded(hn_context *ctx, check_fn *check, const uint8_t *bytes, size_t size, const hni_limits *limits, hn_image **out,
                            hn_error *err) {
    hni_coded coded = {0};
    hn_status status = check(ctx, bytes, size, limits, &coded, err);
    if (!status)
        status = hni_stb_decode(ctx, &coded, out, err);
    hni_free(ctx, coded.owned);
    return status;
}

static hn_status read_any(hn_context *ctx, const uint8_t *bytes, size_t size, const hni_limits *limits, hn_image **out, hn_error *err) {
    if (starts(bytes, size, 0, "\x89PNG\r\n\x1a\n", 8))
        return read_coded(ctx, hni_png_check, bytes, size, limits, out, err);
    if (starts(bytes, size, 0, "\xff\xd8\xff", 3))
        return read_coded(ctx, hni_jpeg_check, bytes, size, limits, out, err);
    if (starts(bytes, size, 0, "BM", 2))
        return read_coded(ctx, hni_bmp_check, bytes, size, limits, out, err);
    if (size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7')
        return hni_pnm_read(ctx, bytes, size, limits, out, err);
    return unknown(bytes, size, err);
}

/* Puts `fresh` in the place of *image. */
static void replace(hn_image **image, hn_image *fresh) {
    hni_image_unref(*image);
    *image = fresh;
}

static hn_status read_with(hn_context *ctx, const void *bytes, size_t size, const hni_limits *limits, hn_image **out, hn_error *err) {
    hn_image *image = NULL, *fresh = NULL;
    hn_status status = read_any(ctx, bytes, size, limits, &image, err);
    if (!status && image->exif_orientation > 1 && !limits->ignore_exif) {
        status = hni_orient(image, image->exif_orientation, &fresh, err);
        if (!status)
            replace(&image, fresh);
    }
    if (!status && limits->channels && (limits->channels != image->channels || image->type != HN_PIXEL_U8)) {
        status = hni_image_convert(image, limits->channels, &fresh, err);
        if (!status)
            replace(&image, fresh);
    }
    if (status)
        replace(&image, NULL);
    *out = image;
    return status;
}

hn_status hni_image_decode(hn_context *ctx, const void *bytes, size_t size, const hn_image_options *options, hn_image **out,
                           hn_error *err) {
    hni_limits limits;
    *out = NULL;
    const hn_status status = hni_limits_take(options, &limits, err);
    if (status)
        return status;
    if (size > limits.max_bytes)
        return hni_fail(err, HN_E_LIMIT, "an image file of %zu bytes exceeds the limit of %llu (hn_image_options.max_bytes)", size,
                        (unsigned long long)limits.max_bytes);
    return read_with(ctx, bytes, size, &limits, out, err);
}

hn_status hni_image_load(hn_context *ctx, const char *path, const hn_image_options *options, hn_image **out, hn_error *err) {
    hni_limits limits;
    uint8_t *bytes = NULL;
    size_t size = 0;
    *out = NULL;
    hn_status status = hni_limits_take(options, &limits, err);
    if (!status)
        status = hni_file_read(ctx, path, limits.max_bytes, &bytes, &size, err);
    if (status)
        return status; /* names the path */
    status = read_with(ctx, bytes, size, &limits, out, err);
    hni_free(ctx, bytes);
    if (status)
        hni_error_prefix(err, "%s", path);
    return status;
}
