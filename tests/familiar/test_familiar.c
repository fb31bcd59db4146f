/* Learning what training images look like: when nothing is learned, how good the limit is, that threads change no bit, what is kept and read back,
 * what a hostile file is told, and memory that ends. */
#include <math.h>

#include "../base/failing.h"
#include "../host.h"
#include "base/random.h"
#include "familiar/familiar.h"

static hn_error err;

static hn_context *context(int32_t threads) {
    hn_context_options o = {.struct_size = sizeof o, .threads = threads, .plugin_dir = ""};
    hn_context *ctx = NULL;
    test_host_apply(&o);
    ck_ok(hn_context_create(&o, &ctx, &err));
    return ctx;
}

/* Rows of statistics that go together two by two; salt makes other rows of the same kind. */
static double *rows_of(int64_t n, uint32_t salt) {
    double *x = malloc((size_t)n * HNI_SIGNATURE * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (int64_t i = 0; i < n; i++) {
        hni_random r;
        hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, salt, (uint32_t)i);
        for (int j = 0; j < HNI_SIGNATURE; j++) x[i * HNI_SIGNATURE + j] = 100 + j + 10 * hni_random_normal(&r) + (j % 2 ? x[i * HNI_SIGNATURE + j - 1] : 0);
    }
    return x;
}

/* Rows `step` apart have one unit after the other. */
static hni_familiar *learn_units(hn_context *ctx, const double *x, int64_t n, int64_t step, int32_t units) {
    hni_familiar *f = NULL;
    int32_t *unit = malloc((size_t)n * sizeof *unit);
    for (int64_t i = 0; i < n; i++) unit[i] = (int32_t)(i / step % units);
    ck_ok(hni_familiar_learn(ctx, x, unit, n, units, &f, &err));
    free(unit);
    return f;
}
static hni_familiar *learn(hn_context *ctx, const double *x, int64_t n, int32_t units) { return learn_units(ctx, x, n, 1, units); }

START_TEST(too_little_teaches_nothing) {
    hn_context *ctx = context(2);
    double *x = rows_of(200, 1);
    ck_assert_ptr_null(learn(ctx, x, HNI_FAMILIAR_LEAST - 1, HNI_FAMILIAR_LEAST - 1));
    ck_assert_ptr_null(learn(ctx, x, 200, 1)); /* one patient */
    for (int i = 1; i < 200; i++) memcpy(x + i * HNI_SIGNATURE, x, HNI_SIGNATURE * sizeof *x);
    ck_assert_ptr_null(learn(ctx, x, 200, 200)); /* one image, again and again */
    free(x);
    uint8_t pixel = 7;
    ck_assert(isnan(hni_familiar_novelty(NULL, &pixel, 1, 1, 1)));
    hn_context_free(ctx);
}
END_TEST

/* The limit takes in about the share of new rows that it promises, however few it was learned from. */
START_TEST(the_limit_holds_for_new_rows) {
    static const int64_t sizes[] = {50, 100, 400};
    hn_context *ctx = context(2);
    for (int s = 0; s < 3; s++) {
        int64_t over = 0, all = 0;
        for (uint32_t again = 0; again < 5; again++) {
            double *x = rows_of(sizes[s], 100 + again), *fresh = rows_of(400, 200 + again), work[HNI_SIGNATURE];
            hni_familiar *f = learn(ctx, x, sizes[s], (int32_t)sizes[s]);
            ck_assert_ptr_nonnull(f);
            ck_assert_int_eq(f->rows, sizes[s]);
            ck_assert_int_eq(f->folds, 10);
            ck_assert(f->e.shrinkage > 0 && f->e.shrinkage < 1);
            for (int i = 0; i < 400; i++) over += hni_ellipsoid_distance(&f->e, fresh + i * HNI_SIGNATURE, work) > f->limit;
            all += 400;
            hni_familiar_free(f);
            free(x), free(fresh);
        }
        printf("learned from %lld: %lld of %lld new rows over the limit\n", (long long)sizes[s], (long long)over, (long long)all);
        ck_assert_msg((double)over / (double)all < 2.5 * (1 - HNI_FAMILIAR_SHARE), "%lld of %lld", (long long)over, (long long)all);
    }
    hn_context_free(ctx);
}
END_TEST

