/* baselines.c - trivial classifiers beside a cross-validation: one number of each image that has nothing to do with blood (trivial.c). A model that
 * is not clearly ahead of them may have learned nothing else.
 *
 * A number is used by its rank among all images, which needs no label; only whether high or low means positive is learned, on the training part
 * of each fold. So a baseline is judged out of fold as the model is, on the same rows. */
#include <math.h>
#include <stdlib.h>

#include "crossval.h"

static bool is_positive(const crossval *c, int64_t row) {
    return c->info.task == HN_TASK_MULTI ? c->labels[row] >> c->t->positive & 1 : c->classes[row] == c->t->positive;
}

/* Does a high rank mean positive? By the mean ranks of both kinds in the rows outside of a fold: the AUC is above one half exactly if the
 * positives' mean rank among those rows is the higher one, and ranks among all rows are in the same order. */
static bool high_is_positive(const crossval *c, const double *ranks, const int32_t *fold, int32_t without) {
    double sums[2] = {0};
    int64_t counts[2] = {0}, n = c->info.n_rows, m = 0;
    double *some = calloc((size_t)n + 1, sizeof *some);
    bool *kinds = calloc((size_t)n + 1, sizeof *kinds);
    for (int64_t i = 0; some && kinds && i < n; i++)
        if (fold[i] >= 0 && fold[i] != without) kinds[m] = is_positive(c, i), some[m++] = ranks[i];
    if (some && kinds && rank_values(some, m))
        for (int64_t i = 0; i < m; i++) sums[kinds[i]] += some[i], counts[kinds[i]]++;
    free(some);
    free(kinds);
    return !counts[0] || !counts[1] || sums[1] / (double)counts[1] >= sums[0] / (double)counts[0];
}

/* As probabilities of the model's classes, so that both can be compared. */
static void fill_scores(const crossval *c, const double *ranks, const unseen *u, double *p) {
    int32_t classes = c->info.n_classes, positive = c->t->positive;
    for (int32_t f = 0; f < c->s->folds; f++) {
        bool high = high_is_positive(c, ranks, u->fold, f);
        for (int64_t i = 0; i < c->info.n_rows; i++) {
            if (u->fold[i] != f) continue;
            double score = high ? ranks[i] : 1 - ranks[i];
            for (int32_t k = 0; k < classes; k++) p[i * classes + k] = c->info.task == HN_TASK_MULTI ? 0.5 : (1 - score) / (classes > 1 ? classes - 1 : 1);
            p[i * classes + positive] = score;
        }
    }
}

static hn_status judge(const crossval *c, const unseen *u, const double *p, int level, hn_interval *auc, hn_interval *ahead, hn_error *err) {
    hn_eval *model = NULL, *baseline = NULL;
    hn_metrics m = {.struct_size = sizeof m};
    *auc = *ahead = (hn_interval){.struct_size = sizeof *auc, .estimate = NAN, .low = NAN, .high = NAN, .p = NAN};
    hn_status status = level_eval(c, level, u->fold, u->p, -1, &model, err);
    if (!status) status = level_eval(c, level, u->fold, p, -1, &baseline, err);
    if (!status && model) {
        status = hn_eval_metrics(model, 0, &m, err);
        if (!status) status = hn_eval_auc(baseline, m.positive, 0, auc, err);
        if (!status) status = hn_eval_auc_difference(model, baseline, m.positive, 0, ahead, err);
    }
    hn_eval_free(model);
    hn_eval_free(baseline);
    return status;
}

/* The model's AUC in each fold less the baseline's: gaps [folds] of one repeat. */
static hn_status gaps_of(const crossval *c, const unseen *u, const double *p, int level, const hn_metrics *folds, double *gaps, hn_error *err) {
    hn_status status = HN_OK;
    for (int32_t f = 0; f < c->s->folds && !status && folds; f++) {
        hn_metrics m = {.struct_size = sizeof m};
        hn_eval *eval = NULL;
        status = level_eval(c, level, u->fold, p, f, &eval, err);
        if (!status) status = hn_eval_metrics(eval, 0, &m, err);
        gaps[f] = folds[f].roc_auc - m.roc_auc;
        hn_eval_free(eval);
    }
    return status;
}

