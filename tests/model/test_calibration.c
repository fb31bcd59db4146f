/* test_calibration.c - models with a calibration and a chosen threshold: written and read back to the same bytes, copies that keep what they must
 * and forget what they must, hostile metadata refused, and predictions that are what the calibration says. */
#include <math.h>

#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"

static hn_error err;
static hn_context *ctx;

static void setup(void) {
    hn_context_options options = {.struct_size = sizeof options, .threads = 2, .plugin_dir = ""};
    test_host_apply(&options);
    ck_ok(hn_context_create(&options, &ctx, &err));
}
static void teardown(void) { hn_context_free(ctx); }

static hn_model *preset(int32_t task, int32_t n_classes, int32_t positive) {
    const hn_model_options o = {.struct_size = sizeof o, .width = 8, .height = 8, .channels = 1, .hidden = 2, .task = task, .n_classes = n_classes,
                                .positive = positive, .threshold = 0.25, .seed = 3};
    hn_model *m = NULL;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &o, &m, &err));
    return m;
}

static uint8_t *bytes_of(const hn_model *m, size_t *n) {
    ck_ok(hn_model_save_memory(m, NULL, 0, n, &err));
    uint8_t *bytes = malloc(*n);
    ck_ok(hn_model_save_memory(m, bytes, *n, n, &err));
    return bytes;
}

static const hn_threshold chosen = {.struct_size = sizeof chosen, .rule = HN_CHOOSE_SENSITIVITY, .value = 0.95, .threshold = 0.125, .sensitivity = 0.96,
                                    .specificity = 0.5, .n = 40, .positives = 25, .groups = 9, .digest = {1, 2, 3, UINT64_MAX}, .index = 1,
                                    .group_rule = HN_RULE_TOP_MEAN, .top = 3};
static double scale[] = {0.5, 0.5}, shift[] = {0, -1.25};
static const hn_calibration platt = {.struct_size = sizeof platt, .method = HN_CALIBRATION_PLATT, .scale = scale, .shift = shift, .capacity = 2,
                                     .n_classes = 2, .n = 41, .groups = 10, .digest = {4, 5, 6, 7}, .log_loss_before = 0.7, .log_loss_after = 0.6};

/* The two-class model with both. */
static hn_model *found_out(void) {
    hn_model *plain = preset(HN_TASK_SINGLE, 2, 2), *calibrated = NULL, *both = NULL;
    ck_ok(hn_model_with_calibration(plain, &platt, &calibrated, &err));
    ck_ok(hn_model_with_threshold(calibrated, &chosen, &both, &err));
    hn_model_free(plain);
    hn_model_free(calibrated);
    return both;
}

static void check_both(const hn_model *m) {
    double a[2], b[2];
    hn_threshold t = {.struct_size = sizeof t};
    hn_calibration c = {.struct_size = sizeof c, .scale = a, .shift = b, .capacity = 2};
    ck_ok(hn_model_get_threshold(m, &t, &err));
    ck_assert_msg(!memcmp(&t, &chosen, sizeof t), "the threshold's origin is another one");
    ck_ok(hn_model_get_calibration(m, &c, &err));
    ck_assert(c.method == platt.method && c.n_classes == 2 && c.n == 41 && c.groups == 10 && !memcmp(c.digest, platt.digest, sizeof c.digest));
    ck_assert(!memcmp(a, scale, sizeof a) && !memcmp(b, shift, sizeof b) && c.log_loss_before == 0.7 && c.log_loss_after == 0.6);
}

START_TEST(both_read_back) {
    hn_model *m = found_out(), *back = NULL;
    size_t n, again_n;
    check_both(m);
    uint8_t *bytes = bytes_of(m, &n), *again;
    ck_ok(hn_model_load_memory(ctx, bytes, n, &back, &err));
    check_both(back);
    again = bytes_of(back, &again_n);
    ck_assert(n == again_n && !memcmp(bytes, again, n));
    hn_model_info info = {.struct_size = sizeof info};
    ck_ok(hn_model_get_info(back, &info, &err));
    ck_assert_double_eq(info.threshold, 0.125);
    free(bytes), free(again), hn_model_free(m), hn_model_free(back);
}
END_TEST

