/* test_gradients.c - every gradient operator against differences of its forward operator, on random data with a printed seed.
 *
 * What is differentiated is L = Σ dy·y in float64, with random dy; the operators store float32, so the step is wide (exact for linear
 * operators) and the difference is of fourth order (for the curved ones). Kinks - of ReLU, of a maximum - are kept out of reach. */
#include <math.h>

#include "../test.h"
#include "base/random.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "host.h"

enum { MAX_ELEMENTS = 2048 };

static const double STEP = 0.0625; /* a power of two: x ± STEP is exact for the coarse numbers below */
static const double TOLERANCE = 1e-4;

static hni_random source;
static double worst;

/* Multiples of 1/64 in [-2, 2). */
static float coarse(void) {
    return (float)((double)hni_random_below(&source, 256) / 64.0 - 2.0);
}

static float *numbers(const hn_tensor_desc *t) {
    float *x = host_alloc(NULL, (size_t)hni_tensor_bytes(t));
    ck_assert_ptr_nonnull(x);
    ck_assert_int_le(hni_tensor_elements(t), MAX_ELEMENTS);
    for (int64_t i = 0; i < hni_tensor_elements(t); i++)
        x[i] = coarse();
    return x;
}

/* Where L comes from: out[0] weighted by dy, or the mean loss of stats. */
typedef struct objective {
    const hn_op_desc *desc;
    void **in, **out;
    const float *dy; /* NULL: stats[0] / stats[1] of out[2] */
} objective;

static double evaluate(const objective *o) {
    hn_error err;
    if (!o->dy)
        memset(o->out[2], 0, 4 * sizeof(double));
    ck_ok(run_op(run_forwards, o->desc, o->in, o->out, &err));
    if (!o->dy)
        return ((double *)o->out[2])[0] / ((double *)o->out[2])[1];
    double sum = 0.0;
    for (int64_t i = 0; i < hni_tensor_elements(&o->desc->out[0]); i++)
        sum += (double)o->dy[i] * (double)((float *)o->out[0])[i];
    return sum;
}

static double evaluate_at(const objective *o, float *number, double value) {
    const float before = *number;
    *number = (float)value;
    const double result = evaluate(o);
    *number = before;
    return result;
}

/* claimed [elements of in[which]] is dL/d in[which]. */
static void check(const char *name, const objective *o, int which, const float *claimed) {
    float *x = (float *)o->in[which];
    for (int64_t i = 0; i < hni_tensor_elements(&o->desc->in[which]); i++) {
        const double at = (double)x[i];
        const double near = evaluate_at(o, &x[i], at + STEP) - evaluate_at(o, &x[i], at - STEP);
        const double far = evaluate_at(o, &x[i], at + 2.0 * STEP) - evaluate_at(o, &x[i], at - 2.0 * STEP);
        const double slope = (8.0 * near - far) / (12.0 * STEP), error = fabs(slope - (double)claimed[i]) / (1.0 + fabs(slope));
        ck_assert_msg(error <= TOLERANCE, "%s, seed %llu: gradient of input %d, number %lld is %.9g, differences give %.9g", name,
                      (unsigned long long)test_seed(), which, (long long)i, (double)claimed[i], slope);
        worst = error > worst ? error : worst;
    }
}

static void start(uint32_t test) {
    hni_random_init(&source, test_seed(), HNI_RANDOM_TEST, 1, test);
    worst = 0.0;
}

static void finish(const char *name) {
    printf("%s: worst error %.2g\n", name, worst);
}

