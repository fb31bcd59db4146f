/* harness.h - what every benchmark program shares: options, contexts, cases timed in interleaved rounds, a table and lines of JSON.
 *
 *   bench_begin ─► bench_add … ─► bench_run (a group: warm-up, rounds, table) ─► … ─► bench_fact ─► bench_end
 *
 * A case is something that can be run again and again. The cases of a group take turns, the machine's peak among them, so that a slow
 * moment of the machine hits all alike; the median counts, the best is shown beside it. Processor time is taken too: on a machine that others
 * use at the same time, its share of the peak (flops / processor seconds / what one core does in a processor second) still means something. */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stdio.h>

#include "haemnet/haemnet.h"

enum { BENCH_THREADS = 2, BENCH_CASES = 512, BENCH_NAME = 96 };

typedef struct bench_case {
    char name[BENCH_NAME];
    int threads;
    double items; /* of one run: images, files */
    double flops; /* of one run, a multiply-add counts as two; 0 = not a matter of arithmetic: JSON has null for gflops and peak_share */
    hn_status (*run)(void *state, hn_error *err);
    void (*free)(void *state); /* may be NULL */
    void *state;
    /* filled by bench_run */
    int rounds;
    double seconds, best; /* s of one run: median and smallest of the rounds */
    double cpu;           /* s of processor time of one run, all threads together: median of the rounds */
} bench_case;

typedef struct bench {
    const char *program;
    const char *device; /* as hn_device_find; from --device or DEVICE */
    const char *plugins; /* absolute path of a folder with plug-ins; NULL = the library's own */
    const char *folder; /* for scratch and cached files */
    bool quick;         /* a self-check: the smallest sizes, two short rounds; figures mean nothing */
    bool full;          /* --full: what takes minutes is done as well */
    double limit;       /* s: a case that is expected to take longer is skipped, visibly */
    const char *file;   /* --file: an image of the caller's */
    char device_name[64];
    hn_context *context[BENCH_THREADS + 1]; /* [1] … [BENCH_THREADS], each with so many threads */
    double peak[BENCH_THREADS + 1];         /* GFLOP/s, the best seen so far */
    double cpu_peak;                        /* GFLOP in a second of processor time, the best seen so far */
    double rate[BENCH_THREADS + 1];         /* GFLOP/s on a small network, 0 = not measured yet; see net.h */
    bench_case cases[BENCH_CASES];          /* all so far; those of the running group are the last */
    int n_cases, group;                     /* group: the first that has not run */
    FILE *json;
    hn_error err;
} bench;

/* Options: [--quick] [--full] [--device SPEC] [--plugins DIR] [--json FILE] [--folder DIR] [--limit SECONDS] [--file IMAGE]. Says what it
 * runs on. Ends the process with a message on a usage error or an unknown device. */
void bench_begin(bench *b, const char *program, const char *title, int argc, char **argv);
int bench_end(bench *b); /* frees; gives the exit code */

/* Adds a case to the group; its state is freed after the group has run. */
void bench_add(bench *b, const bench_case *c);
/* Times the group. A case that fails is a failure of the program: it says why and ends. */
void bench_run(bench *b, const char *title);
/* Seconds of a case that ran before; NaN = no such case. */
double bench_seconds(const bench *b, const char *name, int threads);

/* A figure that is not a time: a ratio, bytes, a count. `aim`: the largest or smallest that is good; 0 = none. */
enum { AIM_NONE = 0, AIM_AT_MOST = 1, AIM_AT_LEAST = 2 };
void bench_fact(bench *b, const char *name, double value, const char *unit, int aim, double bound);
void bench_skip(bench *b, const char *name, const char *why);
/* status ≠ HN_OK ends the process with b->err. */
void bench_check(bench *b, hn_status status, const char *what);

/* Runs a case n times, each with its own time: facts for median, 99th percentile and slowest run. `aim`: whether p99 has to be at most
 * twice the median. */
void bench_spread(bench *b, const bench_case *c, int n, bool aim);

#endif
