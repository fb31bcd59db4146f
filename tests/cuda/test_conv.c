/* test_conv.c - convolution, pooling and batch norm by cuDNN: every case against the reference, with each set of engines and graphs that a
 * machine may have; what is refused; NaN; recordings; the n-th call of cuDNN that fails. */
#include <math.h>

#include "../backend/tolerance.h"
#include "cudnn_device.h"

static bool is_ours(int32_t kind) {
    return kind == HN_OP_CONV2D || kind == HN_OP_CONV2D_GRAD_INPUT || kind == HN_OP_CONV2D_GRAD_WEIGHT || kind == HN_OP_MAX_POOL2D ||
           kind == HN_OP_MAX_POOL2D_GRAD || kind == HN_OP_AVG_POOL2D || kind == HN_OP_AVG_POOL2D_GRAD || kind == HN_OP_BATCH_NORM_TRAIN ||
           kind == HN_OP_BATCH_NORM || kind == HN_OP_BATCH_NORM_GRAD;
}

/* Every case that a list may be tried with; none is refused. The tolerances are those of `precision`, a device's words. Gives the largest
 * |difference| / (1 + |reference|) of products. */
static double check_cases(const char *spec, int graphs, const char *precision) {
    pair p = open_pair(spec);
    fake_cudnn_refuse(graphs);
    int passed = 0;
    double worst = 0.0, most = 0.0;
    for (int32_t i = 0; i < hni_case_count(); i++) {
        hni_case c;
        double error = NAN;
        ck_ok(hni_case_get(i, &c, &err));
        if (!is_ours(c.desc.kind)) continue;
        tolerate(&c, precision);
        const hn_status status = hni_case_compare(p.device, p.oracle, &c, test_seed(), &error, &err);
        ck_assert_msg(status == HN_OK, "%s, case %d (%s): %s; %s", spec, i, c.name, err.message, fake_cudnn_message());
        ck_assert_msg(error <= 1.0, "%s, case %d (%s): %g times the tolerance", spec, i, c.name, error);
        worst = fmax(worst, error);
        most = is_product(&c.desc) ? fmax(most, error * c.tolerance) : most;
        passed++;
    }
    printf("%s, without graphs %d: %d cases agree, worst %.3g of the tolerance\n", spec, graphs, passed, worst);
    ck_assert_int_gt(passed, 250);
    close_pair(&p);
    return most;
}

START_TEST(every_case)
{ ck_assert(check_cases("cudnn:0", 0, "") < 1e-6); }
END_TEST

START_TEST(every_case_without_fusion)
{ ck_assert(check_cases("cudnn:0+deterministic", FAKE_NO_FUSION | FAKE_NO_REDUCTION, "") < 1e-6); }
END_TEST

/* Of tf32 and bf16 something must be lost, else nothing was rounded. */
START_TEST(every_case_in_tf32)
{ ck_assert(check_cases("cudnn:0+tf32", FAKE_NO_RESAMPLE | FAKE_NO_NORM, "+tf32") > 3e-4); }
END_TEST

START_TEST(every_case_in_bf16)
{ ck_assert(check_cases("cudnn:0+bf16", 0, "+bf16") > 3e-3); }
END_TEST

START_TEST(bf16_without_engines_is_finer)
{ ck_assert(check_cases("cudnn:0+bf16", FAKE_NO_BF16, "+tf32") > 3e-4); }
END_TEST

START_TEST(inside_what_there_is)
{
    pair p = open_pair("cudnn:0");
    const hn_op_desc d = small_conv(true, 1);
    prepared r;
    ck_ok(prepare(&p, &d, &r));
    ck_ok(run(&p, &r));
    ck_assert_int_eq(fake_cudnn_nodes(), 3); /* convolution, bias, ReLU */
    end_prepared(&p, &r);
    close_pair(&p);
    p = open_pair("cudnn:0");
    fake_cudnn_refuse(FAKE_NO_FUSION);
    ck_ok(prepare(&p, &d, &r));
    ck_ok(run(&p, &r));
    ck_assert_int_eq(fake_cudnn_nodes(), 1);
    end_prepared(&p, &r);
    close_pair(&p);
}
END_TEST

