/* test_whole_way.c - a host's way through the whole library by public calls alone: phantom → data set → split → training → model file → prediction
 * → evaluation; and the promises that only show there: nothing is left when all handles are freed, whatever the order; the same bits for any
 * threads and from file or memory; a cancelled epoch leaves no trace. Links the shared library only. */
#include <math.h>
#include <pthread.h>

#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"

enum { PATIENTS = 20, SLICES = 2, EPOCHS = 2, CLASSES = 2 };

static hn_error err;
static const char *const classes[] = {"haemorrhage", "no_haemorrhage"};

static hn_context *new_context(int32_t threads, const hn_allocator *allocator) {
    hn_context *ctx = NULL;
    hn_context_options o = {.struct_size = sizeof o, .threads = threads, .allocator = allocator, .plugin_dir = ""};
    test_host_apply(&o);
    ck_ok(hn_context_create(&o, &ctx, &err));
    return ctx;
}

static void new_data(hn_context *ctx, hn_dataset **train, hn_dataset **test) {
    const hn_phantom_options people = {.struct_size = sizeof people, .patients = PATIENTS, .size = 64, .slices_per_patient = SLICES, .seed = 7};
    const hn_split_options split = {.struct_size = sizeof split, .train_ratio = 0.7, .seed = 1};
    hn_phantom *phantom;
    hn_dataset *data;
    ck_ok(hn_phantom_create(ctx, &people, &phantom, &err));
    ck_ok(hn_dataset_create(ctx, NULL, &data, &err));
    for (int64_t i = 0; i < hn_phantom_count(phantom); i++) {
        hn_phantom_slice_info info = {.struct_size = sizeof info};
        char patient[16];
        hn_image *slice;
        ck_ok(hn_phantom_render(phantom, i, &info, &slice, NULL, &err));
        snprintf(patient, sizeof patient, "p%02d", (int)info.patient);
        ck_ok(hn_dataset_add_image(data, slice, classes[!info.types], patient, &err));
        hn_image_free(slice);
    }
    ck_ok(hn_dataset_split(data, &split, train, test, &err));
    hn_dataset_free(data);
    hn_phantom_free(phantom);
}

static hn_model *new_model(hn_context *ctx) {
    const hn_model_options o = {.struct_size = sizeof o, .width = 32, .height = 32, .channels = 1, .hidden = 4, .n_classes = CLASSES, .positive = 1,
                                .class_names = classes, .seed = 1};
    hn_model *model = NULL;
    ck_ok(hn_model_preset(ctx, "tinyvgg", &o, &model, &err));
    return model;
}

/* Trains; the weights that came last, as a model file's bytes for free(). */
static unsigned char *train(hn_trainer *trainer, size_t *size) {
    hn_model *model;
    for (int i = (int)hn_trainer_epochs(trainer); i < EPOCHS; i++) {
        hn_epoch_report r = {.struct_size = sizeof r}, again = r;
        ck_ok(hn_train_epoch(trainer, &r, &err));
        ck_assert_int_eq(r.epoch, i + 1);
        ck_assert(isfinite(r.train_loss) && isfinite(r.test_loss) && r.train_accuracy >= 0 && r.train_accuracy <= 1);
        ck_assert_int_eq(r.train_images + r.test_images, PATIENTS * SLICES);
        ck_assert_uint_eq(r.flags & HN_EPOCH_GROUPS_UNKNOWN, 0);
        ck_ok(hn_trainer_history(trainer, i + 1, &again, &err));
        ck_assert_msg(!memcmp(&r, &again, sizeof r), "the history differs from the report");
    }
    ck_ok(hn_trainer_model(trainer, HN_LAST, &model, &err));
    ck_ok(hn_model_save_memory(model, NULL, 0, size, &err));
    unsigned char *bytes = malloc(*size);
    ck_ok(hn_model_save_memory(model, bytes, *size, size, &err));
    hn_model_free(model);
    return bytes;
}

static hn_prediction predict(hn_predictor *p, const hn_image *image, float logits[CLASSES]) {
    hn_prediction v = {.struct_size = sizeof v, .logits = logits, .capacity = CLASSES};
    ck_ok(hn_predict(p, image, &v, &err));
    return v;
}

