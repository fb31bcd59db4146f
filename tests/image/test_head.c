/* test_head.c - the head's box against a slow search that fills holes and pieces pixel by pixel; heads with tables, letters, cracks and
 * ventricles; cropping of every type of image. */
#include <math.h>

#include "base/random.h"
#include "base/scratch.h"
#include "image/head.h"
#include "golden.h"

static hn_context *ctx;
static hn_error err;

static void set_up(void) { ctx = make_context(); }
static void tear_down(void) { hni_context_unref(ctx); }

static hn_image *wrap(int type, int channels, int width, int height, uint32_t flags, const void *data) {
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = type, .width = width, .height = height, .channels = channels,
                              .flags = flags, .data = data};
    hn_image *image = NULL;
    ck_ok(hni_image_wrap(ctx, &pixels, &image, &err));
    return image;
}

static hn_status find(const hn_image *image, double margin, bool square, hn_box *box) {
    hni_scratch scratch = {.ctx = ctx};
    hn_status status = hni_head_box(&scratch, image, margin, square, box, &err);
    hni_scratch_free(&scratch);
    return status;
}

/* --- the slow search ------------------------------------------------------------------------------------------------------- */
enum { MOST = 48 * 48 };
static int mark[MOST], stack[MOST];

/* Gives everything of value `of` that is connected with `seed` the value `to`; how many those were. */
static int flood(int w, int h, int seed, int of, int to, bool corners) {
    int n = 0, filled = 0;
    mark[seed] = to;
    stack[n++] = seed;
    while (n) {
        const int at = stack[--n], x = at % w, y = at / w;
        filled++;
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++) {
                const int next = (y + dy) * w + x + dx;
                if (x + dx < 0 || x + dx >= w || y + dy < 0 || y + dy >= h || (!corners && dx && dy) || mark[next] != of) continue;
                mark[next] = to;
                stack[n++] = next;
            }
    }
    return filled;
}

static bool slow_search(const uint8_t *tissue, int w, int h, hn_box *box) {
    int best = 0, most = 0, label = 2;
    for (int i = 0; i < w * h; i++) mark[i] = tissue[i] ? 1 : 0;
    for (int i = 0; i < w * h; i++)
        if (mark[i] == 0 && (i % w == 0 || i % w == w - 1 || i / w == 0 || i / w == h - 1)) flood(w, h, i, 0, -1, false);
    for (int i = 0; i < w * h; i++)
        if (mark[i] == 0) mark[i] = 1; /* holes */
    for (int i = 0; i < w * h; i++) {
        if (mark[i] != 1) continue;
        const int n = flood(w, h, i, 1, label, true);
        if (n > most) most = n, best = label;
        label++;
    }
    int left = w, right = 0, top = h, bottom = 0;
    for (int i = 0; i < w * h; i++) {
        if (most == 0 || mark[i] != best) continue;
        left = i % w < left ? i % w : left, right = i % w >= right ? i % w + 1 : right;
        top = i / w < top ? i / w : top, bottom = i / w + 1;
    }
    *box = (hn_box){.x = left, .y = top, .width = right - left, .height = bottom - top};
    return most > 0 && most * 100 >= w * h && box->width / 4 <= box->height && box->height / 4 <= box->width;
}

START_TEST(as_the_slow_search) {
    hni_random r;
    int found = 0;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 1, 0);
    for (int round = 0; round < 3000; round++) {
        const int w = 1 + (int)hni_random_below(&r, round % 2 ? 48 : 9), h = 1 + (int)hni_random_below(&r, round % 2 ? 48 : 9);
        const uint32_t density = 5 + hni_random_below(&r, 90);
        int16_t hu[MOST];
        uint8_t tissue[MOST];
        for (int i = 0; i < w * h; i++) {
            tissue[i] = hni_random_below(&r, 100) < density;
            hu[i] = tissue[i] ? 40 : -1000;
        }
        hn_image *image = wrap(HN_PIXEL_I16, 1, w, h, 0, hu);
        hn_box got = {0}, want = {0};
        const bool there = slow_search(tissue, w, h, &want);
        const hn_status status = find(image, 0, false, &got);
        ck_assert_int_eq(status, there ? HN_OK : HN_E_NOT_FOUND);
        ck_assert_msg(!there || !memcmp(&got, &want, sizeof got), "round %d, %d x %d px: %d %d %d %d, want %d %d %d %d", round, w, h, got.x,
                      got.y, got.width, got.height, want.x, want.y, want.width, want.height);
        found += there;
        hni_image_unref(image);
    }
    ck_assert_int_gt(found, 2000);
}
END_TEST

/* --- heads ------------------------------------------------------------------------------------------------------------------ */
enum { W = 200, H = 160 };
static uint8_t grey[W * H * 3];

