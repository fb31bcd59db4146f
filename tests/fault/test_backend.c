/* test_backend.c - every call of a backend fails once, and from then on, in every use of the library. */
#include "uses.h"

START_TEST(images) { sweep("load images", load_images, FAULT_BACKEND, 1); }
END_TEST
START_TEST(data) { sweep("load data", load_data, FAULT_BACKEND, 1); }
END_TEST
START_TEST(models) { sweep("load models", load_models, FAULT_BACKEND, 1); }
END_TEST
START_TEST(training) { sweep("train", train, FAULT_BACKEND, 100); }
END_TEST
START_TEST(elaborate_training) { sweep("train elaborately", train_elaborately, FAULT_BACKEND, 100); }
END_TEST
START_TEST(saving) { sweep("save", save, FAULT_BACKEND, 1); }
END_TEST
START_TEST(prediction) { sweep("predict", predict, FAULT_BACKEND, 20); }
END_TEST
START_TEST(explanation) { sweep("explain", explain, FAULT_BACKEND, 20); }
END_TEST
START_TEST(evaluation) { sweep("evaluate", evaluate, FAULT_BACKEND, 20); }
END_TEST

int main(void) {
    const TTest *const tests[] = {images, data, models, training, elaborate_training, saving, prediction, explanation, evaluation};
    return fault_suite("backend fails", tests, sizeof tests / sizeof *tests);
}
