/* Executors: what the modes give, that steps take no memory, that executors share an arena, and that
 * what cannot run is refused. */
#include "base/memory.h"
#include "base/status.h" /* defines: hni_fail */
#include "nets.h"

START_TEST(a_hundred_steps_take_no_memory) {
    hn_context *ctx = new_context();
    rig r = new_rig(residual(ctx, HN_ACT_RELU, 0.5, true, 3), ctx, 4);
    runner train = new_runner(&r, HNI_MODE_TRAIN, HN_TASK_SINGLE, HN_OPTIMIZER_ADAM);
    runner predict = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
    const hni_step step = step_of(&r);
    float p[12];
    const uint_fast64_t before = ctx->allocations, live = ctx->live_bytes;
    for (int i = 0; i < 100; i++) {
        ck_ok(hni_executor_run(train.ex, &step, &err));
        ck_ok(hni_executor_run(predict.ex, &step, &err));
        ck_ok(hni_executor_probabilities(predict.ex, p, &err));
    }
    ck_assert_uint_eq(ctx->allocations, before);
    ck_assert_uint_eq(ctx->live_bytes, live);
    free_runner(&r, &train);
    free_runner(&r, &predict);
    free_rig(&r);
}
END_TEST

/* A predictor that has packed its weights sees what training and the caller made of them since. */
START_TEST(new_weights_are_seen) {
    hn_context *ctx = new_context();
    rig r = new_rig_on(hni_cpu_backend(), ctx, tinyvgg(ctx, 3, 16, 5, 4), 3);
    runner train = new_runner(&r, HNI_MODE_TRAIN, HN_TASK_SINGLE, HN_OPTIMIZER_ADAM);
    runner old = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
    const hni_step step = step_of(&r);
    float first[12], again[12], trained[12], fresh[12], back[12];
    ck_ok(hni_executor_run(old.ex, &step, &err));
    ck_ok(hni_executor_logits(old.ex, first, &err));
    ck_ok(hni_executor_run(old.ex, &step, &err));
    ck_ok(hni_executor_logits(old.ex, again, &err));
    ck_assert_int_eq(memcmp(first, again, sizeof first), 0);
    ck_ok(hni_executor_run(train.ex, &step, &err));
    ck_ok(hni_executor_run(old.ex, &step, &err));
    ck_ok(hni_executor_logits(old.ex, trained, &err));
    runner new = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
    ck_ok(hni_executor_run(new.ex, &step, &err));
    ck_ok(hni_executor_logits(new.ex, fresh, &err));
    ck_assert_int_ne(memcmp(first, trained, sizeof first), 0);
    ck_assert_int_eq(memcmp(fresh, trained, sizeof fresh), 0);
    ck_ok(hni_weights_set(&r.weights, r.flat, &err));
    ck_ok(hni_executor_run(old.ex, &step, &err));
    ck_ok(hni_executor_logits(old.ex, back, &err));
    ck_assert_int_eq(memcmp(first, back, sizeof first), 0);
    free_runner(&r, &train);
    free_runner(&r, &old);
    free_runner(&r, &new);
    free_rig(&r);
}
END_TEST

static hn_status refuse_fused(void *device, const hn_op_desc *d, hn_error *e) {
    const bool through = d->activation != 0 && (d->kind == HN_OP_CONV2D_GRAD_INPUT || d->kind == HN_OP_MAX_POOL2D_GRAD);
    if (d->pool != 0 || through || (d->kind == HN_OP_CONV2D && (d->in[3].rank != 0 || d->in[7].rank != 0)))
        return hni_fail(e, HN_E_UNSUPPORTED, "one thing at a time");
    return hni_reference_backend()->supports(device, d, e);
}

