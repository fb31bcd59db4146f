/* make.c - makers: a whole, valid description from inputs and constants, so that no caller fills one by hand.
 *
 * Each fills a zeroed description, infers the outputs and validates; on failure *d is all zero, which no backend accepts. Gradients are
 * made from the forward description, since all they need stands there. */
#include <string.h>

#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "rules.h"

static hn_tensor_desc vector(int32_t dtype, int64_t n) {
    return hni_tensor(dtype, 1, n, 1, 1, 1);
}

static void begin(hn_op_desc *d, int32_t kind) {
    const hni_rule *rule = hni_rule_of(kind);
    *d = (hn_op_desc){.struct_size = sizeof *d, .kind = kind, .n_in = rule ? rule->n_in : 0, .n_out = rule ? rule->n_out : 0};
}

/* Validates unless something failed before; leaves nothing half made. */
static hn_status finish(hn_op_desc *d, hn_status status, hn_error *err) {
    if (status == HN_OK)
        status = hni_op_validate(d, err);
    if (status != HN_OK)
        memset(d, 0, sizeof *d);
    return status;
}

/* A gradient's starting point must be of one of two kinds, and valid itself. */
static hn_status check_forward(const hn_op_desc *forward, int32_t kind, int32_t other, hn_error *err) {
    if (forward->kind != kind && forward->kind != other)
        return hni_fail(err, HN_E_ARGUMENT, "%s has no gradient of this kind", hni_op_name(forward->kind));
    return hni_op_validate(forward, err);
}

static void take_window(hn_op_desc *d, const hni_window2d *win) {
    for (int i = 0; i < 2; i++) {
        d->kernel[i] = win->kernel[i];
        d->stride[i] = win->stride[i];
        d->padding[i] = win->padding[i];
        d->dilation[i] = win->dilation[i] == 0 ? 1 : win->dilation[i];
    }
}

static void copy_window(hn_op_desc *d, const hn_op_desc *from) {
    memcpy(d->kernel, from->kernel, sizeof d->kernel);
    memcpy(d->stride, from->stride, sizeof d->stride);
    memcpy(d->padding, from->padding, sizeof d->padding);
    memcpy(d->dilation, from->dilation, sizeof d->dilation);
    memcpy(d->extra_padding, from->extra_padding, sizeof d->extra_padding);
    d->groups = from->groups;
    d->exclude_padding = from->exclude_padding;
}

hn_status hni_op_conv2d(hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, bool bias, const hni_window2d *win,
                        int32_t activation, hn_error *err) {
    begin(d, HN_OP_CONV2D);
    take_window(d, win);
    memcpy(d->extra_padding, win->extra_padding, sizeof d->extra_padding);
    d->kernel[0] = d->kernel[1] = 0; /* it is in w */
    d->groups = win->groups == 0 ? 1 : win->groups;
    d->activation = activation;
    d->pool = win->pool;
    d->in[0] = *x;
    d->in[1] = *w;
    if (bias)
        d->in[2] = vector(HN_DTYPE_F32, w->dims[0]);
    return finish(d, hni_infer_conv2d(d, x, w, &d->out[0], err), err);
}

hn_status hni_op_norm_inside(hn_op_desc *conv, double epsilon, hn_error *err) {
    conv->epsilon = epsilon;
    for (int i = 3; i < 7; i++)
        conv->in[i] = vector(HN_DTYPE_F32, conv->in[1].dims[0]);
    return finish(conv, HN_OK, err);
}

hn_status hni_op_add_inside(hn_op_desc *conv, hn_error *err) {
    conv->in[7] = conv->out[0];
    return finish(conv, HN_OK, err);
}

hn_status hni_op_conv2d_grads(const hn_op_desc *forward, hn_op_desc *grad_input, hn_op_desc *grad_weight, hn_error *err) {
    hn_status status = check_forward(forward, HN_OP_CONV2D, HN_OP_CONV2D, err);
    if (status == HN_OK && (forward->pool != 0 || forward->in[3].rank != 0 || forward->in[7].rank != 0))
        status = hni_fail(err, HN_E_ARGUMENT, "a convolution with pooling, batch norm or a sum inside has no gradients; make one without");
    begin(grad_input, HN_OP_CONV2D_GRAD_INPUT);
    copy_window(grad_input, forward);
    grad_input->in[0] = forward->out[0];
    grad_input->in[1] = forward->in[1];
    grad_input->out[0] = forward->in[0];
    begin(grad_weight, HN_OP_CONV2D_GRAD_WEIGHT);
    copy_window(grad_weight, forward);
    grad_weight->in[0] = forward->out[0];
    grad_weight->in[1] = forward->in[0];
    grad_weight->out[0] = forward->in[1];
    grad_weight->out[1] = forward->in[2];
    status = finish(grad_input, status, err);
    return finish(grad_weight, status, err);
}

