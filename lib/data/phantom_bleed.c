/* phantom_bleed.c - the five types of bleed: drawn, placed, laid over the anatomy, and measured.
 *
 * Each bleed is one implicit shape in three dimensions (hni_bleed_depth: mm within it, 0 on its surface, where its share of a pixel
 * is ½). The mask of a slice is where that is above 0, and the volume is the sum over the same shape, so both agree by construction.
 * HU are mixed in phantom_render.c. */
#include <string.h>

#include "../base/numeric.h" /* defines: hni_sin, hni_cos */
#include "phantom_parts.h"

static void set_box(hni_bleed *b, double x, double y, double z) {
    const double at[3] = {b->x, b->y, b->z}, reach[3] = {x, y, z};
    for (int i = 0; i < 3; i++) {
        b->low[i] = at[i] - reach[i];
        b->high[i] = at[i] + reach[i];
    }
}

/* The point of the inner table in a direction of the plane at standard height z, by halving. */
static void put_on_shell(const hni_patient *p, hni_bleed *b, double dx, double dy, double z) {
    double near = 0.0, far = 130.0;
    hni_place q;
    for (int i = 0; i < 40; i++) {
        const double t = 0.5 * (near + far);
        hni_place_find(p, t * dx * (p->a / HNI_HEAD_A), t * dy * (p->b / HNI_HEAD_B), z * (p->h / HNI_HEAD_H), &q);
        if (q.shell > 0.0)
            near = t;
        else
            far = t;
    }
    b->x = near * dx;
    b->y = near * dy;
    b->z = z;
}

/* size: 0 … 1. */
static void draw_epidural(hni_patient *p, hni_bleed *b, hni_random *r, double size) {
    const double side = hni_random_unit(r) < 0.5 ? -1.0 : 1.0, angle = hni_between(r, -1.15, 1.2);
    put_on_shell(p, b, side * hni_cos(angle), hni_sin(angle), hni_between(r, 30.0, 72.0));
    b->radius = 13.0 + 27.0 * size;
    b->thick = b->radius * hni_between(r, 0.38, 0.62);
    p->push = -side * 0.33 * hni_max(0.0, b->thick - 7.0);
    p->push_y = b->y * 0.6;
    p->push_z = b->z;
    set_box(b, b->radius + 2.0, b->radius + 2.0, b->radius + 2.0);
}

static void draw_subdural(hni_patient *p, hni_bleed *b, hni_random *r, double size) {
    const double side = hni_random_unit(r) < 0.5 ? -1.0 : 1.0, angle = hni_between(r, -0.7, 0.6);
    b->dir_x = side * hni_cos(angle);
    b->dir_y = hni_sin(angle);
    b->cos_end = hni_between(r, 0.1, 0.75);
    b->thick = 2.4 + 11.0 * size;
    b->z = hni_between(r, 50.0, 70.0);
    b->radius = hni_between(r, 18.0, 34.0); /* of its height */
    p->push = -side * 0.45 * hni_max(0.0, b->thick - 4.0);
    p->push_z = b->z;
    set_box(b, 90.0, 100.0, b->radius);
    b->low[0] = side > 0.0 ? 0.0 : -90.0;
    b->high[0] = side > 0.0 ? 90.0 : 0.0;
}