/* A backend that does not know pooling, batch norm or ReLU inside another operator gets them one by one, and says the same. */
START_TEST(refused_fusions_are_done_apart) {
    hn_backend plain = *hni_reference_backend();
    plain.supports = refuse_fused;
    const hn_backend *const tables[] = {hni_reference_backend(), &plain};
    float logits[2][2][12];
    double loss[2];
    for (int i = 0; i < 2; i++) {
        hn_context *ctx = new_context();
        rig r = new_rig_on(tables[i], ctx, residual(ctx, HN_ACT_RELU, 0.0, true, 3), 4);
        runner train = new_runner(&r, HNI_MODE_TRAIN, HN_TASK_SINGLE, HN_OPTIMIZER_SGD);
        memset(&err, 0, sizeof err);
        runner predict = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
        ck_assert(err.message[0] == '\0'); /* it went well in the end, so there is nothing to read */
        const hni_step step = step_of(&r);
        for (int k = 0; k < 2; k++) {
            ck_ok(hni_executor_run(predict.ex, &step, &err));
            ck_ok(hni_executor_logits(predict.ex, logits[i][k], &err));
            loss[i] = run_loss(&r, &train);
        }
        free_runner(&r, &train);
        free_runner(&r, &predict);
        free_rig(&r);
    }
    ck_assert(fabs(loss[0] - loss[1]) < 1e-5);
    for (int k = 0; k < 24; k++)
        ck_assert(fabs((double)logits[0][k / 12][k % 12] - (double)logits[1][k / 12][k % 12]) < 1e-4);
}
END_TEST

/* A batch too large for the caches is predicted a few images at a time: in less memory, with the same bits as image by image. */
START_TEST(large_batches_go_in_slices) {
    enum { BATCH = 9, SIZE = 112 };
    hn_context *ctx = new_context();
    rig r = new_rig_on(hni_cpu_backend(), ctx, tinyvgg(ctx, 3, SIZE, 10, 4), BATCH);
    runner many = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
    uint64_t whole;
    ck_ok(hni_plan_arena_bytes(r.graph, HNI_MODE_PREDICT, BATCH, HN_TASK_SINGLE, &whole, &err));
    ck_assert_uint_lt(hni_executor_arena_bytes(many.ex), whole / 2);
    float logits[BATCH * 4], probabilities[BATCH * 4], one[4];
    for (int round = 0; round < 2; round++) { /* the second with packed weights */
        const hni_step step = step_of(&r);
        ck_ok(hni_executor_run(many.ex, &step, &err));
        ck_ok(hni_executor_logits(many.ex, logits, &err));
        ck_ok(hni_executor_probabilities(many.ex, probabilities, &err));
        r.batch = 1;
        runner single = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
        r.batch = BATCH;
        for (int i = 0; i < BATCH; i++) {
            ck_ok(hni_executor_run(single.ex, &(hni_step){.pixels = r.pixels + i * 3 * SIZE * SIZE}, &err));
            ck_ok(hni_executor_logits(single.ex, one, &err));
            ck_assert_int_eq(memcmp(one, logits + 4 * i, sizeof one), 0);
            ck_ok(hni_executor_probabilities(single.ex, one, &err));
            ck_assert_int_eq(memcmp(one, probabilities + 4 * i, sizeof one), 0);
        }
        free_runner(&r, &single);
        fill_batch(&r, test_seed() + 1);
    }
    free_runner(&r, &many);
    free_rig(&r);
}
END_TEST

