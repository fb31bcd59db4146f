/* conv_grad.c - the weight gradient of convolution by register tiles: filters × taps, one sum of 16 lanes each along the pixels.
 *
 *   x, dy ─► block of rows in scratch, at the same pitch (conv.h) ─► grad kernel ─► lane sums ─► tree ─► float64 ─► dw, db
 *
 * Rows of a multiple of 16 numbers are read from dy where they lie: no scratch, and no numbers between the rows. Of small images several
 * make one block, or the sums would be loaded and stored more often than added to. Where many pieces need the same planes, all are staged
 * once, before the pieces run.
 * A unit is a few images; inside it the order is image, block, pixel, and lanes are summed up every so often. Units are added in their
 * order. All of these cuts follow from the shapes alone, never from threads or vectors: they are what fixes the bits. Large weights are
 * also cut by filters and channels, which changes no sum. Where a result is not finite, everything is done again by conv_plain.c, since
 * zero padding times infinity is not nothing. */
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "conv.h"

enum {
    BUDGET = 96 * 1024,   /* bytes of a block: x and dy */
    MAX_FILTERS = 16,     /* of one piece of work; more where there are few taps */
    MAX_PRODUCTS = 2400,  /* sums of one piece: filters × channels × kernel */
    UNIT_PIXELS = 2048,   /* an image of less shares its unit with others */
    MAX_PIECES = 64,      /* units × filter ranges × channel ranges: enough for threads, few enough for memory */
    FLUSH_PIXELS = 16384, /* then lanes are summed up in float64 */
    MAX_STAGED = 64 << 20, /* bytes of planes that are staged beforehand */
    MANY_RANGES = 4,      /* of filters and channels together: from here on planes are staged beforehand; measured on ResNet-18 */
    HEAD = 64             /* bytes of the workspace: the flag */
};

typedef struct plan {
    hni_cpu_layout layout;             /* of x */
    bool direct;                       /* rows of dy are read in place */
    bool whole;                        /* all planes are staged beforehand, whole; else each piece stages its blocks */
    int64_t rows;                      /* of a block */
    int64_t n, groups, channels, filters; /* of a group */
    int64_t kernel, dy_pixels, dy_plane;
    int64_t filter_ranges, channel_ranges, range_filters, range_channels;
    int64_t unit, units;               /* images, how many */
    int64_t images, x_image, dy_image; /* of a block; floats from image to image in scratch */
    int64_t workers;
    uint64_t partial, bias_partial;    /* bytes of the units' float64 sums: [units][K·C/g·RS], [units][K]; none for a single unit */
    uint64_t staged_x, staged_dy;      /* bytes of all planes, if whole: [N][C][planes], [N][K][plane] */
    uint64_t x_bytes, dy_bytes, acc_bytes, total_bytes, bias_bytes, scratch; /* of a strand */
    int32_t offset[];                  /* [range_channels · kernel + MAX_TAPS] */
} plan;

static int64_t ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

static int64_t dy_plane_of(const plan *p) {
    return p->direct ? 0 : (p->layout.block * p->layout.pitch + 2 * HNI_CPU_LANES - 1) / HNI_CPU_LANES * HNI_CPU_LANES;
}

/* Decides on p->whole: several pieces use each plane, and there is room. Blocks then are rows of the staged planes, and all but the last
 * must end at a multiple of 16 numbers, since behind them lies no zero but the next row. */
static void stage_beforehand(plan *p) {
    if (p->filter_ranges + p->channel_ranges < MANY_RANGES)
        return;
    plan w = *p;
    w.whole = true;
    hni_cpu_layout_cut(&w.layout, w.layout.rows.out, 1);
    while (w.rows < w.layout.rows.out && w.rows * w.layout.pitch % HNI_CPU_LANES != 0)
        w.rows++;
    w.staged_x = hni_cpu_align((uint64_t)(p->n * p->groups * p->channels * hni_cpu_layout_channel(&w.layout) + HNI_CPU_LANES) * sizeof(float));
    w.staged_dy = hni_cpu_align((uint64_t)(p->n * p->groups * p->filters * dy_plane_of(&w)) * sizeof(float));
    if (w.staged_x + w.staged_dy <= MAX_STAGED)
        *p = w;
}

