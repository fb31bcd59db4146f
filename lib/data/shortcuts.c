/* shortcuts.c - how well a class is told by what is no picture: size of the file, size of the image, grey of its border, its format.
 *
 * Each is one number an image; its ROC AUC, with an interval by patient, says whether it tells a class from the rest. lib/eval judges, as it judges
 * a model: the number stands where a probability would. */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "../eval/delong.h" /* defines: hni_eval_auc */
#include "audit.h"
#include "sort.h"

enum { MOST_CLASSES = 64, MOST_FORMATS = 8, LEAST_GROUPS = 10 /* below, DeLong's interval promises too much */ };
static const double far = 0.1; /* from one half */

typedef struct judged {
    hn_audit *a;
    const hni_fingerprint *prints;
    hn_eval *eval;     /* rows that could be read; one label, set anew for each class */
    double *values;    /* [eval->n] */
    uint32_t *order;   /* [eval->n] scratch */
} judged;

static double value_of(const hni_fingerprint *p, int32_t kind) {
    switch (kind) {
    case HN_SHORTCUT_FILE_SIZE: return (double)p->bytes;
    case HN_SHORTCUT_IMAGE_SIZE: return (double)p->width * p->height;
    default: return (double)p->border;
    }
}

static bool value_less(const void *user, uint32_t a, uint32_t b) {
    const double *values = user;
    return values[a] < values[b] || (!(values[b] < values[a]) && a < b);
}

/* Values → places among all of them, 0 … 1, equal ones equal: scores as an evaluation wants them. False if all are the same. */
static bool rank_values(judged *j) {
    const uint32_t n = (uint32_t)j->eval->n;
    uint32_t place = 0;
    for (uint32_t i = 0; i < n; i++) j->order[i] = i;
    hni_sort_u32(j->order, n, value_less, j->values);
    for (uint32_t i = 0; i < n; i++) {
        if (i && j->values[j->order[i - 1]] < j->values[j->order[i]]) place = i;
        j->eval->probabilities[j->order[i]] = (double)place / n;
    }
    return place > 0;
}

static bool has_class(const hn_dataset *data, int64_t row, int32_t k) {
    return hni_dataset_task(data) == HN_TASK_MULTI ? hni_dataset_labels(data, row) >> k & 1 : hni_dataset_label(data, row) == k;
}

/* False if a class has no image, or all. */
static bool set_truth(judged *j, int32_t k) {
    int64_t have = 0;
    for (int64_t i = 0; i < j->eval->n; i++) {
        j->eval->labels[i] = has_class(j->a->data, j->eval->rows[i], k);
        have += (int64_t)j->eval->labels[i];
    }
    return have > 0 && have < j->eval->n;
}

static hn_status measure(judged *j, int32_t kind, int32_t k, double level, hn_shortcut *out, hn_error *err) {
    hn_interval auc;
    hn_status status = hni_eval_auc(j->eval, NULL, 0, level, &auc, err);
    if (status) return status;
    *out = (hn_shortcut){.kind = kind, .class_index = k, .auc = auc.estimate, .low = auc.low, .high = auc.high, .level = level, .n = auc.n,
                         .groups = auc.groups};
    out->flagged = auc.groups >= LEAST_GROUPS && (auc.low > 0.5 + far || auc.high < 0.5 - far); /* NaN: no */
    return HN_OK;
}

static hn_status keep(hn_audit *a, const hn_shortcut *s, hn_error *err) {
    if (hni_grow(a->ctx, &a->shortcuts, &a->shortcut_capacity, (size_t)a->info.shortcuts + 1, sizeof *a->shortcuts))
        return hni_fail_memory(err, ((size_t)a->info.shortcuts + 1) * sizeof *a->shortcuts, "the shortcuts of an audit");
    a->shortcuts[a->info.shortcuts++] = *s;
    a->info.flagged += s->flagged;
    return HN_OK;
}

