/* test_sampler.c - which rows are drawn how often, and that the draws follow from seed and epoch alone. */
#include <math.h>

#include "data/loader.h"
#include "data/sampler.h"
#include "help.h"

static const hni_preproc four = {.width = 4, .height = 4, .channels = 1};

/* file,label,patient,study,slice of a manifest; every file is the same image. */
static hn_dataset *rows_of(const char *text) {
    hn_dataset *ds = NULL;
    char manifest[8192] = "file,label,patient,study,slice\n";
    write_pgm(at("x.pgm"), 7);
    strcat(manifest, text);
    write_text(at("m.csv"), manifest);
    ck_ok(hn_dataset_open(ctx, at("m.csv"), NULL, &ds, &err));
    return ds;
}

static void ck_weights(const double *weights, const double *expected, int n) {
    for (int i = 0; i < n; i++) ck_assert_msg(fabs(weights[i] - expected[i]) < 1e-15, "row %d weighs %g, not %g", i, weights[i], expected[i]);
}

START_TEST(classes_and_groups) {
    double weights[6];
    hn_dataset *ds = rows_of("x.pgm,a,P1,,\nx.pgm,a,P1,,\nx.pgm,a,P2,,\nx.pgm,b,,,\nx.pgm,b,,,\nx.pgm,c,P1,,\n");
    ck_ok(hni_sampler_classes(ds, weights, &err));
    ck_weights(weights, (const double[]){1.0 / 3, 1.0 / 3, 1.0 / 3, 0.5, 0.5, 1}, 6);
    ck_ok(hni_sampler_groups(ds, weights, &err));
    ck_weights(weights, (const double[]){1.0 / 3, 1.0 / 3, 1, 1, 1, 1.0 / 3}, 6); /* without a group each is one of its own */
    hn_dataset_free(ds);
}
END_TEST

START_TEST(neighbours_of_a_lesion) {
    /* slices out of order, two studies, another patient, and one without a slice */
    hn_dataset *ds = rows_of("x.pgm,no,P1,A,9\nx.pgm,yes,P1,A,5\nx.pgm,no,P1,A,7\nx.pgm,no,P1,A,8\nx.pgm,no,P1,A,3\nx.pgm,no,P1,A,2\nx.pgm,yes,P1,A,6\n"
                             "x.pgm,no,P1,B,5\nx.pgm,no,P2,A,5\nx.pgm,no,P1,A,\n");
    const uint8_t positive[10] = {0, 1, 0, 0, 0, 0, 1, 0, 0, 0};
    double weights[10];
    ck_ok(hni_sampler_hard(ds, positive, 2, 5, weights, &err));
    ck_weights(weights, (const double[]){1, 1, 5, 5, 5, 1, 1, 1, 1, 1}, 10);
    ck_ok(hni_sampler_hard(ds, positive, 3, 0.5, weights, &err));
    ck_weights(weights, (const double[]){0.5, 1, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1}, 10);
    hn_dataset_free(ds);
    ds = rows_of("x.pgm,no,P1,,\nx.pgm,yes,,,4\n");
    ck_assert_int_eq(hni_sampler_hard(ds, positive, 2, 5, weights, &err), HN_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "slice"));
    hn_dataset_free(ds);
}
END_TEST

/* Rows of one pass, in batches of `size`. */
static void pass(hn_dataset *ds, const double *weights, uint64_t seed, int64_t epoch, int32_t size, int64_t *rows, int64_t n) {
    hni_loader *loader = NULL;
    hni_batch batch;
    int64_t at = 0;
    ck_ok(hni_loader_create(ds, &four, size, 2, &loader, &err));
    ck_ok(hni_loader_weigh(loader, weights, &err));
    ck_ok(hni_loader_start(loader, seed, epoch, &err));
    do {
        ck_ok(hni_loader_next(loader, NULL, &batch, &err));
        for (int32_t i = 0; i < batch.count; i++) rows[at++] = batch.rows[i];
    } while (batch.count);
    ck_assert_int_eq(at, n);
    hni_loader_free(loader);
}

START_TEST(draws) {
    enum { N = 40, EPOCHS = 500 };
    char text[8192] = "";
    double weights[N], sum = 0, chi = 0;
    int64_t a[N], b[N], count[N] = {0};
    for (int i = 0; i < N; i++) strcat(text, i % 2 ? "x.pgm,a,,,\n" : "x.pgm,b,,,\n");
    hn_dataset *ds = rows_of(text);
    for (int i = 0; i < N; i++) sum += weights[i] = 1 + i % 5;
    for (int e = 0; e < EPOCHS; e++) {
        pass(ds, weights, test_seed(), e, 7, a, N);
        for (int i = 0; i < N; i++) count[a[i]]++;
    }
    for (int i = 0; i < N; i++) {
        const double expected = weights[i] / sum * N * EPOCHS;
        chi += (count[i] - expected) * (count[i] - expected) / expected;
    }
    ck_assert_msg(chi < 39 + 6 * sqrt(2 * 39), "chi squared is %g with 39 degrees of freedom", chi);
    pass(ds, weights, 3, 1, 7, a, N);
    pass(ds, weights, 3, 1, 11, b, N);
    ck_assert_mem_eq(a, b, sizeof a); /* neither batches nor what is decoded ahead change anything */
    pass(ds, weights, 3, 2, 7, b, N);
    ck_assert_mem_ne(a, b, sizeof a);
    pass(ds, weights, 4, 1, 7, b, N);
    ck_assert_mem_ne(a, b, sizeof a);
    hn_dataset_free(ds);
}
END_TEST

/* What the caller has kept is named and not decoded: a file that has gone is not missed. */
START_TEST(kept_rows_need_no_pixels) {
    hn_dataset *ds = rows_of("x.pgm,a,,,\ny.pgm,b,,,\nx.pgm,a,,,\n");
    hni_loader *loader = NULL;
    hni_batch batch;
    uint8_t kept[3] = {0, 1, 0};
    ck_ok(hni_loader_create(ds, &four, 3, 1, &loader, &err));
    hni_loader_keep(loader, kept);
    ck_ok(hni_loader_start(loader, 0, -1, &err));
    ck_ok(hni_loader_next(loader, NULL, &batch, &err));
    ck_assert_int_eq(batch.count, 3);
    for (int k = 0; k < 16; k++) ck_assert(batch.pixels[k] == 7 && batch.pixels[32 + k] == 7);
    hni_loader_keep(loader, NULL);
    ck_ok(hni_loader_start(loader, 0, -1, &err));
    ck_ok(hni_loader_next(loader, NULL, &batch, &err));
    ck_assert_int_eq(batch.count, 2);
    hni_loader_free(loader);
    hn_dataset_free(ds);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sampler");
    TCase *tc = tcase_create("sampler");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, classes_and_groups);
    tcase_add_test(tc, neighbours_of_a_lesion);
    tcase_add_test(tc, draws);
    tcase_add_test(tc, kept_rows_need_no_pixels);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
