/* kernels.h - the backend's own device code as C functions. Each enqueues on `stream` and returns; none waits, none allocates.
 *
 * Pointers are device memory unless said otherwise. Sums are float64 and their order follows from shapes alone, so that every launch gives
 * the same bits. Sizes are checked by hni_op_validate; what lies in memory (labels, groups) is not trusted. */
#ifndef HNI_CUDA_KERNELS_H
#define HNI_CUDA_KERNELS_H

#include <cuda_runtime_api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Element by element, n numbers; y may be x (dx may be dy, sum may be a). activation: HN_ACT_… */
cudaError_t hni_kernel_activation(int64_t n, int32_t activation, const float *x, float *y, cudaStream_t stream);
cudaError_t hni_kernel_activation_grad(int64_t n, int32_t activation, const float *y, const float *dy, float *dx, cudaStream_t stream);
cudaError_t hni_kernel_add(int64_t n, const float *a, const float *b, float *sum, cudaStream_t stream);
/* x rounded to bfloat16, to the nearest, ties to even; NaN stays NaN. */
cudaError_t hni_kernel_cast_bf16(int64_t n, const float *x, uint16_t *y, cudaStream_t stream);

/* HN_OP_DROPOUT: samples × size numbers, keys[samples,4]; a word below threshold drops (lib/op/dropout.h). y may be x. */
typedef struct hni_dropout_args {
    int64_t samples, size;
    uint32_t stream, threshold;
    float scale;
    const float *x;
    const uint32_t *keys;
    float *y;
} hni_dropout_args;
cudaError_t hni_kernel_dropout(hni_dropout_args args, cudaStream_t stream);

/* HN_OP_PREPROCESS: to samples of channels × height × width numbers, from `images` stored ones. augment: HN_AUGMENT_…, see there; then tones
 * is hni_augment_room() numbers, and the stored images have their own height and width. */
typedef struct hni_preprocess_args {
    int64_t samples, channels, height, width;
    int64_t images, from_height, from_width;
    const uint8_t *x;
    const float *mean, *deviation; /* [channels] */
    const int32_t *rows;           /* [samples], or NULL: sample i is image i */
    const float *augment;          /* [samples,HN_AUGMENT_COLUMNS] */
    const uint32_t *keys;          /* [samples,4] */
    double *tones;
    float *y;
} hni_preprocess_args;
static inline int64_t hni_augment_room(int64_t samples) {
    return samples * 256;
}
cudaError_t hni_kernel_preprocess(hni_preprocess_args args, cudaStream_t stream);
cudaError_t hni_kernel_augment(hni_preprocess_args args, cudaStream_t stream);

/* Many sums at once. Term j of sum o is x[j / inner · outer + o · step + j mod inner]:
 *   channels of [N,C,pixels]: outputs C, count N·pixels, inner pixels, outer C·pixels, step pixels
 *   columns of [N,K]:         outputs K, count N, inner 1, outer K, step 1          rows of [N,K]: N, K, K, 0, K
 * Each sum runs in `lanes` parts, a power of 32: lane l takes terms l, l + lanes, …; then 32 lanes at a time become one. */
typedef struct hni_sum_layout {
    int64_t outputs, count, inner, outer, step;
    int64_t lanes; /* hni_sum_lanes(outputs, count) */
} hni_sum_layout;

/* About 8 terms a lane, and no more lanes than a million in all: enough threads to hide memory's latency. */
static inline int64_t hni_sum_lanes(int64_t outputs, int64_t count) {
    int64_t lanes = 1;
    while (lanes < 32768 && lanes * 8 < count && outputs * lanes * 32 <= (int64_t)1 << 20)
        lanes *= 32;
    return lanes;
}
/* Numbers (float64) that a reduction of outputs × lanes needs, folding included. */
static inline int64_t hni_sum_room(int64_t outputs, int64_t lanes) {
    return outputs * (lanes + lanes / 32);
}
/* What is left of a reduction: sum o is the sum of at[o · width …], width ≤ 32, in order. */
typedef struct hni_sum_rest {
    const double *at;
    int64_t width;
} hni_sum_rest;
/* partial[outputs,lanes], followed by room for outputs · lanes / 32 more, is folded to at most 32 numbers a sum. */
cudaError_t hni_kernel_fold(int64_t outputs, int64_t lanes, double *partial, hni_sum_rest *rest, cudaStream_t stream);
/* The terms of x into lanes, then folded. */
cudaError_t hni_kernel_sum(hni_sum_layout layout, const float *x, double *partial, hni_sum_rest *rest, cudaStream_t stream);
/* Σ (x - mean)², mean the sum in `centre` / count; centre.width 0 = Σ x². */
cudaError_t hni_kernel_sum_squares(hni_sum_layout layout, const float *x, hni_sum_rest centre, double *partial, hni_sum_rest *rest,
                                   cudaStream_t stream);
