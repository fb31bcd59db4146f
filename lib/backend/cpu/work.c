/* work.c - loops over the host's threads.
 *
 * Pieces are cut by the callers without regard to threads. Where pieces need scratch memory, strands are cut from them: a strand's
 * number of pieces may follow the threads, since no sum crosses pieces. */
#include "cpu.h"

/* The host counts tasks in 32 bits; more pieces than this are run several to a task. */
enum { MAX_TASKS = 65536, STRANDS_A_THREAD = 4, MAX_STRANDS = 256, FEW_NUMBERS = 65536 };

typedef struct loop {
    const hni_cpu_call *call;
    hni_cpu_task task;
    int64_t count, per_task;
} loop;

static void run_pieces(void *arg, uint32_t index) {
    const loop *l = (const loop *)arg;
    const int64_t first = (int64_t)index * l->per_task;
    for (int64_t i = first; i < first + l->per_task && i < l->count; i++)
        l->task(l->call, i);
}

void hni_cpu_for(const hni_cpu_call *call, int64_t count, hni_cpu_task task) {
    const hn_backend_host *host = call->op->host;
    loop l = {call, task, count, (count + MAX_TASKS - 1) / MAX_TASKS};
    if (count == 1) { /* no thread need wake up for it */
        task(call, 0);
        return;
    }
    host->parallel_for(host->user, (uint32_t)((count + l.per_task - 1) / l.per_task), run_pieces, &l);
}

void hni_cpu_for_numbers(const hni_cpu_call *call, int64_t count, int64_t numbers, hni_cpu_task task) {
    if (numbers > FEW_NUMBERS)
        hni_cpu_for(call, count, task);
    else
        for (int64_t i = 0; i < count; i++)
            task(call, i);
}

typedef struct strands {
    const hni_cpu_call *call;
    hni_cpu_strand strand;
    int64_t pieces, workers;
    uint8_t *scratch;
    uint64_t scratch_bytes;
} strands;

static void run_strand(void *arg, uint32_t worker) {
    const strands *s = (const strands *)arg;
    const int64_t first = s->pieces * worker / s->workers, end = s->pieces * (worker + 1) / s->workers;
    for (int64_t i = first; i < end; i++)
        s->strand(s->call, i, s->scratch + worker * s->scratch_bytes);
}

int64_t hni_cpu_workers(const hn_backend_host *host, int64_t pieces) {
    const int64_t threads = host->threads > 1 ? host->threads : 1;
    return hni_cpu_min(hni_cpu_min(threads * (threads > 1 ? STRANDS_A_THREAD : 1), MAX_STRANDS), pieces);
}

void hni_cpu_for_scratch(const hni_cpu_call *call, int64_t pieces, int64_t workers, uint8_t *scratch, uint64_t scratch_bytes,
                         hni_cpu_strand strand) {
    const hn_backend_host *host = call->op->host;
    strands s = {call, strand, pieces, workers, scratch, scratch_bytes};
    if (workers == 1)
        run_strand(&s, 0);
    else
        host->parallel_for(host->user, (uint32_t)workers, run_strand, &s);
}
