/* phantom_math.h - the small functions that every part of the phantom is shaped with.
 *
 * Polynomials, divisions and sqrt only: all exact or correctly rounded by IEEE 754, so that a phantom is the same bytes on every
 * machine. Inline, since each is called some ten times a pixel. Lengths are mm. */
#ifndef HNI_DATA_PHANTOM_MATH_H
#define HNI_DATA_PHANTOM_MATH_H

#include <math.h>
#include <stdint.h>

#define HNI_LATTICE 32 /* points on a side of the periodic lattice; a power of two */

static inline double hni_min(double a, double b) {
    return a < b ? a : b;
}
static inline double hni_max(double a, double b) {
    return a > b ? a : b;
}
static inline double hni_clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}
static inline double hni_mix(double a, double b, double t) {
    return a + (b - a) * t;
}
/* 0 below 0, 1 above 1, straight between. */
static inline double hni_ramp(double t) {
    return hni_clamp(t, 0.0, 1.0);
}
/* 0 below 0, 1 above 1, an S between. */
static inline double hni_smooth(double t) {
    t = hni_ramp(t);
    return t * t * (3.0 - 2.0 * t);
}
/* A bell: 1 at 0, 0 from |t| = 1 on. */
static inline double hni_bump(double t) {
    const double u = 1.0 - t * t;
    return u > 0.0 ? u * u : 0.0;
}
/* Partial volume: how much of a point that lies s mm inside an edge belongs to the inside, for an edge `soft` mm wide; ½ at s = 0. */
static inline double hni_inside(double s, double soft) {
    return hni_smooth(0.5 + s / soft);
}

/* Length of (x, y). */
static inline double hni_length(double x, double y) {
    return sqrt(x * x + y * y);
}

/* Distance in a plane from (x, y) to the stretch from (ax, ay) to (bx, by); *t receives the place along it, 0 … 1. */
static inline double hni_stretch(double x, double y, double ax, double ay, double bx, double by, double *t) {
    const double dx = bx - ax, dy = by - ay;
    *t = hni_ramp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy));
    return hni_length(x - ax - *t * dx, y - ay - *t * dy);
}

/* The corner below x and the part above it. x > -4096; the cast truncates, which is floor for positive numbers, without a call. */
static inline uint32_t hni_lattice_cell(double x, double *part) {
    const double up = x + 4096.0;
    const int32_t whole = (int32_t)up;
    *part = up - whole;
    return (uint32_t)whole & (HNI_LATTICE - 1);
}

/* Smooth periodic noise between the points of a lattice of random bytes: about -1 … 1, deviation about 0.35. slope, if not NULL,
 * receives the three derivatives, per cell. v: [HNI_LATTICE³]. */
static inline double hni_lattice_at(const int8_t *v, double x, double y, double z, double *slope) {
    double tx, ty, tz;
    const uint32_t n = HNI_LATTICE, m = n - 1;
    const uint32_t i0 = hni_lattice_cell(x, &tx), j0 = hni_lattice_cell(y, &ty) * n, k0 = hni_lattice_cell(z, &tz) * n * n;
    const uint32_t i1 = (i0 + 1) & m, j1 = (j0 + n) & (m * n), k1 = (k0 + n * n) & (m * n * n);
    const double sx = tx * tx * (3.0 - 2.0 * tx), sy = ty * ty * (3.0 - 2.0 * ty), sz = tz * tz * (3.0 - 2.0 * tz);
    const double a00 = v[k0 + j0 + i0], a01 = v[k0 + j1 + i0], a10 = v[k1 + j0 + i0], a11 = v[k1 + j1 + i0];
    const double d00 = v[k0 + j0 + i1] - a00, d01 = v[k0 + j1 + i1] - a01, d10 = v[k1 + j0 + i1] - a10, d11 = v[k1 + j1 + i1] - a11;
    const double b00 = a00 + d00 * sx, b01 = a01 + d01 * sx, b10 = a10 + d10 * sx, b11 = a11 + d11 * sx;
    const double c0 = b00 + (b01 - b00) * sy, c1 = b10 + (b11 - b10) * sy;
    if (slope) {
        const double e0 = d00 + (d01 - d00) * sy, e1 = d10 + (d11 - d10) * sy;
        slope[0] = (e0 + (e1 - e0) * sz) * (6.0 * tx * (1.0 - tx) / 127.0);
        slope[1] = ((b01 - b00) + ((b11 - b10) - (b01 - b00)) * sz) * (6.0 * ty * (1.0 - ty) / 127.0);
        slope[2] = (c1 - c0) * (6.0 * tz * (1.0 - tz) / 127.0);
    }
    return (c0 + (c1 - c0) * sz) * (1.0 / 127.0);
}

#endif
