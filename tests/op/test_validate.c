/* test_validate.c - hostile descriptions: every field of every kind of operator is spoilt in turn, and validation must say no, or the
 * description must be one that another maker could have made. tests/backend/test_conformance.c runs what passes. */
#include <math.h>

#include "../test.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "haemnet/train.h"
#include "op/op.h"

static hn_error err;

enum { KINDS = HNI_OP_LAST };

/* A valid description of each kind. */
static void make_all(hn_op_desc d[KINDS + 1]) {
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 2, 4, 9, 8), w = hni_tensor(HN_DTYPE_F32, 4, 6, 2, 3, 3);
    const hn_tensor_desc m = hni_tensor(HN_DTYPE_F32, 2, 5, 2, 1, 1), v = hni_tensor(HN_DTYPE_F32, 2, 3, 2, 1, 1);
    const hn_tensor_desc u8 = hni_tensor(HN_DTYPE_U8, 4, 2, 3, 4, 4);
    const hni_window2d conv = {.stride = {2, 1}, .padding = {1, 1}, .dilation = {1, 2}, .groups = 2};
    const hni_window2d pool = {.kernel = {3, 2}, .stride = {2, 2}, .padding = {1, 1}, .exclude_padding = 1};
    const hni_loss_options loss = {.positive = 1, .threshold = 0.5};
    memset(d, 0, (KINDS + 1) * sizeof *d);
    ck_ok(hni_op_conv2d(&d[1], &x, &w, true, &conv, 1, &err));
    ck_ok(hni_op_conv2d_grads(&d[1], &d[2], &d[3], &err));
    ck_ok(hni_op_pool2d(&d[4], HN_OP_MAX_POOL2D, &x, &pool, &err));
    ck_ok(hni_op_pool2d_grad(&d[4], &d[5], &err));
    ck_ok(hni_op_pool2d(&d[6], HN_OP_AVG_POOL2D, &x, &pool, &err));
    ck_ok(hni_op_pool2d_grad(&d[6], &d[7], &err));
    ck_ok(hni_op_global_avg_pool(&d[8], &x, &err));
    ck_ok(hni_op_pool2d_grad(&d[8], &d[9], &err));
    ck_ok(hni_op_dense(&d[10], &m, &v, true, 2, &err));
    ck_ok(hni_op_dense_grads(&d[10], &d[11], &d[12], &err));
    ck_ok(hni_op_batch_norm(&d[13], &x, true, 1e-5, 0.1, &err));
    ck_ok(hni_op_batch_norm(&d[14], &x, false, 1e-5, 0.1, &err));
    ck_ok(hni_op_batch_norm_grad(&d[13], &d[15], &err));
    ck_ok(hni_op_activation(&d[16], &x, 2, &err));
    ck_ok(hni_op_activation_grad(&d[16], &d[17], &err));
    ck_ok(hni_op_add(&d[18], &x, &err));
    ck_ok(hni_op_dropout(&d[19], &x, 0.5, 7, &err));
    ck_ok(hni_op_softmax(&d[20], &m, &err));
    ck_ok(hni_op_loss(&d[21], HN_OP_SOFTMAX_LOSS, &m, &loss, &err));
    ck_ok(hni_op_loss(&d[22], HN_OP_SIGMOID_LOSS, &m, &loss, &err));
    ck_ok(hni_op_optimizer(&d[23], HN_OPTIMIZER_ADAM, 99, 2, &err));
    ck_ok(hni_op_preprocess(&d[24], &u8, NULL, &err));
    ck_ok(hni_op_group_norm(&d[25], &x, 2, 1e-5, &err));
    ck_ok(hni_op_group_norm_grad(&d[25], &d[26], &err));
    ck_ok(hni_op_concat(&d[27], &x, &x, &err));
    ck_ok(hni_op_concat_grad(&d[27], &d[28], &err));
    ck_ok(hni_op_channel_scale(&d[29], &x, &err));
    ck_ok(hni_op_channel_scale_grad(&d[29], &d[30], &err));
    ck_ok(hni_op_accumulate(&d[31], 99, &err));
    ck_ok(hni_op_clip(&d[32], 99, &err));
    ck_ok(hni_op_average(&d[33], 99, &err));
    ck_ok(hni_op_class_map(&d[34], &x, true, HN_ACT_RELU, &err));
}