static void conv_case(const char *name, const int64_t x_dims[4], const int64_t w_dims[4], hni_window2d win, bool bias) {
    hn_error err;
    hn_op_desc f, gi, gw;
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, x_dims[0], x_dims[1], x_dims[2], x_dims[3]);
    const hn_tensor_desc w = hni_tensor(HN_DTYPE_F32, 4, w_dims[0], w_dims[1], w_dims[2], w_dims[3]);
    ck_ok(hni_op_conv2d(&f, &x, &w, bias, &win, 0, &err));
    ck_ok(hni_op_conv2d_grads(&f, &gi, &gw, &err));
    void *in[3] = {numbers(&x), numbers(&w), bias ? numbers(&f.in[2]) : NULL}, *out[1] = {numbers(&f.out[0])};
    float *dy = numbers(&f.out[0]), *dx = numbers(&x), *dw = numbers(&w), *db = bias ? numbers(&f.in[2]) : NULL;
    ck_ok(run_op(run_forwards, &gi, (void *[]){dy, in[1]}, (void *[]){dx}, &err));
    ck_ok(run_op(run_forwards, &gw, (void *[]){dy, in[0]}, (void *[]){dw, db}, &err));
    const objective o = {&f, in, out, dy};
    check(name, &o, 0, dx);
    check(name, &o, 1, dw);
    if (bias)
        check(name, &o, 2, db);
    for (int i = 0; i < 3; i++)
        free(in[i]);
    free(out[0]);
    free(dy);
    free(dx);
    free(dw);
    free(db);
}

START_TEST(convolution) {
    start(1);
    conv_case("conv 3x3 pad 1", (const int64_t[]){2, 2, 4, 5}, (const int64_t[]){3, 2, 3, 3},
              (hni_window2d){.stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 1}, true);
    conv_case("conv 2x3 stride 2x3 pad 1x2", (const int64_t[]){1, 2, 5, 7}, (const int64_t[]){2, 2, 2, 3},
              (hni_window2d){.stride = {2, 3}, .padding = {1, 2}, .dilation = {1, 1}, .groups = 1}, false);
    conv_case("conv dilation 2x3 groups 2", (const int64_t[]){1, 4, 6, 7}, (const int64_t[]){4, 2, 2, 2},
              (hni_window2d){.stride = {1, 2}, .padding = {2, 1}, .dilation = {2, 3}, .groups = 2}, true);
    conv_case("conv depthwise", (const int64_t[]){1, 3, 4, 4}, (const int64_t[]){6, 1, 3, 2},
              (hni_window2d){.stride = {1, 1}, .padding = {0, 1}, .dilation = {1, 1}, .groups = 3}, true);
    conv_case("conv 3x3 stride 2, more padding below and right", (const int64_t[]){1, 2, 6, 4}, (const int64_t[]){2, 2, 3, 3},
              (hni_window2d){.stride = {2, 2}, .extra_padding = {1, 1}, .dilation = {1, 1}, .groups = 1}, true);
    finish("convolution");
}
END_TEST

/* Distinct numbers in random order, so far apart that no step changes a maximum. */
static void spread(float *x, int64_t n) {
    uint32_t order[MAX_ELEMENTS];
    for (int64_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    hni_shuffle(&source, order, (uint32_t)n);
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)order[i] * 0.5f - 4.0f;
}

static void pool_case(const char *name, int32_t kind, const int64_t dims[4], hni_window2d win) {
    hn_error err;
    hn_op_desc f, g;
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, dims[0], dims[1], dims[2], dims[3]);
    ck_ok(kind == HN_OP_GLOBAL_AVG_POOL ? hni_op_global_avg_pool(&f, &x, &err) : hni_op_pool2d(&f, kind, &x, &win, &err));
    ck_ok(hni_op_pool2d_grad(&f, &g, &err));
    void *in[1] = {numbers(&x)}, *out[1] = {numbers(&f.out[0])};
    float *dy = numbers(&f.out[0]), *dx = numbers(&x);
    if (kind == HN_OP_MAX_POOL2D) {
        spread(in[0], hni_tensor_elements(&x));
        ck_ok(run_op(run_forwards, &f, in, out, &err));
        ck_ok(run_op(run_forwards, &g, (void *[]){in[0], out[0], dy}, (void *[]){dx}, &err));
    } else
        ck_ok(run_op(run_forwards, &g, (void *[]){dy}, (void *[]){dx}, &err));
    const objective o = {&f, in, out, dy};
    check(name, &o, 0, dx);
    free(in[0]);
    free(out[0]);
    free(dy);
    free(dx);
}

