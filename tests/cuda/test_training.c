/* test_training.c - training with all its craft on the faked machine beside cpu, through the public functions: a network of newer layers, augmented
 * images, smoothed and focal losses, accumulation, clipping, averages; the same losses and the same verdicts. */
#include <math.h>

#include "../backend/cpu_train.h"
#include "scene.h"

static const char *const CLASSES[] = {"haemorrhage", "no_haemorrhage"};

/* A stem with group norm, a gated depthwise block, a concatenation, every activation. */
static hn_model *newer_network(hn_context *ctx) {
    const hn_model_options o = {.struct_size = sizeof o, .width = 20, .height = 18, .class_names = CLASSES, .seed = 3};
    const hn_conv2d_options wide = {.struct_size = sizeof wide, .filters = 6, .padding = {1, 1}},
                            depthwise = {.struct_size = sizeof depthwise, .filters = 6, .stride = {2, 2}, .groups = 6, .extra_padding = {1, 1}},
                            narrow = {.struct_size = sizeof narrow, .filters = 4, .kernel = {1, 1}};
    hn_builder *b;
    hn_model *model;
    int32_t x, y, stem;
    ck_ok(hn_builder_create(ctx, &o, &b, &err));
    ck_ok(hn_builder_conv2d(b, 0, "stem", &wide, &x, &err));
    ck_ok(hn_builder_group_norm(b, x, "norm", 3, 1e-5, &x, &err));
    ck_ok(hn_builder_activation(b, x, "silu", HN_ACT_SILU, &stem, &err));
    ck_ok(hn_builder_conv2d(b, stem, "deep", &depthwise, &x, &err));
    ck_ok(hn_builder_activation(b, x, "swish", HN_ACT_HARD_SWISH, &x, &err));
    ck_ok(hn_builder_squeeze_excite(b, x, "se", 3, HN_ACT_RELU6, &x, &err));
    ck_ok(hn_builder_conv2d(b, x, "narrow", &narrow, &y, &err));
    ck_ok(hn_builder_activation(b, y, "tanh", HN_ACT_TANH, &y, &err));
    ck_ok(hn_builder_concat(b, x, y, "both", &x, &err));
    ck_ok(hn_builder_dropout(b, x, "drop", 0.2, &x, &err));
    ck_ok(hn_builder_global_avg_pool(b, x, "pool", &x, &err));
    ck_ok(hn_builder_dense(b, x, "head", 2, 0, &x, &err));
    ck_ok(hn_builder_finish(b, x, &model, &err));
    hn_builder_free(b);
    return model;
}

static const hn_augment_options
    PLACES = {.struct_size = sizeof PLACES, .flip = 0.5, .rotate = 20.0, .scale = 0.2, .shift = 0.1, .shear = 5.0},
    LOOKS = {.struct_size = sizeof LOOKS, .window_width = 0.3, .brightness = 0.1, .gamma = 0.4, .noise = 0.05, .blur = 0.3, .cutout = 0.6},
    MIXES = {.struct_size = sizeof MIXES, .rotate = 10.0, .mixup = 0.8, .cutmix = 0.8};

static const struct {
    const char *name;
    hn_train_options how;
} ROWS[] = {
    {"plain", {.optimizer = HN_OPTIMIZER_SGD, .momentum = 0.9}},
    {"accumulated, clipped, averaged",
     {.optimizer = HN_OPTIMIZER_SGD, .accumulate = 3, .clip_norm = 0.05, .average = 0.7, .average_test = 1, .resident_bytes = 1}},
    {"smoothed and focal", {.optimizer = HN_OPTIMIZER_ADAMW, .weight_decay = 0.05, .label_smoothing = 0.1, .focal = 2.0, .balance_classes = 1}},
    {"moved", {.optimizer = HN_OPTIMIZER_SGD, .augment = &PLACES}},
    {"changed", {.optimizer = HN_OPTIMIZER_ADAM, .augment = &LOOKS, .resident_bytes = 1}},
    {"mixed", {.optimizer = HN_OPTIMIZER_SGD, .nesterov = 1, .momentum = 0.9, .augment = &MIXES, .focal = 1.0, .clip_norm = 1.0}},
};

/* Losses of three epochs, then the first class' probability of each slice. */
enum { EPOCHS = 3, SLICES = 12, NUMBERS = 2 * EPOCHS + SLICES };

static void trained(const char *device, int row, double out[NUMBERS]) {
    hn_context *ctx = context(NULL, NULL);
    hn_dataset *data = cpu_phantoms(ctx, &err);
    ck_assert_ptr_nonnull(data);
    hn_train_options how = ROWS[row].how;
    how.struct_size = sizeof how;
    how.batch = 5;
    how.seed = 9;
    how.learning_rate = 0.01;
    how.device = device;
    const hn_predictor_options p = {.struct_size = sizeof p, .max_batch = 4, .device = device};
    hn_model *model = newer_network(ctx), *last;
    hn_trainer *trainer;
    hn_predictor *predictor;
    hn_eval *eval;
    ck_ok(hn_trainer_create(model, data, data, &how, &trainer, &err));
    for (int i = 0; i < EPOCHS; i++) {
        hn_epoch_report report = {.struct_size = sizeof report};
        ck_ok(hn_train_epoch(trainer, &report, &err));
        out[2 * i] = report.train_loss;
        out[2 * i + 1] = report.test_loss;
    }
    ck_ok(hn_trainer_model(trainer, HN_LAST, &last, &err));
    ck_ok(hn_predictor_create(last, &p, &predictor, &err));
    ck_ok(hn_evaluate(predictor, data, NULL, &eval, &err));
    for (int i = 0; i < SLICES; i++) {
        hn_eval_sample sample = {.struct_size = sizeof sample};
        ck_ok(hn_eval_row(eval, i, &sample, &err));
        out[2 * EPOCHS + i] = sample.probabilities[0];
    }
    hn_eval_free(eval);
    hn_predictor_free(predictor);
    hn_model_free(last);
    hn_trainer_free(trainer);
    hn_model_free(model);
    hn_dataset_free(data);
    hn_context_free(ctx);
}

START_TEST(as_cpu_does) {
    double ours[NUMBERS], theirs[NUMBERS], worst = 0.0;
    fake_reset();
    trained("cudnn", _i, ours);
    nothing_left();
    trained("cpu", _i, theirs);
    for (int i = 0; i < NUMBERS; i++) {
        ck_assert(isfinite(ours[i]) && isfinite(theirs[i]));
        worst = fmax(worst, fabs(ours[i] - theirs[i]));
    }
    printf("%s: losses %.4f … %.4f, differences at most %.2g\n", ROWS[_i].name, theirs[0], theirs[2 * EPOCHS - 2], worst);
    ck_assert(worst < 1e-4);
    ck_assert(theirs[0] != theirs[2 * EPOCHS - 2]); /* something was learnt */
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cudnn training");
    TCase *t = tcase_create("training");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, as_cpu_does, 0, (int)(sizeof ROWS / sizeof ROWS[0]));
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
