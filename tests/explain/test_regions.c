/* Regions of maps: parts, order, boxes, outlines, lengths, volumes; against shapes whose figures are known, and against a flood fill. */
#include <math.h>

#include "../host.h"
#include "../test.h"
#include "base/random.h"
#include "haemnet/haemnet.h"

static hn_error err;
static hn_context *ctx;

static void set_up(void) {
    hn_context_options options = {.struct_size = sizeof options, .plugin_dir = "", .threads = 1};
    test_host_apply(&options);
    ck_ok(hn_context_create(&options, &ctx, &err));
}

static void tear_down(void) { hn_context_free(ctx); }

static hn_regions *find(const float *maps, int32_t w, int32_t h, int32_t slices, const hn_region_options *o) {
    hn_regions *r = NULL;
    ck_ok(hn_regions_find(ctx, maps, w, h, slices, o, &r, &err));
    return r;
}

static hn_region region(const hn_regions *r, int32_t i) {
    hn_region g = {.struct_size = sizeof g};
    ck_ok(hn_regions_get(r, i, &g, &err));
    return g;
}

/* Rows of digits: numbers in tenths. */
static void draw(float *map, const char *const *rows, int32_t w, int32_t h) {
    for (int32_t y = 0; y < h; y++)
        for (int32_t x = 0; x < w; x++) map[y * w + x] = rows[y][x] == '.' ? 0.0f : (float)(rows[y][x] - '0') / 10.0f;
}

static const char *const shapes[] = {
    "..........", /* a ring with a dot in its hole, a diagonal, two dots that touch at a corner */
    ".55555....", /*  */
    ".5...5.9..", /*  */
    ".5.7.5..9.", /*  */
    ".5...5...8", /*  */
    ".55555....", /*  */
    "......6...", /*  */
    "..4.......", /*  */
};

START_TEST(parts_and_their_order) {
    float map[80];
    draw(map, shapes, 10, 8);
    hn_regions *r = find(map, 10, 8, 1, NULL);
    ck_assert_int_eq(hn_regions_count(r), 3); /* 4 is below 0.5; 6 touches the ring at a corner */
    hn_region diagonal = region(r, 0), dot = region(r, 1), ring = region(r, 2);
    ck_assert(fabs(diagonal.peak - 0.9) < 1e-6 && diagonal.pixels == 3 && diagonal.peak_x == 7 && diagonal.peak_y == 2);
    ck_assert(diagonal.left == 7 && diagonal.top == 2 && diagonal.width == 3 && diagonal.height == 3);
    ck_assert(fabs(diagonal.centre_x - 8.5) < 1e-12 && fabs(diagonal.centre_y - 3.5) < 1e-12 && fabs(diagonal.mean - 2.6 / 3) < 1e-6);
    ck_assert(dot.pixels == 1 && dot.left == 3 && dot.top == 3 && dot.area == 1);
    ck_assert(ring.pixels == 17 && ring.peak_x == 6 && ring.peak_y == 6 && ring.width == 6 && ring.height == 6);
    ck_assert(isnan(ring.area_mm2) && isnan(ring.length_mm) && isnan(ring.volume_ml) && isnan(ring.abc2_ml));
    hn_regions_free(r);
    r = find(map, 10, 8, 1, &(hn_region_options){.struct_size = sizeof(hn_region_options), .threshold = 0.35, .min_pixels = 2});
    ck_assert_int_eq(hn_regions_count(r), 2);
    hn_regions_free(r);
    r = find(map, 10, 8, 1, &(hn_region_options){.struct_size = sizeof(hn_region_options), .threshold = 1});
    ck_assert_int_eq(hn_regions_count(r), 0);
    hn_region none = {.struct_size = sizeof none};
    ck_assert_int_eq(hn_regions_get(r, 0, &none, &err), HN_E_NOT_FOUND);
    hn_regions_free(r);
}
END_TEST