static void draw_intraparenchymal(hni_patient *p, hni_bleed *b, hni_random *r, double size) {
    const double side = hni_random_unit(r) < 0.5 ? -1.0 : 1.0, where = hni_random_unit(r), mean = 4.2 + 17.5 * size;
    if (where < 0.45) { /* putamen */
        b->x = side * hni_between(r, 24.0, 31.0);
        b->y = hni_between(r, -12.0, 6.0);
        b->z = hni_between(r, 33.0, 44.0);
    } else if (where < 0.58) { /* thalamus */
        b->x = side * hni_between(r, 9.0, 14.0);
        b->y = hni_between(r, 4.0, 14.0);
        b->z = hni_between(r, 37.0, 44.0);
    } else if (where < 0.68) { /* cerebellum */
        b->x = side * hni_between(r, 8.0, 30.0);
        b->y = hni_between(r, 32.0, 52.0);
        b->z = hni_between(r, 5.0, 14.0);
    } else { /* a lobe */
        const double angle = hni_between(r, -1.3, 1.3), out = hni_between(r, 0.45, 0.72);
        b->z = hni_between(r, 40.0, 80.0);
        const double narrow = 1.0 - 0.35 * hni_ramp((b->z - 55.0) / 30.0);
        b->x = side * hni_max(12.0, HNI_HEAD_A * out * narrow * hni_cos(angle));
        b->y = HNI_HEAD_B * out * narrow * hni_sin(angle);
    }
    b->rx = mean * hni_between(r, 0.7, 1.05);
    b->ry = mean * hni_between(r, 0.85, 1.35);
    b->rz = mean * hni_between(r, 0.75, 1.15);
    b->radius = (b->rx + b->ry + b->rz) / 3.0;
    b->oedema = hni_between(r, 1.0, 2.5) + 0.28 * b->radius * hni_random_unit(r);
    p->push = hni_clamp(p->push - side * 0.22 * hni_max(0.0, b->radius - 6.0), -9.0, 9.0);
    p->push_y = b->y * 0.5;
    p->push_z = b->z;
    set_box(b, b->rx * 1.65, b->ry * 1.65, b->rz * 1.65);
}

static void draw_intraventricular(hni_bleed *b, hni_random *r, double size) {
    const int layered = hni_random_unit(r) < 0.5;
    b->z = 40.0;
    b->y = 12.0;
    b->level = -1000.0;
    b->radius = 200.0;
    if (layered) {
        b->level = 45.0 - 24.0 * size; /* mm behind the middle: the horns end near 52 */
    } else {                           /* a cast of one part, or of all */
        b->x = (hni_random_unit(r) < 0.5 ? -1.0 : 1.0) * hni_between(r, 4.0, 14.0);
        b->y = hni_between(r, -20.0, 30.0);
        b->z = hni_between(r, 40.0, 50.0);
        b->radius = 13.0 + 45.0 * size;
    }
    const double low[3] = {-46.0, -60.0, 0.0}, high[3] = {46.0, 72.0, 74.0};
    memcpy(b->low, low, sizeof low);
    memcpy(b->high, high, sizeof high);
}

static void draw_subarachnoid(const hni_patient *p, hni_bleed *b, hni_random *r, double size) {
    if (hni_random_unit(r) < 0.5) { /* from the arteries of the base: cisterns and the roots of the fissures */
        b->x = hni_between(r, -14.0, 14.0);
        b->y = hni_between(r, -16.0, -4.0);
        b->z = 18.0;
        b->radius = 22.0 + 32.0 * size;
    } else { /* after a blow: the sulci of one convexity */
        const double side = hni_random_unit(r) < 0.5 ? -1.0 : 1.0, angle = hni_between(r, -1.1, 1.0);
        put_on_shell(p, b, side * hni_cos(angle), hni_sin(angle), hni_between(r, 42.0, 80.0));
        b->radius = 17.0 + 21.0 * size;
    }
    b->thick = hni_between(r, 0.75, 1.2); /* how far it holds sulci open */
    set_box(b, b->radius * 1.2, b->radius * 1.2, b->radius * 1.2);
}

void hni_bleed_draw(hni_patient *p, hni_bleed *b, hni_random *r, uint32_t type) {
    const double u = hni_random_unit(r), size = u * (0.75 + 0.25 * u); /* small ones somewhat more often */
    *b = (hni_bleed){
        .type = type, .hu = hni_between(r, 59.0, 73.0), .noise_x = hni_between(r, 0.0, 32.0), .noise_y = hni_between(r, 0.0, 32.0)};
    switch (type) {
    case HN_BLEED_EPIDURAL:
        draw_epidural(p, b, r, size);
        break;
    case HN_BLEED_SUBDURAL:
        draw_subdural(p, b, r, size);
        break;
    case HN_BLEED_INTRAPARENCHYMAL:
        draw_intraparenchymal(p, b, r, size);
        break;
    case HN_BLEED_INTRAVENTRICULAR:
        draw_intraventricular(b, r, size);
        break;
    default:
        b->hu = 66.0 + 0.65 * (b->hu - 59.0); /* in slits, where partial volume takes some away */
        draw_subarachnoid(p, b, r, size);
        break;
    }
}

