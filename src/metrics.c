/* metrics.c - an evaluation as a table for people. A bare percentage of thirty images misleads, so the accuracy stands with its
 * interval. metrics_json.c writes the same for programs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

static void figure(FILE *out, const char *name, double value, const char *meaning) {
    if (isnan(value))
        fprintf(out, "  %-20s      –   %s\n", name, meaning);
    else
        fprintf(out, "  %-20s %6.4f   %s\n", name, value, meaning);
}

/* By patient where slices of one are known to be among the rows, else image by image. */
hn_status accuracy_interval(const hn_eval *eval, hn_interval *out, bool *by_patient, hn_error *err) {
    hn_metrics m = {.struct_size = sizeof m}, low = m, high = m;
    hn_interval auc = {.struct_size = sizeof auc};
    *out = (hn_interval){.struct_size = sizeof *out};
    hn_status status = hn_eval_metrics(eval, 0, &m, err);
    if (!status) status = hn_eval_auc(eval, 0, 0, &auc, err); /* knows the groups */
    *by_patient = auc.groups < auc.n;
    if (!status && !*by_patient) return hn_eval_proportion(llround(m.accuracy * (double)m.n), m.n, 0, out, err);
    if (!status) status = hn_eval_bootstrap(eval, 0, NULL, &low, &high, err);
    out->estimate = m.accuracy, out->low = low.accuracy, out->high = high.accuracy, out->level = 0.95;
    return status;
}

static void interval_text(char text[80], const hn_interval *i, bool by_patient) {
    if (isnan(i->low))
        *text = 0;
    else
        snprintf(text, 80, "95 %% interval %.4f to %.4f, %s", i->low, i->high, by_patient ? "by patient" : "image by image");
}

static int widest_name(const hn_eval *eval, int32_t n) {
    int widest = 9;
    for (int32_t k = 0; k < n; k++) {
        int length = (int)strlen(hn_eval_class_name(eval, k));
        if (length > widest) widest = length;
    }
    return widest > 40 ? 40 : widest;
}

static void print_single(FILE *out, const hn_eval *eval, int32_t n, const int64_t *counts) {
    int width = widest_name(eval, n);
    fprintf(out, "\nconfusion matrix (rows: truth, columns: said)\n  %-*.*s", width, width, "");
    for (int32_t k = 0; k < n; k++) fprintf(out, "  %*.*s", width, width, hn_eval_class_name(eval, k));
    for (int32_t i = 0; i < n; i++) {
        fprintf(out, "\n  %-*.*s", width, width, hn_eval_class_name(eval, i));
        for (int32_t k = 0; k < n; k++) fprintf(out, "  %*lld", width, (long long)counts[(size_t)i * (size_t)n + (size_t)k]);
    }
    fprintf(out, "\n");
}

static void print_multi(FILE *out, const hn_eval *eval, int32_t n, const int64_t *counts) {
    int width = widest_name(eval, n);
    fprintf(out, "\nlabel by label      %*s  right yes  wrong yes   right no   wrong no\n", width > 18 ? width - 18 : 0, "");
    for (int32_t k = 0; k < n; k++, counts += 4)
        fprintf(out, "  %-*.*s  %9lld  %9lld  %9lld  %9lld\n", width > 18 ? width : 18, width, hn_eval_class_name(eval, k), (long long)counts[3],
                (long long)counts[1], (long long)counts[0], (long long)counts[2]);
}

static hn_status print_confusion(FILE *out, const hn_eval *eval, const hn_metrics *m, bool multi, hn_error *err) {
    size_t need = 0;
    hn_status status = hn_eval_confusion(eval, 0, NULL, 0, &need, err);
    if (status) return status;
    int64_t *counts = calloc(need + 1, sizeof *counts);
    if (!counts) {
        fail_text("out of memory");
        exit(EXIT_FAILED);
    }
    status = hn_eval_confusion(eval, 0, counts, need, &need, err);
    if (!status && multi)
        print_multi(out, eval, m->n_classes, counts);
    else if (!status && m->n_classes <= 12)
        print_single(out, eval, m->n_classes, counts);
    free(counts);
    return status;
}

static void cell(FILE *out, double value) {
    if (isnan(value))
        fprintf(out, "          –");
    else
        fprintf(out, "  %9.4f", value);
}

static hn_status print_classes(FILE *out, const hn_eval *eval, const hn_metrics *m, hn_error *err) {
    int width = widest_name(eval, m->n_classes);
    fprintf(out, "\n  %-*s  precision     recall         f1    roc auc   ave prec   support\n", width, "class");
    for (int32_t k = 0; k < m->n_classes; k++) {
        hn_class_metrics c = {.struct_size = sizeof c};
        hn_status status = hn_eval_class(eval, k, 0, &c, err);
        if (status) return status;
        fprintf(out, "  %-*.*s", width, width, hn_eval_class_name(eval, k));
        const double values[] = {c.precision, c.recall, c.f1, c.roc_auc, c.average_precision};
        for (int i = 0; i < 5; i++) cell(out, values[i]);
        fprintf(out, "  %8lld\n", (long long)c.support);
    }
    const double macro[] = {m->macro_precision, m->macro_recall, m->macro_f1};
    const double weighted[] = {m->weighted_precision, m->weighted_recall, m->weighted_f1};
    fprintf(out, "  %-*s", width, "macro");
    for (int i = 0; i < 3; i++) cell(out, macro[i]);
    fprintf(out, "\n  %-*s", width, "weighted");
    for (int i = 0; i < 3; i++) cell(out, weighted[i]);
    fprintf(out, "\n");
    return HN_OK;
}

