/* regions.h - the inside of hn_regions: which pixel belongs to which region, and what each region is. Pure functions over arrays. */
#ifndef HNI_EXPLAIN_REGIONS_H
#define HNI_EXPLAIN_REGIONS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/context.h"
#include "haemnet/explain.h"

struct hn_regions {
    hn_context *ctx;
    int32_t width, height, slices;
    int32_t *labels;    /* [slices, height, width]: number of the region + 1; 0 = none */
    hn_region *regions; /* [count] */
    int32_t count;
    double threshold;   /* that they reach */
};

/* label.c: connected parts of what is not 0. marks [slices, height, width]: any number but 0 = inside; becomes the number of the part + 1, in the
 * order of their first pixels. Fewer than 2^31 pixels. */
hn_status hni_label(hn_context *ctx, int32_t *marks, int32_t width, int32_t height, int32_t slices, int32_t *count, hn_error *err);

/* extent.c: length and breadth of the pixels with this label within a box of one slice, mm; spacing in mm. */
typedef struct hni_plane {
    const int32_t *labels; /* [height, width] of the slice */
    int32_t width;         /* of the slice */
    int32_t left, top, box_width, box_height;
} hni_plane;
hn_status hni_extent(hn_context *ctx, const hni_plane *plane, int32_t label, double spacing_x, double spacing_y, double *length, double *breadth,
                     hn_error *err);

/* options: complete and checked. */
hn_status hni_regions_find(hn_context *ctx, const float *maps, int32_t width, int32_t height, int32_t slices, const hn_region_options *options,
                           hn_regions **out, hn_error *err);
hn_status hni_regions_contour(const hn_regions *r, int32_t index, int32_t slice, int32_t piece, int32_t *points, size_t cap, size_t *need,
                              hn_error *err);
void hni_regions_free(hn_regions *regions);

#endif