START_TEST(pooling) {
    start(2);
    const int64_t dims[4] = {1, 2, 6, 7};
    const hni_window2d plain = {.kernel = {2, 2}, .stride = {2, 2}}, apart = {.kernel = {2, 1}, .stride = {3, 4}};
    const hni_window2d overlap = {.kernel = {3, 3}, .stride = {2, 1}, .padding = {1, 1}};
    const hni_window2d exclude = {.kernel = {3, 2}, .stride = {1, 2}, .padding = {1, 1}, .exclude_padding = 1};
    pool_case("max 2x2", HN_OP_MAX_POOL2D, dims, plain);
    pool_case("max 3x3 overlapping", HN_OP_MAX_POOL2D, dims, overlap);
    pool_case("max stride past kernel", HN_OP_MAX_POOL2D, dims, apart);
    pool_case("average 2x2", HN_OP_AVG_POOL2D, dims, plain);
    pool_case("average 3x3 overlapping", HN_OP_AVG_POOL2D, dims, overlap);
    pool_case("average 3x2 without padding", HN_OP_AVG_POOL2D, dims, exclude);
    pool_case("global average", HN_OP_GLOBAL_AVG_POOL, dims, plain);
    finish("pooling");
}
END_TEST

static void dense_case(const char *name, int64_t n, int64_t features, int64_t k, bool bias) {
    hn_error err;
    hn_op_desc f, gi, gw;
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, n, features, 1, 1), w = hni_tensor(HN_DTYPE_F32, 2, k, features, 1, 1);
    ck_ok(hni_op_dense(&f, &x, &w, bias, 0, &err));
    ck_ok(hni_op_dense_grads(&f, &gi, &gw, &err));
    void *in[3] = {numbers(&x), numbers(&w), bias ? numbers(&f.in[2]) : NULL}, *out[1] = {numbers(&f.out[0])};
    float *dy = numbers(&f.out[0]), *dx = numbers(&x), *dw = numbers(&w), *db = bias ? numbers(&f.in[2]) : NULL;
    ck_ok(run_op(run_forwards, &gi, (void *[]){dy, in[1]}, (void *[]){dx}, &err));
    ck_ok(run_op(run_forwards, &gw, (void *[]){dy, in[0]}, (void *[]){dw, db}, &err));
    const objective o = {&f, in, out, dy};
    check(name, &o, 0, dx);
    check(name, &o, 1, dw);
    if (bias)
        check(name, &o, 2, db);
    for (int i = 0; i < 3; i++)
        free(in[i]);
    free(out[0]);
    free(dy);
    free(dx);
    free(dw);
    free(db);
}

START_TEST(fully_connected) {
    start(3);
    dense_case("dense", 3, 11, 4, true);
    dense_case("dense without bias", 2, 5, 1, false);
    dense_case("dense of two blocks", 1, 260, 2, true);
    finish("fully connected");
}
END_TEST

START_TEST(batch_norm) {
    start(4);
    hn_error err;
    hn_op_desc f, g;
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 3, 2, 3, 4);
    ck_ok(hni_op_batch_norm(&f, &x, true, 1e-3, 0.1, &err));
    ck_ok(hni_op_batch_norm_grad(&f, &g, &err));
    void *in[5], *out[5];
    for (int i = 0; i < 5; i++) {
        in[i] = numbers(&f.in[i]);
        out[i] = numbers(&f.out[i]);
    }
    float *dy = numbers(&x), *dx = numbers(&x), *dgamma = numbers(&f.in[1]), *dbeta = numbers(&f.in[2]);
    ck_ok(run_op(run_forwards, &f, in, out, &err));
    ck_ok(run_op(run_forwards, &g, (void *[]){dy, in[0], in[1], out[1], out[2]}, (void *[]){dx, dgamma, dbeta}, &err));
    const objective o = {&f, in, out, dy};
    check("batch norm", &o, 0, dx);
    check("batch norm", &o, 1, dgamma);
    check("batch norm", &o, 2, dbeta);
    for (int i = 0; i < 5; i++) {
        free(in[i]);
        free(out[i]);
    }
    free(dy);
    free(dx);
    free(dgamma);
    free(dbeta);
    finish("batch norm");
}
END_TEST

/* Away from the kinks of ReLU, ReLU6 and hard-swish. */
static float far_from_kinks(float x, int32_t activation) {
    static const float kinks[] = {0.0f, 6.0f, -3.0f, 3.0f};
    for (size_t i = 0; i < sizeof kinks / sizeof kinks[0]; i++)
        if (fabsf(x - kinks[i]) <= 0.25f && activation != HN_ACT_TANH)
            x = kinks[i] + 0.375f;
    return x;
}

