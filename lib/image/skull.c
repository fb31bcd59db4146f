/* skull.c - skull stripping: what is not inside the skull becomes air.
 *
 * Bone is what is above 150 HU, which blood never reaches, or white, at least 250 of 255: as a window of soft tissue shows bone. The largest
 * connected piece of it, corners counting, is the skull. Made thicker by a 256th of the image's longer side, so that sutures and thin
 * walls are tight, it is a dam: a flood from the image's edges leaves dry what is inside, and the largest dry piece, parted by the dam alone, is
 * the cavity. That then grows back up to the bone, and what it encloses is part of it: calcified plexus, a bullet.
 *
 * A byte a pixel says what it is, in a frame of one pixel, so that nobody asks for edges. Floods go from run to run of a row, with a list of the
 * runs whose neighbours are still to be looked at: no recursion. */
#include <string.h>

#include "../base/scratch.h"
#include "../base/status.h"
#include "head.h"
#include "pixels.h"

enum { WHITE = 250, LEAST_SHARE = 5, DAM_SHARE = 256 }; /* cavity: at least a fifth of what the skull encloses, itself included */
static const double bone_hu = 150;

enum { SOFT, BONE, SEEN, SKULL, DAM_ACROSS, DAM_DOWN, OUTSIDE, DRY, CAVITY, GROWN_ACROSS, GROWN_DOWN, ASIDE, FRAME, N_KINDS }; /* what a pixel is */

typedef struct run { /* of a row: pixels first … last */
    uint32_t first, last;
} run;

typedef struct field {
    int32_t width, height; /* of the image */
    size_t stride;         /* width + 2 */
    uint8_t *is;           /* [height + 2, stride] */
    run *pending;             /* [(height + 2) · stride / 2]: runs of one kind never touch in a row */
    size_t waiting;
} field;

static size_t place(const field *f, int32_t x, int32_t y) { return (size_t)(y + 1) * f->stride + (size_t)(x + 1); }

static void find_bone(const hn_image *image, field *f) {
    const size_t c = (size_t)image->channels;
    const double offset = image->intercept, slope = image->slope;
    memset(f->is, FRAME, f->stride * (size_t)(f->height + 2));
    for (int32_t y = 0; y < f->height; y++) {
        uint8_t *row = f->is + place(f, 0, y);
        size_t i = (size_t)y * (size_t)f->width;
        for (int32_t x = 0; x < f->width; x++, i++)
            if (image->flags & HN_PIXELS_HU)
                row[x] = hni_sample_at(image, i * c) * slope + offset > bone_hu ? BONE : SOFT; /* NaN is none */
            else
                row[x] = hni_grey_at(image, i) >= WHITE ? BONE : SOFT;
    }
}

/* The run of what is `of` around a pixel becomes `to`, and waits for its neighbours to be looked at; its last pixel. */
static size_t take_run(field *f, size_t at, uint8_t of, uint8_t to, size_t *n) {
    size_t first = at, last = at;
    while (f->is[first - 1] == of)
        first--;
    while (f->is[last + 1] == of)
        last++;
    memset(f->is + first, to, last - first + 1);
    f->pending[f->waiting++] = (run){(uint32_t)first, (uint32_t)last};
    *n += last - first + 1;
    return last;
}

/* What is `of` and connected with pixel `seed` becomes `to`; how many those are. corners: touching by a corner is connected. */
static size_t flood(field *f, size_t seed, uint8_t of, uint8_t to, bool corners) {
    size_t n = 0;
    take_run(f, seed, of, to, &n);
    while (f->waiting) {
        const run r = f->pending[--f->waiting];
        for (int below = 0; below < 2; below++) {
            const size_t from = r.first - corners, end = r.last + corners;
            for (size_t i = from; i <= end; i++) {
                const size_t at = below ? i + f->stride : i - f->stride;
                if (f->is[at] == of)
                    i = below ? take_run(f, at, of, to, &n) - f->stride : take_run(f, at, of, to, &n) + f->stride;
            }
        }
    }
    return n;
}

