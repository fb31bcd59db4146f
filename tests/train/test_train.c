/* test_train.c - training as a caller sees it: what the reports say, that cancelled epochs leave no trace, that resumption and thread counts
 * change no bit, and that bad options, data and losses are refused with a reason. */
#include <math.h>
#include <pthread.h>

#include "small.h"

static hn_trainer *trainer(hn_model *model, hn_dataset *train, hn_dataset *test, hn_train_options options) {
    hn_trainer *t = NULL;
    options.struct_size = sizeof options;
    if (!options.batch) options.batch = 8;
    if (options.learning_rate == 0) options.learning_rate = 0.01;
    ck_ok(hn_trainer_create(model, train, test, &options, &t, &err));
    return t;
}

static hn_epoch_report epoch(hn_trainer *t) {
    hn_epoch_report report = {.struct_size = sizeof report};
    ck_ok(hn_train_epoch(t, &report, &err));
    return report;
}

/* Accuracy counted by hand: the thesis divided by the wrong number here. With a learning rate that moves nothing, training and test accuracy
 * over the same rows must both be the share of right predictions. */
START_TEST(accuracy_is_the_mean_over_samples)
{
    hn_context *ctx = small_context(1);
    hn_dataset *data = small_data(ctx, 27, 1);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *t = trainer(model, data, data, (hn_train_options){.learning_rate = 1e-30, .optimizer = HN_OPTIMIZER_SGD});
    hn_epoch_report r = epoch(t);
    hn_predictor *p = NULL;
    hn_eval *eval = NULL;
    hn_metrics m = {.struct_size = sizeof m};
    ck_ok(hn_predictor_create(model, NULL, &p, &err));
    ck_ok(hn_evaluate(p, data, NULL, &eval, &err));
    ck_ok(hn_eval_metrics(eval, 0, &m, &err));
    ck_assert_double_eq_tol(r.train_accuracy, m.accuracy, 1e-12);
    ck_assert_double_eq_tol(r.test_accuracy, m.accuracy, 1e-12);
    ck_assert_double_eq_tol(r.train_loss, m.log_loss, 1e-6);
    ck_assert_double_eq_tol(r.test_loss, m.log_loss, 1e-6);
    ck_assert_int_eq(r.train_images, 27);
    hn_eval_free(eval), hn_predictor_free(p), hn_trainer_free(t), hn_model_free(model), hn_dataset_free(data), hn_context_free(ctx);
}
END_TEST

