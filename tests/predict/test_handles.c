/* test_handles.c - who keeps whom alive, whose memory it is, whose threads work: every order of frees, the host's allocator and
 * parallel_for, several predictors on one model at once, allocations while predicting. */
#include <pthread.h>
#include <stdatomic.h>

#include "scene.h"

/* The host's memory, counted. */
typedef struct heap {
    atomic_long blocks, bytes;
} heap;

static void *count_alloc(void *user, size_t size, size_t alignment) {
    heap *h = user;
    void *ptr = NULL;
    if (posix_memalign(&ptr, alignment < sizeof(void *) ? sizeof(void *) : alignment, size)) return NULL;
    atomic_fetch_add(&h->blocks, 1);
    atomic_fetch_add(&h->bytes, (long)size);
    return ptr;
}

static void count_free(void *user, void *ptr, size_t size, size_t alignment) {
    heap *h = user;
    (void)alignment;
    atomic_fetch_sub(&h->blocks, 1);
    atomic_fetch_sub(&h->bytes, (long)size);
    free(ptr);
}

enum { CONTEXT, MODEL, PREDICTOR, IMAGE, DATASET, EVAL, HANDLES };
static void *handle[HANDLES];

static void free_handle(int which) {
    switch (which) {
    case CONTEXT: hn_context_free(handle[CONTEXT]); break;
    case MODEL: hn_model_free(handle[MODEL]); break;
    case PREDICTOR: hn_predictor_free(handle[PREDICTOR]); break;
    case IMAGE: hn_image_free(handle[IMAGE]); break;
    case DATASET: hn_dataset_free(handle[DATASET]); break;
    default: hn_eval_free(handle[EVAL]); break;
    }
    handle[which] = NULL;
}

static void make_handles(const hn_allocator *allocator) {
    hn_context_options o = {.struct_size = sizeof o, .allocator = allocator, .threads = 2};
    hn_dataset *data = NULL;
    hn_eval *eval = NULL;
    hn_model_options m = {.hidden = 1};
    handle[CONTEXT] = new_context(&o);
    handle[MODEL] = new_model(handle[CONTEXT], &m);
    handle[PREDICTOR] = new_predictor(handle[MODEL], 3, 0);
    handle[IMAGE] = new_image(handle[CONTEXT], 3);
    ck_ok(hn_dataset_create(handle[CONTEXT], NULL, &data, &err));
    handle[DATASET] = data;
    for (int i = 0; i < 4; i++) ck_ok(hn_dataset_add_image(data, handle[IMAGE], i % 2 ? "1" : "0", NULL, &err));
    ck_ok(hn_evaluate(handle[PREDICTOR], data, NULL, &eval, &err));
    handle[EVAL] = eval;
}

/* Uses what is left after each free. */
static void use_handles(void) {
    hn_metrics m = {.struct_size = sizeof m};
    if (handle[PREDICTOR] && handle[IMAGE]) predict(handle[PREDICTOR], handle[IMAGE]);
    if (handle[EVAL]) ck_ok(hn_eval_metrics(handle[EVAL], 0, &m, &err));
}

START_TEST(every_order_of_frees) {
    heap h = {0};
    hn_allocator allocator = {.struct_size = sizeof allocator, .user = &h, .alloc = count_alloc, .free = count_free};
    for (int code = 0; code < 720; code++) { /* 6! orders */
        int left[HANDLES] = {CONTEXT, MODEL, PREDICTOR, IMAGE, DATASET, EVAL};
        make_handles(&allocator);
        for (int n = HANDLES, rest = code; n > 0; rest /= n, n--) {
            int pick = rest % n;
            free_handle(left[pick]);
            left[pick] = left[n - 1];
            use_handles();
        }
        ck_assert_msg(atomic_load(&h.blocks) == 0 && atomic_load(&h.bytes) == 0, "order %d left %ld blocks of %ld bytes", code,
                      atomic_load(&h.blocks), atomic_load(&h.bytes));
    }
}
END_TEST

/* Pixels of noise; kind as in new_image: u8 grey, u8 RGB, u16, i16 HU, f32 levels, f32 HU. */
static hn_image *sized_image(int32_t type, int32_t width, int32_t height, int32_t channels, uint32_t flags) {
    void *data = calloc((size_t)width * (size_t)height * (size_t)channels, 4); /* 0 in any type */
    ck_assert_ptr_nonnull(data);
    hn_image *image = wrap(ctx, (hn_pixels){.type = type, .width = width, .height = height, .channels = channels, .flags = flags}, data);
    free(data);
    return image;
}

