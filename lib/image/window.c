/* window.c - CT values through a window (centre and width in HU) to grey levels, 8 bit or float.
 *
 * The one place where HU become grey, for training and for use alike, so that a model sees the same numbers in both. All of it is
 * double arithmetic in the order that the public header writes down; no table, because F32 images have no finite set of values. */
#include <math.h>

#include "../base/status.h"
#include "image.h"
#include "pixels.h"

/* Where the window lies: grey = (sample · slope + intercept - low) / width. */
typedef struct {
    double slope, intercept, low, width;
} scale;

static inline double grey(const scale *s, double sample) {
    return (sample * s->slope + s->intercept - s->low) / s->width;
}

static inline float unit(double g) {
    g = g > 0 ? g : 0; /* NaN compares false: black */
    return (float)(g < 1 ? g : 1);
}

#define LOOPS(sample_type)                                              \
    do {                                                                \
        const sample_type *src = from->data;                            \
        if (type == HN_PIXEL_U8) {                                      \
            uint8_t *dst = to;                                          \
            for (size_t i = 0; i < n; i++)                              \
                dst[i] = hni_to_u8(grey(s, (double)src[i]) * 255);      \
        } else {                                                        \
            float *dst = to;                                            \
            for (size_t i = 0; i < n; i++)                              \
                dst[i] = unit(grey(s, (double)src[i]));                 \
        }                                                               \
    } while (0)

/* to: samples of `type`. */
static void apply(const hn_image *from, const scale *s, int32_t type, void *to) {
    const size_t n = (size_t)from->width * (size_t)from->height * (size_t)from->channels;
    if (from->type == HN_PIXEL_I16)
        LOOPS(int16_t);
    else if (from->type == HN_PIXEL_U16)
        LOOPS(uint16_t);
    else
        LOOPS(float);
}

static hn_status make_scale(const hn_image *image, const hn_window *window, scale *s, hn_error *err) {
    static const hn_window brain = {40, 80};
    if (!window)
        window = &brain;
    if (!(image->flags & HN_PIXELS_HU))
        return hni_fail(err, HN_E_ARGUMENT, "this image holds grey levels, not HU: windows are for CT values (I16, or HN_PIXELS_HU)");
    if (!isfinite(window->centre) || !isfinite(window->width) || window->width <= 0)
        return hni_fail(err, HN_E_ARGUMENT, "hn_window: centre %g HU and width %g HU must be finite, and the width above 0", window->centre,
                        window->width);
    *s = (scale){image->slope, image->intercept, window->centre - window->width / 2, window->width};
    return HN_OK;
}

hn_status hni_window_u8(const hn_image *image, const hn_window *window, uint8_t *dst, hn_error *err) {
    scale s;
    const hn_status status = make_scale(image, window, &s, err);
    if (!status)
        apply(image, &s, HN_PIXEL_U8, dst);
    return status;
}

hn_status hni_image_window(const hn_image *image, const hn_window *window, int32_t type, hn_image **out, hn_error *err) {
    scale s;
    *out = NULL;
    hn_status status = make_scale(image, window, &s, err);
    if (!status)
        status = hni_image_new(image->ctx, type, image->width, image->height, image->channels, out, err);
    if (status)
        return status;
    hni_image_inherit(*out, image);
    apply(image, &s, type, (*out)->data);
    return HN_OK;
}