START_TEST(it_learns)
{
    hn_context *ctx = small_context(2);
    hn_dataset *train = small_data(ctx, 40, 1), *test = small_data(ctx, 20, 2);
    hn_model *model = small_model(ctx, 4);
    const int32_t optimizers[] = {HN_OPTIMIZER_ADAM, HN_OPTIMIZER_ADAMW, HN_OPTIMIZER_SGD};
    for (int i = 0; i < 3; i++) {
        hn_trainer *t =
            trainer(model, train, test,
                    (hn_train_options){.optimizer = optimizers[i], .learning_rate = i == 2 ? 0.02 : 0.005, .momentum = 0.9, .nesterov = 1});
        hn_epoch_report first = epoch(t), last = first;
        for (int e = 1; e < 12; e++) last = epoch(t);
        ck_assert_double_lt(last.train_loss, first.train_loss / 2);
        ck_assert_double_ge(last.test_accuracy, 0.95);
        ck_assert_int_eq(hn_trainer_epochs(t), 12);
        hn_epoch_report again = {.struct_size = sizeof again};
        ck_ok(hn_trainer_history(t, 1, &again, &err));
        ck_assert_double_eq(again.train_loss, first.train_loss);
        ck_assert_int_eq(hn_trainer_history(t, 13, &again, &err), HN_E_NOT_FOUND);
        hn_trainer_free(t);
    }
    hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

START_TEST(threads_change_no_bit)
{
    const int32_t threads[] = {1, 2, 7};
    uint8_t *first = NULL;
    size_t size = 0;
    for (int i = 0; i < 3; i++) {
        hn_context *ctx = small_context(threads[i]);
        hn_dataset *train = small_data(ctx, 29, 1), *test = small_data(ctx, 10, 2);
        hn_model *model = small_model(ctx, 4), *out = NULL;
        hn_trainer *t = trainer(model, train, test, (hn_train_options){.seed = 5});
        for (int e = 0; e < 3; e++) epoch(t);
        ck_ok(hn_trainer_model(t, HN_LAST, &out, &err));
        size_t n;
        uint8_t *bytes = model_bytes(out, &n);
        if (first) ck_assert(n == size && !memcmp(first, bytes, n));
        free(first);
        first = bytes, size = n;
        hn_model_free(out), hn_trainer_free(t), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
    }
    free(first);
}
END_TEST

START_TEST(resumption_changes_no_bit)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/checkpoint-%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
    hn_context *ctx = small_context(2);
    hn_dataset *train = small_data(ctx, 29, 1), *test = small_data(ctx, 10, 2);
    hn_model *model = small_model(ctx, 4);
    hn_train_options options = {.seed = 3, .stop = HN_STOP_PATIENCE};
    hn_trainer *whole = trainer(model, train, test, options), *half = trainer(model, train, test, options),
               *rest = trainer(model, train, test, options);
    for (int e = 0; e < 5; e++) epoch(whole);
    for (int e = 0; e < 2; e++) epoch(half);
    ck_ok(hn_trainer_save(half, path, &err));
    hn_trainer_free(half);
    ck_ok(hn_trainer_resume(rest, path, &err));
    ck_assert_int_eq(hn_trainer_epochs(rest), 2);
    for (int e = 0; e < 3; e++) epoch(rest);
    ck_same_model(whole, rest, HN_LAST);
    ck_same_model(whole, rest, HN_BEST);
    ck_assert_int_eq(hn_trainer_resume(rest, path, &err), HN_E_STATE);
    options.batch = 16; /* other options: refused, and the message says which */
    hn_trainer *other = trainer(model, train, test, options);
    ck_assert_int_eq(hn_trainer_resume(other, path, &err), HN_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "batch"));
    ck_assert_int_eq(hn_trainer_epochs(other), 0);
    unlink(path);
    ck_assert_int_eq(hn_trainer_resume(other, path, &err), HN_E_IO);
    hn_trainer_free(other), hn_trainer_free(whole), hn_trainer_free(rest);
    hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

/* The number of steps is what the next one counts from: more than the epochs have cannot be, and would go on to overflow. */
START_TEST(a_checkpoint_of_too_many_steps_is_damaged)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/steps-%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, 29, 1);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *t = trainer(model, train, NULL, (hn_train_options){.batch = 32});
    for (int e = 0; e < 2; e++) epoch(t); /* of one step each */
    for (char digit = '3'; digit >= '2'; digit--) {
        hn_trainer *next = trainer(model, train, NULL, (hn_train_options){.batch = 32});
        static const char key[] = "\\\"step\\\":2,";
        char bytes[1 << 14];
        ck_ok(hn_trainer_save(t, path, &err));
        FILE *file = fopen(path, "r+b");
        ck_assert_ptr_nonnull(file);
        char *at = memmem(bytes, fread(bytes, 1, sizeof bytes, file), key, sizeof key - 1);
        ck_assert_ptr_nonnull(at);
        ck_assert_int_eq(fseek(file, at - bytes + (long)sizeof key - 3, SEEK_SET), 0);
        ck_assert_int_eq(fputc(digit, file), digit);
        ck_assert_int_eq(fclose(file), 0);
        ck_assert_int_eq(hn_trainer_resume(next, path, &err), digit == '3' ? HN_E_FORMAT : HN_OK);
        ck_assert_int_eq(hn_trainer_epochs(next), digit == '3' ? 0 : 2);
        hn_trainer_free(next);
    }
    unlink(path);
    hn_trainer_free(t), hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

typedef struct stopper {
    hn_cancel *cancel;
    int at, seen;
} stopper;

static int32_t stop_by_answer(void *user, const hn_progress *p) {
    stopper *s = user;
    ck_assert_int_eq(p->struct_size, sizeof *p);
    return ++s->seen == s->at;
}

