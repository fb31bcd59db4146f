/* test_threads.c - what many threads may do at once, by public calls: meant for the thread sanitizer, true without it too.
 *
 * N predictors on one model, several contexts, decoding and data sets on one context, cancelling from beside and from a signal handler,
 * and the same results on one thread, on the library's pool and on the host's threads. */
#include <math.h>
#include <signal.h>

#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"

enum { SIDE = 16, THREADS = 4, ROUNDS = 12, IMAGES = 12 };

static hn_error err;

static hn_context *new_context(int32_t threads) {
    hn_context_options o = {.struct_size = sizeof o, .threads = threads, .plugin_dir = ""};
    hn_context *ctx = NULL;
    test_host_apply(&o);
    ck_ok(hn_context_create(&o, &ctx, &err));
    return ctx;
}

static hn_image *new_image(hn_context *ctx, int number) {
    uint8_t pixels[SIDE * SIDE * 4];
    const int32_t side = SIDE + number % 3 * (SIDE / 2);
    for (int p = 0; p < side * side; p++) pixels[p] = (uint8_t)((p * 37 + number * 101) % 90 + ((p % side < side / 2) == (number % 2) ? 120 : 10));
    const hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_U8, .width = side, .height = side, .channels = 1, .data = pixels};
    hn_image *image = NULL;
    hn_error why = {0};
    ck_assert_msg(hn_image_wrap(ctx, &raw, &image, &why) == HN_OK, "%s", why.message);
    return image;
}

static hn_model *new_model(hn_context *ctx) {
    const hn_model_options o = {.struct_size = sizeof o, .width = SIDE, .height = SIDE, .channels = 1, .hidden = 3, .positive = 1, .seed = 2};
    hn_model *model = NULL;
    hn_error why = {0};
    ck_assert_msg(hn_model_preset(ctx, "tinyvgg", &o, &model, &why) == HN_OK, "%s", why.message);
    return model;
}

static hn_dataset *new_data(hn_context *ctx) {
    hn_dataset *ds = NULL;
    hn_error why = {0};
    ck_assert_msg(hn_dataset_create(ctx, NULL, &ds, &why) == HN_OK, "%s", why.message);
    for (int i = 0; i < IMAGES; i++) {
        char group[16];
        hn_image *image = new_image(ctx, i);
        snprintf(group, sizeof group, "p%d", i);
        ck_assert_msg(hn_dataset_add_image(ds, image, i % 2 ? "1" : "0", group, &why) == HN_OK, "%s", why.message);
        hn_image_free(image);
    }
    return ds;
}

/* Checks inside threads would end the test from the wrong one: what runs there returns what went wrong, or NULL. */
typedef struct job {
    const char *(*work)(void *arg);
    void *arg;
    const char *problem;
    pthread_t thread;
} job;

static void *run_job(void *arg) {
    job *j = arg;
    j->problem = j->work(j->arg);
    return NULL;
}

static void start(job *jobs, const char *(*work)(void *arg), void *arg) {
    for (int t = 0; t < THREADS; t++) {
        jobs[t] = (job){.work = work, .arg = arg};
        ck_assert_int_eq(pthread_create(&jobs[t].thread, NULL, run_job, &jobs[t]), 0);
    }
}

static void finish(job *jobs) {
    for (int t = 0; t < THREADS; t++) ck_assert_int_eq(pthread_join(jobs[t].thread, NULL), 0);
    for (int t = 0; t < THREADS; t++) ck_assert_msg(!jobs[t].problem, "%s", jobs[t].problem);
}

static void in_threads(const char *(*work)(void *arg), void *arg) {
    job jobs[THREADS];
    start(jobs, work, arg);
    finish(jobs);
}

/* One model, one list of images and what one thread makes of them. */
typedef struct shared {
    hn_context *ctx;
    hn_model *model;
    hn_image *images[IMAGES];
    float expected[IMAGES][2];
    uint8_t *png;
    size_t png_size;
    const char *path;
} shared;

