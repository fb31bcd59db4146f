/* neighbours.c - which rows are the slices beside a row: the same patient and study, the next lower and the next higher slice number.
 *
 * Of all rows of the store, not of one part of a split: the slices of one patient lie on one side of a split by patient anyway, and where it is not
 * by patient, a test part that lost its neighbours would be judged by other images than the model sees in use. A gap in the numbers is bridged: the
 * next slice that there is counts as the neighbour, as in a series that is predicted whole (hn_predict_series). Several rows with one number (a
 * slice in several windows, say) are no neighbours of each other; of those of a neighbouring number the nearest in the order of rows is taken. */
#include "../base/log.h"
#include "../base/memory.h"
#include "../base/status.h"
#include "dataset.h"
#include "sort.h"

static bool less(const void *user, uint32_t a, uint32_t b) {
    const hni_row *rows = user, *x = &rows[a], *y = &rows[b];
    if (x->patient != y->patient) return x->patient < y->patient;
    if (x->study != y->study) return x->study < y->study;
    if (x->slice != y->slice) return x->slice < y->slice;
    return a < b;
}

static bool same_series(const hni_row *x, const hni_row *y) { return x->patient == y->patient && x->study == y->study; }

/* order: rows with patient and number, sorted. A row without a neighbour is its own. */
static void link_rows(hni_store *s, const uint32_t *order, uint32_t n) {
    for (uint32_t i = 0; i < s->n_rows; i++) s->lower[i] = s->higher[i] = i;
    for (uint32_t begin = 0, end; begin < n; begin = end) {
        const hni_row *first = &s->rows[order[begin]];
        for (end = begin + 1; end < n && same_series(first, &s->rows[order[end]]) && first->slice == s->rows[order[end]].slice;) end++;
        for (uint32_t i = begin; i < end; i++) {
            if (begin > 0 && same_series(first, &s->rows[order[begin - 1]])) s->lower[order[i]] = order[begin - 1];
            if (end < n && same_series(first, &s->rows[order[end]])) s->higher[order[i]] = order[end];
        }
    }
}

static hn_status find(hni_store *s, hn_error *err) {
    uint32_t n = 0, *order = hni_calloc(s->ctx, s->n_rows + 1, sizeof *order);
    uint32_t *both = hni_calloc(s->ctx, 2 * s->n_rows + 1, sizeof *both);
    if (!order || !both) {
        hni_free(s->ctx, order);
        hni_free(s->ctx, both);
        return hni_fail_memory(err, 3 * s->n_rows * sizeof *order, "the neighbours of slices");
    }
    s->lower = both;
    s->higher = both + s->n_rows;
    for (uint32_t i = 0; i < s->n_rows; i++)
        if (s->rows[i].patient && s->rows[i].slice >= 0) order[n++] = i;
    hni_sort_u32(order, n, less, s->rows);
    link_rows(s, order, n);
    hni_free(s->ctx, order);
    if (n < s->n_rows)
        hni_log_message(s->ctx, HN_LOG_WARNING, "data", "%zu of %zu rows have no patient or no slice number (columns of a manifest): they are "
                        "their own neighbours", s->n_rows - n, s->n_rows);
    return HN_OK;
}

hn_status hni_store_link(hni_store *s, hn_error *err) {
    hni_mutex_lock(&s->lock);
    hn_status status = s->lower ? HN_OK : find(s, err);
    hni_mutex_unlock(&s->lock);
    return status;
}
