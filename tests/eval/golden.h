/* golden.h - reading tests/golden/metrics.txt, case by case. The format is the generator's: see gen_metrics.py. */
#ifndef TESTS_EVAL_GOLDEN_H
#define TESTS_EVAL_GOLDEN_H

#include <math.h>
#include <stdbool.h>

#include "haemnet/evaluate.h"
#include "../test.h"

typedef struct golden_case {
    char name[64];
    int task, classes, positive;
    long n;
    double threshold;
    int32_t *truth;
    uint64_t *labels;
    double *probabilities;
} golden_case;

static inline void golden_alloc(golden_case *c) {
    c->truth = calloc((size_t)c->n, sizeof *c->truth);
    c->labels = calloc((size_t)c->n, sizeof *c->labels);
    c->probabilities = calloc((size_t)c->n * (size_t)c->classes, sizeof *c->probabilities);
    ck_assert(c->truth && c->labels && c->probabilities);
}

static inline void golden_free(golden_case *c) {
    free(c->truth);
    free(c->labels);
    free(c->probabilities);
}

/* nan and inf as Python prints them. */
static inline double golden_number(FILE *f) {
    char text[64];
    ck_assert_int_eq(fscanf(f, "%63s", text), 1);
    return strcmp(text, "nan") == 0 ? NAN : strtod(text, NULL);
}

static inline long golden_int(FILE *f) {
    long value;
    ck_assert_int_eq(fscanf(f, "%ld", &value), 1);
    return value;
}

static inline void golden_rows(FILE *f, golden_case *c) {
    for (long i = 0; i < c->n; i++) {
        unsigned long long bits;
        ck_assert_int_eq(fscanf(f, "%llu", &bits), 1);
        c->truth[i] = c->task == HN_TASK_SINGLE ? (int32_t)bits : -1;
        c->labels[i] = bits;
        for (int k = 0; k < c->classes; k++) {
            c->probabilities[i * c->classes + k] = golden_number(f);
        }
    }
}

/* The generator's class Formula. */
static inline uint32_t golden_draw(uint32_t *state) {
    *state = (*state * 1103515245u + 12345u) & 0x7FFFFFFFu;
    return *state >> 11;
}

static inline void golden_formula(golden_case *c, uint32_t seed, uint32_t grid) {
    uint32_t state = seed;
    const bool multi = c->task == HN_TASK_MULTI, pair = c->classes == 2 && !multi;
    for (long i = 0; i < c->n; i++) {
        double *p = c->probabilities + i * c->classes;
        int best = 0;
        for (int k = 0; k < (pair ? 1 : c->classes); k++) {
            p[k] = (double)(golden_draw(&state) % (grid + 1)) / grid;
            best = p[k] > p[best] ? k : best;
        }
        const double noise = golden_draw(&state) / 1048576.0;
        for (int k = 0; multi && k < c->classes; k++) {
            c->labels[i] |= (uint64_t)(p[k] + noise > 1.3) << k;
        }
        if (pair) {
            c->truth[i] = p[0] + noise > 1.2;
            p[1] = p[0];
            p[0] = 1 - p[0];
        } else {
            c->truth[i] = noise < 0.5 ? (int32_t)(noise * 4) % c->classes : best;
        }
    }
}

/* The next case, rows included; false at the end of the file. */
static inline bool golden_next(FILE *f, golden_case *c) {
    char word[32];
    memset(c, 0, sizeof *c);
    if (fscanf(f, " case %63s task %d n %ld classes %d positive %d threshold %lf %31s", c->name, &c->task, &c->n, &c->classes, &c->positive,
               &c->threshold, word) != 7) {
        ck_assert_msg(feof(f), "the golden file cannot be read after case %s", c->name);
        return false;
    }
    golden_alloc(c);
    if (strcmp(word, "rows") == 0) {
        golden_rows(f, c);
    } else {
        const long seed = golden_int(f), grid = golden_int(f);
        golden_formula(c, (uint32_t)seed, (uint32_t)grid);
    }
    return true;
}

static inline FILE *golden_open(void) {
    FILE *f = fopen(GOLDEN("metrics.txt"), "r");
    ck_assert_msg(f != NULL, "cannot open %s; tests run from the project's root", GOLDEN("metrics.txt"));
    ck_assert_int_eq(fscanf(f, "#%*[^\n]"), 0); /* the line with the versions */
    return f;
}

#endif
