/* explain.c - one image's explanation from end to end: predict, choose the class, fill the grid, see that all of it is finite.
 *
 * The forward pass of prediction runs first, although the executor that goes back makes its own: so probability and logit of an
 * explanation are bit for bit those of hn_predict. Not here: the methods (cam.c, gradient.c, occlusion.c, brightness.c), and the image (place.c). */
#include "explain.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

static hn_status check_numbers(const hn_explain_options *o, hn_error *err) {
    if (o->steps < 1 || o->steps > HNI_EXPLAIN_MOST_STEPS)
        return hni_fail(err, HN_E_ARGUMENT, "%d steps of integrated gradients: 1 to %d are allowed, or 0 for %d", o->steps, HNI_EXPLAIN_MOST_STEPS,
                        HNI_EXPLAIN_STEPS);
    if (o->window < 1) return hni_fail(err, HN_E_ARGUMENT, "an occluding square of %d px: at least 1 is needed", o->window);
    if (o->stride < 1 || o->stride > o->window)
        return hni_fail(err, HN_E_ARGUMENT, "occlusion in steps of %d px: 1 to the square's %d are allowed, or nothing lies between", o->stride, o->window);
    if (!(o->blur >= 0 && o->blur <= 0.25)) /* also NaN */
        return hni_fail(err, HN_E_ARGUMENT, "a blur of %g: it is a share of the input's shorter side, 0 … 0.25", o->blur);
    if (o->flags & ~HN_EXPLAIN_RAW || o->reserved)
        return hni_fail(err, HN_E_ARGUMENT, "hn_explain_options: flags %d or reserved %d is not known", o->flags, o->reserved);
    return HN_OK;
}

hn_status hni_explain_complete(const hn_model *m, hn_explain_options *o, hn_error *err) {
    const hni_preproc *pre = &m->preproc;
    const int32_t shorter = pre->width < pre->height ? pre->width : pre->height;
    if (!o->method) o->method = HN_EXPLAIN_HIRES_CAM;
    if (o->method < HN_EXPLAIN_HIRES_CAM || o->method > HN_EXPLAIN_BRIGHTNESS)
        return hni_fail(err, HN_E_ARGUMENT, "method %d is not known; see HN_EXPLAIN_…", o->method);
    if (o->class_index < 0 || o->class_index > m->n_classes)
        return hni_fail(err, HN_E_NOT_FOUND, "class_index %d: it is a class's index + 1, 1 to %d, or 0", o->class_index, m->n_classes);
    if (!o->steps) o->steps = HNI_EXPLAIN_STEPS;
    if (!o->window) o->window = shorter / 8 > 0 ? shorter / 8 : 1;
    if (!o->stride) o->stride = o->window / 2 > 0 ? o->window / 2 : 1;
    for (int32_t k = 0; o->baseline && k < pre->channels; k++)
        if (!(o->baseline[k] >= 0 && o->baseline[k] <= 1)) /* also NaN */
            return hni_fail(err, HN_E_ARGUMENT, "baseline of channel %d is %g: a grey level is 0 … 1", k, o->baseline[k]);
    return check_numbers(o, err);
}

static bool by_layer(int32_t method) { return method <= HN_EXPLAIN_LAYER_CAM; }

/* What the verdict says of the image, a map says too. */
static uint32_t flags_of(const hn_prediction *verdict) {
    return (verdict->flags & HN_PREDICTION_NO_HEAD ? HN_HEATMAP_NO_HEAD : 0) | (verdict->flags & HN_PREDICTION_NO_SKULL ? HN_HEATMAP_NO_SKULL : 0) |
           (verdict->flags & HN_PREDICTION_UNFAMILIAR ? HN_HEATMAP_UNFAMILIAR : 0);
}

