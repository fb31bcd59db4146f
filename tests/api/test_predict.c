/* test_predict.c - prediction through the public calls: one image, many, their equality bit for bit, thresholds, what is refused. */
#include "../predict/scene.h"

enum { IMAGES = 33 };

static const char *const names[] = {"haemorrhage", "no_haemorrhage"};

static hn_model_options two_classes(int32_t positive) {
    return (hn_model_options){.class_names = names, .n_classes = 2, .positive = positive};
}

static void make_images(hn_image **images, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) images[i] = new_image(ctx, i);
}

static void free_images(hn_image **images, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) hn_image_free(images[i]);
}

/* Results over arrays of their own. */
static void predict_all(hn_predictor *p, hn_image *const *images, size_t n, hn_prediction *out, float *floats) {
    for (size_t i = 0; i < n; i++)
        out[i] = (hn_prediction){.struct_size = sizeof *out, .probabilities = floats + 2 * i * MOST, .logits = floats + (2 * i + 1) * MOST,
                                 .capacity = MOST};
    ck_ok(hn_predict_batch(p, (const hn_image *const *)images, n, out, &err));
    for (size_t i = 0; i < n; i++) { /* what the caller brought is still there */
        ck_assert_uint_eq(out[i].struct_size, sizeof *out);
        ck_assert_ptr_eq(out[i].probabilities, floats + 2 * i * MOST);
        ck_assert_ptr_eq(out[i].logits, floats + (2 * i + 1) * MOST);
        ck_assert_int_eq(out[i].capacity, MOST);
    }
}

START_TEST(one_image) {
    hn_model_options o = two_classes(1);
    hn_model *model = new_model(ctx, &o);
    hn_predictor *p = new_predictor(model, 1, 0);
    for (uint32_t i = 0; i < 2 * KINDS; i++) {
        hn_image *image = new_image(ctx, i);
        const verdict *v = predict(p, image);
        double a = exp((double)v->logits[0]), b = exp((double)v->logits[1]);
        ck_assert_int_eq(v->p.n_classes, 2);
        ck_assert_int_eq(v->p.status, HN_OK);
        ck_assert_uint_eq(v->p.flags, 0);
        ck_assert_double_eq_tol(v->probabilities[0], a / (a + b), 1e-6);
        ck_assert_double_eq_tol(v->probabilities[0] + v->probabilities[1], 1, 1e-6);
        ck_assert_double_eq(v->p.positive, (double)v->probabilities[0]);
        ck_assert_double_eq(v->p.probability, (double)v->probabilities[v->p.class_index]);
        ck_assert_int_eq(v->p.class_index, v->p.positive >= 0.5 ? 0 : 1);
        ck_assert_uint_eq(v->p.labels, UINT64_C(1) << v->p.class_index);
        ck_assert_double_eq(v->p.threshold, 0.5);
        hn_image_free(image);
    }
    hn_predictor_free(p);
    hn_model_free(model);
}
END_TEST

static const size_t counts[] = {0, 1, 2, 4, 5, 33};
static const int32_t batches[] = {1, 4, 64};

START_TEST(batch_equals_single) {
    hn_image *images[IMAGES];
    hn_prediction out[IMAGES];
    static float floats[IMAGES * 2 * MOST];
    hn_model_options o[] = {two_classes(2), {.n_classes = 6, .task = HN_TASK_MULTI, .channels = 1}};
    make_images(images, IMAGES);
    for (int m = 0; m < 2; m++) {
        hn_model *model = new_model(ctx, &o[m]);
        hn_predictor *single = new_predictor(model, 1, 0);
        for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
            hn_predictor *p = new_predictor(model, batches[b], 0);
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                predict_all(p, images, counts[c], out, floats);
                for (size_t i = 0; i < counts[c]; i++) check_same(predict(single, images[i]), &out[i], "batch", i);
            }
            check_same(predict(single, images[3]), &predict(p, images[3])->p, "after a batch", 3);
            hn_predictor_free(p);
        }
        hn_predictor_free(single);
        hn_model_free(model);
    }
    free_images(images, IMAGES);
}
END_TEST

