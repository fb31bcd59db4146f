/* overlay.c - hn_overlay: arguments are checked here, the drawing is lib/explain's. */
#include "explain/overlay.h"

#include <math.h>

#include "explain/colours.h"
#include "structs.h"

static hn_status check_numbers(const hn_overlay_options *o, hn_error *err) {
    const int32_t flags = HN_OVERLAY_SIDE_BY_SIDE | HN_OVERLAY_NO_CONTOURS | HN_OVERLAY_NO_BOXES | HN_OVERLAY_NO_LEGEND |
                          HN_OVERLAY_BARE;
    if (o->flags & ~flags) return hni_fail(err, HN_E_ARGUMENT, "hn_overlay: flags 0x%x: only HN_OVERLAY_… bits may be set", (unsigned)o->flags);
    if (!hni_colours(o->colours)) return hni_fail(err, HN_E_ARGUMENT, "hn_overlay: colours %d are not known; see HN_COLOURS_…", o->colours);
    if (o->scale < 1 || o->scale > 64) return hni_fail(err, HN_E_ARGUMENT, "hn_overlay: scale %d: 1 to 64 are allowed, or 0", o->scale);
    if (o->text_scale < 1 || o->text_scale > 8) return hni_fail(err, HN_E_ARGUMENT, "hn_overlay: text_scale %d: 1 to 8 are allowed, or 0", o->text_scale);
    if (!(o->strength > 0 && o->strength <= 1)) /* also NaN */
        return hni_fail(err, HN_E_ARGUMENT, "hn_overlay: strength %g: above 0 to 1 is allowed, or 0 for 0.6", o->strength);
    if (!isfinite(o->low) || !isfinite(o->high) || !(o->low < o->high) || !isfinite(o->high - o->low))
        return hni_fail(err, HN_E_ARGUMENT, "hn_overlay: low %g and high %g: low must be below high, both finite", o->low, o->high);
    return HN_OK;
}

static hn_status check_regions(const char *name, const hn_regions *r, const hn_image *image, int32_t slice, hn_error *err) {
    if (!r) return HN_OK;
    if (r->width != image->width || r->height != image->height)
        return hni_fail(err, HN_E_SHAPE, "hn_overlay: %s are of maps of %d x %d px, the image has %d x %d", name, r->width, r->height, image->width,
                        image->height);
    if (slice < 0 || slice >= r->slices)
        return hni_fail(err, HN_E_ARGUMENT, "hn_overlay: slice %d: %s have the slices 0 to %d", slice, name, r->slices - 1);
    return HN_OK;
}

hn_status hn_overlay(hn_context *context, const hn_image *image, const float *map, const hn_regions *regions, const hn_overlay_options *options,
                     hn_image **out, hn_error *err) {
    hn_overlay_options o;
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_overlay: out is NULL");
    *out = NULL;
    if (!context || !image || !map)
        return hni_fail(err, HN_E_ARGUMENT, "hn_overlay: %s is NULL", !context ? "context" : !image ? "image" : "map");
    hn_status status = options ? HNI_CHECK(options, hn_overlay_options, err) : HN_OK;
    if (status) return status;
    hni_take(&o, sizeof o, options);
    hni_overlay_defaults(&o, image->width, image->height);
    status = check_numbers(&o, err);
    if (!status) status = check_regions("the regions", regions, image, o.slice, err);
    if (!status) status = check_regions("the regions of the truth", o.truth, image, o.slice, err);
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < pixels && !status; i++)
        if (!isfinite(map[i])) status = hni_fail(err, HN_E_ARGUMENT, "hn_overlay: number %zu of the map is NaN or infinite", i);
    if (status) return status;
    const hni_picture picture = {.ctx = context, .image = image, .map = map, .regions = regions, .options = &o};
    return hni_overlay(&picture, out, err);
}
