/* scenes.h - whole uses of the library, written so that any call in them may be made to fail.
 *
 * Each call is a STEP: if it fails, its status must be of the kind that was injected, its error filled, its handle NULL, the file it was to
 * write as it was before, and no temporary left. Then either the scene ends (everything is freed, nothing may be left), or, with `retry`,
 * the same call is made again without a fault and must work, and the scene goes on: its results must be those of an undisturbed run. */
#ifndef HAEMNET_TEST_SCENES_H
#define HAEMNET_TEST_SCENES_H

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

#include "fault.h"

enum { SIDE = 8, ROWS = 5 }; /* px of the images and of the model's input; images a class folder */

static char dir[512]; /* scratch: data/CLASS/N.png, manifest.csv, model.safetensors, out/ */
static hn_error err;

typedef struct scene {
    bool retry;
    test_host host;
    hn_context *ctx;
    uint64_t digest;     /* over all results */
    const char *saving;  /* the file that the next call replaces, or NULL */
    uint8_t *old;        /* its bytes before */
    size_t old_size;
    int steps;
} scene;

static inline const char *at(const char *relative) {
    static char paths[8][640];
    static int turn;
    turn = (turn + 1) % 8;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", dir, relative);
    return paths[turn];
}

static inline void note(scene *s, const void *data, size_t size) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) s->digest = (s->digest ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static inline uint8_t *slurp(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    *size = 0;
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    *size = (size_t)ftell(f);
    rewind(f);
    bytes = malloc(*size + 1);
    ck_assert(bytes && fread(bytes, 1, *size, f) == *size);
    fclose(f);
    return bytes;
}

static inline void spill(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    ck_assert(f && fputs(text, f) >= 0 && !fclose(f));
}

/* Files are slow here, and most runs change none. */
static inline void spill_if_new(const char *path, const char *text) {
    struct stat info;
    if (stat(path, &info) || (size_t)info.st_size != strlen(text)) spill(path, text);
}

static inline void check_no_temporaries(void) {
    DIR *folder = opendir(at("out"));
    ck_assert_ptr_nonnull(folder);
    for (const struct dirent *e = readdir(folder); e; e = readdir(folder))
        ck_assert_msg(!strstr(e->d_name, ".tmp-"), "%s was left behind", e->d_name);
    closedir(folder);
}

static inline void check_old_file(const scene *s, const char *call) {
    size_t size;
    uint8_t *bytes = slurp(s->saving, &size);
    ck_assert_msg(bytes && size == s->old_size && !memcmp(bytes, s->old, size), "%s (%s failed): the old file has changed", call, fault.what);
    free(bytes);
}

static inline void forget_old_file(scene *s) {
    free(s->old);
    s->old = NULL, s->saving = NULL;
}

static inline hn_status expected_status(void) {
    return fault.kind == FAULT_MEMORY ? HN_E_MEMORY : fault.kind == FAULT_IO ? HN_E_IO : HN_E_BACKEND;
}

/* What a call answered, with a fault that struck in it or did not. */
static inline void judge(const scene *s, hn_status status, const void *handle, bool struck, const char *call) {
    if (!status) {
        /* An allocation that nothing depends on (a cache) may be done without; the results are compared at the end. */
        const bool passed_over = !struck || fault.kind == FAULT_MEMORY || fault.kind == FAULT_INTERRUPT || fault.harmless == fault.fired;
        ck_assert_msg(passed_over, "%s says that it is done, but %s (call %ld) had failed", call, fault.what, fault.at);
        return;
    }
    ck_assert_msg(struck, "%s: %s: %s, but nothing was made to fail in it", call, hn_status_name(status), err.message);
    ck_assert_msg(status == expected_status(), "%s (%s, call %ld): %s: %s", call, fault.what, fault.at, hn_status_name(status), err.message);
    ck_assert_int_eq(err.status, status);
    ck_assert_msg(memchr(err.message, 0, sizeof err.message) && err.message[0], "%s: no message", call);
    if (fault.kind == FAULT_IO)
        ck_assert_msg(err.domain == HN_DOMAIN_ERRNO && err.code == fault.code, "%s: domain %d, code %d, not errno %d", call, err.domain,
                      (int)err.code, fault.code);
    if (fault.kind == FAULT_BACKEND && strcmp(fault.what, "device_count"))
        ck_assert_msg(err.domain == HN_DOMAIN_PLUGIN && err.code == FAULT_CODE, "%s: %s: the backend's own code is lost", call, err.message);
    ck_assert_msg(!handle, "%s (%s, call %ld) failed but gave a handle", call, fault.what, fault.at);
    check_no_temporaries();
    if (s->saving) check_old_file(s, call);
}

#define STEP(handle, call)                                                                    \
    do {                                                                                      \
        const long fired_ = fault.fired;                                                      \
        memset(&err, 0x5a, sizeof err);                                                       \
        hn_status status_ = (call);                                                           \
        s->steps++;                                                                           \
        judge(s, status_, (handle), fault.fired > fired_, #call);                             \
        if (status_) {                                                                        \
            fault_disarm();                                                                   \
            if (!s->retry) goto done;                                                         \
            status_ = (call);                                                                 \
            ck_assert_msg(!status_, "%s, again, without a fault: %s", #call, err.message);    \
        }                                                                                     \
    } while (0)

/* A call that replaces `path`. */
#define SAVE(path, call)                              \
    do {                                              \
        s->saving = (path);                           \
        s->old = slurp(s->saving, &s->old_size);      \
        STEP(NULL, call);                             \
        forget_old_file(s);                           \
    } while (0)

static inline hn_status make_context(scene *s, hn_error *e) {
    const hn_allocator table = test_host_allocator(&s->host);
    const hn_context_options o = {.struct_size = sizeof o, .threads = 1, .allocator = &table, .plugin_dir = ""};
    return hn_context_create(&o, &s->ctx, e);
}

/* Context and frail backend: the first steps of every scene. */
#define BEGIN()                                                            \
    do {                                                                   \
        STEP(s->ctx, make_context(s, &err));                               \
        STEP(NULL, hn_backend_register(s->ctx, frail_backend(), &err));    \
    } while (0)

/* Pixels of image i: bright on one side. */
static inline hn_status make_image(hn_context *ctx, int i, hn_image **out, hn_error *e) {
    uint8_t pixels[SIDE * SIDE];
    for (int p = 0; p < SIDE * SIDE; p++) pixels[p] = (uint8_t)((p * 37 + i * 101) % 90 + ((p % SIDE < SIDE / 2) == (i % 2) ? 120 : 10));
    const hn_pixels raw = {.struct_size = sizeof raw, .type = HN_PIXEL_U8, .width = SIDE, .height = SIDE, .channels = 1, .data = pixels};
    return hn_image_wrap(ctx, &raw, out, e);
}

static inline void make_files(void) {
    static const char *const names[] = {"bleed", "clean"};
    const hn_context_options co = {.struct_size = sizeof co, .threads = 1, .plugin_dir = ""};
    const hn_model_options mo = {.struct_size = sizeof mo, .width = SIDE, .height = SIDE, .channels = 1, .hidden = 1, .class_names = names,
                                 .positive = 1, .seed = 2};
    hn_context *ctx = NULL;
    hn_model *model = NULL;
    ck_ok(hn_context_create(&co, &ctx, &err));
    mkdir(at("data"), 0777), mkdir(at("out"), 0777), mkdir(at("data/bleed"), 0777), mkdir(at("data/clean"), 0777);
    FILE *csv = fopen(at("manifest.csv"), "wb");
    ck_assert_ptr_nonnull(csv);
    fprintf(csv, "file,label,patient,slice\n");
    for (int i = 0; i < 2 * ROWS; i++) {
        char name[64];
        hn_image *image = NULL;
        snprintf(name, sizeof name, "data/%s/%d.%s", names[i % 2], i, i == 3 ? "jpg" : "png");
        ck_ok(make_image(ctx, i, &image, &err));
        ck_ok(i == 3 ? hn_image_save_jpeg(image, at(name), 95, &err) : hn_image_save_png(image, at(name), &err));
        fprintf(csv, "%s,%s,p%d,%d\n", name, names[i % 2], i / 2, i);
        hn_image_free(image);
    }
    ck_assert_int_eq(fclose(csv), 0);
    ck_ok(hn_model_preset(ctx, "tinyvgg", &mo, &model, &err));
    ck_ok(hn_model_save(model, at("model.safetensors"), &err));
    hn_model_free(model);
    hn_context_free(ctx);
}

static inline void set_up(void) {
    const char *base = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/haemnet-fault-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    fault_disarm();
    make_files();
}

static inline void tear_down(void) {
    char command[640];
    fault_disarm();
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

typedef void scene_fn(scene *s);

/* One run of a scene, with whatever is armed; afterwards nothing may be left. */
static inline void play(scene_fn *run, scene *s, bool retry) {
    static const char *const outputs[] = {"out/model.safetensors", "out/checkpoint", "out/image.png", "out/image.jpg"};
    *s = (scene){.retry = retry, .digest = UINT64_C(0xcbf29ce484222325), .host.refuse = fault_refuse};
    for (int i = 0; i < 4; i++) spill_if_new(at(outputs[i]), "what was there before");
    run(s);
    fault_disarm();
    forget_old_file(s);
    check_no_temporaries();
    ck_assert_msg(!atomic_load(&s->host.blocks), "%s, call %ld: %lld blocks of %lld bytes are left", fault.what ? fault.what : "no fault",
                  fault.at, atomic_load(&s->host.blocks), atomic_load(&s->host.bytes));
    ck_assert_int_eq(atomic_load(&s->host.wrong), 0);
    ck_assert_msg(!fault.fds, "%s, call %ld: %d descriptors are left open", fault.what ? fault.what : "no fault", fault.at, fault.fds);
}

/* Every call of `kind` fails once, and the scene goes on; every call and all after it fail, and the scene ends. Without HAEMNET_FAULT_ALL,
 * which is slow, beyond the first DENSE calls only each STRIDE-th is looked at. */
enum { DENSE = 50, STRIDE = 11 };
static inline void sweep(const char *name, scene_fn *run, int kind, long least) {
    const bool all = getenv("HAEMNET_FAULT_ALL") != NULL;
    scene s;
    fault_arm(kind, 0, false);
    play(run, &s, false);
    const uint64_t digest = s.digest;
    const int steps = s.steps;
    long n = 1, runs = 0;
    for (;; n += all || n < DENSE ? 1 : STRIDE) {
        fault_arm(kind, n, false);
        play(run, &s, true);
        if (!fault.fired) break;
        ck_assert_msg(s.digest == digest && s.steps >= steps, "%s: after %s failed once (call %ld), the results differ", name, fault.what, n);
        runs++;
        if (kind == FAULT_INTERRUPT) continue;
        fault_arm(kind, n, true);
        play(run, &s, false);
        runs++;
    }
    printf("%s: %ld calls, %ld runs\n", name, fault.count, runs);
    ck_assert_msg(fault.count >= least, "%s: only %ld calls could be made to fail", name, fault.count);
}

#endif
