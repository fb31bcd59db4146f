/* filter.c - median and Gaussian filter of 8-bit samples: noise out, before an image is made small.
 *
 * Edges are mirrored about the border itself (c b a | a b c), the mode that scipy calls "reflect": nothing dark creeps in from outside.
 * The median is exact. The Gaussian is scipy's (cut at 4 sigma, two passes), in double and rounded once at the end, each sum in the order of
 * its pixels, so that the bits are the same everywhere. */
#include <math.h>
#include <string.h>

#include "../base/numeric.h"
#include "../base/scratch.h"
#include "../base/status.h"
#include "filter.h"
#include "pixels.h"

/* Place i of a row of n samples that goes on as its own mirror image in both directions. */
static int32_t reflect(int64_t i, int32_t n) {
    const int64_t period = 2 * (int64_t)n;
    i %= period;
    if (i < 0)
        i += period;
    return (int32_t)(i < n ? i : period - 1 - i);
}

/* One row with `radius` mirrored pixels on either side. */
static void pad_row(const uint8_t *src, int32_t width, int32_t channels, int32_t radius, uint8_t *dst) {
    const size_t c = (size_t)channels;
    memcpy(dst + (size_t)radius * c, src, (size_t)width * c);
    for (int32_t i = 1; i <= radius; i++) {
        memcpy(dst + (size_t)(radius - i) * c, src + (size_t)reflect(-i, width) * c, c);
        memcpy(dst + (size_t)(radius + width - 1 + i) * c, src + (size_t)reflect((int64_t)width - 1 + i, width) * c, c);
    }
}

typedef uint8_t lanes __attribute__((vector_size(16)));
enum { LANES = 16 };

static inline void sort_two(lanes *a, lanes *b) {
    const lanes less = (lanes)(*a < *b), low = (*a & less) | (*b & ~less);
    *b = (*a & ~less) | (*b & less);
    *a = low;
}

/* 3 x 3, sixteen samples at a time: the network of 19 exchanges (Smith 1996). rows: the three, padded. n ≤ 16 samples. */
static void median_3(const uint8_t *const rows[3], size_t channels, size_t n, uint8_t *dst) {
    static const uint8_t pairs[19][2] = {{1, 2}, {4, 5}, {7, 8}, {0, 1}, {3, 4}, {6, 7}, {1, 2}, {4, 5}, {7, 8}, {0, 3},
                                         {5, 8}, {4, 7}, {3, 6}, {1, 4}, {2, 5}, {4, 7}, {4, 2}, {6, 4}, {4, 2}};
    lanes p[9] = {{0}};
    if (n == LANES)
        for (size_t k = 0; k < 9; k++)
            memcpy(&p[k], rows[k / 3] + k % 3 * channels, LANES);
    else
        for (size_t k = 0; k < 9; k++)
            memcpy(&p[k], rows[k / 3] + k % 3 * channels, n);
#pragma GCC unroll 19
    for (int k = 0; k < 19; k++)
        sort_two(&p[pairs[k][0]], &p[pairs[k][1]]);
    memcpy(dst, &p[4], n);
}

static void median_3_row(const uint8_t *const rows[3], size_t channels, size_t n, uint8_t *dst) {
    for (size_t at = 0; at < n; at += LANES) {
        const uint8_t *const here[3] = {rows[0] + at, rows[1] + at, rows[2] + at};
        median_3(here, channels, n - at < LANES ? n - at : LANES, dst + at);
    }
}

/* Any size: a histogram of the window slides along the row, and the median walks with it (Huang 1979). One channel. */
static void median_row(const uint8_t *const *rows, int32_t size, int32_t channels, int32_t width, uint8_t *dst) {
    const size_t c = (size_t)channels;
    const int32_t half = size * size / 2; /* this many are below the median, or equal to it and before it */
    int32_t count[256] = {0}, below = 0, median = 0;
    for (int32_t k = 0; k < size; k++)
        for (int32_t j = 0; j < size; j++)
            count[rows[k][(size_t)j * c]]++;
    for (int32_t x = 0; x < width; x++) {
        if (x > 0) {
            const size_t out = (size_t)(x - 1) * c, in = (size_t)(x - 1 + size) * c;
            for (int32_t k = 0; k < size; k++) {
                const uint8_t old = rows[k][out], fresh = rows[k][in];
                count[old]--;
                count[fresh]++;
                below += (fresh < median) - (old < median);
            }
        }
        while (below > half)
            below -= count[--median];
        while (below + count[median] <= half)
            below += count[median++];
        dst[(size_t)x * c] = (uint8_t)median;
    }
}

