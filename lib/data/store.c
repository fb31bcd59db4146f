/* store.c - the rows that a data set and all its splits share.
 *
 * A row is text, numbers and perhaps an image in memory; no file is opened here. Additions are all or nothing: a caller notes
 * rows and classes before and cuts back to them when the rest of its manifest or folder fails. */
#include <string.h>

#include "../base/log.h"
#include "../base/memory.h"
#include "../base/status.h"
#include "dataset.h"

enum { PATH_BYTES = 65536 };
static const uint64_t default_cache = 512u << 20; /* bytes */

static hn_status copy_columns(hni_store *s, const hn_dataset_options *o, hn_error *err) {
    int32_t n = o->n_label_columns;
    if (n < 0 || n > HNI_LABELS || (n > 0) != (o->label_columns != NULL))
        return hni_fail(err, HN_E_ARGUMENT, "n_label_columns is %d: must be the number of label_columns, at most %d", n, HNI_LABELS);
    s->task = n > 1 ? HN_TASK_MULTI : HN_TASK_SINGLE;
    if (n == 0) return HN_OK;
    s->label_columns = hni_calloc(s->ctx, (size_t)n, sizeof *s->label_columns);
    if (!s->label_columns) return hni_fail_memory(err, (size_t)n * sizeof *s->label_columns, "label columns");
    for (int32_t i = 0; i < n; i++) {
        const char *name = o->label_columns[i];
        int32_t id;
        if (!name || !*name) return hni_fail(err, HN_E_ARGUMENT, "label_columns[%d] is empty", i);
        for (int32_t k = 0; k < i; k++) {
            if (strcmp(s->label_columns[k], name) == 0) return hni_fail(err, HN_E_ARGUMENT, "the label column %s is named twice", name);
        }
        s->label_columns[i] = hni_names_keep(&s->names, name, strlen(name));
        if (!s->label_columns[i]) return hni_fail_memory(err, strlen(name) + 1, "a label column");
        s->n_label_columns = i + 1;
        if (n > 1) {
            hn_status status = hni_class_id(s, name, "label column", &id, err);
            if (status != HN_OK) return status;
        }
    }
    return HN_OK;
}

hn_status hni_store_create(hn_context *ctx, const hn_dataset_options *options, hni_store **out, hn_error *err) {
    static const hn_dataset_options defaults;
    const hn_dataset_options *o = options ? options : &defaults;
    *out = NULL;
    if (o->strict < 0 || o->strict > 1) return hni_fail(err, HN_E_ARGUMENT, "strict is %d: must be 0 or 1", o->strict);
    if (o->flags != 0 || o->reserved != 0)
        return hni_fail(err, HN_E_ARGUMENT, "flags and reserved of the data set options are %d and %d: must be 0", o->flags, o->reserved);
    hni_store *s = hni_calloc(ctx, 1, sizeof *s);
    if (!s) return hni_fail_memory(err, sizeof *s, "a data set");
    atomic_init(&s->refs, 1);
    s->ctx = hni_context_ref(ctx);
    s->strict = o->strict == 1;
    s->image = o->image;
    s->image.struct_size = sizeof s->image;
    s->image.channels = 0;
    hn_status status;
    int number = hni_mutex_init(&s->lock);
    s->locked_init = number == 0;
    if (number) status = hni_fail_errno(err, number, "cannot make the lock of a data set");
    else if (hni_names_init(&s->names, ctx) != 0) status = hni_fail_memory(err, 64, "names of a data set");
    else status = hni_cache_create(ctx, o->cache_bytes ? o->cache_bytes : default_cache, &s->cache, err);
    if (status == HN_OK) status = hni_group_compile(s, o->group_pattern, err);
    if (status == HN_OK) status = copy_columns(s, o, err);
    if (status == HN_OK) status = hni_store_keep_columns(s, o, err);
    if (status != HN_OK) {
        hni_store_unref(s);
        return status;
    }
    *out = s;
    return HN_OK;
}

hni_store *hni_store_ref(hni_store *store) {
    atomic_fetch_add_explicit(&store->refs, 1, memory_order_relaxed);
    return store;
}

