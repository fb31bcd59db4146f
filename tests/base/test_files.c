/* test_files.c - reading with a limit, replacing atomically, paths, folders. What libc's calls can do wrong (short writes, EINTR, a full
 * disk) is played here by limits and special files; tests/fault plays the rest. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../test.h"
#include "base/files.h"
#include "base/memory.h"
#include "failing.h"

static hn_context *ctx;
static hn_error err;
static char folder[400];

static const char *in_folder(const char *name) {
    static char path[4][600];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static int remove_one(void *user, const char *name) {
    (void)user;
    return remove(in_folder(name)) == 0 ? 0 : errno;
}

static int count_names(void *user, const char *name) {
    (void)name;
    ++*(int *)user;
    return 0;
}

static int files_there(void) {
    int n = 0;
    ck_assert_int_eq(hni_os_list(folder, count_names, &n), 0);
    return n;
}

static void setup(void) {
    const hn_context_options options = {.struct_size = sizeof options, .threads = 1};
    ck_ok(hni_context_create(&options, &ctx, &err));
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/haemnet-files-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void) {
    ck_assert_int_eq(hni_os_list(folder, remove_one, NULL), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_uint_eq(ctx->live_blocks, 1);
    hni_context_unref(ctx);
}

static hn_status replace(const char *path, const char *text) {
    const hni_piece pieces[] = {{text, strlen(text) / 2}, {"", 0}, {text + strlen(text) / 2, strlen(text) - strlen(text) / 2}};
    return hni_file_replace(ctx, path, pieces, 3, &err);
}

static void expect_content(const char *path, const char *want) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    ck_ok(hni_file_read(ctx, path, 1000, &bytes, &size, &err));
    ck_assert_uint_eq(size, strlen(want));
    ck_assert_str_eq((char *)bytes, want); /* a NUL ends it */
    hni_free(ctx, bytes);
}

START_TEST(writes_and_reads_back) {
    const char *path = in_folder("model \xC3\xA9");
    ck_ok(replace(path, "first"));
    expect_content(path, "first");
    ck_ok(replace(path, "the second, longer"));
    expect_content(path, "the second, longer");
    ck_ok(hni_file_replace(ctx, path, NULL, 0, &err));
    expect_content(path, "");
    ck_assert_int_eq(files_there(), 1);
    struct stat info;
    const mode_t mask = umask(0);
    umask(mask);
    ck_assert(stat(path, &info) == 0 && (info.st_mode & 0777) == (0666 & ~mask));
}
END_TEST

START_TEST(reads_no_more_than_allowed) {
    const char *path = in_folder("x");
    uint8_t *bytes = (uint8_t *)&err;
    size_t size = 77;
    ck_ok(replace(path, "12345"));
    const uint64_t before = ctx->allocations;
    ck_assert_int_eq(hni_file_read(ctx, path, 4, &bytes, &size, &err), HN_E_LIMIT);
    ck_assert(ctx->allocations == before && size == 77 && bytes == (uint8_t *)&err);
    ck_assert_ptr_nonnull(strstr(err.message, "5 bytes, the limit is 4"));
    ck_ok(hni_file_read(ctx, path, 5, &bytes, &size, &err));
    hni_free(ctx, bytes);
}
END_TEST

static void expect_unreadable(const char *path, int number, const char *word) {
    uint8_t *bytes;
    size_t size;
    ck_assert_int_eq(hni_file_read(ctx, path, 1000, &bytes, &size, &err), HN_E_IO);
    ck_assert(err.domain == HN_DOMAIN_ERRNO && err.code == number);
    ck_assert_msg(strstr(err.message, word) && strstr(err.message, path), "%s", err.message);
}

