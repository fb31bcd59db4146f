/* test_preview.c - hn_augment_images: what a training step would show the network, by public calls only. */
#include <math.h>

#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"

enum { SIDE = 32, N = 5 };
static hn_context *ctx;
static hn_error err;
static hn_image *images[N], *out[N], *again[N];
static uint8_t plain[N][SIDE * SIDE * 3];

/* Squares of grey, each image's elsewhere; already of the model's size, so that preprocessing leaves them as they are. */
static hn_image *draw(int i, int channels) {
    uint8_t p[SIDE * SIDE * 3];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < channels; c++)
                p[(y * SIDE + x) * channels + c] = (uint8_t)(x > i * 3 && x < 12 + i * 3 && y > 4 && y < 20 ? 200 - 20 * c : 40 + x + i);
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = SIDE, .height = SIDE, .channels = channels, .data = p};
    hn_image *image = NULL;
    ck_ok(hn_image_wrap(ctx, &pixels, &image, &err));
    ck_ok(hn_image_copy_pixels(image, plain[i], sizeof plain[i], NULL, &err));
    return image;
}

static void set_up(void) {
    hn_context_options o = {.struct_size = sizeof o, .threads = 2, .plugin_dir = ""};
    test_host_apply(&o);
    ck_ok(hn_context_create(&o, &ctx, &err));
}

static void tear_down(void) { hn_context_free(ctx); }

static hn_model *new_model(int channels, double mean, double deviation) {
    const double means[3] = {mean, mean, mean}, deviations[3] = {deviation, deviation, deviation};
    const hn_model_options o = {.struct_size = sizeof o, .width = SIDE, .height = SIDE, .channels = channels, .hidden = 1, .mean = means,
                                .deviation = deviations};
    hn_model *model = NULL;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &o, &model, &err));
    return model;
}

static void drop(hn_image **list, int n) {
    for (int i = 0; i < n; i++) hn_image_free(list[i]), list[i] = NULL;
}

static const uint8_t *pixels_of(const hn_image *image, int channels) {
    static uint8_t p[SIDE * SIDE * 3];
    hn_image_info info = {.struct_size = sizeof info};
    ck_ok(hn_image_get_info(image, &info, &err));
    ck_assert(info.type == HN_PIXEL_U8 && info.width == SIDE && info.height == SIDE && info.channels == channels);
    ck_ok(hn_image_copy_pixels(image, p, sizeof p, NULL, &err));
    return p;
}

static void augment(const hn_model *model, int n, const hn_augment_options *o, int64_t epoch, hn_image **to) {
    ck_ok(hn_augment_images(model, (const hn_image *const *)images, n, o, 7, epoch, NULL, to, &err));
}

/* Without options, and with all at 0, the images come back: grey and RGB, whatever mean and deviation. */
START_TEST(nothing_on) {
    const hn_augment_options off = {.struct_size = sizeof off};
    for (int channels = 1; channels <= 3; channels += 2) {
        hn_model *model = new_model(channels, 0.4, 0.3);
        for (int i = 0; i < N; i++) images[i] = draw(i, channels);
        for (int k = 0; k < 2; k++) {
            augment(model, N, k ? &off : NULL, 1, out);
            for (int i = 0; i < N; i++) ck_assert_mem_eq(pixels_of(out[i], channels), plain[i], (size_t)(SIDE * SIDE * channels));
            drop(out, N);
        }
        drop(images, N);
        hn_model_free(model);
    }
}
END_TEST

START_TEST(mirrored) {
    const hn_augment_options o = {.struct_size = sizeof o, .flip = 1};
    hn_model *model = new_model(1, 0, 1);
    for (int i = 0; i < N; i++) images[i] = draw(i, 1);
    augment(model, N, &o, 1, out);
    for (int i = 0; i < N; i++) {
        const uint8_t *p = pixels_of(out[i], 1);
        for (int k = 0; k < SIDE * SIDE; k++) ck_assert_uint_eq(p[k], plain[i][k / SIDE * SIDE + SIDE - 1 - k % SIDE]);
    }
    drop(out, N), drop(images, N);
    hn_model_free(model);
}
END_TEST

