/* needs_newer.c - cannot live with a host of version 1. */
#include "fake.h"

FAKE_PLUGIN("needs-newer", (table.abi_version = 7, table.min_abi_version = 7))
