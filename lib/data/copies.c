/* copies.c - equal hashes by sorting, near looks by an index (look_index.c): time grows about as the number of images. */
#include "copies.h"

#include "../base/memory.h"
#include "../base/status.h"
#include "../base/threads.h"
#include "haemnet/audit.h"
#include "sort.h"

enum { BLOCK = 256 };

typedef struct search {
    hn_context *ctx;
    const hni_trace *rows, *others;
    uint32_t n, m;
    bool within;
    bool by_file;            /* which of the two hashes `order` is sorted by */
    uint32_t *order;         /* [m] others, by hash */
    hni_look *looks;         /* [m] */
    hni_look_index *index;
    hni_copy *out;
    uint32_t first;          /* of the block of rows at work */
    const hn_cancel *cancel;
} search;

static uint64_t key_of(const search *s, const hni_trace *t) { return s->by_file ? t->file : t->pixels; }

static bool key_less(const void *user, uint32_t a, uint32_t b) {
    const search *s = user;
    const uint64_t x = key_of(s, &s->others[a]), y = key_of(s, &s->others[b]);
    return x != y ? x < y : a < b;
}

/* May `other` be told as what row copies? */
static bool counts(const search *s, uint32_t row, uint32_t other) {
    const uint64_t mine = s->rows[row].group, theirs = s->others[other].group;
    return s->others[other].pixels && (!s->within || (other < row && (!mine || !theirs || mine != theirs)));
}

/* The first of the others with this key that counts; -1 = none. */
static int64_t find_equal(const search *s, uint32_t row) {
    const uint64_t key = key_of(s, &s->rows[row]);
    uint32_t low = 0, high = s->m;
    if (!key) return -1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (key_of(s, &s->others[s->order[middle]]) < key) low = middle + 1;
        else high = middle;
    }
    for (; low < s->m && key_of(s, &s->others[s->order[low]]) == key; low++)
        if (counts(s, row, s->order[low])) return s->order[low];
    return -1;
}

static void find_by_key(search *s, bool by_file) {
    s->by_file = by_file;
    for (uint32_t i = 0; i < s->m; i++) s->order[i] = i;
    hni_sort_u32(s->order, s->m, key_less, s);
    for (uint32_t i = 0; i < s->n; i++) {
        const int64_t other = s->out[i].kind || !s->rows[i].pixels ? -1 : find_equal(s, i);
        if (other >= 0) s->out[i] = (hni_copy){.kind = by_file ? HN_FINDING_FILE : HN_FINDING_PIXELS, .other = other};
    }
}

typedef struct asked {
    const search *s;
    uint32_t row;
} asked;

static bool accept(const void *user, uint32_t other) {
    const asked *a = user;
    return counts(a->s, a->row, other);
}

static void find_near(void *arg, uint32_t i) {
    const search *s = arg;
    const asked a = {s, s->first + i};
    if (s->out[a.row].kind || !s->rows[a.row].pixels) return;
    const hni_look_match match = hni_look_nearest(s->index, &s->rows[a.row].look, accept, &a);
    if (match.row >= 0)
        s->out[a.row] = (hni_copy){.kind = HN_FINDING_LOOK, .other = match.row, .turn = match.turn, .distance = match.distance};
}

static hn_status find_all(search *s, hn_error *err) {
    hn_status status = HN_OK;
    find_by_key(s, true);
    find_by_key(s, false);
    for (uint32_t i = 0; i < s->m; i++) {
        s->looks[i] = s->others[i].look;
        s->looks[i].plain |= !s->others[i].pixels;
    }
    status = hni_look_index_make(s->ctx, s->looks, s->m, &s->index, err);
    for (; s->first < s->n && !status; s->first += BLOCK) {
        status = hni_cancel_check(s->cancel, err);
        if (!status) hni_parallel_for(s->ctx, s->n - s->first < BLOCK ? s->n - s->first : BLOCK, find_near, s);
    }
    hni_look_index_free(s->index);
    return status;
}

hn_status hni_copies_find(hn_context *ctx, const hni_trace *rows, uint32_t n, const hni_trace *others, uint32_t m, const hn_cancel *cancel,
                          hni_copy *out, hn_error *err) {
    search s = {.ctx = ctx, .rows = rows, .n = n, .others = others ? others : rows, .m = others ? m : n, .within = !others, .out = out, .cancel = cancel};
    for (uint32_t i = 0; i < n; i++) out[i] = (hni_copy){0};
    s.order = hni_calloc(ctx, (size_t)s.m + 1, sizeof *s.order);
    s.looks = hni_calloc(ctx, (size_t)s.m + 1, sizeof *s.looks);
    hn_status status = s.order && s.looks ? find_all(&s, err) : hni_fail_memory(err, (size_t)s.m * sizeof *s.looks, "finding copies");
    hni_free(ctx, s.order);
    hni_free(ctx, s.looks);
    return status;
}
