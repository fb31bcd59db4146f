/* test_registry.c - the list of devices, names, "best", opened devices and the checks around their calls; tables carried by the program. */
#include <pthread.h>

#include "devices.h"
#include "op/op.h"
#include "plugins/fake.h"

static hn_error err;
static log_lines logged;

static hn_context *context(void) {
    hn_context *ctx;
    memset(&logged, 0, sizeof logged);
    ck_ok(make_context("", &logged, NULL, &ctx, &err));
    return ctx;
}

static int32_t score_1000(void *user) {
    (void)user;
    return 1000;
}

static int32_t score_0(void *user) {
    (void)user;
    return 0;
}

static int32_t two(void *user) {
    (void)user;
    return 2;
}

static int32_t find(hn_context *ctx, const char *spec) {
    int32_t device = -77;
    ck_ok(hn_device_find(ctx, spec, &device, &err));
    return device;
}

START_TEST(reference_is_there) {
    hn_context *ctx = context();
    int32_t n;
    ck_ok(hn_device_count(ctx, &n, &err));
    ck_assert_int_eq(n, 1);
    hn_device_info info = {.struct_size = sizeof info};
    ck_ok(hn_device_get(ctx, 0, &info, &err));
    ck_assert_str_eq(info.backend, "reference");
    ck_assert_str_eq(info.name, "reference:0");
    ck_assert_int_eq(info.score, 1);
    ck_assert_uint_eq(info.struct_size, sizeof info);
    ck_assert(info.flags & HN_DEVICE_HOST_MEMORY);
    ck_assert_int_eq(find(ctx, "reference"), 0);
    ck_assert_int_eq(find(ctx, "reference:0"), 0);
    ck_assert_int_eq(find(ctx, "best"), 0);
    ck_assert_int_eq(find(ctx, NULL), 0);
    hn_context_free(ctx);
}
END_TEST

