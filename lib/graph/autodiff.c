/* autodiff.c - the gradients of a lowered network: reverse mode, layer by layer from the logits back.
 *
 * A value read by several layers gets its gradients added in one fixed order: last reader first, and within a reader first input
 * first. Nothing is computed for values with nothing to train before them alone, so hardly ever for the pixels. Gradients of weights are written
 * straight to their place in the flat vector. In-place work is plan.c's decision, from lifetimes.
 *
 * To explain (HNI_MODE_EXPLAIN) the same walk ends at the target: weights get no gradients, and batch norm is the line that it is when
 * predicting. */
#include "../base/status.h"
#include "executor.h" /* defines: HNI_MODE_EXPLAIN */
#include "program.h"
#include "shapes.h"

static bool explains(const hni_program *p) {
    return p->options.mode == HNI_MODE_EXPLAIN;
}

/* One more gradient for a value. */
static void contribute(hni_program *p, int32_t layer, int32_t value, int32_t place) {
    if (p->status != HN_OK || !p->wants[value])
        return;
    hn_tensor_desc t = p->graph->values[value];
    t.dims[0] = p->options.batch;
    if (p->places[place].desc.rank != t.rank) /* it came through a flatten */
        place = hni_program_view(p, place, t);
    if (p->grad[value] < 0) {
        p->grad[value] = place;
        return;
    }
    hn_op_desc d;
    if (!hni_program_ok(p, layer, hni_op_add(&d, &t, p->err)))
        return;
    const int32_t in[2] = {p->grad[value], place}, sum = hni_program_place(p, t, HNI_HOME_ARENA, 0);
    hni_program_node(p, layer, &d, in, &sum);
    p->grad[value] = sum;
}

/* dy of a layer's output to the gradient before its activation. y: what its gradient looks at. */
static int32_t through_activation(hni_program *p, int32_t index, const hn_op_desc *forward, int32_t y, int32_t dy) {
    hn_op_desc d;
    if (!hni_program_ok(p, index, hni_op_activation_grad(forward, &d, p->err)))
        return -1;
    const int32_t in[2] = {y, dy}, dz = hni_program_place(p, d.out[0], HNI_HOME_ARENA, 0);
    hni_program_node(p, index, &d, in, &dz);
    return dz;
}

/* The gradient of layer `index` with respect to its first input, described by d, may go on through the ReLU that made this input, if nobody
 * else reads it: one pass over memory less. */
static void take_relu(hni_program *p, int32_t index, hn_op_desc *d) {
    const int32_t value = p->graph->layers[index].input[0];
    if (value == 0 || p->readers[value] != 1 || p->options.unfused)
        return;
    const hni_layer *maker = &p->graph->layers[value - 1]; /* layer i makes value i + 1 */
    if (maker->kind == HNI_LAYER_ACTIVATION && maker->activation == HN_ACT_RELU)
        p->through[value] = hni_program_ok(p, index, hni_op_through_relu(d, p->err));
}

/* dy of value `v`, which y is the place of, to the gradient before the activation that made it. */
static int32_t before_activation(hni_program *p, int32_t index, const hn_op_desc *forward, int32_t v, int32_t y, int32_t dy) {
    return p->through[v] ? dy : through_activation(p, index, forward, y, dy);
}

/* Where the gradient of a weight goes; of a frozen one, that the operator cannot leave out, to where nobody looks. */
static int32_t weight_grad(hni_program *p, int32_t param, const hn_tensor_desc *desc) {
    return hni_program_frozen(p, param) ? hni_program_place(p, *desc, HNI_HOME_ARENA, 0) : hni_program_param(p, param, HNI_HOME_GRADS);
}