/* Which way is gone: cuDNN's, and the own kernels where it has none. */
START_TEST(ways)
{
    static const struct {
        int32_t kind;
        int graphs;
        bool is_cudnn;
    } WANTED[] = {{HN_OP_MAX_POOL2D, 0, true},       {HN_OP_MAX_POOL2D, FAKE_NO_RESAMPLE, false},
                  {HN_OP_MAX_POOL2D_GRAD, 0, false}, {HN_OP_AVG_POOL2D_GRAD, 0, true},
                  {HN_OP_BATCH_NORM, 0, false},      {HN_OP_BATCH_NORM_TRAIN, 0, true},
                  {HN_OP_BATCH_NORM_GRAD, 0, true},  {HN_OP_BATCH_NORM_GRAD, FAKE_NO_NORM, false}};
    for (size_t k = 0; k < sizeof WANTED / sizeof WANTED[0]; k++) {
        pair p = open_pair("cudnn:0");
        fake_cudnn_refuse(WANTED[k].graphs);
        hni_case c = {.desc = {.kind = 0}};
        prepared r;
        for (int32_t i = 0; c.desc.kind != WANTED[k].kind; i++) ck_ok(hni_case_get(i, &c, &err));
        ck_ok(prepare(&p, &c.desc, &r));
        ck_assert_msg((strstr(way_of(&r), "cuDNN") != NULL) == WANTED[k].is_cudnn, "row %zu: %s", k, way_of(&r));
        end_prepared(&p, &r);
        close_pair(&p);
    }
}
END_TEST

static float nan_through(int graphs, int32_t activation) {
    pair p = open_pair("cudnn:0");
    fake_cudnn_refuse(graphs);
    const hn_op_desc d = small_conv(true, activation);
    prepared r;
    float y[2 * 4 * 9 * 8], bias[4] = {NAN, 1.0f, -1.0f, 2.0f};
    ck_ok(prepare(&p, &d, &r));
    ck_ok(hni_device_upload(p.device, r.in[2], bias, &err));
    ck_ok(run(&p, &r));
    ck_ok(hni_device_download(p.device, y, r.out[0], &err));
    ck_assert(y[72] == (activation == 1 ? 1.0f : y[72]));
    ck_assert(y[2 * 72] == (activation == 1 ? 0.0f : y[2 * 72]));
    end_prepared(&p, &r);
    close_pair(&p);
    return y[0];
}

START_TEST(nan_stays_nan)
{
    ck_assert(isnan(nan_through(0, 1)));
    ck_assert(isnan(nan_through(FAKE_NO_FUSION, 1)));
    ck_assert(isnan(nan_through(FAKE_NO_FUSION, 2)));
}
END_TEST

/* Pooled on its way: NaN wins its window and no other, of a result of 9x8 the last row is in none. */
START_TEST(pooled_inside)
{
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 1, 1, 9, 8), w = hni_tensor(HN_DTYPE_F32, 4, 2, 1, 1, 1);
    const hni_window2d win = {.stride = {1, 1}, .dilation = {1, 1}, .groups = 1, .pool = 2};
    pair p = open_pair("cudnn:0");
    hn_op_desc d;
    prepared r;
    float image[72], filters[2] = {1.0f, -1.0f}, bias[2] = {0.5f, 0.0f}, y[2 * 16];
    for (int i = 0; i < 72; i++) image[i] = (float)i;
    image[9] = NAN; /* of the first window */
    ck_ok(hni_op_conv2d(&d, &x, &w, true, &win, 1, &err));
    ck_ok(prepare(&p, &d, &r));
    ck_ok(hni_device_upload(p.device, r.in[0], image, &err));
    ck_ok(hni_device_upload(p.device, r.in[1], filters, &err));
    ck_ok(hni_device_upload(p.device, r.in[2], bias, &err));
    ck_ok(run(&p, &r));
    ck_ok(hni_device_download(p.device, y, r.out[0], &err));
    ck_assert_int_eq(fake_cudnn_nodes(), 1);
    for (int i = 0; i < 16; i++) {
        const float most = (float)(16 * (i / 4) + 2 * (i % 4) + 9) + 0.5f;
        ck_assert_msg(i == 0 ? isnan(y[0]) : y[i] == most, "%d: %g, not %g", i, (double)y[i], (double)most);
        ck_assert(i == 0 ? isnan(y[16]) : y[16 + i] == 0.0f);
    }
    end_prepared(&p, &r);
    close_pair(&p);
}
END_TEST

/* The result that waits in the workspace has its own extents. */
START_TEST(pooled_inside_with_every_padding)
{
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 2, 3, 9, 8), w = hni_tensor(HN_DTYPE_F32, 4, 5, 3, 3, 2);
    const hni_window2d win = {
        .stride = {1, 2}, .padding = {0, 1}, .dilation = {2, 1}, .groups = 1, .pool = 2, .extra_padding = {1, 2}};
    pair p = open_pair("cudnn:0");
    hni_case c = {.name = "pooled", .tolerance = 2e-5};
    double error = NAN;
    ck_ok(hni_op_conv2d(&c.desc, &x, &w, true, &win, 1, &err));
    ck_ok(hni_case_compare(p.device, p.oracle, &c, test_seed(), &error, &err));
    ck_assert(error <= 1.0);
    close_pair(&p);
}
END_TEST

