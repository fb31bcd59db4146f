/* test_dense.c - dense layers by cuBLASLt, against the reference on a fake of the library: every case in each precision, what is asked of
 * the library, what happens if it has no algorithm, and every call that fails. */
#include <math.h>

#include "../backend/tolerance.h"
#include "fake/cublaslt.h"
#include "ways.h"

static hn_error err;
static int32_t precision;

static void set_precision(hni_cuda_device *d) {
    d->precision = precision;
}

/* The largest |difference| / (1 + |reference|) of the first two outputs. */
static double worst(const hni_case *c, const arrays *got, const arrays *want) {
    double most = 0.0;
    for (int i = 0; i < c->desc.n_out; i++)
        for (int64_t k = 0; got->out[i] && k < hni_tensor_elements(&c->desc.out[i]); k++) {
            const double x = (double)((float *)got->out[i])[k], y = (double)((float *)want->out[i])[k];
            const double error = fabs(x - y) / (1.0 + fabs(y));
            ck_assert(!isnan(x));
            most = error > most ? error : most;
        }
    return most;
}

/* Every dense case at a precision; gives the worst of all. */
static double all_cases(int32_t at, double tolerance) {
    double most = 0.0;
    int n = 0;
    precision = at;
    for (int32_t i = 0; i < hni_case_count(); i++) {
        hni_case c;
        ck_ok(hni_case_get(i, &c, &err));
        if (!is_dense(c.desc.kind))
            continue;
        arrays got = arrays_of(&c, test_seed()), want = arrays_of(&c, test_seed()), recorded = arrays_of(&c, test_seed());
        ck_ok(run_op(run_forwards, &c.desc, want.in, want.out, &err));
        ck_ok(run_ways(&c, &got, RUN_PLAIN, 1, set_precision, &err));
        ck_ok(run_ways(&c, &recorded, RUN_RECORDED, 2, set_precision, &err));
        same_bits(&c, &got, &recorded, "a recording gives other bits");
        const double error = worst(&c, &got, &want);
        ck_assert_msg(error <= tolerance, "%s (%s), precision %d: %g", hni_op_name(c.desc.kind), c.name, at, error);
        most = error > most ? error : most;
        n++;
        arrays_free(&got);
        arrays_free(&want);
        arrays_free(&recorded);
    }
    ck_assert_int_ge(n, 27);
    nothing_is_left();
    return most;
}

/* With guards around every tensor, inputs that must not change, and outputs that must be written. */
START_TEST(every_case_as_the_reference) {
    hn_backend table;
    hn_context *ctx = ways_context(&table, &err);
    hni_device *device, *oracle;
    ck_ok(hni_device_open_spec(ctx, "ways", &device, &err));
    ck_ok(hni_device_open(ctx, 0, &oracle, &err));
    for (int32_t i = 0; i < hni_case_count(); i++) {
        hni_case c;
        double error = NAN;
        ck_ok(hni_case_get(i, &c, &err));
        if (!is_dense(c.desc.kind))
            continue;
        ck_ok(hni_case_compare(device, oracle, &c, test_seed(), &error, &err));
        ck_assert_msg(error <= 1.0, "%s (%s): %g times the tolerance", hni_op_name(c.desc.kind), c.name, error);
    }
    hni_device_close(device);
    hni_device_close(oracle);
    hn_context_free(ctx);
    nothing_is_left();
}
END_TEST

START_TEST(each_precision_is_what_it_says) {
    const double strict = all_cases(HNI_CUDA_F32, 2e-5);
    ck_assert_int_eq(fake_lt_last, CUBLAS_COMPUTE_32F_PEDANTIC);
    ck_assert_int_eq(fake_lt_last_input, CUDA_R_32F);
    const double tf32 = all_cases(HNI_CUDA_TF32, product_tolerance("+tf32"));
    ck_assert_int_eq(fake_lt_last, CUBLAS_COMPUTE_32F_FAST_TF32);
    const double bf16 = all_cases(HNI_CUDA_BF16, product_tolerance("+bf16"));
    ck_assert_int_eq(fake_lt_last, CUBLAS_COMPUTE_32F);
    ck_assert_int_eq(fake_lt_last_input, CUDA_R_16BF);
    printf("worst: float32 %g, tf32 %g, bf16 %g\n", strict, tf32, bf16);
    ck_assert(strict < 1e-6 && tf32 > 1e-5 && bf16 > tf32); /* they do differ */
}
END_TEST

