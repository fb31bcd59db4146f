/* phantom_render.c - one plane through a patient: every pixel's HU, and the mask of the bleeds.
 *
 * Pixel by pixel: place → tissue or bone → bleeds laid over → what the scanner adds (cupping, the dark bar between the petrous bones,
 * noise). Edges are ramps about a pixel wide, which is what partial volume makes of them. The only state is the plane itself. */
#include <string.h>

#include "phantom_parts.h"

/* Blood over what is there; returns the HU, sets the bit of each bleed that has more than half of this pixel. */
static double lay_bleeds(const hni_patient *p, const hni_place *q, const hni_tissue *tissue, double hu, double soft, uint32_t *types) {
    for (int i = 0; i < p->n_bleeds; i++) {
        const hni_bleed *b = &p->bleed[i];
        const double depth = hni_bleed_depth(p, b, q, tissue);
        if (depth < -12.0) continue;
        if (b->oedema > 0.0 && depth < 0.0 && tissue->fluid < 0.0) hu -= 11.0 * hni_smooth(1.0 + (depth + 0.35 * b->oedema) / b->oedema);
        const double clot = hni_lattice_at(p->lattice, q->ux * 0.2 + b->noise_y, q->uy * 0.2, q->uz * 0.2 + b->noise_x, NULL);
        const double edge = b->type == HN_BLEED_SUBARACHNOID ? soft + 1.3 : soft; /* thin sheets seldom stand upright in a slice */
        hu = hni_mix(hu, b->hu + 4.5 * clot, hni_inside(depth, edge));
        if (depth > 0.0) *types |= b->type;
    }
    return hu;
}

/* What the beam makes of it: brighter along the skull, darker between the petrous bones. */
static double beam_at(const hni_patient *p, const hni_place *q) {
    double hu = p->cupping * (hni_bump(q->depth / 16.0) - 0.25);
    if (q->sz < 18.0) {
        const double bar = hni_bump((q->sy - 4.0) / 16.0) * hni_ramp((44.0 - fabs(q->sx)) / 20.0) * hni_ramp((18.0 - q->sz) / 12.0);
        hu -= 6.0 * bar * (1.0 + 1.5 * hni_lattice_at(p->lattice, q->sx * 0.03, q->sy * 0.35, 1.5, NULL));
    }
    return hu;
}

/* The head-holder's thin arc below the head. x, y: scanner mm. */
static double holder_at(const hni_patient *p, double x, double y, double hu, double soft) {
    if (p->holder == 0.0 || y < 20.0) return hu;
    const double r = hni_length(x, y + 15.0);
    return hni_max(hu, hni_mix(-1000.0, p->holder_hu, hni_inside(1.1 - fabs(r - p->holder), soft)));
}

/* HU without noise; *weight receives how much noise there is here, *types the bleeds. x, y, z: scanner mm. */
static double pixel_at(const hni_patient *p, double x, double y, double z, double soft, uint8_t *weight, uint32_t *types) {
    hni_place q;
    hni_tissue tissue;
    double hu = -1000.0;
    const double fx = (x - p->off_x) / (p->a + 48.0), fy = (y - p->off_y) / (p->b + 48.0);
    *weight = 60;
    if (fx * fx + fy * fy > 1.0) return holder_at(p, x, y, hu, soft);
    hni_place_scan(p, x, y, z, &q);
    const double bone = hni_ramp(-q.depth / (1.6 * soft)); /* 0 within the cavity: bone never reaches into a mask */
    if (bone > 0.0) hu = hni_skull_at(p, &q, soft);
    if (bone >= 1.0) {
        *weight = q.shell > -20.0 ? 128 : 80;
        return holder_at(p, x, y, hu, soft);
    }
    if (p->n_bleeds > 0) hni_bleed_spread(p, &q);
    hni_tissue_at(p, &q, soft, &tissue);
    double inside = tissue.hu;
    if (p->n_bleeds > 0) inside = lay_bleeds(p, &q, &tissue, inside, soft, types);
    inside += beam_at(p, &q);
    *weight = (uint8_t)(104.0 + 40.0 * hni_ramp(1.0 - q.radial) + 30.0 * hni_ramp((16.0 - q.uz) / 16.0));
    return bone > 0.0 ? hni_mix(inside, hu, bone) : inside;
}

void hni_plane_render(const hni_patient *p, hni_plane *plane, void *work) {
    const int32_t size = plane->size;
    const int64_t count = (int64_t)size * size;
    const double spacing = p->fov / size, soft = 0.45 + 0.6 * spacing, middle = 0.5 * size;
    double *hu = work;
    uint8_t *weight = (uint8_t *)(hu + 3 * count);
    plane->lesion_px = 0;
    plane->types = 0;
    if (plane->mask) memset(plane->mask, 0, (size_t)count);
    if (!plane->hu && p->n_bleeds == 0) return;
    for (int32_t row = 0; row < size; row++) {
        for (int32_t column = 0; column < size; column++) {
            const int64_t i = (int64_t)row * size + column;
            uint32_t types = 0;
            uint8_t grain;
            const double value =
                pixel_at(p, (column + 0.5 - middle) * spacing, (row + 0.5 - middle) * spacing, plane->z, soft, &grain, &types);
            if (plane->hu) {
                hu[i] = value;
                weight[i] = grain;
            }
            if (plane->mask) plane->mask[i] = types ? 255 : 0;
            plane->types |= types;
            plane->lesion_px += types != 0;
        }
    }
    if (!plane->hu) return;
    hni_texture_add(hu, weight, hu + count, size, spacing, p->noise, plane->seed, plane->patient, plane->slice);
    for (int64_t i = 0; i < count; i++) plane->hu[i] = (int16_t)floor(hni_clamp(hu[i], -1024.0, 3071.0) + 0.5);
}