hn_status hni_op_pool2d(hn_op_desc *d, int32_t kind, const hn_tensor_desc *x, const hni_window2d *win, hn_error *err) {
    if (kind != HN_OP_MAX_POOL2D && kind != HN_OP_AVG_POOL2D)
        return hni_fail(err, HN_E_ARGUMENT, "%s is not a pooling over windows", hni_op_name(kind));
    begin(d, kind);
    take_window(d, win);
    d->exclude_padding = kind == HN_OP_AVG_POOL2D ? win->exclude_padding : 0;
    d->in[0] = *x;
    return finish(d, hni_infer_pool2d(d, x, &d->out[0], err), err);
}

hn_status hni_op_pool2d_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err) {
    const bool global = forward->kind == HN_OP_GLOBAL_AVG_POOL, max = forward->kind == HN_OP_MAX_POOL2D;
    const hn_status status = check_forward(forward, global ? HN_OP_GLOBAL_AVG_POOL : HN_OP_MAX_POOL2D, HN_OP_AVG_POOL2D, err);
    begin(grad, global ? HN_OP_GLOBAL_AVG_POOL_GRAD : max ? HN_OP_MAX_POOL2D_GRAD : HN_OP_AVG_POOL2D_GRAD);
    copy_window(grad, forward);
    grad->in[0] = max ? forward->in[0] : forward->out[0];
    if (max) {
        grad->in[1] = forward->out[0];
        grad->in[2] = forward->out[0];
    }
    grad->out[0] = forward->in[0];
    return finish(grad, status, err);
}

hn_status hni_op_through_relu(hn_op_desc *grad, hn_error *err) {
    grad->activation = HN_ACT_RELU;
    if (grad->kind == HN_OP_CONV2D_GRAD_INPUT)
        grad->in[2] = grad->out[0];
    return finish(grad, HN_OK, err);
}

hn_status hni_op_global_avg_pool(hn_op_desc *d, const hn_tensor_desc *x, hn_error *err) {
    begin(d, HN_OP_GLOBAL_AVG_POOL);
    d->in[0] = *x;
    d->out[0] = hni_tensor(HN_DTYPE_F32, 4, x->dims[0], x->dims[1], 1, 1);
    return finish(d, HN_OK, err);
}

hn_status hni_op_dense(hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, bool bias, int32_t activation, hn_error *err) {
    begin(d, HN_OP_DENSE);
    d->activation = activation;
    d->in[0] = *x;
    d->in[1] = *w;
    if (bias)
        d->in[2] = vector(HN_DTYPE_F32, w->dims[0]);
    return finish(d, hni_infer_dense(d, x, w, &d->out[0], err), err);
}

hn_status hni_op_dense_grads(const hn_op_desc *forward, hn_op_desc *grad_input, hn_op_desc *grad_weight, hn_error *err) {
    hn_status status = check_forward(forward, HN_OP_DENSE, HN_OP_DENSE, err);
    begin(grad_input, HN_OP_DENSE_GRAD_INPUT);
    grad_input->in[0] = forward->out[0];
    grad_input->in[1] = forward->in[1];
    grad_input->out[0] = forward->in[0];
    begin(grad_weight, HN_OP_DENSE_GRAD_WEIGHT);
    grad_weight->in[0] = forward->out[0];
    grad_weight->in[1] = forward->in[0];
    grad_weight->out[0] = forward->in[1];
    grad_weight->out[1] = forward->in[2];
    status = finish(grad_input, status, err);
    return finish(grad_weight, status, err);
}

hn_status hni_op_batch_norm(hn_op_desc *d, const hn_tensor_desc *x, bool train, double epsilon, double momentum, hn_error *err) {
    begin(d, train ? HN_OP_BATCH_NORM_TRAIN : HN_OP_BATCH_NORM);
    d->epsilon = epsilon;
    d->momentum = train ? momentum : 0.0;
    d->in[0] = *x;
    d->out[0] = *x;
    for (int i = 1; i < 5; i++) {
        d->in[i] = vector(HN_DTYPE_F32, x->dims[1]);
        if (train)
            d->out[i] = d->in[i];
    }
    return finish(d, HN_OK, err);
}

hn_status hni_op_batch_norm_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err) {
    const hn_status status = check_forward(forward, HN_OP_BATCH_NORM_TRAIN, HN_OP_BATCH_NORM_TRAIN, err);
    begin(grad, HN_OP_BATCH_NORM_GRAD);
    grad->in[0] = grad->in[1] = grad->out[0] = forward->in[0];
    for (int i = 2; i < 5; i++)
        grad->in[i] = forward->in[1];
    grad->out[1] = grad->out[2] = forward->in[1];
    return finish(grad, status, err);
}

