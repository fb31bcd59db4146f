/* look_index.c - near looks without comparing all with all: multi-index hashing (Norouzi, Punjani and Fleet, 2012).
 *
 * The 255 lowest bits are cut into 17 parts of 15. Two looks that differ in at most 16 bits agree in at least one part as a whole, so a table for each part
 * that lists the rows by its value finds every one of them. Neighbouring frequencies go into different parts: the lowest ones, which all heads
 * share, would fill the buckets otherwise. A bucket that is fuller than MOST holds hundreds of nearly equal images, and its first ones stand for
 * it: that bounds the time even where all images are the same. */
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "look.h"

enum { PARTS = HNI_LOOK_NEAR + 1, PART_BITS = HNI_LOOK_BITS / PARTS, VALUES = 1 << PART_BITS, MOST = 1024 };

struct hni_look_index {
    hn_context *ctx;
    const hni_look *looks;
    uint32_t n;
    uint32_t *end;  /* [PARTS, VALUES] place behind the last row of each value; those of the value before end where its own begin */
    uint32_t *rows; /* [PARTS, n] */
};

/* Bit i is that of frequency (i / 16, i % 16); part p has those with i % PARTS = p, but for bit 0, which is always 0. */
static void find_parts(const hni_look *look, uint32_t parts[PARTS]) {
    memset(parts, 0, PARTS * sizeof *parts);
    for (int i = 1; i <= HNI_LOOK_BITS; i++) {
        uint32_t *part = &parts[i % PARTS];
        *part = *part << 1 | (look->rows[i / HNI_LOOK_LOW] >> (i % HNI_LOOK_LOW) & 1);
    }
}

/* Counting sort of each part; a bucket's rows ascend. */
static void fill(hni_look_index *x) {
    uint32_t parts[PARTS];
    for (uint32_t i = 0; i < x->n; i++) {
        if (x->looks[i].plain) continue;
        find_parts(&x->looks[i], parts);
        for (size_t p = 0; p < PARTS; p++) x->end[p * VALUES + parts[p]]++;
    }
    for (size_t p = 0; p < PARTS; p++) {
        uint32_t before = 0;
        for (size_t v = 0; v < VALUES; v++) {
            const uint32_t count = x->end[p * VALUES + v];
            x->end[p * VALUES + v] = before; /* where its first row goes; moves on to its end */
            before += count;
        }
    }
    for (uint32_t i = 0; i < x->n; i++) {
        if (x->looks[i].plain) continue;
        find_parts(&x->looks[i], parts);
        for (size_t p = 0; p < PARTS; p++) x->rows[p * x->n + x->end[p * VALUES + parts[p]]++] = i;
    }
}

hn_status hni_look_index_make(hn_context *ctx, const hni_look *looks, uint32_t n, hni_look_index **out, hn_error *err) {
    hni_look_index *x = hni_calloc(ctx, 1, sizeof *x);
    *out = NULL;
    if (!x) return hni_fail_memory(err, sizeof *x, "an index of images");
    *x = (hni_look_index){.ctx = ctx, .looks = looks, .n = n};
    x->end = hni_calloc(ctx, (size_t)PARTS * VALUES, sizeof *x->end);
    x->rows = hni_calloc(ctx, (size_t)n * PARTS + 1, sizeof *x->rows);
    if (!x->end || !x->rows) {
        hni_look_index_free(x);
        return hni_fail_memory(err, ((size_t)n + VALUES) * PARTS * sizeof *x->rows, "an index of images");
    }
    fill(x);
    *out = x;
    return HN_OK;
}

void hni_look_index_free(hni_look_index *x) {
    if (!x) return;
    hni_free(x->ctx, x->end);
    hni_free(x->ctx, x->rows);
    hni_free(x->ctx, x);
}

static const uint32_t *bucket(const hni_look_index *x, size_t part, uint32_t value, uint32_t *n) {
    const uint32_t *end = x->end + part * VALUES, from = value ? end[value - 1] : 0;
    *n = end[value] - from;
    return x->rows + part * x->n + from;
}

/* Bits that differ, or one too many. */
static int distance_of(const hni_look *a, const hni_look *b) {
    const int low = hni_look_distance(a, b), detail = low <= HNI_LOOK_NEAR ? hni_look_detail(a, b) : 0;
    return low <= HNI_LOOK_NEAR && detail <= HNI_LOOK_DETAIL ? low + detail : HNI_LOOK_NEAR + HNI_LOOK_DETAIL + 1;
}

hni_look_match hni_look_nearest(const hni_look_index *x, const hni_look *look, bool (*accept)(const void *user, uint32_t row), const void *user) {
    hni_look_match best = {.row = -1, .distance = HNI_LOOK_NEAR + HNI_LOOK_DETAIL + 1};
    uint32_t parts[PARTS], n;
    for (int turn = 0; turn < HNI_TURNS && !look->plain; turn++) {
        const hni_look turned = hni_look_turned(look, turn);
        find_parts(&turned, parts);
        for (size_t p = 0; p < PARTS; p++) {
            const uint32_t *rows = bucket(x, p, parts[p], &n);
            for (uint32_t i = 0; i < n && i < MOST; i++) {
                const int distance = distance_of(&turned, &x->looks[rows[i]]);
                const bool better = distance < best.distance || (distance == best.distance && turn == best.turn && (int64_t)rows[i] < best.row);
                if (better && accept(user, rows[i])) best = (hni_look_match){rows[i], turn, distance};
            }
        }
    }
    if (best.row < 0) best.distance = 0;
    return best;
}
