/* decode.c - reads, decodes and preprocesses one row; called from many threads at once.
 *
 * Touches nothing of the store but frozen rows and the cache, so it needs no lock of its own. It marks nothing either: who
 * skips, and in which order, is the loader's to say, or the count would depend on threads. */
#include "decode.h"

#include <errno.h>
#include <string.h>

#include "../base/files.h"
#include "../base/log.h"
#include "../base/scratch.h"
#include "../base/status.h"
#include "fingerprint.h"

static const uint64_t default_bytes = 256u << 20; /* of a file, as hn_image_options says */

hn_status hni_row_image(hni_store *store, uint32_t row, hn_image **out, hn_error *err) {
    const hni_row *r = &store->rows[row];
    uint8_t *bytes = NULL;
    size_t size = 0;
    *out = NULL;
    if (r->image) {
        *out = hni_image_ref(r->image);
        hni_store_note(store, row, NULL, 0, r->image);
        return HN_OK;
    }
    hn_status status = hni_file_read(store->ctx, r->path, store->image.max_bytes ? store->image.max_bytes : default_bytes, &bytes, &size,
                                     err);
    if (status != HN_OK) return status;
    status = hni_image_decode(store->ctx, bytes, size, &store->image, out, err);
    if (!status) hni_store_note(store, row, bytes, size, *out);
    hni_free(store->ctx, bytes);
    return status;
}

/* The next slice above or below row `from`: its row, and its image, or again `nearer` where there is none or it cannot be read: that it is bad is
 * said when it is its own turn. One reference. */
static hn_status neighbour_image(hni_store *store, uint32_t from, bool higher, hn_image *nearer, uint32_t *row, hn_image **out, hn_error *err) {
    hn_error why = {.status = HN_OK};
    *row = higher ? store->higher[from] : store->lower[from];
    if (*row != from && !hni_store_is_bad(store, *row) && hni_row_image(store, *row, out, &why) == HN_OK) return HN_OK;
    if (why.status != HN_OK && !hni_row_at_fault(&why)) {
        if (err) *err = why;
        return why.status;
    }
    *out = hni_image_ref(nearer);
    return HN_OK;
}

/* images[slices], lowest first; a reference each, also where they are the same. On failure those that are not NULL. */
static hn_status load_slices(hni_store *store, uint32_t row, int32_t slices, hn_image **images, hn_error *err) {
    const int32_t middle = slices / 2;
    hn_status status = hni_row_image(store, row, &images[middle], err);
    for (int higher = 0; higher < 2; higher++) {
        uint32_t at = row;
        for (int32_t k = 1; k <= middle && status == HN_OK; k++) {
            const int32_t i = higher ? middle + k : middle - k, nearer = higher ? i - 1 : i + 1;
            status = neighbour_image(store, at, higher, images[nearer], &at, &images[i], err);
        }
    }
    return status;
}

/* One line for each kind of note, not for each image. */
static void tell(hni_store *store, uint32_t row, uint32_t notes) {
    hni_mutex_lock(&store->lock);
    const uint32_t fresh = notes & ~store->notes_told;
    store->notes_told |= notes;
    hni_mutex_unlock(&store->lock);
    if (fresh & HNI_PREPROC_NO_HEAD)
        hni_log_message(store->ctx, HN_LOG_WARNING, "data", "no head was found in %s: all of the image is used (further ones are not told)",
                        store->rows[row].path);
    if (fresh & HNI_PREPROC_NO_SKULL)
        hni_log_message(store->ctx, HN_LOG_WARNING, "data", "no closed skull was found in %s: it is used as it is (further ones are not told)",
                        store->rows[row].path);
}

hn_status hni_row_pixels(hni_store *store, uint32_t row, const hni_preproc *pre, hni_cache_table *table, uint8_t *dst, hn_error *err) {
    hn_image *images[HNI_PREPROC_CHANNELS] = {NULL};
    hni_scratch scratch = {.ctx = store->ctx};
    uint32_t notes = 0;
    int32_t slices = hni_preproc_slices(pre);
    if (hni_cache_get(store->cache, table, row, dst)) return HN_OK;
    hn_status status = load_slices(store, row, slices, images, err);
    if (status == HN_OK) status = hni_preproc_slices_in(&scratch, pre, (const hn_image *const *)images, dst, &notes, err);
    hni_scratch_free(&scratch);
    for (int32_t i = 0; i < slices; i++) hni_image_unref(images[i]);
    if (notes) tell(store, row, notes);
    if (status == HN_OK) hni_cache_put(store->cache, table, row, dst);
    return status;
}

bool hni_row_at_fault(const hn_error *err) {
    switch (err->status) {
    case HN_E_FORMAT:
    case HN_E_LIMIT:
    case HN_E_UNSUPPORTED:
        return true;
    case HN_E_IO: /* this file's, unless the process has run out of something */
        return err->domain != HN_DOMAIN_ERRNO || (err->code != EMFILE && err->code != ENFILE && err->code != ENOMEM);
    default:
        return false;
    }
}

void hni_row_name_error(const hni_store *store, uint32_t row, hn_error *err) {
    const char *path = store->rows[row].path;
    if (err && *path && !strstr(err->message, path)) hni_error_prefix(err, "%s", path);
}
