/* conv_layout.c - the layout of conv.h: planes, phases, blocks, and the copy into them. No arithmetic on pixels. */
#include "conv.h"

#include <string.h>

static int64_t floor_div(int64_t a, int64_t b) { /* b > 0 */
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

void hni_cpu_axis_start(hni_cpu_axis *axis, int64_t out, int64_t source, int64_t stride) {
    *axis = (hni_cpu_axis){.out = out, .source = source, .stride = stride};
}

void hni_cpu_axis_tap(hni_cpu_axis *axis, int64_t at) {
    const int64_t place = floor_div(at, axis->stride), phase = at - place * axis->stride;
    int64_t i = 0;
    while (i < axis->phases && axis->phase[i] != phase)
        i++;
    if (i == axis->phases) {
        if (i == 0)
            axis->shift = place;
        axis->phase[axis->phases++] = phase;
    }
    const int64_t low = hni_cpu_min(axis->shift, place), high = hni_cpu_max(axis->shift + axis->extra, place);
    axis->shift = low;
    axis->extra = high - low;
}

int64_t hni_cpu_axis_place(const hni_cpu_axis *axis, int64_t at, int64_t *phase) {
    const int64_t place = floor_div(at, axis->stride), remainder = at - place * axis->stride;
    *phase = 0;
    while (axis->phase[*phase] != remainder)
        (*phase)++;
    return place - axis->shift;
}

bool hni_cpu_layout_finish(hni_cpu_layout *l, int64_t sources, int64_t extras, int64_t budget) {
    static const double most = 16777216.0;
    l->pitch = l->columns.out + l->columns.extra;
    const double planes = (double)sources * (double)l->rows.phases * (double)l->columns.phases, row = (double)l->pitch;
    const double fixed = (planes * (double)l->rows.extra + 2.0 * (planes + (double)extras)) * row, each = (planes + (double)extras) * row;
    if (fixed + each + 32.0 * (planes + (double)extras) > most)
        return false;
    double rows = ((double)budget / 4.0 - fixed) / each;
    if (rows < 1.0)
        rows = 1.0;
    l->block = rows < (double)l->rows.out ? (int64_t)rows : l->rows.out;
    hni_cpu_layout_cut(l, l->block, 1);
    return true;
}

void hni_cpu_layout_cut(hni_cpu_layout *l, int64_t rows, int64_t multiple) {
    const int64_t blocks = (l->rows.out + rows - 1) / rows;
    l->block = (l->rows.out + blocks - 1) / blocks; /* even ones */
    l->block = (l->block + multiple - 1) / multiple * multiple;
    l->plane = ((l->block + l->rows.extra) * l->pitch + 2 * HNI_CPU_LANES - 1) / HNI_CPU_LANES * HNI_CPU_LANES;
}

int64_t hni_cpu_layout_offset(const hni_cpu_layout *l, int64_t channel, int64_t row_at, int64_t column_at) {
    int64_t row_phase, column_phase;
    const int64_t row = hni_cpu_axis_place(&l->rows, row_at, &row_phase), column = hni_cpu_axis_place(&l->columns, column_at, &column_phase);
    return ((channel * l->rows.phases + row_phase) * l->columns.phases + column_phase) * l->plane + row * l->pitch + column;
}

/* Places of a plane whose source lies in the image: [*first, *end) of `count`. */
static void inside(const hni_cpu_axis *axis, int64_t phase, int64_t start, int64_t count, int64_t *first, int64_t *end) {
    const int64_t low = floor_div(-phase + axis->stride - 1, axis->stride) - start; /* (start + i) · stride + phase ≥ 0 */
    const int64_t high = floor_div(axis->source - 1 - phase, axis->stride) + 1 - start;
    *first = hni_cpu_min(hni_cpu_max(low, 0), count);
    *end = hni_cpu_max(hni_cpu_min(high, count), *first);
}

/* Rows of every stride-th number. */
static void stage_phase(const hni_cpu_isa *isa, const hni_cpu_layout *l, const float *from, int64_t left, int64_t right, int64_t rows, float *dst) {
    for (int64_t j = 0; j < rows; j++, from += l->rows.stride * l->columns.source, dst += l->pitch) {
        for (int64_t i = 0; i < left; i++)
            dst[i] = 0.0f;
        isa->every(dst + left, from, right - left, l->columns.stride);
        for (int64_t i = right; i < l->pitch; i++)
            dst[i] = 0.0f;
    }
}

/* One plane: `rows` of it from source row (start + j) · stride + phase on. */
static void stage_plane(const hni_cpu_isa *isa, const hni_cpu_layout *l, const float *image, int64_t row_phase, int64_t column_phase,
                        int64_t start, int64_t rows, float *dst) {
    const hni_cpu_axis *r = &l->rows, *c = &l->columns;
    int64_t top, bottom, left, right;
    inside(r, row_phase, start, rows, &top, &bottom);
    inside(c, column_phase, c->shift, l->pitch, &left, &right);
    memset(dst, 0, (size_t)(top * l->pitch) * sizeof *dst);
    if (right == left) { /* beside the image */
        bottom = top;
    } else if (bottom > top) {
        const float *from = image + ((start + top) * r->stride + row_phase) * c->source + (left + c->shift) * c->stride + column_phase;
        if (c->stride == 1)
            isa->stage(dst + top * l->pitch, l->pitch, from, r->stride * c->source, bottom - top, left, right - left, l->pitch - right);
        else
            stage_phase(isa, l, from, left, right, bottom - top, dst + top * l->pitch);
    }
    memset(dst + bottom * l->pitch, 0, (size_t)((rows - bottom) * l->pitch + HNI_CPU_LANES - 1) * sizeof *dst);
}

void hni_cpu_stage(const hni_cpu_isa *isa, const hni_cpu_layout *l, const float *src, int64_t channels, int64_t first, int64_t n,
                   float *dst) {
    for (int64_t c = 0; c < channels; c++, src += l->rows.source * l->columns.source)
        for (int64_t i = 0; i < l->rows.phases; i++)
            for (int64_t j = 0; j < l->columns.phases; j++, dst += l->plane)
                stage_plane(isa, l, src, l->rows.phase[i], l->columns.phase[j], first + l->rows.shift, n + l->rows.extra, dst);
}
