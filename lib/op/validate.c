/* validate.c - the table of operators, and the check that every description passes before a backend sees it.
 *
 * The first gate between numbers that a model file or a caller brought and loops that index memory by them. What is the same for all
 * kinds is checked here; what a kind asks of its tensors is checked by its rule. Unused fields must be 0, so that a later version can
 * give them a meaning. */
#include <stdarg.h>
#include <stdio.h>

#include "rules.h"

enum {
    WINDOW = HNI_USES_STRIDE | HNI_USES_PADDING | HNI_USES_DILATION,
    CONV = WINDOW | HNI_USES_GROUPS | HNI_USES_EXTRA,
    POOL = WINDOW | HNI_USES_KERNEL
};

static const hni_rule RULES[] = {
    [HN_OP_CONV2D] = {"conv2d", 8, 1, CONV | HNI_USES_ACTIVATION | HNI_USES_POOL | HNI_USES_EPSILON, hni_check_conv2d},
    [HN_OP_CONV2D_GRAD_INPUT] = {"conv2d_grad_input", 3, 1, CONV | HNI_USES_ACTIVATION, hni_check_conv2d_grad_input},
    [HN_OP_CONV2D_GRAD_WEIGHT] = {"conv2d_grad_weight", 2, 2, CONV, hni_check_conv2d_grad_weight},
    [HN_OP_MAX_POOL2D] = {"max_pool2d", 1, 1, POOL, hni_check_pool2d},
    [HN_OP_MAX_POOL2D_GRAD] = {"max_pool2d_grad", 3, 1, POOL | HNI_USES_ACTIVATION, hni_check_max_pool2d_grad},
    [HN_OP_AVG_POOL2D] = {"avg_pool2d", 1, 1, POOL | HNI_USES_EXCLUDE, hni_check_pool2d},
    [HN_OP_AVG_POOL2D_GRAD] = {"avg_pool2d_grad", 1, 1, POOL | HNI_USES_EXCLUDE, hni_check_avg_pool2d_grad},
    [HN_OP_GLOBAL_AVG_POOL] = {"global_avg_pool", 1, 1, 0, hni_check_global_avg_pool},
    [HN_OP_GLOBAL_AVG_POOL_GRAD] = {"global_avg_pool_grad", 1, 1, 0, hni_check_global_avg_pool_grad},
    [HN_OP_DENSE] = {"dense", 3, 1, HNI_USES_ACTIVATION, hni_check_dense},
    [HN_OP_DENSE_GRAD_INPUT] = {"dense_grad_input", 2, 1, 0, hni_check_dense_grad_input},
    [HN_OP_DENSE_GRAD_WEIGHT] = {"dense_grad_weight", 2, 2, 0, hni_check_dense_grad_weight},
    [HN_OP_BATCH_NORM_TRAIN] = {"batch_norm_train", 5, 5, HNI_USES_EPSILON | HNI_USES_MOMENTUM, hni_check_batch_norm_train},
    [HN_OP_BATCH_NORM] = {"batch_norm", 5, 1, HNI_USES_EPSILON, hni_check_batch_norm},
    [HN_OP_BATCH_NORM_GRAD] = {"batch_norm_grad", 5, 3, 0, hni_check_batch_norm_grad},
    [HN_OP_ACTIVATION] = {"activation", 1, 1, HNI_USES_ACTIVATION, hni_check_activation},
    [HN_OP_ACTIVATION_GRAD] = {"activation_grad", 2, 1, HNI_USES_ACTIVATION, hni_check_activation_grad},
    [HN_OP_ADD] = {"add", 2, 1, 0, hni_check_add},
    [HN_OP_DROPOUT] = {"dropout", 2, 1, HNI_USES_RATE | HNI_USES_STREAM, hni_check_dropout},
    [HN_OP_SOFTMAX] = {"softmax", 1, 1, 0, hni_check_softmax},
    [HN_OP_SOFTMAX_LOSS] = {"softmax_loss", 3, 3, HNI_USES_POSITIVE | HNI_USES_THRESHOLD | HNI_USES_SOFTENING, hni_check_softmax_loss},
    [HN_OP_SIGMOID_LOSS] = {"sigmoid_loss", 3, 3, HNI_USES_THRESHOLD | HNI_USES_SOFTENING, hni_check_sigmoid_loss},
    [HN_OP_OPTIMIZER] = {"optimizer", 6, 3, HNI_USES_OPTIMIZER, hni_check_optimizer},
    [HN_OP_PREPROCESS] = {"preprocess", 6, 1, 0, hni_check_preprocess},
    [HN_OP_GROUP_NORM] = {"group_norm", 3, 3, HNI_USES_GROUPS | HNI_USES_EPSILON, hni_check_group_norm},
    [HN_OP_GROUP_NORM_GRAD] = {"group_norm_grad", 5, 3, HNI_USES_GROUPS, hni_check_group_norm_grad},
    [HN_OP_CONCAT] = {"concat", 2, 1, 0, hni_check_concat},
    [HN_OP_CONCAT_GRAD] = {"concat_grad", 1, 2, 0, hni_check_concat_grad},
    [HN_OP_CHANNEL_SCALE] = {"channel_scale", 2, 1, 0, hni_check_channel_scale},
    [HN_OP_CHANNEL_SCALE_GRAD] = {"channel_scale_grad", 3, 2, 0, hni_check_channel_scale_grad},
    [HN_OP_ACCUMULATE] = {"accumulate", 3, 1, 0, hni_check_accumulate},
    [HN_OP_CLIP] = {"clip", 2, 2, 0, hni_check_clip},
    [HN_OP_AVERAGE] = {"average", 3, 1, 0, hni_check_average},
    [HN_OP_CLASS_MAP] = {"class_map", 2, 1, HNI_USES_ACTIVATION, hni_check_class_map},
};

