/* phantom.h - synthetic head-CT slices of invented patients, with bleeds whose place and volume are known.
 *
 * For demonstrations, tests and benchmarks; never clinical data. The same seed gives the same values on every machine. */
#ifndef HAEMNET_PHANTOM_H
#define HAEMNET_PHANTOM_H

#include "image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_phantom hn_phantom; /* the recipe of a population; slices are rendered on demand */

/* The five types of bleed, as bits. */
enum {
    HN_BLEED_EPIDURAL = 1,          /* biconvex, under the skull */
    HN_BLEED_SUBDURAL = 2,          /* crescent along the convexity */
    HN_BLEED_INTRAPARENCHYMAL = 4,  /* within the brain */
    HN_BLEED_INTRAVENTRICULAR = 8,  /* in the ventricles */
    HN_BLEED_SUBARACHNOID = 16      /* in sulci and cisterns */
};

typedef struct hn_phantom_options {
    uint32_t struct_size;       /* sizeof(hn_phantom_options) */
    int32_t patients;           /* 1 … 1,000,000; 0 = 40 */
    int32_t size;               /* px, width and height of a slice, 64 … 2048; 0 = 512 */
    int32_t slices_per_patient; /* 1 … 40, foot to head; 0 = 8 */
    uint64_t seed;              /* any */
    double bleed_share;         /* share of patients with a bleed, > 0 … 1; 0 = 0.5 */
} hn_phantom_options;

typedef struct hn_phantom_slice_info {
    uint32_t struct_size;     /* in: sizeof(hn_phantom_slice_info) */
    int32_t patient;          /* 0 … patients - 1 */
    int32_t slice;            /* 0 = lowest */
    uint32_t types;           /* HN_BLEED_… seen on this slice; 0 = no bleed here */
    uint32_t patient_types;   /* HN_BLEED_… anywhere in this patient */
    int32_t lesion_px;        /* area of the mask, px */
    double pixel_spacing_mm;  /* mm */
    double slice_spacing_mm;  /* mm */
    double volume_ml;         /* of all bleeds of the patient, ml, by the geometry itself */
    double slice_volume_ml;   /* of this slice's share: mask area × slice spacing, ml */
    double window_centre;     /* HU, for display */
    double window_width;      /* HU, for display */
} hn_phantom_slice_info;

/* Makes a population.
 *   options  copied; NULL = defaults
 *   out      receives the handle; free it with hn_phantom_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_phantom_create(hn_context *context, const hn_phantom_options *options, hn_phantom **out, hn_error *err);

/* Number of slices: patients × slices per patient; 0 for NULL.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API int64_t hn_phantom_count(const hn_phantom *phantom);

/* Renders one slice: HU values as an HN_PIXEL_I16 image of size × size, and its lesion mask (u8, 0 or 255).
 *   index    0 … count - 1, patient by patient, from the foot up
 *   info     filled; set info->struct_size before; may be NULL
 *   image    receives the handle; free it with hn_image_free; may be NULL
 *   mask     receives the handle; free it with hn_image_free; may be NULL
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_phantom_render(const hn_phantom *phantom, int64_t index, hn_phantom_slice_info *info, hn_image **image, hn_image **mask,
                                   hn_error *err);

/* Gives the handle back. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_phantom_free(hn_phantom *phantom);

#ifdef __cplusplus
}
#endif
#endif
