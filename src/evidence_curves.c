/* evidence_curves.c - one class against the rest: ROC and precision–recall curve, histogram of the probabilities, trivial baselines beside the model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"

/* b lies on the line from a to c: a drawing loses nothing without it. */
static bool on_the_way(const hn_curve_point *a, const hn_curve_point *b, const hn_curve_point *c) {
    return fabs((b->x - a->x) * (c->y - a->y) - (c->x - a->x) * (b->y - a->y)) < 1e-12;
}

/* Only corners, and at most MOST_POINTS of them, the first and the last among those. */
static size_t thin(hn_curve_point *points, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        while (kept > 1 && on_the_way(&points[kept - 2], &points[kept - 1], &points[i])) kept--;
        points[kept++] = points[i];
    }
    if (kept <= MOST_POINTS) return kept;
    for (size_t i = 0; i < MOST_POINTS; i++) points[i] = points[(i * (kept - 1) + (MOST_POINTS - 1) / 2) / (MOST_POINTS - 1)];
    return MOST_POINTS;
}

double band_place(int i) { return (double)i / (N_PLACES - 1); }

static hn_status find_band(const evidence *e, int32_t kind, int32_t class_index, evidence_curve *c, hn_error *err) {
    const hn_bootstrap_options options = {.struct_size = sizeof options, .cancel = e->source->cancel};
    double x[N_PLACES];
    for (int i = 0; i < N_PLACES; i++) x[i] = band_place(i);
    return hn_eval_curve_band(e->source->eval, kind, class_index, &options, x, N_PLACES, c->y, c->low, c->high, err);
}

/* The precision–recall curve's last point is a convention at recall 0, and no part of the drawing. */
static hn_status find_curve(const evidence *e, int32_t kind, int32_t class_index, evidence_curve *out, hn_error *err) {
    size_t need = 0;
    *out = (evidence_curve){0};
    hn_status status = hn_eval_curve(e->source->eval, kind, class_index, NULL, 0, &need, err);
    if (status == HN_E_DATA) return HN_OK; /* one kind of rows only */
    if (status) return status;
    if (!(out->points = calloc(need, sizeof *out->points))) return HN_E_MEMORY;
    status = hn_eval_curve(e->source->eval, kind, class_index, out->points, need, &need, err);
    if (!status) out->n = thin(out->points, kind == HN_CURVE_PR ? need - 1 : need);
    return status ? status : find_band(e, kind, class_index, out, err);
}

static hn_status fill_histogram(const evidence *e, evidence_question *q, hn_error *err) {
    hn_eval_sample row = {.struct_size = sizeof row};
    for (int64_t i = 0; i < hn_eval_count(e->source->eval); i++) {
        hn_status status = hn_eval_row(e->source->eval, i, &row, err);
        if (status) return status;
        const double p = row.probabilities[q->class_index];
        if (row.predicted < 0 || !(p >= 0)) continue; /* silent */
        const int bin = (int)(p * N_BINS);
        q->histogram[row_has(e, &row, q->class_index)][bin < N_BINS ? bin : N_BINS - 1]++;
    }
    return HN_OK;
}

static hn_status find_question(const evidence *e, int32_t class_index, evidence_question *q, hn_error *err) {
    *q = (evidence_question){.class_index = class_index, .m.struct_size = sizeof q->m, .auc.struct_size = sizeof q->auc};
    hn_status status = hn_eval_class(e->source->eval, class_index, 0, &q->m, err);
    if (!status) status = hn_eval_auc(e->source->eval, class_index, 0, &q->auc, err);
    if (!status) status = find_curve(e, HN_CURVE_ROC, class_index, &q->roc, err);
    if (!status) status = find_curve(e, HN_CURVE_PR, class_index, &q->pr, err);
    if (!status) status = find_reliability(e, q, err);
    return status ? status : fill_histogram(e, q, err);
}

/* The positive class alone; of several labels it comes first; without one every class, as many as fit. */
hn_status find_questions(evidence *e, hn_error *err) {
    const hn_metrics *m = &e->levels[0].m;
    hn_status status = HN_OK;
    if (m->positive >= 0) status = find_question(e, m->positive, &e->questions[e->n_questions++], err);
    for (int32_t k = 0; k < m->n_classes && e->n_questions < MOST_QUESTIONS && !status; k++)
        if (k != m->positive && (e->multi || m->positive < 0)) status = find_question(e, k, &e->questions[e->n_questions++], err);
    return status;
}

/* --- baselines -------------------------------------------------------------------------------------------------------------------- */
typedef struct scores {
    double *values; /* [n] of the rows of the evaluation */
    double *p;      /* [n, n_classes] */
    int32_t *classes;
    uint64_t *labels;
    const char **groups;
} scores;

