/* preproc.c - image → planar u8 tensor: window or convert, resize, interleaved → planar.
 *
 * All that is between the image and the tensor lies in scratch memory, so that who keeps the scratch preprocesses without taking any.
 * Not here: u8 → float with mean and deviation, which the backends do (a quarter of the bytes travels and is cached), and any
 * pixel arithmetic of its own: windows, conversion and the Pillow-exact resize are lib/image's.
 * Conversion comes before the resize, as in PIL: convert('RGB') or convert('L'), then resize. A grey picture is resized once
 * and its plane copied, since resizing equal channels gives equal channels. */
#include "preproc.h"

#include <math.h>
#include <string.h>

#include "../base/scratch.h"
#include "../base/sha256.h"
#include "../base/status.h"

static const hn_window brain = {40.0, 80.0}; /* HU */

hn_status hni_preproc_check(const hni_preproc *p, hn_error *err) {
    if (p->width < 1 || p->height < 1 || p->width > HNI_PREPROC_SIDE || p->height > HNI_PREPROC_SIDE)
        return hni_fail(err, HN_E_ARGUMENT, "input size %d x %d px: each side must be 1 to %d", p->width, p->height, HNI_PREPROC_SIDE);
    if (p->channels < 1 || p->channels > HNI_PREPROC_CHANNELS)
        return hni_fail(err, HN_E_ARGUMENT, "%d input channels: must be 1 to %d", p->channels, HNI_PREPROC_CHANNELS);
    if (p->n_windows != 0 && p->n_windows != 1 && p->n_windows != p->channels)
        return hni_fail(err, HN_E_ARGUMENT, "%d windows for %d channels: give one window, or one for each channel", p->n_windows,
                        p->channels);
    for (int32_t i = 0; i < p->n_windows; i++) {
        if (!isfinite(p->windows[i].centre) || !isfinite(p->windows[i].width) || p->windows[i].width <= 0)
            return hni_fail(err, HN_E_ARGUMENT, "window %d (centre %g, width %g HU): the width must be positive, both finite", i,
                            p->windows[i].centre, p->windows[i].width);
    }
    return HN_OK;
}

size_t hni_preproc_bytes(const hni_preproc *p) {
    size_t plane, all;
    if (p->width < 1 || p->height < 1 || p->channels < 1) return 0;
    if (!hni_mul((size_t)p->width, (size_t)p->height, &plane) || !hni_mul(plane, (size_t)p->channels, &all)) return 0;
    return all;
}

uint64_t hni_preproc_key(const hni_preproc *p) {
    /* A cryptographic hash, because equal keys are taken for equal pixels without another look. */
    int32_t n = p->n_windows > 0 && p->n_windows <= HNI_PREPROC_CHANNELS ? p->n_windows : 0;
    int32_t shape[4] = {p->width, p->height, p->channels, n ? n : 1};
    hni_sha256 h;
    uint64_t digest[4];
    hni_sha256_init(&h);
    hni_sha256_add(&h, shape, sizeof shape);
    for (int32_t i = 0; i < shape[3]; i++) {
        const hn_window *w = n ? &p->windows[i] : &brain;
        hni_sha256_add(&h, &w->centre, sizeof w->centre);
        hni_sha256_add(&h, &w->width, sizeof w->width);
    }
    hni_sha256_end(&h, digest);
    return digest[0];
}

/* 8-bit samples of one image, [height, width, channels]; somebody else's memory. */
typedef struct picture {
    const uint8_t *data;
    int32_t width, height, channels;
} picture;

static uint8_t *take(hni_scratch *scratch, const hn_image *image, int32_t channels, hn_error *err) {
    size_t pixels = (size_t)image->width * (size_t)image->height * (size_t)channels; /* no more than the image's own bytes · 3 */
    uint8_t *data = hni_scratch_take(scratch, pixels);
    if (!data) hni_fail_memory(err, pixels, "an image in conversion");
    return data;
}

/* Through a window, or as it is; always with the image's channels. */
static hn_status make_8_bit(hni_scratch *scratch, const hn_image *image, const hn_window *window, picture *out, hn_error *err) {
    *out = (picture){image->data, image->width, image->height, image->channels};
    if (!window && image->type == HN_PIXEL_U8) return HN_OK;
    uint8_t *data = take(scratch, image, image->channels, err);
    if (!data) return HN_E_MEMORY;
    out->data = data;
    return window ? hni_window_u8(image, window, data, err) : hni_depth_u8(image, data, err);
}

static hn_status make_channels(hni_scratch *scratch, const hn_image *image, int32_t channels, picture *p, hn_error *err) {
    if (p->channels == channels) return HN_OK;
    uint8_t *data = take(scratch, image, channels, err);
    if (!data) return HN_E_MEMORY;
    hni_channels_u8(p->data, p->channels, data, channels, (size_t)p->width * (size_t)p->height);
    p->data = data;
    p->channels = channels;
    return HN_OK;
}

