/* help.h - what the tests of the data room share: a context, a scratch folder with small PGM images and text files in it. */
#ifndef HAEMNET_TESTS_DATA_HELP_H
#define HAEMNET_TESTS_DATA_HELP_H

#include <stdarg.h>
#include <sys/stat.h>

#include "base/context.h"
#include "base/memory.h"
#include "base/os.h"
#include "data/dataset.h"
#include "haemnet/dataset.h"
#include "../host.h"
#include "../test.h"

static hn_context *ctx;
static hn_error err;
static char scratch[1024];
static uint64_t own_blocks; /* that the context itself holds */

static inline void start_context(int32_t threads) {
    hn_context_options options = {.struct_size = sizeof options, .threads = threads};
    memset(&err, 0, sizeof err);
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
    own_blocks = atomic_load(&ctx->live_blocks);
}

static inline void set_up(void) {
    const char *base = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/haemnet-data-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(scratch));
    start_context(2);
}

static inline void tear_down(void) {
    char command[1100];
    uint64_t blocks = atomic_load(&ctx->live_blocks);
    ck_assert_msg(blocks == own_blocks, "%d blocks were not freed", (int)(blocks - own_blocks));
    hni_context_unref(ctx);
    snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    ck_assert_int_eq(system(command), 0);
}

/* scratch/RELATIVE, valid for the next few calls. */
static inline const char *at(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline const char *at(const char *format, ...) {
    static char path[8][1400];
    static int turn;
    char relative[256];
    va_list args;
    turn = (turn + 1) % 8;
    va_start(args, format);
    vsnprintf(relative, sizeof relative, format, args);
    va_end(args);
    snprintf(path[turn], sizeof path[turn], "%s/%s", scratch, relative);
    return path[turn];
}

/* Makes the folders above a path in scratch. */
static inline void make_folders(const char *path) {
    char part[1400];
    for (size_t i = strlen(scratch) + 1; path[i]; i++) {
        if (path[i] != '/') continue;
        memcpy(part, path, i);
        part[i] = 0;
        mkdir(part, 0777);
    }
}

static inline void write_bytes(const char *path, const void *data, size_t size) {
    make_folders(path);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

static inline void write_text(const char *path, const char *text) { write_bytes(path, text, strlen(text)); }

/* A 4 × 4 grey image whose pixels all have this value. */
static inline void write_pgm(const char *path, int value) {
    char bytes[64];
    int n = snprintf(bytes, sizeof bytes, "P5\n4 4\n255\n");
    memset(bytes + n, value, 16);
    write_bytes(path, bytes, (size_t)n + 16);
}

static inline hn_dataset_info info_of(hn_dataset *ds) {
    hn_dataset_info info = {.struct_size = sizeof info};
    ck_ok(hn_dataset_get_info(ds, &info, &err));
    return info;
}

static inline hn_row row_of(hn_dataset *ds, int64_t index) {
    hn_row row = {.struct_size = sizeof row};
    ck_ok(hn_dataset_get_row(ds, index, &row, &err));
    return row;
}

/* A host's allocator whose `countdown`-th allocation from now fails, once; 0 = none. */
static int countdown;

static inline void *failing_alloc(void *user, size_t size, size_t alignment) {
    (void)user;
    if (countdown > 0 && --countdown == 0) return NULL;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static inline void failing_free(void *user, void *ptr, size_t size, size_t alignment) {
    (void)user, (void)size, (void)alignment;
    free(ptr);
}

static inline hn_context *failing_context(void) {
    hn_allocator allocator = {.struct_size = sizeof allocator, .alloc = failing_alloc, .free = failing_free};
    hn_context_options options = {.struct_size = sizeof options, .threads = 1, .allocator = &allocator};
    hn_context *own = NULL;
    countdown = 0;
    ck_ok(hni_context_create(&options, &own, &err));
    return own;
}

#define ck_fails(call, want)                                                                                         \
    do {                                                                                                             \
        memset(&err, 0, sizeof err);                                                                                 \
        hn_status ck_got_ = (call);                                                                                  \
        ck_assert_msg(ck_got_ == (want), "%s gave %s: %s", #call, hn_status_name(ck_got_), err.message);             \
        ck_assert_int_eq(err.status, want);                                                                          \
    } while (0)

#define ck_says(text) ck_assert_msg(strstr(err.message, text) != NULL, "the message lacks '%s': %s", text, err.message)

static inline int run_cases(const char *name, const TTest *const *cases, size_t n) {
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < n; i++) tcase_add_test(tcase, cases[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}

#endif
