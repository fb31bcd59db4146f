/* conv2d.c - convolution, its input gradient and its weight gradient, straight from the definition.
 *
 * Not a matrix product and no transform: each output element is the sum that the formula names, in float64, so that this file can be
 * believed by reading it. The loops are ordered so that the innermost runs along a row. Stored weights are [K, C/g, R, S]. */
#include <math.h>

#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "reference.h"
#include "rows.h" /* defines: hni_row_add, hni_row_dot, hni_ref_clip */

/* The sizes that all three operators share, from the tensors x, w and y (or their gradients). */
typedef struct geometry {
    int64_t n, c, h, w;                 /* x[N,C,H,W] */
    int64_t k, cg, r, s;                /* w[K,C/g,R,S] */
    int64_t kg;                         /* filters a group */
    int64_t oh, ow, pool;               /* [N,K,OH,OW], of which y holds the maxima of pool × pool each */
    int64_t stride[2], pad[2], step[2]; /* rows, columns; step: dilation */
} geometry;

static geometry geometry_of(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, const hn_tensor_desc *y) {
    return (geometry){
        .n = x->dims[0], .c = x->dims[1], .h = x->dims[2], .w = x->dims[3],
        .k = w->dims[0], .cg = w->dims[1], .r = w->dims[2], .s = w->dims[3],
        .kg = w->dims[0] / d->groups,
        .oh = y->dims[2] * (d->pool > 1 ? d->pool : 1), .ow = y->dims[3] * (d->pool > 1 ? d->pool : 1),
        .pool = d->pool > 1 ? d->pool : 1,
        .stride = {d->stride[0], d->stride[1]},
        .pad = {d->padding[0], d->padding[1]},
        .step = {d->dilation[0], d->dilation[1]},
    };
}

/* Adds to sum[0 … end-first) the part of output row `oh`, columns first … end-1, of one filter on one image.
 *   x  the group's first channel [C/g,H,W]    w  the filter [C/g,R,S] */
static void add_forward(const geometry *g, const float *x, const float *w, int64_t oh, int64_t first, int64_t end, double *sum) {
    for (int64_t s = 0; s < g->s; s++) {
        const int64_t shift = s * g->step[1] - g->pad[1], stride = g->stride[1];
        int64_t from = first, to = end;
        hni_ref_clip(&from, &to, 0, g->w, stride, shift);
        if (from >= to)
            continue;
        for (int64_t r = 0; r < g->r; r++) {
            const int64_t ih = oh * g->stride[0] - g->pad[0] + r * g->step[0];
            if (ih < 0 || ih >= g->h)
                continue;
            for (int64_t c = 0; c < g->cg; c++) {
                const float *row = x + (c * g->h + ih) * g->w;
                const double a = w[(c * g->r + r) * g->s + s];
                if (stride == 1)
                    hni_row_add(sum + (from - first), row + from + shift, a, to - from);
                else
                    for (int64_t o = from; o < to; o++)
                        sum[o - first] += a * (double)row[o * stride + shift];
            }
        }
    }
}

/* Output number (oh, ow) to its place; of a pooled window the largest stays, the first NaN if there is one. */
static void put(const geometry *g, float *y, int64_t oh, int64_t ow, float v) {
    float *at = y + oh / g->pool * (g->ow / g->pool) + ow / g->pool;
    if ((oh % g->pool == 0 && ow % g->pool == 0) || v > *at || (v != v && *at == *at))
        *at = v;
}

/* What the batch norm inside a convolution makes of a sum: scale · sum + shift. */
typedef struct affine {
    double scale, shift;
} affine;

static affine norm_of(const hni_ref_call *call, int64_t k) {
    if (call->desc->in[3].rank == 0)
        return (affine){1.0, 0.0};
    const double gamma = (double)((const float *)call->in[3])[k], beta = (double)((const float *)call->in[4])[k];
    const double mean = (double)((const float *)call->in[5])[k], var = (double)((const float *)call->in[6])[k];
    const double scale = gamma / sqrt(var + call->desc->epsilon);
    return (affine){scale, beta - mean * scale};
}