hn_status hni_explain_look(hni_question *q, const hn_image *const *images, size_t count, bool series, size_t at, hni_answer *a, hn_error *err) {
    hn_predictor *p = q->e->p;
    hn_prediction verdict = {0};
    hn_status status = hni_predictor_preprocess(p, images, count, series, at, 0, err);
    if (!status) status = hni_preproc_region(&q->e->scratch, &p->model->preproc, images[at], &a->region, NULL, err);
    if (!status) status = hni_predictor_run(p, p->pixels, 1, err);
    if (status) return status;
    p->run.notes[0] = p->notes[0];
    if (p->run.status[0]) return hni_fail(err, HN_E_NUMERIC, "the network gave NaN or infinity for this image: look at the model's weights");
    uint8_t *kept = hni_scratch_take(&q->e->scratch, p->image_bytes);
    if (!kept) return hni_fail_memory(err, p->image_bytes, "a preprocessed image");
    memcpy(kept, p->pixels, p->image_bytes);
    q->pixels = kept;
    hni_verdict_give(p, &p->run, 0, &verdict);
    const int32_t asked = q->options->class_index - 1;
    q->class_index = asked >= 0 ? asked : p->model->positive >= 0 ? p->model->positive : verdict.class_index;
    a->info.flags = flags_of(&verdict);
    a->info.width = images[at]->width;
    a->info.height = images[at]->height;
    a->info.class_index = q->class_index;
    a->info.probability = (double)p->run.probabilities[q->class_index];
    a->info.logit = (double)p->run.logits[q->class_index];
    a->info.novelty = verdict.novelty;
    return HN_OK;
}

static hn_status take_grid(const hni_question *q, hni_answer *a, hn_error *err) {
    const hni_graph *g = q->e->p->model->graph;
    const hn_tensor_desc *t = &g->values[by_layer(q->options->method) ? q->target : 0];
    size_t cells;
    a->grid = (hni_grid){.width = (int32_t)t->dims[3], .height = (int32_t)t->dims[2], .expected = NAN};
    if (!hni_mul((size_t)t->dims[2], (size_t)t->dims[3], &cells) || !(a->grid.cells = hni_calloc(g->ctx, cells, sizeof *a->grid.cells)))
        return hni_fail_memory(err, cells * sizeof *a->grid.cells, "a heat map");
    a->info.grid_width = a->grid.width;
    a->info.grid_height = a->grid.height;
    if (by_layer(q->options->method) && q->target > 0) snprintf(a->info.layer, sizeof a->info.layer, "%s", g->layers[q->target - 1].name);
    return HN_OK;
}

static hn_status fill_grid(const hni_question *q, hni_grid *grid, hn_error *err) {
    switch (q->options->method) {
    case HN_EXPLAIN_OCCLUSION: return hni_occlusion_grid(q, grid, err);
    case HN_EXPLAIN_SALIENCY: return hni_saliency_grid(q, grid, err);
    case HN_EXPLAIN_INTEGRATED_GRADIENTS: return hni_integrated_grid(q, grid, err);
    case HN_EXPLAIN_BRIGHTNESS: return hni_brightness_grid(q, grid);
    default: return hni_cam_grid(q, grid, err);
    }
}

/* Cells become float32 pixels, so they must be finite as such. */
static hn_status sum_up(hni_answer *a, hn_error *err) {
    const size_t cells = (size_t)a->grid.width * (size_t)a->grid.height;
    a->info.sum = 0.0;
    for (size_t i = 0; i < cells; i++) {
        if (!isfinite((float)a->grid.cells[i]))
            return hni_fail(err, HN_E_NUMERIC, "the gradients of this network became NaN or infinite: look at the model's weights");
        a->info.sum += a->grid.cells[i];
    }
    a->info.expected = a->grid.expected;
    return HN_OK;
}

static bool of_the_call(hn_status status) { return status == HN_E_MEMORY || status == HN_E_INTERNAL || status == HN_E_BACKEND; }

hn_status hni_explain(hn_predictor *p, const hn_explain_options *options, const hn_image *const *images, size_t count, bool series, size_t at,
                      hni_answer *a, bool *own, hn_error *err) {
    hn_explain_options o = *options;
    hni_question q = {.options = &o};
    *a = (hni_answer){.grid.expected = NAN};
    *own = false;
    hn_status status = hni_explain_complete(p->model, &o, err);
    if (!status) status = hni_explainer_of(p, &q.e, err);
    if (!status && by_layer(o.method)) status = hni_explain_target(p->model->graph, o.layer, &q.target, err);
    if (!status) status = hni_cancel_check(o.cancel, err);
    if (status) return status;
    a->info.method = o.method;
    status = hni_explain_look(&q, images, count, series, at, a, err);
    *own = status && !of_the_call(status);
    if (!status) status = take_grid(&q, a, err);
    if (!status) status = fill_grid(&q, &a->grid, err);
    if (!status) status = hni_blur_grid(&q, &a->grid, err);
    if (!status) {
        status = sum_up(a, err);
        *own = status != HN_OK;
    }
    hni_scratch_end(&q.e->scratch);
    if (status) {
        hni_free(p->ctx, a->grid.cells);
        a->grid.cells = NULL;
    }
    return status;
}
