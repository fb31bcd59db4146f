/* truth.c - does a map tell the truth: where its peak is, how it overlaps with a lesion that is known, and whether two maps say the same. */
#include "truth.h"

#include <math.h>

#include "base/memory.h"
#include "base/status.h"
#include "order.h"

/* Of the pixel (x, y) to the nearest one in the mask, px. */
static double distance_to(const uint8_t *mask, int32_t width, int32_t height, int32_t x, int32_t y) {
    int64_t least = INT64_MAX;
    for (int32_t v = 0; v < height; v++) {
        const int64_t dy = (int64_t)(v - y) * (v - y);
        if (dy >= least) continue;
        for (int32_t u = 0; u < width; u++) {
            const int64_t d = dy + (int64_t)(u - x) * (u - x);
            if (d < least && mask[(size_t)v * (size_t)width + (size_t)u]) least = d;
        }
    }
    return sqrt((double)least);
}

void hni_heatmap_compare(const float *map, const uint8_t *mask, int32_t width, int32_t height, double threshold, hn_heatmap_truth *out) {
    const size_t pixels = (size_t)width * (size_t)height;
    size_t peak = 0;
    int64_t both = 0, hot = 0;
    double above = 0.0, within = 0.0;
    *out = (hn_heatmap_truth){.struct_size = out->struct_size};
    for (size_t i = 0; i < pixels; i++) {
        if (map[i] > map[peak]) peak = i;
        const bool warm = (double)map[i] >= threshold, sick = mask[i] != 0;
        hot += warm;
        both += warm && sick;
        out->mask_pixels += sick;
        if (map[i] > 0) above += (double)map[i];
        if (map[i] > 0 && sick) within += (double)map[i];
    }
    out->peak_x = (int32_t)(peak % (size_t)width);
    out->peak_y = (int32_t)(peak / (size_t)width);
    out->hot_pixels = (int32_t)hot;
    out->undefined = (out->mask_pixels ? 0u : HN_TRUTH_NO_MASK) | (above > 0 ? 0u : HN_TRUTH_FLAT);
    out->distance = out->mask_pixels ? distance_to(mask, width, height, out->peak_x, out->peak_y) : NAN;
    out->hit = above > 0 && mask[peak] != 0;
    out->iou = out->mask_pixels ? (double)both / (double)(hot + out->mask_pixels - both) : NAN;
    out->energy = out->mask_pixels && above > 0 ? within / above : NAN;
}

/* Ranks of n numbers, equals with the mean of theirs, less the mean of all. keys [n] and order [2 n] are scratch. */
static void rank(const float *values, size_t n, double *ranks, double *keys, uint32_t *order) {
    for (size_t i = 0; i < n; i++) {
        keys[i] = (double)values[i];
        order[i] = (uint32_t)i;
    }
    hni_order_falling(keys, order, n);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && keys[order[to]] == keys[order[from]];) to++;
        const double mean = ((double)from + (double)(to - 1)) / 2.0 - ((double)n - 1.0) / 2.0;
        for (size_t i = from; i < to; i++) ranks[order[i]] = mean;
    }
}

hn_status hni_rank_correlation(hn_context *ctx, const float *a, const float *b, size_t n, double *out, hn_error *err) {
    double *x = hni_calloc(ctx, n, 3 * sizeof *x), *y = x + n, xx = 0.0, yy = 0.0, xy = 0.0;
    uint32_t *order = hni_calloc(ctx, n, 2 * sizeof *order);
    const bool room = x && order;
    if (room) {
        rank(a, n, x, y + n, order);
        rank(b, n, y, y + n, order);
        for (size_t i = 0; i < n; i++) {
            xx += x[i] * x[i];
            yy += y[i] * y[i];
            xy += x[i] * y[i];
        }
        *out = xx > 0 && yy > 0 ? xy / (sqrt(xx) * sqrt(yy)) : NAN;
    }
    hni_free(ctx, x);
    hni_free(ctx, order);
    return room ? HN_OK : hni_fail_memory(err, n * (3 * sizeof *x + 2 * sizeof *order), "the ranks of a map");
}
