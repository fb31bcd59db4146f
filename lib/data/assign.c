/* assign.c - which bin each group of rows goes to: stratified, and never a group in two bins.
 *
 * Dividing groups exactly is bin packing, so this is a greedy: groups that hold most of a class come first, each goes where the
 * sum over classes of (count - target)² / target grows least, then single groups move while that sum falls. For groups of one
 * row the rule is Sainte-Laguë's divisor method, whose two-part result is the exact rounding of every class. Ties go by the
 * rows in the bins, so that remainders of classes do not pile up in one of them. After scikit-learn's StratifiedGroupKFold. */
#include "split.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/random.h"
#include "../base/status.h"
#include "sort.h"

enum { ROUNDS = 8 };
static const double better = 1e-9; /* what a move must gain: more than rounding could */

typedef struct work {
    const hni_split_problem *p;
    uint32_t *first, *members; /* rows by group: members[first[g] … first[g + 1]) */
    uint32_t *total;           /* [n_strata] rows */
    uint32_t *count;           /* [bins · n_strata] rows so far */
    uint32_t *filled, *held;   /* [bins] rows and groups so far */
    uint32_t *amount, *touched, n_touched; /* of the current group: rows by stratum, and which strata */
    uint32_t *order, *place;   /* groups in the order of work; place = position after the shuffle */
    double *weight;            /* [n_groups] largest share of any stratum */
    uint32_t rows;             /* of the current group */
} work;

static hn_status take_memory(work *w, hn_error *err) {
    const hni_split_problem *p = w->p;
    hn_context *c = p->ctx;
    size_t cells;
    size_t g = p->n_groups, s = p->n_strata, b = (size_t)p->bins;
    if (!hni_mul(b, s, &cells)) return hni_fail(err, HN_E_LIMIT, "%d folds of %u classes are too many", p->bins, p->n_strata);
    w->first = hni_calloc(c, g + 1, sizeof(uint32_t));
    w->members = hni_calloc(c, p->n_rows, sizeof(uint32_t));
    w->total = hni_calloc(c, s, sizeof(uint32_t));
    w->count = hni_calloc(c, cells, sizeof(uint32_t));
    w->filled = hni_calloc(c, b, sizeof(uint32_t));
    w->held = hni_calloc(c, b, sizeof(uint32_t));
    w->amount = hni_calloc(c, s, sizeof(uint32_t));
    w->touched = hni_calloc(c, s, sizeof(uint32_t));
    w->order = hni_calloc(c, g, sizeof(uint32_t));
    w->place = hni_calloc(c, g, sizeof(uint32_t));
    w->weight = hni_calloc(c, g, sizeof(double));
    if (!w->first || !w->members || !w->total || !w->count || !w->filled || !w->held || !w->amount || !w->touched || !w->order ||
        !w->place || !w->weight)
        return hni_fail_memory(err, cells * sizeof(uint32_t), "a split");
    return HN_OK;
}

static void give_memory(work *w) {
    void *all[] = {w->first, w->members, w->total, w->count, w->filled, w->held, w->amount, w->touched, w->order, w->place, w->weight};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) hni_free(w->p->ctx, all[i]);
}

/* Rows by group, counting sort; totals by stratum. */
static void sort_rows(work *w) {
    const hni_split_problem *p = w->p;
    for (uint32_t i = 0; i < p->n_rows; i++) {
        w->first[p->group[i] + 1]++;
        w->total[p->stratum[i]]++;
    }
    for (uint32_t g = 0; g < p->n_groups; g++) w->first[g + 1] += w->first[g];
    for (uint32_t i = 0; i < p->n_rows; i++) w->members[w->first[p->group[i]] + w->place[p->group[i]]++] = i; /* place is scratch here */
}

static void load_group(work *w, uint32_t g) {
    for (uint32_t i = 0; i < w->n_touched; i++) w->amount[w->touched[i]] = 0;
    w->n_touched = 0;
    w->rows = w->first[g + 1] - w->first[g];
    for (uint32_t i = w->first[g]; i < w->first[g + 1]; i++) {
        uint32_t s = w->p->stratum[w->members[i]];
        if (w->amount[s]++ == 0) w->touched[w->n_touched++] = s;
    }
}

