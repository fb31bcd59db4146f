/* cudnn_compute.c - the fake cuDNN's arithmetic: a checked graph node by node, in float64 and with plain loops.
 *
 * Virtual tensors live in memory of the run; others are read and written where the variant pack said. The workspace is overwritten first,
 * so that nobody counts on what lies there. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cudnn_fake.h"

typedef struct machine {
    const fake_run *run;
    double *own[FAKE_TENSORS]; /* virtual ones */
} machine;

static int64_t elements(const int64_t *dims) { return dims[0] * dims[1] * dims[2] * dims[3]; }

int64_t fake_bytes(const fake_tensor *t) { return elements(t->dims) * (t->type == CUDNN_DATA_BFLOAT16 ? 2 : 4); }

static double get(const machine *m, int t, int64_t i) {
    if (m->own[t]) return m->own[t][i];
    if (m->run->program.tensor[t].type == CUDNN_DATA_FLOAT) return (double)((const float *)m->run->pointer[t])[i];
    const uint32_t bits = (uint32_t)((const uint16_t *)m->run->pointer[t])[i] << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* A factor of a product, as the engine takes it. */
static double factor(const machine *m, int t, int64_t i) {
    const double exact = get(m, t, i);
    const float value = (float)exact;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (!m->run->tf32 || (bits & 0x7F800000u) == 0x7F800000u) return exact;
    bits = (bits + 0x1000u) & ~0x1FFFu; /* 10 bits of fraction are left */
    float rounded;
    memcpy(&rounded, &bits, sizeof rounded);
    return (double)rounded;
}

static void put(const machine *m, int t, int64_t i, double value) {
    if (m->own[t])
        m->own[t][i] = value;
    else
        ((float *)m->run->pointer[t])[i] = (float)(value * m->run->factor); /* rules: outputs are float32 */
}

static const int64_t *dims(const machine *m, int t) { return m->run->program.tensor[t].dims; }

static int64_t at(const int64_t *d, int64_t n, int64_t c, int64_t h, int64_t w) { return ((n * d[1] + c) * d[2] + h) * d[3] + w; }

/* All of a tensor as factors; for what is written, zeros. */
static double *factors(const machine *m, int t, bool written) {
    const int64_t n = elements(dims(m, t));
    double *values = calloc((size_t)n, sizeof *values);
    if (!values) abort();
    for (int64_t i = 0; i < n && !written; i++) values[i] = factor(m, t, i);
    return values;
}

/* One row of taps over one row of pixels, at one output pixel: v is the column of the first tap. */
static void taps(char to, double *x, double *w, double *y, int64_t v, int64_t step, int64_t n_w, int64_t n_x) {
    int64_t s = 0, end = n_w;
    while (s < end && v + s * step < 0) s++;
    while (end > s && v + (end - 1) * step >= n_x) end--;
    if (to == 'x')
        for (; s < end; s++) x[v + s * step] += w[s] * *y;
    else if (to == 'w')
        for (; s < end; s++) w[s] += x[v + s * step] * *y;
    else
        for (; s < end; s++) *y += x[v + s * step] * w[s];
}

/* x or dx, w or dw, y or dy; one of the three is written. Every pair of an output pixel and a tap adds one product to it. */
static void convolution(const machine *m, const fake_node *n) {
    const char to = n->outputs == 1 ? 'x' : n->outputs == 2 ? 'w' : 'y';
    const int64_t *x = dims(m, n->port[0]), *w = dims(m, n->port[1]), *y = dims(m, n->port[2]), groups = x[1] / w[1], share = w[0] / groups;
    double *xs = factors(m, n->port[0], to == 'x'), *ws = factors(m, n->port[1], to == 'w'), *ys = factors(m, n->port[2], to == 'y');
    const double *sum = to == 'x' ? xs : to == 'w' ? ws : ys;
    for (int64_t b = 0; b < y[0]; b++)
        for (int64_t k = 0; k < y[1]; k++)
            for (int64_t i = 0; i < y[2] * y[3]; i++)
                for (int64_t c = 0; c < w[1]; c++)
                    for (int64_t r = 0; r < w[2]; r++) {
                        const int64_t h = i / y[3] * n->stride[0] - n->pre[0] + r * n->dilation[0];
                        const int64_t v = i % y[3] * n->stride[1] - n->pre[1];
                        if (h < 0 || h >= x[2]) continue;
                        taps(to, xs + at(x, b, k / share * w[1] + c, h, 0), ws + at(w, k, c, r, 0), ys + at(y, b, k, 0, i), v, n->dilation[1], w[3], x[3]);
                    }
    const int written = n->port[n->outputs == 1 ? 0 : n->outputs == 2 ? 1 : 2];
    for (int64_t i = 0; i < elements(dims(m, written)); i++) put(m, written, i, sum[i]);
    free(xs);
    free(ws);
    free(ys);
}

/* Place of element i of `large` in `small`, whose extents are 1 or the same. */
static int64_t broadcast(const int64_t *small, const int64_t *large, int64_t i) {
    int64_t place[4];
    for (int k = 3; k >= 0; k--) {
        place[k] = small[k] == 1 ? 0 : i % large[k];
        i /= large[k];
    }
    return at(small, place[0], place[1], place[2], place[3]);
}

static void pointwise(const machine *m, const fake_node *n) {
    const int x = n->port[0], b = n->port[1], y = n->port[2];
    for (int64_t i = 0; i < elements(dims(m, y)); i++) {
        const double v = get(m, x, i);
        double r;
        if (n->mode == CUDNN_POINTWISE_ADD)
            r = v + get(m, b, broadcast(dims(m, b), dims(m, y), i));
        else if (n->mode == CUDNN_POINTWISE_RELU_FWD)
            r = isnan(v) ? (n->nan ? v : 0.0) : v > 0.0 ? v : 0.0;
        else
            r = 1.0 / (1.0 + exp(-v));
        put(m, y, i, r);
    }
}

static void reduction(const machine *m, const fake_node *n) {
    const int x = n->port[0], y = n->port[1];
    double *sum = calloc((size_t)elements(dims(m, y)), sizeof *sum);
    if (!sum) abort();
    for (int64_t i = 0; i < elements(dims(m, x)); i++) sum[broadcast(dims(m, y), dims(m, x), i)] += get(m, x, i);
    for (int64_t i = 0; i < elements(dims(m, y)); i++) put(m, y, i, sum[i]);
    free(sum);
}

/* The pixels of one window that lie in the image, and by what its sum is divided. */
typedef struct window {
    int64_t top, bottom, left, right; /* ends excluded */
    double count;
} window;

static window window_of(const fake_node *n, const int64_t *x, int64_t row, int64_t column) {
    window v = {row * n->stride[0] - n->pre[0], 0, column * n->stride[1] - n->pre[1], 0, (double)(n->window[0] * n->window[1])};
    v.bottom = v.top + n->window[0] < x[2] ? v.top + n->window[0] : x[2];
    v.right = v.left + n->window[1] < x[3] ? v.left + n->window[1] : x[3];
    v.top = v.top > 0 ? v.top : 0;
    v.left = v.left > 0 ? v.left : 0;
    if (n->mode == CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING) v.count = (double)((v.bottom - v.top) * (v.right - v.left));
    return v;
}

static void resample(const machine *m, const fake_node *n) {
    const int X = n->port[0], Y = n->port[1];
    const int64_t *x = dims(m, X), *y = dims(m, Y);
    for (int64_t i = 0; i < elements(y); i++) {
        const window v = window_of(n, x, i / y[3] % y[2], i % y[3]);
        double sum = 0.0, most = -INFINITY;
        for (int64_t h = v.top; h < v.bottom; h++)
            for (int64_t w = v.left; w < v.right; w++) {
                const double value = get(m, X, at(x, 0, i / (y[2] * y[3]), h, w));
                sum += value;
                if (value > most || (isnan(value) && n->nan)) most = value;
            }
        put(m, Y, i, n->mode == CUDNN_RESAMPLE_MAXPOOL ? most : sum / v.count);
    }
}

static void resample_grad(const machine *m, const fake_node *n) {
    const int X = n->port[0], Y = n->port[1];
    const int64_t *x = dims(m, X), *y = dims(m, Y);
    double *sum = calloc((size_t)elements(x), sizeof *sum);
    if (!sum) abort();
    for (int64_t i = 0; i < elements(y); i++) {
        const window v = window_of(n, x, i / y[3] % y[2], i % y[3]);
        for (int64_t h = v.top; h < v.bottom; h++)
            for (int64_t w = v.left; w < v.right; w++) sum[at(x, 0, i / (y[2] * y[3]), h, w)] += get(m, Y, i) / v.count;
    }
    for (int64_t i = 0; i < elements(x); i++) put(m, X, i, sum[i]);
    free(sum);
}

/* Element i of channel c, i in 0 … N·H·W. */
static int64_t in_channel(const int64_t *x, int64_t c, int64_t i) { return at(x, i / (x[2] * x[3]), c, 0, i % (x[2] * x[3])); }

static void norm(const machine *m, const fake_node *n) {
    const int *p = n->port;
    const int64_t *x = dims(m, p[0]), count = x[0] * x[2] * x[3];
    const double epsilon = get(m, p[5], 0), factor = get(m, p[6], 0);
    for (int64_t c = 0; c < x[1]; c++) {
        double mean = 0.0, squares = 0.0;
        for (int64_t i = 0; i < count; i++) mean += get(m, p[0], in_channel(x, c, i)) / (double)count;
        for (int64_t i = 0; i < count; i++) squares += pow(get(m, p[0], in_channel(x, c, i)) - mean, 2.0);
        const double inv = 1.0 / sqrt(squares / (double)count + epsilon), gamma = get(m, p[3], c), beta = get(m, p[4], c);
        for (int64_t i = 0; i < count; i++)
            put(m, p[11], in_channel(x, c, i), (get(m, p[0], in_channel(x, c, i)) - mean) * inv * gamma + beta);
        put(m, p[1], c, mean);
        put(m, p[2], c, inv);
        put(m, p[9], c, (1.0 - factor) * get(m, p[7], c) + factor * mean);
        put(m, p[10], c, (1.0 - factor) * get(m, p[8], c) + factor * squares / (double)(count - 1));
    }
}

static void norm_grad(const machine *m, const fake_node *n) {
    const int *p = n->port; /* x mean inv dy gamma dgamma dbeta dx */
    const int64_t *x = dims(m, p[0]), count = x[0] * x[2] * x[3];
    for (int64_t c = 0; c < x[1]; c++) {
        const double mean = get(m, p[1], c), inv = get(m, p[2], c);
        double dbeta = 0.0, dgamma = 0.0;
        for (int64_t i = 0; i < count; i++) {
            const double dy = get(m, p[3], in_channel(x, c, i));
            dbeta += dy;
            dgamma += dy * (get(m, p[0], in_channel(x, c, i)) - mean) * inv;
        }
        for (int64_t i = 0; i < count; i++) {
            const double centred = (get(m, p[0], in_channel(x, c, i)) - mean) * inv;
            put(m, p[7], in_channel(x, c, i),
                get(m, p[4], c) * inv * (get(m, p[3], in_channel(x, c, i)) - dbeta / (double)count - centred * dgamma / (double)count));
        }
        put(m, p[5], c, dgamma);
        put(m, p[6], c, dbeta);
    }
}

void fake_compute(void *run) {
    const fake_run *r = (const fake_run *)run;
    machine m = {.run = r};
    if (r->workspace) memset(r->workspace, 0xEE, (size_t)r->workspace_size);
    for (int i = 0; i < r->program.tensors; i++) {
        if (!r->program.tensor[i].is_virtual) continue;
        m.own[i] = calloc((size_t)elements(r->program.tensor[i].dims), sizeof(double));
        if (!m.own[i]) abort();
    }
    for (int k = 0; k < r->program.nodes; k++) {
        const fake_node *n = &r->program.node[k];
        switch (n->type) {
        case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR: pointwise(&m, n); break;
        case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR: reduction(&m, n); break;
        case CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR: resample(&m, n); break;
        case CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR: resample_grad(&m, n); break;
        case CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR: norm(&m, n); break;
        case CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR: norm_grad(&m, n); break;
        default: convolution(&m, n); break;
        }
    }
    for (int i = 0; i < r->program.tensors; i++) free(m.own[i]);
}
