/* test_series.c - models of neighbouring slices and models that crop to the head: what hn_predict, hn_predict_batch and hn_predict_series show them, by
 * public calls only. */
#include "scene.h"

enum { SLICES = 7 };

/* A slice of a head that moves and brightens from slice to slice; CT values. */
static hn_image *slice(int number) {
    int16_t hu[40 * 40];
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 40; x++) {
            const int dx = x - 15 - number, dy = y - 20, r = dx * dx + dy * dy;
            hu[y * 40 + x] = (int16_t)(r < 120 ? 20 + 5 * number + (x * y) % 7 : r < 160 ? 900 : -1000);
        }
    return wrap(ctx, (hn_pixels){.type = HN_PIXEL_I16, .width = 40, .height = 40, .channels = 1}, hu);
}

/* The image that a model of 3 grey slices would see as these three: an RGB image of theirs. */
static hn_image *stack(hn_image *const images[SLICES], int a, int b, int c) {
    const int three[3] = {a, b, c};
    uint8_t rgb[40 * 40 * 3], grey[40 * 40];
    for (int k = 0; k < 3; k++) {
        hn_image *u8 = NULL;
        ck_ok(hn_image_window(images[three[k]], NULL, &u8, &err));
        ck_ok(hn_image_copy_pixels(u8, grey, sizeof grey, NULL, &err));
        for (int i = 0; i < 1600; i++) rgb[3 * i + k] = grey[i];
        hn_image_free(u8);
    }
    return wrap(ctx, (hn_pixels){.type = HN_PIXEL_U8, .width = 40, .height = 40, .channels = 3}, rgb);
}

static void check_numbers(const verdict *want, const verdict *got, int i) {
    ck_assert_int_eq(got->p.status, HN_OK);
    ck_assert_msg(!memcmp(want->logits, got->logits, 2 * sizeof(float)), "slice %d: %g and %g", i, (double)want->logits[0], (double)got->logits[0]);
}

/* The same weights, three channels: of an RGB image, or of three slices. */
START_TEST(series_is_the_stack) {
    const hn_model_options three = {.slices = 3}, rgb = {.channels = 3};
    hn_model *model = new_model(ctx, &three), *plain = new_model(ctx, &rgb);
    hn_predictor *p = new_predictor(model, 3, 0), *q = new_predictor(plain, 1, 0);
    hn_image *images[SLICES];
    verdict got[SLICES];
    hn_prediction out[SLICES];
    for (int i = 0; i < SLICES; i++) images[i] = slice(i);
    for (int i = 0; i < SLICES; i++) out[i] = fresh(&got[i]);
    ck_ok(hn_predict_series(p, (const hn_image *const *)images, SLICES, out, &err));
    for (int i = 0; i < SLICES; i++) {
        hn_image *seen = stack(images, i > 0 ? i - 1 : 0, i, i + 1 < SLICES ? i + 1 : i);
        got[i].p = out[i];
        check_numbers(predict(q, seen), &got[i], i);
        hn_image_free(seen);
        seen = stack(images, i, i, i); /* alone it is its own neighbours */
        verdict alone = *predict(p, images[i]);
        check_numbers(predict(q, seen), &alone, i);
        hn_image_free(seen);
    }
    for (int i = 0; i < SLICES; i++) out[i] = fresh(&got[i]);
    ck_ok(hn_predict_batch(p, (const hn_image *const *)images, SLICES, out, &err)); /* strangers to each other */
    for (int i = 0; i < SLICES; i++) {
        verdict alone = *predict(p, images[i]);
        check_same(&alone, &out[i], "batch", (size_t)i);
    }
    for (int i = 0; i < SLICES; i++) hn_image_free(images[i]);
    hn_predictor_free(p), hn_predictor_free(q), hn_model_free(model), hn_model_free(plain);
}
END_TEST

