/* test_calibrate.c - thresholds, reliability, shares by group equal scikit-learn's and scipy's on the golden cases
 * (tests/golden/gen_calibration.py), and keep what calibrate.h promises beside them. */
#include <math.h>

#include "../../lib/base/context.h" /* defines: hni_context_create */
#include "../../lib/eval/eval.h"    /* defines: hn_eval */
#include "../../lib/eval/calibration.h"
#include "../../lib/base/memory.h"
#include "../../lib/eval/rates.h"
#include "../host.h"
#include "golden.h" /* defines: golden_number, golden_int */
#include "haemnet/calibrate.h"

static hn_error err;
static hn_context *ctx;

static void setup(void) {
    hn_context_options options = {.struct_size = sizeof options};
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
}
static void teardown(void) { hni_context_unref(ctx); }

static void refused(hn_status got, hn_status wanted, const char *said) {
    ck_assert_msg(got == wanted && err.status == wanted, "%s came instead of %s: %s", hn_status_name(got), hn_status_name(wanted), err.message);
    ck_assert_msg(strstr(err.message, said) != NULL, "the message does not say '%s': %s", said, err.message);
}

static void near(const char *what, double ours, double theirs, double tolerance) {
    const bool equal = isnan(theirs) ? isnan(ours) : fabs(ours - theirs) <= tolerance;
    ck_assert_msg(equal, "%s is %.17g, the golden file says %.17g", what, ours, theirs);
}

static FILE *open_golden(void) {
    FILE *f = fopen(GOLDEN("calibration.txt"), "r");
    ck_assert_msg(f != NULL, "cannot open %s; tests run from the project's root", GOLDEN("calibration.txt"));
    ck_assert_int_eq(fscanf(f, "#%*[^\n]"), 0);
    return f;
}

enum { MOST = 400 };

/* Two classes, 1 is positive; row i is truth[i], p[i], group "g<number>" (-1 = not known). */
static hn_eval *eval_of(int64_t n, const int32_t *truth, const double *p, const int32_t *group) {
    static double both[2 * MOST];
    static char names[MOST][16];
    static const char *groups[MOST];
    ck_assert_int_le(n, MOST);
    for (int64_t i = 0; i < n; i++) {
        both[2 * i] = 1 - p[i];
        both[2 * i + 1] = p[i];
        snprintf(names[i], sizeof names[i], "g%d", group ? group[i] : -1);
        groups[i] = group && group[i] >= 0 ? names[i] : NULL;
    }
    const hn_eval_arrays arrays = {.struct_size = sizeof arrays, .task = HN_TASK_SINGLE, .n_classes = 2, .positive = 2, .n = n, .classes = truth,
                                   .probabilities = both, .groups = group ? groups : NULL, .digest = {1, 2, 3, 4}};
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, &arrays, &eval, &err));
    return eval;
}

static hn_eval *read_rows(FILE *f) {
    static int32_t truth[MOST], group[MOST];
    static double p[MOST];
    char name[32];
    ck_assert_int_eq(fscanf(f, " %31s", name), 1);
    const long n = golden_int(f);
    for (long i = 0; i < n; i++) {
        truth[i] = (int32_t)golden_int(f);
        p[i] = golden_number(f);
        group[i] = (int32_t)golden_int(f);
    }
    return eval_of(n, truth, p, group);
}

static void check_threshold(const hn_eval *eval, FILE *f) {
    char word[32];
    int32_t rule = 0;
    ck_assert_int_eq(fscanf(f, " %31s", word), 1);
    while (hn_threshold_rule_name(++rule) && strcmp(hn_threshold_rule_name(rule), word) != 0) {
    }
    const double value = golden_number(f), threshold = golden_number(f), sensitivity = golden_number(f), specificity = golden_number(f);
    hn_threshold t = {.struct_size = sizeof t};
    const hn_status status = hn_eval_threshold(eval, 0, rule, value, &t, &err);
    if (isnan(threshold)) {
        ck_assert_int_eq(status, HN_E_DATA);
        ck_assert_msg(strstr(err.message, "the most is") != NULL, "%s", err.message);
        return;
    }
    ck_ok(status);
    near(word, t.threshold, threshold, 1e-15);
    near("sensitivity", t.sensitivity, sensitivity, 1e-15);
    near("specificity", t.specificity, specificity, 1e-15);
    hn_metrics m = {.struct_size = sizeof m};
    ck_ok(hn_eval_metrics(eval, t.threshold, &m, &err)); /* what is promised is what the threshold does */
    near("sensitivity at it", m.sensitivity, sensitivity, 1e-15);
    near("specificity at it", m.specificity, specificity, 1e-15);
    ck_assert(t.n == 300 && t.rule == rule && t.value == value && t.index == 1 && t.digest[3] == 4 && t.group_rule == 0);
    ck_assert(t.groups > 50 && t.groups <= 60 && t.positives == m.tp + m.fn);
}

