/* test_text.c - captions: shapes of characters, enlargement, lines, what the font lacks, what lies outside of the canvas. */
#include "golden.h"
#include "haemnet/haemnet.h"
#include "image/text.h"

static hn_error err;

static hn_image *draw(hn_context *ctx, const char *text, int32_t scale, const uint8_t **pixels) {
    hn_image *image = NULL;
    ck_ok(hn_image_text(ctx, text, scale, &image, &err));
    *pixels = image->data;
    return image;
}

START_TEST(letters_are_themselves) {
    static const char *const rows[10] = {".###..", "#...#.", "#...#.", "#####.", "#...#.", "#...#.", "#...#.", "......", "......", "......"};
    hn_context *ctx = make_context();
    const uint8_t *p;
    hn_image *image = draw(ctx, "A", 1, &p);
    ck_assert_int_eq(image->width, 6);
    ck_assert_int_eq(image->height, 10);
    ck_assert_int_eq(image->channels, 1);
    for (int y = 0; y < 10; y++)
        for (int x = 0; x < 6; x++)
            ck_assert_uint_eq(p[y * 6 + x], rows[y][x] == '#' ? 255 : 0);
    hn_image_free(image);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(no_two_characters_look_alike) {
    hn_context *ctx = make_context();
    uint8_t seen[128][60];
    for (int c = 32; c < 128; c++) { /* 127: the box */
        const char text[2] = {(char)c, 0};
        const uint8_t *p;
        hn_image *image = draw(ctx, text, 1, &p);
        memcpy(seen[c], p, 60);
        for (int other = 32; other < c; other++)
            ck_assert_msg(memcmp(seen[c], seen[other], 60) != 0, "%c and %c look alike", c, other);
        for (int y = 0; y < 10; y++) /* room between characters and between lines */
            ck_assert_uint_eq(p[y * 6 + 5] | (y == 9 ? p[y * 6] | p[y * 6 + 1] | p[y * 6 + 2] | p[y * 6 + 3] | p[y * 6 + 4] : 0), 0);
        hn_image_free(image);
    }
    hni_context_unref(ctx);
}
END_TEST

START_TEST(enlarged_by_whole_numbers) {
    hn_context *ctx = make_context();
    const uint8_t *small, *large;
    hn_image *a = draw(ctx, "Qg 0.97", 1, &small), *b = draw(ctx, "Qg 0.97", 3, &large);
    ck_assert_int_eq(b->width, 3 * a->width);
    ck_assert_int_eq(b->height, 3 * a->height);
    for (int y = 0; y < b->height; y++)
        for (int x = 0; x < b->width; x++)
            ck_assert_uint_eq(large[y * b->width + x], small[y / 3 * a->width + x / 3]);
    hn_image_free(a);
    hn_image_free(b);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(lines_and_other_alphabets) {
    hn_context *ctx = make_context();
    int32_t columns, lines;
    const uint8_t *p, *q;
    hni_text_extent("", &columns, &lines);
    ck_assert_int_eq(columns * 100 + lines, 1);
    hni_text_extent("ab\nabcd\n", &columns, &lines);
    ck_assert_int_eq(columns * 100 + lines, 403);
    hni_text_extent("\xC3\xBC\xE8\xA1\x80\xFF", &columns, &lines); /* ü, a Chinese character, a byte that begins none: a box each */
    ck_assert_int_eq(columns * 100 + lines, 301);
    hn_image *boxes = draw(ctx, "\xC3\xBC\xE8\xA1\x80\xFF", 1, &p), *del = draw(ctx, "\x7F", 1, &q);
    for (int i = 0; i < 3; i++)
        for (int y = 0; y < 10; y++)
            ck_assert_mem_eq(p + y * 18 + 6 * i, q + y * 6, 6);
    hn_image *below = draw(ctx, "a\nbc", 1, &p), *b = draw(ctx, "bc", 1, &q);
    ck_assert_mem_eq(p + 10 * 12, q, 10 * 12);
    hn_image_free(boxes);
    hn_image_free(del);
    hn_image_free(below);
    hn_image_free(b);
    hni_context_unref(ctx);
}
END_TEST

/* Whatever part of a text lies outside is left out, and nothing else is touched. */
START_TEST(clipped_at_the_edges) {
    enum { W = 40, H = 30, PAD = 25 };
    static uint8_t whole[(H + 2 * PAD) * (W + 2 * PAD) * 3], part[H * W * 3];
    const uint8_t colour[3] = {200, 100, 50};
    const int32_t places[][2] = {{-7, -5}, {35, 27}, {-20, 12}, {3, -19}, {0, 0}, {-1000000, 5}, {5, 1000000}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        memset(whole, 9, sizeof whole);
        memset(part, 9, sizeof part);
        const int32_t x = places[i][0], y = places[i][1];
        hni_text_draw(&(hni_canvas){whole, W + 2 * PAD, H + 2 * PAD, 3}, x + PAD, y + PAD, "xy\nz", 2, colour);
        hni_text_draw(&(hni_canvas){part, W, H, 3}, x, y, "xy\nz", 2, colour);
        for (int row = 0; row < H; row++)
            ck_assert_mem_eq(part + row * W * 3, whole + ((row + PAD) * (W + 2 * PAD) + PAD) * 3, W * 3);
    }
}
END_TEST

START_TEST(limits) {
    hn_context *ctx = make_context();
    hn_image *image = NULL;
    static char text[5000];
    memset(text, 'm', 4097);
    ck_assert_int_eq(hn_image_text(ctx, text, 1, &image, &err), HN_E_LIMIT);
    text[4096] = 0;
    ck_ok(hn_image_text(ctx, text, 1, &image, &err));
    ck_assert_int_eq(image->width, 4096 * 6);
    hn_image_free(image);
    ck_assert_int_eq(hn_image_text(ctx, text, 3, &image, &err), HN_E_LIMIT);
    ck_assert_ptr_null(image);
    ck_assert_int_eq(hn_image_text(ctx, "a", 0, &image, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_text(ctx, "a", 65, &image, &err), HN_E_ARGUMENT);
    hni_context_unref(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, letters_are_themselves);
    tcase_add_test(tests, no_two_characters_look_alike);
    tcase_add_test(tests, enlarged_by_whole_numbers);
    tcase_add_test(tests, lines_and_other_alphabets);
    tcase_add_test(tests, clipped_at_the_edges);
    tcase_add_test(tests, limits);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
