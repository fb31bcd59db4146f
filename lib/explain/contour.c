/* contour.c - the outline of a region in a slice: a walk along the edges between its pixels and the others.
 *
 * The walk keeps the region on its right hand. Pixels that touch at a corner belong together, so where two ways are open it turns left. The region's
 * pixels in the slice are labelled anew, since pieces of one slice may hang together through others only. */
#include "base/memory.h"
#include "base/status.h"
#include "regions.h"

/* The region's pixels of one slice, cut out: [height, width], number of the piece + 1. */
typedef struct cut {
    int32_t *pieces;
    int32_t width, height;
} cut;

static hn_status cut_out(const hn_regions *r, int32_t index, int32_t slice, cut *c, int32_t *count, hn_error *err) {
    const hn_region *box = &r->regions[index];
    const size_t plane = (size_t)r->width * (size_t)r->height, pixels = (size_t)box->width * (size_t)box->height;
    *c = (cut){.pieces = hni_calloc(r->ctx, pixels, sizeof *c->pieces), .width = box->width, .height = box->height};
    if (!c->pieces) return hni_fail_memory(err, pixels * sizeof *c->pieces, "the outline of a region");
    for (int32_t y = 0; y < c->height; y++) {
        const int32_t *row = r->labels + (size_t)slice * plane + (size_t)(box->top + y) * (size_t)r->width + (size_t)box->left;
        for (int32_t x = 0; x < c->width; x++) c->pieces[(size_t)y * (size_t)c->width + (size_t)x] = row[x] == index + 1;
    }
    const hn_status status = hni_label(r->ctx, c->pieces, c->width, c->height, 1, count, err);
    if (status) hni_free(r->ctx, c->pieces);
    return status;
}

static bool inside(const cut *c, int32_t x, int32_t y, int32_t piece) {
    return x >= 0 && y >= 0 && x < c->width && y < c->height && c->pieces[(size_t)y * (size_t)c->width + (size_t)x] == piece;
}

enum { EAST, SOUTH, WEST, NORTH };

/* From the upper left corner of the piece's first pixel once around; gives the number of corners. points may be NULL. */
static size_t walk(const cut *c, int32_t piece, int32_t left, int32_t top, int32_t *points) {
    static const int32_t step_x[] = {1, 0, -1, 0}, step_y[] = {0, 1, 0, -1};
    /* Pixels ahead of a corner, by direction: to the left and to the right of the way. */
    static const int32_t left_x[] = {0, 0, -1, -1}, left_y[] = {-1, 0, 0, -1}, right_x[] = {0, -1, -1, 0}, right_y[] = {0, 0, -1, -1};
    size_t n = 0, at = 0;
    while (c->pieces[at] != piece) at++;
    const int32_t begin_x = (int32_t)(at % (size_t)c->width), begin_y = (int32_t)(at / (size_t)c->width);
    int32_t x = begin_x, y = begin_y;
    int go = EAST, before = NORTH; /* it comes up along the first pixel's left edge in the end */
    do {
        if (go != before) {
            if (points) points[2 * n] = left + x, points[2 * n + 1] = top + y;
            n++;
        }
        x += step_x[go];
        y += step_y[go];
        before = go;
        if (inside(c, x + left_x[go], y + left_y[go], piece))
            go = (go + 3) % 4;
        else if (!inside(c, x + right_x[go], y + right_y[go], piece))
            go = (go + 1) % 4;
    } while (x != begin_x || y != begin_y || go != EAST);
    return n;
}

hn_status hni_regions_contour(const hn_regions *r, int32_t index, int32_t slice, int32_t piece, int32_t *points, size_t cap, size_t *need,
                              hn_error *err) {
    const hn_region *box = &r->regions[index];
    int32_t count = 0;
    cut c;
    hn_status status = cut_out(r, index, slice, &c, &count, err);
    if (status) return status;
    if (piece < 0 || piece >= count) {
        status = hni_fail(err, HN_E_NOT_FOUND, "region %d has %d pieces in slice %d, no number %d", index, count, slice, piece);
    } else {
        const size_t numbers = 2 * walk(&c, piece + 1, box->left, box->top, NULL);
        if (need) *need = numbers;
        if (points && cap < numbers)
            status = hni_fail(err, HN_E_BUFFER, "this outline needs %zu int32s, the buffer has %zu", numbers, cap);
        else if (points)
            walk(&c, piece + 1, box->left, box->top, points);
    }
    hni_free(r->ctx, c.pieces);
    return status;
}
