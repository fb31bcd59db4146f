/* no_device.c - an honest plug-in on a machine without its hardware. */
#include "fake.h"

static int32_t none(void *user) {
    (void)user;
    return 0;
}

FAKE_PLUGIN("no-device", (table.score = none, table.device_count = none))
