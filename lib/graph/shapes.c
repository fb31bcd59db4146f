/* shapes.c - shape inference of layers: output and weights of one image, by the makers of lib/op.
 *
 * No shape rule of its own but those that no operator has (the two sides of a sum, the number of filters): what passes here is what
 * lower.c will make operators of, so both ask the same makers. Every message begins with the layer's name. */
#include "../base/status.h"
#include "shapes.h"

hn_tensor_desc hni_flattened(const hn_tensor_desc *t) {
    return hni_tensor(t->dtype, 2, t->dims[0], t->dims[1] * t->dims[2] * t->dims[3], 1, 1);
}

hn_tensor_desc hni_param_desc(const hni_param *param) {
    return hni_tensor(HN_DTYPE_F32, param->rank, param->shape[0], param->shape[1], param->shape[2], param->shape[3]);
}

/* The maker has proved that the product fits. */
static void set_param(hni_param *p, hn_tensor_desc t, bool trainable) {
    *p = (hni_param){.rank = t.rank, .elements = hni_tensor_elements(&t), .offset = -1, .trainable = trainable};
    for (int i = 0; i < 4; i++)
        p->shape[i] = t.dims[i];
}

static hn_tensor_desc vector(int64_t n) {
    return hni_tensor(HN_DTYPE_F32, 1, n, 1, 1, 1);
}

static hn_status check_filters(const hni_layer *l, hn_error *err) {
    if (l->filters < 1)
        return hni_fail(err, HN_E_ARGUMENT, "%s: %d %s; at least 1 is needed", hni_layer_kind_name(l->kind), l->filters,
                        l->kind == HNI_LAYER_DENSE ? "features" : "filters");
    if (l->no_bias != 0 && l->no_bias != 1)
        return hni_fail(err, HN_E_ARGUMENT, "%s: no_bias is %d, must be 0 or 1", hni_layer_kind_name(l->kind), l->no_bias);
    return HN_OK;
}

static hn_status infer_conv(const hni_layer *l, const hn_tensor_desc *x, hni_layer_shapes *out, hn_error *err) {
    hn_status status = check_filters(l, err);
    if (status != HN_OK)
        return status;
    if (x->rank != 4) {
        char shape[96];
        hni_shape_text(x, shape, sizeof shape);
        return hni_fail(err, HN_E_SHAPE, "conv2d: input %s is no image [N, C, H, W] any more", shape);
    }
    const int32_t groups = l->window.groups;
    if (groups < 1 || x->dims[1] % groups != 0 || l->filters % groups != 0)
        return hni_fail(err, groups < 1 ? HN_E_ARGUMENT : HN_E_SHAPE, "conv2d: %d groups do not divide %lld input channels and %d filters",
                        groups, (long long)x->dims[1], l->filters);
    const hn_tensor_desc w = hni_tensor(HN_DTYPE_F32, 4, l->filters, x->dims[1] / groups, l->window.kernel[0], l->window.kernel[1]);
    hn_op_desc d;
    status = hni_op_conv2d(&d, x, &w, !l->no_bias, &l->window, HN_ACT_NONE, err);
    if (status != HN_OK)
        return status;
    out->output = d.out[0];
    set_param(&out->param[0], w, true);
    if (!l->no_bias)
        set_param(&out->param[1], vector(l->filters), true);
    return HN_OK;
}

static hn_status infer_dense(const hni_layer *l, const hn_tensor_desc *x, hni_layer_shapes *out, hn_error *err) {
    hn_status status = check_filters(l, err);
    if (status != HN_OK)
        return status;
    const hn_tensor_desc flat = hni_flattened(x);
    const hn_tensor_desc w = hni_tensor(HN_DTYPE_F32, 2, l->filters, flat.dims[1], 1, 1);
    hn_op_desc d;
    status = hni_op_dense(&d, &flat, &w, !l->no_bias, HN_ACT_NONE, err);
    if (status != HN_OK)
        return status;
    out->output = d.out[0];
    set_param(&out->param[0], w, true);
    if (!l->no_bias)
        set_param(&out->param[1], vector(l->filters), true);
    return HN_OK;
}

static hn_status infer_batch_norm(const hni_layer *l, const hn_tensor_desc *x, hni_layer_shapes *out, hn_error *err) {
    if (!(l->momentum >= 0.0 && l->momentum <= 1.0)) /* the inference form, which has no momentum, is what is asked below */
        return hni_fail(err, HN_E_ARGUMENT, "batch_norm: momentum %g must be 0 … 1", l->momentum);
    hn_op_desc d;
    const hn_status status = hni_op_batch_norm(&d, x, false, l->epsilon, 0.0, err);
    if (status != HN_OK)
        return status;
    out->output = d.out[0];
    for (int i = 0; i < 4; i++)
        set_param(&out->param[i], vector(x->dims[1]), i < 2);
    return HN_OK;
}

