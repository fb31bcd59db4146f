/* evidence_subgroups.c - is the model as good for everyone? The figures for each value of the manifest columns that were asked for. */
#include <stdlib.h>

#include "evidence.h"

/* values [n_columns · n]: what each row of the evaluation has in each column. */
static hn_status read_values(const evidence *e, int32_t n_columns, const char **values, hn_error *err) {
    const int64_t n = e->levels[0].m.n;
    hn_status status = HN_OK;
    for (int64_t i = 0; i < n && !status; i++) {
        hn_eval_sample row = {.struct_size = sizeof row};
        status = hn_eval_row(e->source->eval, i, &row, err);
        for (int32_t c = 0; c < n_columns && !status; c++) values[c * n + i] = hn_dataset_value(e->source->data, row.row, c);
    }
    return status;
}

hn_status find_subgroups(evidence *e, hn_error *err) {
    char *copy;
    const char **names;
    if (!e->request->by) return HN_OK;
    const int32_t n_columns = split_list(e->request->by, &copy, &names);
    const int64_t n = e->levels[0].m.n;
    const char **values = calloc((size_t)n_columns * (size_t)n + 1, sizeof *values);
    hn_subgroup_column *columns = calloc((size_t)n_columns, sizeof *columns);
    hn_status status = values && columns ? read_values(e, n_columns, values, err) : HN_E_MEMORY;
    for (int32_t c = 0; c < n_columns && !status; c++) columns[c] = (hn_subgroup_column){names[c], values + c * n};
    if (!status) status = hn_subgroups_create(e->source->eval, columns, n_columns, NULL, &e->subgroups, err);
    free(columns);
    free(values);
    free(names);
    free(copy);
    return status;
}
