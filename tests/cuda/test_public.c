/* test_public.c - the public functions on a faked machine: what deterministic promises, what each failure says and leaves, and two devices at
 * once from two contexts and threads. That results are cpu's: test_whole.c. */
#include <pthread.h>

#include "../backend/cpu_train.h"
#include "fake/cudnn_fake.h"
#include "fake/launch.h"
#include "scene.h"

/* A small training on a device: two epochs, and the model's file. Everything else is given back, whatever fails. */
static hn_status train(hn_context *ctx, const char *device, uint8_t **bytes, size_t *size, hn_error *e) {
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    const hn_model_options m = {.struct_size = sizeof m, .width = 16, .height = 16, .class_names = names, .seed = 3, .hidden = 4};
    const hn_train_options how = {.struct_size = sizeof how, .batch = 5, .seed = 9, .device = device};
    hn_epoch_report report = {.struct_size = sizeof report};
    hn_model *model = NULL, *trained = NULL;
    hn_trainer *trainer = NULL;
    hn_dataset *data = cpu_phantoms(ctx, e);
    hn_status status = data ? hn_model_preset(ctx, "tinyvgg", &m, &model, e) : e->status;
    if (status == HN_OK)
        status = hn_trainer_create(model, data, NULL, &how, &trainer, e);
    for (int i = 0; i < 2 && status == HN_OK; i++)
        status = hn_train_epoch(trainer, &report, e);
    if (status == HN_OK)
        status = hn_trainer_model(trainer, HN_LAST, &trained, e);
    *bytes = status == HN_OK ? cpu_model_bytes(trained, size, e) : NULL;
    hn_trainer_free(trainer);
    hn_model_free(trained);
    hn_model_free(model);
    hn_dataset_free(data);
    return status == HN_OK && !*bytes ? e->status : status;
}

/* The model's file of a training in a context of its own. */
static uint8_t *trained_file(const char *device, size_t *size, hn_error *e) {
    hn_context *ctx = context(NULL, NULL);
    uint8_t *bytes = NULL;
    const hn_status status = train(ctx, device, &bytes, size, e);
    hn_context_free(ctx);
    return status == HN_OK ? bytes : NULL;
}

static bool twice_the_same(const char *device) {
    size_t n, m;
    uint8_t *a = trained_file(device, &n, &err), *b = trained_file(device, &m, &err);
    ck_assert_msg(a && b, "%s: %s", device, err.message);
    const bool same = n == m && memcmp(a, b, n) == 0;
    free(a);
    free(b);
    return same;
}

