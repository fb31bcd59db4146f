/* pool.c - average and global average pooling and 2×2 maximum pooling, and their gradients; other maxima are in pool_max.c.
 *
 * The common 2×2 windows side by side have kernels of their own; all others are done window by window. A gradient is gathered input row
 * by input row: the windows that cover the row are looked at again, so overlapping windows add up in float64 and no scratch memory is
 * needed. Each image of each channel is one piece of work. */
#include <string.h>

#include "cpu.h"
#include "rows.h" /* defines: hni_cpu_clip, HNI_CPU_BLOCK */

typedef struct geometry {
    int64_t h, w, oh, ow;                 /* x[…,H,W], y[…,OH,OW] */
    int64_t kernel[2], stride[2], pad[2]; /* rows, columns */
    int32_t exclude_padding;
} geometry;

static geometry geometry_of(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *y) {
    return (geometry){
        .h = x->dims[2], .w = x->dims[3], .oh = y->dims[2], .ow = y->dims[3],
        .kernel = {d->kernel[0], d->kernel[1]},
        .stride = {d->stride[0], d->stride[1]},
        .pad = {d->padding[0], d->padding[1]},
        .exclude_padding = d->exclude_padding,
    };
}

/* The part of a window inside the image: rows top … bottom-1, columns left … right-1. Never empty: padding ≤ kernel / 2. */
typedef struct window {
    int64_t top, bottom, left, right;
} window;

static window window_of(const geometry *g, int64_t oh, int64_t ow) {
    const int64_t top = oh * g->stride[0] - g->pad[0], left = ow * g->stride[1] - g->pad[1];
    return (window){
        .top = hni_cpu_max(top, 0),
        .bottom = hni_cpu_min(top + g->kernel[0], g->h),
        .left = hni_cpu_max(left, 0),
        .right = hni_cpu_min(left + g->kernel[1], g->w),
    };
}

/* Where the window's first maximum is; its first NaN if there is one. Offset in the image [H,W]. */
static int64_t first_maximum(const geometry *g, const float *x, window v) {
    int64_t best = v.top * g->w + v.left;
    for (int64_t ih = v.top; ih < v.bottom; ih++) {
        for (int64_t i = ih * g->w + v.left; i < ih * g->w + v.right; i++) {
            if (x[i] != x[i])
                return i;
            if (x[i] > x[best])
                best = i;
        }
    }
    return best;
}

static double window_sum(const geometry *g, const float *x, window v) {
    double sum = 0.0;
    for (int64_t ih = v.top; ih < v.bottom; ih++)
        for (int64_t i = ih * g->w + v.left; i < ih * g->w + v.right; i++)
            sum += (double)x[i];
    return sum;
}

/* What the window's sum is divided by. */
static double window_divisor(const geometry *g, window v) {
    return g->exclude_padding ? (double)((v.bottom - v.top) * (v.right - v.left)) : (double)(g->kernel[0] * g->kernel[1]);
}

static void pool_task(const hni_cpu_call *call, int64_t image) {
    const geometry g = geometry_of(call->desc, &call->desc->in[0], &call->desc->out[0]);
    const float *x = (const float *)call->in[0] + image * g.h * g.w;
    float *y = (float *)call->out[0] + image * g.oh * g.ow;
    for (int64_t oh = 0; oh < g.oh; oh++) {
        for (int64_t ow = 0; ow < g.ow; ow++) {
            const window v = window_of(&g, oh, ow);
            y[oh * g.ow + ow] = (float)(window_sum(&g, x, v) / window_divisor(&g, v));
        }
    }
}

static hn_status run_pool(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->in[0].dims[0] * call->desc->in[0].dims[1], pool_task);
    return HN_OK;
}

/* Adds to sum[0 … end-first) what window v gives to input row `ih`, columns first … end-1.
 *   x  the image for maximum pooling, NULL for average pooling */
static void add_window(const geometry *g, const float *x, double dy, window v, int64_t ih, int64_t first, int64_t end, double *sum) {
    if (x) {
        const int64_t at = first_maximum(g, x, v) - ih * g->w;
        if (at >= first && at < end)
            sum[at - first] += dy;
        return;
    }
    const double part = dy / window_divisor(g, v);
    for (int64_t i = hni_cpu_max(v.left, first); i < hni_cpu_min(v.right, end); i++)
        sum[i - first] += part;
}

/* The gradient of columns first … end-1 of input row `ih`, from all windows that cover them; through_relu: and of the ReLU that gave x. */
static void grad_block(const geometry *g, const float *x, const float *dy, int64_t ih, int64_t first, int64_t end, bool through_relu,
                       float *dx) {
    double sum[HNI_CPU_BLOCK] = {0.0};
    int64_t top = 0, bottom = g->oh, left = 0, right = g->ow;
    hni_cpu_clip(&top, &bottom, ih - g->kernel[0] + 1, ih + 1, g->stride[0], -g->pad[0]);
    hni_cpu_clip(&left, &right, first - g->kernel[1] + 1, end, g->stride[1], -g->pad[1]);
    for (int64_t oh = top; oh < bottom; oh++)
        for (int64_t ow = left; ow < right; ow++)
            add_window(g, x, (double)dy[oh * g->ow + ow], window_of(g, oh, ow), ih, first, end, sum);
    for (int64_t i = first; i < end; i++)
        dx[ih * g->w + i] = through_relu && x[ih * g->w + i] <= 0.0f ? 0.0f : (float)sum[i - first];
}

