/* case_data.c - the numbers that a case runs on: seeded, valid for the operator, and not too tame.
 *
 * Weights are scaled by the fan-in, so that every result is near 1 and one tolerance fits all shapes. Max pooling gets few distinct
 * values (ties), negative infinity and, forward, NaN. Logits are large enough that a softmax without the maximum taken off would
 * overflow. */
#include <math.h>
#include <string.h>

#include "../base/numeric.h"
#include "../base/random.h"
#include "../op/op.h"
#include "cases.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "haemnet/train.h"   /* defines: HN_OPTIMIZER_… */

typedef enum dist {
    NORMAL,   /* mean 0, deviation `scale` */
    POSITIVE, /* [0.2, 1.2) × scale */
    UNIT,     /* (0, 1) */
    BINARY,   /* 0 or 1 */
    STEPS,    /* multiples of 1/2 in [-2, 2] × scale, sometimes -inf */
    STEPS_NAN /* and sometimes NaN */
} dist;

typedef struct recipe {
    dist dist;
    double scale;
} recipe;

static recipe layer_recipe(const hn_op_desc *d, int32_t place) {
    const hn_tensor_desc *in = d->in;
    switch (d->kind) {
    case HN_OP_CONV2D:
    case HN_OP_CONV2D_GRAD_INPUT:
        if (place == 1)
            return (recipe){NORMAL, 1.0 / sqrt((double)(in[1].dims[1] * in[1].dims[2] * in[1].dims[3]))};
        if (place == 6) /* a variance */
            return (recipe){POSITIVE, 1.0};
        break;
    case HN_OP_CONV2D_GRAD_WEIGHT:
        if (place == 0)
            return (recipe){NORMAL, 1.0 / sqrt((double)(in[0].dims[0] * in[0].dims[2] * in[0].dims[3]))};
        break;
    case HN_OP_DENSE:
    case HN_OP_DENSE_GRAD_INPUT:
        if (place == 1)
            return (recipe){NORMAL, 1.0 / sqrt((double)in[1].dims[1])};
        break;
    case HN_OP_DENSE_GRAD_WEIGHT:
        if (place == 0)
            return (recipe){NORMAL, 1.0 / sqrt((double)in[0].dims[0])};
        break;
    case HN_OP_MAX_POOL2D:
        return (recipe){STEPS_NAN, 1.0};
    case HN_OP_MAX_POOL2D_GRAD:
        return (recipe){place == 2 ? NORMAL : STEPS, 1.0};
    case HN_OP_BATCH_NORM_TRAIN:
    case HN_OP_BATCH_NORM:
        return (recipe){place == 4 ? POSITIVE : NORMAL, 1.0};
    case HN_OP_BATCH_NORM_GRAD:
    case HN_OP_GROUP_NORM_GRAD:
        if (place == 0)
            return (recipe){NORMAL, 1.0 / sqrt((double)(in[0].dims[0] * in[0].dims[2] * in[0].dims[3]))};
        return place == 4 ? (recipe){POSITIVE, 1.0} : (recipe){NORMAL, place == 3 ? 0.1 : 1.0};
    case HN_OP_CHANNEL_SCALE_GRAD:
        return (recipe){NORMAL, place == 0 ? 1.0 / sqrt((double)(in[0].dims[2] * in[0].dims[3])) : 1.0};
    case HN_OP_CLASS_MAP:
        return (recipe){NORMAL, place == 1 ? 1.0 / sqrt((double)in[0].dims[1]) : 1.0};
    default:
        break;
    }
    return (recipe){NORMAL, 1.0};
}

/* What the gradient of an activation looks at: its output, or its input. */
static recipe activation_recipe(int32_t activation) {
    switch (activation) {
    case HN_ACT_SIGMOID:
    case HN_ACT_TANH:
        return (recipe){UNIT, 1.0};
    case HN_ACT_RELU6:
        return (recipe){STEPS, 4.0};
    case HN_ACT_SILU:
    case HN_ACT_HARD_SWISH:
        return (recipe){NORMAL, 3.0};
    default:
        return (recipe){STEPS, 1.0};
    }
}