/* An image's own changes follow from its number, the epoch and the seed, not from the batch; other epochs are other images. */
START_TEST(of_the_sample_alone) {
    const hn_augment_options o = {.struct_size = sizeof o, .flip = 0.5, .rotate = 20, .scale = 0.2, .shift = 0.1, .shear = 5, .window_centre = 0.1,
                                  .window_width = 0.2, .brightness = 0.1, .contrast = 0.2, .gamma = 0.2, .noise = 0.1, .blur = 0.2, .cutout = 0.5};
    const int64_t number = 3;
    hn_model *model = new_model(1, 0.4, 0.3);
    uint8_t first[SIDE * SIDE];
    for (int i = 0; i < N; i++) images[i] = draw(i, 1);
    augment(model, N, &o, 2, out);
    memcpy(first, pixels_of(out[3], 1), sizeof first);
    ck_assert_mem_ne(first, plain[3], sizeof first);
    ck_ok(hn_augment_images(model, (const hn_image *const *)images + 3, 1, &o, 7, 2, &number, again, &err));
    ck_assert_mem_eq(pixels_of(again[0], 1), first, sizeof first);
    drop(again, 1);
    augment(model, N, &o, 3, again);
    ck_assert_mem_ne(pixels_of(again[3], 1), first, sizeof first);
    drop(again, N), drop(out, N), drop(images, N);
    hn_model_free(model);
}
END_TEST

/* Mixed with the next of the batch, the last with the first: between the two, pixel by pixel. */
START_TEST(mixed) {
    const hn_augment_options o = {.struct_size = sizeof o, .mixup = 1};
    hn_model *model = new_model(1, 0, 1);
    for (int i = 0; i < N; i++) images[i] = draw(i, 1);
    augment(model, N, &o, 1, out);
    for (int i = 0; i < N; i++) {
        const uint8_t *p = pixels_of(out[i], 1), *a = plain[i], *b = plain[(i + 1) % N];
        double share = -1;
        for (int k = 0; k < SIDE * SIDE; k++)
            if (abs(a[k] - b[k]) > 100) share = (p[k] - (double)b[k]) / (a[k] - (double)b[k]);
        ck_assert(share >= -0.01 && share <= 1.01);
        for (int k = 0; k < SIDE * SIDE; k++) ck_assert_double_eq_tol(p[k], share * a[k] + (1 - share) * b[k], 2);
    }
    drop(out, N), drop(images, N);
    hn_model_free(model);
}
END_TEST

/* What is cut out is the mean grey that the model was given. */
START_TEST(cut_out) {
    const hn_augment_options o = {.struct_size = sizeof o, .cutout = 1, .cutout_size = 0.5};
    hn_model *model = new_model(1, 0.6, 0.2);
    for (int i = 0; i < N; i++) images[i] = draw(i, 1);
    augment(model, N, &o, 1, out);
    for (int i = 0; i < N; i++) {
        const uint8_t *p = pixels_of(out[i], 1);
        int cut = 0;
        for (int k = 0; k < SIDE * SIDE; k++) {
            ck_assert(p[k] == 153 || p[k] == plain[i][k]);
            cut += p[k] == 153;
        }
        ck_assert(cut >= SIDE * SIDE / 16 && cut <= SIDE * SIDE / 4 + 2 * SIDE);
    }
    drop(out, N), drop(images, N);
    hn_model_free(model);
}
END_TEST

START_TEST(refusals) {
    const hn_augment_options bad = {.struct_size = sizeof bad, .flip = 2}, good = {.struct_size = sizeof good};
    const int16_t hu = 0;
    const hn_pixels one = {.struct_size = sizeof one, .type = HN_PIXEL_I16, .width = 1, .height = 1, .channels = 1, .data = &hu};
    const hn_model_options five = {.struct_size = sizeof five, .channels = 5, .width = SIDE, .height = SIDE};
    hn_model *model = new_model(1, 0, 1), *wide = NULL;
    hn_image *list[2] = {draw(0, 1), NULL}, *ct = NULL, *two[2] = {list[0], list[0]};
    const hn_image *const *in = (const hn_image *const *)list;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &five, &wide, &err));
    ck_ok(hn_image_wrap(ctx, &one, &ct, &err));
    ck_assert_int_eq(hn_augment_images(model, in, 1, &bad, 0, 1, NULL, two, &err), HN_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.message, "flip"));
    ck_assert_ptr_null(two[0]);
    ck_assert_int_eq(hn_augment_images(model, in, 2, &good, 0, 1, NULL, two, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(two[1]);
    ck_assert_int_eq(hn_augment_images(model, in, 0, &good, 0, 1, NULL, two, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_augment_images(model, in, 4097, &good, 0, 1, NULL, two, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_augment_images(model, in, 1, &good, 0, -1, NULL, two, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_augment_images(wide, in, 1, &good, 0, 1, NULL, two, &err), HN_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(err.message, "image 0"));
    ck_ok(hn_augment_images(wide, (const hn_image *const *)&ct, 1, &good, 0, 1, NULL, two, &err)); /* five windows: the third is shown */
    pixels_of(two[0], 1);
    hn_image_free(two[0]), hn_image_free(list[0]), hn_image_free(ct);
    hn_model_free(model), hn_model_free(wide);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {nothing_on, mirrored, of_the_sample_alone, mixed, cut_out, refusals};
    Suite *suite = suite_create("preview");
    TCase *tcase = tcase_create("preview");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(tcase, cases[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