static void refused(const hn_op_desc *d, const char *what) {
    memset(&err, 0, sizeof err);
    const hn_status status = hni_op_validate(d, &err);
    ck_assert_msg(status == HN_E_SHAPE || status == HN_E_ARGUMENT, "%s %s gave %s", hni_op_name(d->kind), what, hn_status_name(status));
    ck_assert_msg(err.message[0] != '\0', "%s %s has no message", hni_op_name(d->kind), what);
    ck_assert_int_eq(hni_op_validate(d, NULL), status);
}

START_TEST(good_ones_pass) {
    hn_op_desc all[KINDS + 1];
    make_all(all);
    for (int k = 1; k <= KINDS; k++) {
        ck_assert_int_eq(all[k].kind, k);
        ck_ok(hni_op_validate(&all[k], &err));
    }
}
END_TEST

START_TEST(bad_frame) {
    hn_op_desc all[KINDS + 1];
    make_all(all);
    ck_assert_int_eq(hni_op_validate(NULL, &err), HN_E_ARGUMENT);
    for (int k = 1; k <= KINDS; k++) {
        hn_op_desc d = all[k];
        d.struct_size--;
        refused(&d, "with a wrong struct_size");
        static const int32_t kinds[] = {0, -1, KINDS + 1, INT32_MIN, INT32_MAX};
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            d = all[k];
            d.kind = kinds[i];
            refused(&d, "with an unknown kind");
        }
        static const int32_t counts[] = {-1, 0, 7, 8, 9, INT32_MIN, INT32_MAX};
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            d = all[k];
            if (d.n_in == counts[i])
                continue;
            d.n_in = counts[i];
            refused(&d, "with a wrong n_in");
            d = all[k];
            d.n_out = counts[i];
            refused(&d, "with a wrong n_out");
        }
    }
}
END_TEST

static const int64_t EVIL[] = {0,          -1,        INT32_MAX, (int64_t)INT32_MAX + 1, INT64_C(1) << 40,
                               (INT64_C(1) << 40) + 1, INT64_MAX,
                               INT64_MAX - 1, INT64_MIN, -4,        INT64_C(1) << 62};

/* Any one evil extent makes shapes disagree or overflow; none is legal where all shapes were tied together before. */
START_TEST(evil_extents) {
    hn_op_desc all[KINDS + 1];
    make_all(all);
    for (int k = 1; k <= KINDS; k++)
        for (int place = 0; place < 2 * HN_OP_MAX_TENSORS; place++) {
            const bool in = place < HN_OP_MAX_TENSORS;
            hn_tensor_desc *t = in ? &all[k].in[place] : &all[k].out[place - HN_OP_MAX_TENSORS];
            const hn_tensor_desc kept = *t;
            for (int axis = 0; axis < kept.rank; axis++)
                for (size_t i = 0; i < sizeof EVIL / sizeof EVIL[0]; i++) {
                    t->dims[axis] = EVIL[i];
                    refused(&all[k], "with an evil extent");
                    *t = kept;
                }
            if (kept.rank > 0 && kept.rank < 4) {
                t->dims[3] = 2;
                refused(&all[k], "with an extent past its rank");
                *t = kept;
            }
        }
}
END_TEST

START_TEST(evil_ranks_and_types) {
    static const int32_t ranks[] = {-1, 5, INT32_MIN, INT32_MAX}, types[] = {0, -1, 6, INT32_MAX, INT32_MIN};
    hn_op_desc all[KINDS + 1];
    make_all(all);
    for (int k = 1; k <= KINDS; k++)
        for (int place = 0; place < 2 * HN_OP_MAX_TENSORS; place++) {
            const bool in = place < HN_OP_MAX_TENSORS;
            hn_tensor_desc *t = in ? &all[k].in[place] : &all[k].out[place - HN_OP_MAX_TENSORS];
            const hn_tensor_desc kept = *t;
            for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++) {
                t->rank = ranks[i];
                refused(&all[k], "with an evil rank");
            }
            for (size_t i = 0; kept.rank != 0 && i < sizeof types / sizeof types[0]; i++) {
                *t = kept;
                t->dtype = types[i];
                refused(&all[k], "with an evil type");
            }
            *t = kept;
        }
}
END_TEST

