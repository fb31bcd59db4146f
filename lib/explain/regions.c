/* regions.c - maps → threshold → connected parts → figures of each, in pixels and, where the spacing is known, in mm and ml.
 *
 * A stack of slices is one volume: what hangs together through several slices is one region, with the bedside estimate of its volume beside
 * the count of its pixels. */
#include "regions.h"

#include <math.h>

#include "base/memory.h"
#include "base/status.h"
#include "order.h"

static hn_status mark(const float *maps, int64_t pixels, double threshold, int32_t *marks, hn_error *err) {
    for (int64_t i = 0; i < pixels; i++) {
        if (!isfinite(maps[i])) return hni_fail(err, HN_E_ARGUMENT, "number %lld of the map is NaN or infinite", (long long)i);
        marks[i] = (double)maps[i] >= threshold;
    }
    return HN_OK;
}

/* One more pixel of a region; right and bottom edge lie in width and height until the end, the sums in the means. */
static void add_pixel(hn_region *g, float number, int32_t x, int32_t y, int32_t z) {
    if (!g->pixels++) {
        g->left = g->width = x, g->top = g->height = y, g->first_slice = z;
        g->peak = -INFINITY;
    }
    if (x < g->left) g->left = x;
    if (x > g->width) g->width = x;
    if (y > g->height) g->height = y;
    if (y < g->top) g->top = y;
    g->last_slice = z;
    if ((double)number > g->peak) g->peak = (double)number, g->peak_x = x, g->peak_y = y, g->peak_slice = z;
    g->mean += (double)number;
    g->centre_x += x + 0.5;
    g->centre_y += y + 0.5;
    g->centre_slice += z;
}

static void sum_up(hn_region *g) {
    const double n = (double)g->pixels;
    g->width += 1 - g->left;
    g->height += 1 - g->top;
    g->mean /= n;
    g->centre_x /= n;
    g->centre_y /= n;
    g->centre_slice /= n;
    g->area_mm2 = g->length_mm = g->breadth_mm = g->height_mm = g->volume_ml = g->abc2_ml = g->abc2_weighted_ml = NAN;
}

static void gather(const float *maps, hn_regions *r) {
    const int32_t *label = r->labels;
    for (int32_t z = 0; z < r->slices; z++)
        for (int32_t y = 0; y < r->height; y++)
            for (int32_t x = 0; x < r->width; x++, label++, maps++)
                if (*label) add_pixel(&r->regions[*label - 1], *maps, x, y, z);
    for (int32_t i = 0; i < r->count; i++) sum_up(&r->regions[i]);
}

/* order [2 count]: the regions that are large enough, best first; the rest is scratch. Gives their number. keys [count] is scratch. */
static size_t put_in_order(const hn_regions *r, int32_t min_pixels, uint32_t *order, double *keys) {
    size_t n = 0;
    for (int32_t i = 0; i < r->count; i++)
        if (r->regions[i].pixels >= min_pixels) order[n++] = (uint32_t)i;
    for (int32_t i = 0; i < r->count; i++) keys[i] = (double)r->regions[i].pixels;
    hni_order_falling(keys, order, n);
    for (int32_t i = 0; i < r->count; i++) keys[i] = r->regions[i].peak;
    hni_order_falling(keys, order, n); /* stable: among equal peaks the larger stays before */
    return n;
}

/* Renumbers regions and labels by rank, and drops those that are too small. */
static hn_status rank(hn_regions *r, int32_t min_pixels, hn_error *err) {
    const size_t n = (size_t)r->count;
    uint32_t *order = hni_calloc(r->ctx, 2 * n + 1, sizeof *order);
    int32_t *place = hni_calloc(r->ctx, n + 1, sizeof *place); /* by label; 0 = dropped */
    double *keys = hni_calloc(r->ctx, n + 1, sizeof *keys);
    hn_region *sorted = hni_calloc(r->ctx, n + 1, sizeof *sorted);
    const bool room = order && place && keys && sorted;
    if (room) {
        const size_t kept = put_in_order(r, min_pixels, order, keys);
        for (size_t i = 0; i < kept; i++) {
            sorted[i] = r->regions[order[i]];
            place[order[i] + 1] = (int32_t)i + 1;
        }
        const int64_t pixels = (int64_t)r->width * r->height * r->slices;
        for (int64_t i = 0; i < pixels; i++) r->labels[i] = place[r->labels[i]];
        hn_region *unsorted = r->regions;
        r->regions = sorted, sorted = unsorted;
        r->count = (int32_t)kept;
    }
    hni_free(r->ctx, order);
    hni_free(r->ctx, place);
    hni_free(r->ctx, keys);
    hni_free(r->ctx, sorted);
    return room ? HN_OK : hni_fail_memory(err, n * sizeof *sorted, "the regions of a map");
}

