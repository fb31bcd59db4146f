/* phantom_fluid.c - where fluid is: ventricles, basal cisterns, Sylvian and interhemispheric fissures; and the falx in the last.
 *
 * Each answer is a depth in mm (below 0: outside), so that fluid, blood in it, and the grey matter around it come from one shape.
 * The sulci of the convexity are folded in phantom_brain.c. All places are standard mm, mirrored at the middle. */
#include "phantom_parts.h"

#define NOWHERE (-30.0) /* far outside: no edge in sight */

/* A piece of tube between two points with a radius at each end; flat < 1 makes it taller than wide. */
typedef struct tube {
    double ax, ay, az, ar, bx, by, bz, br, flat;
} tube;

static double tube_depth(const tube *c, double x, double y, double z, double scale) {
    const double dx = c->bx - c->ax, dy = c->by - c->ay, dz = (c->bz - c->az) * c->flat;
    const double px = x - c->ax, py = y - c->ay, pz = (z - c->az) * c->flat;
    const double t = hni_ramp((px * dx + py * dy + pz * dz) / (dx * dx + dy * dy + dz * dz));
    const double ex = px - t * dx, ey = py - t * dy, ez = pz - t * dz;
    return (c->ar + t * (c->br - c->ar)) * scale - sqrt(ex * ex + ey * ey + ez * ez);
}

/* One lateral ventricle, from the frontal horn over the body to atrium, occipital and temporal horn. */
static const tube LATERAL[] = {
    {14.0, -36.0, 43.0, 1.4, 6.0, -17.0, 47.0, 3.4, 0.55}, {6.0, -17.0, 47.0, 3.4, 4.5, -9.0, 43.0, 1.8, 0.7},
    {14.0, -32.0, 50.0, 2.0, 7.5, -10.0, 54.0, 3.4, 0.7},  {7.5, -10.0, 54.0, 3.4, 11.0, 10.0, 55.0, 3.2, 0.7},
    {11.0, 10.0, 55.0, 3.2, 22.0, 30.0, 45.0, 5.2, 0.7},   {22.0, 30.0, 45.0, 5.2, 25.0, 26.0, 36.0, 4.4, 0.8},
    {22.0, 30.0, 42.0, 4.6, 17.0, 50.0, 38.0, 1.3, 0.7},   {25.0, 26.0, 36.0, 4.4, 31.0, 8.0, 24.0, 1.2, 1.0},
    {31.0, 8.0, 24.0, 1.2, 28.0, -12.0, 17.0, 1.3, 1.0},
};

double hni_ventricle_depth(const hni_patient *p, const hni_place *q) {
    const double ax = fabs(q->sx), y = q->sy, z = q->sz;
    double depth = NOWHERE;
    if (ax > 46.0 || y < -52.0 || y > 66.0 || z > 72.0) return NOWHERE;
    if (z > 8.0) {
        const double scale = p->ventricle * (q->sx > 0.0 ? 1.0 + p->uneven : 1.0 - p->uneven);
        for (size_t i = 0; i < sizeof LATERAL / sizeof *LATERAL; i++) depth = hni_max(depth, tube_depth(&LATERAL[i], ax, y, z, scale));
        depth = hni_min(depth, ax - 0.8); /* the septum */
    }
    if (ax < 20.0 && y > -24.0 && y < 24.0 && z > 14.0 && z < 50.0) { /* third: a slit */
        const double e = sqrt((y + 1.0) * (y + 1.0) / 169.0 + (z - 33.0) * (z - 33.0) / 121.0);
        depth = hni_max(depth, (0.4 + 1.5 * p->ventricle) * (1.0 - e * e * e) - ax);
    }
    if (ax < 24.0 && y > 6.0 && y < 46.0 && z < 26.0) { /* fourth: a tent open to the front */
        const double size = 0.65 + 0.35 * p->ventricle, yy = (y - 25.0 - 0.04 * ax * ax) / (4.2 * size), zz = (z - 4.0) / 11.0;
        depth = hni_max(depth, (1.0 - sqrt(ax * ax / (64.0 * size * size) + yy * yy + zz * zz)) * 4.5 * size);
    }
    return depth;
}

/* The star of fluid above the sella, with five points. */
static double star_depth(const hni_patient *p, double x, double y, double z) {
    const double dy = y + 11.0, r = hni_max(hni_length(x, dy), 1e-3), c = -dy / r, c2 = c * c;
    const double five = c * (16.0 * c2 * c2 - 20.0 * c2 + 5.0); /* cos 5θ */
    const double tall = 1.0 - (z - 17.0) * (z - 17.0) / 64.0;
    return (7.0 + 2.0 * p->age + 3.2 * five) * hni_max(tall, -1.0) - r;
}

