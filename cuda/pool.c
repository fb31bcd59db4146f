/* pool.c - maximum and average pooling, and the average's gradient, by cuDNN's resampling. Own kernels come after these in the lists: cuDNN
 * may refuse (older versions want channels last), and then they do it.
 *
 * The maximum's gradient is not here: it must go to a window's first maximum, found again from x and y, and cuDNN promises that only with
 * an index tensor that the library does not carry. */
#include <string.h>

#include "graph.h"

static void pool_graph(const hn_op_desc *d, hni_graph *g, hni_cuda_step *step) {
    const bool is_grad = d->kind == HN_OP_AVG_POOL2D_GRAD;
    const int64_t mode = d->kind == HN_OP_MAX_POOL2D ? CUDNN_RESAMPLE_MAXPOOL
                         : d->exclude_padding        ? CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING
                                                     : CUDNN_RESAMPLE_AVGPOOL_INCLUDE_PADDING;
    const int64_t in = hni_graph_tensor_add(g, CUDNN_DATA_FLOAT, d->in[0].dims),
                  out = hni_graph_tensor_add(g, CUDNN_DATA_FLOAT, d->out[0].dims);
    step->source[in] = HNI_FROM_IN;
    step->source[out] = HNI_FROM_OUT;
    hni_graph_node *n = hni_graph_node_add(g, is_grad ? HNI_NODE_RESAMPLE_GRAD : HNI_NODE_RESAMPLE, mode);
    n->port[0] = is_grad ? out : in;
    n->port[1] = is_grad ? in : out;
    for (int i = 0; i < 2; i++) {
        n->window[i] = d->kernel[i];
        n->stride[i] = d->stride[i];
        n->padding[i] = d->padding[i];
    }
}

static hn_status find_way(hni_cuda_device *device, const hn_op_desc *d, hni_cuda_step *step, hn_error *err) {
    hni_graph g;
    memset(&g, 0, sizeof g);
    *step = (hni_cuda_step){0};
    pool_graph(d, &g, step);
    return hni_graph_plan(device, &g, HNI_CUDA_F32, &step->plan, err);
}

static bool accept(const hni_cuda_device *device, const hn_op_desc *d, const char **why) {
    if (d->kind == HN_OP_MAX_POOL2D_GRAD) {
        *why = "cuDNN does not promise the first maximum";
        return false;
    }
    hni_cuda_step step;
    return hni_graph_accepts(find_way(hni_graph_device(device), d, &step, hni_graph_error(device)), device, why);
}

static hn_status plan(hni_cuda_op *op, hn_error *err) {
    hni_cuda_device *device = op->device;
    hni_cuda_step *step = device->host.alloc(device->host.user, sizeof *step);
    if (!step) return hni_fail_memory(err, sizeof *step, "a pooling's plan");
    const hn_status status = find_way(device, &op->desc, step, err);
    if (status != HN_OK) {
        device->host.free(device->host.user, step);
        return status;
    }
    op->workspace = hni_graph_workspace(step->plan);
    op->workspace += op->workspace > 0 ? 256 : 0; /* what is lent begins at a multiple of 64 */
    op->plan = step;
    return HN_OK;
}

static hn_status run(const hni_cuda_call *call, hn_error *err) {
    return hni_step_run(call, (hni_cuda_step *)call->op->plan, NULL, (void *)(uintptr_t)hni_graph_round((uintptr_t)call->workspace), err);
}

static void drop(hni_cuda_op *op) {
    if (op->plan) hni_graph_drop(&((hni_cuda_step *)op->plan)->pack);
}

const hni_cuda_way hni_cuda_pool = {"cuDNN resampling", accept, plan, run, drop};
const hni_cuda_way hni_cuda_pool_grad = {"cuDNN resampling's gradient", accept, plan, run, drop};
