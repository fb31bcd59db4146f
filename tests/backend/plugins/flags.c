/* flags.c - flags that version 1 does not have. */
#include "fake.h"

FAKE_PLUGIN("flags", table.flags = 1)
