/* audit.c - what two sets share, or the rows of one: patients by their groups, images by copies.c. */
#include "audit.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "sort.h"

typedef struct side { /* of an audit */
    hni_trace *traces; /* [n] */
    uint32_t n;
    uint32_t *order;   /* [n] by group, then by row; only those with one: n_grouped */
    uint32_t n_grouped;
} side;

static bool group_less(const void *user, uint32_t a, uint32_t b) {
    const hni_trace *t = user;
    return t[a].group != t[b].group ? t[a].group < t[b].group : a < b;
}

static hn_status take_side(hn_context *ctx, const hni_fingerprint *prints, const hni_trace *traces, uint32_t n, side *s, hn_error *err) {
    s->n = n;
    s->traces = hni_calloc(ctx, (size_t)n + 1, sizeof *s->traces);
    s->order = hni_calloc(ctx, (size_t)n + 1, sizeof *s->order);
    if (!s->traces || !s->order) return hni_fail_memory(err, (size_t)n * sizeof *s->traces, "an audit");
    for (uint32_t i = 0; i < n; i++) {
        s->traces[i] = prints ? prints[i].trace : traces[i];
        if (s->traces[i].group) s->order[s->n_grouped++] = i;
    }
    hni_sort_u32(s->order, s->n_grouped, group_less, s->traces);
    return HN_OK;
}

static void free_side(hn_context *ctx, side *s) {
    hni_free(ctx, s->traces);
    hni_free(ctx, s->order);
}

static hn_status add(hn_audit *a, hn_finding finding, hn_error *err) {
    hn_row mine = {0}, theirs = {0};
    hn_dataset *other = a->against ? a->against : finding.other_row >= 0 ? a->data : NULL;
    if (hni_grow(a->ctx, &a->findings, &a->capacity, (size_t)a->info.findings + 1, sizeof *a->findings))
        return hni_fail_memory(err, ((size_t)a->info.findings + 1) * sizeof *a->findings, "the findings of an audit");
    hni_dataset_row(a->data, finding.row, &mine);
    if (other) hni_dataset_row(other, finding.other_row, &theirs);
    finding.path = mine.path, finding.group = mine.group;
    finding.other_path = other ? theirs.path : "", finding.other_group = other ? theirs.group : "";
    if (other && finding.kind != HN_FINDING_PATIENT) {
        const bool single = hni_dataset_task(a->data) == HN_TASK_SINGLE;
        const char *one = hni_dataset_class_name(a->data, mine.label), *two = hni_dataset_class_name(other, theirs.label);
        finding.label_differs = single ? one && two && strcmp(one, two) != 0 : mine.labels != theirs.labels;
    }
    a->findings[a->info.findings++] = finding;
    return HN_OK;
}

static uint32_t run_end(const side *s, uint32_t from) {
    uint32_t to = from + 1;
    while (to < s->n_grouped && s->traces[s->order[to]].group == s->traces[s->order[from]].group) to++;
    return to;
}

static bool holds(const uint64_t *groups, uint32_t n, uint64_t group) {
    uint32_t low = 0, high = n;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (groups[middle] < group) low = middle + 1;
        else high = middle;
    }
    return low < n && groups[low] == group;
}

/* Both sides are sorted by group: one walk finds those that both have. With traces the other side is their list of groups. */
static hn_status find_patients(hn_audit *a, const side *rows, const side *others, const hni_traces *traces, hn_error *err) {
    hn_status status = HN_OK;
    uint32_t j = 0;
    for (uint32_t i = 0, end; i < rows->n_grouped && !status; i = end) {
        const uint64_t group = rows->traces[rows->order[i]].group;
        hn_finding f = {.kind = HN_FINDING_PATIENT, .row = rows->order[i], .other_row = -1, .distance = 0};
        end = run_end(rows, i);
        f.n = end - i;
        if (traces) {
            if (!holds(traces->groups, traces->n_groups, group)) continue;
        } else {
            while (j < others->n_grouped && others->traces[others->order[j]].group < group) j++;
            if (j == others->n_grouped || others->traces[others->order[j]].group != group) continue;
            f.other_row = others->order[j];
            f.other_n = run_end(others, j) - j;
        }
        status = add(a, f, err);
        a->info.patients += !status;
    }
    return status;
}

static hn_status find_copies(hn_audit *a, const side *rows, const side *others, const hn_cancel *cancel, hn_error *err) {
    hni_copy *copies = hni_calloc(a->ctx, (size_t)rows->n + 1, sizeof *copies);
    if (!copies) return hni_fail_memory(err, (size_t)rows->n * sizeof *copies, "an audit");
    hn_status status = hni_copies_find(a->ctx, rows->traces, rows->n, others ? others->traces : NULL, others ? others->n : 0, cancel, copies, err);
    for (uint32_t i = 0; i < rows->n && !status; i++) {
        const hni_copy *c = &copies[i];
        if (!c->kind) continue;
        status = add(a, (hn_finding){.kind = c->kind, .row = i, .other_row = others && !a->against ? -1 : c->other, .n = 1, .other_n = 1, .turn = c->turn,
                                     .distance = c->distance}, err);
        a->info.files += !status && c->kind == HN_FINDING_FILE;
        a->info.pixels += !status && c->kind == HN_FINDING_PIXELS;
        a->info.looks += !status && c->kind == HN_FINDING_LOOK;
    }
    hni_free(a->ctx, copies);
    return status;
}