static recipe recipe_of(const hn_op_desc *d, int32_t place) {
    switch (d->kind) {
    case HN_OP_ACTIVATION:
        return (recipe){NORMAL, 8.0};
    case HN_OP_ACTIVATION_GRAD:
        return place == 1 ? (recipe){NORMAL, 1.0} : activation_recipe(d->activation);
    case HN_OP_SOFTMAX:
        return (recipe){NORMAL, 60.0};
    case HN_OP_SOFTMAX_LOSS:
        return place == 2 ? (recipe){POSITIVE, 1.0} : (recipe){NORMAL, 4.0};
    case HN_OP_SIGMOID_LOSS:
        return place == 1 ? (recipe){d->smoothing == 0.0 ? BINARY : UNIT, 1.0} : place == 2 ? (recipe){POSITIVE, 1.0} : (recipe){NORMAL, 10.0};
    case HN_OP_OPTIMIZER: /* w g m v */
        return place == 3 ? (recipe){POSITIVE, 0.01} : (recipe){NORMAL, place == 0 ? 1.0 : 0.1};
    case HN_OP_PREPROCESS:
        return (recipe){place == 2 ? POSITIVE : UNIT, 1.0};
    default:
        return layer_recipe(d, place);
    }
}

static float draw(recipe how, hni_random *r) {
    switch (how.dist) {
    case POSITIVE:
        return (float)((0.2 + hni_random_unit(r)) * how.scale);
    case UNIT:
        return (float)(1e-6 + 0.999998 * hni_random_unit(r));
    case BINARY:
        return (float)hni_random_below(r, 2);
    case STEPS:
    case STEPS_NAN: {
        const uint32_t step = hni_random_below(r, 400);
        if (step < 4)
            return -HUGE_VALF;
        return how.dist == STEPS_NAN && step < 8 ? NAN : (float)((double)((float)(step % 9) * 0.5f - 2.0f) * how.scale);
    }
    case NORMAL:
    default:
        return (float)(hni_random_normal(r) * how.scale);
    }
}

static void fill_f32(const hn_op_desc *d, int32_t place, hni_random *r, float *dst, int64_t n) {
    const recipe how = recipe_of(d, place);
    const bool relu_output = d->kind == HN_OP_ACTIVATION_GRAD && place == 0 && (d->activation == HN_ACT_RELU || d->activation == HN_ACT_RELU6);
    double normals[256];
    for (int64_t i = 0; i < n; i++) {
        if (how.dist == NORMAL && i % 256 == 0)
            hni_random_normals(r, normals, (size_t)(n - i < 256 ? n - i : 256));
        dst[i] = how.dist == NORMAL ? (float)(normals[i % 256] * how.scale) : draw(how, r);
        if (relu_output)
            dst[i] = !(dst[i] > 0.0f) ? 0.0f : d->activation == HN_ACT_RELU6 && dst[i] > 6.0f ? 6.0f : dst[i];
    }
}

/* Rows that sum to 1, every third of them a class alone. */
static void fill_targets(const hn_op_desc *d, hni_random *r, float *dst) {
    const int64_t k = d->in[1].dims[1];
    for (int64_t i = 0; i < d->in[1].dims[0]; i++, dst += k) {
        double sum = 0.0;
        for (int64_t j = 0; j < k; j++)
            sum += (double)(dst[j] = i % 3 == 0 ? 0.0f : draw((recipe){POSITIVE, 1.0}, r));
        for (int64_t j = 0; j < k; j++)
            dst[j] = i % 3 == 0 ? 0.0f : (float)((double)dst[j] / sum);
        if (i % 3 == 0)
            dst[hni_random_below(r, (uint32_t)k)] = 1.0f;
    }
}

/* [low, high) */
static float between(hni_random *r, double low, double high) {
    return (float)(low + (high - low) * hni_random_unit(r));
}

/* A rectangle that may lie half beside the image. */
static void fill_rectangle(hni_random *r, int64_t width, int64_t height, float *to) {
    for (int i = 0; i < 2; i++) {
        const double size = (double)(i == 0 ? width : height), at = hni_random_unit(r) * size, half = 0.3 * hni_random_unit(r) * size;
        to[i] = (float)(at - half);
        to[i + 2] = (float)(at + half);
    }
}

