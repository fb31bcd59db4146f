/* resize.c - Pillow's antialiased bilinear resize of 8-bit images, to the bit.
 *
 * Training pipelines resize through PIL, so a model's numbers are only reproduced if every rounding is Pillow's (ImagingResample):
 * triangle filter widened by the shrink factor, weights normalised in double and then held as 22-bit fixed point, a horizontal pass
 * over the rows that are needed, 8-bit results, then a vertical pass; a side that keeps its length is not filtered at all.
 * On the hot path: weights are tables, sums are made in vectors (resize_kernels.h), nothing is called per pixel. */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/scratch.h"
#include "../base/status.h"
#include "image.h"
#include "pixels.h" /* defines: hni_image_inherit */
#include "resize_kernels.h"

enum {
    PRECISION_BITS = HNI_RESIZE_BITS,
    LANES = HNI_RESIZE_LANES,
    STRETCH = 256 /* samples summed at a time in the plain vertical pass: the sums stay in the first cache */
};

typedef hni_resize_filter filter;

/* One new position's weights; w holds `taps` doubles of scratch. The expressions are Pillow's, in Pillow's order. */
static void weigh(int32_t from, double scale, double filterscale, int32_t at, int32_t taps, double *w, filter *f) {
    const double support = filterscale, step = 1.0 / filterscale;
    const double centre = (at + 0.5) * scale;
    double sum = 0.0;
    int32_t lo = (int32_t)(centre - support + 0.5), hi = (int32_t)(centre + support + 0.5);
    if (lo < 0)
        lo = 0;
    if (hi > from)
        hi = from;
    for (int32_t i = 0; i < hi - lo; i++) {
        const double x = fabs((i + lo - centre + 0.5) * step);
        w[i] = x < 1.0 ? 1.0 - x : 0.0;
        sum += w[i];
    }
    f->first[at] = lo;
    f->count[at] = hi - lo;
    int32_t *fixed = f->weight + (size_t)at * (size_t)taps;
    for (int32_t i = 0; i < hi - lo; i++) {
        if (sum != 0.0)
            w[i] /= sum;
        fixed[i] = (int32_t)(0.5 + w[i] * (1 << PRECISION_BITS));
    }
}

/* One piece holds first, count and weight; another one position in double. */
static hn_status filter_make(hni_scratch *scratch, int32_t from, int32_t to, filter *f, hn_error *err) {
    const double scale = (double)from / to, filterscale = scale < 1.0 ? 1.0 : scale;
    const int32_t taps = (int32_t)ceil(filterscale) * 2 + 1; /* at most 2 · 65535 + 1 */
    size_t entries = 0, bytes = 0;
    if (!hni_mul((size_t)taps + 2, (size_t)to, &entries) || !hni_mul(entries, sizeof(int32_t), &bytes))
        return hni_fail(err, HN_E_LIMIT, "resizing %d to %d px needs too large a table", (int)from, (int)to);
    f->first = hni_scratch_zeroed(scratch, entries, sizeof(int32_t));
    const size_t mark = scratch->used;
    double *w = hni_scratch_take(scratch, (size_t)taps * sizeof *w);
    if (!f->first || !w)
        return hni_fail_memory(err, bytes + (size_t)taps * sizeof *w, "the weights of a resize");
    f->taps = taps;
    f->count = f->first + to;
    f->weight = f->count + to;
    for (int32_t at = 0; at < to; at++)
        weigh(from, scale, filterscale, at, taps, w, f);
    hni_scratch_rewind(scratch, mark);
    return HN_OK;
}

static void across_grey(const uint8_t *src, uint8_t *dst, int32_t to, const filter *f) {
    for (int32_t x = 0; x < to; x++) {
        const int32_t *w = f->weight + (size_t)x * (size_t)f->taps, n = f->count[x];
        const uint8_t *s = src + f->first[x];
        int32_t sum = 1 << (PRECISION_BITS - 1);
        for (int32_t i = 0; i < n; i++)
            sum += s[i] * w[i];
        dst[x] = hni_resize_clip(sum);
    }
}

static void across_rgb(const uint8_t *src, uint8_t *dst, int32_t to, const filter *f) {
    for (int32_t x = 0; x < to; x++, dst += 3) {
        const int32_t *w = f->weight + (size_t)x * (size_t)f->taps, n = f->count[x];
        const uint8_t *s = src + 3 * (size_t)f->first[x];
        int32_t r = 1 << (PRECISION_BITS - 1), g = r, b = r;
        for (int32_t i = 0; i < n; i++, s += 3) {
            r += s[0] * w[i];
            g += s[1] * w[i];
            b += s[2] * w[i];
        }
        dst[0] = hni_resize_clip(r);
        dst[1] = hni_resize_clip(g);
        dst[2] = hni_resize_clip(b);
    }
}

/* One new row from n old ones, along the row so that compilers vectorise it. */
static void down_row(const uint8_t *src, size_t row, const int32_t *w, int32_t n, uint8_t *dst) {
    int32_t sums[STRETCH];
    for (size_t x = 0; x < row; x += STRETCH) {
        const size_t width = row - x < STRETCH ? row - x : STRETCH;
        for (size_t i = 0; i < width; i++)
            sums[i] = 1 << (PRECISION_BITS - 1);
        for (int32_t t = 0; t < n; t++) {
            const uint8_t *s = src + (size_t)t * row + x;
            for (size_t i = 0; i < width; i++)
                sums[i] += s[i] * w[t];
        }
        for (size_t i = 0; i < width; i++)
            dst[x + i] = hni_resize_clip(sums[i]);
    }
}

