/* HNI_MODE_EXPLAIN: the gradient of a weighted sum of logits with respect to the input and to inner values, batch norm as when predicting,
 * dropout off. Inner gradients of whole networks are held against PyTorch in tests/explain. */
#include "nets.h"

typedef struct explainer {
    runner n;
    float *input, *seed;
    int64_t inputs, target; /* numbers of one image */
} explainer;

static explainer new_explainer(rig *r, int32_t target) {
    const hni_executor_options o = {.mode = HNI_MODE_EXPLAIN, .batch = r->batch, .task = HN_TASK_SINGLE, .positive = -1, .target = target};
    explainer e = {.inputs = hni_tensor_elements(&r->graph->values[0]), .target = hni_tensor_elements(&r->graph->values[target])};
    ck_ok(hni_executor_create(r->device, r->graph, &r->weights, &o, &e.n.ex, &err));
    ck_ok(hni_device_alloc(r->device, hni_executor_arena_bytes(e.n.ex), &e.n.arena, &err));
    memset(e.n.arena.memory, 0xFF, (size_t)e.n.arena.size);
    ck_ok(hni_executor_bind(e.n.ex, e.n.arena, &err));
    e.input = malloc((size_t)(e.inputs * r->batch) * sizeof *e.input);
    e.seed = malloc((size_t)(r->batch * r->classes) * sizeof *e.seed);
    for (int64_t i = 0; i < e.inputs * r->batch; i++)
        e.input[i] = (float)r->pixels[i] / 255.0f;
    for (int32_t i = 0; i < r->batch * r->classes; i++)
        e.seed[i] = (float)(i % 5) - 1.5f;
    return e;
}

static void free_explainer(rig *r, explainer *e) {
    free_runner(r, &e->n);
    free(e->input);
    free(e->seed);
}

/* Σ seed · logits, by sample. */
static void run(rig *r, explainer *e, const float *input, double *sums) {
    float logits[64];
    ck_ok(hni_executor_run(e->n.ex, &(hni_step){.input = input, .seed = e->seed}, &err));
    ck_ok(hni_executor_logits(e->n.ex, logits, &err));
    for (int32_t i = 0; i < r->batch; i++) {
        sums[i] = 0.0;
        for (int32_t k = 0; k < r->classes; k++)
            sums[i] += (double)logits[i * r->classes + k] * (double)e->seed[i * r->classes + k];
    }
}

/* Central differences along random directions of the input. */
static void check_input_gradient(rig *r, double h, double tolerance) {
    explainer e = new_explainer(r, 0);
    const size_t n = (size_t)(e.inputs * r->batch);
    float *gradient = malloc(n * sizeof *gradient), *moved = malloc(n * sizeof *moved), *kept = malloc(n * sizeof *kept);
    double here[8], forth[8], back[8];
    hni_random random;
    hni_random_init(&random, test_seed(), HNI_RANDOM_TEST, 5, 0);
    run(r, &e, e.input, here);
    ck_ok(hni_executor_gradient(e.n.ex, gradient, &err));
    ck_ok(hni_executor_target(e.n.ex, kept, &err));
    ck_assert_int_eq(memcmp(kept, e.input, n * sizeof *kept), 0);
    for (int t = 0; t < 5; t++) {
        double predicted[8] = {0}, size[8] = {0};
        const hni_random first = random;
        for (int side = 0; side < 2; side++) {
            random = first;
            for (size_t i = 0; i < n; i++) {
                const double d = h * hni_random_normal(&random) / sqrt((double)e.inputs);
                moved[i] = (float)((double)e.input[i] + (side ? -d : d));
                predicted[i / (size_t)e.inputs] += (side ? -1.0 : 1.0) * gradient[i] * ((double)moved[i] - e.input[i]);
                size[i / (size_t)e.inputs] += (double)gradient[i] * gradient[i];
            }
            run(r, &e, moved, side ? back : forth);
        }
        for (int32_t i = 0; i < r->batch; i++) {
            ck_assert(size[i] > 0.0);
            const double error = fabs(forth[i] - back[i] - predicted[i]) / (2.0 * h), bend = fabs(forth[i] + back[i] - 2.0 * here[i]) / (2.0 * h);
            ck_assert_msg(error <= tolerance * (sqrt(size[i] / 2.0 / (double)e.inputs) + 0.02) + bend, "sample %d: measured %.9g, predicted %.9g", i,
                          (forth[i] - back[i]) / (2.0 * h), predicted[i] / (2.0 * h));
        }
    }
    free(gradient);
    free(moved);
    free(kept);
    free_explainer(r, &e);
}

