/* harness.c - options, contexts, rounds and reports of the benchmark programs. Knows no network: a case is a function with a state. */
#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/os.h" /* defines: hni_seconds */
#include "peak.h"

enum { MOST_ROUNDS = 7 };

void bench_check(bench *b, hn_status status, const char *what) {
    if (!status) return;
    fprintf(stderr, "%s: %s: %s: %s\n", b->program, what, hn_status_name(status), b->err.message);
    exit(1);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- Begin and end. -------------------------------------------------------------------------------------------------------------- */

static void usage(const char *program, const char *word) {
    fprintf(stderr,
            "%s: %s is not understood\nusage: %s [--quick] [--full] [--device SPEC] [--plugins DIR] [--json FILE] [--folder DIR] "
            "[--limit SECONDS] [--file IMAGE]\n",
            program, word, program);
    exit(2);
}

static void read_options(bench *b, int argc, char **argv) {
    const char *json = NULL, *limit = NULL, *device = getenv("DEVICE");
    const struct {
        const char *name;
        const char **value;
    } texts[] = {{"--device", &device},    {"--plugins", &b->plugins}, {"--json", &json},
                 {"--folder", &b->folder}, {"--limit", &limit},        {"--file", &b->file}};
    for (int i = 1; i < argc; i++) {
        size_t t = 0;
        while (t < sizeof texts / sizeof *texts && strcmp(argv[i], texts[t].name)) t++;
        if (!strcmp(argv[i], "--quick"))
            b->quick = true;
        else if (!strcmp(argv[i], "--full"))
            b->full = true;
        else if (t < sizeof texts / sizeof *texts && i + 1 < argc)
            *texts[t].value = argv[++i];
        else
            usage(b->program, argv[i]);
    }
    b->device = device && *device ? device : "best";
    b->limit = limit ? strtod(limit, NULL) : 60;
    if (json && !(b->json = fopen(json, "w"))) {
        perror(json);
        exit(1);
    }
}

static void make_contexts(bench *b) {
    for (int t = 1; t <= BENCH_THREADS; t++) {
        hn_context_options o = {.struct_size = sizeof o, .threads = t, .plugin_dir = b->plugins};
        bench_check(b, hn_context_create(&o, &b->context[t], &b->err), "a context");
    }
    hn_device_info info = {.struct_size = sizeof info};
    int32_t device;
    bench_check(b, hn_device_find(b->context[1], b->device, &device, &b->err), b->device);
    bench_check(b, hn_device_get(b->context[1], device, &info, &b->err), b->device);
    snprintf(b->device_name, sizeof b->device_name, "%s", info.name);
}

static void look_at_peak(bench *b, double seconds) {
    for (int t = 1; t <= BENCH_THREADS; t++) {
        double cpu, now = bench_peak_gflops(t, seconds, &cpu);
        if (cpu > b->cpu_peak && seconds >= 0.01) b->cpu_peak = cpu; /* the clock is too coarse for less */
        if (now > b->peak[t]) b->peak[t] = now;
    }
}

void bench_begin(bench *b, const char *program, const char *title, int argc, char **argv) {
    memset(b, 0, sizeof *b);
    b->program = program;
    b->folder = "build/bench-data";
    read_options(b, argc, argv);
    make_contexts(b);
    look_at_peak(b, b->quick ? 0.01 : 0.1);
    double load = 0;
    if (getloadavg(&load, 1) == 1 && load > 0.5)
        printf("\nload average %.1f: others are at work on this machine, and the figures suffer\n", load);
    printf("\n== %s ==\nlibhaemnet %s, device %s, peak of %s: %.1f GFLOP/s on 1 thread, %.1f on %d%s\n", title, hn_version_string(),
           b->device_name, bench_peak_isa(), b->peak[1], b->peak[BENCH_THREADS], BENCH_THREADS,
           b->quick ? "  (--quick: figures mean nothing)" : "");
    fflush(stdout);
}

int bench_end(bench *b) {
    for (int t = 1; t <= BENCH_THREADS; t++) hn_context_free(b->context[t]);
    if (!b->json) return 0;
    fprintf(b->json, "{\"threads_1\": %.6g, \"threads_2\": %.6g, \"isa\": \"%s\", \"device\": \"%s\"}\n", b->peak[1], b->peak[2],
            bench_peak_isa(), b->device_name);
    if (fclose(b->json)) {
        perror("the JSON file");
        return 1;
    }
    return 0;
}

/* ---- Cases. ---------------------------------------------------------------------------------------------------------------------- */

void bench_add(bench *b, const bench_case *c) {
    if (b->n_cases == BENCH_CASES) {
        fprintf(stderr, "%s: more than %d cases\n", b->program, BENCH_CASES);
        exit(1);
    }
    b->cases[b->n_cases++] = *c;
}

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* s of one run, and of processor time (cpu may be NULL). */
static double time_runs(bench *b, const bench_case *c, int runs, double *cpu) {
    double cpu_begin = cpu_seconds(), begin = hni_seconds();
    for (int i = 0; i < runs; i++) bench_check(b, c->run(c->state, &b->err), c->name);
    double seconds = (hni_seconds() - begin) / runs;
    if (cpu) *cpu = (cpu_seconds() - cpu_begin) / runs;
    return seconds;
}

typedef struct schedule { /* how often a case is run */
    int runs;             /* in one round, so that a round is long enough for the clock */
    int rounds;
    double seconds[MOST_ROUNDS], cpu[MOST_ROUNDS];
} schedule;

/* The first run warms caches and tells how long one takes. */
static schedule plan(bench *b, const bench_case *c) {
    double round = b->quick ? 0.001 : 0.05, cpu, once = time_runs(b, c, 1, &cpu);
    if (!b->quick && once < 0.01) once = time_runs(b, c, 2, &cpu);
    schedule s = {.runs = once < round ? (int)(round / once) + 1 : 1, .rounds = b->quick ? 2 : MOST_ROUNDS};
    if (once > 1) s.rounds = 3;
    if (once > b->limit / 4) { /* it stays at the one run that has been made */
        s.rounds = 0;
        s.seconds[0] = once;
        s.cpu[0] = cpu;
    }
    return s;
}

/* Sorts. */
static double median(double *values, int n) {
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void settle(bench_case *c, schedule *s) {
    c->rounds = s->rounds ? s->rounds : 1;
    c->seconds = median(s->seconds, c->rounds);
    c->best = s->seconds[0];
    c->cpu = median(s->cpu, c->rounds);
}

static void print_time(double seconds) {
    if (seconds < 1e-3)
        printf("  %8.2f µs", seconds * 1e6);
    else if (seconds < 1)
        printf("  %8.3f ms", seconds * 1e3);
    else
        printf("  %8.3f s ", seconds);
}

static void report(bench *b, const bench_case *c) {
    double gflops = c->flops / c->seconds * 1e-9, share = gflops / b->peak[c->threads], cpu_share = c->flops / c->cpu * 1e-9 / b->cpu_peak;
    printf("%-58s %2d", c->name, c->threads);
    print_time(c->seconds);
    print_time(c->best);
    printf(" %12.1f", c->items / c->seconds);
    if (c->flops > 0)
        printf(" %9.2f %7.1f %% %7.1f %%\n", gflops, 100 * share, 100 * cpu_share);
    else
        printf(" %9s %9s %9s\n", "-", "-", "-");
    if (!b->json) return;
    fprintf(b->json, "{\"name\": \"%s\", \"threads\": %d, \"seconds\": %.9g, ", c->name, c->threads, c->seconds);
    fprintf(b->json, "\"best_seconds\": %.9g, \"cpu_seconds\": %.9g, \"rounds\": %d, ", c->best, c->cpu, c->rounds);
    fprintf(b->json, "\"items_per_second\": %.9g, ", c->items / c->seconds);
    if (c->flops > 0)
        fprintf(b->json, "\"gflops\": %.9g, \"peak_share\": %.6g, \"cpu_peak_share\": %.6g}\n", gflops, share, cpu_share);
    else
        fprintf(b->json, "\"gflops\": null, \"peak_share\": null, \"cpu_peak_share\": null}\n");
}

void bench_run(bench *b, const char *title) {
    int n = b->n_cases - b->group;
    if (!n) return;
    bench_case *cases = b->cases + b->group;
    schedule *plans = calloc((size_t)n, sizeof *plans);
    if (!plans) exit(1);
    for (int i = 0; i < n; i++) plans[i] = plan(b, &cases[i]);
    for (int round = 0; round < MOST_ROUNDS; round++) {
        look_at_peak(b, b->quick ? 0.001 : 0.01);
        for (int i = 0; i < n; i++)
            if (round < plans[i].rounds) plans[i].seconds[round] = time_runs(b, &cases[i], plans[i].runs, &plans[i].cpu[round]);
    }
    printf("\n%-58s %2s  %11s  %11s %11s %9s %9s %9s\n", title, "th", "median ", "best   ", "items/s", "GFLOP/s", "of peak", "by CPU");
    for (int i = 0; i < n; i++) {
        settle(&cases[i], &plans[i]);
        report(b, &cases[i]);
        if (cases[i].free) cases[i].free(cases[i].state);
    }
    free(plans);
    b->group = b->n_cases;
    fflush(stdout);
}

double bench_seconds(const bench *b, const char *name, int threads) {
    for (int i = 0; i < b->group; i++)
        if (b->cases[i].threads == threads && !strcmp(b->cases[i].name, name)) return b->cases[i].seconds;
    return NAN;
}

/* ---- Facts. ---------------------------------------------------------------------------------------------------------------------- */

void bench_fact(bench *b, const char *name, double value, const char *unit, int aim, double bound) {
    bool good = aim == AIM_AT_MOST ? value <= bound : value >= bound;
    if (b->quick) aim = AIM_NONE;
    printf("  %-72s %12.6g %s", name, value, unit);
    if (aim) printf("  (aim: at %s %g: %s)", aim == AIM_AT_MOST ? "most" : "least", bound, good ? "met" : "NOT met");
    printf("\n");
    fflush(stdout);
    if (!b->json || !isfinite(value)) return;
    fprintf(b->json, "{\"fact\": \"%s\", \"value\": %.9g, \"unit\": \"%s\"", name, value, unit);
    if (aim)
        fprintf(b->json, ", \"aim\": \"at %s %g\", \"met\": %s", aim == AIM_AT_MOST ? "most" : "least", bound, good ? "true" : "false");
    fprintf(b->json, "}\n");
}

void bench_spread(bench *b, const bench_case *c, int n, bool aim) {
    double *seconds = calloc((size_t)n, sizeof *seconds);
    if (!seconds) exit(1);
    for (int i = 0; i < n; i++) seconds[i] = time_runs(b, c, 1, NULL);
    qsort(seconds, (size_t)n, sizeof *seconds, compare_doubles);
    const struct {
        const char *what;
        double value;
        const char *unit;
    } facts[] = {{"median", seconds[n / 2] * 1e6, "us"},
                 {"p99", seconds[n * 99 / 100] * 1e6, "us"},
                 {"slowest", seconds[n - 1] * 1e6, "us"},
                 {"p99 against the median", seconds[n * 99 / 100] / seconds[n / 2], "x"}};
    printf("\n%d runs of %s, %d thread%s\n", n, c->name, c->threads, c->threads == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        char name[2 * BENCH_NAME];
        snprintf(name, sizeof name, "%s, %d thread%s: %s", c->name, c->threads, c->threads == 1 ? "" : "s", facts[i].what);
        bench_fact(b, name, facts[i].value, facts[i].unit, aim && i == 3 ? AIM_AT_MOST : AIM_NONE, 2);
    }
    free(seconds);
}

void bench_skip(bench *b, const char *name, const char *why) {
    printf("  SKIP %s: %s\n", name, why);
    fflush(stdout);
    if (b->json) fprintf(b->json, "{\"skipped\": \"%s\", \"why\": \"%s\"}\n", name, why);
}
