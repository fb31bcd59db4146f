/* test_patients.c - from slices to patients: what each rule makes of probabilities, truth, silent rows, several labels and several classes; and
 * that everything which groups and resamples survives the failure of any allocation. */
#include <math.h>

#include "../../lib/eval/eval.h" /* defines: hn_eval */
#include "../base/failing.h"

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

enum { ROWS = 7 };
static const int32_t classes[ROWS] = {0, 0, 1, 0, 1, 0, 0};
static const char *const groups[ROWS] = {"a", "b", "a", "b", "", "a", NULL};
static const double probabilities[2 * ROWS] = {0.9, 0.1, 0.6, 0.4, 0.2, 0.8, 0.5, 0.5, 0.7, 0.3, 0.4, 0.6, 0.95, 0.05};
static const char *const names[] = {"well", "ill"};

static hn_eval_arrays seven(void) {
    return (hn_eval_arrays){.struct_size = sizeof(hn_eval_arrays), .task = HN_TASK_SINGLE, .n_classes = 2, .positive = 2, .n = ROWS, .classes = classes,
                            .probabilities = probabilities, .class_names = names, .threshold = 0.45, .groups = groups};
}

static hn_eval *make(const hn_eval_arrays *a) {
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, a, &eval, &err));
    return eval;
}

START_TEST(what_rules_give) {
    const hn_eval_arrays a = seven();
    const int first_rows[] = {0, 1, 4, 6};
    hn_eval *slices = make(&a);
    const struct {
        int32_t rule, top;
        const char *name;
        double of_a, of_b; /* of {0.1, 0.8, 0.6} and {0.4, 0.5} */
    } rules[] = {{HN_RULE_MAX, 0, "max", 0.8, 0.5},
                 {HN_RULE_NOISY_OR, 0, "noisy-or", 1 - 0.9 * 0.2 * 0.4, 1 - 0.6 * 0.5},
                 {HN_RULE_TOP_MEAN, 1, "top-mean", 0.8, 0.5},
                 {HN_RULE_TOP_MEAN, 2, "top-mean", 0.7, 0.45},
                 {HN_RULE_TOP_MEAN, 9, "top-mean", 0.5, 0.45},
                 {HN_RULE_MEAN, 0, "mean", 0.5, 0.45}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        hn_eval *patients = NULL;
        hn_eval_sample s = {.struct_size = sizeof s};
        const double p[] = {rules[i].of_a, rules[i].of_b, 0.3, 0.05};
        ck_assert_str_eq(hn_eval_rule_name(rules[i].rule), rules[i].name);
        ck_ok(hn_eval_by_group(slices, rules[i].rule, rules[i].top, &patients, &err));
        ck_assert_int_eq(hn_eval_count(patients), 4);
        ck_assert_str_eq(hn_eval_class_name(patients, 1), "ill");
        for (int k = 0; k < 4; k++) {
            ck_ok(hn_eval_row(patients, k, &s, &err));
            ck_assert_double_eq_tol(s.probabilities[1], p[k], 1e-15);
            ck_assert_double_eq_tol(s.probabilities[0], 1 - p[k], 1e-15);
            ck_assert_int_eq(s.label, k == 0 || k == 2); /* a has a slice that is ill, b has none */
            ck_assert_int_eq(s.row, first_rows[k]);
            ck_assert_str_eq(s.group, k < 2 ? groups[k] : "");
            ck_assert_int_eq(s.predicted, p[k] >= 0.45); /* the threshold of the slices */
        }
        hn_metrics m = {.struct_size = sizeof m};
        ck_ok(hn_eval_metrics(patients, 0, &m, &err));
        ck_assert(m.groups_unknown == 1 && m.tp + m.fn == 2 && m.positive == 1);
        hn_eval_free(patients);
    }
    hn_eval_free(slices);
    ck_assert_ptr_null(hn_eval_rule_name(0));
    ck_assert_ptr_null(hn_eval_rule_name(5));
}
END_TEST

START_TEST(silent_rows_are_left_out) {
    const hn_eval_arrays a = seven();
    hn_eval *slices = make(&a), *patients = NULL;
    slices->flags[2] = HN_PREDICTION_NONFINITE; /* the clear one of a */
    slices->probabilities[2 * 4] = NAN;         /* the only one of its group */
    ck_ok(hn_eval_by_group(slices, HN_RULE_MAX, 0, &patients, &err));
    hn_eval_sample s = {.struct_size = sizeof s};
    ck_ok(hn_eval_row(patients, 0, &s, &err));
    ck_assert(s.label == 1 && s.probabilities[1] == 0.6 && s.flags == 0);
    ck_ok(hn_eval_row(patients, 2, &s, &err));
    ck_assert(s.label == 1 && isnan(s.probabilities[1]) && s.flags == HN_PREDICTION_NONFINITE && s.predicted == -1);
    hn_eval_free(patients);
    hn_eval_free(slices);
}
END_TEST

