/* test_preproc.c - image → planar u8 tensor: the same as window or convert, then resize, channel by channel; keys; refusals. */
#include <math.h>

#include "base/context.h"
#include "base/memory.h"
#include "preproc/preproc.h"
#include "../host.h"
#include "../test.h"

static hn_context *ctx;
static hn_error err;
static uint64_t own_blocks;

static void set_up(void) {
    hn_context_options options = {.struct_size = sizeof options};
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
    own_blocks = atomic_load(&ctx->live_blocks);
}

static void tear_down(void) {
    ck_assert(atomic_load(&ctx->live_blocks) == own_blocks);
    hni_context_unref(ctx);
}

enum { W = 13, H = 9 };

static hn_image *make(int32_t type, int32_t channels, uint32_t flags) {
    static uint8_t u8[W * H * 3];
    static int16_t i16[W * H * 3];
    static uint16_t u16[W * H * 3];
    static float f32[W * H * 3];
    const void *data = u8;
    if (type == HN_PIXEL_I16) data = i16;
    if (type == HN_PIXEL_U16) data = u16;
    if (type == HN_PIXEL_F32) data = f32;
    for (int i = 0; i < W * H * channels; i++) {
        u8[i] = (uint8_t)(i * 37);
        i16[i] = (int16_t)(i * 29 % 300 - 100);
        u16[i] = (uint16_t)(i * 5003);
        f32[i] = (float)(i * 31 % 200);
    }
    hn_pixels pixels = {.struct_size = sizeof pixels, .type = type, .width = W, .height = H, .channels = channels, .flags = flags,
                        .data = data};
    hn_image *image;
    ck_ok(hni_image_wrap(ctx, &pixels, &image, &err));
    return image;
}

/* Plane c of what preproc gave = this 8-bit image's channel k, resized on its own. */
static void check_plane(const hni_preproc *p, const uint8_t *tensor, int32_t c, const hn_image *u8, int32_t k) {
    size_t pixels = (size_t)p->width * (size_t)p->height, n = (size_t)u8->channels;
    uint8_t *want = malloc(pixels * n);
    ck_ok(hni_resize_u8(ctx, u8->data, u8->width, u8->height, u8->channels, want, p->width, p->height, &err));
    for (size_t i = 0; i < pixels; i++) ck_assert_uint_eq(tensor[(size_t)c * pixels + i], want[i * n + (size_t)k]);
    free(want);
}

static uint8_t *run(const hni_preproc *p, const hn_image *image) {
    uint8_t *tensor = malloc(hni_preproc_bytes(p));
    ck_ok(hni_preproc_run(ctx, p, image, tensor, &err));
    return tensor;
}

