/* test_coverage.c - do 95 % intervals hold the true value in 95 of 100 studies? Invented studies whose true values are known, drawn again and
 * again. A few studies here; with HAEMNET_COVERAGE_ALL=1 (slow_coverage.sh) enough that 95 % ± 1.5 % is asserted. */
#include <math.h>

#include "../../lib/base/context.h" /* defines: hni_context_create */
#include "../../lib/base/random.h"
#include "../../lib/eval/bootstrap.h"
#include "../../lib/eval/delong.h"
#include "../../lib/eval/distributions.h"
#include "../../lib/eval/intervals.h"
#include "../host.h"
#include "../test.h"
#include "haemnet/subgroups.h"

static hn_error err;
static hn_context *ctx;

static void setup(void) {
    hn_context_options options = {.struct_size = sizeof options};
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
}
static void teardown(void) { hni_context_unref(ctx); }

static bool all(void) {
    const char *text = getenv("HAEMNET_COVERAGE_ALL");
    return text && *text && strcmp(text, "0") != 0;
}

typedef struct tally {
    const char *name;
    int studies, held;
} tally;

static void count(tally *t, double low, double high, double truth) {
    ck_assert_msg(low <= high, "%s: %g to %g", t->name, low, high);
    t->studies++;
    t->held += low <= truth && truth <= high;
}

/* `few`: how far off a quick run may be; three of its standard deviations. */
static void near_95(const tally *t, double few) {
    const double share = (double)t->held / t->studies;
    printf("%s: %.2f %% of %d studies\n", t->name, 100 * share, t->studies);
    fflush(stdout);
    ck_assert_msg(fabs(share - 0.95) <= (all() ? 0.015 : few), "%s: the interval holds the true value in %.2f %% of %d studies", t->name, 100 * share,
                  t->studies);
}

static hni_random stream(uint32_t purpose, int study) {
    hni_random r;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, purpose, (uint32_t)study);
    return r;
}

START_TEST(wilson) {
    tally t = {.name = "Wilson"};
    for (int study = 0; study < (all() ? 40000 : 4000); study++) {
        hni_random r = stream(1, study);
        const double share = 0.6 + 0.35 * hni_random_unit(&r);
        const int n = 30 + (int)hni_random_below(&r, 200);
        int hits = 0;
        for (int i = 0; i < n; i++) hits += hni_random_unit(&r) < share;
        hn_interval interval = {.struct_size = sizeof interval};
        ck_ok(hn_eval_proportion(hits, n, 0, &interval, &err));
        count(&t, interval.low, interval.high, share);
    }
    near_95(&t, 0.015);
}
END_TEST

/* Values of ten folds that share a part, as figures of models do that share training data: correlation 1 / 10. */
START_TEST(mean_over_folds) {
    enum { FOLDS = 10 };
    tally corrected = {.name = "mean over folds, corrected"}, plain = {.name = "mean over folds, plain"}, apart = {.name = "mean of independent values"};
    for (int study = 0; study < (all() ? 20000 : 4000); study++) {
        hni_random r = stream(2, study);
        const double shared = sqrt(0.1) * hni_random_normal(&r);
        double values[FOLDS], independent[FOLDS];
        hn_mean m = {.struct_size = sizeof m};
        for (int i = 0; i < FOLDS; i++) {
            independent[i] = 0.8 + 0.05 * hni_random_normal(&r);
            values[i] = 0.8 + 0.05 * (shared + sqrt(0.9) * hni_random_normal(&r));
        }
        ck_ok(hn_eval_mean(values, FOLDS, 1.0 / (FOLDS - 1), 0, &m, &err));
        count(&corrected, m.corrected_low, m.corrected_high, 0.8);
        count(&plain, m.low, m.high, 0.8);
        ck_ok(hn_eval_mean(independent, FOLDS, 1.0 / (FOLDS - 1), 0, &m, &err));
        count(&apart, m.low, m.high, 0.8);
    }
    near_95(&corrected, 0.015);
    near_95(&apart, 0.015);
    ck_assert_double_lt((double)plain.held / plain.studies, 0.88); /* why the corrected one is there */
}
END_TEST

