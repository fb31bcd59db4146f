/* test_measured.c - devices that measure: with made-up times the fastest engine is taken, the choice is kept, nothing is left, and what cannot
 * be tried does not stop anybody. */
#include <math.h>

#include "cudnn_device.h"
#include "fake/cublaslt.h"

enum { D = FAKE_ENGINE_DISORDERED, P = FAKE_ENGINE_PLAIN, F = FAKE_ENGINE_FALLBACK, T = FAKE_ENGINE_TENSOR };

/* Made-up milliseconds of the engines that strict float32 may take; the first of each is the warm-up's. */
static const struct {
    const char *spec;
    int taken;
    float disordered[FAKE_TIMES], plain[FAKE_TIMES], fallback[FAKE_TIMES], tensor[FAKE_TIMES];
} TIMES[] = {
    {"cudnn:0+measured", P, {9, 5, 5, 5, 5, 5}, {9, 4, 4, 4, 4, 4}, {9, 6, 6, 6, 6, 6}, {0}},
    {"cudnn:0+measured", F, {9, 5, 5, 5, 5, 5}, {9, 4, 4, 4, 4, 4}, {9, 3, 3, 3, 3, 3}, {0}},
    {"cudnn:0+measured", D, {9, 4, 4, 4, 4, 4}, {9, 4, 4, 4, 4, 4}, {9, 4, 4, 4, 4, 4}, {0}},         /* equal: the first */
    {"cudnn:0+measured", P, {9, 1, 9, 9, 1, 9}, {9, 5, 50, 5, 50, 5}, {9, 6, 6, 6, 6, 6}, {0}},       /* the median, not the least or the mean */
    {"cudnn:0+measured", F, {0, 5, 5, 5, 5, 5}, {0, 4, 4, 4, 4, 4}, {90, 3, 3, 3, 3, 3}, {0}},        /* the warm-up does not count */
    {"cudnn:0+measured+tf32", T, {9, 5, 5, 5, 5, 5}, {9, 4, 4, 4, 4, 4}, {9, 3, 3, 3, 3, 3}, {9, 2, 2, 2, 2, 2}},
    {"cudnn:0+bf16+measured", F, {9, 5, 5, 5, 5, 5}, {9, 4, 4, 4, 4, 4}, {9, 3, 3, 3, 3, 3}, {9, 8, 8, 8, 8, 8}},
    {"cudnn:0", D, {9, 5, 5, 5, 5, 5}, {9, 4, 4, 4, 4, 4}, {9, 3, 3, 3, 3, 3}, {0}},                   /* nobody asked */
};

static void set_times(int row) {
    fake_cudnn_times(D, TIMES[row].disordered);
    fake_cudnn_times(P, TIMES[row].plain);
    fake_cudnn_times(F, TIMES[row].fallback);
    fake_cudnn_times(T, TIMES[row].tensor);
}

START_TEST(the_fastest_is_taken) {
    pair p = open_pair(TIMES[_i].spec);
    set_times(_i);
    const hn_op_desc d = small_conv(true, 1);
    prepared a, b;
    hni_op op;
    const long memory = fake_live(FAKE_CUDA);
    ck_ok(hni_op_prepare(p.device, &d, &op, &err));
    ck_assert_int_eq(fake_live(FAKE_CUDA), memory); /* what it was tried on is gone, and the events */
    hni_op_release(p.device, &op);
    ck_ok(prepare(&p, &d, &a));
    const long tried = fake_calls_of("cudnnBackendExecute"), live = fake_live(FAKE_CUDNN);
    ck_assert_int_eq(tried, !cuda_of(&p)->measured ? 0 : TIMES[_i].tensor[0] > 0 ? 24 : 18);
    ck_ok(prepare(&p, &d, &b)); /* found again, not tried again */
    ck_assert_int_eq(fake_calls_of("cudnnBackendExecute"), tried);
    ck_assert_int_eq(fake_live(FAKE_CUDNN), live);
    ck_ok(run(&p, &b));
    ck_assert_int_eq(fake_cudnn_engine(), TIMES[_i].taken);
    end_prepared(&p, &a);
    end_prepared(&p, &b);
    close_pair(&p);
}
END_TEST

/* Of all that cuBLASLt knows the first eight are tried. */
START_TEST(the_fastest_product_is_taken) {
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 5, 17, 1, 1), w = hni_tensor(HN_DTYPE_F32, 2, 3, 17, 1, 1);
    static const char *const specs[] = {"cudnn:0+measured", "cudnn:0+measured+bf16", "cudnn:0"};
    fake_lt_algorithms = FAKE_LT_MOST;
    for (int i = 0; i < FAKE_LT_MOST; i++)
        fake_lt_ms[i] = fabs(i - 6.0) + 1.0 - (i > 7 ? 10.0 : 0.0);
    for (int i = 0; i < 3; i++) {
        pair p = open_pair(specs[i]);
        hn_op_desc d;
        prepared r;
        const long before = fake_lt_products;
        ck_ok(hni_op_dense(&d, &x, &w, true, 0, &err));
        ck_ok(prepare(&p, &d, &r));
        ck_assert_int_eq(fake_lt_products - before, i < 2 ? 48 : 0);
        ck_ok(run(&p, &r));
        ck_assert_int_eq(fake_lt_chosen, i < 2 ? 6 : 0);
        end_prepared(&p, &r);
        close_pair(&p);
    }
}
END_TEST