static void filters_grads(hni_program *p, int32_t index, const hni_node *f, int32_t dy) {
    const hni_layer *l = &p->graph->layers[index];
    const bool dense = l->kind == HNI_LAYER_DENSE;
    hn_op_desc dx, dw;
    if (!hni_program_ok(p, index, dense ? hni_op_dense_grads(&f->desc, &dx, &dw, p->err) : hni_op_conv2d_grads(&f->desc, &dx, &dw, p->err)))
        return;
    if (f->desc.activation != HN_ACT_NONE)
        dy = before_activation(p, index, &f->desc, p->graph->layers[p->fusion[index].act].output, f->out[0], dy);
    if (!hni_program_frozen(p, l->param[0]) || (l->param[1] >= 0 && !hni_program_frozen(p, l->param[1]))) {
        const int32_t weight_in[2] = {dy, f->in[0]};
        const int32_t weight_out[2] = {weight_grad(p, l->param[0], &dw.out[0]), weight_grad(p, l->param[1], &dw.out[1])};
        hni_program_node(p, index, &dw, weight_in, weight_out);
    }
    if (!p->wants[l->input[0]])
        return;
    if (!dense)
        take_relu(p, index, &dx);
    const int32_t input_in[3] = {dy, f->in[1], dx.in[2].rank ? f->in[0] : -1};
    const int32_t input_out = hni_program_place(p, dx.out[0], HNI_HOME_ARENA, 0);
    hni_program_node(p, index, &dx, input_in, &input_out);
    contribute(p, index, l->input[0], input_out);
}

/* What batch norm by running statistics does to a small change of its input: gamma / √(var + epsilon) times it. That is itself with mean and beta 0. */
static void batch_norm_line(hni_program *p, int32_t index, const hni_node *f, int32_t dy) {
    const int32_t zero = hni_program_constant(p, f->desc.in[1]), dx = hni_program_place(p, f->desc.out[0], HNI_HOME_ARENA, 0);
    const int32_t in[5] = {dy, f->in[1], zero, zero, f->in[4]}; /* dy gamma beta mean var */
    hni_program_node(p, index, &f->desc, in, &dx);
    contribute(p, index, p->graph->layers[index].input[0], dx);
}

static void batch_norm_grads(hni_program *p, int32_t index, const hni_node *f, int32_t dy) {
    const hni_layer *l = &p->graph->layers[index];
    hn_op_desc d;
    if (f->desc.kind == HN_OP_BATCH_NORM) {
        batch_norm_line(p, index, f, dy);
        return;
    }
    if (!hni_program_ok(p, index, hni_op_batch_norm_grad(&f->desc, &d, p->err)))
        return;
    const int32_t in[5] = {dy, f->in[0], f->in[1], f->out[1], f->out[2]}; /* dy x gamma saved_mean saved_inv_std */
    const int32_t out[3] = {hni_program_place(p, d.out[0], HNI_HOME_ARENA, 0), weight_grad(p, l->param[0], &d.out[1]),
                            weight_grad(p, l->param[1], &d.out[2])};
    hni_program_node(p, index, &d, in, out);
    contribute(p, index, l->input[0], out[0]);
}

static void group_norm_grads(hni_program *p, int32_t index, const hni_node *f, int32_t dy) {
    const hni_layer *l = &p->graph->layers[index];
    hn_op_desc d;
    if (!hni_program_ok(p, index, hni_op_group_norm_grad(&f->desc, &d, p->err)))
        return;
    const int32_t in[5] = {dy, f->in[0], f->in[1], f->out[1], f->out[2]}; /* dy x gamma mean inv_std */
    const int32_t out[3] = {hni_program_place(p, d.out[0], HNI_HOME_ARENA, 0), weight_grad(p, l->param[0], &d.out[1]),
                            weight_grad(p, l->param[1], &d.out[2])};
    hni_program_node(p, index, &d, in, out);
    contribute(p, index, l->input[0], out[0]);
}