static uint64_t allocations_now(void) {
    hn_memory_info now = {.struct_size = sizeof now};
    ck_ok(hn_context_memory(ctx, &now, &err));
    return now.allocations;
}

/* Scratch of conversion and resizing stays with the predictor: only an image that needs more than any before makes it grow. */
static void check_scratch(const hn_model *model, int32_t max_batch) {
    hn_predictor *p = new_predictor(model, max_batch, 0);
    hn_image *some[] = {sized_image(HN_PIXEL_F32, 211, 203, 3, HN_PIXELS_HU), sized_image(HN_PIXEL_U8, 211, 203, 3, 0),
                        sized_image(HN_PIXEL_I16, 200, 200, 1, 0),            sized_image(HN_PIXEL_U8, 1, 199, 1, 0),
                        sized_image(HN_PIXEL_U16, 33, 7, 3, 0),               sized_image(HN_PIXEL_F32, 17, 16, 1, 0),
                        sized_image(HN_PIXEL_U8, SIDE, SIDE, 3, 0)};
    enum { SOME = sizeof some / sizeof *some };
    hn_prediction out[SOME];
    predict(p, some[0]); /* the one that needs most */
    const uint64_t before = allocations_now();
    for (int i = 0; i < 100; i++) predict(p, some[i % SOME]);
    ck_assert_uint_eq(allocations_now() - before, 0);
    hn_image *larger = sized_image(HN_PIXEL_U16, 300, 301, 3, 0);
    predict(p, larger);
    ck_assert_uint_gt(allocations_now() - before, 0);
    const uint64_t grown = allocations_now();
    for (int i = 0; i < 10; i++) predict(p, larger), predict(p, some[i % SOME]);
    ck_assert_uint_eq(allocations_now() - grown, 0);
    for (int i = 0; i < SOME; i++) out[i] = (hn_prediction){.struct_size = sizeof *out};
    for (int round = 0; round < 3; round++) ck_ok(hn_predict_batch(p, (const hn_image *const *)some, SOME, out, &err));
    hn_predictor_free(p);
    hn_image_free(larger);
    for (int i = 0; i < SOME; i++) hn_image_free(some[i]);
}

START_TEST(allocations) {
    hn_window windows[2] = {{40, 80}, {80, 200}};
    const hn_model_options options[] = {{.hidden = 1, .channels = 1}, {.hidden = 16, .channels = 3}};
    for (int i = 0; i < 2; i++) {
        hn_model *model = new_model(ctx, &options[i]);
        check_scratch(model, 1);
        check_scratch(model, 8);
        hn_model_free(model);
    }
    hn_model *model = new_model(ctx, &(hn_model_options){.hidden = 1, .channels = 2, .windows = windows, .n_windows = 2});
    hn_predictor *p = new_predictor(model, 4, 0);
    hn_image *ct = sized_image(HN_PIXEL_I16, 100, 90, 1, 0);
    predict(p, ct);
    const uint64_t before = allocations_now();
    for (int i = 0; i < 100; i++) predict(p, ct);
    ck_assert_uint_eq(allocations_now() - before, 0);
    hn_image_free(ct);
    hn_predictor_free(p);
    hn_model_free(model);
}
END_TEST

/* Batches take scratch for each thread at most, whatever the host's own threads are. */
START_TEST(batch_scratch_is_bounded) {
    hn_model *model = new_model(ctx, &(hn_model_options){.hidden = 1});
    hn_predictor *p = new_predictor(model, 64, 0);
    hn_image *ct = sized_image(HN_PIXEL_I16, 512, 512, 1, 0);
    const hn_image *many[64];
    hn_prediction out[64];
    hn_memory_info before = {.struct_size = sizeof before}, after = before;
    for (int i = 0; i < 64; i++) many[i] = ct, out[i] = (hn_prediction){.struct_size = sizeof *out};
    ck_ok(hn_context_memory(ctx, &before, &err));
    for (int round = 0; round < 4; round++) ck_ok(hn_predict_batch(p, many, 64, out, &err));
    ck_ok(hn_context_memory(ctx, &after, &err));
    const double image = 512 * 512 + 16 * 512 + 2 * 8192;
    ck_assert_msg((double)(after.live_bytes - before.live_bytes) < 3 * image + 65536, "%.0f bytes are kept",
                  (double)(after.live_bytes - before.live_bytes));
    hn_image_free(ct);
    hn_predictor_free(p);
    hn_model_free(model);
}
END_TEST

enum { IMAGES = 11, THREADS = 4 };
static hn_image *images[IMAGES];
static verdict want[IMAGES];

