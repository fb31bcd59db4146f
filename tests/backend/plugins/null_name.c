/* null_name.c - no name. */
#include "fake.h"

FAKE_PLUGIN(NULL, (void)0)
