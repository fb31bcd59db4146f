/* conv.c - convolution and its two gradients by cuDNN's graph API. Layout is the library's: NCHW throughout, nothing is transposed here.
 *
 *   forward:  [x, w to bf16] ─► conv (+ bias + r, activation in the same graph, where an engine does that) ─► own tail for what is left
 *   dx:       [dy, w to bf16] ─► backward data ─► own mask, if the gradient goes on through a ReLU
 *   dw, db:   [dy, x to bf16] ─► backward filter; db by a reduction graph, or by an own kernel where cuDNN has none
 *
 * Which of these there is depends on the GPU and cuDNN's version, so it is asked for in order (list_attempts), in accept, and kept in the
 * plans' cache. Batch norm and pooling inside are always the tail's; a result that is pooled on its way to y waits in the workspace. */
#include <string.h>

#include "graph.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "kernels.h"

typedef struct attempt {
    bool bf16;  /* the two inputs rounded to bfloat16 first; sums and outputs are float32 */
    bool fused; /* forward: the tail inside the graph */
    int32_t precision;
} attempt;

/* Extras of a run's graph: the two inputs rounded, and the result before it is pooled. */
enum { ROUNDED = HNI_FROM_EXTRA, UNPOOLED = HNI_FROM_EXTRA + 2, EXTRAS = 3 };

/* The way that a convolution is done: pieces of the workspace, in order, are the extras and the graph's. */
typedef struct conv_plan {
    hni_cuda_step conv, reduction; /* reduction.plan NULL: none wanted, or by the own kernel */
    attempt way;
    uint64_t extra[EXTRAS];   /* bytes; 0 = not there */
    hni_cuda_rounded kept[2]; /* inputs that stay the same, rounded, instead of an extra */
} conv_plan;

static void add_window(hni_graph_node *n, const hn_op_desc *d) {
    for (int i = 0; i < 2; i++) {
        n->stride[i] = d->stride[i];
        n->padding[i] = d->padding[i];
        n->extra_padding[i] = d->extra_padding[i];
        n->dilation[i] = d->dilation[i];
    }
}

static int64_t add_source(hni_cuda_step *step, int64_t tensor, int source) {
    step->source[tensor] = (int8_t)source;
    return tensor;
}

/* One of the convolution's two inputs. */
static int64_t add_input(hni_graph *g, hni_cuda_step *step, const hn_op_desc *d, int i, bool bf16) {
    const int64_t t = hni_graph_tensor_add(g, bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT, d->in[i].dims);
    return add_source(step, t, bf16 ? ROUNDED + i : HNI_FROM_IN + i);
}

/* The convolution's own output: of a pooled one what lies before the pooling. */
static hn_tensor_desc result_of(const hn_op_desc *d) {
    hn_tensor_desc t = d->out[0];
    for (int i = 0; i < 2 && d->kind == HN_OP_CONV2D && d->pool != 0; i++)
        t.dims[2 + i] = hni_window_extent(d->in[0].dims[2 + i] + d->extra_padding[i], (int32_t)d->in[1].dims[2 + i], d->stride[i], d->padding[i],
                                          d->dilation[i]);
    return t;
}

static int64_t add_output(hni_graph *g, hni_cuda_step *step, const hn_op_desc *d) {
    const hn_tensor_desc result = result_of(d);
    const bool pooled = d->kind == HN_OP_CONV2D && d->pool != 0;
    return add_source(step, hni_graph_tensor_add(g, CUDNN_DATA_FLOAT, result.dims), pooled ? UNPOOLED : HNI_FROM_OUT);
}

/* Activations that cuDNN has with the same numbers; the others are the own tail's. */
static bool is_cudnns(int32_t activation) {
    return activation == HN_ACT_NONE || activation == HN_ACT_RELU || activation == HN_ACT_SIGMOID;
}

static bool has_tail(const hn_op_desc *d) {
    return d->in[2].rank != 0 || d->in[3].rank != 0 || d->in[7].rank != 0 || d->activation != HN_ACT_NONE || d->pool != 0;
}

/* Pointwise nodes behind the convolution; the last one writes y. */
static int64_t add_pointwise(hni_graph *g, int64_t mode, int64_t x, int64_t b, int64_t y) {
    hni_graph_node *n = hni_graph_node_add(g, HNI_NODE_POINTWISE, mode);
    n->port[0] = x;
    n->port[1] = b;
    n->port[2] = y;
    return y;
}

