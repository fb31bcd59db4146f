/* failing_open.c - open always fails, and says nothing. */
#include "fake.h"

static hn_status no_open(void *user, int32_t index, const hn_backend_host *host, void **device, hn_error *err) {
    (void)user, (void)index, (void)host, (void)device, (void)err;
    return HN_E_BACKEND;
}

FAKE_PLUGIN("failing-open", (table.open = no_open))
