/* columns.h - a column of texts → numbered groups of rows: its values, or bands of its numbers. */
#ifndef HNI_EVAL_COLUMNS_H
#define HNI_EVAL_COLUMNS_H

#include <stdbool.h>

#include "eval.h" /* defines: hn_context */

enum { HNI_COLUMN_VALUES = 64 };

typedef struct hni_column {
    hn_context *ctx;
    int64_t n;
    int32_t *of;   /* [n] 0 … count - 1 */
    int32_t count; /* groups with at least one row */
    char *names[HNI_COLUMN_VALUES + 1]; /* [count]; "" = not given, always the last */
    bool bands;
} hni_column;

/* values [n], NULL = "". `name` is for messages. hni_column_free the result. */
hn_status hni_column_make(hn_context *ctx, const char *name, const char *const *values, int64_t n, int32_t most_values, int32_t bands,
                          hni_column *out, hn_error *err);
void hni_column_free(hni_column *column);

#endif
