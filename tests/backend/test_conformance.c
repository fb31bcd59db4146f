/* test_conformance.c - every case of the list, on every device there is, against the reference; memory operations and recordings; and what
 * validation lets through after random damage is run, so that a sanitizer can see whether it was safe.
 *
 * HAEMNET_TEST_BACKEND may name a plug-in (absolute path) to be tested too. */
#include <math.h>

#include "backend/cases.h"
#include "base/random.h"
#include "devices.h"
#include "op/op.h"

static hn_error err;

static hn_context *context(void) {
    hn_context *ctx;
    ck_ok(make_context("", NULL, NULL, &ctx, &err));
    ck_ok(hn_backend_register(ctx, hni_cpu_backend(), &err));
    const char *extra = getenv("HAEMNET_TEST_BACKEND"), *example = plugin_path("HAEMNET_TEST_EXAMPLES", "libhaemnet-example");
    if (example)
        ck_ok(hn_backend_load(ctx, example, &err));
    if (extra && *extra)
        ck_ok(hn_backend_load(ctx, extra, &err));
    return ctx;
}

static void test_device(hni_device *device, hni_device *oracle) {
    int32_t passed = 0, unsupported = 0;
    double worst = 0.0;
    char worst_text[256] = "";
    for (int32_t i = 0; i < hni_case_count(); i++) {
        hni_case c;
        char text[200];
        double error = NAN;
        ck_ok(hni_case_get(i, &c, &err));
        hni_op_text(&c.desc, text, sizeof text);
        const hn_status status = hni_case_compare(device, oracle, &c, test_seed(), &error, &err);
        if (status == HN_E_UNSUPPORTED) {
            unsupported++;
            continue;
        }
        ck_assert_msg(status == HN_OK, "%s, case %d (%s): %s", device->info.name, i, c.name, err.message);
        ck_assert_msg(error <= 1.0, "%s, case %d (%s), %s: %g times the tolerance", device->info.name, i, c.name, text, error);
        passed++;
        if (error >= worst) {
            worst = error;
            snprintf(worst_text, sizeof worst_text, "%s: %s", c.name, text);
        }
    }
    printf("%s: %d cases agree, %d unsupported, worst %.3g of the tolerance (%s)\n", device->info.name, passed, unsupported, worst,
           worst_text);
}

START_TEST(every_case_on_every_device) {
    hn_context *ctx = context();
    int32_t n;
    ck_ok(hn_device_count(ctx, &n, &err));
    for (int32_t i = 0; i < n; i++) {
        hni_device *device, *oracle;
        ck_ok(hni_device_open_spec(ctx, "reference", &oracle, &err));
        const hn_status status = hni_device_open(ctx, i, &device, &err);
        if (status == HN_OK)
            test_device(device, oracle);
        else
            ck_assert_int_eq(status, HN_E_UNAVAILABLE);
        hni_device_close(device);
        hni_device_close(oracle);
    }
    hn_context_free(ctx);
}
END_TEST

