/* phantom_skull.c - what is outside the cranial cavity: skull with two tables and diploe, frontal sinus, petrous bone with air cells,
 * orbits, nose, scalp of muscle, fat and skin, ears.
 *
 * In the brain window bone is white and fat black, so what counts is outlines and thicknesses; the HU are right for other windows. The
 * face is a hint: enough for the lowest slices to be taken for what they are. */
#include "phantom_parts.h"

#define AIR (-1000.0)
#define FAT (-95.0)

/* Thickness of the vault here, mm: thin at the temples, thick at the midline in front and behind. */
static double vault_thickness(const hni_patient *p, const hni_place *q, double uneven) {
    const double ax = fabs(q->ux),
                 temple = hni_ramp((ax - 44.0) / 14.0) * hni_ramp((62.0 - q->uz) / 30.0) * hni_ramp((26.0 - q->uy) / 20.0);
    const double back = hni_ramp((q->uy - 30.0) / 30.0), fore = hni_ramp((-q->uy - 55.0) / 20.0);
    return p->bone * (1.0 + 0.22 * uneven - 0.38 * temple + 0.18 * back + 0.22 * fore);
}

/* HU of bone, `in` mm from its inner and `out` mm from its outer surface. */
static double bone_at(const hni_patient *p, const hni_place *q, double in, double out) {
    const double table = 1.1 + 0.15 * (1.0 - p->diploe) * (in + out), core = hni_smooth((hni_min(in, out) - table) / 0.9);
    const double grain = hni_lattice_at(p->lattice, q->x * 0.5, q->y * 0.5, q->z * 0.5, NULL);
    return hni_mix(p->bone_hu, p->bone_hu * 0.48 + 260.0 * grain, core * p->diploe);
}

/* Petrous bone and mastoid: dense, with air cells at the side. */
static double petrous_at(const hni_patient *p, const hni_place *q) {
    const double ax = fabs(q->ux), grain = hni_lattice_at(p->lattice, q->ux * 0.38, q->uy * 0.38, q->uz * 0.3, NULL);
    const double cells =
        hni_ramp((ax - 46.0) / 6.0) * hni_ramp((q->uy + 4.0) / 6.0) * hni_ramp((14.0 - q->uz) / 5.0) * hni_ramp((-q->petrous - 1.0) / 2.0);
    const double inner_ear = hni_bump(hni_length(ax - 34.0, q->uy - 1.0) / 3.0) * hni_ramp((9.0 - q->uz) / 3.0);
    const double bone = p->bone_hu + 250.0 * grain;
    return hni_mix(hni_mix(bone, -700.0, hni_smooth((fabs(grain) < 0.34 ? 1.0 : 0.34 / fabs(grain) * 0.4) * cells)), 60.0, inner_ear);
}

/* mm within an eye. ax, y, z: standard mm. */
static double globe_depth(double ax, double y, double z) {
    return 12.2 - sqrt((ax - 30.0) * (ax - 30.0) + (y + 67.0) * (y + 67.0) + (z - 6.0) * (z - 6.0));
}

/* Orbit: fat, globe with lens, optic nerve, two muscles. ax, y, z: standard mm. */
static double orbit_at(double ax, double y, double z, double wave) {
    double t, hu = FAT + 6.0 * wave;
    const double nerve = hni_stretch(ax, y, 29.0, -57.0, 15.0, -32.0, &t) + fabs(z - 5.0) * 0.8;
    hu = hni_mix(hu, 36.0, hni_inside(2.0 - nerve, 1.0));
    const double medial = hni_stretch(ax, y, 17.0, -68.0, 13.5, -34.0, &t), lateral = hni_stretch(ax, y, 43.0, -64.0, 20.0, -34.0, &t);
    hu = hni_mix(hu, 48.0, hni_inside(1.8 - 1.6 * (t - 0.5) * (t - 0.5) - hni_min(medial, lateral) - fabs(z - 6.0) * 0.2, 1.0));
    const double upper = hni_length(ax - 28.0, (y + 55.0) * 0.25) + fabs(z - 17.0); /* the muscle along the roof */
    hu = hni_mix(hu, 45.0, hni_inside(4.0 - upper, 1.5));
    const double globe = globe_depth(ax, y, z);
    if (globe > -2.0) {
        hu = hni_mix(hu, hni_mix(42.0, 9.0, hni_inside(globe - 1.4, 1.0)), hni_inside(globe, 1.0));
        const double lens = 1.0 - sqrt((ax - 30.0) * (ax - 30.0) / 20.0 + (y + 75.5) * (y + 75.5) / 5.0 + (z - 6.0) * (z - 6.0) / 20.0);
        hu = hni_mix(hu, 75.0, hni_inside(lens * 3.0, 1.2));
    }
    return hu;
}