START_TEST(nothing_leaks) {
    hn_context *ctx = hni_context_ref(new_context());
    const uint_fast64_t blocks = ctx->live_blocks;
    rig r = new_rig(residual(ctx, HN_ACT_RELU, 0.5, true, 3), ctx, 2);
    runner n = new_runner(&r, HNI_MODE_TRAIN, HN_TASK_SINGLE, HN_OPTIMIZER_SGD);
    run_loss(&r, &n);
    free_runner(&r, &n);
    hni_device *device = r.device;
    hni_weights_free(&r.weights);
    hni_weights_free(&r.weights);
    hni_graph_unref(r.graph);
    hni_device_close(device);
    free(r.flat);
    free(r.pixels);
    free(r.labels);
    free(r.many);
    free(r.keys);
    ctx->registry_free(ctx, ctx->registry);
    ctx->registry = NULL;
    ck_assert_uint_eq(ctx->live_blocks, blocks);
    hni_context_unref(ctx);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(test_loss_is_train_loss_without_dropout) {
    hn_context *ctx = new_context();
    const int32_t tasks[] = {HN_TASK_SINGLE, HN_TASK_MULTI};
    rig r = new_rig(tinyvgg(ctx, 3, 17, 5, 4), ctx, 7);
    for (int i = 0; i < 2; i++) {
        runner train = new_runner(&r, HNI_MODE_TRAIN, tasks[i], 0), test = new_runner(&r, HNI_MODE_TEST, tasks[i], 0);
        runner predict = new_runner(&r, HNI_MODE_PREDICT, tasks[i], 0);
        const double a = run_loss(&r, &train), b = run_loss(&r, &test);
        ck_assert(a > 0.0 && a == b); /* to the bit */
        run_loss(&r, &predict);
        float p[28], q[28], x[28], y[28];
        ck_ok(hni_executor_probabilities(test.ex, p, &err));
        ck_ok(hni_executor_probabilities(predict.ex, q, &err));
        ck_ok(hni_executor_logits(train.ex, x, &err));
        ck_ok(hni_executor_logits(predict.ex, y, &err));
        ck_assert_int_eq(memcmp(x, y, sizeof x), 0);
        for (int k = 0; k < 28; k++) {
            double sum = 0.0;
            for (int j = 0; j < 4; j++)
                sum += exp((double)x[k / 4 * 4 + j]);
            const double want = i == 0 ? exp((double)x[k]) / sum : 1.0 / (1.0 + exp(-(double)x[k]));
            ck_assert(fabs(p[k] - want) < 1e-6 && fabs(q[k] - want) < 1e-6);
        }
        free_runner(&r, &train);
        free_runner(&r, &test);
        free_runner(&r, &predict);
    }
    free_rig(&r);
}
END_TEST

/* In training SiLU stands alone, since its gradient looks at its input; elsewhere it runs inside the convolution. Both say the same, on both
 * backends. */
START_TEST(what_is_fused_elsewhere_is_the_same) {
    const hn_backend *const tables[] = {hni_reference_backend(), hni_cpu_backend()};
    double loss[2];
    for (int i = 0; i < 2; i++) {
        hn_context *ctx = new_context();
        rig r = new_rig_on(tables[i], ctx, modern(ctx, HN_ACT_SILU, HN_ACT_HARD_SWISH, 4), 3);
        runner train = new_runner(&r, HNI_MODE_TRAIN, HN_TASK_SINGLE, 0), test = new_runner(&r, HNI_MODE_TEST, HN_TASK_SINGLE, 0);
        loss[i] = run_loss(&r, &train);
        ck_assert_double_eq_tol(loss[i], run_loss(&r, &test), 1e-5);
        free_runner(&r, &train);
        free_runner(&r, &test);
        free_rig(&r);
    }
    ck_assert_double_eq_tol(loss[0], loss[1], 1e-5);
}
END_TEST

START_TEST(statistics_add_up) { /* two test steps on one set of statistics: Σ over both; right ones as one counts them by hand */
    hn_context *ctx = new_context();
    rig r = new_rig(tinyvgg(ctx, 1, 8, 3, 3), ctx, 5);
    runner n = new_runner(&r, HNI_MODE_TEST, HN_TASK_SINGLE, 0);
    const double once = run_loss(&r, &n);
    const hni_step step = step_of(&r);
    ck_ok(hni_executor_run(n.ex, &step, &err));
    double stats[4];
    float p[15];
    ck_ok(hni_device_download(r.device, stats, r.weights.stats, &err));
    ck_ok(hni_executor_probabilities(n.ex, p, &err));
    int right = 0;
    double loss = 0.0;
    for (int i = 0; i < 5; i++) {
        const float *q = p + 3 * i;
        const int best = q[0] >= q[1] && q[0] >= q[2] ? 0 : q[1] >= q[2] ? 1 : 2;
        right += best == r.labels[i];
        loss -= log((double)q[r.labels[i]]);
    }
    ck_assert(stats[3] == 10.0 && stats[1] == 10.0 && stats[2] == 2.0 * right && fabs(stats[0] / stats[1] - once) < 1e-12);
    ck_assert(fabs(loss / 5.0 - once) < 1e-6);
    free_runner(&r, &n);
    free_rig(&r);
}
END_TEST

START_TEST(pixels_are_normalised_and_classes_weighed) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 2, 1, 1);
    ck_ok(hni_graph_finish(g, add_plain(g, HNI_LAYER_FLATTEN, "flat", 0), 2, &err)); /* the logits are the pixels */
    rig r = new_rig(g, ctx, 2);
    const float mean[2] = {0.25f, 0.5f}, deviation[2] = {0.5f, 2.0f}, weights[2] = {1.0f, 3.0f};
    const hni_executor_options o = {.mode = HNI_MODE_TRAIN, .batch = 2, .task = HN_TASK_SINGLE, .positive = 1, .threshold = 0.9,
                                    .optimizer = HN_OPTIMIZER_ADAM, .class_weights = weights, .mean = mean, .deviation = deviation};
    runner n = {NULL, {NULL, 0, 0}};
    ck_ok(hni_executor_create(r.device, g, &r.weights, &o, &n.ex, &err));
    ck_ok(hni_device_alloc(r.device, hni_executor_arena_bytes(n.ex), &n.arena, &err));
    ck_ok(hni_executor_bind(n.ex, n.arena, &err));
    const uint8_t pixels[4] = {255, 0, 51, 255};
    memcpy(r.pixels, pixels, 4);
    r.labels[0] = 0;
    r.labels[1] = 1;
    const double loss = run_loss(&r, &n);
    float x[4];
    const float want[4] = {1.5f, -0.25f, -0.1f, 0.25f};
    ck_ok(hni_executor_logits(n.ex, x, &err));
    for (int i = 0; i < 4; i++)
        ck_assert(fabsf(x[i] - want[i]) < 1e-6f);
    ck_assert(fabs(loss - (log1p(exp(-1.75)) + 3.0 * log1p(exp(-0.35))) / 4.0) < 1e-6);
    double stats[4];
    ck_ok(hni_device_download(r.device, stats, r.weights.stats, &err));
    ck_assert(stats[2] == 1.0 && stats[3] == 2.0); /* 0.587 is below 0.9: not called positive */
    free_runner(&r, &n);
    free_rig(&r);
}
END_TEST

