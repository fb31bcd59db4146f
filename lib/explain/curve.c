/* curve.c - deletion and insertion: the network's input taken away or given in the order of a map, and what the network says on the way.
 *
 * Works on the 8-bit pixels that the network gets, so what it is shown is an image that somebody could have brought. A pixel of the input has the mean of
 * the map's pixels whose middles it covers; where the input is finer than the map, the one that it lies in. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "explain.h"
#include "order.h"

typedef struct work {
    hni_question q;
    hni_answer answer; /* class, size of the image, the part that is seen; no grid */
    size_t cells;      /* of the input, px */
    double *strength;  /* [cells] */
    uint32_t *order;   /* [2 cells]: strongest first */
    uint8_t *now;      /* [image_bytes]: as far as it was changed */
    const uint8_t *to; /* [image_bytes]: what changed pixels become */
} work;

static int32_t clamp(int64_t at, int32_t n) { return at < 0 ? 0 : at >= n ? n - 1 : (int32_t)at; }

/* The cell of one axis that a pixel's middle lies in; -1 = none. */
static int32_t cell_of(int32_t pixel, int32_t begin, int32_t length, int32_t cells) {
    const double at = (pixel + 0.5 - begin) * cells / length;
    return at < 0 || at >= cells ? -1 : (int32_t)at;
}

/* counts [cells] is scratch. */
static void find_strengths(work *w, const float *map, double *counts) {
    const hni_preproc *pre = &w->q.e->p->model->preproc;
    const hn_box *box = &w->answer.region;
    const int32_t width = w->answer.info.width, height = w->answer.info.height;
    for (int32_t v = 0; v < height; v++) {
        const int32_t y = cell_of(v, box->y, box->height, pre->height);
        for (int32_t u = 0; y >= 0 && u < width; u++) {
            const int32_t x = cell_of(u, box->x, box->width, pre->width);
            if (x < 0) continue;
            w->strength[(size_t)y * (size_t)pre->width + (size_t)x] += (double)map[(size_t)v * (size_t)width + (size_t)u];
            counts[(size_t)y * (size_t)pre->width + (size_t)x] += 1.0;
        }
    }
    for (size_t i = 0; i < w->cells; i++) {
        const double x = box->x + ((double)(i % (size_t)pre->width) + 0.5) * box->width / pre->width;
        const double y = box->y + ((double)(i / (size_t)pre->width) + 0.5) * box->height / pre->height;
        const size_t nearest = (size_t)clamp((int64_t)floor(y), height) * (size_t)width + (size_t)clamp((int64_t)floor(x), width);
        w->strength[i] = counts[i] > 0 ? w->strength[i] / counts[i] : (double)map[nearest];
        w->order[i] = (uint32_t)i;
    }
    hni_order_falling(w->strength, w->order, w->cells);
}

static hn_status take_work(work *w, const float *map, bool insert, hn_error *err) {
    hni_scratch *s = &w->q.e->scratch;
    const hn_predictor *p = w->q.e->p;
    const hni_preproc *pre = &p->model->preproc;
    w->cells = (size_t)pre->width * (size_t)pre->height;
    w->strength = hni_scratch_zeroed(s, w->cells, sizeof *w->strength);
    w->order = hni_scratch_zeroed(s, w->cells, 2 * sizeof *w->order);
    double *counts = hni_scratch_zeroed(s, w->cells, sizeof *counts);
    uint8_t *base = hni_scratch_take(s, p->image_bytes);
    w->now = hni_scratch_take(s, p->image_bytes);
    if (!w->strength || !w->order || !counts || !base || !w->now)
        return hni_fail_memory(err, w->cells * 24 + 2 * p->image_bytes, "the order of an image's pixels");
    for (int32_t c = 0; c < pre->channels; c++)
        memset(base + (size_t)c * w->cells, (int)(hni_baseline_level(&w->q, c) * 255.0 + 0.5), w->cells);
    memcpy(w->now, insert ? base : w->q.pixels, p->image_bytes);
    w->to = insert ? w->q.pixels : base;
    find_strengths(w, map, counts);
    return HN_OK;
}

/* Pixels that are changed after `step` of `steps`. */
static size_t changed(const work *w, int32_t step, int32_t steps) {
    return (size_t)((double)w->cells * step / steps + 0.5);
}

/* Changes the pixels of one step more, and notes where on the curve that is. */
static void change(work *w, int32_t step, int32_t steps, hn_curve_point *point) {
    const size_t to = changed(w, step, steps), channels = (size_t)w->q.e->p->model->preproc.channels;
    for (size_t i = step > 0 ? changed(w, step - 1, steps) : 0; i < to; i++)
        for (size_t c = 0; c < channels; c++) w->now[c * w->cells + w->order[i]] = w->to[c * w->cells + w->order[i]];
    point->x = (double)to / (double)w->cells;
    point->threshold = to > 0 ? w->strength[w->order[to - 1]] : INFINITY;
}

static hn_status follow(work *w, int32_t steps, hn_curve_point *points, hn_error *err) {
    hn_predictor *p = w->q.e->p;
    const size_t classes = (size_t)p->model->n_classes;
    hn_status status = HN_OK;
    for (int32_t first = 0; first <= steps && !status; first += p->max_batch) {
        const int32_t n = steps + 1 - first < p->max_batch ? steps + 1 - first : p->max_batch;
        for (int32_t i = 0; i < n; i++) {
            change(w, first + i, steps, &points[first + i]);
            memcpy(p->pixels + (size_t)i * p->image_bytes, w->now, p->image_bytes);
        }
        status = hni_cancel_check(w->q.options->cancel, err);
        if (!status) status = hni_predictor_run(p, p->pixels, n, err);
        for (int32_t i = 0; i < n && !status; i++) {
            points[first + i].y = (double)p->run.probabilities[(size_t)i * classes + (size_t)w->q.class_index];
            if (p->run.status[i]) status = hni_fail(err, HN_E_NUMERIC, "the network gave NaN or infinity for a changed image: look at the model's weights");
        }
    }
    return status;
}

hn_status hni_explain_curve(hn_predictor *p, const hn_image *image, const float *map, const hn_explain_curve_options *options, hn_curve_point *points,
                            hn_error *err) {
    hn_explain_options o = {.class_index = options->class_index, .steps = options->steps, .baseline = options->baseline, .cancel = options->cancel};
    work w = {.q.options = &o};
    hn_status status = hni_explain_complete(p->model, &o, err);
    if (!status) status = hni_explainer_of(p, &w.q.e, err);
    if (!status) status = hni_cancel_check(o.cancel, err);
    if (status) return status;
    status = hni_explain_look(&w.q, &image, 1, false, 0, &w.answer, err);
    if (!status) status = take_work(&w, map, options->kind == HN_INSERTION, err);
    if (!status) status = follow(&w, o.steps, points, err);
    hni_scratch_end(&w.q.e->scratch);
    return status;
}
