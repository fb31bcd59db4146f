/* columns.c - further columns of a manifest that somebody asked for: their names, and a text for each row.
 *
 * Texts are numbered like patients, so a column of few values costs four bytes a row. Rows that come from elsewhere have "". */
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "dataset.h"

hn_status hni_store_keep_columns(hni_store *s, const hn_dataset_options *o, hn_error *err) {
    const int32_t n = o->n_keep_columns;
    if (n < 0 || n > HNI_KEPT || (n > 0) != (o->keep_columns != NULL))
        return hni_fail(err, HN_E_ARGUMENT, "n_keep_columns is %d: must be the number of keep_columns, at most %d", n, HNI_KEPT);
    if (n == 0) return HN_OK;
    s->kept = hni_calloc(s->ctx, (size_t)n, sizeof *s->kept);
    if (!s->kept) return hni_fail_memory(err, (size_t)n * sizeof *s->kept, "columns to keep");
    for (int32_t i = 0; i < n; i++) {
        const char *name = o->keep_columns[i];
        if (!name || !*name) return hni_fail(err, HN_E_ARGUMENT, "keep_columns[%d] is empty", i);
        s->kept[i] = hni_names_keep(&s->names, name, strlen(name));
        if (!s->kept[i]) return hni_fail_memory(err, strlen(name) + 1, "a column to keep");
        s->n_kept = i + 1;
    }
    return HN_OK;
}

hn_status hni_store_add_values(hni_store *s, const char *const *values, hn_error *err) {
    const size_t n = (size_t)s->n_kept;
    if (n == 0) return HN_OK;
    if (hni_grow(s->ctx, &s->values, &s->values_room, (s->n_rows + 1) * n, sizeof *s->values) != 0)
        return hni_fail_memory(err, (s->n_rows + 1) * n * sizeof *s->values, "a manifest's columns");
    for (size_t i = 0; i < n; i++) {
        const char *text = values ? values[i] : "";
        if (hni_names_number(&s->names, text, strlen(text), &s->values[s->n_rows * n + i]) != 0)
            return hni_fail_memory(err, strlen(text) + 1, "a manifest's column");
    }
    return HN_OK;
}

const char *hni_dataset_value(const hn_dataset *ds, int64_t row, int32_t column) {
    const hni_store *s = ds->store;
    if (row < 0 || row >= hni_dataset_rows(ds) || column < 0 || column >= s->n_kept) return NULL;
    return s->names.items[s->values[(size_t)hni_dataset_store_row(ds, row) * (size_t)s->n_kept + (size_t)column]];
}