static const char *predict_all(const shared *s, hn_predictor *p, float (*out)[2]) {
    hn_prediction results[IMAGES];
    hn_error why = {0};
    for (int i = 0; i < IMAGES; i++)
        results[i] = (hn_prediction){.struct_size = sizeof *results, .probabilities = out[i], .capacity = 2};
    return hn_predict_batch(p, (const hn_image *const *)s->images, IMAGES, results, &why) ? "hn_predict_batch failed" : NULL;
}

static const char *predict_work(void *arg) {
    const shared *s = arg;
    const char *problem = NULL;
    for (int round = 0; round < ROUNDS && !problem; round++) {
        hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 1 + round % 5};
        float out[IMAGES][2];
        hn_predictor *p = NULL;
        if (hn_predictor_create(s->model, &o, &p, NULL)) return "hn_predictor_create failed";
        problem = predict_all(s, p, out);
        if (!problem && memcmp(out, s->expected, sizeof out)) problem = "another thread's results differ";
        hn_predictor_free(p);
    }
    return problem;
}

static void share(shared *s, int32_t threads) {
    hn_predictor *p = NULL;
    *s = (shared){.ctx = new_context(threads)};
    s->model = new_model(s->ctx);
    for (int i = 0; i < IMAGES; i++) s->images[i] = new_image(s->ctx, i);
    ck_ok(hn_predictor_create(s->model, NULL, &p, &err));
    ck_assert_ptr_null(predict_all(s, p, s->expected));
    hn_predictor_free(p);
}

static void part_with(shared *s) {
    for (int i = 0; i < IMAGES; i++) hn_image_free(s->images[i]);
    hn_model_free(s->model);
    hn_context_free(s->ctx);
}

START_TEST(many_predictors_on_one_model) {
    shared s;
    share(&s, 3);
    in_threads(predict_work, &s);
    part_with(&s);
}
END_TEST

/* The handles that made a predictor go while others still work: whoever is last frees what is shared. */
static const char *last_out(void *arg) {
    shared *s = arg;
    hn_predictor *p = NULL;
    float out[IMAGES][2];
    if (hn_predictor_create(s->model, NULL, &p, NULL)) return "hn_predictor_create failed";
    const char *problem = predict_all(s, p, out);
    hn_predictor_free(p);
    return problem;
}

START_TEST(the_last_frees_what_is_shared) {
    for (int round = 0; round < 8; round++) {
        shared s;
        job jobs[THREADS];
        share(&s, 2);
        start(jobs, last_out, &s);
        hn_context_free(s.ctx);
        s.ctx = NULL;
        finish(jobs);
        part_with(&s);
    }
}
END_TEST

/* A context of one's own: model, data, an epoch, a prediction. */
static const char *own_context_work(void *arg) {
    (void)arg;
    hn_error why = {0};
    hn_context *ctx = new_context(2);
    hn_model *model = new_model(ctx);
    hn_dataset *ds = new_data(ctx);
    hn_trainer *t = NULL;
    const hn_train_options o = {.struct_size = sizeof o, .batch = 4};
    hn_epoch_report r = {.struct_size = sizeof r};
    const char *problem = NULL;
    if (hn_trainer_create(model, ds, NULL, &o, &t, &why) || hn_train_epoch(t, &r, &why)) problem = "training failed";
    hn_context_free(ctx);
    hn_dataset_free(ds);
    hn_trainer_free(t);
    hn_model_free(model);
    return problem;
}

START_TEST(a_context_a_thread) { in_threads(own_context_work, NULL); }
END_TEST

