/* group_norm.c - group normalisation and its gradient. PyTorch's GroupNorm.
 *
 * A group's channels lie side by side in x[N,C,H,W], so a group of a sample is one run of numbers, and one piece of work. Mean and variance
 * (the biased one) are taken in two passes. Nothing is remembered from batch to batch. */
#include <math.h>

#include "reference.h"

typedef struct geometry {
    int64_t n, c, groups, channels, pixels; /* channels of a group, H·W */
} geometry;

static geometry geometry_of(const hn_op_desc *d, const hn_tensor_desc *x) {
    return (geometry){x->dims[0], x->dims[1], d->groups, x->dims[1] / d->groups, x->dims[2] * x->dims[3]};
}

/* index = n · groups + group. */
static void forward_task(const hni_ref_call *call, int64_t index) {
    const geometry g = geometry_of(call->desc, &call->desc->in[0]);
    const int64_t size = g.channels * g.pixels, first = index % g.groups * g.channels;
    const float *x = (const float *)call->in[0] + index * size;
    float *y = (float *)call->out[0] + index * size;
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < size; i++)
        sum += (double)x[i];
    const double mean = sum / (double)size;
    for (int64_t i = 0; i < size; i++)
        squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    const double inv_std = 1.0 / sqrt(squares / (double)size + call->desc->epsilon);
    for (int64_t i = 0; i < size; i++) {
        const int64_t c = first + i / g.pixels;
        y[i] = (float)(((double)x[i] - mean) * inv_std * hni_ref_number(call, 1, c) + hni_ref_number(call, 2, c));
    }
    ((float *)call->out[1])[index] = (float)mean;
    ((float *)call->out[2])[index] = (float)inv_std;
}

hn_status hni_ref_group_norm(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, hni_ref_elements(&call->desc->out[1]), forward_task);
    return HN_OK;
}

/* With x̂ = (x - mean) · inv_std and g = dy · gamma, over the M numbers of a group: dx = inv_std · (g - Σ g / M - x̂ · Σ g x̂ / M). */
static void grad_task(const hni_ref_call *call, int64_t index) {
    const geometry g = geometry_of(call->desc, &call->desc->in[1]);
    const int64_t size = g.channels * g.pixels, first = index % g.groups * g.channels;
    const float *dy = (const float *)call->in[0] + index * size, *x = (const float *)call->in[1] + index * size;
    const double mean = hni_ref_number(call, 3, index), inv_std = hni_ref_number(call, 4, index);
    float *dx = (float *)call->out[0] + index * size;
    double sum = 0.0, sum_x = 0.0;
    for (int64_t i = 0; i < size; i++) {
        const double part = (double)dy[i] * hni_ref_number(call, 2, first + i / g.pixels);
        sum += part;
        sum_x += part * (((double)x[i] - mean) * inv_std);
    }
    for (int64_t i = 0; i < size; i++) {
        const double part = (double)dy[i] * hni_ref_number(call, 2, first + i / g.pixels), scaled = ((double)x[i] - mean) * inv_std;
        dx[i] = (float)(inv_std * (part - sum / (double)size - scaled * (sum_x / (double)size)));
    }
}

/* dgamma = Σ dy · x̂ and dbeta = Σ dy of one channel, over samples and pixels. */
static void channel_task(const hni_ref_call *call, int64_t c) {
    const geometry g = geometry_of(call->desc, &call->desc->in[1]);
    double dgamma = 0.0, dbeta = 0.0;
    for (int64_t n = 0; n < g.n; n++) {
        const float *dy = (const float *)call->in[0] + (n * g.c + c) * g.pixels, *x = (const float *)call->in[1] + (n * g.c + c) * g.pixels;
        const int64_t group = n * g.groups + c / g.channels;
        for (int64_t i = 0; i < g.pixels; i++) {
            dgamma += (double)dy[i] * (((double)x[i] - hni_ref_number(call, 3, group)) * hni_ref_number(call, 4, group));
            dbeta += (double)dy[i];
        }
    }
    ((float *)call->out[1])[c] = (float)dgamma;
    ((float *)call->out[2])[c] = (float)dbeta;
}

hn_status hni_ref_group_norm_grad(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, hni_ref_elements(&call->desc->in[3]), grad_task);
    hni_ref_for(call, call->desc->in[1].dims[1], channel_task);
    return HN_OK;
}