enum { MOST = 640 };
typedef struct study { /* scores of two models: a truth's shift, a patient's own level, noise */
    int64_t n;
    int32_t truth[MOST];
    double p[2][2 * MOST];
    char names[MOST][12];
    const char *groups[MOST];
} study;

typedef struct plan {
    int patients, slices;
    double shift[2], patient; /* in deviations of the noise */
    bool mixed;               /* slices of a patient differ in truth */
} plan;

static void draw(const plan *p, hni_random *r, study *s) {
    s->n = 0;
    for (int i = 0; i < p->patients; i++) {
        const double level = p->patient * hni_random_normal(r);
        for (int k = 0; k < p->slices; k++, s->n++) {
            const int truth = p->mixed ? hni_random_below(r, 3) == 0 : i % 2;
            const double common = level + 0.6 * hni_random_normal(r);
            s->truth[s->n] = truth;
            snprintf(s->names[s->n], sizeof *s->names, "%d", i);
            s->groups[s->n] = s->names[s->n];
            for (int m = 0; m < 2; m++) {
                const double score = p->shift[m] * truth + common + 0.8 * hni_random_normal(r); /* noise of variance 1 in all */
                s->p[m][2 * s->n + 1] = 1 / (1 + exp(0.5 * p->shift[m] - score));
                s->p[m][2 * s->n] = 1 - s->p[m][2 * s->n + 1];
            }
        }
    }
}

static double true_auc(const plan *p, int m) { return 1 - hni_normal_upper(p->shift[m] / sqrt(2 * (1 + p->patient * p->patient))); }
/* Called positive from half the shift on. */
static double true_accuracy(const plan *p, int m) { return 1 - hni_normal_upper(0.5 * p->shift[m] / sqrt(1 + p->patient * p->patient)); }

static hn_eval *eval_of(const study *s, int model) {
    const hn_eval_arrays a = {.struct_size = sizeof a, .task = HN_TASK_SINGLE, .n_classes = 2, .positive = 2, .n = s->n, .classes = s->truth,
                              .probabilities = s->p[model], .groups = s->groups};
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, &a, &eval, &err));
    return eval;
}

static study s; /* large for a stack */

static void delong(const char *one, const char *two, const plan *p, uint32_t purpose) {
    tally single = {.name = one}, difference = {.name = two};
    for (int i = 0; i < (all() ? 10000 : 1000); i++) {
        hni_random r = stream(purpose, i);
        hn_interval interval = {.struct_size = sizeof interval};
        draw(p, &r, &s);
        hn_eval *a = eval_of(&s, 0), *b = eval_of(&s, 1);
        ck_ok(hn_eval_auc(a, 1, 0, &interval, &err));
        count(&single, interval.low, interval.high, true_auc(p, 0));
        ck_ok(hn_eval_auc_difference(a, b, 1, 0, &interval, &err));
        count(&difference, interval.low, interval.high, true_auc(p, 0) - true_auc(p, 1));
        hn_eval_free(a);
        hn_eval_free(b);
    }
    near_95(&single, 0.03);
    near_95(&difference, 0.03);
}

START_TEST(delong_image_by_image) {
    delong("DeLong, AUC 0.76, 80 patients of one slice", "DeLong, difference to 0.66", &(plan){80, 1, {1, 0.6}, 0, false}, 3);
    delong("DeLong, AUC 0.92, 80 patients of one slice", "DeLong, difference to 0.86", &(plan){80, 1, {2, 1.5}, 0, false}, 4);
}
END_TEST

START_TEST(delong_by_patient) {
    delong("DeLong by patient, 60 of 6 slices, all alike", "DeLong by patient, difference", &(plan){60, 6, {1.5, 1}, 0.7, false}, 5);
    delong("DeLong by patient, 60 of 6 slices, both kinds", "DeLong by patient, both kinds, difference", &(plan){60, 6, {1.5, 1}, 0.7, true}, 6);
}
END_TEST

