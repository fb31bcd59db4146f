/* phantom.c - the exported functions of haemnet/phantom.h: arguments are checked here, the drawing is lib/data's. */
#include "haemnet/phantom.h"

#include "../data/phantom.h"
#include "structs.h" /* defines: HNI_CHECK, hni_take, hni_give */

#define MAX_PATIENTS 1000000
#define MAX_SLICES 40
#define MIN_SIZE 64
#define MAX_SIZE 2048

/* Fills in the defaults and checks the ranges. */
static hn_status take_options(const hn_phantom_options *options, hn_phantom_options *today, hn_error *err) {
    if (options) {
        hn_status status = HNI_CHECK(options, hn_phantom_options, err);
        if (status != HN_OK) return status;
    }
    hni_take(today, sizeof *today, options);
    today->struct_size = sizeof *today;
    if (today->patients == 0) today->patients = 40;
    if (today->size == 0) today->size = 512;
    if (today->slices_per_patient == 0) today->slices_per_patient = 8;
    if (today->bleed_share == 0.0) today->bleed_share = 0.5;
    if (today->patients < 1 || today->patients > MAX_PATIENTS)
        return hni_fail(err, HN_E_ARGUMENT, "phantom: patients is %d; choose 1 to %d, or 0 for 40", (int)today->patients, MAX_PATIENTS);
    if (today->size < MIN_SIZE || today->size > MAX_SIZE)
        return hni_fail(err, HN_E_ARGUMENT, "phantom: size is %d px; choose %d to %d, or 0 for 512", (int)today->size, MIN_SIZE, MAX_SIZE);
    if (today->slices_per_patient < 1 || today->slices_per_patient > MAX_SLICES)
        return hni_fail(err, HN_E_ARGUMENT, "phantom: slices_per_patient is %d; choose 1 to %d, or 0 for 8", (int)today->slices_per_patient,
                        MAX_SLICES);
    if (!(today->bleed_share > 0.0 && today->bleed_share <= 1.0)) /* NaN too */
        return hni_fail(err, HN_E_ARGUMENT, "phantom: bleed_share is %g; choose more than 0 and at most 1, or 0 for 0.5",
                        today->bleed_share);
    return HN_OK;
}

hn_status hn_phantom_create(hn_context *context, const hn_phantom_options *options, hn_phantom **out, hn_error *err) {
    hn_phantom_options today;
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "%s: out is NULL", __func__);
    *out = NULL;
    if (!context) return hni_fail(err, HN_E_ARGUMENT, "%s: context is NULL", __func__);
    hn_status status = take_options(options, &today, err);
    return status == HN_OK ? hni_phantom_create(context, &today, out, err) : status;
}

int64_t hn_phantom_count(const hn_phantom *phantom) {
    return phantom ? (int64_t)phantom->options.patients * phantom->options.slices_per_patient : 0;
}

hn_status hn_phantom_render(const hn_phantom *phantom, int64_t index, hn_phantom_slice_info *info, hn_image **image, hn_image **mask,
                            hn_error *err) {
    hn_phantom_slice_info today = {.struct_size = sizeof today};
    if (image) *image = NULL;
    if (mask) *mask = NULL;
    if (!phantom) return hni_fail(err, HN_E_ARGUMENT, "%s: phantom is NULL", __func__);
    if (info) {
        hn_status status = HNI_CHECK(info, hn_phantom_slice_info, err);
        if (status != HN_OK) return status;
    }
    if (index < 0 || index >= hn_phantom_count(phantom))
        return hni_fail(err, HN_E_NOT_FOUND, "%s: there is no slice %lld; the phantom has %lld, counted from 0", __func__, (long long)index,
                        (long long)hn_phantom_count(phantom));
    hn_status status = hni_phantom_render(phantom, index, info ? &today : NULL, image, mask, err);
    if (status == HN_OK && info) hni_give(info, &today, sizeof today);
    return status;
}

void hn_phantom_free(hn_phantom *phantom) {
    hni_phantom_free(phantom);
}
