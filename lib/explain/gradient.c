/* gradient.c - maps of the input by its gradient: saliency, and integrated gradients along the straight path from a baseline.
 *
 * The path's points are the middles of equal pieces, computed a batch at a time; the last batch repeats its last point, which then counts for
 * nothing. Sums in float64, in the order of the path, so the result does not depend on the batch. */
#include <math.h>

#include "base/memory.h"
#include "base/status.h"
#include "explain.h"

float hni_normal_level(const hni_preproc *pre, int32_t channel, double level) {
    return ((float)level - pre->mean[channel]) / pre->deviation[channel];
}

void hni_normalise(const hni_preproc *pre, const uint8_t *pixels, float *input) {
    const size_t plane = (size_t)pre->width * (size_t)pre->height;
    for (int32_t c = 0; c < pre->channels; c++)
        for (size_t i = 0; i < plane; i++, pixels++, input++) *input = ((float)*pixels / 255.0f - pre->mean[c]) / pre->deviation[c];
}

double hni_baseline_level(const hni_question *q, int32_t channel) {
    if (q->options->baseline) return q->options->baseline[channel];
    const double mean = (double)q->e->p->model->preproc.mean[channel];
    return mean < 0 ? 0.0 : mean > 1 ? 1.0 : mean;
}

/* What runs of the network from its input need: [batch, …] each. */
typedef struct work {
    size_t inputs, classes; /* numbers of one image */
    int32_t batch;
    float *image, *base;    /* [inputs] */
    float *input, *gradient, *seed, *logits;
} work;

static hn_status take_work(const hni_question *q, int32_t batch, work *w, hn_error *err) {
    hni_scratch *s = &q->e->scratch;
    const hn_model *m = q->e->p->model;
    const size_t n = (size_t)batch;
    size_t each, all;
    *w = (work){.inputs = hni_preproc_bytes(&m->preproc), .classes = (size_t)m->n_classes, .batch = batch};
    if (!hni_mul(2 * n + 2, w->inputs, &all) || !hni_mul(2 * n, w->classes, &each) || !hni_add(all, each, &all))
        return hni_fail(err, HN_E_LIMIT, "the input of this network is larger than memory");
    float *f = hni_scratch_zeroed(s, all, sizeof *f);
    if (!f) return hni_fail_memory(err, all * sizeof *f, "the inputs of a network and their gradients");
    w->image = f, w->base = w->image + w->inputs, w->input = w->base + w->inputs;
    w->gradient = w->input + n * w->inputs, w->seed = w->gradient + n * w->inputs, w->logits = w->seed + n * w->classes;
    hni_normalise(&m->preproc, q->pixels, w->image);
    for (size_t i = 0; i < n; i++) w->seed[i * w->classes + (size_t)q->class_index] = 1.0f;
    return hni_explainer_prepare(q->e, 0, HNI_MAP_NONE, batch, err);
}

static hn_status run(const hni_question *q, work *w, hn_error *err) {
    hn_status status = hni_executor_run(q->e->ex, &(hni_step){.input = w->input, .seed = w->seed}, err);
    if (!status) status = hni_executor_gradient(q->e->ex, w->gradient, err);
    return status ? status : hni_executor_logits(q->e->ex, w->logits, err);
}

hn_status hni_saliency_grid(const hni_question *q, hni_grid *grid, hn_error *err) {
    const size_t plane = (size_t)grid->width * (size_t)grid->height;
    work w;
    hn_status status = take_work(q, 1, &w, err);
    for (size_t i = 0; i < w.inputs && !status; i++) w.input[i] = w.image[i];
    if (!status) status = run(q, &w, err);
    for (size_t i = 0; i < w.inputs && !status; i++) {
        const double size = fabs((double)w.gradient[i]);
        double *cell = &grid->cells[i % plane];
        if (i < plane || !(size <= *cell)) *cell = size; /* a NaN stays */
    }
    return status;
}

/* Points of the path from `first` on into the batch: point 0 is the baseline itself, which is there for its logit alone. */
static void lay_path(work *w, int32_t first, int32_t steps) {
    for (int32_t b = 0; b < w->batch; b++) {
        const int32_t k = first + b < steps ? first + b : steps;
        const double share = k > 0 ? (k - 0.5) / steps : 0.0;
        float *to = w->input + (size_t)b * w->inputs;
        for (size_t i = 0; i < w->inputs; i++) to[i] = (float)((double)w->base[i] + share * ((double)w->image[i] - (double)w->base[i]));
    }
}

hn_status hni_integrated_grid(const hni_question *q, hni_grid *grid, hn_error *err) {
    const hn_predictor *p = q->e->p;
    const size_t plane = (size_t)grid->width * (size_t)grid->height, k = (size_t)q->class_index;
    const int32_t steps = q->options->steps, most = p->max_batch < HNI_EXPLAIN_BATCH ? p->max_batch : HNI_EXPLAIN_BATCH;
    work w;
    hn_status status = take_work(q, steps < most ? steps + 1 : most, &w, err);
    if (status) return status;
    double *mean = hni_scratch_zeroed(&q->e->scratch, w.inputs, sizeof *mean);
    if (!mean) return hni_fail_memory(err, w.inputs * sizeof *mean, "the mean gradient of a path");
    for (size_t i = 0; i < w.inputs; i++)
        w.base[i] = hni_normal_level(&p->model->preproc, (int32_t)(i / plane), hni_baseline_level(q, (int32_t)(i / plane)));
    for (int32_t first = 0; first <= steps && !status; first += w.batch) {
        lay_path(&w, first, steps);
        status = hni_cancel_check(q->options->cancel, err);
        if (!status) status = run(q, &w, err);
        if (!status && !first) grid->expected = (double)p->run.logits[k] - (double)w.logits[k]; /* the image itself was predicted last */
        for (int32_t b = first ? 0 : 1; b < w.batch && first + b <= steps && !status; b++)
            for (size_t i = 0; i < w.inputs; i++) mean[i] += (double)w.gradient[(size_t)b * w.inputs + i] / steps;
    }
    for (size_t i = 0; i < plane; i++) grid->cells[i] = 0.0;
    for (size_t i = 0; i < w.inputs; i++) grid->cells[i % plane] += ((double)w.image[i] - (double)w.base[i]) * mean[i];
    return status;
}