START_TEST(the_list_is_sound) {
    const int32_t n = hni_case_count();
    bool seen[HNI_OP_LAST + 1] = {false};
    ck_assert_int_ge(n, 200);
    hni_case c;
    for (int32_t i = 0; i < n; i++) {
        ck_ok(hni_case_get(i, &c, &err));
        ck_ok(hni_op_validate(&c.desc, &err));
        ck_assert(c.tolerance > 0.0 && c.name && c.name[0]);
        seen[c.desc.kind] = true;
    }
    for (int32_t k = 1; k <= HNI_OP_LAST; k++)
        ck_assert_msg(seen[k], "no case of %s", hni_op_name(k));
    ck_assert_int_eq(hni_case_get(n, &c, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hni_case_get(-1, &c, &err), HN_E_NOT_FOUND);
}
END_TEST

START_TEST(data_is_seeded) {
    hni_case c;
    float a[64], b[64];
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 1, 64, 1, 1, 1);
    c = (hni_case){.name = "seeds", .tolerance = 1};
    ck_ok(hni_op_add(&c.desc, &x, &err));
    hni_case_input(&c, 0, 5, a);
    hni_case_input(&c, 0, 5, b);
    ck_assert_mem_eq(a, b, sizeof a);
    hni_case_input(&c, 0, 6, b);
    ck_assert_mem_ne(a, b, sizeof a);
    hni_case_input(&c, 1, 5, b);
    ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

/* copy, fill, upload and download at offsets, on every device. */
START_TEST(memory) {
    hn_context *ctx = context();
    int32_t n;
    ck_ok(hn_device_count(ctx, &n, &err));
    for (int32_t i = 0; i < n; i++) {
        hni_device *d;
        if (hni_device_open(ctx, i, &d, &err) != HN_OK)
            continue;
        hn_buffer a;
        uint8_t in[256], out[256];
        for (int k = 0; k < 256; k++)
            in[k] = (uint8_t)k;
        ck_ok(hni_device_alloc(d, 256, &a, &err));
        ck_ok(hni_device_upload(d, a, in, &err));
        ck_ok(d->table.copy(d->handle, hni_buffer_at(a, 128, 64), hni_buffer_at(a, 64, 64), &err));
        ck_ok(d->table.fill(d->handle, hni_buffer_at(a, 192, 33), 0xAB, &err));
        ck_ok(d->table.sync(d->handle, &err));
        ck_ok(hni_device_download(d, out, a, &err));
        ck_assert_mem_eq(out, in, 128);
        ck_assert_mem_eq(out + 128, in + 64, 64);
        ck_assert_int_eq(out[192], 0xAB);
        ck_assert_int_eq(out[224], 0xAB);
        ck_assert_int_eq(out[225], 225);
        hni_device_free(d, &a);
        hni_device_close(d);
    }
    hn_context_free(ctx);
}
END_TEST

/* A recorded run is not done at once, and done at each replay. */
static void check_capture(hni_device *d) {
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 1, 16, 1, 1, 1);
    hn_op_desc desc;
    hni_op op;
    hn_buffer b;
    float values[16] = {-1.0f, 2.0f}, back[16];
    void *recording = NULL;
    ck_ok(hni_op_activation(&desc, &x, 1, &err));
    ck_ok(hni_op_prepare(d, &desc, &op, &err));
    ck_ok(hni_device_alloc(d, sizeof values, &b, &err));
    ck_ok(hni_device_upload(d, b, values, &err));
    const hn_op_buffers run = {.struct_size = sizeof run, .in = &b, .out = &b};
    ck_ok(d->table.capture_begin(d->handle, &err));
    ck_ok(hni_op_run(d, &op, &run, &err));
    ck_ok(d->table.capture_end(d->handle, &recording, &err));
    ck_ok(hni_device_download(d, back, b, &err));
    ck_assert(back[0] == -1.0f);
    ck_ok(d->table.replay(d->handle, recording, &err));
    ck_ok(hni_device_download(d, back, b, &err));
    ck_assert(back[0] == 0.0f && back[1] == 2.0f);
    d->table.release(d->handle, recording);
    hni_op_release(d, &op);
    hni_device_free(d, &b);
}

START_TEST(capture) {
    hn_context *ctx = context();
    int32_t n, checked = 0;
    ck_ok(hn_device_count(ctx, &n, &err));
    for (int32_t i = 0; i < n; i++) {
        hni_device *d;
        if (hni_device_open(ctx, i, &d, &err) != HN_OK)
            continue;
        if (d->table.capture_begin) {
            check_capture(d);
            checked++;
        }
        hni_device_close(d);
    }
    hn_context_free(ctx);
    if (checked == 0)
        SKIP("no device here can record");
}
END_TEST

START_TEST(selftest_of_the_reference) {
    hn_context *ctx = context();
    hn_selftest_report report = {.struct_size = sizeof report};
    ck_ok(hn_device_selftest(ctx, 0, &report, &err));
    ck_assert_int_eq(report.cases, hni_case_count());
    ck_assert_int_eq(report.passed, report.cases);
    ck_assert(report.worst_error == 0.0);
    ck_assert(report.seed != 0);
    ck_ok(hn_device_selftest(ctx, 0, NULL, NULL));
    hn_context_free(ctx);
}
END_TEST

