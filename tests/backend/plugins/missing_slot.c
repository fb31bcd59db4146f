/* missing_slot.c - no run. */
#include "fake.h"

FAKE_PLUGIN("missing-slot", table.run = NULL)