/* A lattice value of the bleed's own, cells of `cell` mm. */
static double rough(const hni_patient *p, const hni_bleed *b, const hni_place *q, double cell) {
    return hni_lattice_at(p->lattice, q->ux / cell + b->noise_x, q->uy / cell + b->noise_y, q->uz / cell, NULL);
}

/* Thickness that an extra-axial bleed would have here, mm. */
static double sheet_thickness(const hni_patient *p, const hni_bleed *b, const hni_place *q) {
    if (b->type == HN_BLEED_EPIDURAL) {
        const double dx = q->ux - b->x, dy = q->uy - b->y, dz = (q->uz - b->z) * 1.1;
        const double away = (dx * dx + dy * dy + dz * dz) / (b->radius * b->radius);
        return away < 1.1 ? b->thick * (1.0 - away) + 0.8 * rough(p, b, q, 9.0) * hni_ramp(1.05 - away) : -1.0;
    }
    const double nx = q->ux / HNI_HEAD_A, ny = q->uy / HNI_HEAD_B, r = hni_max(hni_length(nx, ny), 0.05);
    const double c = (nx * b->dir_x + ny * b->dir_y) / r, along = (c - b->cos_end) / (1.0 - b->cos_end), tall = (q->uz - b->z) / b->radius;
    if (along <= 0.0 || tall * tall >= 1.0 || q->ux * b->dir_x < 0.0) return -1.0;
    const double spread = (1.0 - (1.0 - along) * (1.0 - along)) * (1.0 - tall * tall * tall * tall);
    const double medial = hni_ramp((fabs(q->ux) - 2.0) / 5.0);
    return b->thick * spread * medial * (1.0 + 0.35 * rough(p, b, q, 16.0)) - 0.4;
}

void hni_bleed_spread(const hni_patient *p, hni_place *q) {
    for (int i = 0; i < p->n_bleeds; i++) {
        const hni_bleed *b = &p->bleed[i];
        if (b->type == HN_BLEED_EPIDURAL || b->type == HN_BLEED_SUBDURAL) {
            if (q->shell < b->thick * 1.6 + 8.0) q->cover = hni_max(q->cover, sheet_thickness(p, b, q));
        } else if (b->type == HN_BLEED_SUBARACHNOID) {
            const double dx = q->ux - b->x, dy = q->uy - b->y, dz = q->uz - b->z, r = b->radius * 1.15;
            const double d2 = dx * dx + dy * dy + dz * dz;
            if (d2 < r * r) q->flood = hni_max(q->flood, b->thick * hni_ramp((r - sqrt(d2)) / 6.0));
        }
    }
}

