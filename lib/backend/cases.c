/* cases.c - the case list: operator × shape, one table a family. Behind the conformance test of every backend, the self-test, the
 * gradient check and the benchmark.
 *
 * Rows are chosen to break things: one pixel, primes, more channels than a vector, windows that overlap, leave a rest or lie half in the
 * padding, groups, and the shapes of TinyVGG itself. A row stands for a forward operator and its gradients. Nothing is stored: a case is
 * made from its row when it is asked for. Small on purpose: the whole list runs in seconds on plain loops. */
#include "../base/status.h"
#include "../op/op.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "haemnet/train.h"   /* defines: HN_OPTIMIZER_… */
#include "backend.h"

/* Largest |difference| / (1 + |reference|), for float32 sums of a few thousand terms of size 1. */
#define TOL_SUM 2e-5
#define TOL_POINT 2e-6 /* a handful of roundings */

typedef struct conv_row {
    const char *name;
    int64_t n, c, h, w, k;
    int32_t kernel[2], stride[2], padding[2], dilation[2];
    int32_t groups, bias, activation;
} conv_row;

static const conv_row CONV[] = {
    {"one pixel", 1, 1, 1, 1, 1, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"1x1", 2, 3, 5, 7, 4, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"1x1 many channels", 1, 67, 4, 3, 33, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1, 0, HN_ACT_NONE},
    {"1x1 stride 2", 3, 8, 9, 8, 5, {1, 1}, {2, 2}, {0, 0}, {1, 1}, 1, 1, HN_ACT_SIGMOID},
    {"3x3", 2, 3, 17, 13, 10, {3, 3}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"3x3 ReLU", 2, 3, 17, 13, 10, {3, 3}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"3x3 same", 1, 4, 11, 6, 7, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"3x3 same no bias", 5, 2, 8, 8, 3, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 0, HN_ACT_NONE},
    {"3x3 one output pixel", 4, 5, 3, 3, 6, {3, 3}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_SIGMOID},
    {"3x3 on one pixel", 2, 3, 1, 1, 2, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"3x3 padding 2", 1, 3, 6, 5, 4, {3, 3}, {1, 1}, {2, 2}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"3x3 stride 2", 2, 6, 15, 16, 8, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"3x3 stride 3", 1, 3, 17, 17, 5, {3, 3}, {3, 3}, {0, 0}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"3x3 stride 3 and a rest", 2, 2, 16, 13, 3, {3, 3}, {3, 3}, {1, 1}, {1, 1}, 1, 0, HN_ACT_NONE},
    {"3x3 stride 1x2", 1, 3, 9, 10, 4, {3, 3}, {1, 2}, {1, 0}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"2x2 stride 3, pixels unused", 2, 3, 9, 11, 4, {2, 2}, {3, 3}, {0, 0}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"3x3 dilation 2", 1, 4, 12, 11, 5, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 1, 1, HN_ACT_RELU},
    {"3x3 dilation 3", 2, 2, 17, 13, 3, {3, 3}, {1, 1}, {0, 0}, {3, 3}, 1, 1, HN_ACT_NONE},
    {"3x3 dilation 2 stride 2", 1, 3, 14, 13, 4, {3, 3}, {2, 2}, {1, 1}, {2, 2}, 1, 0, HN_ACT_NONE},
    {"5x5", 1, 3, 13, 12, 6, {5, 5}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"5x5 same", 2, 4, 7, 9, 5, {5, 5}, {1, 1}, {2, 2}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"5x5 padding wider than image", 1, 2, 2, 3, 3, {5, 5}, {1, 1}, {2, 2}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"5x5 stride 2", 1, 3, 16, 17, 4, {5, 5}, {2, 2}, {1, 1}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"1x3", 2, 3, 8, 9, 5, {1, 3}, {1, 1}, {0, 1}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"5x1", 1, 5, 9, 4, 3, {5, 1}, {1, 1}, {2, 0}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"1x3 on a row", 3, 2, 1, 16, 4, {1, 3}, {1, 2}, {0, 1}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"2 groups", 2, 6, 9, 8, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 2, 1, HN_ACT_RELU},
    {"2 groups stride 2", 1, 4, 11, 9, 6, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 2, 0, HN_ACT_NONE},
    {"1x1 3 groups", 2, 9, 5, 5, 12, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 3, 1, HN_ACT_NONE},
    {"depthwise", 2, 16, 8, 7, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 1, HN_ACT_RELU},
    {"depthwise stride 2", 1, 7, 13, 12, 7, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 7, 1, HN_ACT_NONE},
    {"depthwise 2 filters each", 1, 5, 8, 8, 10, {3, 3}, {1, 1}, {0, 0}, {1, 1}, 5, 0, HN_ACT_NONE},
    {"depthwise dilated", 1, 4, 12, 12, 4, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 4, 1, HN_ACT_NONE},
    {"depthwise 3x3 whole rows", 2, 9, 16, 32, 9, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 9, 0, HN_ACT_RELU6},
    {"depthwise 3x3 stride 2 whole rows", 2, 5, 33, 64, 5, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 5, 1, HN_ACT_RELU},
    {"depthwise 3x3 odd rows", 3, 17, 7, 7, 17, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 17, 0, HN_ACT_HARD_SWISH},
    {"depthwise 3x3 on one pixel", 2, 3, 1, 1, 3, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 3, 1, HN_ACT_NONE},
    {"depthwise 3x3 stride 2 on two", 2, 3, 2, 2, 3, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 3, 0, HN_ACT_NONE},
    {"depthwise 5x5", 2, 6, 14, 14, 6, {5, 5}, {1, 1}, {2, 2}, {1, 1}, 6, 1, HN_ACT_SILU},
    {"depthwise 5x5 whole rows", 1, 4, 9, 48, 4, {5, 5}, {1, 1}, {2, 2}, {1, 1}, 4, 0, HN_ACT_NONE},
    {"depthwise 5x5 stride 2", 2, 5, 15, 19, 5, {5, 5}, {2, 2}, {2, 2}, {1, 1}, 5, 1, HN_ACT_RELU6},
    {"depthwise 5x5 wider than image", 1, 3, 2, 3, 3, {5, 5}, {1, 1}, {2, 2}, {1, 1}, 3, 0, HN_ACT_NONE},
    {"depthwise 3x3 stride 1x2, no padding", 1, 4, 6, 70, 4, {3, 3}, {1, 2}, {0, 0}, {1, 1}, 4, 1, HN_ACT_NONE},
    {"many channels", 1, 32, 9, 9, 67, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"TinyVGG first", 2, 3, 64, 64, 10, {3, 3}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"TinyVGG second", 1, 10, 62, 62, 10, {3, 3}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"TinyVGG same", 1, 10, 64, 64, 10, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"rows of 48", 1, 5, 7, 48, 15, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"rows of 16, more than 1024 taps", 1, 120, 5, 16, 17, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"odd rows, more than 1024 taps", 1, 120, 3, 5, 11, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"TinyVGG third", 2, 10, 32, 32, 10, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"1x1 ReLU6 whole rows", 2, 6, 3, 32, 9, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_RELU6},
    {"1x1 SiLU", 1, 7, 5, 9, 5, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1, 0, HN_ACT_SILU},
    {"3x3 SiLU whole rows", 1, 5, 6, 16, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 1, HN_ACT_SILU},
    {"3x3 hard-swish stride 2", 2, 3, 11, 13, 8, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 1, 1, HN_ACT_HARD_SWISH},
    {"3x3 hard-swish whole rows", 1, 3, 4, 48, 3, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 0, HN_ACT_HARD_SWISH},
    {"3x3 tanh", 1, 4, 7, 6, 3, {3, 3}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_TANH},
    {"3x3 ReLU6 stride 9", 1, 3, 20, 30, 4, {3, 3}, {9, 9}, {1, 1}, {1, 1}, 1, 1, HN_ACT_RELU6},
};