static void check_reliability(const hn_eval *eval, FILE *f) {
    const int32_t binning = (int32_t)golden_int(f), asked = (int32_t)golden_int(f);
    const long filled = golden_int(f);
    const hn_reliability_options options = {.struct_size = sizeof options, .binning = binning, .bins = asked};
    hn_reliability r = {.struct_size = sizeof r};
    hn_reliability_bin bins[100];
    size_t need = 0;
    ck_ok(hn_eval_reliability(eval, &options, &r, bins, 100, &need, &err));
    const double ours[] = {r.ece, r.mce, r.brier, r.reliability, r.resolution, r.uncertainty, r.within_variance, r.within_covariance};
    for (int i = 0; i < 8; i++) {
        near("a figure of the diagram", ours[i], golden_number(f), 1e-14);
    }
    near("sum of the parts", r.reliability - r.resolution + r.uncertainty + r.within_variance - r.within_covariance, r.brier, 1e-14);
    ck_assert(need == (size_t)r.bins && r.bins <= asked && (binning != HN_BINS_EQUAL_WIDTH || r.bins == asked));
    long seen = 0;
    int64_t rows = 0;
    for (int32_t b = 0; b < r.bins; b++) {
        ck_assert(bins[b].low <= bins[b].high && (b == 0 || bins[b].low == bins[b - 1].high));
        rows += bins[b].n;
        if (bins[b].n) {
            ck_assert_int_eq(bins[b].n, golden_int(f));
            near("mean of a bin", bins[b].mean, golden_number(f), 1e-14);
            near("share of a bin", bins[b].share, golden_number(f), 1e-14);
            ck_assert(isnan(bins[b].share_low) || (bins[b].share_low <= bins[b].share && bins[b].share <= bins[b].share_high));
            seen++;
        } else {
            ck_assert(isnan(bins[b].mean) && isnan(bins[b].share) && isnan(bins[b].share_low));
        }
    }
    ck_assert(seen == filled && rows == r.n && r.n == 300 && r.index == 1 && r.groups > 50 && r.groups <= 60);
}

START_TEST(thresholds_and_bins_agree_with_scikit_learn) {
    FILE *f = open_golden();
    char word[32];
    int thresholds = 0, diagrams = 0;
    hn_eval *eval = NULL;
    while (fscanf(f, " %31s", word) == 1) {
        if (strcmp(word, "rows") == 0) {
            hn_eval_free(eval);
            eval = read_rows(f);
        } else if (strcmp(word, "threshold") == 0) {
            check_threshold(eval, f);
            thresholds++;
        } else if (strcmp(word, "reliability") == 0) {
            check_reliability(eval, f);
            diagrams++;
        } else {
            ck_assert_int_ge(fscanf(f, "%*[^\n]"), 0);
        }
    }
    hn_eval_free(eval);
    fclose(f);
    ck_assert_int_eq(thresholds, 45);
    ck_assert_int_eq(diagrams, 24);
}
END_TEST

/* An evaluation with logits of the golden file; its probabilities are those of scale 1, shift 0. */
static hn_eval *read_logits(FILE *f, int32_t positive) {
    static const double ones[8] = {1, 1, 1, 1, 1, 1, 1, 1}, none[8] = {0};
    static int32_t truth[MOST];
    static uint64_t labels[MOST];
    static double z[8 * MOST], p[8 * MOST];
    char task[16];
    ck_assert_int_eq(fscanf(f, " %15s", task), 1);
    const bool multi = strcmp(task, "multi") == 0;
    const long n = golden_int(f), k = golden_int(f);
    for (long i = 0; i < n; i++) {
        truth[i] = (int32_t)golden_int(f);
        labels[i] = (uint64_t)truth[i];
        for (long c = 0; c < k; c++) {
            z[i * k + c] = golden_number(f);
        }
        hni_calibrated(multi ? HN_TASK_MULTI : HN_TASK_SINGLE, (int32_t)k, ones, none, z + i * k, p + i * k);
    }
    const hn_eval_arrays arrays = {.struct_size = sizeof arrays, .task = multi ? HN_TASK_MULTI : HN_TASK_SINGLE, .n_classes = (int32_t)k, .n = n,
                                   .positive = positive, .classes = multi ? NULL : truth, .labels = multi ? labels : NULL, .probabilities = p,
                                   .logits = z, .digest = {5, 6, 7, 8}};
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, &arrays, &eval, &err));
    return eval;
}

