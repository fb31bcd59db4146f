/* threads.c - parallel_for over the host's threads, or over a small pool of our own.
 *
 * The pool runs one job at a time. Each thread has its share of the indices and then helps with the others', so an uneven task delays
 * nobody, and what one loop wrote the next one mostly reads on the same core. Results do not depend on who takes what, since tasks are
 * cut without regard to threads. Whoever finds the pool busy (another thread, or a
 * task that calls again) runs its tasks itself: no queue, no wait, no deadlock. The caller does not wait for workers that have not
 * woken up yet, only for those inside the job.
 *
 * A network is a row of short loops, so a worker that has just done one looks out for the next for SPIN seconds before it sleeps, and a
 * caller does likewise for its workers: to wake a thread costs more than many an operator. Where there are more threads than cores nobody
 * spins. No work stealing, no priorities: the work here is loops over tensors. */
#include "threads.h"

#include <string.h>

#include "memory.h"
#include "status.h"

#define SPIN 50e-6 /* s: longer than what a training step does on one thread between two loops, shorter than a time slice by far */

/* The pool's state in one word, so that joining and leaving a job need no lock: job number · 2^32 + OPEN + workers inside. */
#define OPEN ((uint_fast64_t)1 << 31)
#define JOB(state) ((state) >> 32)
#define INSIDE(state) ((state) & (OPEN - 1))

/* The indices next … end - 1, of which anybody takes the next; a cache line of its own. */
typedef struct share {
    _Alignas(64) atomic_uint_fast64_t next; /* 64 bits, so that overshoot cannot wrap */
    uint64_t end;
} share;

/* A thread of ours and what it starts with. */
typedef struct worker {
    hni_thread thread;
    struct hni_pool *pool;
    int32_t share; /* the caller's is number 0 */
} worker;

struct hni_pool {
    hni_mutex busy; /* held by the caller whose job runs; only ever tried */
    hni_mutex lock; /* for sleeping and waking alone */
    hni_cond wake, idle;
    void (*task)(void *arg, uint32_t index); /* of the job; written while it is closed and nobody is inside */
    void *arg;
    atomic_uint_fast64_t state;
    atomic_int asleep;         /* workers that need a signal */
    atomic_bool waiting;       /* the caller does */
    atomic_bool stop;          /* workers shall end */
    bool spin;
    uint32_t process;          /* who started the threads: a forked child has none */
    int32_t started;
    int32_t n_shares;          /* the caller's and one a worker */
    share *shares;
    worker workers[];
};

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Looks out for SPIN seconds; true as soon as there is what is looked for. */
static bool spin_for(struct hni_pool *pool, bool (*is_there)(struct hni_pool *pool, uint_fast64_t seen), uint_fast64_t seen) {
    if (!pool->spin)
        return is_there(pool, seen);
    if (is_there(pool, seen))
        return true;
    const double end = hni_seconds() + SPIN;
    do
        for (int i = 0; i < 32; i++) {
            if (is_there(pool, seen))
                return true;
            pause_briefly();
        }
    while (hni_seconds() < end);
    return false;
}

/* Share `own` first, then what is left of the others. */
static void take_indices(struct hni_pool *pool, int32_t own, void (*task)(void *arg, uint32_t index), void *arg) {
    for (int32_t i = 0; i < pool->n_shares; i++) {
        share *s = &pool->shares[(own + i) % pool->n_shares];
        for (;;) {
            const uint64_t index = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
            if (index >= s->end)
                break;
            task(arg, (uint32_t)index);
        }
    }
}

/* For a worker: a job that it has not been in, or the end. */
static bool has_news(struct hni_pool *pool, uint_fast64_t seen) {
    const uint_fast64_t state = atomic_load(&pool->state);
    return ((state & OPEN) && JOB(state) != seen) || atomic_load(&pool->stop);
}

static void sleep_until_news(struct hni_pool *pool, uint_fast64_t seen) {
    hni_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->asleep, 1); /* before the look: the caller opens first and then looks who sleeps */
    while (!has_news(pool, seen))
        hni_cond_wait(&pool->wake, &pool->lock);
    atomic_fetch_sub(&pool->asleep, 1);
    hni_mutex_unlock(&pool->lock);
}

/* True: the worker is inside job *seen, and the job's fields stand still until it leaves. */
static bool join(struct hni_pool *pool, uint_fast64_t *seen) {
    uint_fast64_t state = atomic_load(&pool->state);
    while ((state & OPEN) && JOB(state) != *seen)
        if (atomic_compare_exchange_weak(&pool->state, &state, state + 1)) {
            *seen = JOB(state);
            return true;
        }
    return false;
}

