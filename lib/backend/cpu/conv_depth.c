/* conv_depth.c - depthwise convolution (one filter a channel) of 3×3 or 5×5 with stride 1 or 2, and its gradients. MobileNet, EfficientNet.
 *
 *   x ─► block of rows in scratch, zeros around ─► depth kernel ─► rows of y          (input gradient with stride 1: over dy, the filter turned)
 *   dy ─► block in scratch ─► back kernel ─► two rows a row ─► dx                     (with stride 2)
 *   x ─► block in scratch, dy where it lies ─► grad kernel ─► 16 lanes a tap ─► tree ─► float64 ─► dw
 *
 * A piece of work is one channel of one image, for the weight gradient one channel of all images in their order. What lies where follows from
 * the shapes and the constants below alone. Not for infinite weights, nor for weight gradients that are not finite: zero padding times
 * infinity is not nothing; those go to conv_plain.c. */
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "cpu.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */

enum {
    BUDGET = 20 * 1024,    /* bytes of a block: the first-level cache holds it, with what it becomes */
    STEP_ROWS = 4,         /* that a kernel does at once: blocks are multiples */
    MAX_SUMS = 26,         /* of one channel's weight gradient: taps, and the bias */
    FLUSH_PIXELS = 16384,  /* then lanes are summed up in float64 */
    SLACK = 2 * HNI_CPU_LANES
};

typedef struct plan {
    bool backward;            /* input gradient: the source is dy, the target dx */
    bool apart;               /* … with stride 2 */
    bool keep;                /* packed weights are the operator's own */
    int64_t n, channels, size, stride, padding[2];
    int64_t source_hw[2], target_hw[2];
    int64_t rows, staged_rows; /* of a block: target rows (dy's if apart), source rows */
    int64_t pitch, odd, dy_pitch; /* floats */
    int64_t columns;          /* if apart: of dy that two columns of dx come from */
    int64_t workers;
    uint64_t packed, staged, scratch; /* bytes; scratch: the staged block, and what follows it */
} plan;

/* Filters in the order of their channels, and their biases; batch norm is multiplied in. */
typedef struct packed {
    bool made, odd; /* odd: some weight is not finite */
    float numbers[]; /* bias[C], then weights[C, size, size] */
} packed;

static int64_t round_up(int64_t x, int64_t to) {
    return (x + to - 1) / to * to;
}

static bool is_depthwise(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, const char **why) {
    *why = NULL; /* another sort of convolution */
    if (x->dims[1] != d->groups || w->dims[0] != d->groups)
        return false;
    *why = "a kernel that is not 3x3 or 5x5";
    if (w->dims[2] != w->dims[3] || (w->dims[2] != 3 && w->dims[2] != 5))
        return false;
    *why = "a stride that is not 1 or 2";
    if (d->stride[0] != d->stride[1] || d->stride[0] > 2)
        return false;
    *why = "rows of more than 65536 numbers";
    if (x->dims[3] > 65536)
        return false;
    *why = "dilated, pooled, or padded more than the kernel is wide";
    return d->dilation[0] == 1 && d->dilation[1] == 1 && d->pool == 0 && d->padding[0] < w->dims[2] && d->padding[1] < w->dims[2];
}

static bool accept_conv(const hn_op_desc *d, const char **why) {
    return is_depthwise(d, &d->in[0], &d->in[1], why);
}
static bool accept_grad_input(const hn_op_desc *d, const char **why) {
    return is_depthwise(d, &d->out[0], &d->in[1], why);
}
static bool accept_grad_weight(const hn_op_desc *d, const char **why) {
    return is_depthwise(d, &d->in[1], &d->out[0], why);
}

/* All that is packed stays the same. */
static bool is_constant(const hn_op_desc *d) {
    for (int32_t i = 1; i < (d->kind == HN_OP_CONV2D ? 7 : 2); i++)
        if (d->in[i].rank != 0 && !(d->constant >> i & 1))
            return false;
    return d->kind != HN_OP_CONV2D_GRAD_WEIGHT;
}