START_TEST(says_what_cannot_be_read) {
    expect_unreadable(in_folder("absent"), ENOENT, "No such file");
    expect_unreadable(folder, EISDIR, "a file is needed");
    expect_unreadable("/dev/zero", EINVAL, "not a regular file");
    const char *pipe = in_folder("pipe");
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    expect_unreadable(pipe, EINVAL, "not a regular file"); /* and does not hang */
    uint8_t *bytes;
    size_t size;
    if (access("/proc/self/status", R_OK) == 0) { /* says 0 bytes, holds more */
        ck_assert_int_eq(hni_file_read(ctx, "/proc/self/status", 100000, &bytes, &size, &err), HN_E_IO);
        ck_assert_ptr_nonnull(strstr(err.message, "changed"));
    }
}
END_TEST

START_TEST(a_failed_write_leaves_the_old_file) {
    const char *path = in_folder("model");
    ck_ok(replace(path, "the old one"));
    char *large = calloc(1, 100000);
    struct rlimit limit = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY}, before;
    getrlimit(RLIMIT_FSIZE, &before);
    limit.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0); /* the write comes out short, the next one fails */
    const hni_piece piece = {large, 100000};
    const hn_status status = hni_file_replace(ctx, path, &piece, 1, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    free(large);
    ck_assert_int_eq(status, HN_E_IO);
    ck_assert(err.code == EFBIG && strstr(err.message, path));
    expect_content(path, "the old one");
    ck_assert_int_eq(files_there(), 1);
}
END_TEST

START_TEST(says_why_it_cannot_write) {
    ck_assert_int_eq(replace(in_folder("no/such/folder"), "x"), HN_E_IO);
    ck_assert_int_eq(err.code, ENOENT);
    const char *sub = in_folder("sub");
    ck_assert_int_eq(mkdir(sub, 0777), 0);
    ck_assert_int_eq(replace(sub, "x"), HN_E_IO); /* a folder is in the way: found at the rename, the temporary goes */
    ck_assert(err.code == EISDIR || err.code == EEXIST || err.code == ENOTEMPTY);
    ck_assert_int_eq(files_there(), 1);
    if (access("/dev/full", W_OK) == 0) {
        hni_fd fd = open("/dev/full", O_WRONLY);
        ck_assert_int_eq(hni_os_write(fd, "x", 1), ENOSPC);
        hni_os_close(fd);
    }
}
END_TEST

START_TEST(passes_left_over_temporaries) {
    const char *path = in_folder("model");
    char name[100];
    for (int n = 0; n < 3; n++) {
        snprintf(name, sizeof name, "model.tmp-%u-%d", (unsigned)hni_os_process_id(), n);
        ck_assert_int_eq(close(open(in_folder(name), O_CREAT | O_WRONLY, 0600)), 0);
    }
    ck_ok(replace(path, "new"));
    expect_content(path, "new");
    ck_assert_int_eq(files_there(), 4); /* what others left is not ours to remove */
}
END_TEST

START_TEST(survives_failed_allocations) {
    failing_allocator host = {0};
    hn_context *poor = failing_context(&host);
    const char *path = in_folder("x");
    ck_ok(replace(path, "12345"));
    uint8_t *bytes;
    size_t size;
    const hni_piece piece = {"new", 3};
    host.fail_at = host.calls + 1;
    ck_assert_int_eq(hni_file_read(poor, path, 100, &bytes, &size, &err), HN_E_MEMORY);
    host.fail_at = host.calls + 1;
    ck_assert_int_eq(hni_file_replace(poor, path, &piece, 1, &err), HN_E_MEMORY);
    host.fail_at = host.calls + 1;
    ck_assert_ptr_null(hni_path_join(poor, "a", "b"));
    expect_content(path, "12345");
    hni_context_unref(poor);
    ck_assert_int_eq(host.live, 0);
}
END_TEST

static void expect_path(char *got, const char *want) {
    ck_assert_str_eq(got, want);
    hni_free(ctx, got);
}

