/* test_intervals.c - intervals and tests equal those of scipy, statsmodels and numpy on the golden cases (tests/golden/gen_intervals.py), and
 * keep what evaluate.h promises where the data give no interval. */
#include <math.h>

#include "../../lib/base/context.h" /* defines: hni_context_create */
#include "../../lib/eval/bootstrap.h"
#include "../../lib/eval/delong.h"
#include "../../lib/eval/distributions.h"
#include "../../lib/eval/intervals.h"
#include "../host.h"
#include "golden.h" /* defines: golden_number, golden_int */

static hn_error err;
static hn_context *ctx;

static void setup(void) {
    hn_context_options options = {.struct_size = sizeof options};
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
}
static void teardown(void) { hni_context_unref(ctx); }

/* Relative, and absolute below `floor`. */
static void near(const char *what, double ours, double theirs, double tolerance, double floor) {
    const bool equal = isnan(theirs) ? isnan(ours) : ours == theirs || fabs(ours - theirs) <= tolerance * fmax(fabs(theirs), floor);
    ck_assert_msg(equal, "%s is %.17g, the golden file says %.17g", what, ours, theirs);
}

static FILE *open_golden(void) {
    FILE *f = fopen(GOLDEN("intervals.txt"), "r");
    ck_assert_msg(f != NULL, "cannot open %s; tests run from the project's root", GOLDEN("intervals.txt"));
    ck_assert_int_eq(fscanf(f, "#%*[^\n]"), 0);
    return f;
}

/* The next line of a kind; false at the end. */
static bool seek_line(FILE *f, const char *kind) {
    char word[32];
    while (fscanf(f, " %31s", word) == 1) {
        if (strcmp(word, kind) == 0) {
            return true;
        }
        ck_assert_int_ge(fscanf(f, "%*[^\n]"), 0);
    }
    ck_assert(feof(f));
    return false;
}

START_TEST(distributions_agree_with_scipy) {
    static const char *const kinds[] = {"upper", "quantile", "critical", "tails", "loggamma", "coins"};
    int lines = 0;
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        FILE *f = open_golden();
        for (; seek_line(f, kinds[kind]); lines++) {
            const double a = golden_number(f), b = kind == 0 || kind == 1 || kind == 4 ? 0 : golden_number(f), value = golden_number(f);
            switch (kind) {
            case 0: near("upper tail", hni_normal_upper(a), value, 1e-12, 1e-300); break;
            case 1: near("quantile", hni_normal_quantile(a), value, 1e-12, 1e-3); break;
            case 2: near("critical t", hni_t_critical(a, b), value, 1e-10, 1e-3); break;
            case 3: near("tails of t", hni_t_two_sided(a, b), value, 1e-10, 1e-250); break;
            case 4: near("log gamma", hni_log_gamma(a), value, 1e-14, 1); break;
            default:
                near("coins", hni_coin_at_most((int64_t)a, (int64_t)b), value, 1e-11, 1e-300);
                near("coins exactly", hni_coin_exactly((int64_t)a, (int64_t)b), golden_number(f), 1e-11, 1e-300);
            }
        }
        fclose(f);
    }
    ck_assert_int_gt(lines, 120);
    ck_assert(isinf(hni_normal_quantile(0)) && hni_normal_quantile(1) > 0 && isnan(hni_normal_quantile(2)) && isnan(hni_normal_upper(NAN)));
}
END_TEST

START_TEST(proportions_agree_with_statsmodels) {
    FILE *f = open_golden();
    int lines = 0;
    for (; seek_line(f, "wilson"); lines++) {
        const long hits = golden_int(f), n = golden_int(f);
        const double level = golden_number(f);
        hn_interval i = {.struct_size = sizeof i};
        ck_ok(hn_eval_proportion(hits, n, level, &i, &err));
        ck_assert_int_eq(i.method, HN_INTERVAL_WILSON);
        near("share", i.estimate, (double)hits / (double)n, 0, 1);
        near("low", i.low, golden_number(f), 1e-12, 1);
        near("high", i.high, golden_number(f), 1e-12, 1);
        ck_assert(i.n == n && i.level == level && isnan(i.p) && i.low >= 0 && i.high <= 1);
    }
    ck_assert_int_eq(lines, 30);
    hn_interval i = {.struct_size = sizeof i};
    ck_ok(hn_eval_proportion(160, 200, 0, &i, &err));
    ck_assert(i.level == 0.95 && i.low > 0.73 && i.high < 0.86);
    fclose(f);
}
END_TEST