/* What follows from the shapes; false if it does not fit, *why says what. */
static bool shape_plan(const hn_op_desc *d, plan *p, const char **why) {
    const hn_tensor_desc *dy = &d->in[0], *x = &d->in[1], *w = &d->out[0];
    *p = (plan){.n = x->dims[0], .groups = d->groups, .channels = w->dims[1], .filters = w->dims[0] / d->groups,
                .kernel = w->dims[2] * w->dims[3], .dy_pixels = dy->dims[2] * dy->dims[3]};
    *why = "a stride above 8";
    if (d->stride[0] > HNI_CPU_MAX_STRIDE || d->stride[1] > HNI_CPU_MAX_STRIDE)
        return false;
    *why = "a kernel of more than 4096 taps";
    if (p->kernel > 4096)
        return false;
    for (int axis = 0; axis < 2; axis++) {
        hni_cpu_axis *a = axis == 0 ? &p->layout.rows : &p->layout.columns;
        hni_cpu_axis_start(a, dy->dims[2 + axis], x->dims[2 + axis], d->stride[axis]);
        for (int64_t r = 0; r < w->dims[2 + axis]; r++)
            hni_cpu_axis_tap(a, r * d->dilation[axis] - d->padding[axis]);
    }
    p->filter_ranges = ceil_div(p->filters, p->kernel >= 4 ? MAX_FILTERS : 3 * MAX_FILTERS);
    p->range_filters = ceil_div(p->filters, p->filter_ranges);
    p->channel_ranges = ceil_div(p->channels, hni_cpu_max(1, MAX_PRODUCTS / (p->kernel * p->range_filters)));
    p->range_channels = ceil_div(p->channels, p->channel_ranges);
    p->direct = p->layout.columns.out % HNI_CPU_LANES == 0;
    *why = "one row with its neighbours takes more than 64 MiB";
    if (!hni_cpu_layout_finish(&p->layout, p->range_channels, p->direct ? 0 : p->range_filters, BUDGET))
        return false;
    p->rows = p->layout.block;
    stage_beforehand(p);
    return true;
}

static bool accept(const hn_op_desc *d, const char **why) {
    plan p;
    return shape_plan(d, &p, why);
}

static void size_plan(hni_cpu_op *op, plan *p) {
    const int64_t ranges = p->groups * p->filter_ranges * p->channel_ranges, pixels = p->layout.rows.out * p->layout.pitch;
    const int64_t most = hni_cpu_max(1, MAX_PIECES / ranges), products = p->range_filters * (p->range_channels * p->kernel + HNI_CPU_MAX_TAPS);
    p->unit = hni_cpu_max(ceil_div(UNIT_PIXELS, pixels), ceil_div(p->n, most));
    p->units = ceil_div(p->n, p->unit);
    p->dy_plane = dy_plane_of(p);
    const int64_t all = p->groups * p->filters;
    if (p->units > 1) {
        p->partial = hni_cpu_align((uint64_t)(p->units * all * p->channels * p->kernel) * sizeof(double));
        p->bias_partial = hni_cpu_align((uint64_t)(p->units * all) * sizeof(double));
    }
    p->x_image = p->range_channels * hni_cpu_layout_channel(&p->layout);
    p->dy_image = p->range_filters * p->dy_plane;
    p->images = 1;
    if (!p->direct && p->rows >= p->layout.rows.out)
        p->images = hni_cpu_max(1, hni_cpu_min(p->unit, BUDGET / ((p->x_image + p->dy_image) * (int64_t)sizeof(float))));
    if (p->whole) {
        p->x_image = p->groups * p->channels * hni_cpu_layout_channel(&p->layout);
        p->dy_image = p->groups * p->filters * p->dy_plane;
    } else {
        p->x_bytes = hni_cpu_align((uint64_t)(p->images * p->x_image + HNI_CPU_LANES) * sizeof(float));
        p->dy_bytes = hni_cpu_align((uint64_t)(p->images * p->dy_image) * sizeof(float));
    }
    p->acc_bytes = hni_cpu_align((uint64_t)(products * HNI_CPU_LANES) * sizeof(float));
    p->total_bytes = hni_cpu_align((uint64_t)products * sizeof(double));
    p->bias_bytes = hni_cpu_align((uint64_t)p->range_filters * (HNI_CPU_LANES * sizeof(float) + sizeof(double)));
    p->scratch = p->x_bytes + p->dy_bytes + p->acc_bytes + p->total_bytes + p->bias_bytes;
    p->workers = hni_cpu_workers(op->host, p->units * ranges);
    op->workspace = HEAD + p->partial + p->bias_partial + p->staged_x + p->staged_dy + (uint64_t)p->workers * p->scratch;
}