static hn_calibration fit(const hn_eval *eval, int32_t method, double *scale, double *shift) {
    hn_calibration c = {.struct_size = sizeof c, .scale = scale, .shift = shift, .capacity = 8};
    ck_ok(hn_eval_calibrate(eval, method, &c, &err));
    ck_assert(c.method == method && c.n_classes == eval->n_classes && c.n == eval->n && c.digest[2] == 7 && c.unfitted == 0);
    ck_assert(c.log_loss_after < c.log_loss_before || method == HN_CALIBRATION_PLATT);
    return c;
}

/* The calibrated evaluation's log loss is what the fit says, and its probabilities are scikit-learn's. */
static void check_calibrated(const hn_eval *eval, const hn_calibration *c, double loss) {
    hn_metrics m = {.struct_size = sizeof m};
    hn_eval *calibrated = NULL;
    ck_ok(hn_eval_calibrated(eval, c, &calibrated, &err));
    ck_ok(hn_eval_metrics(calibrated, 0, &m, &err));
    near("log loss", m.log_loss, c->log_loss_after, 1e-12);
    near("log loss", c->log_loss_after, loss, 1e-10);
    ck_assert(calibrated->n == eval->n && calibrated->logits[3] == eval->logits[3] && calibrated->digest[0] == 5);
    hn_eval_free(calibrated);
}

static void check_single(hn_eval *eval, FILE *f) {
    double scale[8], shift[8];
    char word[16];
    const int32_t k = eval->n_classes;
    hn_calibration c = fit(eval, HN_CALIBRATION_TEMPERATURE, scale, shift);
    ck_assert_int_eq(fscanf(f, " %15s", word), 1);
    near("scale", scale[0], golden_number(f), 1e-9);
    near("before", c.log_loss_before, golden_number(f), 1e-13);
    ck_assert(scale[k - 1] == scale[0] && shift[0] == 0 && shift[k - 1] == 0);
    check_calibrated(eval, &c, golden_number(f));
    if (k != 2) {
        eval->positive = 0;
        c.scale = scale;
        refused(hn_eval_calibrate(eval, HN_CALIBRATION_PLATT, &c, &err), HN_E_ARGUMENT, "Platt");
        return;
    }
    ck_assert_int_eq(fscanf(f, " %15s", word), 1);
    const double a = golden_number(f), b = golden_number(f), loss = golden_number(f), first = golden_number(f), last = golden_number(f);
    for (int32_t positive = 1; positive >= 0; positive--) { /* whichever class is positive, the probabilities are the same */
        hn_eval *calibrated = NULL;
        eval->positive = positive;
        for (int64_t i = 0; positive == 0 && i < eval->n; i++) {
            const double kept = eval->logits[2 * i];
            eval->logits[2 * i] = eval->logits[2 * i + 1];
            eval->logits[2 * i + 1] = kept;
            eval->classes[i] = 1 - eval->classes[i];
        }
        c = fit(eval, HN_CALIBRATION_PLATT, scale, shift);
        near("scale", scale[0], a, 1e-8);
        near("shift", shift[positive], b, 1e-8);
        ck_assert(scale[1] == scale[0] && shift[1 - positive] == 0);
        check_calibrated(eval, &c, loss);
        ck_ok(hn_eval_calibrated(eval, &c, &calibrated, &err));
        near("first", calibrated->probabilities[positive], first, 1e-9);
        near("last", calibrated->probabilities[2 * (eval->n - 1) + positive], last, 1e-9);
        near("sum", calibrated->probabilities[0] + calibrated->probabilities[1], 1, 1e-15);
        hn_eval_free(calibrated);
    }
}