/* No algorithm: more precision, never less; none at all is HN_E_UNSUPPORTED with what was asked. */
START_TEST(no_algorithm) {
    hni_case c = {.name = "no algorithm"};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 5, 17, 1, 1), w = hni_tensor(HN_DTYPE_F32, 2, 3, 17, 1, 1);
    ck_ok(hni_op_dense(&c.desc, &x, &w, true, 1, &err));
    arrays a = arrays_of(&c, test_seed());
    const unsigned bf16 = fake_lt_bit(CUBLAS_COMPUTE_32F, CUDA_R_16BF), tf32 = fake_lt_bit(CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F);
    const unsigned pedantic = fake_lt_bit(CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F), f32 = fake_lt_bit(CUBLAS_COMPUTE_32F, CUDA_R_32F);
    const struct {
        int32_t precision;
        unsigned refused;
        cublasComputeType_t taken;
    } tries[] = {{HNI_CUDA_BF16, bf16, CUBLAS_COMPUTE_32F_FAST_TF32},
                 {HNI_CUDA_BF16, bf16 | tf32, CUBLAS_COMPUTE_32F_PEDANTIC},
                 {HNI_CUDA_TF32, tf32, CUBLAS_COMPUTE_32F_PEDANTIC},
                 {HNI_CUDA_F32, pedantic, CUBLAS_COMPUTE_32F}};
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        precision = tries[i].precision;
        fake_lt_refused = tries[i].refused;
        ck_ok(run_ways(&c, &a, RUN_PLAIN, 1, set_precision, &err));
        ck_assert_int_eq(fake_lt_last, tries[i].taken);
        nothing_is_left();
    }
    fake_lt_refused = pedantic | f32;
    ck_assert_int_eq(run_ways(&c, &a, RUN_PLAIN, 1, set_precision, &err), HN_E_UNSUPPORTED);
    ck_assert_int_eq(err.domain, HN_DOMAIN_CUBLAS);
    ck_assert_msg(strstr(err.message, "[5, 3] from 17"), "%s", err.message);
    nothing_is_left();
    fake_lt_refused = 0;
    fake_lt_workspace = (size_t)1 << 30; /* more than may be asked for: nothing is found, and that is success */
    ck_assert_int_eq(run_ways(&c, &a, RUN_PLAIN, 1, set_precision, &err), HN_E_UNSUPPORTED);
    nothing_is_left();
    for (size_t size = 0; size < 3; size++) { /* none at all, and such as are no multiple of anything */
        fake_lt_workspace = 77 * size;
        ck_ok(run_ways(&c, &a, RUN_PLAIN, 1, set_precision, &err));
        nothing_is_left();
    }
    fake_lt_workspace = 4096;
    arrays_free(&a);
}
END_TEST

/* NaN and infinities of x come out, through a ReLU too. */
START_TEST(nan_stays_nan) {
    for (int32_t activation = 0; activation <= 2; activation++) {
        hni_case c = {.name = "NaN"};
        const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 3, 9, 1, 1), w = hni_tensor(HN_DTYPE_F32, 2, 4, 9, 1, 1);
        ck_ok(hni_op_dense(&c.desc, &x, &w, true, activation, &err));
        arrays a = arrays_of(&c, test_seed());
        ((float *)a.in[0])[9 + 4] = NAN;
        ck_ok(run_ways(&c, &a, RUN_PLAIN, 1, NULL, &err));
        for (int i = 0; i < 12; i++)
            ck_assert(isnan(((float *)a.out[0])[i]) == (i / 4 == 1));
        arrays_free(&a);
    }
}
END_TEST

/* Sizes that cuBLASLt's 32 bits cannot count are refused in words, not tried. */
START_TEST(too_large) {
    const hn_backend table = ways_backend();
    const hn_backend_host host = host_make(run_forwards);
    void *device, *op;
    uint64_t workspace;
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, (int64_t)1 << 31, 2, 1, 1), w = hni_tensor(HN_DTYPE_F32, 2, 3, 2, 1, 1);
    hn_op_desc d;
    ck_ok(hni_op_dense(&d, &x, &w, false, 0, &err));
    ck_ok(table.open(table.user, 0, &host, &device, &err));
    ck_assert_int_eq(table.prepare(device, &d, &op, &workspace, &err), HN_E_UNSUPPORTED);
    ck_assert_msg(strstr(err.message, "2^31"), "%s", err.message);
    table.close(device);
    nothing_is_left();
}
END_TEST

