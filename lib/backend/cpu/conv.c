/* conv.c - convolution and its input gradient by register tiles: filters × columns, every tap one fused multiply-add.
 *
 *   weights ─► packed, a tile's filters side by side        (each run, or once for many: see hn_op_desc.constant)
 *   x ─► block of rows in scratch (conv.h) ─► conv kernel, tile by tile ─► rows of y, or a strip and from there to y
 *
 * The input gradient is the same thing over dy with the roles of filters and channels swapped; with a stride, one part for each remainder
 * of the pixel's place, since each sees other taps. Rows of a multiple of 16 numbers are written by the kernels themselves; others are
 * computed as one long row, with rubbish between the image's rows, and copied. Not for infinite weights: zero padding times infinity is
 * not nothing; those go to conv_plain.c. No im2col: the copy would cost more than the small filters here. */
#include <math.h>
#include <stdatomic.h>

#include "conv_plan.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */

enum { CHUNK = 1024 }; /* taps done at a time: their weights stay in the first-level cache */

/* One block of one part for some filters, as it runs. */
typedef struct work {
    const hni_cpu_call *call;
    const hni_conv_plan *p;
    const hni_conv_part *t;
    const float *staged;
    float *strip;
    int64_t group, first, rows; /* of output: the block's first row, how many */
    float *target;              /* the group's first channel of the image, pooled if it is */
    const float *more, *mask;   /* likewise: what is added, and the output of the ReLU to go through; NULL = none */
    bool relu;
    int32_t after; /* another activation, done on the rows that a tile has written; HN_ACT_NONE = none */
} work;

static uint8_t *packed_weights(const hni_cpu_call *call, const hni_conv_plan *p) {
    return p->keep ? p->kept : (uint8_t *)call->workspace;
}

static float *packed_bias(const hni_cpu_call *call, const hni_conv_plan *p) {
    return (float *)(void *)(packed_weights(call, p) + HNI_CONV_HEAD);
}

/* What the batch norm inside a convolution multiplies target channel k's weights by. */
static double norm_scale(const hni_cpu_call *call, const hni_conv_plan *p, int64_t k) {
    if (p->backward || !call->in[3])
        return 1.0;
    return (double)((const float *)call->in[3])[k] / sqrt((double)((const float *)call->in[6])[k] + call->desc->epsilon);
}

/* Biases, with the batch norm's taken in; 0 for a gradient. */
static void pack_bias(const hni_cpu_call *call, const hni_conv_plan *p) {
    float *bias = packed_bias(call, p);
    for (int64_t k = 0; k < p->groups * p->targets; k++) {
        double b = !p->backward && call->in[2] ? (double)((const float *)call->in[2])[k] : 0.0;
        if (!p->backward && call->in[3])
            b = (b - (double)((const float *)call->in[5])[k]) * norm_scale(call, p, k) + (double)((const float *)call->in[4])[k];
        bias[k] = (float)b;
    }
}

/* One tile of one group of one part: [sources · taps][filters of the tile]. Infinite and NaN weights raise the flag. */
static void pack_task(const hni_cpu_call *call, int64_t index) {
    const hni_conv_plan *p = (const hni_conv_plan *)call->op->plan;
    const int64_t tile = index % p->tiles, group = index / p->tiles % p->groups;
    const hni_conv_part *t = &p->parts[index / p->tiles / p->groups];
    const int64_t first = hni_conv_tile_start(p, tile), end = hni_conv_tile_start(p, tile + 1), rs = p->kernel[0] * p->kernel[1];
    const int64_t source_step = p->backward ? p->targets * rs : rs, target_step = p->backward ? rs : p->sources * rs;
    const float *w = (const float *)call->in[1] + group * p->targets * p->sources * rs;
    float *dst = (float *)(void *)packed_weights(call, p) + t->weights + (group * p->targets + first) * p->sources * t->taps;
    float odd = 0.0f;
    double scale[HNI_CPU_MAX_FILTERS];
    for (int64_t k = first; k < end; k++)
        scale[k - first] = norm_scale(call, p, group * p->targets + k);
    for (int64_t c = 0; c < p->sources; c++)
        for (int64_t i = 0; i < t->taps; i++)
            for (int64_t k = first; k < end; k++) {
                const float v = (float)(scale[k - first] * (double)w[k * target_step + c * source_step + t->tap[i]]);
                odd += v - v;
                *dst++ = v;
            }
    if (odd != 0.0f)
        atomic_store((atomic_int *)(void *)packed_weights(call, p), 1);
}

