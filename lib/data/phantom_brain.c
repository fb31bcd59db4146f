/* phantom_brain.c - what fills the cranial cavity: folded cortex, white matter, deep grey nuclei, cerebellum, brain stem, fluid,
 * falx, tentorium, and the harmless calcifications that a reader must not take for blood.
 *
 * The folds: the zero surfaces of a smooth noise, taken at the point's projection on the brain's surface, so that they run inwards;
 * each is a slit of fluid with three millimetres of grey matter on both sides. Bleeds are laid over elsewhere. */
#include "phantom_parts.h"

#define CORTEX 2.9 /* mm of grey matter */

typedef struct fold {
    double fluid;    /* mm within the slit */
    double distance; /* mm to the nearest surface of the cortex */
} fold;

/* Sulci. below: mm under the brain's own surface; edge: mm to the nearest surface, the medial one included. */
static fold fold_at(const hni_patient *p, const hni_place *q, double below, double edge, double wave) {
    double g[3];
    const double f = hni_max(q->radial, 0.3), inward = 1.0 + 0.55 * (1.0 / f - 1.0), cell = 1.0 / 11.5;
    const double zc = q->sz > 38.0 ? (q->sz - 38.0) * inward + 38.0 : q->sz;
    const double side = q->sx < 0.0 ? 11.37 : 0.0;         /* each hemisphere its own folds */
    const double xc = q->sx * inward, yc = q->sy * inward; /* turned against the lattice, whose axes would show */
    const double n = hni_lattice_at(p->lattice, (0.64 * xc + 0.48 * yc + 0.60 * zc) * cell + side, (-0.60 * xc + 0.80 * yc) * cell,
                                    (-0.48 * xc - 0.36 * yc + 0.80 * zc) * cell, g);
    const double steep = sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2]) * cell * inward;
    const double sheet = fabs(n) / hni_max(steep, 0.02);
    const double reach = 13.0 + 5.0 * wave, over = hni_max(0.0, edge - reach);
    const double top = 0.75 + 0.8 * hni_ramp((q->sz - 50.0) / 40.0); /* fluid shows best near the vertex */
    double half =
        (p->sulcus * top + 0.5 * p->sulcus * wave) * (1.1 - 0.8 * hni_ramp(below / reach)) + 0.9 * hni_bump(below / 4.0) * p->sulcus;
    half = hni_max(half, q->flood * (1.0 - hni_ramp(edge / 17.0)));
    const double away = over > 0.0 ? hni_length(sheet, over) : sheet;
    return (fold){half - away, away - half};
}

/* How much grey matter the deep nuclei add, 0 … 1. */
static double nuclei_at(const hni_place *q) {
    static const double N[][6] = {{12.5, -20.0, 46.0, 5.0, 9.5, 11.0},
                                  {26.0, -4.0, 37.0, 7.0, 15.5, 10.0},
                                  {10.5, 9.0, 41.0, 8.0, 12.5, 9.5},
                                  {15.0, 4.0, 56.0, 2.5, 15.0, 3.5}};
    const double ax = fabs(q->sx);
    double best = 0.0;
    if (ax > 40.0 || q->sz < 22.0 || q->sz > 66.0) return 0.0;
    for (size_t i = 0; i < sizeof N / sizeof *N; i++) {
        const double tilt = i == 1 ? 0.22 * (q->sy - N[i][1]) : i == 2 ? -0.25 * (q->sy - N[i][1]) : 0.0; /* they lie in a V and a Λ */
        const double dx = (ax - N[i][0] - tilt) / N[i][3], dy = (q->sy - N[i][1]) / N[i][4], dz = (q->sz - N[i][2]) / N[i][5];
        best = hni_max(best, hni_smooth((1.15 - (dx * dx + dy * dy + dz * dz)) / 0.4));
    }
    return best;
}

/* Height of the tentorium, standard mm; what is below and behind is the posterior fossa. */
static double tent_height(const hni_place *q) {
    const double ax = fabs(q->sx), in = hni_max(0.0, ax - 9.0);
    return 35.0 - 0.40 * in - 0.23 * hni_max(0.0, q->sy - 22.0) - 0.6 * hni_max(0.0, 18.0 - q->sy);
}

/* mm behind the petrous ridges and around the brain stem: the part of the plane that the tentorium covers. */
static double behind_ridge(const hni_place *q) {
    const double ax = fabs(q->sx);
    return q->sy - (-8.0 + 0.44 * hni_max(0.0, ax - 14.0));
}

/* Inside brain stem: > 0. */
static double stem_depth(const hni_place *q) {
    const double ey = (q->sy - 7.0) / 14.5, wide = q->sz < 12.0 ? 17.0 : 15.5;
    return q->sz > 29.0 ? -20.0 : (1.0 - sqrt(q->sx * q->sx / (wide * wide) + ey * ey)) * 15.0;
}

/* HU of cerebellum and brain stem. */
static double hind_at(const hni_patient *p, const hni_place *q, double stem) {
    const double ax = fabs(q->sx), v = hni_lattice_at(p->lattice, q->sx * 0.06, q->sy * 0.42, q->sz * 0.25, NULL);
    const double leaf = hni_lattice_at(p->lattice, q->sx * 0.1 + 9.0, q->sy * 0.16 + 5.0, q->sz * 0.1, NULL);
    double hu = p->grey - 1.5 + 1.6 * v + 1.5 * leaf;
    hu -= 4.0 * hni_bump(hni_length(ax - 16.0, q->sy - 28.0) / 15.0); /* the peduncles' white matter */
    hu += 2.5 * hni_bump(ax / 6.0) * hni_ramp((q->sy - 30.0) / 6.0);  /* vermis */
    hu -= (1.0 + 3.0 * p->age) * hni_bump((q->depth - 2.0) / 3.0) * hni_ramp(v * 3.0);
    return hni_mix(hu, p->white + 2.5, hni_smooth(stem / 2.0));
}

