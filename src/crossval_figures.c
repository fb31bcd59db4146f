/* crossval_figures.c - what comes of a cross-validation: figures of images and of patients, over folds (mean, deviation, intervals), and of all
 * rows at once, each predicted by a model that has not seen it. */
#include <math.h>
#include <stdlib.h>

#include "crossval.h"

static const struct {
    const char *level;
    int32_t rule; /* 0 = images */
} levels[N_LEVELS] = {{"image", 0}, {"patient", HN_RULE_MAX}, {"patient", HN_RULE_MEAN}};

/* Patients can be asked of if some have several images, and if it is known what to ask. */
static bool has_patients(const crossval *c) {
    int64_t known = 0;
    for (int64_t i = 0; i < c->info.n_rows; i++) known += *c->groups[i] != 0;
    return known > c->info.n_groups && (c->info.task == HN_TASK_MULTI || c->t->positive >= 0);
}

hn_status level_eval(const crossval *c, int level, const int32_t *fold, const double *p, int32_t only, hn_eval **out, hn_error *err) {
    hn_eval *images = NULL;
    *out = NULL;
    if (level && !has_patients(c)) return HN_OK;
    hn_status status = unseen_eval(c, fold, p, only, &images, err);
    if (status || !level) {
        *out = images;
        return status;
    }
    status = hn_eval_by_group(images, levels[level].rule, 0, out, err);
    hn_eval_free(images);
    return status;
}

static hn_status pool(const crossval *c, int level, const int32_t *fold, const double *p, pooled_figures *to, hn_error *err) {
    hn_bootstrap_options options = {.struct_size = sizeof options, .seed = c->s->base.seed, .cancel = c->t->cancel};
    hn_eval *eval = NULL;
    hn_status status = level_eval(c, level, fold, p, -1, &eval, err);
    *to = (pooled_figures){.m.struct_size = sizeof to->m, .low.struct_size = sizeof to->low, .high.struct_size = sizeof to->high,
                           .auc = {.struct_size = sizeof to->auc, .low = NAN, .high = NAN, .estimate = NAN}};
    if (!status) status = hn_eval_metrics(eval, 0, &to->m, err);
    if (!status) status = hn_eval_bootstrap(eval, 0, &options, &to->low, &to->high, err);
    if (!status && c->t->positive >= 0) status = hn_eval_auc(eval, to->m.positive, 0, &to->auc, err);
    hn_eval_free(eval);
    return status;
}

/* One figure over all folds of all repeats. A fold has 1 / (k - 1) times as many rows to test as to train on. */
static hn_status spread(const crossval *c, level_figures *l, int figure, hn_error *err) {
    int64_t n = (int64_t)c->s->repeats * c->s->folds;
    double *values = calloc((size_t)n, sizeof *values);
    hn_status status = values ? HN_OK : HN_E_MEMORY;
    l->over_folds[figure].struct_size = sizeof l->over_folds[figure];
    for (int64_t i = 0; values && i < n; i++) values[i] = figure_of(&l->folds[i], figure);
    if (!status) status = hn_eval_mean(values, n, 1.0 / (c->s->folds - 1), 0, &l->over_folds[figure], err);
    free(values);
    return status;
}

static hn_status fold_figures(const crossval *c, int level, level_figures *l, hn_error *err) {
    hn_status status = HN_OK;
    for (int32_t r = 0; r < c->s->repeats && !status; r++)
        for (int32_t i = 0; i < c->s->folds && !status; i++) {
            hn_metrics *m = &l->folds[r * c->s->folds + i];
            hn_eval *eval = NULL;
            m->struct_size = sizeof *m;
            status = level_eval(c, level, c->repeats[r].fold, c->repeats[r].p, i, &eval, err);
            if (!status) status = hn_eval_metrics(eval, 0, m, err);
            hn_eval_free(eval);
        }
    return status;
}

static hn_status fill_level(const crossval *c, int level, const crossval_figures *f, level_figures *l, hn_error *err) {
    size_t folds = (size_t)c->s->repeats * (size_t)c->s->folds;
    l->level = levels[level].level;
    l->rule = levels[level].rule ? hn_eval_rule_name(levels[level].rule) : NULL;
    l->there = !level || has_patients(c);
    if (!l->there) return HN_OK;
    l->folds = calloc(folds, sizeof *l->folds);
    l->repeats = calloc((size_t)c->s->repeats, sizeof *l->repeats);
    hn_status status = l->folds && l->repeats ? fold_figures(c, level, l, err) : HN_E_MEMORY;
    for (int i = 0; i < N_FIGURES && !status; i++) status = spread(c, l, i, err);
    for (int32_t r = 0; r < c->s->repeats && !status; r++) status = pool(c, level, c->repeats[r].fold, c->repeats[r].p, &l->repeats[r], err);
    if (!status) status = pool(c, level, f->predicted, f->mean_p, &l->mean, err);
    return status;
}

static bool average(const crossval *c, crossval_figures *f) {
    size_t n = (size_t)c->info.n_rows, classes = (size_t)c->info.n_classes;
    f->mean_p = calloc(n * classes + 1, sizeof *f->mean_p);
    f->predicted = calloc(n + 1, sizeof *f->predicted);
    if (!f->mean_p || !f->predicted) return false;
    for (int32_t r = 0; r < c->s->repeats; r++)
        for (size_t i = 0; i < n; i++) {
            if (c->repeats[r].fold[i] < 0) f->predicted[i] = -1;
            for (size_t k = 0; k < classes; k++) f->mean_p[i * classes + k] += c->repeats[r].p[i * classes + k] / c->s->repeats;
        }
    for (size_t i = 0; i < n * classes; i++) f->mean_p[i] = fmin(f->mean_p[i], 1); /* r parts of 1 may add up to a little more */
    return true;
}

hn_status find_figures(const crossval *c, crossval_figures *f, hn_error *err) {
    hn_status status = average(c, f) ? HN_OK : HN_E_MEMORY;
    for (int i = 0; i < N_LEVELS && !status; i++) status = fill_level(c, i, f, &f->levels[i], err);
    if (status == HN_E_MEMORY && !err->message[0]) *err = (hn_error){.status = status, .message = "out of memory"};
    return status;
}

void free_figures(const crossval *c, crossval_figures *f) {
    (void)c;
    for (int i = 0; i < N_LEVELS; i++) {
        free(f->levels[i].folds);
        free(f->levels[i].repeats);
    }
    free(f->mean_p);
    free(f->predicted);
}
