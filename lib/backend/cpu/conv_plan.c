/* conv_plan.c - conv_plan.h: what a description becomes, once. Nothing here runs per image.
 *
 * A number's chain of additions (channels, kernel rows, kernel columns) does not depend on tiles or blocks, so these may follow the
 * machine and its threads. */
#include "conv_plan.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */

enum {
    BUDGET = 64 * 1024,       /* a block's planes, bytes: the second-level cache is fast enough, and few blocks repeat few rows */
    BUDGET_WIDE = 256 * 1024, /* where that would be less than FEW rows */
    FEW = 4,
    ALONE = 8                 /* rows of a block, at least, where an image is cut so that threads may share it */
};

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

/* A stride past the image: no pixel has this part's remainder. */
static bool is_empty(const hni_conv_part *t) {
    return t->layout.rows.out == 0 || t->layout.columns.out == 0;
}

/* Fills the layout and counts taps; false if a block would be too large. */
static bool make_part(const hn_op_desc *d, const hni_conv_plan *p, hni_conv_part *t) {
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
    if (is_empty(t))
        return true;
    t->taps = count[0] * count[1];
    hni_cpu_layout wide = t->layout;
    if (!hni_cpu_layout_finish(&t->layout, p->sources, 0, BUDGET) || !hni_cpu_layout_finish(&wide, p->sources, 0, BUDGET_WIDE))
        return false;
    if (t->layout.block < FEW)
        t->layout = wide;
    if (t->layout.block % p->pool != 0)
        hni_cpu_layout_cut(&t->layout, t->layout.block, p->pool);
    return true;
}