static void forward_graph(const hn_op_desc *d, const attempt *a, hni_graph *g, hni_cuda_step *step) {
    const int64_t x = add_input(g, step, d, 0, a->bf16), w = add_input(g, step, d, 1, a->bf16);
    hni_graph_node *conv = hni_graph_node_add(g, HNI_NODE_CONV, 0);
    add_window(conv, d);
    conv->port[0] = x;
    conv->port[1] = w;
    const bool bias = a->fused && d->in[2].rank != 0, add = a->fused && d->in[7].rank != 0,
               activation = a->fused && d->activation != HN_ACT_NONE;
    const int64_t *dims = d->out[0].dims;
    int left = bias + add + activation; /* nodes behind this one */
    int64_t y = conv->port[2] = left > 0 ? hni_graph_virtual(g, dims) : add_output(g, step, d);
    if (bias) {
        const int64_t b = add_source(step, hni_graph_channels(g, dims[1]), HNI_FROM_IN + 2);
        y = add_pointwise(g, CUDNN_POINTWISE_ADD, y, b, --left > 0 ? hni_graph_virtual(g, dims) : add_output(g, step, d));
    }
    if (add) {
        const int64_t r = add_source(step, hni_graph_tensor_add(g, CUDNN_DATA_FLOAT, dims), HNI_FROM_IN + 7);
        y = add_pointwise(g, CUDNN_POINTWISE_ADD, y, r, --left > 0 ? hni_graph_virtual(g, dims) : add_output(g, step, d));
    }
    if (activation)
        add_pointwise(g, d->activation == HN_ACT_RELU ? CUDNN_POINTWISE_RELU_FWD : CUDNN_POINTWISE_SIGMOID_FWD, y, -1,
                      add_output(g, step, d));
}

/* in dy w; out dx. */
static void grad_input_graph(const hn_op_desc *d, const attempt *a, hni_graph *g, hni_cuda_step *step) {
    const int64_t dy = add_input(g, step, d, 0, a->bf16), w = add_input(g, step, d, 1, a->bf16), dx = add_output(g, step, d);
    hni_graph_node *n = hni_graph_node_add(g, HNI_NODE_CONV_DATA, 0);
    add_window(n, d);
    n->port[0] = w;
    n->port[1] = dx;
    n->port[2] = dy;
}

/* in dy x; out dw. */
static void grad_weight_graph(const hn_op_desc *d, const attempt *a, hni_graph *g, hni_cuda_step *step) {
    const int64_t dy = add_input(g, step, d, 0, a->bf16), x = add_input(g, step, d, 1, a->bf16), dw = add_output(g, step, d);
    hni_graph_node *n = hni_graph_node_add(g, HNI_NODE_CONV_FILTER, 0);
    add_window(n, d);
    n->port[0] = dw;
    n->port[1] = x;
    n->port[2] = dy;
}

/* dy ─► db. */
static void bias_graph(const hn_op_desc *d, hni_graph *g, hni_cuda_step *step) {
    hni_graph_node *n = hni_graph_node_add(g, HNI_NODE_REDUCTION, CUDNN_REDUCE_TENSOR_ADD);
    n->port[0] = add_source(step, hni_graph_tensor_add(g, CUDNN_DATA_FLOAT, d->in[0].dims), HNI_FROM_IN);
    n->port[1] = add_source(step, hni_graph_channels(g, d->in[0].dims[1]), HNI_FROM_OUT + 1);
}

/* The graph that does most, in the shortest numbers asked for, comes first; the last is the plain convolution. bfloat16 that no engine
 * takes becomes TF32, which is finer. */
static int list_attempts(const hni_cuda_device *device, const hn_op_desc *d, attempt *list) {
    const bool may_fuse = d->kind == HN_OP_CONV2D && has_tail(d) && d->in[3].rank == 0 && d->pool == 0 && is_cudnns(d->activation);
    int n = 0;
    for (int bf16 = device->precision == HNI_CUDA_BF16; bf16 >= 0; bf16--)
        for (int fused = may_fuse; fused >= 0; fused--)
            list[n++] = (attempt){bf16 == 1, fused == 1,
                                  bf16 == 1                           ? HNI_CUDA_BF16
                                  : device->precision == HNI_CUDA_F32 ? HNI_CUDA_F32
                                                                      : HNI_CUDA_TF32};
    return n;
}

