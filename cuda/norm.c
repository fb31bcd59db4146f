/* norm.c - batch norm of training and its gradient by cuDNN's norm operations. Own kernels come after these in the lists: cuDNN may refuse
 * (its engines for channels last are more), and then they do it.
 *
 * Inference is not here: cuDNN wants 1/√(var + ε) there, the library has the variance, and a pointwise pass of our own is one kernel. */
#include <string.h>

#include "graph.h"

typedef struct norm_plan {
    hni_cuda_step step;
    float scalar[2]; /* epsilon, momentum: lent to cuDNN by address */
} norm_plan;

static int64_t add(hni_graph *g, hni_cuda_step *step, const hn_tensor_desc *t, int source) {
    const int64_t number = t->rank == 1 ? hni_graph_channels(g, t->dims[0]) : hni_graph_tensor_add(g, CUDNN_DATA_FLOAT, t->dims);
    step->source[number] = (int8_t)source;
    return number;
}

/* in x gamma beta mean var; out y saved_mean saved_inv_std mean' var'. */
static void train_graph(const hn_op_desc *d, hni_graph *g, hni_cuda_step *step) {
    hni_graph_node *n = hni_graph_node_add(g, HNI_NODE_NORM, 0);
    n->port[0] = add(g, step, &d->in[0], HNI_FROM_IN);
    n->port[1] = add(g, step, &d->out[1], HNI_FROM_OUT + 1);
    n->port[2] = add(g, step, &d->out[2], HNI_FROM_OUT + 2);
    n->port[3] = add(g, step, &d->in[1], HNI_FROM_IN + 1);
    n->port[4] = add(g, step, &d->in[2], HNI_FROM_IN + 2);
    for (int i = 0; i < 2; i++) {
        n->port[5 + i] = hni_graph_scalar(g);
        step->source[n->port[5 + i]] = (int8_t)(HNI_FROM_EXTRA + i);
        n->port[7 + i] = add(g, step, &d->in[3 + i], HNI_FROM_IN + 3 + i);
        n->port[9 + i] = add(g, step, &d->out[3 + i], HNI_FROM_OUT + 3 + i);
    }
    n->port[11] = add(g, step, &d->out[0], HNI_FROM_OUT);
}

/* in dy x gamma saved_mean saved_inv_std; out dx dgamma dbeta. */
static void grad_graph(const hn_op_desc *d, hni_graph *g, hni_cuda_step *step) {
    hni_graph_node *n = hni_graph_node_add(g, HNI_NODE_NORM_GRAD, 0);
    n->port[0] = add(g, step, &d->in[1], HNI_FROM_IN + 1);
    n->port[1] = add(g, step, &d->in[3], HNI_FROM_IN + 3);
    n->port[2] = add(g, step, &d->in[4], HNI_FROM_IN + 4);
    n->port[3] = add(g, step, &d->in[0], HNI_FROM_IN);
    n->port[4] = add(g, step, &d->in[2], HNI_FROM_IN + 2);
    n->port[5] = add(g, step, &d->out[1], HNI_FROM_OUT + 1);
    n->port[6] = add(g, step, &d->out[2], HNI_FROM_OUT + 2);
    n->port[7] = add(g, step, &d->out[0], HNI_FROM_OUT);
}

static hn_status find_way(hni_cuda_device *device, const hn_op_desc *d, norm_plan *p, hn_error *err) {
    hni_graph g;
    memset(&g, 0, sizeof g);
    *p = (norm_plan){.scalar = {(float)d->epsilon, (float)d->momentum}};
    if (d->kind == HN_OP_BATCH_NORM_TRAIN)
        train_graph(d, &g, &p->step);
    else
        grad_graph(d, &g, &p->step);
    return hni_graph_plan(device, &g, HNI_CUDA_F32, &p->step.plan, err);
}

static bool accept(const hni_cuda_device *device, const hn_op_desc *d, const char **why) {
    if (d->kind == HN_OP_BATCH_NORM) {
        *why = "inference is one pointwise pass";
        return false;
    }
    norm_plan p;
    return hni_graph_accepts(find_way(hni_graph_device(device), d, &p, hni_graph_error(device)), device, why);
}

static hn_status plan(hni_cuda_op *op, hn_error *err) {
    hni_cuda_device *device = op->device;
    norm_plan *p = device->host.alloc(device->host.user, sizeof *p);
    if (!p) return hni_fail_memory(err, sizeof *p, "a batch norm's plan");
    const hn_status status = find_way(device, &op->desc, p, err);
    if (status != HN_OK) {
        device->host.free(device->host.user, p);
        return status;
    }
    op->workspace = hni_graph_workspace(p->step.plan);
    op->workspace += op->workspace > 0 ? 256 : 0; /* what is lent begins at a multiple of 64 */
    op->plan = p;
    return HN_OK;
}

static hn_status run(const hni_cuda_call *call, hn_error *err) {
    norm_plan *p = (norm_plan *)call->op->plan;
    void *extra[2] = {&p->scalar[0], &p->scalar[1]};
    return hni_step_run(call, &p->step, extra, (void *)(uintptr_t)hni_graph_round((uintptr_t)call->workspace), err);
}

static void drop(hni_cuda_op *op) {
    if (op->plan) hni_graph_drop(&((norm_plan *)op->plan)->step.pack);
}

const hni_cuda_way hni_cuda_norm_train = {"cuDNN batch norm", accept, plan, run, drop};
const hni_cuda_way hni_cuda_norm = {"cuDNN batch norm of inference", accept, plan, run, drop};
const hni_cuda_way hni_cuda_norm_grad = {"cuDNN batch norm's gradient", accept, plan, run, drop};