static void check_labels(const hn_eval *eval, FILE *f) {
    double scale[8], shift[8], before = 0, after = 0;
    char word[16];
    hn_calibration c = fit(eval, HN_CALIBRATION_TEMPERATURE, scale, shift);
    for (int32_t k = 0; k < eval->n_classes; k++) {
        ck_assert_int_eq(fscanf(f, " %15s", word), 1);
        near("scale", scale[k], golden_number(f), 1e-9);
        before += golden_number(f) / eval->n_classes;
        after += golden_number(f) / eval->n_classes;
        ck_assert(shift[k] == 0);
    }
    near("before", c.log_loss_before, before, 1e-13);
    check_calibrated(eval, &c, after);
    c = fit(eval, HN_CALIBRATION_PLATT, scale, shift);
    hn_eval *calibrated = NULL;
    ck_ok(hn_eval_calibrated(eval, &c, &calibrated, &err));
    after = 0;
    for (int32_t k = 0; k < eval->n_classes; k++) {
        ck_assert_int_eq(fscanf(f, " %15s", word), 1);
        near("scale", scale[k], golden_number(f), 1e-8);
        near("shift", shift[k], golden_number(f), 1e-8);
        after += golden_number(f) / eval->n_classes;
        near("first", calibrated->probabilities[k], golden_number(f), 1e-9);
        near("last", calibrated->probabilities[(eval->n - 1) * eval->n_classes + k], golden_number(f), 1e-9);
    }
    hn_eval_free(calibrated);
    check_calibrated(eval, &c, after);
}

START_TEST(calibrations_agree_with_scikit_learn_and_scipy) {
    FILE *f = open_golden();
    char word[32];
    int cases = 0;
    while (fscanf(f, " %31s", word) == 1) {
        if (strcmp(word, "logits") != 0) {
            ck_assert_int_ge(fscanf(f, "%*[^\n]"), 0);
            continue;
        }
        hn_eval *eval = read_logits(f, 0);
        if (eval->task == HN_TASK_MULTI) {
            check_labels(eval, f);
        } else {
            check_single(eval, f);
        }
        hn_eval_free(eval);
        cases++;
    }
    fclose(f);
    ck_assert_int_eq(cases, 4);
}
END_TEST

/* Logits 0 and z of n rows, two classes, 1 is positive. */
static hn_eval *eval_of_logits(int64_t n, const int32_t *truth, const double *z) {
    static double p[MOST];
    for (int64_t i = 0; i < n; i++) {
        p[i] = 1 / (1 + exp(-z[i]));
    }
    hn_eval *eval = eval_of(n, truth, p, NULL);
    eval->logits = hni_calloc(ctx, (size_t)n, 2 * sizeof *eval->logits);
    for (int64_t i = 0; i < n; i++) {
        eval->logits[2 * i + 1] = z[i];
    }
    return eval;
}

/* Newton's step meets a slope of exactly 0 here; the scale is by bisection in Python. */
START_TEST(the_best_temperature_may_be_met_exactly) {
    const double z[] = {0, -0.75, 0, 1.25, 0, -1.25, 0, 1}, p[] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    const int32_t truth[] = {1, 1, 0, 1};
    const hn_eval_arrays arrays = {.struct_size = sizeof arrays, .task = HN_TASK_SINGLE, .n_classes = 2, .positive = 2, .n = 4, .classes = truth,
                                   .probabilities = p, .logits = z};
    double scale[2], shift[2];
    hn_calibration c = {.struct_size = sizeof c, .scale = scale, .shift = shift, .capacity = 2};
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, &arrays, &eval, &err));
    ck_ok(hn_eval_calibrate(eval, HN_CALIBRATION_TEMPERATURE, &c, &err));
    near("the scale", scale[0], 1.4188212297970564, 1e-12);
    ck_assert_double_le(c.log_loss_after, c.log_loss_before);
    hn_eval_free(eval);
}
END_TEST