static hn_status infer_group_norm(const hni_layer *l, const hn_tensor_desc *x, hni_layer_shapes *out, hn_error *err) {
    hn_op_desc d;
    const hn_status status = hni_op_group_norm(&d, x, l->window.groups, l->epsilon, err);
    if (status != HN_OK)
        return status;
    out->output = d.out[0];
    for (int i = 0; i < 2; i++)
        set_param(&out->param[i], vector(x->dims[1]), true);
    return HN_OK;
}

static hn_status infer_concat(const hn_tensor_desc *a, const hn_tensor_desc *b, hni_layer_shapes *out, hn_error *err) {
    hn_op_desc d;
    const hn_status status = hni_op_concat(&d, a, b, err);
    out->output = d.out[0];
    return status;
}

hn_tensor_desc hni_channel_numbers(const hn_tensor_desc *t) {
    return t->rank == 2 ? hni_tensor(t->dtype, 4, t->dims[0], t->dims[1], 1, 1) : *t;
}

static hn_status infer_channel_scale(const hn_tensor_desc *x, const hn_tensor_desc *scale, hni_layer_shapes *out, hn_error *err) {
    hn_op_desc d;
    const hn_status status = hni_op_channel_scale(&d, x, err);
    if (status != HN_OK)
        return status;
    const hn_tensor_desc s = hni_channel_numbers(scale);
    bool same = s.rank == 4;
    for (int i = 0; i < 4; i++)
        same = same && s.dims[i] == d.in[1].dims[i];
    if (!same) {
        char left[96], right[96];
        hni_shape_text(x, left, sizeof left);
        hni_shape_text(scale, right, sizeof right);
        return hni_fail(err, HN_E_SHAPE, "channel_scale: %s and a scale %s; the scale has one number a channel, [N, C, 1, 1] or [N, C]", left, right);
    }
    out->output = d.out[0];
    return HN_OK;
}

static hn_status infer_add(const hn_tensor_desc *a, const hn_tensor_desc *b, hni_layer_shapes *out, hn_error *err) {
    bool same = a->rank == b->rank;
    for (int i = 0; i < 4; i++)
        same = same && a->dims[i] == b->dims[i];
    if (!same) {
        char left[96], right[96];
        hni_shape_text(a, left, sizeof left);
        hni_shape_text(b, right, sizeof right);
        return hni_fail(err, HN_E_SHAPE, "add: %s and %s differ; a sum is of two values of one shape", left, right);
    }
    hn_op_desc d;
    const hn_status status = hni_op_add(&d, a, err);
    out->output = *a;
    return status;
}

static hn_status infer(const hni_layer *l, const hn_tensor_desc *x, const hn_tensor_desc *second, hni_layer_shapes *out, hn_error *err) {
    hn_op_desc d = {0};
    hn_status status = HN_OK;
    out->output = *x;
    switch (l->kind) {
    case HNI_LAYER_CONV2D:
        return infer_conv(l, x, out, err);
    case HNI_LAYER_DENSE:
        return infer_dense(l, x, out, err);
    case HNI_LAYER_BATCH_NORM:
        return infer_batch_norm(l, x, out, err);
    case HNI_LAYER_ADD:
        return infer_add(x, second, out, err);
    case HNI_LAYER_GROUP_NORM:
        return infer_group_norm(l, x, out, err);
    case HNI_LAYER_CONCAT:
        return infer_concat(x, second, out, err);
    case HNI_LAYER_CHANNEL_SCALE:
        return infer_channel_scale(x, second, out, err);
    case HNI_LAYER_FLATTEN:
        out->output = hni_flattened(x);
        return HN_OK;
    case HNI_LAYER_MAX_POOL2D:
    case HNI_LAYER_AVG_POOL2D:
        status = hni_op_pool2d(&d, l->kind == HNI_LAYER_MAX_POOL2D ? HN_OP_MAX_POOL2D : HN_OP_AVG_POOL2D, x, &l->window, err);
        break;
    case HNI_LAYER_GLOBAL_AVG_POOL:
        status = hni_op_global_avg_pool(&d, x, err);
        break;
    case HNI_LAYER_ACTIVATION:
        if (l->activation == HN_ACT_NONE)
            return HN_OK;
        status = hni_op_activation(&d, x, l->activation, err);
        break;
    case HNI_LAYER_DROPOUT:
        status = hni_op_dropout(&d, x, l->rate, 0, err);
        break;
    default:
        return hni_fail(err, HN_E_ARGUMENT, "layer kind %d is not known", l->kind);
    }
    if (status == HN_OK)
        out->output = d.out[0];
    return status;
}

hn_status hni_layer_infer(const hni_graph *graph, const hni_layer *layer, hni_layer_shapes *out, hn_error *err) {
    const hn_tensor_desc *x = &graph->values[layer->input[0]];
    const hn_tensor_desc *second = hni_layer_inputs(layer) == 2 ? &graph->values[layer->input[1]] : NULL;
    hni_layer_shapes shapes = {0};
    const hn_status status = infer(layer, x, second, &shapes, err);
    if (status == HN_OK)
        *out = shapes;
    else
        hni_error_prefix(err, "layer \"%s\"", layer->name);
    return status;
}
