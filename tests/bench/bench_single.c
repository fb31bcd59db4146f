/* bench_single.c - one image at a time: how long, how evenly, with how many allocations; and what the host's own threads cost.
 *
 *   "network"     the prepared network on pixels in memory (what other run-times measure)
 *   "hn_predict"  the public call on an 8-bit RGB image of the input's size: preprocessing and verdict included */
#include "base/threads.h"
#include "net.h"
#include "single.h"

enum { MANY = 10000 };

/* The host's parallel_for: here the pool of a context that nobody else uses. */
static void lent_threads(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    hni_parallel_for(user, count, task, arg);
}

static hn_context *host_context(bench *b, hn_context *lender) {
    hn_context_options o = {
        .struct_size = sizeof o, .parallel_for = lent_threads, .parallel_user = lender, .parallel_width = BENCH_THREADS};
    hn_context *ctx;
    bench_check(b, hn_context_create(&o, &ctx, &b->err), "a context with the host's threads");
    return ctx;
}

static void times(bench *b, int32_t size, int32_t hidden) {
    const net_spec spec = {"tinyvgg", size, hidden, 1, HNI_MODE_PREDICT};
    hn_context *host = host_context(b, b->context[BENCH_THREADS]);
    bench_case c = {.items = 1, .flops = net_flops(b->context[1], &spec), .run = single_run, .free = single_free};
    net *n;
    for (int t = 1; t <= BENCH_THREADS; t++) {
        net_add(b, "one image, network", t, &spec);
        c.threads = t;
        snprintf(c.name, sizeof c.name, "one image, hn_predict");
        bench_check(b, single_create(b->context[t], b->device, size, hidden, (single **)&c.state, &b->err), c.name);
        bench_add(b, &c);
    }
    bench_check(b, net_create(host, b->device, &spec, &n, &b->err), "a network on the host's threads");
    bench_case h = {.name = "one image, network, host's parallel_for",
                    .threads = BENCH_THREADS,
                    .items = 1,
                    .flops = n->flops,
                    .run = net_run,
                    .free = net_free,
                    .state = n};
    bench_add(b, &h);
    bench_run(b, "One image, TinyVGG");
    hn_context_free(host);
    printf("\n");
    bench_fact(b, "one image, network, 2 threads", bench_seconds(b, "one image, network", 2) * 1e6, "us", AIM_AT_MOST, 150);
    bench_fact(b, "host's parallel_for against the library's threads",
               bench_seconds(b, h.name, 2) / bench_seconds(b, "one image, network", 2), "x", AIM_AT_MOST, 1.05);
}

/* Many single predictions: their spread and their allocations. */
static void flatness(bench *b, int threads, int32_t size, int32_t hidden) {
    const double fits = 20 / bench_seconds(b, "one image, hn_predict", threads);
    const int n = b->quick ? 100 : fits < MANY ? (int)fits + 100 : MANY;
    hn_memory_info before = {.struct_size = sizeof before}, after = {.struct_size = sizeof after};
    bench_case c = {.name = "hn_predict", .threads = threads, .run = single_run};
    char name[BENCH_NAME];
    bench_check(b, single_create(b->context[threads], b->device, size, hidden, (single **)&c.state, &b->err), "a predictor");
    for (int i = 0; i < 10; i++) bench_check(b, single_run(c.state, &b->err), "a prediction");
    bench_check(b, hn_context_memory(b->context[threads], &before, &b->err), "the memory count");
    bench_spread(b, &c, n, true);
    bench_check(b, hn_context_memory(b->context[threads], &after, &b->err), "the memory count");
    single_free(c.state);
    snprintf(name, sizeof name, "hn_predict, %d thread%s: allocations a prediction", threads, threads == 1 ? "" : "s");
    bench_fact(b, name, (double)(after.allocations - before.allocations) / n, "", AIM_AT_MOST, 0);
    snprintf(name, sizeof name, "hn_predict, %d thread%s: growth of live memory", threads, threads == 1 ? "" : "s");
    bench_fact(b, name, (double)after.live_bytes - (double)before.live_bytes, "bytes", AIM_AT_MOST, 0);
}

int main(int argc, char **argv) {
    static bench b;
    bench_begin(&b, "bench_single", "One image", argc, argv);
    const int32_t size = b.quick ? 16 : 64, hidden = b.quick ? 4 : 10;
    times(&b, size, hidden);
    for (int t = 1; t <= BENCH_THREADS; t++) flatness(&b, t, size, hidden);
    return bench_end(&b);
}
