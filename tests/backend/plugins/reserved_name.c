/* reserved_name.c - the name that asks for the best device. */
#include "fake.h"

FAKE_PLUGIN("best", (void)0)
