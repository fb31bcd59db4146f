/* minus_score.c - a score below 0. */
#include "fake.h"

static int32_t minus(void *user) {
    (void)user;
    return INT32_MIN;
}

FAKE_PLUGIN("minus-score", table.score = minus)
