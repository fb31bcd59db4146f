/* test_craft.c - what the aids of training promise beside PyTorch's numbers (test_pytorch.c): no bit depends on threads, interruption or where
 * the images lie; averaged weights are tested where asked; frozen tensors stay; mixing mixes the labels too; and what is refused. */
#include <math.h>

#include "data/loader.h"
#include "far.h"
#include "model/model.h"
#include "preproc/augment.h"
#include "train/trainer.h"

static hn_trainer *trainer(hn_model *model, hn_dataset *train, hn_dataset *test, hn_train_options o) {
    hn_trainer *t = NULL;
    o.struct_size = sizeof o;
    if (!o.batch) o.batch = 8;
    if (o.learning_rate == 0) o.learning_rate = 0.01;
    ck_ok(hn_trainer_create(model, train, test, &o, &t, &err));
    return t;
}

static hn_epoch_report epoch(hn_trainer *t) {
    hn_epoch_report r = {.struct_size = sizeof r};
    ck_ok(hn_train_epoch(t, &r, &err));
    return r;
}

static const hn_augment_options all_of_it = {.struct_size = sizeof all_of_it, .flip = 0.5, .rotate = 20, .scale = 0.2, .shift = 0.1, .noise = 0.02,
                                             .blur = 0.1, .cutout = 0.3, .mixup = 0.4, .cutmix = 0.7};
static const hn_param_group first_slow[] = {{sizeof(hn_param_group), 0, "conv_block_1.", 0.3, -1}};

/* Each way of training that has a state of its own, or randomness. */
static const hn_train_options ways[] = {
    {.schedule = HN_SCHEDULE_PLATEAU, .schedule_patience = 1, .warm_up_steps = 3, .optimizer = HN_OPTIMIZER_SGD, .momentum = 0.9},
    {.schedule = HN_SCHEDULE_ONE_CYCLE, .schedule_epochs = 4, .accumulate = 2, .clip_norm = 0.5},
    {.average = 0.9, .average_test = 1, .accumulate = 3, .label_smoothing = 0.1, .focal = 1},
    {.sampler = HN_SAMPLER_CLASSES, .augment = &all_of_it, .average = 0.5},
    {.sampler = HN_SAMPLER_GROUPS, .param_groups = first_slow, .n_param_groups = 1, .optimizer = HN_OPTIMIZER_ADAMW, .weight_decay = 0.1},
    {.augment = &all_of_it, .balance_classes = 1, .accumulate = 2, .schedule = HN_SCHEDULE_RESTARTS, .schedule_epochs = 1}};
enum { WAYS = sizeof ways / sizeof *ways, EPOCHS = 4 };