static int32_t area_in(const hn_regions *r, const hn_region *g, int32_t label, int32_t slice) {
    const int32_t *plane = r->labels + (size_t)slice * (size_t)r->width * (size_t)r->height;
    int32_t area = 0;
    for (int32_t y = g->top; y < g->top + g->height; y++)
        for (int32_t x = g->left; x < g->left + g->width; x++) area += plane[(size_t)y * (size_t)r->width + (size_t)x] == label;
    return area;
}

/* Its largest slice, and how many slices the weighted height counts. */
static double look_through(const hn_regions *r, hn_region *g, int32_t label) {
    double counted = 0.0;
    for (int32_t z = g->first_slice; z <= g->last_slice; z++) {
        const int32_t area = area_in(r, g, label, z);
        if (area > g->area) g->area = area, g->largest_slice = z;
    }
    for (int32_t z = g->first_slice; z <= g->last_slice; z++) {
        const double share = (double)area_in(r, g, label, z) / g->area;
        counted += share >= 0.75 ? 1.0 : share >= 0.25 ? 0.5 : 0.0;
    }
    return counted;
}

static hn_status measure(const hn_regions *r, hn_region *g, int32_t label, const hn_region_options *o, hn_error *err) {
    const double weighted = look_through(r, g, label), x = o->spacing_x, y = o->spacing_y, z = o->spacing_z;
    if (!(x > 0)) return HN_OK;
    const hni_plane plane = {.labels = r->labels + (size_t)g->largest_slice * (size_t)r->width * (size_t)r->height, .width = r->width,
                             .left = g->left, .top = g->top, .box_width = g->width, .box_height = g->height};
    g->area_mm2 = g->area * x * y;
    const hn_status status = hni_extent(r->ctx, &plane, label, x, y, &g->length_mm, &g->breadth_mm, err);
    if (status || !(z > 0)) return status;
    g->height_mm = (g->last_slice - g->first_slice + 1) * z;
    g->volume_ml = (double)g->pixels * x * y * z / 1000.0;
    g->abc2_ml = g->length_mm * g->breadth_mm * g->height_mm / 2000.0;
    g->abc2_weighted_ml = g->length_mm * g->breadth_mm * (weighted * z) / 2000.0;
    return HN_OK;
}

hn_status hni_regions_find(hn_context *ctx, const float *maps, int32_t width, int32_t height, int32_t slices, const hn_region_options *o,
                           hn_regions **out, hn_error *err) {
    const int64_t pixels = (int64_t)width * height * slices; /* checked by the caller */
    hn_regions *r = hni_calloc(ctx, 1, sizeof *r);
    if (!r) return hni_fail_memory(err, sizeof *r, "the regions of a map");
    *r = (hn_regions){.ctx = hni_context_ref(ctx), .width = width, .height = height, .slices = slices,
                       .threshold = o->threshold};
    hn_status status = HN_OK;
    r->labels = hni_calloc(ctx, (size_t)pixels, sizeof *r->labels);
    if (!r->labels) status = hni_fail_memory(err, (size_t)pixels * sizeof *r->labels, "the regions of a map");
    if (!status) status = mark(maps, pixels, o->threshold, r->labels, err);
    if (!status) status = hni_label(ctx, r->labels, width, height, slices, &r->count, err);
    if (!status) {
        r->regions = hni_calloc(ctx, (size_t)r->count + 1, sizeof *r->regions);
        if (!r->regions) status = hni_fail_memory(err, ((size_t)r->count + 1) * sizeof *r->regions, "the regions of a map");
    }
    if (!status) {
        gather(maps, r);
        status = rank(r, o->min_pixels, err);
    }
    for (int32_t i = 0; !status && i < r->count; i++) status = measure(r, &r->regions[i], i + 1, o, err);
    if (status)
        hni_regions_free(r);
    else
        *out = r;
    return status;
}

void hni_regions_free(hn_regions *r) {
    if (!r) return;
    hn_context *ctx = r->ctx;
    hni_free(ctx, r->labels);
    hni_free(ctx, r->regions);
    hni_free(ctx, r);
    hni_context_unref(ctx);
}
