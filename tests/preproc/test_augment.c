/* test_augment.c - what augmentation draws: against a table written apart in Python with torchvision's affine, its bounds and moments, what
 * it may not depend on, and the targets of mixed samples. */
#include <math.h>

#include "base/random.h"
#include "preproc/augment.h"
#include "../test.h"

static hn_error err;
static const hni_augment_size square = {64, 64, 64, 64}, oblong = {48, 20, 96, 30};
static const hn_augment_options everything = {
    sizeof everything, 0, 0.5, 15, 0.2, 0.1, 10, 0.1, 0.3, 0.1, 0.2, 0.3, 0.05, 0.2, 0.5, 0.3, 0.4, 1};

enum { COLUMNS = HN_AUGMENT_COLUMNS, SHOWN = 24, MANY = 4000 };
static float table[MANY * COLUMNS];
static int64_t samples[MANY];

static void fill(const hn_augment_options *o, const hni_augment_size *size, int64_t epoch, int32_t n) {
    for (int32_t i = 0; i < n; i++) samples[i] = i;
    memset(table, 0xff, (size_t)n * COLUMNS * sizeof *table);
    hni_augment_fill(o, size, test_seed(), epoch, samples, n, table);
}

static void check_row(const char *line, const float *row, const hni_augment_size *size, const char *where) {
    char *end;
    for (int c = 0; c < COLUMNS; c++) {
        double want = c < SHOWN ? strtod(line, &end) : 0;
        if (c < SHOWN) line = end;
        ck_assert_msg(fabs(row[c] - want) <= 1e-6 * (1 + fabs(want)), "%s, column %d: %.9g, want %.9g", where, c, row[c], want);
    }
    double share = strtod(line, &end);
    ck_assert_msg(fabs(hni_augment_share(row, size) - share) <= 1e-6, "%s: share %.9g, want %.9g", where,
                  hni_augment_share(row, size), share);
}

START_TEST(golden) {
    static const int64_t batch[4] = {0, 3, 1, 4294967295};
    FILE *f = fopen(GOLDEN("augment.txt"), "r");
    hn_augment_options o = {.struct_size = sizeof o};
    hni_augment_size size = square;
    char line[2048], where[64];
    int cases = 0, rows = 0, next = 4;
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f)) {
        char *at = line + 5;
        if (!strncmp(line, "case ", 5)) {
            int32_t sides[4];
            ck_assert_int_eq(next, 4); /* the case before was whole */
            for (int i = 0; i < 4; i++) sides[i] = (int32_t)strtol(at, &at, 10);
            size = (hni_augment_size){sides[0], sides[1], sides[2], sides[3]};
            uint64_t seed = strtoull(at, &at, 10);
            int64_t epoch = strtoll(at, &at, 10);
            for (double *v = &o.flip; v <= &o.cutmix; v++) *v = strtod(at, &at);
            ck_ok(hni_augment_check(&o, &err));
            hni_augment_fill(&o, &size, seed, epoch, batch, 4, table);
            cases++;
            next = 0;
        } else if (!strncmp(line, "row ", 4)) {
            ck_assert_int_lt(next, 4);
            ck_assert_int_eq(strtoll(line + 4, &at, 10), batch[next]);
            snprintf(where, sizeof where, "case %d row %d", cases, next);
            check_row(at, table + next++ * COLUMNS, &size, where);
            rows++;
        }
    }
    fclose(f);
    ck_assert_int_eq(cases, 20);
    ck_assert_int_eq(rows, 80);
}
END_TEST

START_TEST(off_is_the_identity) {
    const hn_augment_options off = {.struct_size = sizeof off};
    float want[COLUMNS] = {[HN_AUGMENT_A] = 1, [HN_AUGMENT_E] = 1, [HN_AUGMENT_GAIN] = 1, [HN_AUGMENT_GAMMA] = 1,
                           [HN_AUGMENT_MIX_WITH] = -1, [HN_AUGMENT_MIX_SHARE] = 1};
    ck_assert(!hni_augment_active(&off) && !hni_augment_active(NULL) && !hni_augment_mixes(NULL) && hni_augment_active(&everything));
    for (int k = 0; k < 2; k++) {
        fill(k ? &off : NULL, &square, 3, 5);
        for (int i = 0; i < 5; i++) ck_assert_mem_eq(table + i * COLUMNS, want, sizeof want); /* bits: no -0 either */
    }
    want[HN_AUGMENT_A] = 2, want[HN_AUGMENT_E] = 1.5f;
    fill(&off, &oblong, 3, 5);
    for (int i = 0; i < 5; i++) ck_assert_mem_eq(table + i * COLUMNS, want, sizeof want);
}
END_TEST

