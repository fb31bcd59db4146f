/* test_memory.c - every allocation fails once, and from then on, in every use of the library. */
#include "uses.h"

START_TEST(images) { sweep("load images", load_images, FAULT_MEMORY, 20); }
END_TEST
START_TEST(data) { sweep("load data", load_data, FAULT_MEMORY, 50); }
END_TEST
START_TEST(models) { sweep("load models", load_models, FAULT_MEMORY, 100); }
END_TEST
START_TEST(training) { sweep("train", train, FAULT_MEMORY, 400); }
END_TEST
START_TEST(elaborate_training) { sweep("train elaborately", train_elaborately, FAULT_MEMORY, 400); }
END_TEST
START_TEST(saving) { sweep("save", save, FAULT_MEMORY, 40); }
END_TEST
START_TEST(prediction) { sweep("predict", predict, FAULT_MEMORY, 50); }
END_TEST
START_TEST(looking) { sweep("look", look, FAULT_MEMORY, 100); }
END_TEST
START_TEST(explanation) { sweep("explain", explain, FAULT_MEMORY, 60); }
END_TEST
START_TEST(evaluation) { sweep("evaluate", evaluate, FAULT_MEMORY, 60); }
END_TEST
START_TEST(calibrating) { sweep("calibrate", calibrate, FAULT_MEMORY, 60); }
END_TEST

int main(void) {
    const TTest *const tests[] = {images, data, models, training, elaborate_training, saving, prediction, looking, explanation, evaluation, calibrating};
    return fault_suite("memory fails", tests, sizeof tests / sizeof *tests);
}
