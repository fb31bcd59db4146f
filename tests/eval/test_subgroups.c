/* test_subgroups.c - subgroups, comparisons and corrections equal scikit-learn's, statsmodels' and numpy's on the golden case
 * (tests/golden/gen_subgroups.py), and keep what subgroups.h promises: bands, missing values, few patients, limits. */
#include <math.h>

#include "../../lib/base/context.h" /* defines: hni_context_create */
#include "../../lib/eval/eval.h"    /* defines: hn_eval */
#include "../host.h"
#include "golden.h" /* defines: golden_number, golden_int */
#include "haemnet/subgroups.h"

enum { ROWS = 420, COLUMNS = 4 };

static hn_error err;
static hn_context *ctx;
static char texts[COLUMNS][ROWS][16], patients[ROWS][16];
static const char *values[COLUMNS][ROWS], *groups[ROWS];
static int32_t truth[ROWS];
static double p[2 * ROWS];
static const hn_subgroup_column columns[COLUMNS] = {{"sex", values[0]}, {"age", values[1]}, {"scanner", values[2]}, {"thickness", values[3]}};

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
    const bool equal = isnan(theirs) ? isnan(ours) : fabs(ours - theirs) <= tolerance * fmax(fabs(theirs), 1e-3);
    ck_assert_msg(equal, "%s is %.17g, the golden file says %.17g", what, ours, theirs);
}

static hn_eval *eval_of(int64_t n) {
    const hn_eval_arrays a = {.struct_size = sizeof a, .task = HN_TASK_SINGLE, .n_classes = 2, .positive = 2, .n = n, .classes = truth,
                              .probabilities = p, .groups = groups};
    hn_eval *eval = NULL;
    ck_ok(hn_eval_from_arrays(ctx, &a, &eval, &err));
    return eval;
}

static FILE *read_rows(hn_eval **eval) {
    FILE *f = fopen(GOLDEN("subgroups.txt"), "r");
    ck_assert_msg(f != NULL, "cannot open %s; tests run from the project's root", GOLDEN("subgroups.txt"));
    ck_assert_int_eq(fscanf(f, "#%*[^\n] rows"), 0);
    ck_assert_int_eq(golden_int(f), ROWS);
    for (int i = 0; i < ROWS; i++) {
        truth[i] = (int32_t)golden_int(f);
        p[2 * i + 1] = golden_number(f);
        p[2 * i] = 1 - p[2 * i + 1];
        ck_assert_int_eq(fscanf(f, " %15s", patients[i]), 1);
        groups[i] = patients[i];
        for (int c = 0; c < COLUMNS; c++) {
            ck_assert_int_eq(fscanf(f, " %15s", texts[c][i]), 1);
            values[c][i] = strcmp(texts[c][i], "-") != 0 ? texts[c][i] : i % 2 ? "" : NULL;
        }
    }
    *eval = eval_of(ROWS);
    return f;
}

