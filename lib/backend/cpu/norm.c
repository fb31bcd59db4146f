/* norm.c - batch normalisation: training, inference and gradient. PyTorch's BatchNorm2d.
 *
 * One channel is one piece of work: a plane's sums run in 16 float64 lanes and a tree, planes are added in the order of the images. Mean
 * and variance take two passes; what is normalised uses the biased variance, what is remembered the unbiased one. */
#include <math.h>

#include "cpu.h"

typedef struct geometry {
    int64_t n, c, pixels; /* x[N,C,H,W], pixels = H·W */
} geometry;

static geometry geometry_of(const hn_tensor_desc *x) {
    return (geometry){x->dims[0], x->dims[1], x->dims[2] * x->dims[3]};
}

/* Offset of channel c of sample n. */
static int64_t plane(const geometry *g, int64_t n, int64_t c) {
    return (n * g->c + c) * g->pixels;
}

static double channel_in(const hni_cpu_call *call, int tensor, int64_t c) {
    return (double)((const float *)call->in[tensor])[c];
}

static void normalise(const hni_cpu_call *call, const geometry *g, int64_t c, double mean, double inv_std) {
    const double scale = inv_std * channel_in(call, 1, c), shift = channel_in(call, 2, c);
    for (int64_t n = 0; n < g->n; n++) {
        const int64_t at = plane(g, n, c);
        call->isa->affine((float *)call->out[0] + at, (const float *)call->in[0] + at, g->pixels, mean, scale, shift);
    }
}

static void train_task(const hni_cpu_call *call, int64_t c) {
    const hn_op_desc *d = call->desc;
    const geometry g = geometry_of(&d->in[0]);
    const float *x = (const float *)call->in[0];
    const double count = (double)(g.n * g.pixels);
    double sum = 0.0, squares = 0.0;
    for (int64_t n = 0; n < g.n; n++)
        sum += call->isa->total(x + plane(&g, n, c), g.pixels);
    const double mean = sum / count;
    for (int64_t n = 0; n < g.n; n++)
        squares += call->isa->squares(x + plane(&g, n, c), g.pixels, mean);
    const double inv_std = 1.0 / sqrt(squares / count + d->epsilon);
    normalise(call, &g, c, mean, inv_std);
    ((float *)call->out[1])[c] = (float)mean;
    ((float *)call->out[2])[c] = (float)inv_std;
    const double running_mean = channel_in(call, 3, c), running_var = channel_in(call, 4, c);
    ((float *)call->out[3])[c] = (float)((1.0 - d->momentum) * running_mean + d->momentum * mean);
    ((float *)call->out[4])[c] = (float)((1.0 - d->momentum) * running_var + d->momentum * (squares / (count - 1.0)));
}

static hn_status run_train(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->in[0].dims[1], train_task);
    return HN_OK;
}

static void infer_task(const hni_cpu_call *call, int64_t c) {
    const geometry g = geometry_of(&call->desc->in[0]);
    normalise(call, &g, c, channel_in(call, 3, c), 1.0 / sqrt(channel_in(call, 4, c) + call->desc->epsilon));
}

static hn_status run_infer(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->in[0].dims[1], infer_task);
    return HN_OK;
}

/* With x̂ = (x - mean) · inv_std: dbeta = Σ dy, dgamma = Σ dy·x̂, dx = gamma · inv_std · (dy - dbeta/M - x̂ · dgamma/M), M = N·H·W. */
static void grad_task(const hni_cpu_call *call, int64_t c) {
    const geometry g = geometry_of(&call->desc->in[1]);
    const float *dy = (const float *)call->in[0], *x = (const float *)call->in[1];
    const double gamma = channel_in(call, 2, c), mean = channel_in(call, 3, c), inv_std = channel_in(call, 4, c);
    double dbeta = 0.0, dgamma = 0.0;
    for (int64_t n = 0; n < g.n; n++) {
        double sums[2];
        call->isa->products(dy + plane(&g, n, c), x + plane(&g, n, c), g.pixels, mean, sums);
        dbeta += sums[0];
        dgamma += sums[1];
    }
    dgamma *= inv_std;
    ((float *)call->out[1])[c] = (float)dgamma;
    ((float *)call->out[2])[c] = (float)dbeta;
    const double count = (double)(g.n * g.pixels), a = gamma * inv_std;
    for (int64_t n = 0; n < g.n; n++) {
        const int64_t at = plane(&g, n, c);
        call->isa->affine2((float *)call->out[0] + at, dy + at, x + at, g.pixels, a, -a * inv_std * (dgamma / count), mean,
                           -a * (dbeta / count));
    }
}

static hn_status run_grad(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    hni_cpu_for(call, call->desc->in[1].dims[1], grad_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_norm_train = {"lanes", NULL, NULL, run_train};
const hni_cpu_impl hni_cpu_norm = {"lanes", NULL, NULL, run_infer};
const hni_cpu_impl hni_cpu_norm_grad = {"lanes", NULL, NULL, run_grad};