START_TEST(partial_batches_share_an_arena) {
    hn_context *ctx = new_context();
    rig r = new_rig(tinyvgg(ctx, 3, 16, 4, 2), ctx, 8);
    runner whole = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
    const hni_step step = step_of(&r);
    float all[16], some[16];
    ck_ok(hni_executor_run(whole.ex, &step, &err));
    ck_ok(hni_executor_logits(whole.ex, all, &err));
    for (int32_t batch = 1; batch < 8; batch += 3) {
        const hni_executor_options o = {.mode = HNI_MODE_PREDICT, .batch = batch, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5};
        hni_executor *part;
        ck_ok(hni_executor_create(r.device, r.graph, &r.weights, &o, &part, &err));
        ck_assert_uint_le(hni_executor_arena_bytes(part), whole.arena.size);
        ck_ok(hni_executor_bind(part, whole.arena, &err));
        ck_ok(hni_executor_run(part, &step, &err));
        ck_ok(hni_executor_logits(part, some, &err));
        ck_assert_int_eq(memcmp(all, some, (size_t)batch * 2 * sizeof *all), 0); /* batch = single, bit for bit */
        hni_executor_free(part);
    }
    free_runner(&r, &whole);
    free_rig(&r);
}
END_TEST

START_TEST(batch_norm_learns_and_infers) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 1, 2, 2);
    const int32_t bn = add_plain(g, HNI_LAYER_BATCH_NORM, "bn", 0), v = add_dense(g, "head", bn, 2);
    ck_ok(hni_graph_finish(g, v, 2, &err));
    rig r = new_rig(g, ctx, 2);
    runner train = new_runner(&r, HNI_MODE_TRAIN, HN_TASK_SINGLE, 0), test = new_runner(&r, HNI_MODE_TEST, HN_TASK_SINGLE, 0);
    const int64_t mean = g->params[hni_graph_find_param(g, "bn.running_mean")].offset;
    const int64_t var = g->params[hni_graph_find_param(g, "bn.running_var")].offset;
    const float old_mean = r.flat[mean], old_var = r.flat[var];
    double sum = 0.0, square = 0.0;
    for (int i = 0; i < 8; i++) {
        sum += r.pixels[i] / 255.0 / 8.0;
        square += r.pixels[i] / 255.0 * r.pixels[i] / 255.0 / 8.0;
    }
    run_loss(&r, &train);
    ck_ok(hni_weights_get(&r.weights, r.flat, &err));
    ck_assert(fabs(r.flat[mean] - (0.9 * old_mean + 0.1 * sum)) < 1e-6);
    ck_assert(fabs(r.flat[var] - (0.9 * old_var + 0.1 * (square - sum * sum) * 8.0 / 7.0)) < 1e-6);
    run_loss(&r, &test);
    float *after = malloc((size_t)g->total * sizeof *after);
    ck_ok(hni_weights_get(&r.weights, after, &err));
    ck_assert_int_eq(memcmp(after, r.flat, (size_t)g->total * sizeof *after), 0); /* testing changes nothing */
    free(after);
    free_runner(&r, &train);
    free_runner(&r, &test);
    free_rig(&r);
}
END_TEST