START_TEST(calibrations_that_cannot_be_are_refused) {
    static const int32_t truth[] = {1, 1, 1, 0, 0, 0}, ones[] = {1, 1, 1, 1, 1, 1};
    static const double sure[] = {5, 3, 2, -1, -4, -3}, wrong[] = {-5, -3, -2, 1, 4, 3}, flat[] = {1, 1, 1, 1, 1, 1};
    double scale[2], shift[2];
    hn_calibration c = {.struct_size = sizeof c, .scale = scale, .shift = shift, .capacity = 2};
    hn_eval *right = eval_of_logits(6, truth, sure), *backwards = eval_of_logits(6, truth, wrong), *one = eval_of_logits(6, ones, sure),
            *level = eval_of_logits(6, truth, flat), *out = NULL;
    refused(hn_eval_calibrate(right, HN_CALIBRATION_TEMPERATURE, &c, &err), HN_E_DATA, "no scale is best");
    ck_ok(hn_eval_calibrate(right, HN_CALIBRATION_PLATT, &c, &err)); /* his targets keep it finite */
    ck_assert(scale[0] > 0 && scale[0] < 10 && c.log_loss_after < 0.3);
    for (int32_t method = HN_CALIBRATION_TEMPERATURE; method <= HN_CALIBRATION_PLATT; method++) {
        refused(hn_eval_calibrate(backwards, method, &c, &err), HN_E_DATA, "do not rise");
        refused(hn_eval_calibrate(level, method, &c, &err), HN_E_DATA, "do not rise");
        refused(hn_eval_calibrate(one, method, &c, &err), HN_E_DATA, "two classes");
    }
    refused(hn_eval_calibrate(right, 3, &c, &err), HN_E_ARGUMENT, "HN_CALIBRATION");
    c.capacity = 1;
    refused(hn_eval_calibrate(right, 2, &c, &err), HN_E_BUFFER, "capacity");
    c.capacity = 2;
    right->averaged = 1;
    refused(hn_eval_calibrate(right, 2, &c, &err), HN_E_ARGUMENT, "test-time");
    right->averaged = 0;
    right->positive = -1;
    refused(hn_eval_calibrate(right, 2, &c, &err), HN_E_ARGUMENT, "name it");
    right->positive = 1;
    ck_ok(hn_eval_calibrate(right, HN_CALIBRATION_PLATT, &c, &err));
    scale[1] = 2 * scale[0];
    refused(hn_eval_calibrated(right, &c, &out, &err), HN_E_ARGUMENT, "share one scale");
    scale[0] = scale[1] = -1;
    refused(hn_eval_calibrated(right, &c, &out, &err), HN_E_ARGUMENT, "above 0");
    hn_eval *const all[] = {right, backwards, one, level};
    for (int i = 0; i < 4; i++) {
        hn_eval_free(all[i]);
    }
    ck_assert_ptr_null(out);
}
END_TEST

/* A label that all rows have, or none, keeps its probabilities; if that is so for all, it is an error. */
START_TEST(labels_that_say_nothing_stay) {
    static const uint64_t labels[] = {3, 2, 3, 2, 3, 2};
    static const double z[] = {1, 1, -1, 2, 2, 1, -2, 1, -0.5, 2, 0.5, 1}, p[12] = {0};
    double scale[2], shift[2];
    hn_calibration c = {.struct_size = sizeof c, .scale = scale, .shift = shift, .capacity = 2};
    const hn_eval_arrays a = {.struct_size = sizeof a, .task = HN_TASK_MULTI, .n_classes = 2, .n = 6, .labels = labels, .probabilities = p, .logits = z};
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, &a, &eval, &err));
    for (int32_t method = HN_CALIBRATION_TEMPERATURE; method <= HN_CALIBRATION_PLATT; method++) {
        ck_ok(hn_eval_calibrate(eval, method, &c, &err));
        ck_assert(c.unfitted == 2 && scale[1] == 1 && shift[1] == 0 && scale[0] != 1 && c.n == 6);
    }
    for (int i = 0; i < 6; i++) {
        eval->labels[i] = 2;
    }
    refused(hn_eval_calibrate(eval, HN_CALIBRATION_PLATT, &c, &err), HN_E_DATA, "two classes");
    hn_eval_free(eval);
}
END_TEST

START_TEST(shares_by_group_agree_with_numpy) {
    FILE *f = open_golden();
    char word[32];
    int lines = 0;
    while (fscanf(f, " %31s", word) == 1) {
        double hits[64], of[64];
        hn_interval i;
        if (strcmp(word, "grouped") != 0) {
            ck_assert_int_ge(fscanf(f, "%*[^\n]"), 0);
            continue;
        }
        const double level = golden_number(f);
        const long groups = golden_int(f);
        const double share = golden_number(f), low = golden_number(f), high = golden_number(f);
        for (long g = 0; g < groups; g++) {
            hits[g] = golden_number(f);
            of[g] = golden_number(f);
        }
        hni_wilson_grouped(hits, of, groups, level, &i);
        near("share", i.estimate, share, 1e-15);
        near("low", i.low, low, 1e-10);
        near("high", i.high, high, 1e-10);
        ck_assert(i.method == HN_INTERVAL_WILSON_GROUPS && i.groups == groups && i.level == level);
        lines++;
    }
    fclose(f);
    ck_assert_int_eq(lines, 12);
}
END_TEST

