/* cam.c - class activation maps: what the channels of one layer say, weighted by the gradient of the class's logit.
 *
 * The three that are a weighted sum of channels are made on the device, by the operator for it. Grad-CAM++ needs powers of the gradient, which
 * no operator gives, and is made here, in float64: with S = exp(logit) its higher derivatives are powers of the first, so
 *   alpha = g² / (2 g² + Σ_ij f · g³), weight of a channel = Σ_ij alpha · max(g, 0). */
#include "base/memory.h"
#include "base/status.h"
#include "explain.h"

/* Weight of one channel of n cells. */
static double channel_weight(const float *f, const float *g, size_t n) {
    double sum = 0.0, weight = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)f[i] * g[i] * g[i] * g[i];
    for (size_t i = 0; i < n; i++) {
        const double square = (double)g[i] * g[i], below = 2.0 * square + sum;
        if (g[i] > 0 && below != 0.0) weight += square / below * g[i];
    }
    return weight;
}

static hn_status plus_plus(const hni_question *q, hni_grid *grid, hn_error *err) {
    hni_explainer *e = q->e;
    const hn_tensor_desc *t = &e->p->model->graph->values[q->target];
    const size_t n = (size_t)(t->dims[2] * t->dims[3]), all = (size_t)t->dims[1] * n;
    float *f = hni_scratch_zeroed(&e->scratch, 2 * all, sizeof *f), *g = f + all;
    if (!f) return hni_fail_memory(err, 2 * all * sizeof *f, "the channels of a layer");
    hn_status status = hni_executor_target(e->ex, f, err);
    if (!status) status = hni_executor_gradient(e->ex, g, err);
    for (size_t i = 0; i < n; i++) grid->cells[i] = 0.0;
    for (int64_t c = 0; c < t->dims[1] && !status; c++, f += n, g += n) {
        const double weight = channel_weight(f, g, n);
        for (size_t i = 0; i < n; i++) grid->cells[i] += weight * f[i];
    }
    return status;
}

static hn_status fetch_map(const hni_question *q, hni_grid *grid, hn_error *err) {
    const size_t n = (size_t)grid->width * (size_t)grid->height;
    float *map = hni_scratch_zeroed(&q->e->scratch, n, sizeof *map);
    if (!map) return hni_fail_memory(err, n * sizeof *map, "the map of a layer");
    const hn_status status = hni_executor_map(q->e->ex, map, err);
    for (size_t i = 0; i < n && !status; i++) grid->cells[i] = map[i];
    return status;
}

static int32_t map_of(int32_t method) {
    return method == HN_EXPLAIN_GRAD_CAM ? HNI_MAP_MEAN : method == HN_EXPLAIN_HIRES_CAM ? HNI_MAP_PIXEL
           : method == HN_EXPLAIN_LAYER_CAM ? HNI_MAP_POSITIVE : HNI_MAP_NONE;
}

hn_status hni_cam_grid(const hni_question *q, hni_grid *grid, hn_error *err) {
    hni_explainer *e = q->e;
    const hn_model *m = e->p->model;
    const size_t inputs = hni_preproc_bytes(&m->preproc), classes = (size_t)m->n_classes; /* a byte a number */
    float *input = hni_scratch_zeroed(&e->scratch, inputs + classes, sizeof *input), *seed = input + inputs;
    if (!input) return hni_fail_memory(err, (inputs + classes) * sizeof *input, "the input of a network");
    hn_status status = hni_explainer_prepare(e, q->target, map_of(q->options->method), 1, err);
    if (status) return status;
    hni_normalise(&m->preproc, q->pixels, input);
    seed[q->class_index] = 1.0f;
    status = hni_executor_run(e->ex, &(hni_step){.input = input, .seed = seed}, err);
    if (status) return status;
    return q->options->method == HN_EXPLAIN_GRAD_CAM_PP ? plus_plus(q, grid, err) : fetch_map(q, grid, err);
}