/* The centre stays the centre under everything but a shift; lengths grow by the factor; a quarter turn of an oblong is a turn in px. */
START_TEST(geometry) {
    const hni_augment_size sizes[] = {square, oblong, {21, 40, 21, 40}, {7, 9, 300, 11}};
    double m[6];
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const hni_augment_size *s = &sizes[k];
        const double cx = s->width / 2.0, cy = s->height / 2.0, to_x = (double)s->stored_width / s->width,
                     to_y = (double)s->stored_height / s->height;
        for (int flip = 0; flip < 2; flip++) {
            for (int degrees = -180; degrees <= 180; degrees += 15) {
                hni_augment_place p = {.flip = flip, .degrees = degrees, .factor = 1.25, .shear = degrees / 4.0};
                hni_augment_affine(&p, s, m);
                ck_assert_double_eq_tol(m[0] * cx + m[1] * cy + m[2], s->stored_width / 2.0, 1e-9);
                ck_assert_double_eq_tol(m[3] * cx + m[4] * cy + m[5], s->stored_height / 2.0, 1e-9);
                double determinant = (m[0] * m[4] - m[1] * m[3]) / (to_x * to_y);
                ck_assert_double_eq_tol(determinant, (flip ? -1 : 1) / (1.25 * 1.25), 1e-12);
            }
        }
        hni_augment_place mirror = {.flip = true, .factor = 1}, turn = {.degrees = 90, .factor = 1}, shift = {.factor = 1, .shift_x = 3,
                                    .shift_y = -2};
        hni_augment_affine(&mirror, s, m); /* the left edge looks at the right edge */
        ck_assert_double_eq_tol(m[2], s->stored_width, 1e-12);
        ck_assert_double_eq_tol(m[0] * s->width + m[2], 0, 1e-9);
        hni_augment_affine(&turn, s, m); /* clockwise on the screen: what was above is on the right; one px there is one px here */
        ck_assert_double_eq_tol((m[0] * (cx + 1) + m[1] * cy + m[2]) / to_x, cx, 1e-9);
        ck_assert_double_eq_tol((m[3] * (cx + 1) + m[4] * cy + m[5]) / to_y, cy - 1, 1e-9);
        hni_augment_affine(&shift, s, m); /* to the right and up */
        ck_assert_double_eq_tol(m[0] * 3 + m[1] * 0 + m[2], 0, 1e-9);
        ck_assert_double_eq_tol(m[5] / to_y, 2, 1e-9);
    }
}
END_TEST

/* A row is its sample's own: other rows, their order, the rest of the options do not matter; seed, epoch and sample do. */
START_TEST(depends_on_what_it_says) {
    static const int64_t order[4] = {9, 2, 7, 4};
    float first[10 * COLUMNS], *row;
    fill(&everything, &oblong, 6, 10);
    memcpy(first, table, sizeof first);
    hni_augment_fill(&everything, &oblong, test_seed(), 6, order, 4, table);
    for (int i = 0; i < 4; i++) {
        row = table + i * COLUMNS;
        ck_assert_int_eq((int)row[HN_AUGMENT_MIX_WITH], (i + 1) % 4);
        row[HN_AUGMENT_MIX_WITH] = first[order[i] * COLUMNS + HN_AUGMENT_MIX_WITH];
        ck_assert_mem_eq(row, first + order[i] * COLUMNS, COLUMNS * sizeof *row);
    }
    hn_augment_options fewer = everything; /* what is left on is as it was */
    fewer.flip = fewer.scale = fewer.noise = fewer.mixup = 0;
    fill(&fewer, &oblong, 6, 10);
    for (int i = 0; i < 10; i++) ck_assert_mem_eq(table + i * COLUMNS + 6, first + i * COLUMNS + 6, 5 * sizeof *first);
    hni_augment_fill(&everything, &oblong, test_seed() + 1, 6, samples, 10, table);
    for (int i = 0; i < 10; i++) ck_assert_mem_ne(table + i * COLUMNS, first + i * COLUMNS, 6 * sizeof *first);
    fill(&everything, &oblong, 7, 10);
    for (int i = 0; i < 10; i++) ck_assert_mem_ne(table + i * COLUMNS, first + i * COLUMNS, 6 * sizeof *first);
    for (int i = 1; i < 10; i++) ck_assert_mem_ne(first, first + i * COLUMNS, 6 * sizeof *first);
}
END_TEST

