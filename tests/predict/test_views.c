/* test_views.c - test-time averaging: the views, byte by byte, and probabilities that are the means of what the views give when they are
 * predicted one by one. */
#include "predict/views.h"
#include "scene.h"

START_TEST(views_byte_by_byte) {
    static const uint8_t src[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}; /* two planes of 3 × 2 */
    static const uint8_t wanted[10][12] = {
        {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10}, {2, 3, 3, 5, 6, 6, 8, 9, 9, 11, 12, 12},
        {3, 3, 2, 6, 6, 5, 9, 9, 8, 12, 12, 11}, {1, 1, 2, 4, 4, 5, 7, 7, 8, 10, 10, 11}, {2, 1, 1, 5, 4, 4, 8, 7, 7, 11, 10, 10},
        {4, 5, 6, 4, 5, 6, 10, 11, 12, 10, 11, 12}, {6, 5, 4, 6, 5, 4, 12, 11, 10, 12, 11, 10}, {1, 2, 3, 1, 2, 3, 7, 8, 9, 7, 8, 9},
        {3, 2, 1, 3, 2, 1, 9, 8, 7, 9, 8, 7}};
    uint8_t dst[12];
    for (int v = 0; v < 10; v++) {
        hni_view_make(src, dst, 2, 3, 2, v);
        ck_assert_msg(!memcmp(dst, wanted[v], sizeof dst), "view %d", v);
    }
    ck_assert_int_eq(hni_views(HN_TTA_NONE), 1);
    ck_assert_int_eq(hni_views(HN_TTA_FLIP), 2);
    ck_assert_int_eq(hni_views(HN_TTA_FLIP_SHIFT), 10);
}
END_TEST

START_TEST(one_pixel_and_large_images) {
    uint8_t one = 7, same = 0, row[128], moved[128];
    for (int v = 0; v < 10; v++) {
        same = 0;
        hni_view_make(&one, &same, 1, 1, 1, v); /* a shift as wide as the image leaves its edge */
        ck_assert_int_eq(same, 7);
    }
    for (int i = 0; i < 128; i++) row[i] = (uint8_t)i;
    hni_view_make(row, moved, 1, 128, 1, 2); /* 128 / 32 px to the left */
    ck_assert(moved[0] == 4 && moved[123] == 127 && moved[124] == 127 && moved[127] == 127);
    hni_view_make(row, moved, 1, 128, 1, 4);
    ck_assert(moved[0] == 0 && moved[3] == 0 && moved[4] == 0 && moved[5] == 1 && moved[127] == 123);
}
END_TEST

static hn_predictor *averaging(const hn_model *model, int32_t max_batch, int32_t tta) {
    hn_predictor *p = NULL;
    hn_predictor_options o = {.struct_size = sizeof o, .max_batch = max_batch, .device = "reference", .tta = tta};
    ck_ok(hn_predictor_create(model, &o, &p, &err));
    return p;
}

static hn_image *square(uint32_t seed, int view) {
    uint8_t pixels[SIDE * SIDE], seen[SIDE * SIDE];
    for (uint32_t i = 0; i < SIDE * SIDE; i++) pixels[i] = (uint8_t)noise(seed, i);
    hni_view_make(pixels, seen, 1, SIDE, SIDE, view);
    return wrap(ctx, (hn_pixels){.type = HN_PIXEL_U8, .width = SIDE, .height = SIDE, .channels = 1}, seen);
}

START_TEST(means_over_the_views) {
    hn_model *model = new_model(ctx, &(hn_model_options){.channels = 1, .n_classes = 3});
    hn_predictor *plain = averaging(model, 1, HN_TTA_NONE);
    for (int32_t tta = HN_TTA_NONE; tta <= HN_TTA_FLIP_SHIFT; tta++) {
        hn_predictor *p = averaging(model, 4, tta);
        double probabilities[3] = {0}, logits[3] = {0};
        const int views = hni_views(tta);
        for (int v = 0; v < views; v++) {
            hn_image *image = square(5, v);
            const verdict *one = predict(plain, image);
            for (int k = 0; k < 3; k++) probabilities[k] += (double)one->probabilities[k], logits[k] += (double)one->logits[k];
            hn_image_free(image);
        }
        hn_image *image = square(5, 0);
        const verdict *all = predict(p, image);
        for (int k = 0; k < 3; k++) {
            ck_assert(all->probabilities[k] == (float)(probabilities[k] / views));
            ck_assert(all->logits[k] == (float)(logits[k] / views));
        }
        hn_image_free(image);
        hn_predictor_free(p);
    }
    hn_predictor_free(plain);
    hn_model_free(model);
}
END_TEST

START_TEST(batches_and_data_sets_average_too) {
    enum { IMAGES = 6 };
    hn_model *model = new_model(ctx, &(hn_model_options){.channels = 1, .n_classes = 2});
    hn_predictor *p = averaging(model, 4, HN_TTA_FLIP);
    hn_image *images[IMAGES];
    hn_prediction batch[IMAGES];
    float probabilities[IMAGES][2];
    hn_dataset *data = NULL;
    hn_eval *eval = NULL;
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    for (uint32_t i = 0; i < IMAGES; i++) {
        images[i] = square(i, 0);
        batch[i] = (hn_prediction){.struct_size = sizeof *batch, .probabilities = probabilities[i], .capacity = 2};
        ck_ok(hn_dataset_add_image(data, images[i], i % 2 ? "1" : "0", NULL, &err));
    }
    ck_ok(hn_predict_batch(p, (const hn_image *const *)images, IMAGES, batch, &err));
    ck_ok(hn_evaluate(p, data, NULL, &eval, &err));
    for (int i = 0; i < IMAGES; i++) {
        const verdict *one = predict(p, images[i]);
        hn_image *mirrored = square((uint32_t)i, 1);
        hn_eval_sample s = {.struct_size = sizeof s};
        ck_ok(hn_eval_row(eval, i, &s, &err));
        const float seen[2] = {one->probabilities[0], one->probabilities[1]};
        ck_assert(!memcmp(seen, probabilities[i], sizeof seen) && s.probabilities[1] == (double)seen[1]);
        const verdict *other = predict(p, mirrored); /* the same two views */
        ck_assert(other->probabilities[0] == seen[0] && other->probabilities[1] == seen[1]);
        hn_image_free(mirrored);
        hn_image_free(images[i]);
    }
    hn_eval_free(eval);
    hn_dataset_free(data);
    hn_predictor_free(p);
    hn_model_free(model);
}
END_TEST

START_TEST(other_views_are_refused) {
    hn_model *model = new_model(ctx, NULL);
    hn_predictor *p = (hn_predictor *)1;
    for (int i = 0; i < 3; i++) {
        const hn_predictor_options o = {.struct_size = sizeof o, .tta = i == 0 ? -1 : i == 1 ? 3 : 0, .flags = i == 2};
        ck_assert_int_eq(hn_predictor_create(model, &o, &p, &err), HN_E_ARGUMENT);
        ck_assert_ptr_null(p);
        ck_assert(strstr(err.message, "HN_TTA_") != NULL);
    }
    hn_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("views");
    TCase *t = tcase_create("views");
    tcase_add_checked_fixture(t, set_up, tear_down);
    const TTest *const cases[] = {views_byte_by_byte, one_pixel_and_large_images, means_over_the_views, batches_and_data_sets_average_too,
                                  other_views_are_refused};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(t, cases[i]);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