/* A slice that is missing has a verdict of failure, and its neighbours see the nearest. */
START_TEST(a_gap) {
    const hn_model_options five = {.slices = 5};
    hn_model *model = new_model(ctx, &five);
    hn_predictor *p = new_predictor(model, 4, 0);
    hn_image *images[4] = {slice(0), slice(1), NULL, slice(3)}, *bridged[5] = {images[0], images[1], images[1], images[3], images[3]};
    verdict got[4], want[5];
    hn_prediction out[4], whole[5];
    for (int i = 0; i < 4; i++) out[i] = fresh(&got[i]);
    for (int i = 0; i < 5; i++) whole[i] = fresh(&want[i]);
    ck_ok(hn_predict_series(p, (const hn_image *const *)images, 4, out, &err));
    ck_assert_uint_eq(out[2].flags, HN_PREDICTION_FAILED);
    ck_assert_int_eq(out[2].status, HN_E_ARGUMENT);
    ck_ok(hn_predict_series(p, (const hn_image *const *)bridged, 5, whole, &err));
    want[1].p = whole[1]; /* sees 0 0 1 1 3: what number 1 sees beside the gap */
    check_same(&want[1], &out[1], "beside a gap", 1);
    for (int i = 0; i < 4; i++) hn_image_free(images[i]);
    hn_predictor_free(p), hn_model_free(model);
}
END_TEST

/* Models without neighbours give the same either way. */
START_TEST(series_of_single_slices) {
    const hn_model_options one = {.channels = 1};
    hn_model *model = new_model(ctx, &one);
    hn_predictor *p = new_predictor(model, 2, 0);
    hn_image *images[3] = {slice(0), slice(1), slice(2)};
    verdict a[3], b[3];
    hn_prediction series[3], batch[3];
    for (int i = 0; i < 3; i++) series[i] = fresh(&a[i]), batch[i] = fresh(&b[i]);
    ck_ok(hn_predict_series(p, (const hn_image *const *)images, 3, series, &err));
    ck_ok(hn_predict_batch(p, (const hn_image *const *)images, 3, batch, &err));
    for (int i = 0; i < 3; i++) {
        a[i].p = series[i];
        check_same(&a[i], &batch[i], "series", (size_t)i);
    }
    ck_ok(hn_predict_series(p, NULL, 0, NULL, &err));
    for (int i = 0; i < 3; i++) hn_image_free(images[i]);
    hn_predictor_free(p), hn_model_free(model);
}
END_TEST

/* A model that crops sees what hn_image_head_box and hn_image_crop give; without a head it sees all, and says so. */
START_TEST(cropping) {
    const hn_model_options crops = {.channels = 1, .crop_head = 1, .crop_margin = 0.1, .median = 3, .gaussian = 0.7}, all = {.channels = 1};
    hn_model *model = new_model(ctx, &crops), *plain = new_model(ctx, &all);
    hn_predictor *p = new_predictor(model, 2, 0), *q = new_predictor(plain, 1, 0);
    hn_image *image = slice(3), *black = flat_image(ctx, 0), *u8 = NULL, *cut = NULL, *median = NULL, *smooth = NULL;
    hn_box box = {.struct_size = sizeof box};
    ck_ok(hn_image_head_box(image, 0.1, 1, &box, &err));
    ck_ok(hn_image_window(image, NULL, &u8, &err));
    ck_ok(hn_image_crop(u8, &box, &cut, &err));
    ck_ok(hn_image_filter_median(cut, 3, &median, &err));
    ck_ok(hn_image_filter_gaussian(median, 0.7, &smooth, &err));
    verdict want = *predict(q, smooth), got = *predict(p, image);
    ck_assert_uint_eq(got.p.flags, 0);
    check_numbers(&want, &got, 0);
    want = *predict(q, black), got = *predict(p, black);
    ck_assert_uint_eq(got.p.flags, HN_PREDICTION_NO_HEAD);
    check_numbers(&want, &got, 1);
    const hn_image *const both[5] = {image, black, NULL, image, black};
    const uint32_t flags[5] = {0, HN_PREDICTION_NO_HEAD, HN_PREDICTION_FAILED, 0, HN_PREDICTION_NO_HEAD};
    verdict v[5];
    hn_prediction out[5];
    for (int i = 0; i < 5; i++) out[i] = fresh(&v[i]);
    ck_ok(hn_predict_batch(p, both, 5, out, &err));
    for (int i = 0; i < 5; i++) ck_assert_uint_eq(out[i].flags, flags[i]);
    hn_image_free(image), hn_image_free(black), hn_image_free(u8), hn_image_free(cut), hn_image_free(median), hn_image_free(smooth);
    hn_predictor_free(p), hn_predictor_free(q), hn_model_free(model), hn_model_free(plain);
}
END_TEST