hn_status hni_op_activation(hn_op_desc *d, const hn_tensor_desc *x, int32_t activation, hn_error *err) {
    begin(d, HN_OP_ACTIVATION);
    d->activation = activation;
    d->in[0] = d->out[0] = *x;
    return finish(d, HN_OK, err);
}

bool hni_gradient_by_input(int32_t activation) {
    return activation == HN_ACT_SILU || activation == HN_ACT_HARD_SWISH; /* not monotonic: two inputs have one output */
}

hn_status hni_op_activation_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err) {
    /* also of an activation fused into a convolution or a dense layer */
    const int32_t kind = forward->kind == HN_OP_DENSE ? HN_OP_DENSE : HN_OP_CONV2D;
    const hn_status status = check_forward(forward, HN_OP_ACTIVATION, kind, err);
    begin(grad, HN_OP_ACTIVATION_GRAD);
    grad->activation = forward->activation;
    grad->in[0] = grad->in[1] = grad->out[0] = forward->out[0];
    return finish(grad, status, err);
}

hn_status hni_op_add(hn_op_desc *d, const hn_tensor_desc *x, hn_error *err) {
    begin(d, HN_OP_ADD);
    d->in[0] = d->in[1] = d->out[0] = *x;
    return finish(d, HN_OK, err);
}

hn_status hni_op_dropout(hn_op_desc *d, const hn_tensor_desc *x, double rate, uint32_t stream, hn_error *err) {
    begin(d, HN_OP_DROPOUT);
    d->rate = rate;
    d->stream = stream;
    d->in[0] = d->out[0] = *x;
    d->in[1] = hni_tensor(HN_DTYPE_U32, 2, x->dims[0], 4, 1, 1);
    return finish(d, HN_OK, err);
}

hn_status hni_op_softmax(hn_op_desc *d, const hn_tensor_desc *x, hn_error *err) {
    begin(d, HN_OP_SOFTMAX);
    d->in[0] = d->out[0] = *x;
    return finish(d, HN_OK, err);
}

hn_status hni_op_loss(hn_op_desc *d, int32_t kind, const hn_tensor_desc *x, const hni_loss_options *options, hn_error *err) {
    if (kind != HN_OP_SOFTMAX_LOSS && kind != HN_OP_SIGMOID_LOSS)
        return hni_fail(err, HN_E_ARGUMENT, "%s is not a loss", hni_op_name(kind));
    const bool softmax = kind == HN_OP_SOFTMAX_LOSS;
    begin(d, kind);
    d->positive = softmax ? options->positive : 0;
    d->threshold = options->threshold;
    d->smoothing = options->smoothing;
    d->focal = options->focal;
    d->in[0] = d->out[0] = d->out[1] = *x;
    d->in[1] = softmax && !options->targets ? vector(HN_DTYPE_I32, x->dims[0]) : *x;
    d->in[2] = vector(HN_DTYPE_F32, x->dims[1]);
    d->out[2] = vector(HN_DTYPE_F64, 4);
    return finish(d, HN_OK, err);
}

hn_status hni_op_optimizer(hn_op_desc *d, int32_t optimizer, int64_t parameters, int32_t groups, hn_error *err) {
    begin(d, HN_OP_OPTIMIZER);
    d->optimizer = optimizer;
    for (int i = 0; i < 4; i++)
        d->in[i] = vector(HN_DTYPE_F32, parameters);
    d->in[4] = hni_tensor(HN_DTYPE_F64, 2, groups, HN_HYPER_COLUMNS, 1, 1);
    d->in[5] = vector(HN_DTYPE_U8, parameters);
    for (int i = 0; i < 3; i++)
        d->out[i] = d->in[0];
    return finish(d, HN_OK, err);
}

hn_status hni_op_preprocess(hn_op_desc *d, const hn_tensor_desc *x_u8, const hni_preprocess_options *options, hn_error *err) {
    static const hni_preprocess_options none = {0};
    const hni_preprocess_options *o = options ? options : &none;
    begin(d, HN_OP_PREPROCESS);
    d->in[0] = *x_u8;
    d->in[1] = d->in[2] = vector(HN_DTYPE_F32, x_u8->dims[1]);
    d->out[0] = hni_tensor(HN_DTYPE_F32, 4, o->rows ? o->samples : x_u8->dims[0], x_u8->dims[1], o->height ? o->height : x_u8->dims[2],
                           o->width ? o->width : x_u8->dims[3]);
    if (o->rows)
        d->in[3] = vector(HN_DTYPE_I32, d->out[0].dims[0]);
    if (o->augment) {
        d->in[4] = hni_tensor(HN_DTYPE_F32, 2, d->out[0].dims[0], HN_AUGMENT_COLUMNS, 1, 1);
        d->in[5] = hni_tensor(HN_DTYPE_U32, 2, d->out[0].dims[0], 4, 1, 1);
    }
    return finish(d, HN_OK, err);
}

