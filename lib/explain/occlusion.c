/* occlusion.c - what covering a square of the input takes from the class's logit; a cell gets the mean of all squares that cover it.
 *
 * Squares step over the input until the last ones touch its far edges. They are painted into the 8-bit pixels and predicted in the
 * predictor's own batches, so a covered image is judged exactly as if somebody had brought it. */
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "explain.h"

/* Squares along a side, and where the i-th begins. */
static int32_t places(int32_t side, int32_t window, int32_t stride) { return (side - window + stride - 1) / stride + 1; }

static int32_t place(int32_t side, int32_t window, int32_t stride, int32_t i) {
    const int64_t at = (int64_t)i * stride;
    return at < side - window ? (int32_t)at : side - window;
}

typedef struct cover {
    const hni_preproc *pre;
    int32_t width, height; /* of the square: cut to the input */
    int32_t stride, across, down;
    uint8_t level[HNI_PREPROC_CHANNELS];
} cover;

static cover make_cover(const hni_question *q) {
    const hni_preproc *pre = &q->e->p->model->preproc;
    const int32_t window = q->options->window;
    cover c = {.pre = pre, .width = window < pre->width ? window : pre->width, .height = window < pre->height ? window : pre->height,
               .stride = q->options->stride};
    c.across = places(pre->width, c.width, c.stride);
    c.down = places(pre->height, c.height, c.stride);
    for (int32_t k = 0; k < pre->channels; k++) c.level[k] = (uint8_t)(hni_baseline_level(q, k) * 255.0 + 0.5);
    return c;
}

static void corner(const cover *c, int64_t number, int32_t *x, int32_t *y) {
    *x = place(c->pre->width, c->width, c->stride, (int32_t)(number % c->across));
    *y = place(c->pre->height, c->height, c->stride, (int32_t)(number / c->across));
}

static void paint(const cover *c, int64_t number, uint8_t *pixels) {
    int32_t x, y;
    corner(c, number, &x, &y);
    for (int32_t k = 0; k < c->pre->channels; k++)
        for (int32_t row = y; row < y + c->height; row++)
            memset(pixels + ((size_t)k * (size_t)c->pre->height + (size_t)row) * (size_t)c->pre->width + (size_t)x, c->level[k], (size_t)c->width);
}

static void spread(const cover *c, int64_t number, double fall, double *cells, double *counts) {
    int32_t x, y;
    corner(c, number, &x, &y);
    for (int32_t row = y; row < y + c->height; row++) {
        for (int32_t column = x; column < x + c->width; column++) {
            const size_t i = (size_t)row * (size_t)c->pre->width + (size_t)column;
            cells[i] += fall;
            counts[i] += 1.0;
        }
    }
}

hn_status hni_occlusion_grid(const hni_question *q, hni_grid *grid, hn_error *err) {
    hn_predictor *p = q->e->p;
    const size_t cells = (size_t)grid->width * (size_t)grid->height, classes = (size_t)p->model->n_classes, k = (size_t)q->class_index;
    const double whole = (double)p->run.logits[k]; /* the image itself was predicted last */
    const cover c = make_cover(q);
    const int64_t squares = (int64_t)c.across * c.down;
    double *counts = hni_scratch_zeroed(&q->e->scratch, cells, sizeof *counts);
    if (!counts) return hni_fail_memory(err, cells * sizeof *counts, "the counts of an occlusion map");
    memset(grid->cells, 0, cells * sizeof *grid->cells);
    hn_status status = HN_OK;
    for (int64_t first = 0; first < squares && !status; first += p->max_batch) {
        const int32_t n = squares - first < p->max_batch ? (int32_t)(squares - first) : p->max_batch;
        for (int32_t i = 0; i < n; i++) {
            memcpy(p->pixels + (size_t)i * p->image_bytes, q->pixels, p->image_bytes);
            paint(&c, first + i, p->pixels + (size_t)i * p->image_bytes);
        }
        status = hni_cancel_check(q->options->cancel, err);
        if (!status) status = hni_predictor_run(p, p->pixels, n, err);
        for (int32_t i = 0; i < n && !status; i++) spread(&c, first + i, whole - (double)p->run.logits[(size_t)i * classes + k], grid->cells, counts);
    }
    for (size_t i = 0; i < cells; i++) grid->cells[i] /= counts[i];
    return status;
}
