/* test_failures.c - every call of CUDA, cuDNN and cuBLASLt fails once in turn, in a whole life of a device; errors that stick; what becomes of
 * each library's codes. */
#include "scene.h"

/* A device's whole life; the first failure ends it. Everything that was made is ended. */
static hn_status life(hn_context *ctx) {
    static uint8_t host[3 << 20];
    hni_device *d = NULL;
    hn_buffer a = {NULL, 0, 0}, b = {NULL, 0, 0};
    void *recorded = NULL;
    hn_status status = hni_device_open_spec(ctx, "cudnn", &d, &err);
    if (status != HN_OK)
        return status;
    const hn_backend *t = &d->table;
    status = hni_device_alloc(d, sizeof host, &a, &err);
    if (status == HN_OK)
        status = hni_device_alloc(d, sizeof host, &b, &err);
    for (int i = 0; i < 2 && status == HN_OK; i++)
        status = hni_device_upload(d, a, host, &err);
    if (status == HN_OK)
        status = t->capture_begin(d->handle, &err);
    if (status == HN_OK) {
        status = t->copy(d->handle, b, a, &err);
        if (status == HN_OK)
            status = t->fill(d->handle, hni_buffer_at(b, 0, 64), 3, &err);
        hn_error ended = {.status = HN_OK};
        const hn_status end = t->capture_end(d->handle, &recorded, &ended); /* always, as the executor does */
        if (status == HN_OK && end != HN_OK)
            err = ended;
        ck_assert((end == HN_OK) == (recorded != NULL));
        status = status == HN_OK ? end : status;
    }
    if (status == HN_OK)
        status = t->replay(d->handle, recorded, &err);
    if (status == HN_OK)
        status = hni_device_download(d, host, b, &err);
    if (status == HN_OK)
        status = t->sync(d->handle, &err);
    t->release(d->handle, recorded);
    hni_device_free(d, &b);
    hni_device_free(d, &a);
    hni_device_close(d);
    return status;
}

static const struct {
    int kind, code;
    hn_status status;
    int32_t domain;
} FAILURES[] = {
    {FAKE_CUDA, cudaErrorMemoryAllocation, HN_E_MEMORY, HN_DOMAIN_CUDA},
    {FAKE_CUDA, cudaErrorUnknown, HN_E_BACKEND, HN_DOMAIN_CUDA},
    {FAKE_CUDA, cudaErrorInvalidValue, HN_E_BACKEND, HN_DOMAIN_CUDA},
    {FAKE_CUDA, cudaErrorIllegalAddress, HN_E_BACKEND, HN_DOMAIN_CUDA},
    {FAKE_CUDNN, CUDNN_STATUS_INTERNAL_ERROR, HN_E_BACKEND, HN_DOMAIN_CUDNN},
    {FAKE_CUDNN, CUDNN_STATUS_NOT_INITIALIZED, HN_E_UNAVAILABLE, HN_DOMAIN_CUDNN},
    {FAKE_CUBLASLT, CUBLAS_STATUS_ALLOC_FAILED, HN_E_MEMORY, HN_DOMAIN_CUBLAS},
    {FAKE_CUBLASLT, CUBLAS_STATUS_EXECUTION_FAILED, HN_E_BACKEND, HN_DOMAIN_CUBLAS},
};

/* The n-th call fails, for every n: the failure is told with its code or did not matter, nothing leaks, cpu works, and so does cudnn when
 * nothing fails any more. */
