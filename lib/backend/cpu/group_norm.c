/* group_norm.c - group normalisation and its gradient. PyTorch's GroupNorm.
 *
 * A group's channels lie side by side in x[N,C,H,W], so a group of a sample is one run of numbers, and one piece of work; its sums run in
 * 16 float64 lanes and a tree. The gradient's sums are those of planes, added in the order of channels, and for gamma and beta in the
 * order of samples. */
#include <math.h>

#include "cpu.h"

typedef struct geometry {
    int64_t n, c, groups, channels, pixels; /* channels of a group, H·W */
} geometry;

static geometry geometry_of(const hn_op_desc *d, const hn_tensor_desc *x) {
    return (geometry){x->dims[0], x->dims[1], d->groups, x->dims[1] / d->groups, x->dims[2] * x->dims[3]};
}

static double number_in(const hni_cpu_call *call, int tensor, int64_t i) {
    return (double)((const float *)call->in[tensor])[i];
}

/* index = n · groups + group. */
static void forward_task(const hni_cpu_call *call, int64_t index) {
    const geometry g = geometry_of(call->desc, &call->desc->in[0]);
    const int64_t size = g.channels * g.pixels, first = index % g.groups * g.channels;
    const float *x = (const float *)call->in[0] + index * size;
    float *y = (float *)call->out[0] + index * size;
    const double mean = call->isa->total(x, size) / (double)size;
    const double inv_std = 1.0 / sqrt(call->isa->squares(x, size, mean) / (double)size + call->desc->epsilon);
    for (int64_t c = 0; c < g.channels; c++)
        call->isa->affine(y + c * g.pixels, x + c * g.pixels, g.pixels, mean, inv_std * number_in(call, 1, first + c),
                          number_in(call, 2, first + c));
    ((float *)call->out[1])[index] = (float)mean;
    ((float *)call->out[2])[index] = (float)inv_std;
}

static hn_status run_forward(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, hni_cpu_elements(&call->desc->out[1]), forward_task);
    return HN_OK;
}

/* The workspace: of each plane Σ dy and Σ dy · x̂. */
static hn_status plan_grad(hni_cpu_op *op, hn_error *err) {
    (void)err;
    op->workspace = (uint64_t)(op->desc.in[1].dims[0] * op->desc.in[1].dims[1]) * 2 * sizeof(double);
    return HN_OK;
}

/* With x̂ = (x - mean) · inv_std and g = dy · gamma, over the M numbers of a group: dx = inv_std · (g - Σ g / M - x̂ · Σ g x̂ / M). */
static void grad_task(const hni_cpu_call *call, int64_t index) {
    const geometry g = geometry_of(call->desc, &call->desc->in[1]);
    const int64_t size = g.channels * g.pixels, first = index % g.groups * g.channels;
    const float *dy = (const float *)call->in[0] + index * size, *x = (const float *)call->in[1] + index * size;
    const double mean = number_in(call, 3, index), inv_std = number_in(call, 4, index);
    double *sums = (double *)call->workspace + index * g.channels * 2, sum = 0.0, sum_x = 0.0;
    for (int64_t c = 0; c < g.channels; c++) {
        call->isa->products(dy + c * g.pixels, x + c * g.pixels, g.pixels, mean, sums + 2 * c);
        sums[2 * c + 1] *= inv_std;
        sum += number_in(call, 2, first + c) * sums[2 * c];
        sum_x += number_in(call, 2, first + c) * sums[2 * c + 1];
    }
    for (int64_t c = 0; c < g.channels; c++)
        call->isa->affine2((float *)call->out[0] + index * size + c * g.pixels, dy + c * g.pixels, x + c * g.pixels, g.pixels,
                           inv_std * number_in(call, 2, first + c), -inv_std * inv_std * (sum_x / (double)size), mean,
                           -inv_std * (sum / (double)size));
}

static void channel_task(const hni_cpu_call *call, int64_t c) {
    const hn_tensor_desc *x = &call->desc->in[1];
    double dbeta = 0.0, dgamma = 0.0;
    for (int64_t n = 0; n < x->dims[0]; n++) {
        const double *sums = (const double *)call->workspace + (n * x->dims[1] + c) * 2;
        dbeta += sums[0];
        dgamma += sums[1];
    }
    ((float *)call->out[1])[c] = (float)dgamma;
    ((float *)call->out[2])[c] = (float)dbeta;
}

static hn_status run_grad(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    const hn_tensor_desc *x = &call->desc->in[1];
    hni_cpu_for(call, hni_cpu_elements(&call->desc->in[3]), grad_task);
    hni_cpu_for_numbers(call, x->dims[1], x->dims[0] * x->dims[1], channel_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_group_norm = {"lanes", NULL, NULL, run_forward};
const hni_cpu_impl hni_cpu_group_norm_grad = {"lanes", NULL, plan_grad, run_grad};