static const conv_row EXTRA[] = { /* one pixel more of padding below and at the right */
    {"3x3 stride 2, same as TensorFlow", 2, 3, 12, 18, 7, {3, 3}, {2, 2}, {0, 0}, {1, 1}, 1, 1, HN_ACT_RELU},
    {"3x3 stride 2, same, whole rows", 1, 5, 8, 32, 9, {3, 3}, {2, 2}, {0, 0}, {1, 1}, 1, 0, HN_ACT_RELU6},
    {"5x5 stride 2, same as TensorFlow", 2, 4, 10, 14, 5, {5, 5}, {2, 2}, {1, 1}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"2x2, same as TensorFlow", 1, 3, 7, 5, 4, {2, 2}, {1, 1}, {0, 0}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"3x3 on one pixel, same", 2, 3, 1, 1, 2, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 1, HN_ACT_NONE},
    {"depthwise 3x3 stride 2, same", 2, 6, 14, 14, 6, {3, 3}, {2, 2}, {0, 0}, {1, 1}, 6, 0, HN_ACT_RELU6},
    {"depthwise 5x5 stride 2, same, whole rows", 1, 4, 12, 64, 4, {5, 5}, {2, 2}, {1, 1}, {1, 1}, 4, 1, HN_ACT_RELU},
    {"depthwise 5x5 dilated, more than asked", 1, 3, 9, 11, 3, {5, 5}, {1, 1}, {4, 4}, {2, 2}, 3, 0, HN_ACT_NONE},
};