/* What was found out is of these weights and these probabilities. */
START_TEST(copies_forget_what_they_must) {
    hn_model *m = found_out(), *none = NULL, *fresh = NULL, *plain = preset(HN_TASK_SINGLE, 2, 2), *by_hand = NULL, *still = NULL;
    hn_threshold t = {.struct_size = sizeof t}, hand = {.struct_size = sizeof hand, .threshold = 0.75};
    hn_calibration c = {.struct_size = sizeof c};
    ck_ok(hn_model_with_calibration(m, NULL, &none, &err)); /* other probabilities: the chosen threshold is gone with them */
    ck_ok(hn_model_get_threshold(none, &t, &err));
    ck_assert(t.rule == 0 && t.threshold == 0.5 && t.index == 1 && isnan(t.sensitivity));
    ck_ok(hn_model_get_calibration(none, &c, &err));
    ck_assert(c.method == 0 && c.n_classes == 2 && c.n == 0);
    ck_ok(hn_model_with_threshold(m, &hand, &by_hand, &err));
    ck_ok(hn_model_get_threshold(by_hand, &t, &err));
    ck_assert(t.rule == 0 && t.threshold == 0.75);
    ck_ok(hn_model_get_calibration(by_hand, &c, &err));
    ck_assert(c.method == HN_CALIBRATION_PLATT);
    ck_ok(hn_model_with_calibration(plain, &platt, &still, &err)); /* a threshold that was given stays */
    ck_ok(hn_model_get_threshold(still, &t, &err));
    ck_assert(t.rule == 0 && t.threshold == 0.25);
    ck_ok(hn_model_randomize(m, 1, 9, &fresh, &err));
    ck_ok(hn_model_get_threshold(fresh, &t, &err));
    ck_ok(hn_model_get_calibration(fresh, &c, &err));
    ck_assert(t.rule == 0 && t.threshold == 0.5 && c.method == 0);
    hn_model *const all[] = {m, none, fresh, plain, by_hand, still};
    for (int i = 0; i < 6; i++) hn_model_free(all[i]);
}
END_TEST

static void refused(hn_status status, const char *says) {
    ck_assert_msg(status == HN_E_ARGUMENT && strstr(err.message, says), "%s instead of one that says '%s': %s", hn_status_name(status), says, err.message);
}

START_TEST(what_makes_no_sense_is_refused) {
    hn_model *two = preset(HN_TASK_SINGLE, 2, 2), *three = preset(HN_TASK_SINGLE, 3, 0), *out = NULL;
    double one[] = {1, 1, 1}, none[] = {0, 0, 0};
    hn_calibration c = platt;
    hn_threshold t = chosen;
    c.n_classes = 1;
    refused(hn_model_with_calibration(two, &c, &out, &err), "with 1 classes for a model of 2");
    c = platt, c.scale = NULL;
    refused(hn_model_with_calibration(two, &c, &out, &err), "scale and shift");
    c = platt, c.scale = one, c.shift = none, c.n_classes = c.capacity = 3;
    refused(hn_model_with_calibration(three, &c, &out, &err), "Platt");
    c.method = HN_CALIBRATION_TEMPERATURE, none[1] = 1;
    refused(hn_model_with_calibration(three, &c, &out, &err), "shifts nothing");
    none[1] = 0, one[0] = NAN;
    refused(hn_model_with_calibration(three, &c, &out, &err), "above 0");
    c.capacity = 2;
    ck_assert_int_eq(hn_model_with_calibration(three, &c, &out, &err), HN_E_BUFFER);
    t.threshold = 1;
    refused(hn_model_with_threshold(two, &t, &out, &err), "threshold 1");
    t = chosen, t.index = 2;
    refused(hn_model_with_threshold(two, &t, &out, &err), "no such rule or class");
    t = chosen, t.positives = 41;
    refused(hn_model_with_threshold(two, &t, &out, &err), "41 of them");
    ck_assert_ptr_null(out);
    hn_model_free(two);
    hn_model_free(three);
}
END_TEST

/* A valid file with one place of the metadata replaced by something of the same length. */
static hn_status load_changed(const uint8_t *bytes, size_t n, const char *from, const char *to) {
    uint8_t *copy = malloc(n);
    hn_model *m = NULL;
    memcpy(copy, bytes, n);
    ck_assert_uint_eq(strlen(from), strlen(to));
    uint8_t *at = memmem(copy, n, from, strlen(from));
    ck_assert_msg(at != NULL, "%s is not in the file", from);
    memcpy(at, to, strlen(to));
    const hn_status status = hn_model_load_memory(ctx, copy, n, &m, &err);
    ck_assert_ptr_null(m);
    free(copy);
    return status;
}

