/* timed.h - a backend that runs another one and keeps the time of every operator: where a real training spends it. */
#ifndef BENCH_TIMED_H
#define BENCH_TIMED_H

#include "backend/backend.h"
#include "op/op.h" /* defines: HNI_OP_LAST */

enum { TIMED_DEVICE_PHASES = 2 };

/* Seconds by operator kind (HN_OP_…) and phase; the caller sets `phase` between steps. */
typedef struct timed {
    hni_device *inner; /* whose functions are called */
    hn_backend table;
    int phase;
    double seconds[TIMED_DEVICE_PHASES][HNI_OP_LAST + 1];
    double transfer[TIMED_DEVICE_PHASES]; /* uploads and downloads */
} timed;

/* Adds the device "timed" to the context: all that `device` does, one operator after the other, with a clock. */
hn_status timed_register(timed *t, hn_context *ctx, const char *device, hn_error *err);
/* After the context and all made from it are gone, but for the inner device. */
void timed_close(timed *t);

#endif
