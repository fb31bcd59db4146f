/* test_dlopen.c - the shared library as a guest: loaded and unloaded again and again, twice at once under two names, and from threads.
 *
 * Needs HAEMNET_BUILD, the folder that holds libhaemnet.so.0. Symbols come by name, as a plug-in system or a foreign-function interface
 * takes them. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

#include "../test.h"
#include "haemnet/haemnet.h"

typedef struct library {
    void *handle;
    hn_status (*context_create)(const hn_context_options *, hn_context **, hn_error *);
    void (*context_free)(hn_context *);
    hn_status (*context_memory)(hn_context *, hn_memory_info *, hn_error *);
    hn_status (*model_preset)(hn_context *, const char *, const hn_model_options *, hn_model **, hn_error *);
    hn_status (*model_save_memory)(const hn_model *, void *, size_t, size_t *, hn_error *);
    hn_status (*model_load_memory)(hn_context *, const void *, size_t, hn_model **, hn_error *);
    void (*model_free)(hn_model *);
    hn_status (*predictor_create)(const hn_model *, const hn_predictor_options *, hn_predictor **, hn_error *);
    void (*predictor_free)(hn_predictor *);
    hn_status (*image_wrap)(hn_context *, const hn_pixels *, hn_image **, hn_error *);
    void (*image_free)(hn_image *);
    hn_status (*predict)(hn_predictor *, const hn_image *, hn_prediction *, hn_error *);
    const char *(*version_string)(void);
} library;

/* POSIX gives functions as data pointers; copying the bytes is what its own rationale does. */
static void symbol(void *handle, const char *name, void *place) {
    void *address = dlsym(handle, name);
    ck_assert_msg(address, "%s", name);
    memcpy(place, &address, sizeof address);
}

static library open_library(const char *path) {
    library l = {.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    ck_assert_msg(l.handle, "%s", dlerror());
    symbol(l.handle, "hn_context_create", &l.context_create);
    symbol(l.handle, "hn_context_free", &l.context_free);
    symbol(l.handle, "hn_context_memory", &l.context_memory);
    symbol(l.handle, "hn_model_preset", &l.model_preset);
    symbol(l.handle, "hn_model_save_memory", &l.model_save_memory);
    symbol(l.handle, "hn_model_load_memory", &l.model_load_memory);
    symbol(l.handle, "hn_model_free", &l.model_free);
    symbol(l.handle, "hn_predictor_create", &l.predictor_create);
    symbol(l.handle, "hn_predictor_free", &l.predictor_free);
    symbol(l.handle, "hn_image_wrap", &l.image_wrap);
    symbol(l.handle, "hn_image_free", &l.image_free);
    symbol(l.handle, "hn_predict", &l.predict);
    symbol(l.handle, "hn_version_string", &l.version_string);
    return l;
}

/* The built library, or NULL. */
static const char *built(void) {
    static char path[4096];
    const char *folder = getenv("HAEMNET_BUILD");
    snprintf(path, sizeof path, "%s/libhaemnet.so.%d", folder ? folder : "", HN_ABI_VERSION);
    return folder && *folder && access(path, R_OK) == 0 ? path : NULL;
}

static hn_context *new_context(const library *l) {
    const hn_context_options o = {.struct_size = sizeof o, .threads = 3, .plugin_dir = ""};
    hn_context *ctx = NULL;
    hn_error err = {0};
    ck_ok(l->context_create(&o, &ctx, &err));
    return ctx;
}

static hn_model *new_model(const library *l, hn_context *ctx) {
    const hn_model_options o = {.struct_size = sizeof o, .width = 16, .height = 16, .channels = 1, .hidden = 2, .seed = 3};
    hn_model *model = NULL;
    hn_error err = {0};
    ck_ok(l->model_preset(ctx, "tinyvgg", &o, &model, &err));
    return model;
}

static double verdict(const library *l, hn_context *ctx, const hn_model *model) {
    uint8_t pixels[64];
    for (int i = 0; i < 64; i++) pixels[i] = (uint8_t)(i * 5);
    const hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_U8, .width = 8, .height = 8, .channels = 1, .data = pixels};
    hn_predictor *p = NULL;
    hn_image *image = NULL;
    hn_prediction out = {.struct_size = sizeof out};
    hn_error err = {0};
    ck_ok(l->image_wrap(ctx, &raw, &image, &err));
    ck_ok(l->predictor_create(model, NULL, &p, &err));
    ck_ok(l->predict(p, image, &out, &err));
    l->predictor_free(p);
    l->image_free(image);
    return out.probability;
}

