/* threads.c - parallel_for over the host's threads, or over a small pool of our own.
 *
 * The pool runs one job at a time. Threads take the next index from a shared counter, so an uneven task delays nobody; results do
 * not depend on who takes what, since tasks are cut without regard to threads. Whoever finds the pool busy (another thread, or a
 * task that calls again) runs its tasks itself: no queue, no wait, no deadlock. The caller does not wait for workers that have not
 * woken up yet, only for those inside the job. No work stealing, no priorities: the work here is loops over tensors. */
#include "threads.h"

#include "memory.h"
#include "status.h"

struct hni_pool {
    hni_mutex busy; /* held by the caller whose job runs; only ever tried */
    hni_mutex lock; /* guards all below but next */
    hni_cond wake, idle;
    void (*task)(void *arg, uint32_t index);
    void *arg;
    uint32_t count;
    uint64_t job;             /* number of the job, so that a worker joins each one once */
    bool open, stop;          /* job may be joined; workers shall end */
    int32_t inside;           /* workers in the job */
    atomic_uint_fast64_t next; /* the index to take; 64 bits, so that overshoot cannot wrap */
    uint32_t process;         /* who started the threads: a forked child has none */
    int32_t started;
    hni_thread threads[];
};

static void take_indices(struct hni_pool *pool, void (*task)(void *arg, uint32_t index), void *arg, uint32_t count) {
    for (;;) {
        const uint64_t index = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (index >= count)
            return;
        task(arg, (uint32_t)index);
    }
}

static void *work(void *argument) {
    struct hni_pool *pool = argument;
    uint64_t seen = 0;
    hni_mutex_lock(&pool->lock);
    while (!pool->stop) {
        if (!pool->open || pool->job == seen) {
            hni_cond_wait(&pool->wake, &pool->lock);
            continue;
        }
        seen = pool->job;
        void (*task)(void *, uint32_t) = pool->task;
        void *arg = pool->arg;
        const uint32_t count = pool->count;
        pool->inside++;
        hni_mutex_unlock(&pool->lock);
        take_indices(pool, task, arg, count);
        hni_mutex_lock(&pool->lock);
        if (--pool->inside == 0)
            hni_cond_broadcast(&pool->idle);
    }
    hni_mutex_unlock(&pool->lock);
    return NULL;
}

static void pool_run(struct hni_pool *pool, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    hni_mutex_lock(&pool->lock);
    pool->task = task;
    pool->arg = arg;
    pool->count = count;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    pool->job++;
    pool->open = true;
    hni_cond_broadcast(&pool->wake);
    hni_mutex_unlock(&pool->lock);

    take_indices(pool, task, arg, count);

    hni_mutex_lock(&pool->lock);
    pool->open = false;
    while (pool->inside > 0)
        hni_cond_wait(&pool->idle, &pool->lock);
    hni_mutex_unlock(&pool->lock);
}

void hni_parallel_for(hn_context *ctx, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    struct hni_pool *pool = ctx->pool;
    if (count > 1 && ctx->parallel_for) {
        ctx->parallel_for(ctx->parallel_user, count, task, arg);
        return;
    }
    if (count > 1 && pool && hni_mutex_trylock(&pool->busy)) {
        pool_run(pool, count, task, arg);
        hni_mutex_unlock(&pool->busy);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        task(arg, i);
}

/* POSIX lets each of these fail; *made counts those that exist, for drop_locks. */
static int make_locks(struct hni_pool *pool, int *made) {
    int failed = hni_mutex_init(&pool->busy);
    if (failed)
        return failed;
    *made = 1;
    if ((failed = hni_mutex_init(&pool->lock)) != 0)
        return failed;
    *made = 2;
    if ((failed = hni_cond_init(&pool->wake)) != 0)
        return failed;
    *made = 3;
    if ((failed = hni_cond_init(&pool->idle)) != 0)
        return failed;
    *made = 4;
    return 0;
}

static void drop_locks(struct hni_pool *pool, int made) {
    if (made > 3)
        hni_cond_destroy(&pool->idle);
    if (made > 2)
        hni_cond_destroy(&pool->wake);
    if (made > 1)
        hni_mutex_destroy(&pool->lock);
    if (made > 0)
        hni_mutex_destroy(&pool->busy);
}

hn_status hni_pool_create(hn_context *ctx, int32_t threads, struct hni_pool **out, hn_error *err) {
    *out = NULL;
    const int32_t workers = threads > 1 ? threads - 1 : 0;
    const size_t size = sizeof(struct hni_pool) + (size_t)workers * sizeof(hni_thread);
    struct hni_pool *pool = hni_calloc(ctx, 1, size);
    if (!pool)
        return hni_fail_memory(err, size, "the thread pool");
    atomic_init(&pool->next, 0);
    pool->process = hni_os_process_id();

    int made = 0, failed = make_locks(pool, &made);
    if (failed) {
        drop_locks(pool, made);
        hni_free(ctx, pool);
        return hni_fail_errno(err, failed, "cannot make the thread pool's locks");
    }
    while (pool->started < workers) {
        failed = hni_thread_start(&pool->threads[pool->started], work, pool);
        if (failed) {
            const int32_t got = pool->started;
            hni_pool_free(ctx, pool);
            return hni_fail_errno(err, failed, "cannot start thread %d of %d: ask for fewer threads", (int)got + 1, (int)workers);
        }
        pool->started++;
    }
    *out = pool;
    return HN_OK;
}

void hni_pool_free(hn_context *ctx, struct hni_pool *pool) {
    if (!pool)
        return;
    if (pool->process == hni_os_process_id()) { /* in a forked child there is nobody to join, and waiting would be for ever */
        hni_mutex_lock(&pool->lock);
        pool->stop = true;
        hni_cond_broadcast(&pool->wake);
        hni_mutex_unlock(&pool->lock);
        for (int32_t i = 0; i < pool->started; i++)
            hni_thread_join(pool->threads[i]);
        drop_locks(pool, 4);
    }
    hni_free(ctx, pool);
}