/* Of the pieces of what is `of`, the largest becomes `best`, all others `rest`; how many pixels the largest has. */
static size_t keep_largest(field *f, uint8_t of, uint8_t rest, uint8_t best, bool corners) {
    const size_t end = place(f, f->width, f->height - 1);
    size_t most = 0, seed = 0;
    for (size_t i = place(f, 0, 0); i < end; i++) {
        if (f->is[i] != of)
            continue;
        const size_t pixels = flood(f, i, of, rest, corners);
        if (pixels > most)
            most = pixels, seed = i;
    }
    if (most)
        flood(f, seed, rest, best, corners);
    return most;
}

/* From the image's edges over all that `dams` does not name: that becomes OUTSIDE, and what the flood does not reach DRY; how many px are flooded. */
static size_t flood_from_edges(field *f, const bool dams[N_KINDS]) {
    const size_t end = place(f, f->width, f->height - 1);
    size_t n = 0;
    for (size_t i = place(f, 0, 0); i < end; i++)
        if (!dams[f->is[i]] && f->is[i] != FRAME)
            f->is[i] = DRY;
    for (int32_t y = 0; y < f->height; y++)
        for (int32_t x = 0; x < f->width; x += y == 0 || y == f->height - 1 || f->width == 1 ? 1 : f->width - 1)
            if (f->is[place(f, x, y)] == DRY)
                n += flood(f, place(f, x, y), DRY, OUTSIDE, false);
    return n;
}

/* A pixel `to` where one that `grows` names is at most `reach` before it; `left` counts down from that one. */
static inline void spread(uint8_t *pixel, int32_t *left, int32_t reach, const bool grows[N_KINDS], const bool over[N_KINDS], uint8_t to) {
    if (grows[*pixel]) {
        *left = reach;
    } else if (*left > 0) {
        --*left;
        if (over[*pixel])
            *pixel = to;
    }
}

/* What is `of` grows by `reach` px to all sides, corners too, over what `over` names: first along rows, then along columns. */
static void thicken(field *f, int32_t reach, uint8_t of, const bool over[N_KINDS], uint8_t across, uint8_t down) {
    const int32_t w = f->width, h = f->height;
    int32_t *left = (int32_t *)f->pending; /* [width]; no flood is going on */
    bool grows[N_KINDS] = {false};
    grows[of] = true;
    for (int32_t y = 0; y < h; y++) {
        uint8_t *row = f->is + place(f, 0, y);
        int32_t right = 0, back = 0;
        for (int32_t x = 0; x < w; x++)
            spread(row + x, &right, reach, grows, over, across);
        for (int32_t x = w; x-- > 0;)
            spread(row + x, &back, reach, grows, over, across);
    }
    grows[across] = true;
    for (int up = 0; up < 2; up++) {
        memset(left, 0, (size_t)w * sizeof *left);
        for (int32_t y = 0; y < h; y++)
            for (int32_t x = 0; x < w; x++)
                spread(f->is + place(f, x, up ? h - 1 - y : y), left + x, reach, grows, over, down);
    }
}

