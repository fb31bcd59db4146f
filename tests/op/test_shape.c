/* test_shape.c - shape inference, sizes and names of operators: what the makers fill in, against shapes worked out by
 * hand. */
#include "../test.h"
#include "haemnet/builder.h"
#include "haemnet/train.h"
#include "op/dropout.h"
#include "op/op.h"

static hn_error err;

static hn_tensor_desc f32(int32_t rank, int64_t a, int64_t b, int64_t c, int64_t d) {
    return hni_tensor(HN_DTYPE_F32, rank, a, b, c, d);
}

static void same_shape(const hn_tensor_desc *t, hn_tensor_desc want) {
    char a[96], b[96];
    hni_shape_text(t, a, sizeof a);
    hni_shape_text(&want, b, sizeof b);
    ck_assert_str_eq(a, b);
    ck_assert_int_eq(t->dtype, want.dtype);
}

static hni_window2d window(int32_t k, int32_t s, int32_t p) {
    return (hni_window2d){.kernel = {k, k}, .stride = {s, s}, .padding = {p, p}, .dilation = {1, 1}, .groups = 1};
}

START_TEST(sizes) {
    hn_tensor_desc t = f32(4, 2, 3, 5, 7);
    ck_assert_int_eq(hni_tensor_elements(&t), 210);
    ck_assert_int_eq(hni_tensor_bytes(&t), 840);
    t = hni_tensor(HN_DTYPE_F64, 1, 4, 9, 9, 9); /* dims past the rank are set to 1 */
    ck_assert_int_eq(t.dims[3], 1);
    ck_assert_int_eq(hni_tensor_bytes(&t), 32);
    ck_assert_int_eq(hni_tensor_elements(&(hn_tensor_desc){0}), 0);
    ck_assert_int_eq(hni_tensor_bytes(&(hn_tensor_desc){0}), 0);
    t = f32(4, INT64_MAX, 2, 1, 1);
    ck_assert_int_eq(hni_tensor_elements(&t), -1);
    t = f32(1, INT64_MAX / 2, 1, 1, 1);
    ck_assert_int_eq(hni_tensor_bytes(&t), -1);
    t = f32(2, 3, 0, 1, 1);
    ck_assert_int_eq(hni_tensor_elements(&t), -1);
    t = f32(2, 3, -4, 1, 1);
    ck_assert_int_eq(hni_tensor_elements(&t), -1);
    t.rank = 5;
    ck_assert_int_eq(hni_tensor_elements(&t), -1);
    t.rank = -1;
    ck_assert_int_eq(hni_tensor_elements(&t), -1);
    t = hni_tensor(99, 1, 4, 1, 1, 1);
    ck_assert_int_eq(hni_tensor_bytes(&t), -1);
}
END_TEST

START_TEST(windows) {
    ck_assert_int_eq(hni_window_extent(64, 3, 1, 0, 1), 62);
    ck_assert_int_eq(hni_window_extent(64, 3, 1, 1, 1), 64);
    ck_assert_int_eq(hni_window_extent(13, 3, 2, 0, 1), 6);
    ck_assert_int_eq(hni_window_extent(7, 3, 1, 0, 3), 1);
    ck_assert_int_eq(hni_window_extent(6, 3, 1, 0, 3), -1);
    ck_assert_int_eq(hni_window_extent(2, 3, 1, 0, 1), -1);
    ck_assert_int_eq(hni_window_extent(0, 1, 1, 0, 1), -1);
    ck_assert_int_eq(hni_window_extent(5, 1, 0, 0, 1), -1);
    ck_assert_int_eq(hni_window_extent(5, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX), -1);
    ck_assert_int_eq(hni_window_extent(INT64_MAX, 1, 1, 0, 1), -1);
    ck_assert_int_eq(hni_window_extent(INT64_MIN, 1, 1, 0, 1), -1);
}
END_TEST

