/* table.h - a CSV file with a header, as a whole in memory: for manifests of which a command wants more columns than a data set keeps. */
#ifndef HAEMNET_TABLE_H
#define HAEMNET_TABLE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct table {
    char *text;         /* the file, cut into cells in place */
    const char **cells; /* [rows][columns] */
    size_t rows, columns;
    const char **names; /* [columns], the header */
} table;

/* RFC 4180, UTF-8, BOM and CRLF allowed. false after a message. */
bool table_read(const char *path, table *out);
void table_free(table *t);
/* Number of the column, -1 = there is none. */
int table_column(const table *t, const char *name);
/* "" where column is -1. */
const char *table_cell(const table *t, size_t row, int column);

#endif
