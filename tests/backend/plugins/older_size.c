/* older_size.c - a table shorter than version 1. */
#include "fake.h"

FAKE_PLUGIN("older-size", table.struct_size = sizeof(hn_backend) - 8)
