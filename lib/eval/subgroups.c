/* subgroups.c - the table: figures of each value's rows and of the rest, comparisons, and their correction.
 *
 * A part of the rows is looked at as an evaluation of its own, so that its figures come from the code that the whole's come from. Rows are given to
 * one column after the other; the correction knows all of them. A column of two values compares the same two parts twice: it counts once. */
#include "subgroups.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "columns.h"
#include "counts.h" /* defines: hni_eval_truth */
#include "delong.h"
#include "rates.h"

const char *hni_correction_name(int32_t correction) {
    return correction == HN_CORRECT_HOLM ? "holm" : correction == HN_CORRECT_BENJAMINI_HOCHBERG ? "benjamini-hochberg" : NULL;
}

void hni_correct(const double *p, int32_t n, int32_t correction, double *adjusted, int32_t *order) {
    for (int32_t i = 0; i < n; i++) { /* a few hundred: insertion, rising */
        int32_t at = i;
        for (; at > 0 && p[order[at - 1]] > p[i]; at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    double last = correction == HN_CORRECT_HOLM ? 0 : 1;
    for (int32_t k = 0; k < n; k++) {
        const int32_t rank = correction == HN_CORRECT_HOLM ? k : n - 1 - k, i = order[rank];
        if (correction == HN_CORRECT_HOLM) {
            last = fmax(last, fmin(1, p[i] * (n - rank)));
        } else {
            last = fmin(last, p[i] * n / (rank + 1));
        }
        adjusted[i] = last;
    }
}

typedef struct work {
    const hn_eval *eval;
    const hn_subgroup_options *options;
    hn_subgroups *table;
    hni_groups groups;
    uint8_t *inside; /* [n] */
    hn_eval part;    /* rows of one side; its arrays are ours, the names of groups are not */
    hn_error *err;
} work;

static hn_status take_part(work *w) {
    const hn_eval *e = w->eval;
    const size_t n = (size_t)e->n;
    hn_eval *v = &w->part;
    *v = (hn_eval){.ctx = e->ctx, .task = e->task, .n_classes = e->n_classes, .positive = e->positive, .threshold = e->threshold};
    w->inside = hni_calloc(e->ctx, n, sizeof *w->inside);
    v->classes = hni_calloc(e->ctx, n, sizeof *v->classes);
    v->labels = hni_calloc(e->ctx, n, sizeof *v->labels);
    v->probabilities = hni_calloc(e->ctx, n, (size_t)e->n_classes * sizeof *v->probabilities);
    v->flags = hni_calloc(e->ctx, n, sizeof *v->flags);
    v->groups = hni_calloc(e->ctx, n, sizeof *v->groups);
    return w->inside && v->classes && v->labels && v->probabilities && v->flags && v->groups
               ? HN_OK
               : hni_fail_memory(w->err, n * (size_t)e->n_classes * sizeof(double), "the rows of subgroups");
}

static void free_part(work *w) {
    hn_context *ctx = w->eval->ctx;
    hni_free(ctx, w->inside);
    hni_free(ctx, w->part.classes);
    hni_free(ctx, w->part.labels);
    hni_free(ctx, w->part.probabilities);
    hni_free(ctx, w->part.flags);
    hni_free(ctx, w->part.groups);
}

static void fill_part(work *w, bool here) {
    const hn_eval *e = w->eval;
    const size_t classes = (size_t)e->n_classes;
    hn_eval *v = &w->part;
    v->n = 0;
    for (int64_t i = 0; i < e->n; i++) {
        if ((w->inside[i] != 0) == here) {
            v->classes[v->n] = e->classes[i];
            v->labels[v->n] = e->labels[i];
            v->flags[v->n] = e->flags[i];
            v->groups[v->n] = e->groups[i];
            memcpy(v->probabilities + (size_t)v->n * classes, e->probabilities + (size_t)i * classes, classes * sizeof(double));
            v->n++;
        }
    }
}

static hn_status figure(const work *w, int f, hn_interval *out) {
    static const int32_t rates[] = {HN_RATE_ACCURACY, HN_RATE_SENSITIVITY, HN_RATE_SPECIFICITY};
    *out = (hn_interval){.estimate = NAN, .low = NAN, .high = NAN};
    if (!w->part.n || (f != HN_SUBGROUP_ACCURACY && w->part.positive < 0)) {
        return HN_OK;
    }
    if (f == HN_SUBGROUP_ROC_AUC) {
        return hni_eval_auc(&w->part, NULL, w->part.positive, w->options->level, out, w->err);
    }
    return hni_eval_rate(&w->part, rates[f], w->options->threshold, w->options->level, out, w->err);
}

static hn_status compare(const work *w, int f, double *p) {
    static const int32_t rates[] = {HN_RATE_ACCURACY, HN_RATE_SENSITIVITY, HN_RATE_SPECIFICITY};
    *p = NAN;
    if (f != HN_SUBGROUP_ACCURACY && w->eval->positive < 0) {
        return HN_OK;
    }
    return f == HN_SUBGROUP_ROC_AUC ? hni_compare_auc(w->eval, &w->groups, w->inside, p, w->err)
                                    : hni_compare_rate(w->eval, &w->groups, w->inside, rates[f], w->options->threshold, p, w->err);
}

static hn_status fill_figures(work *w, hn_subgroup *row) {
    hn_interval interval;
    hn_status status = HN_OK;
    fill_part(w, false);
    for (int f = 0; f < HNI_SUBGROUP_FIGURES && !status; f++) {
        status = figure(w, f, &interval);
        row->rest[f] = interval.estimate;
    }
    fill_part(w, true);
    for (int f = 0; f < HNI_SUBGROUP_FIGURES && !status; f++) {
        status = figure(w, f, &interval);
        row->estimate[f] = interval.estimate;
        row->low[f] = interval.low;
        row->high[f] = interval.high;
        row->adjusted[f] = NAN;
        if (!status) {
            status = compare(w, f, &row->p[f]);
        }
    }
    return status;
}

/* Rows, positives and patients; on either side. */
static hn_status fill_counts(work *w, hn_subgroup *row) {
    const hn_eval *e = w->eval;
    uint8_t *seen = hni_calloc(e->ctx, (size_t)w->groups.count, sizeof *seen); /* bit 0: in the rest, 1: here */
    int64_t units[2] = {0};
    if (!seen) {
        return hni_fail_memory(w->err, (size_t)w->groups.count, "the patients of a subgroup");
    }
    for (int64_t i = 0; i < e->n; i++) {
        const int here = w->inside[i] != 0;
        uint8_t *cell = &seen[w->groups.of[i]];
        units[here] += !(*cell >> here & 1);
        *cell |= (uint8_t)(1 << here);
        row->n += here;
        row->positives += here && e->positive >= 0 && hni_eval_truth(e, i, e->positive);
    }
    hni_free(e->ctx, seen);
    row->groups = units[1];
    row->flags |= units[0] < HNI_SUBGROUP_PATIENTS || units[1] < HNI_SUBGROUP_PATIENTS ? HN_SUBGROUP_FEW : 0;
    return HN_OK;
}

static hn_status add_row(work *w, const hni_column *c, int32_t column, int32_t k) {
    hn_subgroups *t = w->table;
    hn_subgroup row = {.struct_size = sizeof row, .column = column, .name = t->names[column], .flags = c->bands ? HN_SUBGROUP_BAND : 0};
    char *value = NULL;
    for (int64_t i = 0; i < c->n; i++) {
        w->inside[i] = c->of[i] == k;
    }
    hn_status status = fill_counts(w, &row);
    if (!status) {
        status = fill_figures(w, &row);
    }
    if (!status && (!(value = hni_strdup(t->ctx, c->names[k])) ||
                    hni_grow(t->ctx, &t->rows, &t->room, (size_t)t->count + 1, sizeof *t->rows))) {
        status = hni_fail_memory(w->err, sizeof row, "a row of subgroups");
    }
    if (status) {
        hni_free(t->ctx, value);
        return status;
    }
    row.value = value;
    t->rows[t->count++] = row;
    return HN_OK;
}

static hn_status add_column(work *w, const hn_subgroup_column *given, int32_t column) {
    hni_column c;
    hn_status status = hni_column_make(w->table->ctx, given->name, given->values, w->eval->n, w->options->most_values, w->options->bands, &c, w->err);
    if (status) {
        return status;
    }
    w->table->names[column] = hni_strdup(w->table->ctx, given->name);
    status = w->table->names[column] ? HN_OK : hni_fail_memory(w->err, strlen(given->name) + 1, "a column's name");
    for (int32_t k = 0; k < c.count && !status; k++) {
        status = add_row(w, &c, column, k);
    }
    hni_column_free(&c);
    return status;
}

/* The second of the two values of a column: the same comparisons as the first's. */
static bool is_mirror(const hn_subgroups *t, int32_t i) {
    const int32_t column = t->rows[i].column;
    return i > 0 && t->rows[i - 1].column == column && (i < 2 || t->rows[i - 2].column != column) &&
           (i + 1 == t->count || t->rows[i + 1].column != column);
}

static hn_status correct(work *w) {
    hn_subgroups *t = w->table;
    const size_t most = (size_t)t->count * HNI_SUBGROUP_FIGURES;
    double *p = hni_calloc(t->ctx, most + 1, 2 * sizeof *p);
    int32_t *order = hni_calloc(t->ctx, most + 1, 2 * sizeof *order), *place = order + most, n = 0;
    if (!p || !order) {
        hni_free(t->ctx, p);
        hni_free(t->ctx, order);
        return hni_fail_memory(w->err, most * 2 * sizeof *p, "correcting comparisons");
    }
    for (int32_t at = 0; at < (int32_t)most; at++) {
        const hn_subgroup *row = &t->rows[at / HNI_SUBGROUP_FIGURES];
        if (!isnan(row->p[at % HNI_SUBGROUP_FIGURES]) && !is_mirror(t, at / HNI_SUBGROUP_FIGURES)) {
            p[n] = row->p[at % HNI_SUBGROUP_FIGURES];
            place[n++] = at;
        }
    }
    hni_correct(p, n, w->options->correction, p + most, order);
    for (int32_t i = 0; i < n; i++) {
        hn_subgroup *row = &t->rows[place[i] / HNI_SUBGROUP_FIGURES];
        const int f = place[i] % HNI_SUBGROUP_FIGURES;
        row->adjusted[f] = p[most + (size_t)i];
        row->differs |= row->adjusted[f] < 1 - w->options->level ? 1u << f : 0;
    }
    for (int32_t i = 1; i < t->count; i++) {
        if (is_mirror(t, i)) {
            memcpy(t->rows[i].adjusted, t->rows[i - 1].adjusted, sizeof t->rows[i].adjusted);
            memcpy(t->rows[i].p, t->rows[i - 1].p, sizeof t->rows[i].p);
            t->rows[i].differs = t->rows[i - 1].differs;
        }
    }
    t->comparisons = n;
    hni_free(t->ctx, p);
    hni_free(t->ctx, order);
    return HN_OK;
}

static hn_status fill_table(work *w, const hn_subgroup_column *columns) {
    hn_status status = hni_groups_make(w->eval, &w->groups, w->err);
    if (!status) {
        status = take_part(w);
    }
    for (int32_t c = 0; c < w->table->n_columns && !status; c++) {
        status = add_column(w, &columns[c], c);
    }
    if (!status) {
        status = correct(w);
    }
    free_part(w);
    hni_groups_free(&w->groups);
    return status;
}

hn_status hni_subgroups_create(const hn_eval *eval, const hn_subgroup_column *columns, int32_t n_columns, const hn_subgroup_options *options,
                               hn_subgroups **out, hn_error *err) {
    hn_subgroups *t = hni_calloc(eval->ctx, 1, sizeof *t);
    if (!t) {
        return hni_fail_memory(err, sizeof *t, "a table of subgroups");
    }
    t->ctx = hni_context_ref(eval->ctx);
    t->n_columns = n_columns;
    t->names = hni_calloc(t->ctx, (size_t)n_columns, sizeof *t->names);
    work w = {.eval = eval, .options = options, .table = t, .err = err};
    const hn_status status = t->names ? fill_table(&w, columns) : hni_fail_memory(err, (size_t)n_columns * sizeof *t->names, "the names of columns");
    if (status) {
        hni_subgroups_free(t);
    } else {
        *out = t;
    }
    return status;
}

void hni_subgroups_free(hn_subgroups *t) {
    if (!t) {
        return;
    }
    hn_context *ctx = t->ctx;
    for (int32_t i = 0; i < t->count; i++) {
        hni_free(ctx, (void *)(uintptr_t)t->rows[i].value); /* ours, const for callers */
    }
    for (int32_t c = 0; t->names && c < t->n_columns; c++) {
        hni_free(ctx, t->names[c]);
    }
    hni_free(ctx, t->names);
    hni_free(ctx, t->rows);
    hni_free(ctx, t);
    hni_context_unref(ctx);
}
