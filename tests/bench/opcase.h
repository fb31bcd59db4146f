/* opcase.h - one operator with buffers of its own, ready to be run again and again. */
#ifndef BENCH_OPCASE_H
#define BENCH_OPCASE_H

#include "backend/backend.h"

/* Prepares the operator on a device of its own and fills its inputs with valid data; state for a bench_case. */
hn_status opcase_create(hn_context *ctx, const char *device, const hn_op_desc *desc, void **out, hn_error *err);
/* The same on an opened device, which stays the caller's. */
hn_status opcase_create_on(hni_device *device, const hn_op_desc *desc, void **out, hn_error *err);
hn_status opcase_run(void *state, hn_error *err);
/* Seconds of one run among `runs` behind one another, with one wait at the end: as one recording where the device records, so that the
 * launches do not count. Median of `rounds` (1 … 32). */
hn_status opcase_time(void *state, int runs, int rounds, double *seconds, hn_error *err);
void opcase_free(void *state); /* NULL is fine */

#endif