typedef struct fused_row {
    const char *name;
    int64_t n, c, h, w, k;
    int32_t padding, stride, groups, activation, pool, norm, sum;
} fused_row;

static const fused_row FUSED[] = { /* 3×3 convolutions with batch norm, 2×2 maximum pooling, or a sum inside */
    {"3x3 pooled", 2, 3, 12, 10, 5, 1, 1, 1, HN_ACT_RELU, 2, 0, 0},
    {"3x3 pooled, a rest", 1, 4, 13, 17, 9, 1, 1, 1, HN_ACT_RELU, 2, 0, 0},
    {"3x3 pooled to one pixel", 3, 2, 5, 4, 3, 0, 1, 1, HN_ACT_NONE, 2, 1, 0},
    {"3x3 pooled, whole rows", 2, 10, 34, 34, 15, 0, 1, 1, HN_ACT_RELU, 2, 0, 0},
    {"3x3 pooled, 2 groups", 2, 6, 19, 16, 10, 1, 1, 2, HN_ACT_NONE, 2, 1, 0},
    {"3x3 normalised", 2, 5, 9, 7, 17, 1, 1, 1, HN_ACT_RELU, 0, 1, 0},
    {"3x3 normalised, sigmoid", 1, 3, 6, 5, 4, 1, 1, 1, HN_ACT_SIGMOID, 0, 1, 0},
    {"3x3 stride 2 normalised, 2 groups", 2, 6, 15, 33, 8, 1, 2, 2, HN_ACT_NONE, 0, 1, 0},
    {"3x3 normalised, whole rows", 1, 8, 16, 16, 30, 1, 1, 1, HN_ACT_RELU, 0, 1, 0},
    {"TinyVGG second, pooled", 1, 10, 64, 64, 10, 1, 1, 1, HN_ACT_RELU, 2, 0, 0},
    {"3x3 with a sum", 2, 4, 9, 11, 7, 1, 1, 1, HN_ACT_RELU, 0, 0, 1},
    {"3x3 normalised, with a sum, whole rows", 2, 8, 6, 16, 19, 1, 1, 1, HN_ACT_RELU, 0, 1, 1},
    {"3x3 normalised, with a sum, sigmoid", 1, 3, 6, 16, 4, 1, 1, 1, HN_ACT_SIGMOID, 0, 1, 1},
    {"3x3 stride 2, with a sum", 1, 6, 13, 9, 5, 1, 2, 1, HN_ACT_NONE, 0, 0, 1},
    {"3x3 stride 9, normalised, with a sum", 2, 3, 20, 30, 4, 1, 9, 1, HN_ACT_RELU, 0, 1, 1},
    {"3x3 stride 9, normalised, pooled", 1, 3, 20, 30, 4, 1, 9, 1, HN_ACT_RELU, 2, 1, 0},
    {"3x3 normalised, ReLU6, whole rows", 2, 4, 6, 32, 9, 1, 1, 1, HN_ACT_RELU6, 0, 1, 0},
    {"3x3 normalised, SiLU", 2, 4, 9, 7, 11, 1, 1, 1, HN_ACT_SILU, 0, 1, 0},
    {"3x3 normalised, with a sum, hard-swish", 1, 3, 6, 16, 4, 1, 1, 1, HN_ACT_HARD_SWISH, 0, 1, 1},
    {"3x3 with a sum, ReLU6", 2, 4, 9, 11, 7, 1, 1, 1, HN_ACT_RELU6, 0, 0, 1},
    {"3x3 with a sum, tanh, stride 2", 1, 6, 13, 9, 5, 1, 2, 1, HN_ACT_TANH, 0, 0, 1},
    {"depthwise normalised, ReLU6", 2, 8, 14, 14, 8, 1, 1, 8, HN_ACT_RELU6, 0, 1, 0},
    {"depthwise stride 2 normalised, hard-swish", 1, 6, 15, 32, 6, 1, 2, 6, HN_ACT_HARD_SWISH, 0, 1, 0},
    {"depthwise normalised, with a sum, SiLU", 1, 5, 8, 16, 5, 1, 1, 5, HN_ACT_SILU, 0, 1, 1},
    {"depthwise pooled", 1, 4, 12, 11, 4, 1, 1, 4, HN_ACT_RELU, 2, 1, 0},
};

