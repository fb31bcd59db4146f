/* phantom_parts.h - what an invented patient is, and the parts that a slice of one is made of.
 *
 * The way of a pixel: scanner mm → hni_place (where in the head) → hni_tissue (brain and fluid there) or bone, scalp, face → bleeds
 * laid over → noise. Every part is a closed formula of the place, so that slices can be rendered in any order and the volume of a
 * bleed can be summed over the same shape.
 *
 * Two frames, both in mm, x to the image's right, y to the back of the head, z up: the head's own, and the standard head's (inner
 * half-axes 66 and 82, vault 108 above the lowest plane), in which all anatomy is written down. */
#ifndef HNI_DATA_PHANTOM_PARTS_H
#define HNI_DATA_PHANTOM_PARTS_H

#include "haemnet/phantom.h"
#include "../base/random.h" /* defines: hni_random */
#include "phantom_math.h"   /* defines: HNI_LATTICE */

#define HNI_HEAD_A 66.0  /* of the standard head: inner half-width, mm */
#define HNI_HEAD_B 82.0  /* inner half-length */
#define HNI_HEAD_H 108.0 /* lowest plane to inner vertex */

/* The streams of a patient's random numbers (sample of HNI_RANDOM_PHANTOM). Never reused. */
enum {
    HNI_PHANTOM_SHAPE = 0,
    HNI_PHANTOM_TISSUE = 1,
    HNI_PHANTOM_BLEED = 2,
    HNI_PHANTOM_LATTICE = 3,
    HNI_PHANTOM_DEAL = 4,  /* epoch = number of the deal, not of a patient */
    HNI_PHANTOM_TYPES = 5, /* epoch = number of the deal */
    HNI_PHANTOM_NOISE = 16 /* + slice */
};

typedef struct hni_bleed {
    uint32_t type;           /* one HN_BLEED_… */
    double hu;               /* HU within */
    double x, y, z;          /* standard mm: centre, or the point of the skull that it lies against */
    double radius;           /* mm: reach along the skull, or of the region that it fills */
    double rx, ry, rz;       /* intraparenchymal: half-axes, mm */
    double thick;            /* extra-axial: greatest thickness, mm */
    double dir_x, dir_y;     /* subdural: unit vector to the middle of the crescent */
    double cos_end;          /* subdural: cosine of half its angle */
    double level;            /* intraventricular: blood lies behind this y (mm, along gravity); -1000 = fills */
    double oedema;           /* width of the dark rim, mm */
    double noise_x, noise_y; /* where in the lattice its irregularity is taken */
    double low[3], high[3];  /* standard mm: a box that holds it */
} hni_bleed;

typedef struct hni_patient {
    /* placing in the scanner */
    double fov, off_x, off_y; /* mm */
    double cosine, sine;      /* of the rotation in the plane */
    double slant_x, slant_y;  /* rise of the plane per mm to the right, to the back */
    double cover;             /* mm of height that the slices share */
    /* head */
    double a, b, h; /* inner half-width, half-length, height, mm */
    double egg, egg2, box, asym, taper;
    double bone, bone_hu, diploe; /* thickness mm, HU, share of the thickness */
    double scalp, skin, sinus;    /* mm; half-width of the frontal sinus, 0 = none */
    double holder, holder_hu;     /* radius of the head-holder mm, 0 = none */
    /* brain */
    double age;                     /* 0 … 1: atrophy */
    double rim, sulcus, fissure;    /* mm of fluid over the brain, half-width of sulci, of the great fissures */
    double ventricle, uneven;       /* scale of ventricles; share by which the right one is larger */
    double grey, white, fluid;      /* HU */
    double leuko;                   /* HU that white matter loses beside the ventricles */
    double falx, falx_bend, plaque; /* HU, mm; HU of a calcified plaque on it, 0 = none */
    double pineal, pineal_hu;       /* radius mm, 0 = none */
    double choroid[2], choroid_hu;  /* radius mm left and right, 0 = none */
    double pallidum;                /* HU that calcified basal ganglia gain */
    double noise, cupping;          /* HU */
    /* bleeds */
    double push, push_y, push_z; /* mm that the midline is pushed (signed), where most */
    uint32_t types;
    int32_t n_bleeds;
    hni_bleed bleed[3];
    int8_t lattice[HNI_LATTICE * HNI_LATTICE * HNI_LATTICE];
} hni_patient;

