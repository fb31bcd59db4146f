/* minus_devices.c - claims fewer than no devices. */
#include "fake.h"

static int32_t minus(void *user) {
    (void)user;
    return -1;
}

FAKE_PLUGIN("minus-devices", table.device_count = minus)
