/* test_evaluate.c - the contract of evaluate.h beside the figures: refusals, sizes, rows, rows without a verdict, memory running out,
 * and figures that do not depend on the order of the rows. */
#include <math.h>

#include "../../lib/base/random.h" /* defines: hni_random */
#include "../../lib/eval/eval.h"   /* defines: hn_eval, hni_decide, hni_roc_auc, hni_average_precision */
#include "../host.h"
#include "../test.h"

static hn_error err;
static hn_context *ctx;

static void setup(void) {
    hn_context_options options = {.struct_size = sizeof options};
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
}
static void teardown(void) { hni_context_unref(ctx); }

static const int32_t four_classes[] = {0, 0, 1, 1};
static const double four_probabilities[] = {0.9, 0.1, 0.6, 0.4, 0.65, 0.35, 0.2, 0.8};

static hn_eval_arrays four(void) {
    return (hn_eval_arrays){.struct_size = sizeof(hn_eval_arrays), .task = HN_TASK_SINGLE, .n_classes = 2, .positive = 2, .n = 4,
                            .classes = four_classes, .probabilities = four_probabilities};
}

static hn_eval *make(const hn_eval_arrays *arrays) {
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, arrays, &eval, &err));
    return eval;
}

static void refused(const hn_eval_arrays *arrays, hn_status status, const char *says) {
    hn_eval *eval = (hn_eval *)1;
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(hn_eval_from_arrays(ctx, arrays, &eval, &err), status);
    ck_assert_int_eq(err.status, status);
    ck_assert_ptr_null(eval);
    ck_assert_msg(strstr(err.message, says) != NULL, "\"%s\" does not say \"%s\"", err.message, says);
}