typedef struct hni_place {
    double x, y, z;    /* head mm */
    double ux, uy, uz; /* standard mm */
    double sx, sy, sz; /* the same, before a bleed pushed the brain aside: where to look anatomy up */
    double radial;     /* 0 in the middle … 1 on the inner table, without the skull base */
    double shell;      /* mm within the inner table of vault and walls, without the skull base */
    double front;      /* mm above or behind the floor of the front part; below 0: face or orbit */
    double petrous;    /* mm outside the petrous bone; below 0: in it */
    double depth;      /* mm within the cranial cavity; below 0: outside */
    double cover;      /* mm of blood between skull and brain here */
    double flood;      /* mm by which sulci are at least open, filled with blood */
    double gravity;    /* y in the scanner's direction, mm */
} hni_place;

typedef struct hni_tissue {
    double hu;
    double fluid;     /* mm within subarachnoid fluid; below 0: outside */
    double ventricle; /* mm within a ventricle */
    double infra;     /* 1 below the tentorium, else 0 */
} hni_tissue;

/* Evenly from low … high. */
static inline double hni_between(hni_random *r, double low, double high) {
    return low + (high - low) * hni_random_unit(r);
}

/* phantom_patient.c: draws patient number `patient`. */
void hni_patient_draw(hni_patient *p, uint64_t seed, uint32_t patient, double bleed_share);

/* phantom_head.c: where a point is. x, y, z in head mm; the second from scanner mm. */
void hni_place_find(const hni_patient *p, double x, double y, double z, hni_place *place);
void hni_place_scan(const hni_patient *p, double x, double y, double z, hni_place *place);

/* phantom_fluid.c: mm within the ventricles, and within cisterns and the great fissures; below 0 outside. wave: a wiggle, mm. */
double hni_ventricle_depth(const hni_patient *p, const hni_place *place);
double hni_cistern_depth(const hni_patient *p, const hni_place *place, double wave);
double hni_midline_depth(const hni_patient *p, const hni_place *place, double tent, double wave, double *falx);

/* phantom_brain.c: what is inside the cranial cavity. */
void hni_tissue_at(const hni_patient *p, const hni_place *place, double soft, hni_tissue *out);

/* phantom_skull.c: HU of what is outside the cranial cavity. */
double hni_skull_at(const hni_patient *p, const hni_place *place, double soft);

/* phantom_bleed.c */
void hni_bleed_draw(hni_patient *p, hni_bleed *b, hni_random *r, uint32_t type);
void hni_bleed_spread(const hni_patient *p, hni_place *place); /* fills cover and flood */
double hni_bleed_depth(const hni_patient *p, const hni_bleed *b, const hni_place *place, const hni_tissue *tissue); /* mm within it */
double hni_bleed_volume(const hni_patient *p); /* ml, of all together */

/* phantom_texture.c: adds reconstructed noise to HU. hu: [size, size]; weight: [size, size], 0 … 255, how much of it (128 = once). */
void hni_texture_add(double *hu, const uint8_t *weight, double *work, int32_t size, double spacing, double deviation, uint64_t seed,
                     uint32_t patient, uint32_t slice);
void hni_texture_lattice(int8_t *v, uint64_t seed, uint32_t patient);

/* phantom_render.c: one plane at height z (scanner mm). hu, mask: [size, size], either may be NULL. lesion_px: of all bleeds;
 * *types: HN_BLEED_… with a pixel in this plane. work: scratch of HNI_PLANE_WORK
 * bytes a pixel. */
#define HNI_PLANE_WORK (3 * sizeof(double) + 1)
typedef struct hni_plane {
    uint64_t seed;
    uint32_t patient, slice;
    int32_t size;
    double z;
    int16_t *hu;
    uint8_t *mask;
    int32_t lesion_px;
    uint32_t types;
} hni_plane;
void hni_plane_render(const hni_patient *p, hni_plane *plane, void *work);

#endif