/* Rates are the fields of hn_metrics; their interval is plain Wilson's where no patient has two rows. */
START_TEST(rates_are_the_metrics) {
    static const int32_t truth[] = {1, 1, 1, 1, 0, 0, 0, 1}, group[] = {0, 1, 2, 3, 4, 5, -1, 7}, alike[] = {0, 0, 0, 1, 1, 2, 2, 2};
    static const double p[] = {0.9, 0.8, 0.3, 0.6, 0.2, 0.7, 0.1, 0.5};
    hn_eval *apart = eval_of(8, truth, p, group), *together = eval_of(8, truth, p, alike);
    hn_metrics m = {.struct_size = sizeof m};
    apart->flags[7] = HN_PREDICTION_NONFINITE; /* a silent positive is missed */
    together->flags[7] = HN_PREDICTION_NONFINITE;
    ck_ok(hn_eval_metrics(apart, 0.5, &m, &err));
    const double shares[] = {m.accuracy, m.sensitivity, m.specificity, m.ppv, m.npv};
    const int64_t of[] = {8, 5, 3, 4, 4};
    for (int32_t rate = HN_RATE_ACCURACY; rate <= HN_RATE_NPV; rate++) {
        hn_interval one = {.struct_size = sizeof one}, wilson = one, grouped = one;
        ck_ok(hn_eval_rate(apart, rate, 0.5, 0, &one, &err));
        near("rate", one.estimate, shares[rate - 1], 1e-15);
        ck_assert_int_eq(one.n, of[rate - 1]);
        ck_ok(hn_eval_proportion((int64_t)lround(shares[rate - 1] * (double)of[rate - 1]), of[rate - 1], 0, &wilson, &err));
        ck_assert(one.low == wilson.low && one.high == wilson.high && one.method == HN_INTERVAL_WILSON);
        ck_ok(hn_eval_rate(together, rate, 0.5, 0, &grouped, &err));
        ck_assert(grouped.estimate == one.estimate && grouped.n == one.n && grouped.groups < one.groups);
        ck_assert(grouped.method == HN_INTERVAL_WILSON_GROUPS && grouped.high - grouped.low > one.high - one.low); /* three patients say less than eight */
    }
    hn_interval none = {.struct_size = sizeof none};
    ck_ok(hn_eval_rate(apart, HN_RATE_PPV, 0.99, 0, &none, &err)); /* nobody is called */
    ck_assert(isnan(none.estimate) && isnan(none.low) && none.n == 0);
    hn_eval_free(apart);
    hn_eval_free(together);
}
END_TEST

/* What the walk over counted places gives is what hn_eval_threshold and hn_eval_metrics give, and resamples are drawn by group. */
START_TEST(operating_points_hold_what_they_say) {
    FILE *f = open_golden();
    char word[32];
    while (fscanf(f, " %31s", word) == 1 && strcmp(word, "rows") != 0) {
        ck_assert_int_ge(fscanf(f, "%*[^\n]"), 0);
    }
    hn_eval *eval = read_rows(f), *loose;
    static const double values[] = {0.5, 0.8, 0.9, 0.95, 1};
    hn_operating_point points[5], again[5], alone[5];
    const hn_bootstrap_options options = {.struct_size = sizeof options, .resamples = 400, .seed = 7};
    fclose(f);
    for (int32_t rule = HN_CHOOSE_SENSITIVITY; rule <= HN_CHOOSE_SPECIFICITY; rule++) {
        ck_ok(hn_eval_operating_points(eval, 0, rule, values, 5, &options, points, &err));
        ck_ok(hn_eval_operating_points(eval, 2, rule, values, 5, &options, again, &err));
        for (int i = 0; i < 5; i++) {
            hn_threshold t = {.struct_size = sizeof t};
            ck_ok(hn_eval_threshold(eval, 0, rule, values[i], &t, &err));
            ck_assert(points[i].value == values[i] && points[i].threshold == t.threshold);
            near("other side", points[i].estimate, rule == HN_CHOOSE_SENSITIVITY ? t.specificity : t.sensitivity, 1e-15);
            ck_assert(points[i].low <= points[i].estimate && points[i].estimate <= points[i].high && points[i].low < points[i].high);
            ck_assert(points[i].low == again[i].low && points[i].high == again[i].high);
            ck_assert(i == 0 || points[i].estimate <= points[i - 1].estimate);
        }
    }
    static int32_t truth[300];
    static double p[300];
    for (int64_t i = 0; i < 300; i++) {
        truth[i] = eval->classes[i];
        p[i] = eval->probabilities[2 * i + 1];
    }
    loose = eval_of(300, truth, p, NULL); /* each row its own: other draws, other limits */
    ck_ok(hn_eval_operating_points(loose, 0, HN_CHOOSE_SPECIFICITY, values, 5, &options, alone, &err));
    ck_assert(alone[1].estimate == points[1].estimate && (alone[1].low != points[1].low || alone[1].high != points[1].high));
    hn_eval_free(loose);
    hn_eval_free(eval);
}
END_TEST

