/* evidence_rows.c - single images: what their files were, to the bit, and which of them people should look at. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"

/* SHA-256 of each file, and one over all of them in order. */
int find_rows(evidence *e) {
    const int64_t n = e->levels[0].m.n;
    hn_eval_sample row = {.struct_size = sizeof row};
    digest all;
    e->image_sha256 = calloc((size_t)n + 1, sizeof *e->image_sha256);
    if (!e->image_sha256) return fail_text("out of memory");
    digest_begin(&all);
    for (int64_t i = 0; i < n; i++) {
        hn_error err = {0};
        if (hn_eval_row(e->source->eval, i, &row, &err)) return fail(&err);
        if (!digest_file(row.path, e->image_sha256[i])) return fail_text("cannot read %s: %s", row.path, strerror(errno));
        digest_add(&all, e->image_sha256[i], DIGEST_TEXT - 1);
    }
    digest_end(&all, e->contents_sha256);
    return EXIT_DONE;
}

/* Probability of the truth; of several labels the least of them. */
static double truth_of(const evidence *e, const hn_eval_sample *row) {
    double least = 1;
    if (!e->multi) return row->probabilities[row->label];
    for (int32_t k = 0; k < e->levels[0].m.n_classes; k++) {
        const double p = row_has(e, row, k) ? row->probabilities[k] : 1 - row->probabilities[k];
        if (p < least) least = p;
    }
    return least;
}

static bool is_right(const evidence *e, const hn_eval_sample *row) {
    if (!e->multi) return row->predicted == row->label;
    for (int32_t k = 0; k < e->levels[0].m.n_classes; k++)
        if ((row->probabilities[k] >= e->levels[0].m.threshold) != row_has(e, row, k)) return false;
    return true;
}

static int worst_first(const void *a, const void *b) {
    const evidence_case *p = a, *q = b;
    if (p->right != q->right) return p->right - q->right;
    if (p->truth < q->truth || p->truth > q->truth) return p->truth < q->truth ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

/* The wrong ones that were surest, and the right ones that were least sure. */
hn_status find_cases(evidence *e, hn_error *err) {
    const int64_t n = e->levels[0].m.n;
    int64_t all = 0, shown[2] = {0};
    hn_status status = HN_OK;
    evidence_case *cases = calloc((size_t)n + 1, sizeof *cases);
    if (!cases) return HN_E_MEMORY;
    for (int64_t i = 0; i < n && !status; i++) {
        hn_eval_sample row = {.struct_size = sizeof row};
        if ((status = hn_eval_row(e->source->eval, i, &row, err)) || row.predicted < 0) continue;
        cases[all++] = (evidence_case){i, is_right(e, &row), truth_of(e, &row)};
    }
    qsort(cases, (size_t)all, sizeof *cases, worst_first);
    for (int64_t i = 0; i < all && !status; i++) {
        e->n_wrong += !cases[i].right;
        if (shown[cases[i].right]++ < MOST_CASES) e->cases[e->n_cases++] = cases[i];
    }
    free(cases);
    return status;
}