START_TEST(conv2d) {
    const hn_tensor_desc x = f32(4, 2, 3, 64, 64), w = f32(4, 10, 3, 3, 3);
    const hni_window2d win = window(0, 1, 0);
    hn_op_desc d, di, dw;
    ck_ok(hni_op_conv2d(&d, &x, &w, true, &win, HN_ACT_RELU, &err));
    same_shape(&d.out[0], f32(4, 2, 10, 62, 62));
    same_shape(&d.in[2], f32(1, 10, 1, 1, 1));
    ck_assert_int_eq(d.n_in, 8); /* with the optional ones */
    ck_ok(hni_op_conv2d_grads(&d, &di, &dw, &err));
    same_shape(&di.out[0], x);
    same_shape(&dw.out[0], w);
    same_shape(&dw.out[1], f32(1, 10, 1, 1, 1));
    ck_assert_int_eq(dw.activation, 0);
    ck_ok(hni_op_conv2d(&d, &x, &w, false, &win, HN_ACT_NONE, &err));
    ck_ok(hni_op_conv2d_grads(&d, &di, &dw, &err));
    ck_assert_int_eq(d.in[2].rank, 0);
    ck_assert_int_eq(dw.out[1].rank, 0);
    ck_assert_int_eq(dw.n_out, 2);
}
END_TEST

START_TEST(conv2d_refused) {
    const hn_tensor_desc x = f32(4, 2, 3, 64, 64), w = f32(4, 10, 4, 3, 3), big = f32(4, 10, 3, 65, 3);
    hni_window2d win = window(0, 1, 0);
    hn_op_desc d;
    ck_assert_int_eq(hni_op_conv2d(&d, &x, &w, true, &win, 0, &err), HN_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(err.message, "[10, 4, 3, 3]"));
    ck_assert_int_eq(d.struct_size, 0);
    ck_assert_int_eq(hni_op_conv2d(&d, &x, &big, true, &win, 0, &err), HN_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(err.message, "65x3"));
    ck_assert_ptr_nonnull(strstr(err.message, "[2, 3, 64, 64]"));
    const hn_tensor_desc good = f32(4, 10, 3, 3, 3);
    win.groups = 2;
    ck_assert_int_eq(hni_op_conv2d(&d, &x, &good, true, &win, 0, &err), HN_E_SHAPE);
    win = window(0, 0, 0);
    ck_assert_int_eq(hni_op_conv2d(&d, &x, &good, true, &win, 0, &err), HN_E_ARGUMENT);
    win = window(0, 1, 0);
    ck_assert_int_eq(hni_op_conv2d(&d, &x, &good, true, &win, HN_ACT_TANH + 1, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hni_op_conv2d(&d, &x, &good, true, &win, HN_ACT_TANH + 1, NULL), HN_E_ARGUMENT);
}
END_TEST

/* TensorFlow's "same" at stride 2: the size is halved, and the padding is one-sided where it is even. */
START_TEST(extra_padding) {
    const hn_tensor_desc x = f32(4, 2, 4, 14, 13), w = f32(4, 6, 4, 3, 3);
    hni_window2d win = window(0, 2, 0);
    hn_op_desc d, gi, gw;
    win.extra_padding[0] = 1, win.extra_padding[1] = 2;
    ck_ok(hni_op_conv2d(&d, &x, &w, true, &win, 0, &err));
    same_shape(&d.out[0], f32(4, 2, 6, 7, 7));
    ck_ok(hni_op_conv2d_grads(&d, &gi, &gw, &err));
    same_shape(&gi.out[0], x);
    ck_assert_int_eq(gw.extra_padding[1], 2);
    char text[200];
    hni_op_text(&d, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "extra padding 1x2"));
    win.extra_padding[0] = -1;
    ck_assert_int_eq(hni_op_conv2d(&d, &x, &w, true, &win, 0, &err), HN_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.message, "extra padding"));
}
END_TEST

