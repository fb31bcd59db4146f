/* metrics_json.c - an evaluation as the members of a JSON object. Scripts rely on the names; a figure without meaning is null. */
#include <math.h>
#include <stdlib.h>

#include "program.h"

/* [n][n], or [n][2][2] for multi-label data. */
static hn_status write_confusion(FILE *out, const hn_eval *eval, int32_t n, hn_error *err) {
    size_t need = 0, rows = (size_t)n;
    hn_status status = hn_eval_confusion(eval, 0, NULL, 0, &need, err);
    if (status) return status;
    int64_t *counts = calloc(need + 1, sizeof *counts);
    hn_eval_sample first = {.struct_size = sizeof first};
    if (!counts) {
        fail_text("out of memory");
        exit(EXIT_FAILED);
    }
    status = hn_eval_confusion(eval, 0, counts, need, &need, err);
    bool multi = !hn_eval_row(eval, 0, &first, NULL) && first.label < 0;
    fprintf(out, "\"confusion\": [");
    for (size_t i = 0; !status && i < rows; i++) {
        const int64_t *c = counts + i * (multi ? 4 : rows);
        fprintf(out, i ? ", [" : "[");
        if (multi) fprintf(out, "[%lld, %lld], [%lld, %lld]", (long long)c[0], (long long)c[1], (long long)c[2], (long long)c[3]);
        for (size_t k = 0; !multi && k < rows; k++) fprintf(out, "%s%lld", k ? ", " : "", (long long)c[k]);
        fprintf(out, "]");
    }
    fprintf(out, "]");
    free(counts);
    return status;
}

static hn_status write_classes(FILE *out, const hn_eval *eval, int32_t n, hn_error *err) {
    fprintf(out, ", \"per_class\": [");
    for (int32_t k = 0; k < n; k++) {
        hn_class_metrics c = {.struct_size = sizeof c};
        hn_status status = hn_eval_class(eval, k, 0, &c, err);
        if (status) return status;
        fprintf(out, k ? ", {\"class\": " : "{\"class\": ");
        json_string(out, hn_eval_class_name(eval, k));
        json_member(out, "precision", c.precision);
        json_member(out, "recall", c.recall);
        json_member(out, "f1", c.f1);
        fprintf(out, ", \"support\": %lld, \"predicted\": %lld", (long long)c.support, (long long)c.predicted);
        json_member(out, "roc_auc", c.roc_auc);
        json_member(out, "average_precision", c.average_precision);
        fprintf(out, "}");
    }
    fprintf(out, "]");
    return HN_OK;
}

hn_status write_metrics_json(FILE *out, const hn_eval *eval, hn_error *err) {
    hn_metrics m = {.struct_size = sizeof m};
    hn_status status = hn_eval_metrics(eval, 0, &m, err);
    if (status) return status;
    const struct {
        const char *name;
        double value;
    } figures[] = {{"accuracy", m.accuracy}, {"balanced_accuracy", m.balanced_accuracy}, {"sensitivity", m.sensitivity},
                   {"specificity", m.specificity}, {"ppv", m.ppv}, {"npv", m.npv}, {"f1", m.f1}, {"mcc", m.mcc},
                   {"threat_score", m.threat_score}, {"roc_auc", m.roc_auc}, {"average_precision", m.average_precision},
                   {"brier", m.brier}, {"log_loss", m.log_loss}, {"exact_match", m.exact_match},
                   {"macro_precision", m.macro_precision}, {"macro_recall", m.macro_recall}, {"macro_f1", m.macro_f1},
                   {"weighted_precision", m.weighted_precision}, {"weighted_recall", m.weighted_recall}, {"weighted_f1", m.weighted_f1}};
    fprintf(out, "\"n\": %lld, \"classes\": [", (long long)m.n);
    for (int32_t k = 0; k < m.n_classes; k++) {
        if (k) fprintf(out, ", ");
        json_string(out, hn_eval_class_name(eval, k));
    }
    fprintf(out, "], \"positive\": ");
    if (m.positive >= 0)
        json_string(out, hn_eval_class_name(eval, m.positive));
    else
        fprintf(out, "null");
    json_member(out, "threshold", m.threshold);
    fprintf(out, ", ");
    status = write_confusion(out, eval, m.n_classes, err);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) json_member(out, figures[i].name, figures[i].value);
    if (!status) status = write_classes(out, eval, m.n_classes, err);
    fprintf(out, ", \"skipped\": %lld, \"groups_known\": %s", (long long)m.skipped, m.groups_unknown ? "false" : "true");
    return status;
}

static void pair(FILE *out, const char *name, double low, double high) {
    fprintf(out, ", \"%s\": [", name);
    json_number(out, low);
    fprintf(out, ", ");
    json_number(out, high);
    fprintf(out, "]");
}

hn_status write_intervals_json(FILE *out, const hn_eval *eval, hn_error *err) {
    hn_metrics m = {.struct_size = sizeof m};
    hn_interval accuracy = {.struct_size = sizeof accuracy}, auc = accuracy;
    hn_eval_sample first = {.struct_size = sizeof first};
    bool by_patient = false;
    auc.low = auc.high = accuracy.low = accuracy.high = NAN;
    hn_status status = hn_eval_metrics(eval, 0, &m, err);
    if (!status) status = hn_eval_row(eval, 0, &first, err);
    if (!status && first.label >= 0) status = accuracy_interval(eval, &accuracy, &by_patient, err);
    if (!status && m.positive >= 0) status = hn_eval_auc(eval, m.positive, 0, &auc, err);
    fprintf(out, "{\"level\": 0.95, \"by\": \"%s\"", by_patient || (m.positive >= 0 && auc.groups < auc.n) ? "patient" : "image");
    pair(out, "accuracy", accuracy.low, accuracy.high);
    pair(out, "roc_auc", auc.low, auc.high);
    static const char *const names[] = {"sensitivity", "specificity", "ppv", "npv"};
    for (int32_t k = 0; k < 4 && !status && m.positive >= 0; k++) {
        hn_interval rate = {.struct_size = sizeof rate};
        status = hn_eval_rate(eval, HN_RATE_SENSITIVITY + k, 0, 0, &rate, err);
        pair(out, names[k], rate.low, rate.high);
    }
    fprintf(out, "}");
    return status;
}

void write_skipped_json(FILE *out, hn_dataset *data) {
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_row row = {.struct_size = sizeof row};
    int written = 0;
    fprintf(out, "[");
    if (data && !hn_dataset_get_info(data, &info, NULL))
        for (int64_t i = 0; i < info.n_rows; i++) {
            if (hn_dataset_get_row(data, i, &row, NULL) || !*row.problem) continue;
            fprintf(out, written++ ? ", {\"file\": " : "{\"file\": ");
            json_string(out, row.path);
            fprintf(out, ", \"reason\": ");
            json_string(out, row.problem);
            fprintf(out, "}");
        }
    fprintf(out, "]");
}