/* A model of two channels takes HU only: grey levels are the bad images among good ones. */
START_TEST(bad_images_in_a_batch) {
    hn_window windows[2] = {{40, 80}, {80, 200}};
    hn_model_options o = {.channels = 2, .windows = windows, .n_windows = 2};
    hn_model *model = new_model(ctx, &o);
    hn_predictor *p = new_predictor(model, 4, 0), *single = new_predictor(model, 1, 0);
    hn_image *images[IMAGES];
    hn_prediction out[IMAGES];
    static float floats[IMAGES * 2 * MOST];
    make_images(images, IMAGES);
    hn_image_free(images[9]);
    images[9] = NULL; /* HU, but the caller's decoder failed */
    predict_all(p, images, IMAGES, out, floats);
    for (uint32_t i = 0; i < IMAGES; i++) {
        bool good = (i % KINDS == 3 || i % KINDS == 5) && images[i];
        if (good) check_same(predict(single, images[i]), &out[i], "among bad ones", i);
        if (good) continue;
        ck_assert_int_eq(out[i].status, images[i] ? HN_E_SHAPE : HN_E_ARGUMENT);
        ck_assert_uint_eq(out[i].flags, HN_PREDICTION_FAILED);
        ck_assert_int_eq(out[i].class_index, -1);
        ck_assert_uint_eq(out[i].labels, 0);
        ck_assert(isnan(out[i].probability) && isnan(out[i].positive) && isnan(out[i].probabilities[0]) && isnan(out[i].logits[1]));
    }
    verdict v;
    v.p = fresh(&v);
    hn_prediction before = v.p;
    ck_assert_int_eq(hn_predict(p, images[0], &v.p, &err), HN_E_SHAPE);
    ck_assert_msg(!memcmp(&before, &v.p, sizeof before), "a failure changed the result");
    free_images(images, IMAGES);
    hn_predictor_free(p);
    hn_predictor_free(single);
    hn_model_free(model);
}
END_TEST

/* The class follows the positive class' probability; between two thresholds on either side of it, it turns over. */
START_TEST(thresholds) {
    hn_image *image = new_image(ctx, 1);
    for (int32_t positive = 1; positive <= 2; positive++) {
        hn_model_options o = two_classes(positive);
        o.threshold = 0.75;
        hn_model *model = new_model(ctx, &o);
        hn_predictor *p = new_predictor(model, 1, 0);
        const double at = predict(p, image)->p.positive;
        ck_assert_double_eq(predict(p, image)->p.threshold, 0.75);
        hn_predictor_free(p);
        const double tries[] = {at, nextafter(at, 1), nextafter(at, 0), at / 2, 0.5 + at / 2};
        for (size_t t = 0; t < sizeof tries / sizeof *tries; t++) {
            p = new_predictor(model, 1, tries[t]);
            const hn_prediction *v = &predict(p, image)->p;
            ck_assert_double_eq(v->threshold, tries[t]);
            ck_assert_double_eq(v->positive, at);
            ck_assert_int_eq(v->class_index, at >= tries[t] ? positive - 1 : 2 - positive);
            hn_predictor_free(p);
        }
        hn_model_free(model);
    }
    hn_image_free(image);
}
END_TEST

START_TEST(no_positive_class) {
    hn_model_options o = two_classes(0);
    hn_model *model = new_model(ctx, &o);
    hn_predictor *p = new_predictor(model, 1, 0.999999);
    hn_image *image = new_image(ctx, 2);
    const verdict *v = predict(p, image);
    ck_assert(isnan(v->p.positive));
    ck_assert_int_eq(v->p.class_index, v->probabilities[1] > v->probabilities[0]); /* the most probable, whatever the threshold */
    hn_image_free(image);
    hn_predictor_free(p);
    hn_model_free(model);
}
END_TEST

START_TEST(several_labels) {
    hn_model_options o = {.n_classes = 6, .task = HN_TASK_MULTI, .positive = 6};
    hn_model *model = new_model(ctx, &o);
    hn_image *image = new_image(ctx, 0);
    hn_predictor *p = new_predictor(model, 1, 0);
    verdict first = *predict(p, image);
    hn_predictor_free(p);
    ck_assert_double_eq(first.p.positive, (double)first.probabilities[5]);
    for (int32_t k = 0; k < 6; k++) { /* each label's own probability as the threshold: it is in, and so are all above it */
        p = new_predictor(model, 1, (double)first.probabilities[k]);
        const verdict *v = predict(p, image);
        for (int32_t j = 0; j < 6; j++) ck_assert_uint_eq(v->p.labels >> j & 1, v->probabilities[j] >= first.probabilities[k]);
        for (int32_t j = 0; j < 6; j++) ck_assert_double_le(v->probabilities[j], v->p.probability);
        ck_assert_uint_eq(v->p.labels >> 6, 0);
        hn_predictor_free(p);
    }
    hn_image_free(image);
    hn_model_free(model);
}
END_TEST

static void refuse(const hn_model *model, hn_predictor_options o, hn_status status) {
    hn_predictor *p = (hn_predictor *)(uintptr_t)1;
    if (!o.struct_size) o.struct_size = sizeof o;
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(hn_predictor_create(model, &o, &p, &err), status);
    ck_assert_ptr_null(p);
    ck_assert_int_eq(err.status, status);
    ck_assert_msg(err.message[0], "no message");
}