typedef struct pool_row {
    const char *name;
    int64_t n, c, h, w;
    int32_t kernel[2], stride[2], padding[2], exclude;
} pool_row;

static const pool_row POOL[] = {
    {"one pixel", 1, 1, 1, 1, {1, 1}, {1, 1}, {0, 0}, 0},
    {"2x2", 2, 3, 8, 6, {2, 2}, {2, 2}, {0, 0}, 0},
    {"2x2 and a rest", 3, 5, 17, 13, {2, 2}, {2, 2}, {0, 0}, 1},
    {"2x2 one output pixel", 1, 67, 2, 2, {2, 2}, {2, 2}, {0, 0}, 0},
    {"3x3 overlapping", 2, 4, 11, 9, {3, 3}, {2, 2}, {0, 0}, 0},
    {"3x3 every pixel", 1, 3, 7, 8, {3, 3}, {1, 1}, {1, 1}, 0},
    {"3x3 padded", 2, 3, 10, 9, {3, 3}, {2, 2}, {1, 1}, 1},
    {"3x3 padded, whole window", 2, 3, 10, 9, {3, 3}, {2, 2}, {1, 1}, 0},
    {"2x2 padded", 1, 2, 5, 5, {2, 2}, {2, 2}, {1, 1}, 1},
    {"3x2 stride 1x3", 1, 4, 9, 10, {3, 2}, {1, 3}, {1, 0}, 1},
    {"1x3", 2, 2, 4, 9, {1, 3}, {1, 3}, {0, 1}, 0},
    {"5x5 stride 3", 1, 3, 16, 15, {5, 5}, {3, 3}, {2, 2}, 1},
    {"2x2 stride 3, pixels unused", 1, 3, 9, 11, {2, 2}, {3, 3}, {0, 0}, 0},
    {"all of the image", 4, 6, 5, 7, {5, 7}, {1, 1}, {0, 0}, 0},
    {"TinyVGG first", 2, 10, 60, 60, {2, 2}, {2, 2}, {0, 0}, 0},
    {"TinyVGG second", 2, 10, 26, 26, {2, 2}, {2, 2}, {0, 0}, 0},
};

typedef struct shape_row {
    const char *name;
    int32_t rank;
    int64_t dims[4];
} shape_row;

static const shape_row IMAGES[] = { /* global pooling, batch norm, preprocessing */
    {"two values", 4, {2, 1, 1, 1}},  {"a batch of pixels", 4, {5, 7, 1, 1}}, {"one image", 4, {1, 3, 4, 5}},
    {"odd", 4, {3, 5, 17, 13}},       {"many channels", 4, {2, 67, 3, 3}},    {"TinyVGG", 4, {4, 10, 32, 32}},
    {"TinyVGG input", 4, {2, 3, 64, 64}},
};

static const shape_row ANY[] = { /* element by element */
    {"one number", 1, {1}},           {"a vector", 1, {37}},          {"a matrix", 2, {5, 33}},
    {"rank 3", 3, {2, 3, 7}},         {"odd", 4, {3, 5, 17, 13}},     {"TinyVGG", 4, {2, 10, 31, 31}},
};

typedef struct dense_row {
    const char *name;
    int64_t n, f, k;
    int32_t bias, activation;
} dense_row;

static const dense_row DENSE[] = {
    {"one number", 1, 1, 1, 1, HN_ACT_NONE},      {"one row", 1, 17, 5, 1, HN_ACT_RELU},      {"no bias", 3, 8, 4, 0, HN_ACT_NONE},
    {"odd", 5, 33, 7, 1, HN_ACT_SIGMOID},         {"wide", 2, 67, 65, 1, HN_ACT_NONE},        {"one feature", 4, 1, 9, 1, HN_ACT_RELU},
    {"a long batch", 130, 6, 2, 1, HN_ACT_NONE},  {"TinyVGG head", 4, 1690, 2, 1, HN_ACT_NONE}, {"TinyVGG six", 2, 2560, 6, 1, HN_ACT_NONE},
    {"ReLU6", 3, 9, 5, 1, HN_ACT_RELU6},          {"SiLU", 2, 20, 6, 1, HN_ACT_SILU},         {"hard-swish", 4, 7, 3, 0, HN_ACT_HARD_SWISH},
    {"tanh", 1, 33, 4, 1, HN_ACT_TANH},
};

