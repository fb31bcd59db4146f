/* by.c - subgroups of manifest columns: the texts of the data for the rows of an evaluation, and the table for people and for programs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judgement.h"

static const char *const figure_names[] = {"accuracy", "sensitivity", "specificity", "roc_auc"};
enum { FIGURES = 4 };

int read_correction(const char *command_name, const char *text, int32_t *correction) {
    *correction = HN_CORRECT_HOLM;
    if (!text) return EXIT_DONE;
    for (int32_t k = 1; hn_correction_name(k); k++)
        if (!strcmp(hn_correction_name(k), text)) {
            *correction = k;
            return EXIT_DONE;
        }
    return usage_error(command_name, "--correct %s: must be holm or benjamini-hochberg", text);
}

int make_subgroups(hn_dataset *data, const hn_eval *eval, const char *columns, int32_t correction, hn_subgroups **out, hn_error *err) {
    char *copy = NULL;
    const char **names = NULL;
    const int32_t n = split_list(columns, &copy, &names);
    const size_t rows = (size_t)hn_eval_count(eval);
    const char **texts = calloc(rows * (size_t)n + 1, sizeof *texts);
    hn_subgroup_column *list = calloc((size_t)n, sizeof *list);
    const hn_subgroup_options options = {.struct_size = sizeof options, .correction = correction};
    int code = texts && list ? EXIT_DONE : fail_text("out of memory");
    for (size_t i = 0; i < rows && !code; i++) {
        hn_eval_sample sample = {.struct_size = sizeof sample};
        if (hn_eval_row(eval, (int64_t)i, &sample, err)) code = fail(err);
        for (int32_t c = 0; c < n && !code; c++) texts[(size_t)c * rows + i] = hn_dataset_value(data, sample.row, c);
    }
    for (int32_t c = 0; c < n && !code; c++) list[c] = (hn_subgroup_column){names[c], texts + (size_t)c * rows};
    if (!code && hn_subgroups_create(eval, list, n, &options, out, err)) code = fail(err);
    free(list);
    free(texts);
    free(names);
    free(copy);
    return code;
}

/* printf pads by bytes: as many more as there are bytes without a column of their own in UTF-8. */
static int pad(const char *text, int width) {
    for (const char *c = text; *c; c++) width += ((unsigned char)*c & 0xC0) == 0x80;
    return width;
}

static void cell(FILE *out, const hn_subgroup *row, int f) {
    if (isnan(row->estimate[f])) fprintf(out, "  %-*s", pad("–", 24), "–");
    else if (isnan(row->low[f])) fprintf(out, "  %.3f%-19s", row->estimate[f], "");
    else fprintf(out, "  %.3f (%.3f to %.3f)%s  ", row->estimate[f], row->low[f], row->high[f], row->differs >> f & 1 ? " *" : "  ");
}

void print_subgroups(FILE *out, const hn_subgroups *table, int32_t correction) {
    hn_subgroup row = {.struct_size = sizeof row};
    int32_t column = -1, marked = 0, few = 0;
    fprintf(out, "\nsubgroups: figure (95 %% interval, by patient)\n  %-24s %7s  %-24s  %-24s  %-24s  %s\n", "", "images", "accuracy", "sensitivity",
            "specificity", "ROC AUC");
    for (int32_t i = 0; i < hn_subgroups_count(table); i++) {
        if (hn_subgroups_get(table, i, &row, NULL)) return;
        if (row.column != column) fprintf(out, "  %.60s\n", row.name);
        column = row.column;
        const char *value = *row.value ? row.value : "(not given)";
        fprintf(out, "    %-*.60s %7lld", pad(value, 22), value, (long long)row.n);
        for (int f = 0; f < FIGURES; f++) cell(out, &row, f);
        fprintf(out, "%s\n", row.flags & HN_SUBGROUP_FEW ? "few" : "");
        marked += row.differs != 0;
        few += (row.flags & HN_SUBGROUP_FEW) != 0;
    }
    const int32_t n = hn_subgroups_comparisons(table);
    fprintf(out, "  %s all other images, p < 0.05 after correction for %d comparisons (%s)\n",
            marked ? "* differs from" : "no figure differs from that of", n, hn_correction_name(correction));
    if (few) fprintf(out, "  few: fewer than five patients here or elsewhere, not compared\n");
}

static void numbers(FILE *out, const char *name, const double *values) {
    fprintf(out, ", \"%s\": {", name);
    for (int f = 0; f < FIGURES; f++) {
        fprintf(out, "%s\"%s\": ", f ? ", " : "", figure_names[f]);
        json_number(out, values[f]);
    }
    fprintf(out, "}");
}

void write_subgroups_json(FILE *out, const hn_subgroups *table, int32_t correction) {
    hn_subgroup row = {.struct_size = sizeof row};
    fprintf(out, "{\"correction\": \"%s\", \"comparisons\": %d, \"level\": 0.95, \"rows\": [", hn_correction_name(correction), hn_subgroups_comparisons(table));
    for (int32_t i = 0; i < hn_subgroups_count(table); i++) {
        if (hn_subgroups_get(table, i, &row, NULL)) break;
        fprintf(out, i ? ", {\"column\": " : "{\"column\": ");
        json_string(out, row.name);
        fprintf(out, ", \"value\": ");
        json_string(out, row.value);
        fprintf(out, ", \"n\": %lld, \"positives\": %lld, \"groups\": %lld, \"band\": %s, \"few\": %s", (long long)row.n, (long long)row.positives,
                (long long)row.groups, row.flags & HN_SUBGROUP_BAND ? "true" : "false", row.flags & HN_SUBGROUP_FEW ? "true" : "false");
        numbers(out, "estimate", row.estimate);
        numbers(out, "low", row.low);
        numbers(out, "high", row.high);
        numbers(out, "rest", row.rest);
        numbers(out, "p", row.p);
        numbers(out, "adjusted_p", row.adjusted);
        fprintf(out, ", \"differs\": [");
        for (int f = 0, n = 0; f < FIGURES; f++)
            if (row.differs >> f & 1) fprintf(out, "%s\"%s\"", n++ ? ", " : "", figure_names[f]);
        fprintf(out, "]}");
    }
    fprintf(out, "]}");
}