double hni_bleed_depth(const hni_patient *p, const hni_bleed *b, const hni_place *q, const hni_tissue *tissue) {
    const double at[3] = {q->ux, q->uy, q->uz};
    for (int i = 0; i < 3; i++)
        if (at[i] < b->low[i] - 3.0 || at[i] > b->high[i] + 3.0) return -30.0;
    switch (b->type) {
    case HN_BLEED_EPIDURAL:
    case HN_BLEED_SUBDURAL:
        if (q->shell > b->thick * 1.6 + 8.0) return -30.0;
        return hni_min(0.9 * (sheet_thickness(p, b, q) - q->shell), q->depth);
    case HN_BLEED_INTRAPARENCHYMAL: {
        const double dx = (q->ux - b->x) / b->rx, dy = (q->uy - b->y) / b->ry, dz = (q->uz - b->z) / b->rz,
                     r = sqrt(dx * dx + dy * dy + dz * dz);
        if (r > 2.2) return -30.0;
        const double shape = 1.0 + 0.45 * rough(p, b, q, 4.0 + 0.55 * b->radius) + 0.22 * rough(p, b, q, 2.0 + 0.2 * b->radius);
        return hni_min((shape - r) * b->radius, q->depth - 1.5);
    }
    case HN_BLEED_INTRAVENTRICULAR: {
        const double dx = q->ux - b->x, dy = q->uy - b->y, dz = q->uz - b->z;
        const double part = b->radius + 4.0 * rough(p, b, q, 7.0) - sqrt(dx * dx + dy * dy + dz * dz);
        return hni_min(hni_min(hni_min(tissue->ventricle + 0.35, q->depth), part), q->gravity * (HNI_HEAD_B / p->b) - b->level);
    }
    default: {
        const double dx = q->ux - b->x, dy = q->uy - b->y, dz = q->uz - b->z;
        const double part = b->radius * (1.0 + 0.3 * rough(p, b, q, 12.0)) - sqrt(dx * dx + dy * dy + dz * dz);
        return hni_min(hni_min(tissue->fluid, part), q->depth - 0.3);
    }
    }
}

/* Is this point in any of the bleeds from `first` on? */
static int bleeds_at(const hni_patient *p, const hni_place *q, const hni_tissue *tissue, int first) {
    for (int i = first; i < p->n_bleeds; i++)
        if (hni_bleed_depth(p, &p->bleed[i], q, tissue) > 0.0) return 1;
    return 0;
}

/* Is there a bleed of this type from `first` on? */
static int needs(const hni_patient *p, int first, uint32_t type) {
    while (first < p->n_bleeds && p->bleed[first].type != type) first++;
    return first < p->n_bleeds;
}

/* The midpoint rule on a grid of 1.5 × 1.5 × 2 mm in the head's frame, within the height that the slices share. The scanner's frame
 * is turned and sheared against it, which changes no volume. Where bleeds overlap, blood counts once, for the last. */
double hni_bleed_volume(const hni_patient *p) {
    const double step[3] = {1.5, 1.5, 2.0}, scale[3] = {p->a / HNI_HEAD_A, p->b / HNI_HEAD_B, p->h / HNI_HEAD_H};
    int64_t points = 0;
    for (int i = 0; i < p->n_bleeds; i++) {
        const int fluid = needs(p, i, HN_BLEED_SUBARACHNOID), ventricle = needs(p, i, HN_BLEED_INTRAVENTRICULAR);
        const hni_bleed *b = &p->bleed[i];
        int32_t n[3];
        for (int k = 0; k < 3; k++) n[k] = 1 + (int32_t)((b->high[k] - b->low[k]) * scale[k] / step[k]);
        for (int32_t kz = 0; kz < n[2]; kz++) {
            for (int32_t ky = 0; ky < n[1]; ky++) {
                for (int32_t kx = 0; kx < n[0]; kx++) {
                    const double x = b->low[0] * scale[0] + (kx + 0.5) * step[0], y = b->low[1] * scale[1] + (ky + 0.5) * step[1];
                    const double z = b->low[2] * scale[2] + (kz + 0.5) * step[2], scan = z - p->slant_x * x - p->slant_y * y;
                    hni_place q;
                    hni_tissue tissue = {0.0, -30.0, -30.0, 0.0};
                    if (scan < 0.0 || scan > p->cover) continue;
                    hni_place_find(p, x, y, z, &q);
                    if (q.depth <= 0.0) continue;
                    hni_bleed_spread(p, &q);
                    if (ventricle) tissue.ventricle = hni_ventricle_depth(p, &q);
                    if (fluid) hni_tissue_at(p, &q, 0.7, &tissue);
                    points += hni_bleed_depth(p, b, &q, &tissue) > 0.0 && !bleeds_at(p, &q, &tissue, i + 1);
                }
            }
        }
    }
    return (double)points * (step[0] * step[1] * step[2] / 1000.0);
}