START_TEST(input_gradients_are_differences) {
    const hn_backend *const tables[] = {hni_reference_backend(), hni_cpu_backend()};
    for (int i = 0; i < 2; i++) {
        hn_context *ctx = new_context();
        rig r = new_rig_on(tables[i], ctx, residual(ctx, HN_ACT_SIGMOID, 0.3, false, 3), 4);
        check_input_gradient(&r, 2e-2, 5e-3);
        free_rig(&r);
        ctx = new_context();
        r = new_rig_on(tables[i], ctx, residual(ctx, HN_ACT_RELU, 0.3, true, 3), 4);
        check_input_gradient(&r, 3e-4, 0.05);
        free_rig(&r);
        ctx = new_context();
        r = new_rig_on(tables[i], ctx, tinyvgg(ctx, 3, 12, 8, 2), 4);
        check_input_gradient(&r, 3e-4, 0.05);
        free_rig(&r);
        ctx = new_context();
        r = new_rig_on(tables[i], ctx, modern(ctx, HN_ACT_SILU, HN_ACT_TANH, 3), 4);
        check_input_gradient(&r, 2e-2, 5e-3);
        free_rig(&r);
    }
}
END_TEST

/* After the target comes one dense layer: value times gradient, summed, is the seeds' share of the logits without their bias. */
START_TEST(last_value_times_gradient_is_the_logit) {
    hn_context *ctx = new_context();
    rig r = new_rig_on(hni_cpu_backend(), ctx, tinyvgg(ctx, 1, 16, 5, 3), 3);
    const hni_param *bias = &r.graph->params[r.graph->n_params - 1];
    for (int32_t target = 9; target <= 11; target++) { /* second convolution's ReLU, its pool, flatten */
        explainer e = new_explainer(&r, target);
        const size_t n = (size_t)(e.target * r.batch);
        float *f = malloc(n * sizeof *f), *g = malloc(n * sizeof *g);
        double sums[3];
        run(&r, &e, e.input, sums);
        ck_ok(hni_executor_target(e.n.ex, f, &err));
        ck_ok(hni_executor_gradient(e.n.ex, g, &err));
        for (int32_t i = 0; i < r.batch; i++) {
            double sum = 0.0;
            for (int32_t k = 0; k < r.classes; k++)
                sum += (double)r.flat[bias->offset + k] * (double)e.seed[i * r.classes + k];
            for (int64_t k = 0; k < e.target; k++)
                sum += (double)f[i * e.target + k] * (double)g[i * e.target + k];
            ck_assert_msg(fabs(sum - sums[i]) < 1e-4 * (1.0 + fabs(sums[i])), "value %d, sample %d: %g, not %g", target, i, sum, sums[i]);
        }
        free(f);
        free(g);
        free_explainer(&r, &e);
    }
    free_rig(&r);
}
END_TEST

/* Every value on the way can be the target, whatever runs inside what; the forward pass says what prediction says, and a sample's gradient does not
 * depend on the others. */
static void check_all_targets(hn_context *ctx, hni_graph *graph) {
    rig r = new_rig_on(hni_cpu_backend(), ctx, graph, 4);
    runner predict = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
    const hni_step step = step_of(&r);
    float said[12], logits[12];
    ck_ok(hni_executor_run(predict.ex, &step, &err));
    ck_ok(hni_executor_logits(predict.ex, said, &err));
    for (int32_t target = 0; target < (int32_t)r.graph->n_values; target++) {
        if (target > 0 && strcmp(r.graph->layers[target - 1].name, "unread") == 0)
            continue;
        explainer e = new_explainer(&r, target);
        const size_t n = (size_t)e.target;
        float *all = malloc(4 * n * sizeof *all), *one = malloc(n * sizeof *one), *value = malloc(4 * n * sizeof *value);
        double sums[4], size = 0.0;
        run(&r, &e, e.input, sums);
        ck_ok(hni_executor_logits(e.n.ex, logits, &err));
        for (int i = 0; i < 12; i++)
            ck_assert(fabs((double)logits[i] - (double)said[i]) < 1e-5);
        ck_ok(hni_executor_gradient(e.n.ex, all, &err));
        ck_ok(hni_executor_target(e.n.ex, value, &err));
        for (size_t i = 0; i < 4 * n; i++) {
            size += fabs((double)all[i]);
            ck_assert(isfinite(all[i]) && isfinite(value[i]));
        }
        ck_assert(size > 0.0);
        r.batch = 1;
        explainer single = new_explainer(&r, target);
        r.batch = 4;
        for (int32_t i = 0; i < 4; i++) {
            const hni_step alone = {.input = e.input + i * e.inputs, .seed = e.seed + i * 3};
            ck_ok(hni_executor_run(single.n.ex, &alone, &err));
            ck_ok(hni_executor_gradient(single.n.ex, one, &err));
            ck_assert_int_eq(memcmp(one, all + (size_t)i * n, n * sizeof *one), 0);
        }
        free(all);
        free(one);
        free(value);
        free_explainer(&r, &single);
        free_explainer(&r, &e);
    }
    free_runner(&r, &predict);
    free_rig(&r);
}