static void activation_case(int32_t activation) {
    hn_error err;
    hn_op_desc f, g;
    char name[32];
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 3, 20, 1, 1);
    const bool by_input = activation == HN_ACT_SILU || activation == HN_ACT_HARD_SWISH;
    ck_ok(hni_op_activation(&f, &x, activation, &err));
    ck_ok(hni_op_activation_grad(&f, &g, &err));
    void *in[1] = {numbers(&x)}, *out[1] = {numbers(&x)};
    float *dy = numbers(&x), *dx = numbers(&x), *values = (float *)in[0];
    for (int i = 0; i < 60; i++)
        values[i] = far_from_kinks(activation == HN_ACT_TANH ? values[i] : 4.0f * values[i], activation);
    ck_ok(run_op(run_forwards, &f, in, out, &err));
    ck_ok(run_op(run_forwards, &g, (void *[]){by_input ? in[0] : out[0], dy}, (void *[]){dx}, &err));
    const objective o = {&f, in, out, dy};
    snprintf(name, sizeof name, "activation %d", activation);
    check(name, &o, 0, dx);
    free(in[0]);
    free(out[0]);
    free(dy);
    free(dx);
}

START_TEST(activations) {
    start(5);
    for (int32_t activation = HN_ACT_RELU; activation <= HN_ACT_TANH; activation++)
        activation_case(activation);
    finish("activations");
}
END_TEST

START_TEST(group_norm) {
    start(8);
    hn_error err;
    hn_op_desc f, g;
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 2, 6, 3, 4);
    static const int32_t counts[] = {1, 2, 3, 6};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        ck_ok(hni_op_group_norm(&f, &x, counts[k], 1e-3, &err));
        ck_ok(hni_op_group_norm_grad(&f, &g, &err));
        void *in[3], *out[3];
        for (int i = 0; i < 3; i++) {
            in[i] = numbers(&f.in[i]);
            out[i] = numbers(&f.out[i]);
        }
        float *dy = numbers(&x), *dx = numbers(&x), *dgamma = numbers(&f.in[1]), *dbeta = numbers(&f.in[2]);
        ck_ok(run_op(run_forwards, &f, in, out, &err));
        ck_ok(run_op(run_forwards, &g, (void *[]){dy, in[0], in[1], out[1], out[2]}, (void *[]){dx, dgamma, dbeta}, &err));
        const objective o = {&f, in, out, dy};
        check("group norm", &o, 0, dx);
        check("group norm", &o, 1, dgamma);
        check("group norm", &o, 2, dbeta);
        for (int i = 0; i < 3; i++) {
            free(in[i]);
            free(out[i]);
        }
        free(dy);
        free(dx);
        free(dgamma);
        free(dbeta);
    }
    finish("group norm");
}
END_TEST

START_TEST(concat_and_channel_scale) {
    start(9);
    hn_error err;
    hn_op_desc f, g;
    const hn_tensor_desc a = hni_tensor(HN_DTYPE_F32, 4, 2, 3, 3, 4), b = hni_tensor(HN_DTYPE_F32, 4, 2, 1, 3, 4);
    for (int scale = 0; scale < 2; scale++) {
        ck_ok(scale ? hni_op_channel_scale(&f, &a, &err) : hni_op_concat(&f, &a, &b, &err));
        ck_ok(scale ? hni_op_channel_scale_grad(&f, &g, &err) : hni_op_concat_grad(&f, &g, &err));
        void *in[2] = {numbers(&f.in[0]), numbers(&f.in[1])}, *out[1] = {numbers(&f.out[0])};
        float *dy = numbers(&f.out[0]), *first = numbers(&f.in[0]), *second = numbers(&f.in[1]);
        ck_ok(run_op(run_forwards, &g, scale ? (void *[]){dy, in[0], in[1]} : (void *[]){dy}, (void *[]){first, second}, &err));
        const objective o = {&f, in, out, dy};
        check(scale ? "channel scale" : "concat", &o, 0, first);
        check(scale ? "channel scale" : "concat", &o, 1, second);
        free(in[0]);
        free(in[1]);
        free(out[0]);
        free(dy);
        free(first);
        free(second);
    }
    finish("concat and channel scale");
}
END_TEST

