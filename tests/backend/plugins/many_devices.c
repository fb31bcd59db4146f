/* many_devices.c - claims a million devices. */
#include "fake.h"

static int32_t million(void *user) {
    (void)user;
    return 1000000;
}

FAKE_PLUGIN("many-devices", table.device_count = million)
