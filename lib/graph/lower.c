/* lower.c - layers to forward operators at one batch size: preprocessing, the layers that the logits need, then loss or probabilities.
 *
 * An activation with no other reader of its input runs inside the convolution or dense layer before it, and where there are no gradients so
 * do batch norm, sums and pooling. Flatten, dropout outside training and an activation that is none make no operator: their output is the
 * input's memory under another shape. Where memory lies is not known here; gradients are autodiff.c's. */
#include "../base/memory.h"
#include "../base/status.h"
#include "executor.h" /* defines: HNI_MODE_… */
#include "haemnet/dataset.h" /* defines: HN_TASK_… */
#include "program.h"
#include "shapes.h"

/* Bits of hn_op_desc.constant. */
enum {
    CONV_WEIGHTS = 0x7E,     /* w, b, gamma, beta, mean, var */
    DENSE_WEIGHTS = 0x6,     /* w, b */
    MEAN_AND_DEVIATION = 0x6 /* of preprocessing */
};

/* Does nothing but pass its input on, in this mode. */
static bool is_view(const hni_program *p, const hni_layer *l) {
    return l->kind == HNI_LAYER_FLATTEN || (l->kind == HNI_LAYER_ACTIVATION && l->activation == HN_ACT_NONE) ||
           (l->kind == HNI_LAYER_DROPOUT && (p->options.mode != HNI_MODE_TRAIN || l->rate == 0.0));
}

bool hni_program_frozen(const hni_program *p, int32_t param) {
    return param >= 0 && (p->options.mode == HNI_MODE_EXPLAIN || (p->options.frozen && p->options.frozen[param]));
}

/* Training moves something of the layer. */
static bool learns(const hni_program *p, const hni_layer *l) {
    return (l->param[0] >= 0 && !hni_program_frozen(p, l->param[0])) || (l->param[1] >= 0 && !hni_program_frozen(p, l->param[1]));
}

/* needed: upwards from the logits. wants: downwards from layers that learn, or from the target. */
static void mark(hni_program *p) {
    const hni_graph *g = p->graph;
    const bool explain = p->options.mode == HNI_MODE_EXPLAIN;
    p->needed[0] = p->needed[g->logits] = true;
    for (size_t i = g->n_layers; i-- > 0;) {
        const hni_layer *l = &g->layers[i];
        for (int32_t k = 0; p->needed[l->output] && k < hni_layer_inputs(l); k++)
            p->needed[l->input[k]] = true;
    }
    p->wants[0] = explain && p->options.target == 0;
    for (size_t i = 0; i < g->n_layers; i++) {
        const hni_layer *l = &g->layers[i];
        bool wants = explain ? l->output == p->options.target : learns(p, l);
        for (int32_t k = 0; k < hni_layer_inputs(l); k++)
            wants = wants || p->wants[l->input[k]];
        p->wants[l->output] = wants;
    }
}

static void count_readers(hni_program *p) {
    const hni_graph *g = p->graph;
    p->readers[g->logits] = 1; /* the outside */
    if (p->options.mode == HNI_MODE_EXPLAIN)
        p->readers[p->options.target]++;
    for (size_t i = 0; i < g->n_layers; i++)
        for (int32_t k = 0; p->needed[g->layers[i].output] && k < hni_layer_inputs(&g->layers[i]); k++)
            p->readers[g->layers[i].input[k]]++;
}

/* The layer that makes input k, if this is its only reader; -1 = none, or the pixels. Layer i makes value i + 1. */
static int32_t only_maker(const hni_program *p, const hni_layer *l, int k) {
    return p->needed[l->output] && p->readers[l->input[k]] == 1 ? l->input[k] - 1 : -1;
}

static bool is_2x2(const hni_window2d *w) {
    return w->kernel[0] == 2 && w->kernel[1] == 2 && w->stride[0] == 2 && w->stride[1] == 2 && w->padding[0] == 0 && w->padding[1] == 0;
}

/* The convolution (or dense layer) that a layer could run inside of as far as input k goes: all between them runs there already, and nobody
 * else looks. -1 = none. */
static int32_t possible_host(const hni_program *p, const hni_layer *l, int k) {
    const int32_t maker = only_maker(p, l, k);
    if (maker < 0)
        return -1;
    const int32_t host = p->fusion[maker].host >= 0 ? p->fusion[maker].host : maker, kind = p->graph->layers[host].kind;
    return kind == HNI_LAYER_CONV2D || (kind == HNI_LAYER_DENSE && l->kind == HNI_LAYER_ACTIVATION) ? host : -1;
}

