/* evaluate.c - a predictor over a data set: rows in their order ─► loader ─► network ─► hn_eval, which lib/eval then reads.
 *
 * The loader preprocesses as hn_predict does and the network runs through the same executors, so a row's probabilities are those that
 * hn_predict gives for its file, unless they are averaged along the series. No figure is worked out here. A row whose output is not finite stays,
 * flagged: it counts as a sample without a verdict, and only a network that gives nothing else is an error. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/os.h" /* defines: hni_seconds */
#include "base/status.h"
#include "data/loader.h"
#include "data/sort.h"
#include "eval/eval.h" /* defines: hn_eval */
#include "eval/smooth.h"
#include "model/match.h"
#include "predictor.h"

typedef struct pass { /* one run over the data */
    hn_predictor *p;
    hn_dataset *data;
    const hn_eval_options *options;
    hn_eval *eval;
    int64_t done;    /* rows of eval that are filled */
    int64_t silent;  /* of them, not finite */
    int32_t *map;    /* class of the data → of the model */
    hni_loader *loader;
    double begin;    /* s */
} pass;

static hn_status make_eval(pass *s, int64_t rows, hn_error *err) {
    const hn_model *m = s->p->model;
    hn_status status = hni_eval_new(s->p->ctx, m->task, m->n_classes, rows, &s->eval, err);
    if (status) return status;
    for (int32_t k = 0; k < m->n_classes; k++)
        if (!(s->eval->class_names[k] = hni_strdup(s->p->ctx, m->class_names[k])))
            return hni_fail_memory(err, strlen(m->class_names[k]) + 1, "a class name");
    s->eval->positive = s->options->positive ? s->options->positive - 1 : m->positive;
    s->eval->threshold = s->options->threshold != 0 ? s->options->threshold : s->p->threshold;
    hni_dataset_digest(s->data, s->eval->digest);
    s->eval->averaged = s->p->tta != HN_TTA_NONE;
    s->eval->rounded = !(s->options->smooth > 0);
    s->eval->logits = hni_calloc(s->p->ctx, (size_t)rows, (size_t)m->n_classes * sizeof *s->eval->logits);
    if (!s->eval->logits) return hni_fail_memory(err, (size_t)rows * (size_t)m->n_classes * sizeof *s->eval->logits, "an evaluation's logits");
    if (m->familiar && !(s->eval->novelty = hni_calloc(s->p->ctx, (size_t)rows, sizeof *s->eval->novelty)))
        return hni_fail_memory(err, (size_t)rows * sizeof *s->eval->novelty, "an evaluation's novelties");
    s->eval->groups_unknown = (hni_dataset_flags(s->data) & HN_DATA_GROUPS_UNKNOWN) != 0;
    return HN_OK;
}

/* NULL stands for "", so that data without groups pay nothing. */
static hn_status keep_text(hn_context *ctx, const char *text, char **out, hn_error *err) {
    if (!*text) return HN_OK;
    *out = hni_strdup(ctx, text);
    return *out ? HN_OK : hni_fail_memory(err, strlen(text) + 1, "a row's path or group");
}

/* Truth, in the model's numbering. */
static void fill_truth(const pass *s, int64_t row, int64_t at) {
    const hn_model *m = s->p->model;
    float labels[HNI_LABELS]; /* a multi-label model has no more */
    int32_t class_index = -1;
    uint64_t bits = 0;
    hni_match_row(m, s->data, s->map, row, &class_index, labels);
    if (m->task == HN_TASK_MULTI) {
        for (int32_t k = 0; k < m->n_classes; k++)
            if (labels[k] > 0) bits |= UINT64_C(1) << k;
    } else if (class_index < 64) {
        bits = UINT64_C(1) << class_index;
    }
    s->eval->classes[at] = class_index;
    s->eval->labels[at] = bits;
}

/* Slot i of the last run becomes the next row of the evaluation. */
static hn_status fill_row(pass *s, int64_t row, int32_t i, hn_error *err) {
    hn_eval *e = s->eval;
    int64_t at = s->done;
    size_t classes = (size_t)e->n_classes;
    const float *from = s->p->run.probabilities + (size_t)i * classes, *logits = s->p->run.logits + (size_t)i * classes;
    hn_row facts = {0};
    hni_dataset_row(s->data, row, &facts);
    hn_status status = keep_text(e->ctx, facts.path, &e->paths[at], err);
    if (!status) status = keep_text(e->ctx, facts.group, &e->groups[at], err);
    if (status) return status;
    for (size_t k = 0; k < classes; k++) {
        e->probabilities[(size_t)at * classes + k] = (double)from[k];
        e->logits[(size_t)at * classes + k] = (double)logits[k];
    }
    e->rows[at] = row;
    e->flags[at] = s->p->run.status[i] ? HN_PREDICTION_NONFINITE : 0;
    if (e->novelty) e->novelty[at] = s->p->run.novelty[i];
    s->silent += e->flags[at] != 0;
    fill_truth(s, row, at);
    s->done++;
    return HN_OK;
}

