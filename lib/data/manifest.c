/* manifest.c - CSV manifest → rows: which column is what, and what its cells may say.
 *
 * Reads the text twice: whether a single label column holds 0/1 or class names is known only at its end, and a second pass over
 * memory is cheaper than keeping every row. CSV itself is csv.c's; files named here are not opened. A failure takes back every row. */
#include <string.h>

#include "../base/files.h"
#include "../base/memory.h"
#include "../base/status.h"
#include "csv.h"
#include "dataset.h"

typedef struct manifest {
    hni_store *store;
    hni_csv csv;
    const char *path;   /* of the manifest, also for messages */
    char *folder;       /* that its paths are relative to */
    int32_t file, patient, study, slice, fold; /* columns, -1 = absent */
    int32_t labels[HNI_LABELS], n_labels;
    int32_t kept[HNI_KEPT]; /* [store->n_kept] */
    bool binary;        /* single: every cell is 0 or 1 */
    bool named_label;   /* single: the column is `label`, whose 0 and 1 are class names as they stand */
    int32_t class_id[2];/* of 0 and 1, binary only; -1 = not met yet */
} manifest;

static const char *label_name(const manifest *m, int32_t i) { return m->store->n_label_columns ? m->store->label_columns[i] : "label"; }

/* "file, patient, slice": what there is, for the message about what there is not. */
static void list_columns(const hni_csv *csv, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (int32_t i = 0; i < csv->count; i++) {
        const char *name = hni_csv_field(csv, i), *comma = i ? ", " : "";
        size_t n = strlen(name) + strlen(comma);
        if (used + n + sizeof ", …" >= size) {
            memcpy(text + used, ", …", sizeof ", …");
            return;
        }
        memcpy(text + used, comma, strlen(comma));
        memcpy(text + used + strlen(comma), name, strlen(name) + 1);
        used += n;
    }
}

static hn_status find_column(const manifest *m, const char *name, bool needed, int32_t *column, hn_error *err) {
    char there[120];
    *column = -1;
    for (int32_t i = 0; i < m->csv.count; i++) {
        if (strcmp(hni_csv_field(&m->csv, i), name) != 0) continue;
        if (*column >= 0) return hni_fail(err, HN_E_FORMAT, "%s, line %lld: the column %s is there twice (columns %d and %d)", m->path,
                                          (long long)m->csv.row_line, name, *column + 1, i + 1);
        *column = i;
    }
    if (*column >= 0 || !needed) return HN_OK;
    list_columns(&m->csv, there, sizeof there);
    return hni_fail(err, HN_E_NOT_FOUND, "%s has no column %.40s; there are: %s", m->path, name, there);
}

static hn_status read_header(manifest *m, hn_error *err) {
    struct { const char *name; bool needed; int32_t *column; } wanted[] = {
        {"file", true, &m->file},    {"patient", false, &m->patient}, {"study", false, &m->study},
        {"slice", false, &m->slice}, {"fold", false, &m->fold},
    };
    bool more = false;
    hn_status status = hni_csv_next(&m->csv, &more, err);
    if (status == HN_OK && !more) return hni_fail(err, HN_E_FORMAT, "%s is empty: a manifest begins with a header line", m->path);
    for (size_t i = 0; status == HN_OK && i < sizeof wanted / sizeof *wanted; i++)
        status = find_column(m, wanted[i].name, wanted[i].needed, wanted[i].column, err);
    m->n_labels = m->store->n_label_columns ? m->store->n_label_columns : 1;
    for (int32_t i = 0; status == HN_OK && i < m->n_labels; i++) status = find_column(m, label_name(m, i), true, &m->labels[i], err);
    for (int32_t i = 0; status == HN_OK && i < m->store->n_kept; i++) status = find_column(m, m->store->kept[i], true, &m->kept[i], err);
    m->named_label = m->n_labels == 1 && strcmp(label_name(m, 0), "label") == 0;
    return status;
}

/* 0 or 1, also as pandas writes them beside missing values (0.0, 1.0); -1 for anything else. */
static int bit_of(const char *text) {
    if (strcmp(text, "0") == 0 || strcmp(text, "0.0") == 0) return 0;
    if (strcmp(text, "1") == 0 || strcmp(text, "1.0") == 0) return 1;
    return -1;
}

static hn_status bad_cell(const manifest *m, int32_t column, const char *name, const char *want, hn_error *err) {
    return hni_fail(err, HN_E_FORMAT, "%s, line %lld, column %d (%.40s): '%.40s' is not %s", m->path, (long long)m->csv.row_line,
                    column + 1, name, hni_csv_field(&m->csv, column), want);
}

/* Whole number 0 … 2^31 - 1, "" = -1; "7.0" is 7. */
static hn_status read_number(const manifest *m, int32_t column, const char *name, int32_t *out, hn_error *err) {
    const char *text = column >= 0 ? hni_csv_field(&m->csv, column) : "", *p = text;
    int64_t value = 0;
    *out = -1;
    if (!*text) return HN_OK;
    while (*p >= '0' && *p <= '9' && value <= INT32_MAX) value = 10 * value + (*p++ - '0');
    bool ok = p > text && value <= INT32_MAX;
    if (*p == '.' && p > text) {
        p++;
        while (*p == '0') p++;
    }
    if (!ok || *p) return bad_cell(m, column, name, "a whole number from 0 to 2147483647", err);
    *out = (int32_t)value;
    return HN_OK;
}