/* A sum runs inside the convolution that makes one of its inputs last, if nothing but batch norm lies between. */
static void fuse_sum(hni_program *p, int32_t index) {
    const hni_layer *l = &p->graph->layers[index];
    for (int k = 0; k < 2; k++) {
        const int32_t host = possible_host(p, l, k), other = l->input[1 - k];
        if (host < 0 || other > host) /* layer i makes value i + 1: the other input would come too late */
            continue;
        hni_fusion *in = &p->fusion[host];
        if (in->sum >= 0 || in->act >= 0 || in->pool >= 0)
            continue;
        in->sum = index;
        p->fusion[index].host = host;
        return;
    }
}

/* Layers that run inside another: an activation in a convolution or dense layer (where its gradient is asked for only one that looks at its output),
 * and, where no gradient will ask for what lies between, batch norm in a convolution before it, a sum, and 2×2 maximum pooling behind it. */
static void fuse(hni_program *p) {
    for (size_t i = 0; i < p->graph->n_layers; i++) {
        const hni_layer *l = &p->graph->layers[i];
        const bool gradient = p->options.mode == HNI_MODE_TRAIN || (p->options.mode == HNI_MODE_EXPLAIN && p->wants[l->output]);
        const bool more = !gradient && !p->options.unfused;
        if (l->kind == HNI_LAYER_ADD) {
            if (more)
                fuse_sum(p, (int32_t)i);
            continue;
        }
        const int32_t host = possible_host(p, l, 0);
        if (host < 0 || p->fusion[host].pool >= 0)
            continue;
        hni_fusion *in = &p->fusion[host];
        int32_t *place = NULL;
        if (l->kind == HNI_LAYER_BATCH_NORM && more && in->norm < 0 && in->sum < 0 && in->act < 0)
            place = &in->norm;
        else if (l->kind == HNI_LAYER_ACTIVATION && l->activation != HN_ACT_NONE && in->act < 0 &&
                 !(gradient && hni_gradient_by_input(l->activation)))
            place = &in->act;
        else if (l->kind == HNI_LAYER_MAX_POOL2D && more && is_2x2(&l->window) && in->sum < 0 &&
                 (in->act < 0 || p->graph->layers[in->act].activation == HN_ACT_RELU))
            place = &in->pool;
        if (!place)
            continue;
        *place = (int32_t)i;
        p->fusion[i].host = host;
    }
}

/* A new place in the arena for each output of d. */
static void add_outputs(hni_program *p, const hn_op_desc *d, int32_t *out) {
    for (int32_t i = 0; i < d->n_out; i++)
        out[i] = d->out[i].rank == 0 ? -1 : hni_program_place(p, d->out[i], HNI_HOME_ARENA, 0);
}

/* The input of a sum that its host does not make. */
static int32_t other_input(const hni_program *p, const hni_layer *sum, int32_t host) {
    const int32_t maker = sum->input[0] - 1; /* -1: the pixels */
    return maker >= 0 && (maker == host || p->fusion[maker].host == host) ? sum->input[1] : sum->input[0];
}

static void lower_filters(hni_program *p, int32_t index) {
    const hni_layer *l = &p->graph->layers[index];
    const int32_t norm = p->fusion[index].norm, sum = p->fusion[index].sum, act = p->fusion[index].act, pool = p->fusion[index].pool;
    const int32_t activation = act < 0 ? HN_ACT_NONE : p->graph->layers[act].activation;
    const bool dense = l->kind == HNI_LAYER_DENSE, bias = l->param[1] >= 0;
    const hn_tensor_desc w = hni_param_desc(&p->graph->params[l->param[0]]);
    int32_t x = p->value[l->input[0]], y;
    if (dense && p->places[x].desc.rank == 4)
        x = hni_program_view(p, x, hni_flattened(&p->places[x].desc));
    if (x < 0)
        return;
    hn_op_desc d;
    hni_window2d window = l->window;
    window.pool = pool < 0 ? 0 : 2;
    if (!hni_program_ok(p, index, dense ? hni_op_dense(&d, &p->places[x].desc, &w, bias, activation, p->err)
                                        : hni_op_conv2d(&d, &p->places[x].desc, &w, bias, &window, activation, p->err)))
        return;
    if (norm >= 0 && !hni_program_ok(p, norm, hni_op_norm_inside(&d, p->graph->layers[norm].epsilon, p->err)))
        return;
    if (sum >= 0 && !hni_program_ok(p, sum, hni_op_add_inside(&d, p->err)))
        return;
    d.constant = !p->options.many_runs ? 0 : dense ? DENSE_WEIGHTS : CONV_WEIGHTS;
    add_outputs(p, &d, &y);
    int32_t in[8] = {x, hni_program_param(p, l->param[0], HNI_HOME_VALUES), hni_program_param(p, l->param[1], HNI_HOME_VALUES), -1, -1, -1, -1, -1};
    for (int i = 0; norm >= 0 && i < 4; i++)
        in[3 + i] = hni_program_param(p, p->graph->layers[norm].param[i], HNI_HOME_VALUES);
    if (sum >= 0)
        in[7] = p->value[other_input(p, &p->graph->layers[sum], index)];
    p->forward[index] = hni_program_node(p, index, &d, in, &y);
    const int32_t end = pool >= 0 ? pool : act >= 0 ? act : sum >= 0 ? sum : norm >= 0 ? norm : index;
    p->value[p->graph->layers[end].output] = y;
}