/* A sample's augmentation: turned, sheared and scaled about the image's middle; every effect is there in some samples and not in others, one
 * sample looks nowhere, and one has a partner that is none. */
static void fill_augment(const hn_op_desc *d, hni_random *r, float *a) {
    const hn_tensor_desc *x = &d->in[0], *y = &d->out[0];
    const double width = (double)y->dims[3], height = (double)y->dims[2];
    for (int64_t i = 0; i < y->dims[0]; i++, a += HN_AUGMENT_COLUMNS) {
        memset(a, 0, HN_AUGMENT_COLUMNS * sizeof *a);
        a[HN_AUGMENT_A] = between(r, 0.5, 1.2) * (float)x->dims[3] / (float)width;
        a[HN_AUGMENT_B] = i % 2 ? between(r, -0.5, 0.5) : 0.0f;
        a[HN_AUGMENT_D] = i % 2 ? between(r, -0.5, 0.5) : 0.0f;
        a[HN_AUGMENT_E] = (i % 4 == 3 ? -1.0f : 1.0f) * between(r, 0.5, 1.2) * (float)x->dims[2] / (float)height;
        a[HN_AUGMENT_C] = 0.5f * (float)((double)x->dims[3] - (double)a[HN_AUGMENT_A] * width - (double)a[HN_AUGMENT_B] * height);
        a[HN_AUGMENT_F] = i == 5 ? 1e30f : 0.5f * (float)((double)x->dims[2] - (double)a[HN_AUGMENT_D] * width - (double)a[HN_AUGMENT_E] * height);
        a[HN_AUGMENT_GAIN] = between(r, 0.7, 1.4);
        a[HN_AUGMENT_OFFSET] = between(r, -0.2, 0.2);
        a[HN_AUGMENT_GAMMA] = i % 2 ? between(r, 0.7, 1.5) : 1.0f;
        a[HN_AUGMENT_FILL] = between(r, 0.0, 1.0);
        a[HN_AUGMENT_BLUR] = i % 3 == 1 ? between(r, 0.0, 0.33) : 0.0f;
        a[HN_AUGMENT_NOISE] = i % 2 == 0 ? between(r, 0.0, 0.1) : 0.0f;
        if (i % 3 == 0)
            fill_rectangle(r, y->dims[3], y->dims[2], a + HN_AUGMENT_CUT);
        fill_rectangle(r, y->dims[3], y->dims[2], a + HN_AUGMENT_MIX);
        a[HN_AUGMENT_MIX_WITH] = i % 2 == 0 ? -1.0f : (float)(i == 7 ? y->dims[0] : (int64_t)hni_random_below(r, (uint32_t)y->dims[0]));
        a[HN_AUGMENT_MIX_SHARE] = between(r, 0.0, 1.0);
    }
}

/* One row a parameter group, each at another step; every third group is frozen, the first never. */
static void fill_hyper(const hn_op_desc *d, hni_random *r, double *dst) {
    const bool sgd = d->optimizer == HN_OPTIMIZER_SGD;
    for (int64_t g = 0; g < d->in[4].dims[0]; g++, dst += HN_HYPER_COLUMNS) {
        const double step = g % 2 == 0 ? 1.0 : 2.0 + hni_random_below(r, 50);
        dst[HN_HYPER_RATE] = g % 3 == 1 ? 0.0 : 0.001 * (1.0 + hni_random_below(r, 50));
        dst[HN_HYPER_BETA1] = sgd && g % 4 == 3 ? 0.0 : 0.9;
        dst[HN_HYPER_BETA2] = sgd ? (double)(g % 4 == 2) : 0.999;
        dst[HN_HYPER_EPSILON] = 1e-8;
        dst[HN_HYPER_DECAY] = g % 2 == 0 ? 0.01 : 0.0;
        dst[HN_HYPER_CORRECTION1] = 1.0 - hni_pow(dst[HN_HYPER_BETA1], step);
        dst[HN_HYPER_CORRECTION2] = 1.0 - hni_pow(dst[HN_HYPER_BETA2], step);
        dst[HN_HYPER_STEP] = step;
    }
}

