/* tramples.c - adds well, but writes one number too many. */
#include "fake.h"

static hn_status one_more(void *device, void *op, const hn_op_buffers *buffers, hn_error *err) {
    fake_run(device, op, buffers, err);
    ((float *)fake_at(buffers->out[0]))[buffers->out[0].size / sizeof(float)] = 1.0f;
    return HN_OK;
}

FAKE_PLUGIN("tramples", table.run = one_more)
