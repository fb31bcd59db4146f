/* assign.c - which bin each group of rows goes to: random first, stratified, and never a group in two bins.
 *
 * A split that only looked for the best balance would give nearly the same parts for every seed, since few divisions of unequal
 * groups are best. So groups are shuffled by the seed, dealt out in proportion within their rarest class (Sainte-Laguë's divisor
 * method: for groups of one row that is the exact rounding of every class), and then random moves and exchanges are taken only while
 * some bin's share of a class, or of the rows, is off by more than a tolerance. Inside it, chance has the last word. */
#include "split.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/random.h"
#include "../base/status.h"
#include "sort.h"

static const double relative_slack = 0.1; /* of a target, that is left to chance */
static const double better = 1e-9;        /* what a move must gain: more than rounding could */
enum { TRIES = 20000, TRIES_A_GROUP = 16 };

/* A group's rows of one class. */
typedef struct part {
    uint32_t stratum, rows;
} part;

typedef struct work {
    const hni_split_problem *p;
    hni_random random;
    uint32_t *first;           /* [n_groups + 1] of a group's parts */
    part *parts;               /* at most one a row */
    uint32_t *total, *spread;  /* [n_strata] rows; groups that have any */
    uint32_t *count;           /* [bins · n_strata] rows so far */
    uint32_t *seats;           /* [bins · n_strata] groups so far, by their rarest class */
    uint32_t *filled, *held;   /* [bins] rows and groups so far */
    uint32_t *rows, *rarest;   /* [n_groups] rows; the class that the fewest groups have */
    uint32_t *order, *place;   /* groups in the order of work; place = position after the shuffle */
} work;

static hn_status take_memory(work *w, hn_error *err) {
    const hni_split_problem *p = w->p;
    hn_context *c = p->ctx;
    size_t cells, g = p->n_groups, s = p->n_strata, b = (size_t)p->bins;
    if (!hni_mul(b, s, &cells)) return hni_fail(err, HN_E_LIMIT, "%d folds of %u classes are too many", p->bins, p->n_strata);
    w->first = hni_calloc(c, g + 1, sizeof(uint32_t));
    w->parts = hni_calloc(c, p->n_rows, sizeof(part));
    w->total = hni_calloc(c, s, sizeof(uint32_t));
    w->spread = hni_calloc(c, s, sizeof(uint32_t));
    w->count = hni_calloc(c, cells, sizeof(uint32_t));
    w->seats = hni_calloc(c, cells, sizeof(uint32_t));
    w->filled = hni_calloc(c, b, sizeof(uint32_t));
    w->held = hni_calloc(c, b, sizeof(uint32_t));
    w->rows = hni_calloc(c, g, sizeof(uint32_t));
    w->rarest = hni_calloc(c, g, sizeof(uint32_t));
    w->order = hni_calloc(c, g, sizeof(uint32_t));
    w->place = hni_calloc(c, g, sizeof(uint32_t));
    if (!w->first || !w->parts || !w->total || !w->spread || !w->count || !w->seats || !w->filled || !w->held || !w->rows ||
        !w->rarest || !w->order || !w->place)
        return hni_fail_memory(err, cells * sizeof(uint32_t), "a split");
    return HN_OK;
}

static void give_memory(work *w) {
    void *all[] = {w->first, w->parts, w->total, w->spread, w->count, w->seats, w->filled, w->held, w->rows, w->rarest, w->order, w->place};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) hni_free(w->p->ctx, all[i]);
}

static bool by_group(const void *user, uint32_t a, uint32_t b) {
    const hni_split_problem *p = ((const work *)user)->p;
    return p->group[a] != p->group[b] ? p->group[a] < p->group[b] : p->stratum[a] < p->stratum[b];
}

/* Rows → parts of groups, and the totals. */
static hn_status sum_up(work *w, hn_error *err) {
    const hni_split_problem *p = w->p;
    uint32_t n = 0, *sorted = hni_calloc(p->ctx, p->n_rows, sizeof *sorted);
    if (!sorted) return hni_fail_memory(err, p->n_rows * sizeof *sorted, "a split");
    for (uint32_t i = 0; i < p->n_rows; i++) sorted[i] = i;
    hni_sort_u32(sorted, p->n_rows, by_group, w);
    for (uint32_t i = 0; i < p->n_rows; i++) {
        uint32_t g = p->group[sorted[i]], s = p->stratum[sorted[i]];
        if (i == 0 || by_group(w, sorted[i - 1], sorted[i])) {
            w->parts[n++] = (part){.stratum = s};
            w->spread[s]++;
        }
        w->parts[n - 1].rows++;
        w->first[g + 1] = n;
        w->rows[g]++;
        w->total[s]++;
    }
    hni_free(p->ctx, sorted);
    for (uint32_t g = 0; g < p->n_groups; g++) {
        w->rarest[g] = w->parts[w->first[g]].stratum;
        for (uint32_t i = w->first[g]; i < w->first[g + 1]; i++) {
            if (w->spread[w->parts[i].stratum] < w->spread[w->rarest[g]]) w->rarest[g] = w->parts[i].stratum;
        }
    }
    return HN_OK;
}

static bool rarer(const void *user, uint32_t a, uint32_t b) {
    const work *w = user;
    uint32_t x = w->spread[w->rarest[a]], y = w->spread[w->rarest[b]];
    return x != y ? x < y : w->place[a] < w->place[b];
}

