/* builder.h - networks of one's own, layer by layer.
 *
 * Each call adds a layer and gives the number of its output; value 0 is the input, [N, channels, height, width]. A layer is named, and
 * its weights are `name.weight`, `name.bias` and so on in the model file. A shape that cannot work is refused when the layer is added. */
#ifndef HAEMNET_BUILDER_H
#define HAEMNET_BUILDER_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_builder hn_builder;

/* Activations, also those fused into a layer. */
enum {
    HN_ACT_NONE = 0,
    HN_ACT_RELU = 1,       /* max(x, 0) */
    HN_ACT_SIGMOID = 2,    /* 1 / (1 + exp(-x)) */
    HN_ACT_RELU6 = 3,      /* min(max(x, 0), 6) */
    HN_ACT_SILU = 4,       /* x · sigmoid(x) */
    HN_ACT_HARD_SWISH = 5, /* x · min(max(x + 3, 0), 6) / 6 */
    HN_ACT_TANH = 6        /* tanh(x) */
};

typedef struct hn_conv2d_options {
    uint32_t struct_size; /* sizeof(hn_conv2d_options) */
    int32_t filters;      /* output channels, ≥ 1 */
    int32_t kernel[2];    /* height, width in px; 0 = 3 */
    int32_t stride[2];    /* 0 = 1 */
    int32_t padding[2];   /* px of zeros on each side, ≥ 0 */
    int32_t dilation[2];  /* 0 = 1 */
    int32_t groups;       /* divides input channels and filters; 0 = 1 */
    int32_t no_bias;      /* 1 = no bias */
    int32_t extra_padding[2]; /* px of zeros more below and at the right, ≥ 0: TensorFlow's "same" where stride and size are even */
} hn_conv2d_options;

typedef struct hn_pool2d_options {
    uint32_t struct_size;   /* sizeof(hn_pool2d_options) */
    int32_t exclude_padding;/* average pooling: 1 = divide by the pixels inside, 0 = by the whole window */
    int32_t kernel[2];      /* height, width in px; 0 = 2 */
    int32_t stride[2];      /* 0 = kernel */
    int32_t padding[2];     /* px, at most half the kernel */
} hn_pool2d_options;

/* Starts a network.
 *   options  input, classes, preprocessing and seed; `hidden` is ignored; copied
 *   out      receives the handle; free it with hn_builder_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_builder_create(hn_context *context, const hn_model_options *options, hn_builder **out, hn_error *err);

/* Convolution, [N,C,H,W] → [N,filters,H',W'], H' = (H + 2·padding + extra_padding - dilation·(kernel-1) - 1) / stride + 1
 * rounded down.
 *   input    value that goes in
 *   name     unique, 1 … 63 bytes of [A-Za-z0-9_.]; copied
 *   options  see hn_conv2d_options
 *   out      receives the value that comes out
 * Errors:  HN_E_ARGUMENT, HN_E_ABI, HN_E_NOT_FOUND (input), HN_E_SHAPE (names layer and shapes), HN_E_LIMIT, HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_conv2d(hn_builder *builder, int32_t input, const char *name, const hn_conv2d_options *options, int32_t *out,
                                   hn_error *err);

/* Maximum over windows, [N,C,H,W] → [N,C,H',W'].
 *   options  NULL = 2×2, stride 2
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_max_pool2d(hn_builder *builder, int32_t input, const char *name, const hn_pool2d_options *options, int32_t *out,
                                       hn_error *err);

/* Mean over windows, [N,C,H,W] → [N,C,H',W'].
 *   options  NULL = 2×2, stride 2
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_avg_pool2d(hn_builder *builder, int32_t input, const char *name, const hn_pool2d_options *options, int32_t *out,
                                       hn_error *err);

/* Mean over all pixels, [N,C,H,W] → [N,C,1,1].
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_global_avg_pool(hn_builder *builder, int32_t input, const char *name, int32_t *out, hn_error *err);

/* Fully connected layer, [N,F] → [N,features]; [N,C,H,W] is flattened first.
 *   features ≥ 1
 *   no_bias  1 = no bias
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_dense(hn_builder *builder, int32_t input, const char *name, int32_t features, int32_t no_bias, int32_t *out,
                                  hn_error *err);

/* Batch normalisation over N, H, W of each channel; running statistics for inference (PyTorch's BatchNorm2d).
 *   epsilon  added to the variance; 0 = 1e-5
 *   momentum weight of the new batch in the running statistics; 0 = 0.1
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_batch_norm(hn_builder *builder, int32_t input, const char *name, double epsilon, double momentum, int32_t *out,
                                       hn_error *err);

/* Activation, shape unchanged.
 *   activation  HN_ACT_…
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_activation(hn_builder *builder, int32_t input, const char *name, int32_t activation, int32_t *out, hn_error *err);

/* Dropout: while training, each number is 0 with probability `rate`, else divided by 1 - rate; nothing at inference.
 *   rate     0 ≤ rate < 1
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_dropout(hn_builder *builder, int32_t input, const char *name, double rate, int32_t *out, hn_error *err);

/* Group normalisation: over the channels of each group and all pixels of each image (PyTorch's GroupNorm); no running statistics.
 *   groups   divides the channels; 0 = 32, or the channels if they are fewer
 *   epsilon  added to the variance; 0 = 1e-5
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_group_norm(hn_builder *builder, int32_t input, const char *name, int32_t groups, double epsilon, int32_t *out,
                                       hn_error *err);

/* Two values side by side, [N,A,H,W] and [N,B,H,W] → [N,A+B,H,W].
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_concat(hn_builder *builder, int32_t a, int32_t b, const char *name, int32_t *out, hn_error *err);

/* Each channel of a value times a number of its own, [N,C,H,W] and [N,C,1,1] (or [N,C]) → [N,C,H,W].
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_channel_scale(hn_builder *builder, int32_t input, int32_t scale, const char *name, int32_t *out, hn_error *err);

/* Squeeze and excitation (Hu et al. 2018): the input scaled by sigmoid(fc2(activation(fc1(mean over pixels)))). Its layers are `name.avgpool`,
 * `name.fc1` and `name.fc2` (1×1 convolutions, as torchvision's), `name.activation`, `name.scale_activation`, `name.scale`.
 *   squeeze     channels between fc1 and fc2, ≥ 1
 *   activation  HN_ACT_… between them; 0 = ReLU
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_squeeze_excite(hn_builder *builder, int32_t input, const char *name, int32_t squeeze, int32_t activation,
                                           int32_t *out, hn_error *err);

/* Sum of two values of one shape.
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_add(hn_builder *builder, int32_t a, int32_t b, const char *name, int32_t *out, hn_error *err);

/* [N,C,H,W] → [N, C·H·W], row-major.
 * Errors:  as hn_builder_conv2d.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_flatten(hn_builder *builder, int32_t input, const char *name, int32_t *out, hn_error *err);

/* Ends the network and makes the model, with fresh weights. The builder can only be freed afterwards.
 *   logits   value with the shape [N, n_classes]
 *   out      receives the handle; free it with hn_model_free
 * Errors:  HN_E_ARGUMENT, HN_E_NOT_FOUND, HN_E_SHAPE (logits are not [N, n_classes]), HN_E_STATE (finished already), HN_E_MEMORY.
 * Thread:  owner.
 * Since:   0.1 */
HN_API hn_status hn_builder_finish(hn_builder *builder, int32_t logits, hn_model **out, hn_error *err);

/* Gives the handle back. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_builder_free(hn_builder *builder);

#ifdef __cplusplus
}
#endif
#endif
