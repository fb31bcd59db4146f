/* fingerprint.c - one image → what is kept of it, and a place for that beside the rows of a store.
 *
 * The first who decodes a row leaves its fingerprint: a pass of training or evaluation gives those of all its rows by the way, and an audit decodes
 * only what nobody has. They lie beside the rows and not in them, since most stores never want any. */
#include "fingerprint.h"

#include <string.h>

#include "../base/hash64.h"
#include "../base/memory.h"
#include "../base/sha256.h"
#include "../base/status.h"
#include "../base/threads.h"
#include "../image/image.h" /* defines: hn_image */
#include "decode.h"

enum { BLOCK = 64 };

uint64_t hni_short_hash(const void *bytes, size_t size) {
    uint64_t digest[4];
    hni_sha256 h;
    hni_sha256_init(&h);
    hni_sha256_add(&h, bytes, size);
    hni_sha256_end(&h, digest);
    return digest[0] ? digest[0] : 1;
}

static bool is_grey(const hn_image *image) {
    const uint8_t *at = image->data;
    const size_t n = (size_t)image->width * (size_t)image->height;
    if (image->channels == 1) return true;
    if (image->type != HN_PIXEL_U8) return false;
    for (size_t i = 0; i < n; i++)
        if (at[3 * i] != at[3 * i + 1] || at[3 * i] != at[3 * i + 2]) return false;
    return true;
}

/* Of what the pixels are first: the same bytes may be other values. */
static uint64_t hash_pixels(const hn_image *image, const uint8_t *grey) {
    const bool colourless = is_grey(image), plane = colourless && image->type == HN_PIXEL_U8;
    const int32_t shape[5] = {image->type, image->width, image->height, colourless ? 1 : image->channels, (int32_t)(image->flags & HN_PIXELS_HU)};
    const double scale[2] = {image->slope, image->intercept};
    uint64_t hash = hni_hash64(shape, sizeof shape, 0);
    hash = hni_hash64(scale, sizeof scale, hash);
    hash = plane ? hni_hash64(grey, (size_t)image->width * (size_t)image->height, hash) : hni_hash64(image->data, image->size, hash);
    return hash ? hash : 1;
}

static float border_of(const uint8_t *grey, int32_t width, int32_t height) {
    int64_t sum = 0, n = 0;
    for (int32_t y = 0; y < height; y++) {
        const uint8_t *row = grey + (size_t)y * (size_t)width;
        const int32_t step = y == 0 || y == height - 1 || width < 3 ? 1 : width - 1;
        for (int32_t x = 0; x < width; x += step) sum += row[x], n++;
    }
    return (float)((double)sum / (double)n);
}

static uint32_t format_of(const hn_image *image) {
    static const char *const names[] = {"raw", "png", "jpeg", "bmp", "pnm"};
    uint32_t format = 0;
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(image->format, names[i])) format = i;
    return format << 16 | (uint32_t)(image->source_channels & 255) << 8 | (uint32_t)(image->type & 255);
}

/* The image's grey levels: its own if it has them, else in *own. NULL without memory. */
static const uint8_t *grey_of(const hn_image *image, uint8_t **own) {
    const size_t n = (size_t)image->width * (size_t)image->height, channels = (size_t)image->channels;
    const bool eight = image->type == HN_PIXEL_U8 && !(image->flags & HN_PIXELS_HU);
    *own = NULL;
    if (eight && channels == 1) return image->data;
    uint8_t *grey = hni_alloc(image->ctx, n * channels);
    if (!grey) return NULL;
    *own = grey;
    if (!eight && hni_depth_u8(image, grey, NULL)) return NULL;
    if (channels > 1) hni_channels_u8(eight ? image->data : grey, image->channels, grey, 1, n); /* in place: it writes behind what it reads */
    return grey;
}

hn_status hni_fingerprint_of(const void *bytes, size_t size, const hn_image *image, hni_fingerprint *out, hn_error *err) {
    uint8_t *own;
    const uint8_t *grey = grey_of(image, &own);
    if (!grey) {
        hni_free(image->ctx, own);
        return hni_fail_memory(err, (size_t)image->width * (size_t)image->height, "the grey levels of an image");
    }
    *out = (hni_fingerprint){.bytes = (int64_t)size, .width = image->width, .height = image->height, .seen = 1};
    out->trace.file = bytes ? hni_short_hash(bytes, size) : 0;
    out->trace.pixels = hash_pixels(image, grey);
    out->trace.look = hni_look_of(grey, image->width, image->height);
    out->border = border_of(grey, image->width, image->height);
    out->format = format_of(image);
    hni_free(image->ctx, own);
    return HN_OK;
}