static hn_status judge_number(judged *j, int32_t kind, int32_t k, hn_error *err) {
    hn_shortcut s;
    for (int64_t i = 0; i < j->eval->n; i++) j->values[i] = value_of(&j->prints[j->eval->rows[i]], kind);
    if (!rank_values(j) || !set_truth(j, k)) return HN_OK;
    hn_status status = measure(j, kind, k, 0.95, &s, err);
    return status ? status : keep(j->a, &s, err);
}

/* Different formats, in the order of their first images; at most MOST_FORMATS. */
static int32_t list_formats(const judged *j, uint32_t formats[MOST_FORMATS]) {
    int32_t n = 0;
    for (int64_t i = 0; i < j->eval->n; i++) {
        const uint32_t format = j->prints[j->eval->rows[i]].format;
        int32_t at = 0;
        while (at < n && formats[at] != format) at++;
        if (at == n && n < MOST_FORMATS) formats[n++] = format;
    }
    return n;
}

/* Each format against the others; the one furthest from one half counts, at a level that allows for the choice. */
static hn_status judge_format(judged *j, int32_t k, hn_error *err) {
    uint32_t formats[MOST_FORMATS];
    hn_shortcut best = {0}, s;
    hn_status status = HN_OK;
    const int32_t n = list_formats(j, formats);
    if (n < 2 || !set_truth(j, k)) return HN_OK;
    for (int32_t f = 0; f < n && !status; f++) {
        for (int64_t i = 0; i < j->eval->n; i++) j->eval->probabilities[i] = j->prints[j->eval->rows[i]].format == formats[f];
        status = measure(j, HN_SHORTCUT_FORMAT, k, 1 - 0.05 / n, &s, err);
        if (!status && (!best.kind || fabs(s.auc - 0.5) > fabs(best.auc - 0.5))) best = s;
    }
    return status ? status : keep(j->a, &best, err);
}

static hn_status judge_class(judged *j, int32_t k, hn_error *err) {
    hn_status status = HN_OK;
    for (int32_t kind = HN_SHORTCUT_FILE_SIZE; kind <= HN_SHORTCUT_BORDER && !status; kind++) status = judge_number(j, kind, k, err);
    return status ? status : judge_format(j, k, err);
}

static hn_status take_rows(judged *j, hn_error *err) {
    hn_audit *a = j->a;
    const size_t n = (size_t)a->info.rows;
    hn_status status = hni_eval_new(a->ctx, HN_TASK_MULTI, 1, a->info.rows, &j->eval, err);
    j->values = hni_calloc(a->ctx, n + 1, sizeof *j->values);
    j->order = hni_calloc(a->ctx, n + 1, sizeof *j->order);
    if (!status && (!j->values || !j->order)) status = hni_fail_memory(err, n * sizeof *j->values, "the shortcuts of an audit");
    if (status) return status;
    j->eval->n = 0;
    for (int64_t i = 0; i < a->info.rows; i++) {
        hn_row row = {0};
        const int64_t at = j->eval->n;
        if (!j->prints[i].seen) continue;
        hni_dataset_row(a->data, i, &row);
        if (*row.group && !(j->eval->groups[at] = hni_strdup(a->ctx, row.group))) return hni_fail_memory(err, strlen(row.group) + 1, "a patient's name");
        j->eval->rows[j->eval->n++] = i;
    }
    return HN_OK;
}

hn_status hni_audit_shortcuts(hn_audit *a, const hni_fingerprint *prints, hn_error *err) {
    judged j = {.a = a, .prints = prints};
    const int32_t classes = hni_dataset_classes(a->data), positive = hni_dataset_positive(a->data);
    const bool two = classes == 2 && hni_dataset_task(a->data) == HN_TASK_SINGLE;
    if (!a->info.rows) return HN_OK;
    hn_status status = take_rows(&j, err);
    if (!status && j.eval->n && two) status = judge_class(&j, positive < 0 ? 0 : positive, err);
    for (int32_t k = 0; k < classes && k < MOST_CLASSES && !two && j.eval && j.eval->n && !status; k++) status = judge_class(&j, k, err);
    hni_eval_unref(j.eval);
    hni_free(a->ctx, j.values);
    hni_free(a->ctx, j.order);
    return status;
}