/* Every kind of graph that the backend makes can be tried. */
START_TEST(every_fourth_case) {
    pair p = open_pair("cudnn:0+measured");
    fake_lt_algorithms = 3;
    double worst = 0.0;
    for (int32_t i = 0; i < hni_case_count(); i += 4) {
        hni_case c;
        double error = NAN;
        ck_ok(hni_case_get(i, &c, &err));
        const hn_status status = hni_case_compare(p.device, p.oracle, &c, test_seed(), &error, &err);
        ck_assert_msg(status == HN_OK && error <= 1.0, "case %d (%s): %g times the tolerance; %s", i, c.name, error, status == HN_OK ? "" : err.message);
        worst = fmax(worst, error);
    }
    printf("measured: cases agree, worst %.3g of the tolerance\n", worst);
    close_pair(&p);
}
END_TEST

/* No memory to try it on: the first is taken, as without measuring. */
START_TEST(no_memory) {
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 5, 17, 1, 1), w = hni_tensor(HN_DTYPE_F32, 2, 3, 17, 1, 1);
    pair p = open_pair("cudnn:0+measured");
    hn_op_desc d = small_conv(false, 0), dense;
    hni_op op, other;
    set_times(0);
    fake_lt_algorithms = 3;
    ck_ok(hni_op_dense(&dense, &x, &w, true, 0, &err));
    fake_memory(1);
    ck_ok(hni_op_prepare(p.device, &d, &op, &err));
    ck_ok(hni_op_prepare(p.device, &dense, &other, &err));
    ck_assert_int_eq(fake_calls_of("cudnnBackendExecute"), 0);
    ck_assert_int_eq(fake_calls_of("cudaEventElapsedTime"), 0);
    hni_op_release(p.device, &op);
    hni_op_release(p.device, &other);
    close_pair(&p);
}
END_TEST

/* Call number n of a kind fails in prepare; whether it was reached. A refusal puts one engine out; a failure of a question is asked again when
 * the operator is planned; what fails there is told. */
static bool fails_cleanly(const hn_op_desc *d, int kind, long n, int code, int32_t domain, int *told) {
    pair p = open_pair("cudnn:0+measured");
    hni_op op = {.handle = NULL};
    fake_lt_algorithms = 3;
    fake_fail(kind, n, code);
    const long before = fake_calls(kind);
    const hn_status status = hni_op_prepare(p.device, d, &op, &err);
    const bool reached = fake_calls(kind) - before >= n;
    fake_fail(kind, 0, 0);
    if (status == HN_OK) {
        hni_op_release(p.device, &op);
    } else {
        ++*told;
        ck_assert(reached);
        ck_assert_msg(err.domain == domain && err.code == code, "kind %d, call %ld: %s", kind, n, err.message);
        ck_assert_msg(strncmp(err.message, "cudnn:0: ", 9) == 0, "%s", err.message);
    }
    close_pair(&p);
    return reached;
}

START_TEST(each_call_fails_once) {
    static const struct {
        int kind, code, domain;
        bool dense;
        int least; /* calls */
        bool told; /* or another question, or another way to multiply, gets past it */
    } rows[] = {{FAKE_CUDNN, CUDNN_STATUS_INTERNAL_ERROR, HN_DOMAIN_CUDNN, false, 90, false},
                {FAKE_CUDNN, CUDNN_STATUS_NOT_SUPPORTED, HN_DOMAIN_CUDNN, false, 90, true},
                {FAKE_CUDA, cudaErrorUnknown, HN_DOMAIN_CUDA, false, 60, true},
                {FAKE_CUDA, cudaErrorIllegalAddress, HN_DOMAIN_CUDA, false, 60, true},
                {FAKE_CUDA, cudaErrorMemoryAllocation, HN_DOMAIN_CUDA, false, 60, true}, /* without the memory it is not measured */
                {FAKE_CUDA, cudaErrorUnknown, HN_DOMAIN_CUDA, true, 60, true},
                {FAKE_CUBLASLT, CUBLAS_STATUS_EXECUTION_FAILED, HN_DOMAIN_CUBLAS, true, 30, true},
                {FAKE_CUBLASLT, CUBLAS_STATUS_NOT_SUPPORTED, HN_DOMAIN_CUBLAS, true, 30, false}};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 5, 17, 1, 1), w = hni_tensor(HN_DTYPE_F32, 2, 3, 17, 1, 1);
    hn_op_desc conv = small_conv(false, 0), dense;
    ck_ok(hni_op_dense(&dense, &x, &w, true, 0, &err));
    long n = 1;
    int told = 0;
    while (fails_cleanly(rows[_i].dense ? &dense : &conv, rows[_i].kind, n, rows[_i].code, rows[_i].domain, &told))
        n++;
    printf("kind %d, code %d: each of %ld calls, %d told\n", rows[_i].kind, rows[_i].code, n - 1, told);
    ck_assert_int_ge(n - 1, rows[_i].least);
    ck_assert_int_eq(told > 0, rows[_i].told);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("measured");
    TCase *t = tcase_create("measured");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, the_fastest_is_taken, 0, (int)(sizeof TIMES / sizeof TIMES[0]));
    tcase_add_test(t, the_fastest_product_is_taken);
    tcase_add_test(t, every_fourth_case);
    tcase_add_test(t, no_memory);
    tcase_add_loop_test(t, each_call_fails_once, 0, 8);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