/* Every sample of the evaluation is what the row's own image predicts, and the figures are what counting gives. */
static void check_evaluation(hn_predictor *p, hn_dataset *test) {
    hn_eval *eval;
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_metrics m = {.struct_size = sizeof m};
    int64_t confusion[CLASSES * CLASSES], right = 0;
    size_t need = 0;
    ck_ok(hn_dataset_get_info(test, &info, &err));
    ck_ok(hn_evaluate(p, test, NULL, &eval, &err));
    ck_ok(hn_eval_metrics(eval, 0, &m, &err));
    ck_assert_int_eq(hn_eval_count(eval), info.n_rows);
    ck_assert(m.n == info.n_rows && m.skipped == 0 && m.groups_unknown == 0 && m.positive == 0);
    for (int64_t i = 0; i < m.n; i++) {
        hn_eval_sample s = {.struct_size = sizeof s};
        hn_row row = {.struct_size = sizeof row};
        ck_ok(hn_eval_row(eval, i, &s, &err));
        ck_ok(hn_dataset_get_row(test, i, &row, &err));
        ck_assert_int_eq(s.label, row.label);
        ck_assert_str_eq(s.group, row.group);
        right += s.predicted == s.label;
    }
    ck_assert_double_eq_tol(m.accuracy, (double)right / (double)m.n, 1e-15);
    ck_assert_int_eq(m.tp + m.fp + m.tn + m.fn, m.n);
    ck_ok(hn_eval_confusion(eval, 0, NULL, 0, &need, &err));
    ck_assert_uint_eq(need, CLASSES * CLASSES);
    ck_assert_int_eq(hn_eval_confusion(eval, 0, confusion, need - 1, &need, &err), HN_E_BUFFER);
    ck_ok(hn_eval_confusion(eval, 0, confusion, need, NULL, &err));
    ck_assert_int_eq(confusion[0] + confusion[3], right);
    hn_eval_free(eval);
}

/* The way, with a host's allocator that counts: saved, loaded from file and from memory, the same bytes and the same verdicts. */
START_TEST(from_phantom_to_figures) {
    test_host host = {.limit = 0};
    const hn_allocator allocator = test_host_allocator(&host);
    hn_context *ctx = new_context(2, &allocator);
    hn_dataset *train_part, *test_part;
    hn_trainer *trainer;
    hn_model *start = new_model(ctx), *from_memory, *from_file;
    hn_predictor *a, *b;
    hn_image *image;
    float first[CLASSES], second[CLASSES];
    char path[4096];
    size_t size, again;
    snprintf(path, sizeof path, "%s/whole_way_%d.safetensors", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
    new_data(ctx, &train_part, &test_part);
    ck_ok(hn_trainer_create(start, train_part, test_part, NULL, &trainer, &err));
    hn_context_free(ctx); /* everything keeps what it needs */
    hn_model_free(start);
    hn_dataset_free(train_part);
    unsigned char *bytes = train(trainer, &size);

    ctx = new_context(1, &allocator);
    ck_ok(hn_model_load_memory(ctx, bytes, size, &from_memory, &err));
    ck_ok(hn_model_save(from_memory, path, &err));
    ck_ok(hn_model_load(ctx, path, &from_file, &err));
    ck_ok(hn_model_save_memory(from_file, NULL, 0, &again, &err));
    ck_assert_uint_eq(again, size);
    ck_ok(hn_predictor_create(from_memory, NULL, &a, &err));
    ck_ok(hn_predictor_create(from_file, NULL, &b, &err));
    const int16_t hu[4] = {-1000, 20, 60, 3000};
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_I16, .width = 2, .height = 2, .channels = 1, .data = hu};
    ck_ok(hn_image_wrap(ctx, &pixels, &image, &err));
    ck_assert_int_eq(predict(a, image, first).class_index, predict(b, image, second).class_index);
    ck_assert_msg(!memcmp(first, second, sizeof first), "file and memory predict differently");
    check_evaluation(a, test_part);

    hn_context_free(ctx);
    hn_model_free(from_file), hn_model_free(from_memory), hn_trainer_free(trainer), hn_image_free(image);
    hn_predictor_free(b), hn_dataset_free(test_part), hn_predictor_free(a);
    ck_assert_int_eq(remove(path), 0);
    free(bytes);
    ck_assert_int_eq(atomic_load(&host.blocks), 0);
    ck_assert_int_eq(atomic_load(&host.wrong), 0);
}
END_TEST

static hn_trainer *new_trainer(int32_t threads, hn_cancel **cancel, hn_progress_fn progress, void *user) {
    hn_context *ctx = new_context(threads, NULL);
    hn_train_options o = {.struct_size = sizeof o, .batch = 8, .progress = progress, .progress_user = user};
    hn_dataset *train_part, *test_part;
    hn_model *model = new_model(ctx);
    hn_trainer *trainer;
    new_data(ctx, &train_part, &test_part);
    if (cancel) ck_ok(hn_cancel_create(ctx, cancel, &err));
    o.cancel = cancel ? *cancel : NULL;
    ck_ok(hn_trainer_create(model, train_part, test_part, &o, &trainer, &err));
    hn_model_free(model), hn_dataset_free(train_part), hn_dataset_free(test_part), hn_context_free(ctx);
    return trainer;
}