static void check_outline(const hn_regions *r, int32_t i, int32_t slice, int32_t piece, const int32_t *wanted, size_t n) {
    int32_t points[128];
    size_t need = 0;
    ck_ok(hn_regions_contour(r, i, slice, piece, NULL, 0, &need, &err));
    ck_assert_uint_eq(need, n);
    ck_assert_int_eq(hn_regions_contour(r, i, slice, piece, points, n - 1, NULL, &err), HN_E_BUFFER);
    ck_ok(hn_regions_contour(r, i, slice, piece, points, 128, NULL, &err));
    for (size_t k = 0; k < n; k++) ck_assert_msg(points[k] == wanted[k], "number %zu of the outline is %d, not %d", k, points[k], wanted[k]);
}

START_TEST(outlines) {
    float map[80];
    draw(map, shapes, 10, 8);
    hn_regions *r = find(map, 10, 8, 1, NULL);
    const int32_t diagonal[] = {7, 2, 8, 2, 8, 3, 9, 3, 9, 4, 10, 4, 10, 5, 9, 5, 9, 4, 8, 4, 8, 3, 7, 3};
    const int32_t dot[] = {3, 3, 4, 3, 4, 4, 3, 4};
    const int32_t ring[] = {1, 1, 6, 1, 6, 6, 7, 6, 7, 7, 6, 7, 6, 6, 1, 6};
    check_outline(r, 0, 0, 0, diagonal, 24);
    check_outline(r, 1, 0, 0, dot, 8);
    check_outline(r, 2, 0, 0, ring, 16);
    size_t need;
    ck_assert_int_eq(hn_regions_contour(r, 2, 0, 1, NULL, 0, &need, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_regions_contour(r, 2, 1, 0, NULL, 0, &need, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_regions_contour(r, 3, 0, 0, NULL, 0, &need, &err), HN_E_NOT_FOUND);
    hn_regions_free(r);
}
END_TEST

/* Twice the area that the outline of a piece encloses, from its corners. */
static int64_t enclosed(const hn_regions *r, int32_t i, int32_t slice, int32_t piece, bool *there) {
    static int32_t p[4096];
    size_t n = 0;
    const hn_status status = hn_regions_contour(r, i, slice, piece, p, 4096, &n, &err);
    *there = status == HN_OK;
    if (status == HN_E_NOT_FOUND) return 0;
    ck_assert_int_eq(status, HN_OK);
    int64_t twice = 0;
    for (size_t k = 0; k < n; k += 2) {
        const size_t next = (k + 2) % n;
        ck_assert((p[k] == p[next]) != (p[k + 1] == p[next + 1])); /* along one axis, and somewhere */
        twice += (int64_t)p[k] * p[next + 1] - (int64_t)p[next] * p[k + 1];
    }
    return twice;
}

/* Pixels that a flood from (x, y, z) reaches. */
static int64_t flood(bool *in, int32_t w, int32_t h, int32_t slices, int32_t x, int32_t y, int32_t z) {
    if (x < 0 || y < 0 || z < 0 || x >= w || y >= h || z >= slices || !in[(z * h + y) * w + x]) return 0;
    int64_t n = 1;
    in[(z * h + y) * w + x] = false;
    for (int32_t dy = -1; dy <= 1; dy++)
        for (int32_t dx = -1; dx <= 1; dx++) n += flood(in, w, h, slices, x + dx, y + dy, z);
    return n + flood(in, w, h, slices, x, y, z - 1) + flood(in, w, h, slices, x, y, z + 1);
}

START_TEST(as_a_flood_fill_has_it) {
    enum { W = 17, H = 13, S = 4, N = W * H * S };
    hni_random random;
    hni_random_init(&random, test_seed(), HNI_RANDOM_TEST, 11, 0);
    for (int round = 0; round < 60; round++) {
        float map[N];
        bool in[N];
        const double share = 0.15 + 0.5 * hni_random_unit(&random);
        for (int i = 0; i < N; i++) {
            map[i] = hni_random_unit(&random) < share ? 1.0f : 0.25f;
            in[i] = map[i] >= 0.5f;
        }
        hn_regions *r = find(map, W, H, S, NULL);
        int64_t sizes[N], n = 0, all = 0;
        for (int i = 0; i < N; i++)
            if (in[i]) sizes[n++] = flood(in, W, H, S, i % W, i / W % H, i / (W * H));
        ck_assert_int_eq(hn_regions_count(r), n);
        for (int32_t i = 0; i < n; i++) {
            const hn_region g = region(r, i);
            int64_t at = -1;
            for (int64_t k = 0; k < n && at < 0; k++)
                if (sizes[k] == g.pixels) at = k;
            ck_assert(at >= 0);
            sizes[at] = -1;
            all += g.pixels;
            ck_assert(i == 0 || region(r, i - 1).pixels >= g.pixels);
            for (int32_t z = g.first_slice; z <= g.last_slice; z++) { /* outlines enclose at least what is inside */
                int64_t twice = 0;
                bool there = true;
                for (int32_t piece = 0; there; piece++) twice += enclosed(r, i, z, piece, &there);
                ck_assert(twice > 0);
                if (z == g.largest_slice) ck_assert(twice >= 2 * g.area);
            }
        }
        int64_t marked = 0;
        for (int i = 0; i < N; i++) marked += map[i] >= 0.5f;
        ck_assert_int_eq(all, marked);
        hn_regions_free(r);
    }
}
END_TEST

/* An ellipsoid of known half axes: length, breadth, height, and both volumes, with pixels that are no squares. */
START_TEST(an_ellipsoid_has_its_volume) {
    enum { W = 120, H = 100, S = 24 };
    const double sx = 0.5, sy = 0.6, sz = 2.0, a = 22.0, b = 13.0, c = 17.0, turned = 0.5;
    float *maps = calloc(W * H * S, sizeof *maps);
    for (int32_t z = 0; z < S; z++)
        for (int32_t y = 0; y < H; y++)
            for (int32_t x = 0; x < W; x++) {
                const double u = (x + 0.5 - W / 2.0) * sx, v = (y + 0.5 - H / 2.0) * sy, w = (z + 0.5 - S / 2.0) * sz;
                const double p = u * cos(turned) + v * sin(turned), q = v * cos(turned) - u * sin(turned);
                maps[(z * H + y) * W + x] = p * p / (a * a) + q * q / (b * b) + w * w / (c * c) <= 1.0 ? 1.0f : 0.0f;
            }
    const hn_region_options o = {.struct_size = sizeof o, .spacing_x = sx, .spacing_y = sy, .spacing_z = sz};
    hn_regions *r = find(maps, W, H, S, &o);
    ck_assert_int_eq(hn_regions_count(r), 1);
    const hn_region g = region(r, 0);
    const double volume = 4.0 / 3.0 * 3.14159265358979 * a * b * c / 1000.0, area = 3.14159265358979 * a * b;
    ck_assert(fabs(g.length_mm - 2 * a) < 1.0 && fabs(g.breadth_mm - 2 * b) < 1.0);
    ck_assert_msg(fabs(g.area_mm2 - area) < 0.02 * area, "%g, not %g", g.area_mm2, area);
    ck_assert(fabs(g.centre_x - W / 2.0) < 1e-9 && fabs(g.centre_y - H / 2.0) < 1e-9 && fabs(g.centre_slice - (S - 1) / 2.0) < 1e-9);
    ck_assert_msg(fabs(g.volume_ml - volume) < 0.02 * volume, "%g ml, not %g", g.volume_ml, volume);
    /* 4/3 π against 8 / 2; weighted, 1.37 of the 2 half heights count */
    ck_assert_msg(fabs(g.abc2_ml - 0.955 * volume) < 0.04 * volume, "ABC/2 %g ml, not %g", g.abc2_ml, 0.955 * volume);
    ck_assert_msg(fabs(g.abc2_weighted_ml - 0.652 * volume) < 0.04 * volume, "%g ml, not %g", g.abc2_weighted_ml, 0.652 * volume);
    ck_assert(fabs(g.abc2_ml - g.length_mm * g.breadth_mm * g.height_mm / 2000.0) < 1e-9);
    hn_regions_free(r);
    free(maps);
}
END_TEST

START_TEST(lengths_of_simple_shapes) {
    enum { N = 16 };
    float map[N * N] = {0};
    const hn_region_options o = {.struct_size = sizeof o, .spacing_x = 1, .spacing_y = 2};
    map[5 * N + 5] = 1; /* one pixel of 1 × 2 mm */
    hn_regions *r = find(map, N, N, 1, &o);
    hn_region g = region(r, 0);
    ck_assert(fabs(g.length_mm - sqrt(5.0)) < 1e-12 && fabs(g.breadth_mm - 2 * 2 / sqrt(5.0)) < 1e-12 && g.area_mm2 == 2.0);
    ck_assert(isnan(g.volume_ml) && isnan(g.height_mm));
    hn_regions_free(r);
    for (int x = 3; x < 13; x++) map[5 * N + x] = 1; /* 10 × 2 mm */
    r = find(map, N, N, 1, &o);
    g = region(r, 0);
    ck_assert(fabs(g.length_mm - sqrt(104.0)) < 1e-12 && fabs(g.breadth_mm - 2 * 20 / sqrt(104.0)) < 1e-12);
    hn_regions_free(r);
    for (int i = 0; i < N * N; i++) map[i] = 1; /* all of it */
    r = find(map, N, N, 1, &o);
    g = region(r, 0);
    ck_assert(g.pixels == N * N && fabs(g.length_mm - sqrt(N * N * 5.0)) < 1e-9);
    const int32_t square[] = {0, 0, N, 0, N, N, 0, N};
    check_outline(r, 0, 0, 0, square, 8);
    hn_regions_free(r);
}
END_TEST

/* Two pieces of one slice that hang together through the next: one region, two outlines. */
START_TEST(pieces_through_other_slices) {
    float maps[2 * 7] = {1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 0};
    hn_regions *r = find(maps, 7, 1, 2, NULL);
    ck_assert_int_eq(hn_regions_count(r), 1);
    const hn_region g = region(r, 0);
    ck_assert(g.first_slice == 0 && g.last_slice == 1 && g.largest_slice == 1 && g.area == 5 && g.pixels == 8);
    const int32_t first[] = {0, 0, 2, 0, 2, 1, 0, 1}, second[] = {5, 0, 6, 0, 6, 1, 5, 1}, whole[] = {1, 0, 6, 0, 6, 1, 1, 1};
    check_outline(r, 0, 0, 0, first, 8);
    check_outline(r, 0, 0, 1, second, 8);
    check_outline(r, 0, 1, 0, whole, 8);
    hn_regions_free(r);
}
END_TEST

START_TEST(refusals) {
    float map[4] = {1, NAN, 0, 0};
    hn_regions *r = NULL;
    hn_region_options o = {.struct_size = sizeof o};
    ck_assert_int_eq(hn_regions_find(ctx, map, 2, 2, 1, NULL, &r, &err), HN_E_ARGUMENT);
    map[1] = 0;
    ck_assert_int_eq(hn_regions_find(ctx, map, 0, 2, 1, NULL, &r, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_regions_find(ctx, map, 65535, 65535, 1, NULL, &r, &err), HN_E_LIMIT);
    ck_assert_int_eq(hn_regions_find(ctx, map, 65535, 32767, 65535, NULL, &r, &err), HN_E_LIMIT);
    o.spacing_x = -1;
    ck_assert_int_eq(hn_regions_find(ctx, map, 2, 2, 1, &o, &r, &err), HN_E_ARGUMENT);
    o = (hn_region_options){.struct_size = sizeof o, .threshold = NAN};
    ck_assert_int_eq(hn_regions_find(ctx, map, 2, 2, 1, &o, &r, &err), HN_E_ARGUMENT);
    o = (hn_region_options){.struct_size = sizeof o, .min_pixels = -1};
    ck_assert_int_eq(hn_regions_find(ctx, map, 2, 2, 1, &o, &r, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(r);
    ck_assert_int_eq(hn_regions_count(NULL), 0);
    hn_regions_free(NULL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("regions");
    TCase *t = tcase_create("regions");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, parts_and_their_order);
    tcase_add_test(t, outlines);
    tcase_add_test(t, as_a_flood_fill_has_it);
    tcase_add_test(t, an_ellipsoid_has_its_volume);
    tcase_add_test(t, lengths_of_simple_shapes);
    tcase_add_test(t, pieces_through_other_slices);
    tcase_add_test(t, refusals);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