static plan describe(const hn_op_desc *d) {
    const bool weight = d->kind == HN_OP_CONV2D_GRAD_WEIGHT, backward = d->kind == HN_OP_CONV2D_GRAD_INPUT;
    const hn_tensor_desc *x = weight ? &d->in[1] : backward ? &d->out[0] : &d->in[0], *y = weight || backward ? &d->in[0] : &d->out[0];
    const hn_tensor_desc *w = weight ? &d->out[0] : &d->in[1];
    plan p = {.backward = backward, .apart = backward && d->stride[0] == 2, .keep = is_constant(d), .n = x->dims[0], .channels = x->dims[1],
              .size = w->dims[2], .stride = backward ? 1 : d->stride[0]};
    for (int i = 0; i < 2; i++) {
        p.padding[i] = backward && !p.apart ? p.size - 1 - d->padding[i] : d->padding[i];
        p.source_hw[i] = (backward ? y : x)->dims[2 + i];
        p.target_hw[i] = (backward ? x : y)->dims[2 + i];
    }
    return p;
}

/* Rows are cut so that a block fits the budget, at least four at a time. */
static void cut(plan *p, int64_t rows, int64_t floats_a_row, int64_t more_rows) {
    const int64_t fit = BUDGET / (int64_t)sizeof(float) / floats_a_row / STEP_ROWS * STEP_ROWS;
    p->rows = hni_cpu_min(hni_cpu_max(fit, STEP_ROWS), round_up(rows, STEP_ROWS));
    p->staged_rows = (p->rows - 1) * p->stride + more_rows;
    p->staged = hni_cpu_align((uint64_t)(p->staged_rows * p->pitch + SLACK) * sizeof(float));
}

static hn_status make_plan(hni_cpu_op *op, hn_error *err) {
    plan *p = op->host->alloc(op->host->user, sizeof *p);
    if (!p)
        return hni_fail_memory(err, sizeof *p, "the plan of a depthwise convolution");
    op->plan = p;
    *p = describe(&op->desc);
    if (p->apart) {
        p->columns = (p->target_hw[1] + p->padding[1] % 2 + 1) / 2;
        p->pitch = round_up(p->columns, HNI_CPU_LANES) + HNI_CPU_LANES;
        cut(p, (p->target_hw[0] + p->padding[0] % 2 + 1) / 2, 5 * p->pitch, p->size / 2 + 1);
        p->scratch = p->staged + hni_cpu_align((uint64_t)(4 * p->rows * round_up(p->columns, HNI_CPU_LANES)) * sizeof(float));
    } else {
        const hn_tensor_desc *dy = &op->desc.in[0];
        const bool weight = op->desc.kind == HN_OP_CONV2D_GRAD_WEIGHT;
        p->odd = round_up(weight ? dy->dims[3] : p->target_hw[1], HNI_CPU_LANES) + HNI_CPU_LANES;
        p->pitch = p->stride * p->odd;
        cut(p, p->target_hw[0], p->stride * p->pitch, p->size);
        p->scratch = p->staged;
        if (weight) {
            p->dy_pitch = round_up(dy->dims[3], HNI_CPU_LANES);
            p->scratch += hni_cpu_align((uint64_t)(MAX_SUMS * HNI_CPU_LANES + p->rows * p->dy_pitch + SLACK) * sizeof(float));
        }
    }
    p->packed = hni_cpu_align(sizeof(packed) + (uint64_t)(p->channels * (1 + p->size * p->size)) * sizeof(float));
    p->workers = hni_cpu_workers(op->host, op->desc.kind == HN_OP_CONV2D_GRAD_WEIGHT ? p->channels : p->n * p->channels);
    op->workspace = (p->keep ? 0 : p->packed) + (uint64_t)p->workers * p->scratch;
    if (!p->keep)
        return HN_OK;
    packed *k = op->kept = op->host->alloc(op->host->user, (size_t)p->packed);
    if (!k)
        return hni_fail_memory(err, (size_t)p->packed, "the packed weights of a depthwise convolution");
    k->made = false;
    return HN_OK;
}

