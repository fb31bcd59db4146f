/* test_resize.c - resizing and conversion against Pillow, by digests of its results; and every way of doing it against plain loops. */
#include <math.h>

#include "base/random.h"
#include "golden.h"
#include "image/resize_kernels.h"

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

enum { SIDE = 90, WIDE = 900, CASES = 3000, KERNEL_CASES = 400 }; /* SIDE: px of a new side, and mostly of an old one */

/* Weights as Pillow makes them; f's arrays are large enough for any side here. */
static void weigh(int from, int to, hni_resize_filter *f) {
    const double scale = (double)from / to, support = scale < 1 ? 1 : scale;
    f->taps = (int)ceil(support) * 2 + 1;
    for (int at = 0; at < to; at++) {
        const double centre = (at + 0.5) * scale;
        const int low = (int)fmax(centre - support + 0.5, 0), high = (int)fmin(centre + support + 0.5, from);
        double w[2 * WIDE + 3], sum = 0;
        for (int i = 0; i < high - low; i++)
            sum += w[i] = fmax(1 - fabs((i + low - centre + 0.5) * (1 / support)), 0);
        f->first[at] = low;
        f->count[at] = high - low;
        for (int i = 0; i < high - low; i++)
            f->weight[at * f->taps + i] = (int32_t)(0.5 + w[i] / sum * (1 << HNI_RESIZE_BITS));
    }
}

/* n samples, `step` apart. */
static uint8_t sum_up(const uint8_t *p, size_t step, const int32_t *w, int n) {
    int32_t sum = 1 << (HNI_RESIZE_BITS - 1);
    for (int i = 0; i < n; i++)
        sum += p[(size_t)i * step] * w[i];
    return hni_resize_clip(sum);
}

/* Both passes, sample by sample; a pass that keeps its length does nothing. */
static void resize_plainly(const uint8_t *src, int width, int height, int channels, uint8_t *dst, int new_width, int new_height) {
    static int32_t first[SIDE], count[SIDE], weight[SIDE * (2 * WIDE + 3)];
    static uint8_t middle[SIDE * WIDE * 3];
    hni_resize_filter f = {0, first, count, weight};
    const size_t step = (size_t)channels, row = (size_t)new_width * step;
    weigh(width, new_width, &f);
    for (int y = 0; y < height; y++)
        for (size_t x = 0; x < row; x++) {
            const size_t at = x / step, c = x % step, line = (size_t)y * (size_t)width * step;
            middle[(size_t)y * row + x] = width == new_width ? src[line + x]
                                                             : sum_up(src + line + (size_t)first[at] * step + c, step,
                                                                      weight + at * (size_t)f.taps, count[at]);
        }
    weigh(height, new_height, &f);
    for (int y = 0; y < new_height; y++)
        for (size_t x = 0; x < row; x++)
            dst[(size_t)y * row + x] = height == new_height ? middle[(size_t)y * row + x]
                                                            : sum_up(middle + (size_t)first[y] * row + x, row,
                                                                     weight + (size_t)y * (size_t)f.taps, count[y]);
}

/* Small sides come up more often, 1 among them. */
static int random_side(hni_random *r) {
    return 1 + (int)hni_random_below(r, hni_random_below(r, 2) ? SIDE : 20);
}

/* As large as it must be and no larger, so that reading or writing beyond is found. */
static uint8_t *random_samples(hni_random *r, size_t n) {
    uint8_t *p = malloc(n);
    const uint32_t kind = hni_random_below(r, 3);
    ck_assert_ptr_nonnull(p);
    for (size_t i = 0; i < n; i++)
        p[i] = kind ? (uint8_t)hni_random_below(r, 256) : (uint8_t)(hni_random_below(r, 2) * 255);
    return p;
}

START_TEST(any_size_as_plain_loops) {
    static uint8_t want[SIDE * SIDE * 3];
    hn_context *ctx = make_context();
    hn_error err = {0};
    for (uint32_t n = 0; n < CASES; n++) {
        hni_random r;
        hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 0, n);
        const int channels = n % 2 ? 3 : 1, height = random_side(&r);
        const int width = n % 8 < 2 ? 1 + (int)hni_random_below(&r, WIDE) : random_side(&r); /* wide ones: windows that move */
        const int new_width = random_side(&r), new_height = random_side(&r);
        const size_t size = (size_t)new_width * (size_t)new_height * (size_t)channels;
        uint8_t *src = random_samples(&r, (size_t)width * (size_t)height * (size_t)channels), *dst = malloc(size);
        ck_assert_ptr_nonnull(dst);
        ck_ok(hni_resize_u8(ctx, src, width, height, channels, dst, new_width, new_height, &err));
        resize_plainly(src, width, height, channels, want, new_width, new_height);
        ck_assert_msg(!memcmp(dst, want, size), "%d channels, %dx%d to %dx%d", channels, width, height, new_width, new_height);
        free(src);
        free(dst);
    }
    hni_context_unref(ctx);
}
END_TEST

/* Sums along rows and columns of random windows, single samples and whole weights among them. */
static void check_kernels(const hni_resize_kernels *k, hni_random *r) {
    static int32_t first[SIDE], count[SIDE], weight[SIDE * (2 * WIDE + 3)];
    hni_resize_filter f = {0, first, count, weight};
    int wrong = 0;
    const int channels = hni_random_below(r, 2) ? 3 : 1, to = 1 + (int)hni_random_below(r, SIDE);
    const int width = 16 / channels + 1 + (int)hni_random_below(r, SIDE - 17), rows = HNI_RESIZE_LANES;
    const size_t step = (size_t)channels, in = (size_t)width * step, out = (size_t)to * step;
    uint8_t *src = random_samples(r, (size_t)rows * in), *dst = malloc((size_t)rows * out), *row = malloc(in);
    ck_assert_ptr_nonnull(dst);
    ck_assert_ptr_nonnull(row);
    weigh(width, to, &f);
    k->strip(src, in, channels, dst, to, &f);
    for (size_t i = 0; i < (size_t)rows * out; i++) {
        const size_t y = i / out, at = i % out / step, c = i % step;
        wrong += dst[i] != sum_up(src + y * in + (size_t)first[at] * step + c, step, weight + at * (size_t)f.taps, count[at]);
    }
    for (int n = 1; n <= rows; n++) {
        weigh(n, 1, &f);
        k->down(src, in, weight, n, row);
        for (size_t x = 0; x < in; x++)
            wrong += row[x] != sum_up(src + x, in, weight, n);
    }
    ck_assert_msg(!wrong, "%s, %d channels, %d to %d px: %d samples are wrong", k->name, channels, width, to, wrong);
    free(src);
    free(dst);
    free(row);
}

START_TEST(every_kernel_as_plain_loops) {
    if (!hni_resize_kernels_at(0))
        SKIP("this processor has no kernel of its own");
    for (int i = 0; hni_resize_kernels_at(i); i++)
        for (uint32_t n = 0; n < KERNEL_CASES; n++) {
            hni_random r;
            hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, (uint32_t)i + 1, n);
            check_kernels(hni_resize_kernels_at(i), &r);
        }
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
    tcase_add_test(tests, any_size_as_plain_loops);
    tcase_add_test(tests, every_kernel_as_plain_loops);
    tcase_add_test(tests, refuses_what_it_cannot_do);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