typedef struct loss_row {
    const char *name;
    int64_t n, k;
    int32_t positive; /* softmax only */
    double threshold, smoothing, focal;
    int32_t targets; /* softmax only */
} loss_row;

static const loss_row LOSSES[] = {
    {"one class", 3, 1, -1, 0.5, 0.0, 0.0, 0},        {"two classes", 5, 2, -1, 0.5, 0.0, 0.0, 0},
    {"positive 1 at 0.5", 32, 2, 1, 0.5, 0.0, 0.0, 0}, {"positive 0 at 0.3", 17, 2, 0, 0.3, 0.0, 0.0, 0},
    {"positive 1 at 0.9", 16, 2, 1, 0.9, 0.0, 0.0, 0}, {"three classes", 1, 3, -1, 0.5, 0.0, 0.0, 0},
    {"six classes", 33, 6, -1, 0.25, 0.0, 0.0, 0},    {"seven classes", 64, 7, -1, 0.5, 0.0, 0.0, 0},
    {"smoothed", 19, 5, -1, 0.5, 0.1, 0.0, 0},        {"targets", 9, 4, -1, 0.5, 0.0, 0.0, 1},
    {"targets, positive 1", 31, 2, 1, 0.4, 0.2, 0.0, 1}, {"focal", 16, 3, -1, 0.5, 0.0, 2.0, 0},
    {"focal 0.5, smoothed", 8, 6, -1, 0.5, 0.05, 0.5, 0}, {"focal 1.5, targets", 21, 6, -1, 0.5, 0.1, 1.5, 1},
};

typedef struct optimizer_row {
    const char *name;
    int64_t parameters;
    int32_t groups;
} optimizer_row;

static const optimizer_row OPTIMIZERS[] = {
    {"one parameter", 1, 1}, {"one group", 67, 1}, {"a frozen group", 130, 2}, {"TinyVGG", 8132, 3}, {"many groups", 517, 7},
};

typedef struct dropout_row {
    const char *name;
    shape_row shape;
    double rate;
    uint32_t stream;
} dropout_row;

static const dropout_row DROPOUT[] = {
    {"none", {"", 2, {3, 7}}, 0.0, 0},           {"half", {"", 2, {4, 64}}, 0.5, 1},      {"odd", {"", 4, {3, 5, 7, 3}}, 0.2, 9},
    {"nearly all", {"", 3, {2, 9, 11}}, 0.99, 2}, {"one number a sample", {"", 1, {6}}, 0.3, 4000000000u},
};

static const shape_row SMALL_IMAGES[] = { /* channel scale, class maps */
    {"one number", 4, {1, 1, 1, 1}},  {"a batch of pixels", 4, {5, 7, 1, 1}}, {"odd", 4, {3, 5, 17, 13}},
    {"many channels", 4, {2, 67, 3, 3}}, {"whole rows", 4, {2, 6, 4, 32}},   {"long", 4, {1, 2, 31, 33}},
};

typedef struct group_row {
    const char *name;
    int64_t n, c, h, w;
    int32_t groups;
} group_row;

static const group_row GROUP_NORM[] = {
    {"one number", 1, 1, 1, 1, 1},       {"one group", 2, 6, 5, 7, 1},      {"a group a channel", 2, 7, 4, 3, 7}, {"odd", 3, 10, 17, 13, 5},
    {"of pixels", 4, 12, 1, 1, 3},       {"32 groups", 2, 64, 7, 7, 32},    {"whole rows", 2, 8, 16, 16, 4},      {"one long", 1, 4, 40, 41, 2},
};

typedef struct concat_row {
    const char *name;
    int64_t n, a, b, h, w;
} concat_row;

static const concat_row CONCAT[] = {
    {"one number each", 1, 1, 1, 1, 1}, {"odd", 3, 5, 2, 7, 9}, {"much and little", 2, 67, 1, 3, 3}, {"little and much", 5, 1, 13, 4, 4},
    {"more than one piece", 2, 9, 5, 60, 61},
};

typedef struct vector_row {
    const char *name;
    int64_t parameters;
} vector_row;

static const vector_row VECTORS[] = {{"one parameter", 1}, {"odd", 67}, {"130", 130}, {"TinyVGG", 8132}, {"more than two pieces", 33001}};

typedef struct preprocess_row {
    const char *name;
    int64_t m, c, h, w;           /* what is stored */
    int64_t samples, oh, ow;      /* 0 = as stored */
    int32_t rows, augment;
} preprocess_row;

