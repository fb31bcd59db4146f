/* phantom_texture.c - the randomness of a slice: the lattice that shapes are warped with, and the noise of the scanner.
 *
 * Not anatomy. Numbers come from Philox streams keyed by patient and slice. A normal number is made of the four bytes of one draw
 * (their sum, centred): close enough to a bell for noise that is filtered afterwards, and a tenth of the price of Box-Muller.
 * The filter gives the noise the grain of a soft reconstruction kernel: about 1.3 mm, whatever the pixel's size. */
#include "../base/random.h"
#include "phantom_parts.h"

/* Sum of four bytes: mean 510, deviation 147.8. */
static double bell(uint32_t bits) {
    const uint32_t pairs = (bits & UINT32_C(0x00FF00FF)) + ((bits >> 8) & UINT32_C(0x00FF00FF));
    return ((double)((pairs & 0xFFFF) + (pairs >> 16)) - 510.0) * (1.0 / 147.8);
}

void hni_texture_lattice(int8_t *v, uint64_t seed, uint32_t patient) {
    hni_random r;
    hni_random_init(&r, seed, HNI_RANDOM_PHANTOM, patient, HNI_PHANTOM_LATTICE);
    for (int i = 0; i < HNI_LATTICE * HNI_LATTICE * HNI_LATTICE; i += 4) {
        const uint32_t bits = hni_random_u32(&r);
        for (int k = 0; k < 4; k++) {
            const int byte = (int)((bits >> (8 * k)) & 0xFF) - 128;
            v[i + k] = (int8_t)(byte < -127 ? -127 : byte);
        }
    }
}

/* One pass of the filter [edge, side, 1, side, edge] along a row or column of n values, step apart; the ends repeat. */
static void smooth_line(const double *src, double *dst, int32_t n, int32_t step, double side, double edge) {
    for (int32_t i = 0; i < n; i++) {
        const int32_t a = i > 0 ? i - 1 : 0, b = i + 1 < n ? i + 1 : n - 1;
        const int32_t c = i > 1 ? i - 2 : 0, d = i + 2 < n ? i + 2 : n - 1;
        dst[i * step] = src[i * step] + side * (src[a * step] + src[b * step]) + edge * (src[c * step] + src[d * step]);
    }
}

void hni_texture_add(double *hu, const uint8_t *weight, double *work, int32_t size, double spacing, double deviation, uint64_t seed,
                     uint32_t patient, uint32_t slice) {
    const int64_t count = (int64_t)size * size;
    double *white = work, *row = work + count;
    /* A bell of 0.55 mm sampled at the pixels: 1/(1 + t²)² needs no exp. */
    const double t1 = spacing / 1.1, t2 = 2.0 * t1;
    const double side = 1.0 / ((1.0 + t1 * t1) * (1.0 + t1 * t1) * (1.0 + t1 * t1)),
                 edge = 1.0 / ((1.0 + t2 * t2) * (1.0 + t2 * t2) * (1.0 + t2 * t2));
    const double gain = deviation / (1.0 + 2.0 * side * side + 2.0 * edge * edge) / 128.0; /* the filter's own gain, once a direction */
    hni_random r;
    hni_random_init(&r, seed, HNI_RANDOM_PHANTOM, patient, HNI_PHANTOM_NOISE + slice);
    for (int64_t i = 0; i < count; i++) white[i] = bell(hni_random_u32(&r));
    for (int32_t y = 0; y < size; y++) smooth_line(white + (int64_t)y * size, row + (int64_t)y * size, size, 1, side, edge);
    for (int32_t y = 0; y < size; y++) { /* columns, but walked row by row, as memory lies */
        const double *m = row + (int64_t)y * size;
        const double *a = row + (int64_t)(y > 0 ? y - 1 : 0) * size, *b = row + (int64_t)(y + 1 < size ? y + 1 : y) * size;
        const double *c = row + (int64_t)(y > 1 ? y - 2 : 0) * size, *d = row + (int64_t)(y + 2 < size ? y + 2 : size - 1) * size;
        double *to = hu + (int64_t)y * size;
        const uint8_t *w = weight + (int64_t)y * size;
        for (int32_t x = 0; x < size; x++) to[x] += gain * w[x] * (m[x] + side * (a[x] + b[x]) + edge * (c[x] + d[x]));
    }
}
