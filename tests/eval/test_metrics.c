/* test_metrics.c - every figure and curve equals scikit-learn's within 1e-12, on the golden cases. */
#include "../../lib/base/context.h" /* defines: hni_context_create */
#include "../host.h"
#include "golden.h"

static hn_error err;
static int cases, figures;

static void same(const char *name, const char *what, double ours, double theirs) {
    const bool equal = isnan(theirs) ? isnan(ours) : ours == theirs || fabs(ours - theirs) <= 1e-12 * fmax(1, fabs(theirs));
    ck_assert_msg(equal, "%s: %s is %.17g, scikit-learn says %.17g", name, what, ours, theirs);
    figures++;
}

static double figure(const hn_metrics *m, const char *name) {
#define FIELD(f) { #f, (double)m->f }
    const struct {
        const char *name;
        double value;
    } fields[] = {FIELD(tp), FIELD(fp), FIELD(tn), FIELD(fn), FIELD(accuracy), FIELD(balanced_accuracy), FIELD(sensitivity),
                  FIELD(specificity), FIELD(ppv), FIELD(npv), FIELD(f1), FIELD(mcc), FIELD(threat_score), FIELD(roc_auc),
                  FIELD(average_precision), FIELD(brier), FIELD(log_loss), FIELD(macro_precision), FIELD(macro_recall), FIELD(macro_f1),
                  FIELD(weighted_precision), FIELD(weighted_recall), FIELD(weighted_f1), FIELD(exact_match)};
#undef FIELD
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return fields[i].value;
        }
    }
    ck_abort_msg("no such figure: %s", name);
    return 0;
}

static void check_class(FILE *f, const golden_case *c, const hn_eval *eval) {
    const long index = golden_int(f);
    hn_class_metrics m = {.struct_size = sizeof m};
    ck_ok(hn_eval_class(eval, (int32_t)index, 0, &m, &err));
    same(c->name, "class support", (double)m.support, golden_number(f));
    same(c->name, "class predicted", (double)m.predicted, golden_number(f));
    same(c->name, "class precision", m.precision, golden_number(f));
    same(c->name, "class recall", m.recall, golden_number(f));
    same(c->name, "class f1", m.f1, golden_number(f));
    same(c->name, "class roc_auc", m.roc_auc, golden_number(f));
    same(c->name, "class average_precision", m.average_precision, golden_number(f));
    ck_assert_msg(m.undefined == (uint32_t)golden_int(f), "%s: class %ld has undefined bits %u", c->name, index, m.undefined);
}

static void check_curve(FILE *f, const golden_case *c, const hn_eval *eval, int kind) {
    const long index = golden_int(f), points = golden_int(f);
    size_t need = 0;
    ck_ok(hn_eval_curve(eval, kind, (int32_t)index, NULL, 0, &need, &err));
    ck_assert_msg((long)need == points, "%s: curve %d of class %ld has %zu points, not %ld", c->name, kind, index, need, points);
    hn_curve_point *p = calloc(need, sizeof *p);
    ck_ok(hn_eval_curve(eval, kind, (int32_t)index, p, need, &need, &err));
    for (long i = 0; i < points; i++) {
        same(c->name, "curve x", p[i].x, golden_number(f));
        same(c->name, "curve y", p[i].y, golden_number(f));
        same(c->name, "curve threshold", p[i].threshold, golden_number(f));
    }
    free(p);
}

static void check_confusion(FILE *f, const golden_case *c, const hn_eval *eval) {
    size_t need = 0;
    ck_ok(hn_eval_confusion(eval, 0, NULL, 0, &need, &err));
    ck_assert_uint_eq(need, (size_t)c->classes * (c->task == HN_TASK_MULTI ? 4 : (size_t)c->classes));
    int64_t *m = calloc(need, sizeof *m);
    ck_ok(hn_eval_confusion(eval, 0, m, need, NULL, &err));
    for (size_t i = 0; i < need; i++) {
        same(c->name, "confusion", (double)m[i], golden_number(f));
    }
    free(m);
}

static void check_case(FILE *f, const golden_case *c, const hn_eval *eval) {
    hn_metrics m = {.struct_size = sizeof m};
    char word[32] = "", name[32];
    ck_ok(hn_eval_metrics(eval, 0, &m, &err));
    ck_assert_int_eq(m.n, c->n);
    ck_assert_int_eq(m.positive, c->positive);
    while (fscanf(f, "%31s", word) == 1 && strcmp(word, "end") != 0) {
        if (strcmp(word, "metric") == 0) {
            ck_assert_int_eq(fscanf(f, "%31s", name), 1);
            same(c->name, name, figure(&m, name), golden_number(f));
        } else if (strcmp(word, "undefined") == 0) {
            const long bits = golden_int(f);
            ck_assert_msg(m.undefined == (uint32_t)bits, "%s: undefined bits are %u, not %ld", c->name, m.undefined, bits);
        } else if (strcmp(word, "confusion") == 0) {
            check_confusion(f, c, eval);
        } else if (strcmp(word, "class") == 0) {
            check_class(f, c, eval);
        } else {
            check_curve(f, c, eval, strcmp(word, "roc") == 0 ? HN_CURVE_ROC : HN_CURVE_PR);
        }
    }
    ck_assert_str_eq(word, "end");
}

START_TEST(figures_equal_scikit_learn) {
    hn_context *ctx = NULL;
    hn_context_options options = {.struct_size = sizeof options};
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
    FILE *f = golden_open();
    golden_case c;
    while (golden_next(f, &c)) {
        const hn_eval_arrays arrays = {.struct_size = sizeof arrays, .task = c.task, .n_classes = c.classes, .positive = c.positive + 1,
                                       .n = c.n, .classes = c.task == HN_TASK_SINGLE ? c.truth : NULL,
                                       .labels = c.task == HN_TASK_MULTI ? c.labels : NULL, .probabilities = c.probabilities,
                                       .threshold = c.threshold};
        hn_eval *eval = NULL;
        ck_ok(hn_eval_from_arrays(ctx, &arrays, &eval, &err));
        check_case(f, &c, eval);
        hn_eval_free(eval);
        golden_free(&c);
        cases++;
    }
    fclose(f);
    hni_context_unref(ctx);
    printf("%d cases, %d figures\n", cases, figures);
    ck_assert_int_ge(cases, 70);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("metrics");
    TCase *tc = tcase_create("golden");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, figures_equal_scikit_learn);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
