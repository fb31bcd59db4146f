/* test_resident.c - images that stay on the device: the same weights, batches and errors as without, and no pixel crosses over twice. */
#include <math.h>
#include <sys/stat.h>

#include "far.h"

static hn_train_options how(const char *device, uint64_t resident) {
    return (hn_train_options){.struct_size = sizeof(hn_train_options), .batch = 8, .learning_rate = 0.01, .seed = 5, .device = device,
                              .resident_bytes = resident};
}

static hn_trainer *trainer(hn_model *model, hn_dataset *train, hn_dataset *test, hn_train_options options) {
    hn_trainer *t = NULL;
    ck_ok(hn_trainer_create(model, train, test, &options, &t, &err));
    return t;
}

static hn_trainer_info info_of(hn_trainer *t) {
    hn_trainer_info info = {.struct_size = sizeof info};
    ck_ok(hn_trainer_get_info(t, &info, &err));
    return info;
}

static void ck_same_reports(hn_trainer *a, hn_trainer *b, int64_t epoch) {
    hn_epoch_report x = {.struct_size = sizeof x}, y = x;
    ck_ok(hn_trainer_history(a, epoch, &x, &err));
    ck_ok(hn_trainer_history(b, epoch, &y, &err));
    ck_assert(x.train_loss == y.train_loss && x.test_loss == y.test_loss && x.train_accuracy == y.train_accuracy);
    ck_assert(x.train_images == y.train_images && x.test_images == y.test_images && x.skipped == y.skipped);
}

enum { IMAGE = 16 * 16 };

START_TEST(weights_have_the_same_bits)
{
    static const char *const devices[] = {"reference", "cpu", "far"};
    for (int d = 0; d < 3; d++)
        for (int threads = 1; threads <= 3; threads += 2) {
            hn_context *ctx = far_context(threads);
            hn_dataset *train = small_data(ctx, 45, 1), *test = small_data(ctx, 21, 2);
            hn_model *model = small_model(ctx, 4);
            hn_trainer *without = trainer(model, train, test, how(devices[d], 1)), *with = trainer(model, train, test, how(devices[d], 1 << 20));
            for (int e = 1; e <= 3; e++) {
                ck_ok(hn_train_epoch(without, NULL, &err));
                ck_ok(hn_train_epoch(with, NULL, &err));
                ck_same_reports(without, with, e);
                ck_same_model(without, with, HN_LAST);
            }
            ck_same_model(without, with, HN_BEST);
            ck_assert_int_eq(info_of(without).resident_images, 0);
            ck_assert_uint_eq(info_of(without).resident_bytes, 0);
            ck_assert_int_eq(info_of(with).resident_images, 45 + 21);
            ck_assert_uint_eq(info_of(with).resident_bytes, (45 + 21) * IMAGE);
            ck_assert_uint_eq(info_of(with).device_bytes - info_of(with).resident_bytes > 0, 1);
            hn_trainer_free(without), hn_trainer_free(with), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test);
            hn_context_free(ctx);
        }
}
END_TEST

