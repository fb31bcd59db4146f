/* csv.h - reading RFC 4180 text row by row from memory. */
#ifndef HNI_DATA_CSV_H
#define HNI_DATA_CSV_H

#include <stdbool.h>

#include "../base/context.h"

enum {
    HNI_CSV_BYTES = 64 * 1024 * 1024, /* of the file */
    HNI_CSV_ROWS = 1024 * 1024,       /* below the header */
    HNI_CSV_COLUMNS = 256,
    HNI_CSV_FIELD = 64 * 1024         /* bytes of one field */
};

typedef struct hni_csv {
    hn_context *ctx;
    const char *name;  /* of the file, for messages */
    const char *text;  /* [size], without the BOM; the caller's */
    size_t size, at;
    int64_t line;      /* of text[at], from 1 */
    int64_t row_line;  /* where the current row starts */
    int64_t rows;      /* read so far, the header included */
    int32_t count;     /* fields of the current row */
    int32_t columns;   /* fields of the header, 0 before it is read */
    char *buffer;      /* the current row's fields, each with its NUL */
    size_t used, capacity;
    uint32_t start[HNI_CSV_COLUMNS]; /* of each field in buffer */
} hni_csv;

/* Checks size and UTF-8 (no NUL). `text` and `name` must outlive the reader. After a failure too, hni_csv_close is allowed. */
hn_status hni_csv_open(hni_csv *csv, hn_context *ctx, const char *name, const char *text, size_t size, hn_error *err);
void hni_csv_close(hni_csv *csv);
void hni_csv_rewind(hni_csv *csv); /* before the header again */

/* The next row; *more = false at the end. Blank lines are left out; all rows have as many fields as the first. */
hn_status hni_csv_next(hni_csv *csv, bool *more, hn_error *err);

/* Field 0 … count - 1 of the current row, NUL-terminated; valid until the next row is read. */
const char *hni_csv_field(const hni_csv *csv, int32_t index);

#endif