static hn_status make_plan(hni_cpu_op *op, hn_error *err) {
    const hn_op_desc *d = &op->desc;
    plan head;
    const char *unused;
    shape_plan(d, &head, &unused);
    const int64_t taps = head.range_channels * head.kernel;
    const size_t bytes = sizeof head + (size_t)(taps + HNI_CPU_MAX_TAPS) * sizeof(int32_t);
    plan *p = op->host->alloc(op->host->user, bytes);
    if (!p)
        return hni_fail_memory(err, bytes, "the plan of a convolution's gradient");
    op->plan = p;
    *p = head;
    const int64_t width = d->out[0].dims[3];
    for (int64_t t = 0; t < taps + HNI_CPU_MAX_TAPS; t++) { /* the last tap is repeated: tiles may be whole, nobody reads those sums */
        const int64_t tap = hni_cpu_min(t, taps - 1), r = tap % p->kernel / width, s = tap % p->kernel % width;
        p->offset[t] = (int32_t)hni_cpu_layout_offset(&p->layout, tap / p->kernel, r * d->dilation[0] - d->padding[0],
                                                      s * d->dilation[1] - d->padding[1]);
    }
    size_plan(op, p);
    return HN_OK;
}

/* One strand's memory, and the ranges of the piece it works on. */
typedef struct piece {
    const plan *p;
    const hni_cpu_isa *isa;
    float *x, *dy, *acc, *bias; /* acc[tap][filter][16], bias[filter][16] */
    double *total, *bias_total; /* [tap][filter], [filter] */
    int64_t filter, filters, channel, channels, taps;
    bool with_bias;
} piece;

static piece open_piece(const hni_cpu_call *call, int64_t range, uint8_t *scratch) {
    const plan *p = (const plan *)call->op->plan;
    piece w = {.p = p, .isa = call->isa};
    const int64_t f = range / p->channel_ranges, c = range % p->channel_ranges;
    w.filter = p->filters * f / p->filter_ranges;
    w.filters = p->filters * (f + 1) / p->filter_ranges - w.filter;
    w.channel = p->channels * c / p->channel_ranges;
    w.channels = p->channels * (c + 1) / p->channel_ranges - w.channel;
    w.taps = w.channels * p->kernel;
    w.with_bias = c == 0 && call->out[1];
    w.x = (float *)(void *)scratch;
    w.dy = (float *)(void *)(scratch + p->x_bytes);
    w.acc = (float *)(void *)(scratch + p->x_bytes + p->dy_bytes);
    w.total = (double *)(void *)(scratch + p->x_bytes + p->dy_bytes + p->acc_bytes);
    w.bias_total = (double *)(void *)(scratch + p->x_bytes + p->dy_bytes + p->acc_bytes + p->total_bytes);
    w.bias = (float *)(void *)(w.bias_total + p->range_filters);
    memset(w.acc, 0, (size_t)(p->acc_bytes + p->total_bytes + p->bias_bytes));
    return w;
}

/* A block of dy as the kernels read it. */
typedef struct block {
    const float *x, *dy;                   /* first channel, first filter */
    int64_t step, rows, n, pitch, x_pitch; /* from filter to filter; rows of n numbers, from row to row in dy and in x */
} block;

/* Lane sums of a block, filters × taps. */
static void add_block(const piece *w, const block *b) {
    const plan *p = w->p;
    const int64_t tiles = ceil_div(w->filters, w->isa->side), acc_step = w->filters * HNI_CPU_LANES;
    hni_cpu_strip s = {.x = b->x, .step = b->step, .rows = b->rows, .n = b->n, .dy_pitch = b->pitch, .x_pitch = b->x_pitch,
                       .acc_step = acc_step};
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t first = w->filters * tile / tiles, filters = w->filters * (tile + 1) / tiles - first;
        s.dy = b->dy + first * b->step;
        for (int64_t t = 0; t < w->taps; t += w->isa->taps[filters]) {
            s.off = p->offset + t;
            s.acc = w->acc + t * acc_step + first * HNI_CPU_LANES;
            w->isa->grad[filters](&s);
        }
    }
    const bool one = b->pitch == b->n; /* rows lie one behind the other */
    for (int64_t k = 0; w->with_bias && k < w->filters; k++)
        for (int64_t r = 0; r < (one ? 1 : b->rows); r++)
            w->isa->lane_sum(b->dy + k * b->step + r * b->pitch, one ? b->rows * b->n : b->n, w->bias + k * HNI_CPU_LANES);
}

