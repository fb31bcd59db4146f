/* test_pixels.c - raw pixels in, windows, conversion, encoding: the public calls that need no file to start from. */
#include <math.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "golden.h"

static hn_image *wrap(hn_context *ctx, const hn_pixels *p) {
    hn_error err = {0};
    hn_image *image = NULL;
    ck_ok(hn_image_wrap(ctx, p, &image, &err));
    return image;
}

START_TEST(rows_and_alpha) {
    hn_context *ctx = make_context();
    /* 2 × 2 px, grey and alpha, 16 bit, at an odd address, rows from the bottom, 3 bytes of gap. */
    uint8_t raw[1 + 2 * 11] = {0};
    const uint16_t rows[2][4] = {{1, 99, 2, 99}, {3, 99, 60000, 99}};
    memcpy(raw + 1, rows[1], 8);
    memcpy(raw + 1 + 11, rows[0], 8);
    const hn_pixels p = {.struct_size = sizeof p, .type = HN_PIXEL_U16, .width = 2, .height = 2, .channels = 2, .row_stride = -11,
                         .data = raw + 12};
    hn_image *image = wrap(ctx, &p);
    uint16_t out[4] = {0};
    size_t need = 0;
    hn_error err = {0};
    ck_assert_int_eq(hn_image_copy_pixels(image, out, 7, &need, &err), HN_E_BUFFER);
    ck_assert_uint_eq(need, 8);
    ck_assert_uint_eq(out[0], 0);
    ck_ok(hn_image_copy_pixels(image, out, 8, NULL, &err));
    ck_assert_uint_eq(out[0], 1);
    ck_assert_uint_eq(out[1], 2);
    ck_assert_uint_eq(out[2], 3);
    ck_assert_uint_eq(out[3], 60000);
    hn_image_info info = {.struct_size = sizeof info};
    ck_ok(hn_image_get_info(image, &info, &err));
    ck_assert_int_eq(info.channels, 1);
    ck_assert_int_eq(info.source_channels, 2);
    ck_assert_str_eq(info.format, "raw");
    hn_image_free(image);
    hn_image_free(NULL);
    hni_context_unref(ctx);
}
END_TEST

static void refused(hn_context *ctx, hn_pixels p, hn_status expected) {
    hn_error err = {0};
    hn_image *image = NULL;
    ck_assert_int_eq(hn_image_wrap(ctx, &p, &image, &err), expected);
    ck_assert_ptr_null(image);
    ck_assert_int_gt((int)strlen(err.message), 10);
}

START_TEST(wrong_pixels) {
    hn_context *ctx = make_context();
    const uint8_t data[64] = {0};
    const hn_pixels good = {.struct_size = sizeof good, .type = HN_PIXEL_U8, .width = 2, .height = 2, .channels = 3, .data = data};
    hn_pixels p;
#define REFUSED(status, ...) (p = good, __VA_ARGS__, refused(ctx, p, status))
    REFUSED(HN_E_ABI, p.struct_size = 8);
    REFUSED(HN_E_ARGUMENT, p.type = 0);
    REFUSED(HN_E_ARGUMENT, p.type = 5);
    REFUSED(HN_E_ARGUMENT, p.width = 0);
    REFUSED(HN_E_ARGUMENT, p.height = -1);
    REFUSED(HN_E_LIMIT, p.width = 65536);
    REFUSED(HN_E_LIMIT, p.height = INT32_MAX);
    REFUSED(HN_E_ARGUMENT, p.channels = 0);
    REFUSED(HN_E_ARGUMENT, p.channels = 5);
    REFUSED(HN_E_ARGUMENT, p.flags = 4);
    REFUSED(HN_E_ARGUMENT, p.flags = HN_PIXELS_ALPHA);
    REFUSED(HN_E_ARGUMENT, p.flags = HN_PIXELS_HU);
    REFUSED(HN_E_ARGUMENT, p.row_stride = 5);
    REFUSED(HN_E_ARGUMENT, p.row_stride = -5);
    REFUSED(HN_E_ARGUMENT, p.row_stride = INT64_MAX);
    REFUSED(HN_E_ARGUMENT, p.row_stride = INT64_MIN);
    REFUSED(HN_E_ARGUMENT, p.data = NULL);
    REFUSED(HN_E_ARGUMENT, p.slope = 2);
    REFUSED(HN_E_ARGUMENT, p.type = HN_PIXEL_I16, p.slope = NAN);
    REFUSED(HN_E_ARGUMENT, p.type = HN_PIXEL_I16, p.intercept = INFINITY);
    hni_context_unref(ctx);
}
END_TEST

