/* test_power_law.c - accuracy as a power law of the training size: the fits are scipy's, the size needed follows, limits hold what they should,
 * and points that give no curve are refused. */
#include <math.h>

#include "../../lib/base/context.h" /* defines: hni_context_create */
#include "../../lib/base/numeric.h" /* defines: hni_log */
#include "../../lib/base/random.h"
#include "../../lib/eval/power_law.h"
#include "../base/failing.h"
#include "golden.h" /* defines: golden_number, golden_int */

static hn_error err;
static hn_context *ctx;
static failing_allocator allocator;

static void setup(void) {
    allocator = (failing_allocator){.lock = ATOMIC_FLAG_INIT};
    ctx = failing_context(&allocator);
}
static void teardown(void) {
    hni_context_unref(ctx);
    ck_assert(allocator.live == 0 && allocator.wrong_values == 0);
}

static void near(const char *what, double ours, double theirs, double tolerance) {
    ck_assert_msg(fabs(ours - theirs) <= tolerance * fmax(1, fabs(theirs)), "%s is %.17g, scipy says %.17g", what, ours, theirs);
}

START_TEST(fits_agree_with_scipy) {
    char line[512];
    FILE *f = fopen(GOLDEN("intervals.txt"), "r");
    int cases = 0;
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f)) {
        int n;
        double x[64], y[64], w[64];
        if (sscanf(line, "power %d", &n) != 1) continue;
        for (int i = 0; i < n; i++) x[i] = hni_log(golden_number(f)), y[i] = golden_number(f), w[i] = golden_number(f);
        hni_power fit;
        ck_assert(hni_power_fit(x, y, w, n, &fit));
        ck_assert_int_eq(fscanf(f, " law"), 0);
        near("b1", fit.b1, golden_number(f), 1e-6); /* curve_fit itself stops there */
        near("b2", fit.b2, golden_number(f), 1e-6);
        near("error", fit.error, golden_number(f), 1e-9);
        near("size", fmin(hni_power_size(&fit, 95), 1e300), golden_number(f), 1e-5);
        cases++;
    }
    ck_assert_int_eq(cases, 5);
    fclose(f);
}
END_TEST

enum { SEEDS = 8, STEPS = 5, POINTS = SEEDS * STEPS };
typedef struct study {
    double sizes[POINTS], accuracies[POINTS], weights[POINTS];
    int32_t series[POINTS];
} study;

/* Seeds differ in level, as test parts do; sizes within a seed in noise. */
static void draw(study *s, uint32_t number, double b1, double b2) {
    hni_random r;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 20, number);
    for (int i = 0; i < POINTS; i++) {
        static double level;
        if (i % STEPS == 0) level = 1 + 0.15 * hni_random_normal(&r);
        s->sizes[i] = 10 << i % STEPS;
        s->accuracies[i] = fmin(1, 1 + level * b1 * pow(s->sizes[i], b2) / 100 + 0.004 * hni_random_normal(&r));
        s->weights[i] = 50;
        s->series[i] = i / STEPS * 7;
    }
}

static hn_learning_points points_of(const study *s, int64_t n) {
    return (hn_learning_points){.struct_size = sizeof(hn_learning_points), .n = n, .sizes = s->sizes, .accuracies = s->accuracies, .weights = s->weights,
                                .series = s->series};
}

START_TEST(limits_hold_the_truth) {
    const double b1 = -90, b2 = -0.6, size = pow(5 / 90.0, 1 / -0.6); /* for 95 % */
    int held = 0;
    enum { STUDIES = 100 };
    for (uint32_t i = 0; i < STUDIES; i++) {
        study s;
        draw(&s, i, b1, b2);
        const hn_learning_points points = points_of(&s, POINTS);
        hn_power_law_options o = {.struct_size = sizeof o, .resamples = 200};
        hn_power_law law = {.struct_size = sizeof law};
        ck_ok(hn_eval_power_law(ctx, &points, &o, &law, NULL, 0, &err));
        ck_assert(law.size_low < law.size && law.size < law.size_high && law.resamples == 200);
        held += law.size_low <= size && size <= law.size_high;
    }
    printf("the limits of the size hold the true one in %d of %d studies\n", held, STUDIES);
    ck_assert_int_ge(held, 83); /* eight series are few for a percentile interval */
}
END_TEST

START_TEST(no_size_is_enough_where_accuracy_does_not_rise) {
    study s;
    for (int i = 0; i < POINTS; i++) {
        s.sizes[i] = 10 << i % STEPS;
        s.accuracies[i] = 0.7 - 0.01 * (i % STEPS);
        s.weights[i] = 1;
        s.series[i] = i / STEPS;
    }
    const hn_learning_points points = points_of(&s, POINTS);
    hn_power_law law = {.struct_size = sizeof law};
    ck_ok(hn_eval_power_law(ctx, &points, NULL, &law, NULL, 0, &err));
    ck_assert(law.b2 > 0 && isinf(law.size) && law.size > 0 && isinf(law.size_high) && law.target == 0.95 && law.level == 0.95);
}
END_TEST