typedef struct scratch {
    double *p;    /* [n_rows, n_classes] the baseline's scores */
    double *gaps; /* [N_BASELINE_LEVELS · repeats · folds] */
} scratch;

static hn_status judge_repeats(const crossval *c, const crossval_figures *f, const double *ranks, baseline_figures *b, const scratch *s, hn_error *err) {
    const int32_t repeats = c->s->repeats, folds = c->s->folds;
    hn_status status = HN_OK;
    for (int32_t r = 0; r < repeats && !status; r++) {
        fill_scores(c, ranks, &c->repeats[r], s->p);
        for (int level = 0; level < N_BASELINE_LEVELS && !status; level++) {
            const int32_t at = level * repeats + r;
            const hn_metrics *own = f->levels[level].there ? f->levels[level].folds + r * folds : NULL;
            status = judge(c, &c->repeats[r], s->p, level, &b->auc[at], &b->ahead[at], err);
            if (!status) status = gaps_of(c, &c->repeats[r], s->p, level, own, s->gaps + at * folds, err);
        }
    }
    for (int level = 0; level < N_BASELINE_LEVELS && !status; level++) {
        b->by_fold[level].struct_size = sizeof b->by_fold[level];
        status = hn_eval_mean(s->gaps + level * repeats * folds, (int64_t)repeats * folds, 1.0 / (folds - 1), 0, &b->by_fold[level], err);
    }
    return status;
}

static int judge_all(const crossval *c, const crossval_figures *f, const double *ranks, baseline_figures *b) {
    hn_error err = {0};
    size_t n = (size_t)c->s->repeats * N_BASELINE_LEVELS;
    scratch s = {.p = calloc((size_t)c->info.n_rows * (size_t)c->info.n_classes + 1, sizeof *s.p),
                 .gaps = calloc(n * (size_t)c->s->folds, sizeof *s.gaps)};
    int code = EXIT_DONE;
    b->auc = calloc(n, sizeof *b->auc);
    b->ahead = calloc(n, sizeof *b->ahead);
    if (!s.p || !s.gaps || !b->auc || !b->ahead)
        code = fail_text("out of memory");
    else if (judge_repeats(c, f, ranks, b, &s, &err))
        code = fail(&err);
    free(s.p);
    free(s.gaps);
    return code;
}

int find_baselines(const crossval *c, const crossval_figures *f, baseline_figures list[N_BASELINES]) {
    size_t n = (size_t)c->info.n_rows;
    bool there[N_BASELINES];
    double *values;
    int code = EXIT_DONE;
    for (int b = 0; b < N_BASELINES; b++) list[b].name = trivial_names[b];
    if (c->t->positive < 0) return EXIT_DONE;
    if (!(values = malloc((n * N_BASELINES + 1) * sizeof *values))) return fail_text("out of memory");
    code = trivial_values(c->t->ctx, c->t->cancel, c->t->data, values, there);
    for (int b = 0; b < N_BASELINES && !code; b++) {
        if (!(list[b].there = there[b])) continue;
        code = rank_values(values + (size_t)b * n, c->info.n_rows) ? judge_all(c, f, values + (size_t)b * n, &list[b]) : fail_text("out of memory");
    }
    free(values);
    return code;
}

void free_baselines(baseline_figures list[N_BASELINES]) {
    for (int b = 0; b < N_BASELINES; b++) {
        free(list[b].auc);
        free(list[b].ahead);
    }
}

hn_interval over_repeats(const hn_interval *list, int32_t repeats) {
    hn_interval mean = {.struct_size = sizeof mean, .level = list->level, .p = repeats == 1 ? list->p : NAN};
    for (int32_t r = 0; r < repeats; r++) {
        mean.estimate += list[r].estimate / repeats;
        mean.low += list[r].low / repeats;
        mean.high += list[r].high / repeats;
    }
    return mean;
}