START_TEST(dropout_follows_its_keys) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 1, 8, 8);
    const int32_t a = add_dropout(g, "a", 0, 0.5), b = add_dropout(g, "b", 0, 0.5);
    const int32_t v = add_dense(g, "head", add_sum(g, "sum", a, b), 4);
    ck_ok(hni_graph_finish(g, v, 4, &err));
    rig r = new_rig(g, ctx, 2);
    memcpy(r.pixels + 64, r.pixels, 64);
    runner n = new_runner(&r, HNI_MODE_TRAIN, HN_TASK_SINGLE, 0);
    float first[8], second[8];
    run_loss(&r, &n);
    ck_ok(hni_executor_logits(n.ex, first, &err));
    run_loss(&r, &n);
    ck_ok(hni_executor_logits(n.ex, second, &err));
    ck_assert_int_eq(memcmp(first, second, sizeof first), 0);     /* same keys, same mask */
    ck_assert_int_ne(memcmp(first, first + 4, 4 * sizeof *first), 0); /* another sample, another mask */
    r.keys[2]++;
    run_loss(&r, &n);
    ck_ok(hni_executor_logits(n.ex, second, &err));
    ck_assert_int_ne(memcmp(first, second, 4 * sizeof *first), 0); /* another epoch */
    ck_assert_int_eq(memcmp(first + 4, second + 4, 4 * sizeof *first), 0);
    hni_step step = step_of(&r);
    step.keys = NULL;
    ck_assert_int_eq(hni_executor_run(n.ex, &step, &err), HN_E_ARGUMENT);
    free_runner(&r, &n);
    free_rig(&r);
}
END_TEST

START_TEST(a_step_lowers_the_loss_and_keeps_the_gaps) {
    hn_context *ctx = new_context();
    rig r = new_rig(residual(ctx, HN_ACT_RELU, 0.0, true, 3), ctx, 6);
    for (int32_t optimizer = HN_OPTIMIZER_ADAM; optimizer <= HN_OPTIMIZER_SGD; optimizer++) {
        ck_ok(hni_weights_set(&r.weights, r.flat, &err));
        runner n = new_runner(&r, HNI_MODE_TRAIN, HN_TASK_SINGLE, optimizer);
        double before = 0.0, after = 0.0;
        for (int t = 1; t <= 30; t++) {
            const double adam[HN_HYPER_COLUMNS] = {1e-2, 0.9, optimizer == HN_OPTIMIZER_SGD ? 0.0 : 0.999, 1e-8, 0.01, 1.0 - pow(0.9, t),
                                                   1.0 - pow(0.999, t), t};
            memcpy(r.hyper, adam, sizeof adam);
            after = run_loss(&r, &n);
            before = t == 1 ? after : before;
        }
        ck_assert_msg(after < 0.95 * before, "optimiser %d: %g to %g", optimizer, before, after);
        float *w = malloc((size_t)r.graph->total * sizeof *w);
        ck_ok(hni_weights_get(&r.weights, w, &err));
        for (int64_t i = 0; i < r.graph->total; i++) {
            bool owned = false;
            for (size_t k = 0; k < r.graph->n_params && !owned; k++)
                owned = i >= r.graph->params[k].offset && i < r.graph->params[k].offset + r.graph->params[k].elements;
            ck_assert(isfinite(w[i]) && (owned || w[i] == 0.0f));
        }
        free(w);
        free_runner(&r, &n);
        hni_weights_free(&r.weights);
        ck_ok(hni_weights_create(r.device, r.graph, true, &r.weights, &err));
    }
    free_rig(&r);
}
END_TEST