START_TEST(pooling) {
    const hn_tensor_desc x = f32(4, 2, 10, 13, 12);
    hni_window2d win = window(3, 2, 1);
    hn_op_desc d, g;
    ck_ok(hni_op_pool2d(&d, HN_OP_MAX_POOL2D, &x, &win, &err));
    same_shape(&d.out[0], f32(4, 2, 10, 7, 6));
    ck_ok(hni_op_pool2d_grad(&d, &g, &err));
    ck_assert_int_eq(g.kind, HN_OP_MAX_POOL2D_GRAD);
    same_shape(&g.in[2], d.out[0]);
    same_shape(&g.out[0], x);
    ck_ok(hni_op_pool2d(&d, HN_OP_AVG_POOL2D, &x, &win, &err));
    ck_ok(hni_op_pool2d_grad(&d, &g, &err));
    ck_assert_int_eq(g.kind, HN_OP_AVG_POOL2D_GRAD);
    same_shape(&g.in[0], d.out[0]);
    ck_ok(hni_op_global_avg_pool(&d, &x, &err));
    same_shape(&d.out[0], f32(4, 2, 10, 1, 1));
    ck_ok(hni_op_pool2d_grad(&d, &g, &err));
    ck_assert_int_eq(g.kind, HN_OP_GLOBAL_AVG_POOL_GRAD);
    win = window(3, 2, 2); /* more than half the kernel */
    ck_assert_int_eq(hni_op_pool2d(&d, HN_OP_MAX_POOL2D, &x, &win, &err), HN_E_ARGUMENT);
    win = window(14, 1, 0);
    ck_assert_int_eq(hni_op_pool2d(&d, HN_OP_MAX_POOL2D, &x, &win, &err), HN_E_SHAPE);
    ck_assert_int_eq(hni_op_pool2d(&d, HN_OP_ADD, &x, &win, &err), HN_E_ARGUMENT);
    win = window(2, 2, 0);
    win.dilation[1] = 2;
    ck_assert_int_eq(hni_op_pool2d(&d, HN_OP_MAX_POOL2D, &x, &win, &err), HN_E_ARGUMENT);
}
END_TEST