static hn_status tell(const pass *s, int64_t batch, int64_t rows, hn_error *err) {
    int32_t size = s->p->max_batch;
    hn_progress progress = {.struct_size = sizeof progress, .phase = HN_PHASE_TEST, .batch = batch, .batches = (rows + size - 1) / size};
    progress.images = s->done;
    progress.loss = NAN;
    progress.seconds = hni_seconds() - s->begin;
    if (s->options->progress && s->options->progress(s->options->progress_user, &progress))
        return hni_fail(err, HN_E_CANCELLED, "cancelled by the progress callback");
    return hni_cancel_check(s->options->cancel, err);
}

static hn_status run_all(pass *s, int64_t rows, hn_error *err) {
    hni_batch batch;
    hn_status status = HN_OK;
    for (int64_t number = 1; !status; number++) {
        status = hni_loader_next(s->loader, s->options->cancel, &batch, err);
        if (status || !batch.count) break;
        status = hni_predictor_run(s->p, batch.pixels, batch.count, err);
        for (int32_t i = 0; i < batch.count && !status; i++) status = fill_row(s, batch.rows[i], i, err);
        if (!status) status = tell(s, number, rows, err);
    }
    return status;
}

/* No figure could be trusted: no row at all, or none with a verdict. */
static hn_status check_yield(const pass *s, int64_t rows, hn_error *err) {
    hn_row first = {0};
    if (s->done && s->silent < s->done) return HN_OK;
    if (s->done)
        return hni_fail(err, HN_E_NUMERIC, "the network gave NaN or infinity for all %lld images: look at the model's weights",
                        (long long)s->done);
    hni_dataset_row(s->data, 0, &first);
    return hni_fail(err, HN_E_DATA, "none of the %lld rows could be read; the first, %s: %s", (long long)rows, first.path,
                    first.problem);
}

static bool stands_before(const void *user, uint32_t a, uint32_t b) {
    const hni_slice *slices = user, *x = &slices[a], *y = &slices[b];
    if (x->series != y->series) return x->series < y->series;
    return x->number != y->number ? x->number < y->number : x->row < y->row;
}

/* Probabilities along the series, for the rows whose place in one is known. */
static hn_status smooth(pass *s, hn_error *err) {
    size_t n = 0, most = (size_t)s->done + 1;
    hni_slice *found = hni_calloc(s->p->ctx, most, sizeof *found), *sorted = hni_calloc(s->p->ctx, most, sizeof *sorted);
    uint32_t *order = hni_calloc(s->p->ctx, most, sizeof *order);
    hn_status status = found && sorted && order ? HN_OK : hni_fail_memory(err, most * (2 * sizeof *found + sizeof *order), "the places of slices");
    for (int64_t i = 0; i < s->done && !status; i++) {
        uint32_t patient, study;
        int32_t slice;
        if (!hni_dataset_slice(s->data, s->eval->rows[i], &patient, &study, &slice)) continue;
        order[n] = (uint32_t)n;
        found[n++] = (hni_slice){.row = i, .series = (uint64_t)patient << 32 | study, .number = slice};
    }
    if (!status) hni_sort_u32(order, (uint32_t)n, stands_before, found);
    for (size_t i = 0; i < n && !status; i++) sorted[i] = found[order[i]];
    if (!status) status = hni_eval_smooth(s->eval, sorted, (int64_t)n, s->options->smooth, err);
    hni_free(s->p->ctx, found);
    hni_free(s->p->ctx, sorted);
    hni_free(s->p->ctx, order);
    return status;
}

hn_status hni_evaluate(hn_predictor *p, hn_dataset *data, const hn_eval_options *options, hn_eval **out, hn_error *err) {
    pass s = {.p = p, .data = data, .options = options, .begin = hni_seconds()};
    int64_t rows = hni_dataset_rows(data);
    hn_status status = hni_match_classes(p->model, data, &s.map, err);
    if (!status) status = make_eval(&s, rows, err);
    if (!status) status = hni_loader_create(data, &p->model->preproc, p->max_batch, 0, &s.loader, err);
    if (!status) status = run_all(&s, rows, err);
    if (!status) status = check_yield(&s, rows, err);
    if (!status && options->smooth > 0) status = smooth(&s, err);
    if (!status) {
        s.eval->n = s.done;
        s.eval->skipped = hni_loader_skipped(s.loader);
        *out = s.eval;
    } else {
        hni_eval_unref(s.eval);
    }
    hni_loader_free(s.loader);
    hni_free(p->model->ctx, s.map);
    return status;
}
