/* groups.c - numbering the groups of an evaluation's rows through a table of their names. */
#include "groups.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"

static uint64_t hash(const char *text) { /* FNV-1a */
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *text; text++) {
        h = (h ^ (uint8_t)*text) * UINT64_C(1099511628211);
    }
    return h;
}

/* slots [size], a power of two above n: 1 + the first row of a group; 0 = free. Gives the row's group. */
static int64_t find(const hn_eval *eval, hni_groups *g, int64_t *slots, size_t size, int64_t row) {
    const char *name = eval->groups[row];
    size_t at = name ? (size_t)hash(name) & (size - 1) : 0;
    if (!name || !*name) {
        return g->count++;
    }
    for (; slots[at]; at = (at + 1) & (size - 1)) {
        if (strcmp(eval->groups[slots[at] - 1], name) == 0) {
            return g->of[slots[at] - 1];
        }
    }
    slots[at] = row + 1;
    return g->count++;
}

/* Rows by group: counted, then dealt out in order. begin is one place ahead while it counts. */
static void sort_by_group(hni_groups *g) {
    for (int64_t i = 0; i < g->n; i++) {
        g->begin[g->of[i] + 1]++;
    }
    for (int64_t k = 0; k < g->count; k++) {
        g->begin[k + 1] += g->begin[k];
    }
    for (int64_t i = 0; i < g->n; i++) {
        g->rows[g->begin[g->of[i]]++] = i;
    }
    for (int64_t k = g->count; k > 0; k--) {
        g->begin[k] = g->begin[k - 1];
    }
    g->begin[0] = 0;
}

hn_status hni_groups_make(const hn_eval *eval, hni_groups *out, hn_error *err) {
    hn_context *ctx = eval->ctx;
    const size_t n = (size_t)eval->n;
    size_t size = 16;
    while (size < 2 * n) {
        size *= 2;
    }
    hni_groups g = {.ctx = ctx, .n = eval->n};
    int64_t *slots = hni_calloc(ctx, size, sizeof *slots);
    g.of = hni_calloc(ctx, n, sizeof *g.of);
    g.begin = hni_calloc(ctx, n + 2, sizeof *g.begin);
    g.rows = hni_calloc(ctx, n, sizeof *g.rows);
    const bool enough = slots && g.of && g.begin && g.rows;
    if (enough) {
        for (int64_t i = 0; i < g.n; i++) {
            g.of[i] = find(eval, &g, slots, size, i);
        }
        sort_by_group(&g);
        *out = g;
    } else {
        hni_groups_free(&g);
        *out = g;
    }
    hni_free(ctx, slots);
    return enough ? HN_OK : hni_fail_memory(err, n * sizeof *g.of, "the groups of an evaluation");
}

void hni_groups_free(hni_groups *groups) {
    if (groups->ctx) {
        hni_free(groups->ctx, groups->of);
        hni_free(groups->ctx, groups->begin);
        hni_free(groups->ctx, groups->rows);
    }
    *groups = (hni_groups){0};
}
