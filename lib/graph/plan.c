/* plan.c - where every tensor of a program lies: lifetimes, then one arena.
 *
 * A tensor lives from the node that writes it to the last that reads it. Elementwise operators whose input ends there work in place.
 * Then greedily: the largest first, each into the smallest gap that is free for all of its life (first fit above when there is none).
 * Ties go by birth and number, so the same network gives the same plan everywhere. A node's workspace is a tensor that lives for that
 * node alone. Optimal packing is NP-hard; this is within a few per cent on networks of our kind. */
#include "../base/memory.h"
#include "../base/status.h"
#include "executor.h"
#include "program.h"

/* Something to be placed. */
typedef struct item {
    uint64_t bytes, offset; /* bytes is a multiple of HNI_ALIGN */
    int32_t first, last;
    uint64_t *result;       /* where the offset goes */
} item;

static void touch(hni_program *p, int32_t place, int32_t node) {
    if (place < 0)
        return;
    hni_place *root = &p->places[hni_program_root(p, place)];
    if (node < root->first)
        root->first = node;
    if (node > root->last)
        root->last = node;
}

static void find_lifetimes(hni_program *p) {
    const int32_t end = (int32_t)p->n_nodes;
    for (size_t i = 0; i < p->n_places; i++) {
        p->places[i].first = INT32_MAX;
        p->places[i].last = -2;
    }
    for (int32_t s = 0; s < end; s++) {
        for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
            touch(p, p->nodes[s].in[i], s);
            touch(p, p->nodes[s].out[i], s);
        }
    }
    for (size_t i = 0; i < p->n_places; i++) {
        if (p->places[i].staged)
            touch(p, (int32_t)i, -1);
        if (p->places[i].kept)
            touch(p, (int32_t)i, end);
    }
}

/* The input that backend.h allows the only output to lie on; -1 = none. */
static int in_place_input(const hn_op_desc *d) {
    switch (d->kind) {
    case HN_OP_ACTIVATION:
    case HN_OP_ADD:
    case HN_OP_DROPOUT:
        return 0;
    case HN_OP_ACTIVATION_GRAD:
        return 1;
    default:
        return -1;
    }
}

/* Input i of node s ends there, and nothing else that the node reads lies on it. */
static bool ends_here(const hni_program *p, int32_t s, int i) {
    const hni_node *node = &p->nodes[s];
    const int32_t x = hni_program_root(p, node->in[i]);
    if (p->places[x].home != HNI_HOME_ARENA || p->places[x].last != s)
        return false;
    for (int k = 0; k < HN_OP_MAX_TENSORS; k++)
        if (k != i && node->in[k] >= 0 && hni_program_root(p, node->in[k]) == x)
            return false;
    return true;
}

static void work_in_place(hni_program *p) {
    for (int32_t s = 0; s < (int32_t)p->n_nodes; s++) {
        hni_node *node = &p->nodes[s];
        const int i = in_place_input(&node->desc);
        if (i < 0)
            continue;
        if (node->desc.kind == HN_OP_ADD && !ends_here(p, s, 0) && ends_here(p, s, 1)) { /* a + b = b + a, to the bit */
            const int32_t a = node->in[0];
            node->in[0] = node->in[1];
            node->in[1] = a;
        }
        if (!ends_here(p, s, i))
            continue;
        const int32_t x = hni_program_root(p, node->in[i]), y = hni_program_root(p, node->out[0]);
        if (x == y || p->places[y].first != s || p->places[x].bytes != p->places[y].bytes)
            continue;
        p->places[y].alias = x;
        p->places[x].last = p->places[y].last;
    }
}

/* Largest first; then born first. The items stand in the order of their numbers, so comparing addresses breaks ties. */
static bool before(const item *a, const item *b) {
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes;
    if (a->first != b->first)
        return a->first < b->first;
    return a < b;
}

static void sift(item **heap, size_t at, size_t n) {
    for (size_t child = 2 * at + 1; child < n; at = child, child = 2 * at + 1) {
        if (child + 1 < n && before(heap[child], heap[child + 1]))
            child++;
        if (!before(heap[at], heap[child]))
            return;
        item *swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
    }
}

/* Heap sort: qsort may call malloc, and all memory is to come from the context. */
static void sort(item **items, size_t n) {
    for (size_t i = n / 2; i-- > 0;)
        sift(items, i, n);
    for (size_t end = n; end-- > 1;) {
        item *swap = items[0];
        items[0] = items[end];
        items[end] = swap;
        sift(items, 0, end);
    }
}