static const plan *plan_of(const hni_cpu_call *call) {
    return (const plan *)call->op->plan;
}

static packed *packed_of(const hni_cpu_call *call) {
    return (packed *)(plan_of(call)->keep ? call->op->kept : call->workspace);
}

/* Channel c: its bias and its filter, turned where the gradient with stride 1 wants it. */
static float pack_channel(const hni_cpu_call *call, const plan *p, int64_t c, float *bias, float *to) {
    const int64_t taps = p->size * p->size;
    const float *w = (const float *)call->in[1] + c * taps;
    double scale = 1.0, b = !p->backward && call->in[2] ? (double)((const float *)call->in[2])[c] : 0.0;
    float odd = 0.0f;
    if (!p->backward && call->in[3]) {
        scale = (double)((const float *)call->in[3])[c] / sqrt((double)((const float *)call->in[6])[c] + call->desc->epsilon);
        b = (b - (double)((const float *)call->in[5])[c]) * scale + (double)((const float *)call->in[4])[c];
    }
    for (int64_t i = 0; i < taps; i++) {
        to[i] = (float)(scale * (double)w[p->backward && !p->apart ? taps - 1 - i : i]);
        odd += to[i] - to[i];
    }
    *bias = (float)b;
    return odd;
}

/* False if some weight is not finite. */
static bool pack(const hni_cpu_call *call) {
    const plan *p = plan_of(call);
    packed *k = packed_of(call);
    if (p->keep && k->made && call->constant_kept)
        return !k->odd;
    float odd = 0.0f;
    for (int64_t c = 0; c < p->channels; c++)
        odd += pack_channel(call, p, c, &k->numbers[c], k->numbers + p->channels + c * p->size * p->size);
    k->made = true;
    k->odd = odd != 0.0f;
    return !k->odd;
}

/* Rows first … first+count-1 of a source image to scratch, zero where there are none; `left` zeros before each. */
static void stage(const hni_cpu_call *call, const plan *p, const float *image, int64_t first, int64_t count, int64_t left, float *dst) {
    const int64_t width = p->source_hw[1], top = hni_cpu_min(hni_cpu_max(-first, 0), count);
    const int64_t bottom = hni_cpu_max(hni_cpu_min(p->source_hw[0] - first, count), top);
    const float *from = image + (first + top) * width;
    float *to = dst + top * p->pitch;
    memset(dst, 0, (size_t)(top * p->pitch + left) * sizeof *dst);
    if (p->stride == 1) {
        call->isa->pad_rows(to + left, p->pitch, from, width, bottom - top, width);
    } else { /* column c of the padded image is even or odd; so is column c - left of the image */
        const int64_t even = left % 2 == 0 ? left / 2 : p->odd + left / 2, odd = left % 2 == 0 ? p->odd + left / 2 : left / 2 + 1;
        call->isa->split_rows(to + even, to + odd, p->pitch, p->odd, from, width, bottom - top, width);
        for (int64_t r = top; r < bottom; r++)
            for (int64_t i = 0; i < left; i++)
                dst[r * p->pitch + i / 2 + (i % 2) * p->odd] = 0.0f;
    }
    memset(dst + bottom * p->pitch, 0, (size_t)((count - bottom) * p->pitch + HNI_CPU_LANES) * sizeof *dst);
}

/* What follows on rows of the target that were written just now. */
static void finish(const hni_cpu_call *call, int64_t at, int64_t numbers) {
    const hn_op_desc *d = call->desc;
    float *y = (float *)call->out[0] + at;
    if (d->kind == HN_OP_CONV2D_GRAD_INPUT) {
        if (d->activation == HN_ACT_RELU)
            call->isa->activate_back(y, (const float *)call->in[2] + at, y, numbers, HN_ACT_RELU);
        return;
    }
    if (call->in[7])
        call->isa->sum(y, y, (const float *)call->in[7] + at, numbers, d->activation == HN_ACT_RELU);
    if (d->activation > HN_ACT_RELU)
        call->isa->activate(y, y, numbers, d->activation);
}

