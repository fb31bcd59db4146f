/* test_filter.c - median and Gaussian filter against scipy.ndimage, bit for bit; what they leave alone; what they refuse. */
#include "image/filter.h"
#include "golden.h"

static hn_context *ctx;
static hn_error err;

static void set_up(void) { ctx = make_context(); }
static void tear_down(void) { hni_context_unref(ctx); }

static hn_image *wrap(const uint8_t *data, int channels, int width, int height) {
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = width, .height = height, .channels = channels,
                              .data = data};
    hn_image *image = NULL;
    ck_ok(hni_image_wrap(ctx, &pixels, &image, &err));
    return image;
}

static hn_image *make(int channels, int width, int height) {
    uint8_t *data = make_pixels(channels, width, height);
    hn_image *image = wrap(data, channels, width, height);
    free(data);
    return image;
}

START_TEST(golden) {
    FILE *f = fopen(GOLDEN("filter.txt"), "r");
    char line[256], kind[16], digest[65];
    int channels, width, height, lines = 0;
    double parameter;
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%15s %d %d %d %lf %64s", kind, &channels, &width, &height, &parameter, digest) != 6) continue;
        hn_image *image = make(channels, width, height), *out = NULL;
        if (!strcmp(kind, "median"))
            ck_ok(hni_image_median(image, (int32_t)parameter, &out, &err));
        else
            ck_ok(hni_image_gaussian(image, parameter, &out, &err));
        ck_assert_msg(!strcmp(digest_of(out->data, out->size), digest), "%s", line);
        hni_image_unref(out);
        hni_image_unref(image);
        lines++;
    }
    fclose(f);
    ck_assert_int_eq(lines, 2 * 9 * (5 + 7));
}
END_TEST

/* One grain of salt is gone after a median; a flat image stays as it is under both; the mean grey stays under a Gaussian. */
START_TEST(what_filters_are_for) {
    uint8_t data[20 * 20];
    hn_image *image, *out;
    memset(data, 90, sizeof data);
    data[10 * 20 + 7] = 255;
    image = wrap(data, 1, 20, 20);
    ck_ok(hni_image_median(image, 3, &out, &err));
    for (int i = 0; i < 400; i++) ck_assert_int_eq(((uint8_t *)out->data)[i], 90);
    hni_image_unref(out);
    ck_ok(hni_image_gaussian(image, 1, &out, &err));
    const uint8_t *p = out->data;
    ck_assert_int_eq(p[10 * 20 + 7], 116); /* 90 + 165 · 0.3989² */
    ck_assert_int_eq(p[10 * 20 + 6], p[9 * 20 + 7]);
    ck_assert_int_eq(p[0], 90);
    hni_image_unref(out);
    hni_image_unref(image);
}
END_TEST

START_TEST(refusals) {
    static const int32_t sizes[] = {-3, 0, 1, 2, 4, 33};
    const double sigmas[] = {-1, 0, 0.05, 64.1, 0.0 / 0.0};
    int16_t hu[4] = {0};
    const hn_pixels ct = {.struct_size = sizeof ct, .type = HN_PIXEL_I16, .width = 2, .height = 2, .channels = 1, .data = hu};
    hn_image *image = make(1, 5, 5), *grey = NULL, *out = image;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert_int_eq(hni_image_median(image, sizes[i], &out, &err), HN_E_ARGUMENT);
        ck_assert_ptr_null(out);
        ck_assert_ptr_nonnull(strstr(err.message, "median filter"));
    }
    for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++) {
        ck_assert_int_eq(hni_image_gaussian(image, sigmas[i], &out, &err), HN_E_ARGUMENT);
        ck_assert_ptr_null(out);
        ck_assert_ptr_nonnull(strstr(err.message, "sigma"));
    }
    ck_ok(hni_image_wrap(ctx, &ct, &grey, &err));
    ck_assert_int_eq(hni_image_median(grey, 3, &out, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hni_image_gaussian(grey, 1, &out, &err), HN_E_ARGUMENT);
    hni_image_unref(grey);
    hni_image_unref(image);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {golden, what_filters_are_for, refusals};
    Suite *suite = suite_create("filter");
    TCase *tcase = tcase_create("filter");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(tcase, cases[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
