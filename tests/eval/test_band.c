/* test_band.c - confidence bands of curves: in agreement with numpy and scikit-learn (tests/golden/gen_bands.py), by patient, the same for the same
 * seed, and refused where a curve has no meaning. */
#include <math.h>

#include "../../lib/base/context.h" /* defines: hni_context_create */
#include "../host.h"
#include "golden.h" /* defines: golden_number, golden_int */

enum { MOST = 400, PLACES = 11 };

static hn_error err;
static hn_context *ctx;

static void setup(void) {
    hn_context_options options = {.struct_size = sizeof options};
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
}
static void teardown(void) { hni_context_unref(ctx); }

typedef struct rows {
    long n;
    int32_t truth[MOST];
    double p[2 * MOST];
    char names[MOST][24];
    const char *groups[MOST];
} rows;

static FILE *read_golden(rows *r) {
    FILE *f = fopen(GOLDEN("bands.txt"), "r");
    ck_assert_msg(f != NULL, "cannot open %s; tests run from the project's root", GOLDEN("bands.txt"));
    ck_assert_int_eq(fscanf(f, "#%*[^\n]"), 0);
    ck_assert_int_eq(fscanf(f, " rows"), 0);
    r->n = golden_int(f);
    ck_assert(r->n > 50 && r->n <= MOST);
    for (long i = 0; i < r->n; i++) {
        snprintf(r->names[i], sizeof r->names[i], "p%ld", golden_int(f));
        r->groups[i] = r->names[i];
        r->truth[i] = (int32_t)golden_int(f);
        r->p[2 * i + 1] = golden_number(f);
        r->p[2 * i] = 1 - r->p[2 * i + 1];
    }
    return f;
}

static hn_eval *eval_of(const rows *r, bool known) {
    const hn_eval_arrays arrays = {.struct_size = sizeof arrays, .task = HN_TASK_SINGLE, .n_classes = 2, .positive = 2, .n = r->n,
                                   .classes = r->truth, .probabilities = r->p, .groups = known ? r->groups : NULL};
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, &arrays, &eval, &err));
    return eval;
}

/* Limits jump from one rank to the next, so they are held to about a step of the curve, 1 / 118: 40000 resamples here, 50000 of other draws there. */
START_TEST(bands_agree_with_numpy) {
    static rows r;
    FILE *f = read_golden(&r);
    hn_eval *eval = eval_of(&r, true);
    hn_bootstrap_options options = {.struct_size = sizeof options, .method = HN_BOOTSTRAP_PERCENTILE, .resamples = 40000, .seed = test_seed()};
    for (int kind = HN_CURVE_ROC; kind <= HN_CURVE_PR; kind++) {
        double x[PLACES], y[PLACES], low[PLACES], high[PLACES], theirs[PLACES][3];
        ck_assert_int_eq(fscanf(f, kind == HN_CURVE_ROC ? " roc" : " pr"), 0);
        ck_assert_int_eq(golden_int(f), PLACES);
        for (int i = 0; i < PLACES; i++) {
            x[i] = golden_number(f);
            for (int k = 0; k < 3; k++) {
                theirs[i][k] = golden_number(f);
            }
        }
        ck_ok(hn_eval_curve_band(eval, kind, 1, &options, x, PLACES, y, low, high, &err));
        for (int i = 0; i < PLACES; i++) {
            const double ours[] = {y[i], low[i], high[i]};
            for (int k = 0; k < 3; k++) {
                ck_assert_msg(fabs(ours[k] - theirs[i][k]) <= (k ? 0.012 : 1e-12), "kind %d, x %g, number %d: %.6f, numpy says %.6f", kind, x[i], k, ours[k],
                              theirs[i][k]);
            }
            ck_assert(low[i] <= y[i] && y[i] <= high[i]);
        }
    }
    hn_eval_free(eval);
    fclose(f);
}
END_TEST

