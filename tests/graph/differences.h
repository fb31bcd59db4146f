/* differences.h - gradients of whole networks against central differences of the loss: along random directions in each tensor of weights, so
 * that each number counts and float32's noise does not. For any device that a rig of nets.h is made on. */
#ifndef TESTS_GRAPH_DIFFERENCES_H
#define TESTS_GRAPH_DIFFERENCES_H

#include "nets.h"

/* |measured - predicted| against the size of the tensor's gradient, in `tries` random directions of each tensor. */
static inline void check_gradients(rig *r, int32_t task, double h, double tolerance, int tries) {
    runner n = new_runner(r, HNI_MODE_TRAIN, task, 0);
    const double here = run_loss(r, &n);
    const hni_graph *g = r->graph;
    float *grads = malloc((size_t)g->trainable * sizeof *grads), *moved = malloc((size_t)g->total * sizeof *moved);
    ck_ok(hni_device_download(r->device, grads, r->weights.grads, &err));
    hni_random random;
    hni_random_init(&random, test_seed(), HNI_RANDOM_TEST, 3, 0);
    for (size_t i = 0; i < g->n_params; i++) {
        const hni_param *p = &g->params[i];
        if (!p->trainable)
            continue;
        double size = 0.0;
        for (int64_t k = 0; k < p->elements; k++)
            size += (double)grads[p->offset + k] * grads[p->offset + k];
        const bool unread = strncmp(p->name, "unread.", 7) == 0;
        ck_assert_msg(unread == (size == 0.0), "%s: gradient of size %g", p->name, sqrt(size));
        for (int t = 0; t < tries; t++) {
            double loss[2], predicted = 0.0;
            for (int side = 0; side < 2; side++) { /* once forth, once back; what was really added is what counts */
                hni_random again = random;
                memcpy(moved, r->flat, (size_t)g->total * sizeof *moved);
                for (int64_t k = 0; k < p->elements; k++) {
                    const double d = h * hni_random_normal(&again) / sqrt((double)p->elements);
                    float *w = &moved[p->offset + k];
                    const float before = *w;
                    *w = (float)(side ? before - d : before + d);
                    predicted += (side ? -1.0 : 1.0) * grads[p->offset + k] * ((double)*w - before);
                }
                ck_ok(hni_weights_set(&r->weights, moved, &err));
                loss[side] = run_loss(r, &n);
                if (side)
                    random = again;
            }
            const double error = fabs(loss[0] - loss[1] - predicted) / (2.0 * h);
            const double bend = fabs(loss[0] + loss[1] - 2.0 * here) / (2.0 * h); /* a ReLU's corner on the way: no line there */
            ck_assert_msg(error <= tolerance * (sqrt(size / (double)p->elements) + 0.02) + bend, "%s: measured %.9g, predicted %.9g (per unit)",
                          p->name, (loss[0] - loss[1]) / (2.0 * h), predicted / (2.0 * h));
        }
    }
    for (int64_t i = 0; i < g->trainable; i++) { /* gaps: never a gradient */
        bool owned = false;
        for (size_t k = 0; k < g->n_params && !owned; k++)
            owned = i >= g->params[k].offset && i < g->params[k].offset + g->params[k].elements;
        ck_assert(owned || grads[i] == 0.0f);
    }
    free(grads);
    free(moved);
    free_runner(r, &n);
}

#endif
