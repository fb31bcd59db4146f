/* part.c - copies of evaluations: of rows that are wanted, of rows that are like the training images. No figures here but how many those are. */
#include "part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"

static hn_status copy_text(hn_context *ctx, const char *text, char **out, hn_error *err) {
    *out = hni_strdup(ctx, text);
    return *out || !text ? HN_OK : hni_fail_memory(err, strlen(text) + 1, "a copy of an evaluation");
}

static hn_status take_optional(const hn_eval *eval, hn_eval *out, hn_error *err) {
    const size_t n = (size_t)out->n, cells = n * (size_t)out->n_classes;
    if (eval->logits) {
        out->logits = hni_calloc(out->ctx, cells, sizeof *out->logits);
    }
    if (eval->novelty) {
        out->novelty = hni_calloc(out->ctx, n, sizeof *out->novelty);
    }
    return (out->logits || !eval->logits) && (out->novelty || !eval->novelty)
               ? HN_OK
               : hni_fail_memory(err, cells * sizeof *out->logits, "a copy of an evaluation");
}

static hn_status copy_row(const hn_eval *eval, size_t from, hn_eval *out, size_t to, hn_error *err) {
    const size_t classes = (size_t)eval->n_classes, bytes = classes * sizeof *eval->probabilities;
    memcpy(out->probabilities + to * classes, eval->probabilities + from * classes, bytes);
    if (eval->logits) {
        memcpy(out->logits + to * classes, eval->logits + from * classes, bytes);
    }
    if (eval->novelty) {
        out->novelty[to] = eval->novelty[from];
    }
    out->classes[to] = eval->classes[from];
    out->labels[to] = eval->labels[from];
    out->flags[to] = eval->flags[from];
    out->rows[to] = eval->rows[from];
    const hn_status status = copy_text(out->ctx, eval->paths[from], &out->paths[to], err);
    return status ? status : copy_text(out->ctx, eval->groups[from], &out->groups[to], err);
}

static void copy_facts(const hn_eval *eval, bool whole, hn_eval *out) {
    out->positive = eval->positive;
    out->groups_unknown = eval->groups_unknown;
    out->threshold = eval->threshold;
    out->skipped = eval->skipped;
    out->averaged = eval->averaged;
    out->rounded = eval->rounded;
    out->group_rule = eval->group_rule;
    out->top = eval->top;
    if (whole) {
        memcpy(out->digest, eval->digest, sizeof out->digest);
    }
}

hn_status hni_eval_part(const hn_eval *eval, const int64_t *rows, int64_t n, hn_eval **out, hn_error *err) {
    hn_eval *fresh = NULL;
    const int64_t count = rows ? n : eval->n;
    hn_status status = hni_eval_new(eval->ctx, eval->task, eval->n_classes, count, &fresh, err);
    if (!status) {
        copy_facts(eval, !rows, fresh);
        status = take_optional(eval, fresh, err);
    }
    for (int64_t i = 0; i < count && !status; i++) {
        status = copy_row(eval, (size_t)(rows ? rows[i] : i), fresh, (size_t)i, err);
    }
    for (int32_t k = 0; k < eval->n_classes && !status; k++) {
        status = copy_text(fresh->ctx, eval->class_names[k], &fresh->class_names[k], err);
    }
    if (status) {
        hni_eval_unref(fresh);
        return status;
    }
    *out = fresh;
    return HN_OK;
}

hn_status hni_eval_familiar(const hn_eval *eval, hn_eval **out, hn_error *err) {
    if (!eval->novelty) {
        return hni_eval_part(eval, NULL, 0, out, err);
    }
    int64_t n = 0, *rows = hni_calloc(eval->ctx, (size_t)eval->n, sizeof *rows);
    if (!rows) {
        return hni_fail_memory(err, (size_t)eval->n * sizeof *rows, "the rows that are like the training images");
    }
    for (int64_t i = 0; i < eval->n; i++) {
        if (!(eval->novelty[i] > 1)) {
            rows[n++] = i;
        }
    }
    const hn_status status = n ? hni_eval_part(eval, rows, n, out, err)
                               : hni_fail(err, HN_E_DATA, "none of the %lld samples is like the training images", (long long)eval->n);
    hni_free(eval->ctx, rows);
    return status;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

hn_status hni_eval_novelty(const hn_eval *eval, hn_novelty *out, hn_error *err) {
    const size_t n = (size_t)eval->n;
    *out = (hn_novelty){.known = eval->novelty != NULL, .n = eval->n, .median = NAN, .highest = NAN};
    if (!eval->novelty || !n) {
        return HN_OK;
    }
    double *sorted = hni_alloc(eval->ctx, n * sizeof *sorted);
    if (!sorted) {
        return hni_fail_memory(err, n * sizeof *sorted, "novelties in their order");
    }
    memcpy(sorted, eval->novelty, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    for (size_t i = 0; i < n; i++) {
        out->unfamiliar += sorted[i] > 1;
    }
    out->median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    out->highest = sorted[n - 1];
    hni_free(eval->ctx, sorted);
    return HN_OK;
}
