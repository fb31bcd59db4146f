/* test_cpu_bits.c - the same training gives the same model file, byte for byte, with every instruction set that this machine has and with
 * 1, 2, 3, 7 and 16 threads; and single operators of awkward shapes the same bits. Started with the name of an instruction set and a file,
 * it trains with that and writes the model there: another machine's (or an emulator's) bytes can then be compared. */
#include "base/random.h"
#include "cpu.h"
#include "haemnet/haemnet.h"
#include "op/op.h"

static hn_error err;

static hn_context *cpu_context(const hni_cpu_isa *isa, int32_t threads, hn_backend *table) {
    const hn_context_options options = {.struct_size = sizeof options, .threads = threads, .plugin_dir = ""};
    hn_context *ctx = NULL;
    ck_ok(hn_context_create(&options, &ctx, &err));
    *table = hni_cpu_backend_of(isa);
    table->name = "test"; /* one name for all: it may be written into the model */
    ck_ok(hn_backend_register(ctx, table, &err));
    return ctx;
}

static hn_dataset *phantom_data(hn_context *ctx) {
    const hn_phantom_options options = {.struct_size = sizeof options, .patients = 6, .size = 64, .slices_per_patient = 2, .seed = 5};
    hn_phantom *phantom = NULL;
    hn_dataset *ds = NULL;
    ck_ok(hn_phantom_create(ctx, &options, &phantom, &err));
    ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
    for (int64_t i = 0; i < hn_phantom_count(phantom); i++) {
        hn_phantom_slice_info info = {.struct_size = sizeof info};
        hn_image *image = NULL, *mask = NULL;
        char patient[32];
        ck_ok(hn_phantom_render(phantom, i, &info, &image, &mask, &err));
        snprintf(patient, sizeof patient, "p%d", info.patient);
        ck_ok(hn_dataset_add_image(ds, image, i % 2 ? "haemorrhage" : "no_haemorrhage", patient, &err));
        hn_image_free(image);
        hn_image_free(mask);
    }
    hn_phantom_free(phantom);
    return ds;
}

/* The model file after one epoch on the phantom; the caller frees the bytes. */
static uint8_t *train(const hni_cpu_isa *isa, int32_t threads, size_t *size) {
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    hn_backend table;
    hn_context *ctx = cpu_context(isa, threads, &table);
    hn_dataset *data = phantom_data(ctx);
    const hn_model_options options = {.struct_size = sizeof options, .width = 50, .height = 44, .class_names = names, .seed = 3};
    const hn_train_options how = {.struct_size = sizeof how, .batch = 5, .seed = 9, .device = "test"};
    hn_model *model = NULL, *trained = NULL;
    hn_trainer *trainer = NULL;
    hn_epoch_report report = {.struct_size = sizeof report};
    ck_ok(hn_model_preset(ctx, "tinyvgg", &options, &model, &err));
    ck_ok(hn_trainer_create(model, data, NULL, &how, &trainer, &err));
    ck_ok(hn_train_epoch(trainer, &report, &err));
    ck_ok(hn_trainer_model(trainer, HN_LAST, &trained, &err));
    ck_ok(hn_model_save_memory(trained, NULL, 0, size, &err));
    uint8_t *bytes = malloc(*size);
    ck_assert_ptr_nonnull(bytes);
    ck_ok(hn_model_save_memory(trained, bytes, *size, size, &err));
    hn_model_free(trained);
    hn_model_free(model);
    hn_trainer_free(trainer);
    hn_dataset_free(data);
    hn_context_free(ctx);
    return bytes;
}

START_TEST(a_model_has_the_same_bytes_everywhere) {
    static const int32_t threads[] = {1, 2, 3, 7, 16};
    size_t want_size;
    uint8_t *want = train(hni_cpu_isa_named("plain"), 1, &want_size);
    for (size_t i = 0; hni_cpu_isas()[i]; i++) {
        const hni_cpu_isa *isa = hni_cpu_isas()[i];
        if (!isa->usable()) {
            printf("SKIP cpu %s: this processor lacks it\n", isa->name);
            continue;
        }
        for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
            size_t size;
            uint8_t *bytes = train(isa, threads[t], &size);
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
    hn_context *ctx = cpu_context(isa, threads, &table);
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

/* Trains with one instruction set and writes the model. */
static int write_model(const char *name, const char *path) {
    const hni_cpu_isa *isa = hni_cpu_isa_named(name);
    if (!isa) {
        printf("%s cannot be used here\n", name);
        return 77;
    }
    size_t size;
    uint8_t *bytes = train(isa, 2, &size);
    FILE *file = fopen(path, "wb");
    const bool done = file && fwrite(bytes, 1, size, file) == size;
    free(bytes);
    return file && fclose(file) == 0 && done ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc == 3)
        return write_model(argv[1], argv[2]);
    Suite *suite = suite_create("cpu backend's bits");
    TCase *t = tcase_create("bits");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, a_model_has_the_same_bytes_everywhere);
    tcase_add_test(t, every_case_has_the_same_bits);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