/* "above_3_up_to_5" of the file, with spaces; "-" is not given. */
static void spaced(char *text) {
    for (char *c = text; *c; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
    if (strcmp(text, "-") == 0) {
        *text = 0;
    }
}

static void check_row(FILE *f, const hn_subgroups *holm, const hn_subgroups *bh, int32_t i) {
    char name[32], value[64];
    hn_subgroup row = {.struct_size = sizeof row}, other = row;
    ck_ok(hn_subgroups_get(holm, i, &row, &err));
    ck_ok(hn_subgroups_get(bh, i, &other, &err));
    ck_assert_int_eq(fscanf(f, " %31s %63s", name, value), 2);
    spaced(value);
    ck_assert_str_eq(row.name, name);
    ck_assert_str_eq(row.value, value);
    ck_assert_int_eq(row.n, golden_int(f));
    ck_assert_int_eq(row.positives, golden_int(f));
    ck_assert_int_eq(row.groups, golden_int(f));
    for (int k = 0; k < 4; k++) near("estimate", row.estimate[k], golden_number(f), 1e-12);
    for (int k = 0; k < 4; k++) near("rest", row.rest[k], golden_number(f), 1e-12);
    for (int k = 0; k < 4; k++) near("p", row.p[k], golden_number(f), 1e-9);
    for (int k = 0; k < 4; k++) near("Holm's", row.adjusted[k], golden_number(f), 1e-9);
    for (int k = 0; k < 4; k++) near("Benjamini and Hochberg's", other.adjusted[k], golden_number(f), 1e-9);
    for (int k = 0; k < 4; k++) {
        ck_assert_int_eq(row.differs >> k & 1, row.adjusted[k] < 0.05);
        ck_assert(isnan(row.low[k]) || (row.low[k] <= row.estimate[k] && row.estimate[k] <= row.high[k]));
    }
    ck_assert_int_eq((row.flags & HN_SUBGROUP_BAND) != 0, row.column == 1);
    ck_assert_int_eq((row.flags & HN_SUBGROUP_FEW) != 0, row.groups < 5);
}

START_TEST(tables_agree_with_statsmodels) {
    hn_eval *eval = NULL;
    FILE *f = read_rows(&eval);
    const hn_subgroup_options other = {.struct_size = sizeof other, .correction = HN_CORRECT_BENJAMINI_HOCHBERG};
    hn_subgroups *holm = NULL, *bh = NULL;
    ck_ok(hn_subgroups_create(eval, columns, COLUMNS, NULL, &holm, &err));
    ck_ok(hn_subgroups_create(eval, columns, COLUMNS, &other, &bh, &err));
    ck_assert_int_eq(fscanf(f, " table"), 0);
    const long rows = golden_int(f), comparisons = golden_int(f);
    ck_assert_int_eq(hn_subgroups_count(holm), rows);
    ck_assert_int_eq(hn_subgroups_comparisons(holm), comparisons);
    for (int32_t i = 0; i < rows; i++) check_row(f, holm, bh, i);
    fclose(f);
    hn_eval_free(eval); /* the table stands alone */
    hn_subgroup row = {.struct_size = sizeof row};
    int found = 0;
    for (int32_t i = 0; i < rows; i++) {
        ck_ok(hn_subgroups_get(holm, i, &row, &err));
        found += row.differs && strcmp(row.name, "scanner") == 0 && strcmp(row.value, "C") == 0;
        ck_assert(!row.differs || strcmp(row.name, "scanner") == 0); /* the column that was made to differ */
    }
    ck_assert_int_eq(found, 1);
    refused(hn_subgroups_get(holm, (int32_t)rows, &row, &err), HN_E_NOT_FOUND, "there is no row");
    hn_subgroups_free(holm);
    hn_subgroups_free(bh);
}
END_TEST

/* Intervals of a subgroup are those of its rows alone. */
START_TEST(intervals_are_the_rows_own) {
    hn_eval *eval = NULL, *part = NULL;
    fclose(read_rows(&eval));
    hn_subgroups *table = NULL;
    hn_subgroup row = {.struct_size = sizeof row};
    hn_interval rate = {.struct_size = sizeof rate}, auc = rate;
    ck_ok(hn_subgroups_create(eval, columns, 1, NULL, &table, &err));
    ck_ok(hn_subgroups_get(table, 1, &row, &err));
    int64_t n = 0;
    for (int i = 0; i < ROWS; i++) {
        if (strcmp(values[0][i], "m") == 0) {
            truth[n] = truth[i], p[2 * n] = p[2 * i], p[2 * n + 1] = p[2 * i + 1], groups[n] = groups[i];
            n++;
        }
    }
    part = eval_of(n);
    ck_ok(hn_eval_rate(part, HN_RATE_SPECIFICITY, 0, 0, &rate, &err));
    ck_ok(hn_eval_auc(part, 1, 0, &auc, &err));
    ck_assert(row.low[HN_SUBGROUP_SPECIFICITY] == rate.low && row.high[HN_SUBGROUP_SPECIFICITY] == rate.high);
    ck_assert(row.low[HN_SUBGROUP_ROC_AUC] == auc.low && row.high[HN_SUBGROUP_ROC_AUC] == auc.high && row.n == n);
    hn_subgroups_free(table);
    hn_eval_free(eval), hn_eval_free(part);
}
END_TEST

static hn_subgroups *one_column(const char *const *given, int64_t n, const hn_subgroup_options *options) {
    const hn_subgroup_column column = {"x", given};
    hn_subgroups *table = NULL;
    for (int64_t i = 0; i < n; i++) truth[i] = i % 2, p[2 * i + 1] = (double)(i * 7 % 10) / 10, p[2 * i] = 1 - p[2 * i + 1], groups[i] = NULL;
    hn_eval *eval = eval_of(n);
    ck_ok(hn_subgroups_create(eval, &column, 1, options, &table, &err));
    hn_eval_free(eval);
    return table;
}

static void check_values(const hn_subgroups *table, int32_t n, const char *const *wanted, const int64_t *rows) {
    hn_subgroup row = {.struct_size = sizeof row};
    ck_assert_int_eq(hn_subgroups_count(table), n);
    for (int32_t i = 0; i < n; i++) {
        ck_ok(hn_subgroups_get(table, i, &row, &err));
        ck_assert_str_eq(row.value, wanted[i]);
        ck_assert_int_eq(row.n, rows[i]);
    }
}

START_TEST(numbers_and_texts) {
    static const char *const numbers[] = {"10", "9", "1e1", "-2.5", "+9", "9.0", "", "10"}, *const ordered[] = {"-2.5", "9", "10", ""};
    static const char *const mixed[] = {"10", "9", "b", "10", "9", "a", "9", "9"}, *const sorted[] = {"10", "9", "a", "b"};
    static const char *const bands[] = {"5", "1", "2.5", "4", "3", "1", "2.5", ""}, *const cut[] = {"up to 2.5", "above 2.5", ""};
    const hn_subgroup_options two = {.struct_size = sizeof two, .most_values = 4, .bands = 2};
    hn_subgroups *table = one_column(numbers, 8, NULL);
    check_values(table, 4, ordered, (const int64_t[]){1, 3, 3, 1}); /* equal numbers are one value, in the order of numbers */
    hn_subgroups_free(table);
    table = one_column(mixed, 8, NULL);
    check_values(table, 4, sorted, (const int64_t[]){2, 4, 1, 1});
    hn_subgroups_free(table);
    table = one_column(bands, 8, &two); /* five different numbers; the middle of seven is 2.5, which two rows have */
    check_values(table, 3, cut, (const int64_t[]){4, 3, 1});
    hn_subgroups_free(table);
}
END_TEST

START_TEST(few_patients_are_not_compared) {
    static const char *given[20];
    hn_subgroup row = {.struct_size = sizeof row};
    for (int i = 0; i < 20; i++) given[i] = i < 4 ? "rare" : i < 12 ? "usual" : "other";
    hn_subgroups *table = one_column(given, 20, NULL);
    for (int32_t i = 0; i < 3; i++) {
        ck_ok(hn_subgroups_get(table, i, &row, &err));
        const bool rare = strcmp(row.value, "rare") == 0;
        ck_assert_int_eq(row.flags, rare ? HN_SUBGROUP_FEW : 0);
        ck_assert_int_eq(isnan(row.p[HN_SUBGROUP_ACCURACY]), rare);
        ck_assert(!rare || (row.differs == 0 && row.low[HN_SUBGROUP_ACCURACY] < row.high[HN_SUBGROUP_ACCURACY])); /* the interval says how little is known */
    }
    hn_subgroups_free(table);
}
END_TEST

/* Everyone right everywhere: no variance, and no alarm. One value alone has no rest. */
START_TEST(nothing_to_compare) {
    static const char *given[20], *alone[20];
    const hn_subgroup_column both[] = {{"a", given}, {"b", alone}};
    hn_subgroups *table = NULL;
    hn_subgroup row = {.struct_size = sizeof row};
    for (int i = 0; i < 20; i++) {
        given[i] = i % 2 ? "x" : "y", alone[i] = "z", groups[i] = NULL;
        truth[i] = i < 10, p[2 * i + 1] = i < 10 ? 0.9 : 0.1, p[2 * i] = 1 - p[2 * i + 1];
    }
    hn_eval *eval = eval_of(20);
    ck_ok(hn_subgroups_create(eval, both, 2, NULL, &table, &err));
    ck_assert_int_eq(hn_subgroups_comparisons(table), 4);
    ck_ok(hn_subgroups_get(table, 0, &row, &err));
    for (int k = 0; k < 4; k++) ck_assert(row.estimate[k] == 1 && row.p[k] == 1 && row.adjusted[k] == 1);
    ck_ok(hn_subgroups_get(table, 2, &row, &err));
    ck_assert(row.n == 20 && isnan(row.rest[0]) && isnan(row.p[0]) && row.flags == HN_SUBGROUP_FEW);
    hn_subgroups_free(table);
    hn_eval_free(eval);
}
END_TEST

START_TEST(what_cannot_be_used_is_refused) {
    static char many[70][16];
    static const char *given[70];
    const hn_subgroup_column column = {"station", given}, nameless = {NULL, given};
    hn_subgroup_options o = {.struct_size = sizeof o, .bands = 1};
    hn_subgroups *table = NULL;
    for (int i = 0; i < 70; i++) {
        snprintf(many[i], sizeof many[i], "s%d", i);
        given[i] = many[i], groups[i] = NULL, truth[i] = i % 2, p[2 * i] = p[2 * i + 1] = 0.5;
    }
    hn_eval *eval = eval_of(70);
    refused(hn_subgroups_create(eval, &column, 1, NULL, &table, &err), HN_E_LIMIT, "station");
    refused(hn_subgroups_create(eval, &nameless, 1, NULL, &table, &err), HN_E_ARGUMENT, "column 0");
    refused(hn_subgroups_create(eval, &column, 0, NULL, &table, &err), HN_E_ARGUMENT, "1 to 64");
    refused(hn_subgroups_create(eval, &column, 1, &o, &table, &err), HN_E_ARGUMENT, "bands 1");
    o.bands = 0, o.correction = 3;
    refused(hn_subgroups_create(eval, &column, 1, &o, &table, &err), HN_E_ARGUMENT, "correction 3");
    o.correction = 0, o.level = 1;
    refused(hn_subgroups_create(eval, &column, 1, &o, &table, &err), HN_E_ARGUMENT, "level 1");
    ck_assert_ptr_null(table);
    ck_assert_str_eq(hn_correction_name(HN_CORRECT_HOLM), "holm");
    ck_assert_str_eq(hn_correction_name(HN_CORRECT_BENJAMINI_HOCHBERG), "benjamini-hochberg");
    hn_eval_free(eval);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("subgroups");
    TCase *t = tcase_create("golden and contract");
    tcase_add_checked_fixture(t, setup, teardown);
    const TTest *const cases[] = {tables_agree_with_statsmodels, intervals_are_the_rows_own, numbers_and_texts, few_patients_are_not_compared,
                                  nothing_to_compare, what_cannot_be_used_is_refused};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(t, cases[i]);
    tcase_set_timeout(t, 60);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
