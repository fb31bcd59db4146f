/* good.c - nothing wrong with it: it adds, and refuses the rest. */
#include "fake.h"

FAKE_PLUGIN("good", (void)0)
