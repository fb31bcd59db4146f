/* Statistics of images and shrunk covariances against numpy and scikit-learn (tests/golden/gen_familiar.py). */
#include <math.h>

#include "../test.h"
#include "familiar/shrinkage.h"
#include "familiar/signature.h"

enum { MOST = 224 * 224 * 9 };
static uint8_t pixels[MOST];

static uint8_t level(int kind, int channels, int width, int height, int c, int y, int x) {
    (void)channels;
    const int dx = x - width / 2, dy = y - height / 2;
    switch (kind) {
    case 0: return (uint8_t)((x * 7 + y * 13 + c * 50) % 256);
    case 1: return (uint8_t)(dx * dx + dy * dy < width * height / 6 ? 90 + (x * y + c) % 40 : 0);
    case 2: return (uint8_t)((x * x + 3 * y * c + x * y / 5) % 256);
    default: return (uint8_t)(20 * c + 11 * y + x);
    }
}

static void draw(int kind, int channels, int width, int height) {
    uint8_t *at = pixels;
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) *at++ = level(kind, channels, width, height, c, y, x);
}

static FILE *open_golden(void) {
    FILE *f = fopen(GOLDEN("familiar.txt"), "r");
    ck_assert_ptr_nonnull(f);
    return f;
}

static double number(FILE *f) {
    double value = NAN;
    ck_assert_int_eq(fscanf(f, "%lf", &value), 1);
    return value;
}

/* The next line that begins with the word; false at the end. */
static bool next_block(FILE *f, const char *word) {
    char line[1 << 16];
    const size_t n = strlen(word);
    for (;;) {
        const long at = ftell(f);
        if (!fgets(line, sizeof line, f)) return false;
        if (strncmp(line, word, n)) continue;
        ck_assert_int_eq(fseek(f, at + (long)n, SEEK_SET), 0);
        return true;
    }
}

static bool near(double a, double b) { return fabs(a - b) <= 1e-9 * (1 + fabs(b)); }

START_TEST(statistics_are_those_of_numpy) {
    FILE *f = open_golden();
    int blocks = 0;
    while (next_block(f, "image ")) {
        int kind, channels, width, height;
        double mine[HNI_SIGNATURE];
        ck_assert_int_eq(fscanf(f, "%d %d %d %d", &kind, &channels, &width, &height), 4);
        draw(kind, channels, width, height);
        hni_signature(pixels, channels, width, height, mine);
        for (int i = 0; i < HNI_SIGNATURE; i++) {
            const double theirs = number(f);
            ck_assert_msg(near(mine[i], theirs), "picture %d, %d x %d x %d, statistic %d: %.17g, numpy says %.17g", kind, channels, width, height, i, mine[i],
                          theirs);
        }
        blocks++;
    }
    fclose(f);
    ck_assert_int_eq(blocks, 8);
}
END_TEST

START_TEST(covariances_are_those_of_scikit_learn) {
    FILE *f = open_golden();
    int blocks = 0;
    while (next_block(f, "rows ")) {
        int n, d;
        double x[64 * 32], block[32 * 34], work[32];
        ck_assert_int_eq(fscanf(f, "%d %d", &n, &d), 2);
        const double floor = number(f), shrinkage = number(f);
        hni_ellipsoid e = {.d = d, .centre = block, .scale = block + d, .factor = block + 2 * d};
        ck_assert(n <= 64 && d <= 32);
        for (int i = 0; i < (n + 3) * d && i < 64 * 32; i++) x[i] = number(f);
        ck_assert(hni_ellipsoid_fit(x, n, NULL, 0, floor, work, &e));
        ck_assert_msg(near(e.shrinkage, shrinkage), "%d rows of %d: shrinkage %.17g, scikit-learn says %.17g", n, d, e.shrinkage, shrinkage);
        for (int i = 0; i < 3; i++) {
            const double mine = hni_ellipsoid_distance(&e, x + (n + i) * d, work), theirs = number(f);
            ck_assert_msg(near(mine, theirs), "%d rows of %d, row %d: %.17g, scikit-learn says %.17g", n, d, i, mine, theirs);
        }
        blocks++;
    }
    fclose(f);
    ck_assert_int_eq(blocks, 4);
}
END_TEST

/* Fits on all rows but those of a fold, and on these rows alone, are the same fit. */
START_TEST(rows_that_are_left_out_do_not_count) {
    enum { N = 30, D = 4, KEPT = 20 };
    double x[N * D], kept[KEPT * D], a[D * (D + 2)], b[D * (D + 2)], work[D];
    int32_t fold[N];
    int n = 0;
    for (int i = 0; i < N; i++) {
        fold[i] = i % 3;
        for (int j = 0; j < D; j++) x[i * D + j] = (double)((i * 37 + j * 11 + i * i * j) % 50);
        if (fold[i] != 1) memcpy(kept + D * n++, x + i * D, D * sizeof *x);
    }
    ck_assert_int_eq(n, KEPT);
    hni_ellipsoid left = {.d = D, .centre = a, .scale = a + D, .factor = a + 2 * D}, alone = {.d = D, .centre = b, .scale = b + D, .factor = b + 2 * D};
    ck_assert(hni_ellipsoid_fit(x, N, fold, 1, 1, work, &left));
    ck_assert(hni_ellipsoid_fit(kept, KEPT, NULL, 0, 1, work, &alone));
    ck_assert_mem_eq(a, b, 2 * D * sizeof *a);
    ck_assert(left.shrinkage == alone.shrinkage);
    for (int i = 0; i < N; i++) ck_assert(hni_ellipsoid_distance(&left, x + i * D, work) == hni_ellipsoid_distance(&alone, x + i * D, work));
}
END_TEST

START_TEST(rows_that_do_not_differ_make_no_ellipsoid) {
    enum { N = 25, D = 3 };
    double x[N * D], block[D * (D + 2)], work[D];
    hni_ellipsoid e = {.d = D, .centre = block, .scale = block + D, .factor = block + 2 * D};
    for (int i = 0; i < N * D; i++) x[i] = 7;
    ck_assert(!hni_ellipsoid_fit(x, N, NULL, 0, 1, work, &e));
    ck_assert(!hni_ellipsoid_fit(x, 1, NULL, 0, 1, work, &e));
    x[0] = 9;
    ck_assert(hni_ellipsoid_fit(x, N, NULL, 0, 1, work, &e));
    ck_assert(hni_ellipsoid_distance(&e, (const double[D]){7, 7, 7}, work) < 1);
    ck_assert(hni_ellipsoid_distance(&e, (const double[D]){70, 70, 70}, work) > 10);
}
END_TEST

int main(void) {
    Suite *s = suite_create("familiar/golden");
    TCase *c = tcase_create("numbers");
    tcase_add_test(c, statistics_are_those_of_numpy);
    tcase_add_test(c, covariances_are_those_of_scikit_learn);
    tcase_add_test(c, rows_that_are_left_out_do_not_count);
    tcase_add_test(c, rows_that_do_not_differ_make_no_ellipsoid);
    suite_add_tcase(s, c);
    return run_suite(s);
}