/* Calcium and dense membranes over soft tissue. */
static double dense_at(const hni_patient *p, const hni_place *q, double hu, double soft) {
    const double x = q->sx, ax = fabs(x), y = q->sy, z = q->sz;
    if (z > 20.0 && z < 60.0 && ax < 34.0) {
        if (p->pineal > 0.0)
            hu = hni_mix(hu, p->pineal_hu,
                         hni_inside(p->pineal - sqrt(x * x + (y - 21.0) * (y - 21.0) + (z - 33.0) * (z - 33.0) * 0.6), 1.3));
        const double r = p->choroid[x > 0.0];
        if (r > 0.0) {
            const double lump = 0.8 * hni_lattice_at(p->lattice, x * 0.45, y * 0.45, z * 0.3, NULL);
            const double away = sqrt((ax - 22.5) * (ax - 22.5) * 1.6 + (y - 30.0) * (y - 30.0) * 0.5 + (z - 43.0) * (z - 43.0) * 0.3);
            hu = hni_mix(hu, p->choroid_hu, hni_inside(r + lump - away, 1.4));
        }
        if (p->pallidum > 0.0) hu += p->pallidum * hni_bump((ax - 20.0) / 4.0) * hni_bump((y + 4.0) / 7.0) * hni_bump((z - 36.0) / 6.0);
    }
    if (p->plaque > 0.0 && y < -20.0 && z > 55.0)
        hu =
            hni_mix(hu, p->plaque, hni_inside(1.4 - hni_length(x * 1.2, hni_max(0.0, fabs(y + 48.0) - 7.0)) - fabs(z - 72.0) * 0.12, soft));
    return hu;
}

/* Membranes: falx, tentorium, and the great vein behind. */
static double membrane_at(const hni_patient *p, const hni_place *q, double hu, double falx, double sheet, double soft) {
    if (falx > -2.0) hu = hni_mix(hu, p->falx, hni_inside(falx, soft + 0.3));
    if (sheet > -2.0) hu = hni_mix(hu, p->falx - 4.0, 0.85 * hni_inside(sheet, 1.4));
    if (q->uy > 50.0 && q->shell < 9.0 && fabs(q->ux) < 8.0)
        hu = hni_mix(hu, p->falx + 2.0, hni_inside(3.2 - 0.5 * q->depth - fabs(q->ux) * 0.9, 1.2)); /* sagittal sinus: a triangle */
    return hu;
}

void hni_tissue_at(const hni_patient *p, const hni_place *q, double soft, hni_tissue *out) {
    const double wave = hni_lattice_at(p->lattice, q->sx * 0.07 + 1.1, q->sy * 0.07 + 2.2, q->sz * 0.07 + 3.3, NULL);
    const double tent = tent_height(q), ridge = behind_ridge(q), stem = stem_depth(q), skull = hni_min(q->depth, q->shell);
    const double rim = hni_max(-0.7, p->rim * (q->sy < 0.0 ? 1.2 : 0.8) + 0.8 * wave) + q->cover;
    double falx;
    const double midline = hni_midline_depth(p, q, tent, wave * 2.0, &falx);
    const double fine = hni_lattice_at(p->lattice, q->sx * 0.15, q->sy * 0.13 + 9.4, q->sz * 0.08, NULL);
    const double cistern = hni_cistern_depth(p, q, wave * 4.0 + fine * 3.2);
    const int hind = q->sz < tent && ridge > 0.0;
    const double below = skull - rim;
    fold f = {-30.0, 30.0};
    double hu;
    out->infra = hind || stem > 0.0;
    out->ventricle = hni_ventricle_depth(p, q);
    if (out->infra) {
        hu = hind_at(p, q, stem);
    } else {
        const double edge = hni_min(below, hni_min(-midline, -cistern));
        if (edge < 26.0) f = fold_at(p, q, below, edge, wave);
        const double core = (1.0 - hni_length(q->sx / 37.0, (q->sy + 2.0) / 38.0)) * 34.0 - hni_max(0.0, q->sz - 54.0) * 2.0;
        if (core > -8.0) f = (fold){hni_min(f.fluid, -core), hni_max(f.distance, core)}; /* no folds among the nuclei */
        const double cortex = hni_inside(CORTEX + 0.8 * wave - hni_min(edge, f.distance), 2.6);
        const double mottle = hni_lattice_at(p->lattice, q->sx * 0.19, q->sy * 0.19, q->sz * 0.19 + 8.0, NULL);
        hu = hni_mix(p->white, p->grey, hni_max(cortex, 0.9 * nuclei_at(q))) + 1.2 * mottle;
        hu -= p->leuko * hni_bump((out->ventricle + 1.0) / 9.0);
    }
    const double wide = hni_max(-below, hni_max(midline, cistern));
    out->fluid = hni_max(wide, f.fluid);
    hu = hni_mix(hu, p->fluid, hni_max(hni_inside(hni_max(wide, out->ventricle), soft + 0.5), hni_inside(f.fluid - 0.25, soft + 1.5)));
    const double away = fabs(tent - q->sz) * 0.88;
    const double seen = hni_ramp((q->sy - 19.0) / 6.0) * hni_ramp((32.0 - q->sz) / 4.0); /* its front edge is free and slopes gently */
    const double sheet = ridge > 2.0 && stem < -2.0 && q->sz > 10.0 ? 0.55 - away - 3.0 * (1.0 - seen) : -10.0;
    hu = membrane_at(p, q, hu, falx, sheet, soft);
    out->hu = dense_at(p, q, hu, soft);
}
