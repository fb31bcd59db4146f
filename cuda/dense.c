/* dense.c - the fully connected layer, y = activation(x wᵀ + b), and its gradients, as one matrix product each. x[N,F], w[K,F], y[N,K].
 *
 * The bias rides in the product; an activation follows in place (cuBLASLt has a ReLU, but makes 0 of NaN). The bias' gradient is a sum of
 * columns of its own, in float64. */
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "kernels.h"
#include "matmul.h"

/* The workspace begins with the sums of the bias' gradient, a multiple of 64 bytes; the product's follows. */
typedef struct dense_plan {
    hni_cuda_matmul matmul;
    uint64_t sums; /* bytes */
} dense_plan;

/* cuBLASLt's kernels index with 32 bits. */
static bool fits(const hni_cuda_device *device, const hn_op_desc *d, const char **why) {
    (void)device;
    for (int i = 0; i < 2; i++)
        if (d->in[i].dims[0] > INT32_MAX || d->in[i].dims[1] > INT32_MAX) {
            *why = "more than 2^31 - 1 rows or columns";
            return false;
        }
    return true;
}

static hni_cuda_product product_of(const hn_op_desc *d) {
    const hn_tensor_desc *first = &d->in[0], *second = &d->in[1];
    switch (d->kind) {
    case HN_OP_DENSE: /* y[N,K] = x[N,F] · w[K,F]ᵀ */
        return (hni_cuda_product){.rows = first->dims[0], .columns = second->dims[0], .depth = first->dims[1], .right_t = true,
                                  .bias = d->in[2].rank != 0, .right_stays = (d->constant >> 1 & 1) != 0};
    case HN_OP_DENSE_GRAD_INPUT: /* dx[N,F] = dy[N,K] · w[K,F] */
        return (hni_cuda_product){.rows = first->dims[0], .columns = second->dims[1], .depth = first->dims[1]};
    default: /* HN_OP_DENSE_GRAD_WEIGHT: dw[K,F] = dy[N,K]ᵀ · x[N,F] */
        return (hni_cuda_product){.rows = first->dims[1], .columns = second->dims[1], .depth = first->dims[0], .left_t = true};
    }
}

/* Columns of dy[N,K]. */
static hni_sum_layout bias_layout(const hn_op_desc *d) {
    const int64_t n = d->in[0].dims[0], k = d->in[0].dims[1];
    return (hni_sum_layout){k, n, 1, k, 1, hni_sum_lanes(k, n)};
}

static hn_status plan_dense(hni_cuda_op *op, hn_error *err) {
    const hn_backend_host *host = &op->device->host;
    const hni_cuda_product product = product_of(&op->desc);
    dense_plan *plan = (dense_plan *)host->alloc(host->user, sizeof *plan);
    if (!plan)
        return hni_fail_memory(err, sizeof *plan, "a plan of a dense layer");
    *plan = (dense_plan){.sums = 0};
    const hn_status status = hni_cuda_matmul_plan(op->device, &product, &plan->matmul, err);
    if (status != HN_OK) {
        host->free(host->user, plan);
        return status;
    }
    if (op->desc.kind == HN_OP_DENSE_GRAD_WEIGHT && op->desc.out[1].rank != 0) {
        const hni_sum_layout s = bias_layout(&op->desc);
        plan->sums = ((uint64_t)hni_sum_room(s.outputs, s.lanes) * sizeof(double) + 63) / 64 * 64;
    }
    op->plan = plan;
    op->workspace = plan->sums + plan->matmul.workspace;
    return HN_OK;
}

/* The product itself: in[0] and in[1] to out[0]; left and right are theirs, in this order, always. */
static hn_status multiply(const hni_cuda_call *call, const float *bias, hn_error *err) {
    dense_plan *plan = (dense_plan *)call->op->plan;
    void *workspace = call->workspace ? (char *)call->workspace + plan->sums : NULL;
    return hni_cuda_matmul_run(call->op->device, &plan->matmul, (const float *)call->in[0], (const float *)call->in[1], bias,
                               (float *)call->out[0], workspace, call->kept, call->stream, err);
}

static hn_status run_dense(const hni_cuda_call *call, hn_error *err) {
    const hn_status status = multiply(call, (const float *)call->in[2], err);
    if (status != HN_OK || call->desc->activation == HN_ACT_NONE)
        return status;
    float *y = (float *)call->out[0];
    const cudaError_t code = hni_kernel_activation(hni_tensor_elements(&call->desc->out[0]), call->desc->activation, y, y, call->stream);
    return hni_cuda_check(call->op->device, code, "dense: activation", err);
}

static hn_status run_grad_input(const hni_cuda_call *call, hn_error *err) {
    return multiply(call, NULL, err);
}

static hn_status run_grad_weight(const hni_cuda_call *call, hn_error *err) {
    const hn_status status = multiply(call, NULL, err);
    if (status != HN_OK || !call->out[1])
        return status;
    const hni_sum_layout s = bias_layout(call->desc);
    hni_sum_rest rest = {0};
    cudaError_t code = hni_kernel_sum(s, (const float *)call->in[0], (double *)call->workspace, &rest, call->stream);
    if (code == cudaSuccess)
        code = hni_kernel_sum_store(s.outputs, rest, 1.0, (float *)call->out[1], call->stream);
    return hni_cuda_check(call->op->device, code, "dense_grad_weight: bias", err);
}

/* The memory of the plan itself is the caller's to free. */
static void drop(hni_cuda_op *op) {
    if (op->plan)
        hni_cuda_matmul_drop(op->device, &((dense_plan *)op->plan)->matmul);
}

const hni_cuda_way hni_cuda_dense = {"cuBLASLt", fits, plan_dense, run_dense, drop};
const hni_cuda_way hni_cuda_dense_grad_input = {"cuBLASLt", fits, plan_dense, run_grad_input, drop};
const hni_cuda_way hni_cuda_dense_grad_weight = {"cuBLASLt", fits, plan_dense, run_grad_weight, drop};
