/* loader.c - fills batches from blocks of rows that are decoded in parallel ahead of use.
 *
 * No thread of its own: when a batch is wanted and the block is used up, the next prefetch · batch rows are decoded by
 * hni_parallel_for into the block's slots, so the host's threads just work and memory is bounded. Results are looked at in the
 * order of rows, never of threads; good images are copied to the batch, which closes the gaps of bad ones. A copy of a small u8
 * image is cheap beside decoding it. After creation a pass over cached rows takes no memory. */
#include "loader.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/random.h"
#include "../base/status.h"
#include "../base/threads.h"
#include "decode.h"

struct hni_loader {
    hn_context *ctx;
    hn_dataset *ds;
    hni_preproc pre;
    hni_cache_table *table;
    size_t bytes;        /* of one image */
    uint32_t n_rows, batch, slots;
    uint32_t *order;     /* [n_rows] rows in the order of the pass */
    uint32_t next_row;   /* place in order behind the block */
    uint32_t block, used;/* slots of the block in use, and of those looked at */
    uint8_t *slot;       /* [slots, bytes] */
    hn_error *error;     /* [slots]; status HN_OK = good */
    bool *bare;          /* [slots] good, and without pixels: the caller has them */
    const uint8_t *kept; /* [n_rows] the caller's, or NULL */
    double *sums;        /* [n_rows] of the weights up to each row; NULL = every row once */
    uint8_t *pixels;     /* [batch, bytes] */
    int64_t *rows;       /* [batch] */
    int32_t filled;      /* of the batch in the making */
    bool handed_out;     /* the batch is the caller's: the next call begins a new one */
    int64_t skipped;
    const hn_cancel *cancel; /* during hni_loader_next */
};

static hn_status take_memory(hni_loader *l, hn_error *err) {
    size_t slots, batch;
    if (!hni_mul(l->slots, l->bytes, &slots) || !hni_mul(l->batch, l->bytes, &batch))
        return hni_fail(err, HN_E_LIMIT, "%u images of %zu bytes are larger than memory: take a smaller batch or input", l->slots,
                        l->bytes);
    l->order = hni_calloc(l->ctx, l->n_rows, sizeof *l->order);
    l->slot = hni_alloc_aligned(l->ctx, slots);
    l->error = hni_calloc(l->ctx, l->slots, sizeof *l->error);
    l->bare = hni_calloc(l->ctx, l->slots, sizeof *l->bare);
    l->pixels = hni_alloc_aligned(l->ctx, batch);
    l->rows = hni_calloc(l->ctx, l->batch, sizeof *l->rows);
    if (!l->order || !l->slot || !l->error || !l->bare || !l->pixels || !l->rows)
        return hni_fail_memory(err, slots, "the images of a loader (take a smaller batch)");
    return HN_OK;
}

hn_status hni_loader_create(hn_dataset *ds, const hni_preproc *pre, int32_t batch, int32_t prefetch, hni_loader **out, hn_error *err) {
    *out = NULL;
    hn_status status = hni_preproc_check(pre, err);
    if (status != HN_OK) return status;
    if (batch < 1) return hni_fail(err, HN_E_ARGUMENT, "batch size %d: must be 1 or more", batch);
    if (prefetch < 0) return hni_fail(err, HN_E_ARGUMENT, "prefetch %d: must be 0 or more", prefetch);
    int64_t rows = hni_dataset_rows(ds), slots = (int64_t)batch * (prefetch ? prefetch : 4);
    if (rows == 0) return hni_fail(err, HN_E_DATA, "the data set has no rows");
    hni_loader *l = hni_calloc(ds->ctx, 1, sizeof *l);
    if (!l) return hni_fail_memory(err, sizeof *l, "a loader");
    l->ctx = hni_context_ref(ds->ctx);
    l->ds = hni_dataset_ref(ds);
    l->pre = *pre;
    l->bytes = hni_preproc_bytes(pre);
    l->n_rows = (uint32_t)rows;
    l->batch = (uint32_t)(batch < rows ? batch : rows);
    l->slots = (uint32_t)(slots < rows ? slots : rows);
    status = l->bytes ? take_memory(l, err) : hni_fail(err, HN_E_LIMIT, "the model's input is larger than memory");
    if (status == HN_OK) status = hni_loader_start(l, 0, -1, err);
    if (status == HN_OK) {
        hni_dataset_freeze(ds);
        if (hni_preproc_slices(pre) > 1) status = hni_store_link(ds->store, err);
    }
    if (status != HN_OK) {
        hni_loader_free(l);
        return status;
    }
    l->table = hni_cache_open(ds->store->cache, hni_preproc_key(pre), (uint32_t)ds->store->n_rows, l->bytes);
    *out = l;
    return HN_OK;
}

void hni_loader_free(hni_loader *l) {
    if (!l) return;
    hn_context *ctx = l->ctx;
    hni_cache_close(l->ds->store->cache, l->table);
    hni_dataset_unref(l->ds);
    hni_free(ctx, l->order);
    hni_free_aligned(ctx, l->slot);
    hni_free(ctx, l->error);
    hni_free(ctx, l->bare);
    hni_free(ctx, l->sums);
    hni_free_aligned(ctx, l->pixels);
    hni_free(ctx, l->rows);
    hni_free(ctx, l);
    hni_context_unref(ctx);
}

void hni_loader_keep(hni_loader *l, const uint8_t *kept) { l->kept = kept; }

