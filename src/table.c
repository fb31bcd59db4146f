/* table.c - see table.h. A manifest has tens of thousands of rows at most, so one block of text and one array of pointers into it do. */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

static char *slurp(const char *path, size_t *size) {
    FILE *in = fopen(path, "rb");
    size_t room = 65536, n = 0, got = 1;
    char *text = malloc(room);
    while (in && text && got) {
        if (n + 1 == room) {
            char *more = realloc(text, room *= 2);
            if (!more) free(text);
            text = more;
            continue;
        }
        got = fread(text + n, 1, room - n - 1, in);
        n += got;
    }
    if (!in || ferror(in)) {
        fail_text("cannot read %s: %s", path, strerror(errno));
        free(text);
        text = NULL;
    } else if (!text) {
        fail_text("out of memory");
    } else {
        text[*size = n] = 0;
    }
    if (in) fclose(in);
    return text;
}

/* The cell at *at, unquoted in place; *at moves behind the comma or the end of the line, which *last says. NULL: a quote is wrong. */
static char *take_cell(char **at, bool *last) {
    char *cell = *at, *from = cell, *to = cell;
    const bool quoted = *from == '"';
    bool open = quoted;
    if (quoted) from++;
    while (*from && (open || (*from != ',' && *from != '\n' && *from != '\r'))) {
        if (quoted && *from == '"' && *++from != '"') {
            open = false;
            break;
        }
        *to++ = *from++;
    }
    if (open) return NULL;
    const char end = *from;
    if (end && end != ',' && end != '\n' && end != '\r') return NULL;
    *last = end != ',';
    *at = from + (end != 0) + (end == '\r' && from[1] == '\n');
    *to = 0;
    return cell;
}

static bool add_cell(table *t, size_t *n, size_t *room, const char *cell) {
    if (*n == *room) {
        const char **more = realloc(t->cells, (*room = *room * 2 + 64) * sizeof *more);
        if (!more) return false;
        t->cells = more;
    }
    t->cells[(*n)++] = cell;
    return true;
}

static bool cut(table *t, const char *path) {
    size_t n = 0, room = 0, line = 1;
    char *at = t->text + (!strncmp(t->text, "\xef\xbb\xbf", 3) ? 3 : 0);
    for (; *at; line++) {
        size_t cells = 0;
        for (bool last = false; !last; cells++) {
            const char *cell = take_cell(&at, &last);
            if (!cell) return fail_text("%s, row %zu, column %zu: a quote is out of place", path, line, cells + 1), false;
            if (!add_cell(t, &n, &room, cell)) return fail_text("out of memory"), false;
        }
        if (line == 1) t->columns = cells;
        if (line > 1 && cells == 1 && !*t->cells[n - 1]) { /* an empty line */
            n--;
            continue;
        }
        if (cells != t->columns) return fail_text("%s, row %zu: %zu cells, the header has %zu", path, line, cells, t->columns), false;
    }
    if (!n) return fail_text("%s is empty: a CSV file begins with the names of its columns", path), false;
    t->names = t->cells;
    t->rows = n / t->columns - 1;
    return true;
}

bool table_read(const char *path, table *out) {
    size_t size = 0;
    *out = (table){.text = slurp(path, &size)};
    if (!out->text) return false;
    if (strlen(out->text) == size ? cut(out, path) : (fail_text("%s is no text: it holds a zero byte", path), false)) return true;
    table_free(out);
    return false;
}

void table_free(table *t) {
    free(t->cells);
    free(t->text);
    *t = (table){0};
}

int table_column(const table *t, const char *name) {
    for (size_t i = 0; i < t->columns; i++)
        if (!strcmp(t->names[i], name)) return (int)i;
    return -1;
}

const char *table_cell(const table *t, size_t row, int column) { return column < 0 ? "" : t->cells[(row + 1) * t->columns + (size_t)column]; }