const hni_rule *hni_rule_of(int32_t kind) {
    const int32_t count = (int32_t)(sizeof RULES / sizeof RULES[0]);
    return kind >= 1 && kind < count && RULES[kind].name ? &RULES[kind] : NULL;
}

const char *hni_op_name(int32_t kind) {
    const hni_rule *rule = hni_rule_of(kind);
    return rule ? rule->name : "?";
}

hn_status hni_bad_constant(const hn_op_desc *d, hn_error *err, const char *format, ...) {
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return hni_fail(err, HN_E_ARGUMENT, "%s: %s", hni_op_name(d->kind), text);
}

static bool is_sound(const hn_tensor_desc *t) {
    if (t->rank < 1 || t->rank > 4 || hni_dtype_size(t->dtype) == 0)
        return false;
    for (int i = t->rank; i < 4; i++)
        if (t->dims[i] != 1)
            return false;
    const int64_t elements = hni_tensor_elements(t);
    return elements >= 1 && elements <= HNI_MAX_ELEMENTS;
}

static const char *dtype_name(int32_t dtype) {
    static const char *const names[] = {"?", "f32", "f64", "u8", "i32", "u32"};
    return dtype >= 1 && dtype <= 5 ? names[dtype] : names[0];
}

hn_status hni_want(const hn_op_desc *d, const hn_tensor_desc *t, const char *what, hn_tensor_desc wanted, hn_error *err) {
    char is[96], must[96];
    hni_shape_text(t, is, sizeof is);
    if (!is_sound(t))
        return hni_fail(err, HN_E_SHAPE, "%s: %s %s %s is no tensor: every extent must be 1 or more, at most 2^40 elements in all",
                        hni_op_name(d->kind), what, dtype_name(t->dtype), is);
    bool same = t->dtype == wanted.dtype && (wanted.rank == HNI_ANY || t->rank == wanted.rank);
    for (int i = 0; same && wanted.rank != HNI_ANY && i < t->rank; i++)
        same = wanted.dims[i] == HNI_ANY || t->dims[i] == wanted.dims[i];
    if (same)
        return HN_OK;
    if (wanted.rank == HNI_ANY)
        snprintf(must, sizeof must, "of any shape");
    else
        hni_shape_text(&wanted, must, sizeof must);
    return hni_fail(err, HN_E_SHAPE, "%s: %s is %s %s, but must be %s %s (-1: any)", hni_op_name(d->kind), what, dtype_name(t->dtype), is,
                    dtype_name(wanted.dtype), must);
}

