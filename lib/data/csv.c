/* csv.c - CSV as spreadsheets and pandas write it: quotes, doubled quotes, line breaks in fields, BOM, CRLF, LF or CR.
 *
 * Strict where leniency would change data without a word: a quote inside a bare field, text behind a closing quote, rows of
 * another length. Bounded everywhere, since manifests come from strangers. It knows nothing of images: that is manifest.c. */
#include "csv.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "text.h"

static int64_t lines_in(const char *text, size_t n) {
    int64_t lines = 0;
    for (size_t i = 0; i < n; i++) lines += text[i] == '\n' || (text[i] == '\r' && (i + 1 >= n || text[i + 1] != '\n'));
    return lines;
}

hn_status hni_csv_open(hni_csv *csv, hn_context *ctx, const char *name, const char *text, size_t size, hn_error *err) {
    memset(csv, 0, sizeof *csv);
    csv->ctx = ctx;
    csv->name = name;
    csv->line = 1;
    if (size > HNI_CSV_BYTES) return hni_fail(err, HN_E_LIMIT, "%s is over %d MiB, the limit of a manifest", name, HNI_CSV_BYTES >> 20);
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        size -= 3;
    }
    if (size >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
        return hni_fail(err, HN_E_FORMAT, "%s is UTF-16: save it as UTF-8", name);
    size_t valid = hni_utf8_span(text, size);
    if (valid < size)
        return hni_fail(err, HN_E_FORMAT, "%s, line %lld: byte 0x%02X is not UTF-8 text; save the file as UTF-8", name,
                        (long long)(1 + lines_in(text, valid)), (unsigned)(unsigned char)text[valid]);
    csv->text = text;
    csv->size = size;
    return HN_OK;
}

void hni_csv_close(hni_csv *csv) {
    hni_free(csv->ctx, csv->buffer);
    csv->buffer = NULL;
    csv->capacity = 0;
}

void hni_csv_rewind(hni_csv *csv) {
    csv->at = 0;
    csv->line = 1;
    csv->rows = 0;
    csv->count = csv->columns = 0;
}

const char *hni_csv_field(const hni_csv *csv, int32_t index) { return csv->buffer + csv->start[index]; }

static bool at_break(const hni_csv *csv) { return csv->at >= csv->size || csv->text[csv->at] == '\n' || csv->text[csv->at] == '\r'; }

/* Passes one line break of any kind. */
static void pass_break(hni_csv *csv) {
    if (csv->at >= csv->size) return;
    if (csv->text[csv->at] == '\r' && csv->at + 1 < csv->size && csv->text[csv->at + 1] == '\n') csv->at++;
    csv->at++;
    csv->line++;
}

/* Adds text[from … to) to the current field. */
static hn_status add_span(hni_csv *csv, size_t from, size_t to, hn_error *err) {
    size_t n = to - from;
    if (n + (csv->used - csv->start[csv->count]) > HNI_CSV_FIELD)
        return hni_fail(err, HN_E_LIMIT, "%s, line %lld, column %d: the field is over %d KiB%s", csv->name, (long long)csv->row_line,
                        csv->count + 1, HNI_CSV_FIELD >> 10, csv->line > csv->row_line ? "; is a closing quote missing?" : "");
    if (hni_grow(csv->ctx, &csv->buffer, &csv->capacity, csv->used + n + 1, 1) != 0)
        return hni_fail_memory(err, csv->used + n + 1, "a manifest row");
    memcpy(csv->buffer + csv->used, csv->text + from, n);
    csv->used += n;
    csv->buffer[csv->used] = 0; /* not counted: the next span takes its place */
    return HN_OK;
}

static hn_status quoted(hni_csv *csv, hn_error *err) {
    size_t from = ++csv->at;
    for (;;) {
        if (csv->at >= csv->size)
            return hni_fail(err, HN_E_FORMAT, "%s, line %lld, column %d: the quote is never closed", csv->name, (long long)csv->row_line,
                            csv->count + 1);
        if (csv->text[csv->at] != '"') {
            if (at_break(csv)) pass_break(csv);
            else csv->at++;
            /* Looked at now and then, so that an open quote ends at the field's limit and not at the file's end. */
            if (csv->at - from > HNI_CSV_FIELD) return add_span(csv, from, csv->at, err);
            continue;
        }
        size_t quote = csv->at++;
        bool doubled = csv->at < csv->size && csv->text[csv->at] == '"';
        hn_status status = add_span(csv, from, doubled ? quote + 1 : quote, err);
        if (status != HN_OK) return status;
        if (!doubled) break;
        from = ++csv->at;
    }
    if (!at_break(csv) && csv->text[csv->at] != ',')
        return hni_fail(err, HN_E_FORMAT, "%s, line %lld, column %d: text after the closing quote; a quote inside a field is written twice",
                        csv->name, (long long)csv->line, csv->count + 1);
    return HN_OK;
}

static hn_status bare(hni_csv *csv, hn_error *err) {
    size_t from = csv->at;
    while (!at_break(csv) && csv->text[csv->at] != ',') {
        if (csv->text[csv->at] == '"')
            return hni_fail(err, HN_E_FORMAT,
                            "%s, line %lld, column %d: a quote in a field that is not quoted; put the whole field in quotes",
                            csv->name, (long long)csv->line, csv->count + 1);
        csv->at++;
    }
    return add_span(csv, from, csv->at, err);
}

static hn_status check_row(hni_csv *csv, hn_error *err) {
    if (csv->rows++ == 0) csv->columns = csv->count;
    if (csv->count != csv->columns)
        return hni_fail(err, HN_E_FORMAT, "%s, line %lld: %d fields, but the header has %d", csv->name, (long long)csv->row_line,
                        csv->count, csv->columns);
    if (csv->rows - 1 > HNI_CSV_ROWS)
        return hni_fail(err, HN_E_LIMIT, "%s, line %lld: over %d rows; split the manifest", csv->name, (long long)csv->row_line,
                        HNI_CSV_ROWS);
    return HN_OK;
}

hn_status hni_csv_next(hni_csv *csv, bool *more, hn_error *err) {
    while (csv->at < csv->size && at_break(csv)) pass_break(csv);
    csv->used = 0;
    csv->count = 0;
    csv->row_line = csv->line;
    *more = csv->at < csv->size;
    if (!*more) return HN_OK;
    for (;;) {
        if (csv->count >= HNI_CSV_COLUMNS)
            return hni_fail(err, HN_E_LIMIT, "%s, line %lld: over %d columns", csv->name, (long long)csv->row_line, HNI_CSV_COLUMNS);
        csv->start[csv->count] = (uint32_t)csv->used;
        bool is_quoted = csv->at < csv->size && csv->text[csv->at] == '"';
        hn_status status = is_quoted ? quoted(csv, err) : bare(csv, err);
        if (status != HN_OK) return status;
        csv->used++; /* keeps the NUL */
        csv->count++;
        if (at_break(csv)) break;
        csv->at++; /* the comma */
    }
    pass_break(csv);
    return check_row(csv, err);
}