static void check_spread(int column, double low, double high) {
    double least = INFINITY, most = -INFINITY;
    for (int i = 0; i < MANY; i++) {
        double v = table[i * COLUMNS + column];
        ck_assert_msg(v >= low - 1e-6 && v <= high + 1e-6, "column %d: %g outside of %g … %g", column, v, low, high);
        least = fmin(least, v), most = fmax(most, v);
    }
    ck_assert_msg(least <= low + 0.01 * (high - low) && most >= high - 0.01 * (high - low), "column %d: only %g … %g", column, least, most);
}

START_TEST(bounds_are_reached_and_kept) {
    hn_augment_options o = {.struct_size = sizeof o, .shift = 0.25, .gamma = 1, .noise = 0.1, .blur = 1.0 / 3};
    fill(&o, &oblong, 1, MANY);
    check_spread(HN_AUGMENT_C, -24, 24); /* a quarter of 96 px */
    check_spread(HN_AUGMENT_F, -7.5, 7.5);
    check_spread(HN_AUGMENT_GAMMA, 0.5, 2);
    check_spread(HN_AUGMENT_NOISE, 0, 0.1);
    check_spread(HN_AUGMENT_BLUR, 0, 1.0 / 3);
    o = (hn_augment_options){.struct_size = sizeof o, .brightness = 0.3};
    fill(&o, &oblong, 1, MANY);
    check_spread(HN_AUGMENT_OFFSET, -0.3, 0.3);
    check_spread(HN_AUGMENT_FILL, 0, 0.3);
    check_spread(HN_AUGMENT_GAIN, 1, 1);
    o = (hn_augment_options){.struct_size = sizeof o, .contrast = 0.6, .window_width = 0.25};
    fill(&o, &oblong, 1, MANY);
    for (int i = 0; i < MANY; i++) { /* the middle of the window stays the middle */
        float *row = table + i * COLUMNS;
        ck_assert_double_eq_tol(0.5 * row[HN_AUGMENT_GAIN] + row[HN_AUGMENT_OFFSET], 0.5, 1e-6);
        ck_assert(row[HN_AUGMENT_GAIN] >= 0.49f && row[HN_AUGMENT_GAIN] <= 2.01f);
    }
    o = (hn_augment_options){.struct_size = sizeof o, .scale = 1};
    fill(&o, &square, 1, MANY);
    check_spread(HN_AUGMENT_A, 0.5, 2);
    o = (hn_augment_options){.struct_size = sizeof o, .flip = 0.25, .cutout = 0.75, .cutout_size = 0.5};
    fill(&o, &square, 1, MANY);
    int flipped = 0, cut = 0;
    for (int i = 0; i < MANY; i++) {
        const float *row = table + i * COLUMNS, *c = row + HN_AUGMENT_CUT;
        flipped += row[HN_AUGMENT_A] < 0;
        if (c[2] == 0) continue;
        cut++;
        for (int k = 0; k < 4; k++) ck_assert(c[k] >= 0 && c[k] <= 64 && c[k] == floorf(c[k]));
        ck_assert(c[2] - c[0] <= 33 && c[3] - c[1] <= 33 && c[2] - c[0] >= 16 && c[3] - c[1] >= 16);
    }
    ck_assert_int_lt(abs(flipped - MANY / 4), 150); /* more than 5 standard deviations */
    ck_assert_int_lt(abs(cut - MANY * 3 / 4), 150);
}
END_TEST

/* Beta(a, a): mean 1/2, variance 1 / (4 (2 a + 1)), symmetric. */
START_TEST(shares_have_the_moments_of_beta) {
    static const double alphas[] = {1e-6, 0.01, 0.2, 0.4, 1, 2, 8, 100};
    for (size_t k = 0; k < sizeof alphas / sizeof *alphas; k++) {
        hn_augment_options o = {.struct_size = sizeof o, .mixup = alphas[k]};
        double sum = 0, squares = 0, cubes = 0;
        fill(&o, &square, 1, MANY);
        for (int i = 0; i < MANY; i++) {
            double share = table[i * COLUMNS + HN_AUGMENT_MIX_SHARE];
            ck_assert(share >= 0 && share <= 1);
            ck_assert(table[i * COLUMNS + HN_AUGMENT_MIX + 2] == 0);
            sum += share;
            squares += (share - 0.5) * (share - 0.5);
            cubes += (share - 0.5) * (share - 0.5) * (share - 0.5);
        }
        double variance = 1 / (4 * (2 * alphas[k] + 1)), error = sqrt(variance / MANY);
        ck_assert_double_eq_tol(sum / MANY, 0.5, 5 * error);
        ck_assert_double_eq_tol(squares / MANY, variance, 0.1 * variance);
        ck_assert_double_eq_tol(cubes / MANY, 0, 20 * variance * error); /* a normal draw has 3.9 such as its deviation */
    }
}
END_TEST

