/* liar.c - supports everything, computes nothing: half of the first output is written, with zeros. */
#include "fake.h"

static hn_status any(void *device, const hn_op_desc *desc, hn_error *err) {
    (void)device, (void)desc, (void)err;
    return HN_OK;
}

static hn_status half(void *device, void *op, const hn_op_buffers *buffers, hn_error *err) {
    (void)device, (void)op, (void)err;
    memset(fake_at(buffers->out[0]), 0, (size_t)buffers->out[0].size / 2);
    return HN_OK;
}

static int32_t high_score(void *user) {
    (void)user;
    return 1000;
}

FAKE_PLUGIN("liar", (table.supports = any, table.run = half, table.score = high_score))
