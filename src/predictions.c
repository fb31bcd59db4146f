/* predictions.c - what a model said about each row of an evaluation, as CSV: file, group, fold, truth, probabilities. */
#include "train.h"

static bool one_column(const hn_eval *eval, int32_t positive) {
    hn_eval_sample sample = {.struct_size = sizeof sample};
    return positive >= 0 && !hn_eval_row(eval, 0, &sample, NULL) && sample.label >= 0;
}

void predictions_header(FILE *out, const hn_eval *eval, int32_t positive) {
    const char *name;
    fprintf(out, "file,group,fold,label");
    if (one_column(eval, positive)) fprintf(out, ",probability");
    for (int32_t k = 0; !one_column(eval, positive) && (name = hn_eval_class_name(eval, k)); k++) {
        char column[512];
        snprintf(column, sizeof column, "probability_%s", name);
        fputc(',', out);
        csv_field(out, column);
    }
    fputc('\n', out);
}

/* One class, or the labels that are set with ; between them. */
static void write_truth(FILE *out, const hn_eval *eval, const hn_eval_sample *s) {
    char text[4096] = "";
    size_t used = 0;
    const char *name;
    if (s->label >= 0) {
        csv_field(out, hn_eval_class_name(eval, s->label));
        return;
    }
    for (int32_t k = 0; k < 64 && (name = hn_eval_class_name(eval, k)); k++)
        if (s->labels >> k & 1 && used < sizeof text) {
            int n = snprintf(text + used, sizeof text - used, "%s%s", used ? ";" : "", name);
            used += n > 0 ? (size_t)n : 0;
        }
    csv_field(out, text);
}

hn_status predictions_rows(FILE *out, const hn_eval *eval, int32_t positive, int32_t fold, hn_error *err) {
    bool one = one_column(eval, positive);
    for (int64_t i = 0; i < hn_eval_count(eval); i++) {
        hn_eval_sample s = {.struct_size = sizeof s};
        hn_status status = hn_eval_row(eval, i, &s, err);
        if (status) return status;
        csv_field(out, s.path);
        fputc(',', out);
        csv_field(out, s.group);
        fprintf(out, ",%d,", fold + 1);
        write_truth(out, eval, &s);
        for (int32_t k = 0; hn_eval_class_name(eval, k); k++) {
            if (one && k != positive) continue;
            fputc(',', out);
            if (!(s.flags & HN_PREDICTION_NONFINITE)) csv_number(out, s.probabilities[k]);
        }
        fputc('\n', out);
    }
    return HN_OK;
}
