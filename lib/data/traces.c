/* traces.c - a training set → the hashes that its model keeps, as values and as bytes. */
#include "traces.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "sort.h"

static hn_status take(hn_context *ctx, uint32_t n, uint32_t n_groups, hni_traces **out, hn_error *err) {
    hni_traces *t = hni_calloc(ctx, 1, sizeof *t);
    *out = NULL;
    if (!t) return hni_fail_memory(err, sizeof *t, "the traces of training images");
    *t = (hni_traces){.ctx = ctx, .n = n, .n_groups = n_groups};
    t->list = hni_calloc(ctx, (size_t)n + 1, sizeof *t->list);
    t->groups = hni_calloc(ctx, (size_t)n_groups + 1, sizeof *t->groups);
    if (!t->list || !t->groups) {
        hni_traces_free(t);
        return hni_fail_memory(err, (size_t)n * sizeof *t->list, "the traces of training images");
    }
    *out = t;
    return HN_OK;
}

void hni_traces_free(hni_traces *t) {
    if (!t) return;
    hni_free(t->ctx, t->list);
    hni_free(t->ctx, t->groups);
    hni_free(t->ctx, t);
}

hn_status hni_traces_copy(const hni_traces *from, hn_context *ctx, hni_traces **out, hn_error *err) {
    hn_status status = take(ctx, from->n, from->n_groups, out, err);
    if (status) return status;
    memcpy((*out)->list, from->list, from->n * sizeof *from->list);
    memcpy((*out)->groups, from->groups, from->n_groups * sizeof *from->groups);
    (*out)->rows = from->rows, (*out)->groups_whole = from->groups_whole, (*out)->unknown = from->unknown;
    return HN_OK;
}

static bool image_less(const void *user, uint32_t a, uint32_t b) {
    const hni_trace *x = &((const hni_fingerprint *)user)[a].trace, *y = &((const hni_fingerprint *)user)[b].trace;
    return x->pixels != y->pixels ? x->pixels < y->pixels : x->file != y->file ? x->file < y->file : a < b;
}

static bool group_less(const void *user, uint32_t a, uint32_t b) {
    const hni_fingerprint *prints = user;
    return prints[a].trace.group != prints[b].trace.group ? prints[a].trace.group < prints[b].trace.group : a < b;
}

/* Different groups among the sorted rows; the first `room` of them into groups, which may be NULL. */
static uint32_t pick_groups(const hni_fingerprint *prints, const uint32_t *order, uint32_t n, uint64_t *groups, uint32_t room) {
    uint32_t different = 0;
    uint64_t last = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t group = prints[order[i]].trace.group;
        if (!group || group == last) continue;
        if (groups && different < room) groups[different] = group;
        last = group;
        different++;
    }
    return different;
}

static hn_status gather(hn_context *ctx, const hni_fingerprint *prints, uint32_t *order, uint32_t n, hni_traces **out, hn_error *err) {
    int32_t unknown = 0;
    hni_sort_u32(order, n, group_less, prints);
    const uint32_t different = pick_groups(prints, order, n, NULL, 0), kept = n < HNI_TRACES ? n : HNI_TRACES;
    hn_status status = take(ctx, kept, different < HNI_TRACES ? different : HNI_TRACES, out, err);
    if (status) return status;
    hni_traces *t = *out;
    pick_groups(prints, order, n, t->groups, t->n_groups);
    hni_sort_u32(order, n, image_less, prints);
    for (uint32_t i = 0; i < n; i++) {
        unknown |= !prints[order[i]].trace.group;
        if (i < kept) t->list[i] = prints[order[i]].trace, t->list[i].group = 0;
    }
    t->rows = n, t->groups_whole = different == t->n_groups, t->unknown = unknown;
    return HN_OK;
}

hn_status hni_traces_make(hn_dataset *ds, hni_traces **out, hn_error *err) {
    const int64_t rows = hni_dataset_rows(ds);
    hni_fingerprint *prints = NULL;
    uint32_t n = 0;
    *out = NULL;
    hn_status status = hni_dataset_fingerprints(ds, NULL, &prints, err);
    if (status) return status;
    uint32_t *order = hni_calloc(ds->ctx, (size_t)rows + 1, sizeof *order);
    for (int64_t i = 0; order && i < rows; i++)
        if (prints[i].seen) order[n++] = (uint32_t)i;
    status = order ? gather(ds->ctx, prints, order, n, out, err) : hni_fail_memory(err, (size_t)rows * sizeof *order, "the traces of training images");
    hni_free(ds->ctx, order);
    hni_free(ds->ctx, prints);
    return status;
}

static void put(uint8_t *at, uint64_t value, int bytes) {
    for (int b = 0; b < bytes; b++) at[b] = (uint8_t)(value >> (8 * b));
}

static uint64_t get(const uint8_t *at, int bytes) {
    uint64_t value = 0;
    for (int b = 0; b < bytes; b++) value |= (uint64_t)at[b] << (8 * b);
    return value;
}

/* file, pixels, the rows of the look in three bytes each; that it is plain is its first bit, which would be that of the mean and is free. */
void hni_traces_pack(const hni_traces *t, uint8_t *bytes, uint8_t *groups) {
    for (uint32_t i = 0; i < t->n; i++, bytes += HNI_TRACE_BYTES) {
        const hni_trace *from = &t->list[i];
        put(bytes, from->file, 8), put(bytes + 8, from->pixels, 8);
        for (int u = 0; u < HNI_LOOK_SIDE; u++) put(bytes + 16 + 3 * u, from->look.rows[u] | (u == 0 && from->look.plain ? 1 : 0), 3);
    }
    for (uint32_t i = 0; i < t->n_groups; i++) put(groups + 8 * (size_t)i, t->groups[i], 8);
}

hn_status hni_traces_unpack(hn_context *ctx, const uint8_t *bytes, uint32_t n, const uint8_t *groups, uint32_t n_groups, hni_traces **out,
                            hn_error *err) {
    hn_status status = take(ctx, n, n_groups, out, err);
    for (uint32_t i = 0; i < n && !status; i++, bytes += HNI_TRACE_BYTES) {
        hni_trace *to = &(*out)->list[i];
        to->file = get(bytes, 8), to->pixels = get(bytes + 8, 8);
        for (int u = 0; u < HNI_LOOK_SIDE; u++) to->look.rows[u] = (uint32_t)get(bytes + 16 + 3 * u, 3);
        to->look.plain = to->look.rows[0] & 1;
        to->look.rows[0] &= ~UINT32_C(1);
        if (!to->pixels || (i && to->pixels < to[-1].pixels))
            status = hni_fail(err, HN_E_FORMAT, "trace %u of the kept images is none that this library writes", i);
    }
    for (uint32_t i = 0; i < n_groups && !status; i++) {
        (*out)->groups[i] = get(groups + 8 * (size_t)i, 8);
        if (!(*out)->groups[i] || (i && (*out)->groups[i] <= (*out)->groups[i - 1]))
            status = hni_fail(err, HN_E_FORMAT, "trace %u of the kept patients is none that this library writes", i);
    }
    if (status && *out) {
        hni_traces_free(*out);
        *out = NULL;
    }
    return status;
}