void hni_store_unref(hni_store *s) {
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) return;
    hn_context *ctx = s->ctx;
    for (size_t i = 0; i < s->n_rows; i++) hni_image_unref(s->rows[i].image);
    hni_free(ctx, s->rows);
    hni_free(ctx, s->prints);
    hni_free(ctx, s->lower); /* and higher, which is behind it */
    hni_classes_free(&s->classes, ctx);
    hni_free(ctx, s->label_columns);
    hni_free(ctx, s->kept);
    hni_free(ctx, s->values);
    if (s->names.ctx) hni_names_free(&s->names);
    if (s->group_mode == HNI_GROUP_PATTERN) regfree(&s->pattern);
    hni_cache_free(s->cache);
    if (s->locked_init) hni_mutex_destroy(&s->lock);
    hni_free(ctx, s);
    hni_context_unref(ctx);
}

hn_status hni_store_open(hni_store *store, hn_error *err) {
    hni_mutex_lock(&store->lock);
    bool frozen = store->frozen;
    hni_mutex_unlock(&store->lock);
    if (frozen) return hni_fail(err, HN_E_STATE, "the data set has been split or is in use: nothing can be added; make a new one");
    return HN_OK;
}

static hn_status resolve_group(hni_store *s, const hni_row_spec *spec, uint32_t *group, hn_error *err) {
    const char *text = "";
    size_t n = 0;
    if (s->group_mode == HNI_GROUP_NONE) {
        n = 0;
    } else if (spec->group) {
        text = spec->group;
        n = strlen(text);
    } else if (s->group_mode == HNI_GROUP_PATTERN) {
        hni_group_match(s, spec->name ? spec->name : "", &text, &n);
    } else if (spec->patient) {
        text = spec->patient;
        n = strlen(text);
    }
    if (hni_names_number(&s->names, text, n, group) != 0) return hni_fail_memory(err, n + 1, "a group's name");
    return HN_OK;
}

static int number_of(hni_store *s, const char *text, uint32_t *number) {
    return hni_names_number(&s->names, text ? text : "", text ? strlen(text) : 0, number);
}

hn_status hni_store_add(hni_store *s, const hni_row_spec *spec, hn_error *err) {
    hni_row row = {.path = "", .class_id = spec->class_id, .labels = spec->labels, .slice = spec->slice, .fold = spec->fold};
    size_t length = spec->path ? strlen(spec->path) : 0;
    if (s->n_rows >= INT32_MAX) return hni_fail(err, HN_E_LIMIT, "over 2^31 rows in one data set");
    if (length > PATH_BYTES) return hni_fail(err, HN_E_LIMIT, "the path %.60s… is over %d bytes", spec->path, PATH_BYTES);
    hn_status status = resolve_group(s, spec, &row.group, err);
    if (status != HN_OK) return status;
    if (hni_grow(s->ctx, &s->rows, &s->capacity, s->n_rows + 1, sizeof *s->rows) != 0)
        return hni_fail_memory(err, (s->n_rows + 1) * sizeof *s->rows, "the rows of a data set");
    if (number_of(s, spec->patient, &row.patient) != 0 || number_of(s, spec->study, &row.study) != 0)
        return hni_fail_memory(err, 64, "a patient's name");
    if (length > 0 && !(row.path = hni_names_keep(&s->names, spec->path, length))) return hni_fail_memory(err, length + 1, "a path");
    row.name_at = spec->name && strlen(spec->name) <= length ? (uint32_t)(length - strlen(spec->name)) : 0;
    status = hni_store_add_values(s, spec->values, err);
    if (status != HN_OK) return status;
    if (spec->image) row.image = hni_image_ref(spec->image);
    s->rows[s->n_rows++] = row;
    return HN_OK;
}

void hni_store_cut(hni_store *s, size_t n_rows, int32_t n_classes) {
    for (size_t i = n_rows; i < s->n_rows; i++) hni_image_unref(s->rows[i].image);
    s->n_rows = n_rows;
    hni_classes_cut(&s->classes, n_classes);
}

void hni_store_mark(hni_store *s, uint32_t row, const char *problem) {
    hni_row *r = &s->rows[row];
    hni_mutex_lock(&s->lock);
    bool first = !r->problem;
    if (first) r->problem = hni_names_keep(&s->names, problem, strlen(problem));
    if (!r->problem) r->problem = "cannot be read (and no memory was left to keep the reason)";
    hni_mutex_unlock(&s->lock);
    if (first) hni_log_message(s->ctx, HN_LOG_WARNING, "data", "skipped %s: %s", r->path, problem);
}

bool hni_store_is_bad(hni_store *s, uint32_t row) {
    hni_mutex_lock(&s->lock);
    bool bad = s->rows[row].problem != NULL;
    hni_mutex_unlock(&s->lock);
    return bad;
}
