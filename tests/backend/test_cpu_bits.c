/* test_cpu_bits.c - the same training gives the same model file, byte for byte, with every instruction set that this machine has and with
 * 1, 2, 3, 7 and 16 threads; and single operators of awkward shapes give the same bits. NEON: slow_neon.sh. */
#include "base/random.h"
#include "cpu.h"
#include "cpu_train.h" /* defines: cpu_context, cpu_train */
#include "op/op.h"

static hn_error err;

START_TEST(a_model_has_the_same_bytes_everywhere) {
    static const int32_t threads[] = {1, 2, 3, 7, 16};
    size_t want_size;
    uint8_t *want = cpu_train(hni_cpu_isa_named("plain"), 1, &want_size, &err);
    ck_assert_msg(want != NULL, "%s", err.message);
    for (size_t i = 0; hni_cpu_isas()[i]; i++) {
        const hni_cpu_isa *isa = hni_cpu_isas()[i];
        if (!isa->usable()) {
            printf("SKIP cpu %s: this processor lacks it\n", isa->name);
            continue;
        }
        for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
            size_t size;
            uint8_t *bytes = cpu_train(isa, threads[t], &size, &err);
            ck_assert_msg(bytes != NULL, "%s", err.message);
            ck_assert_msg(size == want_size && memcmp(bytes, want, size) == 0, "%s with %d threads gives another model file", isa->name,
                          threads[t]);
            free(bytes);
        }
        printf("%s: the same %zu bytes with 1, 2, 3, 7 and 16 threads\n", isa->name, want_size);
    }
    free(want);
}
END_TEST

/* Runs a case of the list on a device; gives the outputs, one after the other. */
static uint8_t *run_case(const hni_cpu_isa *isa, int32_t threads, const hni_case *c, size_t *size) {
    hn_backend table;
    hn_context *ctx = cpu_context(isa, threads, &table, &err);
    ck_assert_msg(ctx != NULL, "%s", err.message);
    hni_device *device;
    hni_op op;
    hn_buffer in[HN_OP_MAX_TENSORS] = {{0}}, out[HN_OP_MAX_TENSORS] = {{0}}, workspace = {0};
    ck_ok(hni_device_open_spec(ctx, "test", &device, &err));
    ck_ok(hni_op_prepare(device, &c->desc, &op, &err));
    *size = 0;
    for (int i = 0; i < c->desc.n_in; i++)
        if (c->desc.in[i].rank) {
            ck_ok(hni_device_alloc(device, (uint64_t)hni_tensor_bytes(&c->desc.in[i]), &in[i], &err));
            hni_case_input(c, i, test_seed(), in[i].memory);
        }
    for (int i = 0; i < c->desc.n_out; i++)
        if (c->desc.out[i].rank) {
            bool always;
            const int over = hni_case_in_place(c->desc.kind, i, &always);
            if (over >= 0 && always) {
                out[i] = in[over];
            } else {
                ck_ok(hni_device_alloc(device, (uint64_t)hni_tensor_bytes(&c->desc.out[i]), &out[i], &err));
                hni_case_output(c, i, test_seed(), out[i].memory);
            }
            *size += (size_t)hni_tensor_bytes(&c->desc.out[i]);
        }
    if (op.workspace)
        ck_ok(hni_device_alloc(device, op.workspace, &workspace, &err));
    const hn_op_buffers buffers = {.struct_size = sizeof buffers, .in = in, .out = out, .workspace = workspace};
    ck_ok(hni_op_run(device, &op, &buffers, &err));
    uint8_t *bytes = malloc(*size), *at = bytes;
    for (int i = 0; i < c->desc.n_out; i++)
        if (c->desc.out[i].rank) {
            const size_t n = (size_t)hni_tensor_bytes(&c->desc.out[i]);
            memcpy(at, out[i].memory, n);
            at += n;
        }
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        bool shared = false;
        for (int k = 0; k < HN_OP_MAX_TENSORS; k++)
            shared = shared || (out[i].memory && out[i].memory == in[k].memory);
        if (!shared)
            hni_device_free(device, &out[i]);
    }
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++)
        hni_device_free(device, &in[i]);
    hni_device_free(device, &workspace);
    hni_op_release(device, &op);
    hni_device_close(device);
    hn_context_free(ctx);
    return bytes;
}

START_TEST(every_case_has_the_same_bits) {
    for (int32_t k = 0; k < hni_case_count(); k++) {
        hni_case c;
        size_t want_size, size;
        ck_ok(hni_case_get(k, &c, &err));
        uint8_t *want = run_case(hni_cpu_isa_named("plain"), 1, &c, &want_size);
        for (size_t i = 0; hni_cpu_isas()[i]; i++) {
            if (!hni_cpu_isas()[i]->usable())
                continue;
            uint8_t *got = run_case(hni_cpu_isas()[i], 1 + k % 4, &c, &size);
            ck_assert_msg(size == want_size && memcmp(got, want, size) == 0, "%s, case %d (%s): other bits than plain C",
                          hni_cpu_isas()[i]->name, k, c.name);
            free(got);
        }
        free(want);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cpu backend's bits");
    TCase *t = tcase_create("bits");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, a_model_has_the_same_bytes_everywhere);
    tcase_add_test(t, every_case_has_the_same_bits);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