hn_status hni_loader_weigh(hni_loader *l, const double *weights, hn_error *err) {
    double sum = 0;
    if (!l->sums) l->sums = hni_calloc(l->ctx, l->n_rows, sizeof *l->sums);
    if (!l->sums) return hni_fail_memory(err, l->n_rows * sizeof *l->sums, "the weights of rows");
    for (uint32_t i = 0; i < l->n_rows; i++) l->sums[i] = sum += weights[i];
    return HN_OK;
}

/* The first row whose sum lies above x, which is below the last row's. */
static uint32_t row_at(const hni_loader *l, double x) {
    uint32_t low = 0, high = l->n_rows - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (l->sums[middle] > x) high = middle;
        else low = middle + 1;
    }
    return low;
}

/* Each place draws from a stream of its own. */
static void draw(hni_loader *l, uint64_t seed, int64_t epoch) {
    for (uint32_t i = 0; i < l->n_rows; i++) {
        hni_random random;
        hni_random_init(&random, seed, HNI_RANDOM_SAMPLE, (uint32_t)epoch, i);
        l->order[i] = row_at(l, hni_random_unit(&random) * l->sums[l->n_rows - 1]);
    }
}

hn_status hni_loader_start(hni_loader *l, uint64_t seed, int64_t epoch, hn_error *err) {
    hni_random random;
    if (epoch < -1) return hni_fail(err, HN_E_ARGUMENT, "epoch %lld: must be -1 or more", (long long)epoch);
    for (uint32_t i = 0; i < l->n_rows; i++) l->order[i] = i;
    if (epoch >= 0 && l->sums) {
        draw(l, seed, epoch);
    } else if (epoch >= 0) {
        hni_random_init(&random, seed, HNI_RANDOM_SHUFFLE, (uint32_t)epoch, (uint32_t)(epoch >> 32));
        hni_shuffle(&random, l->order, l->n_rows);
    }
    l->next_row = l->block = l->used = 0;
    l->filled = 0;
    l->handed_out = false;
    l->skipped = 0;
    return HN_OK;
}

int64_t hni_loader_skipped(const hni_loader *l) { return l->skipped; }

/* Place in the pass → row of the store. */
static uint32_t store_row(const hni_loader *l, uint32_t place) { return hni_dataset_store_row(l->ds, l->order[place]); }

static void fill_slot(void *arg, uint32_t i) {
    hni_loader *l = arg;
    hni_store *s = l->ds->store;
    hn_error *e = &l->error[i];
    uint32_t row = store_row(l, l->next_row + i);
    e->status = HN_OK;
    if (hni_cancel_check(l->cancel, e) != HN_OK) return;
    if (!s->strict && hni_store_is_bad(s, row)) { /* not tried again: it would only take time; strict wants the error itself */
        e->status = HN_E_DATA;
        return;
    }
    l->bare[i] = l->kept && l->kept[l->order[l->next_row + i]];
    if (l->bare[i]) return;
    hni_row_pixels(s, row, &l->pre, l->table, l->slot + i * l->bytes, e);
}

/* Decodes the next block. A cancel, or what is no file's own fault, drops it: the same rows are decoded by the next call. */
static hn_status fill_block(hni_loader *l, hn_error *err) {
    uint32_t left = l->n_rows - l->next_row, n = left < l->slots ? left : l->slots;
    l->block = l->used = 0;
    hn_status status = hni_cancel_check(l->cancel, err);
    if (status != HN_OK) return status;
    hni_parallel_for(l->ctx, n, fill_slot, l);
    for (uint32_t i = 0; i < n; i++) {
        hn_error *e = &l->error[i];
        if (e->status == HN_OK || e->status == HN_E_DATA || (hni_row_at_fault(e) && !l->ds->store->strict)) continue;
        uint32_t row = store_row(l, l->next_row + i);
        if (hni_row_at_fault(e)) hni_store_mark(l->ds->store, row, e->message);
        if (e->status != HN_E_CANCELLED) hni_row_name_error(l->ds->store, row, e);
        if (err) *err = *e;
        return e->status;
    }
    l->block = n;
    l->next_row += n;
    return HN_OK;
}

/* Looks at the next slot of the block: a good one joins the batch, a bad one is marked. */
static void use_slot(hni_loader *l) {
    uint32_t i = l->used++, place = l->next_row - l->block + i;
    if (l->error[i].status == HN_OK) {
        if (!l->bare[i]) memcpy(l->pixels + (size_t)l->filled * l->bytes, l->slot + i * l->bytes, l->bytes);
        l->rows[l->filled++] = l->order[place];
        return;
    }
    l->skipped++;
    if (l->error[i].status != HN_E_DATA) hni_store_mark(l->ds->store, store_row(l, place), l->error[i].message);
}

hn_status hni_loader_next(hni_loader *l, hn_cancel *cancel, hni_batch *out, hn_error *err) {
    hn_status status = HN_OK;
    if (l->handed_out) l->filled = 0;
    l->handed_out = false;
    l->cancel = cancel;
    while ((uint32_t)l->filled < l->batch) {
        if (l->used < l->block) use_slot(l);
        else if (l->next_row == l->n_rows) break;
        else if ((status = fill_block(l, err)) != HN_OK) break;
    }
    l->cancel = NULL;
    if (status != HN_OK) return status;
    l->handed_out = true;
    *out = (hni_batch){.count = l->filled, .pixels = l->pixels, .rows = l->rows};
    return HN_OK;
}