/* src: the rows that the filter names, `row` samples each, the first one being source row `base`. */
static void down(const uint8_t *src, uint8_t *dst, size_t row, int32_t base, int32_t to, const filter *f) {
    const hni_resize_kernels *kernels = row < LANES ? NULL : hni_resize_kernels_at(0);
    for (int32_t y = 0; y < to; y++, dst += row)
        (kernels ? kernels->down : down_row)(src + (size_t)(f->first[y] - base) * row, row, f->weight + (size_t)y * (size_t)f->taps,
                                             f->count[y], dst);
}

/* The horizontal pass over source rows base … base + rows - 1: in strips of 16 rows, the last of which may overlap the one before. */
static void across(const uint8_t *src, int32_t width, int32_t channels, uint8_t *dst, int32_t to, int32_t rows, const filter *f) {
    const size_t in = (size_t)width * (size_t)channels, out = (size_t)to * (size_t)channels;
    const hni_resize_kernels *kernels = hni_resize_kernels_at(0);
    const bool strips = kernels && rows >= LANES && in >= LANES && f->taps <= HNI_RESIZE_WINDOW / channels;
    for (int32_t y = 0; strips && y < rows; y += LANES) {
        const size_t at = (size_t)(y < rows - LANES ? y : rows - LANES);
        kernels->strip(src + at * in, in, channels, dst + at * out, to, f);
    }
    for (int32_t y = 0; !strips && y < rows; y++) {
        if (channels == 1)
            across_grey(src + (size_t)y * in, dst + (size_t)y * out, to, f);
        else
            across_rgb(src + (size_t)y * in, dst + (size_t)y * out, to, f);
    }
}

/* Both passes, through a middle image that holds only the rows which the second one reads. */
static hn_status both(hni_scratch *scratch, const uint8_t *src, int32_t width, int32_t channels, uint8_t *dst, int32_t new_width,
                      int32_t new_height, const filter *h, const filter *v, hn_error *err) {
    const int32_t base = v->first[0], rows = v->first[new_height - 1] + v->count[new_height - 1] - base;
    const size_t row = (size_t)new_width * (size_t)channels;
    size_t size = 0;
    uint8_t *middle = hni_mul(row, (size_t)rows, &size) ? hni_scratch_take(scratch, size) : NULL;
    if (!middle)
        return hni_fail_memory(err, size, "the middle image of a resize");
    across(src + (size_t)base * (size_t)width * (size_t)channels, width, channels, middle, new_width, rows, h);
    down(middle, dst, row, base, new_height, v);
    return HN_OK;
}

hn_status hni_resize_u8_in(hni_scratch *scratch, const uint8_t *src, int32_t width, int32_t height, int32_t channels, uint8_t *dst,
                           int32_t new_width, int32_t new_height, hn_error *err) {
    filter h = {0, NULL, NULL, NULL}, v = {0, NULL, NULL, NULL};
    const bool wide = new_width != width, high = new_height != height;
    const size_t mark = scratch->used;
    hn_status status = HN_OK;
    if (!wide && !high) {
        memcpy(dst, src, (size_t)width * (size_t)height * (size_t)channels);
        return HN_OK;
    }
    if (wide)
        status = filter_make(scratch, width, new_width, &h, err);
    if (!status && high)
        status = filter_make(scratch, height, new_height, &v, err);
    if (status)
        goto done;
    if (wide && high)
        status = both(scratch, src, width, channels, dst, new_width, new_height, &h, &v, err);
    else if (wide)
        across(src, width, channels, dst, new_width, height, &h);
    else
        down(src, dst, (size_t)width * (size_t)channels, 0, new_height, &v);
done:
    hni_scratch_rewind(scratch, mark);
    return status;
}

hn_status hni_resize_u8(hn_context *ctx, const uint8_t *src, int32_t width, int32_t height, int32_t channels, uint8_t *dst,
                        int32_t new_width, int32_t new_height, hn_error *err) {
    hni_scratch scratch = {.ctx = ctx};
    const hn_status status = hni_resize_u8_in(&scratch, src, width, height, channels, dst, new_width, new_height, err);
    hni_scratch_free(&scratch);
    return status;
}

hn_status hni_image_resize(const hn_image *image, int32_t width, int32_t height, hn_image **out, hn_error *err) {
    *out = NULL;
    if (image->type != HN_PIXEL_U8)
        return hni_fail(err, HN_E_ARGUMENT, "only 8-bit images are resized: hn_image_window or hn_image_convert makes one");
    if (width < 1 || height < 1)
        return hni_fail(err, HN_E_ARGUMENT, "cannot resize to %d x %d px: both sides must be at least 1", (int)width, (int)height);
    hn_image *fresh = NULL;
    hn_status status = hni_image_new(image->ctx, HN_PIXEL_U8, width, height, image->channels, &fresh, err);
    if (status)
        return status;
    hni_image_inherit(fresh, image);
    status = hni_resize_u8(image->ctx, image->data, image->width, image->height, image->channels, fresh->data, width, height, err);
    if (status)
        hni_image_unref(fresh);
    else
        *out = fresh;
    return status;
}
