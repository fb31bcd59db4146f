/* test_device.c - training on a device with memory of its own: nothing waits for it but what has to, and all its memory is taken beforehand. */
#include <math.h>

#include "far.h"

static hn_trainer *far_trainer(hn_model *model, hn_dataset *train, hn_dataset *test, hn_train_options options) {
    hn_trainer *t = NULL;
    options.struct_size = sizeof options;
    options.batch = 8;
    if (!options.device) options.device = "far";
    if (options.learning_rate == 0) options.learning_rate = 0.01;
    ck_ok(hn_trainer_create(model, train, test, &options, &t, &err));
    return t;
}

typedef struct watcher {
    int calls, finite;
    double last;
} watcher;

static int32_t watch(void *user, const hn_progress *p) {
    watcher *w = user;
    w->calls++;
    w->finite += isfinite(p->loss) != 0;
    w->last = p->loss;
    return 0;
}

/* Two statistics, and the three vectors that an epoch ends with: weights and the optimiser's two. */
enum { READS_AN_EPOCH = 2 + 3 };

START_TEST(statistics_are_read_once_a_part)
{
    hn_context *ctx = far_context(1);
    hn_dataset *train = small_data(ctx, 200, 1), *test = small_data(ctx, 40, 2);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *quiet = far_trainer(model, train, test, (hn_train_options){0});
    far_counts.downloads = 0;
    ck_ok(hn_train_epoch(quiet, NULL, &err));
    ck_assert_int_eq(far_counts.downloads, READS_AN_EPOCH);
    watcher w = {0};
    hn_trainer *watched = far_trainer(model, train, test, (hn_train_options){.progress = watch, .progress_user = &w});
    hn_epoch_report a = {.struct_size = sizeof a}, b = a;
    far_counts.downloads = 0;
    ck_ok(hn_train_epoch(watched, &a, &err));
    ck_assert_int_eq(w.calls, 30);
    ck_assert_int_eq(w.finite, 30); /* the first batch of a part is read at once, so that there is a loss to show */
    ck_assert_int_ge(far_counts.downloads, READS_AN_EPOCH + 2);
    ck_ok(hn_trainer_history(quiet, 1, &b, &err));
    ck_assert_double_eq(a.train_loss, b.train_loss);
    ck_assert_double_eq(a.test_loss, b.test_loss);
    ck_same_model(quiet, watched, HN_LAST);
    hn_context *near = far_context(1);
    far_flags = HN_DEVICE_HOST_MEMORY; /* then reading is free */
    hn_dataset *rows = small_data(near, 200, 1);
    hn_model *same = small_model(near, 4);
    hn_trainer *each = far_trainer(same, rows, NULL, (hn_train_options){0});
    far_counts.downloads = 0;
    ck_ok(hn_train_epoch(each, NULL, &err));
    ck_assert_int_eq(far_counts.downloads, 25 + 3);
    hn_trainer_free(each), hn_model_free(same), hn_dataset_free(rows), hn_context_free(near);
    hn_trainer_free(quiet), hn_trainer_free(watched), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

START_TEST(a_loss_that_explodes_is_told_at_the_end)
{
    hn_context *ctx = far_context(1);
    hn_dataset *train = small_data(ctx, 40, 1);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *t = far_trainer(model, train, NULL, (hn_train_options){.learning_rate = 1e30, .optimizer = HN_OPTIMIZER_SGD});
    ck_assert_int_eq(hn_train_epoch(t, NULL, &err), HN_E_NUMERIC);
    ck_assert_msg(strstr(err.message, "epoch 1 by step 5"), "%s", err.message);
    ck_assert_int_eq(hn_trainer_epochs(t), 0);
    hn_trainer_free(t), hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

/* Neither on the device nor on the host, but for the books of an epoch. */
START_TEST(steps_take_no_memory)
{
    hn_context *ctx = far_context(2);
    hn_dataset *train = small_data(ctx, 45, 1), *test = small_data(ctx, 13, 2);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *t = far_trainer(model, train, test, (hn_train_options){0});
    hn_memory_info before = {.struct_size = sizeof before}, after = before;
    ck_assert_int_le(far_counts.allocs, 2 + 4 + 1); /* weights, arena; constants of four executors; what is kept of the data */
    far_counts.allocs = 0;
    ck_ok(hn_train_epoch(t, NULL, &err));
    ck_assert_int_eq(far_counts.allocs, 0);
    ck_ok(hn_context_memory(ctx, &before, &err));
    for (int e = 0; e < 4; e++) ck_ok(hn_train_epoch(t, NULL, &err));
    ck_ok(hn_context_memory(ctx, &after, &err));
    ck_assert_int_eq(far_counts.allocs, 0);
    ck_assert_uint_le(after.allocations - before.allocations, 4 * 2);
    hn_trainer_free(t), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

static void ck_metadata_says(hn_trainer *t, const char *text) {
    static char json[1 << 16], summary[1 << 16];
    hn_model *model = NULL;
    ck_ok(hn_trainer_model(t, HN_LAST, &model, &err));
    ck_ok(hn_model_metadata(model, json, sizeof json, NULL, &err));
    ck_assert_msg(strstr(json, text), "no %s in %s", text, json);
    ck_ok(hn_model_summary(model, 1, summary, sizeof summary, NULL, &err));
    hn_model_free(model);
    ck_assert_ptr_nonnull(strstr(summary, "trained on               far in "));
    ck_assert_ptr_nonnull(strstr(summary, strstr(text, "tf32") ? "in tf32, " : "in float32, "));
    ck_assert_ptr_nonnull(strstr(summary, strstr(text, "true") ? ", deterministic" : ", not deterministic"));
}

START_TEST(a_model_says_how_it_was_computed)
{
    static const struct {
        const char *device, *says;
        uint32_t flags;
    } ways[] = {{"far", "\"backend\":\"far\",\"precision\":\"float32\",\"deterministic\":false", 0},
                {"far+tf32", "\"backend\":\"far\",\"precision\":\"tf32\",\"deterministic\":false", 0},
                {"far+tf32+deterministic", "\"precision\":\"tf32\",\"deterministic\":true", 0},
                {"far", "\"precision\":\"float32\",\"deterministic\":true", HN_DEVICE_DETERMINISTIC}};
    char path[4096];
    snprintf(path, sizeof path, "%s/precision-%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
    hn_context *ctx = far_context(1);
    hn_dataset *train = small_data(ctx, 16, 1);
    hn_model *model = small_model(ctx, 4);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        far_flags = ways[i].flags;
        hn_trainer *t = far_trainer(model, train, NULL, (hn_train_options){.device = ways[i].device});
        ck_ok(hn_train_epoch(t, NULL, &err));
        ck_metadata_says(t, ways[i].says);
        if (i == 1) ck_ok(hn_trainer_save(t, path, &err));
        hn_trainer_free(t);
    }
    far_flags = 0;
    hn_trainer *other = far_trainer(model, train, NULL, (hn_train_options){.device = "far"});
    ck_assert_int_eq(hn_trainer_resume(other, path, &err), HN_E_DATA);
    ck_assert_msg(strstr(err.message, "another precision (tf32, now float32)"), "%s", err.message);
    hn_trainer *strict = far_trainer(model, train, NULL, (hn_train_options){.device = "far+tf32+deterministic"});
    ck_assert_int_eq(hn_trainer_resume(strict, path, &err), HN_E_DATA);
    ck_assert_msg(strstr(err.message, "another deterministic (false, now true)"), "%s", err.message);
    hn_trainer *same = far_trainer(model, train, NULL, (hn_train_options){.device = "far+tf32"});
    ck_ok(hn_trainer_resume(same, path, &err));
    unlink(path);
    hn_trainer_free(other), hn_trainer_free(strict), hn_trainer_free(same);
    hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("training on a device");
    TCase *tc = tcase_create("device");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, statistics_are_read_once_a_part);
    tcase_add_test(tc, a_loss_that_explodes_is_told_at_the_end);
    tcase_add_test(tc, steps_take_no_memory);
    tcase_add_test(tc, a_model_says_how_it_was_computed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