START_TEST(hostile_metadata_is_refused) {
    hn_model *m = found_out();
    size_t n;
    uint8_t *bytes = bytes_of(m, &n);
    ck_assert_int_eq(load_changed(bytes, n, "[0.5,0.5]", "[0.5,0.4]"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "[0.5,0.5]", "[0.5    ]"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "[0.5,0.5]", "[-.5,0.5]"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "[0,-1.25]", "[0,-1e99]"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"platt\\\"", "\\\"magic\\\""), HN_E_UNSUPPORTED);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"sensitivity\\\",", "\\\"specialitas\\\","), HN_E_UNSUPPORTED);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"top-mean\\\"", "\\\"top-ten!\\\""), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"rows\\\":41", "\\\"rows\\\":-1"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"rows\\\":40", "\\\"rows\\\":00"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"positives\\\":25", "\\\"positives\\\":99"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "\\\"class\\\":1", "\\\"class\\\":2"), HN_E_FORMAT);
    ck_assert_int_eq(load_changed(bytes, n, "ffffffffffffffff", "fffffffffffffffG"), HN_E_FORMAT);
    free(bytes), hn_model_free(m);
}
END_TEST

enum { IMAGES = 7, SIDE = 12 };

static hn_image *image_of(uint32_t seed) {
    static uint8_t px[SIDE * SIDE];
    hn_image *image = NULL;
    for (uint32_t i = 0; i < SIDE * SIDE; i++) px[i] = (uint8_t)((i * i * (seed + 3) + 31 * i * seed) >> 2);
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = SIDE, .height = SIDE, .channels = 1, .data = px};
    ck_ok(hn_image_wrap(ctx, &pixels, &image, &err));
    return image;
}

static void expected(int32_t task, int32_t k, const double *a, const double *b, const float *logits, float *p) {
    double sum = 0, z[3], top = -INFINITY;
    for (int32_t i = 0; i < k; i++) z[i] = a[i] * (double)logits[i] + b[i], top = fmax(top, z[i]);
    for (int32_t i = 0; i < k; i++) sum += exp(z[i] - top);
    for (int32_t i = 0; i < k; i++) p[i] = (float)(task == HN_TASK_MULTI ? 1 / (1 + exp(-z[i])) : exp(z[i] - top) / sum);
}

static hn_predictor *predictor_of(const hn_model *m, int32_t batch, int32_t tta) {
    const hn_predictor_options o = {.struct_size = sizeof o, .max_batch = batch, .tta = tta};
    hn_predictor *p = NULL;
    ck_ok(hn_predictor_create(m, &o, &p, &err));
    return p;
}