START_TEST(arrays_that_cannot_be_used_are_refused) {
    const double broken[] = {0.9, 0.1, 0.6, 0.4, 0.65, NAN, 0.2, 0.8}, high[] = {0.9, 0.1, 0.6, 0.4, 0.65, 0.35, 0.2, 1.5};
    const int32_t outside[] = {0, 2, 1, 1};
    const uint64_t labels[] = {1, 2, 4, 0};
    const char *const names[] = {"a", NULL};
    hn_eval_arrays a;
#define REFUSED(change, status, says) (a = four(), change, refused(&a, status, says))
    REFUSED(a.struct_size = 12, HN_E_ABI, "hn_eval_arrays");
    REFUSED(a.task = 3, HN_E_ARGUMENT, "task 3");
    REFUSED(a.n = 0, HN_E_ARGUMENT, "n is 0");
    REFUSED(a.n = -1, HN_E_ARGUMENT, "n is -1");
    REFUSED(a.n_classes = 0, HN_E_ARGUMENT, "n_classes 0");
    REFUSED(a.positive = 3, HN_E_ARGUMENT, "positive is 3");
    REFUSED(a.positive = -1, HN_E_ARGUMENT, "positive is -1");
    REFUSED(a.threshold = 1, HN_E_ARGUMENT, "threshold 1");
    REFUSED(a.threshold = NAN, HN_E_ARGUMENT, "threshold");
    REFUSED(a.probabilities = NULL, HN_E_ARGUMENT, "probabilities");
    REFUSED(a.classes = NULL, HN_E_ARGUMENT, "classes");
    REFUSED(a.labels = labels, HN_E_ARGUMENT, "classes");
    REFUSED(a.probabilities = broken, HN_E_ARGUMENT, "row 2");
    REFUSED(a.probabilities = high, HN_E_ARGUMENT, "row 3");
    REFUSED(a.classes = outside, HN_E_ARGUMENT, "row 1");
    REFUSED(a.class_names = names, HN_E_ARGUMENT, "class_names[1]");
    REFUSED((a.task = HN_TASK_MULTI, a.classes = NULL, a.labels = labels), HN_E_ARGUMENT, "row 2");
    REFUSED((a.task = HN_TASK_MULTI, a.classes = NULL, a.labels = labels, a.n_classes = 65), HN_E_ARGUMENT, "64");
#undef REFUSED
    hn_eval *eval = (hn_eval *)1;
    a = four();
    ck_assert_int_eq(hn_eval_from_arrays(ctx, NULL, &eval, NULL), HN_E_ARGUMENT);
    ck_assert_ptr_null(eval);
    ck_assert_int_eq(hn_eval_from_arrays(NULL, &a, &eval, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_from_arrays(ctx, &a, NULL, &err), HN_E_ARGUMENT);
}
END_TEST

START_TEST(calls_are_checked_and_outputs_stay) {
    const hn_eval_arrays a = four();
    hn_eval *eval = make(&a);
    hn_metrics m = {.struct_size = sizeof m, .n = 77}, wrong = {.struct_size = 8};
    hn_class_metrics c = {.struct_size = sizeof c};
    hn_eval_sample s = {.struct_size = sizeof s};
    size_t need = 0;
    int64_t cells[4] = {7, 7, 7, 7};
    hn_curve_point points[3];
    const double bad[] = {-0.1, 1, 2, NAN, INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(hn_eval_metrics(eval, bad[i], &m, &err), HN_E_ARGUMENT);
        ck_assert_int_eq(hn_eval_class(eval, 0, bad[i], &c, &err), HN_E_ARGUMENT);
        ck_assert_int_eq(hn_eval_confusion(eval, bad[i], cells, 4, NULL, &err), HN_E_ARGUMENT);
    }
    ck_assert_int_eq(m.n, 77);
    ck_assert_int_eq(hn_eval_metrics(eval, 0, &wrong, &err), HN_E_ABI);
    ck_assert_int_eq(hn_eval_metrics(NULL, 0, &m, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_metrics(eval, 0, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_class(eval, 2, 0, &c, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_eval_class(eval, -1, 0, &c, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_eval_row(eval, 4, &s, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_eval_row(eval, -1, &s, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_eval_curve(eval, 3, 0, NULL, 0, &need, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_curve(eval, HN_CURVE_ROC, 2, NULL, 0, &need, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_eval_curve(eval, HN_CURVE_ROC, 1, points, 3, &need, &err), HN_E_BUFFER);
    ck_assert_uint_eq(need, 5);
    ck_assert_int_eq(hn_eval_confusion(eval, 0, cells, 3, &need, &err), HN_E_BUFFER);
    ck_assert_uint_eq(need, 4);
    ck_assert_int_eq(cells[0], 7);
    ck_assert_int_eq(hn_eval_count(NULL), 0);
    ck_assert_ptr_null(hn_eval_class_name(NULL, 0));
    ck_assert_ptr_null(hn_eval_class_name(eval, 2));
    ck_assert_ptr_null(hn_eval_class_name(eval, -1));
    hn_eval_free(eval);
    hn_eval_free(NULL);
}
END_TEST

START_TEST(rows_and_names_are_copied) {
    const char *const names[] = {"no_haemorrhage", "haemorrhage"};
    hn_eval_arrays a = four();
    hn_eval *numbered = make(&a);
    ck_assert_str_eq(hn_eval_class_name(numbered, 1), "1");
    hn_eval_free(numbered);
    a.class_names = names;
    a.threshold = 0.38;
    hn_eval *eval = make(&a);
    ck_assert_str_eq(hn_eval_class_name(eval, 1), "haemorrhage");
    ck_assert_int_eq(hn_eval_count(eval), 4);
    const int32_t called[] = {0, 1, 0, 1};
    for (int64_t i = 0; i < 4; i++) {
        hn_eval_sample s = {.struct_size = sizeof s};
        ck_ok(hn_eval_row(eval, i, &s, &err));
        ck_assert_int_eq(s.label, four_classes[i]);
        ck_assert_uint_eq(s.labels, 1u << four_classes[i]);
        ck_assert_int_eq(s.predicted, called[i]);
        ck_assert_int_eq(s.row, i);
        ck_assert(s.probabilities[1] == four_probabilities[2 * i + 1]);
        ck_assert_str_eq(s.path, "");
        ck_assert_str_eq(s.group, "");
    }
    hn_metrics m = {.struct_size = sizeof m};
    ck_ok(hn_eval_metrics(eval, 0, &m, &err));
    ck_assert(m.threshold == 0.38);
    ck_assert_int_eq(m.groups_unknown, 1);
    ck_assert_int_eq(m.fp, 1);
    ck_ok(hn_eval_metrics(eval, 0.7, &m, &err));
    ck_assert(m.threshold == 0.7);
    ck_assert_int_eq(m.fp, 0);
    hn_eval_free(eval);
}
END_TEST

START_TEST(the_context_may_go_first) {
    hn_context *other = NULL;
    ck_ok(hni_context_create(NULL, &other, &err));
    const hn_eval_arrays a = four();
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(other, &a, &eval, &err));
    hni_context_unref(other);
    hn_metrics m = {.struct_size = sizeof m};
    ck_ok(hn_eval_metrics(eval, 0, &m, &err));
    ck_assert(m.roc_auc == 0.75);
    hn_eval_free(eval);
}
END_TEST

START_TEST(a_caller_from_tomorrow_is_served) {
    struct {
        hn_metrics m;
        uint64_t later;
    } out = {.m = {.struct_size = sizeof out}};
    const hn_eval_arrays a = four();
    hn_eval *eval = make(&a);
    ck_ok(hn_eval_metrics(eval, 0, &out.m, &err));
    ck_assert_uint_eq(out.m.struct_size, sizeof out);
    ck_assert_uint_eq(out.later, 0);
    ck_assert(out.m.accuracy == 0.75);
    hn_eval_free(eval);
}
END_TEST

START_TEST(one_rule_decides) {
    const double even[] = {0.5, 0.5}, low[] = {0.6, 0.4}, three[] = {0.3, 0.4, 0.4}, broken[] = {NAN, 0.5}, endless[] = {0.1, INFINITY};
    ck_assert_int_eq(hni_decide(even, 2, HN_TASK_SINGLE, 1, 0.5), 1);
    ck_assert_int_eq(hni_decide(even, 2, HN_TASK_SINGLE, 0, 0.5), 0);
    ck_assert_int_eq(hni_decide(even, 2, HN_TASK_SINGLE, -1, 0.5), 0);
    ck_assert_int_eq(hni_decide(low, 2, HN_TASK_SINGLE, 1, 0.4), 1);
    ck_assert_int_eq(hni_decide(low, 2, HN_TASK_SINGLE, -1, 0.4), 0);
    ck_assert_int_eq(hni_decide(low, 2, HN_TASK_MULTI, 1, 0.4), 0);
    ck_assert_int_eq(hni_decide(three, 3, HN_TASK_SINGLE, 0, 0.2), 1);
    ck_assert_int_eq(hni_decide(even, 1, HN_TASK_SINGLE, 0, 0.9), 0);
    ck_assert_int_eq(hni_decide(broken, 2, HN_TASK_SINGLE, 1, 0.5), -1);
    ck_assert_int_eq(hni_decide(endless, 2, HN_TASK_SINGLE, 1, 0.5), -1);
}
END_TEST

/* Row 3 (positive, rightly called) loses its verdict by a flag or by NaN: missed, in no column, and out of the ranks. */
START_TEST(a_row_without_a_verdict_is_wrong_and_out_of_the_ranks) {
    for (int by_flag = 0; by_flag < 2; by_flag++) {
        const hn_eval_arrays a = four();
        hn_eval *eval = make(&a);
        eval->flags[3] = by_flag ? HN_PREDICTION_NONFINITE : 0;
        eval->probabilities[6] = by_flag ? 0.2 : NAN;
        hn_metrics m = {.struct_size = sizeof m};
        hn_class_metrics c = {.struct_size = sizeof c};
        int64_t cells[4];
        ck_ok(hn_eval_metrics(eval, 0.35, &m, &err));
        ck_assert(m.n == 4 && m.tp == 1 && m.fp == 1 && m.tn == 1 && m.fn == 1);
        ck_assert(m.accuracy == 0.5 && m.sensitivity == 0.5 && m.ppv == 0.5 && m.npv == 0.5 && m.specificity == 0.5);
        ck_assert(m.roc_auc == 0.5 && m.undefined == 0);
        ck_assert(fabs(m.brier - (0.01 + 0.16 + 0.4225) / 3) < 1e-15);
        ck_assert(fabs(m.log_loss + (log(0.9) + log(0.6) + log(0.35)) / 3) < 1e-15);
        ck_ok(hn_eval_class(eval, 1, 0.35, &c, &err));
        ck_assert(c.support == 2 && c.predicted == 2 && c.recall == 0.5 && c.precision == 0.5);
        ck_ok(hn_eval_confusion(eval, 0.35, cells, 4, NULL, &err));
        ck_assert(cells[0] == 1 && cells[1] == 1 && cells[2] == 0 && cells[3] == 1);
        hn_eval_sample s = {.struct_size = sizeof s};
        ck_ok(hn_eval_row(eval, 3, &s, &err));
        ck_assert_int_eq(s.predicted, -1);
        hn_eval_free(eval);
    }
}
END_TEST

/* Two rows of three labels, the first of which weighs twice; then one class a row. */
START_TEST(log_loss_weighs_classes) {
    const double p[6] = {0.9, 0.2, 0.4, 0.3, 0.8, 0.6}, weights[3] = {2, 1, 1}, none[3] = {0, 0, 0}, low[3] = {1, -1, 1};
    const uint64_t labels[2] = {5, 2};
    const int32_t classes[2] = {0, 2};
    double loss = 0;
    hn_eval_arrays a = {.struct_size = sizeof a, .task = HN_TASK_MULTI, .n = 2, .n_classes = 3, .labels = labels, .probabilities = p};
    hn_eval *eval = make(&a);
    ck_ok(hn_eval_log_loss(eval, weights, 3, &loss, &err));
    ck_assert(fabs(loss + (2 * log(0.9) + log(0.8) + log(0.4) + 2 * log(0.7) + log(0.8) + log(0.4)) / 8) < 1e-15);
    hn_metrics m = {.struct_size = sizeof m};
    ck_ok(hn_eval_metrics(eval, 0, &m, &err));
    ck_ok(hn_eval_log_loss(eval, NULL, 0, &loss, &err));
    ck_assert(loss == m.log_loss);
    ck_assert_int_eq(hn_eval_log_loss(eval, weights, 2, &loss, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_log_loss(eval, none, 3, &loss, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_log_loss(eval, low, 3, &loss, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_eval_log_loss(NULL, NULL, 0, &loss, &err), HN_E_ARGUMENT);
    hn_eval_free(eval);
    a = (hn_eval_arrays){.struct_size = sizeof a, .task = HN_TASK_SINGLE, .n = 2, .n_classes = 3, .classes = classes, .probabilities = p};
    eval = make(&a);
    ck_ok(hn_eval_log_loss(eval, weights, 3, &loss, &err));
    ck_assert(fabs(loss + (2 * log(0.9) + log(0.6)) / 3) < 1e-15);
    hn_eval_free(eval);
}
END_TEST

START_TEST(nothing_but_nan_gives_nan_with_a_bit) {
    const hn_eval_arrays a = four();
    hn_eval *eval = make(&a);
    for (int i = 0; i < 8; i++) {
        eval->probabilities[i] = i % 2 ? NAN : -INFINITY;
    }
    hn_metrics m = {.struct_size = sizeof m};
    ck_ok(hn_eval_metrics(eval, 0, &m, &err));
    ck_assert(m.accuracy == 0 && m.sensitivity == 0 && isnan(m.roc_auc) && isnan(m.brier));
    ck_assert(isnan(m.log_loss) && isnan(m.mcc) && isnan(m.ppv));
    const uint32_t bits = HN_UNDEFINED_NO_POSITIVES | HN_UNDEFINED_NO_NEGATIVES | HN_UNDEFINED_NONE_PREDICTED | HN_UNDEFINED_MCC;
    ck_assert_uint_eq(m.undefined & bits, bits);
    ck_assert_int_eq(hn_eval_curve(eval, HN_CURVE_PR, 1, NULL, 0, NULL, &err), HN_E_DATA);
    hn_eval_free(eval);
}
END_TEST

START_TEST(one_class_only_has_no_curve) {
    hn_eval_arrays a = four();
    const int32_t zeros[] = {0, 0, 0, 0};
    a.classes = zeros;
    hn_eval *eval = make(&a);
    size_t need = 99;
    for (int32_t k = 0; k < 2; k++) {
        ck_assert_int_eq(hn_eval_curve(eval, HN_CURVE_ROC, k, NULL, 0, &need, &err), HN_E_DATA);
        ck_assert_int_eq(hn_eval_curve(eval, HN_CURVE_PR, k, NULL, 0, &need, &err), HN_E_DATA);
    }
    ck_assert_uint_eq(need, 99);
    hn_eval_free(eval);
}
END_TEST

/* Area by counting pairs, precision by counting at each positive: the definitions, O(n²). */
START_TEST(ranks_equal_their_definitions_in_any_order) {
    enum { N = 257 };
    double score[N], mixed[N];
    uint8_t truth[N], mixed_truth[N];
    uint32_t order[N];
    hni_random r;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 0, 0);
    for (uint32_t i = 0; i < N; i++) {
        score[i] = i % 50 == 7 ? NAN : hni_random_below(&r, 40) / 40.0 - 0.3;
        truth[i] = (uint8_t)hni_random_below(&r, 2);
        order[i] = i;
    }
    double pairs = 0, halves = 0, precision = 0, positives = 0;
    for (int i = 0; i < N; i++) {
        double above = 0, hits = 0;
        for (int j = 0; j < N && truth[i] && !isnan(score[i]); j++) {
            pairs += !truth[j] && !isnan(score[j]);
            halves += truth[j] ? 0 : score[i] > score[j] ? 2 : score[i] == score[j];
            above += score[j] >= score[i];
            hits += score[j] >= score[i] && truth[j];
        }
        precision += above > 0 ? hits / above : 0;
        positives += above > 0;
    }
    double auc, ap, again, again_ap;
    ck_ok(hni_roc_auc(ctx, score, truth, N, &auc, &err));
    ck_ok(hni_average_precision(ctx, score, truth, N, &ap, &err));
    ck_assert_msg(fabs(auc - halves / 2 / pairs) < 1e-14, "area %.17g, pairs say %.17g", auc, halves / 2 / pairs);
    ck_assert_msg(fabs(ap - precision / positives) < 1e-14, "average precision %.17g, not %.17g", ap, precision / positives);
    hni_shuffle(&r, order, N);
    for (int i = 0; i < N; i++) {
        mixed[i] = score[order[i]];
        mixed_truth[i] = truth[order[i]];
    }
    ck_ok(hni_roc_auc(ctx, mixed, mixed_truth, N, &again, &err));
    ck_ok(hni_average_precision(ctx, mixed, mixed_truth, N, &again_ap, &err));
    ck_assert(auc == again && ap == again_ap);
    ck_ok(hni_roc_auc(ctx, score, truth, 0, &auc, &err));
    ck_assert(isnan(auc));
}
END_TEST

typedef struct failing {
    long left; /* allocations that still work */
} failing;

static void *failing_alloc(void *user, size_t size, size_t alignment) {
    failing *f = user;
    void *block = NULL;
    if (f->left-- <= 0 || posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, size) != 0) {
        return NULL;
    }
    return block;
}

static void failing_free(void *user, void *ptr, size_t size, size_t alignment) {
    (void)user, (void)size, (void)alignment;
    free(ptr);
}

static hn_status everything(hn_context *context) {
    const hn_eval_arrays a = four();
    hn_metrics m = {.struct_size = sizeof m};
    hn_class_metrics c = {.struct_size = sizeof c};
    hn_curve_point points[8];
    hn_eval *eval = NULL;
    hn_status status = hn_eval_from_arrays(context, &a, &eval, &err);
    if (!status) {
        status = hn_eval_metrics(eval, 0, &m, &err);
        status = status ? status : hn_eval_class(eval, 0, 0, &c, &err);
        status = status ? status : hn_eval_curve(eval, HN_CURVE_PR, 0, points, 8, NULL, &err);
    }
    hn_eval_free(eval);
    return status;
}

START_TEST(any_allocation_may_fail) {
    failing f = {.left = 1000};
    const hn_allocator allocator = {.struct_size = sizeof allocator, .user = &f, .alloc = failing_alloc, .free = failing_free};
    const hn_context_options options = {.struct_size = sizeof options, .threads = 1, .allocator = &allocator};
    hn_context *poor = NULL;
    ck_ok(hni_context_create(&options, &poor, &err));
    const uint64_t before = atomic_load(&poor->live_blocks);
    hn_status status = HN_E_MEMORY;
    int failures = 0;
    for (; status && failures < 100; failures++) {
        f.left = failures;
        status = everything(poor);
        ck_assert(status == HN_OK || status == HN_E_MEMORY);
        ck_assert_uint_eq(atomic_load(&poor->live_blocks), before);
    }
    ck_assert_int_eq(status, HN_OK);
    ck_assert_int_ge(failures, 14);
    hni_context_unref(poor);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("evaluate");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, arrays_that_cannot_be_used_are_refused);
    tcase_add_test(tc, calls_are_checked_and_outputs_stay);
    tcase_add_test(tc, rows_and_names_are_copied);
    tcase_add_test(tc, the_context_may_go_first);
    tcase_add_test(tc, a_caller_from_tomorrow_is_served);
    tcase_add_test(tc, one_rule_decides);
    tcase_add_test(tc, a_row_without_a_verdict_is_wrong_and_out_of_the_ranks);
    tcase_add_test(tc, log_loss_weighs_classes);
    tcase_add_test(tc, nothing_but_nan_gives_nan_with_a_bit);
    tcase_add_test(tc, one_class_only_has_no_curve);
    tcase_add_test(tc, ranks_equal_their_definitions_in_any_order);
    tcase_add_test(tc, any_allocation_may_fail);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