/* Constants that the kind does not use. -0.0 and NaN count as set: only all-zero bits are "not used" for a number. */
static const char *stray_constant(const hn_op_desc *d, uint32_t uses) {
    const struct {
        uint32_t use;
        bool set;
        const char *name;
    } fields[] = {
        {HNI_USES_KERNEL, d->kernel[0] || d->kernel[1], "kernel"},
        {HNI_USES_STRIDE, d->stride[0] || d->stride[1], "stride"},
        {HNI_USES_PADDING, d->padding[0] || d->padding[1], "padding"},
        {HNI_USES_DILATION, d->dilation[0] || d->dilation[1], "dilation"},
        {HNI_USES_GROUPS, d->groups != 0, "groups"},
        {HNI_USES_ACTIVATION, d->activation != 0, "activation"},
        {HNI_USES_EXCLUDE, d->exclude_padding != 0, "exclude_padding"},
        {HNI_USES_OPTIMIZER, d->optimizer != 0, "optimizer"},
        {HNI_USES_POSITIVE, d->positive != 0, "positive"},
        {HNI_USES_STREAM, d->stream != 0, "stream"},
        {HNI_USES_EPSILON, !(d->epsilon == 0.0), "epsilon"},
        {HNI_USES_MOMENTUM, !(d->momentum == 0.0), "momentum"},
        {HNI_USES_RATE, !(d->rate == 0.0), "rate"},
        {HNI_USES_THRESHOLD, !(d->threshold == 0.0), "threshold"},
        {HNI_USES_POOL, d->pool != 0, "pool"},
        {HNI_USES_EXTRA, d->extra_padding[0] || d->extra_padding[1], "extra_padding"},
        {HNI_USES_SOFTENING, !(d->smoothing == 0.0), "smoothing"},
        {HNI_USES_SOFTENING, !(d->focal == 0.0), "focal"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i].set && !(uses & fields[i].use))
            return fields[i].name;
    return NULL;
}

hn_status hni_op_validate(const hn_op_desc *desc, hn_error *err) {
    if (!desc || desc->struct_size != sizeof(hn_op_desc))
        return hni_fail(err, HN_E_ARGUMENT, "operator description: struct_size is %u, must be %zu", desc ? desc->struct_size : 0u,
                        sizeof(hn_op_desc));
    const hni_rule *rule = hni_rule_of(desc->kind);
    if (!rule)
        return hni_fail(err, HN_E_ARGUMENT, "operator kind %d is not known; see HN_OP_… in haemnet/backend.h", desc->kind);
    if (desc->n_in != rule->n_in || desc->n_out != rule->n_out)
        return hni_bad_constant(desc, err, "has %d inputs and %d outputs, must have %d and %d (optional ones included)", desc->n_in,
                                desc->n_out, rule->n_in, rule->n_out);
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++)
        if ((i >= rule->n_in && desc->in[i].rank != 0) || (i >= rule->n_out && desc->out[i].rank != 0))
            return hni_bad_constant(desc, err, "describes a tensor at place %d, past its last one; leave it 0", i);
    const char *stray = stray_constant(desc, rule->uses);
    if (stray)
        return hni_bad_constant(desc, err, "does not use %s; leave it 0", stray);
    if (desc->constant < 0 || desc->constant >> rule->n_in != 0)
        return hni_bad_constant(desc, err, "constant inputs 0x%x: there are %d inputs, one bit each", (unsigned)desc->constant, rule->n_in);
    return rule->check(desc, err);
}