START_TEST(what_cannot_run_is_refused) {
    hn_context *ctx = new_context();
    rig r = new_rig(residual(ctx, HN_ACT_RELU, 0.5, true, 3), ctx, 2);
    hni_executor_options o = {.mode = HNI_MODE_TRAIN, .batch = 2, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5,
                              .optimizer = HN_OPTIMIZER_ADAM};
    hni_executor *ex = (hni_executor *)&r;
    o.batch = 0;
    ck_assert_int_eq(hni_executor_create(r.device, r.graph, &r.weights, &o, &ex, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(ex);
    o.batch = INT32_MAX; /* counted, not refused: whether there is memory is the device's to say */
    ck_ok(hni_executor_create(r.device, r.graph, &r.weights, &o, &ex, &err));
    ck_assert_uint_gt(hni_executor_arena_bytes(ex), (uint64_t)INT32_MAX * 480 * 4);
    hni_executor_free(ex);
    o.batch = 2;
    o.optimizer = 9;
    ck_assert_int_eq(hni_executor_create(r.device, r.graph, &r.weights, &o, &ex, &err), HN_E_ARGUMENT);
    o.optimizer = HN_OPTIMIZER_ADAM;
    hni_weights less;
    ck_ok(hni_weights_create(r.device, r.graph, false, &less, &err));
    ck_assert_int_eq(hni_executor_create(r.device, r.graph, &less, &o, &ex, &err), HN_E_ARGUMENT);
    hni_weights_free(&less);
    ck_ok(hni_executor_create(r.device, r.graph, &r.weights, &o, &ex, &err));
    hni_step step = step_of(&r);
    ck_assert_int_eq(hni_executor_run(ex, &step, &err), HN_E_STATE);
    hn_buffer arena;
    ck_ok(hni_device_alloc(r.device, hni_executor_arena_bytes(ex), &arena, &err));
    ck_assert_int_eq(hni_executor_bind(ex, hni_buffer_at(arena, 0, arena.size - 1), &err), HN_E_BUFFER);
    ck_ok(hni_executor_bind(ex, arena, &err));
    ck_assert_int_eq(hni_executor_bind(ex, arena, &err), HN_E_STATE);
    float p[6];
    ck_assert_int_eq(hni_executor_logits(ex, p, &err), HN_E_STATE);
    step.hyper = NULL;
    ck_assert_int_eq(hni_executor_run(ex, &step, &err), HN_E_ARGUMENT);
    step = step_of(&r);
    step.classes = NULL;
    ck_assert_int_eq(hni_executor_run(ex, &step, &err), HN_E_ARGUMENT);
    step = step_of(&r);
    step.pixels = NULL;
    ck_assert_int_eq(hni_executor_run(ex, &step, &err), HN_E_ARGUMENT);
    step = step_of(&r);
    r.labels[1] = 3;
    ck_assert_int_eq(hni_executor_run(ex, &step, &err), HN_E_ARGUMENT);
    ck_assert_msg(strstr(err.message, "class 3"), "%s", err.message);
    r.labels[1] = -1;
    ck_assert_int_eq(hni_executor_run(ex, &step, &err), HN_E_ARGUMENT);
    hni_executor_free(ex);
    hni_executor_free(NULL);
    hni_device_free(r.device, &arena);
    free_rig(&r);
}
END_TEST

START_TEST(one_number_has_no_variance) {
    hn_context *ctx = new_context();
    hni_graph *g = new_graph(ctx, 1, 1, 1);
    const int32_t v = add_dense(g, "head", add_plain(g, HNI_LAYER_BATCH_NORM, "norm", 0), 2);
    ck_ok(hni_graph_finish(g, v, 2, &err));
    uint64_t bytes;
    ck_assert_int_eq(hni_plan_arena_bytes(g, HNI_MODE_TRAIN, 1, HN_TASK_SINGLE, &bytes, &err), HN_E_SHAPE);
    ck_assert_msg(strstr(err.message, "\"norm\"") && strstr(err.message, "batch of 1"), "%s", err.message);
    ck_ok(hni_plan_arena_bytes(g, HNI_MODE_PREDICT, 1, HN_TASK_SINGLE, &bytes, &err));
    hni_graph_unref(g);
    hni_context_unref(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("executor");
    TCase *t = tcase_create("executor");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_hundred_steps_take_no_memory);
    tcase_add_test(t, new_weights_are_seen);
    tcase_add_test(t, refused_fusions_are_done_apart);
    tcase_add_test(t, large_batches_go_in_slices);
    tcase_add_test(t, nothing_leaks);
    tcase_add_test(t, test_loss_is_train_loss_without_dropout);
    tcase_add_test(t, what_is_fused_elsewhere_is_the_same);
    tcase_add_test(t, statistics_add_up);
    tcase_add_test(t, pixels_are_normalised_and_classes_weighed);
    tcase_add_test(t, partial_batches_share_an_arena);
    tcase_add_test(t, batch_norm_learns_and_infers);
    tcase_add_test(t, dropout_follows_its_keys);
    tcase_add_test(t, a_step_lowers_the_loss_and_keeps_the_gaps);
    tcase_add_test(t, what_cannot_run_is_refused);
    tcase_add_test(t, one_number_has_no_variance);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
