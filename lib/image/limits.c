/* limits.c - how large an image may be: the caller's limits, or the defaults, held against a file's header.
 *
 * Not a guess at memory: each format's check works out what its decoder needs. This comes before, so that a 100-byte file that
 * claims 60000 × 60000 px costs nothing. */
#include <inttypes.h>

#include "../base/status.h"
#include "formats.h"
#include "pixels.h"

hn_status hni_limits_take(const hn_image_options *options, hni_limits *out, hn_error *err) {
    static const hn_image_options none = {0};
    const hn_image_options *o = options ? options : &none;
    if (o->channels != 0 && o->channels != 1 && o->channels != 3)
        return hni_fail(err, HN_E_ARGUMENT, "hn_image_options.channels is %d; 0, 1 and 3 are allowed", (int)o->channels);
    if (o->max_side < 0)
        return hni_fail(err, HN_E_ARGUMENT, "hn_image_options.max_side is %d px; 0 means the default", (int)o->max_side);
    if (o->ignore_exif != 0 && o->ignore_exif != 1)
        return hni_fail(err, HN_E_ARGUMENT, "hn_image_options.ignore_exif is %d; 0 and 1 are allowed", (int)o->ignore_exif);
    out->max_bytes = o->max_bytes ? o->max_bytes : UINT64_C(256) << 20;
    out->max_pixels = o->max_pixels ? o->max_pixels : UINT64_C(64) << 20;
    out->max_side = o->max_side ? o->max_side : 32768;
    if (out->max_side > HNI_MAX_SIDE)
        out->max_side = HNI_MAX_SIDE;
    out->channels = o->channels;
    out->ignore_exif = o->ignore_exif;
    return HN_OK;
}

hn_status hni_limits_check(const hni_limits *limits, const char *format, uint64_t width, uint64_t height, hn_error *err) {
    if (!width || !height)
        return hni_fail(err, HN_E_FORMAT, "%s: the header says %" PRIu64 " x %" PRIu64 " px: damaged", format, width, height);
    if (width > (uint64_t)limits->max_side || height > (uint64_t)limits->max_side)
        return hni_fail(err, HN_E_LIMIT, "%s: %" PRIu64 " x %" PRIu64 " px exceed the limit of %d px a side (hn_image_options.max_side)",
                        format, width, height, (int)limits->max_side);
    if (width * height > limits->max_pixels)
        return hni_fail(err, HN_E_LIMIT,
                        "%s: %" PRIu64 " x %" PRIu64 " px exceed the limit of %" PRIu64 " px (hn_image_options.max_pixels)", format, width,
                        height, limits->max_pixels);
    return HN_OK;
}
