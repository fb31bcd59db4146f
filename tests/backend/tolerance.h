/* tolerance.h - how exact operators that are made of products have to be in each precision; all others are float32 always. The table is
 * docs/backend-guide.md#tolerances; tests/cuda holds the fakes to it, tests/gpu real devices. */
#ifndef HAEMNET_TEST_BACKEND_TOLERANCE_H
#define HAEMNET_TEST_BACKEND_TOLERANCE_H

#include <stdbool.h>
#include <string.h>

#include "backend/cases.h"

static inline bool is_product(const hn_op_desc *d) {
    return d->kind == HN_OP_CONV2D || d->kind == HN_OP_CONV2D_GRAD_INPUT || d->kind == HN_OP_CONV2D_GRAD_WEIGHT || d->kind == HN_OP_DENSE ||
           d->kind == HN_OP_DENSE_GRAD_INPUT || d->kind == HN_OP_DENSE_GRAD_WEIGHT;
}

/* Of products, by the words behind a device's name; 0 = each case's own. */
static inline double product_tolerance(const char *device) {
    return strstr(device, "+bf16") ? 3e-2 : strstr(device, "+tf32") ? 5e-3 : 0.0;
}

/* A case as that device has to do it. */
static inline void tolerate(hni_case *c, const char *device) {
    if (is_product(&c->desc) && product_tolerance(device) > 0.0)
        c->tolerance = product_tolerance(device);
}

#endif