static hn_status find_way(hni_cuda_device *device, const hn_op_desc *d, conv_plan *p, hn_error *err) {
    attempt list[4];
    const int count = list_attempts(device, d, list);
    hn_status status = HN_E_UNSUPPORTED;
    for (int i = 0; i < count && status == HN_E_UNSUPPORTED; i++) {
        hni_graph g;
        memset(&g, 0, sizeof g);
        *p = (conv_plan){.way = list[i]};
        if (d->kind == HN_OP_CONV2D)
            forward_graph(d, &p->way, &g, &p->conv);
        else if (d->kind == HN_OP_CONV2D_GRAD_INPUT)
            grad_input_graph(d, &p->way, &g, &p->conv);
        else
            grad_weight_graph(d, &p->way, &g, &p->conv);
        status = hni_graph_plan(device, &g, list[i].precision, &p->conv.plan, err);
    }
    if (status != HN_OK || d->kind != HN_OP_CONV2D_GRAD_WEIGHT || d->out[1].rank == 0) return status;
    hni_graph g;
    memset(&g, 0, sizeof g);
    bias_graph(d, &g, &p->reduction);
    status = hni_graph_plan(device, &g, HNI_CUDA_F32, &p->reduction.plan, err);
    return status == HN_E_UNSUPPORTED ? HN_OK : status; /* then the own kernel */
}

/* The own sums over dy's channels. */
static hni_sum_layout bias_layout(const hn_op_desc *d) {
    const int64_t *dy = d->in[0].dims, pixels = dy[2] * dy[3];
    return (hni_sum_layout){dy[1], dy[0] * pixels, pixels, dy[1] * pixels, pixels, hni_sum_lanes(dy[1], dy[0] * pixels)};
}

static uint64_t bias_workspace(const conv_plan *p, const hn_op_desc *d) {
    if (p->reduction.plan) return hni_graph_workspace(p->reduction.plan);
    if (d->kind != HN_OP_CONV2D_GRAD_WEIGHT || d->out[1].rank == 0) return 0;
    const hni_sum_layout layout = bias_layout(d);
    return hni_graph_round(sizeof(double) * (uint64_t)hni_sum_room(layout.outputs, layout.lanes));
}

static void drop(hni_cuda_op *op) {
    conv_plan *p = (conv_plan *)op->plan;
    if (!p) return;
    hni_graph_drop(&p->conv.pack);
    hni_graph_drop(&p->reduction.pack);
    for (int i = 0; i < 2; i++) hni_cuda_rounded_drop(op->device, &p->kept[i]);
}

/* Sizes of the extras; inputs that stay the same get memory of their own. */
static hn_status lay_out(hni_cuda_op *op, conv_plan *p, hn_error *err) {
    const hn_op_desc *d = &op->desc;
    const uint64_t conv = hni_graph_workspace(p->conv.plan), bias = bias_workspace(p, d);
    hn_status status = HN_OK;
    for (int i = 0; i < 2 && p->way.bf16 && status == HN_OK; i++) {
        const int64_t n = hni_tensor_elements(&d->in[i]);
        if (d->constant >> i & 1)
            status = hni_cuda_rounded_make(op->device, n, &p->kept[i], err);
        else
            p->extra[i] = hni_graph_round(2 * (uint64_t)n);
    }
    if (d->pool != 0) {
        const hn_tensor_desc result = result_of(d);
        p->extra[2] = hni_graph_round((uint64_t)hni_tensor_bytes(&result));
    }
    op->workspace = p->extra[0] + p->extra[1] + p->extra[2] + (conv > bias ? conv : bias); /* one after the other */
    op->workspace += op->workspace > 0 ? 256 : 0;                                          /* what is lent begins at a multiple of 64 */
    return status;
}

static hn_status plan(hni_cuda_op *op, hn_error *err) {
    hni_cuda_device *device = op->device;
    conv_plan *p = device->host.alloc(device->host.user, sizeof *p);
    if (!p) return hni_fail_memory(err, sizeof *p, "a convolution's plan");
    const hn_status status = find_way(device, &op->desc, p, err);
    if (status != HN_OK) {
        device->host.free(device->host.user, p);
        return status;
    }
    op->plan = p;
    return lay_out(op, p, err);
}