/* One channel of one image. */
static void conv_strand(const hni_cpu_call *call, int64_t index, uint8_t *scratch) {
    const plan *p = plan_of(call);
    const packed *k = packed_of(call);
    const int64_t c = index % p->channels, width = p->target_hw[1], target = index * p->target_hw[0] * width;
    const float *image = (const float *)call->in[0] + index * p->source_hw[0] * p->source_hw[1];
    hni_cpu_depth t = {.x = (float *)(void *)scratch, .w = k->numbers + p->channels + c * p->size * p->size, .n = width, .x_pitch = p->pitch,
                       .odd = p->odd, .bias = k->numbers[c],
                       .relu = !p->backward && call->desc->activation == HN_ACT_RELU && !call->in[7]};
    for (int64_t first = 0; first < p->target_hw[0]; first += p->rows) {
        t.rows = hni_cpu_min(p->rows, p->target_hw[0] - first);
        t.y = (float *)call->out[0] + target + first * width;
        stage(call, p, image, first * p->stride - p->padding[0], (round_up(t.rows, STEP_ROWS) - 1) * p->stride + p->size, p->padding[1],
              (float *)(void *)scratch);
        call->isa->depth[p->size == 5][p->stride == 2](&t);
        finish(call, target + first * width, t.rows * width);
    }
}

/* The same of an input gradient with stride 2. Lines are rows of dx; with an odd padding the first one, and the first column, lie before it. */
static void apart_strand(const hni_cpu_call *call, int64_t index, uint8_t *scratch) {
    const plan *p = plan_of(call);
    const packed *k = packed_of(call);
    const int64_t c = index % p->channels, height = p->target_hw[0], width = p->target_hw[1], target = index * height * width;
    const int64_t reach = p->size / 2, line_pitch = 2 * round_up(p->columns, HNI_CPU_LANES);
    const int64_t before[2] = {p->padding[0] % 2, p->padding[1] % 2}, rows = (height + before[0] + 1) / 2;
    const float *image = (const float *)call->in[0] + index * p->source_hw[0] * p->source_hw[1];
    float *staged = (float *)(void *)scratch, *lines = (float *)(void *)(scratch + p->staged);
    hni_cpu_depth t = {.x = staged + reach * p->pitch + reach, .w = k->numbers + p->channels + c * p->size * p->size, .y = lines,
                       .n = p->columns, .x_pitch = p->pitch, .y_pitch = line_pitch};
    for (int64_t first = 0; first < rows; first += p->rows) {
        t.rows = hni_cpu_min(p->rows, rows - first);
        stage(call, p, image, first + p->padding[0] / 2 - reach, t.rows + reach, reach - p->padding[1] / 2, staged);
        call->isa->depth_back[p->size == 5](&t);
        const int64_t begin = hni_cpu_max(2 * first - before[0], 0), end = hni_cpu_min(2 * (first + t.rows) - before[0], height);
        call->isa->stage((float *)call->out[0] + target + begin * width, width, lines + (begin + before[0] - 2 * first) * line_pitch + before[1],
                         line_pitch, end - begin, 0, width, 0);
        finish(call, target + begin * width, (end - begin) * width);
    }
}

static hn_status run_conv(const hni_cpu_call *call, hn_error *err) {
    const plan *p = plan_of(call);
    if (!pack(call))
        return (p->backward ? hni_cpu_conv_grad_input_plain : hni_cpu_conv_plain).run(call, err);
    hni_cpu_for_scratch(call, p->n * p->channels, p->workers, (uint8_t *)call->workspace + (p->keep ? 0 : p->packed), p->scratch,
                        p->apart ? apart_strand : conv_strand);
    return HN_OK;
}

