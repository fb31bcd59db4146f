/* test_whole.c - the cudnn backend's real host code on the faked machine, from the case list to a trained network: conformance with the
 * reference, gradients against differences, training beside the cpu backend, recorded steps, and the n-th failing call of each library. */
#include "../../cuda/table.h"
#include "../backend/cpu_train.h"
#include "../graph/differences.h"
#include "backend/cases.h"
#include "fake/fake.h"
#include "op/op.h"

const hn_backend *hn_backend_entry(uint32_t host_version);

static const hn_backend *cudnn(void) {
    fake_reset();
    return hn_backend_entry(HN_BACKEND_ABI_VERSION);
}

static void nothing_left(void) {
    for (int kind = 0; kind < FAKE_KINDS; kind++)
        ck_assert_msg(fake_live(kind) == 0, "kind %d: %ld objects are left", kind, fake_live(kind));
    ck_assert_msg(fake_mistakes() == 0, "%ld mistakes, the last: %s", fake_mistakes(), fake_mistake());
}

START_TEST(every_case_agrees_with_the_reference) {
    const hn_context_options options = {.struct_size = sizeof options, .plugin_dir = ""};
    hn_context *ctx;
    hni_device *device, *oracle;
    ck_ok(hn_context_create(&options, &ctx, &err));
    ck_ok(hn_backend_register(ctx, cudnn(), &err));
    ck_ok(hni_device_open_spec(ctx, "cudnn", &device, &err));
    ck_ok(hni_device_open_spec(ctx, "reference", &oracle, &err));
    double worst = 0.0;
    for (int32_t k = 0; k < hni_case_count(); k++) {
        hni_case c;
        char text[200];
        double error = NAN;
        ck_ok(hni_case_get(k, &c, &err));
        hni_op_text(&c.desc, text, sizeof text);
        const hn_status status = hni_case_compare(device, oracle, &c, test_seed(), &error, &err);
        ck_assert_msg(status == HN_OK, "%s (%s): %s", c.name, text, err.message);
        ck_assert_msg(error <= 1.0, "%s (%s): %g times the tolerance", c.name, text, error);
        worst = fmax(worst, error);
    }
    printf("cudnn on fakes: all %d cases agree, worst %.3g of the tolerance\n", hni_case_count(), worst);
    hni_device_close(device);
    hni_device_close(oracle);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

START_TEST(gradients_agree_with_differences) {
    hn_context *ctx = new_context();
    rig r = new_rig_on(cudnn(), ctx, _i == 0 ? residual(ctx, HN_ACT_SIGMOID, 0.3, false, 3) : modern(ctx, HN_ACT_SILU, HN_ACT_TANH, 3), 5);
    check_gradients(&r, HN_TASK_SINGLE, 2e-2, 5e-3, 1);
    free_rig(&r);
    nothing_left();
}
END_TEST

/* Steps on one batch; the weights into flat. */
static void train_steps(const hn_backend *table, hni_graph *(*make)(hn_context *ctx), int32_t optimizer, int steps, float **flat, size_t *n) {
    hn_context *ctx = new_context();
    rig r = new_rig_on(table, ctx, make(ctx), 4);
    runner train = new_runner(&r, HNI_MODE_TRAIN, HN_TASK_SINGLE, optimizer);
    for (int i = 0; i < steps; i++)
        run_loss(&r, &train);
    *n = (size_t)r.graph->total;
    *flat = malloc(*n * sizeof **flat);
    ck_ok(hni_weights_get(&r.weights, *flat, &err));
    free_runner(&r, &train);
    free_rig(&r);
}

static hni_graph *small_vgg(hn_context *ctx) { return tinyvgg(ctx, 3, 16, 5, 2); }
static hni_graph *small_residual(hn_context *ctx) { return residual(ctx, HN_ACT_RELU, 0.5, true, 3); }
static hni_graph *small_modern(hn_context *ctx) { return modern(ctx, HN_ACT_SILU, HN_ACT_HARD_SWISH, 3); }

START_TEST(training_agrees_with_cpu) {
    hni_graph *(*const nets[])(hn_context *) = {small_vgg, small_residual, small_modern};
    /* Not Adam for the second: a bias before a batch norm has no gradient but rounding, and Adam makes steps of full size of it. */
    static const int32_t optimizers[] = {HN_OPTIMIZER_ADAM, HN_OPTIMIZER_SGD, HN_OPTIMIZER_SGD};
    for (size_t k = 0; k < 3; k++) {
        float *ours, *theirs;
        size_t n;
        double worst = 0.0;
        train_steps(cudnn(), nets[k], optimizers[k], 20, &ours, &n);
        nothing_left();
        train_steps(hni_cpu_backend(), nets[k], optimizers[k], 20, &theirs, &n);
        for (size_t i = 0; i < n; i++)
            worst = fmax(worst, fabs((double)ours[i] - (double)theirs[i]));
        printf("network %zu: weights after 20 steps differ by at most %.2g\n", k, worst);
        ck_assert(worst < 1e-4);
        free(ours);
        free(theirs);
    }
}
END_TEST

/* Logits of a batch, in bfloat16. */
static void logits_of(rig *r, runner *n, float out[6]) {
    const hni_step step = step_of(r);
    ck_ok(hni_executor_run(n->ex, &step, &err));
    ck_ok(hni_executor_logits(n->ex, out, &err));
}

/* Four predictions, new weights, four more: as executors that have just been made predict. */
START_TEST(a_network_notices_new_weights) {
    hn_context *ctx = new_context();
    rig r = new_rig_on(cudnn(), ctx, tinyvgg(ctx, 3, 16, 5, 2), 3);
    ((hni_cuda_device *)r.device->handle)->precision = HNI_CUDA_BF16;
    float *w = malloc((size_t)r.graph->total * sizeof *w);
    ck_ok(hni_weights_get(&r.weights, w, &err));
    runner old = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
    float first[6] = {0.0f};
    for (int round = 0; round < 2; round++) {
        float want[6], got[6];
        for (int64_t k = 0; round == 1 && k < r.graph->total; k++)
            w[k] *= -1.25f;
        ck_ok(hni_weights_set(&r.weights, w, &err));
        runner fresh = new_runner(&r, HNI_MODE_PREDICT, HN_TASK_SINGLE, 0);
        logits_of(&r, &fresh, want);
        for (int i = 0; i < 4; i++) {
            logits_of(&r, &old, got);
            ck_assert_int_eq(memcmp(got, want, sizeof got), 0);
        }
        ck_assert(memcmp(first, want, sizeof want) != 0);
        memcpy(first, want, sizeof want);
        free_runner(&r, &fresh);
    }
    free(w);
    free_runner(&r, &old);
    free_rig(&r);
    nothing_left();
}
END_TEST

/* Probabilities that the model trained on a device for one epoch gives the slices, through the public functions alone. */
static void public_way(const char *device, double *out, int n) {
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"};
    const hn_context_options o = {.struct_size = sizeof o, .threads = 2, .plugin_dir = ""};
    const hn_model_options m = {.struct_size = sizeof m, .width = 32, .height = 32, .class_names = names, .seed = 3};
    const hn_train_options how = {.struct_size = sizeof how, .batch = 5, .seed = 9, .device = device};
    const hn_predictor_options p = {.struct_size = sizeof p, .max_batch = 4, .device = device};
    hn_epoch_report report = {.struct_size = sizeof report};
    hn_context *ctx;
    hn_model *model, *trained;
    hn_trainer *trainer;
    hn_predictor *predictor;
    hn_eval *eval;
    ck_ok(hn_context_create(&o, &ctx, &err));
    ck_ok(hn_backend_register(ctx, cudnn(), &err));
    hn_dataset *data = cpu_phantoms(ctx, &err);
    ck_assert_ptr_nonnull(data);
    ck_ok(hn_model_preset(ctx, "tinyvgg", &m, &model, &err));
    ck_ok(hn_trainer_create(model, data, NULL, &how, &trainer, &err));
    ck_ok(hn_train_epoch(trainer, &report, &err));
    ck_ok(hn_trainer_model(trainer, HN_LAST, &trained, &err));
    ck_ok(hn_predictor_create(trained, &p, &predictor, &err));
    ck_ok(hn_evaluate(predictor, data, NULL, &eval, &err));
    for (int i = 0; i < n; i++) {
        hn_eval_sample row = {.struct_size = sizeof row};
        ck_ok(hn_eval_row(eval, i, &row, &err));
        out[i] = row.probabilities[0];
    }
    hn_eval_free(eval);
    hn_predictor_free(predictor);
    hn_trainer_free(trainer);
    hn_model_free(trained);
    hn_model_free(model);
    hn_dataset_free(data);
    hn_context_free(ctx);
}

START_TEST(the_public_way_agrees_with_cpu) {
    double ours[12], theirs[12];
    public_way("cudnn", ours, 12);
    nothing_left();
    public_way("cpu", theirs, 12);
    for (int i = 0; i < 12; i++)
        ck_assert_msg(fabs(ours[i] - theirs[i]) < 1e-4, "slice %d: %g and %g", i, ours[i], theirs[i]);
}
END_TEST

/* After the first epoch nothing is taken any more, and the host waits for the device five times an epoch, however many steps there are: for
 * the statistics, and for weights and the optimiser's two vectors. */
START_TEST(epochs_take_no_memory_and_do_not_wait) {
    static const char *const names[] = {"haemorrhage", "no_haemorrhage"}, *const takes[] = {"cudaMalloc", "cudaHostAlloc"};
    const hn_context_options o = {.struct_size = sizeof o, .threads = 1, .plugin_dir = ""};
    const hn_model_options m = {.struct_size = sizeof m, .width = 32, .height = 32, .class_names = names, .seed = 3};
    const hn_train_options how = {.struct_size = sizeof how, .batch = 1, .seed = 9, .device = "cudnn"};
    hn_context *ctx;
    hn_model *model;
    hn_trainer *trainer;
    long before[2], waits;
    ck_ok(hn_context_create(&o, &ctx, &err));
    ck_ok(hn_backend_register(ctx, cudnn(), &err));
    hn_dataset *data = cpu_phantoms(ctx, &err);
    ck_assert_ptr_nonnull(data);
    ck_ok(hn_model_preset(ctx, "tinyvgg", &m, &model, &err));
    ck_ok(hn_trainer_create(model, data, data, &how, &trainer, &err));
    ck_ok(hn_train_epoch(trainer, NULL, &err));
    for (int i = 0; i < 2; i++)
        before[i] = fake_calls_of(takes[i]);
    waits = fake_calls_of("cudaStreamSynchronize");
    ck_ok(hn_train_epoch(trainer, NULL, &err));
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(fake_calls_of(takes[i]), before[i]);
    ck_assert_int_eq(fake_calls_of("cudaStreamSynchronize") - waits, 5);
    hn_trainer_free(trainer);
    hn_model_free(model);
    hn_dataset_free(data);
    hn_context_free(ctx);
    nothing_left();
}
END_TEST

/* One step from nothing, and all given back; the status of the first failure. */
static hn_status one_step(void) {
    hn_context *ctx = new_context();
    const hn_backend *table = hn_backend_entry(HN_BACKEND_ABI_VERSION);
    hni_graph *graph = small_vgg(ctx);
    hni_device *device = NULL;
    hni_weights weights = {.device = NULL};
    hni_executor *ex = NULL;
    hn_buffer arena = {.memory = NULL};
    uint8_t pixels[2 * 3 * 16 * 16] = {7};
    int32_t classes[2] = {0, 1};
    double hyper[HN_HYPER_COLUMNS] = {0.001, 0.9, 0.999, 1e-8, 0.0, 0.1, 0.001, 1.0};
    float logits[4];
    const hni_executor_options o = {.mode = HNI_MODE_TRAIN, .batch = 2, .task = HN_TASK_SINGLE, .positive = -1, .threshold = 0.5,
                                    .optimizer = HN_OPTIMIZER_ADAM};
    hn_status status = hni_registry_create(ctx, &table, 1, &err);
    if (status == HN_OK)
        status = hni_device_open(ctx, 0, &device, &err);
    if (status == HN_OK)
        status = hni_weights_create(device, graph, true, &weights, &err);
    if (status == HN_OK)
        status = hni_executor_create(device, graph, &weights, &o, &ex, &err);
    if (status == HN_OK)
        status = hni_device_alloc(device, hni_executor_arena_bytes(ex), &arena, &err);
    if (status == HN_OK)
        status = hni_executor_bind(ex, arena, &err);
    for (int i = 0; i < 2 && status == HN_OK; i++)
        status = hni_executor_run(ex, &(hni_step){.pixels = pixels, .classes = classes, .hyper = hyper}, &err);
    if (status == HN_OK)
        status = hni_executor_logits(ex, logits, &err);
    hni_executor_free(ex);
    if (device && arena.memory)
        hni_device_free(device, &arena);
    hni_weights_free(&weights);
    hni_device_close(device);
    hni_graph_unref(graph);
    hni_context_unref(ctx);
    return status;
}

/* The n-th call of one of the three libraries fails; a code that does not stay. Every place is met once, none leaks, and the last is met. */
START_TEST(every_call_may_fail) {
    static const int codes[FAKE_KINDS] = {2 /* cudaErrorMemoryAllocation */, 5000 /* CUDNN_STATUS_EXECUTION_FAILED */,
                                          13 /* CUBLAS_STATUS_EXECUTION_FAILED */};
    long n = 1, failures = 0;
    for (;; n++) {
        fake_reset();
        fake_fail(_i, n, codes[_i]);
        memset(&err, 0, sizeof err);
        const hn_status status = one_step();
        const long calls = fake_calls(_i);
        nothing_left();
        if (status != HN_OK) {
            failures++;
            ck_assert_msg(err.message[0] != '\0', "call %ld failed without a message", n);
        }
        if (calls < n)
            break;
    }
    printf("kind %d: %ld calls, %ld of them stop a step\n", _i, n - 1, failures);
    ck_assert_int_ge(n, _i == FAKE_CUBLASLT ? 10 : 100);
    ck_assert_int_gt(failures, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cudnn backend, whole");
    TCase *t = tcase_create("whole");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_case_agrees_with_the_reference);
    tcase_add_loop_test(t, gradients_agree_with_differences, 0, 2);
    tcase_add_test(t, training_agrees_with_cpu);
    tcase_add_test(t, a_network_notices_new_weights);
    tcase_add_test(t, the_public_way_agrees_with_cpu);
    tcase_add_test(t, epochs_take_no_memory_and_do_not_wait);
    tcase_add_loop_test(t, every_call_may_fail, 0, FAKE_KINDS);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