/* With an engine on offer whose sums have no order, and which cuDNN likes best. */
START_TEST(deterministic_gives_the_same_file) {
    static const struct {
        const char *device;
        bool same;
    } rows[] = {{"cudnn", false},           {"cudnn+deterministic", true}, {"cudnn+deterministic+tf32", true}, {"cudnn+bf16+deterministic", true},
                {"cudnn+measured", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake_reset();
        fake_cudnn_reset();
        fake_cudnn_disorder(true);
        ck_assert_msg(twice_the_same(rows[i].device) == rows[i].same, "%s", rows[i].device);
        nothing_left();
    }
}
END_TEST

/* What the machine is, or what fails, when a training is asked for. */
static void no_driver(void) { fake_machine(-1); }
static void old_driver(void) { fake_machine(-2); }
static void no_device(void) { fake_machine(0); }
static void old_device(void) { fake_capability(0, 70); }
static void two_devices_one_old(void) {
    fake_machine(2);
    fake_capability(1, 70);
}
static void old_cudnn(void) { fake_cudnn_version(8907); }
static void mixed_cudnn(void) { fake_fail(FAKE_CUDNN, 1, CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH); }
static void nothing(void) {}
static void little_memory(void) { fake_memory((2 << 20) + (64 << 10)); } /* two MiB are for uploads */
static void tiny_memory(void) { fake_memory(1 << 20); }
static void no_launch(void) { fake_launch_fail = 3; }
static void illegal_address(void) { fake_fail(FAKE_CUDA, 150, cudaErrorIllegalAddress); }
static void lost_launch(void) { fake_fail(FAKE_CUDA, 150, cudaErrorLaunchFailure); }
static void no_engine(void) { fake_cudnn_offer(0); }
static void rough_engines(void) { fake_cudnn_offer(FAKE_ENGINE_TENSOR | FAKE_ENGINE_SHORT); }
static void disordered_engines(void) { fake_cudnn_offer(FAKE_ENGINE_DISORDERED); }

static const struct {
    void (*machine)(void);
    const char *device;
    hn_status status;
    int32_t domain;
    int64_t code;
    const char *words[2];
} FAILURES[] = {
    {no_driver, "cudnn", HN_E_UNAVAILABLE, HN_DOMAIN_NONE, 0, {"cudnn:0", "no NVIDIA driver"}},
    {old_driver, "cudnn", HN_E_UNAVAILABLE, HN_DOMAIN_NONE, 0, {"too old: it is for CUDA 12.2", "best"}},
    {no_device, "cudnn", HN_E_UNAVAILABLE, HN_DOMAIN_NONE, 0, {"no NVIDIA device", "CUDA_VISIBLE_DEVICES"}},
    {old_device, "cudnn", HN_E_UNAVAILABLE, HN_DOMAIN_NONE, 0, {"no device of compute capability 8.0", "best"}},
    {old_cudnn, "cudnn", HN_E_UNAVAILABLE, HN_DOMAIN_NONE, 0, {"built for cuDNN 9, found version 8907", "install cuDNN 9"}},
    {two_devices_one_old, "cudnn:1", HN_E_UNAVAILABLE, HN_DOMAIN_CUDA, cudaErrorNoKernelImageForDevice, {"cudnn:1", "capability 7.0, needed is 8.0"}},
    {mixed_cudnn, "cudnn", HN_E_UNAVAILABLE, HN_DOMAIN_CUDNN, CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH, {"cudnn:0: open", "cudnnCreate"}},
    {nothing, "cudnn:1", HN_E_NOT_FOUND, HN_DOMAIN_NONE, 0, {"no device \"cudnn:1\"", "cudnn:0"}},
    {nothing, "cudnn+fp16", HN_E_ARGUMENT, HN_DOMAIN_NONE, 0, {"fp16", "bf16"}},
    {nothing, "cudnn+measured+deterministic", HN_E_ARGUMENT, HN_DOMAIN_NONE, 0, {"measured and deterministic", "say one of them"}},
    {little_memory, "cudnn", HN_E_MEMORY, HN_DOMAIN_CUDA, cudaErrorMemoryAllocation, {"cudnn:0: alloc of", "out of memory"}},
    {tiny_memory, "cudnn", HN_E_MEMORY, HN_DOMAIN_CUDA, cudaErrorMemoryAllocation, {"cudnn:0: alloc of", "out of memory"}},
    {no_launch, "cudnn", HN_E_BACKEND, HN_DOMAIN_CUDA, cudaErrorLaunchOutOfResources, {"cudnn:0: ", "701"}},
    {illegal_address, "cudnn", HN_E_BACKEND, HN_DOMAIN_CUDA, cudaErrorIllegalAddress, {"cudnn:0: ", "700 cudaErrorIllegalAddress"}},
    {lost_launch, "cudnn", HN_E_BACKEND, HN_DOMAIN_CUDA, cudaErrorLaunchFailure, {"cudnn:0: ", "nothing more can be done on this device"}},
    {no_engine, "cudnn", HN_E_UNSUPPORTED, HN_DOMAIN_CUDNN, 0, {"layer \"conv_block_1.0\"", "none of 0 engines"}},
    {rough_engines, "cudnn", HN_E_UNSUPPORTED, HN_DOMAIN_CUDNN, 0, {"layer \"conv_block_1.0\"", "2 round to less than asked for"}},
    {disordered_engines, "cudnn+deterministic", HN_E_UNSUPPORTED, HN_DOMAIN_CUDNN, 0, {"layer \"conv_block_1.0\"", "1 are not deterministic"}},
};

/* Status, domain, code and words; cpu goes on working in the same context, and nothing is left. */
START_TEST(failures) {
    failing_memory memory = {.fail_at = 0};
    uint8_t *bytes;
    size_t size;
    fake_reset();
    fake_cudnn_reset();
    FAILURES[_i].machine();
    hn_context *ctx = context(&memory, NULL);
    const hn_status status = train(ctx, FAILURES[_i].device, &bytes, &size, &err);
    ck_assert_msg(status == FAILURES[_i].status, "row %d: %s: %s", _i, hn_status_name(status), err.message);
    ck_assert_msg(err.domain == FAILURES[_i].domain && err.code == FAILURES[_i].code, "row %d: domain %d, code %lld: %s", _i, err.domain,
                  (long long)err.code, err.message);
    for (int k = 0; k < 2; k++)
        ck_assert_msg(strstr(err.message, FAILURES[_i].words[k]) != NULL, "row %d: \"%s\" is not in: %s", _i, FAILURES[_i].words[k], err.message);
    nothing_left();
    ck_assert_int_eq(cudaGetLastError(), cudaSuccess); /* the host's own CUDA code finds nothing of it */
    ck_ok(train(ctx, "cpu", &bytes, &size, &err));
    free(bytes);
    hn_context_free(ctx);
    ck_assert_int_eq(memory.live, 0);
}
END_TEST

typedef struct user {
    const char *device;
    uint8_t *bytes;
    size_t size;
    hn_error err;
} user;

static void *use(void *arg) {
    user *u = arg;
    u->bytes = trained_file(u->device, &u->size, &u->err);
    return NULL;
}

/* Two devices, each from a thread and a context of its own, and one device from two: the same files as one after the other. */
START_TEST(devices_at_once) {
    static const char *const devices[][2] = {{"cudnn:0", "cudnn:1"}, {"cudnn:1+bf16", "cudnn:1"}};
    fake_reset();
    fake_cudnn_reset();
    fake_machine(2);
    pthread_t running[2];
    user together[2], alone[2];
    for (int i = 0; i < 2; i++) {
        together[i] = (user){.device = devices[_i][i]};
        alone[i] = together[i];
        ck_assert_int_eq(pthread_create(&running[i], NULL, use, &together[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(running[i], NULL);
    nothing_left();
    for (int i = 0; i < 2; i++) {
        use(&alone[i]);
        ck_assert_msg(together[i].bytes && alone[i].bytes, "%s: %s", devices[_i][i], together[i].err.message);
        ck_assert(together[i].size == alone[i].size && memcmp(together[i].bytes, alone[i].bytes, alone[i].size) == 0);
        free(together[i].bytes);
        free(alone[i].bytes);
    }
    nothing_left();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cudnn through public functions");
    TCase *t = tcase_create("public");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, deterministic_gives_the_same_file);
    tcase_add_loop_test(t, failures, 0, (int)(sizeof FAILURES / sizeof FAILURES[0]));
    tcase_add_loop_test(t, devices_at_once, 0, 2);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
