/* phantom_head.c - where in the head a point is: how deep below the skull, and on which side of the skull base.
 *
 * The inner table is an implicit surface: half an ellipsoid above the widest level, a tapering tube below, made egg-shaped, boxy and
 * lopsided by a few terms, all per patient. A point's distance to it is its value over its gradient, good to some per cent near the
 * surface. The skull base (floor of the front, petrous ridges, sella) is cut out of the tube. Nothing here knows HU. */
#include "phantom_parts.h"

#define WIDEST 38.0 /* standard mm: height at which the head is widest */

/* Distance within vault and walls, and the radial coordinate. */
static void find_shell(const hni_patient *p, hni_place *q) {
    const double z0 = WIDEST / HNI_HEAD_H * p->h, c = p->h - z0;
    const double under = q->z < z0 ? (z0 - q->z) / z0 : 0.0;
    const double scale = 1.0 / (1.0 - p->taper * under * under);
    const double yn = hni_clamp(q->y / p->b, -1.4, 1.4) * scale;
    const double a = p->a * (1.0 + p->egg * yn - p->egg2 * yn * yn);
    const double xn = q->x / a * scale, zn = q->z > z0 ? (q->z - z0) / c : 0.0;
    const double xx = xn * xn, yy = yn * yn, zz = zn * zn, k = p->box, kz = 0.55 * p->box;
    const double f2 = xx + yy + zz - k * xx * yy - kz * zz * (xx + yy) + p->asym * xn * yn;
    const double f = sqrt(hni_max(f2, 1e-6));
    const double gx = (xn * (1.0 - k * yy - kz * zz) + 0.5 * p->asym * yn) * scale / a;
    const double gy = (yn * (1.0 - k * xx - kz * zz) + 0.5 * p->asym * xn) * scale / p->b;
    const double gz = zn * (1.0 - kz * (xx + yy)) / c;
    const double slope = sqrt(gx * gx + gy * gy + gz * gz) / f;
    q->radial = f;
    q->shell = (1.0 - f) / hni_max(slope, 0.008);
}

/* Ridges of bone that stand into the cavity at the middle of the forehead and of the back of the head. */
static double inner_crest(const hni_place *q) {
    const double low = hni_ramp((56.0 - q->uz) / 20.0);
    if (low == 0.0 || q->radial < 0.75) return 0.0;
    const double back = hni_bump(q->ux / 9.0) * hni_ramp((q->uy - 60.0) / 10.0) * 5.0;
    const double fore = hni_bump(q->ux / 5.0) * hni_ramp((-q->uy - 60.0) / 10.0) * 5.0;
    return (back + fore) * low;
}

/* Cuts the skull base out of the tube; uneven: a lattice value that keeps edges from being ruled lines. */
static void find_base(const hni_patient *p, hni_place *q) {
    const double ax = fabs(q->ux);
    q->front = q->petrous = 100.0;
    if (q->uz > 34.0) return;
    const double uneven = hni_lattice_at(p->lattice, q->ux * 0.11 + 3.3, q->uy * 0.11 + 7.7, q->uz * 0.11, NULL);
    const double wing = -17.0 - 0.012 * ax * ax + 1.5 * uneven; /* behind this y: middle and back part */
    const double roof =
        14.0 + 11.0 * hni_bump((ax - 29.0) / 26.0) + 2.5 * uneven + 0.10 * hni_max(0.0, -q->uy - 66.0); /* floor of the front */
    q->front = hni_max((q->uy - wing) * 0.85, (q->uz - roof) * 0.9);
    const double dorsum = hni_length(hni_max(0.0, ax - 7.0), q->uy + 16.0) - 2.2; /* of the sella */
    if (q->uz < 15.0) q->front = hni_min(q->front, hni_max(dorsum, (q->uz - 13.0)));
    const double tall = 1.0 - q->uz / 18.0;
    if (tall > 0.0) {
        double t;
        const double away = hni_stretch(ax, q->uy, 64.0, 15.0, 15.0, -7.0, &t);
        const double half = (10.5 - 6.0 * t + 1.6 * uneven) * hni_min(1.15, 1.25 * tall);
        q->petrous = away - half;
    }
}

void hni_place_find(const hni_patient *p, double x, double y, double z, hni_place *q) {
    q->x = x;
    q->y = y;
    q->z = z;
    q->ux = x * (HNI_HEAD_A / p->a);
    q->uy = y * (HNI_HEAD_B / p->b);
    q->uz = z * (HNI_HEAD_H / p->h);
    q->gravity = y * p->cosine + x * p->sine;
    q->sx = q->ux;
    q->sy = q->uy;
    q->sz = q->uz;
    q->cover = q->flood = 0.0;
    find_shell(p, q);
    if (q->shell < -60.0) { /* far out in the air */
        q->front = q->petrous = 100.0;
        q->depth = q->shell;
        return;
    }
    find_base(p, q);
    q->depth = hni_min(q->shell - inner_crest(q), hni_min(q->front, q->petrous));
    const double give = p->push * hni_max(0.0, 1.0 - q->ux * q->ux / (HNI_HEAD_A * HNI_HEAD_A));
    q->sx = q->ux - give * hni_bump((q->uy - p->push_y) / 75.0) * hni_bump((q->uz - p->push_z) / 48.0);
}

void hni_place_scan(const hni_patient *p, double x, double y, double z, hni_place *place) {
    const double dx = x - p->off_x, dy = y - p->off_y;
    const double hx = p->cosine * dx + p->sine * dy, hy = p->cosine * dy - p->sine * dx;
    hni_place_find(p, hx, hy, z + p->slant_x * hx + p->slant_y * hy, place);
}