static int32_t stop_by_token(void *user, const hn_progress *p) {
    stopper *s = user;
    (void)p;
    if (++s->seen == s->at) hn_cancel_trigger(s->cancel);
    return 0;
}

/* A cancelled epoch leaves the trainer as if it had never begun, and is within one batch of the wish. */
START_TEST(a_cancelled_epoch_leaves_no_trace)
{
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, 40, 1);
    hn_model *model = small_model(ctx, 4);
    for (int way = 0; way < 2; way++) {
        stopper s = {.at = 8};
        ck_ok(hn_cancel_create(ctx, &s.cancel, &err));
        hn_trainer *a =
            trainer(model, train, NULL,
                    (hn_train_options){.cancel = s.cancel, .progress = way ? stop_by_token : stop_by_answer, .progress_user = &s});
        hn_trainer *b = trainer(model, train, NULL, (hn_train_options){0});
        epoch(a), epoch(b);
        ck_assert_int_eq(hn_train_epoch(a, NULL, &err), HN_E_CANCELLED);
        ck_assert_int_eq(s.seen, 8);
        ck_same_model(a, b, HN_LAST);
        hn_cancel_reset(s.cancel);
        epoch(a), epoch(b);
        ck_same_model(a, b, HN_LAST);
        hn_cancel_free(s.cancel), hn_trainer_free(a), hn_trainer_free(b);
    }
    hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

START_TEST(a_loss_that_explodes_is_an_error)
{
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, 40, 1);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *t = trainer(model, train, NULL, (hn_train_options){.learning_rate = 1e30, .optimizer = HN_OPTIMIZER_SGD});
    ck_assert_int_eq(hn_train_epoch(t, NULL, &err), HN_E_NUMERIC);
    ck_assert_ptr_nonnull(strstr(err.message, "epoch 1 by step "));
    hn_trainer_free(t), hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

START_TEST(class_weights_weigh)
{
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, 16, 1);
    hn_model *model = small_model(ctx, 4);
    const double weights[] = {3, 1};
    hn_train_options still = {.learning_rate = 1e-30, .optimizer = HN_OPTIMIZER_SGD}, weighted = still;
    weighted.class_weights = weights, weighted.n_class_weights = 2;
    hn_trainer *a = trainer(model, train, NULL, still), *b = trainer(model, train, NULL, weighted);
    hn_predictor *p = NULL;
    hn_eval *eval = NULL;
    ck_ok(hn_predictor_create(model, NULL, &p, &err));
    ck_ok(hn_evaluate(p, train, NULL, &eval, &err));
    double sum = 0, weight = 0;
    for (int64_t i = 0; i < hn_eval_count(eval); i++) {
        hn_eval_sample s = {.struct_size = sizeof s};
        ck_ok(hn_eval_row(eval, i, &s, &err));
        sum -= weights[s.label] * log(s.probabilities[s.label]);
        weight += weights[s.label];
    }
    ck_assert_double_eq_tol(epoch(b).train_loss, sum / weight, 1e-6);
    ck_assert_double_ne(epoch(a).train_loss, epoch(b).train_loss);
    hn_eval_free(eval), hn_predictor_free(p), hn_trainer_free(a), hn_trainer_free(b), hn_model_free(model), hn_dataset_free(train),
        hn_context_free(ctx);
}
END_TEST