/* Shares by patient: the interval errs on the wide side where rows are hardly alike, so it is held from below, and from above loosely. */
START_TEST(shares_by_patient) {
    static const plan plans[] = {{60, 6, {1.5, 1}, 0.7, true}, {40, 16, {3, 2}, 0.3, true}, {12, 16, {2, 1}, 0.7, false}, {30, 2, {3, 2}, 1, true}};
    for (size_t k = 0; k < sizeof plans / sizeof *plans; k++) {
        tally accuracy = {.name = "Wilson by patient, accuracy"}, sensitivity = {.name = "Wilson by patient, sensitivity"}, rows = {.name = "image by image"};
        for (int i = 0; i < (all() ? 6000 : 600); i++) {
            hni_random r = stream(8 + (uint32_t)k, i);
            hn_interval interval = {.struct_size = sizeof interval};
            draw(&plans[k], &r, &s);
            hn_eval *a = eval_of(&s, 0);
            ck_ok(hn_eval_rate(a, HN_RATE_ACCURACY, 0, 0, &interval, &err));
            count(&accuracy, interval.low, interval.high, true_accuracy(&plans[k], 0));
            ck_ok(hn_eval_proportion((int64_t)lround(interval.estimate * (double)s.n), s.n, 0, &interval, &err));
            count(&rows, interval.low, interval.high, true_accuracy(&plans[k], 0));
            ck_ok(hn_eval_rate(a, HN_RATE_SENSITIVITY, 0, 0, &interval, &err));
            count(&sensitivity, interval.low, interval.high, true_accuracy(&plans[k], 0)); /* the scores are symmetric */
            hn_eval_free(a);
        }
        const tally *const tallies[] = {&accuracy, &sensitivity};
        for (int t = 0; t < 2; t++) {
            const double share = (double)tallies[t]->held / tallies[t]->studies;
            printf("%s: %.2f %% of %d studies; %s %.2f %%\n", tallies[t]->name, 100 * share, tallies[t]->studies, rows.name, 100.0 * rows.held / rows.studies);
            ck_assert_msg(share >= (all() ? 0.935 : 0.92) && share < 0.998, "%s, plan %zu: %.2f %%", tallies[t]->name, k, 100 * share);
        }
        ck_assert(k != 2 || (double)rows.held / rows.studies < 0.8); /* why rows of a patient must not be counted one by one */
    }
}
END_TEST

/* Nothing differs: a comparison of subgroups at 5 % may cry wolf in about 5 of 100 studies, and after Holm's correction a whole table no oftener. */
START_TEST(subgroups_that_do_not_differ) {
    static const plan plans[] = {{60, 6, {1.5, 1}, 0.7, true}, {30, 12, {2, 1}, 0.5, true}};
    static const char *site[MOST], *slice[MOST];
    for (size_t k = 0; k < sizeof plans / sizeof *plans; k++) {
        int compared = 0, alarms = 0, tables = 0, families = 0;
        for (int i = 0; i < (all() ? 4000 : 300); i++, tables++) {
            hni_random r = stream(20 + (uint32_t)k, i);
            draw(&plans[k], &r, &s);
            for (int64_t row = 0; row < s.n; row++) { /* of whole patients, and within them */
                site[row] = (const char *const[]){"A", "A", "B", "B", "C"}[row / plans[k].slices % 5];
                slice[row] = hni_random_below(&r, 3) ? "thin" : "thick";
            }
            const hn_subgroup_column columns[] = {{"site", site}, {"slice", slice}};
            hn_subgroups *table = NULL;
            hn_subgroup row = {.struct_size = sizeof row};
            hn_eval *a = eval_of(&s, 0);
            bool any = false;
            ck_ok(hn_subgroups_create(a, columns, 2, NULL, &table, &err));
            for (int32_t at = 0; at < hn_subgroups_count(table); at++) {
                ck_ok(hn_subgroups_get(table, at, &row, &err));
                for (int f = 0; f < 4; f++) {
                    compared += !isnan(row.p[f]);
                    alarms += row.p[f] < 0.05;
                }
                any |= row.differs != 0;
            }
            families += any;
            hn_subgroups_free(table);
            hn_eval_free(a);
        }
        const double share = (double)alarms / compared, family = (double)families / tables;
        printf("subgroups alike: %.2f %% of %d comparisons at 5 %%, %.2f %% of %d tables after Holm\n", 100 * share, compared, 100 * family, tables);
        ck_assert_msg(share > 0.01 && share < 0.06 && family < (all() ? 0.055 : 0.08), "plan %zu: %.2f %%, %.2f %%", k, 100 * share, 100 * family);
    }
}
END_TEST

