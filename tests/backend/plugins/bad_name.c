/* bad_name.c - a name that could not be told from name:index. */
#include "fake.h"

FAKE_PLUGIN("bad:0", (void)0)
