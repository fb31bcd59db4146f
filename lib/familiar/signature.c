/* signature.c - statistics of one image: how bright, how rough, how symmetric, what lies where.
 *
 * Most are of a reduced picture: the mean over the channels, in blocks, at most 64 × 64 of them. Its size bounds the work and the stack, and makes
 * the numbers of large inputs those of small ones. What is lost with it, the finest texture and the colour, is measured before. Everything until
 * the last division is whole numbers. */
#include "signature.h"

#include <math.h>
#include <string.h>

#include "../base/numeric.h"

enum {
    SIDE = 64,     /* most blocks along a side */
    UNIT = 16,     /* levels of the reduced picture are counted in sixteenths */
    LEVELS = 255 * UNIT + 1,
    GRID = 6,      /* cells along a side */
    ENTROPY = 32,  /* bins of the entropy */
    SOMETHING = 20 /* grey levels: above this a pixel is no background */
};

typedef struct picture { /* reduced: width × height levels, row by row without gaps */
    int32_t width, height;
    uint16_t level[SIDE * SIDE];
} picture;

typedef struct sink { /* where the next statistic goes */
    double *at;
} sink;

static void put(sink *s, double value) { *s->at++ = value; }

static int32_t begin_of(int32_t part, int32_t parts, int32_t size) { return (int32_t)((int64_t)part * size / parts); }
/* Cells of a side shorter than their number share pixels: none is empty. */
static int32_t end_of(int32_t part, int32_t parts, int32_t size) {
    const int32_t begin = begin_of(part, parts, size), end = begin_of(part + 1, parts, size);
    return end > begin ? end : begin + 1;
}

static void reduce(const uint8_t *pixels, int32_t channels, int32_t width, int32_t height, picture *p) {
    uint64_t sums[SIDE];
    int32_t bound[SIDE + 1];
    p->width = width < SIDE ? width : SIDE;
    p->height = height < SIDE ? height : SIDE;
    for (int32_t x = 0; x <= p->width; x++) bound[x] = begin_of(x, p->width, width);
    for (int32_t y = 0; y < p->height; y++) {
        const int32_t top = begin_of(y, p->height, height), bottom = begin_of(y + 1, p->height, height);
        memset(sums, 0, sizeof sums);
        for (int64_t line = 0; line < (int64_t)channels * (bottom - top); line++) {
            const int64_t c = line / (bottom - top), row = top + line % (bottom - top);
            const uint8_t *at = pixels + (c * height + row) * width;
            for (int32_t x = 0; x < p->width; x++)
                for (int32_t i = bound[x]; i < bound[x + 1]; i++) sums[x] += at[i];
        }
        for (int32_t x = 0; x < p->width; x++) {
            const uint64_t n = (uint64_t)(bottom - top) * (uint64_t)(bound[x + 1] - bound[x]) * (uint64_t)channels;
            p->level[y * p->width + x] = (uint16_t)((sums[x] * UNIT + n / 2) / n);
        }
    }
}

/* The level below which a share of q per cent of n counted ones lies. */
static double percentile(const uint32_t *count, uint32_t n, uint32_t q) {
    const uint32_t rank = (uint32_t)((uint64_t)q * n / 100);
    uint32_t below = 0;
    for (int32_t v = 0; v < LEVELS; v++)
        if ((below += count[v]) > rank) return (double)v / UNIT;
    return (double)(LEVELS - 1) / UNIT;
}

static double percent(uint64_t part, uint64_t whole) { return 100 * (double)part / (double)whole; }

/* Mean and deviation of a rectangle. */
static void moments(const picture *p, int32_t left, int32_t right, int32_t top, int32_t bottom, double *mean, double *deviation) {
    uint64_t sum = 0, squares = 0;
    const uint64_t n = (uint64_t)(right - left) * (uint64_t)(bottom - top);
    for (int32_t y = top; y < bottom; y++)
        for (int32_t x = left; x < right; x++) {
            const uint64_t v = p->level[y * p->width + x];
            sum += v;
            squares += v * v;
        }
    *mean = (double)sum / (double)(n * UNIT);
    *deviation = sqrt((double)(n * squares - sum * sum)) / (double)(n * UNIT); /* n Σx² ≥ (Σx)², and both fit */
}