START_TEST(bootstrap_by_patient) {
    const plan p = {120, 2, {1.5, 1}, 0.7, true};
    tally accuracy = {.name = "BCa by patient, accuracy"}, auc = {.name = "BCa by patient, AUC"}, gap = {.name = "BCa by patient, difference of AUCs"},
          percentile = {.name = "percentile by patient, accuracy"};
    for (int i = 0; i < (all() ? 2000 : 60); i++) {
        hni_random r = stream(7, i);
        hn_bootstrap_options o = {.struct_size = sizeof o, .resamples = all() ? 600 : 200, .seed = (uint64_t)i};
        hn_metrics low = {.struct_size = sizeof low}, high = low;
        draw(&p, &r, &s);
        hn_eval *a = eval_of(&s, 0), *b = eval_of(&s, 1);
        ck_ok(hn_eval_bootstrap(a, 0, &o, &low, &high, &err));
        count(&accuracy, low.accuracy, high.accuracy, true_accuracy(&p, 0));
        count(&auc, low.roc_auc, high.roc_auc, true_auc(&p, 0));
        ck_ok(hn_eval_bootstrap_difference(a, b, &o, &low, &high, &err));
        count(&gap, low.roc_auc, high.roc_auc, true_auc(&p, 0) - true_auc(&p, 1));
        o.method = HN_BOOTSTRAP_PERCENTILE;
        ck_ok(hn_eval_bootstrap(a, 0, &o, &low, &high, &err));
        count(&percentile, low.accuracy, high.accuracy, true_accuracy(&p, 0));
        hn_eval_free(a);
        hn_eval_free(b);
    }
    near_95(&accuracy, 0.1);
    near_95(&auc, 0.1);
    near_95(&gap, 0.1);
    near_95(&percentile, 0.1);
}
END_TEST

/* Two models that are equally good: the exact test is cautious, the mid-p one near its level. */
START_TEST(mcnemar_holds_its_level) {
    const int studies = all() ? 40000 : 4000;
    int exact = 0, mid = 0;
    for (int i = 0; i < studies; i++) {
        hni_random r = stream(8, i);
        int64_t only[2] = {0};
        for (int k = 0; k < 100; k++)
            if (hni_random_unit(&r) < 0.2) only[hni_random_below(&r, 2)]++;
        exact += hni_mcnemar_exact(only[0], only[1]) <= 0.05;
        mid += hni_mcnemar_mid(only[0], only[1]) <= 0.05;
    }
    printf("McNemar at 5 %%: exact %.2f %%, mid-p %.2f %%\n", 100.0 * exact / studies, 100.0 * mid / studies);
    ck_assert(exact < mid && exact <= 0.05 * studies);
    ck_assert_double_le(fabs((double)mid / studies - 0.05), 0.015);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("coverage");
    TCase *t = tcase_create("coverage");
    tcase_add_checked_fixture(t, setup, teardown);
    const TTest *const cases[] = {wilson, mean_over_folds, delong_image_by_image, delong_by_patient, shares_by_patient, subgroups_that_do_not_differ,
                                  bootstrap_by_patient, mcnemar_holds_its_level};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(t, cases[i]);
    tcase_set_timeout(t, all() ? 3600 : 120);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