START_TEST(add_and_dropout) {
    start(6);
    hn_error err;
    hn_op_desc add, drop;
    uint32_t keys[2][4] = {{1, 2, 3, 4}, {1, 2, 3, 5}};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 2, 19, 1, 1);
    void *in[2] = {numbers(&x), numbers(&x)}, *out[1] = {numbers(&x)};
    float *dy = numbers(&x), *dx = numbers(&x);
    ck_ok(hni_op_add(&add, &x, &err));
    const objective sum = {&add, in, out, dy};
    check("add", &sum, 0, dy);
    check("add", &sum, 1, dy);
    ck_ok(hni_op_dropout(&drop, &x, 0.4, 9, &err));
    ck_ok(run_op(run_forwards, &drop, (void *[]){dy, keys}, (void *[]){dx}, &err));
    const objective dropped = {&drop, (void *[]){in[0], keys}, out, dy};
    check("dropout", &dropped, 0, dx);
    free(in[0]);
    free(in[1]);
    free(out[0]);
    free(dy);
    free(dx);
    finish("add and dropout");
}
END_TEST

/* Rows of shares that sum to 1. */
static void fill_targets(float *targets, int rows, int k) {
    for (int i = 0; i < rows; i++, targets += k) {
        double sum = 0.0;
        for (int j = 0; j < k; j++)
            sum += (double)(targets[j] = 0.1f + (float)hni_random_unit(&source));
        for (int j = 0; j < k; j++)
            targets[j] = (float)((double)targets[j] / sum);
    }
}

static void loss_case(const char *name, int32_t kind, const hni_loss_options *how) {
    hn_error err;
    hn_op_desc f;
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 4, 5, 1, 1);
    ck_ok(hni_op_loss(&f, kind, &x, how, &err));
    int32_t classes[4];
    float bits[20], targets[20], weights[5], *p = numbers(&x), *dx = numbers(&x), *claimed = numbers(&x);
    double stats[4] = {0.0};
    for (int i = 0; i < 4; i++)
        classes[i] = (int32_t)hni_random_below(&source, 5);
    for (int i = 0; i < 20; i++)
        bits[i] = how->targets ? (float)hni_random_unit(&source) : (float)hni_random_below(&source, 2);
    for (int i = 0; i < 5; i++)
        weights[i] = 0.25f + (float)hni_random_unit(&source);
    fill_targets(targets, 4, 5);
    void *labels = kind == HN_OP_SIGMOID_LOSS ? (void *)bits : how->targets ? (void *)targets : (void *)classes;
    void *in[3] = {numbers(&x), labels, weights}, *out[3] = {p, dx, stats};
    ck_ok(run_op(run_forwards, &f, in, out, &err));
    memcpy(claimed, dx, (size_t)hni_tensor_bytes(&x));
    const objective o = {&f, in, out, NULL};
    check(name, &o, 0, claimed);
    free(in[0]);
    free(p);
    free(dx);
    free(claimed);
}

START_TEST(losses) {
    static const hni_loss_options ways[] = {
        {-1, false, 0.5, 0.0, 0.0}, {-1, false, 0.5, 0.2, 0.0}, {-1, true, 0.5, 0.0, 0.0}, {-1, false, 0.5, 0.0, 2.0}, {-1, true, 0.5, 0.1, 0.5},
        {-1, false, 0.5, 0.1, 1.5},
    };
    start(7);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "loss, way %d", (int)i);
        loss_case(name, HN_OP_SOFTMAX_LOSS, &ways[i]);
        loss_case(name, HN_OP_SIGMOID_LOSS, &ways[i]);
    }
    finish("losses");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gradients");
    TCase *cases = tcase_create("finite differences");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, convolution);
    tcase_add_test(cases, pooling);
    tcase_add_test(cases, fully_connected);
    tcase_add_test(cases, batch_norm);
    tcase_add_test(cases, activations);
    tcase_add_test(cases, add_and_dropout);
    tcase_add_test(cases, losses);
    tcase_add_test(cases, group_norm);
    tcase_add_test(cases, concat_and_channel_scale);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