/* The cavity, as CAVITY, GROWN_ACROSS, GROWN_DOWN and DRY; false if there is none. */
static bool find_cavity(field *f) {
    static const bool soft[N_KINDS] = {[SOFT] = true, [SEEN] = true}, dam[N_KINDS] = {[SKULL] = true, [DAM_ACROSS] = true, [DAM_DOWN] = true};
    static const bool no_bone[N_KINDS] = {[DAM_ACROSS] = true, [DAM_DOWN] = true, [OUTSIDE] = true, [ASIDE] = true};
    static const bool grown[N_KINDS] = {[CAVITY] = true, [GROWN_ACROSS] = true, [GROWN_DOWN] = true};
    const int32_t longer = f->width > f->height ? f->width : f->height, reach = (longer + DAM_SHARE - 1) / DAM_SHARE;
    const size_t n = (size_t)f->width * (size_t)f->height;
    if (!keep_largest(f, BONE, SEEN, SKULL, true))
        return false;
    thicken(f, reach, SKULL, soft, DAM_ACROSS, DAM_DOWN);
    const size_t outside = flood_from_edges(f, dam), cavity = keep_largest(f, DRY, ASIDE, CAVITY, false);
    if (cavity == 0 || cavity * LEAST_SHARE < n - outside)
        return false;
    thicken(f, reach, CAVITY, no_bone, GROWN_ACROSS, GROWN_DOWN);
    flood_from_edges(f, grown); /* what stays DRY is enclosed */
    return true;
}

static bool is_inside(uint8_t what) { return what == CAVITY || what == GROWN_ACROSS || what == GROWN_DOWN || what == DRY; }

/* The image's pixels where they are inside, air elsewhere. */
static void copy_inside(const field *f, const hn_image *image, void *dst) {
    const size_t pixel = image->size / ((size_t)f->width * (size_t)f->height);
    hn_image stripped = {.type = image->type, .flags = image->flags, .slope = image->slope, .intercept = image->intercept, .size = image->size,
                         .data = dst};
    hni_fill_air(&stripped);
    for (int32_t y = 0; y < f->height; y++) {
        const uint8_t *row = f->is + place(f, 0, y);
        for (int32_t x = 0, end; x < f->width; x = end + 1) {
            for (end = x; is_inside(row[end]); end++) {} /* the frame is not */
            const size_t at = ((size_t)y * (size_t)f->width + (size_t)x) * pixel;
            memcpy((uint8_t *)dst + at, (const uint8_t *)image->data + at, (size_t)(end - x) * pixel);
        }
    }
}

static bool take_field(hni_scratch *scratch, const hn_image *image, field *f, size_t *bytes) {
    const size_t stride = (size_t)image->width + 2, n = stride * ((size_t)image->height + 2); /* below 2^33: sides are 16 bit */
    *f = (field){.width = image->width, .height = image->height, .stride = stride};
    *bytes = n;
    f->is = n <= UINT32_MAX ? hni_scratch_take(scratch, n) : NULL;
    if (!f->is || !hni_mul(n / 2 + 1, sizeof *f->pending, bytes))
        return false;
    f->pending = hni_scratch_take(scratch, *bytes);
    return f->pending != NULL;
}

hn_status hni_strip_skull(hni_scratch *scratch, const hn_image *image, void *dst, hn_error *err) {
    const size_t mark = scratch->used;
    size_t bytes = 0;
    field f;
    if (!take_field(scratch, image, &f, &bytes)) {
        hni_scratch_rewind(scratch, mark);
        return hni_fail_memory(err, bytes, "looking for the skull");
    }
    find_bone(image, &f);
    const bool there = find_cavity(&f);
    if (there)
        copy_inside(&f, image, dst);
    hni_scratch_rewind(scratch, mark);
    if (there)
        return HN_OK;
    return hni_fail(err, HN_E_NOT_FOUND, "no closed skull was found in this image of %d x %d px: no ring of bone (%s) that encloses a brain",
                    (int)image->width, (int)image->height, image->flags & HN_PIXELS_HU ? "above 150 HU" : "grey levels from 250 of 255");
}

hn_status hni_image_strip_skull(const hn_image *image, hn_image **out, hn_error *err) {
    hni_scratch scratch = {.ctx = image->ctx};
    hn_image *fresh = NULL;
    *out = NULL;
    hn_status status = hni_image_new_like(image, image->width, image->height, &fresh, err);
    if (status)
        return status;
    status = hni_strip_skull(&scratch, image, fresh->data, err);
    hni_scratch_free(&scratch);
    if (status)
        hni_image_unref(fresh);
    else
        *out = fresh;
    return status;
}