START_TEST(bad_arguments) {
    hn_context *ctx = context();
    hn_device_info info = {.struct_size = sizeof info};
    hn_selftest_report report = {.struct_size = 3};
    int32_t n = -5;
    ck_assert_int_eq(hn_device_count(NULL, &n, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_device_count(ctx, NULL, NULL), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_device_get(NULL, 0, &info, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_device_get(ctx, 0, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_device_get(ctx, 1, &info, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_device_get(ctx, -1, &info, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_device_get(ctx, INT32_MIN, &info, &err), HN_E_NOT_FOUND);
    info.struct_size = 8;
    ck_assert_int_eq(hn_device_get(ctx, 0, &info, &err), HN_E_ABI);
    ck_assert_int_eq(hn_device_find(NULL, "best", &n, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_device_find(ctx, "best", NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_backend_load(ctx, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_backend_load(NULL, "/x", &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_backend_register(ctx, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_device_selftest(NULL, 0, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_device_selftest(ctx, 0, &report, &err), HN_E_ABI);
    ck_assert_int_eq(hn_device_selftest(ctx, 9, NULL, &err), HN_E_NOT_FOUND);
    static const char *const names[] = {"",   ":",    ":0",     "reference:", "reference:1", "reference:x",
                                        "reference:00000", "reference:-1",
                                        "Reference", "ref", "reference ", "reference:0:0", "cudnn",
                                        "a-name-of-far-more-than-thirty-one-bytes"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ck_assert_int_eq(hn_device_find(ctx, names[i], &n, &err), HN_E_NOT_FOUND);
        ck_assert_msg(strstr(err.message, "reference:0") != NULL, "%s", err.message);
    }
    ck_assert_int_eq(n, -5);
    hn_context_free(ctx);
}
END_TEST

/* What comes after + is told to whoever opens the device, and to nobody else. */
START_TEST(words_after_plus) {
    static const struct {
        const char *spec;
        int32_t options;
    } good[] = {{"aaa", 0}, {"aaa+tf32", HN_HOST_TF32}, {"aaa:0+bf16", HN_HOST_BF16}, {"best+deterministic", HN_HOST_DETERMINISTIC},
                {NULL, 0}, {"aaa+deterministic+bf16", HN_HOST_DETERMINISTIC | HN_HOST_BF16},
                {"aaa:0+tf32+deterministic+tf32", HN_HOST_TF32 | HN_HOST_DETERMINISTIC}, {"aaa+measured+bf16", HN_HOST_MEASURED | HN_HOST_BF16}};
    hn_context *ctx = context();
    hn_backend a = fake_table("aaa");
    ck_ok(hn_backend_register(ctx, &a, &err));
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        hni_device *device;
        ck_assert_int_eq(find(ctx, good[i].spec), 1);
        ck_ok(hni_device_open_spec(ctx, good[i].spec, &device, &err));
        ck_assert_int_eq(device->host.options, good[i].options);
        ck_assert_str_eq(device->info.name, "aaa:0");
        hni_device_close(device);
    }
    static const char *const wrong[] = {"aaa+",       "aaa++tf32",  "aaa+tf32+",     "aaa+fp16",   "aaa+TF32", "aaa+tf32 ", "best+fast",
                                        "aaa+tf3",    "aaa+tf322",  "nobody+nothing", "+",          "aaa:0+tf32:1", "aaa+bf16+tf32",
                                        "aaa+a-word-that-is-very-much-longer-than-any-word-of-this-kind"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int32_t n = -5;
        hni_device *device = (hni_device *)&err;
        ck_assert_int_eq(hn_device_find(ctx, wrong[i], &n, &err), HN_E_ARGUMENT);
        ck_assert_int_eq(n, -5);
        ck_assert_int_eq(hni_device_open_spec(ctx, wrong[i], &device, &err), HN_E_ARGUMENT);
        ck_assert_ptr_null(device);
        ck_assert_msg(strstr(err.message, "tf32") && strstr(err.message, "bf16"), "%s", err.message);
    }
    static const char *const contradiction[] = {"aaa+measured+deterministic", "best+deterministic+tf32+measured"};
    for (size_t i = 0; i < 2; i++) {
        hni_device *device;
        ck_assert_int_eq(hni_device_open_spec(ctx, contradiction[i], &device, &err), HN_E_ARGUMENT);
        ck_assert_msg(strstr(err.message, "measured and deterministic") && strstr(err.message, "say one of them"), "%s", err.message);
    }
    static const char *const absent[] = {"nobody+tf32", "aaa:1+tf32", "aaa:+tf32", "best:0+tf32", "+tf32", "aaa:x+tf32"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        int32_t n;
        ck_assert_int_eq(hn_device_find(ctx, absent[i], &n, &err), HN_E_NOT_FOUND);
    }
    hn_context_free(ctx);
}
END_TEST

/* Float32 alone, always the same bits: a precision is refused by name, and measuring; determinism is granted. */
START_TEST(cpu_and_reference_take_no_precision) {
    hn_context *ctx = context();
    ck_ok(hn_backend_register(ctx, hni_cpu_backend(), &err));
    static const char *const names[] = {"cpu", "reference"}, *const words[] = {"tf32", "bf16"};
    for (int i = 0; i < 2; i++) {
        char spec[64], text[64];
        hni_device *device;
        snprintf(spec, sizeof spec, "%s+deterministic", names[i]);
        ck_ok(hni_device_open_spec(ctx, spec, &device, &err));
        hni_device_close(device);
        for (int k = 0; k < 2; k++) {
            snprintf(spec, sizeof spec, "%s:0+%s+deterministic", names[i], words[k]);
            ck_assert_int_eq(hni_device_open_spec(ctx, spec, &device, &err), HN_E_UNSUPPORTED);
            ck_assert_ptr_null(device);
            snprintf(text, sizeof text, "%s computes in float32 alone: %s", names[i], words[k]);
            ck_assert_msg(strstr(err.message, text) != NULL, "%s", err.message);
        }
        snprintf(spec, sizeof spec, "%s+measured", names[i]);
        snprintf(text, sizeof text, "%s chooses its ways by the shapes alone", names[i]);
        ck_assert_int_eq(hni_device_open_spec(ctx, spec, &device, &err), HN_E_UNSUPPORTED);
        ck_assert_msg(strstr(err.message, text) != NULL, "%s", err.message);
    }
    hn_context_free(ctx);
}
END_TEST

START_TEST(best_and_ties) {
    hn_context *ctx = context();
    hn_backend a = fake_table("aaa"), b = fake_table("bbb"), c = fake_table("ccc"), off = fake_table("off");
    b.device_count = two;
    off.score = score_0;
    ck_ok(hn_backend_register(ctx, &off, &err));
    ck_ok(hn_backend_register(ctx, &b, &err));
    ck_ok(hn_backend_register(ctx, &a, &err));
    ck_assert_int_eq(find(ctx, "best"), 2); /* of equals the first registered, though "aaa" sorts before */
    c.score = score_1000;
    ck_ok(hn_backend_register(ctx, &c, &err));
    ck_assert_int_eq(find(ctx, "best"), 5);
    ck_assert_int_eq(find(ctx, "bbb:1"), 3);
    ck_assert_int_eq(find(ctx, "aaa"), 4);
    int32_t n;
    ck_ok(hn_device_count(ctx, &n, &err));
    ck_assert_int_eq(n, 6);
    ck_assert_int_eq(hn_device_find(ctx, "off", &n, &err), HN_E_UNAVAILABLE);
    ck_assert_int_eq(hn_backend_register(ctx, &a, &err), HN_E_STATE);
    ck_assert_ptr_nonnull(strstr(err.message, "aaa"));
    hn_device_info info = {.struct_size = sizeof info};
    ck_ok(hn_device_get(ctx, 3, &info, &err));
    ck_assert_str_eq(info.name, "bbb:1");
    ck_assert_int_eq(info.index, 1);
    ck_assert_uint_eq(info.memory_bytes, 4096);
    hn_context_free(ctx);
}
END_TEST

START_TEST(opened_device_keeps_its_context) {
    hn_context *ctx = context();
    hn_backend a = fake_table("aaa");
    ck_ok(hn_backend_register(ctx, &a, &err));
    hni_device *device;
    ck_ok(hni_device_open_spec(ctx, "aaa", &device, &err));
    hn_context_free(ctx);
    hn_buffer b;
    ck_ok(hni_device_alloc(device, 100, &b, &err));
    ck_assert_uint_eq((uintptr_t)b.memory % 64, 0);
    const char text[100] = "hello";
    char back[100];
    ck_ok(hni_device_upload(device, b, text, &err));
    ck_ok(hni_device_download(device, back, b, &err));
    ck_assert_str_eq(back, "hello");
    hni_device_free(device, &b);
    ck_assert_ptr_null(b.memory);
    hni_device_free(device, &b);
    hni_device_close(device);
    hni_device_close(NULL);
    ck_assert_ptr_nonnull(strstr(logged.text, "aaa: closed"));
}
END_TEST

/* Every buffer is looked at before the backend is called. */
START_TEST(buffers_are_checked) {
    hn_context *ctx = context();
    hni_device *device;
    ck_ok(hni_device_open_spec(ctx, "reference", &device, &err));
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 1, 32, 1, 1, 1);
    hn_op_desc desc;
    hni_op op;
    ck_ok(hni_op_add(&desc, &x, &err));
    ck_ok(hni_op_prepare(device, &desc, &op, &err));
    hn_buffer whole;
    ck_ok(hni_device_alloc(device, 4 * 128, &whole, &err));
    memset(whole.memory, 0, 4 * 128);
    const hn_buffer good_in[2] = {hni_buffer_at(whole, 0, 128), hni_buffer_at(whole, 128, 128)}, good_out = hni_buffer_at(whole, 256, 128);
    hn_buffer in[2], out;
    hn_op_buffers run = {.struct_size = sizeof run, .in = in, .out = &out};
    for (int spoil = 0; spoil < 8; spoil++) {
        in[0] = good_in[0];
        in[1] = good_in[1];
        out = good_out;
        run.struct_size = sizeof run;
        run.in = in;
        if (spoil == 1)
            in[1].memory = NULL;
        else if (spoil == 2)
            in[0].size = 127;
        else if (spoil == 3)
            out.size = 0;
        else if (spoil == 4)
            out.offset = 4;
        else if (spoil == 5)
            out.memory = NULL;
        else if (spoil == 6)
            run.struct_size = 0;
        else if (spoil == 7)
            run.in = NULL;
        ck_assert_int_eq(hni_op_run(device, &op, &run, &err), spoil == 0 ? HN_OK : HN_E_ARGUMENT);
    }
    hni_op_release(device, &op);
    ck_assert_int_eq(hni_op_run(device, &op, &run, &err), HN_E_STATE);
    hni_op_release(device, &op);
    desc.in[0].dims[0] = -1;
    ck_assert_int_eq(hni_op_prepare(device, &desc, &op, &err), HN_E_SHAPE);
    ck_assert_int_eq(hni_device_upload(device, (hn_buffer){NULL, 0, 4}, &x, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hni_device_download(device, NULL, good_out, &err), HN_E_ARGUMENT);
    hni_device_free(device, &whole);
    hni_device_close(device);
    hn_context_free(ctx);
}
END_TEST

START_TEST(unknown_operator_is_refused_by_name) {
    hn_context *ctx = context();
    hn_backend a = fake_table("aaa");
    ck_ok(hn_backend_register(ctx, &a, &err));
    hni_device *device;
    ck_ok(hni_device_open_spec(ctx, "aaa:0", &device, &err));
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 2, 3, 7, 1, 1);
    hn_op_desc desc;
    hni_op op;
    ck_ok(hni_op_softmax(&desc, &x, &err));
    ck_assert_int_eq(hni_op_prepare(device, &desc, &op, &err), HN_E_UNSUPPORTED); /* the fake says nothing: we name both */
    ck_assert_ptr_nonnull(strstr(err.message, "aaa:0"));
    ck_assert_ptr_nonnull(strstr(err.message, "softmax [3, 7]"));
    ck_assert_ptr_null(op.handle);
    hni_device_close(device);
    hn_context_free(ctx);
}
END_TEST

/* The n-th request for memory fails, for every n; nothing leaks, every failure is HN_E_MEMORY. */
START_TEST(no_memory) {
    bool done = false;
    for (long n = 1; !done; n++) {
        failing_memory memory = {.fail_at = n};
        const hn_allocator allocator = {.struct_size = sizeof allocator, .user = &memory, .alloc = failing_alloc, .free = failing_free};
        hn_backend a = fake_table("aaa");
        hn_context *ctx = NULL;
        hni_device *device = NULL, *oracle = NULL;
        hni_case c;
        double error;
        int32_t count;
        hn_status status = make_context("", NULL, &allocator, &ctx, &err);
        if (status == HN_OK)
            status = hn_backend_register(ctx, &a, &err);
        if (status == HN_OK)
            status = hn_device_count(ctx, &count, &err);
        if (status == HN_OK)
            status = hni_device_open_spec(ctx, "reference", &device, &err);
        if (status == HN_OK)
            status = hni_device_open_spec(ctx, "reference", &oracle, &err);
        for (int32_t i = 0; i < hni_case_count() && status == HN_OK; i += 29) {
            status = hni_case_get(i, &c, &err);
            if (status == HN_OK)
                status = hni_case_compare(device, oracle, &c, 1, &error, &err);
        }
        ck_assert_msg(status == HN_OK || status == HN_E_MEMORY, "request %ld: %s", n, err.message);
        done = status == HN_OK && memory.requests < n;
        hni_device_close(device);
        hni_device_close(oracle);
        hn_context_free(ctx);
        ck_assert_msg(memory.live == 0, "request %ld: %ld blocks are left", n, memory.live);
    }
}
END_TEST

static void *count_devices(void *arg) {
    int32_t n = 0, best = -1;
    hn_error mine;
    if (hn_device_count(arg, &n, &mine) != HN_OK || hn_device_find(arg, "best", &best, &mine) != HN_OK)
        return NULL;
    return n >= 1 && best >= 0 ? arg : NULL;
}

START_TEST(many_threads_ask_first) {
    hn_context *ctx = context();
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_devices, ctx), 0);
    static hn_backend tables[8];
    static char names[8][16];
    for (int i = 0; i < 8; i++) {
        snprintf(names[i], sizeof names[i], "name%d", i);
        tables[i] = fake_table(names[i]);
        ck_ok(hn_backend_register(ctx, &tables[i], &err));
    }
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(threads[i], &result);
        ck_assert_ptr_eq(result, ctx);
    }
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("registry");
    TCase *t = tcase_create("registry");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, reference_is_there);
    tcase_add_test(t, bad_arguments);
    tcase_add_test(t, words_after_plus);
    tcase_add_test(t, cpu_and_reference_take_no_precision);
    tcase_add_test(t, best_and_ties);
    tcase_add_test(t, opened_device_keeps_its_context);
    tcase_add_test(t, buffers_are_checked);
    tcase_add_test(t, unknown_operator_is_refused_by_name);
    tcase_add_test(t, no_memory);
    tcase_add_test(t, many_threads_ask_first);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
