/* data.c - the ways in which commands open data and speak about it. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

int split_list(const char *text, char **copy, const char ***list) {
    int n = 1, at = 0;
    *copy = strdup(text);
    for (const char *c = text; *c; c++) n += *c == ',';
    *list = calloc((size_t)n, sizeof **list);
    if (!*copy || !*list) {
        fail_text("out of memory");
        exit(EXIT_FAILED);
    }
    for (char *part = *copy; part; at++) {
        char *comma = strchr(part, ',');
        if (comma) *comma = 0;
        (*list)[at] = part;
        part = comma ? comma + 1 : NULL;
    }
    return n;
}

hn_status open_data(hn_context *ctx, const char *path, const data_choice *choice, hn_dataset **out, hn_error *err) {
    hn_dataset_options options = {.struct_size = sizeof options, .strict = choice->strict, .group_pattern = choice->group};
    char *copy = NULL;
    const char **columns = NULL;
    if (choice->label_columns) options.n_label_columns = split_list(choice->label_columns, &copy, &columns);
    options.label_columns = columns;
    hn_status status = hn_dataset_open(ctx, path, &options, out, err);
    free(columns);
    free(copy);
    return status;
}

int64_t report_skipped(hn_dataset *data) {
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_row row = {.struct_size = sizeof row};
    int64_t shown = 0;
    if (!data || hn_dataset_get_info(data, &info, NULL) || !info.n_skipped) return 0;
    fprintf(stderr, "haemnet: skipped %lld of %lld files:\n", (long long)info.n_skipped, (long long)info.n_rows);
    for (int64_t i = 0; i < info.n_rows && shown < 10; i++)
        if (!hn_dataset_get_row(data, i, &row, NULL) && *row.problem) {
            fprintf(stderr, "  %s\n", row.problem);
            shown++;
        }
    if (info.n_skipped > shown) fprintf(stderr, "  … and %lld more\n", (long long)(info.n_skipped - shown));
    return info.n_skipped;
}

void warn_groups(hn_dataset *data) {
    hn_dataset_info info = {.struct_size = sizeof info};
    if (!hn_dataset_get_info(data, &info, NULL) && info.flags & HN_DATA_GROUPS_UNKNOWN)
        note("note: patients are not known: slices of one patient may stand on both sides of a split, and scores may be too good. "
             "Use a manifest with a patient column, or --group REGEX on the file names.");
}