static void ellipse(int cx, int cy, int rx, int ry, uint8_t level) {
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if ((x - cx) * (x - cx) * ry * ry + (y - cy) * (y - cy) * rx * rx <= rx * rx * ry * ry) grey[y * W + x] = level;
}

/* Air of a level, skull, brain that dark fluid parts from it, ventricle; a table below, letters in a corner. */
static void draw_head(uint8_t air) {
    memset(grey, air, sizeof grey);
    ellipse(80, 70, 50, 60, 255);
    ellipse(80, 70, 45, 55, 0);
    ellipse(80, 70, 43, 53, 110);
    ellipse(80, 70, 8, 20, 10);
    for (int x = 20; x < 140; x++) grey[140 * W + x] = grey[141 * W + x] = 255;
    for (int y = 4; y < 20; y++) grey[y * W + 180] = grey[4 * W + 170 + y / 2] = 255;
}

static void check_box(const hn_image *image, double margin, bool square, int x, int y, int width, int height) {
    hn_box box = {0};
    ck_ok(find(image, margin, square, &box));
    ck_assert_msg(box.x == x && box.y == y && box.width == width && box.height == height, "%d %d %d %d, want %d %d %d %d", box.x, box.y,
                  box.width, box.height, x, y, width, height);
}

START_TEST(heads) {
    static uint16_t wide[W * H];
    static float hu[W * H];
    static const uint8_t airs[] = {0, 12, 30};
    for (size_t k = 0; k < sizeof airs; k++) {
        draw_head(airs[k]);
        hn_image *image = wrap(HN_PIXEL_U8, 1, W, H, 0, grey), *rgb;
        check_box(image, 0, false, 30, 10, 101, 121);
        check_box(image, 0, true, 20, 10, 121, 121);
        check_box(image, 0.1, false, 18, -2, 125, 145); /* 12 px of 121 on each side */
        check_box(image, 0.1, true, 8, -2, 145, 145);
        ck_ok(hni_image_convert(image, 3, &rgb, &err));
        check_box(rgb, 0, false, 30, 10, 101, 121);
        hni_image_unref(rgb);
        hni_image_unref(image);
    }
    draw_head(0);
    for (int i = 0; i < W * H; i++) {
        wide[i] = (uint16_t)(grey[i] * 257);
        hu[i] = grey[i] ? (float)grey[i] : -900;
    }
    hn_image *image = wrap(HN_PIXEL_U16, 1, W, H, 0, wide), *ct = wrap(HN_PIXEL_F32, 1, W, H, HN_PIXELS_HU, hu);
    check_box(image, 0, false, 30, 10, 101, 121);
    check_box(ct, 0, false, 30, 10, 101, 121);
    hni_image_unref(image);
    hni_image_unref(ct);
    for (int i = 0; i < W * H; i++) hu[i] = NAN;
    ct = wrap(HN_PIXEL_F32, 1, W, H, HN_PIXELS_HU, hu);
    hn_box box = {.x = 7};
    ck_assert_int_eq(find(ct, 0, false, &box), HN_E_NOT_FOUND);
    ck_assert_int_eq(box.x, 7);
    ck_assert_ptr_nonnull(strstr(err.message, "200 x 160 px"));
    ck_assert_int_eq(find(ct, 1.1, false, &box), HN_E_ARGUMENT);
    ck_assert_int_eq(find(ct, NAN, false, &box), HN_E_ARGUMENT);
    hni_image_unref(ct);
}
END_TEST

/* Letters alone are no head; one grey is none; nor is a beam, whose square would be far larger than the image. Above 1024 px every second pixel
 * is looked at, and the box is still whole. */
START_TEST(no_head_and_large_ones) {
    hn_box box;
    memset(grey, 0, sizeof grey);
    for (int y = 4; y < 20; y++) grey[y * W + 180] = 255;
    hn_image *image = wrap(HN_PIXEL_U8, 1, W, H, 0, grey);
    ck_assert_int_eq(find(image, 0, false, &box), HN_E_NOT_FOUND);
    hni_image_unref(image);
    memset(grey, 0, sizeof grey);
    image = wrap(HN_PIXEL_U8, 1, W, H, 0, grey);
    ck_assert_int_eq(find(image, 0, false, &box), HN_E_NOT_FOUND);
    hni_image_unref(image);
    for (int x = 0; x < W; x++) grey[40 * W + x] = grey[41 * W + x] = 200;
    image = wrap(HN_PIXEL_U8, 1, W, H, 0, grey);
    ck_assert_int_eq(find(image, 0, true, &box), HN_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "200 x 2 px"));
    hni_image_unref(image);
    uint8_t *large = calloc(1500, 1101);
    for (int y = 100; y < 1101; y++) memset(large + y * 1500 + 200, 100, 1100);
    image = wrap(HN_PIXEL_U8, 1, 1500, 1101, 0, large);
    check_box(image, 0, false, 200, 100, 1100, 1001);
    hni_image_unref(image);
    free(large);
}
END_TEST

