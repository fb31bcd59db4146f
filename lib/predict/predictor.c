/* predictor.c - the life of a predictor: device, weights, two prepared executors and all host memory are taken here, once.
 *
 * Running is also here, as it is the one place where a count of images meets the two batch sizes: full batches at once, the rest one by
 * one. A third, odd-sized executor would have to be prepared while predicting. Not here: images (batch.c) and data sets (evaluate.c). */
#include "predictor.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/threads.h"
#include "eval/calibration.h"
#include "views.h"

static hn_status take_numbers(hn_predictor *p, const hn_predictor_options *o, hn_error *err) {
    p->max_batch = o->max_batch ? o->max_batch : HNI_PREDICT_BATCH;
    p->threshold = o->threshold != 0 ? o->threshold : p->model->threshold;
    if (p->max_batch < 1 || p->max_batch > HNI_PREDICT_MOST)
        return hni_fail(err, HN_E_ARGUMENT, "max_batch of %d images: must be 1 … %d, or 0 for %d", p->max_batch, HNI_PREDICT_MOST,
                        HNI_PREDICT_BATCH);
    if (o->threshold != 0 && !(o->threshold > 0 && o->threshold < 1)) /* also NaN */
        return hni_fail(err, HN_E_ARGUMENT, "threshold %g: must be above 0 and below 1, or 0 for the model's %g", o->threshold,
                        p->model->threshold);
    if (o->tta < HN_TTA_NONE || o->tta > HN_TTA_FLIP_SHIFT || o->flags)
        return hni_fail(err, HN_E_ARGUMENT, "tta %d, flags %d: tta must be one of HN_TTA_…, and flags 0", o->tta, o->flags);
    p->tta = o->tta;
    return HN_OK;
}

static bool take_verdicts(hn_context *ctx, size_t n, size_t classes, hni_verdicts *v) {
    size_t cells;
    if (!hni_mul(n, classes, &cells)) return false;
    v->probabilities = hni_calloc(ctx, cells, sizeof *v->probabilities);
    v->logits = hni_calloc(ctx, cells, sizeof *v->logits);
    v->status = hni_calloc(ctx, n, sizeof *v->status);
    v->notes = hni_calloc(ctx, n, sizeof *v->notes);
    v->novelty = hni_calloc(ctx, n, sizeof *v->novelty);
    return v->probabilities && v->logits && v->status && v->notes && v->novelty;
}

static void free_verdicts(hn_context *ctx, hni_verdicts *v) {
    hni_free(ctx, v->probabilities);
    hni_free(ctx, v->logits);
    hni_free(ctx, v->status);
    hni_free(ctx, v->notes);
    hni_free(ctx, v->novelty);
    *v = (hni_verdicts){0};
}

/* Test-time averaging alone needs it. */
static hn_status take_views(hn_predictor *p, hn_error *err) {
    size_t bytes = (size_t)p->max_batch * p->image_bytes, cells = (size_t)p->max_batch * (size_t)p->model->n_classes;
    if (!p->tta) return HN_OK;
    p->view = hni_alloc_aligned(p->ctx, bytes);
    p->sums = hni_calloc(p->ctx, cells, 2 * sizeof *p->sums);
    return p->view && p->sums ? HN_OK : hni_fail_memory(err, bytes, "the views of a predictor's images (take a smaller max_batch)");
}

static hn_status take_host_memory(hn_predictor *p, hn_error *err) {
    size_t n = (size_t)p->max_batch, classes = (size_t)p->model->n_classes, bytes;
    p->image_bytes = hni_preproc_bytes(&p->model->preproc);
    if (!p->image_bytes || !hni_mul(n, p->image_bytes, &bytes))
        return hni_fail(err, HN_E_LIMIT, "%d images of %d x %d px are larger than memory: take a smaller max_batch", p->max_batch,
                        p->model->preproc.width, p->model->preproc.height);
    p->pixels = hni_alloc_aligned(p->ctx, bytes);
    p->image = hni_calloc(p->ctx, n, sizeof *p->image);
    p->notes = hni_calloc(p->ctx, n, sizeof *p->notes);
    p->error = hni_calloc(p->ctx, n, sizeof *p->error);
    p->row = hni_calloc(p->ctx, classes, sizeof *p->row);
    p->n_lanes = p->ctx->threads < p->max_batch ? p->ctx->threads : p->max_batch;
    p->lanes = hni_calloc(p->ctx, (size_t)p->n_lanes, sizeof *p->lanes);
    for (int32_t i = 0; p->lanes && i < p->n_lanes; i++) {
        atomic_flag_clear(&p->lanes[i].taken);
        p->lanes[i].scratch.ctx = p->ctx;
    }
    if (!p->lanes || !p->pixels || !p->image || !p->notes || !p->error || !p->row || !take_verdicts(p->ctx, n, classes, &p->run) ||
        !take_verdicts(p->ctx, n, classes, &p->held))
        return hni_fail_memory(err, bytes, "a predictor's images (take a smaller max_batch)");
    return take_views(p, err);
}

