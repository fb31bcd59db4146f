/* eval.c - the evaluation object: labels and probabilities of a data set, and the one rule that turns probabilities into a class.
 *
 * Not here: figures (metrics.c, scores.c, rank.c) and reading data sets (the predict room fills the arrays). Arrays of one evaluation
 * are separate blocks, so that a caller who has only part of them (no paths, no groups) pays for what it has. */
#include "eval.h"

#include <math.h>

#include "../base/memory.h"
#include "../base/status.h"

static void free_strings(hn_context *ctx, char **strings, int64_t count) {
    for (int64_t i = 0; strings && i < count; i++) {
        hni_free(ctx, strings[i]);
    }
    hni_free(ctx, strings);
}

static void eval_destroy(hn_eval *eval) {
    hn_context *ctx = eval->ctx;
    hni_free(ctx, eval->classes);
    hni_free(ctx, eval->labels);
    hni_free(ctx, eval->probabilities);
    hni_free(ctx, eval->logits);
    hni_free(ctx, eval->flags);
    hni_free(ctx, eval->novelty);
    hni_free(ctx, eval->rows);
    free_strings(ctx, eval->paths, eval->n);
    free_strings(ctx, eval->groups, eval->n);
    free_strings(ctx, eval->class_names, eval->n_classes);
    hni_free(ctx, eval);
    hni_context_unref(ctx);
}

hn_status hni_eval_new(hn_context *ctx, int32_t task, int32_t n_classes, int64_t n, hn_eval **out, hn_error *err) {
    *out = NULL;
    size_t cells, bytes;
    const size_t rows = (size_t)n, columns = (size_t)n_classes;
    if (n < 0 || n_classes < 1) {
        return hni_fail(err, HN_E_INTERNAL, "an evaluation of %lld rows and %d classes was asked for", (long long)n, (int)n_classes);
    }
    if (!hni_mul(rows, columns, &cells) || !hni_mul(cells, sizeof(double), &bytes)) {
        return hni_fail_memory(err, SIZE_MAX, "an evaluation's probabilities");
    }
    hn_eval *eval = hni_calloc(ctx, 1, sizeof *eval);
    if (!eval) {
        return hni_fail_memory(err, sizeof *eval, "an evaluation");
    }
    atomic_init(&eval->refs, 1);
    eval->ctx = hni_context_ref(ctx);
    eval->task = task;
    eval->n_classes = n_classes;
    eval->positive = -1;
    eval->threshold = 0.5;
    eval->n = n;
    eval->classes = hni_calloc(ctx, rows, sizeof *eval->classes);
    eval->labels = hni_calloc(ctx, rows, sizeof *eval->labels);
    eval->probabilities = hni_calloc(ctx, cells, sizeof *eval->probabilities);
    eval->flags = hni_calloc(ctx, rows, sizeof *eval->flags);
    eval->rows = hni_calloc(ctx, rows, sizeof *eval->rows);
    eval->paths = hni_calloc(ctx, rows, sizeof *eval->paths);
    eval->groups = hni_calloc(ctx, rows, sizeof *eval->groups);
    eval->class_names = hni_calloc(ctx, columns, sizeof *eval->class_names);
    if (!eval->classes || !eval->labels || !eval->probabilities || !eval->flags || !eval->rows || !eval->paths || !eval->groups ||
        !eval->class_names) {
        eval_destroy(eval);
        return hni_fail_memory(err, bytes, "an evaluation's rows");
    }
    *out = eval;
    return HN_OK;
}

void hni_eval_unref(hn_eval *eval) {
    if (eval && atomic_fetch_sub_explicit(&eval->refs, 1, memory_order_acq_rel) == 1) {
        eval_destroy(eval);
    }
}

int32_t hni_decide(const double *probabilities, int32_t n_classes, int32_t task, int32_t positive, double threshold) {
    int32_t best = 0;
    for (int32_t k = 0; k < n_classes; k++) {
        if (!isfinite(probabilities[k])) {
            return -1; /* a broken output has no class: comparing NaN would silently give class 0 */
        }
        if (probabilities[k] > probabilities[best]) {
            best = k; /* strictly greater: the first one wins a tie */
        }
    }
    if (task == HN_TASK_SINGLE && n_classes == 2 && (positive == 0 || positive == 1)) {
        return probabilities[positive] >= threshold ? positive : 1 - positive;
    }
    return best;
}