static void grad_task(const hni_cpu_call *call, int64_t image) {
    const int max = call->desc->kind == HN_OP_MAX_POOL2D_GRAD;
    const geometry g = geometry_of(call->desc, &call->desc->out[0], &call->desc->in[max ? 2 : 0]);
    const float *x = max ? (const float *)call->in[0] + image * g.h * g.w : NULL;
    const float *dy = (const float *)call->in[max ? 2 : 0] + image * g.oh * g.ow;
    float *dx = (float *)call->out[0] + image * g.h * g.w;
    for (int64_t ih = 0; ih < g.h; ih++)
        for (int64_t first = 0; first < g.w; first += HNI_CPU_BLOCK)
            grad_block(&g, x, dy, ih, first, hni_cpu_min(first + HNI_CPU_BLOCK, g.w), call->desc->activation != 0, dx);
}

static hn_status run_pool_grad(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->out[0].dims[0] * call->desc->out[0].dims[1], grad_task);
    return HN_OK;
}

static void global_task(const hni_cpu_call *call, int64_t image) {
    const int64_t pixels = call->desc->in[0].dims[2] * call->desc->in[0].dims[3];
    ((float *)call->out[0])[image] = (float)(call->isa->total((const float *)call->in[0] + image * pixels, pixels) / (double)pixels);
}

static hn_status run_global(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->in[0].dims[0] * call->desc->in[0].dims[1], global_task);
    return HN_OK;
}

static void global_grad_task(const hni_cpu_call *call, int64_t image) {
    const int64_t pixels = call->desc->out[0].dims[2] * call->desc->out[0].dims[3];
    const float part = (float)((double)((const float *)call->in[0])[image] / (double)pixels);
    float *dx = (float *)call->out[0] + image * pixels;
    for (int64_t i = 0; i < pixels; i++)
        dx[i] = part;
}

static hn_status run_global_grad(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->out[0].dims[0] * call->desc->out[0].dims[1], global_grad_task);
    return HN_OK;
}

/* 2×2 windows side by side: every pixel is in one window at most. */
static bool is_2x2(const hn_op_desc *d, const char **why) {
    *why = "the window is not 2x2 with stride 2 and no padding";
    return d->kernel[0] == 2 && d->kernel[1] == 2 && d->stride[0] == 2 && d->stride[1] == 2 && d->padding[0] == 0 && d->padding[1] == 0;
}

static void pool2x2_task(const hni_cpu_call *call, int64_t image) {
    const geometry g = geometry_of(call->desc, &call->desc->in[0], &call->desc->out[0]);
    const float *x = (const float *)call->in[0] + image * g.h * g.w;
    float *y = (float *)call->out[0] + image * g.oh * g.ow;
    for (int64_t oh = 0; oh < g.oh; oh++, x += 2 * g.w, y += g.ow)
        call->isa->pool2(y, x, x + g.w, g.ow);
}

static hn_status run_pool2x2(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for_numbers(call, call->desc->in[0].dims[0] * call->desc->in[0].dims[1], hni_cpu_elements(&call->desc->in[0]), pool2x2_task);
    return HN_OK;
}

/* Rows and columns that no window reaches get 0. */
static void pool2x2_grad_task(const hni_cpu_call *call, int64_t image) {
    const geometry g = geometry_of(call->desc, &call->desc->out[0], &call->desc->in[2]);
    const float *x = (const float *)call->in[0] + image * g.h * g.w, *dy = (const float *)call->in[2] + image * g.oh * g.ow;
    float *dx = (float *)call->out[0] + image * g.h * g.w;
    for (int64_t oh = 0; oh < g.oh; oh++, x += 2 * g.w, dx += 2 * g.w, dy += g.ow) {
        call->isa->pool2_grad(dx, dx + g.w, x, x + g.w, dy, g.ow, call->desc->activation != 0);
        if (g.w > 2 * g.ow)
            dx[g.w - 1] = dx[2 * g.w - 1] = 0.0f;
    }
    if (g.h > 2 * g.oh)
        memset(dx, 0, (size_t)g.w * sizeof *dx);
}

static hn_status run_pool2x2_grad(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for_numbers(call, call->desc->out[0].dims[0] * call->desc->out[0].dims[1], hni_cpu_elements(&call->desc->out[0]),
                        pool2x2_grad_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_pool2x2 = {"2x2 vectors", is_2x2, NULL, run_pool2x2};
const hni_cpu_impl hni_cpu_pool2x2_grad = {"2x2 vectors", is_2x2, NULL, run_pool2x2_grad};
const hni_cpu_impl hni_cpu_pool = {"windows", NULL, NULL, run_pool};
const hni_cpu_impl hni_cpu_pool_grad = {"windows", NULL, NULL, run_pool_grad};
const hni_cpu_impl hni_cpu_global_pool = {"lanes", NULL, NULL, run_global};
const hni_cpu_impl hni_cpu_global_pool_grad = {"numbers", NULL, NULL, run_global_grad};