/* All taps of a tile, a chunk at a time; the rest of `last` is filled in by the caller. Only the last chunk finishes the sums. */
static void run_tile(const work *w, int64_t number, hni_cpu_tile last) {
    const hni_conv_plan *p = w->p;
    const int64_t first = hni_conv_tile_start(p, number), filters = hni_conv_tile_start(p, number + 1) - first, taps = p->sources * w->t->taps;
    const float *weights = (const float *)(const void *)packed_weights(w->call, p) + w->t->weights + (w->group * p->targets + first) * taps;
    hni_cpu_tile part = last;
    part.relu = false;
    part.more = part.mask = NULL;
    last.bias = packed_bias(w->call, p) + w->group * p->targets + first;
    for (int64_t done = 0; done == 0 || done < taps; done += CHUNK) {
        hni_cpu_tile *tile = done + CHUNK >= taps ? &last : &part;
        tile->off = w->t->offset + done;
        tile->w = weights + done * filters;
        tile->taps = hni_cpu_min(CHUNK, taps - done);
        tile->first = done == 0;
        w->call->isa->conv[filters](tile);
    }
}

/* The block's rows of one channel of a convolution, where they lie side by side. */
static void activate_rows(const work *w, int64_t channel) {
    const int64_t width = w->p->target_hw[1];
    float *y = w->target + channel * w->p->target_hw[0] * width + w->first * width;
    if (w->after != HN_ACT_NONE)
        w->call->isa->activate(y, y, w->rows * width, w->after);
}

/* The kernel writes rows of the target. */
static void tile_to_target(const work *w, int64_t number) {
    const hni_conv_plan *p = w->p;
    const int64_t width = p->target_hw[1], plane = p->target_hw[0] * width, pitch = w->t->step[0] * width;
    const int64_t at = hni_conv_tile_start(p, number) * plane + w->t->at[0] * width + w->first * pitch;
    run_tile(w, number, (hni_cpu_tile){.x = w->staged, .out = w->target + at, .step = plane, .rows = w->rows, .n = width,
                                       .x_pitch = w->t->layout.pitch, .out_pitch = pitch, .more = w->more ? w->more + at : NULL,
                                       .mask = w->mask ? w->mask + at : NULL, .relu = w->relu});
    for (int64_t k = hni_conv_tile_start(p, number); k < hni_conv_tile_start(p, number + 1); k++)
        activate_rows(w, k);
}

/* As many rows as are pooled go to the strip, where the first-level cache holds them, then one row to the target. */
static void tile_to_pool(const work *w, int64_t number) {
    const hni_conv_plan *p = w->p;
    const int64_t width = p->target_hw[1], h = p->target_hw[0] / 2, half = width / 2, begin = hni_conv_tile_start(p, number);
    for (int64_t o = 0; o + 2 <= w->rows; o += 2) {
        run_tile(w, number, (hni_cpu_tile){.x = w->staged + o * w->t->layout.pitch, .out = w->strip, .step = 2 * width, .rows = 2,
                                           .n = width, .x_pitch = w->t->layout.pitch, .out_pitch = width, .relu = w->relu});
        for (int64_t k = begin; k < hni_conv_tile_start(p, number + 1); k++) {
            const float *row = w->strip + (k - begin) * 2 * width;
            w->call->isa->pool2(w->target + (k * h + (w->first + o) / 2) * half, row, row + width, half);
        }
    }
}

/* Rows of one channel from the strip to the target, with what is added to them. */
static void add_rows(const work *w, const float *strip, int64_t channel) {
    const int64_t width = w->t->layout.columns.out, plane = w->p->target_hw[0] * w->p->target_hw[1];
    const int64_t at = channel * plane + w->first * width;
    for (int64_t o = 0; o < w->rows; o++)
        w->call->isa->sum(w->target + at + o * width, strip + o * w->t->layout.pitch, w->more + at + o * width, width, w->relu);
}

/* The same of a gradient, where they do not lie side by side or go on through a ReLU. */
static void scatter_rows(const work *w, const float *strip, int64_t channel) {
    const hni_conv_part *t = w->t;
    const int64_t width = t->layout.columns.out, plane = w->p->target_hw[0] * w->p->target_hw[1];
    for (int64_t o = 0; o < w->rows; o++, strip += t->layout.pitch) {
        const int64_t at = channel * plane + (t->at[0] + (w->first + o) * t->step[0]) * w->p->target_hw[1] + t->at[1];
        float *y = w->target + at;
        for (int64_t i = 0; i < width; i++)
            y[i * t->step[1]] = strip[i];
        if (w->mask)
            for (int64_t i = 0; i < width; i++)
                y[i * t->step[1]] = w->mask[at + i * t->step[1]] <= 0.0f ? 0.0f : y[i * t->step[1]];
    }
}

static void pool_rows(const work *w, const float *strip, int64_t channel) {
    const int64_t h = w->p->target_hw[0] / 2, half = w->p->target_hw[1] / 2, pitch = w->t->layout.pitch;
    for (int64_t o = 0; o + 2 <= w->rows; o += 2, strip += 2 * pitch)
        w->call->isa->pool2(w->target + (channel * h + (w->first + o) / 2) * half, strip, strip + pitch, half);
}