/* "of those that have it, found; 95 % interval 0.8 to 0.9". */
static void rate(FILE *out, const hn_eval *eval, int32_t kind, const char *name, double value, const char *meaning) {
    hn_interval i = {.struct_size = sizeof i};
    char text[160];
    if (hn_eval_rate(eval, kind, 0, 0, &i, NULL) || isnan(i.low)) snprintf(text, sizeof text, "%s", meaning);
    else snprintf(text, sizeof text, "%s; 95 %% interval %.4f to %.4f", meaning, i.low, i.high);
    figure(out, name, value, text);
}

static void print_positive(FILE *out, const hn_eval *eval, const hn_metrics *m) {
    hn_interval auc = {.struct_size = sizeof auc};
    char meaning[80] = "";
    if (!hn_eval_auc(eval, m->positive, 0, &auc, NULL)) interval_text(meaning, &auc, auc.groups < auc.n);
    fprintf(out, "\n%s against the rest, called so from %g on\n", hn_eval_class_name(eval, m->positive), m->threshold);
    rate(out, eval, HN_RATE_SENSITIVITY, "sensitivity", m->sensitivity, "of those that have it, found");
    rate(out, eval, HN_RATE_SPECIFICITY, "specificity", m->specificity, "of those that have it not, let go");
    rate(out, eval, HN_RATE_PPV, "PPV", m->ppv, "of those called so, right");
    rate(out, eval, HN_RATE_NPV, "NPV", m->npv, "of those let go, right");
    figure(out, "F1", m->f1, "");
    figure(out, "threat score", m->threat_score, "found / (found + missed + false alarms)");
    figure(out, "ROC AUC", m->roc_auc, meaning);
    figure(out, "average precision", m->average_precision, "");
    figure(out, "Brier score", m->brier, "0 is best");
}

static bool is_multi(const hn_eval *eval) {
    hn_eval_sample sample = {.struct_size = sizeof sample};
    return !hn_eval_row(eval, 0, &sample, NULL) && sample.label < 0;
}

hn_status print_metrics(FILE *out, const hn_eval *eval, hn_error *err) {
    hn_metrics m = {.struct_size = sizeof m};
    hn_interval accuracy = {.struct_size = sizeof accuracy};
    char meaning[80] = "";
    bool by_patient;
    bool multi = is_multi(eval);
    hn_status status = hn_eval_metrics(eval, 0, &m, err);
    if (status) return status;
    fprintf(out, "%lld images", (long long)m.n);
    if (m.skipped) fprintf(out, ", %lld more skipped", (long long)m.skipped);
    fprintf(out, m.groups_unknown ? "; patients not known: if the model has seen these patients, all of this is too good\n" : "\n");
    if ((status = print_confusion(out, eval, &m, multi, err))) return status;
    if (!multi && (status = accuracy_interval(eval, &accuracy, &by_patient, err))) return status;
    if (!multi) interval_text(meaning, &accuracy, by_patient);
    fprintf(out, "\nall classes\n");
    figure(out, "accuracy", m.accuracy, multi ? "of all labels" : meaning);
    if (multi) figure(out, "exact match", m.exact_match, "every label of an image right");
    figure(out, "balanced accuracy", m.balanced_accuracy, "");
    figure(out, "MCC", m.mcc, "");
    figure(out, "log loss", m.log_loss, "");
    if (m.positive >= 0)
        print_positive(out, eval, &m);
    else if (!multi)
        fprintf(out, "\nno positive class is named: choose with --positive NAME for sensitivity, specificity, ROC AUC\n");
    return print_classes(out, eval, &m, err);
}

const char *auc_text(double auc, char text[AUC_TEXT]) {
    snprintf(text, AUC_TEXT, isnan(auc) ? "undefined (one class only)" : "%.4f", auc);
    return text;
}

hn_status auc_of(const hn_eval *eval, double *out, hn_error *err) {
    hn_metrics m = {.struct_size = sizeof m};
    double sum = 0;
    int32_t n = 0;
    hn_status status = hn_eval_metrics(eval, 0, &m, err);
    for (int32_t k = 0; !status && m.positive < 0 && k < m.n_classes; k++) {
        hn_class_metrics c = {.struct_size = sizeof c};
        status = hn_eval_class(eval, k, 0, &c, err);
        if (!status && !isnan(c.roc_auc)) sum += c.roc_auc, n++;
    }
    if (!status) *out = m.positive >= 0 ? m.roc_auc : n ? sum / n : NAN;
    return status;
}