START_TEST(mcnemar_agrees_with_statsmodels) {
    FILE *f = open_golden();
    int lines = 0;
    for (; seek_line(f, "mcnemar"); lines++) {
        const long b = golden_int(f), c = golden_int(f);
        near("exact", hni_mcnemar_exact(b, c), golden_number(f), 1e-11, 1e-300);
        near("mid-p", hni_mcnemar_mid(b, c), golden_number(f), 1e-11, 1e-300);
    }
    ck_assert_int_eq(lines, 8);
    fclose(f);
}
END_TEST

START_TEST(means_agree_with_scipy) {
    FILE *f = open_golden();
    int lines = 0;
    for (; seek_line(f, "mean"); lines++) {
        double values[64], padded[128];
        const long n = golden_int(f);
        const double ratio = golden_number(f), level = golden_number(f);
        for (long i = 0; i < n; i++) {
            values[i] = golden_number(f);
            padded[2 * i] = values[i];
            padded[2 * i + 1] = NAN;
        }
        hn_mean m = {.struct_size = sizeof m}, with_nan = {.struct_size = sizeof with_nan};
        ck_ok(hn_eval_mean(values, n, ratio, level, &m, &err));
        ck_ok(hn_eval_mean(padded, 2 * n, ratio, level, &with_nan, &err));
        ck_assert_mem_eq(&m, &with_nan, sizeof m); /* NaN is left out */
        ck_assert(seek_line(f, "is") && m.n == n);
        near("mean", m.mean, golden_number(f), 1e-14, 1);
        near("deviation", m.deviation, golden_number(f), 1e-12, 1);
        near("low", m.low, golden_number(f), 1e-10, 1);
        near("high", m.high, golden_number(f), 1e-10, 1);
        near("corrected low", m.corrected_low, golden_number(f), 1e-10, 1);
        near("corrected high", m.corrected_high, golden_number(f), 1e-10, 1);
    }
    ck_assert_int_eq(lines, 6);
    fclose(f);
}
END_TEST

enum { ROWS = 100 };
typedef struct scored { /* two models on the same rows */
    int64_t n;
    int32_t truth[ROWS];
    double p[2][2 * ROWS];
    char names[ROWS][8];
    const char *groups[ROWS];
} scored;

static hn_eval *eval_of(const scored *s, int model, bool grouped) {
    const hn_eval_arrays a = {.struct_size = sizeof a, .task = HN_TASK_SINGLE, .n_classes = 2, .positive = 2, .n = s->n, .classes = s->truth,
                              .probabilities = s->p[model], .groups = grouped ? s->groups : NULL};
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, &a, &eval, &err));
    return eval;
}

static void set_row(scored *s, long i, long truth, long group, double first, double second) {
    s->truth[i] = (int32_t)truth;
    snprintf(s->names[i], sizeof s->names[i], "%ld", group);
    s->groups[i] = s->names[i];
    s->p[0][2 * i + 1] = first;
    s->p[1][2 * i + 1] = second;
    for (int m = 0; m < 2; m++) s->p[m][2 * i] = 1 - s->p[m][2 * i + 1];
}

static void read_scored(FILE *f, scored *s) {
    s->n = golden_int(f);
    ck_assert_int_le(s->n, ROWS);
    for (long i = 0; i < s->n; i++) {
        const long truth = golden_int(f), group = golden_int(f);
        const double first = golden_number(f);
        set_row(s, i, truth, group, first, golden_number(f));
    }
}

