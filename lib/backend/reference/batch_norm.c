/* batch_norm.c - batch normalisation: training, inference and gradient. PyTorch's BatchNorm2d.
 *
 * One channel is one piece of work. Mean and variance are taken in two passes in float64; what is normalised uses the biased variance,
 * what is remembered for inference the unbiased one. */
#include <math.h>

#include "reference.h"

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

static double channel_mean(const geometry *g, const float *x, int64_t c) {
    double sum = 0.0;
    for (int64_t n = 0; n < g->n; n++)
        for (int64_t i = 0; i < g->pixels; i++)
            sum += (double)x[plane(g, n, c) + i];
    return sum / (double)(g->n * g->pixels);
}

/* Σ (x - mean)². */
static double channel_squares(const geometry *g, const float *x, int64_t c, double mean) {
    double sum = 0.0;
    for (int64_t n = 0; n < g->n; n++) {
        for (int64_t i = 0; i < g->pixels; i++) {
            const double d = (double)x[plane(g, n, c) + i] - mean;
            sum += d * d;
        }
    }
    return sum;
}

static void normalise(const geometry *g, const float *x, float *y, int64_t c, double mean, double inv_std, double gamma, double beta) {
    for (int64_t n = 0; n < g->n; n++)
        for (int64_t i = plane(g, n, c); i < plane(g, n, c) + g->pixels; i++)
            y[i] = (float)(((double)x[i] - mean) * inv_std * gamma + beta);
}

static double channel_in(const hni_ref_call *call, int tensor, int64_t c) {
    return (double)((const float *)call->in[tensor])[c];
}

static void train_task(const hni_ref_call *call, int64_t c) {
    const hn_op_desc *d = call->desc;
    const geometry g = geometry_of(&d->in[0]);
    const float *x = (const float *)call->in[0];
    const double count = (double)(g.n * g.pixels);
    const double mean = channel_mean(&g, x, c), squares = channel_squares(&g, x, c, mean);
    const double inv_std = 1.0 / sqrt(squares / count + d->epsilon);
    normalise(&g, x, (float *)call->out[0], c, mean, inv_std, channel_in(call, 1, c), channel_in(call, 2, c));
    ((float *)call->out[1])[c] = (float)mean;
    ((float *)call->out[2])[c] = (float)inv_std;
    const double running_mean = channel_in(call, 3, c), running_var = channel_in(call, 4, c);
    ((float *)call->out[3])[c] = (float)((1.0 - d->momentum) * running_mean + d->momentum * mean);
    ((float *)call->out[4])[c] = (float)((1.0 - d->momentum) * running_var + d->momentum * (squares / (count - 1.0)));
}

hn_status hni_ref_batch_norm_train(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->in[0].dims[1], train_task);
    return HN_OK;
}

static void infer_task(const hni_ref_call *call, int64_t c) {
    const geometry g = geometry_of(&call->desc->in[0]);
    const double inv_std = 1.0 / sqrt(channel_in(call, 4, c) + call->desc->epsilon);
    normalise(&g, (const float *)call->in[0], (float *)call->out[0], c, channel_in(call, 3, c), inv_std, channel_in(call, 1, c),
              channel_in(call, 2, c));
}

hn_status hni_ref_batch_norm(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->in[0].dims[1], infer_task);
    return HN_OK;
}

/* With x̂ = (x - mean) · inv_std: dbeta = Σ dy, dgamma = Σ dy·x̂, dx = gamma · inv_std · (dy - dbeta/M - x̂ · dgamma/M), M = N·H·W. */
static void grad_task(const hni_ref_call *call, int64_t c) {
    const geometry g = geometry_of(&call->desc->in[1]);
    const float *dy = (const float *)call->in[0], *x = (const float *)call->in[1];
    const double gamma = channel_in(call, 2, c), mean = channel_in(call, 3, c), inv_std = channel_in(call, 4, c);
    double dbeta = 0.0, dgamma = 0.0;
    for (int64_t n = 0; n < g.n; n++) {
        for (int64_t i = plane(&g, n, c); i < plane(&g, n, c) + g.pixels; i++) {
            dbeta += (double)dy[i];
            dgamma += (double)dy[i] * (((double)x[i] - mean) * inv_std);
        }
    }
    ((float *)call->out[1])[c] = (float)dgamma;
    ((float *)call->out[2])[c] = (float)dbeta;
    const double count = (double)(g.n * g.pixels), mean_dy = dbeta / count, mean_dy_x = dgamma / count;
    float *dx = (float *)call->out[0];
    for (int64_t n = 0; n < g.n; n++)
        for (int64_t i = plane(&g, n, c); i < plane(&g, n, c) + g.pixels; i++)
            dx[i] = (float)(gamma * inv_std * ((double)dy[i] - mean_dy - ((double)x[i] - mean) * inv_std * mean_dy_x));
}

hn_status hni_ref_batch_norm_grad(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->in[1].dims[1], grad_task);
    return HN_OK;
}