/* Required tensors cannot be left out; optional ones can. */
START_TEST(left_out) {
    hn_op_desc all[KINDS + 1];
    make_all(all);
    for (int k = 1; k <= KINDS; k++)
        for (int place = 0; place < all[k].n_in + all[k].n_out; place++) {
            hn_op_desc d = all[k];
            const bool in = place < d.n_in;
            memset(in ? &d.in[place] : &d.out[place - d.n_in], 0, sizeof(hn_tensor_desc));
            const bool optional = ((k == HN_OP_CONV2D || k == HN_OP_DENSE || k == HN_OP_CONV2D_GRAD_INPUT) && place == 2) ||
                                  (k == HN_OP_CONV2D && place > 2 && place < 8) || (k == HN_OP_PREPROCESS && place > 2 && place < 6) ||
                                  ((k == HN_OP_CONV2D_GRAD_WEIGHT || k == HN_OP_DENSE_GRAD_WEIGHT) && place == d.n_in + 1);
            if (optional)
                ck_ok(hni_op_validate(&d, &err));
            else
                refused(&d, "without a required tensor");
        }
}
END_TEST

START_TEST(what_may_be_fused) {
    hn_op_desc all[KINDS + 1];
    make_all(all);
    hn_op_desc d = all[HN_OP_CONV2D_GRAD_INPUT];
    ck_ok(hni_op_through_relu(&d, &err));
    ck_assert_int_eq(d.in[2].rank, 4);
    d.activation = HN_ACT_SIGMOID;
    refused(&d, "through a sigmoid");
    d.activation = HN_ACT_RELU;
    d.in[2].rank = 0;
    refused(&d, "through a ReLU that is not there");
    d = all[HN_OP_MAX_POOL2D_GRAD];
    ck_ok(hni_op_through_relu(&d, &err));
    d.activation = HN_ACT_SIGMOID;
    refused(&d, "through a sigmoid");

    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 1, 2, 5, 6), w = hni_tensor(HN_DTYPE_F32, 4, 3, 2, 3, 3);
    hni_window2d win = {.stride = {1, 1}, .pool = 2};
    hn_op_desc dx, dw;
    ck_ok(hni_op_conv2d(&d, &x, &w, true, &win, HN_ACT_RELU, &err));
    ck_assert_int_eq(d.out[0].dims[2], 1); /* of 3 rows one is left over */
    ck_assert_int_eq(d.out[0].dims[3], 2);
    ck_assert_int_eq(hni_op_conv2d_grads(&d, &dx, &dw, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hni_op_conv2d(&d, &x, &w, true, &win, HN_ACT_SIGMOID, &err), HN_E_ARGUMENT);
    ck_ok(hni_op_conv2d(&d, &x, &w, true, &win, HN_ACT_RELU, &err));
    ck_ok(hni_op_norm_inside(&d, 1e-5, &err));
    for (int i = 3; i < 7; i++) {
        hn_op_desc less = d;
        less.in[i].rank = 0;
        refused(&less, "with a part of a batch norm");
    }
    ck_assert_int_eq(hni_op_norm_inside(&d, -1.0, &err), HN_E_ARGUMENT);
    ck_ok(hni_op_conv2d(&d, &x, &w, true, &win, HN_ACT_RELU, &err));
    ck_assert_int_eq(hni_op_add_inside(&d, &err), HN_E_ARGUMENT); /* it pools */
    win.stride[0] = 3; /* one row is too few */
    ck_assert_int_eq(hni_op_conv2d(&d, &x, &w, true, &win, HN_ACT_RELU, &err), HN_E_SHAPE);
}
END_TEST