START_TEST(auc_agrees_with_midranks) {
    FILE *f = open_golden();
    int cases = 0;
    for (; seek_line(f, "aucs"); cases++) {
        static scored s;
        read_scored(f, &s);
        hn_eval *evals[2] = {eval_of(&s, 0, true), eval_of(&s, 1, true)};
        hn_interval i = {.struct_size = sizeof i}, other = {.struct_size = sizeof other};
        for (int m = 0; m < 2; m++) {
            ck_assert(seek_line(f, "one"));
            ck_ok(hn_eval_auc(evals[m], 1, 0, &i, &err));
            near("AUC", i.estimate, golden_number(f), 1e-13, 1);
            near("standard error", i.standard_error, golden_number(f), 1e-11, 1);
            near("low", i.low, golden_number(f), 1e-11, 1);
            near("high", i.high, golden_number(f), 1e-11, 1);
            ck_assert(i.n == s.n && i.method == HN_INTERVAL_DELONG && isnan(i.p));
            ck_ok(hn_eval_auc(evals[m], 0, 0, &other, &err)); /* the other class, with complementary scores: the same to rounding of 1 - p */
            near("standard error of class 0", other.standard_error, i.standard_error, 1e-9, 1);
        }
        ck_assert(seek_line(f, "difference"));
        ck_ok(hn_eval_auc_difference(evals[0], evals[1], 1, 0, &i, &err));
        near("difference", i.estimate, golden_number(f), 1e-12, 1);
        near("standard error", i.standard_error, golden_number(f), 1e-11, 1);
        near("low", i.low, golden_number(f), 1e-11, 1);
        near("high", i.high, golden_number(f), 1e-11, 1);
        near("p", i.p, golden_number(f), 1e-9, 1);
        ck_ok(hn_eval_auc_difference(evals[1], evals[0], 1, 0, &other, &err));
        ck_assert(other.estimate == -i.estimate && other.low == -i.high && other.p == i.p);
        for (int m = 0; m < 2; m++) hn_eval_free(evals[m]);
    }
    ck_assert_int_eq(cases, 6);
    rewind(f);
    for (cases = 0; seek_line(f, "newcombe"); cases++) {
        const double auc = golden_number(f), m = golden_number(f), n = golden_number(f);
        double low, high;
        hni_auc_newcombe(auc, m, n, 0.95, &low, &high);
        near("Newcombe's low", low, golden_number(f), 1e-9, 1);
        near("Newcombe's high", high, golden_number(f), 1e-9, 1);
    }
    ck_assert_int_eq(cases, 6);
    fclose(f);
}
END_TEST

static scored graded(int64_t n, int every) { /* row i has class (i % every == 0) */
    static scored s;
    s.n = n;
    for (long i = 0; i < n; i++) set_row(&s, i, i % every == 0, i, (i % every == 0) * 0.5 + (double)(i % 5) / 20, 0.5);
    return s;
}

START_TEST(auc_where_the_data_say_little) {
    hn_interval i = {.struct_size = sizeof i};
    scored s = graded(20, 2); /* all in the right order */
    hn_eval *perfect = eval_of(&s, 0, true), *constant = eval_of(&s, 1, true);
    ck_ok(hn_eval_auc(perfect, 1, 0, &i, &err));
    ck_assert(i.estimate == 1 && i.high == 1 && i.low > 0.6 && i.low < 0.9 && i.method == HN_INTERVAL_NEWCOMBE);
    ck_ok(hn_eval_auc(constant, 1, 0, &i, &err)); /* no variance either, but that is no certainty of 0.5 */
    ck_assert(i.estimate == 0.5 && i.low < 0.3 && i.high > 0.7 && i.method == HN_INTERVAL_NEWCOMBE);
    ck_ok(hn_eval_auc_difference(perfect, perfect, 1, 0, &i, &err));
    ck_assert(i.estimate == 0 && i.low == 0 && i.high == 0 && i.p == 1);
    ck_ok(hn_eval_auc_difference(perfect, constant, 1, 0, &i, &err));
    ck_assert(i.estimate == 0.5 && isnan(i.low) && isnan(i.high) && isnan(i.p));
    hn_eval_free(constant);
    for (long k = 0; k < s.n; k++) s.truth[k] = k == 3; /* one positive: an AUC, but no variance */
    hn_eval *single = eval_of(&s, 0, true);
    ck_ok(hn_eval_auc(single, 1, 0, &i, &err));
    ck_assert(!isnan(i.estimate) && isnan(i.low) && isnan(i.high));
    hn_eval_free(single);
    for (long k = 0; k < s.n; k++) s.truth[k] = 0;
    hn_eval *none = eval_of(&s, 0, true);
    ck_ok(hn_eval_auc(none, 1, 0, &i, &err));
    ck_assert(isnan(i.estimate) && isnan(i.low) && isnan(i.high) && i.n == 20);
    hn_eval_free(none);
    hn_eval_free(perfect);
}
END_TEST