/* The one number beside vectors: sometimes no limit, sometimes one that is above every norm. */
static double factor_of(const hn_op_desc *d, hni_random *r) {
    if (d->kind == HN_OP_CLIP && d->in[0].dims[0] % 3 != 1)
        return d->in[0].dims[0] % 3 == 0 ? 0.0 : 1e6;
    return 0.1 + 0.8 * hni_random_unit(r);
}

static void fill_u8(const hn_op_desc *d, hni_random *r, uint8_t *dst, int64_t n) {
    const uint32_t below = d->kind == HN_OP_OPTIMIZER ? (uint32_t)d->in[4].dims[0] : 256;
    for (int64_t i = 0; i < n; i++)
        dst[i] = (uint8_t)hni_random_below(r, below);
}

void hni_case_input(const hni_case *c, int32_t place, uint64_t seed, void *dst) {
    const hn_op_desc *d = &c->desc;
    const hn_tensor_desc *t = &d->in[place];
    const int64_t n = hni_tensor_elements(t);
    hni_random r;
    hni_random_init(&r, seed, HNI_RANDOM_TEST, (uint32_t)d->kind, (uint32_t)place);
    switch (t->dtype) {
    case HN_DTYPE_F32:
        if (d->kind == HN_OP_SOFTMAX_LOSS && place == 1)
            fill_targets(d, &r, dst);
        else if (d->kind == HN_OP_PREPROCESS && place == 4)
            fill_augment(d, &r, dst);
        else
            fill_f32(d, place, &r, dst, n);
        break;
    case HN_DTYPE_F64:
        if (d->kind == HN_OP_OPTIMIZER)
            fill_hyper(d, &r, dst);
        else
            *(double *)dst = factor_of(d, &r);
        break;
    case HN_DTYPE_U8:
        fill_u8(d, &r, dst, n);
        break;
    case HN_DTYPE_I32: /* labels, or rows of which one is none */
        for (int64_t i = 0; i < n; i++)
            ((int32_t *)dst)[i] = (int32_t)hni_random_below(&r, (uint32_t)d->in[0].dims[d->kind == HN_OP_PREPROCESS ? 0 : 1]);
        if (d->kind == HN_OP_PREPROCESS && n > 3)
            ((int32_t *)dst)[3] = n % 2 == 0 ? -1 : (int32_t)d->in[0].dims[0];
        break;
    default: /* keys */
        for (int64_t i = 0; i < n; i++)
            ((uint32_t *)dst)[i] = hni_random_u32(&r);
    }
}

/* Outputs that an operator adds to start with something; the others with a NaN, so that what is not written shows. */
void hni_case_output(const hni_case *c, int32_t place, uint64_t seed, void *dst) {
    const hn_tensor_desc *t = &c->desc.out[place];
    if (t->dtype != HN_DTYPE_F64) {
        memset(dst, 0xFF, (size_t)hni_tensor_bytes(t));
        return;
    }
    hni_random r;
    hni_random_init(&r, seed, HNI_RANDOM_TEST, (uint32_t)c->desc.kind, 100u + (uint32_t)place);
    for (int64_t i = 0; i < hni_tensor_elements(t); i++)
        ((double *)dst)[i] = (double)hni_random_below(&r, 100);
}

int32_t hni_case_in_place(int32_t kind, int32_t output, bool *always) {
    *always = kind == HN_OP_OPTIMIZER || (kind == HN_OP_BATCH_NORM_TRAIN && output >= 3);
    switch (kind) {
    case HN_OP_ACTIVATION:
    case HN_OP_ADD:
    case HN_OP_DROPOUT:
        return 0;
    case HN_OP_ACCUMULATE:
    case HN_OP_CLIP:
    case HN_OP_AVERAGE:
        return output == 0 ? 0 : -1;
    case HN_OP_ACTIVATION_GRAD:
        return 1;
    case HN_OP_BATCH_NORM_TRAIN:
        return output >= 3 ? output : -1;
    case HN_OP_OPTIMIZER:
        return output == 0 ? 0 : output + 1; /* w, m, v; g stays */
    default:
        return -1;
    }
}
