/* test_cpu.c - the cpu backend against the reference, with every instruction set that this machine has: the case list, and random shapes
 * that nobody thought of. */
#include <math.h>

#include "base/random.h"
#include "cpu.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "op/op.h"

static hn_error err;

START_TEST(every_case_with_every_instruction_set) {
    hn_context *ctx;
    cpu_tables tables;
    ck_ok(make_context("", NULL, NULL, &ctx, &err));
    cpu_register(ctx, &tables);
    for (int i = 0; i < tables.n; i++) {
        hni_device *device, *oracle;
        double worst = 0.0;
        ck_ok(hni_device_open_spec(ctx, "reference", &oracle, &err));
        ck_ok(hni_device_open_spec(ctx, tables.name[i], &device, &err));
        for (int32_t k = 0; k < hni_case_count(); k++) {
            hni_case c;
            char text[200];
            double error = NAN;
            ck_ok(hni_case_get(k, &c, &err));
            hni_op_text(&c.desc, text, sizeof text);
            const hn_status status = hni_case_compare(device, oracle, &c, test_seed(), &error, &err);
            ck_assert_msg(status == HN_OK, "%s, %s (%s): %s", tables.name[i], c.name, text, err.message);
            ck_assert_msg(error <= 1.0, "%s, %s (%s): %g times the tolerance", tables.name[i], c.name, text, error);
            worst = fmax(worst, error);
        }
        printf("%s: worst %.3g of the tolerance\n", tables.name[i], worst);
        hni_device_close(device);
        hni_device_close(oracle);
    }
    hn_context_free(ctx);
}
END_TEST

static int64_t pick(hni_random *r, int64_t low, int64_t high) {
    return low + (int64_t)hni_random_below(r, (uint32_t)(high - low + 1));
}

/* A convolution of odd size, or one of its gradients. */
static bool random_conv(hni_random *r, hni_case *c) {
    hn_op_desc forward, grad_input, grad_weight;
    const int64_t groups = pick(r, 0, 3) ? 1 : pick(r, 1, 4), big = pick(r, 0, 4) == 0;
    const int64_t cg = pick(r, 1, big ? 67 : 9) / groups + 1, kg = pick(r, 1, big ? 67 : 9) / groups + 1;
    hni_window2d win = {.groups = (int32_t)groups};
    for (int i = 0; i < 2; i++) {
        win.stride[i] = (int32_t)pick(r, 1, pick(r, 0, 9) ? 3 : 11);
        win.padding[i] = (int32_t)pick(r, 0, 3);
        win.dilation[i] = (int32_t)pick(r, 1, pick(r, 0, 2) ? 1 : 3);
    }
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, pick(r, 1, 5), groups * cg, pick(r, 1, 17), pick(r, 1, 17));
    const hn_tensor_desc w = hni_tensor(HN_DTYPE_F32, 4, groups * kg, cg, pick(r, 1, 5), pick(r, 1, 5));
    if (hni_op_conv2d(&forward, &x, &w, pick(r, 0, 1) != 0, &win, (int32_t)pick(r, 0, 2), NULL) != HN_OK ||
        hni_op_conv2d_grads(&forward, &grad_input, &grad_weight, NULL) != HN_OK)
        return false;
    const int64_t which = pick(r, 0, 2);
    *c = (hni_case){"random", which == 0 ? forward : which == 1 ? grad_input : grad_weight, 2e-5};
    return true;
}

/* A depthwise one, with what may run inside it. */
static bool random_depthwise(hni_random *r, hni_case *c) {
    hn_op_desc forward, grad_input, grad_weight;
    const int64_t channels = pick(r, 1, 4), size = pick(r, 0, 2) ? 3 : 5, which = pick(r, 0, 5), wide = pick(r, 0, 3) ? 34 : 101;
    hni_window2d win = {.groups = (int32_t)channels};
    win.stride[0] = win.stride[1] = (int32_t)pick(r, 1, 2);
    win.padding[0] = (int32_t)pick(r, 0, size - 1);
    win.padding[1] = (int32_t)pick(r, 0, size - 1);
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, pick(r, 1, 3), channels, pick(r, 1, wide), pick(r, 1, wide));
    const hn_tensor_desc w = hni_tensor(HN_DTYPE_F32, 4, channels, 1, size, size);
    if (hni_op_conv2d(&forward, &x, &w, pick(r, 0, 1) != 0, &win, (int32_t)pick(r, 0, HN_ACT_TANH), NULL) != HN_OK ||
        hni_op_conv2d_grads(&forward, &grad_input, &grad_weight, NULL) != HN_OK)
        return false;
    if (which == 2)
        ck_ok(hni_op_through_relu(&grad_input, &err));
    if (which == 4)
        ck_ok(hni_op_norm_inside(&forward, 1e-5, &err));
    if (which == 5)
        ck_ok(hni_op_add_inside(&forward, &err));
    *c = (hni_case){"random", which == 0 ? grad_weight : which <= 2 ? grad_input : forward, 2e-5};
    return true;
}

static bool random_pool(hni_random *r, hni_case *c) {
    hn_op_desc forward, grad;
    hni_window2d win = {.kernel = {(int32_t)pick(r, 1, 4), (int32_t)pick(r, 1, 4)}, .stride = {2, 2}};
    if (pick(r, 0, 1))
        win.kernel[0] = win.kernel[1] = 2;
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, pick(r, 1, 3), pick(r, 1, 5), pick(r, 1, 40), pick(r, 1, 70));
    if (hni_op_pool2d(&forward, HN_OP_MAX_POOL2D, &x, &win, NULL) != HN_OK || hni_op_pool2d_grad(&forward, &grad, NULL) != HN_OK)
        return false;
    *c = (hni_case){"random", pick(r, 0, 1) ? forward : grad, 2e-6};
    return true;
}