/* Damages one or two fields of a description. */
static void damage(hn_op_desc *d, hni_random *r) {
    static const int64_t values[] = {-1, 0, 1, 2, 3, 4, 5, 7, 8, 16, 32768, 1 << 24, INT32_MAX, INT64_MAX, INT64_MIN};
    int32_t *const ints[] = {&d->kind,       &d->n_in,        &d->n_out,      &d->kernel[0],  &d->kernel[1],       &d->stride[0],
                             &d->stride[1],  &d->padding[0],  &d->padding[1], &d->dilation[0], &d->dilation[1],     &d->groups,
                             &d->activation, &d->exclude_padding, &d->optimizer, &d->positive, &d->extra_padding[0], &d->extra_padding[1]};
    for (uint32_t times = 1 + hni_random_below(r, 2); times > 0; times--) {
        const int64_t value = values[hni_random_below(r, sizeof values / sizeof values[0])];
        const uint32_t what = hni_random_below(r, 4), place = hni_random_below(r, HN_OP_MAX_TENSORS);
        hn_tensor_desc *t = hni_random_below(r, 2) ? &d->in[place] : &d->out[place];
        if (what == 0)
            *ints[hni_random_below(r, sizeof ints / sizeof ints[0])] = (int32_t)value;
        else if (what == 1)
            t->rank = (int32_t)value;
        else { /* the same extent in all tensors that have it: the damage that shapes may agree on */
            const int64_t old = t->dims[hni_random_below(r, 4)];
            for (int i = 0; i < HN_OP_MAX_TENSORS; i++)
                for (int k = 0; k < 4; k++) {
                    if (d->in[i].rank > k && d->in[i].dims[k] == old)
                        d->in[i].dims[k] = value;
                    if (d->out[i].rank > k && d->out[i].dims[k] == old)
                        d->out[i].dims[k] = value;
                }
        }
    }
}

/* Small enough to be run here. */
static bool is_small(const hn_op_desc *d) {
    double work = 1.0, bytes = 0.0;
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        bytes += (double)hni_tensor_bytes(&d->in[i]) + (double)hni_tensor_bytes(&d->out[i]);
        for (int k = 0; k < 4; k++)
            work *= i < 2 && d->in[i].rank > k ? (double)d->in[i].dims[k] : 1.0;
    }
    return bytes < 1e6 && work < 1e7;
}

START_TEST(what_passes_validation_is_safe) {
    hn_context *ctx = context();
    hni_device *a, *b, *fast;
    ck_ok(hni_device_open_spec(ctx, "cpu", &fast, &err));
    ck_ok(hni_device_open(ctx, 0, &a, &err));
    ck_ok(hni_device_open(ctx, 0, &b, &err));
    hni_random r;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 0, 1);
    int tried = 0, passed = 0, run = 0;
    for (; tried < 40000; tried++) {
        hni_case c;
        double error = 0.0;
        ck_ok(hni_case_get((int32_t)hni_random_below(&r, (uint32_t)hni_case_count()), &c, &err));
        damage(&c.desc, &r);
        if (hni_op_validate(&c.desc, &err) != HN_OK)
            continue;
        passed++;
        if (!is_small(&c.desc) || run >= 1500)
            continue;
        run++;
        ck_ok(hni_case_compare(a, b, &c, test_seed(), &error, &err));
        ck_assert_msg(error == 0.0, "case %d does not repeat itself", tried);
        ck_ok(hni_case_compare(fast, b, &c, test_seed(), &error, &err));
        ck_assert_msg(error <= 10.0, "case %d, cpu: %g times the tolerance of the shape that it was made from", tried, error);
    }
    printf("%d damaged descriptions, %d still valid, %d run\n", tried, passed, run);
    ck_assert_int_gt(run, 100);
    hni_device_close(a);
    hni_device_close(b);
    hni_device_close(fast);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conformance");
    TCase *t = tcase_create("conformance");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, the_list_is_sound);
    tcase_add_test(t, data_is_seeded);
    tcase_add_test(t, every_case_on_every_device);
    tcase_add_test(t, memory);
    tcase_add_test(t, capture);
    tcase_add_test(t, selftest_of_the_reference);
    tcase_add_test(t, what_passes_validation_is_safe);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
