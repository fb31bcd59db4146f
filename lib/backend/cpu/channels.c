/* channels.c - operators on whole channels: concatenation, a scale for each, and the weighted sum that a class activation map is. */
#include <string.h>

#include "cpu.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "rows.h"            /* defines: HNI_CPU_BLOCK */

/* A piece of one sample's numbers, of a or of b. index = (sample · 2 + part) · pieces + piece, pieces: of the larger part. */
typedef struct part {
    int64_t in_part, in_both, n; /* places of the piece, and its size (0: there is no such piece) */
} part;

static int64_t pieces_of(const hn_tensor_desc parts[2]) {
    return hni_cpu_pieces(hni_cpu_max(hni_cpu_elements(&parts[0]), hni_cpu_elements(&parts[1])) / parts[0].dims[0]);
}

static part part_of(const hn_tensor_desc parts[2], int64_t index) {
    const int64_t pieces = pieces_of(parts), samples = parts[0].dims[0], which = index / pieces % 2, sample = index / pieces / 2;
    const int64_t size[2] = {hni_cpu_elements(&parts[0]) / samples, hni_cpu_elements(&parts[1]) / samples};
    const int64_t start = index % pieces * HNI_CPU_PIECE;
    return (part){sample * size[which] + start, sample * (size[0] + size[1]) + which * size[0] + start,
                  start < size[which] ? hni_cpu_piece_size(start, size[which]) : 0};
}

static void concat_task(const hni_cpu_call *call, int64_t index) {
    const part p = part_of(call->desc->in, index);
    const float *from = (const float *)call->in[index / pieces_of(call->desc->in) % 2];
    if (p.n > 0)
        memcpy((float *)call->out[0] + p.in_both, from + p.in_part, (size_t)p.n * sizeof *from);
}

static hn_status run_concat(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for_numbers(call, call->desc->in[0].dims[0] * 2 * pieces_of(call->desc->in), hni_cpu_elements(&call->desc->out[0]), concat_task);
    return HN_OK;
}

static void concat_grad_task(const hni_cpu_call *call, int64_t index) {
    const part p = part_of(call->desc->out, index);
    float *to = (float *)call->out[index / pieces_of(call->desc->out) % 2];
    if (p.n > 0)
        memcpy(to + p.in_part, (const float *)call->in[0] + p.in_both, (size_t)p.n * sizeof *to);
}

static hn_status run_concat_grad(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for_numbers(call, call->desc->in[0].dims[0] * 2 * pieces_of(call->desc->out), hni_cpu_elements(&call->desc->in[0]), concat_grad_task);
    return HN_OK;
}

/* One channel of one image. */
static void scale_task(const hni_cpu_call *call, int64_t image) {
    const int64_t pixels = call->desc->in[0].dims[2] * call->desc->in[0].dims[3];
    call->isa->scale((float *)call->out[0] + image * pixels, (const float *)call->in[0] + image * pixels, ((const float *)call->in[1])[image],
                     pixels);
}

static hn_status run_scale(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    const hn_tensor_desc *x = &call->desc->in[0];
    hni_cpu_for_numbers(call, x->dims[0] * x->dims[1], hni_cpu_elements(x), scale_task);
    return HN_OK;
}

static void scale_grad_task(const hni_cpu_call *call, int64_t image) {
    const int64_t pixels = call->desc->in[1].dims[2] * call->desc->in[1].dims[3];
    const float *dy = (const float *)call->in[0] + image * pixels;
    double sums[2];
    call->isa->products(dy, (const float *)call->in[1] + image * pixels, pixels, 0.0, sums);
    call->isa->scale((float *)call->out[0] + image * pixels, dy, ((const float *)call->in[2])[image], pixels);
    ((float *)call->out[1])[image] = (float)sums[1];
}

static hn_status run_scale_grad(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    const hn_tensor_desc *x = &call->desc->in[1];
    hni_cpu_for_numbers(call, x->dims[0] * x->dims[1], hni_cpu_elements(x), scale_grad_task);
    return HN_OK;
}

/* A block of pixels of one map, in float64: maps are few, and looked at. index = sample · blocks + block. */
static void class_map_task(const hni_cpu_call *call, int64_t index) {
    const hn_tensor_desc *f = &call->desc->in[0], *w = &call->desc->in[1];
    const int64_t pixels = f->dims[2] * f->dims[3], blocks = (pixels + HNI_CPU_BLOCK - 1) / HNI_CPU_BLOCK, n = index / blocks;
    const int64_t first = index % blocks * HNI_CPU_BLOCK, count = hni_cpu_min(HNI_CPU_BLOCK, pixels - first);
    const bool one = w->dims[2] * w->dims[3] == 1; /* weight a channel */
    double sum[HNI_CPU_BLOCK] = {0.0};
    for (int64_t c = n * f->dims[1]; c < (n + 1) * f->dims[1]; c++) {
        const float *row = (const float *)call->in[0] + c * pixels + first, *weights = (const float *)call->in[1];
        if (one)
            hni_row_add(sum, row, (double)weights[c], count);
        else
            for (int64_t i = 0; i < count; i++)
                sum[i] += (double)weights[c * pixels + first + i] * (double)row[i];
    }
    for (int64_t i = 0; i < count; i++)
        ((float *)call->out[0])[n * pixels + first + i] = (float)hni_cpu_activate(sum[i], call->desc->activation);
}

static hn_status run_class_map(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    const hn_tensor_desc *f = &call->desc->in[0];
    hni_cpu_for_numbers(call, f->dims[0] * ((f->dims[2] * f->dims[3] + HNI_CPU_BLOCK - 1) / HNI_CPU_BLOCK), hni_cpu_elements(f), class_map_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_concat = {"copies", NULL, NULL, run_concat};
const hni_cpu_impl hni_cpu_concat_grad = {"copies", NULL, NULL, run_concat_grad};
const hni_cpu_impl hni_cpu_channel_scale = {"vectors", NULL, NULL, run_scale};
const hni_cpu_impl hni_cpu_channel_scale_grad = {"vectors", NULL, NULL, run_scale_grad};
const hni_cpu_impl hni_cpu_class_map = {"numbers", NULL, NULL, run_class_map};