/* Concatenation and channel scale: one operator gives both gradients, and a value that wants none leaves its own unread. */
static void two_grads(hni_program *p, int32_t index, const hni_node *f, int32_t dy) {
    const hni_layer *l = &p->graph->layers[index];
    const bool concat = l->kind == HNI_LAYER_CONCAT;
    hn_op_desc d;
    if (!hni_program_ok(p, index, concat ? hni_op_concat_grad(&f->desc, &d, p->err) : hni_op_channel_scale_grad(&f->desc, &d, p->err)))
        return;
    const int32_t in[3] = {dy, f->in[0], f->in[1]}; /* a concatenation's takes the first alone */
    const int32_t out[2] = {hni_program_place(p, d.out[0], HNI_HOME_ARENA, 0), hni_program_place(p, d.out[1], HNI_HOME_ARENA, 0)};
    hni_program_node(p, index, &d, in, out);
    contribute(p, index, l->input[0], out[0]);
    contribute(p, index, l->input[1], out[1]);
}

/* Layers with one input and no weights. */
static void plain_grads(hni_program *p, int32_t index, const hni_node *f, int32_t dy) {
    const hni_layer *l = &p->graph->layers[index];
    int32_t in[3] = {dy, -1, -1}, dx;
    hn_op_desc d;
    if (l->kind == HNI_LAYER_ACTIVATION) {
        const int32_t seen = hni_gradient_by_input(l->activation) ? f->in[0] : f->out[0];
        contribute(p, index, l->input[0], before_activation(p, index, &f->desc, l->output, seen, dy));
        return;
    }
    if (l->kind == HNI_LAYER_DROPOUT) { /* the same mask, the same operator */
        d = f->desc;
        in[1] = f->in[1];
    } else if (!hni_program_ok(p, index, hni_op_pool2d_grad(&f->desc, &d, p->err))) {
        return;
    }
    if (l->kind == HNI_LAYER_MAX_POOL2D) {
        take_relu(p, index, &d);
        in[0] = f->in[0];
        in[1] = f->out[0];
        in[2] = dy;
    }
    dx = hni_program_place(p, d.out[0], HNI_HOME_ARENA, 0);
    hni_program_node(p, index, &d, in, &dx);
    contribute(p, index, l->input[0], dx);
}

static void layer_grads(hni_program *p, int32_t index) {
    const hni_layer *l = &p->graph->layers[index];
    const int32_t act = p->fusion[index].act;
    const int32_t dy = p->grad[act < 0 ? l->output : p->graph->layers[act].output];
    if (dy < 0)
        return;
    if (p->forward[index] < 0) { /* a view */
        contribute(p, index, l->input[0], dy);
        return;
    }
    const hni_node f = p->nodes[p->forward[index]]; /* a copy: the list grows below */
    if (l->kind == HNI_LAYER_CONV2D || l->kind == HNI_LAYER_DENSE) {
        filters_grads(p, index, &f, dy);
    } else if (l->kind == HNI_LAYER_BATCH_NORM) {
        batch_norm_grads(p, index, &f, dy);
    } else if (l->kind == HNI_LAYER_GROUP_NORM) {
        group_norm_grads(p, index, &f, dy);
    } else if (l->kind == HNI_LAYER_CONCAT || l->kind == HNI_LAYER_CHANNEL_SCALE) {
        two_grads(p, index, &f, dy);
    } else if (l->kind == HNI_LAYER_ADD) {
        contribute(p, index, l->input[0], dy);
        contribute(p, index, l->input[1], dy);
    } else {
        plain_grads(p, index, &f, dy);
    }
}

/* Whether the gradient of layer l's output is good for anything: to train its weights, or to go on. */
static bool goes_on(const hni_program *p, const hni_layer *l) {
    bool on = !explains(p) && p->wants[l->output];
    for (int32_t k = 0; k < hni_layer_inputs(l); k++)
        on = on || p->wants[l->input[k]];
    return on;
}

void hni_program_backward(hni_program *p, int32_t dlogits) {
    if (p->status != HN_OK)
        return;
    contribute(p, -1, p->graph->logits, dlogits);
    for (size_t i = p->graph->n_layers; i-- > 0 && p->status == HN_OK;)
        if (p->fusion[i].host < 0 && goes_on(p, &p->graph->layers[i]))
            layer_grads(p, (int32_t)i);
}
