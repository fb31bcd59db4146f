/* test_choice.c - what the cpu backend says about its choices, through the log: the instruction set, and for each operator which way of doing it
 * was taken and why those before it in its list were not. */
#include "cpu.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "op/op.h"

static hn_error err;
static hn_context *ctx;
static char lines[1 << 16];

static void keep_line(void *user, int32_t level, const char *component, const char *message) {
    (void)user;
    ck_assert_int_eq(level, HN_LOG_DEBUG);
    const size_t used = strlen(lines);
    snprintf(lines + used, sizeof lines - used, "%s: %s\n", component, message);
}

static hni_device *open_logged(const char *spec, cpu_tables *tables) {
    const hn_context_options o = {.struct_size = sizeof o, .threads = 1, .plugin_dir = "", .log = keep_line, .log_level = HN_LOG_DEBUG};
    hni_device *device = NULL;
    ck_ok(hn_context_create(&o, &ctx, &err));
    if (tables) cpu_register(ctx, tables);
    lines[0] = '\0';
    ck_ok(hni_device_open_spec(ctx, spec, &device, &err));
    return device;
}

static void close_logged(hni_device *device) {
    hni_device_close(device);
    hn_context_free(ctx);
}

/* The lines of one prepared operator. */
static const char *prepare(hni_device *device, const hn_op_desc *d) {
    hni_op op;
    lines[0] = '\0';
    ck_ok(hni_op_prepare(device, d, &op, &err));
    hni_op_release(device, &op);
    return lines;
}

static void says(const char *text, const char *wanted) { ck_assert_msg(strstr(text, wanted), "\"%s\" is not in: %s", wanted, text); }

START_TEST(instruction_sets) {
    cpu_tables tables;
    hni_device *device = open_logged("cpu", NULL);
    char text[64];
    snprintf(text, sizeof text, "cpu: instruction set %s", hni_cpu_isa_best()->name);
    says(lines, text);
    for (size_t i = 0; hni_cpu_isas()[i]; i++) { /* each other one, with a reason */
        snprintf(text, sizeof text, "; not %s: %s", hni_cpu_isas()[i]->name, hni_cpu_isas()[i]->usable() ? "" : "this processor lacks it");
        if (hni_cpu_isas()[i] != hni_cpu_isa_best()) says(lines, text);
    }
    close_logged(device);
    device = open_logged("cpu-plain", &tables);
    says(lines, "instruction set plain");
    close_logged(device);
}
END_TEST

START_TEST(every_case_says_its_way) {
    hni_device *device = open_logged("cpu", NULL);
    for (int32_t k = 0; k < hni_case_count(); k++) {
        hni_case c;
        char text[200], wanted[256], refused[256];
        ck_ok(hni_case_get(k, &c, &err));
        hni_op_text(&c.desc, text, sizeof text);
        const hni_cpu_impl *impl = hni_cpu_select(&c.desc, refused, sizeof refused);
        snprintf(wanted, sizeof wanted, "cpu: operator %s: %s", text, impl->name);
        says(prepare(device, &c.desc), wanted);
        if (*refused) says(lines, refused);
        ck_assert_msg(!*refused || strstr(refused, ": "), "%s: no reason in %s", c.name, refused);
    }
    close_logged(device);
}
END_TEST

static hn_op_desc conv(int32_t stride, int32_t kernel) {
    hn_op_desc d;
    const hni_window2d win = {.stride = {stride, 1}, .dilation = {1, 1}, .groups = 1};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 1, 2, 80, 80), w = hni_tensor(HN_DTYPE_F32, 4, 1, 2, kernel, kernel);
    ck_ok(hni_op_conv2d(&d, &x, &w, false, &win, HN_ACT_NONE, &err));
    return d;
}

static hn_op_desc depthwise(int32_t stride, int32_t kernel) {
    hn_op_desc d;
    const hni_window2d win = {.stride = {stride, stride}, .dilation = {1, 1}, .groups = 3};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 1, 3, 20, 20), w = hni_tensor(HN_DTYPE_F32, 4, 3, 1, kernel, kernel);
    ck_ok(hni_op_conv2d(&d, &x, &w, false, &win, HN_ACT_NONE, &err));
    return d;
}

static hn_op_desc pool(int32_t kernel) {
    hn_op_desc d;
    const hni_window2d win = {.kernel = {kernel, kernel}, .stride = {2, 2}, .dilation = {1, 1}, .groups = 1};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 1, 1, 20, 20);
    ck_ok(hni_op_pool2d(&d, HN_OP_MAX_POOL2D, &x, &win, &err));
    return d;
}

START_TEST(refusals_have_reasons) {
    hni_device *device = open_logged("cpu", NULL);
    hn_op_desc d = conv(1, 3), grad_input, grad_weight;
    says(prepare(device, &d), ": register tiles\n");
    d = conv(9, 3);
    says(prepare(device, &d), ": plain (not register tiles: a stride above 8)\n");
    ck_ok(hni_op_conv2d_grads(&d, &grad_input, &grad_weight, &err));
    says(prepare(device, &grad_input), ": plain (not register tiles: a stride above 8)\n");
    says(prepare(device, &grad_weight), ": plain (not register tiles: a stride above 8)\n");
    d = conv(1, 65);
    ck_ok(hni_op_conv2d_grads(&d, &grad_input, &grad_weight, &err));
    says(prepare(device, &grad_weight), ": plain (not register tiles: a kernel of more than 4096 taps)\n");
    d = depthwise(2, 5);
    says(prepare(device, &d), ": depthwise rows\n");
    ck_ok(hni_op_conv2d_grads(&d, &grad_input, &grad_weight, &err));
    says(prepare(device, &grad_input), ": depthwise rows\n");
    says(prepare(device, &grad_weight), ": depthwise rows\n");
    d = depthwise(1, 7);
    says(prepare(device, &d), ": register tiles (not depthwise rows: a kernel that is not 3x3 or 5x5)\n");
    d = depthwise(3, 3);
    says(prepare(device, &d), ": register tiles (not depthwise rows: a stride that is not 1 or 2)\n");
    d = pool(2);
    says(prepare(device, &d), ": 2x2 vectors\n");
    d = pool(3);
    says(prepare(device, &d), ": rows of maxima (not 2x2 vectors: the window is not 2x2 with stride 2 and no padding)\n");
    d = pool(9);
    ck_ok(hni_op_pool2d_grad(&d, &grad_input, &err));
    says(prepare(device, &grad_input), "not rows of maxima: a window of more than 64 px)\n");
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_U8, 4, 1, 1, 8, 8);
    ck_ok(hni_op_preprocess(&d, &x, &(hni_preprocess_options){.augment = true}, &err));
    says(prepare(device, &d), " (not table of 256: images are augmented)\n");
    close_logged(device);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("choices of the cpu backend");
    TCase *tests = tcase_create("choices");
    tcase_add_test(tests, instruction_sets);
    tcase_add_test(tests, every_case_says_its_way);
    tcase_add_test(tests, refusals_have_reasons);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