static bool is_noted(hni_store *s, uint32_t row) {
    hni_mutex_lock(&s->lock);
    const bool noted = !s->frozen || (s->prints && s->prints[row].seen);
    hni_mutex_unlock(&s->lock);
    return noted;
}

void hni_store_note(hni_store *s, uint32_t row, const void *bytes, size_t size, const hn_image *image) {
    hni_fingerprint print;
    if (is_noted(s, row) || hni_fingerprint_of(bytes, size, image, &print, NULL)) return;
    hni_mutex_lock(&s->lock);
    if (!s->prints) s->prints = hni_calloc(s->ctx, s->n_rows, sizeof *s->prints);
    if (s->prints && !s->prints[row].seen) {
        const uint32_t group = s->rows[row].group;
        if (group) print.trace.group = hni_short_hash(s->names.items[group], strlen(s->names.items[group]));
        s->prints[row] = print;
    }
    hni_mutex_unlock(&s->lock);
}

typedef struct block {
    hn_dataset *ds;
    const hn_cancel *cancel;
    int64_t first;
    hn_error error[BLOCK]; /* status HN_OK = good, or known to be bad */
} block;

static void look(void *arg, uint32_t i) {
    block *b = arg;
    hn_image *image = NULL;
    hni_store *s = b->ds->store;
    const uint32_t row = hni_dataset_store_row(b->ds, b->first + i);
    b->error[i].status = HN_OK;
    if (hni_cancel_check(b->cancel, &b->error[i]) || is_noted(s, row) || (hni_store_is_bad(s, row) && !s->strict)) return;
    if (hni_row_image(s, row, &image, &b->error[i])) return;
    hni_image_unref(image);
    if (!is_noted(s, row)) hni_fail_memory(&b->error[i], sizeof(hni_fingerprint), "what is kept of an image");
}

/* In the order of rows, so that the first error is the same for any number of threads. */
static hn_status note_errors(block *b, uint32_t n, hn_error *err) {
    hni_store *s = b->ds->store;
    for (uint32_t i = 0; i < n; i++) {
        hn_error *e = &b->error[i];
        const uint32_t row = hni_dataset_store_row(b->ds, b->first + i);
        if (e->status == HN_OK) continue;
        const bool bad = hni_row_at_fault(e);
        if (bad) hni_store_mark(s, row, e->message);
        if (bad && !s->strict) continue;
        if (e->status != HN_E_CANCELLED) hni_row_name_error(s, row, e);
        if (err) *err = *e;
        return e->status;
    }
    return HN_OK;
}

static hn_status look_at_all(hn_dataset *ds, const hn_cancel *cancel, hn_error *err) {
    const int64_t rows = hni_dataset_rows(ds);
    hn_status status = HN_OK;
    block *b = hni_calloc(ds->ctx, 1, sizeof *b);
    if (!b) return hni_fail_memory(err, sizeof *b, "an audit");
    b->ds = ds, b->cancel = cancel;
    for (; b->first < rows && !status; b->first += BLOCK) {
        const uint32_t n = rows - b->first < BLOCK ? (uint32_t)(rows - b->first) : BLOCK;
        hni_parallel_for(ds->ctx, n, look, b);
        status = note_errors(b, n, err);
    }
    hni_free(ds->ctx, b);
    return status;
}

hn_status hni_dataset_fingerprints(hn_dataset *ds, const hn_cancel *cancel, hni_fingerprint **out, hn_error *err) {
    const int64_t rows = hni_dataset_rows(ds);
    *out = NULL;
    hni_dataset_freeze(ds);
    hn_status status = look_at_all(ds, cancel, err);
    if (status) return status;
    hni_fingerprint *list = hni_calloc(ds->ctx, (size_t)rows + 1, sizeof *list);
    if (!list) return hni_fail_memory(err, (size_t)rows * sizeof *list, "what is kept of the images");
    hni_mutex_lock(&ds->store->lock);
    for (int64_t i = 0; i < rows && ds->store->prints; i++) list[i] = ds->store->prints[hni_dataset_store_row(ds, i)];
    hni_mutex_unlock(&ds->store->lock);
    *out = list;
    return HN_OK;
}