/* Σ x · other. */
cudaError_t hni_kernel_sum_products(hni_sum_layout layout, const float *x, const float *other, double *partial, hni_sum_rest *rest,
                                    cudaStream_t stream);
/* y[o] = sum o / divisor. */
cudaError_t hni_kernel_sum_store(int64_t outputs, hni_sum_rest rest, double divisor, float *y, cudaStream_t stream);

/* Pooling of `images` = N·C images [H,W] to [OH,OW]; padding never wins and is at most half the kernel. */
typedef struct hni_pool_args {
    int64_t images, h, w, oh, ow;
    int64_t kernel[2], stride[2], padding[2]; /* rows, columns */
    int32_t exclude_padding;                  /* average */
    int32_t through_relu;                     /* gradient of maximum: x is a ReLU's output, dx the gradient of its input */
    const float *x;                           /* [images,H,W]; NULL for the average's gradient */
    const float *dy;                          /* [images,OH,OW]; gradients */
    float *y;                                 /* [images,OH,OW], or dx [images,H,W] */
} hni_pool_args;
cudaError_t hni_kernel_max_pool(hni_pool_args args, cudaStream_t stream);
cudaError_t hni_kernel_max_pool_grad(hni_pool_args args, cudaStream_t stream);
cudaError_t hni_kernel_avg_pool(hni_pool_args args, cudaStream_t stream);
cudaError_t hni_kernel_avg_pool_grad(hni_pool_args args, cudaStream_t stream);
/* dx[image, 0 … pixels) = dy[image] / pixels. */
cudaError_t hni_kernel_spread(int64_t images, int64_t pixels, const float *dy, float *dx, cudaStream_t stream);

/* Batch norm over x[N,C,pixels], see HN_OP_BATCH_NORM_…. `sums`: the layout of the channels of x. */
typedef struct hni_norm_args {
    hni_sum_layout sums;
    int64_t n; /* all numbers of x */
    double epsilon, momentum;
    const float *x, *dy, *gamma, *beta, *mean, *var; /* mean, var: running, or the gradient's saved_mean and saved_inv_std */
    float *y;                                        /* y or dx */
    float *saved_mean, *saved_inv_std;               /* training */
    float *new_mean, *new_var;                       /* training; may be mean and var */
    float *dgamma, *dbeta;                           /* gradient */
    double *workspace;                               /* hni_norm_room() numbers */
} hni_norm_args;
static inline int64_t hni_norm_room(const hni_sum_layout *s) {
    return 2 * s->outputs + 2 * hni_sum_room(s->outputs, s->lanes);
}
cudaError_t hni_kernel_norm(hni_norm_args args, cudaStream_t stream);
cudaError_t hni_kernel_norm_train(hni_norm_args args, cudaStream_t stream);
cudaError_t hni_kernel_norm_grad(hni_norm_args args, cudaStream_t stream);

/* Group norm over x[N,C,pixels], see HN_OP_GROUP_NORM. */
typedef struct hni_group_norm_args {
    hni_sum_layout groups;   /* runs of numbers, one a group of a sample */
    hni_sum_layout channels; /* the channels of x */
    int64_t n;               /* all numbers of x */
    double epsilon;
    const float *x, *dy, *gamma, *beta, *mean, *inv_std; /* mean, inv_std: the gradient's, one a group of a sample */
    float *y;                                            /* y or dx */
    float *new_mean, *new_inv_std;                       /* forward */
    float *dgamma, *dbeta;                               /* gradient */
    double *workspace;                                   /* hni_group_norm_room() numbers */
} hni_group_norm_args;
static inline int64_t hni_group_norm_room(const hni_sum_layout *groups, const hni_sum_layout *channels) {
    const int64_t g = hni_sum_room(groups->outputs, groups->lanes), c = hni_sum_room(channels->outputs, channels->lanes);
    return 2 * groups->outputs + 2 * (g > c ? g : c);
}
cudaError_t hni_kernel_group_norm(hni_group_norm_args args, cudaStream_t stream);
cudaError_t hni_kernel_group_norm_grad(hni_group_norm_args args, cudaStream_t stream);

