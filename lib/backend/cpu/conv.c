/* conv.c - convolution and its input gradient by register tiles: filters × columns, every tap one fused multiply-add.
 *
 *   weights ─► packed, a tile's filters side by side          (each run: they are new after every training step)
 *   x ─► block of rows in scratch (conv.h) ─► conv kernel, tile by tile ─► strip ─► bias, activation ─► rows of y
 *
 * The input gradient is the same thing over dy with the roles of filters and channels swapped; with a stride, one part for each remainder
 * of the pixel's place, since each sees other taps. A number's chain of additions (channels, kernel rows, kernel columns) does not depend
 * on tiles or blocks, so these may follow the machine. Not for infinite weights: zero padding times infinity is not nothing; those go to
 * conv_plain.c. No im2col: the copy would cost more than the small filters here. */
#include <stdatomic.h>

#include "conv.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */

enum {
    BUDGET = 64 * 1024,     /* a block's planes, bytes: the second-level cache is fast enough, and few blocks repeat few rows */
    BUDGET_WIDE = 256 * 1024,/* where that would be less than FEW rows */
    FEW = 4,
    CHUNK = 1024,            /* taps done at a time: their weights stay in the first-level cache */
    HEAD = 64                /* bytes of the workspace before the weights: the flag */
};

/* A convolution in the kernels' terms. Source and target are x and y, or dy and dx. */
typedef struct part {
    hni_cpu_layout layout;
    int64_t at[2], step[2];   /* target pixel of output (o, i): at + o · step */
    int64_t taps;             /* of one source channel */
    int32_t *tap;             /* [taps] r · S + s */
    int32_t *offset;          /* [sources · taps] */
    int64_t weights;          /* place of the packed weights, floats */
} part;

typedef struct plan {
    bool backward;
    int64_t n, groups;
    int64_t sources, targets;      /* channels of one group */
    int64_t source_hw[2], target_hw[2], kernel[2];
    int64_t n_parts, tile, tiles, blocks, splits;
    int64_t strip;                 /* floats of a strip's row */
    int64_t workers;
    uint64_t scratch, packed;      /* bytes: of one strand, of all weights */
    part parts[];
} plan;

/* Place of the tap (one axis) in the source for target pixel `at`, whose next one is `step` further; false: this tap never meets it. */
static bool tap_place(const hn_op_desc *d, bool backward, int axis, int64_t at, int64_t tap, int64_t *place) {
    if (!backward) {
        *place = tap * d->dilation[axis] - d->padding[axis];
        return true;
    }
    const int64_t above = at + d->padding[axis] - tap * d->dilation[axis];
    *place = above / d->stride[axis];
    return above % d->stride[axis] == 0;
}

/* Fills the layout and counts taps; offsets and taps only if there is room for them. */
static bool make_part(const hn_op_desc *d, const plan *p, part *t) {
    int64_t count[2] = {0, 0};
    for (int axis = 0; axis < 2; axis++) {
        hni_cpu_axis *a = axis == 0 ? &t->layout.rows : &t->layout.columns;
        const int64_t out = p->backward ? (p->target_hw[axis] - t->at[axis] + t->step[axis] - 1) / t->step[axis] : p->target_hw[axis];
        hni_cpu_axis_start(a, hni_cpu_max(out, 0), p->source_hw[axis], p->backward ? 1 : d->stride[axis]);
        for (int64_t r = 0; r < p->kernel[axis]; r++) {
            int64_t place;
            if (tap_place(d, p->backward, axis, t->at[axis], r, &place)) {
                hni_cpu_axis_tap(a, place);
                count[axis]++;
            }
        }
        if (a->phases == 0)
            a->phases = 1; /* no taps: nothing is read, but planes are counted */
    }
    if (t->layout.rows.out == 0 || t->layout.columns.out == 0)
        return true; /* a stride past the image: no pixel has this remainder */
    t->taps = count[0] * count[1];
    hni_cpu_layout wide = t->layout;
    if (!hni_cpu_layout_finish(&t->layout, p->sources, 0, BUDGET) || !hni_cpu_layout_finish(&wide, p->sources, 0, BUDGET_WIDE))
        return false;
    if (t->layout.block < FEW)
        t->layout = wide;
    return true;
}

