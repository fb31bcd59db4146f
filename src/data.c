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
        part += strspn(part, " ");
        for (char *end = part + strlen(part); end > part && end[-1] == ' ';) *--end = 0;
        (*list)[at] = part;
        part = comma ? comma + 1 : NULL;
    }
    return n;
}

/* The library speaks of columns, the program of the option that picks them: of the labels alone, not of files or of what is kept. */
static void add_remedy(hn_error *err) {
    size_t used = strlen(err->message);
    if (strstr(err->message, " has no column label;")) snprintf(err->message + used, sizeof err->message - used, "; choose with --label-column NAME");
}

hn_status open_data(hn_context *ctx, const char *path, const data_choice *choice, hn_dataset **out, hn_error *err) {
    hn_dataset_options options = {.struct_size = sizeof options, .strict = choice->strict, .group_pattern = choice->group};
    if (choice->cache_mb >= 0) options.cache_bytes = choice->cache_mb ? (uint64_t)choice->cache_mb << 20 : 1;
    char *copy = NULL, *kept_copy = NULL;
    const char **columns = NULL, **kept = NULL;
    if (choice->label_columns) options.n_label_columns = split_list(choice->label_columns, &copy, &columns);
    if (choice->keep_columns) options.n_keep_columns = split_list(choice->keep_columns, &kept_copy, &kept);
    options.label_columns = columns;
    options.keep_columns = kept;
    hn_status status = hn_dataset_open(ctx, path, &options, out, err);
    if (status == HN_E_NOT_FOUND && !choice->label_columns && err) add_remedy(err);
    free(columns);
    free(copy);
    free(kept);
    free(kept_copy);
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
            bool named = row.path && !strncmp(row.problem, row.path, strlen(row.path)); /* some reasons begin with the file already */
            fprintf(stderr, "  %s%s%s\n", named ? "" : row.path, named ? "" : ": ", row.problem);
            shown++;
        }
    if (info.n_skipped > shown) fprintf(stderr, "  … and %lld more\n", (long long)(info.n_skipped - shown));
    return info.n_skipped;
}

void warn_groups(hn_dataset *data) {
    hn_row row = {.struct_size = sizeof row};
    int64_t n = 0, unknown = 0;
    if (!groups_unknown(data)) return;
    for (; !hn_dataset_get_row(data, n, &row, NULL); n++) unknown += !*row.group;
    note("note: patients are not known (of %lld of %lld files): slices of one patient may stand on both sides of a split, and scores may be "
         "too good. Use a manifest with a patient column, or --group REGEX on the file names.", (long long)unknown, (long long)n);
}

static bool same_classes(const hn_model *model, const hn_model_info *info, hn_dataset *data) {
    hn_dataset_info have = {.struct_size = sizeof have};
    if (hn_dataset_get_info(data, &have, NULL) || have.task != info->task) return false;
    for (int32_t k = 0; k < have.n_classes; k++) {
        int32_t i = 0;
        while (i < info->n_classes && strcmp(hn_model_class_name(model, i), hn_dataset_class_name(data, k))) i++;
        if (i == info->n_classes) return false;
    }
    return true;
}

/* The manifest columns that would give the model's classes: all names of a multi-label model; X of one that knows X and no_X. A copy,
 * to be freed; NULL = none. */
static char *columns_of(const hn_model *model, const hn_model_info *info) {
    size_t room = 1;
    for (int32_t k = 0; k < info->n_classes; k++) room += strlen(hn_model_class_name(model, k)) + 1;
    char *text = calloc(1, room);
    if (!text) return NULL;
    for (int32_t k = 0; k < info->n_classes; k++) {
        const char *name = hn_model_class_name(model, k), *other = hn_model_class_name(model, 1 - k);
        if (info->task == HN_TASK_MULTI) {
            if (*text) strcat(text, ",");
            strcat(text, name);
        } else if (info->n_classes == 2 && !strncmp(other, "no_", 3) && !strcmp(other + 3, name)) {
            strcpy(text, name);
        }
    }
    if (*text) return text;
    free(text);
    return NULL;
}

hn_status open_data_for(const hn_model *model, hn_context *ctx, const char *path, const data_choice *choice, hn_dataset **out, hn_error *err) {
    hn_model_info info = {.struct_size = sizeof info};
    hn_dataset *plain = NULL, *chosen = NULL;
    data_choice other = *choice;
    char *columns = NULL;
    hn_status status = hn_model_get_info(model, &info, err);
    if (status) return status;
    status = open_data(ctx, path, choice, &plain, err);
    if (!choice->label_columns && (status == HN_E_NOT_FOUND || (!status && !same_classes(model, &info, plain)))) {
        other.label_columns = columns = columns_of(model, &info);
        if (columns && !open_data(ctx, path, &other, &chosen, NULL)) {
            hn_dataset_free(plain);
            plain = chosen;
            status = HN_OK;
        }
    }
    free(columns);
    *out = plain;
    return status;
}

int32_t find_class(hn_dataset *data, const char *name) {
    const char *have;
    for (int32_t k = 0; (have = hn_dataset_class_name(data, k)); k++)
        if (!strcmp(have, name)) return k;
    return -1;
}

bool groups_unknown(hn_dataset *data) {
    hn_dataset_info info = {.struct_size = sizeof info};
    return !hn_dataset_get_info(data, &info, NULL) && info.flags & HN_DATA_GROUPS_UNKNOWN;
}

void hex_digest(char text[65], const uint64_t digest[4]) {
    for (int i = 0; i < 4; i++) snprintf(text + 16 * i, 17, "%016llx", (unsigned long long)digest[i]);
}
