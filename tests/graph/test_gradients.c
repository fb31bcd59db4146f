/* Gradients of whole networks against central differences of the loss: along random directions in each tensor of weights, so that each
 * number counts and float32's noise does not. */
#include "nets.h"

/* |measured - predicted| against the size of the tensor's gradient, in `tries` random directions of each tensor. */
static void check_gradients(rig *r, int32_t task, double h, double tolerance, int tries) {
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

START_TEST(smooth_residual_network) {
    hn_context *ctx = new_context();
    rig r = new_rig(residual(ctx, HN_ACT_SIGMOID, 0.3, false, 3), ctx, 5);
    check_gradients(&r, HN_TASK_SINGLE, 2e-2, 5e-3, 3);
    free_rig(&r);
}
END_TEST

START_TEST(smooth_residual_network_with_labels) {
    hn_context *ctx = new_context();
    rig r = new_rig(residual(ctx, HN_ACT_SIGMOID, 0.0, false, 4), ctx, 3);
    check_gradients(&r, HN_TASK_MULTI, 2e-2, 5e-3, 3);
    free_rig(&r);
}
END_TEST

START_TEST(relu_residual_network) { /* kinks: a smaller step, more room */
    hn_context *ctx = new_context();
    rig r = new_rig(residual(ctx, HN_ACT_RELU, 0.3, true, 3), ctx, 5);
    check_gradients(&r, HN_TASK_SINGLE, 3e-4, 0.05, 3);
    free_rig(&r);
}
END_TEST

START_TEST(tinyvgg_network) {
    hn_context *ctx = new_context();
    rig r = new_rig(tinyvgg(ctx, 3, 12, 8, 2), ctx, 6);
    check_gradients(&r, HN_TASK_SINGLE, 3e-4, 0.05, 3);
    free_rig(&r);
}
END_TEST

START_TEST(activation_on_the_logits) { /* fused into the dense layer, and read by the loss */
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 1, 5, 5);
    const int32_t hidden = add_act(g, "hidden.act", add_dense(g, "hidden", 0, 6), HN_ACT_SIGMOID);
    const int32_t logits = add_act(g, "head.act", add_dense(g, "head", hidden, 3), HN_ACT_SIGMOID);
    ck_ok(hni_graph_finish(g, logits, 3, &err));
    rig r = new_rig(g, ctx, 4);
    check_gradients(&r, HN_TASK_SINGLE, 2e-2, 5e-3, 3);
    free_rig(&r);
}
END_TEST

START_TEST(frozen_parts_cost_nothing) { /* two layers without weights before the first with some: no gradient goes there */
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 2, 8, 8);
    const int32_t pooled = add_plain(g, HNI_LAYER_MAX_POOL2D, "pool", add_act(g, "act", 0, HN_ACT_SIGMOID));
    const int32_t logits = add_dense(g, "head", pooled, 2);
    ck_ok(hni_graph_finish(g, logits, 2, &err));
    const hni_program_options o = {.mode = HNI_MODE_TRAIN, .batch = 2, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5};
    hni_program p;
    ck_ok(hni_program_make(&p, g, &o, &err));
    ck_assert_uint_eq(p.n_nodes, 6); /* pixels, act, pool, head, loss, weight gradient */
    hni_program_free(&p);
    rig r = new_rig(g, ctx, 4);
    check_gradients(&r, HN_TASK_SINGLE, 2e-2, 5e-3, 3);
    free_rig(&r);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gradients");
    TCase *t = tcase_create("gradients");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, smooth_residual_network);
    tcase_add_test(t, smooth_residual_network_with_labels);
    tcase_add_test(t, relu_residual_network);
    tcase_add_test(t, tinyvgg_network);
    tcase_add_test(t, activation_on_the_logits);
    tcase_add_test(t, frozen_parts_cost_nothing);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
