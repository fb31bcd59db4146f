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

/* EINTR at any call, transfers cut in half: no error at all, and the same results. */
START_TEST(interruptions) {
    sweep("load data, interrupted", load_data, FAULT_INTERRUPT, 30);
    sweep("train, interrupted", train, FAULT_INTERRUPT, 60);
    sweep("save, interrupted", save, FAULT_INTERRUPT, 12);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {images, data, models, training, saving, prediction, evaluation, interruptions};
    return fault_suite("io fails", tests, sizeof tests / sizeof *tests);
}