START_TEST(dense_and_norm) {
    const hn_tensor_desc x = f32(2, 5, 33, 1, 1), w = f32(2, 7, 33, 1, 1), image = f32(4, 2, 6, 3, 3), pixel = f32(4, 1, 6, 1, 1);
    hn_op_desc d, di, dw;
    ck_ok(hni_op_dense(&d, &x, &w, true, HN_ACT_SIGMOID, &err));
    same_shape(&d.out[0], f32(2, 5, 7, 1, 1));
    ck_ok(hni_op_dense_grads(&d, &di, &dw, &err));
    same_shape(&di.out[0], x);
    same_shape(&dw.out[0], w);
    ck_assert_int_eq(hni_op_dense(&d, &w, &image, true, 0, &err), HN_E_SHAPE);
    ck_ok(hni_op_batch_norm(&d, &image, true, 1e-5, 0.1, &err));
    same_shape(&d.out[4], f32(1, 6, 1, 1, 1));
    ck_ok(hni_op_batch_norm_grad(&d, &di, &err));
    same_shape(&di.out[0], image);
    ck_ok(hni_op_batch_norm(&d, &pixel, false, 1e-5, 0.0, &err));
    ck_assert_int_eq(hni_op_batch_norm_grad(&d, &di, &err), HN_E_ARGUMENT); /* of inference */
    ck_assert_int_eq(hni_op_batch_norm(&d, &pixel, true, 1e-5, 0.1, &err), HN_E_SHAPE);
    ck_assert_int_eq(hni_op_batch_norm(&d, &image, true, -1.0, 0.1, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hni_op_batch_norm(&d, &image, true, 1e-5, 1.5, &err), HN_E_ARGUMENT);
}
END_TEST

START_TEST(the_rest) {
    const hn_tensor_desc x = f32(2, 5, 2, 1, 1), u8 = hni_tensor(HN_DTYPE_U8, 4, 2, 3, 8, 8);
    hn_op_desc d, g;
    ck_ok(hni_op_activation(&d, &x, HN_ACT_RELU, &err));
    ck_ok(hni_op_activation_grad(&d, &g, &err));
    ck_assert_int_eq(hni_op_activation(&d, &x, HN_ACT_NONE, &err), HN_E_ARGUMENT);
    ck_ok(hni_op_add(&d, &x, &err));
    ck_ok(hni_op_dropout(&d, &x, 0.5, 3, &err));
    same_shape(&d.in[1], hni_tensor(HN_DTYPE_U32, 2, 5, 4, 1, 1));
    ck_assert_int_eq(hni_op_dropout(&d, &x, 1.0, 3, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hni_op_dropout(&d, &x, -0.1, 3, &err), HN_E_ARGUMENT);
    ck_ok(hni_op_softmax(&d, &x, &err));
    ck_ok(hni_op_loss(&d, HN_OP_SOFTMAX_LOSS, &x, &(hni_loss_options){.positive = 1, .threshold = 0.5}, &err));
    same_shape(&d.in[1], hni_tensor(HN_DTYPE_I32, 1, 5, 1, 1, 1));
    same_shape(&d.out[2], hni_tensor(HN_DTYPE_F64, 1, 4, 1, 1, 1));
    ck_assert_int_eq(hni_op_loss(&d, HN_OP_SOFTMAX_LOSS, &x, &(hni_loss_options){.positive = 2, .threshold = 0.5}, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hni_op_loss(&d, HN_OP_SOFTMAX_LOSS, &x, &(hni_loss_options){.positive = 1, .threshold = 1.5}, &err), HN_E_ARGUMENT);
    ck_ok(hni_op_loss(&d, HN_OP_SIGMOID_LOSS, &x, &(hni_loss_options){.positive = -1, .threshold = 0.5}, &err));
    same_shape(&d.in[1], x);
    ck_assert_int_eq(hni_op_loss(&d, HN_OP_ADD, &x, &(hni_loss_options){.positive = -1, .threshold = 0.5}, &err), HN_E_ARGUMENT);
    ck_ok(hni_op_optimizer(&d, HN_OPTIMIZER_SGD, 8132, 3, &err));
    same_shape(&d.in[4], hni_tensor(HN_DTYPE_F64, 2, 3, 8, 1, 1));
    ck_assert_int_eq(hni_op_optimizer(&d, 4, 8132, 3, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hni_op_optimizer(&d, 1, 8132, 257, &err), HN_E_SHAPE);
    ck_assert_int_eq(hni_op_optimizer(&d, 1, 0, 1, &err), HN_E_SHAPE);
    ck_ok(hni_op_preprocess(&d, &u8, NULL, &err));
    same_shape(&d.out[0], f32(4, 2, 3, 8, 8));
    ck_assert_int_eq(hni_op_preprocess(&d, &x, NULL, &err), HN_E_SHAPE);
}
END_TEST

START_TEST(more_layers) {
    const hn_tensor_desc x = f32(4, 2, 6, 5, 7), b = f32(4, 2, 3, 5, 7), flat = f32(2, 5, 2, 1, 1), other = f32(4, 2, 3, 5, 6);
    hn_op_desc d, g;
    ck_ok(hni_op_group_norm(&d, &x, 3, 1e-5, &err));
    same_shape(&d.out[0], x);
    same_shape(&d.out[1], f32(2, 2, 3, 1, 1));
    ck_ok(hni_op_group_norm_grad(&d, &g, &err));
    same_shape(&g.out[0], x);
    same_shape(&g.out[2], f32(1, 6, 1, 1, 1));
    ck_assert_int_eq(hni_op_group_norm(&d, &x, 4, 1e-5, &err), HN_E_SHAPE);
    ck_assert_int_eq(hni_op_group_norm(&d, &x, 0, 1e-5, &err), HN_E_SHAPE);
    ck_assert_int_eq(hni_op_group_norm(&d, &x, 3, 2.0, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hni_op_group_norm_grad(&d, &g, &err), HN_E_ARGUMENT); /* of nothing */
    ck_ok(hni_op_concat(&d, &x, &b, &err));
    same_shape(&d.out[0], f32(4, 2, 9, 5, 7));
    ck_ok(hni_op_concat_grad(&d, &g, &err));
    same_shape(&g.out[0], x);
    same_shape(&g.out[1], b);
    ck_assert_int_eq(hni_op_concat(&d, &x, &other, &err), HN_E_SHAPE);
    ck_assert_int_eq(hni_op_concat(&d, &flat, &flat, &err), HN_E_SHAPE);
    ck_ok(hni_op_channel_scale(&d, &x, &err));
    same_shape(&d.in[1], f32(4, 2, 6, 1, 1));
    ck_ok(hni_op_channel_scale_grad(&d, &g, &err));
    same_shape(&g.out[1], f32(4, 2, 6, 1, 1));
    ck_assert_int_eq(hni_op_channel_scale(&d, &flat, &err), HN_E_SHAPE);
    ck_ok(hni_op_class_map(&d, &x, false, HN_ACT_RELU, &err));
    same_shape(&d.in[1], f32(4, 2, 6, 1, 1));
    same_shape(&d.out[0], f32(4, 2, 1, 5, 7));
    ck_ok(hni_op_class_map(&d, &x, true, HN_ACT_NONE, &err));
    same_shape(&d.in[1], x);
    ck_assert_int_eq(hni_op_class_map(&d, &x, true, HN_ACT_SIGMOID, &err), HN_E_ARGUMENT);
}
END_TEST

START_TEST(more_training) {
    const hn_tensor_desc x = f32(2, 5, 4, 1, 1), one = hni_tensor(HN_DTYPE_F64, 1, 1, 1, 1, 1);
    hni_loss_options how = {.positive = -1, .threshold = 0.5, .targets = true, .smoothing = 0.1, .focal = 2.0};
    hn_op_desc d;
    ck_ok(hni_op_loss(&d, HN_OP_SOFTMAX_LOSS, &x, &how, &err));
    same_shape(&d.in[1], x);
    ck_ok(hni_op_loss(&d, HN_OP_SIGMOID_LOSS, &x, &how, &err));
    how.smoothing = 1.0;
    ck_assert_int_eq(hni_op_loss(&d, HN_OP_SOFTMAX_LOSS, &x, &how, &err), HN_E_ARGUMENT);
    how.smoothing = 0.0;
    how.focal = -0.5;
    ck_assert_int_eq(hni_op_loss(&d, HN_OP_SIGMOID_LOSS, &x, &how, &err), HN_E_ARGUMENT);
    ck_ok(hni_op_accumulate(&d, 99, &err));
    same_shape(&d.in[2], one);
    same_shape(&d.out[0], f32(1, 99, 1, 1, 1));
    ck_ok(hni_op_clip(&d, 99, &err));
    same_shape(&d.in[1], one);
    same_shape(&d.out[1], one);
    ck_ok(hni_op_average(&d, 99, &err));
    same_shape(&d.in[2], one);
    ck_assert_int_eq(hni_op_average(&d, 0, &err), HN_E_SHAPE);
}
END_TEST

START_TEST(preprocessing) {
    const hn_tensor_desc u8 = hni_tensor(HN_DTYPE_U8, 4, 7, 3, 8, 9);
    hni_preprocess_options how = {.samples = 12, .rows = true};
    hn_op_desc d;
    ck_ok(hni_op_preprocess(&d, &u8, &how, &err));
    same_shape(&d.in[3], hni_tensor(HN_DTYPE_I32, 1, 12, 1, 1, 1));
    same_shape(&d.out[0], f32(4, 12, 3, 8, 9));
    ck_assert_int_eq(d.in[4].rank, 0);
    how.height = 5;
    ck_assert_int_eq(hni_op_preprocess(&d, &u8, &how, &err), HN_E_SHAPE); /* other sizes need a place to look at */
    how.augment = true;
    ck_ok(hni_op_preprocess(&d, &u8, &how, &err));
    same_shape(&d.in[4], f32(2, 12, HN_AUGMENT_COLUMNS, 1, 1));
    same_shape(&d.in[5], hni_tensor(HN_DTYPE_U32, 2, 12, 4, 1, 1));
    same_shape(&d.out[0], f32(4, 12, 3, 5, 9));
    hn_op_desc bad = d;
    bad.in[5].rank = 0;
    ck_assert_int_eq(hni_op_validate(&bad, &err), HN_E_SHAPE);
    bad = d;
    bad.in[3].dims[0] = 11;
    ck_assert_int_eq(hni_op_validate(&bad, &err), HN_E_SHAPE);
    how = (hni_preprocess_options){.rows = true};
    ck_assert_int_eq(hni_op_preprocess(&d, &u8, &how, &err), HN_E_SHAPE); /* no sample */
    how = (hni_preprocess_options){.augment = true, .height = INT64_C(1) << 25, .width = 1};
    ck_assert_int_eq(hni_op_preprocess(&d, &u8, &how, &err), HN_E_SHAPE);
    how = (hni_preprocess_options){.augment = true, .height = 65536, .width = 65536};
    ck_assert_int_eq(hni_op_preprocess(&d, &u8, &how, &err), HN_E_SHAPE); /* 3 · 2^32 numbers */
}
END_TEST

START_TEST(fused_activation_has_a_gradient) {
    const hn_tensor_desc x = f32(4, 1, 2, 5, 5), w = f32(4, 3, 2, 3, 3);
    const hni_window2d win = window(0, 1, 1);
    hn_op_desc d, g;
    ck_ok(hni_op_conv2d(&d, &x, &w, true, &win, HN_ACT_RELU, &err));
    ck_ok(hni_op_activation_grad(&d, &g, &err));
    same_shape(&g.out[0], d.out[0]);
    ck_assert_int_eq(g.activation, HN_ACT_RELU);
    ck_ok(hni_op_conv2d(&d, &x, &w, true, &win, HN_ACT_NONE, &err));
    ck_assert_int_eq(hni_op_activation_grad(&d, &g, &err), HN_E_ARGUMENT);
}
END_TEST

START_TEST(text) {
    const hn_tensor_desc x = f32(4, 1, 3, 64, 64), w = f32(4, 10, 3, 3, 3);
    const hni_window2d win = window(0, 1, 1);
    hn_op_desc d;
    char line[200], tiny[9];
    ck_ok(hni_op_conv2d(&d, &x, &w, true, &win, HN_ACT_RELU, &err));
    hni_op_text(&d, line, sizeof line);
    ck_assert_str_eq(line, "conv2d [1, 3, 64, 64] * [10, 3, 3, 3] + bias, stride 1x1, padding 1x1, ReLU");
    hni_op_text(&d, tiny, sizeof tiny);
    ck_assert_str_eq(tiny, "conv2d [");
    hni_op_text(&d, tiny, 0);
    ck_assert_str_eq(hni_op_name(HN_OP_PREPROCESS), "preprocess");
    ck_assert_str_eq(hni_op_name(0), "?");
    ck_assert_str_eq(hni_op_name(HNI_OP_LAST + 1), "?");
    ck_assert_str_eq(hni_op_name(INT32_MIN), "?");
}
END_TEST

/* The words of the header's formula, by way of hni_philox's published test vector: key 0, counter 0. */
START_TEST(dropout_words) {
    const uint32_t zero[4] = {0};
    uint32_t words[4];
    hni_dropout_words(zero, 0, 0, words);
    ck_assert_uint_eq(words[0], 0x6627e8d5u);
    ck_assert_uint_eq(words[1], 0xe169c58du);
    const uint32_t key[4] = {0xa4093822u, 0x299f31d0u, 0x13198a2eu, 0x03707344u};
    hni_dropout_words(key, 0x85a308d3u, 0x243f6a88u, words);
    ck_assert_uint_eq(words[0], 0xd16cfe09u);
    ck_assert_uint_eq(hni_dropout_threshold(0.5), 0x80000000u);
    ck_assert_uint_eq(hni_dropout_threshold(0.0), 0u);
    ck_assert(hni_dropout_scale(0.75) == 4.0f);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("op shapes");
    TCase *t = tcase_create("shapes");
    tcase_add_test(t, sizes);
    tcase_add_test(t, windows);
    tcase_add_test(t, conv2d);
    tcase_add_test(t, conv2d_refused);
    tcase_add_test(t, extra_padding);
    tcase_add_test(t, pooling);
    tcase_add_test(t, dense_and_norm);
    tcase_add_test(t, the_rest);
    tcase_add_test(t, more_layers);
    tcase_add_test(t, more_training);
    tcase_add_test(t, preprocessing);
    tcase_add_test(t, fused_activation_has_a_gradient);
    tcase_add_test(t, text);
    tcase_add_test(t, dropout_words);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