/* --- cropping --------------------------------------------------------------------------------------------------------------- */
START_TEST(crops) {
    static const hn_box boxes[] = {
        {.width = 13, .height = 9}, {.x = 3, .y = 2, .width = 4, .height = 5}, {.x = -2, .y = -3, .width = 20, .height = 20},
        {.x = 10, .y = 8, .width = 6, .height = 1}, {.x = -50, .y = 4, .width = 7, .height = 7}, {.x = 100, .width = 2, .height = 3}};
    for (int channels = 1; channels <= 3; channels += 2) {
        uint8_t *data = make_pixels(channels, 13, 9);
        hn_image *image = wrap(HN_PIXEL_U8, channels, 13, 9, 0, data), *out;
        for (size_t k = 0; k < sizeof boxes / sizeof *boxes; k++) {
            const hn_box *b = &boxes[k];
            ck_ok(hni_image_crop(image, b, &out, &err));
            ck_assert_int_eq(out->width, b->width);
            ck_assert_int_eq(out->height, b->height);
            for (int y = 0; y < b->height; y++)
                for (int x = 0; x < b->width * channels; x++) {
                    const int sx = x / channels + b->x, sy = y + b->y;
                    const bool inside = sx >= 0 && sx < 13 && sy >= 0 && sy < 9;
                    ck_assert_int_eq(((uint8_t *)out->data)[y * b->width * channels + x],
                                     inside ? data[(sy * 13 + sx) * channels + x % channels] : 0);
                }
            hni_image_unref(out);
        }
        hni_image_unref(image);
        free(data);
    }
}
END_TEST

/* Outside of CT values is air, whatever the scale; the scale stays with the image. */
START_TEST(crops_of_ct_values) {
    const int16_t stored[2] = {5, 6};
    const uint16_t plain[2] = {3000, 4000};
    const float floats[2] = {1.5f, -7};
    const hn_box box = {.x = -1, .width = 4, .height = 1};
    const struct {
        int type;
        uint32_t flags;
        const void *data;
        double slope, intercept, first, outside; /* HU */
    } cases[] = {{HN_PIXEL_I16, 0, stored, 2, -10, 0, -1024}, {HN_PIXEL_U16, HN_PIXELS_HU, plain, 1, -1024, 1976, -1024},
                 {HN_PIXEL_U16, HN_PIXELS_HU, plain, 1, -500, 2500, -500}, {HN_PIXEL_F32, HN_PIXELS_HU, floats, 1, 0, 1.5, -1024}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        hn_pixels pixels = {.struct_size = sizeof pixels, .type = cases[k].type, .width = 2, .height = 1, .channels = 1, .flags = cases[k].flags,
                            .data = cases[k].data, .slope = cases[k].slope, .intercept = cases[k].intercept};
        const hn_window window = {0, 8192};
        hn_image *image, *out, *seen;
        ck_ok(hni_image_wrap(ctx, &pixels, &image, &err));
        ck_ok(hni_image_crop(image, &box, &out, &err));
        ck_ok(hni_image_window(out, &window, HN_PIXEL_F32, &seen, &err));
        const float *p = seen->data;
        ck_assert_double_eq_tol(p[0] * 8192.0 - 4096, cases[k].outside, 1e-2);
        ck_assert_double_eq_tol(p[1] * 8192.0 - 4096, cases[k].first, 1e-2);
        ck_assert_double_eq_tol(p[3] * 8192.0 - 4096, cases[k].outside, 1e-2);
        hni_image_unref(seen);
        hni_image_unref(out);
        hni_image_unref(image);
    }
}
END_TEST

START_TEST(refusals) {
    static const hn_box bad[] = {{.width = 0, .height = 1}, {.width = 1, .height = 65536}, {.width = -1, .height = 1},
                                 {.x = 1 << 21, .width = 1, .height = 1},
                                 {.y = -(1 << 21), .width = 1, .height = 1}};
    hn_image *image = wrap(HN_PIXEL_U8, 1, W, H, 0, grey), *out = image;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        ck_assert_int_eq(hni_image_crop(image, &bad[k], &out, &err), HN_E_ARGUMENT);
        ck_assert_ptr_null(out);
        ck_assert_ptr_nonnull(strstr(err.message, "a box "));
    }
    hni_image_unref(image);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {as_the_slow_search, heads, no_head_and_large_ones, crops, crops_of_ct_values, refusals};
    Suite *suite = suite_create("head");
    TCase *tcase = tcase_create("head");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(tcase, cases[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
