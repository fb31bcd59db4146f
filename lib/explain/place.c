/* place.c - a grid over the image that it was made of: from cells to pixels, and from raw numbers to 0 … 1.
 *
 * The grid covers the part of the image that the network was shown (preproc knows it), cell beside cell, whatever the resize in between did.
 * Numbers lie in the middles of cells, bilinear between them and constant beyond the outermost; outside of the part the map is 0. This
 * is PyTorch's interpolate(mode="bilinear", align_corners=False) where the whole image was shown. */
#include <math.h>

#include "explain.h"

/* Where a pixel's middle falls along one axis of the grid. */
typedef struct axis {
    int32_t low, high; /* cells; -1 = outside */
    double share;      /* of high */
} axis;

static axis axis_at(int32_t pixel, int32_t begin, int32_t length, int32_t cells) {
    const double at = (pixel + 0.5 - begin) * cells / length - 0.5;
    if (at < -0.5 || at >= cells - 0.5) return (axis){-1, -1, 0.0};
    if (at <= 0.0) return (axis){0, 0, 0.0};
    if (at >= cells - 1) return (axis){cells - 1, cells - 1, 0.0};
    const int32_t low = (int32_t)at;
    return (axis){low, low + 1, at - low};
}

static double look(const hni_grid *g, axis x, axis y) {
    const double *upper = g->cells + (size_t)y.low * (size_t)g->width, *lower = g->cells + (size_t)y.high * (size_t)g->width;
    const double above = upper[x.low] + x.share * (upper[x.high] - upper[x.low]), below = lower[x.low] + x.share * (lower[x.high] - lower[x.low]);
    return above + y.share * (below - above);
}

void hni_explain_place(hni_answer *a, bool raw, float *map) {
    const hni_grid *g = &a->grid;
    const size_t pixels = (size_t)a->info.width * (size_t)a->info.height;
    float least = INFINITY, most = -INFINITY, *to = map;
    for (int32_t v = 0; v < a->info.height; v++) {
        const axis y = axis_at(v, a->region.y, a->region.height, g->height);
        for (int32_t u = 0; u < a->info.width; u++, to++) {
            const axis x = axis_at(u, a->region.x, a->region.width, g->width);
            *to = x.low < 0 || y.low < 0 ? 0.0f : (float)look(g, x, y);
            if (*to < least) least = *to;
            if (*to > most) most = *to;
        }
    }
    a->info.raw_min = (double)least;
    a->info.raw_max = (double)most;
    if (!(most > 0.0f)) a->info.flags |= HN_HEATMAP_FLAT;
    if (raw) return;
    for (size_t i = 0; i < pixels; i++) map[i] = map[i] > 0.0f ? map[i] / most : 0.0f;
}
