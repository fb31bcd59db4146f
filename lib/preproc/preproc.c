/* preproc.c - slices → planar u8 tensor: skull, head's box, window or convert, crop, filters, resize, interleaved → planar.
 *
 * All that is between the image and the tensor lies in scratch memory, so that who keeps the scratch preprocesses without taking any.
 * Not here: u8 → float with mean and deviation, which the backends do (a quarter of the bytes travels and is cached), and any
 * pixel arithmetic of its own: windows, conversion, filters and the Pillow-exact resize are lib/image's.
 * Conversion comes before the resize, as in PIL: convert('RGB') or convert('L'), then resize. A grey picture is resized once
 * and its plane copied, since resizing equal channels gives equal channels. Filters come behind the window, so that what is far brighter than
 * the window shows, as bone is, does not spread over what lies beside it. */
#include "preproc.h"

#include <math.h>
#include <string.h>

#include "../base/scratch.h"
#include "../base/sha256.h"
#include "../base/status.h"
#include "../image/filter.h"
#include "../image/head.h"

static const hn_window brain = {40.0, 80.0}; /* HU */

hn_status hni_preproc_check(const hni_preproc *p, hn_error *err) {
    if (p->width < 1 || p->height < 1 || p->width > HNI_PREPROC_SIDE || p->height > HNI_PREPROC_SIDE)
        return hni_fail(err, HN_E_ARGUMENT, "input size %d x %d px: each side must be 1 to %d", p->width, p->height, HNI_PREPROC_SIDE);
    if (p->channels < 1 || p->channels > HNI_PREPROC_CHANNELS)
        return hni_fail(err, HN_E_ARGUMENT, "%d input channels: must be 1 to %d", p->channels, HNI_PREPROC_CHANNELS);
    const int32_t slices = hni_preproc_slices(p), each = p->channels / (slices > 0 ? slices : 1);
    if (slices < 1 || slices > HNI_PREPROC_CHANNELS || slices % 2 == 0 || p->channels % slices)
        return hni_fail(err, HN_E_ARGUMENT, "%d slices for %d channels: must be odd, and go into the channels", p->slices, p->channels);
    if (p->n_windows != 0 && p->n_windows != 1 && p->n_windows != each)
        return hni_fail(err, HN_E_ARGUMENT, "%d windows for %d channels%s: give none, one, or one for each channel", p->n_windows, each,
                        slices > 1 ? " a slice" : "");
    for (int32_t i = 0; i < p->n_windows; i++) {
        if (!isfinite(p->windows[i].centre) || !isfinite(p->windows[i].width) || p->windows[i].width <= 0)
            return hni_fail(err, HN_E_ARGUMENT, "window %d (centre %g, width %g HU): the width must be positive, both finite", i,
                            p->windows[i].centre, p->windows[i].width);
    }
    if (p->strip_skull != 0 && p->strip_skull != 1) return hni_fail(err, HN_E_ARGUMENT, "strip_skull %d: must be 0 or 1", p->strip_skull);
    if ((p->crop_head != 0 && p->crop_head != 1) || !(p->crop_margin >= 0 && p->crop_margin <= 1))
        return hni_fail(err, HN_E_ARGUMENT, "crop_head %d, crop_margin %g: must be 0 or 1, and 0 to 1", p->crop_head, p->crop_margin);
    if (p->median != 0 && (p->median < 3 || p->median > HNI_MEDIAN_MOST || p->median % 2 == 0))
        return hni_fail(err, HN_E_ARGUMENT, "median filter of %d px: must be an odd number, 3 to %d, or 0", p->median, HNI_MEDIAN_MOST);
    if (p->gaussian != 0 && !(p->gaussian >= HNI_SIGMA_LEAST && p->gaussian <= HNI_SIGMA_MOST))
        return hni_fail(err, HN_E_ARGUMENT, "Gaussian filter of sigma %g px: must be %g to %g, or 0", p->gaussian, HNI_SIGMA_LEAST,
                        HNI_SIGMA_MOST);
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
    int32_t shape[8] = {p->width, p->height, p->channels, n ? n : 1, hni_preproc_slices(p), p->crop_head, p->median, p->strip_skull};
    double numbers[2] = {p->crop_head ? p->crop_margin : 0, p->gaussian};
    hni_sha256 h;
    uint64_t digest[4];
    hni_sha256_init(&h);
    hni_sha256_add(&h, shape, sizeof shape);
    hni_sha256_add(&h, numbers, sizeof numbers);
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

/* What is done to every picture of one slice. */
typedef struct job {
    hni_scratch *scratch;
    const hni_preproc *p;
    const hn_image *image;
    const hn_box *region; /* NULL = all of the image */
    int32_t channels;     /* of the tensor, for this slice */
    uint8_t *dst;         /* [channels, height, width] */
} job;

static uint8_t *take(const job *j, int32_t width, int32_t height, int32_t channels, hn_error *err) {
    size_t bytes = 0;
    uint8_t *data = hni_mul((size_t)width * (size_t)channels, (size_t)height, &bytes) ? hni_scratch_take(j->scratch, bytes) : NULL;
    if (!data) hni_fail_memory(err, bytes, "an image in conversion");
    return data;
}

/* Through a window, or as it is; always with the image's channels. */
static hn_status make_8_bit(const job *j, const hn_window *window, picture *out, hn_error *err) {
    const hn_image *image = j->image;
    *out = (picture){image->data, image->width, image->height, image->channels};
    if (!window && image->type == HN_PIXEL_U8) return HN_OK;
    uint8_t *data = take(j, image->width, image->height, image->channels, err);
    if (!data) return HN_E_MEMORY;
    out->data = data;
    return window ? hni_window_u8(image, window, data, err) : hni_depth_u8(image, data, err);
}

static hn_status make_channels(const job *j, int32_t channels, picture *p, hn_error *err) {
    if (p->channels == channels) return HN_OK;
    uint8_t *data = take(j, p->width, p->height, channels, err);
    if (!data) return HN_E_MEMORY;
    hni_channels_u8(p->data, p->channels, data, channels, (size_t)p->width * (size_t)p->height);
    p->data = data;
    p->channels = channels;
    return HN_OK;
}

static hn_status crop(const job *j, picture *p, hn_error *err) {
    const hn_box *r = j->region;
    if (!r) return HN_OK;
    uint8_t *data = take(j, r->width, r->height, p->channels, err);
    if (!data) return HN_E_MEMORY;
    hni_crop_u8(p->data, p->width, p->height, p->channels, r, data);
    *p = (picture){data, r->width, r->height, p->channels};
    return HN_OK;
}

/* Median if gaussian is false. */
static hn_status filter(const job *j, bool gaussian, picture *p, hn_error *err) {
    if (gaussian ? j->p->gaussian == 0 : j->p->median == 0) return HN_OK;
    uint8_t *data = take(j, p->width, p->height, p->channels, err);
    if (!data) return HN_E_MEMORY;
    hn_status status = gaussian ? hni_gaussian_u8_in(j->scratch, p->data, p->width, p->height, p->channels, j->p->gaussian, data, err)
                                : hni_median_u8_in(j->scratch, p->data, p->width, p->height, p->channels, j->p->median, data, err);
    p->data = data;
    return status;
}

/* All steps before the resize. window NULL: the image holds grey levels. */
static hn_status prepare(const job *j, const hn_window *window, int32_t channels, picture *p, hn_error *err) {
    hn_status status = make_8_bit(j, window, p, err);
    if (status == HN_OK) status = make_channels(j, channels, p, err);
    if (status == HN_OK) status = crop(j, p, err);
    if (status == HN_OK) status = filter(j, false, p, err);
    if (status == HN_OK) status = filter(j, true, p, err);
    return status;
}

/* One grey picture → one plane. */
static hn_status fill_plane(const job *j, const picture *grey, uint8_t *plane, hn_error *err) {
    return hni_resize_u8_in(j->scratch, grey->data, grey->width, grey->height, 1, plane, j->p->width, j->p->height, err);
}

static hn_status fill_rgb(const job *j, const picture *rgb, hn_error *err) {
    size_t pixels = (size_t)j->p->width * (size_t)j->p->height; /* fits: hni_preproc_bytes was not 0 */
    uint8_t *mixed = hni_scratch_take(j->scratch, 3 * pixels);
    if (!mixed) return hni_fail_memory(err, 3 * pixels, "a resized image");
    hn_status status = hni_resize_u8_in(j->scratch, rgb->data, rgb->width, rgb->height, 3, mixed, j->p->width, j->p->height, err);
    if (status != HN_OK) return status;
    uint8_t *r = j->dst, *g = r + pixels, *b = g + pixels;
    for (size_t i = 0; i < pixels; i++) {
        r[i] = mixed[3 * i];
        g[i] = mixed[3 * i + 1];
        b[i] = mixed[3 * i + 2];
    }
    return HN_OK;
}

/* One picture → all channels: 1 or 3 of them, or the picture is grey and repeated. */
static hn_status fill_all(const job *j, const hn_window *window, hn_error *err) {
    int32_t want = j->channels == 3 && j->image->channels == 3 ? 3 : 1;
    size_t pixels = (size_t)j->p->width * (size_t)j->p->height;
    picture u8;
    hn_status status = prepare(j, window, want, &u8, err);
    if (status != HN_OK || want == 3) return status != HN_OK ? status : fill_rgb(j, &u8, err);
    status = fill_plane(j, &u8, j->dst, err);
    for (int32_t c = 1; status == HN_OK && c < j->channels; c++) memcpy(j->dst + (size_t)c * pixels, j->dst, pixels);
    return status;
}

/* A window for each channel. */
static hn_status fill_windows(const job *j, hn_error *err) {
    size_t pixels = (size_t)j->p->width * (size_t)j->p->height, mark = j->scratch->used;
    hn_status status = HN_OK;
    for (int32_t i = 0; i < j->p->n_windows && status == HN_OK; i++) {
        picture grey;
        status = prepare(j, &j->p->windows[i], 1, &grey, err);
        if (status == HN_OK) status = fill_plane(j, &grey, j->dst + (size_t)i * pixels, err);
        hni_scratch_rewind(j->scratch, mark);
    }
    return status;
}

static hn_status fill_slice(const job *j, hn_error *err) {
    const hni_preproc *p = j->p;
    if ((j->image->flags & HN_PIXELS_HU) || j->image->type == HN_PIXEL_I16)
        return p->n_windows > 1 ? fill_windows(j, err) : fill_all(j, p->n_windows ? &p->windows[0] : &brain, err);
    if (j->channels != 1 && j->channels != 3)
        return hni_fail(err, HN_E_SHAPE,
                        "the model takes %d channels%s, and this image of grey levels gives 1 or 3: only windows of an image in HU "
                        "give more; bring CT values, or train a model of 1 or 3 channels", j->channels,
                        p->channels != j->channels ? " a slice" : "");
    return fill_all(j, NULL, err);
}

/* What is looked at in all steps that follow: the image itself, or *store, whose pixels are the scratch's. */
static hn_status strip(hni_scratch *scratch, const hni_preproc *p, const hn_image *image, hn_image *store, const hn_image **out, uint32_t *notes,
                       hn_error *err) {
    const size_t mark = scratch->used;
    hn_error why;
    *out = image;
    if (!p->strip_skull) return HN_OK;
    void *data = hni_scratch_take(scratch, image->size);
    if (!data) return hni_fail_memory(err, image->size, "an image without its skull");
    const hn_status status = hni_strip_skull(scratch, image, data, &why);
    if (!status) { /* not *image: its count of references may be changing */
        *store = (hn_image){.ctx = image->ctx, .type = image->type, .width = image->width, .height = image->height, .channels = image->channels,
                            .flags = image->flags, .slope = image->slope, .intercept = image->intercept, .size = image->size, .data = data};
        *out = store;
        return HN_OK;
    }
    hni_scratch_rewind(scratch, mark);
    if (notes) *notes |= HNI_PREPROC_NO_SKULL;
    if (status == HN_E_NOT_FOUND) return HN_OK;
    if (err) *err = why;
    return status;
}

static hn_status find_region(hni_scratch *scratch, const hni_preproc *p, const hn_image *image, hn_box *region, uint32_t *notes, hn_error *err) {
    size_t mark = scratch->used;
    hn_error why;
    region->x = region->y = 0, region->width = image->width, region->height = image->height;
    if (!p->crop_head) return HN_OK;
    hn_status status = hni_head_box(scratch, image, p->crop_margin, true, region, &why);
    hni_scratch_rewind(scratch, mark);
    if (status == HN_OK) status = hni_box_check(region, &why);
    if (status == HN_OK) return HN_OK;
    region->x = region->y = 0, region->width = image->width, region->height = image->height;
    if (status != HN_E_NOT_FOUND && status != HN_E_ARGUMENT) { /* a square that no image can have is as good as none */
        if (err) *err = why;
        return status;
    }
    if (notes) *notes |= HNI_PREPROC_NO_HEAD;
    return HN_OK;
}

hn_status hni_preproc_region(hni_scratch *scratch, const hni_preproc *p, const hn_image *image, hn_box *region, uint32_t *notes,
                             hn_error *err) {
    const size_t mark = scratch->used;
    const hn_image *seen;
    hn_image store;
    hn_status status = strip(scratch, p, image, &store, &seen, notes, err);
    if (status == HN_OK) status = find_region(scratch, p, seen, region, notes, err);
    hni_scratch_rewind(scratch, mark);
    return status;
}

/* A neighbour of another size has a place of its own on the table: it is cropped by its own box. */
static hn_status fill(hni_scratch *scratch, const hni_preproc *p, const hn_image *const *images, uint8_t *dst, uint32_t *notes, hn_error *err) {
    const int32_t slices = hni_preproc_slices(p), middle = slices / 2;
    const hn_image *centre = images[middle], *seen_centre;
    hn_image centre_store, store;
    hn_box region = {0}, own = {0};
    hn_status status = strip(scratch, p, centre, &centre_store, &seen_centre, notes, err);
    if (status == HN_OK) status = find_region(scratch, p, seen_centre, &region, notes, err);
    size_t bytes = hni_preproc_bytes(p) / (size_t)slices, mark = scratch->used;
    for (int32_t s = 0; s < slices && status == HN_OK; s++) {
        const hn_image *image = images[s];
        uint8_t *to = dst + (size_t)s * bytes;
        if (s > 0 && image == images[s - 1]) {
            memcpy(to, to - bytes, bytes);
            continue;
        }
        const bool same = image->width == centre->width && image->height == centre->height;
        const hn_image *seen = seen_centre;
        if (image != centre) status = strip(scratch, p, image, &store, &seen, NULL, err);
        if (status == HN_OK && !same) status = find_region(scratch, p, seen, &own, NULL, err);
        const job j = {scratch, p, seen, !p->crop_head ? NULL : same ? &region : &own, p->channels / slices, to};
        if (status == HN_OK) status = fill_slice(&j, err);
        hni_scratch_rewind(scratch, mark);
    }
    return status;
}

hn_status hni_preproc_slices_in(hni_scratch *scratch, const hni_preproc *p, const hn_image *const *images, uint8_t *dst, uint32_t *notes,
                                hn_error *err) {
    if (notes) *notes = 0;
    hn_status status = hni_preproc_check(p, err);
    if (status != HN_OK) return status;
    if (hni_preproc_bytes(p) == 0)
        return hni_fail(err, HN_E_LIMIT, "input %d x %d x %d is larger than memory", p->channels, p->height, p->width);
    status = fill(scratch, p, images, dst, notes, err);
    hni_scratch_end(scratch);
    return status;
}

hn_status hni_preproc_run_in(hni_scratch *scratch, const hni_preproc *p, const hn_image *image, uint8_t *dst, uint32_t *notes, hn_error *err) {
    const hn_image *images[HNI_PREPROC_CHANNELS];
    for (int32_t i = 0; i < HNI_PREPROC_CHANNELS; i++) images[i] = image;
    return hni_preproc_slices_in(scratch, p, images, dst, notes, err);
}

hn_status hni_preproc_run(hn_context *ctx, const hni_preproc *p, const hn_image *image, uint8_t *dst, hn_error *err) {
    hni_scratch scratch = {.ctx = ctx};
    hn_status status = hni_preproc_run_in(&scratch, p, image, dst, NULL, err);
    hni_scratch_free(&scratch);
    return status;
}