/* One output image: filter k of sample n, index = n · K + k. */
static void forward_task(const hni_ref_call *call, int64_t index) {
    const geometry g = geometry_of(call->desc, &call->desc->in[0], &call->desc->in[1], &call->desc->out[0]);
    const int64_t n = index / g.k, k = index % g.k;
    const float *x = (const float *)call->in[0] + (n * g.c + k / g.kg * g.cg) * g.h * g.w;
    const float *w = (const float *)call->in[1] + k * g.cg * g.r * g.s;
    const affine norm = norm_of(call, k);
    const double bias = call->in[2] ? (double)((const float *)call->in[2])[k] : 0.0;
    const float *r = call->desc->in[7].rank ? (const float *)call->in[7] + index * g.oh * g.ow : NULL;
    float *y = (float *)call->out[0] + index * (g.oh / g.pool) * (g.ow / g.pool);
    for (int64_t oh = 0; oh < g.oh; oh++) {
        for (int64_t first = 0; first < g.ow; first += HNI_REF_BLOCK) {
            const int64_t end = hni_ref_min(first + HNI_REF_BLOCK, g.ow);
            double sum[HNI_REF_BLOCK];
            for (int64_t o = first; o < end; o++)
                sum[o - first] = bias;
            add_forward(&g, x, w, oh, first, end, sum);
            for (int64_t o = first; o < end; o++) {
                const double more = r ? (double)r[oh * g.ow + o] : 0.0;
                put(&g, y, oh, o, (float)hni_ref_activate(norm.scale * sum[o - first] + norm.shift + more, call->desc->activation));
            }
        }
    }
}

hn_status hni_ref_conv2d(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->out[0].dims[0] * call->desc->out[0].dims[1], forward_task);
    return HN_OK;
}

/* Adds to sum[0 … end-first) the gradient of input row `ih`, columns first … end-1, of one channel of one image: every output that this
 * pixel went into gives dy times the weight it went through.
 *   dy  the group's first filter [K/g,OH,OW]    w  the same filter's weights for this channel; filters lie C/g·R·S apart */
static void add_grad_input(const geometry *g, const float *dy, const float *w, int64_t ih, int64_t first, int64_t end, double *sum) {
    for (int64_t s = 0; s < g->s; s++) {
        const int64_t shift = s * g->step[1] - g->pad[1], stride = g->stride[1];
        int64_t from = 0, to = g->ow;
        hni_ref_clip(&from, &to, first, end, stride, shift);
        if (from >= to)
            continue;
        for (int64_t r = 0; r < g->r; r++) {
            const int64_t above = ih + g->pad[0] - r * g->step[0], oh = above / g->stride[0];
            if (above < 0 || above % g->stride[0] != 0 || oh >= g->oh)
                continue;
            for (int64_t k = 0; k < g->kg; k++) {
                const float *row = dy + (k * g->oh + oh) * g->ow;
                const double a = w[(k * g->cg * g->r + r) * g->s + s];
                if (stride == 1)
                    hni_row_add(sum + (from + shift - first), row + from, a, to - from);
                else
                    for (int64_t o = from; o < to; o++)
                        sum[o * stride + shift - first] += a * (double)row[o];
            }
        }
    }
}