static void lower_batch_norm(hni_program *p, int32_t index) {
    const hni_layer *l = &p->graph->layers[index];
    const int32_t x = p->value[l->input[0]];
    hn_op_desc d;
    const bool train = p->options.mode == HNI_MODE_TRAIN && !hni_program_frozen(p, l->param[2]); /* frozen running statistics are what it goes by */
    if (!hni_program_ok(p, index, hni_op_batch_norm(&d, &p->places[x].desc, train, l->epsilon, l->momentum, p->err)))
        return;
    int32_t in[5] = {x}, out[5];
    for (int i = 0; i < 4; i++)
        in[1 + i] = hni_program_param(p, l->param[i], HNI_HOME_VALUES);
    out[0] = hni_program_place(p, d.out[0], HNI_HOME_ARENA, 0);
    if (d.n_out == 5) {
        out[1] = hni_program_place(p, d.out[1], HNI_HOME_ARENA, 0);
        out[2] = hni_program_place(p, d.out[2], HNI_HOME_ARENA, 0);
        out[3] = in[3]; /* running statistics move in place */
        out[4] = in[4];
    }
    p->forward[index] = hni_program_node(p, index, &d, in, out);
    p->value[l->output] = out[0];
}

/* Mean and inverse deviation of the groups, which the gradient asks for, lie behind y. */
static void lower_group_norm(hni_program *p, int32_t index) {
    const hni_layer *l = &p->graph->layers[index];
    const int32_t x = p->value[l->input[0]];
    hn_op_desc d;
    if (!hni_program_ok(p, index, hni_op_group_norm(&d, &p->places[x].desc, l->window.groups, l->epsilon, p->err)))
        return;
    const int32_t in[3] = {x, hni_program_param(p, l->param[0], HNI_HOME_VALUES), hni_program_param(p, l->param[1], HNI_HOME_VALUES)};
    int32_t out[3];
    add_outputs(p, &d, out);
    p->forward[index] = hni_program_node(p, index, &d, in, out);
    p->value[l->output] = out[0];
}

/* Keys of the samples' random numbers: one place for all that ask. */
static int32_t keys_place(hni_program *p, hn_tensor_desc desc) {
    if (p->keys < 0) {
        p->keys = hni_program_place(p, desc, HNI_HOME_ARENA, 0);
        if (p->keys >= 0)
            p->places[p->keys].staged = true;
    }
    return p->keys;
}

/* Layers with neither weights nor a mode of their own. */
static void lower_plain(hni_program *p, int32_t index) {
    const hni_layer *l = &p->graph->layers[index];
    int32_t in[2] = {p->value[l->input[0]], -1}, y;
    const hn_tensor_desc *x = &p->places[in[0]].desc;
    hn_op_desc d;
    hn_status status;
    switch (l->kind) {
    case HNI_LAYER_MAX_POOL2D:
        status = hni_op_pool2d(&d, HN_OP_MAX_POOL2D, x, &l->window, p->err);
        break;
    case HNI_LAYER_AVG_POOL2D:
        status = hni_op_pool2d(&d, HN_OP_AVG_POOL2D, x, &l->window, p->err);
        break;
    case HNI_LAYER_GLOBAL_AVG_POOL:
        status = hni_op_global_avg_pool(&d, x, p->err);
        break;
    case HNI_LAYER_ACTIVATION:
        status = hni_op_activation(&d, x, l->activation, p->err);
        break;
    case HNI_LAYER_DROPOUT: /* the stream is the layer's number, so two dropouts never drop alike */
        status = hni_op_dropout(&d, x, l->rate, (uint32_t)index, p->err);
        break;
    case HNI_LAYER_ADD:
        status = hni_op_add(&d, x, p->err);
        in[1] = p->value[l->input[1]];
        break;
    case HNI_LAYER_CONCAT:
        in[1] = p->value[l->input[1]];
        status = hni_op_concat(&d, x, &p->places[in[1]].desc, p->err);
        break;
    case HNI_LAYER_CHANNEL_SCALE:
        status = hni_op_channel_scale(&d, x, p->err);
        if (status == HN_OK)
            in[1] = hni_program_view(p, p->value[l->input[1]], d.in[1]);
        break;
    default:
        status = hni_fail(p->err, HN_E_INTERNAL, "layer kind %d has no operator", l->kind);
    }
    if (!hni_program_ok(p, index, status))
        return;
    if (l->kind == HNI_LAYER_DROPOUT)
        in[1] = keys_place(p, d.in[1]);
    add_outputs(p, &d, &y);
    p->forward[index] = hni_program_node(p, index, &d, in, &y);
    p->value[l->output] = y;
}

