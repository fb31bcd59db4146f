/* bootstrap_metrics.c - the bootstrap of an evaluation's metrics, or of the differences between two.
 *
 * A resample is an hn_eval of its own whose arrays are gathered from the first one's, so that every figure is worked out by the code that
 * works it out for the whole. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "bootstrap.h"

/* The doubles of hn_metrics from accuracy to exact_match. */
enum {
    FIRST = offsetof(hn_metrics, accuracy),
    FIGURES = (offsetof(hn_metrics, exact_match) - offsetof(hn_metrics, accuracy)) / sizeof(double) + 1
};
_Static_assert(FIGURES == 20 && FIGURES <= 64, "a figure more: it gets limits if it is a double between these two");

typedef struct gathered { /* rows of one evaluation, again and again */
    const hn_eval *from;
    double threshold;
    hn_eval view; /* its arrays are ours */
    size_t room;  /* rows */
} gathered;

static void gathered_free(gathered *g) {
    hn_context *ctx = g->from->ctx;
    hni_free(ctx, g->view.classes);
    hni_free(ctx, g->view.labels);
    hni_free(ctx, g->view.probabilities);
    hni_free(ctx, g->view.flags);
}

static hn_status gathered_grow(gathered *g, size_t rows, hn_error *err) {
    hn_context *ctx = g->from->ctx;
    const size_t want = rows + rows / 4, classes = (size_t)g->from->n_classes;
    hn_eval *v = &g->view;
    if (rows <= g->room) {
        return HN_OK;
    }
    gathered_free(g);
    *v = (hn_eval){.ctx = ctx, .task = g->from->task, .n_classes = g->from->n_classes, .positive = g->from->positive};
    g->room = 0;
    v->classes = hni_calloc(ctx, want, sizeof *v->classes);
    v->labels = hni_calloc(ctx, want, sizeof *v->labels);
    v->probabilities = hni_calloc(ctx, want, classes * sizeof *v->probabilities);
    v->flags = hni_calloc(ctx, want, sizeof *v->flags);
    if (!v->classes || !v->labels || !v->probabilities || !v->flags) {
        return hni_fail_memory(err, want * classes * sizeof *v->probabilities, "a resample");
    }
    g->room = want;
    return HN_OK;
}

static void figures_of(const hn_metrics *m, double *figures) { memcpy(figures, (const char *)m + FIRST, FIGURES * sizeof *figures); }

static hn_status gather(gathered *g, const int64_t *rows, int64_t n, double *figures, hn_error *err) {
    const size_t classes = (size_t)g->from->n_classes;
    hn_metrics m;
    hn_status status = gathered_grow(g, (size_t)n, err);
    if (status) {
        return status;
    }
    for (int64_t i = 0; i < n; i++) {
        g->view.classes[i] = g->from->classes[rows[i]];
        g->view.labels[i] = g->from->labels[rows[i]];
        g->view.flags[i] = g->from->flags[rows[i]];
        memcpy(g->view.probabilities + (size_t)i * classes, g->from->probabilities + (size_t)rows[i] * classes, classes * sizeof(double));
    }
    g->view.n = n;
    status = hni_eval_metrics(&g->view, g->threshold, &m, err);
    if (!status) {
        figures_of(&m, figures);
    }
    return status;
}

typedef struct pair {
    gathered a, b;
    bool both;
} pair;

static hn_status statistic(void *user, const int64_t *rows, int64_t n, double *figures, hn_error *err) {
    pair *p = user;
    double others[FIGURES];
    hn_status status = gather(&p->a, rows, n, figures, err);
    if (!status && p->both) {
        status = gather(&p->b, rows, n, others, err);
    }
    for (int f = 0; f < FIGURES && !status && p->both; f++) {
        figures[f] -= others[f];
    }
    return status;
}

static void give(const hn_metrics *whole, const double *limits, hn_metrics *out) {
    *out = *whole;
    memcpy((char *)out + FIRST, limits, FIGURES * sizeof *limits);
}

hn_status hni_eval_bootstrap(const hn_eval *a, double threshold, const hn_eval *b, const hn_bootstrap_options *options, hn_metrics *low,
                             hn_metrics *high, hn_error *err) {
    pair p = {.a = {.from = a, .threshold = threshold}, .b = {.from = b ? b : a, .threshold = b ? b->threshold : 0}, .both = b != NULL};
    hni_groups groups;
    double estimate[FIGURES], others[FIGURES], lower[FIGURES], upper[FIGURES];
    hn_metrics whole, other;
    hn_status status = hni_groups_make(a, &groups, err);
    if (!status) {
        status = hni_eval_metrics(a, threshold, &whole, err);
    }
    if (!status && b) {
        status = hni_eval_metrics(b, b->threshold, &other, err);
    }
    if (!status) {
        figures_of(&whole, estimate);
        figures_of(b ? &other : &whole, others);
        for (int f = 0; f < FIGURES && b; f++) {
            estimate[f] -= others[f];
        }
        const hni_bootstrap run = {.groups = &groups, .statistic = statistic, .user = &p, .figures = FIGURES, .method = options->method,
                                   .resamples = options->resamples, .level = options->level, .seed = options->seed, .cancel = options->cancel};
        status = hni_bootstrap_run(&run, estimate, lower, upper, err);
    }
    if (!status) {
        give(&whole, lower, low);
        give(&whole, upper, high);
    }
    gathered_free(&p.a);
    gathered_free(&p.b);
    hni_groups_free(&groups);
    return status;
}