/* All rows of a patient are held out together: 30 patients of 10 equal rows are as hard to tell as 30 rows. */
START_TEST(patients_are_held_out_whole) {
    enum { PATIENTS = 30, EACH = 10 };
    hn_context *ctx = context(2);
    double *few = rows_of(PATIENTS, 5), *many = malloc(PATIENTS * EACH * HNI_SIGNATURE * sizeof *many);
    for (int i = 0; i < PATIENTS * EACH; i++) memcpy(many + i * HNI_SIGNATURE, few + i % PATIENTS * HNI_SIGNATURE, HNI_SIGNATURE * sizeof *many);
    hni_familiar *apart = learn(ctx, many, PATIENTS * EACH, PATIENTS), *mixed = learn_units(ctx, many, PATIENTS * EACH, PATIENTS, EACH);
    ck_assert_int_eq(apart->units, PATIENTS);
    ck_assert_msg(apart->limit > 1.5 * mixed->limit, "limits %g and %g", apart->limit, mixed->limit);
    hni_familiar_free(apart);
    hni_familiar_free(mixed);
    free(few), free(many);
    hn_context_free(ctx);
}
END_TEST

START_TEST(threads_change_no_bit) {
    double *x = rows_of(150, 9);
    hni_familiar *first = NULL;
    hn_context *one = context(1), *four = context(4);
    for (int i = 0; i < 2; i++) {
        hni_familiar *f = learn(i ? four : one, x, 150, 40);
        if (!first) {
            first = f;
            continue;
        }
        ck_assert(f->limit == first->limit && f->e.shrinkage == first->e.shrinkage);
        ck_assert_mem_eq(f->e.factor, first->e.factor, HNI_SIGNATURE * HNI_SIGNATURE * sizeof *f->e.factor);
        hni_familiar_free(f);
    }
    hni_familiar_free(first);
    hn_context_free(one);
    hn_context_free(four);
    free(x);
}
END_TEST

START_TEST(what_is_packed_is_unpacked) {
    static uint8_t bytes[HNI_FAMILIAR_BYTES], again[HNI_FAMILIAR_BYTES], pixels[3 * 50 * 40];
    hn_context *ctx = context(2);
    double *x = rows_of(60, 3);
    hni_familiar *f = learn(ctx, x, 60, 60), *read = NULL, *copy = NULL;
    hni_familiar_pack(f, bytes);
    ck_ok(hni_familiar_unpack(ctx, bytes, &read, &err));
    read->limit = f->limit;
    hni_familiar_pack(read, again);
    ck_assert_mem_eq(bytes, again, sizeof bytes);
    ck_ok(hni_familiar_copy(f, ctx, &copy, &err));
    for (int k = 0; k < 3; k++) {
        for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * (size_t)(k + 3) % 251);
        const double novelty = hni_familiar_novelty(f, pixels, 3, 50, 40);
        ck_assert(novelty > 0 && novelty <= HNI_FAMILIAR_CAP);
        ck_assert(novelty == hni_familiar_novelty(read, pixels, 3, 50, 40) && novelty == hni_familiar_novelty(copy, pixels, 3, 50, 40));
    }
    memset(pixels, 90, sizeof pixels); /* of one grey: always */
    ck_assert(hni_familiar_novelty(f, pixels, 3, 50, 40) == HNI_FAMILIAR_CAP);
    hni_familiar_free(f), hni_familiar_free(read), hni_familiar_free(copy);
    free(x);
    hn_context_free(ctx);
}
END_TEST

static void write_float(uint8_t *bytes, size_t at, float value) { memcpy(bytes + 4 * at, &value, 4); }