static void make_want(const hn_model *model) {
    hn_predictor *p = new_predictor(model, 1, 0);
    for (uint32_t i = 0; i < IMAGES; i++) {
        images[i] = new_image(ctx, i);
        want[i] = *predict(p, images[i]);
    }
    hn_predictor_free(p);
}

static void free_images(void) {
    for (uint32_t i = 0; i < IMAGES; i++) hn_image_free(images[i]);
}

/* The host's own parallel_for: backwards on one thread, and each index on a thread of its own. */
static atomic_int host_calls;

static void run_backwards(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    (void)user;
    atomic_fetch_add(&host_calls, 1);
    while (count--) task(arg, count);
}

typedef struct share {
    void (*task)(void *arg, uint32_t index);
    void *arg;
    uint32_t first, count;
} share;

static void *run_share(void *arg) {
    share *s = arg;
    for (uint32_t i = s->first; i < s->count; i += 3) s->task(s->arg, i);
    return NULL;
}

static void run_three(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    pthread_t threads[3];
    share shares[3];
    (void)user;
    atomic_fetch_add(&host_calls, 1);
    for (uint32_t t = 0; t < 3; t++) {
        shares[t] = (share){task, arg, t, count};
        ck_assert_int_eq(pthread_create(&threads[t], NULL, run_share, &shares[t]), 0);
    }
    for (int t = 0; t < 3; t++) pthread_join(threads[t], NULL);
}

START_TEST(hosts_threads) {
    hn_parallel_for_fn hosts[] = {run_backwards, run_three, NULL};
    hn_model *model = new_model(ctx, NULL);
    make_want(model);
    for (int h = 0; h < 3; h++) {
        hn_context_options o = {.struct_size = sizeof o, .parallel_for = hosts[h], .parallel_width = 3, .threads = 1};
        hn_context *other = new_context(&o);
        hn_model *same = new_model(other, NULL);
        hn_predictor *p = new_predictor(same, 4, 0);
        hn_prediction out[IMAGES];
        verdict places[IMAGES];
        for (int i = 0; i < IMAGES; i++) out[i] = fresh(&places[i]);
        atomic_store(&host_calls, 0);
        ck_ok(hn_predict_batch(p, (const hn_image *const *)images, IMAGES, out, &err));
        ck_assert(!hosts[h] || atomic_load(&host_calls) > 0);
        for (size_t i = 0; i < IMAGES; i++) check_same(&want[i], &out[i], "host's threads", i);
        hn_predictor_free(p);
        hn_model_free(same);
        hn_context_free(other);
    }
    free_images();
    hn_model_free(model);
}
END_TEST

typedef struct worker {
    pthread_t thread;
    const hn_model *model;
    int number, wrong;
    hn_status status;
} worker;

/* No ck_ in threads of the test's own: they cannot end the test. */
static void *predict_in_thread(void *arg) {
    worker *w = arg;
    hn_predictor *p = NULL;
    hn_predictor_options o = {.struct_size = sizeof o, .max_batch = 1 + w->number * 2, .device = "reference"};
    w->status = hn_predictor_create(w->model, &o, &p, NULL);
    for (int round = 0; round < 3 && !w->status; round++) {
        hn_prediction out[IMAGES];
        verdict places[IMAGES];
        for (int i = 0; i < IMAGES; i++) out[i] = fresh(&places[i]);
        w->status = hn_predict_batch(p, (const hn_image *const *)images, IMAGES, out, NULL);
        for (int i = 0; i < IMAGES && !w->status; i++)
            w->wrong += memcmp(want[i].logits, out[i].logits, 2 * sizeof(float)) || out[i].class_index != want[i].p.class_index;
    }
    hn_predictor_free(p);
    return NULL;
}

START_TEST(several_threads) {
    worker workers[THREADS];
    hn_model *model = new_model(ctx, NULL);
    make_want(model);
    for (int t = 0; t < THREADS; t++) {
        workers[t] = (worker){.model = model, .number = t};
        ck_assert_int_eq(pthread_create(&workers[t].thread, NULL, predict_in_thread, &workers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        pthread_join(workers[t].thread, NULL);
        ck_assert_int_eq(workers[t].status, HN_OK);
        ck_assert_int_eq(workers[t].wrong, 0);
    }
    free_images();
    hn_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("predict handles");
    TCase *tests = tcase_create("lives, memory, threads");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_order_of_frees);
    tcase_add_test(tests, allocations);
    tcase_add_test(tests, batch_scratch_is_bounded);
    tcase_add_test(tests, hosts_threads);
    tcase_add_test(tests, several_threads);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