static bool heavier(const void *user, uint32_t a, uint32_t b) {
    const work *w = user;
    if (w->weight[a] != w->weight[b]) return w->weight[a] > w->weight[b];
    return w->place[a] < w->place[b];
}

static void put_in_order(work *w) {
    const hni_split_problem *p = w->p;
    hni_random random;
    for (uint32_t g = 0; g < p->n_groups; g++) {
        load_group(w, g);
        for (uint32_t i = 0; i < w->n_touched; i++) {
            double share = (double)w->amount[w->touched[i]] / (double)w->total[w->touched[i]];
            if (share > w->weight[g]) w->weight[g] = share;
        }
        w->order[g] = g;
    }
    hni_random_init(&random, p->seed, HNI_RANDOM_SPLIT, 0, 0);
    hni_shuffle(&random, w->order, p->n_groups);
    for (uint32_t i = 0; i < p->n_groups; i++) w->place[w->order[i]] = i;
    hni_sort_u32(w->order, p->n_groups, heavier, w);
}

/* What adding (sign 1) the current group to bin b, or taking it out (sign -1), does to the sum over its classes. */
static double change(const work *w, int32_t b, double sign) {
    const uint32_t *count = w->count + (size_t)b * w->p->n_strata;
    double sum = 0;
    for (uint32_t i = 0; i < w->n_touched; i++) {
        uint32_t s = w->touched[i];
        double target = w->p->share[b] * (double)w->total[s], x = (double)w->amount[s];
        sum += x * (2 * sign * ((double)count[s] - target) + x) / target;
    }
    return sum;
}

static double change_rows(const work *w, int32_t b) {
    double target = w->p->share[b] * (double)w->p->n_rows, x = (double)w->rows;
    return x * (2 * ((double)w->filled[b] - target) + x) / target;
}

static void move_group(work *w, int32_t b, bool in) {
    uint32_t *count = w->count + (size_t)b * w->p->n_strata;
    for (uint32_t i = 0; i < w->n_touched; i++) {
        if (in) count[w->touched[i]] += w->amount[w->touched[i]];
        else count[w->touched[i]] -= w->amount[w->touched[i]];
    }
    w->filled[b] = in ? w->filled[b] + w->rows : w->filled[b] - w->rows;
    w->held[b] = in ? w->held[b] + 1 : w->held[b] - 1;
}

static int32_t best_bin(const work *w, double *gain) {
    int32_t best = 0;
    double least = change(w, 0, 1);
    for (int32_t b = 1; b < w->p->bins; b++) {
        double now = change(w, b, 1);
        if (now < least || (now == least && change_rows(w, b) < change_rows(w, best))) {
            least = now;
            best = b;
        }
    }
    *gain = least;
    return best;
}

/* Moves single groups while that makes the sum smaller. Returns whether any moved. */
static bool improve(work *w, uint32_t *bin) {
    bool moved = false;
    for (uint32_t i = 0; i < w->p->n_groups; i++) {
        uint32_t g = w->order[i];
        int32_t from = (int32_t)bin[g];
        double cost;
        if (w->held[from] < 2) continue; /* a bin is not emptied */
        load_group(w, g);
        double relief = change(w, from, -1);
        move_group(w, from, false);
        int32_t to = best_bin(w, &cost);
        if (cost + relief >= -better) to = from;
        move_group(w, to, true);
        moved = moved || to != from;
        bin[g] = (uint32_t)to;
    }
    return moved;
}

hn_status hni_split_assign(const hni_split_problem *problem, uint32_t *bin, hn_error *err) {
    work w = {.p = problem};
    double cost;
    hn_status status = take_memory(&w, err);
    if (status == HN_OK) {
        sort_rows(&w);
        put_in_order(&w);
        for (uint32_t i = 0; i < problem->n_groups; i++) {
            load_group(&w, w.order[i]);
            int32_t b = best_bin(&w, &cost);
            move_group(&w, b, true);
            bin[w.order[i]] = (uint32_t)b;
        }
        for (int32_t round = 0; round < ROUNDS && improve(&w, bin); round++) continue;
    }
    give_memory(&w);
    return status;
}