static void leave(struct hni_pool *pool) {
    const uint_fast64_t state = atomic_fetch_sub(&pool->state, 1) - 1;
    if (INSIDE(state) == 0 && atomic_load(&pool->waiting)) {
        hni_mutex_lock(&pool->lock);
        hni_cond_broadcast(&pool->idle);
        hni_mutex_unlock(&pool->lock);
    }
}

static void *work(void *argument) {
    const worker *self = argument;
    struct hni_pool *pool = self->pool;
    uint_fast64_t seen = 0;
    while (!atomic_load(&pool->stop)) {
        if (!spin_for(pool, has_news, seen))
            sleep_until_news(pool, seen);
        if (join(pool, &seen)) {
            take_indices(pool, self->share, pool->task, pool->arg);
            leave(pool);
        }
    }
    return NULL;
}

static bool nobody_inside(struct hni_pool *pool, uint_fast64_t unused) {
    (void)unused;
    return INSIDE(atomic_load(&pool->state)) == 0;
}

static void wait_for_workers(struct hni_pool *pool) {
    if (spin_for(pool, nobody_inside, 0))
        return;
    hni_mutex_lock(&pool->lock);
    atomic_store(&pool->waiting, true); /* before the look: a worker leaves first and then looks who waits */
    while (!nobody_inside(pool, 0))
        hni_cond_wait(&pool->idle, &pool->lock);
    atomic_store(&pool->waiting, false);
    hni_mutex_unlock(&pool->lock);
}

static void pool_run(struct hni_pool *pool, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    pool->task = task;
    pool->arg = arg;
    for (int32_t i = 0; i < pool->n_shares; i++) {
        atomic_store_explicit(&pool->shares[i].next, (uint64_t)count * (uint64_t)i / (uint64_t)pool->n_shares, memory_order_relaxed);
        pool->shares[i].end = (uint64_t)count * (uint64_t)(i + 1) / (uint64_t)pool->n_shares;
    }
    const uint_fast64_t job = JOB(atomic_load(&pool->state)) % UINT32_MAX + 1; /* never 0, which no worker has seen */
    atomic_store(&pool->state, job << 32 | OPEN);
    if (atomic_load(&pool->asleep) > 0) {
        hni_mutex_lock(&pool->lock);
        hni_cond_broadcast(&pool->wake);
        hni_mutex_unlock(&pool->lock);
    }
    take_indices(pool, 0, task, arg);
    atomic_fetch_and(&pool->state, ~OPEN);
    wait_for_workers(pool);
}

void hni_parallel_for(hn_context *ctx, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    struct hni_pool *pool = ctx->pool;
    if (count > 1 && ctx->parallel_for) {
        ctx->parallel_for(ctx->parallel_user, count, task, arg);
        return;
    }
    if (count > 1 && pool && pool->process == hni_os_process_id() && hni_mutex_trylock(&pool->busy)) { /* a forked child has no workers */
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
    const size_t head = (sizeof(struct hni_pool) + (size_t)workers * sizeof(worker) + HNI_ALIGN - 1) / HNI_ALIGN * HNI_ALIGN;
    const size_t size = head + (size_t)(workers + 1) * sizeof(share);
    struct hni_pool *pool = hni_alloc_aligned(ctx, size);
    if (!pool)
        return hni_fail_memory(err, size, "the thread pool");
    memset(pool, 0, size);
    pool->shares = (share *)(void *)((uint8_t *)pool + head);
    pool->n_shares = workers + 1;
    for (int32_t i = 0; i < pool->n_shares; i++)
        atomic_init(&pool->shares[i].next, 0);
    atomic_init(&pool->state, 0);
    atomic_init(&pool->asleep, 0);
    atomic_init(&pool->waiting, false);
    atomic_init(&pool->stop, false);
    pool->spin = threads <= hni_core_count();
    pool->process = hni_os_process_id();

    int made = 0, failed = make_locks(pool, &made);
    if (failed) {
        drop_locks(pool, made);
        hni_free_aligned(ctx, pool);
        return hni_fail_errno(err, failed, "cannot make the thread pool's locks");
    }
    while (pool->started < workers) {
        worker *w = &pool->workers[pool->started];
        w->pool = pool;
        w->share = pool->started + 1;
        failed = hni_thread_start(&w->thread, work, w);
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
        atomic_store(&pool->stop, true);
        hni_cond_broadcast(&pool->wake);
        hni_mutex_unlock(&pool->lock);
        for (int32_t i = 0; i < pool->started; i++)
            hni_thread_join(pool->workers[i].thread);
        drop_locks(pool, 4);
    }
    hni_free_aligned(ctx, pool);
}
