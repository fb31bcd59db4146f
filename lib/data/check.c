/* check.c - decodes every file once, in parallel, so that bad ones are known before hours of training.
 *
 * Works block by block: memory stays bounded and a cancel is seen soon. Reasons are noted in the order of rows, after each block,
 * so the first bad file is the same for any number of threads. Decoded images are thrown away: what size a model wants is not known. */
#include "../base/memory.h"
#include "../base/status.h"
#include "../base/threads.h"
#include "decode.h"

enum { BLOCK = 64 };

typedef struct block {
    hn_dataset *ds;
    const hn_cancel *cancel;
    int64_t first;
    hn_error error[BLOCK]; /* status HN_OK = good */
} block;

static void look(void *arg, uint32_t i) {
    block *b = arg;
    hn_image *image = NULL;
    uint32_t row = hni_dataset_store_row(b->ds, b->first + i);
    b->error[i].status = HN_OK;
    if (hni_cancel_check(b->cancel, &b->error[i]) != HN_OK) return;
    if (hni_store_is_bad(b->ds->store, row) && !b->ds->store->strict) return; /* known already; strict wants the error itself */
    if (hni_row_image(b->ds->store, row, &image, &b->error[i]) == HN_OK) hni_image_unref(image);
}

/* Notes what a block found; the error that ends the check, if there is one. */
static hn_status note(block *b, uint32_t n, hn_error *err) {
    hni_store *s = b->ds->store;
    for (uint32_t i = 0; i < n; i++) {
        hn_error *e = &b->error[i];
        uint32_t row = hni_dataset_store_row(b->ds, b->first + i);
        if (e->status == HN_OK) continue;
        bool bad = hni_row_at_fault(e);
        if (bad) hni_store_mark(s, row, e->message);
        if (bad && !s->strict) continue;
        if (e->status != HN_E_CANCELLED) hni_row_name_error(s, row, e);
        if (err) *err = *e;
        return e->status;
    }
    return HN_OK;
}

hn_status hni_dataset_check(hn_dataset *ds, hn_cancel *cancel, int64_t *bad, hn_error *err) {
    int64_t rows = hni_dataset_rows(ds);
    hn_status status = HN_OK;
    block *b = hni_calloc(ds->ctx, 1, sizeof *b);
    if (!b) return hni_fail_memory(err, sizeof *b, "checking a data set");
    b->ds = ds;
    b->cancel = cancel;
    for (b->first = 0; b->first < rows && status == HN_OK; b->first += BLOCK) {
        uint32_t n = rows - b->first < BLOCK ? (uint32_t)(rows - b->first) : BLOCK;
        status = hni_cancel_check(cancel, err);
        if (status != HN_OK) break;
        hni_parallel_for(ds->ctx, n, look, b);
        status = note(b, n, err);
    }
    hni_free(ds->ctx, b);
    if (status == HN_OK && bad) *bad = hni_dataset_skipped(ds);
    return status;
}