/* One input image: channel c of sample n, index = n · C + c. */
static void grad_input_task(const hni_ref_call *call, int64_t index) {
    const geometry g = geometry_of(call->desc, &call->desc->out[0], &call->desc->in[1], &call->desc->in[0]);
    const int64_t n = index / g.c, c = index % g.c, k0 = c / g.cg * g.kg; /* k0: the group's first filter */
    const float *dy = (const float *)call->in[0] + (n * g.k + k0) * g.oh * g.ow;
    const float *w = (const float *)call->in[1] + (k0 * g.cg + c % g.cg) * g.r * g.s;
    float *dx = (float *)call->out[0] + index * g.h * g.w;
    const float *x = call->desc->activation == HN_ACT_RELU ? (const float *)call->in[2] + index * g.h * g.w : NULL;
    for (int64_t ih = 0; ih < g.h; ih++) {
        for (int64_t first = 0; first < g.w; first += HNI_REF_BLOCK) {
            const int64_t end = hni_ref_min(first + HNI_REF_BLOCK, g.w);
            double sum[HNI_REF_BLOCK];
            for (int64_t i = first; i < end; i++)
                sum[i - first] = 0.0;
            add_grad_input(&g, dy, w, ih, first, end, sum);
            for (int64_t i = first; i < end; i++)
                dx[ih * g.w + i] = x && x[ih * g.w + i] <= 0.0f ? 0.0f : (float)sum[i - first];
        }
    }
}

hn_status hni_ref_conv2d_grad_input(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->out[0].dims[0] * call->desc->out[0].dims[1], grad_input_task);
    return HN_OK;
}

/* Adds one image's part of the gradient of tap (r, s): Σ over output pixels of dy · x.
 *   x  the channel [H,W]    dy  the filter [OH,OW] */
static void add_grad_weight(const geometry *g, const float *x, const float *dy, int64_t r, int64_t s, double lanes[HNI_REF_CHUNK]) {
    const int64_t shift = s * g->step[1] - g->pad[1], stride = g->stride[1];
    const int64_t shift_rows = r * g->step[0] - g->pad[0];
    int64_t from = 0, to = g->ow, top = 0, bottom = g->oh;
    hni_ref_clip(&from, &to, 0, g->w, stride, shift);
    hni_ref_clip(&top, &bottom, 0, g->h, g->stride[0], shift_rows);
    for (int64_t oh = top; oh < bottom && from < to; oh++)
        hni_row_dot(lanes, dy + oh * g->ow + from, x + (oh * g->stride[0] + shift_rows) * g->w + from * stride + shift, stride, to - from);
}

static float bias_gradient(const geometry *g, const float *dy, int64_t k) {
    double sum = 0.0;
    for (int64_t n = 0; n < g->n; n++)
        for (int64_t i = 0; i < g->oh * g->ow; i++)
            sum += (double)dy[(n * g->k + k) * g->oh * g->ow + i];
    return (float)sum;
}

/* All taps between filter k and channel c of its group, index = k · C/g + c, over the whole batch. */
static void grad_weight_task(const hni_ref_call *call, int64_t index) {
    const geometry g = geometry_of(call->desc, &call->desc->in[1], &call->desc->out[0], &call->desc->in[0]);
    const int64_t k = index / g.cg, c = k / g.kg * g.cg + index % g.cg;
    const float *dy = (const float *)call->in[0] + k * g.oh * g.ow, *x = (const float *)call->in[1] + c * g.h * g.w;
    float *dw = (float *)call->out[0] + index * g.r * g.s;
    for (int64_t first = 0; first < g.r * g.s; first += HNI_REF_TAPS) {
        const int64_t taps = hni_ref_min(HNI_REF_TAPS, g.r * g.s - first);
        double lanes[HNI_REF_TAPS][HNI_REF_CHUNK] = {{0.0}};
        for (int64_t n = 0; n < g.n; n++) /* images outside taps: both images are read once from memory, then from the cache */
            for (int64_t t = 0; t < taps; t++)
                add_grad_weight(&g, x + n * g.c * g.h * g.w, dy + n * g.k * g.oh * g.ow, (first + t) / g.s, (first + t) % g.s, lanes[t]);
        for (int64_t t = 0; t < taps; t++)
            dw[first + t] = (float)hni_row_total(lanes[t]);
    }
    if (call->out[1] && index % g.cg == 0)
        ((float *)call->out[1])[k] = bias_gradient(&g, (const float *)call->in[0], k);
}

hn_status hni_ref_conv2d_grad_weight(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->out[0].dims[0] * call->desc->out[0].dims[1], grad_weight_task);
    return HN_OK;
}