static void fill_taps(const hn_op_desc *d, const plan *p, part *t) {
    int64_t count = 0;
    for (int64_t c = 0; c < p->sources; c++)
        for (int64_t r = 0; r < p->kernel[0]; r++)
            for (int64_t s = 0; s < p->kernel[1]; s++) {
                int64_t row, column;
                if (!tap_place(d, p->backward, 0, t->at[0], r, &row) || !tap_place(d, p->backward, 1, t->at[1], s, &column))
                    continue;
                if (c == 0)
                    t->tap[count] = (int32_t)(r * p->kernel[1] + s);
                t->offset[count++] = (int32_t)hni_cpu_layout_offset(&t->layout, c, row, column);
            }
}

static plan plan_of(const hn_op_desc *d) {
    const bool backward = d->kind == HN_OP_CONV2D_GRAD_INPUT;
    const hn_tensor_desc *x = backward ? &d->out[0] : &d->in[0], *w = &d->in[1], *y = backward ? &d->in[0] : &d->out[0];
    const int64_t filters = w->dims[0] / d->groups, channels = w->dims[1];
    plan p = {.backward = backward, .n = x->dims[0], .groups = d->groups, .kernel = {w->dims[2], w->dims[3]},
              .n_parts = backward ? (int64_t)d->stride[0] * d->stride[1] : 1};
    const hn_tensor_desc *source = backward ? y : x, *target = backward ? x : y;
    p.sources = backward ? filters : channels;
    p.targets = backward ? channels : filters;
    for (int i = 0; i < 2; i++) {
        p.source_hw[i] = source->dims[2 + i];
        p.target_hw[i] = target->dims[2 + i];
    }
    return p;
}

static part empty_part(const hn_op_desc *d, const plan *p, int64_t index) {
    const int64_t step[2] = {p->backward ? d->stride[0] : 1, p->backward ? d->stride[1] : 1};
    return (part){.at = {index / step[1], index % step[1]}, .step = {step[0], step[1]}};
}

/* Small strides, and blocks that fit scratch memory. */
static bool accept(const hn_op_desc *d, const char **why) {
    *why = "a stride above 8";
    if (d->stride[0] > HNI_CPU_MAX_STRIDE || d->stride[1] > HNI_CPU_MAX_STRIDE)
        return false;
    const plan p = plan_of(d);
    *why = "more than 10,000,000 taps for one number";
    if ((double)p.sources * (double)(p.kernel[0] * p.kernel[1]) > 1e7)
        return false;
    *why = "one row with its neighbours takes more than 64 MiB";
    for (int64_t i = 0; i < p.n_parts; i++) {
        part t = empty_part(d, &p, i);
        if (!make_part(d, &p, &t))
            return false;
    }
    return true;
}

static int64_t pieces_of(const plan *p) {
    return p->n * p->groups * p->n_parts * p->blocks * p->splits;
}

/* Tiles, splits, scratch and workspace, once the parts are known. */
static void size_plan(hni_cpu_op *op, plan *p) {
    int64_t staged = 0;
    /* tiles of the best size; a small rest goes into the last one, a large one makes its own */
    p->tile = op->isa->best;
    p->tiles = hni_cpu_max(1, p->targets / p->tile);
    if (p->targets - p->tiles * p->tile > op->isa->filters - p->tile)
        p->tiles++;
    for (int64_t i = 0; i < p->n_parts; i++) {
        part *t = &p->parts[i];
        t->weights = (int64_t)(p->packed / sizeof(float));
        p->packed += hni_cpu_align((uint64_t)(p->groups * p->targets * p->sources * t->taps) * sizeof(float));
        if (t->layout.rows.out == 0 || t->layout.columns.out == 0)
            continue;
        p->blocks = hni_cpu_max(p->blocks, hni_cpu_layout_blocks(&t->layout));
        p->strip = hni_cpu_max(p->strip, hni_cpu_layout_span(&t->layout, t->layout.block));
        staged = hni_cpu_max(staged, p->sources * hni_cpu_layout_channel(&t->layout));
    }
    p->splits = 1;
    const int64_t wanted = 4 * (int64_t)(op->host->threads > 1 ? op->host->threads : 1);
    if (op->host->threads > 1 && pieces_of(p) < wanted) /* one small image: threads share the filters */
        p->splits = hni_cpu_min(p->tiles, (wanted + pieces_of(p) - 1) / pieces_of(p));
    p->workers = hni_cpu_workers(op->host, pieces_of(p));
    p->scratch = hni_cpu_align((uint64_t)(staged + HNI_CPU_LANES) * sizeof(float)) +
                 hni_cpu_align((uint64_t)(p->strip * op->isa->filters) * sizeof(float));
    op->workspace = HEAD + p->packed + (uint64_t)p->workers * p->scratch;
}