START_TEST(every_call_fails_once) {
    failing_memory memory = {.fail_at = 0};
    fake_reset();
    hn_context *ctx = context(&memory, NULL);
    bool over = false;
    int told = 0;
    for (long n = 1; !over; n++) {
        fake_reset();
        fake_fail(FAILURES[_i].kind, n, FAILURES[_i].code);
        const hn_status status = life(ctx);
        over = fake_calls(FAILURES[_i].kind) < n;
        ck_assert_msg(!over || status == HN_OK, "%s", err.message);
        if (status != HN_OK && status != HN_E_UNAVAILABLE) { /* unavailable: the machine was asked and gave no answer */
            ck_assert_msg(status == FAILURES[_i].status, "call %ld: %s: %s", n, hn_status_name(status), err.message);
            ck_assert_int_eq(err.domain, FAILURES[_i].domain);
            ck_assert_int_eq(err.code, FAILURES[_i].code);
            ck_assert_msg(strncmp(err.message, "cudnn:0: ", 9) == 0, "%s", err.message);
        }
        told += status != HN_OK;
        nothing_left();
        ck_assert_int_eq(cudaGetLastError(), cudaSuccess);
        fake_reset();
        hni_device_close(open_spec(ctx, "cpu"));
        ck_ok(life(ctx));
        nothing_left();
    }
    printf("kind %d code %d: %d calls failed and were told\n", FAILURES[_i].kind, FAILURES[_i].code, told);
    ck_assert_int_gt(told, 0);
    hn_context_free(ctx);
    ck_assert_int_eq(memory.live, 0);
}
END_TEST

/* The host's memory runs out, at every request. */
START_TEST(no_host_memory) {
    fake_reset();
    failing_memory memory = {.fail_at = 0};
    hn_context *ctx = context(&memory, NULL);
    const long before = memory.live;
    hn_status status = HN_E_MEMORY;
    for (long n = 1; status != HN_OK; n++) {
        memory.requests = 0;
        memory.fail_at = n;
        status = life(ctx);
        ck_assert_msg(status == HN_OK || status == HN_E_MEMORY, "request %ld: %s", n, err.message);
        ck_assert_int_eq(memory.live, before);
        nothing_left();
    }
    memory.fail_at = 0;
    hn_context_free(ctx);
}
END_TEST