/* One grey picture → one plane. */
static hn_status fill_plane(hni_scratch *scratch, const hni_preproc *p, const picture *grey, uint8_t *plane, hn_error *err) {
    return hni_resize_u8_in(scratch, grey->data, grey->width, grey->height, 1, plane, p->width, p->height, err);
}

static hn_status fill_rgb(hni_scratch *scratch, const hni_preproc *p, const picture *rgb, uint8_t *dst, hn_error *err) {
    size_t pixels = (size_t)p->width * (size_t)p->height; /* fits: hni_preproc_bytes was not 0 */
    uint8_t *mixed = hni_scratch_take(scratch, 3 * pixels);
    if (!mixed) return hni_fail_memory(err, 3 * pixels, "a resized image");
    hn_status status = hni_resize_u8_in(scratch, rgb->data, rgb->width, rgb->height, 3, mixed, p->width, p->height, err);
    if (status != HN_OK) return status;
    uint8_t *r = dst, *g = dst + pixels, *b = dst + 2 * pixels;
    for (size_t i = 0; i < pixels; i++) {
        r[i] = mixed[3 * i];
        g[i] = mixed[3 * i + 1];
        b[i] = mixed[3 * i + 2];
    }
    return HN_OK;
}

/* One picture → all channels. `channels` is 1 or 3, or the picture is grey and repeated. window NULL: the image holds grey levels. */
static hn_status fill_all(hni_scratch *scratch, const hni_preproc *p, const hn_image *image, const hn_window *window, uint8_t *dst,
                          hn_error *err) {
    int32_t want = p->channels == 3 && image->channels == 3 ? 3 : 1;
    size_t pixels = (size_t)p->width * (size_t)p->height;
    picture u8;
    hn_status status = make_8_bit(scratch, image, window, &u8, err);
    if (status == HN_OK) status = make_channels(scratch, image, want, &u8, err);
    if (status != HN_OK || want == 3) return status != HN_OK ? status : fill_rgb(scratch, p, &u8, dst, err);
    status = fill_plane(scratch, p, &u8, dst, err);
    for (int32_t c = 1; status == HN_OK && c < p->channels; c++) memcpy(dst + (size_t)c * pixels, dst, pixels);
    return status;
}

/* A window for each channel. */
static hn_status fill_windows(hni_scratch *scratch, const hni_preproc *p, const hn_image *image, uint8_t *dst, hn_error *err) {
    size_t pixels = (size_t)p->width * (size_t)p->height, mark = scratch->used;
    hn_status status = HN_OK;
    for (int32_t i = 0; i < p->n_windows && status == HN_OK; i++) {
        picture grey;
        status = make_8_bit(scratch, image, &p->windows[i], &grey, err);
        if (status == HN_OK) status = make_channels(scratch, image, 1, &grey, err);
        if (status == HN_OK) status = fill_plane(scratch, p, &grey, dst + (size_t)i * pixels, err);
        hni_scratch_rewind(scratch, mark);
    }
    return status;
}

static hn_status fill(hni_scratch *scratch, const hni_preproc *p, const hn_image *image, uint8_t *dst, hn_error *err) {
    hn_status status = hni_preproc_check(p, err);
    if (status != HN_OK) return status;
    if (hni_preproc_bytes(p) == 0)
        return hni_fail(err, HN_E_LIMIT, "input %d x %d x %d is larger than memory", p->channels, p->height, p->width);
    if ((image->flags & HN_PIXELS_HU) || image->type == HN_PIXEL_I16) {
        if (p->n_windows > 1) return fill_windows(scratch, p, image, dst, err);
        return fill_all(scratch, p, image, p->n_windows ? &p->windows[0] : &brain, dst, err);
    }
    if (p->channels != 1 && p->channels != 3)
        return hni_fail(err, HN_E_SHAPE,
                        "the model takes %d channels, and this image of grey levels gives 1 or 3: only windows of an image in HU "
                        "give more; bring CT values, or train a model of 1 or 3 channels", p->channels);
    return fill_all(scratch, p, image, NULL, dst, err);
}

hn_status hni_preproc_run_in(hni_scratch *scratch, const hni_preproc *p, const hn_image *image, uint8_t *dst, hn_error *err) {
    hn_status status = fill(scratch, p, image, dst, err);
    hni_scratch_end(scratch);
    return status;
}

hn_status hni_preproc_run(hn_context *ctx, const hni_preproc *p, const hn_image *image, uint8_t *dst, hn_error *err) {
    hni_scratch scratch = {.ctx = ctx};
    hn_status status = fill(&scratch, p, image, dst, err);
    hni_scratch_free(&scratch);
    return status;
}