static hn_status make_plan(hni_cpu_op *op, hn_error *err) {
    const hn_op_desc *d = &op->desc;
    const plan head = plan_of(d);
    const uint64_t taps = (uint64_t)(head.kernel[0] * head.kernel[1]);
    const uint64_t parts_bytes = sizeof(plan) + (uint64_t)head.n_parts * sizeof(part);
    /* every tap is in one part at most, for a forward convolution in the only one */
    const uint64_t bytes = parts_bytes + (taps + taps * (uint64_t)head.sources) * sizeof(int32_t);
    plan *p = op->host->alloc(op->host->user, (size_t)bytes);
    if (!p)
        return hni_fail_memory(err, (size_t)bytes, "the plan of a convolution");
    op->plan = p;
    *p = head;
    int32_t *next = (int32_t *)(void *)((uint8_t *)p + parts_bytes);
    for (int64_t i = 0; i < p->n_parts; i++) {
        part *t = &p->parts[i];
        *t = empty_part(d, p, i);
        make_part(d, p, t);
        t->tap = next;
        t->offset = next + t->taps;
        next += t->taps * (1 + p->sources);
        if (t->layout.rows.out > 0 && t->layout.columns.out > 0)
            fill_taps(d, p, t);
    }
    size_plan(op, p);
    return HN_OK;
}

static int64_t tile_start(const plan *p, int64_t tile) {
    return tile == p->tiles ? p->targets : tile * p->tile;
}

/* One tile of one group of one part: [sources · taps][filters of the tile]. Infinite and NaN weights raise the flag. */
static void pack_task(const hni_cpu_call *call, int64_t index) {
    const plan *p = (const plan *)call->op->plan;
    const int64_t tile = index % p->tiles, group = index / p->tiles % p->groups;
    const part *t = &p->parts[index / p->tiles / p->groups];
    const int64_t first = tile_start(p, tile), end = tile_start(p, tile + 1), rs = p->kernel[0] * p->kernel[1];
    const int64_t source_step = p->backward ? p->targets * rs : rs, target_step = p->backward ? rs : p->sources * rs;
    const float *w = (const float *)call->in[1] + group * p->targets * p->sources * rs;
    float *dst = (float *)(void *)((uint8_t *)call->workspace + HEAD) + t->weights + (group * p->targets + first) * p->sources * t->taps;
    float odd = 0.0f;
    for (int64_t c = 0; c < p->sources; c++)
        for (int64_t i = 0; i < t->taps; i++)
            for (int64_t k = first; k < end; k++) {
                const float v = w[k * target_step + c * source_step + t->tap[i]];
                odd += v - v;
                *dst++ = v;
            }
    if (odd != 0.0f)
        atomic_store((atomic_int *)call->workspace, 1);
}

