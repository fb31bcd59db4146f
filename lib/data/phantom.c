/* phantom.c - a population of invented patients, one slice at a time.
 *
 * Nothing is kept but the recipe: a slice is drawn anew from (seed, patient, slice), so slices come in any order, from any thread, and
 * the same. The one thing remembered is a patient's volume, since summing it costs as much as a slice; it is the same value whoever
 * works it out, so an atomic store is all the locking there is. */
#include "phantom.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "../image/image.h"
#include "phantom_parts.h" /* defines: hni_patient, hni_plane */

hn_status hni_phantom_create(hn_context *ctx, const hn_phantom_options *options, hn_phantom **out, hn_error *err) {
    const size_t patients = (size_t)options->patients;
    hn_phantom *phantom = hni_calloc(ctx, 1, sizeof *phantom);
    if (!phantom) return hni_fail_memory(err, sizeof *phantom, "a phantom");
    phantom->volume = hni_calloc(ctx, patients, sizeof *phantom->volume);
    if (!phantom->volume) {
        hni_free(ctx, phantom);
        return hni_fail_memory(err, patients * sizeof *phantom->volume, "a phantom's volumes");
    }
    phantom->ctx = hni_context_ref(ctx);
    phantom->options = *options;
    *out = phantom;
    return HN_OK;
}

void hni_phantom_free(hn_phantom *phantom) {
    if (!phantom) return;
    hn_context *ctx = phantom->ctx;
    hni_free(ctx, phantom->volume);
    hni_free(ctx, phantom);
    hni_context_unref(ctx);
}

static double volume_of(const hn_phantom *phantom, int32_t number, const hni_patient *p) {
    uint64_t bits = atomic_load_explicit(&phantom->volume[number], memory_order_relaxed);
    double ml;
    if (p->n_bleeds == 0) return 0.0;
    if (bits == 0) {
        ml = hni_bleed_volume(p);
        memcpy(&bits, &ml, sizeof bits);
        atomic_store_explicit(&phantom->volume[number], bits, memory_order_relaxed);
    }
    memcpy(&ml, &bits, sizeof ml);
    return ml;
}

static void fill_info(const hn_phantom *phantom, const hni_patient *p, const hni_plane *plane, hn_phantom_slice_info *info) {
    const double pixel = p->fov / plane->size, apart = p->cover / phantom->options.slices_per_patient;
    info->patient = (int32_t)plane->patient;
    info->slice = (int32_t)plane->slice;
    info->types = plane->types;
    info->patient_types = p->types;
    info->lesion_px = plane->lesion_px;
    info->pixel_spacing_mm = pixel;
    info->slice_spacing_mm = apart;
    info->volume_ml = volume_of(phantom, info->patient, p);
    info->slice_volume_ml = plane->lesion_px * pixel * pixel * apart / 1000.0;
    info->window_centre = 40.0;
    info->window_width = 80.0;
}

hn_status hni_phantom_render(const hn_phantom *phantom, int64_t index, hn_phantom_slice_info *info, hn_image **image, hn_image **mask,
                             hn_error *err) {
    hn_context *ctx = phantom->ctx;
    const hn_phantom_options *o = &phantom->options;
    const int32_t number = (int32_t)(index / o->slices_per_patient), slice = (int32_t)(index % o->slices_per_patient);
    hn_image *picture = NULL, *lesion = NULL;
    void *work = NULL;
    size_t bytes = 0;
    hn_status status = HN_OK;
    hni_patient *p = hni_alloc(ctx, sizeof *p);
    if (!p) return hni_fail_memory(err, sizeof *p, "a phantom's patient");
    hni_patient_draw(p, o->seed, (uint32_t)number, o->bleed_share);
    hni_plane plane = {.seed = o->seed, .patient = (uint32_t)number, .slice = (uint32_t)slice, .size = o->size};
    plane.z = (slice + 0.5) * p->cover / o->slices_per_patient;
    if (!hni_mul((size_t)o->size * (size_t)o->size, HNI_PLANE_WORK, &bytes) || !(work = hni_alloc(ctx, bytes))) {
        status = hni_fail_memory(err, bytes, "rendering a phantom's slice");
        goto done;
    }
    if (image) {
        status = hni_image_new(ctx, HN_PIXEL_I16, o->size, o->size, 1, &picture, err);
        if (status != HN_OK) goto done;
        picture->flags = HN_PIXELS_HU;
        picture->slope = 1.0;
        picture->intercept = 0.0;
        picture->source_channels = 1;
        memcpy(picture->format, "raw", 4);
        plane.hu = picture->data;
    }
    if (mask) {
        status = hni_image_new(ctx, HN_PIXEL_U8, o->size, o->size, 1, &lesion, err);
        if (status != HN_OK) goto done;
        lesion->source_channels = 1;
        memcpy(lesion->format, "raw", 4);
        plane.mask = lesion->data;
    }
    hni_plane_render(p, &plane, work);
    if (info) fill_info(phantom, p, &plane, info);
    if (image) *image = picture;
    if (mask) *mask = lesion;
    picture = lesion = NULL;
done:
    hni_image_unref(picture);
    hni_image_unref(lesion);
    hni_free(ctx, work);
    hni_free(ctx, p);
    return status;
}
