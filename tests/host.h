/* host.h - a host that brings its own memory and its own threads, for tests of any kind: public headers only.
 *
 * The allocator counts, fills fresh memory with 0xA5, and checks that free is told what alloc was told and that nobody wrote past a
 * block's end. parallel_for starts plain threads for each call. With HAEMNET_TEST_HOST set (and not "0"), test_host_apply puts both
 * under a test's context; memory that is left when the process ends then fails the test. */
#ifndef HAEMNET_TEST_HOST_H
#define HAEMNET_TEST_HOST_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "haemnet/context.h"

typedef struct test_host {
    atomic_llong bytes, blocks; /* live */
    atomic_llong calls;         /* of alloc, so far */
    atomic_llong peak;          /* bytes */
    atomic_int wrong;           /* frees with another size or alignment, or with bytes behind the end written */
    bool (*refuse)(void);       /* may be NULL: true = this allocation fails */
    long long limit;            /* bytes live at most; 0 = none */
} test_host;

enum { TEST_HOST_FRONT = 64, TEST_HOST_BACK = 32, TEST_HOST_WIDTH = 3 };
typedef struct test_host_block {
    size_t size, alignment;
} test_host_block;

static inline void *test_host_alloc(void *user, size_t size, size_t alignment) {
    test_host *h = (test_host *)user;
    void *base = NULL;
    atomic_fetch_add(&h->calls, 1);
    if (h->refuse && h->refuse()) return NULL;
    if (h->limit && ((long long)size < 0 || atomic_load(&h->bytes) + (long long)size > h->limit)) return NULL;
    if (size > SIZE_MAX / 2 || posix_memalign(&base, 64, TEST_HOST_FRONT + size + TEST_HOST_BACK)) return NULL;
    const test_host_block block = {size, alignment};
    memcpy(base, &block, sizeof block);
    memset((char *)base + TEST_HOST_FRONT, 0xA5, size + TEST_HOST_BACK);
    long long live = atomic_fetch_add(&h->bytes, (long long)size) + (long long)size, peak = atomic_load(&h->peak);
    while (live > peak && !atomic_compare_exchange_weak(&h->peak, &peak, live)) {
    }
    atomic_fetch_add(&h->blocks, 1);
    return (char *)base + TEST_HOST_FRONT;
}

static inline void test_host_free(void *user, void *ptr, size_t size, size_t alignment) {
    test_host *h = (test_host *)user;
    unsigned char *bytes = (unsigned char *)ptr;
    test_host_block block;
    memcpy(&block, bytes - TEST_HOST_FRONT, sizeof block);
    bool wrong = block.size != size || block.alignment != alignment;
    for (size_t i = 0; i < TEST_HOST_BACK; i++) wrong |= bytes[block.size + i] != 0xA5;
    atomic_fetch_add(&h->wrong, wrong);
    atomic_fetch_sub(&h->bytes, (long long)block.size);
    atomic_fetch_sub(&h->blocks, 1);
    free(bytes - TEST_HOST_FRONT);
}

static inline hn_allocator test_host_allocator(test_host *h) {
    hn_allocator a = {sizeof(hn_allocator), 0, h, test_host_alloc, test_host_free};
    return a;
}

typedef struct test_host_share {
    void (*task)(void *arg, uint32_t index);
    void *arg;
    uint32_t first, count;
} test_host_share;

static inline void *test_host_run(void *argument) {
    const test_host_share *s = (const test_host_share *)argument;
    for (uint32_t i = s->first; i < s->count; i += TEST_HOST_WIDTH) s->task(s->arg, i);
    return NULL;
}

/* The last share runs on the caller's thread, before those that could not be started. */
static inline void test_host_parallel_for(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    pthread_t threads[TEST_HOST_WIDTH];
    test_host_share shares[TEST_HOST_WIDTH];
    bool started[TEST_HOST_WIDTH];
    (void)user;
    for (uint32_t t = 0; t < TEST_HOST_WIDTH; t++) {
        shares[t] = (test_host_share){task, arg, t, count};
        started[t] = t + 1 < TEST_HOST_WIDTH && t + 1 < count && !pthread_create(&threads[t], NULL, test_host_run, &shares[t]);
    }
    for (uint32_t t = TEST_HOST_WIDTH; t-- > 0;)
        if (!started[t]) test_host_run(&shares[t]);
    for (uint32_t t = 0; t < TEST_HOST_WIDTH; t++)
        if (started[t]) pthread_join(threads[t], NULL);
}

static inline bool test_host_wanted(void) {
    const char *text = getenv("HAEMNET_TEST_HOST");
    return text && *text && strcmp(text, "0") != 0;
}

static test_host test_host_shared;

static inline void test_host_at_exit(void) {
    if (!atomic_load(&test_host_shared.blocks) && !atomic_load(&test_host_shared.wrong)) return;
    fprintf(stderr, "the host's allocator: %lld blocks of %lld bytes were not freed, %d frees were wrong\n", atomic_load(&test_host_shared.blocks),
            atomic_load(&test_host_shared.bytes), atomic_load(&test_host_shared.wrong));
    _exit(1);
}

/* Puts the host's memory and threads under a context that brings neither, if HAEMNET_TEST_HOST says so. */
static inline void test_host_apply(hn_context_options *options) {
    static hn_allocator table;
    static pid_t watched;
    if (!test_host_wanted() || options->allocator || options->parallel_for) return;
    if (watched != getpid()) { /* each test may be a process of its own, with its parent's memory */
        watched = getpid();
        atomic_store(&test_host_shared.blocks, 0);
        atomic_store(&test_host_shared.bytes, 0);
        atexit(test_host_at_exit);
    }
    table = test_host_allocator(&test_host_shared);
    options->allocator = &table;
    options->parallel_for = test_host_parallel_for;
    options->parallel_width = TEST_HOST_WIDTH;
}

#endif