hn_status hni_median_u8_in(hni_scratch *scratch, const uint8_t *src, int32_t width, int32_t height, int32_t channels, int32_t size,
                           uint8_t *dst, hn_error *err) {
    const int32_t radius = size / 2;
    const size_t c = (size_t)channels, row = (size_t)width * c, padded = row + 2 * (size_t)radius * c;
    if (size < 3 || size > HNI_MEDIAN_MOST || size % 2 == 0)
        return hni_fail(err, HN_E_ARGUMENT, "median filter of %d px: must be an odd number, 3 to %d", (int)size, HNI_MEDIAN_MOST);
    uint8_t *ring = hni_scratch_take(scratch, padded * (size_t)size);
    if (!ring)
        return hni_fail_memory(err, padded * (size_t)size, "a median filter");
    int64_t next = -radius; /* the next row to be padded; row y lies in slot (y + radius) mod size */
    for (int32_t y = 0; y < height; y++) {
        const uint8_t *rows[HNI_MEDIAN_MOST];
        for (; next <= (int64_t)y + radius; next++)
            pad_row(src + (size_t)reflect(next, height) * row, width, channels, radius, ring + (size_t)((next + radius) % size) * padded);
        for (int32_t k = 0; k < size; k++)
            rows[k] = ring + (size_t)((y + k) % size) * padded;
        if (size == 3) {
            median_3_row(rows, c, row, dst + (size_t)y * row);
            continue;
        }
        for (int32_t k = 0; k < channels; k++) {
            const uint8_t *from[HNI_MEDIAN_MOST];
            for (int32_t j = 0; j < size; j++)
                from[j] = rows[j] + k;
            median_row(from, size, channels, width, dst + (size_t)y * row + k);
        }
    }
    return HN_OK;
}

/* Weights of 2 · radius + 1 pixels, their sum 1. */
static void fill_weights(double sigma, int32_t radius, double *weight) {
    double sum = 0;
    for (int32_t i = -radius; i <= radius; i++)
        sum += weight[i + radius] = hni_exp(-0.5 / (sigma * sigma) * ((double)i * (double)i));
    for (int32_t i = 0; i <= 2 * radius; i++)
        weight[i] /= sum;
}

/* to[i] = Σ weight[k] · from[k][i], k ascending. */
static void weigh_row(const double *weight, int32_t n_weights, const double *const *from, size_t n, double *to) {
    memset(to, 0, n * sizeof *to);
    for (int32_t k = 0; k < n_weights; k++) {
        const double w = weight[k], *src = from[k];
        for (size_t i = 0; i < n; i++)
            to[i] += w * src[i];
    }
}

typedef struct gaussian { /* what one call works in */
    int32_t radius, n_weights, ring;
    double *weight;      /* [n_weights] */
    const double **from; /* [n_weights] */
    uint8_t *bytes;      /* one padded row */
    double *wide;        /* the same as doubles */
    double *rows;        /* [ring, width · channels] rows that went through the horizontal pass; row y in slot y mod ring */
    double *sum;         /* [width · channels] */
} gaussian;

static bool take_gaussian(hni_scratch *scratch, gaussian *g, double sigma, int32_t height, size_t row, size_t c) {
    g->radius = (int32_t)(4 * sigma + 0.5);
    g->n_weights = 2 * g->radius + 1;
    g->ring = height < g->n_weights ? height : g->n_weights;
    const size_t padded = row + 2 * (size_t)g->radius * c, n = (size_t)g->n_weights;
    g->weight = hni_scratch_zeroed(scratch, n, sizeof *g->weight);
    g->from = hni_scratch_zeroed(scratch, n, sizeof *g->from);
    g->bytes = hni_scratch_take(scratch, padded);
    g->wide = hni_scratch_zeroed(scratch, padded, sizeof *g->wide);
    g->rows = hni_scratch_zeroed(scratch, row * (size_t)g->ring, sizeof *g->rows);
    g->sum = hni_scratch_zeroed(scratch, row, sizeof *g->sum);
    return g->weight && g->from && g->bytes && g->wide && g->rows && g->sum;
}