static const preprocess_row PREPROCESS[] = {
    {"rows of a store", 7, 3, 9, 5, 12, 0, 0, 1, 0},       {"one row", 3, 1, 1, 1, 1, 0, 0, 1, 0},
    {"augmented", 4, 3, 16, 16, 0, 0, 0, 0, 1},            {"augmented rows", 5, 3, 17, 13, 9, 0, 0, 1, 1},
    {"augmented to other sizes", 3, 1, 20, 11, 6, 13, 19, 1, 1}, {"augmented pixel", 2, 2, 1, 1, 3, 1, 1, 1, 1},
    {"augmented and enlarged", 2, 1, 5, 7, 4, 33, 48, 1, 1}, {"TinyVGG input augmented", 2, 3, 64, 64, 4, 0, 0, 1, 1},
};

static hn_tensor_desc tensor_of(const shape_row *s, int32_t dtype) {
    return hni_tensor(dtype, s->rank, s->dims[0], s->dims[1], s->dims[2], s->dims[3]);
}

static hn_tensor_desc f32(int32_t rank, int64_t d0, int64_t d1, int64_t d2, int64_t d3) {
    return hni_tensor(HN_DTYPE_F32, rank, d0, d1, d2, d3);
}

/* Each maker fills the name, the description and the tolerance of one part of one row. */
static hn_status make_one_conv(const conv_row *r, int32_t extra, int32_t part, hni_case *c, hn_error *err) {
    const hni_window2d win = {.extra_padding = {extra, extra},
                              .stride = {r->stride[0], r->stride[1]},
                              .padding = {r->padding[0], r->padding[1]},
                              .dilation = {r->dilation[0], r->dilation[1]},
                              .groups = r->groups};
    const hn_tensor_desc x = f32(4, r->n, r->c, r->h, r->w), w = f32(4, r->k, r->c / r->groups, r->kernel[0], r->kernel[1]);
    hn_op_desc forward, grad_input, grad_weight;
    hn_status status = hni_op_conv2d(&forward, &x, &w, r->bias != 0, &win, r->activation, err);
    if (status == HN_OK && part > 0)
        status = hni_op_conv2d_grads(&forward, &grad_input, &grad_weight, err);
    if (status == HN_OK && part == 3)
        status = hni_op_through_relu(&grad_input, err);
    if (status == HN_OK)
        *c = (hni_case){r->name, part == 0 ? forward : part == 2 ? grad_weight : grad_input, TOL_SUM};
    return status;
}

static hn_status make_conv(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    return make_one_conv(&CONV[row], 0, part, c, err);
}

static hn_status make_extra(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    return make_one_conv(&EXTRA[row], 1, part, c, err);
}

static hn_status make_fused(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    (void)part;
    const fused_row *r = &FUSED[row];
    const hni_window2d win = {
        .stride = {r->stride, r->stride}, .padding = {r->padding, r->padding}, .dilation = {1, 1}, .groups = r->groups, .pool = r->pool};
    const hn_tensor_desc x = f32(4, r->n, r->c, r->h, r->w), w = f32(4, r->k, r->c / r->groups, 3, 3);
    *c = (hni_case){.name = r->name, .tolerance = TOL_SUM};
    hn_status status = hni_op_conv2d(&c->desc, &x, &w, row % 2 == 0, &win, r->activation, err);
    if (status == HN_OK && r->norm)
        status = hni_op_norm_inside(&c->desc, 1e-5, err);
    return status == HN_OK && r->sum ? hni_op_add_inside(&c->desc, err) : status;
}

static hn_status make_pool(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const pool_row *r = &POOL[row];
    const hni_window2d win = {.kernel = {r->kernel[0], r->kernel[1]},
                              .stride = {r->stride[0], r->stride[1]},
                              .padding = {r->padding[0], r->padding[1]},
                              .exclude_padding = r->exclude};
    const hn_tensor_desc x = f32(4, r->n, r->c, r->h, r->w);
    hn_op_desc forward, grad;
    hn_status status = hni_op_pool2d(&forward, part == 2 || part == 3 ? HN_OP_AVG_POOL2D : HN_OP_MAX_POOL2D, &x, &win, err);
    if (status == HN_OK)
        status = hni_op_pool2d_grad(&forward, &grad, err);
    if (status == HN_OK && part == 4)
        status = hni_op_through_relu(&grad, err);
    if (status == HN_OK)
        *c = (hni_case){r->name, part == 0 || part == 2 ? forward : grad, TOL_POINT};
    return status;
}