static bool row_less(const void *user, uint32_t a, uint32_t b) {
    const hn_finding *f = user;
    return f[a].row != f[b].row ? f[a].row < f[b].row : a < b;
}

/* Patients came in the order of their hashes: into that of their first rows. */
static hn_status sort_patients(hn_audit *a, hn_error *err) {
    const uint32_t n = (uint32_t)a->info.patients;
    uint32_t *order = hni_calloc(a->ctx, (size_t)n + 1, sizeof *order);
    hn_finding *sorted = hni_calloc(a->ctx, (size_t)n + 1, sizeof *sorted);
    if (order && sorted) {
        for (uint32_t i = 0; i < n; i++) order[i] = i;
        hni_sort_u32(order, n, row_less, a->findings);
        for (uint32_t i = 0; i < n; i++) sorted[i] = a->findings[order[i]];
        if (n) memcpy(a->findings, sorted, n * sizeof *sorted);
    }
    const bool done = order && sorted;
    hni_free(a->ctx, order);
    hni_free(a->ctx, sorted);
    return done ? HN_OK : hni_fail_memory(err, n * sizeof *sorted, "an audit");
}

static hn_status compare(hn_audit *a, const hni_fingerprint *prints, const hni_fingerprint *others, const hni_traces *traces, const hn_cancel *cancel,
                         hn_error *err) {
    side mine = {0}, theirs = {0};
    const bool two = others || traces;
    hn_status status = take_side(a->ctx, prints, NULL, (uint32_t)a->info.rows, &mine, err);
    if (!status && two)
        status = take_side(a->ctx, others, traces ? traces->list : NULL, traces ? traces->n : (uint32_t)a->info.other_rows, &theirs, err);
    if (!status && two) status = find_patients(a, &mine, &theirs, traces, err);
    if (!status && two) status = sort_patients(a, err);
    if (!status) status = find_copies(a, &mine, two ? &theirs : NULL, cancel, err);
    free_side(a->ctx, &mine);
    free_side(a->ctx, &theirs);
    return status;
}

static int64_t count_unseen(const hni_fingerprint *prints, int64_t n) {
    int64_t unseen = 0;
    for (int64_t i = 0; i < n; i++) unseen += !prints[i].seen;
    return unseen;
}

static hn_status fill(hn_audit *a, const hni_traces *traces, int32_t flags, const hn_cancel *cancel, hn_error *err) {
    hni_fingerprint *prints = NULL, *others = NULL;
    hn_status status = hni_dataset_fingerprints(a->data, cancel, &prints, err);
    if (!status && a->against) status = hni_dataset_fingerprints(a->against, cancel, &others, err);
    if (!status) {
        a->info.skipped = count_unseen(prints, a->info.rows) + (others ? count_unseen(others, a->info.other_rows) : 0);
        status = compare(a, prints, others, traces, cancel, err);
    }
    if (!status && !(flags & HN_AUDIT_NO_SHORTCUTS)) status = hni_audit_shortcuts(a, prints, err);
    hni_free(a->ctx, prints);
    hni_free(a->ctx, others);
    return status;
}

static bool groups_unknown(hn_dataset *data) { return data && hni_dataset_flags(data) & HN_DATA_GROUPS_UNKNOWN; }

hn_status hni_audit_make(hn_dataset *data, hn_dataset *against, const hni_traces *traces, int32_t flags, const hn_cancel *cancel, hn_audit **out,
                         hn_error *err) {
    hn_audit *a = hni_calloc(data->ctx, 1, sizeof *a);
    if (!a) return hni_fail_memory(err, sizeof *a, "an audit");
    atomic_init(&a->refs, 1);
    a->ctx = hni_context_ref(data->ctx);
    a->data = hni_dataset_ref(data);
    a->against = against ? hni_dataset_ref(against) : NULL;
    a->info.rows = hni_dataset_rows(data);
    a->info.other_rows = against ? hni_dataset_rows(against) : traces ? traces->rows : 0;
    a->info.checked = traces && traces->rows ? (double)traces->n / (double)traces->rows : 1;
    if (groups_unknown(data) || groups_unknown(against) || (traces && traces->unknown)) a->info.flags |= HN_AUDIT_GROUPS_UNKNOWN;
    if (traces && (traces->n < traces->rows || !traces->groups_whole)) a->info.flags |= HN_AUDIT_SAMPLED;
    hn_status status = fill(a, traces, flags, cancel, err);
    if (status)
        hni_audit_unref(a);
    else
        *out = a;
    return status;
}

void hni_audit_unref(hn_audit *a) {
    if (!a || atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1) return;
    hn_context *ctx = a->ctx;
    hni_dataset_unref(a->data);
    hni_dataset_unref(a->against);
    hni_free(ctx, a->findings);
    hni_free(ctx, a->shortcuts);
    hni_free(ctx, a);
    hni_context_unref(ctx);
}