START_TEST(rows_of_one_patient_widen_the_interval) {
    scored s = graded(60, 3);
    for (long i = 0; i < s.n; i++) {
        const long patient = i / 6; /* six slices, all with the patient's own level, half of the patients ill */
        set_row(&s, i, patient % 2, patient, 0.2 + 0.07 * (double)((patient * 3) % 7) + (double)(i % 6) / 200, 0.5);
    }
    hn_eval *known = eval_of(&s, 0, true), *unknown = eval_of(&s, 0, false);
    hn_interval by_patient = {.struct_size = sizeof by_patient}, by_slice = by_patient;
    ck_ok(hn_eval_auc(known, 1, 0, &by_patient, &err));
    ck_ok(hn_eval_auc(unknown, 1, 0, &by_slice, &err));
    ck_assert(by_patient.estimate == by_slice.estimate && by_patient.groups == 10 && by_slice.groups == 60);
    ck_assert_msg(by_patient.standard_error > 2 * by_slice.standard_error, "%g, %g", by_patient.standard_error, by_slice.standard_error);
    hn_metrics low[2], high[2];
    for (int i = 0; i < 2; i++) {
        low[i].struct_size = high[i].struct_size = sizeof *low;
        ck_ok(hn_eval_bootstrap(i ? unknown : known, 0, NULL, &low[i], &high[i], &err));
        ck_assert(low[i].groups_unknown == i && low[i].n == 60 && low[i].tp == high[i].tp);
    }
    ck_assert(high[0].accuracy - low[0].accuracy > 1.7 * (high[1].accuracy - low[1].accuracy));
    ck_assert(high[0].roc_auc - low[0].roc_auc > 1.7 * (high[1].roc_auc - low[1].roc_auc));
    hn_eval_free(known);
    hn_eval_free(unknown);
}
END_TEST

START_TEST(limits_agree_with_scipy) {
    FILE *f = open_golden();
    int cases = 0;
    for (; seek_line(f, "limits"); cases++) {
        double values[256], left_out[64], again[256];
        const long n = golden_int(f), m = golden_int(f);
        const double level = golden_number(f), estimate = golden_number(f);
        for (long i = 0; i < n; i++) values[i] = again[i] = golden_number(f);
        for (long i = 0; i < m; i++) left_out[i] = golden_number(f);
        ck_assert(seek_line(f, "are"));
        double low, high;
        hni_bootstrap_limits(again, n, NULL, 0, estimate, HN_BOOTSTRAP_PERCENTILE, level, &low, &high);
        near("percentile low", low, golden_number(f), 1e-13, 1);
        near("percentile high", high, golden_number(f), 1e-13, 1);
        hni_bootstrap_limits(values, n, left_out, m, estimate, HN_BOOTSTRAP_BCA, level, &low, &high);
        near("BCa low", low, golden_number(f), 1e-11, 1);
        near("BCa high", high, golden_number(f), 1e-11, 1);
    }
    ck_assert_int_eq(cases, 3);
    fclose(f);
}
END_TEST

/* The whole of it, against scipy.stats.bootstrap with resamples of its own: the Monte Carlo error of a limit from 20000 resamples is about
 * 2 % of the standard error. */
START_TEST(a_whole_bootstrap_agrees_with_scipy) {
    static scored s;
    FILE *f = open_golden();
    ck_assert(seek_line(f, "brier"));
    s.n = golden_int(f);
    for (long i = 0; i < s.n; i++) {
        const long truth = golden_int(f);
        set_row(&s, i, truth, i, golden_number(f), 0.5);
    }
    hn_eval *eval = eval_of(&s, 0, true);
    hn_bootstrap_options options = {.struct_size = sizeof options, .resamples = 20000, .seed = test_seed()};
    hn_metrics low = {.struct_size = sizeof low}, high = low, m = low;
    ck_ok(hn_eval_bootstrap(eval, 0, &options, &low, &high, &err));
    ck_assert(seek_line(f, "bca"));
    const double scipy_low = golden_number(f), scipy_high = golden_number(f), deviation = golden_number(f);
    ck_assert_msg(fabs(low.brier - scipy_low) < 0.1 * deviation && fabs(high.brier - scipy_high) < 0.1 * deviation, "%g to %g, scipy %g to %g",
                  low.brier, high.brier, scipy_low, scipy_high);
    ck_ok(hn_eval_metrics(eval, 0, &m, &err));
    ck_assert(low.accuracy < m.accuracy && m.accuracy < high.accuracy && low.roc_auc < m.roc_auc && m.roc_auc < high.roc_auc);
    hn_eval_free(eval);
    fclose(f);
}
END_TEST