static void put_in_order(work *w) {
    uint32_t n = w->p->n_groups;
    for (uint32_t g = 0; g < n; g++) w->order[g] = g;
    hni_random_init(&w->random, w->p->seed, HNI_RANDOM_SPLIT, 0, 0);
    hni_shuffle(&w->random, w->order, n);
    for (uint32_t i = 0; i < n; i++) w->place[w->order[i]] = i;
    hni_sort_u32(w->order, n, rarer, w);
}

/* By how much a count is off its target beyond what is left to chance: a part of the target, or half a usual group (less could not be
 * had), but not so much that a bin could do without. worth: rows of a usual group. */
static double excess(double count, double target, double worth) {
    double slack = fmax(1, fmax(relative_slack * target, fmin(worth / 2, target / 2)));
    double off = fabs(count - target) - slack;
    return off > 0 ? off * off / target : 0;
}

/* The excess of a bin over the classes of a group, and over the rows. */
static double excess_of(const work *w, uint32_t g, uint32_t b) {
    const hni_split_problem *p = w->p;
    double sum = excess(w->filled[b], p->share[b] * p->n_rows, (double)p->n_rows / p->n_groups);
    for (uint32_t i = w->first[g]; i < w->first[g + 1]; i++) {
        uint32_t s = w->parts[i].stratum;
        sum += excess(w->count[(size_t)b * p->n_strata + s], p->share[b] * w->total[s], (double)w->total[s] / w->spread[s]);
    }
    return sum;
}

static void put(work *w, uint32_t g, uint32_t b) {
    for (uint32_t i = w->first[g]; i < w->first[g + 1]; i++)
        w->count[(size_t)b * w->p->n_strata + w->parts[i].stratum] += w->parts[i].rows;
    w->filled[b] += w->rows[g];
    w->held[b]++;
}

static void take(work *w, uint32_t g, uint32_t b) {
    for (uint32_t i = w->first[g]; i < w->first[g + 1]; i++)
        w->count[(size_t)b * w->p->n_strata + w->parts[i].stratum] -= w->parts[i].rows;
    w->filled[b] -= w->rows[g];
    w->held[b]--;
}

/* Moves a group; returns what that adds to the sum of excesses. */
static double move(work *w, uint32_t *bin, uint32_t g, uint32_t to) {
    uint32_t from = bin[g];
    double before = excess_of(w, g, from) + excess_of(w, g, to);
    take(w, g, from);
    put(w, g, to);
    bin[g] = to;
    return excess_of(w, g, from) + excess_of(w, g, to) - before;
}

/* The bin with the fewest groups of this class for its share; among equals, the one with the fewest rows. */
static uint32_t next_bin(const work *w, uint32_t g) {
    uint32_t best = 0, bins = (uint32_t)w->p->bins;
    double fewest = 0, emptiest = 0;
    for (uint32_t b = 0; b < bins; b++) {
        double share = w->p->share[b], seats = (2.0 * w->seats[(size_t)b * w->p->n_strata + w->rarest[g]] + 1) / share;
        double rows = (2.0 * w->filled[b] + w->rows[g]) / share;
        if (b == 0 || seats < fewest || (seats == fewest && rows < emptiest)) {
            best = b;
            fewest = seats;
            emptiest = rows;
        }
    }
    return best;
}

static bool within_slack(const work *w) {
    for (uint32_t g = 0; g < w->p->n_groups; g++) { /* every class is some group's */
        for (int32_t b = 0; b < w->p->bins; b++) {
            if (excess_of(w, g, (uint32_t)b) > 0) return false;
        }
    }
    return true;
}

/* One random move, or exchange of two groups; taken back if it brings nothing. */
static void try_one(work *w, uint32_t *bin) {
    uint32_t n = w->p->n_groups, g = hni_random_below(&w->random, n), h = hni_random_below(&w->random, n);
    uint32_t from = bin[g], to = bin[h];
    bool exchange = from != to && hni_random_below(&w->random, 2);
    if (!exchange) to = hni_random_below(&w->random, (uint32_t)w->p->bins);
    if (from == to || (!exchange && w->held[from] < 2)) return; /* a bin is not emptied */
    double gain = -move(w, bin, g, to);
    if (exchange) gain -= move(w, bin, h, from);
    if (gain > better) return;
    if (exchange) move(w, bin, h, to);
    move(w, bin, g, from);
}

hn_status hni_split_assign(const hni_split_problem *problem, uint32_t *bin, hn_error *err) {
    work w = {.p = problem};
    uint64_t n = problem->n_groups;
    hn_status status = take_memory(&w, err);
    if (status == HN_OK) status = sum_up(&w, err);
    if (status == HN_OK) {
        put_in_order(&w);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t g = w.order[i], b = next_bin(&w, g);
            w.seats[(size_t)b * problem->n_strata + w.rarest[g]]++;
            put(&w, g, b);
            bin[g] = b;
        }
        uint64_t tries = TRIES + TRIES_A_GROUP * n;
        for (uint64_t done = 0; done < tries && !within_slack(&w);) {
            for (uint64_t i = 0; i < n && done < tries; i++, done++) try_one(&w, bin);
        }
    }
    give_memory(&w);
    return status;
}
