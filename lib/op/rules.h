/* rules.h - what each kind of operator asks of a description: the table, the checks, and the inference of outputs. Inside lib/op only.
 *
 * A check looks at a whole description and says what is wrong; where outputs follow from inputs it infers them anew and compares, so
 * that makers (make.c) and validation (validate.c) cannot disagree. */
#ifndef HNI_OP_RULES_H
#define HNI_OP_RULES_H

#include "../base/status.h"
#include "op.h"

/* Limits that keep every index of every backend inside int64, and every position inside a window inside int32. */
#define HNI_MAX_ELEMENTS ((int64_t)1 << 40) /* of one tensor */
#define HNI_MAX_EXTENT ((int64_t)1 << 24)   /* height or width of an image */
#define HNI_MAX_WINDOW 32768                /* kernel, stride, padding, dilation */
#define HNI_MAX_GROUPS 256                  /* parameter groups: their number is a u8 */

#define HNI_ANY (-1) /* in a wanted shape: any extent */

/* Which constants a kind uses; the others are to be 0. */
enum {
    HNI_USES_KERNEL = 1 << 0,
    HNI_USES_STRIDE = 1 << 1,
    HNI_USES_PADDING = 1 << 2,
    HNI_USES_DILATION = 1 << 3,
    HNI_USES_GROUPS = 1 << 4,
    HNI_USES_ACTIVATION = 1 << 5,
    HNI_USES_EXCLUDE = 1 << 6,
    HNI_USES_OPTIMIZER = 1 << 7,
    HNI_USES_POSITIVE = 1 << 8,
    HNI_USES_STREAM = 1 << 9,
    HNI_USES_EPSILON = 1 << 10,
    HNI_USES_MOMENTUM = 1 << 11,
    HNI_USES_RATE = 1 << 12,
    HNI_USES_THRESHOLD = 1 << 13,
    HNI_USES_POOL = 1 << 14,
    HNI_USES_SOFTENING = 1 << 15, /* smoothing and focal */
    HNI_USES_EXTRA = 1 << 16
};

typedef struct hni_rule {
    const char *name;
    int32_t n_in, n_out; /* optional tensors included */
    uint32_t uses;       /* HNI_USES_… */
    hn_status (*check)(const hn_op_desc *d, hn_error *err);
} hni_rule;

const hni_rule *hni_rule_of(int32_t kind); /* NULL if there is no such kind */

/* `what` (say "input x") of operator d is a sound tensor and equals `wanted`; HNI_ANY stands for any extent, rank HNI_ANY for any. */
hn_status hni_want(const hn_op_desc *d, const hn_tensor_desc *t, const char *what, hn_tensor_desc wanted, hn_error *err);

/* HN_E_ARGUMENT, "OPERATOR: " and the text. */
hn_status hni_bad_constant(const hn_op_desc *d, hn_error *err, const char *format, ...) HNI_PRINTF(3, 4);

/* Outputs from inputs; they check the inputs and the constants on the way. */
hn_status hni_infer_conv2d(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, hn_tensor_desc *y, hn_error *err);
hn_status hni_infer_pool2d(const hn_op_desc *d, const hn_tensor_desc *x, hn_tensor_desc *y, hn_error *err);
hn_status hni_infer_dense(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, hn_tensor_desc *y, hn_error *err);

/* activation is a known one, `least` (0 or 1) or more. */
hn_status hni_check_known_activation(const hn_op_desc *d, int32_t least, hn_error *err);

/* The checks, in the order of HN_OP_…; rules_window.c, rules_layer.c, rules_train.c. */
hn_status hni_check_conv2d(const hn_op_desc *d, hn_error *err);
hn_status hni_check_conv2d_grad_input(const hn_op_desc *d, hn_error *err);
hn_status hni_check_conv2d_grad_weight(const hn_op_desc *d, hn_error *err);
hn_status hni_check_pool2d(const hn_op_desc *d, hn_error *err);
hn_status hni_check_max_pool2d_grad(const hn_op_desc *d, hn_error *err);
hn_status hni_check_avg_pool2d_grad(const hn_op_desc *d, hn_error *err);
hn_status hni_check_global_avg_pool(const hn_op_desc *d, hn_error *err);
hn_status hni_check_global_avg_pool_grad(const hn_op_desc *d, hn_error *err);
hn_status hni_check_dense(const hn_op_desc *d, hn_error *err);
hn_status hni_check_dense_grad_input(const hn_op_desc *d, hn_error *err);
hn_status hni_check_dense_grad_weight(const hn_op_desc *d, hn_error *err);
hn_status hni_check_batch_norm_train(const hn_op_desc *d, hn_error *err);
hn_status hni_check_batch_norm(const hn_op_desc *d, hn_error *err);
hn_status hni_check_batch_norm_grad(const hn_op_desc *d, hn_error *err);
hn_status hni_check_activation(const hn_op_desc *d, hn_error *err);
hn_status hni_check_activation_grad(const hn_op_desc *d, hn_error *err);
hn_status hni_check_add(const hn_op_desc *d, hn_error *err);
hn_status hni_check_dropout(const hn_op_desc *d, hn_error *err);
hn_status hni_check_softmax(const hn_op_desc *d, hn_error *err);
hn_status hni_check_softmax_loss(const hn_op_desc *d, hn_error *err);
hn_status hni_check_sigmoid_loss(const hn_op_desc *d, hn_error *err);
hn_status hni_check_optimizer(const hn_op_desc *d, hn_error *err);
hn_status hni_check_preprocess(const hn_op_desc *d, hn_error *err);
hn_status hni_check_group_norm(const hn_op_desc *d, hn_error *err);
hn_status hni_check_group_norm_grad(const hn_op_desc *d, hn_error *err);
hn_status hni_check_concat(const hn_op_desc *d, hn_error *err);
hn_status hni_check_concat_grad(const hn_op_desc *d, hn_error *err);
hn_status hni_check_channel_scale(const hn_op_desc *d, hn_error *err);
hn_status hni_check_channel_scale_grad(const hn_op_desc *d, hn_error *err);
hn_status hni_check_accumulate(const hn_op_desc *d, hn_error *err);
hn_status hni_check_clip(const hn_op_desc *d, hn_error *err);
hn_status hni_check_average(const hn_op_desc *d, hn_error *err);
hn_status hni_check_class_map(const hn_op_desc *d, hn_error *err);

#endif
