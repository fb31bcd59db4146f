/* sampler.c - see sampler.h. Weights only; who draws by them is the loader. */
#include "sampler.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "sort.h"

static const hni_row *row_of(const hn_dataset *ds, uint32_t i) { return &ds->store->rows[hni_dataset_store_row(ds, i)]; }

/* 1 / rows of the bin, by the bin that each row is in. */
static hn_status balance(const hn_dataset *ds, const uint32_t *bin, size_t bins, double *weights, hn_error *err) {
    const uint32_t n = (uint32_t)hni_dataset_rows(ds);
    uint32_t *count = hni_calloc(ds->ctx, bins + 1, sizeof *count);
    if (!count) return hni_fail_memory(err, bins * sizeof *count, "the rows of each class or group");
    for (uint32_t i = 0; i < n; i++) count[bin[i]]++;
    for (uint32_t i = 0; i < n; i++) weights[i] = 1.0 / count[bin[i]];
    hni_free(ds->ctx, count);
    return HN_OK;
}

hn_status hni_sampler_classes(const hn_dataset *ds, double *weights, hn_error *err) {
    const uint32_t n = (uint32_t)hni_dataset_rows(ds);
    if (ds->store->task != HN_TASK_SINGLE) return hni_fail(err, HN_E_UNSUPPORTED, "drawing by class is for one class a row");
    uint32_t *bin = hni_calloc(ds->ctx, (size_t)n + 1, sizeof *bin);
    if (!bin) return hni_fail_memory(err, n * sizeof *bin, "the classes of the rows");
    for (uint32_t i = 0; i < n; i++) bin[i] = (uint32_t)row_of(ds, i)->class_id;
    const hn_status status = balance(ds, bin, (size_t)ds->store->classes.count, weights, err);
    hni_free(ds->ctx, bin);
    return status;
}

/* Groups have the numbers of their names, of which 0 is no name. */
hn_status hni_sampler_groups(const hn_dataset *ds, double *weights, hn_error *err) {
    const uint32_t n = (uint32_t)hni_dataset_rows(ds);
    uint32_t *bin = hni_calloc(ds->ctx, (size_t)n + 1, sizeof *bin);
    if (!bin) return hni_fail_memory(err, n * sizeof *bin, "the groups of the rows");
    for (uint32_t i = 0; i < n; i++) bin[i] = row_of(ds, i)->group;
    const hn_status status = balance(ds, bin, ds->store->names.count, weights, err);
    for (uint32_t i = 0; i < n && !status; i++)
        if (!bin[i]) weights[i] = 1;
    hni_free(ds->ctx, bin);
    return status;
}

static bool is_placed(const hni_row *r) { return r->group && r->slice >= 0; }

static bool same_stack(const hni_row *a, const hni_row *b) { return a->group == b->group && a->study == b->study; }

/* By group, study and slice; rows without a place last. */
static bool stack_less(const void *user, uint32_t a, uint32_t b) {
    const hni_row *x = row_of(user, a), *y = row_of(user, b);
    if (is_placed(x) != is_placed(y)) return is_placed(x);
    if (x->group != y->group) return x->group < y->group;
    if (x->study != y->study) return x->study < y->study;
    return x->slice != y->slice ? x->slice < y->slice : a < b;
}

/* One way through the sorted rows: marks the ones near the positive row met last. */
static void sweep(const hn_dataset *ds, const uint32_t *order, uint32_t n, bool up, const uint8_t *positive, int32_t reach, uint8_t *near) {
    const hni_row *last = NULL;
    for (uint32_t k = 0; k < n; k++) {
        const uint32_t i = order[up ? k : n - 1 - k];
        const hni_row *r = row_of(ds, i);
        if (positive[i]) last = r;
        if (!last || !same_stack(r, last)) continue;
        const int64_t far = (int64_t)r->slice - last->slice;
        near[i] |= (far < 0 ? -far : far) <= reach;
    }
}

hn_status hni_sampler_hard(const hn_dataset *ds, const uint8_t *positive, int32_t reach, double factor, double *weights, hn_error *err) {
    const uint32_t n = (uint32_t)hni_dataset_rows(ds);
    uint32_t *order = hni_calloc(ds->ctx, (size_t)n + 1, sizeof *order), placed = 0;
    uint8_t *near = hni_calloc(ds->ctx, (size_t)n + 1, 1);
    hn_status status = order && near ? HN_OK : hni_fail_memory(err, n * sizeof *order, "the order of slices");
    for (uint32_t i = 0; i < n && !status; i++) {
        order[i] = i;
        placed += is_placed(row_of(ds, i));
    }
    if (!status && !placed)
        status = hni_fail(err, HN_E_DATA, "no row has both a patient and a slice number, so none has neighbours: give them in a manifest's columns");
    if (!status) {
        hni_sort_u32(order, n, stack_less, ds);
        for (int up = 0; up < 2; up++) sweep(ds, order, placed, up, positive, reach, near);
        for (uint32_t i = 0; i < n; i++) weights[i] = near[i] && !positive[i] ? factor : 1;
    }
    hni_free(ds->ctx, order);
    hni_free(ds->ctx, near);
    return status;
}
