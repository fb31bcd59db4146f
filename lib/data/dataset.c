/* dataset.c - views on a row store: making, sharing, and the facts that callers ask for.
 *
 * A new data set is a view of all rows of its own store; a split's parts are lists of row numbers. Facts are worked out when they
 * are asked for: they are cheap beside one decoded image, and a kept copy could go stale. Only the digest is kept. */
#include "dataset.h"

#include <stdio.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/sha256.h"
#include "../base/status.h"
#include "sort.h"

hn_dataset *hni_dataset_view(hni_store *store, uint32_t *index, size_t n_index, uint32_t flags) {
    hn_dataset *ds = hni_calloc(store->ctx, 1, sizeof *ds);
    if (!ds) return NULL;
    atomic_init(&ds->refs, 1);
    ds->ctx = hni_context_ref(store->ctx);
    ds->store = hni_store_ref(store);
    ds->index = index;
    ds->n_index = n_index;
    ds->flags = flags;
    return ds;
}

hn_status hni_dataset_create(hn_context *ctx, const hn_dataset_options *options, hn_dataset **out, hn_error *err) {
    hni_store *store;
    *out = NULL;
    hn_status status = hni_store_create(ctx, options, &store, err);
    if (status != HN_OK) return status;
    *out = hni_dataset_view(store, NULL, 0, 0);
    hni_store_unref(store); /* the view has its own reference */
    return *out ? HN_OK : hni_fail_memory(err, sizeof **out, "a data set");
}

hn_dataset *hni_dataset_ref(hn_dataset *ds) {
    atomic_fetch_add_explicit(&ds->refs, 1, memory_order_relaxed);
    return ds;
}

void hni_dataset_unref(hn_dataset *ds) {
    if (!ds || atomic_fetch_sub_explicit(&ds->refs, 1, memory_order_acq_rel) != 1) return;
    hn_context *ctx = ds->ctx;
    hni_store_unref(ds->store);
    hni_free(ctx, ds->index);
    hni_free(ctx, ds);
    hni_context_unref(ctx);
}

hn_status hni_dataset_add(hn_dataset *ds, const char *path, hn_image *image, const char *label, const char *group, hn_error *err) {
    hni_store *s = ds->store;
    hni_row_spec spec = {.path = path, .name = path, .image = image, .group = group, .slice = -1, .fold = -1};
    hn_status status = hni_store_open(s, err);
    if (status != HN_OK) return status;
    if (s->task == HN_TASK_MULTI)
        return hni_fail(err, HN_E_ARGUMENT, "a set of %d label columns takes rows from manifests only", s->n_label_columns);
    int32_t classes = s->classes.count;
    status = hni_class_id(s, label, path ? path : "", &spec.class_id, err);
    if (status == HN_OK) status = hni_store_add(s, &spec, err);
    if (status != HN_OK) hni_store_cut(s, s->n_rows, classes);
    return status;
}

int64_t hni_dataset_rows(const hn_dataset *ds) { return (int64_t)(ds->index ? ds->n_index : ds->store->n_rows); }

void hni_dataset_freeze(hn_dataset *ds) {
    hni_mutex_lock(&ds->store->lock);
    ds->store->frozen = true;
    hni_mutex_unlock(&ds->store->lock);
}

static const hni_row *row_at(const hn_dataset *ds, int64_t row) { return &ds->store->rows[hni_dataset_store_row(ds, row)]; }

int32_t hni_dataset_task(const hn_dataset *ds) { return ds->store->task; }
bool hni_dataset_strict(const hn_dataset *ds) { return ds->store->strict; }
int32_t hni_dataset_classes(const hn_dataset *ds) { return ds->store->classes.count; }

int32_t hni_dataset_label(const hn_dataset *ds, int64_t row) {
    int32_t id = row_at(ds, row)->class_id;
    return id < 0 ? -1 : ds->store->classes.rank[id];
}

bool hni_dataset_slice(const hn_dataset *ds, int64_t row, uint32_t *patient, uint32_t *study, int32_t *slice) {
    const hni_row *r = row_at(ds, row);
    *patient = r->patient;
    *study = r->study;
    *slice = r->slice;
    return r->patient && r->slice >= 0;
}

uint64_t hni_dataset_labels(const hn_dataset *ds, int64_t row) {
    if (ds->store->task == HN_TASK_MULTI) return row_at(ds, row)->labels;
    int32_t label = hni_dataset_label(ds, row);
    return label < 64 ? UINT64_C(1) << label : 0;
}

const char *hni_dataset_class_name(const hn_dataset *ds, int32_t rank) {
    const hni_classes *c = &ds->store->classes;
    return rank >= 0 && rank < c->count ? c->name[c->by_rank[rank]] : NULL;
}