START_TEST(bootstrap_is_the_same_for_the_same_seed) {
    const scored s = graded(40, 3);
    hn_eval *eval = eval_of(&s, 0, true), *other = eval_of(&s, 1, true);
    hn_bootstrap_options options = {.struct_size = sizeof options, .resamples = 200, .seed = 7, .method = HN_BOOTSTRAP_PERCENTILE};
    hn_metrics low[3], high[3];
    for (int i = 0; i < 3; i++) {
        options.seed = i < 2 ? 7 : 8;
        low[i].struct_size = high[i].struct_size = sizeof *low;
        ck_ok(hn_eval_bootstrap(eval, 0, &options, &low[i], &high[i], &err));
    }
    ck_assert_mem_eq(&low[0], &low[1], sizeof *low);
    ck_assert_mem_eq(&high[0], &high[1], sizeof *low);
    ck_assert_mem_ne(&low[0], &low[2], sizeof *low);
    /* A model differs from itself by nothing, and from another by as much as the other from it. */
    ck_ok(hn_eval_bootstrap_difference(eval, eval, &options, &low[0], &high[0], &err));
    ck_assert(low[0].accuracy == 0 && high[0].roc_auc == 0);
    ck_ok(hn_eval_bootstrap_difference(eval, other, &options, &low[0], &high[0], &err));
    ck_ok(hn_eval_bootstrap_difference(other, eval, &options, &low[1], &high[1], &err));
    near("turned round", low[0].brier, -high[1].brier, 1e-12, 1);
    ck_assert(low[0].roc_auc > 0.2 && high[0].roc_auc <= 0.5);
    hn_eval_free(eval);
    hn_eval_free(other);
}
END_TEST

START_TEST(bootstrap_without_enough_groups) {
    scored s = graded(30, 2);
    hn_metrics low = {.struct_size = sizeof low}, high = low;
    for (long i = 0; i < s.n; i++) s.groups[i] = "one";
    hn_eval *one = eval_of(&s, 0, true);
    ck_ok(hn_eval_bootstrap(one, 0, NULL, &low, &high, &err));
    ck_assert(isnan(low.accuracy) && isnan(high.accuracy) && isnan(low.roc_auc));
    hn_eval_free(one);
    for (long i = 0; i < s.n; i++) s.truth[i] = 1; /* one class: no AUC in any resample, accuracy as ever */
    hn_eval *ill = eval_of(&s, 0, false);
    ck_ok(hn_eval_bootstrap(ill, 0, NULL, &low, &high, &err));
    ck_assert(isnan(low.roc_auc) && isnan(high.specificity) && low.accuracy < high.accuracy);
    hn_eval_free(ill);
}
END_TEST

static void refused(hn_status got, hn_status wanted, const char *says) {
    ck_assert_msg(got == wanted && err.status == wanted, "%s instead of %s: %s", hn_status_name(got), hn_status_name(wanted), err.message);
    ck_assert_msg(strstr(err.message, says) != NULL, "\"%s\" does not say \"%s\"", err.message, says);
}

START_TEST(what_cannot_be_used_is_refused) {
    const scored s = graded(12, 2);
    scored t = s;
    t.truth[5] = 1 - t.truth[5];
    hn_eval *a = eval_of(&s, 0, true), *b = eval_of(&t, 0, true);
    const double values[] = {0.5, INFINITY};
    hn_interval i = {.struct_size = sizeof i};
    hn_mean m = {.struct_size = sizeof m};
    hn_mcnemar c = {.struct_size = sizeof c};
    hn_metrics low = {.struct_size = sizeof low}, high = low;
    hn_bootstrap_options o = {.struct_size = sizeof o, .resamples = 99};
    refused(hn_eval_proportion(3, 2, 0, &i, &err), HN_E_ARGUMENT, "3 hits of 2");
    refused(hn_eval_proportion(0, 0, 0, &i, &err), HN_E_ARGUMENT, "at least 1");
    refused(hn_eval_proportion(1, 2, 1, &i, &err), HN_E_ARGUMENT, "level 1");
    refused(hn_eval_mean(values, 2, 0.25, 0, &m, &err), HN_E_ARGUMENT, "value 1 is infinite");
    refused(hn_eval_mean(values, 1, 0, 0, &m, &err), HN_E_ARGUMENT, "1 / (k - 1)");
    refused(hn_eval_auc(a, 2, 0, &i, &err), HN_E_NOT_FOUND, "class 2");
    refused(hn_eval_auc(a, 1, NAN, &i, &err), HN_E_ARGUMENT, "level");
    refused(hn_eval_auc_difference(a, b, 1, 0, &i, &err), HN_E_ARGUMENT, "row 5");
    refused(hn_eval_mcnemar(a, b, &c, &err), HN_E_ARGUMENT, "row 5");
    refused(hn_eval_bootstrap(a, 1, NULL, &low, &high, &err), HN_E_ARGUMENT, "threshold 1");
    refused(hn_eval_bootstrap(a, 0, &o, &low, &high, &err), HN_E_ARGUMENT, "resamples 99");
    o.resamples = 100, o.method = 3;
    refused(hn_eval_bootstrap(a, 0, &o, &low, &high, &err), HN_E_ARGUMENT, "method 3");
    refused(hn_eval_bootstrap_difference(a, b, NULL, &low, &high, &err), HN_E_ARGUMENT, "row 5");
    hn_eval_free(a);
    hn_eval_free(b);
}
END_TEST