/* Two tensors side by side: of each sample `first` numbers, then `second`. */
typedef struct hni_concat_args {
    int64_t samples, first, second;
    const float *a, *b; /* forward */
    float *to;
    const float *from; /* gradient */
    float *da, *db;
} hni_concat_args;
cudaError_t hni_kernel_concat(hni_concat_args args, cudaStream_t stream);
cudaError_t hni_kernel_concat_grad(hni_concat_args args, cudaStream_t stream);
/* y[image, …] = x[image, …] · s[image]; images: N·C. */
cudaError_t hni_kernel_channel_scale(int64_t images, int64_t pixels, const float *x, const float *s, float *y, cudaStream_t stream);

/* HN_OP_CLASS_MAP over f[samples,channels,pixels]; w as f, or one a channel of a sample. */
typedef struct hni_class_map_args {
    int64_t samples, channels, pixels;
    int32_t per_pixel, activation; /* HN_ACT_… */
    const float *f, *w;
    float *y;
} hni_class_map_args;
cudaError_t hni_kernel_class_map(hni_class_map_args args, cudaStream_t stream);

/* Behind a convolution that gave x: y = activation(norm(x + bias) + add), over y[N,filters,pixels]; NULL = not there. y may be x, unless
 * it is pooled: then it holds the maxima of 2x2 windows side by side of the same, by the rules of HN_OP_MAX_POOL2D, and `add` is NULL. */
typedef struct hni_conv_tail_args {
    int64_t n, filters, pixels;  /* n: all numbers of y */
    int64_t width;               /* pooled: of y */
    int64_t from_width, from_pixels; /* pooled: columns of x, and pixels of one of its channels; else 0 */
    int32_t activation;          /* HN_ACT_… */
    double epsilon;
    const float *bias;                      /* [filters] */
    const float *gamma, *beta, *mean, *var; /* [filters], all or none */
    const float *add;                       /* as y */
    const float *x;
    float *y;
} hni_conv_tail_args;
cudaError_t hni_kernel_conv_tail(hni_conv_tail_args args, cudaStream_t stream);

/* Softmax of `rows` rows of `classes` numbers, one thread a row: classes are few. */
cudaError_t hni_kernel_softmax(int64_t rows, int64_t classes, const float *x, float *y, cudaStream_t stream);

/* HN_OP_SOFTMAX_LOSS and HN_OP_SIGMOID_LOSS. stats[4] is added to. A label or share that is none makes the stats and the gradient NaN:
 * whoever reads the loss sees it, and nobody had to wait for the device to be told. */
typedef struct hni_loss_args {
    int64_t rows, classes, lanes; /* lanes: hni_sum_lanes(3, rows), or hni_sum_lanes(2, rows · classes) for sigmoid */
    int32_t positive;             /* softmax */
    double threshold, smoothing, focal;
    const float *x;
    const int32_t *classes_of; /* softmax: labels[rows], or NULL */
    const float *labels;       /* [rows,classes]: sigmoid's labels, or softmax's shares */
    const float *weights;      /* [classes] */
    float *p, *dx;
    double *stats;
    double *workspace; /* hni_loss_room() numbers */
} hni_loss_args;
static inline int64_t hni_loss_room(const hni_loss_args *a) {
    return 3 * a->rows + hni_sum_room(3, a->lanes);
}
cudaError_t hni_kernel_softmax_loss(hni_loss_args args, cudaStream_t stream);
cudaError_t hni_kernel_sigmoid_loss(hni_loss_args args, cudaStream_t stream);

/* HN_OP_OPTIMIZER over the flat vectors, w, m and v in place or not. A number of a group that does not exist becomes NaN. */
typedef struct hni_optimizer_args {
    int64_t n, groups;
    int32_t optimizer; /* HN_OPTIMIZER_… */
    const float *w, *g, *m, *v;
    const double *hyper; /* [groups,HN_HYPER_COLUMNS] */
    const uint8_t *group;
    float *new_w, *new_m, *new_v;
} hni_optimizer_args;
cudaError_t hni_kernel_optimizer(hni_optimizer_args args, cudaStream_t stream);

/* HN_OP_ACCUMULATE, HN_OP_AVERAGE, HN_OP_CLIP over vectors of n numbers; y may be x. */
typedef struct hni_vectors_args {
    int64_t n;
    const float *x, *other; /* other: not of clip */
    const double *number;   /* [1]: factor, decay, limit */
    float *y;
    double *norm;      /* clip: [1] */
    double *workspace; /* clip: hni_sum_room(1, hni_sum_lanes(1, n)) numbers */
} hni_vectors_args;
cudaError_t hni_kernel_accumulate(hni_vectors_args args, cudaStream_t stream);
cudaError_t hni_kernel_average(hni_vectors_args args, cudaStream_t stream);
cudaError_t hni_kernel_clip(hni_vectors_args args, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