/* One by one, in batches, over data sets, averaged over views, and as the heat map says: all with the calibration, logits without. */
static void check_predictions(int32_t task, int32_t k, const hn_calibration *c) {
    hn_model *plain = preset(task, k, task == HN_TASK_SINGLE ? 2 : 0), *m = NULL;
    ck_ok(hn_model_with_calibration(plain, c, &m, &err));
    hn_predictor *raw = predictor_of(plain, 4, 0), *one = predictor_of(m, 1, 0), *many = predictor_of(m, 4, 0), *views = predictor_of(m, 4, HN_TTA_FLIP);
    hn_image *images[IMAGES];
    hn_prediction batch[IMAGES];
    float p[IMAGES][3];
    hn_dataset *data = NULL;
    hn_eval *eval = NULL, *raw_eval = NULL, *again = NULL, *mean = NULL;
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    for (uint32_t i = 0; i < IMAGES; i++) {
        images[i] = image_of(i);
        batch[i] = (hn_prediction){.struct_size = sizeof *batch, .probabilities = p[i], .capacity = 3};
        if (task == HN_TASK_SINGLE) ck_ok(hn_dataset_add_image(data, images[i], i % 2 ? "1" : "0", NULL, &err));
    }
    ck_ok(hn_predict_batch(many, (const hn_image *const *)images, IMAGES, batch, &err));
    for (int i = 0; i < IMAGES; i++) {
        float raw_p[3], raw_z[3], one_p[3], one_z[3], wanted[3];
        hn_prediction r = {.struct_size = sizeof r, .probabilities = raw_p, .logits = raw_z, .capacity = 3};
        hn_prediction o = {.struct_size = sizeof o, .probabilities = one_p, .logits = one_z, .capacity = 3};
        ck_ok(hn_predict(raw, images[i], &r, &err));
        ck_ok(hn_predict(one, images[i], &o, &err));
        expected(task, k, c->scale, c->shift, raw_z, wanted);
        for (int32_t j = 0; j < k; j++) {
            ck_assert(one_z[j] == raw_z[j] && one_p[j] == p[i][j]);
            ck_assert_float_eq_tol(one_p[j], wanted[j], 1e-7);
        }
        ck_assert(one_p[0] != raw_p[0] && batch[i].class_index == o.class_index && batch[i].probability == o.probability);
        hn_heatmap_info info = {.struct_size = sizeof info};
        float map[SIDE * SIDE];
        const hn_explain_options how = {.struct_size = sizeof how, .class_index = o.class_index + 1};
        ck_ok(hn_explain(one, images[i], &how, map, SIDE * SIDE, NULL, &info, &err));
        ck_assert_msg(info.probability == o.probability, "the heat map speaks of %g, the verdict of %g", info.probability, o.probability);
    }
    if (task == HN_TASK_SINGLE) {
        hn_calibration fitted = {.struct_size = sizeof fitted};
        hn_eval_sample s = {.struct_size = sizeof s}, t = s;
        ck_ok(hn_evaluate(many, data, NULL, &eval, &err));
        ck_ok(hn_evaluate(raw, data, NULL, &raw_eval, &err));
        ck_ok(hn_eval_calibrated(raw_eval, c, &again, &err));
        for (int i = 0; i < IMAGES; i++) {
            ck_ok(hn_eval_row(eval, i, &s, &err));
            ck_ok(hn_eval_row(again, i, &t, &err));
            ck_assert(s.probabilities[0] == (double)p[i][0] && t.probabilities[0] == s.probabilities[0] && t.probabilities[1] == s.probabilities[1]);
        }
        ck_ok(hn_evaluate(views, data, NULL, &mean, &err)); /* means of calibrated probabilities: no logits that fit them */
        ck_assert_int_eq(hn_eval_calibrate(mean, HN_CALIBRATION_PLATT, &fitted, &err), HN_E_ARGUMENT);
    }
    hn_eval_free(eval), hn_eval_free(raw_eval), hn_eval_free(again), hn_eval_free(mean), hn_dataset_free(data);
    for (int i = 0; i < IMAGES; i++) hn_image_free(images[i]);
    hn_predictor_free(raw), hn_predictor_free(one), hn_predictor_free(many), hn_predictor_free(views), hn_model_free(m), hn_model_free(plain);
}

START_TEST(predictions_are_calibrated) {
    double halves[] = {0.5, 0.5, 0.5}, none[] = {0, 0, 0}, several[] = {0.5, 2, 1}, moved[] = {0.25, -1, 0.125};
    hn_calibration c = {.struct_size = sizeof c, .method = HN_CALIBRATION_TEMPERATURE, .scale = halves, .shift = none, .capacity = 3, .n_classes = 3};
    check_predictions(HN_TASK_SINGLE, 3, &c);
    check_predictions(HN_TASK_SINGLE, 2, &platt);
    c.method = HN_CALIBRATION_PLATT, c.scale = several, c.shift = moved;
    check_predictions(HN_TASK_MULTI, 3, &c);
}
END_TEST

/* An image's mean over its views is the mean of calibrated probabilities. */
START_TEST(views_are_calibrated_one_by_one) {
    hn_model *m = found_out();
    hn_predictor *one = predictor_of(m, 1, 0), *both = predictor_of(m, 1, HN_TTA_FLIP);
    uint8_t px[2][8 * 8];
    float p[2][2], mean[2];
    for (int i = 0; i < 64; i++) px[0][i] = px[1][i / 8 * 8 + 7 - i % 8] = (uint8_t)(i * i * 3);
    for (int v = 0; v < 3; v++) {
        const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = 8, .height = 8, .channels = 1, .data = px[v % 2]};
        hn_prediction out = {.struct_size = sizeof out, .probabilities = v < 2 ? p[v] : mean, .capacity = 2};
        hn_image *image = NULL;
        ck_ok(hn_image_wrap(ctx, &pixels, &image, &err));
        ck_ok(hn_predict(v < 2 ? one : both, image, &out, &err));
        hn_image_free(image);
    }
    for (int k = 0; k < 2; k++) ck_assert(mean[k] == (float)(((double)p[0][k] + (double)p[1][k]) / 2));
    hn_predictor_free(one), hn_predictor_free(both), hn_model_free(m);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("calibration");
    TCase *t = tcase_create("calibration");
    tcase_add_checked_fixture(t, setup, teardown);
    const TTest *const cases[] = {both_read_back, copies_forget_what_they_must, what_makes_no_sense_is_refused, hostile_metadata_is_refused,
                                  predictions_are_calibrated, views_are_calibrated_one_by_one};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(t, cases[i]);
    tcase_set_timeout(t, 60);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