START_TEST(interruption_changes_no_bit) {
    char path[4096];
    snprintf(path, sizeof path, "%s/craft-%d-%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid(), _i);
    hn_context *ctx = small_context(2);
    hn_dataset *train = small_data(ctx, 37, 1), *test = small_data(ctx, 11, 2);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *whole = trainer(model, train, test, ways[_i]), *half = trainer(model, train, test, ways[_i]), *rest = trainer(model, train, test, ways[_i]);
    for (int e = 0; e < EPOCHS; e++) epoch(whole);
    for (int e = 0; e < EPOCHS / 2; e++) epoch(half);
    ck_ok(hn_trainer_save(half, path, &err));
    ck_ok(hn_trainer_resume(rest, path, &err));
    for (int e = EPOCHS / 2; e < EPOCHS; e++) epoch(rest);
    ck_same_model(whole, rest, HN_LAST);
    ck_same_model(whole, rest, HN_BEST);
    if (ways[_i].average > 0) ck_same_model(whole, rest, HN_AVERAGED);
    hn_trainer *other = trainer(model, train, test, ways[(_i + 1) % WAYS]); /* each option is in the description */
    ck_assert_int_eq(hn_trainer_resume(other, path, &err), HN_E_DATA);
    unlink(path);
    hn_trainer_free(whole), hn_trainer_free(half), hn_trainer_free(rest), hn_trainer_free(other);
    hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

/* Threads, and images on the device. */
START_TEST(neither_threads_nor_places_change_a_bit) {
    uint8_t *first = NULL;
    size_t size = 0;
    for (int i = 0; i < 4; i++) {
        hn_context *ctx = far_context(i % 2 ? 3 : 1);
        hn_dataset *train = small_data(ctx, 37, 1), *test = small_data(ctx, 11, 2);
        hn_model *model = small_model(ctx, 4), *out = NULL;
        hn_train_options o = ways[_i];
        o.device = "far";
        o.resident_bytes = i < 2;
        hn_trainer *t = trainer(model, train, test, o);
        for (int e = 0; e < 3; e++) epoch(t);
        ck_ok(hn_trainer_model(t, HN_BEST, &out, &err));
        size_t n;
        uint8_t *bytes = model_bytes(out, &n);
        if (first) ck_assert_msg(n == size && !memcmp(first, bytes, n), "run %d differs", i);
        free(first);
        first = bytes, size = n;
        hn_model_free(out), hn_trainer_free(t), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
    }
    free(first);
}
END_TEST

START_TEST(steps_take_no_memory) {
    hn_context *ctx = far_context(1);
    hn_dataset *train = small_data(ctx, 37, 1), *test = small_data(ctx, 11, 2);
    hn_model *model = small_model(ctx, 4);
    hn_train_options o = ways[_i];
    o.device = "far";
    hn_trainer *t = trainer(model, train, test, o);
    hn_memory_info before = {.struct_size = sizeof before}, after = before;
    epoch(t), epoch(t);
    ck_ok(hn_context_memory(ctx, &before, &err));
    far_counts.allocs = 0;
    for (int e = 0; e < 4; e++) epoch(t);
    ck_ok(hn_context_memory(ctx, &after, &err));
    ck_assert_int_eq(far_counts.allocs, 0);
    ck_assert_uint_le(after.allocations - before.allocations, 4 * 3);
    hn_trainer_free(t), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

static double log_loss(const hn_model *model, hn_dataset *data) {
    hn_predictor *p = NULL;
    hn_eval *eval = NULL;
    hn_metrics m = {.struct_size = sizeof m};
    ck_ok(hn_predictor_create(model, NULL, &p, &err));
    ck_ok(hn_evaluate(p, data, NULL, &eval, &err));
    ck_ok(hn_eval_metrics(eval, 0, &m, &err));
    hn_eval_free(eval), hn_predictor_free(p);
    return m.log_loss;
}

static double loss_of(hn_trainer *t, int32_t which, hn_dataset *data) {
    hn_model *model = NULL;
    ck_ok(hn_trainer_model(t, which, &model, &err));
    const double loss = log_loss(model, data);
    hn_model_free(model);
    return loss;
}

/* The test loss is plain cross-entropy, of the weights that were asked for. */
START_TEST(the_test_part_sees_what_was_asked_for) {
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, 40, 1), *test = small_data(ctx, 20, 2);
    hn_model *model = small_model(ctx, 4), *none = NULL;
    for (int averaged = 0; averaged < 2; averaged++) {
        hn_trainer *t = trainer(model, train, test, (hn_train_options){.average = 0.9, .average_test = averaged, .label_smoothing = 0.2, .focal = 2});
        hn_epoch_report r = epoch(t);
        for (int e = 0; e < 2; e++) r = epoch(t);
        const double last = loss_of(t, HN_LAST, test), mean = loss_of(t, HN_AVERAGED, test);
        ck_assert_double_gt(fabs(last - mean), 1e-4);
        ck_assert_double_eq_tol(r.test_loss, averaged ? mean : last, 1e-6);
        ck_assert_double_eq_tol(loss_of(t, HN_BEST, test), r.best_loss, 1e-6);
        hn_trainer_free(t);
    }
    hn_trainer *plain = trainer(model, train, test, (hn_train_options){0});
    epoch(plain);
    ck_assert_int_eq(hn_trainer_model(plain, HN_AVERAGED, &none, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(none);
    hn_trainer_free(plain), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

START_TEST(balanced_classes_are_their_weights) {
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, 15, 1); /* 8 and 7 */
    hn_model *model = small_model(ctx, 4);
    const double weights[] = {15.0 / (2 * 7), 15.0 / (2 * 8)};
    hn_trainer *a = trainer(model, train, NULL, (hn_train_options){.balance_classes = 1}),
               *b = trainer(model, train, NULL, (hn_train_options){.class_weights = weights, .n_class_weights = 2});
    epoch(a), epoch(b);
    ck_same_model(a, b, HN_LAST);
    hn_trainer_free(a), hn_trainer_free(b), hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

static hn_model *norm_model(hn_context *ctx) {
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    const hn_model_options o = {.struct_size = sizeof o, .width = 16, .height = 16, .channels = 1, .class_names = names, .positive = 1};
    const hn_conv2d_options c = {.struct_size = sizeof c, .filters = 4, .kernel = {3, 3}, .padding = {1, 1}};
    hn_builder *b = NULL;
    hn_model *model = NULL;
    int32_t x = 0;
    ck_ok(hn_builder_create(ctx, &o, &b, &err));
    ck_ok(hn_builder_conv2d(b, x, "conv", &c, &x, &err));
    ck_ok(hn_builder_batch_norm(b, x, "bn", 0, 0, &x, &err));
    ck_ok(hn_builder_activation(b, x, "relu", HN_ACT_RELU, &x, &err));
    ck_ok(hn_builder_dense(b, x, "fc", 2, 0, &x, &err));
    ck_ok(hn_builder_finish(b, x, &model, &err));
    hn_builder_free(b);
    return model;
}

/* Tensors that differ between two models, by name. */
static void changed(hn_trainer *t, const hn_model *start, char names[256]) {
    hn_model *model = NULL;
    ck_ok(hn_trainer_model(t, HN_LAST, &model, &err));
    names[0] = 0;
    for (size_t p = 0; p < model->graph->n_params; p++) {
        const hni_param *param = &model->graph->params[p];
        if (memcmp(model->weights + param->offset, start->weights + param->offset, (size_t)param->elements * sizeof(float)))
            snprintf(names + strlen(names), 256 - strlen(names), "%s ", param->name);
    }
    hn_model_free(model);
}

START_TEST(frozen_tensors_stay) {
    static const struct {
        hn_param_group rules[2];
        const char *changes;
    } cases[] = {{{{.prefix = "conv."}}, "bn.weight bn.bias bn.running_mean bn.running_var fc.weight fc.bias "},
                 {{{.prefix = "bn."}}, "conv.weight conv.bias fc.weight fc.bias "},
                 {{{.prefix = "conv."}, {.prefix = "bn."}}, "fc.weight fc.bias "},
                 {{{.prefix = "conv.weight"}}, "conv.bias bn.weight bn.bias bn.running_mean bn.running_var fc.weight fc.bias "},
                 {{{.prefix = "bn.weight"}, {.prefix = "fc.bias"}}, "conv.weight conv.bias bn.bias bn.running_mean bn.running_var fc.weight "},
                 {{{.prefix = ""}}, ""}};
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, 24, 1);
    hn_model *model = norm_model(ctx);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char names[256];
        hn_param_group rules[2];
        int32_t n = 0;
        for (; n < 2 && cases[i].rules[n].prefix; n++) rules[n] = cases[i].rules[n], rules[n].struct_size = sizeof *rules, rules[n].frozen = 1;
        hn_trainer *t = trainer(model, train, NULL, (hn_train_options){.param_groups = rules, .n_param_groups = n, .weight_decay = 0.1,
                                                                       .optimizer = HN_OPTIMIZER_ADAMW});
        epoch(t), epoch(t);
        changed(t, model, names);
        ck_assert_msg(!strcmp(names, cases[i].changes), "case %zu changes %s", i, names);
        hn_trainer_free(t);
    }
    const hn_param_group half[] = {{sizeof *half, 1, "bn.running", 0, 0}};
    const hn_train_options o = {.struct_size = sizeof o, .param_groups = half, .n_param_groups = 1};
    hn_trainer *t = NULL;
    ck_assert_int_eq(hn_trainer_create(model, train, NULL, &o, &t, &err), HN_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "freeze \"bn.\""));
    hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

/* A network of zeros but for the last bias gives every image the same logits, so the loss of an epoch is a matter of the labels alone. */
START_TEST(labels_are_mixed_as_the_images_are) {
    enum { N = 21 };
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, N, 1);
    hn_model *drawn = small_model(ctx, 4), *model = NULL;
    float *flat = calloc((size_t)drawn->graph->total, sizeof *flat), table[N * HN_AUGMENT_COLUMNS], labels[N * 2] = {0};
    const hni_param *bias = &drawn->graph->params[hni_graph_find_param(drawn->graph, "classifier.1.bias")];
    flat[bias->offset] = 0.75f;
    ck_ok(hni_model_with_weights(drawn, flat, NULL, &model, &err));
    const double log_p[2] = {-log(1 + exp(-0.75)), -log(1 + exp(0.75))};
    const hn_augment_options mix = {.struct_size = sizeof mix, .mixup = 0.4, .cutmix = 0.6};
    hn_trainer *t = trainer(model, train, NULL, (hn_train_options){.batch = 32, .augment = &mix, .seed = 9, .optimizer = HN_OPTIMIZER_SGD,
                                                                   .learning_rate = 1e-30});
    hni_loader *loader = NULL;
    hni_batch batch;
    ck_ok(hni_loader_create(train, &model->preproc, 32, 1, &loader, &err));
    ck_ok(hni_loader_start(loader, 9, 1, &err));
    ck_ok(hni_loader_next(loader, NULL, &batch, &err));
    const hni_augment_size size = {16, 16, 16, 16};
    hni_augment_fill(&mix, &size, 9, 1, batch.rows, N, table);
    for (int i = 0; i < N; i++) labels[2 * i + !(batch.rows[i] % 2)] = 1; /* odd rows are haemorrhage, class 0 */
    hni_augment_targets(table, &size, N, 2, labels);
    double loss = 0, whole = 0;
    for (int i = 0; i < 2 * N; i++) loss -= labels[i] * log_p[i % 2] / N, whole += labels[i] == 1;
    ck_assert_double_lt(whole, N - 5); /* something was mixed */
    ck_assert_double_eq_tol(epoch(t).train_loss, loss, 1e-6);
    free(flat);
    hni_loader_free(loader), hn_trainer_free(t), hn_model_free(model), hn_model_free(drawn), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

/* A row that is drawn again is another sample, with random numbers of its own, until the next pass begins. */
START_TEST(repeated_rows_differ) {
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, 24, 1);
    hn_model *model = small_model(ctx, 4);
    const hn_augment_options turned = {.struct_size = sizeof turned, .rotate = 30};
    const hn_train_options hard = {.struct_size = sizeof hard, .sampler = HN_SAMPLER_HARD_NEGATIVES};
    hn_trainer *t = NULL;
    hni_step step;
    ck_assert_int_eq(hn_trainer_create(model, train, NULL, &hard, &t, &err), HN_E_DATA); /* no slices */
    t = trainer(model, train, NULL, (hn_train_options){.sampler = HN_SAMPLER_GROUPS, .augment = &turned});
    const int64_t rows[] = {3, 5, 3, 3};
    const hni_batch batch = {.count = 4, .rows = rows};
    for (int pass = 0; pass < 2; pass++) {
        hni_step_begin_pass(&t->train);
        ck_assert_double_eq(hni_step_fill(t, &t->train, HNI_MODE_TRAIN, &batch, 7, &step), 4);
        const int64_t samples[] = {3, 5, 3 + 24, 3 + 48};
        for (int i = 0; i < 4; i++) {
            ck_assert_int_eq(t->batch_samples[i], samples[i]);
            ck_assert_uint_eq(step.keys[4 * i + 3], (uint32_t)samples[i]);
            ck_assert_int_eq(step.rows[i], rows[i]);
        }
        ck_assert(step.augment[HN_AUGMENT_A] != step.augment[2 * HN_AUGMENT_COLUMNS + HN_AUGMENT_A]);
    }
    ck_assert_int_eq(epoch(t).train_images, 24);
    hn_trainer_free(t), hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

START_TEST(what_is_refused) {
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, 8, 1);
    hn_model *model = small_model(ctx, 4);
    const double weights[] = {1, 1};
    const hn_augment_options much = {.struct_size = sizeof much, .flip = 2};
    const hn_param_group nowhere[] = {{sizeof *nowhere, 0, "features.", 0, 0}}, negative[] = {{sizeof *negative, 0, "", -1, 0}},
                         undecayed[] = {{sizeof *undecayed, 0, "", 0, -2}}, unnamed[] = {{sizeof *unnamed, 0, NULL, 0, 0}};
    const hn_train_options bad[] = {{.clip_norm = -1},
                                    {.clip_norm = INFINITY},
                                    {.accumulate = -1},
                                    {.average = 1},
                                    {.average_test = 1},
                                    {.average = 0.9, .average_test = 2},
                                    {.label_smoothing = 1},
                                    {.focal = -1},
                                    {.focal = 2000},
                                    {.sampler = 5},
                                    {.sampler = HN_SAMPLER_HARD_NEGATIVES, .hard_factor = -1},
                                    {.hard_reach = -1},
                                    {.reserved = 1},
                                    {.decay_weights_only = 3},
                                    {.balance_classes = 1, .class_weights = weights, .n_class_weights = 2},
                                    {.augment = &much},
                                    {.schedule = HN_SCHEDULE_COSINE},
                                    {.n_param_groups = 1},
                                    {.n_param_groups = 200, .param_groups = nowhere},
                                    {.n_param_groups = 1, .param_groups = nowhere},
                                    {.n_param_groups = 1, .param_groups = negative},
                                    {.n_param_groups = 1, .param_groups = undecayed},
                                    {.n_param_groups = 1, .param_groups = unnamed}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hn_train_options o = bad[i];
        hn_trainer *t = (hn_trainer *)1;
        o.struct_size = sizeof o;
        err.message[0] = 0;
        ck_assert_msg(hn_trainer_create(model, train, NULL, &o, &t, &err) == HN_E_ARGUMENT, "options %zu: %s", i, err.message);
        ck_assert_ptr_null(t);
        ck_assert_int_ne(err.message[0], 0);
    }
    hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("training craft");
    TCase *tc = tcase_create("craft");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, interruption_changes_no_bit, 0, WAYS);
    tcase_add_loop_test(tc, neither_threads_nor_places_change_a_bit, 0, WAYS);
    tcase_add_loop_test(tc, steps_take_no_memory, 0, WAYS);
    tcase_add_test(tc, the_test_part_sees_what_was_asked_for);
    tcase_add_test(tc, balanced_classes_are_their_weights);
    tcase_add_test(tc, frozen_tensors_stay);
    tcase_add_test(tc, labels_are_mixed_as_the_images_are);
    tcase_add_test(tc, repeated_rows_differ);
    tcase_add_test(tc, what_is_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
