/* cases.h - the case list seen from inside the room, from tests and from the benchmark: data for a case's inputs. */
#ifndef HNI_BACKEND_CASES_H
#define HNI_BACKEND_CASES_H

#include <stdbool.h>

#include "backend.h"

/* Fills one input tensor (`place` in c->desc.in) or, for outputs that are added to, one output tensor with the case's seeded data: labels
 * are valid classes, variances positive, pooling has ties. `dst` holds hni_tensor_bytes(). HN_OP_MAX_POOL2D_GRAD's y is the caller's to
 * compute: it must be the maximum of x. */
void hni_case_input(const hni_case *c, int32_t place, uint64_t seed, void *dst);
void hni_case_output(const hni_case *c, int32_t place, uint64_t seed, void *dst);

/* Which input an output may lie over: its place, or -1. `always`: the operator works in place only. */
int32_t hni_case_in_place(int32_t kind, int32_t output, bool *always);

#endif
