/* gives_null.c - says done and gives nothing, from prepare and alloc. */
#include "fake.h"

static hn_status null_prepare(void *device, const hn_op_desc *desc, void **op, uint64_t *workspace, hn_error *err) {
    (void)device, (void)desc, (void)op, (void)workspace, (void)err;
    return HN_OK;
}

static hn_status null_alloc(void *device, uint64_t size, void **memory, hn_error *err) {
    (void)device, (void)size, (void)memory, (void)err;
    return HN_OK;
}

FAKE_PLUGIN("gives-null", (table.prepare = null_prepare, table.alloc = null_alloc))