/* Air cells of ethmoid and sphenoid with their thin walls. */
static double cells_at(const hni_patient *p, double ux, double y, double z) {
    const double ax = fabs(ux), grain = hni_lattice_at(p->lattice, ux * 0.16, y * 0.13, z * 0.12, NULL);
    const double wall = hni_min(fabs(grain) * 7.0 + (y < -40.0 ? 0.0 : 4.0), hni_min(ax + 0.2, fabs(ax - 12.5)));
    return hni_mix(AIR + 40.0, 420.0, hni_inside(0.75 - wall, 1.2));
}

/* Face and orbits: in front of the wings of the sphenoid, under the roof of the orbit. */
static double face_at(const hni_patient *p, const hni_place *q, double soft) {
    double t;
    const double ax = fabs(q->ux), y = q->uy, wave = hni_lattice_at(p->lattice, q->ux * 0.15, y * 0.15, q->uz * 0.15, NULL);
    const double under = -q->front; /* mm under the floor */
    double hu;
    if (ax < 12.5)
        hu = cells_at(p, q->ux, y, q->uz);
    else
        hu = orbit_at(ax, y, q->uz, wave);
    const double wall = hni_stretch(ax, y, 58.0, -38.0, 47.0, -66.0, &t),
                 side = (ax - 58.0) * 28.0 + (y + 38.0) * 11.0; /* < 0: within the orbit */
    if (side > 0.0) hu = hni_mix(FAT, 56.0, hni_smooth(0.5 + wave * 1.4 + hni_ramp((-y - 58.0) / 8.0) * -1.0));
    hu = hni_mix(hu, p->bone_hu * 0.85, hni_inside(2.0 + 1.4 * t - wall, 1.4));
    hu = hni_mix(hu, p->bone_hu * 0.7, hni_inside(0.6 - fabs(ax - 12.8), 1.2) * hni_ramp((-y - 34.0) / 4.0) * 0.6);
    const double rim =
        hni_max(hni_ramp((ax - 44.0) / 3.0), hni_max(hni_ramp((14.0 - ax) / 3.0), hni_ramp((q->uz - 15.0) / 3.0))); /* of the orbit */
    if (y < -58.0)
        hu = hni_mix(hu, p->bone_hu, rim * hni_inside(hni_min(q->shell + 5.0, 2.5 - q->shell), soft) * hni_ramp((-y - 66.0) / 4.0));
    hu = hni_mix(hu, 38.0, hni_inside(-3.5 - q->shell, 1.0) * (1.0 - hni_inside(globe_depth(ax, y, q->uz), 1.0))); /* skin and lids */
    hu = hni_mix(hu, p->bone_hu * 0.9, hni_inside(3.0 - under, soft * 1.5));
    return hni_mix(AIR, hu, hni_inside(hni_max(q->shell + 7.5, globe_depth(ax, y, q->uz) + 2.5), soft));
}