/* Percentiles, mean, deviation, entropy, shares of dark, white and grey: 15. The deviation is also the answer. */
static double put_levels(const picture *p, uint32_t *count, sink *s) {
    static const uint32_t ranks[] = {1, 5, 10, 25, 50, 75, 90, 95, 99};
    const uint32_t n = (uint32_t)(p->width * p->height);
    uint32_t bins[ENTROPY] = {0}, dark = 0, white = 0, middle = 0;
    double mean, deviation, entropy = 0;
    memset(count, 0, LEVELS * sizeof *count);
    for (uint32_t i = 0; i < n; i++) {
        const int32_t v = p->level[i], grey = (v + UNIT / 2) / UNIT;
        count[v]++;
        bins[grey * ENTROPY / 256]++;
        dark += grey < 8;
        white += grey >= 248;
        middle += grey >= 64 && grey < 192;
    }
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) put(s, percentile(count, n, ranks[i]));
    moments(p, 0, p->width, 0, p->height, &mean, &deviation);
    for (int i = 0; i < ENTROPY; i++)
        if (bins[i]) entropy -= percent(bins[i], n) * hni_log((double)bins[i] / n);
    put(s, mean);
    put(s, deviation);
    put(s, entropy);
    put(s, percent(dark, n));
    put(s, percent(white, n));
    put(s, percent(middle, n));
    return deviation;
}

static uint32_t apart(uint16_t a, uint16_t b) { return a > b ? (uint32_t)(a - b) : (uint32_t)(b - a); }

/* How far it is from its mirror images, left for right and top for bottom: 2. */
static void put_symmetry(const picture *p, sink *s) {
    uint64_t sides = 0, ends = 0;
    const double n = (double)p->width * p->height * UNIT;
    for (int32_t y = 0; y < p->height; y++)
        for (int32_t x = 0; x < p->width; x++) {
            const uint16_t v = p->level[y * p->width + x];
            sides += apart(v, p->level[y * p->width + p->width - 1 - x]);
            ends += apart(v, p->level[(p->height - 1 - y) * p->width + x]);
        }
    put(s, (double)sides / n);
    put(s, (double)ends / n);
}

/* The means of strips at top, bottom, left, right, and the deviation of the outermost pixels: 5. */
static void put_border(const picture *p, sink *s) {
    const int32_t w = p->width, h = p->height, across = h < 16 ? 1 : h / 16, along = w < 16 ? 1 : w / 16;
    uint64_t n = 0, sum = 0, squares = 0;
    double mean, deviation;
    moments(p, 0, w, 0, across, &mean, &deviation), put(s, mean);
    moments(p, 0, w, h - across, h, &mean, &deviation), put(s, mean);
    moments(p, 0, along, 0, h, &mean, &deviation), put(s, mean);
    moments(p, w - along, w, 0, h, &mean, &deviation), put(s, mean);
    for (int32_t y = 0; y < h; y++)
        for (int32_t x = 0; x < w; x++) {
            const uint64_t v = p->level[y * w + x];
            if (x && y && x < w - 1 && y < h - 1) continue;
            n++;
            sum += v;
            squares += v * v;
        }
    put(s, sqrt((double)(n * squares - sum * sum)) / (double)(n * UNIT));
}

/* Means, then deviations, of the cells: 72. */
static void put_cells(const picture *p, sink *s) {
    double deviation[GRID * GRID], mean;
    for (int32_t i = 0; i < GRID * GRID; i++) {
        const int32_t row = i / GRID, column = i % GRID;
        moments(p, begin_of(column, GRID, p->width), end_of(column, GRID, p->width), begin_of(row, GRID, p->height), end_of(row, GRID, p->height), &mean,
                &deviation[i]);
        put(s, mean);
    }
    for (int32_t i = 0; i < GRID * GRID; i++) put(s, deviation[i]);
}

/* Mean step from pixel to pixel, along and across, over all channels at full size; and from channel to channel. */
static void finest(const uint8_t *pixels, int32_t channels, int32_t width, int32_t height, double step[3]) {
    const size_t w = (size_t)width, h = (size_t)height, plane = w * h;
    uint64_t along = 0, across = 0, between = 0;
    for (int32_t c = 0; c < channels; c++) {
        const uint8_t *a = pixels + (size_t)c * plane;
        for (size_t y = 0; y < h; y++)
            for (size_t x = 1; x < w; x++) along += apart(a[y * w + x], a[y * w + x - 1]);
        for (size_t i = w; i < plane; i++) across += apart(a[i], a[i - w]);
        for (size_t i = 0; c && i < plane; i++) between += apart(a[i], *(a + i - plane));
    }
    step[0] = width > 1 ? (double)along / ((double)channels * (double)((w - 1) * h)) : 0;
    step[1] = height > 1 ? (double)across / ((double)channels * (double)(w * (h - 1))) : 0;
    step[2] = channels > 1 ? (double)between / ((double)(channels - 1) * (double)plane) : 0;
}