START_TEST(hostile_numbers_are_refused) {
    static uint8_t good[HNI_FAMILIAR_BYTES], bytes[HNI_FAMILIAR_BYTES];
    enum { SCALE = HNI_SIGNATURE, FACTOR = 2 * HNI_SIGNATURE };
    const struct {
        size_t at;
        float value;
    } wrong[] = {{0, NAN}, {5, INFINITY}, {7, -2e6f}, {SCALE, 0}, {SCALE + 3, 0.5f}, {SCALE + 3, NAN}, {SCALE, 1e9f},
                 {FACTOR, 0}, {FACTOR, -1}, {FACTOR + 2, 0},
                 {FACTOR + 1, NAN}, {FACTOR + 1, 1e8f}, {FACTOR + 4, INFINITY}, {HNI_FAMILIAR_BYTES / 4 - 1, 0}};
    hn_context *ctx = context(1);
    double *x = rows_of(60, 3);
    hni_familiar *f = learn(ctx, x, 60, 60), *read = NULL;
    hni_familiar_pack(f, good);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        memcpy(bytes, good, sizeof bytes);
        write_float(bytes, wrong[i].at, wrong[i].value);
        memset(&err, 0, sizeof err);
        read = NULL;
        ck_assert_int_eq(hni_familiar_unpack(ctx, bytes, &read, &err), HN_E_FORMAT);
        ck_assert_ptr_null(read);
        ck_assert_ptr_nonnull(strstr(err.message, "training images"));
    }
    /* The most that is let in: no NaN, and never beyond the cap. */
    memcpy(bytes, good, sizeof bytes);
    for (size_t a = 0, at = FACTOR; a < HNI_SIGNATURE; a++)
        for (size_t b = 0; b <= a; b++, at++) write_float(bytes, at, a == b ? 2e-6f : a % 2 ? 1e6f : -1e6f);
    for (size_t j = 0; j < HNI_SIGNATURE; j++) write_float(bytes, j, 1e6f);
    ck_ok(hni_familiar_unpack(ctx, bytes, &read, &err));
    read->limit = 1e-6;
    ck_assert(hni_familiar_novelty(read, (const uint8_t[4]){9, 8, 7, 200}, 1, 2, 2) == HNI_FAMILIAR_CAP);
    hni_familiar_free(f), hni_familiar_free(read);
    free(x);
    hn_context_free(ctx);
}
END_TEST

START_TEST(memory_may_end_anywhere) {
    failing_allocator a = {.lock = ATOMIC_FLAG_INIT};
    hn_context *ctx = failing_context(&a);
    double *x = rows_of(30, 4);
    int32_t unit[30];
    for (int i = 0; i < 30; i++) unit[i] = i;
    const int blocks = a.live;
    int failures = 0;
    for (int n = 1;; n++) {
        hni_familiar *f = NULL, *copy = NULL;
        a.calls = 0, a.fail_at = n;
        memset(&err, 0, sizeof err);
        hn_status status = hni_familiar_learn(ctx, x, unit, 30, 30, &f, &err);
        if (!status) status = hni_familiar_copy(f, ctx, &copy, &err);
        const bool reached = a.calls >= n;
        a.fail_at = 0;
        ck_assert_int_eq(status, reached ? HN_E_MEMORY : HN_OK);
        hni_familiar_free(f), hni_familiar_free(copy);
        ck_assert_int_eq(a.live, blocks);
        if (!reached) break;
        failures++;
    }
    ck_assert_int_ge(failures, 5);
    ck_assert_int_eq(a.wrong_values, 0);
    free(x);
    hn_context_free(ctx);
    ck_assert_int_eq(a.live, 0);
}
END_TEST

int main(void) {
    Suite *s = suite_create("familiar/familiar");
    TCase *c = tcase_create("familiar");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, too_little_teaches_nothing);
    tcase_add_test(c, the_limit_holds_for_new_rows);
    tcase_add_test(c, patients_are_held_out_whole);
    tcase_add_test(c, threads_change_no_bit);
    tcase_add_test(c, what_is_packed_is_unpacked);
    tcase_add_test(c, hostile_numbers_are_refused);
    tcase_add_test(c, memory_may_end_anywhere);
    suite_add_tcase(s, c);
    return run_suite(s);
}