START_TEST(grey_levels) {
    static const struct { int32_t type, from, to; } cases[] = {
        {HN_PIXEL_U8, 1, 1}, {HN_PIXEL_U8, 1, 3}, {HN_PIXEL_U8, 3, 1}, {HN_PIXEL_U8, 3, 3},
        {HN_PIXEL_U16, 1, 3}, {HN_PIXEL_U16, 3, 3}, {HN_PIXEL_F32, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hni_preproc p = {.width = 7, .height = 16, .channels = cases[i].to};
        hn_image *image = make(cases[i].type, cases[i].from, 0), *u8;
        uint8_t *tensor = run(&p, image);
        ck_ok(hni_image_convert(image, cases[i].to, &u8, &err));
        for (int32_t c = 0; c < p.channels; c++) check_plane(&p, tensor, c, u8, c);
        hni_image_unref(u8);
        hni_image_unref(image);
        free(tensor);
    }
}
END_TEST

START_TEST(one_window_for_all_channels) {
    static const int32_t channels[] = {1, 3, 2, 16};
    for (int with = 0; with < 2; with++) {
        for (int i = 0; i < 4; i++) {
            hni_preproc p = {.width = 5, .height = 4, .channels = channels[i], .n_windows = with, .windows = {{80, 200}}};
            hn_window window = {with ? 80 : 40, with ? 200 : 80}; /* none given: brain */
            hn_image *image = make(HN_PIXEL_I16, 1, 0), *u8;
            uint8_t *tensor = run(&p, image);
            ck_ok(hni_image_window(image, &window, HN_PIXEL_U8, &u8, &err));
            for (int32_t c = 0; c < p.channels; c++) check_plane(&p, tensor, c, u8, 0);
            hni_image_unref(u8);
            hni_image_unref(image);
            free(tensor);
        }
    }
}
END_TEST

START_TEST(a_window_per_channel) {
    hni_preproc p = {.width = 20, .height = 20, .channels = 5, .n_windows = 5,
                     .windows = {{40, 80}, {80, 200}, {600, 2800}, {0, 1}, {30, 30}}};
    hn_image *images[] = {make(HN_PIXEL_I16, 1, 0), make(HN_PIXEL_F32, 1, HN_PIXELS_HU)};
    for (int i = 0; i < 2; i++) {
        uint8_t *tensor = run(&p, images[i]);
        for (int32_t c = 0; c < 5; c++) {
            hn_image *u8;
            ck_ok(hni_image_window(images[i], &p.windows[c], HN_PIXEL_U8, &u8, &err));
            check_plane(&p, tensor, c, u8, 0);
            hni_image_unref(u8);
        }
        free(tensor);
        hni_image_unref(images[i]);
    }
}
END_TEST

/* An image that has the size already goes through unchanged, as planes. */
START_TEST(same_size_is_a_copy) {
    hni_preproc p = {.width = W, .height = H, .channels = 3};
    hn_image *image = make(HN_PIXEL_U8, 3, 0);
    const uint8_t *src = image->data;
    uint8_t *tensor = run(&p, image);
    for (int i = 0; i < W * H; i++) {
        for (int c = 0; c < 3; c++) ck_assert_uint_eq(tensor[c * W * H + i], src[3 * i + c]);
    }
    free(tensor);
    hni_image_unref(image);
}
END_TEST

START_TEST(refusals) {
    uint8_t tensor[64];
    hn_image *image = make(HN_PIXEL_U8, 1, 0);
    hni_preproc good = {.width = 2, .height = 2, .channels = 5}, p = good;
    ck_assert_int_eq(hni_preproc_run(ctx, &p, image, tensor, &err), HN_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(err.message, "5 channels"));
    ck_assert_ptr_nonnull(strstr(err.message, "windows"));
    const hni_preproc bad[] = {
        {.width = 0, .height = 2, .channels = 1},
        {.width = 2, .height = -1, .channels = 1},
        {.width = 65536, .height = 2, .channels = 1},
        {.width = 2, .height = 2, .channels = 0},
        {.width = 2, .height = 2, .channels = 17},
        {.width = 2, .height = 2, .channels = 3, .n_windows = 2},
        {.width = 2, .height = 2, .channels = 1, .n_windows = 1},
        {.width = 2, .height = 2, .channels = 1, .n_windows = -1},
        {.width = 2, .height = 2, .channels = 1, .n_windows = 1, .windows = {{NAN, 1}}},
        {.width = 2, .height = 2, .channels = 1, .n_windows = 1, .windows = {{0, INFINITY}}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(hni_preproc_check(&bad[i], &err), HN_E_ARGUMENT);
        ck_assert_int_eq(hni_preproc_run(ctx, &bad[i], image, tensor, &err), HN_E_ARGUMENT);
    }
    hni_image_unref(image);
}
END_TEST

START_TEST(keys_and_bytes) {
    const hni_preproc base = {.width = 64, .height = 48, .channels = 3, .n_windows = 1, .windows = {{40, 80}}};
    hni_preproc p = base;
    uint64_t key = hni_preproc_key(&base);
    ck_assert_uint_eq(hni_preproc_bytes(&base), 64 * 48 * 3);
    p.width = 0;
    ck_assert_uint_eq(hni_preproc_bytes(&p), 0);
    p = base;
    p.n_windows = 0; /* brain is what the one window says */
    p.mean[0] = 0.5f;
    p.deviation[1] = 2;
    p.windows[5].width = 7; /* not in use */
    ck_assert_uint_eq(hni_preproc_key(&p), key);
    p = base, p.width = 48, p.height = 64;
    ck_assert_uint_ne(hni_preproc_key(&p), key);
    p = base, p.channels = 1;
    ck_assert_uint_ne(hni_preproc_key(&p), key);
    p = base, p.windows[0].centre = 41;
    ck_assert_uint_ne(hni_preproc_key(&p), key);
    p = base, p.n_windows = 3, p.windows[1] = p.windows[2] = p.windows[0];
    ck_assert_uint_ne(hni_preproc_key(&p), key);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {grey_levels, one_window_for_all_channels, a_window_per_channel, same_size_is_a_copy, refusals,
                                  keys_and_bytes};
    Suite *suite = suite_create("preproc");
    TCase *tcase = tcase_create("preproc");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(tcase, cases[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