START_TEST(random_shapes) {
    hn_context *ctx;
    cpu_tables tables;
    ck_ok(make_context("", NULL, NULL, &ctx, &err));
    cpu_register(ctx, &tables);
    for (int i = 0; i < tables.n; i++) {
        hni_device *device, *oracle;
        hni_random r;
        int run = 0;
        ck_ok(hni_device_open_spec(ctx, "reference", &oracle, &err));
        ck_ok(hni_device_open_spec(ctx, tables.name[i], &device, &err));
        hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 7, 7);
        for (int k = 0; k < 1200; k++) {
            hni_case c;
            char text[200];
            double error = NAN;
            const int64_t sort = pick(&r, 0, 6);
            if (!(sort == 0 ? random_pool : sort <= 2 ? random_depthwise : random_conv)(&r, &c))
                continue;
            run++;
            hni_op_text(&c.desc, text, sizeof text);
            const hn_status status = hni_case_compare(device, oracle, &c, test_seed() + (uint64_t)k, &error, &err);
            ck_assert_msg(status == HN_OK, "%s, %s: %s", tables.name[i], text, err.message);
            ck_assert_msg(error <= 1.0, "%s, case %d, %s: %g times the tolerance", tables.name[i], k, text, error);
        }
        ck_assert_int_ge(run, 400);
        printf("%s: %d random shapes agree\n", tables.name[i], run);
        hni_device_close(device);
        hni_device_close(oracle);
    }
    hn_context_free(ctx);
}
END_TEST

/* A prepared operator with its buffers on one device. */
typedef struct kept {
    hni_device *device;
    hni_op op;
    hn_buffer in[HN_OP_MAX_TENSORS], out[HN_OP_MAX_TENSORS], workspace;
} kept;

static kept open_kept(hn_context *ctx, const char *name, const hni_case *c) {
    kept k = {.device = NULL};
    ck_ok(hni_device_open_spec(ctx, name, &k.device, &err));
    ck_ok(hni_op_prepare(k.device, &c->desc, &k.op, &err));
    for (int i = 0; i < c->desc.n_in; i++)
        if (c->desc.in[i].rank)
            ck_ok(hni_device_alloc(k.device, (uint64_t)hni_tensor_bytes(&c->desc.in[i]), &k.in[i], &err));
    ck_ok(hni_device_alloc(k.device, (uint64_t)hni_tensor_bytes(&c->desc.out[0]), &k.out[0], &err));
    ck_ok(hni_device_alloc(k.device, k.op.workspace, &k.workspace, &err));
    return k;
}

static void close_kept(kept *k) {
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        hni_device_free(k->device, &k->in[i]);
        hni_device_free(k->device, &k->out[i]);
    }
    hni_device_free(k->device, &k->workspace);
    hni_op_release(k->device, &k->op);
    hni_device_close(k->device);
}

/* Runs on inputs of a seed; the constant ones may be of another. */
static void run_kept(kept *k, const hni_case *c, uint64_t seed, uint64_t constant_seed, int32_t flags) {
    for (int i = 0; i < c->desc.n_in; i++)
        if (c->desc.in[i].rank)
            hni_case_input(c, i, c->desc.constant >> i & 1 ? constant_seed : seed, k->in[i].memory);
    const hn_op_buffers b = {.struct_size = sizeof b, .flags = flags, .in = k->in, .out = k->out, .workspace = k->workspace};
    ck_ok(hni_op_run(k->device, &k->op, &b, &err));
}

/* What was derived from constant inputs serves the runs that say so, and no other; some of them being constant is as good as none. */
START_TEST(constant_inputs) {
    hn_context *ctx;
    cpu_tables tables;
    ck_ok(make_context("", NULL, NULL, &ctx, &err));
    cpu_register(ctx, &tables);
    int count = 0;
    for (int32_t i = 0; i < hni_case_count(); i++) {
        hni_case c;
        ck_ok(hni_case_get(i, &c, &err));
        if (c.desc.kind != HN_OP_CONV2D && c.desc.kind != HN_OP_CONV2D_GRAD_INPUT && c.desc.kind != HN_OP_PREPROCESS)
            continue;
        const int32_t all = (1 << c.desc.n_in) - 2, masks[] = {all, 1 << 1, 1 << 2, 1};
        const size_t bytes = (size_t)hni_tensor_bytes(&c.desc.out[0]);
        for (size_t m = 0; m < sizeof masks / sizeof masks[0]; m++) {
            c.desc.constant = masks[m];
            kept one = open_kept(ctx, tables.name[0], &c), fresh = open_kept(ctx, tables.name[0], &c);
            for (uint64_t round = 0; round < 4; round++) { /* the constant inputs are new in every second one */
                run_kept(&one, &c, test_seed() + round, test_seed() + round / 2, round % 2 ? HN_RUN_CONSTANT_KEPT : 0);
                run_kept(&fresh, &c, test_seed() + round, test_seed() + round / 2, 0);
                ck_assert_msg(memcmp(one.out[0].memory, fresh.out[0].memory, bytes) == 0, "%s, constant 0x%x, round %d", c.name,
                              (unsigned)masks[m], (int)round);
            }
            close_kept(&one);
            close_kept(&fresh);
            count++;
        }
    }
    ck_assert_int_ge(count, 100);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cpu backend");
    TCase *t = tcase_create("conformance");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, every_case_with_every_instruction_set);
    tcase_add_test(t, random_shapes);
    tcase_add_test(t, constant_inputs);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