/* A recorded convolution runs at the replay, with the buffers' new contents. */
START_TEST(recorded)
{
    pair p = open_pair("cudnn:0");
    const hn_op_desc d = small_conv(true, 1);
    prepared r;
    void *recording = NULL;
    float y[2 * 4 * 9 * 8], bias[4] = {3.0f, 1.0f, -1.0f, 2.0f};
    ck_ok(prepare(&p, &d, &r));
    ck_ok(p.device->table.capture_begin(p.device->handle, &err));
    ck_ok(run(&p, &r));
    ck_ok(p.device->table.capture_end(p.device->handle, &recording, &err));
    ck_ok(hni_device_upload(p.device, r.in[2], bias, &err));
    ck_ok(hni_device_download(p.device, y, r.out[0], &err));
    ck_assert(y[0] == 0.0f);
    ck_ok(p.device->table.replay(p.device->handle, recording, &err));
    ck_ok(hni_device_download(p.device, y, r.out[0], &err));
    ck_assert(y[0] == 3.0f && y[2 * 72] == 0.0f && y[3 * 72] == 2.0f);
    p.device->table.release(p.device->handle, recording);
    end_prepared(&p, &r);
    close_pair(&p);
}
END_TEST

/* Prepares and runs with the n-th call of cuDNN failing; whether that call was reached. Success is fine if another engine did it. */
static bool fails_cleanly(const hn_op_desc *d, long n, int code, int graphs) {
    pair p = open_pair("cudnn:0");
    fake_cudnn_refuse(graphs);
    prepared r;
    fake_fail(FAKE_CUDNN, n, code);
    const long before = fake_calls(FAKE_CUDNN);
    hn_status status = prepare(&p, d, &r);
    if (status == HN_OK) status = run(&p, &r);
    const bool reached = fake_calls(FAKE_CUDNN) - before >= n;
    fake_fail(FAKE_CUDNN, 0, 0);
    if (status != HN_OK) {
        ck_assert_msg(strstr(err.message, "cudnn:0") != NULL, "call %ld: %s", n, err.message);
        ck_assert_int_ne(status, HN_E_INTERNAL);
        ck_assert(reached);
        if (status != HN_E_UNSUPPORTED) {
            ck_assert_int_eq(err.domain, HN_DOMAIN_CUDNN);
            ck_assert_int_eq(err.code, code);
        }
    }
    end_prepared(&p, &r);
    ck_ok(prepare(&p, d, &r)); /* the device is as good as before, */
    if (status != HN_E_UNSUPPORTED) ck_ok(run(&p, &r));
    end_prepared(&p, &r);
    close_pair(&p); /* and nothing is left */
    return reached;
}

START_TEST(nth_call_fails)
{
    static const int codes[] = {CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED, CUDNN_STATUS_INTERNAL_ERROR,
                                CUDNN_STATUS_EXECUTION_FAILED, CUDNN_STATUS_BAD_PARAM};
    const hn_op_desc forward = small_conv(true, 1);
    hn_op_desc grad_input, grad_weight;
    ck_ok(hni_op_conv2d_grads(&forward, &grad_input, &grad_weight, &err));
    const hn_op_desc *const descs[] = {&forward, &grad_input, &grad_weight};
    for (size_t k = 0; k < sizeof codes / sizeof codes[0]; k++) {
        long n = 1;
        while (fails_cleanly(descs[k % 3], n, codes[k], k == 2 ? FAKE_NO_REDUCTION : 0)) n++;
        ck_assert_int_gt(n, 40);
        printf("code %d: each of %ld calls\n", codes[k], n - 1);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conv");
    TCase *t = tcase_create("conv");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, every_case);
    tcase_add_test(t, every_case_without_fusion);
    tcase_add_test(t, every_case_in_tf32);
    tcase_add_test(t, every_case_in_bf16);
    tcase_add_test(t, bf16_without_engines_is_finer);
    tcase_add_test(t, inside_what_there_is);
    tcase_add_test(t, ways);
    tcase_add_test(t, nan_stays_nan);
    tcase_add_test(t, pooled_inside);
    tcase_add_test(t, pooled_inside_with_every_padding);
    tcase_add_test(t, recorded);
    tcase_add_test(t, nth_call_fails);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
