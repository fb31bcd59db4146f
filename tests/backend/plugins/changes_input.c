/* changes_input.c - adds well, then clears what it read. */
#include "fake.h"

static hn_status clear(void *device, void *op, const hn_op_buffers *buffers, hn_error *err) {
    fake_run(device, op, buffers, err);
    memset(fake_at(buffers->in[1]), 0, (size_t)buffers->in[1].size);
    return HN_OK;
}

FAKE_PLUGIN("changes-input", table.run = clear)
