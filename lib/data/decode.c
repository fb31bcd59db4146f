/* decode.c - reads, decodes and preprocesses one row; called from many threads at once.
 *
 * Touches nothing of the store but the frozen row and the cache, so it needs no lock of its own. It marks nothing either: who
 * skips, and in which order, is the loader's to say, or the count would depend on threads. */
#include "decode.h"

#include <errno.h>
#include <string.h>

#include "../base/files.h"
#include "../base/memory.h"
#include "../base/status.h"

static const uint64_t default_bytes = 256u << 20; /* of a file, as hn_image_options says */

hn_status hni_row_image(hni_store *store, uint32_t row, hn_image **out, hn_error *err) {
    const hni_row *r = &store->rows[row];
    uint8_t *bytes = NULL;
    size_t size = 0;
    *out = NULL;
    if (r->image) {
        *out = hni_image_ref(r->image);
        return HN_OK;
    }
    hn_status status = hni_file_read(store->ctx, r->path, store->image.max_bytes ? store->image.max_bytes : default_bytes, &bytes, &size,
                                     err);
    if (status != HN_OK) return status;
    status = hni_image_decode(store->ctx, bytes, size, &store->image, out, err);
    hni_free(store->ctx, bytes);
    return status;
}

hn_status hni_row_pixels(hni_store *store, uint32_t row, const hni_preproc *pre, hni_cache_table *table, uint8_t *dst, hn_error *err) {
    hn_image *image;
    if (hni_cache_get(store->cache, table, row, dst)) return HN_OK;
    hn_status status = hni_row_image(store, row, &image, err);
    if (status != HN_OK) return status;
    status = hni_preproc_run(store->ctx, pre, image, dst, err);
    hni_image_unref(image);
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