/* placed: by offset. Gives the offset of the smallest gap that it fits into, among items that live at the same time. */
static uint64_t best_gap(item *const *placed, size_t n, const item *it) {
    uint64_t end = 0, best = UINT64_MAX, offset = UINT64_MAX; /* end: of what lies below and lives at the same time */
    for (size_t i = 0; i < n; i++) {
        const item *other = placed[i];
        if (other->first > it->last || other->last < it->first)
            continue;
        if (other->offset > end && other->offset - end >= it->bytes && other->offset - end < best) {
            best = other->offset - end;
            offset = end;
        }
        if (other->offset + other->bytes > end)
            end = other->offset + other->bytes;
    }
    return offset == UINT64_MAX ? end : offset;
}

static hn_status place_items(hni_program *p, item **order, item **placed, size_t n, hn_error *err) {
    sort(order, n);
    p->arena_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        item *it = order[i];
        it->offset = best_gap(placed, i, it);
        if (it->offset > (uint64_t)INT64_MAX - it->bytes)
            return hni_fail(err, HN_E_LIMIT, "the memory of this network at a batch of %d cannot be counted; use a smaller batch",
                            p->options.batch);
        if (it->offset + it->bytes > p->arena_bytes)
            p->arena_bytes = it->offset + it->bytes;
        size_t at = i;
        for (; at > 0 && placed[at - 1]->offset > it->offset; at--)
            placed[at] = placed[at - 1];
        placed[at] = it;
        *it->result = it->offset;
    }
    return HN_OK;
}

static uint64_t aligned(uint64_t bytes) {
    return bytes > (uint64_t)INT64_MAX ? (uint64_t)INT64_MAX / HNI_ALIGN * HNI_ALIGN : (bytes + HNI_ALIGN - 1) / HNI_ALIGN * HNI_ALIGN;
}

static size_t collect(hni_program *p, item *items) {
    size_t n = 0;
    for (size_t i = 0; i < p->n_places; i++) {
        hni_place *t = &p->places[i];
        if (t->home == HNI_HOME_ARENA && t->alias == (int32_t)i && t->last >= t->first)
            items[n++] = (item){.bytes = aligned(t->bytes), .first = t->first, .last = t->last, .result = &t->offset};
    }
    for (size_t i = 0; i < p->n_nodes; i++)
        if (p->nodes[i].workspace > 0)
            items[n++] = (item){.bytes = aligned(p->nodes[i].workspace), .first = (int32_t)i, .last = (int32_t)i,
                                .result = &p->nodes[i].workspace_offset};
    return n;
}

hn_status hni_program_plan(hni_program *p, hn_error *err) {
    find_lifetimes(p);
    work_in_place(p);
    const size_t most = p->n_places + p->n_nodes + 1;
    item *items = hni_calloc(p->ctx, most, sizeof *items);
    item **order = hni_calloc(p->ctx, most, sizeof *order), **placed = hni_calloc(p->ctx, most, sizeof *placed);
    hn_status status;
    if (!items || !order || !placed) {
        status = hni_fail_memory(err, most * sizeof *items, "the memory plan of a network");
        goto done;
    }
    const size_t n = collect(p, items);
    for (size_t i = 0; i < n; i++)
        order[i] = &items[i];
    status = place_items(p, order, placed, n, err);
    if (status != HN_OK)
        goto done;
    for (size_t i = 0; i < p->n_places; i++)
        p->places[i].offset = p->places[hni_program_root(p, (int32_t)i)].offset;
done:
    hni_free(p->ctx, items);
    hni_free(p->ctx, order);
    hni_free(p->ctx, placed);
    return status;
}

hn_status hni_plan_arena_bytes(const hni_graph *graph, int32_t mode, int32_t batch, int32_t task, uint64_t *bytes, hn_error *err) {
    const hni_program_options options = {.mode = mode, .batch = batch, .task = task, .positive = -1, .threshold = 0.5};
    hni_program p = {0};
    hn_status status = hni_program_make(&p, graph, &options, err);
    if (status == HN_OK)
        status = hni_program_plan(&p, err);
    if (status == HN_OK)
        *bytes = p.arena_bytes;
    hni_program_free(&p);
    return status;
}