static hn_image *ct(hn_context *ctx, const int16_t *hu, int n) {
    static int16_t stored[64];
    for (int i = 0; i < n; i++)
        stored[i] = (int16_t)(hu[i] + 1024);
    const hn_pixels p = {.struct_size = sizeof p, .type = HN_PIXEL_I16, .width = n, .height = 1, .channels = 1, .data = stored,
                         .intercept = -1024};
    return wrap(ctx, &p);
}

START_TEST(windows) {
    hn_context *ctx = make_context();
    const int16_t hu[9] = {-1024, 0, 1, 8, 24, 40, 79, 80, 3000};
    const uint8_t brain[9] = {0, 0, 3, 26, 76, 128, 252, 255, 255}; /* 25.5 and 76.5 go to even, 127.5 to 128 */
    const hn_window wide = {.centre = 500, .width = 2000};
    hn_error err = {0};
    hn_image *image = ct(ctx, hu, 9), *out = NULL;
    ck_ok(hn_image_window(image, NULL, &out, &err));
    ck_assert_mem_eq(out->data, brain, 9);
    ck_assert_uint_eq(out->flags, 0);
    hn_image_free(out);
    ck_ok(hn_image_convert(image, 3, &out, &err)); /* through the brain window */
    ck_assert_uint_eq(((uint8_t *)out->data)[3 * 4 + 1], 76);
    hn_image_free(out);
    ck_ok(hn_image_window_float(image, &wide, &out, &err));
    const float *f = out->data;
    for (int i = 0; i < 9; i++)
        ck_assert(f[i] == (float)fmin(fmax((hu[i] + 500) / 2000.0, 0), 1));
    hn_window bad = {.centre = 40, .width = 0};
    hn_image *none = out;
    ck_assert_int_eq(hn_image_window(image, &bad, &none, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(none);
    bad = (hn_window){.centre = NAN, .width = 80};
    ck_assert_int_eq(hn_image_window_float(image, &bad, &none, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_window(out, NULL, &none, &err), HN_E_ARGUMENT); /* grey levels */
    hn_image_free(out);
    hn_image_free(image);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(floats) {
    hn_context *ctx = make_context();
    const float levels[8] = {0, 1, 0.5f, NAN, -3, 7, INFINITY, 0.001f};
    const uint8_t expected[8] = {0, 255, 128, 0, 0, 255, 255, 0};
    hn_pixels p = {.struct_size = sizeof p, .type = HN_PIXEL_F32, .width = 8, .height = 1, .channels = 1, .data = levels};
    hn_error err = {0};
    hn_image *image = wrap(ctx, &p), *out = NULL;
    ck_ok(hn_image_convert(image, 1, &out, &err));
    ck_assert_mem_eq(out->data, expected, 8);
    hn_image_free(out);
    hn_image_free(image);
    p.flags = HN_PIXELS_HU;
    p.slope = 80;
    image = wrap(ctx, &p);
    ck_ok(hn_image_window(image, NULL, &out, &err));
    ck_assert_mem_eq(out->data, expected, 8);
    hn_image_free(out);
    hn_image_free(image);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(deep_keeps_the_high_byte) {
    hn_context *ctx = make_context();
    const uint16_t deep[6] = {0, 255, 256, 0x80ff, 0xffff, 0xff00};
    const hn_pixels p = {.struct_size = sizeof p, .type = HN_PIXEL_U16, .width = 2, .height = 1, .channels = 3, .data = deep};
    hn_error err = {0};
    hn_image *image = wrap(ctx, &p), *out = NULL;
    ck_ok(hn_image_convert(image, 3, &out, &err));
    ck_assert_mem_eq(out->data, ((const uint8_t[6]){0, 0, 1, 0x80, 0xff, 0xff}), 6);
    hn_image_free(out);
    ck_assert_int_eq(hn_image_convert(image, 2, &out, &err), HN_E_ARGUMENT);
    hn_image_free(image);
    hni_context_unref(ctx);
}
END_TEST

/* The digests are what this encoder wrote when it was tested against Pillow: the same bytes on every machine. */
/* The bytes of the PNG file, without a file. */
static void check_memory(hn_context *ctx, const hn_image *image) {
    hn_error err = {0};
    hn_image *back = NULL;
    uint8_t bytes[16384] = {7};
    size_t need = 0, again = 0;
    ck_ok(hn_image_save_png_memory(image, NULL, 0, &need, &err));
    ck_assert(need > 61 && need < sizeof bytes);
    ck_assert_int_eq(hn_image_save_png_memory(image, bytes, need - 1, &again, &err), HN_E_BUFFER);
    ck_assert(bytes[0] == 7 && again == need);
    ck_ok(hn_image_save_png_memory(image, bytes, need, NULL, &err));
    ck_ok(hn_image_decode(ctx, bytes, need, NULL, &back, &err));
    ck_assert_uint_eq(back->size, image->size);
    ck_assert_mem_eq(back->data, image->data, image->size);
    hn_image_free(back);
}

START_TEST(files_written) {
    hn_context *ctx = make_context();
    hn_error err = {0};
    char folder[200], path[256];
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/haemnet-image-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int channels = 1; channels <= 3; channels += 2) {
        uint8_t *data = make_pixels(channels, 61, 43);
        const hn_pixels p = {.struct_size = sizeof p, .type = HN_PIXEL_U8, .width = 61, .height = 43, .channels = channels, .data = data};
        hn_image *image = wrap(ctx, &p), *back = NULL;
        snprintf(path, sizeof path, "%s/%d.png", folder, channels);
        ck_ok(hn_image_save_png(image, path, &err));
        ck_ok(hn_image_load(ctx, path, NULL, &back, &err));
        ck_assert_int_eq(back->channels, channels);
        ck_assert_uint_eq(back->size, image->size);
        ck_assert_mem_eq(back->data, image->data, image->size);
        hn_image_free(back);
        check_memory(ctx, image);
        remove(path);
        snprintf(path, sizeof path, "%s/%d.jpg", folder, channels);
        ck_ok(hn_image_save_jpeg(image, path, 90, &err));
        ck_ok(hn_image_load(ctx, path, NULL, &back, &err));
        ck_assert_int_eq(back->width, 61);
        ck_assert_str_eq(back->format, "jpeg");
        hn_image_free(back);
        remove(path);
        ck_assert_int_eq(hn_image_save_jpeg(image, path, 0, &err), HN_E_ARGUMENT);
        ck_assert_int_eq(hn_image_save_jpeg(image, path, 101, &err), HN_E_ARGUMENT);
        ck_assert_int_eq(hn_image_save_png(image, NULL, &err), HN_E_ARGUMENT);
        snprintf(path, sizeof path, "%s/none/1.png", folder);
        ck_assert_int_eq(hn_image_save_png(image, path, &err), HN_E_IO);
        ck_assert_ptr_nonnull(strstr(err.message, "none"));
        hn_image_free(image);
        free(data);
    }
    ck_assert_int_eq(remove(folder), 0); /* nothing was left in it */
    hni_context_unref(ctx);
}
END_TEST

static void check_encoded(hn_context *ctx, int channels, bool jpeg, const char *digest) {
    hn_error err = {0};
    uint8_t *data = make_pixels(channels, 61, 43), *bytes = NULL;
    const hn_pixels p = {.struct_size = sizeof p, .type = HN_PIXEL_U8, .width = 61, .height = 43, .channels = channels, .data = data};
    hn_image *image = wrap(ctx, &p);
    size_t size = 0;
    ck_ok(hni_image_encode(image, jpeg, 90, &bytes, &size, &err));
    ck_assert_str_eq(digest_of(bytes, size), digest);
    hni_free(ctx, bytes);
    hn_image_free(image);
    free(data);
}

START_TEST(same_bytes_everywhere) {
    hn_context *ctx = make_context();
    check_encoded(ctx, 1, false, "6814be7ba131804536f573cfdec319470070f177325757c8809fcfb9dd689051");
    check_encoded(ctx, 3, false, "d4769985e23613bf58a1cbe63434ae54dcf374e8ca51ab4ca8af0b89fd02ecb5");
    check_encoded(ctx, 1, true, "8c35f808de5048f7181e6bc980fcf73df0e358810e5ce414d0196a9dc5d43262");
    check_encoded(ctx, 3, true, "8969f4e63fb291a230dd575aa06c26a99f871842d2b1503e2aa883dcfbbd5bd5");
    hni_context_unref(ctx);
}
END_TEST

START_TEST(null_is_refused) {
    hn_error err = {0};
    hn_image *out = NULL;
    hn_image_info info = {.struct_size = sizeof info};
    ck_assert_int_eq(hn_image_get_info(NULL, &info, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_copy_pixels(NULL, NULL, 0, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_window(NULL, NULL, &out, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_window_float(NULL, NULL, &out, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_convert(NULL, 1, &out, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_save_png(NULL, "x", &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_save_jpeg(NULL, "x", 90, NULL), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_wrap(NULL, NULL, &out, &err), HN_E_ARGUMENT);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pixels");
    TCase *tests = tcase_create("pixels");
    tcase_add_test(tests, rows_and_alpha);
    tcase_add_test(tests, wrong_pixels);
    tcase_add_test(tests, windows);
    tcase_add_test(tests, floats);
    tcase_add_test(tests, deep_keeps_the_high_byte);
    tcase_add_test(tests, files_written);
    tcase_add_test(tests, same_bytes_everywhere);
    tcase_add_test(tests, null_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
