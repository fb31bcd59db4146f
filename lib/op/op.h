/* op.h - operator descriptions: shape inference, validation, names. No numerics, no devices. */
#ifndef HNI_OP_OP_H
#define HNI_OP_OP_H

#include <stdbool.h>

#include "haemnet/backend.h"

enum { HNI_OP_LAST = HN_OP_CLASS_MAP }; /* the largest kind */

const char *hni_op_name(int32_t kind);                  /* "conv2d"; "?" */
size_t hni_dtype_size(int32_t dtype);                   /* bytes; 0 if unknown */
int64_t hni_tensor_elements(const hn_tensor_desc *t);   /* product of dims; 1-based; 0 for rank 0; -1 on overflow */
int64_t hni_tensor_bytes(const hn_tensor_desc *t);      /* -1 on overflow */
hn_tensor_desc hni_tensor(int32_t dtype, int32_t rank, int64_t d0, int64_t d1, int64_t d2, int64_t d3);
void hni_shape_text(const hn_tensor_desc *t, char *text, size_t size); /* "[1, 10, 64, 64]" */
void hni_op_text(const hn_op_desc *desc, char *text, size_t size);     /* "conv2d [1, 3, 64, 64] * [10, 3, 3, 3], stride 1x1, …" */

/* Output extent of a window along one axis; -1 if it does not fit. */
int64_t hni_window_extent(int64_t in, int32_t kernel, int32_t stride, int32_t padding, int32_t dilation);

/* Every field of desc is what its kind asks for: counts, ranks, dtypes, shapes that fit, constants in range, no product over 2^40
 * elements. What passes is safe to run. HN_E_SHAPE or HN_E_ARGUMENT with the operator and the shapes otherwise. */
hn_status hni_op_validate(const hn_op_desc *desc, hn_error *err);

/* Makers: fill desc from inputs and constants, infer the outputs, validate. Zeroed optional pointers mean "left out". */
typedef struct hni_window2d {
    int32_t kernel[2], stride[2], padding[2], dilation[2];
    int32_t groups, exclude_padding;
    int32_t pool; /* convolution: 0 or 2 */
    int32_t extra_padding[2]; /* convolution: below and at the right only */
} hni_window2d;
hn_status hni_op_conv2d(hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, bool bias, const hni_window2d *win, int32_t activation,
                        hn_error *err);
/* Adds the batch norm of inference to a convolution, before its activation. */
hn_status hni_op_norm_inside(hn_op_desc *conv, double epsilon, hn_error *err);
/* Adds another tensor to it after that, before its activation. */
hn_status hni_op_add_inside(hn_op_desc *conv, hn_error *err);
/* From a forward description: what its gradients need. */
hn_status hni_op_conv2d_grads(const hn_op_desc *forward, hn_op_desc *grad_input, hn_op_desc *grad_weight, hn_error *err);
hn_status hni_op_pool2d(hn_op_desc *d, int32_t kind, const hn_tensor_desc *x, const hni_window2d *win, hn_error *err);
hn_status hni_op_pool2d_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err); /* max, average and global */
/* The gradient of a ReLU taken along: x of a convolution's or maximum pooling's gradient is the ReLU's output, dx its input's gradient. */
hn_status hni_op_through_relu(hn_op_desc *grad, hn_error *err);
hn_status hni_op_global_avg_pool(hn_op_desc *d, const hn_tensor_desc *x, hn_error *err);
hn_status hni_op_dense(hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, bool bias, int32_t activation, hn_error *err);
hn_status hni_op_dense_grads(const hn_op_desc *forward, hn_op_desc *grad_input, hn_op_desc *grad_weight, hn_error *err);
hn_status hni_op_batch_norm(hn_op_desc *d, const hn_tensor_desc *x, bool train, double epsilon, double momentum, hn_error *err);
hn_status hni_op_batch_norm_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err);
hn_status hni_op_activation(hn_op_desc *d, const hn_tensor_desc *x, int32_t activation, hn_error *err);
bool hni_gradient_by_input(int32_t activation); /* its gradient looks at the activation's input and not at its output */
hn_status hni_op_activation_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err);
hn_status hni_op_add(hn_op_desc *d, const hn_tensor_desc *x, hn_error *err);
hn_status hni_op_dropout(hn_op_desc *d, const hn_tensor_desc *x, double rate, uint32_t stream, hn_error *err);
hn_status hni_op_softmax(hn_op_desc *d, const hn_tensor_desc *x, hn_error *err);
typedef struct hni_loss_options {
    int32_t positive; /* HN_OP_SOFTMAX_LOSS: index or -1 */
    bool targets;     /* HN_OP_SOFTMAX_LOSS: labels are [N,K] f32 and not [N] i32 */
    double threshold, smoothing, focal;
} hni_loss_options;
hn_status hni_op_loss(hn_op_desc *d, int32_t kind, const hn_tensor_desc *x, const hni_loss_options *options, hn_error *err);
hn_status hni_op_optimizer(hn_op_desc *d, int32_t optimizer, int64_t parameters, int32_t groups, hn_error *err);
/* samples: N if rows are given, else 0. height, width: of the output; 0 = those of x. */
typedef struct hni_preprocess_options {
    int64_t samples, height, width;
    bool rows, augment;
} hni_preprocess_options;
hn_status hni_op_preprocess(hn_op_desc *d, const hn_tensor_desc *x_u8, const hni_preprocess_options *options, hn_error *err); /* options NULL = none */
hn_status hni_op_group_norm(hn_op_desc *d, const hn_tensor_desc *x, int32_t groups, double epsilon, hn_error *err);
hn_status hni_op_group_norm_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err);
hn_status hni_op_concat(hn_op_desc *d, const hn_tensor_desc *a, const hn_tensor_desc *b, hn_error *err);
hn_status hni_op_concat_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err);
hn_status hni_op_channel_scale(hn_op_desc *d, const hn_tensor_desc *x, hn_error *err);
hn_status hni_op_channel_scale_grad(const hn_op_desc *forward, hn_op_desc *grad, hn_error *err);
hn_status hni_op_accumulate(hn_op_desc *d, int64_t parameters, hn_error *err);
hn_status hni_op_clip(hn_op_desc *d, int64_t parameters, hn_error *err);
hn_status hni_op_average(hn_op_desc *d, int64_t parameters, hn_error *err);
/* per_pixel: the weights are [N,C,H,W] and not [N,C,1,1]. */
hn_status hni_op_class_map(hn_op_desc *d, const hn_tensor_desc *features, bool per_pixel, int32_t activation, hn_error *err);

#endif
