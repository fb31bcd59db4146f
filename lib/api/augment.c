/* augment.c - the public call of augment.h. */
#include "base/memory.h"
#include "structs.h"
#include "train/preview.h"

hn_status hn_augment_images(const hn_model *model, const hn_image *const *images, int32_t count, const hn_augment_options *options,
                            uint64_t seed, int64_t epoch, const int64_t *samples, hn_image **out, hn_error *err) {
    hn_augment_options o;
    if (count < 1 || count > HNI_PREVIEW_MOST)
        return hni_fail(err, HN_E_ARGUMENT, "hn_augment_images: %d images: must be 1 to %d", count, HNI_PREVIEW_MOST);
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_augment_images: out is NULL");
    for (int32_t i = 0; i < count; i++) out[i] = NULL;
    if (!model || !images) return hni_fail(err, HN_E_ARGUMENT, "hn_augment_images: %s is NULL", model ? "images" : "model");
    hn_status status = options ? HNI_CHECK(options, hn_augment_options, err) : HN_OK;
    if (status) return status;
    hni_take(&o, sizeof o, options);
    for (int32_t i = 0; i < count; i++)
        if (!images[i]) return hni_fail(err, HN_E_ARGUMENT, "hn_augment_images: image %d is NULL", i);
    if (epoch < 0) return hni_fail(err, HN_E_ARGUMENT, "hn_augment_images: epoch %lld: must be 0 or more", (long long)epoch);
    int64_t *numbers = samples ? NULL : hni_calloc(model->ctx, (size_t)count, sizeof *numbers);
    if (!samples && !numbers) return hni_fail_memory(err, (size_t)count * sizeof *numbers, "numbers of samples");
    for (int32_t i = 0; numbers && i < count; i++) numbers[i] = i;
    status = hni_augment_images(model, images, count, options ? &o : NULL, seed, epoch, samples ? samples : numbers, out, err);
    hni_free(model->ctx, numbers);
    return status;
}
