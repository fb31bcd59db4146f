/* orient.c - an image turned and mirrored as its EXIF orientation says.
 *
 * Cameras and some scanners store rows as the sensor gave them and leave the turning to the reader. All eight cases are one loop: a
 * place to start in the source, a step for the next pixel and one for the next row. */
#include <string.h>

#include "image.h"
#include "formats.h"
#include "pixels.h"

/* How the result walks over the source, by orientation: swapped sides, from the right, from the bottom. */
static const struct {
    bool swap, right, bottom;
} walk[9] = {{0, 0, 0}, {0, 0, 0}, {0, 1, 0}, {0, 1, 1}, {0, 0, 1}, {1, 0, 0}, {1, 0, 1}, {1, 1, 1}, {1, 1, 0}};

/* bytes: of one pixel. x_step and y_step in pixels of the source. */
static void copy(const uint8_t *src, uint8_t *dst, int32_t width, int32_t height, size_t bytes, ptrdiff_t x_step, ptrdiff_t y_step) {
    for (int32_t y = 0; y < height; y++) {
        const uint8_t *s = src + y * y_step * (ptrdiff_t)bytes;
        for (int32_t x = 0; x < width; x++, dst += bytes)
            memcpy(dst, s + x * x_step * (ptrdiff_t)bytes, bytes);
    }
}

hn_status hni_orient(const hn_image *image, int32_t orientation, hn_image **out, hn_error *err) {
    const bool swap = walk[orientation].swap, right = walk[orientation].right, bottom = walk[orientation].bottom;
    const ptrdiff_t w = image->width, h = image->height;
    const hn_status status = hni_image_new(image->ctx, image->type, swap ? image->height : image->width,
                                           swap ? image->width : image->height, image->channels, out, err);
    if (status)
        return status;
    hni_image_inherit(*out, image);
    const size_t bytes = (size_t)image->channels * hni_sample_bytes(image->type);
    const ptrdiff_t along = right ? -1 : 1, down = bottom ? -w : w, start = (right ? w - 1 : 0) + (bottom ? (h - 1) * w : 0);
    copy((const uint8_t *)image->data + start * (ptrdiff_t)bytes, (*out)->data, (*out)->width, (*out)->height, bytes, swap ? down : along,
         swap ? along : down);
    return HN_OK;
}
