/* pool_max.c - maximum pooling with any window, and its gradient, a row of outputs at a time.
 *
 * The taps of the window are gone through one after the other, each over all outputs that it meets (isa->take_max), so neighbours are
 * compared in vectors and padding is never looked at. The gradient finds each window's first maximum in the same way and adds dy there;
 * windows are added in their order, a few to a number, in float32. Each image of each channel is one piece of work. */
#include <string.h>

#include "cpu.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "rows.h"            /* defines: hni_cpu_clip, HNI_CPU_BLOCK */

typedef struct geometry {
    int64_t h, w, oh, ow;                 /* x[…,H,W], y[…,OH,OW] */
    int64_t kernel[2], stride[2], pad[2]; /* rows, columns */
} geometry;

static geometry geometry_of(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *y) {
    return (geometry){.h = x->dims[2], .w = x->dims[3], .oh = y->dims[2], .ow = y->dims[3], .kernel = {d->kernel[0], d->kernel[1]},
                      .stride = {d->stride[0], d->stride[1]}, .pad = {d->padding[0], d->padding[1]}};
}

/* Maxima of the windows of output row `oh`, columns first … first+n-1; index: the tap r · S + s of each one's first maximum, or NULL. */
static void row_maxima(const hni_cpu_isa *isa, const geometry *g, const float *x, int64_t oh, int64_t first, int64_t n, float *best,
                       int32_t *index) {
    const int64_t top = oh * g->stride[0] - g->pad[0], r0 = hni_cpu_max(0, -top), r1 = hni_cpu_min(g->kernel[0], g->h - top);
    for (int64_t i = 0; i < n; i++) { /* the first tap inside the image */
        const int64_t left = (first + i) * g->stride[1] - g->pad[1], s = hni_cpu_max(0, -left);
        best[i] = x[(top + r0) * g->w + left + s];
        if (index)
            index[i] = (int32_t)(r0 * g->kernel[1] + s);
    }
    for (int64_t r = r0; r < r1; r++)
        for (int64_t s = 0; s < g->kernel[1]; s++) {
            int64_t from = first, to = first + n;
            hni_cpu_clip(&from, &to, 0, g->w, g->stride[1], s - g->pad[1]);
            if (from < to)
                isa->take_max(best + (from - first), index ? index + (from - first) : NULL,
                              x + (top + r) * g->w + from * g->stride[1] + s - g->pad[1], to - from, g->stride[1],
                              (int32_t)(r * g->kernel[1] + s));
        }
}

static void pool_task(const hni_cpu_call *call, int64_t image) {
    const geometry g = geometry_of(call->desc, &call->desc->in[0], &call->desc->out[0]);
    const float *x = (const float *)call->in[0] + image * g.h * g.w;
    float *y = (float *)call->out[0] + image * g.oh * g.ow;
    for (int64_t oh = 0; oh < g.oh; oh++)
        row_maxima(call->isa, &g, x, oh, 0, g.ow, y + oh * g.ow, NULL);
}

static hn_status run_pool(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->in[0].dims[0] * call->desc->in[0].dims[1], pool_task);
    return HN_OK;
}

static void grad_task(const hni_cpu_call *call, int64_t image) {
    const geometry g = geometry_of(call->desc, &call->desc->out[0], &call->desc->in[2]);
    const float *x = (const float *)call->in[0] + image * g.h * g.w, *dy = (const float *)call->in[2] + image * g.oh * g.ow;
    float *dx = (float *)call->out[0] + image * g.h * g.w, best[HNI_CPU_BLOCK];
    int32_t index[HNI_CPU_BLOCK];
    memset(dx, 0, (size_t)(g.h * g.w) * sizeof *dx);
    for (int64_t oh = 0; oh < g.oh; oh++)
        for (int64_t first = 0; first < g.ow; first += HNI_CPU_BLOCK) {
            const int64_t n = hni_cpu_min(HNI_CPU_BLOCK, g.ow - first);
            row_maxima(call->isa, &g, x, oh, first, n, best, index);
            for (int64_t i = 0; i < n; i++) {
                const int64_t row = oh * g.stride[0] - g.pad[0] + index[i] / g.kernel[1];
                const int64_t column = (first + i) * g.stride[1] - g.pad[1] + index[i] % g.kernel[1];
                dx[row * g.w + column] += dy[oh * g.ow + first + i];
            }
        }
    if (call->desc->activation != 0)
        call->isa->activate_back(dx, x, dx, g.h * g.w, HN_ACT_RELU);
}

static hn_status run_grad(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->out[0].dims[0] * call->desc->out[0].dims[1], grad_task);
    return HN_OK;
}

/* Larger windows share so many numbers that float32 sums of gradients would show. */
static bool is_small(const hn_op_desc *d, const char **why) {
    *why = "a window of more than 64 px";
    return (int64_t)d->kernel[0] * d->kernel[1] <= 64;
}

const hni_cpu_impl hni_cpu_pool_max = {"rows of maxima", NULL, NULL, run_pool};
const hni_cpu_impl hni_cpu_pool_max_grad = {"rows of maxima", is_small, NULL, run_grad};