START_TEST(sticky_errors_break_the_device) {
    fake_reset();
    hn_context *ctx = context(NULL, NULL);
    hni_device *d = open_spec(ctx, "cudnn"), *cpu = open_spec(ctx, "cpu");
    hn_buffer a, b;
    ck_ok(hni_device_alloc(d, 64, &a, &err));
    fake_fail(FAKE_CUDA, 2, cudaErrorIllegalAddress); /* 1: which device is current? */
    ck_assert_int_eq(d->table.fill(d->handle, a, 0, &err), HN_E_BACKEND);
    ck_assert_msg(strstr(err.message, "cudnn:0: fill: CUDA 700 cudaErrorIllegalAddress") != NULL, "%s", err.message);
    ck_assert_msg(strstr(err.message, "nothing more can be done on this device") != NULL, "%s", err.message);
    const long calls = fake_calls(FAKE_CUDA);
    for (int i = 0; i < 6; i++) {
        char byte = 0;
        void *recorded = NULL;
        memset(&err, 0, sizeof err);
        const hn_status status = i == 0   ? hni_device_alloc(d, 64, &b, &err)
                                 : i == 1 ? hni_device_upload(d, hni_buffer_at(a, 0, 1), &byte, &err)
                                 : i == 2 ? hni_device_download(d, &byte, hni_buffer_at(a, 0, 1), &err)
                                 : i == 3 ? d->table.capture_begin(d->handle, &err)
                                 : i == 4 ? d->table.replay(d->handle, &recorded, &err)
                                          : d->table.sync(d->handle, &err);
        ck_assert_int_eq(status, HN_E_BACKEND);
        ck_assert_msg(strstr(err.message, "broke before with CUDA 700 cudaErrorIllegalAddress; start the process anew") != NULL, "%s", err.message);
        ck_assert_int_eq(err.domain, HN_DOMAIN_CUDA);
        ck_assert_int_eq(err.code, 700);
    }
    ck_assert_int_eq(fake_calls(FAKE_CUDA), calls); /* CUDA is not asked any more */
    ck_ok(hni_device_alloc(cpu, 64, &b, &err));
    hni_device_free(cpu, &b);
    hni_device_free(d, &a);
    hni_device_close(d);
    ck_assert_int_eq(hni_device_open_spec(ctx, "cudnn", &d, &err) == HN_OK, false);
    hni_device_close(cpu);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* A sticky error inside a recording: it is ended all the same. */
START_TEST(sticky_error_while_recording) {
    fake_reset();
    hn_context *ctx = context(NULL, NULL);
    hni_device *d = open_spec(ctx, "cudnn");
    hn_buffer a;
    void *recorded = &a;
    ck_ok(hni_device_alloc(d, 64, &a, &err));
    ck_ok(d->table.capture_begin(d->handle, &err));
    fake_fail(FAKE_CUDA, 2, cudaErrorLaunchFailure);
    ck_assert_int_eq(d->table.fill(d->handle, a, 0, &err), HN_E_BACKEND);
    ck_assert_int_eq(d->table.capture_end(d->handle, &recorded, &err), HN_E_BACKEND);
    ck_assert_ptr_null(recorded);
    ck_assert_msg(strstr(err.message, "cudnn:0: capture_end: not done, because") != NULL, "%s", err.message);
    hni_device_close(d);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

START_TEST(codes) {
    hni_cuda_device d = {.index = 3};
    fake_reset();
    ck_ok(hni_cuda_check(&d, cudaSuccess, "x", &err));
    ck_ok(hni_cuda_check_cudnn(&d, CUDNN_STATUS_SUCCESS, "x", &err));
    ck_ok(hni_cuda_check_lt(&d, CUBLAS_STATUS_SUCCESS, "x", &err));
    ck_assert_int_eq(hni_cuda_check(&d, cudaErrorNoDevice, "x", &err), HN_E_UNAVAILABLE);
    ck_assert_int_eq(hni_cuda_check(&d, cudaErrorInsufficientDriver, "x", NULL), HN_E_UNAVAILABLE);
    ck_assert_int_eq(hni_cuda_check(&d, cudaErrorInvalidValue, "x", &err), HN_E_BACKEND);
    ck_assert(!d.broken);
    ck_assert_int_eq(hni_cuda_check_cudnn(&d, CUDNN_STATUS_NOT_SUPPORTED_SHAPE, "conv2d", &err), HN_E_UNSUPPORTED);
    ck_assert_int_eq(hni_cuda_check_cudnn(&d, CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, "conv2d", &err), HN_E_MEMORY);
    ck_assert_int_eq(hni_cuda_check_cudnn(&d, CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH, "conv2d", &err), HN_E_UNAVAILABLE);
    ck_assert_int_eq(hni_cuda_check_cudnn(&d, CUDNN_STATUS_BAD_PARAM, "conv2d", &err), HN_E_BACKEND);
    ck_assert_msg(strstr(err.message, "cudnn:3: conv2d: cuDNN 2000 CUDNN_STATUS_BAD_PARAM") != NULL, "%s", err.message);
    ck_assert_int_eq(hni_cuda_check_lt(&d, CUBLAS_STATUS_NOT_SUPPORTED, "dense", &err), HN_E_UNSUPPORTED);
    ck_assert_int_eq(hni_cuda_check_lt(&d, CUBLAS_STATUS_INVALID_VALUE, "dense", &err), HN_E_BACKEND);
    ck_assert_msg(strstr(err.message, "cudnn:3: dense: cuBLASLt 7 ") != NULL, "%s", err.message);
    ck_assert_int_eq(err.domain, HN_DOMAIN_CUBLAS);
    ck_assert(!d.broken);
    int current;
    fake_fail(FAKE_CUDA, 1, cudaErrorLaunchFailure); /* CUDA knows what cuDNN's code does not say */
    ck_assert_int_eq(cudaGetDevice(&current), cudaErrorLaunchFailure);
    ck_assert_int_eq(hni_cuda_check_cudnn(&d, CUDNN_STATUS_EXECUTION_FAILED, "conv2d", &err), HN_E_BACKEND);
    ck_assert(d.broken);
    ck_assert_int_eq(d.broke, cudaErrorLaunchFailure);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cuda failures");
    TCase *t = tcase_create("cuda failures");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, every_call_fails_once, 0, (int)(sizeof FAILURES / sizeof FAILURES[0]));
    tcase_add_test(t, no_host_memory);
    tcase_add_test(t, sticky_errors_break_the_device);
    tcase_add_test(t, sticky_error_while_recording);
    tcase_add_test(t, codes);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