static hn_status class_of_bit(manifest *m, int bit, int32_t *id, hn_error *err) {
    char name[HNI_CLASS_NAME + 2] = {0};
    if (m->class_id[bit] < 0) {
        const char *label = label_name(m, 0);
        if (strlen(label) + 4 > sizeof name)
            return hni_fail(err, HN_E_LIMIT, "the label column %.40s… is over %d bytes", label, HNI_CLASS_NAME - 3);
        if (m->named_label) memcpy(name, bit ? "1" : "0", 2);
        else {
            memcpy(name, "no_", 3);
            memcpy(name + (bit ? 0 : 3), label, strlen(label) + 1);
        }
        hn_status status = hni_class_id(m->store, name, m->path, &m->class_id[bit], err);
        if (status != HN_OK) return status;
    }
    *id = m->class_id[bit];
    return HN_OK;
}

static hn_status read_labels(manifest *m, hni_row_spec *spec, hn_error *err) {
    spec->class_id = -1;
    for (int32_t i = 0; i < m->n_labels; i++) {
        const char *cell = hni_csv_field(&m->csv, m->labels[i]);
        int bit = bit_of(cell);
        if (m->n_labels == 1 && m->binary) return class_of_bit(m, bit, &spec->class_id, err);
        if (m->n_labels == 1) {
            if (!*cell) return bad_cell(m, m->labels[i], label_name(m, i), "a class: give every row one", err);
            hn_status status = hni_class_id(m->store, cell, m->path, &spec->class_id, err);
            if (status != HN_OK && status != HN_E_MEMORY) hni_error_prefix(err, "line %lld", (long long)m->csv.row_line);
            return status;
        }
        if (bit < 0) return bad_cell(m, m->labels[i], label_name(m, i), "0 or 1, as each of several label columns must be", err);
        spec->labels |= (uint64_t)bit << i;
    }
    return HN_OK;
}

static const char *cell(const manifest *m, int32_t column) { return column >= 0 ? hni_csv_field(&m->csv, column) : NULL; }

static hn_status add_row(manifest *m, hn_error *err) {
    const char *values[HNI_KEPT];
    hni_row_spec spec = {.name = cell(m, m->file), .patient = cell(m, m->patient), .study = cell(m, m->study), .values = values};
    for (int32_t i = 0; i < m->store->n_kept; i++) values[i] = cell(m, m->kept[i]);
    if (!*spec.name) return bad_cell(m, m->file, "file", "a path: give every row one", err);
    hn_status status = read_labels(m, &spec, err);
    if (status == HN_OK) status = read_number(m, m->slice, "slice", &spec.slice, err);
    if (status == HN_OK) status = read_number(m, m->fold, "fold", &spec.fold, err);
    if (status != HN_OK) return status;
    char *path = hni_path_join(m->store->ctx, m->folder, spec.name);
    if (!path) return hni_fail_memory(err, strlen(m->folder) + strlen(spec.name) + 2, "a path");
    spec.path = path;
    status = hni_store_add(m->store, &spec, err);
    hni_free(m->store->ctx, path);
    return status;
}

/* Goes over all rows; with `add` they are added, else only m->binary is found out. */
static hn_status pass(manifest *m, bool add, hn_error *err) {
    bool more = true;
    hni_csv_rewind(&m->csv);
    hn_status status = hni_csv_next(&m->csv, &more, err); /* the header */
    while (status == HN_OK) {
        status = hni_csv_next(&m->csv, &more, err);
        if (status != HN_OK || !more) break;
        if (add) status = add_row(m, err);
        else if (bit_of(hni_csv_field(&m->csv, m->labels[0])) < 0) m->binary = false;
    }
    return status;
}

static hn_status read_text(manifest *m, const char *text, size_t size, hn_error *err) {
    hn_status status = hni_csv_open(&m->csv, m->store->ctx, m->path, text, size, err);
    if (status == HN_OK) status = read_header(m, err);
    m->binary = m->n_labels == 1;
    if (status == HN_OK && m->n_labels == 1) status = pass(m, false, err);
    if (status == HN_OK) status = pass(m, true, err);
    if (status == HN_OK && m->csv.rows < 2) status = hni_fail(err, HN_E_FORMAT, "%s has a header and no rows", m->path);
    return status;
}

hn_status hni_dataset_add_manifest(hn_dataset *ds, const char *path, hn_error *err) {
    hni_store *s = ds->store;
    hn_context *ctx = s->ctx;
    manifest m = {.store = s, .path = path, .class_id = {-1, -1}};
    uint8_t *bytes = NULL;
    size_t size = 0, rows = s->n_rows;
    int32_t classes = s->classes.count;
    m.csv.ctx = ctx;
    hn_status status = hni_store_open(s, err);
    if (status != HN_OK) return status;
    status = hni_file_read(ctx, path, HNI_CSV_BYTES, &bytes, &size, err);
    if (status != HN_OK) return status;
    m.folder = hni_path_folder(ctx, path);
    status = m.folder ? read_text(&m, (const char *)bytes, size, err) : hni_fail_memory(err, strlen(path) + 1, "a folder's name");
    if (status != HN_OK) hni_store_cut(s, rows, classes);
    hni_csv_close(&m.csv);
    hni_free(ctx, m.folder);
    hni_free(ctx, bytes);
    return status;
}