START_TEST(any_value_can_be_the_target) {
    hn_context *ctx = new_context();
    check_all_targets(ctx, residual(ctx, HN_ACT_RELU, 0.3, true, 3));
    ctx = new_context();
    check_all_targets(ctx, modern(ctx, HN_ACT_SILU, HN_ACT_HARD_SWISH, 3));
}
END_TEST

START_TEST(no_memory_and_no_weights_touched) {
    hn_context *ctx = new_context();
    rig r = new_rig_on(hni_cpu_backend(), ctx, residual(ctx, HN_ACT_RELU, 0.3, true, 3), 2);
    float *grads = malloc((size_t)r.graph->trainable * sizeof *grads), *after = malloc((size_t)r.graph->total * sizeof *after);
    explainer e = new_explainer(&r, 4);
    double sums[2];
    const uint64_t version = r.weights.version;
    run(&r, &e, e.input, sums);
    const uint_fast64_t before = ctx->allocations;
    for (int i = 0; i < 20; i++)
        run(&r, &e, e.input, sums);
    ck_assert_uint_eq(ctx->allocations, before);
    ck_assert_uint_eq(r.weights.version, version);
    ck_ok(hni_device_download(r.device, grads, r.weights.grads, &err));
    for (int64_t i = 0; i < r.graph->trainable; i++)
        ck_assert(grads[i] == 0.0f);
    ck_ok(hni_weights_get(&r.weights, after, &err));
    ck_assert_int_eq(memcmp(after, r.flat, (size_t)r.graph->total * sizeof *after), 0);
    free(grads);
    free(after);
    free_explainer(&r, &e);
    free_rig(&r);
}
END_TEST

START_TEST(refusals) {
    hn_context *ctx = new_context();
    rig r = new_rig(residual(ctx, HN_ACT_RELU, 0.3, true, 3), ctx, 1);
    hni_executor_options o = {.mode = HNI_MODE_EXPLAIN, .batch = 1, .task = HN_TASK_SINGLE, .positive = -1, .target = -1};
    hni_executor *ex = NULL;
    ck_assert_int_eq(hni_executor_create(r.device, r.graph, &r.weights, &o, &ex, &err), HN_E_NOT_FOUND);
    o.target = (int32_t)r.graph->n_values;
    ck_assert_int_eq(hni_executor_create(r.device, r.graph, &r.weights, &o, &ex, &err), HN_E_NOT_FOUND);
    for (size_t i = 0; i < r.graph->n_layers; i++)
        if (strcmp(r.graph->layers[i].name, "unread") == 0)
            o.target = r.graph->layers[i].output;
    ck_assert_int_eq(hni_executor_create(r.device, r.graph, &r.weights, &o, &ex, &err), HN_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.message, "unread"));
    explainer e = new_explainer(&r, 3);
    float number;
    ck_assert_int_eq(hni_executor_gradient(e.n.ex, &number, &err), HN_E_STATE);
    ck_assert_int_eq(hni_executor_run(e.n.ex, &(hni_step){.input = e.input}, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hni_executor_run(e.n.ex, &(hni_step){.seed = e.seed}, &err), HN_E_ARGUMENT);
    ck_ok(hni_executor_run(e.n.ex, &(hni_step){.input = e.input, .seed = e.seed}, &err));
    ck_assert_int_eq(hni_executor_probabilities(e.n.ex, &number, &err), HN_E_STATE);
    free_explainer(&r, &e);
    free_rig(&r);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("explain");
    TCase *t = tcase_create("explain");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, input_gradients_are_differences);
    tcase_add_test(t, last_value_times_gradient_is_the_logit);
    tcase_add_test(t, any_value_can_be_the_target);
    tcase_add_test(t, no_memory_and_no_weights_touched);
    tcase_add_test(t, refusals);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