START_TEST(evil_constants) {
    static const int32_t evil[] = {-2, 3000, 32769, INT32_MAX, INT32_MIN};
    hn_op_desc all[KINDS + 1];
    make_all(all);
    for (int k = 1; k <= KINDS; k++)
        for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++) {
            hn_op_desc d = all[k];
            int32_t *const fields[] = {&d.kernel[0], &d.kernel[1],    &d.stride[0], &d.stride[1],  &d.padding[0],       &d.padding[1],
                                       &d.dilation[0], &d.dilation[1], &d.groups,    &d.activation, &d.exclude_padding, &d.optimizer,
                                       &d.positive, &d.pool, &d.constant, &d.extra_padding[0], &d.extra_padding[1]};
            for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
                const int32_t kept = *fields[f];
                *fields[f] = evil[i];
                refused(&d, "with an evil constant");
                *fields[f] = kept;
            }
        }
}
END_TEST

START_TEST(evil_numbers) {
    static const double evil[] = {-1.0, 2.0, 1e300, (double)INFINITY, -(double)INFINITY, (double)NAN};
    hn_op_desc all[KINDS + 1];
    make_all(all);
    for (int k = 1; k <= KINDS; k++)
        for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++) {
            hn_op_desc d = all[k];
            double *const fields[] = {&d.epsilon, &d.momentum, &d.rate, &d.threshold, &d.smoothing};
            for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
                const double kept = *fields[f];
                *fields[f] = evil[i];
                refused(&d, "with an evil number");
                *fields[f] = kept;
            }
        }
}
END_TEST

/* Each extent is fine alone, the product is not. */
START_TEST(evil_products) {
    hn_op_desc d;
    const hn_tensor_desc huge = hni_tensor(HN_DTYPE_F32, 4, INT64_C(1) << 20, INT64_C(1) << 20, 2, 1);
    const hn_tensor_desc limit = hni_tensor(HN_DTYPE_F32, 4, INT64_C(1) << 20, INT64_C(1) << 20, 1, 1);
    const hn_tensor_desc overflow = hni_tensor(HN_DTYPE_F32, 4, INT64_C(1) << 31, INT64_C(1) << 31, INT64_C(1) << 31, 2);
    const hn_tensor_desc tall = hni_tensor(HN_DTYPE_F32, 4, 1, 1, INT64_C(1) << 25, 1);
    const hni_window2d win = {.kernel = {1, 1}, .stride = {1, 1}};
    ck_ok(hni_op_add(&d, &limit, &err));
    ck_assert_int_eq(hni_op_add(&d, &huge, &err), HN_E_SHAPE);
    ck_assert_int_eq(hni_op_add(&d, &overflow, &err), HN_E_SHAPE);
    ck_assert_int_eq(hni_op_pool2d(&d, HN_OP_MAX_POOL2D, &tall, &win, &err), HN_E_SHAPE);
    /* inputs in range, output out of it */
    const hn_tensor_desc rows = hni_tensor(HN_DTYPE_F32, 2, INT64_C(1) << 30, 1, 1, 1);
    ck_assert_int_eq(hni_op_dense(&d, &rows, &rows, false, 0, &err), HN_E_SHAPE);
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, INT64_C(1) << 30, 1, 1, 1);
    ck_assert_int_eq(hni_op_conv2d(&d, &x, &x, false, &win, 0, &err), HN_E_SHAPE);
    ck_assert_int_eq(hni_op_optimizer(&d, 1, (INT64_C(1) << 40) + 1, 1, &err), HN_E_SHAPE);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("op validation");
    TCase *t = tcase_create("validate");
    tcase_add_test(t, good_ones_pass);
    tcase_add_test(t, bad_frame);
    tcase_add_test(t, evil_extents);
    tcase_add_test(t, evil_ranks_and_types);
    tcase_add_test(t, left_out);
    tcase_add_test(t, what_may_be_fused);
    tcase_add_test(t, evil_constants);
    tcase_add_test(t, evil_numbers);
    tcase_add_test(t, evil_products);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