static double use(const library *l) {
    hn_context *ctx = new_context(l);
    hn_model *model = new_model(l, ctx);
    const double answer = verdict(l, ctx, model);
    l->model_free(model);
    l->context_free(ctx);
    return answer;
}

static bool is_loaded(const char *path) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (handle) dlclose(handle);
    return handle != NULL;
}

START_TEST(load_and_unload) {
    const char *path = built();
    double first = 0;
    if (!path) SKIP("HAEMNET_BUILD has no libhaemnet.so");
    for (int i = 0; i < 20; i++) {
        library l = open_library(path);
        ck_assert_str_eq(l.version_string(), HN_VERSION_STRING);
        const double answer = use(&l);
        if (i == 0) first = answer;
        ck_assert_msg(memcmp(&answer, &first, sizeof first) == 0, "round %d gives %g, not %g", i, answer, first);
        ck_assert_int_eq(dlclose(l.handle), 0);
        ck_assert_msg(!is_loaded(path), "round %d: the library stays in the process", i);
    }
}
END_TEST

/* A thread that outlives the library: nothing of it may run when the thread ends. */
static pthread_barrier_t unloaded;
static void *use_and_wait(void *arg) {
    const library *l = arg;
    use(l);
    pthread_barrier_wait(&unloaded); /* used; now it is unloaded */
    pthread_barrier_wait(&unloaded); /* gone; now the thread ends */
    return NULL;
}

START_TEST(threads_outlive_the_library) {
    const char *path = built();
    pthread_t thread;
    if (!path) SKIP("HAEMNET_BUILD has no libhaemnet.so");
    for (int i = 0; i < 5; i++) {
        library l = open_library(path);
        pthread_barrier_init(&unloaded, NULL, 2);
        ck_assert_int_eq(pthread_create(&thread, NULL, use_and_wait, &l), 0);
        pthread_barrier_wait(&unloaded);
        ck_assert_int_eq(dlclose(l.handle), 0);
        pthread_barrier_wait(&unloaded);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        pthread_barrier_destroy(&unloaded);
    }
}
END_TEST

static void copy_file(const char *from, const char *to) {
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    static char buffer[1 << 16];
    ck_assert(in && out);
    for (size_t n = fread(buffer, 1, sizeof buffer, in); n; n = fread(buffer, 1, sizeof buffer, in)) ck_assert_uint_eq(fwrite(buffer, 1, n, out), n);
    ck_assert(!fclose(in) && !fclose(out));
}

static uint64_t live_bytes(const library *l, hn_context *ctx) {
    hn_memory_info info = {.struct_size = sizeof info};
    hn_error err = {0};
    ck_ok(l->context_memory(ctx, &info, &err));
    return info.live_bytes;
}

START_TEST(two_copies_at_once) {
    const char *path = built(), *base = getenv("TMPDIR");
    char dir[512], copy[600];
    static uint8_t bytes[65536];
    size_t size = 0;
    hn_error err = {0};
    hn_model *model_b = NULL;
    if (!path) SKIP("HAEMNET_BUILD has no libhaemnet.so");
    snprintf(dir, sizeof dir, "%s/haemnet-dlopen-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(copy, sizeof copy, "%s/libother.so", dir);
    copy_file(path, copy);
    library a = open_library(path), b = open_library(copy);
    ck_assert_ptr_ne(a.handle, b.handle);
    ck_assert(memcmp(&a.context_create, &b.context_create, sizeof a.context_create) != 0);
    hn_context *ctx_a = new_context(&a), *ctx_b = new_context(&b);
    const uint64_t before = live_bytes(&b, ctx_b);
    hn_model *model_a = new_model(&a, ctx_a);
    ck_assert_uint_eq(live_bytes(&b, ctx_b), before); /* what one copy takes, the other does not see */
    ck_ok(a.model_save_memory(model_a, bytes, sizeof bytes, &size, &err));
    ck_ok(b.model_load_memory(ctx_b, bytes, size, &model_b, &err));
    const double one = verdict(&a, ctx_a, model_a), two = verdict(&b, ctx_b, model_b);
    ck_assert(memcmp(&one, &two, sizeof one) == 0);
    a.model_free(model_a);
    a.context_free(ctx_a);
    ck_assert_int_eq(dlclose(a.handle), 0);
    verdict(&b, ctx_b, model_b); /* the other goes on */
    b.model_free(model_b);
    b.context_free(ctx_b);
    ck_assert_int_eq(dlclose(b.handle), 0);
    ck_assert(!unlink(copy) && !rmdir(dir));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dlopen");
    TCase *tcase = tcase_create("dlopen");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, load_and_unload);
    tcase_add_test(tcase, threads_outlive_the_library);
    tcase_add_test(tcase, two_copies_at_once);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