static void flush(const piece *w) {
    w->isa->lane_total(w->acc, w->taps * w->filters, w->total);
    memset(w->acc, 0, (size_t)w->p->acc_bytes);
    w->isa->lane_total(w->bias, w->filters, w->bias_total);
    memset(w->bias, 0, (size_t)w->filters * HNI_CPU_LANES * sizeof *w->bias);
}

/* Rows `first` … of one image's filters as one long row each, at the pitch of x. dy: the piece's first filter. */
static void stage_dy(const piece *w, const float *dy, int64_t first, int64_t rows, float *to) {
    const hni_cpu_layout *l = &w->p->layout;
    const int64_t width = l->columns.out;
    for (int64_t k = 0; k < w->filters; k++, to += w->p->dy_plane) {
        w->isa->stage(to, l->pitch, dy + k * w->p->dy_pixels + first * width, width, rows, 0, width, l->pitch - width);
        memset(to + rows * l->pitch, 0, (HNI_CPU_LANES - 1) * sizeof *to);
    }
}

/* Where planes lie that were staged beforehand. */
static float *staged_x(const hni_cpu_call *call, const plan *p) {
    return (float *)(void *)((uint8_t *)call->workspace + HEAD + p->partial + p->bias_partial);
}
static float *staged_dy(const hni_cpu_call *call, const plan *p) {
    return staged_x(call, p) + p->staged_x / sizeof(float);
}

/* Rows first … of images n …, as the kernels read them. */
static block open_block(const hni_cpu_call *call, const piece *w, int64_t group, int64_t n, int64_t images, int64_t first) {
    const plan *p = w->p;
    const hni_cpu_layout *l = &p->layout;
    const int64_t rows = hni_cpu_min(p->rows, l->rows.out - first), width = l->columns.out, x_pixels = l->rows.source * l->columns.source;
    const int64_t channel = (n * p->groups + group) * p->channels + w->channel, filter = (n * p->groups + group) * p->filters + w->filter;
    const float *x = (const float *)call->in[1] + channel * x_pixels, *dy = (const float *)call->in[0] + filter * p->dy_pixels;
    block b = {w->x, w->dy, p->dy_plane, images, hni_cpu_layout_span(l, rows), p->dy_image, p->x_image};
    if (p->whole) {
        b.x = staged_x(call, p) + channel * hni_cpu_layout_channel(l) + first * l->pitch;
        b.dy = staged_dy(call, p) + filter * p->dy_plane + first * l->pitch;
    }
    for (int64_t i = 0; i < images && !p->whole; i++) {
        hni_cpu_stage(w->isa, l, x + i * p->groups * p->channels * x_pixels, w->channels, first, rows, w->x + i * p->x_image);
        if (!p->direct)
            stage_dy(w, dy + i * p->groups * p->filters * p->dy_pixels, first, rows, w->dy + i * p->dy_image);
    }
    return p->direct ? (block){b.x, dy + first * width, p->dy_pixels, rows, width, width, l->pitch} : b;
}

/* One plane of x or, behind those, of dy. */
static void stage_task(const hni_cpu_call *call, int64_t index) {
    const plan *p = (const plan *)call->op->plan;
    const hni_cpu_layout *l = &p->layout;
    const int64_t planes = p->n * p->groups * p->channels, filter = index - planes;
    if (index < planes) {
        hni_cpu_stage(call->isa, l, (const float *)call->in[1] + index * l->rows.source * l->columns.source, 1, 0, l->rows.out,
                      staged_x(call, p) + index * hni_cpu_layout_channel(l));
        return;
    }
    const piece one = {.p = p, .isa = call->isa, .filters = 1};
    stage_dy(&one, (const float *)call->in[0] + filter * p->dy_pixels, 0, l->rows.out, staged_dy(call, p) + filter * p->dy_plane);
}

/* A finished sum; one that is not finite raises the flag. */
static float final(const hni_cpu_call *call, double sum) {
    const float value = (float)sum;
    if (!(fabsf(value) <= FLT_MAX))
        atomic_store((atomic_int *)call->workspace, 1);
    return value;
}

/* Totals to dw and db, where there is one unit only. */
static void finish_piece(const hni_cpu_call *call, const piece *w, int64_t group) {
    const plan *p = w->p;
    const int64_t row = p->channels * p->kernel;
    for (int64_t k = 0; k < w->filters; k++) {
        const int64_t filter = group * p->filters + w->filter + k;
        float *dw = (float *)call->out[0] + filter * row + w->channel * p->kernel;
        for (int64_t t = 0; t < w->taps; t++)
            dw[t] = final(call, w->total[t * w->filters + k]);
        if (w->with_bias)
            ((float *)call->out[1])[filter] = final(call, w->bias_total[k]);
    }
}