START_TEST(same_bits_for_any_threads) {
    static const int32_t threads[] = {1, 2, 7};
    unsigned char *first = NULL;
    size_t size = 0, again;
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        hn_trainer *trainer = new_trainer(threads[i], NULL, NULL, NULL);
        unsigned char *bytes = train(trainer, &again);
        ck_assert_msg(!first || (again == size && !memcmp(first, bytes, size)), "%d threads train another model", threads[i]);
        if (first) free(bytes);
        else first = bytes, size = again;
        hn_trainer_free(trainer);
    }
    free(first);
}
END_TEST

/* What progress is told, and when it asks to stop: phase and batch, 0 = never. */
typedef struct watch {
    hn_cancel *cancel;
    int32_t phase, calls;
    int64_t batch;
    hn_progress last;
} watch;

static int32_t told(void *user, const hn_progress *p) {
    watch *state = user;
    state->calls++;
    state->last = *p;
    if (p->phase != state->phase || p->batch != state->batch) return 0;
    if (!state->cancel) return 1; /* one way to stop */
    hn_cancel_trigger(state->cancel); /* and the other */
    return 0;
}

/* An epoch that was cancelled, in either phase and in either way, leaves no trace: the model is that of an undisturbed training. */
START_TEST(cancelled_epochs_leave_no_trace) {
    static const int32_t phases[] = {HN_PHASE_TRAIN, HN_PHASE_TEST};
    size_t size, again;
    hn_trainer *quiet = new_trainer(2, NULL, NULL, NULL);
    unsigned char *wanted = train(quiet, &size);
    hn_trainer_free(quiet);
    for (int way = 0; way < 4; way++) {
        watch state = {.phase = phases[way / 2], .batch = 1};
        hn_trainer *trainer = new_trainer(2, way % 2 ? &state.cancel : NULL, told, &state);
        hn_epoch_report r = {.struct_size = sizeof r, .epoch = 77};
        ck_assert_int_eq(hn_train_epoch(trainer, &r, &err), HN_E_CANCELLED);
        ck_assert_int_eq(r.epoch, 77);
        ck_assert_int_eq(hn_trainer_epochs(trainer), 0);
        ck_assert_int_eq(state.last.phase, state.phase);
        state.batch = 0;
        hn_cancel_reset(state.cancel);
        unsigned char *bytes = train(trainer, &again);
        ck_assert_msg(again == size && !memcmp(bytes, wanted, size), "cancelled in way %d: another model", way);
        ck_assert(state.last.epoch == EPOCHS && state.last.batch == state.last.batches && state.last.struct_size == sizeof(hn_progress));
        free(bytes);
        hn_trainer_free(trainer);
        hn_cancel_free(state.cancel);
    }
    free(wanted);
}
END_TEST

typedef struct job {
    const hn_model *model;
    const hn_image *image;
    float logits[CLASSES];
    hn_status status;
} job;

static void *in_a_thread(void *argument) {
    job *j = argument;
    hn_predictor *p = NULL;
    hn_prediction v = {.struct_size = sizeof v, .logits = j->logits, .capacity = CLASSES};
    j->status = hn_predictor_create(j->model, NULL, &p, NULL);
    for (int i = 0; i < 5 && !j->status; i++) j->status = hn_predict(p, j->image, &v, NULL);
    hn_predictor_free(p);
    return NULL;
}

START_TEST(many_predictors_on_one_model) {
    enum { THREADS = 4 };
    hn_context *ctx = new_context(2, NULL);
    hn_model *model = new_model(ctx);
    const uint8_t grey[9] = {0, 30, 60, 90, 120, 150, 180, 210, 240};
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = 3, .height = 3, .channels = 1, .data = grey};
    hn_image *image;
    job jobs[THREADS];
    pthread_t threads[THREADS];
    ck_ok(hn_image_wrap(ctx, &pixels, &image, &err));
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (job){.model = model, .image = image};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, in_a_thread, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(jobs[i].status, HN_OK);
        ck_assert_msg(!memcmp(jobs[i].logits, jobs[0].logits, sizeof jobs[0].logits), "thread %d differs", i);
    }
    hn_image_free(image), hn_model_free(model), hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("api whole way");
    TCase *cases = tcase_create("whole way");
    tcase_set_timeout(cases, 300);
    tcase_add_test(cases, from_phantom_to_figures);
    tcase_add_test(cases, same_bits_for_any_threads);
    tcase_add_test(cases, cancelled_epochs_leave_no_trace);
    tcase_add_test(cases, many_predictors_on_one_model);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
