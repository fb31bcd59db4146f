/* test_kernels.c - the inner loop of decoding a colour JPEG against stb_image's scalar formula, written down here once more. */
#include "base/random.h"
#include "golden.h"
#include "image/jpeg_kernels.h"

enum { LONGEST = 100, GUARD = 64 };

static uint8_t clamp(int x) {
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

/* One pixel as stb_image 2.27 makes it: 20 bits behind the point, and green's second part cut to 16 of them. */
static void convert(int y, int cb, int cr, uint8_t *rgb) {
    const int base = y * (1 << 20) + (1 << 19), green = (cb - 128) * -(1410 << 8);
    rgb[0] = clamp((base + (cr - 128) * (5743 << 8)) >> 20);
    rgb[1] = clamp((base - (cr - 128) * (2925 << 8) + (int)((unsigned)green & 0xffff0000u)) >> 20);
    rgb[2] = clamp((base + (cb - 128) * (7258 << 8)) >> 20);
}

START_TEST(every_colour) {
    uint8_t y[256], cb[256], cr[256], out[3 * 256], want[3 * 256];
    for (int u = 0; u < 256; u++)
        for (int v = 0; v < 256; v++) {
            for (int i = 0; i < 256; i++) {
                y[i] = (uint8_t)i;
                cb[i] = (uint8_t)u;
                cr[i] = (uint8_t)v;
            }
            for (int i = 0; i < 256; i++)
                convert(i, u, v, want + 3 * i);
            for (int n = 0; hni_jpeg_colours(n); n++) {
                hni_jpeg_colours(n)(out, y, cb, cr, 256);
                ck_assert_msg(!memcmp(out, want, sizeof want), "kernel %d, Cb %d, Cr %d", n, u, v);
            }
        }
}
END_TEST

/* Each length, with planes that end where memory does and bytes behind the pixels that must stay. */
static void check_lengths(hni_jpeg_colour_fn *colour) {
    hni_random r;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 0, 0);
    for (int n = 1; n <= LONGEST; n++) {
        uint8_t *plane[3], out[3 * LONGEST + GUARD], want[3];
        for (int k = 0; k < 3; k++) {
            plane[k] = malloc((size_t)n);
            ck_assert_ptr_nonnull(plane[k]);
            for (int i = 0; i < n; i++)
                plane[k][i] = (uint8_t)hni_random_below(&r, 256);
        }
        memset(out, 7, sizeof out);
        colour(out, plane[0], plane[1], plane[2], (size_t)n);
        for (int i = 0; i < n; i++) {
            convert(plane[0][i], plane[1][i], plane[2][i], want);
            ck_assert_msg(!memcmp(out + 3 * i, want, 3), "pixel %d of %d", i, n);
        }
        for (int i = 3 * n; i < 3 * n + GUARD; i++)
            ck_assert_int_eq(out[i], 7);
        for (int k = 0; k < 3; k++)
            free(plane[k]);
    }
}

START_TEST(every_length) {
    for (int n = 0; hni_jpeg_colours(n); n++)
        check_lengths(hni_jpeg_colours(n));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kernels");
    TCase *tests = tcase_create("colour");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_colour);
    tcase_add_test(tests, every_length);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
