/* counts.c - counting verdicts against truth, in one pass over the rows.
 *
 * Per class only four numbers are kept instead of the K × K confusion matrix: all figures follow from them, and memory stays
 * proportional to K, so that a caller's K of a million is harmless. */
#include "counts.h"

#include <math.h>

#include "../base/memory.h"
#include "../base/status.h"

static const double *row_of(const hn_eval *eval, int64_t row) {
    return eval->probabilities + (size_t)row * (size_t)eval->n_classes;
}

bool hni_eval_silent(const hn_eval *eval, int64_t row) {
    const double *p = row_of(eval, row);
    bool silent = eval->flags[row] != 0;
    for (int32_t k = 0; k < eval->n_classes && !silent; k++) {
        silent = !isfinite(p[k]);
    }
    return silent;
}

bool hni_eval_truth(const hn_eval *eval, int64_t row, int32_t k) {
    return eval->task == HN_TASK_MULTI ? (eval->labels[row] >> k & 1) != 0 : eval->classes[row] == k;
}

static void count_single(const hn_eval *eval, int64_t row, bool silent, double threshold, hni_counts *c) {
    const int32_t truth = eval->classes[row];
    c->support[truth]++;
    if (silent) {
        c->silent[truth]++;
        return;
    }
    const int32_t called = hni_decide(row_of(eval, row), eval->n_classes, eval->task, eval->positive, threshold);
    c->predicted[called]++;
    if (called == truth) {
        c->hit[truth]++;
        c->right++;
        c->exact++;
    }
}

static void count_multi(const hn_eval *eval, int64_t row, bool silent, double threshold, hni_counts *c) {
    int32_t right = 0;
    for (int32_t k = 0; k < eval->n_classes; k++) {
        const bool truth = hni_eval_truth(eval, row, k);
        const bool called = !silent && row_of(eval, row)[k] >= threshold;
        c->support[k] += truth;
        c->silent[k] += truth && silent;
        c->predicted[k] += called;
        c->hit[k] += truth && called;
        right += !silent && truth == called;
    }
    c->right += right;
    c->exact += right == eval->n_classes;
}

hn_status hni_counts_take(const hn_eval *eval, double threshold, hni_counts *out, hn_error *err) {
    const size_t k = (size_t)eval->n_classes;
    hni_counts c = {0};
    c.support = hni_calloc(eval->ctx, k, 4 * sizeof *c.support);
    if (!c.support) {
        return hni_fail_memory(err, k * 4 * sizeof *c.support, "counting verdicts");
    }
    c.predicted = c.support + k;
    c.hit = c.predicted + k;
    c.silent = c.hit + k;
    for (int64_t row = 0; row < eval->n; row++) {
        const bool silent = hni_eval_silent(eval, row);
        c.judged += !silent;
        if (eval->task == HN_TASK_MULTI) {
            count_multi(eval, row, silent, threshold, &c);
        } else {
            count_single(eval, row, silent, threshold, &c);
        }
    }
    *out = c;
    return HN_OK;
}

void hni_counts_free(const hn_eval *eval, hni_counts *counts) {
    hni_free(eval->ctx, counts->support);
    *counts = (hni_counts){0};
}

hni_quad hni_counts_quad(const hni_counts *counts, int32_t k) {
    hni_quad q;
    q.tp = counts->hit[k];
    q.fp = counts->predicted[k] - q.tp;
    q.fn = counts->support[k] - q.tp; /* a silent positive was not found: missed */
    q.tn = counts->judged - (counts->support[k] - counts->silent[k]) - q.fp;
    return q;
}
