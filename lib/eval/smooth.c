/* smooth.c - what a slice's neighbours say of it too.
 *
 * A bleed goes on through neighbouring slices; what a network is wrong about in a single slice mostly does not. Averaged are logits, so that
 * sure slices weigh more than doubtful ones, and so that a class stays a probability: with one class a row, the mean of the logarithms is
 * that of the logits but for a constant, which normalising takes away. */
#include "smooth.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "counts.h" /* defines: hni_eval_silent */

enum { REACH = 4 }; /* standard deviations; what lies beyond weighs less than 1 / 2000 of the slice itself */
#define LEAST 0x1p-52 /* probabilities are clipped as log_loss does */

static double logit(const hn_eval *eval, int64_t row, int32_t k) {
    const double p = fmin(fmax(eval->probabilities[(size_t)row * (size_t)eval->n_classes + (size_t)k], LEAST), 1 - LEAST);
    return eval->task == HN_TASK_MULTI ? log(p) - log1p(-p) : log(p);
}

/* z [n_classes] logits, or logarithms of probabilities → probabilities. */
static void to_probabilities(double *z, int32_t n_classes, int32_t task) {
    double most = z[0], sum = 0;
    for (int32_t k = 0; k < n_classes; k++) {
        most = fmax(most, z[k]);
    }
    for (int32_t k = 0; k < n_classes; k++) {
        z[k] = task == HN_TASK_MULTI ? 1 / (1 + exp(-z[k])) : exp(z[k] - most);
        sum += z[k];
    }
    for (int32_t k = 0; k < n_classes && task != HN_TASK_MULTI; k++) {
        z[k] /= sum;
    }
}

static bool near(const hni_slice *a, const hni_slice *b, double sigma) {
    return a->series == b->series && fabs(a->number - b->number) <= REACH * sigma;
}

/* The weighted means around place `at`, into p and, unless it is NULL, logits [n_classes]. */
static void average(const hn_eval *eval, const hni_slice *slices, int64_t n, int64_t at, double sigma, double *p, double *logits) {
    const size_t classes = (size_t)eval->n_classes;
    int64_t first = at, end = at + 1;
    double total = 0;
    while (first > 0 && near(&slices[first - 1], &slices[at], sigma)) {
        first--;
    }
    while (end < n && near(&slices[end], &slices[at], sigma)) {
        end++;
    }
    memset(p, 0, classes * sizeof *p);
    for (size_t k = 0; k < classes && logits; k++) {
        logits[k] = 0;
    }
    for (int64_t i = first; i < end; i++) {
        const double d = slices[i].number - slices[at].number, weight = exp(-d * d / (2 * sigma * sigma));
        const int64_t row = slices[i].row;
        total += hni_eval_silent(eval, row) ? 0 : weight;
        for (size_t k = 0; k < classes && !hni_eval_silent(eval, row); k++) {
            p[k] += weight * logit(eval, row, (int32_t)k);
            if (logits) {
                logits[k] += weight * eval->logits[(size_t)row * classes + k];
            }
        }
    }
    for (size_t k = 0; k < classes; k++) {
        p[k] /= total; /* the slice itself has weight 1: it is not silent */
        if (logits) {
            logits[k] /= total;
        }
    }
    to_probabilities(p, eval->n_classes, eval->task);
}

hn_status hni_eval_smooth(hn_eval *eval, const hni_slice *slices, int64_t n, double sigma, hn_error *err) {
    const size_t classes = (size_t)eval->n_classes, cells = (size_t)n * classes, row_bytes = classes * sizeof(double);
    double *fresh = hni_calloc(eval->ctx, cells * (eval->logits ? 2 : 1) + 1, sizeof *fresh); /* all found before any is put in place */
    if (!fresh) {
        return hni_fail_memory(err, cells * sizeof *fresh, "probabilities along the slices");
    }
    double *logits = eval->logits ? fresh + cells : NULL;
    for (int64_t i = 0; i < n; i++) {
        if (!hni_eval_silent(eval, slices[i].row)) {
            average(eval, slices, n, i, sigma, fresh + (size_t)i * classes, logits ? logits + (size_t)i * classes : NULL);
        }
    }
    for (int64_t i = 0; i < n; i++) {
        const size_t to = (size_t)slices[i].row * classes;
        if (hni_eval_silent(eval, slices[i].row)) {
            continue;
        }
        memcpy(eval->probabilities + to, fresh + (size_t)i * classes, row_bytes);
        if (logits) {
            memcpy(eval->logits + to, logits + (size_t)i * classes, row_bytes);
        }
    }
    hni_free(eval->ctx, fresh);
    return HN_OK;
}