START_TEST(labels_and_classes) {
    const uint64_t labels[ROWS] = {0, 2, 1, 0, 3, 4, 0};
    const double three[3 * ROWS] = {.1, .2, .3, .9, .1, .1, .5, .4, .2, .2, .6, .3, .3, .3, .3, .8, .1, .7, .2, .2, .2};
    const char *const kinds[] = {"none", "small", "large"};
    hn_eval_arrays a = seven();
    a.n_classes = 3, a.probabilities = three, a.class_names = kinds;
    a.task = HN_TASK_MULTI, a.labels = labels, a.classes = NULL, a.positive = 0;
    hn_eval *slices = make(&a), *patients = NULL;
    hn_eval_sample s = {.struct_size = sizeof s};
    ck_ok(hn_eval_by_group(slices, HN_RULE_MAX, 0, &patients, &err));
    ck_ok(hn_eval_row(patients, 0, &s, &err));
    ck_assert(s.label == -1 && s.labels == 5 && s.probabilities[0] == .8 && s.probabilities[1] == .4 && s.probabilities[2] == .7);
    ck_assert_str_eq(hn_eval_class_name(patients, 2), "large");
    hn_eval_free(patients);
    hn_eval_free(slices);
    const int32_t truth[ROWS] = {0, 1, 2, 0, 1, 0, 2};
    a.task = HN_TASK_SINGLE, a.labels = NULL, a.classes = truth, a.positive = 3;
    slices = make(&a);
    ck_ok(hn_eval_by_group(slices, HN_RULE_MEAN, 0, &patients, &err));
    ck_assert_str_eq(hn_eval_class_name(patients, 0), "no_large");
    ck_assert_str_eq(hn_eval_class_name(patients, 1), "large");
    ck_assert_ptr_null(hn_eval_class_name(patients, 2));
    ck_ok(hn_eval_row(patients, 0, &s, &err));
    ck_assert(s.label == 1 && fabs(s.probabilities[1] - 0.4) < 1e-15);
    ck_ok(hn_eval_row(patients, 1, &s, &err));
    ck_assert(s.label == 0);
    hn_eval_free(patients);
    hn_eval_free(slices);
}
END_TEST

static void refused(const hn_eval *eval, int32_t rule, int32_t top, const char *says) {
    hn_eval *patients = (hn_eval *)1;
    ck_assert_int_eq(hn_eval_by_group(eval, rule, top, &patients, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(patients);
    ck_assert_msg(strstr(err.message, says) != NULL, "\"%s\" does not say \"%s\"", err.message, says);
}

START_TEST(refusals) {
    hn_eval_arrays a = seven();
    hn_eval *slices = make(&a);
    refused(slices, 0, 0, "rule 0");
    refused(slices, 5, 0, "rule 5");
    refused(slices, HN_RULE_TOP_MEAN, 0, "at least 1");
    refused(slices, HN_RULE_MAX, 2, "0 for other rules");
    hn_eval_free(slices);
    a.positive = 0;
    slices = make(&a);
    refused(slices, HN_RULE_MAX, 0, "no class is positive");
    hn_eval_free(slices);
}
END_TEST

/* Everything that takes memory in intervals, comparisons and groups. */
static hn_status use(void) {
    const hn_eval_arrays a = seven();
    hn_eval *slices = NULL, *patients = NULL;
    hn_interval i = {.struct_size = sizeof i};
    hn_bootstrap_options o = {.struct_size = sizeof o, .resamples = 100};
    hn_metrics low = {.struct_size = sizeof low}, high = low;
    hn_status status = hn_eval_from_arrays(ctx, &a, &slices, &err);
    if (!status) status = hn_eval_by_group(slices, HN_RULE_TOP_MEAN, 2, &patients, &err);
    if (!status) status = hn_eval_auc(slices, 1, 0, &i, &err);
    if (!status) status = hn_eval_auc_difference(slices, slices, 1, 0, &i, &err);
    if (!status) status = hn_eval_bootstrap(slices, 0, &o, &low, &high, &err);
    if (!status) status = hn_eval_bootstrap_difference(slices, slices, &o, &low, &high, &err);
    hn_eval_free(slices);
    hn_eval_free(patients);
    return status;
}

START_TEST(no_allocation_is_taken_for_granted) {
    const int before = allocator.live, begin = allocator.calls;
    ck_ok(use());
    const int calls = allocator.calls - begin;
    for (int n = 1; n <= calls; n += n < 100 ? 1 : 7) { /* the resamples repeat themselves */
        allocator.fail_at = allocator.calls + n;
        ck_assert_int_eq(use(), HN_E_MEMORY);
        ck_assert_int_eq(allocator.live, before);
    }
    ck_assert_int_gt(calls, 500);
}
END_TEST

START_TEST(a_bootstrap_can_be_cancelled) {
    const hn_eval_arrays a = seven();
    hn_eval *slices = make(&a);
    hn_cancel *cancel = NULL;
    ck_ok(hn_cancel_create(ctx, &cancel, &err));
    hn_cancel_trigger(cancel);
    hn_bootstrap_options o = {.struct_size = sizeof o, .cancel = cancel};
    hn_metrics low = {.struct_size = sizeof low}, high = low;
    ck_assert_int_eq(hn_eval_bootstrap(slices, 0, &o, &low, &high, &err), HN_E_CANCELLED);
    hn_cancel_free(cancel);
    hn_eval_free(slices);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("patients");
    TCase *t = tcase_create("patients");
    tcase_add_checked_fixture(t, setup, teardown);
    const TTest *const cases[] = {what_rules_give, silent_rows_are_left_out, labels_and_classes, refusals, no_allocation_is_taken_for_granted,
                                  a_bootstrap_can_be_cancelled};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(t, cases[i]);
    tcase_set_timeout(t, 60);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