/* Rounds the inputs if that is the way, and runs the convolution's graph. extra: where the extras are, and what is left for graphs. */
static hn_status run_graph(const hni_cuda_call *call, void *extra[EXTRAS + 1], hn_error *err) {
    conv_plan *p = (conv_plan *)call->op->plan;
    uint8_t *at = (uint8_t *)(uintptr_t)hni_graph_round((uintptr_t)call->workspace);
    for (int i = 0; i <= EXTRAS; i++) {
        extra[i] = at;
        at += i < EXTRAS ? p->extra[i] : 0;
    }
    for (int i = 0; i < 2 && p->way.bf16; i++) {
        hni_cuda_rounded here = {.memory = extra[i], .n = hni_tensor_elements(&call->desc->in[i])};
        hni_cuda_rounded *to = p->kept[i].memory ? &p->kept[i] : &here;
        const hn_status status = hni_cuda_rounded_fill(call->op->device, to, call->in[i], call->kept, call->stream, err);
        if (status != HN_OK) return status;
        extra[i] = to->memory;
    }
    return hni_step_run(call, &p->conv, extra, extra[EXTRAS], err);
}

static hn_status run_forward(const hni_cuda_call *call, hn_error *err) {
    const hn_op_desc *d = call->desc;
    void *extra[EXTRAS + 1];
    const hn_status status = run_graph(call, extra, err);
    if (status != HN_OK || ((const conv_plan *)call->op->plan)->way.fused || !has_tail(d)) return status;
    const hn_tensor_desc result = result_of(d);
    const int64_t *from = result.dims, *to = d->out[0].dims;
    const hni_conv_tail_args tail = {.n = hni_tensor_elements(&d->out[0]),
                                     .filters = to[1],
                                     .pixels = to[2] * to[3],
                                     .width = to[3],
                                     .from_width = from[3],
                                     .from_pixels = d->pool != 0 ? from[2] * from[3] : 0,
                                     .activation = d->activation,
                                     .epsilon = d->epsilon,
                                     .bias = call->in[2],
                                     .gamma = call->in[3],
                                     .beta = call->in[4],
                                     .mean = call->in[5],
                                     .var = call->in[6],
                                     .add = call->in[7],
                                     .x = d->pool != 0 ? extra[2] : call->out[0],
                                     .y = call->out[0]};
    return hni_cuda_check(call->op->device, hni_kernel_conv_tail(tail, call->stream), "a convolution's tail", err);
}

static hn_status run_grad_input(const hni_cuda_call *call, hn_error *err) {
    float *dx = (float *)call->out[0];
    void *extra[EXTRAS + 1];
    const hn_status status = run_graph(call, extra, err);
    if (status != HN_OK || call->desc->activation == HN_ACT_NONE) return status;
    const int64_t n = hni_tensor_elements(&call->desc->out[0]);
    return hni_cuda_check(call->op->device, hni_kernel_activation_grad(n, HN_ACT_RELU, call->in[2], dx, dx, call->stream),
                          "a gradient through ReLU", err);
}

static hn_status run_grad_weight(const hni_cuda_call *call, hn_error *err) {
    conv_plan *p = (conv_plan *)call->op->plan;
    void *extra[EXTRAS + 1];
    hn_status status = run_graph(call, extra, err);
    void *const space = extra[EXTRAS];
    if (status != HN_OK || call->desc->out[1].rank == 0) return status;
    if (p->reduction.plan) return hni_step_run(call, &p->reduction, NULL, space, err);
    const hni_sum_layout layout = bias_layout(call->desc);
    hni_sum_rest rest;
    status = hni_cuda_check(call->op->device, hni_kernel_sum(layout, call->in[0], space, &rest, call->stream), "a bias's gradient", err);
    return status == HN_OK ? hni_cuda_check(call->op->device, hni_kernel_sum_store(layout.outputs, rest, 1.0, call->out[1], call->stream),
                                            "a bias's gradient", err)
                           : status;
}

/* Asks cuDNN; what it finds is in the cache when plan asks again. A failure other than a refusal is plan's to tell. */
static bool accept(const hni_cuda_device *device, const hn_op_desc *d, const char **why) {
    conv_plan p;
    return hni_graph_accepts(find_way(hni_graph_device(device), d, &p, hni_graph_error(device)), device, why);
}

const hni_cuda_way hni_cuda_conv = {"cuDNN convolution", accept, plan, run_forward, drop};
const hni_cuda_way hni_cuda_conv_grad_input = {"cuDNN backward data", accept, plan, run_grad_input, drop};
const hni_cuda_way hni_cuda_conv_grad_weight = {"cuDNN backward filter", accept, plan, run_grad_weight, drop};