static void lower_layer(hni_program *p, int32_t index) {
    const hni_layer *l = &p->graph->layers[index];
    if (is_view(p, l)) {
        hn_tensor_desc t = p->graph->values[l->output];
        t.dims[0] = p->options.batch;
        p->value[l->output] = hni_program_view(p, p->value[l->input[0]], t);
    } else if (l->kind == HNI_LAYER_CONV2D || l->kind == HNI_LAYER_DENSE) {
        lower_filters(p, index);
    } else if (l->kind == HNI_LAYER_BATCH_NORM) {
        lower_batch_norm(p, index);
    } else if (l->kind == HNI_LAYER_GROUP_NORM) {
        lower_group_norm(p, index);
    } else {
        lower_plain(p, index);
    }
}

/* One operator that turns the gradient of the target into the weights of its channels; gives their place. */
static int32_t lower_weights(hni_program *p) {
    const hn_tensor_desc *g = &p->places[p->gradient].desc;
    hn_op_desc d;
    int32_t weights;
    if (p->options.map == HNI_MAP_PIXEL)
        return p->gradient;
    if (!hni_program_ok(p, -1, p->options.map == HNI_MAP_MEAN ? hni_op_global_avg_pool(&d, g, p->err)
                                                             : hni_op_activation(&d, g, HN_ACT_RELU, p->err)))
        return -1;
    add_outputs(p, &d, &weights);
    hni_program_node(p, -1, &d, &p->gradient, &weights);
    return weights;
}

static void lower_map(hni_program *p) {
    const int32_t in[2] = {p->target, lower_weights(p)};
    hn_op_desc d;
    if (!hni_program_ok(p, -1, hni_op_class_map(&d, &p->places[p->target].desc, p->options.map != HNI_MAP_MEAN, HN_ACT_NONE, p->err)))
        return;
    add_outputs(p, &d, &p->map);
    hni_program_node(p, -1, &d, in, &p->map);
    if (p->map >= 0)
        p->places[p->map].kept = true;
}

/* From the logits' gradient, which the step brings, down to the target; what is made of both. */
static void lower_gradient(hni_program *p) {
    const int32_t target = p->options.target;
    p->seed = hni_program_place(p, p->places[p->logits].desc, HNI_HOME_ARENA, 0);
    if (p->status != HN_OK)
        return;
    p->places[p->seed].staged = true;
    hni_program_backward(p, p->seed);
    if (p->status != HN_OK)
        return;
    p->target = p->value[target];
    p->gradient = p->grad[target];
    if (p->gradient < 0) {
        p->status = hni_fail(p->err, HN_E_ARGUMENT, "layer \"%s\" is not on the way to the logits: there is nothing to explain by it",
                             p->graph->layers[target - 1].name); /* the input always is */
        return;
    }
    p->places[p->target].kept = p->places[p->gradient].kept = true;
    if (p->options.map != HNI_MAP_NONE)
        lower_map(p);
}

static void lower_input(hni_program *p) {
    hn_tensor_desc x = p->graph->values[0];
    x.dims[0] = p->options.batch;
    p->value[0] = p->input = hni_program_place(p, x, HNI_HOME_ARENA, 0);
    if (p->input >= 0)
        p->places[p->input].staged = true;
}