START_TEST(both_mixes_share_the_samples) {
    hn_augment_options o = {.struct_size = sizeof o, .mixup = 1, .cutmix = 1};
    int boxes = 0;
    fill(&o, &oblong, 1, MANY);
    for (int i = 0; i < MANY; i++) {
        const float *row = table + i * COLUMNS, *m = row + HN_AUGMENT_MIX;
        ck_assert_int_eq((int)row[HN_AUGMENT_MIX_WITH], (i + 1) % MANY);
        if (row[HN_AUGMENT_MIX_SHARE] != 1) continue;
        boxes++;
        ck_assert(m[0] >= 0 && m[1] >= 0 && m[2] <= 48 && m[3] <= 20 && m[0] <= m[2] && m[1] <= m[3]);
        int32_t inside = 0; /* counted as the operator does */
        for (int y = 0; y < 20; y++)
            for (int x = 0; x < 48; x++) inside += x + 0.5f >= m[0] && x + 0.5f < m[2] && y + 0.5f >= m[1] && y + 0.5f < m[3];
        ck_assert_double_eq_tol(hni_augment_share(row, &oblong), 1 - inside / 960.0, 1e-12);
    }
    ck_assert_int_lt(abs(boxes - MANY / 2), 200);
    hni_augment_fill(&o, &oblong, 1, 1, samples, 1, table); /* nobody to mix with */
    ck_assert(table[HN_AUGMENT_MIX_WITH] == -1 && hni_augment_share(table, &oblong) == 1);
}
END_TEST

START_TEST(targets) {
    float labels[4 * 3] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0}, was[4 * 3], alone[3] = {0, 1, 0};
    hn_augment_options o = {.struct_size = sizeof o, .mixup = 0.4, .cutmix = 1};
    memcpy(was, labels, sizeof was);
    fill(&o, &oblong, 5, 4);
    hni_augment_targets(table, &oblong, 4, 3, labels);
    for (int i = 0; i < 4; i++) {
        double share = hni_augment_share(table + i * COLUMNS, &oblong);
        for (int c = 0; c < 3; c++)
            ck_assert_double_eq_tol(labels[3 * i + c], share * was[3 * i + c] + (1 - share) * was[3 * ((i + 1) % 4) + c], 1e-7);
    }
    fill(NULL, &oblong, 5, 4);
    hni_augment_targets(table, &oblong, 4, 3, was);
    ck_assert(was[0] == 1 && was[4] == 1 && was[8] == 1 && was[10] == 1 && was[1] == 0);
    hni_augment_targets(table, &oblong, 1, 3, alone);
    ck_assert(alone[1] == 1 && alone[0] == 0);
}
END_TEST

START_TEST(refusals) {
    const double highs[] = {1, 180, 9, 1, 60, 1, 9, 1, 9, 9, 1, 1.0 / 3, 1, 1, 100, 100};
    ck_ok(hni_augment_check(&everything, &err));
    for (int i = 0; i < 16; i++) {
        const double bad[] = {-1e-9, highs[i] * 1.001, NAN, INFINITY};
        for (int k = 0; k < 4; k++) {
            hn_augment_options o = everything;
            (&o.flip)[i] = bad[k];
            ck_assert_int_eq(hni_augment_check(&o, &err), HN_E_ARGUMENT);
            ck_assert_ptr_nonnull(strstr(err.message, "augmentation: "));
        }
        hn_augment_options o = everything;
        (&o.flip)[i] = highs[i];
        ck_ok(hni_augment_check(&o, &err));
    }
    hn_augment_options o = everything;
    o.flags = 1;
    ck_assert_int_eq(hni_augment_check(&o, &err), HN_E_ARGUMENT);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {golden, off_is_the_identity, geometry, depends_on_what_it_says, bounds_are_reached_and_kept,
                                  shares_have_the_moments_of_beta, both_mixes_share_the_samples, targets, refusals};
    Suite *suite = suite_create("augment");
    TCase *tcase = tcase_create("augment");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(tcase, cases[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