static hn_status make_global(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const hn_tensor_desc x = tensor_of(&IMAGES[row], HN_DTYPE_F32);
    hn_op_desc forward, grad;
    hn_status status = hni_op_global_avg_pool(&forward, &x, err);
    if (status == HN_OK)
        status = hni_op_pool2d_grad(&forward, &grad, err);
    if (status == HN_OK)
        *c = (hni_case){IMAGES[row].name, part == 0 ? forward : grad, TOL_POINT};
    return status;
}

static hn_status make_dense(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const dense_row *r = &DENSE[row];
    const hn_tensor_desc x = f32(2, r->n, r->f, 1, 1), w = f32(2, r->k, r->f, 1, 1);
    hn_op_desc forward, grad_input, grad_weight;
    hn_status status = hni_op_dense(&forward, &x, &w, r->bias != 0, r->activation, err);
    if (status == HN_OK)
        status = hni_op_dense_grads(&forward, &grad_input, &grad_weight, err);
    if (status == HN_OK)
        *c = (hni_case){r->name, part == 0 ? forward : part == 1 ? grad_input : grad_weight, TOL_SUM};
    return status;
}

static hn_status make_norm(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const hn_tensor_desc x = tensor_of(&IMAGES[row], HN_DTYPE_F32);
    const double momentum = row % 2 == 0 ? 0.1 : 1.0;
    hn_op_desc forward, grad;
    hn_status status = hni_op_batch_norm(&forward, &x, part != 1, 1e-5, momentum, err);
    if (status == HN_OK && part == 2)
        status = hni_op_batch_norm_grad(&forward, &grad, err);
    if (status == HN_OK)
        *c = (hni_case){IMAGES[row].name, part == 2 ? grad : forward, TOL_SUM};
    return status;
}

static hn_status make_activation(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const hn_tensor_desc x = tensor_of(&ANY[row], HN_DTYPE_F32);
    hn_op_desc forward, grad;
    hn_status status = hni_op_activation(&forward, &x, HN_ACT_RELU + part / 2, err);
    if (status == HN_OK)
        status = hni_op_activation_grad(&forward, &grad, err);
    if (status == HN_OK)
        *c = (hni_case){ANY[row].name, part % 2 == 0 ? forward : grad, TOL_POINT};
    return status;
}

static hn_status make_add(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    (void)part;
    const hn_tensor_desc x = tensor_of(&ANY[row], HN_DTYPE_F32);
    *c = (hni_case){.name = ANY[row].name, .tolerance = TOL_POINT};
    return hni_op_add(&c->desc, &x, err);
}

static hn_status make_dropout(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    (void)part;
    const dropout_row *r = &DROPOUT[row];
    const hn_tensor_desc x = tensor_of(&r->shape, HN_DTYPE_F32);
    *c = (hni_case){.name = r->name, .tolerance = TOL_POINT};
    return hni_op_dropout(&c->desc, &x, r->rate, r->stream, err);
}

/* Part 0: softmax; 1: softmax loss; 2: sigmoid loss. */
static hn_status make_loss(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const loss_row *r = &LOSSES[row];
    const hn_tensor_desc x = f32(2, r->n, r->k, 1, 1);
    *c = (hni_case){.name = r->name, .tolerance = TOL_SUM};
    if (part == 0)
        return hni_op_softmax(&c->desc, &x, err);
    const hni_loss_options how = {r->positive, r->targets != 0, r->threshold, r->smoothing, r->focal};
    return hni_op_loss(&c->desc, part == 1 ? HN_OP_SOFTMAX_LOSS : HN_OP_SIGMOID_LOSS, &x, &how, err);
}

static hn_status make_optimizer(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const optimizer_row *r = &OPTIMIZERS[row];
    *c = (hni_case){.name = r->name, .tolerance = TOL_POINT};
    return hni_op_optimizer(&c->desc, HN_OPTIMIZER_ADAM + part, r->parameters, r->groups, err);
}

static hn_status make_preprocess(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    (void)part;
    const hn_tensor_desc x = tensor_of(&IMAGES[row], HN_DTYPE_U8);
    *c = (hni_case){.name = IMAGES[row].name, .tolerance = TOL_POINT};
    return hni_op_preprocess(&c->desc, &x, NULL, err);
}

static hn_status make_augment(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    (void)part;
    const preprocess_row *r = &PREPROCESS[row];
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_U8, 4, r->m, r->c, r->h, r->w);
    const hni_preprocess_options how = {r->samples, r->oh, r->ow, r->rows != 0, r->augment != 0};
    *c = (hni_case){.name = r->name, .tolerance = r->augment ? TOL_SUM : TOL_POINT};
    return hni_op_preprocess(&c->desc, &x, &how, err);
}

