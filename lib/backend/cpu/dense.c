/* dense.c - the fully connected layer, y = activation(x wᵀ + b), and its gradients. x[N,F], w[K,F], y[N,K].
 *
 * Products of rows in 16 fused lanes and a tree; gradients as weighted sums of rows. Small beside the convolutions here. */
#include "cpu.h"

enum { BLOCK = 1024, OUTPUTS = 16 }; /* columns of a gradient, outputs of a sample: one piece of work */

static int64_t blocks_of(int64_t n, int64_t block) {
    return (n + block - 1) / block;
}

/* A few outputs of one sample. */
static void forward_task(const hni_cpu_call *call, int64_t index) {
    const int64_t f = call->desc->in[1].dims[1], k_count = call->desc->in[1].dims[0], blocks = blocks_of(k_count, OUTPUTS);
    const int64_t n = index / blocks, first = index % blocks * OUTPUTS;
    const float *x = (const float *)call->in[0] + n * f, *w = (const float *)call->in[1], *b = (const float *)call->in[2];
    float *y = (float *)call->out[0] + n * k_count;
    for (int64_t k = first; k < hni_cpu_min(first + OUTPUTS, k_count); k++)
        y[k] = (float)hni_cpu_activate(call->isa->dot(x, w + k * f, f) + (b ? (double)b[k] : 0.0), call->desc->activation);
}

static hn_status run_forward(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    const int64_t n = call->desc->in[0].dims[0];
    hni_cpu_for_numbers(call, n * blocks_of(call->desc->in[1].dims[0], OUTPUTS), n * hni_cpu_elements(&call->desc->in[1]), forward_task);
    return HN_OK;
}

/* One block of columns of one sample's dx: Σ over k of dy[n,k] · w[k,…]. */
static void grad_input_task(const hni_cpu_call *call, int64_t index) {
    const int64_t f = call->desc->in[1].dims[1], k = call->desc->in[1].dims[0], blocks = blocks_of(f, BLOCK);
    const int64_t n = index / blocks, first = index % blocks * BLOCK;
    call->isa->weighted((float *)call->out[0] + n * f + first, hni_cpu_min(BLOCK, f - first), (const float *)call->in[0] + n * k, 1,
                        (const float *)call->in[1] + first, f, k);
}

static hn_status run_grad_input(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    const int64_t n = call->desc->out[0].dims[0];
    hni_cpu_for_numbers(call, n * blocks_of(call->desc->out[0].dims[1], BLOCK), n * hni_cpu_elements(&call->desc->in[1]), grad_input_task);
    return HN_OK;
}

/* One block of columns of one row of dw: Σ over n of dy[n,k] · x[n,…]. */
static void grad_weight_task(const hni_cpu_call *call, int64_t index) {
    const int64_t f = call->desc->out[0].dims[1], k_count = call->desc->out[0].dims[0], n = call->desc->in[0].dims[0];
    const int64_t blocks = blocks_of(f, BLOCK), k = index / blocks, first = index % blocks * BLOCK;
    const float *dy = (const float *)call->in[0] + k;
    call->isa->weighted((float *)call->out[0] + k * f + first, hni_cpu_min(BLOCK, f - first), dy, k_count,
                        (const float *)call->in[1] + first, f, n);
    if (call->out[1] && first == 0) {
        double sum = 0.0;
        for (int64_t i = 0; i < n; i++)
            sum += (double)dy[i * k_count];
        ((float *)call->out[1])[k] = (float)sum;
    }
}

static hn_status run_grad_weight(const hni_cpu_call *call, hn_error *err) {
    (void)err;
    const hn_tensor_desc *dw = &call->desc->out[0];
    hni_cpu_for_numbers(call, dw->dims[0] * blocks_of(dw->dims[1], BLOCK), call->desc->in[0].dims[0] * hni_cpu_elements(dw),
                        grad_weight_task);
    return HN_OK;
}

const hni_cpu_impl hni_cpu_dense = {"dot products", NULL, NULL, run_forward};
const hni_cpu_impl hni_cpu_dense_grad_input = {"weighted rows", NULL, NULL, run_grad_input};
const hni_cpu_impl hni_cpu_dense_grad_weight = {"weighted rows", NULL, NULL, run_grad_weight};