static void fill_taps(const hn_op_desc *d, const hni_conv_plan *p, hni_conv_part *t) {
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

/* All that is packed: weights, and what a convolution takes in with them. */
static bool is_constant(const hn_op_desc *d) {
    for (int32_t i = 1; i < (d->kind == HN_OP_CONV2D ? 7 : 2); i++)
        if (d->in[i].rank != 0 && !(d->constant >> i & 1))
            return false;
    return true;
}

static hni_conv_plan describe(const hn_op_desc *d) {
    const bool backward = d->kind == HN_OP_CONV2D_GRAD_INPUT;
    const hn_tensor_desc *w = &d->in[1], *x = backward ? &d->out[0] : &d->in[0];
    const int64_t filters = w->dims[0] / d->groups, channels = w->dims[1];
    hni_conv_plan p = {.backward = backward, .keep = is_constant(d), .pool = d->pool > 1 ? d->pool : 1, .n = x->dims[0], .groups = d->groups,
                       .kernel = {w->dims[2], w->dims[3]}, .n_parts = backward ? (int64_t)d->stride[0] * d->stride[1] : 1};
    p.sources = backward ? filters : channels;
    p.targets = backward ? channels : filters;
    for (int i = 0; i < 2; i++) {
        const int64_t y = backward ? d->in[0].dims[2 + i] : d->out[0].dims[2 + i] * p.pool; /* a row left over is not computed */
        p.source_hw[i] = backward ? y : x->dims[2 + i];
        p.target_hw[i] = backward ? x->dims[2 + i] : y;
    }
    p.direct = p.target_hw[1] % HNI_CPU_LANES == 0 && (!backward || d->stride[1] == 1);
    return p;
}

static hni_conv_part empty_part(const hn_op_desc *d, const hni_conv_plan *p, int64_t index) {
    const int64_t step[2] = {p->backward ? d->stride[0] : 1, p->backward ? d->stride[1] : 1};
    return (hni_conv_part){.at = {index / step[1], index % step[1]}, .step = {step[0], step[1]}};
}

bool hni_conv_accept(const hn_op_desc *d, const char **why) {
    *why = "a stride above 8";
    if (d->stride[0] > HNI_CPU_MAX_STRIDE || d->stride[1] > HNI_CPU_MAX_STRIDE)
        return false;
    const hni_conv_plan p = describe(d);
    *why = "more than 10,000,000 taps for one number";
    if ((double)p.sources * (double)(p.kernel[0] * p.kernel[1]) > 1e7)
        return false;
    *why = "one row with its neighbours takes more than 64 MiB";
    for (int64_t i = 0; i < p.n_parts; i++) {
        hni_conv_part t = empty_part(d, &p, i);
        if (!make_part(d, &p, &t))
            return false;
    }
    return true;
}

static int64_t most_blocks(const hni_conv_plan *p) {
    int64_t blocks = 0;
    for (int64_t i = 0; i < p->n_parts; i++)
        if (!is_empty(&p->parts[i]))
            blocks = hni_cpu_max(blocks, hni_cpu_layout_blocks(&p->parts[i].layout));
    return blocks;
}

/* Where there are fewer pieces than threads could use (one image), they share its rows, and then the filters. */
static void share(hni_conv_plan *p, int64_t threads) {
    p->blocks = most_blocks(p);
    p->splits = 1;
    if (threads < 2)
        return;
    const int64_t wanted = 2 * threads, whole = p->n * p->groups * p->n_parts;
    if (whole * p->blocks < wanted)
        for (int64_t i = 0; i < p->n_parts; i++) {
            hni_cpu_layout *l = &p->parts[i].layout;
            const int64_t rows = hni_cpu_max(ALONE, (l->rows.out * whole + wanted - 1) / wanted);
            if (!is_empty(&p->parts[i]) && rows < l->block)
                hni_cpu_layout_cut(l, rows, p->pool);
        }
    p->blocks = most_blocks(p);
    if (hni_conv_pieces(p) < wanted)
        p->splits = hni_cpu_max(1, hni_cpu_min(p->tiles, (wanted + hni_conv_pieces(p) - 1) / hni_conv_pieces(p)));
}

/* Tiles, splits, scratch and workspace, once the parts are known. */
static void size_plan(hni_cpu_op *op, hni_conv_plan *p) {
    int64_t staged = 0;
    p->packed = HNI_CONV_HEAD + hni_cpu_align((uint64_t)(p->groups * p->targets) * sizeof(float));
    p->tiles = (p->targets + op->isa->filters - 1) / op->isa->filters;
    share(p, op->host->threads);
    for (int64_t i = 0; i < p->n_parts; i++) {
        hni_conv_part *t = &p->parts[i];
        t->weights = (int64_t)(p->packed / sizeof(float));
        p->packed += hni_cpu_align((uint64_t)(p->groups * p->targets * p->sources * t->taps) * sizeof(float));
        if (is_empty(t))
            continue;
        p->strip = hni_cpu_max(p->strip, hni_cpu_layout_span(&t->layout, t->layout.block));
        staged = hni_cpu_max(staged, p->sources * hni_cpu_layout_channel(&t->layout));
    }
    if (p->direct) /* the rows that are pooled, or none */
        p->strip = p->pool > 1 ? p->pool * p->target_hw[1] : 0;
    p->workers = hni_cpu_workers(op->host, hni_conv_pieces(p));
    p->strip_bytes = hni_cpu_align((uint64_t)(p->strip * op->isa->filters) * sizeof(float));
    p->scratch = p->strip_bytes + hni_cpu_align((uint64_t)(staged + HNI_CPU_LANES) * sizeof(float));
    op->workspace = (p->keep ? 0 : p->packed) + (uint64_t)p->workers * p->scratch;
}

static hn_status take_kept(hni_cpu_op *op, hni_conv_plan *p, hn_error *err) {
    if (!p->keep)
        return HN_OK;
    p->kept = op->kept = op->host->alloc(op->host->user, (size_t)p->packed);
    return p->kept ? HN_OK : hni_fail_memory(err, (size_t)p->packed, "the packed weights of a convolution");
}

hn_status hni_conv_make_plan(hni_cpu_op *op, hn_error *err) {
    const hn_op_desc *d = &op->desc;
    const hni_conv_plan head = describe(d);
    const uint64_t taps = (uint64_t)(head.kernel[0] * head.kernel[1]);
    const uint64_t parts_bytes = sizeof(hni_conv_plan) + (uint64_t)head.n_parts * sizeof(hni_conv_part);
    /* every tap is in one part at most, for a forward convolution in the only one */
    const uint64_t bytes = parts_bytes + (taps + taps * (uint64_t)head.sources) * sizeof(int32_t);
    hni_conv_plan *p = op->host->alloc(op->host->user, (size_t)bytes);
    if (!p)
        return hni_fail_memory(err, (size_t)bytes, "the plan of a convolution");
    op->plan = p;
    *p = head;
    int32_t *next = (int32_t *)(void *)((uint8_t *)p + parts_bytes);
    for (int64_t i = 0; i < p->n_parts; i++) {
        hni_conv_part *t = &p->parts[i];
        *t = empty_part(d, p, i);
        make_part(d, p, t);
        t->tap = next;
        t->offset = next + t->taps;
        next += t->taps * (1 + p->sources);
    }
    size_plan(op, p);
    for (int64_t i = 0; i < p->n_parts; i++)
        if (!is_empty(&p->parts[i]))
            fill_taps(d, p, &p->parts[i]);
    return take_kept(op, p, err);
}