START_TEST(bad_options) {
    hn_model *model = new_model(ctx, NULL);
    hn_predictor *p = NULL;
    refuse(NULL, (hn_predictor_options){0}, HN_E_ARGUMENT);
    refuse(model, (hn_predictor_options){.struct_size = 4}, HN_E_ABI);
    refuse(model, (hn_predictor_options){.max_batch = -1}, HN_E_ARGUMENT);
    refuse(model, (hn_predictor_options){.max_batch = 4097}, HN_E_ARGUMENT);
    refuse(model, (hn_predictor_options){.threshold = 1}, HN_E_ARGUMENT);
    refuse(model, (hn_predictor_options){.threshold = -0.5}, HN_E_ARGUMENT);
    refuse(model, (hn_predictor_options){.threshold = NAN}, HN_E_ARGUMENT);
    refuse(model, (hn_predictor_options){.device = "abacus"}, HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_predictor_create(model, NULL, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_predictor_create(model, NULL, NULL, NULL), HN_E_ARGUMENT);
    ck_ok(hn_predictor_create(model, NULL, &p, &err));
    hn_predictor_free(p);
    hn_predictor_free(NULL);
    hn_model_free(model);
}
END_TEST

START_TEST(bad_places) {
    hn_model *model = new_model(ctx, NULL);
    hn_predictor *p = new_predictor(model, 4, 0);
    hn_image *image = new_image(ctx, 0);
    const hn_image *images[2] = {image, image};
    verdict v, w;
    v.p = fresh(&v);
    w.p = fresh(&w);
    ck_assert_int_eq(hn_predict(NULL, image, &v.p, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_predict(p, NULL, &v.p, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_predict(p, image, NULL, &err), HN_E_ARGUMENT);
    v.p.struct_size = 8;
    ck_assert_int_eq(hn_predict(p, image, &v.p, &err), HN_E_ABI);
    v.p = fresh(&v);
    v.p.capacity = 1;
    ck_assert_int_eq(hn_predict(p, image, &v.p, &err), HN_E_BUFFER);
    hn_prediction out[2] = {w.p, v.p}; /* the second is too small: the first must not be filled either */
    ck_assert_int_eq(hn_predict_batch(p, images, 2, out, &err), HN_E_BUFFER);
    ck_assert_msg(strstr(err.message, "result 1"), "%s", err.message);
    ck_assert_msg(!memcmp(&out[0], &w.p, sizeof w.p), "a failure changed a result");
    out[1].struct_size = 0;
    ck_assert_int_eq(hn_predict_batch(p, images, 2, out, &err), HN_E_ABI);
    ck_assert_int_eq(hn_predict_batch(p, NULL, 2, out, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_predict_batch(p, images, 2, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_predict_batch(NULL, images, 2, out, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_predict_batch(p, images, SIZE_MAX, out, &err), HN_E_ABI); /* stops at the second result's size */
    ck_ok(hn_predict_batch(p, NULL, 0, NULL, &err));
    v.p = (hn_prediction){.struct_size = sizeof v.p, .capacity = -1}; /* without arrays nobody asks for room */
    ck_ok(hn_predict(p, image, &v.p, &err));
    ck_assert_ptr_null(v.p.probabilities);
    hn_image_free(image);
    hn_predictor_free(p);
    hn_model_free(model);
}
END_TEST

/* A caller of a later release: its struct is longer, and so is the step of its array. */
typedef struct later_prediction {
    hn_prediction p;
    int64_t newer[2];
} later_prediction;

START_TEST(longer_results) {
    hn_model *model = new_model(ctx, NULL);
    hn_predictor *p = new_predictor(model, 2, 0);
    hn_image *images[5];
    later_prediction out[5];
    static float floats[5 * 2 * MOST];
    make_images(images, 5);
    memset(out, 0, sizeof out);
    for (size_t i = 0; i < 5; i++) {
        out[i].p.struct_size = sizeof *out, out[i].p.capacity = MOST;
        out[i].p.probabilities = floats + 2 * i * MOST, out[i].p.logits = floats + (2 * i + 1) * MOST;
    }
    ck_ok(hn_predict_batch(p, (const hn_image *const *)images, 5, &out[0].p, &err));
    for (size_t i = 0; i < 5; i++) {
        check_same(predict(p, images[i]), &out[i].p, "longer", i);
        ck_assert_uint_eq(out[i].p.struct_size, sizeof *out);
    }
    out[4].newer[1] = 7;
    ck_assert_int_eq(hn_predict_batch(p, (const hn_image *const *)images, 5, &out[0].p, &err), HN_E_ABI);
    free_images(images, 5);
    hn_predictor_free(p);
    hn_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("predict");
    TCase *tests = tcase_create("public calls");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, one_image);
    tcase_add_test(tests, batch_equals_single);
    tcase_add_test(tests, bad_images_in_a_batch);
    tcase_add_test(tests, thresholds);
    tcase_add_test(tests, no_positive_class);
    tcase_add_test(tests, several_labels);
    tcase_add_test(tests, bad_options);
    tcase_add_test(tests, bad_places);
    tcase_add_test(tests, longer_results);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