/* 45 rows in 6 batches, 21 in 3: row numbers, classes, hyper-parameters, and twice a part's statistics. */
START_TEST(pixels_cross_over_once)
{
    hn_context *ctx = far_context(1);
    hn_dataset *train = small_data(ctx, 45, 1), *test = small_data(ctx, 21, 2);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *t = trainer(model, train, test, how("far", 0));
    ck_assert_uint_eq(info_of(t).resident_bytes, 66 * IMAGE); /* the device has more than four times as much */
    uint64_t first = far_counts.uploaded;
    ck_ok(hn_train_epoch(t, NULL, &err));
    first = far_counts.uploaded - first;
    far_counts.uploaded = 0;
    ck_ok(hn_train_epoch(t, NULL, &err));
    ck_assert_uint_eq(first - far_counts.uploaded, 66 * IMAGE);
    ck_assert_uint_eq(far_counts.uploaded, 66 * 2 * sizeof(int32_t) + 6 * HN_HYPER_COLUMNS * sizeof(double) + 2 * 4 * sizeof(double));
    hn_trainer_free(t), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

START_TEST(what_does_not_fit_comes_from_the_host)
{
    hn_context *ctx = far_context(1);
    hn_dataset *train = small_data(ctx, 45, 1), *test = small_data(ctx, 21, 2);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *plain = trainer(model, train, test, how("far", 1));
    for (int e = 0; e < 2; e++) ck_ok(hn_train_epoch(plain, NULL, &err));
    const struct {
        uint64_t resident, memory, largest, flags;
        bool refuses;
        int64_t images;
    } ways[] = {{45 * IMAGE, 0, 0, 0, false, 45},          /* the training part alone */
                {21 * IMAGE, 0, 0, 0, false, 21},          /* the test part alone */
                {21 * IMAGE - 1, 0, 0, 0, false, 0},       /* neither */
                {0, 0, 0, 0, false, 0},                    /* nobody knows how much the device has */
                {0, 4 * 66 * IMAGE, 0, 0, false, 66},      /* a quarter is enough */
                {0, 4 * 66 * IMAGE - 4, 0, 0, false, 45},  /* and not quite */
                {0, 1 << 30, 0, HN_DEVICE_HOST_MEMORY, false, 0}, /* the host's cache serves */
                {0, 1 << 30, 0, 0, true, 0}};              /* an older plug-in */
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        far_memory = ways[i].memory, far_flags = (uint32_t)ways[i].flags, far_refuses_rows = ways[i].refuses;
        hn_trainer *t = trainer(model, train, test, how("far", ways[i].resident));
        ck_assert_msg(info_of(t).resident_images == ways[i].images, "way %zu: %lld images", i, (long long)info_of(t).resident_images);
        for (int e = 0; e < 2; e++) ck_ok(hn_train_epoch(t, NULL, &err));
        ck_same_model(plain, t, HN_LAST);
        ck_same_reports(plain, t, 2);
        hn_trainer_free(t);
    }
    hn_trainer_free(plain), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

/* The device has less than it says: whatever cannot be had, images are what is done without. */
START_TEST(images_give_way_to_the_network)
{
    hn_context *ctx = far_context(1);
    hn_dataset *train = small_data(ctx, 2000, 1);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *t = trainer(model, train, NULL, how("far", 0));
    const hn_trainer_info all = info_of(t);
    ck_assert_uint_eq(all.resident_bytes, 2000 * IMAGE);
    hn_trainer_free(t);
    far_largest = all.resident_bytes - 1; /* one block for the images is too much */
    t = trainer(model, train, NULL, how("far", 0));
    ck_assert_int_eq(info_of(t).resident_images, 0);
    hn_trainer_free(t);
    far_largest = 0, far_total = all.device_bytes - 1; /* the last block is too much */
    t = trainer(model, train, NULL, how("far", 0));
    ck_assert_int_eq(info_of(t).resident_images, 0);
    hn_trainer_free(t);
    far_total = 1; /* not even for the network: an error, and the device's own words */
    const hn_train_options o = how("far", 0);
    ck_assert_int_eq(hn_trainer_create(model, train, NULL, &o, &t, &err), HN_E_MEMORY);
    ck_assert_ptr_nonnull(strstr(err.message, "far: no "));
    hn_model_free(model), hn_dataset_free(train), hn_context_free(ctx);
}
END_TEST

/* A folder of files, every seventh of which is none that can be read. */
static void write_files(char folder[4096], int n) {
    hn_context *ctx = small_context(1);
    snprintf(folder, 4096, "%s/resident-%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
    mkdir(folder, 0700);
    for (int i = 0; i < n; i++) {
        char path[4200];
        uint8_t pixels[IMAGE];
        hn_image *image;
        snprintf(path, sizeof path, "%s/%s", folder, i % 2 ? "haemorrhage" : "no_haemorrhage");
        mkdir(path, 0700);
        snprintf(path + strlen(path), sizeof path - strlen(path), "/%03d.png", i);
        for (int p = 0; p < IMAGE; p++) pixels[p] = (uint8_t)(i * 3 + p * (i % 2 ? 1 : 7));
        const hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_U8, .width = 16, .height = 16, .channels = 1, .data = pixels};
        ck_ok(hn_image_wrap(ctx, &raw, &image, &err));
        ck_ok(hn_image_save_png(image, path, &err));
        hn_image_free(image);
        if (i % 7 == 3) ck_assert_int_eq(truncate(path, 20), 0);
    }
    hn_context_free(ctx);
}

static hn_dataset *open_files(hn_context *ctx, const char *folder, int32_t strict) {
    const hn_dataset_options o = {.struct_size = sizeof o, .strict = strict};
    hn_dataset *data = NULL;
    ck_ok(hn_dataset_open(ctx, folder, &o, &data, &err));
    return data;
}

static void remove_files(const char *folder) {
    char command[4200];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(bad_files_are_skipped_alike)
{
    char folder[4096];
    write_files(folder, 60);
    hn_trainer *t[2];
    hn_context *ctx = far_context(2);
    hn_model *model = small_model(ctx, 4);
    for (int i = 0; i < 2; i++) { /* each with a data set of its own, whose bad files nobody has met yet */
        hn_dataset *data = open_files(ctx, folder, 0);
        t[i] = trainer(model, data, data, how("far", i ? 0 : 1));
        hn_dataset_free(data);
        for (int e = 0; e < 3; e++) ck_ok(hn_train_epoch(t[i], NULL, &err));
    }
    ck_assert_int_eq(info_of(t[1]).resident_images, 120);
    for (int e = 1; e <= 3; e++) ck_same_reports(t[0], t[1], e);
    hn_epoch_report r = {.struct_size = sizeof r};
    ck_ok(hn_trainer_history(t[1], 3, &r, &err));
    ck_assert_int_eq(r.train_images, 60 - 9);
    ck_same_model(t[0], t[1], HN_LAST);
    char messages[2][256];
    for (int i = 0; i < 2; i++) {
        hn_dataset *data = open_files(ctx, folder, 1);
        hn_trainer *strict = trainer(model, data, NULL, how("far", i ? 0 : 1));
        ck_assert_int_eq(hn_train_epoch(strict, NULL, &err), HN_E_FORMAT);
        snprintf(messages[i], sizeof messages[i], "%s", err.message);
        ck_assert_int_eq(hn_train_epoch(strict, NULL, &err), HN_E_FORMAT);
        hn_trainer_free(strict), hn_dataset_free(data);
    }
    ck_assert_str_eq(messages[0], messages[1]);
    hn_trainer_free(t[0]), hn_trainer_free(t[1]), hn_model_free(model), hn_context_free(ctx);
    remove_files(folder);
}
END_TEST

static int32_t stop_at(void *user, const hn_progress *p) {
    (void)p;
    return --*(int *)user == 0;
}

/* Wherever the first pass ends, the second begins it again; and what was resumed fills its own store. */
START_TEST(a_cancelled_first_pass_is_begun_again)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/resident-%d.safetensors", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
    hn_context *ctx = far_context(1);
    hn_dataset *train = small_data(ctx, 45, 1), *test = small_data(ctx, 21, 2);
    hn_model *model = small_model(ctx, 4);
    hn_trainer *plain = trainer(model, train, test, how("far", 1));
    for (int e = 0; e < 2; e++) ck_ok(hn_train_epoch(plain, NULL, &err));
    for (int at = 1; at <= 9; at += 2) {
        int left = at;
        hn_train_options o = how("far", 0);
        o.progress = stop_at, o.progress_user = &left;
        hn_trainer *t = trainer(model, train, test, o), *rest = trainer(model, train, test, o);
        ck_assert_int_eq(hn_train_epoch(t, NULL, &err), HN_E_CANCELLED);
        ck_ok(hn_train_epoch(t, NULL, &err));
        ck_ok(hn_trainer_save(t, path, &err));
        ck_ok(hn_trainer_resume(rest, path, &err));
        ck_ok(hn_train_epoch(t, NULL, &err));
        ck_ok(hn_train_epoch(rest, NULL, &err));
        ck_same_model(plain, t, HN_LAST);
        ck_same_model(plain, rest, HN_LAST);
        hn_trainer_free(t), hn_trainer_free(rest);
    }
    unlink(path);
    hn_trainer_free(plain), hn_model_free(model), hn_dataset_free(train), hn_dataset_free(test), hn_context_free(ctx);
}
END_TEST

/* What the data set may take is said beside what the network takes. */
START_TEST(the_summary_says_how_much) {
    static char text[1 << 16];
    hn_context *ctx = far_context(1);
    hn_model *model = small_model(ctx, 4);
    ck_ok(hn_model_summary(model, 8, text, sizeof text, NULL, &err));
    ck_assert_msg(strstr(text, ", and up to 268,435,456 for the data set's images (far:0)"), "%s", text); /* a quarter of 2^30 */
    far_flags = HN_DEVICE_HOST_MEMORY;
    ck_ok(hn_model_summary(model, 8, text, sizeof text, NULL, &err));
    ck_assert_ptr_null(strstr(text, "data set's"));
    hn_model_free(model), hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("images on the device");
    TCase *tc = tcase_create("resident");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, weights_have_the_same_bits);
    tcase_add_test(tc, pixels_cross_over_once);
    tcase_add_test(tc, what_does_not_fit_comes_from_the_host);
    tcase_add_test(tc, images_give_way_to_the_network);
    tcase_add_test(tc, bad_files_are_skipped_alike);
    tcase_add_test(tc, the_summary_says_how_much);
    tcase_add_test(tc, a_cancelled_first_pass_is_begun_again);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