static bool take_scores(scores *s, size_t n, size_t classes) {
    *s = (scores){calloc(n, sizeof *s->values), calloc(n * classes, sizeof *s->p), calloc(n, sizeof *s->classes), calloc(n, sizeof *s->labels),
                  calloc(n, sizeof *s->groups)};
    return s->values && s->p && s->classes && s->labels && s->groups;
}

static void free_scores(scores *s) {
    free(s->values);
    free(s->p);
    free(s->classes);
    free(s->labels);
    free(s->groups);
}

/* The same rows, judged by the ranks of one number; `high` = high ranks are positive. */
static hn_status judge(const evidence *e, scores *s, bool high, hn_eval **out, hn_error *err) {
    const int32_t classes = e->levels[0].m.n_classes, positive = e->levels[0].m.positive;
    const hn_eval_arrays arrays = {.struct_size = sizeof arrays, .task = e->multi ? HN_TASK_MULTI : HN_TASK_SINGLE, .n_classes = classes,
                                   .positive = positive + 1, .n = e->levels[0].m.n, .classes = e->multi ? NULL : s->classes,
                                   .labels = e->multi ? s->labels : NULL, .probabilities = s->p, .groups = s->groups};
    for (int64_t i = 0; i < arrays.n; i++) {
        const double score = high ? s->values[i] : 1 - s->values[i];
        for (int32_t k = 0; k < classes; k++) s->p[i * classes + k] = e->multi ? 0.5 : (1 - score) / (classes > 1 ? classes - 1 : 1);
        s->p[i * classes + positive] = score;
    }
    return hn_eval_from_arrays(e->source->ctx, &arrays, out, err);
}

/* In the direction that serves it best on these very rows: a model must be ahead of that too. */
static hn_status judge_best(const evidence *e, scores *s, evidence_baseline *b, hn_error *err) {
    const int32_t positive = e->levels[0].m.positive;
    hn_eval *eval = NULL;
    hn_status status = judge(e, s, true, &eval, err);
    if (!status) status = hn_eval_auc(eval, positive, 0, &b->auc, err);
    if (!status && b->auc.estimate < 0.5) {
        hn_eval_free(eval);
        status = judge(e, s, false, &eval, err);
        if (!status) status = hn_eval_auc(eval, positive, 0, &b->auc, err);
    }
    if (!status) status = hn_eval_auc_difference(e->source->eval, eval, positive, 0, &b->ahead, err);
    hn_eval_free(eval);
    return status;
}

static int judge_all(evidence *e, const double *values, scores *s) {
    const int64_t n = e->levels[0].m.n;
    hn_error err = {0};
    hn_eval_sample row = {.struct_size = sizeof row};
    for (int b = 0; b < N_BASELINES; b++) {
        evidence_baseline *baseline = &e->baselines[b];
        baseline->auc.struct_size = baseline->ahead.struct_size = sizeof baseline->auc;
        if (!baseline->there) continue;
        for (int64_t i = 0; i < n; i++) {
            if (hn_eval_row(e->source->eval, i, &row, &err)) return fail(&err);
            s->values[i] = values[b * e->data.n_rows + row.row];
            s->classes[i] = row.label;
            s->labels[i] = row.labels;
            s->groups[i] = row.group;
        }
        if (!rank_values(s->values, n)) return fail_text("out of memory");
        if (judge_best(e, s, baseline, &err)) return fail(&err);
    }
    return EXIT_DONE;
}

int find_trivial(evidence *e) {
    const hn_metrics *m = &e->levels[0].m;
    bool there[N_BASELINES];
    double *values;
    scores s = {0};
    for (int b = 0; b < N_BASELINES; b++) e->baselines[b].name = trivial_names[b];
    if (m->positive < 0 || m->undefined & (HN_UNDEFINED_NO_POSITIVES | HN_UNDEFINED_NO_NEGATIVES)) return EXIT_DONE;
    if (!(values = malloc(((size_t)e->data.n_rows * N_BASELINES + 1) * sizeof *values))) return fail_text("out of memory");
    int code = trivial_values(e->source->ctx, e->source->cancel, e->source->data, values, there);
    if (!code && !take_scores(&s, (size_t)m->n, (size_t)m->n_classes)) code = fail_text("out of memory");
    for (int b = 0; b < N_BASELINES && !code; b++) e->baselines[b].there = there[b];
    if (!code) code = judge_all(e, values, &s);
    free_scores(&s);
    free(values);
    return code;
}