/* Nothing is allocated once the first epoch is over but the history's rare growth. */
START_TEST(steps_allocate_nothing)
{
    hn_context *ctx = small_context(2);
    hn_dataset *train = small_data(ctx, 40, 1), *test = small_data(ctx, 12, 2);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *t = trainer(model, train, test, (hn_train_options){0});
    hn_memory_info before = {.struct_size = sizeof before}, after = before;
    epoch(t), epoch(t);
    ck_ok(hn_context_memory(ctx, &before, &err));
    for (int e = 0; e < 4; e++) epoch(t);
    ck_ok(hn_context_memory(ctx, &after, &err));
    ck_assert_msg(after.allocations - before.allocations <= 4 * 2, "%llu allocations in 4 epochs of 7 steps",
                  (unsigned long long)(after.allocations - before.allocations));
    hn_trainer_free(t), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

START_TEST(bad_options_are_refused)
{
    hn_context *ctx = small_context(1);
    hn_dataset *train = small_data(ctx, 8, 1), *empty = NULL;
    hn_model *model = small_model(ctx, 4);
    const double zero[] = {0, 1}, tiny[] = {1e-60, 1}, huge[] = {1, 1e300}; /* the last two are 0 and infinite as floats */
    const hn_train_options bad[] = {{.batch = -1},
                                    {.batch = 70000},
                                    {.optimizer = 9},
                                    {.learning_rate = -1},
                                    {.learning_rate = NAN},
                                    {.beta1 = 1},
                                    {.momentum = 1.5},
                                    {.weight_decay = -1},
                                    {.stop = 17},
                                    {.stop_patience = -1},
                                    {.prefetch = 1000},
                                    {.n_class_weights = 3},
                                    {.n_class_weights = 2},
                                    {.class_weights = zero, .n_class_weights = 2},
                                    {.class_weights = tiny, .n_class_weights = 2},
                                    {.class_weights = huge, .n_class_weights = 2},
                                    {.flags = 2}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hn_train_options o = bad[i];
        hn_trainer *t = (hn_trainer *)1;
        o.struct_size = sizeof o;
        ck_assert_msg(hn_trainer_create(model, train, NULL, &o, &t, &err) == HN_E_ARGUMENT, "options %zu were taken", i);
        ck_assert_ptr_null(t);
    }
    hn_train_options o = {.struct_size = 3};
    hn_trainer *t = NULL;
    ck_assert_int_eq(hn_trainer_create(model, train, NULL, &o, &t, &err), HN_E_ABI);
    o = (hn_train_options){.struct_size = sizeof o, .device = "quantum"};
    ck_assert_int_eq(hn_trainer_create(model, train, NULL, &o, &t, &err), HN_E_NOT_FOUND);
    ck_ok(hn_dataset_create(ctx, NULL, &empty, &err));
    ck_assert_int_eq(hn_trainer_create(model, empty, NULL, NULL, &t, &err), HN_E_DATA);
    ck_assert_int_eq(hn_trainer_create(NULL, train, NULL, NULL, &t, &err), HN_E_ARGUMENT);
    hn_model *wrong = NULL; /* classes named 0 and 1 */
    ck_ok(hn_model_preset(ctx, "tinyvgg", NULL, &wrong, &err));
    ck_assert_int_eq(hn_trainer_create(wrong, train, NULL, NULL, &t, &err), HN_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "no_haemorrhage"));
    hn_model_free(wrong), hn_dataset_free(empty), hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

/* A garbage collector frees in any order. */
START_TEST(order_of_frees_does_not_matter)
{
    hn_context *ctx = small_context(2);
    hn_dataset *train = small_data(ctx, 8, 1);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *t = trainer(model, train, NULL, (hn_train_options){0});
    hn_context_free(ctx), hn_dataset_free(train), hn_model_free(model);
    epoch(t);
    hn_model *out = NULL;
    ck_ok(hn_trainer_model(t, HN_BEST, &out, &err));
    hn_trainer_free(t);
    hn_model_info info = {.struct_size = sizeof info};
    ck_ok(hn_model_get_info(out, &info, &err));
    ck_assert_int_eq(info.n_classes, 2);
    hn_model_free(out);
    hn_trainer_free(NULL), hn_model_free(NULL), hn_dataset_free(NULL), hn_context_free(NULL), hn_cancel_free(NULL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("train");
    TCase *tc = tcase_create("train");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, accuracy_is_the_mean_over_samples);
    tcase_add_test(tc, it_learns);
    tcase_add_test(tc, threads_change_no_bit);
    tcase_add_test(tc, resumption_changes_no_bit);
    tcase_add_test(tc, a_checkpoint_of_too_many_steps_is_damaged);
    tcase_add_test(tc, a_cancelled_epoch_leaves_no_trace);
    tcase_add_test(tc, a_loss_that_explodes_is_an_error);
    tcase_add_test(tc, class_weights_weigh);
    tcase_add_test(tc, steps_allocate_nothing);
    tcase_add_test(tc, bad_options_are_refused);
    tcase_add_test(tc, order_of_frees_does_not_matter);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