int32_t hni_dataset_positive(const hn_dataset *ds) {
    return ds->store->task == HN_TASK_MULTI ? -1 : hni_classes_positive(&ds->store->classes);
}

uint32_t hni_dataset_flags(const hn_dataset *ds) {
    uint32_t flags = ds->flags;
    for (int64_t i = 0; i < hni_dataset_rows(ds) && !(flags & HN_DATA_GROUPS_UNKNOWN); i++) {
        if (row_at(ds, i)->group == 0) flags |= HN_DATA_GROUPS_UNKNOWN;
    }
    return flags;
}

int64_t hni_dataset_skipped(const hn_dataset *ds) {
    int64_t n = 0;
    hni_mutex_lock(&ds->store->lock);
    for (int64_t i = 0; i < hni_dataset_rows(ds); i++) n += row_at(ds, i)->problem != NULL;
    hni_mutex_unlock(&ds->store->lock);
    return n;
}

static void add_text(hni_sha256 *h, const char *text) { hni_sha256_add(h, text, strlen(text) + 1); /* the NUL keeps texts apart */ }

/* Paths as given, not as opened, so that the same list has the same digest wherever it lies. */
void hni_dataset_digest(hn_dataset *ds, uint64_t digest[4]) {
    hni_store *s = ds->store;
    hni_sha256 h;
    size_t rows = (size_t)hni_dataset_rows(ds);
    hni_mutex_lock(&s->lock);
    if (!ds->has_digest || ds->digest_rows != rows) {
        hni_sha256_init(&h);
        add_text(&h, s->task == HN_TASK_MULTI ? "haemnet rows, multi" : "haemnet rows, single");
        for (int32_t i = 0; i < s->classes.count; i++) add_text(&h, hni_dataset_class_name(ds, i));
        for (size_t i = 0; i < rows; i++) {
            const hni_row *r = row_at(ds, (int64_t)i);
            char bits[20];
            snprintf(bits, sizeof bits, "%016llx", (unsigned long long)r->labels);
            add_text(&h, r->path + r->name_at);
            add_text(&h, r->class_id < 0 ? bits : s->classes.name[r->class_id]);
            add_text(&h, s->names.items[r->group]);
        }
        hni_sha256_end(&h, ds->digest);
        ds->has_digest = true;
        ds->digest_rows = rows;
    }
    memcpy(digest, ds->digest, sizeof ds->digest);
    hni_mutex_unlock(&s->lock);
}

static bool less_number(const void *user, uint32_t a, uint32_t b) {
    (void)user;
    return a < b;
}

/* Different values among the n; sorts them. */
static int64_t count_different(uint32_t *values, uint32_t n) {
    hni_sort_u32(values, n, less_number, NULL);
    int64_t different = n > 0;
    for (uint32_t i = 1; i < n; i++) different += values[i] != values[i - 1];
    return different;
}

hn_status hni_dataset_info(hn_dataset *ds, hn_dataset_info *out, hn_error *err) {
    int64_t rows = hni_dataset_rows(ds);
    uint32_t n = 0, *values = hni_calloc(ds->ctx, (size_t)rows, sizeof *values);
    if (!values) return hni_fail_memory(err, (size_t)rows * sizeof *values, "counting groups");
    for (int64_t i = 0; i < rows; i++) {
        if (row_at(ds, i)->group) values[n++] = row_at(ds, i)->group;
    }
    out->n_groups = count_different(values, n);
    n = 0;
    for (int64_t i = 0; i < rows; i++) {
        if (row_at(ds, i)->fold >= 0) values[n++] = (uint32_t)row_at(ds, i)->fold;
    }
    out->n_folds = (int32_t)count_different(values, n);
    hni_free(ds->ctx, values);
    out->task = ds->store->task;
    out->n_classes = ds->store->classes.count;
    out->flags = hni_dataset_flags(ds);
    out->n_rows = rows;
    out->n_skipped = hni_dataset_skipped(ds);
    out->positive = hni_dataset_positive(ds);
    hni_dataset_digest(ds, out->digest);
    return HN_OK;
}

void hni_dataset_row(const hn_dataset *ds, int64_t row, hn_row *out) {
    hni_store *s = ds->store;
    const hni_row *r = row_at(ds, row);
    out->label = hni_dataset_label(ds, row);
    out->labels = hni_dataset_labels(ds, row);
    out->path = r->path;
    out->slice = r->slice;
    out->fold = r->fold;
    hni_mutex_lock(&s->lock); /* a loader elsewhere may be writing reasons */
    out->problem = r->problem ? r->problem : "";
    out->group = s->names.items[r->group];
    out->patient = s->names.items[r->patient];
    out->study = s->names.items[r->study];
    hni_mutex_unlock(&s->lock);
}
