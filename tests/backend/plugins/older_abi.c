/* older_abi.c - from before version 1: abi_version 0. */
#include "fake.h"

FAKE_PLUGIN("older-abi", table.abi_version = 0)