/* All rows of the block as one, then to the target. */
static void tile_by_strip(const work *w, int64_t number) {
    const hni_conv_plan *p = w->p;
    const hni_conv_part *t = w->t;
    const int64_t begin = hni_conv_tile_start(p, number), plane = p->target_hw[0] * p->target_hw[1], width = t->layout.columns.out;
    run_tile(w, number, (hni_cpu_tile){.x = w->staged, .out = w->strip, .step = p->strip, .rows = 1,
                                       .n = hni_cpu_layout_span(&t->layout, w->rows), .relu = w->relu && !w->more});
    for (int64_t k = begin; k < hni_conv_tile_start(p, number + 1); k++) {
        const float *strip = w->strip + (k - begin) * p->strip;
        if (p->pool > 1)
            pool_rows(w, strip, k);
        else if (t->step[1] != 1 || w->mask)
            scatter_rows(w, strip, k);
        else if (w->more)
            add_rows(w, strip, k);
        else
            w->call->isa->stage(w->target + k * plane + (t->at[0] + w->first * t->step[0]) * width, t->step[0] * width, strip,
                                t->layout.pitch, w->rows, 0, width, 0);
        activate_rows(w, k);
    }
}

/* A block of rows of a part of the filters of one group of one image. */
static void block_strand(const hni_cpu_call *call, int64_t index, uint8_t *scratch) {
    const hni_conv_plan *p = (const hni_conv_plan *)call->op->plan;
    const int64_t split = index % p->splits, block = index / p->splits % p->blocks, which = index / p->splits / p->blocks % p->n_parts;
    const int64_t image = index / p->splits / p->blocks / p->n_parts; /* and group */
    const hni_conv_part *t = &p->parts[which];
    const int64_t first = block * t->layout.block, rows = hni_cpu_min(t->layout.block, t->layout.rows.out - first);
    if (rows <= 0 || t->layout.columns.out == 0)
        return;
    const int64_t target = image * p->targets * (p->target_hw[0] / p->pool) * (p->target_hw[1] / p->pool);
    float *strip = (float *)(void *)scratch, *staged = (float *)(void *)(scratch + p->strip_bytes);
    const work w = {.call = call, .p = p, .t = t, .staged = staged, .strip = strip, .group = image % p->groups, .first = first, .rows = rows,
                    .target = (float *)call->out[0] + target,
                    .more = !p->backward && call->in[7] ? (const float *)call->in[7] + target : NULL,
                    .mask = p->backward && call->desc->activation == HN_ACT_RELU ? (const float *)call->in[2] + target : NULL,
                    .relu = !p->backward && call->desc->activation == HN_ACT_RELU,
                    .after = !p->backward && call->desc->activation > HN_ACT_RELU ? call->desc->activation : HN_ACT_NONE};
    if (t->taps > 0)
        hni_cpu_stage(call->isa, &t->layout, (const float *)call->in[0] + image * p->sources * p->source_hw[0] * p->source_hw[1], p->sources,
                      first, rows, staged);
    for (int64_t tile = p->tiles * split / p->splits; tile < p->tiles * (split + 1) / p->splits; tile++)
        (p->direct ? p->pool > 1 ? tile_to_pool : tile_to_target : tile_by_strip)(&w, tile);
}

/* The weights as the kernels want them; false if some are not finite. */
static bool pack(const hni_cpu_call *call, hni_conv_plan *p) {
    atomic_int *odd = (atomic_int *)(void *)packed_weights(call, p);
    if (!(p->keep && p->packed_once && call->constant_kept)) {
        atomic_init(odd, 0);
        pack_bias(call, p);
        hni_cpu_for_numbers(call, p->n_parts * p->groups * p->tiles, (int64_t)(p->packed / sizeof(float)), pack_task);
        p->packed_once = true;
    }
    return atomic_load(odd) == 0;
}

static hn_status run(const hni_cpu_call *call, hn_error *err) {
    hni_conv_plan *p = (hni_conv_plan *)call->op->plan;
    if (!pack(call, p))
        return (p->backward ? hni_cpu_conv_grad_input_plain : hni_cpu_conv_plain).run(call, err);
    hni_cpu_for_scratch(call, hni_conv_pieces(p), p->workers, (uint8_t *)call->workspace + (p->keep ? 0 : p->packed), p->scratch, block_strand);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_conv = {"register tiles", hni_conv_accept, hni_conv_make_plan, run};
const hni_cpu_impl hni_cpu_conv_grad_input = {"register tiles", hni_conv_accept, hni_conv_make_plan, run};
