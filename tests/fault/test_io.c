/* test_io.c - every open, read, write, fsync, rename and close fails once, and from then on, in every use of the library. */
#include "uses.h"

START_TEST(images) { sweep("load images", load_images, FAULT_IO, 6); }
END_TEST
START_TEST(data) { sweep("load data", load_data, FAULT_IO, 30); }
END_TEST
START_TEST(models) { sweep("load models", load_models, FAULT_IO, 6); }
END_TEST
START_TEST(training) { sweep("train", train, FAULT_IO, 60); }
END_TEST
START_TEST(saving) { sweep("save", save, FAULT_IO, 12); }
END_TEST
START_TEST(prediction) { sweep("predict", predict, FAULT_IO, 9); }
END_TEST
START_TEST(evaluation) { sweep("evaluate", evaluate, FAULT_IO, 30); }
END_TEST
START_TEST(calibrating) { sweep("calibrate", calibrate, FAULT_IO, 10); }
END_TEST

/* EINTR at any call, transfers cut in half: no error at all, and the same results. */
START_TEST(interruptions) {
    sweep("load data, interrupted", load_data, FAULT_INTERRUPT, 30);
    sweep("train, interrupted", train, FAULT_INTERRUPT, 60);
    sweep("save, interrupted", save, FAULT_INTERRUPT, 12);
}
END_TEST

/* A set that is not strict passes over a file that cannot be read: counted, named with its reason, and everything else is there. */
START_TEST(unreadable_files_are_skipped) {
    hn_dataset *ds = NULL;
    hn_context *ctx = NULL;
    const hn_context_options o = {.struct_size = sizeof o, .threads = 1, .plugin_dir = ""};
    ck_ok(hn_context_create(&o, &ctx, &err));
    for (long n = 1;; n++) {
        hn_dataset_info info = {.struct_size = sizeof info};
        int64_t bad = -1, named = 0;
        ck_ok(hn_dataset_open(ctx, at("data"), NULL, &ds, &err));
        fault_arm(FAULT_IO, n, false);
        ck_ok(hn_dataset_check(ds, NULL, &bad, &err));
        fault_disarm();
        ck_assert_int_eq(bad, fault.fired - fault.harmless);
        ck_ok(hn_dataset_get_info(ds, &info, &err));
        ck_assert_int_eq(info.n_skipped, bad);
        for (int64_t i = 0; i < info.n_rows; i++) {
            hn_row row = {.struct_size = sizeof row};
            ck_ok(hn_dataset_get_row(ds, i, &row, &err));
            named += row.problem[0] != 0;
        }
        ck_assert_int_eq(named, bad);
        hn_dataset_free(ds);
        if (!fault.fired) break;
    }
    ck_assert_int_gt(fault.count, 20);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {images, data, models, training, saving,
                                  prediction, evaluation, calibrating, interruptions, unreadable_files_are_skipped};
    return fault_suite("io fails", tests, sizeof tests / sizeof *tests);
}