static hn_status make_executor(hn_predictor *p, int32_t batch, hni_executor **out, hn_error *err) {
    const hn_model *m = p->model;
    hni_executor_options o = {.mode = HNI_MODE_PREDICT, .batch = batch, .task = m->task, .positive = m->positive};
    o.threshold = p->threshold, o.mean = m->preproc.mean, o.deviation = m->preproc.deviation;
    return hni_executor_create(p->device, m->graph, &p->weights, &o, out, err);
}

/* One arena, as large as the larger wants: the two never run at the same time, and read their results before the other runs. */
static hn_status make_executors(hn_predictor *p, hn_error *err) {
    hn_status status = make_executor(p, 1, &p->one, err);
    if (!status && p->max_batch > 1) status = make_executor(p, p->max_batch, &p->many, err);
    if (status) return status;
    uint64_t need = hni_executor_arena_bytes(p->one), more = p->many ? hni_executor_arena_bytes(p->many) : 0;
    status = hni_device_alloc(p->device, need > more ? need : more, &p->arena, err);
    if (!status) status = hni_executor_bind(p->one, p->arena, err);
    if (!status && p->many) status = hni_executor_bind(p->many, p->arena, err);
    return status;
}

hn_status hni_predictor_create(const hn_model *model, const hn_predictor_options *options, hn_predictor **out, hn_error *err) {
    hn_predictor *p = hni_calloc(model->ctx, 1, sizeof *p);
    if (!p) return hni_fail_memory(err, sizeof *p, "a predictor");
    p->ctx = hni_context_ref(model->ctx);
    p->model = hni_model_ref(model);
    hn_status status = take_numbers(p, options, err);
    if (!status) status = take_host_memory(p, err);
    if (!status) status = hni_device_open_spec(p->ctx, options->device, &p->device, err);
    if (!status) status = hni_weights_create(p->device, model->graph, false, &p->weights, err);
    if (!status) status = hni_weights_set(&p->weights, model->weights, err);
    if (!status) status = make_executors(p, err);
    if (status)
        hni_predictor_free(p);
    else
        *out = p;
    return status;
}

void hni_predictor_free(hn_predictor *p) {
    if (!p) return;
    hn_context *ctx = p->ctx;
    if (p->free_companion) p->free_companion(p->companion);
    hni_executor_free(p->one);
    hni_executor_free(p->many);
    if (p->device) {
        if (p->arena.memory) hni_device_free(p->device, &p->arena);
        hni_weights_free(&p->weights);
        hni_device_close(p->device);
    }
    hni_free_aligned(ctx, p->pixels);
    hni_free_aligned(ctx, p->view);
    hni_free(ctx, p->sums);
    hni_free(ctx, p->image);
    hni_free(ctx, p->notes);
    hni_free(ctx, p->error);
    hni_free(ctx, p->row);
    for (int32_t i = 0; p->lanes && i < p->n_lanes; i++) hni_scratch_free(&p->lanes[i].scratch);
    hni_free(ctx, p->lanes);
    free_verdicts(ctx, &p->run);
    free_verdicts(ctx, &p->held);
    hni_model_unref(p->model);
    hni_free(ctx, p);
    hni_context_unref(ctx);
}

/* n images from slot `at` of p->run: the probabilities that the model's calibration makes of the logits. */
static void calibrate(hn_predictor *p, int32_t at, int32_t n) {
    const hn_calibration *c = &p->model->calibration;
    const size_t classes = (size_t)p->model->n_classes;
    for (size_t i = (size_t)at; c->method && i < (size_t)at + (size_t)n; i++) {
        for (size_t k = 0; k < classes; k++) p->row[k] = (double)p->run.logits[i * classes + k];
        hni_calibrated(p->model->task, p->model->n_classes, c->scale, c->shift, p->row, p->row);
        for (size_t k = 0; k < classes; k++) p->run.probabilities[i * classes + k] = (float)p->row[k];
    }
}

