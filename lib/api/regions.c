/* regions.c - the public calls on regions of explain.h. */
#include "explain/regions.h"

#include <math.h>

#include "structs.h"

static hn_status check_options(const hn_region_options *options, hn_region_options *o, hn_error *err) {
    const hn_status status = options ? HNI_CHECK(options, hn_region_options, err) : HN_OK;
    if (status) return status;
    hni_take(o, sizeof *o, options);
    const double spacings[3] = {o->spacing_x, o->spacing_y, o->spacing_z};
    for (int i = 0; i < 3; i++)
        if (!(spacings[i] >= 0 && spacings[i] <= 1e4)) /* also NaN */
            return hni_fail(err, HN_E_ARGUMENT, "spacing_%c is %g mm: 0 (not known) to 10,000 are allowed", "xyz"[i], spacings[i]);
    if (!(o->threshold >= 0 && isfinite(o->threshold)))
        return hni_fail(err, HN_E_ARGUMENT, "threshold %g: must be above 0, or 0 for 0.5", o->threshold);
    if (o->min_pixels < 0) return hni_fail(err, HN_E_ARGUMENT, "min_pixels %d: must be at least 1, or 0 for 1", o->min_pixels);
    if (o->threshold == 0) o->threshold = 0.5;
    if (o->spacing_y == 0) o->spacing_y = o->spacing_x;
    return HN_OK;
}

hn_status hn_regions_find(hn_context *context, const float *maps, int32_t width, int32_t height, int32_t slices, const hn_region_options *options,
                          hn_regions **out, hn_error *err) {
    hn_region_options o;
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_regions_find: out is NULL");
    *out = NULL;
    if (!context || !maps) return hni_fail(err, HN_E_ARGUMENT, "hn_regions_find: %s is NULL", context ? "maps" : "context");
    if (width < 1 || height < 1 || slices < 1)
        return hni_fail(err, HN_E_ARGUMENT, "hn_regions_find: %d x %d px, %d slices: each must be at least 1", width, height, slices);
    if ((int64_t)width * height >= INT32_MAX || (int64_t)width * height * slices >= INT32_MAX)
        return hni_fail(err, HN_E_LIMIT, "hn_regions_find: %d x %d px, %d slices: fewer than 2147483647 pixels in all are allowed", width, height,
                        slices);
    const hn_status status = check_options(options, &o, err);
    return status ? status : hni_regions_find(context, maps, width, height, slices, &o, out, err);
}

int32_t hn_regions_count(const hn_regions *regions) { return regions ? regions->count : 0; }

static hn_status check_index(const hn_regions *r, int32_t index, hn_error *err) {
    if (index < 0 || index >= r->count) return hni_fail(err, HN_E_NOT_FOUND, "there is no region %d; there are %d, from 0 on", index, r->count);
    return HN_OK;
}

hn_status hn_regions_get(const hn_regions *regions, int32_t index, hn_region *out, hn_error *err) {
    if (!regions || !out) return hni_fail(err, HN_E_ARGUMENT, "hn_regions_get: %s is NULL", regions ? "out" : "regions");
    hn_status status = HNI_CHECK(out, hn_region, err);
    if (!status) status = check_index(regions, index, err);
    if (!status) hni_give(out, &regions->regions[index], sizeof *regions->regions);
    return status;
}

hn_status hn_regions_contour(const hn_regions *regions, int32_t index, int32_t slice, int32_t piece, int32_t *points, size_t cap, size_t *need,
                             hn_error *err) {
    if (!regions) return hni_fail(err, HN_E_ARGUMENT, "hn_regions_contour: regions is NULL");
    if (!points && !need) return hni_fail(err, HN_E_ARGUMENT, "hn_regions_contour: points and need are NULL");
    const hn_status status = check_index(regions, index, err);
    if (status) return status;
    const hn_region *r = &regions->regions[index];
    if (slice < r->first_slice || slice > r->last_slice)
        return hni_fail(err, HN_E_NOT_FOUND, "region %d is in slices %d to %d, not in %d", index, r->first_slice, r->last_slice, slice);
    return hni_regions_contour(regions, index, slice, piece, points, cap, need, err);
}

void hn_regions_free(hn_regions *regions) { hni_regions_free(regions); }
