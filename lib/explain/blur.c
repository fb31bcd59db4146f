/* blur.c - a Gaussian over a grid, before it is laid over the image.
 *
 * The peak of a map of single input pixels is one noisy pixel; that of its blur is where evidence lies close together. Separable, in float64,
 * cut off at four deviations, and reflected at the edges with the outermost cell repeated: so the weights that leave a cell add up to 1 as well
 * as those that come to it, and the sum of the map stays. The same as scipy.ndimage.gaussian_filter by default. */
#include <math.h>

#include "base/memory.h"
#include "base/numeric.h"
#include "base/status.h"
#include "explain.h"

enum { DEVIATIONS = 4 };

/* Cell `at` of a line of n, seen in mirrors at both ends. */
static int32_t mirrored(int64_t at, int32_t n) {
    const int64_t period = 2 * (int64_t)n;
    at = (at % period + period) % period;
    return (int32_t)(at < n ? at : period - 1 - at);
}

/* Weights [radius + 1], from the middle outwards. */
static void fill_weights(double deviation, int32_t radius, double *weights) {
    double sum = 0.0;
    for (int32_t i = 0; i <= radius; i++) {
        weights[i] = hni_exp(-0.5 * i * i / (deviation * deviation));
        sum += i ? 2.0 * weights[i] : weights[i];
    }
    for (int32_t i = 0; i <= radius; i++) weights[i] /= sum;
}

/* One line of n cells, `step` apart. copy: [n] */
static void blur_line(double *cells, int32_t n, size_t step, const double *weights, int32_t radius, double *copy) {
    for (int32_t i = 0; i < n; i++) copy[i] = cells[(size_t)i * step];
    for (int32_t i = 0; i < n; i++) {
        double sum = weights[0] * copy[i];
        for (int32_t k = 1; k <= radius; k++) sum += weights[k] * (copy[mirrored((int64_t)i - k, n)] + copy[mirrored((int64_t)i + k, n)]);
        cells[(size_t)i * step] = sum;
    }
}

/* deviations: along x and y, cells. */
static hn_status blur_both(hni_scratch *s, hni_grid *g, const double deviations[2], hn_error *err) {
    const int32_t side[2] = {g->width, g->height}, longer = side[0] > side[1] ? side[0] : side[1];
    for (int axis = 0; axis < 2; axis++) {
        const int32_t radius = (int32_t)(DEVIATIONS * deviations[axis] + 0.5);
        if (radius < 1) continue; /* its neighbours would weigh less than e^-32 */
        const size_t mark = s->used, numbers = (size_t)radius + 1 + (size_t)longer;
        double *weights = hni_scratch_zeroed(s, numbers, sizeof *weights);
        if (!weights) return hni_fail_memory(err, numbers * sizeof *weights, "the blur of a heat map");
        fill_weights(deviations[axis], radius, weights);
        for (int32_t line = 0; line < side[1 - axis]; line++)
            blur_line(g->cells + (axis ? (size_t)line : (size_t)line * (size_t)g->width), side[axis], axis ? (size_t)g->width : 1, weights, radius,
                      weights + radius + 1);
        hni_scratch_rewind(s, mark);
    }
    return HN_OK;
}

hn_status hni_blur_grid(const hni_question *q, hni_grid *g, hn_error *err) {
    const hni_preproc *pre = &q->e->p->model->preproc;
    const double shorter = pre->width < pre->height ? pre->width : pre->height, reach = q->options->blur * shorter;
    const double deviations[2] = {reach * g->width / pre->width, reach * g->height / pre->height};
    return q->options->blur > 0.0 ? blur_both(&q->e->scratch, g, deviations, err) : HN_OK;
}