START_TEST(one_series_has_no_limits) {
    study s;
    double fits[200] = {0};
    draw(&s, 0, -80, -0.5);
    const hn_learning_points points = points_of(&s, STEPS);
    hn_power_law_options o = {.struct_size = sizeof o, .resamples = 100, .target = 0.9, .level = 0.5};
    hn_power_law law = {.struct_size = sizeof law};
    ck_ok(hn_eval_power_law(ctx, &points, &o, &law, fits, 200, &err));
    ck_assert(isfinite(law.size) && isnan(law.size_low) && isnan(law.b1_high) && law.resamples == 0 && isnan(fits[0]) && isnan(fits[199]));
    ck_assert(law.target == 0.9 && law.level == 0.5);
}
END_TEST

START_TEST(same_seed_same_bits) {
    study s;
    double fits[2][400];
    hn_power_law law[3];
    draw(&s, 3, -80, -0.5);
    const hn_learning_points points = points_of(&s, POINTS);
    for (int i = 0; i < 3; i++) {
        hn_power_law_options o = {.struct_size = sizeof o, .resamples = 200, .seed = i < 2 ? 5 : 6};
        law[i].struct_size = sizeof law[i];
        ck_ok(hn_eval_power_law(ctx, &points, &o, &law[i], i < 2 ? fits[i] : NULL, 400, &err));
    }
    ck_assert_mem_eq(&law[0], &law[1], sizeof law[0]);
    ck_assert_mem_eq(fits[0], fits[1], sizeof fits[0]);
    ck_assert(law[0].b1 == law[2].b1 && law[0].size_low != law[2].size_low);
}
END_TEST

static void refused(hn_learning_points points, const hn_power_law_options *o, size_t cap, hn_status status, const char *says) {
    static double fits[400];
    hn_power_law law = {.struct_size = sizeof law, .size = 7};
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(hn_eval_power_law(ctx, &points, o, &law, cap ? fits : NULL, cap, &err), status);
    ck_assert_msg(strstr(err.message, says) != NULL, "\"%s\" does not say \"%s\"", err.message, says);
    ck_assert(law.size == 7);
}

START_TEST(points_that_give_no_curve) {
    study s;
    draw(&s, 1, -80, -0.5);
    const hn_power_law_options few = {.struct_size = sizeof few, .resamples = 99}, sure = {.struct_size = sizeof sure, .target = 1};
    hn_learning_points p = points_of(&s, POINTS);
    refused(p, &few, 0, HN_E_ARGUMENT, "resamples 99");
    refused(p, &sure, 0, HN_E_ARGUMENT, "target 1");
    refused(p, NULL, 399, HN_E_BUFFER, "room for 399");
    p.n = 1;
    refused(p, NULL, 0, HN_E_ARGUMENT, "1 points");
    p.n = 2, s.sizes[1] = s.sizes[0];
    refused(p, NULL, 0, HN_E_DATA, "two sizes");
    s.sizes[1] = 20, s.accuracies[0] = s.accuracies[1] = 1;
    refused(p, NULL, 0, HN_E_DATA, "not all with an accuracy of 1");
    s.accuracies[1] = 1.5;
    refused(p, NULL, 0, HN_E_ARGUMENT, "point 1 has");
    s.accuracies[1] = NAN;
    refused(p, NULL, 0, HN_E_ARGUMENT, "point 1 has");
    s.accuracies[1] = 0.5, s.weights[0] = 0;
    refused(p, NULL, 0, HN_E_ARGUMENT, "weight 0");
    s.weights[0] = 1, s.sizes[0] = 0.5;
    refused(p, NULL, 0, HN_E_ARGUMENT, "size 0.5");
}
END_TEST

START_TEST(memory_and_cancelling) {
    study s;
    hn_cancel *cancel = NULL;
    draw(&s, 1, -80, -0.5);
    const hn_learning_points points = points_of(&s, POINTS);
    hn_power_law law = {.struct_size = sizeof law};
    const int live = allocator.live;
    for (int n = 1; n <= 5; n++) {
        allocator.fail_at = allocator.calls + n;
        ck_assert_int_eq(hn_eval_power_law(ctx, &points, NULL, &law, NULL, 0, &err), HN_E_MEMORY);
        ck_assert_int_eq(allocator.live, live);
    }
    allocator.fail_at = 0;
    ck_ok(hn_cancel_create(ctx, &cancel, &err));
    hn_cancel_trigger(cancel);
    const hn_power_law_options o = {.struct_size = sizeof o, .cancel = cancel};
    ck_assert_int_eq(hn_eval_power_law(ctx, &points, &o, &law, NULL, 0, &err), HN_E_CANCELLED);
    hn_cancel_free(cancel);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("power law");
    TCase *t = tcase_create("power law");
    tcase_add_checked_fixture(t, setup, teardown);
    const TTest *const cases[] = {fits_agree_with_scipy, limits_hold_the_truth, no_size_is_enough_where_accuracy_does_not_rise, one_series_has_no_limits,
                                  same_seed_same_bits, points_that_give_no_curve, memory_and_cancelling};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(t, cases[i]);
    tcase_set_timeout(t, 60);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