static hn_status make_group_norm(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const group_row *r = &GROUP_NORM[row];
    const hn_tensor_desc x = f32(4, r->n, r->c, r->h, r->w);
    hn_op_desc forward, grad;
    hn_status status = hni_op_group_norm(&forward, &x, r->groups, 1e-5, err);
    if (status == HN_OK)
        status = hni_op_group_norm_grad(&forward, &grad, err);
    if (status == HN_OK)
        *c = (hni_case){r->name, part == 0 ? forward : grad, TOL_SUM};
    return status;
}

static hn_status make_concat(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const concat_row *r = &CONCAT[row];
    const hn_tensor_desc a = f32(4, r->n, r->a, r->h, r->w), b = f32(4, r->n, r->b, r->h, r->w);
    hn_op_desc forward, grad;
    hn_status status = hni_op_concat(&forward, &a, &b, err);
    if (status == HN_OK)
        status = hni_op_concat_grad(&forward, &grad, err);
    if (status == HN_OK)
        *c = (hni_case){r->name, part == 0 ? forward : grad, TOL_POINT};
    return status;
}

/* Parts 0 and 1: channel scale; 2 and 3: class maps by channel and by pixel. */
static hn_status make_channels(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const hn_tensor_desc x = tensor_of(&SMALL_IMAGES[row], HN_DTYPE_F32);
    hn_op_desc forward, grad;
    *c = (hni_case){.name = SMALL_IMAGES[row].name, .tolerance = TOL_SUM};
    if (part >= 2)
        return hni_op_class_map(&c->desc, &x, part == 3, row % 2 == 0 ? HN_ACT_RELU : HN_ACT_NONE, err);
    hn_status status = hni_op_channel_scale(&forward, &x, err);
    if (status == HN_OK)
        status = hni_op_channel_scale_grad(&forward, &grad, err);
    c->desc = part == 0 ? forward : grad;
    return status;
}

static hn_status make_vectors(int32_t row, int32_t part, hni_case *c, hn_error *err) {
    const vector_row *r = &VECTORS[row];
    *c = (hni_case){.name = r->name, .tolerance = TOL_POINT};
    return part == 0   ? hni_op_accumulate(&c->desc, r->parameters, err)
           : part == 1 ? hni_op_clip(&c->desc, r->parameters, err)
                       : hni_op_average(&c->desc, r->parameters, err);
}

#define ROWS(table) ((int32_t)(sizeof(table) / sizeof((table)[0])))

static const struct {
    int32_t rows, parts; /* cases = rows × parts */
    hn_status (*make)(int32_t row, int32_t part, hni_case *c, hn_error *err);
} FAMILIES[] = {
    {ROWS(CONV), 4, make_conv},     {ROWS(FUSED), 1, make_fused},         {ROWS(POOL), 5, make_pool},
    {ROWS(IMAGES), 2, make_global}, {ROWS(DENSE), 3, make_dense},
    {ROWS(IMAGES), 3, make_norm},   {ROWS(ANY), 12, make_activation},     {ROWS(ANY), 1, make_add},
    {ROWS(DROPOUT), 1, make_dropout},
    {ROWS(LOSSES), 3, make_loss},   {ROWS(OPTIMIZERS), 3, make_optimizer}, {ROWS(IMAGES), 1, make_preprocess},
    {ROWS(PREPROCESS), 1, make_augment},  {ROWS(GROUP_NORM), 2, make_group_norm}, {ROWS(CONCAT), 2, make_concat},
    {ROWS(SMALL_IMAGES), 4, make_channels}, {ROWS(VECTORS), 3, make_vectors}, {ROWS(EXTRA), 4, make_extra},
};

int32_t hni_case_count(void) {
    int32_t count = 0;
    for (int32_t i = 0; i < ROWS(FAMILIES); i++)
        count += FAMILIES[i].rows * FAMILIES[i].parts;
    return count;
}

hn_status hni_case_get(int32_t index, hni_case *out, hn_error *err) {
    int32_t rest = index;
    for (int32_t i = 0; rest >= 0 && i < ROWS(FAMILIES); i++) {
        if (rest < FAMILIES[i].rows * FAMILIES[i].parts)
            return FAMILIES[i].make(rest / FAMILIES[i].parts, rest % FAMILIES[i].parts, out, err);
        rest -= FAMILIES[i].rows * FAMILIES[i].parts;
    }
    return hni_fail(err, HN_E_NOT_FOUND, "no case %d; there are %d", index, hni_case_count());
}