/* Every call of cuBLASLt and of CUDA fails once, in open, prepare and run: a status, a domain, nothing left. */
static void fail_each(const hni_case *c, int kind, int code, int32_t domain) {
    arrays a = arrays_of(c, test_seed());
    fake_reset();
    ck_ok(run_ways(c, &a, RUN_PLAIN, 1, set_precision, &err));
    const long calls = fake_calls_of("cublasLtMatmulDescCreate") ? fake_calls(kind) : 0;
    ck_assert_int_gt(calls, 5);
    int failed = 0;
    for (long n = 1; n <= calls; n++) {
        fake_reset();
        fake_fail(kind, n, code);
        const hn_status status = run_ways(c, &a, RUN_PLAIN, 1, set_precision, &err);
        if (status != HN_OK) {
            failed++;
            ck_assert_msg(err.domain == domain && err.code == code, "call %ld: domain %d, code %lld: %s", n, err.domain,
                          (long long)err.code, err.message);
            ck_assert_msg(strncmp(err.message, "cudnn:0: ", 9) == 0, "call %ld: %s", n, err.message);
        }
        ck_assert_msg(ways_live == 0, "call %ld: %ld blocks left", n, ways_live);
        for (int k = FAKE_CUDNN; k < FAKE_KINDS; k++)
            ck_assert_msg(fake_live(k) == 0, "call %ld: %ld objects left", n, fake_live(k));
        ck_assert_msg(fake_mistakes() == 0, "call %ld: %s", n, fake_mistake());
    }
    ck_assert_int_gt(failed, 5);
    arrays_free(&a);
}

START_TEST(every_call_fails) {
    for (int32_t at = HNI_CUDA_F32; at <= HNI_CUDA_BF16; at++) {
        bool seen[HNI_OP_LAST + 1] = {false};
        precision = at;
        for (int32_t i = 0; i < hni_case_count(); i++) {
            hni_case c;
            ck_ok(hni_case_get(i, &c, &err));
            if (!is_dense(c.desc.kind) || seen[c.desc.kind])
                continue;
            seen[c.desc.kind] = true;
            fail_each(&c, FAKE_CUBLASLT, CUBLAS_STATUS_EXECUTION_FAILED, HN_DOMAIN_CUBLAS);
        }
    }
}
END_TEST

/* The plan's memory, and none besides: every allocation of the host fails once. */
static int refuse_at;
static void *refusing_alloc(void *user, size_t size) {
    return --refuse_at == 0 ? NULL : host_alloc(user, size);
}

START_TEST(no_host_memory) {
    hni_case c = {.name = "memory"};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 5, 17, 1, 1), w = hni_tensor(HN_DTYPE_F32, 2, 3, 17, 1, 1);
    const hn_backend table = ways_backend();
    hn_backend_host host = host_make(run_forwards);
    host.alloc = refusing_alloc;
    ck_ok(hni_op_dense(&c.desc, &x, &w, true, 1, &err));
    void *device, *op;
    uint64_t workspace;
    refuse_at = 0;
    ck_ok(table.open(table.user, 0, &host, &device, &err));
    for (int n = 1; n <= 2; n++) { /* the operator, the plan */
        refuse_at = n;
        ck_assert_int_eq(table.prepare(device, &c.desc, &op, &workspace, &err), HN_E_MEMORY);
    }
    refuse_at = 3;
    ck_ok(table.prepare(device, &c.desc, &op, &workspace, &err));
    ck_assert_int_eq(refuse_at, 1);
    table.release(device, op);
    table.close(device);
    nothing_is_left();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dense layers by cuBLASLt");
    TCase *t = tcase_create("dense");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, fake_reset, NULL);
    tcase_add_test(t, every_case_as_the_reference);
    tcase_add_test(t, each_precision_is_what_it_says);
    tcase_add_test(t, no_algorithm);
    tcase_add_test(t, nan_stays_nan);
    tcase_add_test(t, too_large);
    tcase_add_test(t, every_call_fails);
    tcase_add_test(t, no_host_memory);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