/* Rows of one target channel: from the strip, with bias and activation. */
static void finish_rows(const hni_cpu_call *call, const plan *p, const part *t, const float *strip, int64_t first, int64_t rows,
                        int64_t channel, float *target) {
    const int32_t activation = p->backward ? HN_ACT_NONE : call->desc->activation;
    const float bias = !p->backward && call->in[2] ? ((const float *)call->in[2])[channel] : 0.0f;
    const int64_t width = t->layout.columns.out;
    for (int64_t o = 0; o < rows; o++, strip += t->layout.pitch) {
        float *y = target + (t->at[0] + (first + o) * t->step[0]) * p->target_hw[1] + t->at[1];
        if (t->step[1] != 1) {
            for (int64_t i = 0; i < width; i++)
                y[i * t->step[1]] = strip[i];
        } else if (activation == HN_ACT_SIGMOID) {
            for (int64_t i = 0; i < width; i++)
                y[i] = (float)hni_cpu_sigmoid((double)(strip[i] + bias));
        } else {
            call->isa->finish(y, strip, width, bias, activation == HN_ACT_RELU);
        }
    }
}

/* One tile of filters over a staged block. */
static void run_tile(const hni_cpu_call *call, const plan *p, const part *t, int64_t group, int64_t tile, const float *staged, int64_t span,
                     float *strip) {
    const int64_t first = tile_start(p, tile), filters = tile_start(p, tile + 1) - first, taps = p->sources * t->taps;
    const float *w = (const float *)(const void *)((const uint8_t *)call->workspace + HEAD) + t->weights +
                     (group * p->targets + first) * taps;
    int64_t done = 0;
    do {
        const int64_t n = hni_cpu_min(CHUNK, taps - done);
        call->isa->conv[filters](staged, t->offset + done, w + done * filters, n, strip, p->strip, span, done == 0);
        done += n;
    } while (done < taps);
}

/* A block of rows of a part of the filters of one group of one image. */
static void block_strand(const hni_cpu_call *call, int64_t index, uint8_t *scratch) {
    const plan *p = (const plan *)call->op->plan;
    const int64_t split = index % p->splits, block = index / p->splits % p->blocks, which = index / p->splits / p->blocks % p->n_parts;
    const int64_t image = index / p->splits / p->blocks / p->n_parts; /* and group */
    const part *t = &p->parts[which];
    const int64_t first = block * t->layout.block, rows = hni_cpu_min(t->layout.block, t->layout.rows.out - first);
    if (rows <= 0 || t->layout.columns.out == 0)
        return;
    float *strip = (float *)(void *)scratch, *staged = strip + hni_cpu_align((uint64_t)(p->strip * call->isa->filters) * 4) / 4;
    const float *source = (const float *)call->in[0] + image * p->sources * p->source_hw[0] * p->source_hw[1];
    float *target = (float *)call->out[0] + image * p->targets * p->target_hw[0] * p->target_hw[1];
    const int64_t group = image % p->groups, span = hni_cpu_layout_span(&t->layout, rows);
    if (t->taps > 0)
        hni_cpu_stage(call->isa, &t->layout, source, p->sources, first, rows, staged);
    for (int64_t tile = p->tiles * split / p->splits; tile < p->tiles * (split + 1) / p->splits; tile++) {
        run_tile(call, p, t, group, tile, staged, span, strip);
        for (int64_t k = tile_start(p, tile); k < tile_start(p, tile + 1); k++)
            finish_rows(call, p, t, strip + (k - tile_start(p, tile)) * p->strip, first, rows, group * p->targets + k,
                        target + k * p->target_hw[0] * p->target_hw[1]);
    }
}

static hn_status run(const hni_cpu_call *call, hn_error *err) {
    const plan *p = (const plan *)call->op->plan;
    atomic_init((atomic_int *)call->workspace, 0);
    const int64_t packs = p->n_parts * p->groups * p->tiles;
    hni_cpu_for_numbers(call, packs, (int64_t)(p->packed / sizeof(float)), pack_task);
    if (atomic_load((atomic_int *)call->workspace))
        return (p->backward ? hni_cpu_conv_grad_input_plain : hni_cpu_conv_plain).run(call, err);
    hni_cpu_for_scratch(call, pieces_of(p), p->workers, (uint8_t *)call->workspace + HEAD + p->packed, p->scratch, block_strand);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_conv = {"register tiles", accept, make_plan, run};
const hni_cpu_impl hni_cpu_conv_grad_input = {"register tiles", accept, make_plan, run};
