/* test_threads.c - parallel_for: every index once, nested and concurrent calls, the host's threads, signals, a forked child. Meant to be
 * run under the thread sanitizer too. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "../test.h"
#include "base/memory.h"
#include "base/threads.h"
#include "failing.h"

static hn_error err;

static hn_context *context_of(int32_t threads) {
    const hn_context_options options = {.struct_size = sizeof options, .threads = threads};
    hn_context *ctx = NULL;
    ck_ok(hni_context_create(&options, &ctx, &err));
    return ctx;
}

typedef struct job {
    hn_context *ctx;
    atomic_int counts[1000];
    atomic_int total;
    int plain[1000]; /* written by whoever runs the task, read after the call: the call must order the two */
} job;

static void count_one(void *arg, uint32_t index) {
    job *j = arg;
    atomic_fetch_add(&j->counts[index], 1);
    atomic_fetch_add(&j->total, 1);
    j->plain[index]++;
}

static void check_counts(const job *j, int n, int each) {
    ck_assert_int_eq(j->total, n * each);
    for (int i = 0; i < n; i++)
        ck_assert(j->counts[i] == each && j->plain[i] == each);
}

START_TEST(every_index_once) {
    static const uint32_t sizes[] = {0, 1, 2, 3, 7, 64, 1000};
    hn_context *ctx = context_of(_i);
    ck_assert_int_eq(ctx->threads, _i);
    for (int round = 0; round < 100; round++) {
        const uint32_t n = sizes[round % 7];
        job j = {.ctx = ctx};
        hni_parallel_for(ctx, n, count_one, &j);
        check_counts(&j, (int)n, 1);
    }
    hni_context_unref(ctx);
}
END_TEST

START_TEST(many_small_jobs) {
    hn_context *ctx = context_of(4);
    job *j = calloc(1, sizeof *j);
    for (int round = 0; round < 5000; round++)
        hni_parallel_for(ctx, 5, count_one, j);
    check_counts(j, 5, 5000);
    free(j);
    hni_context_unref(ctx);
}
END_TEST

static void nest(void *arg, uint32_t index) {
    job *j = arg, inner = {.ctx = j->ctx};
    hni_parallel_for(j->ctx, 20, count_one, &inner);
    check_counts(&inner, 20, 1);
    count_one(j, index);
}

START_TEST(nested_calls_run_in_place) {
    hn_context *ctx = context_of(4);
    job *j = calloc(1, sizeof *j);
    j->ctx = ctx;
    hni_parallel_for(ctx, 100, nest, j);
    check_counts(j, 100, 1);
    free(j);
    hni_context_unref(ctx);
}
END_TEST

static void *call_often(void *arg) {
    hn_context *ctx = arg;
    job *j = calloc(1, sizeof *j);
    for (int round = 0; round < 300; round++)
        hni_parallel_for(ctx, 50, count_one, j);
    check_counts(j, 50, 300);
    free(j);
    return NULL;
}

START_TEST(callers_do_not_wait_for_each_other) {
    hn_context *ctx = context_of(3);
    hni_thread callers[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(hni_thread_start(&callers[i], call_often, ctx), 0);
    for (int i = 0; i < 4; i++)
        hni_thread_join(callers[i]);
    hni_context_unref(ctx);
}
END_TEST

static void host_for(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    ++*(int *)user;
    for (uint32_t i = count; i-- > 0;) /* in any order */
        task(arg, i);
}

START_TEST(the_hosts_threads_come_first) {
    int calls = 0;
    const hn_context_options options = {.struct_size = sizeof options, .parallel_for = host_for, .parallel_user = &calls};
    hn_context *ctx;
    ck_ok(hni_context_create(&options, &ctx, &err));
    ck_assert_ptr_null(ctx->pool);
    job j = {.ctx = ctx};
    hni_parallel_for(ctx, 10, count_one, &j);
    check_counts(&j, 10, 1);
    ck_assert_int_eq(calls, 1);
    hni_context_unref(ctx);
}
END_TEST

static void look_at_mask(void *arg, uint32_t index) {
    job *j = arg;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (sigismember(&mask, SIGTERM) && sigismember(&mask, SIGINT) && sigismember(&mask, SIGCHLD) && !sigismember(&mask, SIGSEGV))
        atomic_fetch_add(&j->counts[0], 1); /* a thread of the pool */
    else if (!sigismember(&mask, SIGTERM))
        atomic_fetch_add(&j->counts[1], 1); /* the caller, whose mask is as it was */
    j->plain[index] = 1;
    usleep(5000); /* time for the workers to come */
}

START_TEST(signals_belong_to_the_host) {
    hn_context *ctx = context_of(4);
    job *j = calloc(1, sizeof *j);
    hni_parallel_for(ctx, 40, look_at_mask, j);
    ck_assert_int_eq(j->counts[0] + j->counts[1], 40);
    ck_assert_int_gt(j->counts[0], 0);
    free(j);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(a_forked_child_works_alone) {
    hn_context *ctx = context_of(3);
    job *j = calloc(1, sizeof *j);
    hni_parallel_for(ctx, 10, count_one, j);
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        hni_parallel_for(ctx, 10, count_one, j);
        hni_context_unref(ctx);
        _exit(j->total == 20 ? 0 : 1);
    }
    int state = 0;
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    ck_assert(WIFEXITED(state) && WEXITSTATUS(state) == 0);
    free(j);
    hni_context_unref(ctx);
}
END_TEST

static void take_and_give(void *arg, uint32_t index) {
    hn_context *ctx = ((job *)arg)->ctx;
    void *kept[8];
    for (size_t i = 0; i < 8; i++)
        kept[i] = i % 2 ? hni_alloc_aligned(ctx, index + 1) : hni_alloc(ctx, i * 100);
    for (size_t i = 0; i < 8; i++)
        hni_free(ctx, kept[i]);
}

START_TEST(memory_is_counted_from_all_threads) {
    failing_allocator host = {0};
    const hn_allocator table = failing_table(&host);
    const hn_context_options options = {.struct_size = sizeof options, .threads = 4, .allocator = &table};
    job j = {0};
    ck_ok(hni_context_create(&options, &j.ctx, &err));
    const uint64_t before = j.ctx->live_bytes, blocks = j.ctx->live_blocks;
    hni_parallel_for(j.ctx, 500, take_and_give, &j);
    ck_assert(j.ctx->live_bytes == before && j.ctx->live_blocks == blocks && j.ctx->allocations == blocks + 4000);
    ck_assert_uint_gt(j.ctx->peak_bytes, before);
    hni_context_unref(j.ctx);
    ck_assert(host.live == 0 && host.wrong_values == 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("threads");
    TCase *cases = tcase_create("threads");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, every_index_once, 1, 6);
    tcase_add_test(cases, many_small_jobs);
    tcase_add_test(cases, nested_calls_run_in_place);
    tcase_add_test(cases, callers_do_not_wait_for_each_other);
    tcase_add_test(cases, the_hosts_threads_come_first);
    tcase_add_test(cases, signals_belong_to_the_host);
    tcase_add_test(cases, a_forked_child_works_alone);
    tcase_add_test(cases, memory_is_counted_from_all_threads);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
