/* test.h - what every test program shares: a main over Check suites, visible skips, the shared data folder, random data with a
 * printed seed. Header-only, so that a test is one file. */
#ifndef HAEMNET_TEST_H
#define HAEMNET_TEST_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ends the running test as skipped: the runner counts the line. */
#define SKIP(...)                      \
    do {                               \
        printf("SKIP %s: ", __func__); \
        printf(__VA_ARGS__);           \
        printf("\n");                  \
        fflush(stdout);                \
        return;                        \
    } while (0)

/* Golden files and other committed inputs, relative to the project's root, where tests are run. */
#define GOLDEN(path) "tests/golden/" path

/* A path below the folder of real data (HAEMNET_SHARED, else ../shared/data), or NULL where it is absent. */
static inline const char *shared_path(const char *relative) {
    static char path[4096];
    const char *base = getenv("HAEMNET_SHARED");
    snprintf(path, sizeof path, "%s/%s", base && *base ? base : "../shared/data", relative);
    return access(path, R_OK) == 0 ? path : NULL;
}

/* The seed of random test data: HAEMNET_SEED, else 1; printed so that a failure can be replayed. */
static inline uint64_t test_seed(void) {
    const char *text = getenv("HAEMNET_SEED");
    return text ? strtoull(text, NULL, 10) : 1;
}

/* Check writes the place of every assertion that holds into a file, for the report of a crash. Asserting each number of a tensor, that was most of
 * the time; so only the first thousand places of a test, in each of its threads, are noted. CK_FORK=no and a debugger tell a later one. */
static inline void test_mark_point(const char *file, int line) {
    static _Thread_local int left = 1000;
    if (left > 0) {
        left--;
        _mark_point(file, line);
    }
}
#define _mark_point test_mark_point

/* HN_OK or the test fails with the error's text. */
#define ck_ok(call)                                                                                            \
    do {                                                                                                       \
        hn_status ck_status_ = (call);                                                                         \
        ck_assert_msg(ck_status_ == HN_OK, "%s gave %s: %s", #call, hn_status_name(ck_status_), err.message); \
    } while (0)

/* Runs the suite, says the totals in the form the runner reads, gives the exit code. */
static inline int run_suite(Suite *suite) {
    SRunner *runner = srunner_create(suite);
    printf("seed %llu\n", (unsigned long long)test_seed());
    srunner_run_all(runner, CK_ENV);
    int run = srunner_ntests_run(runner), failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    printf("RESULT %d run, %d failed\n", run, failed);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