START_TEST(paths) {
    expect_path(hni_path_join(ctx, "a", "b"), "a/b");
    expect_path(hni_path_join(ctx, "a/", "b"), "a/b");
    expect_path(hni_path_join(ctx, "", "b"), "b");
    expect_path(hni_path_join(ctx, "a", "/b"), "/b");
    expect_path(hni_path_join(ctx, "/", "b"), "/b");
    expect_path(hni_path_join(ctx, "a", ""), "a/");
    expect_path(hni_path_folder(ctx, "a/b"), "a");
    expect_path(hni_path_folder(ctx, "/a/b/c"), "/a/b");
    expect_path(hni_path_folder(ctx, "a//b"), "a");
    expect_path(hni_path_folder(ctx, "/b"), "/");
    expect_path(hni_path_folder(ctx, "//b"), "/");
    expect_path(hni_path_folder(ctx, "b"), "");
    expect_path(hni_path_folder(ctx, ""), "");
    expect_path(hni_path_folder(ctx, "a/"), "a");
}
END_TEST

static int stop_at_first(void *user, const char *name) {
    (void)name;
    ++*(int *)user;
    return 42;
}

START_TEST(the_systems_edges) {
    int kind = 0, n = 0;
    const char *path = in_folder("x");
    ck_ok(replace(path, "12345"));
    ck_assert(hni_os_kind(path, &kind) == 0 && kind == HNI_OS_FILE);
    ck_assert(hni_os_kind(folder, &kind) == 0 && kind == HNI_OS_FOLDER);
    ck_assert(hni_os_kind("/dev/null", &kind) == 0 && kind == HNI_OS_OTHER);
    ck_assert_int_eq(hni_os_kind(in_folder("absent"), &kind), ENOENT);
    ck_assert_int_eq(hni_os_list(in_folder("absent"), count_names, &n), ENOENT);
    ck_ok(replace(in_folder("y"), ""));
    ck_assert(hni_os_list(folder, stop_at_first, &n) == 42 && n == 1);
    hni_fd fd;
    ck_assert_int_eq(hni_os_create(path, &fd), EEXIST);
    char buffer[10];
    size_t got = 0;
    ck_assert_int_eq(hni_os_open_read(path, &fd), 0);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    ck_assert(hni_os_read(fd, buffer, 10, &got) == 0 && got == 5);
    ck_assert_int_eq(hni_os_close(fd), 0);
    ck_assert_int_eq(hni_os_close(fd), EBADF);
    ck_assert_int_eq(hni_os_sync_folder(path), 0);
    ck_assert(hni_os_sync_folder("relative-name") == 0);
    char why[100] = "";
    ck_assert_ptr_null(hni_os_load(in_folder("absent.so"), why, sizeof why));
    ck_assert_uint_gt(strlen(why), 0);
    hni_os_unload(NULL);
    const double start = hni_seconds();
    ck_assert(hni_seconds() >= start && hni_core_count() >= 1);
}
END_TEST

static void *feed_slowly(void *arg) {
    const int fd = *(int *)arg;
    for (int i = 0; i < 10; i++) {
        usleep(1000);
        if (write(fd, "0123456789", 10) != 10)
            break;
    }
    close(fd);
    return NULL;
}

START_TEST(short_reads_are_continued) {
    int ends[2];
    char buffer[200];
    size_t got = 0;
    hni_thread feeder;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(hni_thread_start(&feeder, feed_slowly, &ends[1]), 0);
    ck_assert_int_eq(hni_os_read(ends[0], buffer, sizeof buffer, &got), 0);
    ck_assert_uint_eq(got, 100);
    hni_thread_join(feeder);
    hni_os_close(ends[0]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("files");
    TCase *cases = tcase_create("files");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 30);
    tcase_add_test(cases, writes_and_reads_back);
    tcase_add_test(cases, reads_no_more_than_allowed);
    tcase_add_test(cases, says_what_cannot_be_read);
    tcase_add_test(cases, a_failed_write_leaves_the_old_file);
    tcase_add_test(cases, says_why_it_cannot_write);
    tcase_add_test(cases, passes_left_over_temporaries);
    tcase_add_test(cases, survives_failed_allocations);
    tcase_add_test(cases, paths);
    tcase_add_test(cases, the_systems_edges);
    tcase_add_test(cases, short_reads_are_continued);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