/* Every call that says `any`, on one context. */
static const char *any_work(void *arg) {
    const shared *s = arg;
    hn_error why = {0};
    for (int round = 0; round < ROUNDS; round++) {
        hn_image *loaded = NULL, *decoded = NULL, *small = NULL;
        hn_model *model = NULL;
        hn_dataset *ds = NULL;
        hn_memory_info memory = {.struct_size = sizeof memory};
        hn_model_info info = {.struct_size = sizeof info};
        int32_t device = -1, count = 0;
        size_t need = 0;
        const char *problem = NULL;
        if (hn_image_load(s->ctx, s->path, NULL, &loaded, &why)) problem = "hn_image_load failed";
        if (hn_image_decode(s->ctx, s->png, s->png_size, NULL, &decoded, &why)) problem = "hn_image_decode failed";
        if (hn_image_resize(s->images[0], 5 + round, 40, &small, &why)) problem = "hn_image_resize failed";
        if (hn_model_load_memory(s->ctx, "nonsense", 8, &model, &why) != HN_E_FORMAT) problem = "nonsense is a model";
        if (hn_dataset_create(s->ctx, NULL, &ds, &why)) problem = "hn_dataset_create failed";
        if (hn_device_count(s->ctx, &count, &why) || hn_device_find(s->ctx, "reference", &device, &why)) problem = "no device";
        if (hn_model_get_info(s->model, &info, &why) || hn_model_summary(s->model, 1, NULL, 0, &need, &why)) problem = "the model says nothing";
        if (hn_context_memory(s->ctx, &memory, &why) || !memory.live_bytes) problem = "hn_context_memory failed";
        hn_image_free(loaded), hn_image_free(decoded), hn_image_free(small);
        hn_dataset_free(ds);
        if (problem) return problem;
    }
    return NULL;
}

START_TEST(one_context_many_threads) {
    shared s;
    char dir[512];
    const char *base = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/haemnet-thread-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    char path[600];
    snprintf(path, sizeof path, "%s/a.png", dir);
    share(&s, 3);
    ck_ok(hn_image_save_png(s.images[1], path, &err));
    FILE *f = fopen(path, "rb");
    uint8_t png[4096];
    ck_assert_ptr_nonnull(f);
    s.png = png, s.png_size = fread(png, 1, sizeof png, f), s.path = path;
    fclose(f);
    in_threads(any_work, &s);
    part_with(&s);
    ck_assert(!unlink(path) && !rmdir(dir));
}
END_TEST

/* Bytes of the model after two epochs on a context of so many threads, or on the host's. */
static uint8_t *trained(hn_context *ctx, size_t *size) {
    const hn_train_options o = {.struct_size = sizeof o, .batch = 5, .learning_rate = 0.02};
    hn_model *model = new_model(ctx), *result = NULL;
    hn_dataset *ds = new_data(ctx), *part = NULL, *test = NULL;
    hn_trainer *t = NULL;
    ck_ok(hn_dataset_split(ds, NULL, &part, &test, &err));
    ck_ok(hn_trainer_create(model, part, test, &o, &t, &err));
    ck_ok(hn_train_epoch(t, NULL, &err));
    ck_ok(hn_train_epoch(t, NULL, &err));
    ck_ok(hn_trainer_model(t, HN_LAST, &result, &err));
    ck_ok(hn_model_save_memory(result, NULL, 0, size, &err));
    uint8_t *bytes = malloc(*size);
    ck_ok(hn_model_save_memory(result, bytes, *size, size, &err));
    hn_trainer_free(t);
    hn_model_free(model), hn_model_free(result);
    hn_dataset_free(ds), hn_dataset_free(part), hn_dataset_free(test);
    hn_context_free(ctx);
    return bytes;
}

START_TEST(same_bytes_on_any_threads) {
    size_t first_size, size;
    uint8_t *first = trained(new_context(1), &first_size);
    for (int way = 0; way < 3; way++) {
        static test_host host;
        const hn_allocator table = test_host_allocator(&host);
        const hn_context_options o = {.struct_size = sizeof o, .allocator = &table, .parallel_for = test_host_parallel_for, .parallel_width = 3,
                                      .plugin_dir = ""};
        hn_context *ctx = NULL;
        if (way == 2) ck_ok(hn_context_create(&o, &ctx, &err));
        uint8_t *bytes = trained(way == 2 ? ctx : new_context(way ? 7 : 2), &size);
        ck_assert_msg(size == first_size && !memcmp(bytes, first, size), "way %d gives another model file", way);
        free(bytes);
        ck_assert_int_eq(atomic_load(&host.blocks), 0);
        ck_assert_int_eq(atomic_load(&host.wrong), 0);
    }
    free(first);
}
END_TEST

/* Cancelling: the callback says how many batches were done when the token was triggered; at most one more may follow. */
static hn_cancel *token;

