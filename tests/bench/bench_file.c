/* bench_file.c - a JPEG file's bytes in memory → probability, on one thread: how long, where the time goes, how even.
 *
 * The file is a phantom slice of 650 × 650 px, or the caller's (--file). */
#include "phantoms.h"
#include "verdict.h"

int main(int argc, char **argv) {
    static bench b;
    static const struct {
        const char *name;
        hn_status (*run)(void *state, hn_error *err);
    } parts[] = {{"file to verdict", verdict_run},
                 {"file to verdict: decode", verdict_decode},
                 {"file to verdict: resize", verdict_resize},
                 {"file to verdict: network", verdict_network}};
    enum { PARTS = sizeof parts / sizeof *parts };
    char path[1024], name[BENCH_NAME];
    verdict *v;
    bench_begin(&b, "bench_file", "From a file's bytes to a verdict", argc, argv);
    snprintf(path, sizeof path, "%s/phantom-%d.jpg", b.folder, b.quick ? 128 : 650);
    if (!b.file) bench_check(&b, phantom_make(b.context[2], path, b.quick ? 128 : 650, &b.err), path);
    const char *file = b.file ? b.file : path;
    bench_check(&b, verdict_create(b.context[1], b.device, file, b.quick ? 16 : 64, &v, &b.err), file);
    printf("%s: %zu bytes\n", file, v->size);
    for (int i = 0; i < PARTS; i++) {
        bench_case c = {.threads = 1, .items = 1, .run = parts[i].run, .state = v};
        snprintf(c.name, sizeof c.name, "%s", parts[i].name);
        if (parts[i].run == verdict_network) c.flops = v->network->flops;
        bench_add(&b, &c);
    }
    bench_run(&b, "From a file's bytes to a verdict (files)");
    printf("\n");
    const double whole = bench_seconds(&b, parts[0].name, 1);
    for (int i = 1; i < PARTS; i++) {
        snprintf(name, sizeof name, "%s, share", parts[i].name);
        bench_fact(&b, name, 100 * bench_seconds(&b, parts[i].name, 1) / whole, "%", AIM_NONE, 0);
    }
    bench_case c = {.name = "file to verdict", .threads = 1, .run = verdict_run, .state = v};
    const double fits = 5 / whole;
    bench_spread(&b, &c, b.quick ? 20 : fits < 2000 ? (int)fits + 20 : 2000, false);
    verdict_free(v);
    return bench_end(&b);
}