START_TEST(mcnemar_counts_verdicts) {
    scored s = graded(30, 2);
    for (long i = 0; i < s.n; i++) {
        const double right = s.truth[i] ? 0.9 : 0.1, wrong = 1 - right;
        set_row(&s, i, s.truth[i], i, i < 24 ? right : wrong, i < 14 || i >= 27 ? right : wrong);
    }
    hn_eval *a = eval_of(&s, 0, true), *b = eval_of(&s, 1, true);
    hn_mcnemar m = {.struct_size = sizeof m};
    ck_ok(hn_eval_mcnemar(a, b, &m, &err));
    ck_assert(m.both == 14 && m.only_a == 10 && m.only_b == 3 && m.neither == 3);
    near("exact", m.exact, hni_mcnemar_exact(10, 3), 0, 1);
    ck_assert(m.mid_p < m.exact && m.mid_p > 0.04);
    hn_eval_free(a);
    hn_eval_free(b);
}
END_TEST

/* Several labels: a row is right if every label is; a silent row is wrong. */
START_TEST(mcnemar_of_several_labels) {
    const uint64_t labels[] = {1, 2, 3, 0}, others[] = {1, 2, 3, 1};
    const double first[] = {.9, .1, .2, .8, .9, .4, .1, .2}, second[] = {.9, .6, .2, .8, .9, .9, .1, .2};
    hn_eval_arrays a = {.struct_size = sizeof a, .task = HN_TASK_MULTI, .n_classes = 2, .n = 4, .labels = labels, .probabilities = first};
    hn_eval *evals[4] = {0};
    hn_mcnemar m = {.struct_size = sizeof m};
    ck_ok(hn_eval_from_arrays(ctx, &a, &evals[0], &err));
    a.probabilities = second;
    ck_ok(hn_eval_from_arrays(ctx, &a, &evals[1], &err));
    ck_ok(hn_eval_mcnemar(evals[0], evals[1], &m, &err));
    ck_assert(m.both == 2 && m.only_a == 1 && m.only_b == 1 && m.neither == 0 && m.exact == 1 && m.mid_p == 1);
    evals[1]->flags[3] = HN_PREDICTION_NONFINITE;
    ck_ok(hn_eval_mcnemar(evals[0], evals[1], &m, &err));
    ck_assert(m.both == 1 && m.only_a == 2);
    a.labels = others;
    ck_ok(hn_eval_from_arrays(ctx, &a, &evals[2], &err));
    refused(hn_eval_mcnemar(evals[0], evals[2], &m, &err), HN_E_ARGUMENT, "row 3");
    a.n = 3;
    ck_ok(hn_eval_from_arrays(ctx, &a, &evals[3], &err));
    refused(hn_eval_mcnemar(evals[0], evals[3], &m, &err), HN_E_ARGUMENT, "a has 4 rows of 2 classes and b 3 of 2");
    for (int i = 0; i < 4; i++) hn_eval_free(evals[i]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("intervals");
    TCase *t = tcase_create("golden and contract");
    tcase_add_checked_fixture(t, setup, teardown);
    const TTest *const cases[] = {distributions_agree_with_scipy, proportions_agree_with_statsmodels, mcnemar_agrees_with_statsmodels,
                                  means_agree_with_scipy, auc_agrees_with_midranks, auc_where_the_data_say_little,
                                  rows_of_one_patient_widen_the_interval, limits_agree_with_scipy, a_whole_bootstrap_agrees_with_scipy,
                                  bootstrap_is_the_same_for_the_same_seed, bootstrap_without_enough_groups, what_cannot_be_used_is_refused,
                                  mcnemar_counts_verdicts, mcnemar_of_several_labels};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(t, cases[i]);
    tcase_set_timeout(t, 60);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
