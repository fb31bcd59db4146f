/* half_capture.c - one of the three slots that come together. */
#include "fake.h"

FAKE_PLUGIN("half-capture", table.capture_begin = fake_sync)