/* Steps and their percentiles, the mean of the Laplacian, both beside what there is of contrast, and the colour: 9. */
static void put_texture(const picture *p, const double step[3], double deviation, uint32_t *count, sink *s) {
    const int32_t w = p->width, h = p->height;
    uint64_t laplacian = 0;
    uint32_t n = 0;
    memset(count, 0, LEVELS * sizeof *count);
    for (int32_t y = 0; y < h; y++)
        for (int32_t x = 0; x < w; x++) {
            const uint16_t *at = &p->level[y * w + x];
            if (x) count[apart(at[0], at[-1])]++, n++;
            if (y) count[apart(at[0], *(at - w))]++, n++;
            if (!x || !y || x == w - 1 || y == h - 1) continue;
            const int32_t l = 4 * at[0] - at[-1] - at[1] - *(at - w) - at[w];
            laplacian += (uint64_t)(l < 0 ? -l : l);
        }
    const int64_t inside = (int64_t)(w - 2) * (h - 2);
    const double curved = w > 2 && h > 2 ? (double)laplacian / (double)(inside * UNIT) : 0, both = step[0] + step[1];
    put(s, step[0]);
    put(s, step[1]);
    put(s, curved);
    put(s, n ? percentile(count, n, 50) : 0);
    put(s, n ? percentile(count, n, 75) : 0);
    put(s, n ? percentile(count, n, 90) : 0);
    put(s, 100 * both / (deviation + 1));
    put(s, 100 * curved / (both + 1));
    put(s, step[2]);
}

/* Centre of the grey levels, how far they spread, and rows and columns in which there is something at all, per cent of the side: 6. */
static void put_outline(const picture *p, sink *s) {
    uint64_t rows[SIDE] = {0}, columns[SIDE] = {0}, total = 1; /* 1: black has its centre at 0 */
    uint8_t row_on[SIDE] = {0}, column_on[SIDE] = {0};
    for (int32_t y = 0; y < p->height; y++)
        for (int32_t x = 0; x < p->width; x++) {
            const uint16_t v = p->level[y * p->width + x];
            rows[y] += v;
            columns[x] += v;
            total += v;
            if (v > SOMETHING * UNIT) row_on[y] = column_on[x] = 1;
        }
    const uint64_t *const sums[] = {rows, columns};
    const int32_t sizes[] = {p->height, p->width};
    double centre[2], spread[2];
    for (int k = 0; k < 2; k++) {
        uint64_t first = 0, second = 0;
        for (int32_t i = 0; i < sizes[k]; i++) first += sums[k][i] * (uint64_t)i, second += sums[k][i] * (uint64_t)i * (uint64_t)i;
        const double mean = (double)first / (double)total, square = (double)second / (double)total - mean * mean;
        centre[k] = 100 * mean / sizes[k];
        spread[k] = square > 0 ? 100 * sqrt(square) / sizes[k] : 0;
    }
    put(s, centre[0]), put(s, centre[1]), put(s, spread[0]), put(s, spread[1]);
    uint64_t on[2] = {0};
    for (int32_t y = 0; y < p->height; y++) on[0] += row_on[y];
    for (int32_t x = 0; x < p->width; x++) on[1] += column_on[x];
    put(s, percent(on[0], (uint64_t)p->height));
    put(s, percent(on[1], (uint64_t)p->width));
}

void hni_signature(const uint8_t *pixels, int32_t channels, int32_t width, int32_t height, double *out) {
    picture p;
    uint32_t count[LEVELS];
    double step[3];
    sink s = {out};
    reduce(pixels, channels, width, height, &p);
    finest(pixels, channels, width, height, step);
    const double deviation = put_levels(&p, count, &s);
    put_symmetry(&p, &s);
    put_border(&p, &s);
    put_cells(&p, &s);
    put_texture(&p, step, deviation, count, &s);
    put_outline(&p, &s);
}