typedef struct watch {
    int64_t trigger_at, batches; /* of all epochs */
    int how;                     /* 0: another thread, 1: a signal handler, 2: the callback's own answer */
    atomic_int wanted, triggered;
} watch;

static void on_signal(int number) {
    (void)number;
    hn_cancel_trigger(token);
}

static void *trigger_later(void *arg) {
    watch *w = arg;
    while (!atomic_load(&w->wanted)) usleep(200);
    hn_cancel_trigger(token);
    atomic_store(&w->triggered, 1);
    return NULL;
}

static int32_t on_batch(void *user, const hn_progress *progress) {
    watch *w = user;
    (void)progress;
    if (++w->batches != w->trigger_at) return 0;
    if (w->how == 0) {
        atomic_store(&w->wanted, 1);
        while (!atomic_load(&w->triggered)) usleep(200);
    }
    if (w->how == 1) raise(SIGUSR1);
    return w->how == 2;
}

START_TEST(cancel_within_a_batch) {
    watch w = {.trigger_at = 2, .how = _i};
    hn_context *ctx = new_context(2);
    hn_model *model = new_model(ctx);
    hn_dataset *ds = new_data(ctx);
    hn_trainer *t = NULL;
    pthread_t thread;
    ck_ok(hn_cancel_create(ctx, &token, &err));
    const hn_train_options o = {.struct_size = sizeof o, .batch = 2, .cancel = token, .progress = on_batch, .progress_user = &w};
    struct sigaction action = {.sa_handler = on_signal}, before;
    ck_assert_int_eq(sigaction(SIGUSR1, &action, &before), 0);
    ck_ok(hn_trainer_create(model, ds, NULL, &o, &t, &err));
    if (w.how == 0) ck_assert_int_eq(pthread_create(&thread, NULL, trigger_later, &w), 0);
    ck_assert_int_eq(hn_train_epoch(t, NULL, &err), HN_E_CANCELLED);
    ck_assert_int_eq(err.status, HN_E_CANCELLED);
    ck_assert_msg(w.batches <= w.trigger_at + 1, "%lld batches, cancelled at %lld", (long long)w.batches, (long long)w.trigger_at);
    ck_assert_int_eq(hn_trainer_epochs(t), 0);
    if (w.how == 0) ck_assert_int_eq(pthread_join(thread, NULL), 0);
    hn_cancel_reset(token);
    ck_assert_int_eq(hn_cancel_triggered(token), 0);
    ck_ok(hn_train_epoch(t, NULL, &err));
    ck_assert_int_eq(hn_trainer_epochs(t), 1);
    sigaction(SIGUSR1, &before, NULL);
    hn_cancel_free(token), hn_trainer_free(t), hn_dataset_free(ds), hn_model_free(model), hn_context_free(ctx);
}
END_TEST

/* The library's threads leave the host's signals to the host. */
static volatile sig_atomic_t signals_seen;
static pthread_t signal_thread;

static void count_signal(int number) {
    (void)number;
    signals_seen = signals_seen + (pthread_equal(pthread_self(), signal_thread) ? 1 : 1000);
}

START_TEST(signals_belong_to_the_host) {
    struct sigaction action = {.sa_handler = count_signal}, before;
    hn_context *ctx = new_context(4);
    signal_thread = pthread_self();
    signals_seen = 0;
    ck_assert_int_eq(sigaction(SIGUSR2, &action, &before), 0);
    for (int i = 0; i < 20; i++) ck_assert_int_eq(kill(getpid(), SIGUSR2), 0);
    for (int i = 0; i < 1000 && !signals_seen; i++) usleep(1000);
    ck_assert_msg(signals_seen > 0 && signals_seen < 1000, "signals: %d", (int)signals_seen);
    sigaction(SIGUSR2, &before, NULL);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {many_predictors_on_one_model, the_last_frees_what_is_shared, a_context_a_thread,
                                  one_context_many_threads,     same_bytes_on_any_threads,     signals_belong_to_the_host};
    Suite *suite = suite_create("threads");
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 300);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, cancel_within_a_batch, 0, 3);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
