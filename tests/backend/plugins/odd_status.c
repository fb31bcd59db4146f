/* odd_status.c - answers that are no hn_status, texts without an end, bytes that are no UTF-8. */
#include "fake.h"

static hn_status odd_info(void *user, int32_t index, hn_device_info *out, hn_error *err) {
    (void)user, (void)index, (void)err;
    memset(out, 0xFE, sizeof *out); /* description without a NUL, flags and struct_size nonsense */
    return HN_OK;
}

static hn_status odd_supports(void *device, const hn_op_desc *desc, hn_error *err) {
    (void)device;
    memset(err->message, 'x', sizeof err->message);
    err->domain = HN_DOMAIN_PLUGIN;
    err->code = 42;
    return desc->kind == HN_OP_ADD ? 5 : -999;
}

FAKE_PLUGIN("odd-status", (table.device_info = odd_info, table.supports = odd_supports))