/* Runs one executor over n images and fetches its results to slots from `at` of p->run. */
static hn_status run_at(hn_predictor *p, hni_executor *executor, const uint8_t *pixels, int32_t at, int32_t n, hn_error *err) {
    size_t cell = (size_t)at * (size_t)p->model->n_classes;
    hn_status status = hni_executor_run(executor, &(hni_step){.pixels = pixels + (size_t)at * p->image_bytes}, err);
    if (!status) status = hni_executor_probabilities(executor, p->run.probabilities + cell, err);
    if (!status) status = hni_executor_logits(executor, p->run.logits + cell, err);
    if (!status) calibrate(p, at, n);
    return status;
}

/* Logits are looked at too: an infinite one can hide behind a probability of exactly 1. */
static hn_status judge(const hn_predictor *p, int32_t slot) {
    size_t classes = (size_t)p->model->n_classes, cell = (size_t)slot * classes;
    for (size_t k = 0; k < classes; k++)
        if (!isfinite(p->run.logits[cell + k]) || !isfinite(p->run.probabilities[cell + k])) return HN_E_NUMERIC;
    return HN_OK;
}

static hn_status run_view(hn_predictor *p, const uint8_t *pixels, int32_t n, hn_error *err) {
    hn_status status = HN_OK;
    if (p->many && n == p->max_batch) return run_at(p, p->many, pixels, 0, n, err);
    for (int32_t i = 0; i < n && !status; i++) status = run_at(p, p->one, pixels, i, 1, err);
    return status;
}

static void add_view(hn_predictor *p, size_t cells) {
    for (size_t i = 0; i < cells; i++) p->sums[i] += (double)p->run.probabilities[i];
    for (size_t i = 0; i < cells; i++) p->sums[cells + i] += (double)p->run.logits[i];
}

/* Why probabilities are averaged and not logits: by Jensen's inequality log loss and Brier score of the mean are no worse than the views' own
 * on average; the mean is bounded, so that one view which is very sure cannot outvote the others, as an infinite logit would. */
static hn_status run_views(hn_predictor *p, const uint8_t *pixels, int32_t n, hn_error *err) {
    const hni_preproc *pre = &p->model->preproc;
    size_t cells = (size_t)n * (size_t)p->model->n_classes;
    int32_t views = hni_views(p->tta);
    hn_status status = HN_OK;
    memset(p->sums, 0, 2 * cells * sizeof *p->sums);
    for (int32_t v = 0; v < views && !status; v++) {
        hni_view_make(pixels, p->view, (int64_t)n * pre->channels, pre->width, pre->height, v);
        status = run_view(p, p->view, n, err);
        if (!status) add_view(p, cells);
    }
    for (size_t i = 0; i < cells && !status; i++) {
        p->run.probabilities[i] = (float)(p->sums[i] / views);
        p->run.logits[i] = (float)(p->sums[cells + i] / views);
    }
    return status;
}

typedef struct looks { /* of the images that run */
    const hn_predictor *p;
    const uint8_t *pixels;
} looks;

static void look(void *arg, uint32_t i) {
    const looks *l = arg;
    const hni_preproc *pre = &l->p->model->preproc;
    l->p->run.novelty[i] = hni_familiar_novelty(l->p->model->familiar, l->pixels + i * l->p->image_bytes, pre->channels, pre->width, pre->height);
}

hn_status hni_predictor_run(hn_predictor *p, const uint8_t *pixels, int32_t n, hn_error *err) {
    hn_status status = p->tta ? run_views(p, pixels, n, err) : run_view(p, pixels, n, err);
    for (int32_t i = 0; i < n; i++) p->run.novelty[i] = NAN;
    if (!status && p->model->familiar) hni_parallel_for(p->ctx, (uint32_t)n, look, &(looks){p, pixels});
    for (int32_t i = 0; i < n && !status; i++) p->run.status[i] = judge(p, i);
    return status;
}

void hni_verdicts_free(hn_predictor *p, hni_verdicts *verdicts) {
    if (verdicts->status == p->held.status)
        *verdicts = (hni_verdicts){0};
    else
        free_verdicts(p->ctx, verdicts);
}

hn_status hni_verdicts_take(hn_predictor *p, size_t count, hni_verdicts *verdicts, hn_error *err) {
    *verdicts = (hni_verdicts){0};
    if (count <= (size_t)p->max_batch) {
        *verdicts = p->held;
        return HN_OK;
    }
    if (take_verdicts(p->ctx, count, (size_t)p->model->n_classes, verdicts)) return HN_OK;
    free_verdicts(p->ctx, verdicts);
    return hni_fail(err, HN_E_MEMORY, "out of memory: the results of %zu images cannot be held; bring fewer at once", count);
}
