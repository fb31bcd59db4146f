/* dense.c - the fully connected layer, y = activation(x wᵀ + b), and its gradients. x[N,F], w[K,F], y[N,K].
 *
 * Plain products of rows in float64; a gradient is done in blocks of columns whose sums lie on the stack. */
#include "reference.h"
#include "rows.h" /* defines: hni_row_add, hni_row_dot, HNI_REF_BLOCK */

/* One sample. */
static void forward_task(const hni_ref_call *call, int64_t n) {
    const int64_t f = call->desc->in[1].dims[1], k_count = call->desc->in[1].dims[0];
    const float *x = (const float *)call->in[0] + n * f, *w = (const float *)call->in[1], *b = (const float *)call->in[2];
    float *y = (float *)call->out[0] + n * k_count;
    for (int64_t k = 0; k < k_count; k++) {
        double lanes[HNI_REF_CHUNK] = {0.0};
        hni_row_dot(lanes, x, w + k * f, 1, f);
        y[k] = (float)hni_ref_activate(hni_row_total(lanes) + (b ? (double)b[k] : 0.0), call->desc->activation);
    }
}

hn_status hni_ref_dense(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->in[0].dims[0], forward_task);
    return HN_OK;
}

/* out[0 … n) = Σ a[i · a_step] · rows[i · row_step + …], 0 ≤ i < count. */
static void weighted_rows(float *out, int64_t n, const float *a, int64_t a_step, const float *rows, int64_t row_step, int64_t count) {
    double sum[HNI_REF_BLOCK] = {0.0};
    for (int64_t i = 0; i < count; i++)
        hni_row_add(sum, rows + i * row_step, (double)a[i * a_step], n);
    for (int64_t j = 0; j < n; j++)
        out[j] = (float)sum[j];
}

static int64_t blocks_of(int64_t f) {
    return (f + HNI_REF_BLOCK - 1) / HNI_REF_BLOCK;
}

/* One block of columns of one sample's dx: Σ over k of dy[n,k] · w[k,…]. */
static void grad_input_task(const hni_ref_call *call, int64_t index) {
    const int64_t f = call->desc->in[1].dims[1], k = call->desc->in[1].dims[0], blocks = blocks_of(f);
    const int64_t n = index / blocks, first = index % blocks * HNI_REF_BLOCK;
    weighted_rows((float *)call->out[0] + n * f + first, hni_ref_min(HNI_REF_BLOCK, f - first), (const float *)call->in[0] + n * k, 1,
                  (const float *)call->in[1] + first, f, k);
}

hn_status hni_ref_dense_grad_input(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->out[0].dims[0] * blocks_of(call->desc->out[0].dims[1]), grad_input_task);
    return HN_OK;
}

/* One block of columns of one row of dw: Σ over n of dy[n,k] · x[n,…]. */
static void grad_weight_task(const hni_ref_call *call, int64_t index) {
    const int64_t f = call->desc->out[0].dims[1], k_count = call->desc->out[0].dims[0], n = call->desc->in[0].dims[0];
    const int64_t blocks = blocks_of(f), k = index / blocks, first = index % blocks * HNI_REF_BLOCK;
    const float *dy = (const float *)call->in[0] + k;
    weighted_rows((float *)call->out[0] + k * f + first, hni_ref_min(HNI_REF_BLOCK, f - first), dy, k_count,
                  (const float *)call->in[1] + first, f, n);
    if (call->out[1] && first == 0) {
        double sum = 0.0;
        for (int64_t i = 0; i < n; i++)
            sum += (double)dy[i * k_count];
        ((float *)call->out[1])[k] = (float)sum;
    }
}

hn_status hni_ref_dense_grad_weight(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->out[0].dims[0] * blocks_of(call->desc->out[0].dims[1]), grad_weight_task);
    return HN_OK;
}