/* Nose and ears, outside the scalp; hu there else. */
static double outlying_at(const hni_place *q, double hu, double soft) {
    const double ax = fabs(q->ux);
    if (q->uz > 16.0) return hu;
    if (q->uy < -78.0 && ax < 16.0) {
        const double high = 15.0 * hni_ramp((15.0 - q->uz) / 12.0),
                     nose = hni_min(9.0 - ax - 0.45 * (-q->uy - 82.0), high - (-q->uy - 86.0));
        hu = hni_mix(hu, 35.0, hni_inside(nose, soft + 0.4));
        hu = hni_mix(hu, 600.0,
                     hni_inside(1.2 - fabs(ax - 3.0 + 0.2 * (-q->uy - 88.0)), 1.0) * hni_inside(nose - 1.0, 1.0) *
                         hni_ramp((-q->uy - 80.0) / 3.0));
    }
    if (ax > 66.0 && ax < 100.0 && q->uy > -8.0 && q->uy < 40.0) { /* the ear: a curl */
        const double r = hni_length((ax - 79.0) * 1.3, q->uy - 15.0), curl = 1.3 - fabs(r - 10.0 - 0.25 * q->uz);
        const double root = 1.5 - fabs(q->uy - 6.0 - 0.25 * (ax - 76.0)) - hni_max(0.0, fabs(ax - 76.0) - 9.0);
        hu = hni_mix(hu, -10.0,
                     0.9 * hni_inside(hni_max(ax > 77.0 || q->uy < 12.0 ? curl : -5.0, root), 1.5) * hni_ramp((14.0 - q->uz) / 6.0));
    }
    return hu;
}

/* Muscle, fat, skin; `out` mm outside the skull. */
static double scalp_at(const hni_patient *p, const hni_place *q, double out, double uneven, double soft) {
    const double ax = fabs(q->ux);
    const double chew =
        hni_bump((q->uy + 22.0) / 34.0) * hni_ramp((58.0 - q->uz) / 26.0) * hni_ramp((ax - 30.0) / 18.0); /* temporal muscle */
    const double nape = hni_ramp((q->uy - 44.0) / 26.0) * hni_ramp((22.0 - q->uz) / 16.0);
    const double muscle = 1.0 + 7.0 * chew + 5.0 * nape, total = p->scalp * (1.0 + 0.15 * uneven) + 5.0 * chew + 7.0 * nape;
    const double skin = total - p->skin;
    double hu = hni_mix(FAT, 48.0 + 6.0 * uneven, hni_inside(muscle - out, 1.0));
    if (muscle > 2.5) hu -= 60.0 * hni_bump((out - 0.62 * muscle) / 0.8) * hni_ramp(uneven * 2.5); /* fat between the fibres */
    hu = hni_mix(hu, 28.0, hni_inside(out - skin, soft));
    hu = hni_mix(hu, AIR, hni_inside(out - total, soft));
    return outlying_at(q, hu, soft);
}

double hni_skull_at(const hni_patient *p, const hni_place *q, double soft) {
    if (q->shell < -45.0) return AIR;
    const double uneven = hni_lattice_at(p->lattice, q->ux * 0.045 + 4.0, q->uy * 0.045 + 6.0, q->uz * 0.045, NULL);
    double thick = vault_thickness(p, q, uneven), air = -10.0;
    if (p->sinus > 0.0 && q->uy < -60.0 && q->uz > 6.0 && q->uz < 46.0) { /* the frontal sinus lifts the outer table */
        const double ax = fabs(q->ux + 3.0 * p->asym * 30.0),
                     e = 1.0 - (ax / p->sinus) * (ax / p->sinus) - (q->uz - 26.0) * (q->uz - 26.0) / 260.0;
        const double lift = hni_min(4.5, 0.22 * p->sinus) * hni_smooth(e * 1.2);
        thick += lift;
        const double septa = fabs(hni_lattice_at(p->lattice, q->ux * 0.09, 2.5, q->uz * 0.05, NULL)) * 16.0;
        air = hni_min(hni_min(e * 7.0, septa - 0.6), hni_min(-q->shell - 2.2, thick + q->shell - 2.0));
    }
    const double out = -q->shell - thick;
    if (q->front < 0.0 && q->shell > -12.0 && q->petrous > 0.0) {
        const double face = face_at(p, q, soft);
        return q->shell > -3.0 ? face : outlying_at(q, face, soft);
    }
    double hu = q->petrous < 0.0 && q->shell > -6.0 ? petrous_at(p, q) : bone_at(p, q, -q->shell, -out);
    if (air > -2.0) hu = hni_mix(hu, AIR + 20.0, hni_inside(air, soft));
    const double bone = hni_inside(-out, soft);
    return bone >= 1.0 ? hu : hni_mix(scalp_at(p, q, out, uneven, soft), hu, bone);
}