/* 20 patients of one row, truth equal to the call at 0.5 but for one; resampled quantiles by hand from the library's own streams would say
 * nothing new, so the limits are held against what must be: with one possible outcome there is no width. */
START_TEST(perfect_separation_has_no_width) {
    int32_t truth[20];
    double p[20], value = 0.9;
    for (int i = 0; i < 20; i++) {
        truth[i] = i < 8;
        p[i] = i < 8 ? 0.9 - 0.01 * i : 0.1 + 0.01 * i;
    }
    hn_eval *eval = eval_of(20, truth, p, NULL);
    hn_operating_point point;
    ck_ok(hn_eval_operating_points(eval, 0, HN_CHOOSE_SENSITIVITY, &value, 1, NULL, &point, &err));
    ck_assert(point.estimate == 1 && point.low == 1 && point.high == 1);
    hn_eval_free(eval);
}
END_TEST

/* The called class against its being right, over three classes. */
START_TEST(called_class_is_judged_by_being_right) {
    static const int32_t truth[] = {0, 1, 2, 0};
    static const double p[] = {0.7, 0.2, 0.1, 0.2, 0.5, 0.3, 0.6, 0.3, 0.1, 0.1, 0.1, 0.8};
    const hn_eval_arrays arrays = {.struct_size = sizeof arrays, .task = HN_TASK_SINGLE, .n_classes = 3, .n = 4, .classes = truth, .probabilities = p};
    const hn_reliability_options options = {.struct_size = sizeof options, .bins = 1, .index = HN_CALLED_CLASS};
    hn_reliability r = {.struct_size = sizeof r};
    hn_threshold t = {.struct_size = sizeof t};
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, &arrays, &eval, &err));
    ck_ok(hn_eval_reliability(eval, &options, &r, NULL, 0, NULL, &err));
    near("mean", r.mean, (0.7 + 0.5 + 0.6 + 0.8) / 4, 1e-15);
    near("share", r.share, 0.5, 0);
    near("ece", r.ece, 0.15, 1e-15);
    refused(hn_eval_reliability(eval, NULL, &r, NULL, 0, NULL, &err), HN_E_ARGUMENT, "positive");
    refused(hn_eval_threshold(eval, 1, HN_CHOOSE_YOUDEN, 0, &t, &err), HN_E_ARGUMENT, "most probable");
    hn_eval_free(eval);
}
END_TEST

