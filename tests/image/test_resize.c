/* test_resize.c - resizing and conversion against Pillow, by digests of its results. */
#include "golden.h"

/* kind, channels, width, height, new width, new height, digest: one line of resize.txt. */
typedef struct {
    char kind[8], digest[65];
    int channels, width, height, new_width, new_height;
} golden;

static bool next_golden(FILE *f, golden *g) {
    char line[256];
    while (fgets(line, sizeof line, f))
        if (line[0] != '#')
            return sscanf(line, "%7s %d %d %d %d %d %64s", g->kind, &g->channels, &g->width, &g->height, &g->new_width, &g->new_height,
                          g->digest) == 7;
    return false;
}

static hn_image *wrap(hn_context *ctx, int channels, int width, int height) {
    hn_error err = {0};
    hn_image *image = NULL;
    uint8_t *data = make_pixels(channels, width, height);
    hn_pixels p = {.struct_size = sizeof p, .type = HN_PIXEL_U8, .channels = channels, .data = data};
    p.width = width;
    p.height = height;
    ck_ok(hn_image_wrap(ctx, &p, &image, &err));
    free(data);
    return image;
}

static void check_line(hn_context *ctx, const golden *g) {
    hn_error err = {0};
    hn_image *in = wrap(ctx, g->channels, g->width, g->height), *out = NULL;
    if (!strcmp(g->kind, "resize"))
        ck_ok(hn_image_resize(in, g->new_width, g->new_height, &out, &err));
    else
        ck_ok(hn_image_convert(in, strcmp(g->kind, "luma") ? 3 : 1, &out, &err));
    ck_assert_msg(!strcmp(digest_of(out->data, out->size), g->digest), "%s of %d channels, %dx%d to %dx%d differs from Pillow", g->kind,
                  g->channels, g->width, g->height, g->new_width, g->new_height);
    hn_image_free(in);
    hn_image_free(out);
}

START_TEST(equals_pillow) {
    hn_context *ctx = make_context();
    FILE *f = fopen(GOLDEN("resize.txt"), "r");
    golden g;
    int resized = 0, converted = 0;
    ck_assert_ptr_nonnull(f);
    while (next_golden(f, &g)) {
        check_line(ctx, &g);
        *(strcmp(g.kind, "resize") ? &converted : &resized) += 1;
    }
    fclose(f);
    ck_assert_int_ge(resized, 80);
    ck_assert_int_eq(converted, 6);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(refuses_what_it_cannot_do) {
    hn_context *ctx = make_context();
    hn_error err = {0};
    const float one = 0.5f;
    const hn_pixels p = {.struct_size = sizeof p, .type = HN_PIXEL_F32, .width = 1, .height = 1, .channels = 1, .data = &one};
    hn_image *eight = wrap(ctx, 1, 4, 4), *real = NULL, *out = eight;
    ck_ok(hn_image_wrap(ctx, &p, &real, &err));
    ck_assert_int_eq(hn_image_resize(real, 2, 2, &out, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(out);
    ck_assert_int_eq(hn_image_resize(eight, 0, 2, &out, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_resize(eight, 2, -1, &out, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_resize(eight, 65536, 1, &out, &err), HN_E_LIMIT);
    ck_assert_int_eq(hn_image_resize(NULL, 2, 2, &out, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_resize(eight, 2, 2, NULL, NULL), HN_E_ARGUMENT);
    hn_image_free(eight);
    hn_image_free(real);
    hni_context_unref(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("resize");
    TCase *tests = tcase_create("pillow");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, equals_pillow);
    tcase_add_test(tests, refuses_what_it_cannot_do);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