/* A finished sum; one that is not finite raises the flag, which lies where packed weights would. */
static float final(const hni_cpu_call *call, double sum) {
    const float value = (float)sum;
    if (!(fabsf(value) <= FLT_MAX))
        atomic_store((atomic_int *)call->workspace, 1);
    return value;
}

static void flush(const hni_cpu_call *call, float *lanes, double *total) {
    call->isa->lane_total(lanes, MAX_SUMS, total);
    memset(lanes, 0, MAX_SUMS * HNI_CPU_LANES * sizeof *lanes);
}

/* Rows of dy as the kernel wants them: where they lie, or copied and filled up with zeros. */
static const float *whole_steps(const hni_cpu_call *call, const plan *p, const float *dy, int64_t rows, float *copy, int64_t *pitch) {
    const int64_t width = p->target_hw[1];
    *pitch = p->dy_pitch;
    if (width == p->dy_pitch && rows % STEP_ROWS == 0)
        return dy;
    call->isa->pad_rows(copy, p->dy_pitch, dy, width, rows, width);
    memset(copy + rows * p->dy_pitch, 0, (size_t)((round_up(rows, STEP_ROWS) - rows) * p->dy_pitch) * sizeof *copy);
    return copy;
}

/* One channel of all images. */
static void grad_strand(const hni_cpu_call *call, int64_t c, uint8_t *scratch) {
    const plan *p = plan_of(call);
    const int64_t taps = p->size * p->size, width = p->target_hw[1], plane = p->target_hw[0] * width;
    float *lanes = (float *)(void *)(scratch + p->staged), *copy = lanes + MAX_SUMS * HNI_CPU_LANES;
    double total[MAX_SUMS] = {0.0};
    int64_t pixels = 0;
    hni_cpu_depth t = {.x = (float *)(void *)scratch, .y = lanes, .n = width, .x_pitch = p->pitch, .odd = p->odd};
    memset(lanes, 0, MAX_SUMS * HNI_CPU_LANES * sizeof *lanes);
    for (int64_t n = 0; n < p->n; n++) {
        const float *x = (const float *)call->in[1] + (n * p->channels + c) * p->source_hw[0] * p->source_hw[1];
        const float *dy = (const float *)call->in[0] + (n * p->channels + c) * plane;
        for (int64_t first = 0; first < p->target_hw[0]; first += p->rows) {
            t.rows = hni_cpu_min(p->rows, p->target_hw[0] - first);
            t.dy = whole_steps(call, p, dy + first * width, t.rows, copy, &t.y_pitch);
            stage(call, p, x, first * p->stride - p->padding[0], (round_up(t.rows, STEP_ROWS) - 1) * p->stride + p->size, p->padding[1],
                  (float *)(void *)scratch);
            call->isa->depth_grad[p->size == 5][p->stride == 2](&t);
            pixels += t.rows * width;
            if (pixels >= FLUSH_PIXELS) {
                flush(call, lanes, total);
                pixels = 0;
            }
        }
    }
    flush(call, lanes, total);
    for (int64_t i = 0; i < taps; i++)
        ((float *)call->out[0])[c * taps + i] = final(call, total[i]);
    if (call->out[1])
        ((float *)call->out[1])[c] = final(call, total[taps]);
}

static hn_status run_grad_weight(const hni_cpu_call *call, hn_error *err) {
    const plan *p = plan_of(call);
    atomic_init((atomic_int *)call->workspace, 0);
    hni_cpu_for_scratch(call, p->channels, p->workers, (uint8_t *)call->workspace + p->packed, p->scratch, grad_strand);
    return atomic_load((atomic_int *)call->workspace) ? hni_cpu_conv_grad_weight_plain.run(call, err) : HN_OK;
}

const hni_cpu_impl hni_cpu_depth_conv = {"depthwise rows", accept_conv, make_plan, run_conv};
const hni_cpu_impl hni_cpu_depth_grad_input = {"depthwise rows", accept_grad_input, make_plan, run_conv};
const hni_cpu_impl hni_cpu_depth_grad_weight = {"depthwise rows", accept_grad_weight, make_plan, run_grad_weight};