/* Totals to the unit's place among the partial sums: [filter][channel][tap]. */
static void store_piece(const hni_cpu_call *call, const piece *w, int64_t group, int64_t unit) {
    const plan *p = w->p;
    double *partial = (double *)(void *)((uint8_t *)call->workspace + HEAD), *bias = partial + p->partial / sizeof *partial;
    const int64_t all = p->groups * p->filters, row = p->channels * p->kernel;
    for (int64_t k = 0; k < w->filters; k++) {
        const int64_t filter = group * p->filters + w->filter + k;
        double *to = partial + (unit * all + filter) * row + w->channel * p->kernel;
        for (int64_t t = 0; t < w->taps; t++)
            to[t] = w->total[t * w->filters + k];
        if (w->with_bias)
            bias[unit * all + filter] = w->bias_total[k];
    }
}

/* Images n … of the unit, block by block; *pixels: since the last flush. */
static void add_images(const hni_cpu_call *call, const piece *w, int64_t group, int64_t n, int64_t images, int64_t *pixels) {
    for (int64_t first = 0; first < w->p->layout.rows.out; first += w->p->rows) {
        const block b = open_block(call, w, group, n, images, first);
        add_block(w, &b);
        *pixels += b.rows * b.n;
        if (*pixels >= FLUSH_PIXELS) {
            flush(w);
            *pixels = 0;
        }
    }
}

static void piece_strand(const hni_cpu_call *call, int64_t index, uint8_t *scratch) {
    const plan *p = (const plan *)call->op->plan;
    const int64_t ranges = p->filter_ranges * p->channel_ranges, unit = index / ranges / p->groups, group = index / ranges % p->groups;
    const piece w = open_piece(call, index % ranges, scratch);
    const int64_t end = hni_cpu_min((unit + 1) * p->unit, p->n);
    int64_t pixels = 0;
    for (int64_t n = unit * p->unit; n < end; n += p->images)
        add_images(call, &w, group, n, hni_cpu_min(p->images, end - n), &pixels);
    flush(&w);
    if (p->units == 1)
        finish_piece(call, &w, group);
    else
        store_piece(call, &w, group, unit);
}

/* Σ over units of one number. */
static float total_of(const hni_cpu_call *call, const double *partial, int64_t step, int64_t units) {
    double sum = 0.0;
    for (int64_t u = 0; u < units; u++)
        sum += partial[u * step];
    return final(call, sum);
}

/* One filter's weights and bias. */
static void sum_task(const hni_cpu_call *call, int64_t filter) {
    const plan *p = (const plan *)call->op->plan;
    const double *partial = (const double *)(const void *)((const uint8_t *)call->workspace + HEAD);
    const double *bias = partial + p->partial / sizeof *partial;
    const int64_t all = p->groups * p->filters, row = p->channels * p->kernel;
    float *dw = (float *)call->out[0] + filter * row;
    for (int64_t i = 0; i < row; i++)
        dw[i] = total_of(call, partial + filter * row + i, all * row, p->units);
    if (call->out[1])
        ((float *)call->out[1])[filter] = total_of(call, bias + filter, all, p->units);
}

static hn_status run(const hni_cpu_call *call, hn_error *err) {
    const plan *p = (const plan *)call->op->plan;
    const int64_t pieces = p->units * p->groups * p->filter_ranges * p->channel_ranges;
    uint8_t *scratch = (uint8_t *)call->workspace + HEAD + p->partial + p->bias_partial + p->staged_x + p->staged_dy;
    atomic_init((atomic_int *)call->workspace, 0);
    if (p->whole)
        hni_cpu_for(call, p->n * p->groups * (p->channels + (p->direct ? 0 : p->filters)), stage_task);
    hni_cpu_for_scratch(call, pieces, p->workers, scratch, p->scratch, piece_strand);
    const int64_t filters = p->groups * p->filters;
    if (p->units > 1)
        hni_cpu_for_numbers(call, filters, (int64_t)(p->partial / sizeof(double)), sum_task);
    if (atomic_load((atomic_int *)call->workspace))
        return hni_cpu_conv_grad_weight_plain.run(call, err);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_conv_grad_weight = {"register tiles", accept, make_plan, run};