/* The ring around pons and midbrain, widest behind (the cistern of the four hills). */
static double ring_depth(const hni_patient *p, double x, double y, double z) {
    const double wide = z < 12.0 ? 17.0 : 15.5, ey = (y - 7.0) / 14.5, e = sqrt(x * x / (wide * wide) + ey * ey);
    const double low = hni_ramp((15.0 - z) / 4.0) * hni_ramp((z + 5.0) / 6.0),
                 high = hni_ramp((z - 11.0) / 4.0) * hni_ramp((30.0 - z) / 5.0);
    const double ahead = hni_ramp((-1.0 - y) / 6.0) * low, beside = hni_ramp((y + 1.0) / 8.0) * high,
                 behind = hni_ramp((y - 15.0) / 8.0) * high;
    const double seen = hni_max(ahead, beside);
    return (0.1 + 0.6 * p->age) * seen + 1.9 * behind + 0.9 * ahead - fabs(e - 1.0) * 15.0 - 3.0 * (1.0 - seen);
}

/* The fissure over the insula: a slit along it, opening to the side; lower down a branch towards the star. */
static double sylvian_depth(const hni_patient *p, double ax, double y, double z, double wave) {
    double t, u, v;
    const double lift = (z - 30.0) * 0.35, x = ax + wave, yw = y + 0.8 * wave;
    if (z > 50.0 || z < 8.0 || ax < 8.0 || y > 34.0) return NOWHERE;
    const double insula = hni_stretch(x, yw, 40.5, -9.0 + lift, 42.0, 7.0 + lift, &t);
    const double corner = hni_stretch(x, yw, 40.5, -9.0 + lift, 45.0, -20.0 + lift, &v);
    const double opening = hni_stretch(x, yw, 45.0, -20.0 + lift, 67.0, -27.0 + lift, &u);
    const double seen = hni_ramp((z - 16.0) / 8.0) * hni_ramp((48.0 - z) / 10.0), wide = p->fissure * seen;
    double depth =
        hni_max(wide * (1.0 - 0.75 * t) - insula, hni_max(wide * (1.0 - 0.2 * v) - corner, wide * (0.7 + 0.9 * u * u) - opening));
    depth -= 2.0 * (1.0 - seen);
    if (z < 30.0) {
        const double low = hni_bump((z - 19.0) / 9.0), root = hni_stretch(x, y + wave, 9.0, -14.0, 40.0, -20.0, &t);
        depth = hni_max(depth, (p->fissure * 0.8 + 0.3) * low - root - 2.0 * (1.0 - low));
    }
    return depth;
}

double hni_cistern_depth(const hni_patient *p, const hni_place *q, double wave) {
    const double x = q->sx, y = q->sy, z = q->sz, ax = fabs(x);
    double depth = NOWHERE;
    if (z > 52.0) return depth;
    if (z < 34.0 && ax < 34.0 && y < 48.0) {
        depth = hni_max(star_depth(p, x, y, z), ring_depth(p, x + 0.5 * wave, y + 0.5 * wave, z));
        const double e = sqrt(x * x / 36.0 + (y + 5.0) * (y + 5.0) / 12.0 + (z - 17.0) * (z - 17.0) / 30.0);
        depth = hni_max(depth, (1.0 - e) * 3.5);                                             /* between the peduncles */
        const double vermis = hni_min(y - 25.5, 4.2 + 2.5 * p->age - ax - 0.4 * (y - 26.0)); /* above it: a triangle */
        depth = hni_max(depth, 0.75 * vermis - 0.5 * fabs(z - 27.5));
    }
    return hni_max(depth, sylvian_depth(p, ax, y, z, wave));
}

double hni_midline_depth(const hni_patient *p, const hni_place *q, double tent, double wave, double *falx) {
    const double ax = fabs(q->ux), y = q->uy, z = q->uz, inner = q->depth;
    *falx = NOWHERE;
    if (ax > 26.0 || z < 8.0) return NOWHERE;
    const double fore = hni_ramp((-y - 30.0) / 6.0) * hni_ramp((z - 17.0) / 4.0),
                 back = hni_ramp((y - 40.0) / 6.0) * hni_ramp((z - tent) / 3.0);
    const double above = hni_ramp((z - 61.0) / 5.0);
    const double seen = hni_max(above, hni_max(fore, back));
    if (seen == 0.0) return NOWHERE;
    const double bend = p->falx_bend * hni_bump((y + 4.0) / 85.0) + 0.35 * wave;
    const double x = fabs((z < 60.0 && y > 0.0 ? q->ux : q->sx) + bend);
    /* The falx reaches less deep in front than behind; the fissure goes on to the corpus callosum. */
    const double reach = hni_max(hni_ramp((-y - 38.0) / 8.0), hni_max(back, above * hni_ramp((z - 66.0) / 6.0)));
    *falx = reach > 0.0 && inner > 0.0 ? 0.35 + 0.35 * reach + 0.25 * back - x - 1.5 * (1.0 - reach) : NOWHERE;
    const double mouth = 1.2 * hni_bump(inner / 9.0);
    return (p->fissure * 0.62 + mouth * (0.4 + p->age)) * seen - x - 2.0 * (1.0 - seen);
}