START_TEST(a_band_is_by_patient_and_the_same_for_the_same_seed) {
    static rows r;
    static const double x[] = {0.1, 0.3, 0.5};
    fclose(read_golden(&r));
    for (long i = r.n / 2; i < r.n; i++) { /* the second half repeats the first: half as much is known as there are rows */
        const long from = i - r.n / 2;
        r.truth[i] = r.truth[from];
        memcpy(&r.p[2 * i], &r.p[2 * from], 2 * sizeof *r.p);
        snprintf(r.names[from], sizeof r.names[from], "q%ld", from);
        memcpy(r.names[i], r.names[from], sizeof r.names[i]);
    }
    hn_eval *known = eval_of(&r, true), *unknown = eval_of(&r, false);
    double low[3][3], high[3][3];
    const hn_bootstrap_options options = {.struct_size = sizeof options, .seed = 4}, other = {.struct_size = sizeof other, .seed = 5};
    ck_ok(hn_eval_curve_band(known, HN_CURVE_ROC, 1, &options, x, 3, NULL, low[0], high[0], &err));
    ck_ok(hn_eval_curve_band(known, HN_CURVE_ROC, 1, &options, x, 3, NULL, low[1], high[1], &err));
    ck_ok(hn_eval_curve_band(known, HN_CURVE_ROC, 1, &other, x, 3, NULL, low[2], high[2], &err));
    ck_assert_mem_eq(low[0], low[1], sizeof low[0]);
    ck_assert_mem_eq(high[0], high[1], sizeof high[0]);
    ck_assert(memcmp(low[0], low[2], sizeof low[0]) || memcmp(high[0], high[2], sizeof high[0]));
    ck_ok(hn_eval_curve_band(unknown, HN_CURVE_ROC, 1, &options, x, 3, NULL, low[1], high[1], &err));
    ck_assert_double_gt(high[0][1] - low[0][1], 1.2 * (high[1][1] - low[1][1])); /* by image it would be narrower by √2 */
    hn_eval_free(known);
    hn_eval_free(unknown);
}
END_TEST

START_TEST(what_has_no_band_is_refused) {
    static rows r;
    static const double x[] = {0.1, 0.3}, falling[] = {0.3, 0.1}, beyond[] = {0.5, 1.5}, nothing[] = {NAN};
    static double many[65];
    double low[65] = {7}, high[65] = {7};
    fclose(read_golden(&r));
    hn_eval *eval = eval_of(&r, true);
    const hn_bootstrap_options few = {.struct_size = sizeof few, .resamples = 10};
    for (int i = 0; i < 65; i++) {
        many[i] = i / 64.0;
    }
    ck_ok(hn_eval_curve_band(eval, HN_CURVE_ROC, 0, NULL, many, 64, NULL, low, high, &err));
    low[0] = high[0] = 7;
    ck_assert_int_eq(hn_eval_curve_band(eval, HN_CURVE_ROC, 0, NULL, many, 65, NULL, low, high, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_curve_band(eval, HN_CURVE_ROC, 0, NULL, x, 0, NULL, low, high, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_curve_band(eval, HN_CURVE_ROC, 0, NULL, falling, 2, NULL, low, high, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_curve_band(eval, HN_CURVE_ROC, 0, NULL, beyond, 2, NULL, low, high, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_curve_band(eval, HN_CURVE_ROC, 0, NULL, nothing, 1, NULL, low, high, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_curve_band(eval, 3, 0, NULL, x, 2, NULL, low, high, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_curve_band(eval, HN_CURVE_PR, 0, &few, x, 2, NULL, low, high, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_curve_band(eval, HN_CURVE_PR, 2, NULL, x, 2, NULL, low, high, &err), HN_E_NOT_FOUND);
    hn_eval_free(eval);
    memset(r.truth, 0, sizeof r.truth);
    eval = eval_of(&r, true);
    ck_assert_int_eq(hn_eval_curve_band(eval, HN_CURVE_PR, 1, NULL, x, 2, NULL, low, high, &err), HN_E_DATA);
    ck_assert(low[0] == 7 && high[0] == 7);
    hn_eval_free(eval);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("band");
    TCase *t = tcase_create("golden and contract");
    tcase_add_checked_fixture(t, setup, teardown);
    const TTest *const cases[] = {bands_agree_with_numpy, a_band_is_by_patient_and_the_same_for_the_same_seed, what_has_no_band_is_refused};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(t, cases[i]);
    tcase_set_timeout(t, 60);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