START_TEST(refusals_name_the_remedy) {
    static const int32_t truth[] = {1, 1, 0}, ones[] = {1, 1, 1}, group[] = {0, 0, 1};
    static const double p[] = {0.9, 0.2, 0.4}, sure[] = {0, 0, 1}, bad = 1.5;
    hn_eval *eval = eval_of(3, truth, p, group), *one = eval_of(3, ones, p, group), *certain = eval_of(3, truth, sure, NULL), *patients = NULL;
    hn_threshold t = {.struct_size = sizeof t};
    hn_operating_point point;
    hn_reliability r = {.struct_size = sizeof r};
    hn_reliability_bin bins[2];
    hn_interval i = {.struct_size = sizeof i};
    hn_reliability_options options = {.struct_size = sizeof options, .bins = 5};
    refused(hn_eval_threshold(eval, 3, HN_CHOOSE_YOUDEN, 0, &t, &err), HN_E_NOT_FOUND, "at most 2");
    refused(hn_eval_threshold(eval, 0, 9, 0, &t, &err), HN_E_ARGUMENT, "HN_CHOOSE");
    refused(hn_eval_threshold(eval, 0, HN_CHOOSE_SENSITIVITY, 1.01, &t, &err), HN_E_ARGUMENT, "at most 1");
    refused(hn_eval_threshold(eval, 0, HN_CHOOSE_COST, 0, &t, &err), HN_E_ARGUMENT, "above 0");
    refused(hn_eval_threshold(eval, 0, HN_CHOOSE_YOUDEN, 0.5, &t, &err), HN_E_ARGUMENT, "else 0");
    refused(hn_eval_threshold(eval, 0, HN_CHOOSE_COST, NAN, &t, &err), HN_E_ARGUMENT, "above 0");
    refused(hn_eval_threshold(one, 0, HN_CHOOSE_YOUDEN, 0, &t, &err), HN_E_DATA, "both kinds");
    refused(hn_eval_threshold(certain, 0, HN_CHOOSE_SENSITIVITY, 0.9, &t, &err), HN_E_DATA, "the most is");
    refused(hn_eval_operating_points(eval, 0, HN_CHOOSE_COST, p, 3, NULL, &point, &err), HN_E_ARGUMENT, "neither");
    refused(hn_eval_operating_points(eval, 0, HN_CHOOSE_SENSITIVITY, &bad, 1, NULL, &point, &err), HN_E_ARGUMENT, "value 0");
    refused(hn_eval_operating_points(eval, 0, HN_CHOOSE_SENSITIVITY, p, 65, NULL, &point, &err), HN_E_ARGUMENT, "1 to 64");
    refused(hn_eval_operating_points(one, 0, HN_CHOOSE_SENSITIVITY, p, 1, NULL, &point, &err), HN_E_DATA, "both kinds");
    refused(hn_eval_reliability(eval, &options, &r, bins, 2, NULL, &err), HN_E_BUFFER, "room");
    options.bins = 101;
    refused(hn_eval_reliability(eval, &options, &r, NULL, 0, NULL, &err), HN_E_ARGUMENT, "1 to 100");
    refused(hn_eval_rate(eval, 6, 0, 0, &i, &err), HN_E_ARGUMENT, "HN_RATE");
    refused(hn_eval_rate(eval, 1, -1, 0, &i, &err), HN_E_ARGUMENT, "threshold");
    ck_ok(hn_eval_by_group(eval, HN_RULE_TOP_MEAN, 2, &patients, &err)); /* the threshold of patients says what they are made by */
    ck_ok(hn_eval_threshold(patients, 0, HN_CHOOSE_YOUDEN, 0, &t, &err));
    ck_assert(t.n == 2 && t.group_rule == HN_RULE_TOP_MEAN && t.top == 2 && t.digest[0] == 1);
    hn_eval_free(patients);
    hn_eval_free(certain);
    hn_eval_free(one);
    hn_eval_free(eval);
}
END_TEST

/* A silent positive can be found at no threshold; a silent negative counts nowhere. */
START_TEST(silent_rows_count_as_in_metrics) {
    static const int32_t truth[] = {1, 1, 1, 1, 0, 0, 0};
    static const double p[] = {0.9, 0.8, 0.7, 0.6, 0.3, 0.2, 0.1};
    hn_eval *eval = eval_of(7, truth, p, NULL);
    hn_threshold t = {.struct_size = sizeof t};
    hn_reliability r = {.struct_size = sizeof r};
    eval->flags[3] = eval->flags[6] = HN_PREDICTION_NONFINITE;
    ck_ok(hn_eval_threshold(eval, 0, HN_CHOOSE_YOUDEN, 0, &t, &err));
    near("threshold", t.threshold, 0.5, 1e-15);
    ck_assert(t.sensitivity == 0.75 && t.specificity == 1 && t.n == 7 && t.positives == 4);
    refused(hn_eval_threshold(eval, 0, HN_CHOOSE_SENSITIVITY, 0.9, &t, &err), HN_E_DATA, "0.75");
    ck_ok(hn_eval_reliability(eval, NULL, &r, NULL, 0, NULL, &err));
    ck_assert_int_eq(r.n, 5);
    hn_eval_free(eval);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("calibrate");
    TCase *t = tcase_create("golden and contract");
    tcase_add_checked_fixture(t, setup, teardown);
    const TTest *const cases[] = {thresholds_and_bins_agree_with_scikit_learn, calibrations_agree_with_scikit_learn_and_scipy,
                                  the_best_temperature_may_be_met_exactly, calibrations_that_cannot_be_are_refused, labels_that_say_nothing_stay,
                                  shares_by_group_agree_with_numpy, rates_are_the_metrics,
                                  operating_points_hold_what_they_say, perfect_separation_has_no_width,
                                  called_class_is_judged_by_being_right, refusals_name_the_remedy,
                                  silent_rows_count_as_in_metrics};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(t, cases[i]);
    tcase_set_timeout(t, 60);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