/* A model that strips sees what hn_image_strip_skull gives; without a closed skull it sees all, and says so. */
START_TEST(stripping) {
    const hn_model_options strips = {.channels = 1, .preproc_flags = HN_PREPROC_STRIP_SKULL}, all = {.channels = 1};
    hn_model *model = new_model(ctx, &strips), *plain = new_model(ctx, &all);
    hn_predictor *p = new_predictor(model, 1, 0), *q = new_predictor(plain, 1, 0);
    uint8_t head[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) {
        const int x = i % SIDE, y = i / SIDE;
        head[i] = x == 0 || y == 0 || x == SIDE - 1 || y == SIDE - 1 ? 255 : (uint8_t)(60 + (x * 7 + y * 5) % 90);
    }
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = SIDE, .height = SIDE, .channels = 1, .data = head};
    hn_image *image = NULL, *brain = NULL, *black = flat_image(ctx, 0);
    ck_ok(hn_image_wrap(ctx, &pixels, &image, &err));
    ck_ok(hn_image_strip_skull(image, &brain, &err));
    verdict want = *predict(q, brain), got = *predict(p, image), whole = *predict(q, image);
    ck_assert_uint_eq(got.p.flags, 0);
    check_numbers(&want, &got, 0);
    ck_assert(whole.p.probability != got.p.probability);
    want = *predict(q, black), got = *predict(p, black);
    ck_assert_uint_eq(got.p.flags, HN_PREDICTION_NO_SKULL);
    check_numbers(&want, &got, 1);
    hn_image_free(image), hn_image_free(brain), hn_image_free(black);
    hn_predictor_free(p), hn_predictor_free(q), hn_model_free(model), hn_model_free(plain);
}
END_TEST

/* Mean and deviation measured and given to a model: what it takes in then has mean 0 and deviation 1, channel by channel. */
START_TEST(measured_mean_and_deviation) {
    const hn_model_options shape = {.struct_size = sizeof shape, .width = SIDE, .height = SIDE, .slices = 3, .crop_head = 1};
    double mean[4] = {7, 7, 7, 7}, deviation[4] = {7, 7, 7, 7};
    int64_t n = 0;
    hn_dataset *data = NULL;
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    for (int i = 0; i < SLICES; i++) {
        hn_image *image = slice(i);
        ck_ok(hn_dataset_add_image(data, image, i % 2 ? "a" : "b", NULL, &err));
        hn_image_free(image);
    }
    ck_assert_int_eq(hn_dataset_statistics(data, &shape, NULL, mean, deviation, 2, &n, &err), HN_E_BUFFER);
    ck_assert(mean[0] == 7 && n == 0);
    ck_ok(hn_dataset_statistics(data, &shape, NULL, mean, deviation, 4, &n, &err));
    ck_assert_int_eq(n, SLICES);
    ck_assert(mean[0] > 0.1 && mean[0] < 0.9 && deviation[0] > 0.1 && deviation[0] < 0.5);
    ck_assert(mean[0] == mean[1] && deviation[1] == deviation[2] && mean[3] == 7); /* no numbers: each is its own neighbour */
    hn_cancel *cancel = NULL;
    ck_ok(hn_cancel_create(ctx, &cancel, &err));
    hn_cancel_trigger(cancel);
    ck_assert_int_eq(hn_dataset_statistics(data, &shape, cancel, mean, deviation, 4, NULL, &err), HN_E_CANCELLED);
    hn_cancel_free(cancel);
    hn_dataset_free(data);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {series_is_the_stack, a_gap, series_of_single_slices, cropping, stripping, measured_mean_and_deviation};
    Suite *suite = suite_create("series");
    TCase *tcase = tcase_create("series");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(tcase, cases[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
