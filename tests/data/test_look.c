/* test_look.c - the look of an image: the same bits for the eight orientations as from the turned pixels, near for what people do to pictures, far
 * for other patients; and the index finds exactly what comparing all with all finds. */
#include <math.h>

#include "data/look.h"
#include "slices.h"

static hni_look look_of(const slice *s) { return hni_look_of(s->px, SLICE, SLICE); }

static int distance(const hni_look *a, const hni_look *b) { return hni_look_distance(a, b) + hni_look_detail(a, b); }

START_TEST(signs_of_the_transform) {
    /* The definition in doubles, on pixels that are the cells themselves. */
    uint8_t px[48 * 48];
    uint32_t x = 12345;
    for (int i = 0; i < 48 * 48; i++) px[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    const hni_look look = hni_look_of(px, 48, 48);
    int looked_at = 0;
    for (int u = 0; u < HNI_LOOK_SIDE; u++)
        for (int v = 0; v < HNI_LOOK_SIDE; v++) {
            double sum = 0;
            for (int r = 0; r < 48; r++)
                for (int c = 0; c < 48; c++) sum += px[r * 48 + c] * cos(acos(-1) * (2 * r + 1) * u / 96) * cos(acos(-1) * (2 * c + 1) * v / 96);
            if (u + v == 0 || fabs(sum) < 50) continue; /* rounding of the table may decide */
            ck_assert_msg((look.rows[u] >> v & 1) == (sum > 0), "frequency %d, %d: %g", u, v, sum);
            looked_at++;
        }
    ck_assert_int_gt(looked_at, 550);
    ck_assert_int_eq(look.plain, 0);
    ck_assert_uint_eq(look.rows[0] & 1, 0);
}
END_TEST

START_TEST(orientations_follow) {
    hn_phantom *phantom = draw_patients(2, 1);
    for (int64_t i = 0; i < 8; i++) {
        slice *s = draw_slice(phantom, i);
        const hni_look look = look_of(s);
        for (int turn = 0; turn < HNI_TURNS; turn++) {
            const slice other = turned(s, turn);
            const hni_look want = look_of(&other), got = hni_look_turned(&look, turn);
            ck_assert_int_eq(distance(&want, &got), 0);
        }
        free(s);
    }
    hn_phantom_free(phantom);
}
END_TEST

START_TEST(sizes_hardly_matter) {
    static const int32_t sizes[][2] = {{64, 64}, {100, 100}, {96, 128}, {300, 300}, {49, 47}};
    hn_phantom *phantom = draw_patients(3, 2);
    for (int64_t i = 0; i < 12; i++) {
        slice *s = draw_slice(phantom, i);
        const hni_look look = look_of(s);
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            uint8_t *small = malloc((size_t)sizes[k][0] * (size_t)sizes[k][1]);
            ck_ok(hni_resize_u8(ctx, s->px, SLICE, SLICE, 1, small, sizes[k][0], sizes[k][1], &err));
            const hni_look other = hni_look_of(small, sizes[k][0], sizes[k][1]);
            ck_assert_msg(hni_look_distance(&look, &other) <= HNI_LOOK_NEAR && hni_look_detail(&look, &other) <= HNI_LOOK_DETAIL,
                          "slice %d at %d × %d px: %d and %d", (int)i, sizes[k][0], sizes[k][1], hni_look_distance(&look, &other),
                          hni_look_detail(&look, &other));
            free(small);
        }
        free(s);
    }
    hn_phantom_free(phantom);
}
END_TEST

START_TEST(tiny_and_plain) {
    const uint8_t one = 200, row[5] = {0, 10, 20, 30, 255};
    uint8_t grey[40 * 40];
    memset(grey, 77, sizeof grey);
    grey[5] = 79;
    ck_assert_int_eq(hni_look_of(&one, 1, 1).plain, 1);
    ck_assert_int_eq(hni_look_of(grey, 40, 40).plain, 1);
    ck_assert_int_eq(hni_look_of(row, 5, 1).plain, 0);
    ck_assert_int_eq(hni_look_of(row, 1, 5).plain, 0);
    const hni_look wide = hni_look_of(row, 5, 1), tall = hni_look_of(row, 1, 5), swapped = hni_look_turned(&wide, 4);
    ck_assert_int_eq(distance(&tall, &swapped), 0);
}
END_TEST

static bool not_itself(const void *user, uint32_t row) { return *(const uint32_t *)user != row; }

START_TEST(index_finds_what_all_pairs_have) {
    enum { N = 400 };
    static hni_look looks[N];
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < N; i++) { /* every fourth is an earlier one with some bits changed, perhaps turned */
        for (int u = 0; u < HNI_LOOK_SIDE; u++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            looks[i].rows[u] = (uint32_t)state & 0xFFFFFF;
        }
        looks[i].rows[0] &= ~1u;
        if (i % 4 != 3) continue;
        looks[i] = hni_look_turned(&looks[i - 1 - (int)(state >> 40) % 3], (int)(state >> 33) % 8);
        looks[i].rows[0] &= ~1u; /* what mirroring makes of the mean's bit */
        for (int k = (int)(state >> 20) % 24; k > 0; k--) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            const unsigned bit = (unsigned)(state >> 8) % 576;
            if (bit) looks[i].rows[bit / 24] ^= 1u << bit % 24;
        }
    }
    looks[10].plain = 1;
    hni_look_index *index = NULL;
    int found = 0;
    ck_ok(hni_look_index_make(ctx, looks, N, &index, &err));
    for (uint32_t i = 0; i < N; i++) {
        int best = 1000;
        for (uint32_t k = 0; k < N; k++)
            for (int turn = 0; turn < HNI_TURNS && k != i && !looks[i].plain && !looks[k].plain; turn++) {
                const hni_look t = hni_look_turned(&looks[i], turn);
                const int low = hni_look_distance(&t, &looks[k]), detail = hni_look_detail(&t, &looks[k]);
                if (low <= HNI_LOOK_NEAR && detail <= HNI_LOOK_DETAIL && low + detail < best) best = low + detail;
            }
        const hni_look_match m = hni_look_nearest(index, &looks[i], not_itself, &i);
        ck_assert_int_eq(m.row >= 0, best < 1000);
        if (m.row < 0) continue;
        ck_assert_int_eq(m.distance, best);
        const hni_look t = hni_look_turned(&looks[i], m.turn);
        ck_assert_int_eq(hni_look_distance(&t, &looks[m.row]) + hni_look_detail(&t, &looks[m.row]), best);
        found++;
    }
    ck_assert_int_gt(found, 80);
    hni_look_index_free(index);
}
END_TEST

/* A bucket that all rows are in: still an answer, and soon. */
START_TEST(index_of_equal_looks) {
    enum { N = 3000 };
    hni_look *looks = calloc(N, sizeof *looks);
    hni_look_index *index = NULL;
    const uint32_t self = 0;
    for (int i = 0; i < N; i++) looks[i].rows[3] = 0x5A5A5A;
    ck_ok(hni_look_index_make(ctx, looks, N, &index, &err));
    const hni_look_match m = hni_look_nearest(index, &looks[0], not_itself, &self);
    ck_assert_int_eq(m.row, 1);
    ck_assert_int_eq(m.distance, 0);
    hni_look_index_free(index);
    free(looks);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {signs_of_the_transform, orientations_follow, sizes_hardly_matter, tiny_and_plain,
                                  index_finds_what_all_pairs_have, index_of_equal_looks};
    return run_cases("look", cases, sizeof cases / sizeof *cases);
}