static void horizontal(gaussian *g, const uint8_t *src, int32_t width, int32_t channels, double *to) {
    const size_t c = (size_t)channels, row = (size_t)width * c, padded = row + 2 * (size_t)g->radius * c;
    pad_row(src, width, channels, g->radius, g->bytes);
    for (size_t i = 0; i < padded; i++)
        g->wide[i] = g->bytes[i];
    for (int32_t k = 0; k < g->n_weights; k++)
        g->from[k] = g->wide + (size_t)k * c;
    weigh_row(g->weight, g->n_weights, g->from, row, to);
}

hn_status hni_gaussian_u8_in(hni_scratch *scratch, const uint8_t *src, int32_t width, int32_t height, int32_t channels, double sigma,
                             uint8_t *dst, hn_error *err) {
    gaussian g;
    const size_t row = (size_t)width * (size_t)channels;
    int32_t next = 0; /* the next row for the horizontal pass */
    if (!(sigma >= HNI_SIGMA_LEAST && sigma <= HNI_SIGMA_MOST)) /* NaN too */
        return hni_fail(err, HN_E_ARGUMENT, "Gaussian filter of sigma %g px: must be %g to %g", sigma, HNI_SIGMA_LEAST, HNI_SIGMA_MOST);
    if (!take_gaussian(scratch, &g, sigma, height, row, (size_t)channels))
        return hni_fail_memory(err, row * (size_t)g.ring * sizeof(double), "a Gaussian filter");
    fill_weights(sigma, g.radius, g.weight);
    for (int32_t y = 0; y < height; y++) {
        for (; next < height && next <= y + g.radius; next++)
            horizontal(&g, src + (size_t)next * row, width, channels, g.rows + (size_t)(next % g.ring) * row);
        for (int32_t k = 0; k < g.n_weights; k++)
            g.from[k] = g.rows + (size_t)(reflect((int64_t)y - g.radius + k, height) % g.ring) * row;
        weigh_row(g.weight, g.n_weights, g.from, row, g.sum);
        for (size_t i = 0; i < row; i++)
            dst[(size_t)y * row + i] = hni_to_u8(g.sum[i]);
    }
    return HN_OK;
}

/* A new image of the same kind, its pixels by `size` or, if that is 0, by `sigma`. */
static hn_status filter(const hn_image *image, int32_t size, double sigma, hn_image **out, hn_error *err) {
    hn_image *fresh = NULL;
    hni_scratch scratch = {.ctx = image->ctx};
    *out = NULL;
    if (image->type != HN_PIXEL_U8)
        return hni_fail(err, HN_E_ARGUMENT, "only 8-bit images are filtered: hn_image_window or hn_image_convert makes one");
    hn_status status = hni_image_new(image->ctx, HN_PIXEL_U8, image->width, image->height, image->channels, &fresh, err);
    if (status)
        return status;
    hni_image_inherit(fresh, image);
    if (size)
        status = hni_median_u8_in(&scratch, image->data, image->width, image->height, image->channels, size, fresh->data, err);
    else
        status = hni_gaussian_u8_in(&scratch, image->data, image->width, image->height, image->channels, sigma, fresh->data, err);
    hni_scratch_free(&scratch);
    if (status)
        hni_image_unref(fresh);
    else
        *out = fresh;
    return status;
}

hn_status hni_image_median(const hn_image *image, int32_t size, hn_image **out, hn_error *err) {
    return filter(image, size ? size : -1, 0, out, err);
}

hn_status hni_image_gaussian(const hn_image *image, double sigma, hn_image **out, hn_error *err) {
    return filter(image, 0, sigma, out, err);
}