hn_status hni_op_group_norm(hn_op_desc *d, const hn_tensor_desc *x, int32_t groups, double epsilon, hn_error *err) {
    begin(d, HN_OP_GROUP_NORM);
    d->groups = groups;
    d->epsilon = epsilon;
    d->in[0] = d->out[0] = *x;
    d->in[1] = d->in[2] = vector(HN_DTYPE_F32, x->dims[1]);
    d->out[1] = d->out[2] = hni_tensor(HN_DTYPE_F32, 2, x->dims[0], groups, 1, 1);
    return finish(d, HN_OK, err);
}

hn_status hni_op_group_norm_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err) {
    const hn_status status = check_forward(forward, HN_OP_GROUP_NORM, HN_OP_GROUP_NORM, err);
    begin(grad, HN_OP_GROUP_NORM_GRAD);
    grad->groups = forward->groups;
    grad->in[0] = grad->in[1] = grad->out[0] = forward->in[0];
    grad->in[2] = grad->out[1] = grad->out[2] = forward->in[1];
    grad->in[3] = grad->in[4] = forward->out[1];
    return finish(grad, status, err);
}

hn_status hni_op_concat(hn_op_desc *d, const hn_tensor_desc *a, const hn_tensor_desc *b, hn_error *err) {
    begin(d, HN_OP_CONCAT);
    d->in[0] = d->out[0] = *a;
    d->in[1] = *b;
    if (__builtin_add_overflow(a->dims[1], b->dims[1], &d->out[0].dims[1]))
        d->out[0].dims[1] = 0; /* which no description may have */
    return finish(d, HN_OK, err);
}

hn_status hni_op_concat_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err) {
    const hn_status status = check_forward(forward, HN_OP_CONCAT, HN_OP_CONCAT, err);
    begin(grad, HN_OP_CONCAT_GRAD);
    grad->in[0] = forward->out[0];
    grad->out[0] = forward->in[0];
    grad->out[1] = forward->in[1];
    return finish(grad, status, err);
}

hn_status hni_op_channel_scale(hn_op_desc *d, const hn_tensor_desc *x, hn_error *err) {
    begin(d, HN_OP_CHANNEL_SCALE);
    d->in[0] = d->out[0] = *x;
    d->in[1] = hni_tensor(HN_DTYPE_F32, 4, x->dims[0], x->dims[1], 1, 1);
    return finish(d, HN_OK, err);
}

hn_status hni_op_channel_scale_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err) {
    const hn_status status = check_forward(forward, HN_OP_CHANNEL_SCALE, HN_OP_CHANNEL_SCALE, err);
    begin(grad, HN_OP_CHANNEL_SCALE_GRAD);
    grad->in[0] = grad->in[1] = grad->out[0] = forward->in[0];
    grad->in[2] = grad->out[1] = forward->in[1];
    return finish(grad, status, err);
}

/* Vectors of all parameters and one number. */
static hn_status make_vectors(hn_op_desc *d, int32_t kind, int vectors, int64_t parameters, hn_error *err) {
    begin(d, kind);
    for (int i = 0; i < vectors; i++)
        d->in[i] = vector(HN_DTYPE_F32, parameters);
    d->in[vectors] = vector(HN_DTYPE_F64, 1);
    d->out[0] = d->in[0];
    if (kind == HN_OP_CLIP)
        d->out[1] = vector(HN_DTYPE_F64, 1);
    return finish(d, HN_OK, err);
}

hn_status hni_op_accumulate(hn_op_desc *d, int64_t parameters, hn_error *err) {
    return make_vectors(d, HN_OP_ACCUMULATE, 2, parameters, err);
}

hn_status hni_op_clip(hn_op_desc *d, int64_t parameters, hn_error *err) {
    return make_vectors(d, HN_OP_CLIP, 1, parameters, err);
}

hn_status hni_op_average(hn_op_desc *d, int64_t parameters, hn_error *err) {
    return make_vectors(d, HN_OP_AVERAGE, 2, parameters, err);
}

hn_status hni_op_class_map(hn_op_desc *d, const hn_tensor_desc *features, bool per_pixel, int32_t activation, hn_error *err) {
    begin(d, HN_OP_CLASS_MAP);
    d->activation = activation;
    d->in[0] = *features;
    d->in[1] = per_pixel ? *features : hni_tensor(HN_DTYPE_F32, 4, features->dims[0], features->dims[1], 1, 1);
    d->out[0] = hni_tensor(HN_DTYPE_F32, 4, features->dims[0], 1, features->dims[2], features->dims[3]);
    return finish(d, HN_OK, err);
}
