/* Gradients of whole networks against central differences of the loss (differences.h), on the reference backend. */
#include "differences.h"

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

START_TEST(smooth_modern_network) {
    static const int32_t tasks[] = {HN_TASK_SINGLE, HN_TASK_MULTI};
    for (int i = 0; i < 2; i++) {
        hn_context *ctx = new_context();
        rig r = new_rig(modern(ctx, i ? HN_ACT_TANH : HN_ACT_SILU, i ? HN_ACT_SILU : HN_ACT_TANH, 3), ctx, 4);
        check_gradients(&r, tasks[i], 1e-2, 5e-3, 3);
        free_rig(&r);
    }
}
END_TEST

START_TEST(modern_network_with_corners) {
    hn_context *ctx = new_context();
    rig r = new_rig(modern(ctx, HN_ACT_HARD_SWISH, HN_ACT_RELU6, 3), ctx, 4);
    check_gradients(&r, HN_TASK_SINGLE, 1e-3, 0.05, 3);
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
    tcase_add_test(t, smooth_modern_network);
    tcase_add_test(t, modern_network_with_corners);
    tcase_add_test(t, activation_on_the_logits);
    tcase_add_test(t, frozen_parts_cost_nothing);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