static void lower_pixels(hni_program *p) {
    const bool stored = p->options.images > 0;
    const hni_preprocess_options how = {.samples = stored ? p->options.batch : 0, .rows = stored, .augment = p->options.augment};
    hn_tensor_desc x = p->graph->values[0];
    x.dtype = HN_DTYPE_U8;
    x.dims[0] = stored ? p->options.images : p->options.batch;
    hn_op_desc d;
    int32_t y;
    if (!hni_program_ok(p, -1, hni_op_preprocess(&d, &x, &how, p->err)))
        return;
    d.constant = MEAN_AND_DEVIATION;
    p->pixels = hni_program_place(p, x, stored ? HNI_HOME_STORE : HNI_HOME_ARENA, 0);
    p->rows = stored ? hni_program_place(p, d.in[3], HNI_HOME_ARENA, 0) : -1;
    p->mean = hni_program_constant(p, d.in[1]);
    p->deviation = hni_program_constant(p, d.in[2]);
    p->augment = p->options.augment ? hni_program_place(p, d.in[4], HNI_HOME_ARENA, 0) : -1;
    const int32_t keys = p->options.augment ? keys_place(p, d.in[5]) : -1;
    add_outputs(p, &d, &y);
    const int32_t in[6] = {p->pixels, p->mean, p->deviation, p->rows, p->augment, keys};
    hni_program_node(p, -1, &d, in, &y);
    if (p->status != HN_OK)
        return;
    p->places[stored ? p->rows : p->pixels].staged = true;
    if (p->augment >= 0)
        p->places[p->augment].staged = true;
    p->value[0] = y;
}

static void lower_probabilities(hni_program *p) {
    const hn_tensor_desc x = p->places[p->logits].desc;
    hn_op_desc d;
    if (!hni_program_ok(p, -1, p->options.task == HN_TASK_MULTI ? hni_op_activation(&d, &x, HN_ACT_SIGMOID, p->err)
                                                                : hni_op_softmax(&d, &x, p->err)))
        return;
    add_outputs(p, &d, &p->probabilities);
    hni_program_node(p, -1, &d, &p->logits, &p->probabilities);
}

/* Gives the place of the gradient of the logits. */
static int32_t lower_loss(hni_program *p) {
    const hn_tensor_desc x = p->places[p->logits].desc;
    const bool multi = p->options.task == HN_TASK_MULTI;
    const int32_t positive = !multi && x.dims[1] == 2 ? p->options.positive : -1; /* a threshold needs two classes */
    const int32_t kind = multi ? HN_OP_SIGMOID_LOSS : HN_OP_SOFTMAX_LOSS;
    const hni_loss_options how = {.positive = positive, .targets = !multi && p->options.targets, .threshold = p->options.threshold,
                                  .smoothing = p->options.smoothing, .focal = p->options.focal};
    hn_op_desc d;
    if (!hni_program_ok(p, -1, hni_op_loss(&d, kind, &x, &how, p->err)))
        return -1;
    p->labels = hni_program_place(p, d.in[1], HNI_HOME_ARENA, 0);
    p->class_weights = hni_program_constant(p, d.in[2]);
    const int32_t in[3] = {p->logits, p->labels, p->class_weights};
    const int32_t out[3] = {hni_program_place(p, d.out[0], HNI_HOME_ARENA, 0), hni_program_place(p, d.out[1], HNI_HOME_ARENA, 0),
                            hni_program_place(p, d.out[2], HNI_HOME_STATS, 0)};
    hni_program_node(p, -1, &d, in, out);
    if (p->status != HN_OK)
        return -1;
    p->places[p->labels].staged = true;
    p->probabilities = out[0];
    return out[1];
}

void hni_program_forward(hni_program *p) {
    if (p->status != HN_OK)
        return;
    if (p->options.mode == HNI_MODE_UPDATE) {
        hni_program_update(p);
        return;
    }
    mark(p);
    count_readers(p);
    fuse(p);
    if (p->options.mode == HNI_MODE_EXPLAIN)
        lower_input(p);
    else
        lower_pixels(p);
    for (size_t i = 0; i < p->graph->n_layers && p->status == HN_OK; i++)
        if (p->needed[p->graph->layers[i].output] && p->fusion[i].host < 0)
            lower_layer(p, (int32_t)i);
    if (p->status != HN_OK)
        return;
    p->logits = p->value[p->graph->logits];
    if (p->options.mode == HNI_MODE_EXPLAIN) {
        lower_gradient(p);
    } else if (p->options.mode == HNI_MODE_PREDICT) {
        lower_probabilities(p);
    } else {
        const int32_t dlogits = lower_loss(p);
        if (p->options.mode == HNI_MODE_TRAIN) {
            hni_program_backward(p, dlogits);
            hni_program_update(p);
        }
    }
    if (p->status != HN_OK)
        return;
    p->places[p->logits].kept = true;
    if (p->probabilities >= 0)
        p->places[p->probabilities].kept = true;
}
