/* gpu.h - what the programs of tests/gpu share: options, a context that finds the plug-in, and what they found out, as text and as JSON.
 *
 *   gpu_begin ─► gpu_check | gpu_skip | gpu_figure … ─► gpu_end
 *
 * No Check here: the machine with the GPU may be bare. A line of JSON is one object; report.py joins the lines of all programs. */
#ifndef TESTS_GPU_GPU_H
#define TESTS_GPU_GPU_H

#include <stdbool.h>
#include <stdio.h>

#include "haemnet/haemnet.h"

enum { GPU_TEXT = 256, GPU_OPTIONS = 8 };

typedef struct gpu {
    const char *program;
    const char *device;  /* --device SPEC; "cudnn" */
    const char *plugins; /* --plugins DIR, absolute: where the plug-in lies; "" = none are looked for */
    bool quick;          /* --quick: the smallest sizes; figures mean nothing */
    struct {
        const char *name, *value; /* the program's own options, value as given */
    } own[GPU_OPTIONS];
    hn_context *ctx;
    FILE *json;             /* --json FILE, written to its end; NULL = none */
    char warning[GPU_TEXT]; /* the library's last one, as " (…)": why a plug-in was left out */
    int passed, failed, skipped;
    hn_error err;
} gpu;

/* own: names of further options that take a value, ended by NULL. Ends the process for wrong usage (2), a device that is not there (a
 * failed check, 1), and words behind its name that it cannot follow (a skipped check, 77). */
void gpu_begin(gpu *g, const char *program, const char *const *own, int argc, char **argv);
const char *gpu_option(const gpu *g, const char *name, const char *otherwise);
int gpu_number(const gpu *g, const char *name, int otherwise);
int gpu_end(gpu *g); /* frees; the exit code: 1 if a check failed */

/* One thing that is right or not; format: what was seen. Names are short and stay the same from run to run; the device is put before them. */
__attribute__((format(printf, 4, 5))) void gpu_check(gpu *g, bool good, const char *name, const char *format, ...);
__attribute__((format(printf, 3, 4))) void gpu_skip(gpu *g, const char *name, const char *format, ...);
/* status ≠ HN_OK is a failed check called `what`, and the end of the process. */
void gpu_must(gpu *g, hn_status status, const char *what);
/* A number. bound: the largest that is good on a cudnn device, NAN = nobody says. Not met is no failure. */
void gpu_figure(gpu *g, const char *name, double value, const char *unit, double bound);

/* For records of a program's own: `{"kind": "KIND"` is begun and ended here; texts are written with gpu_json_text. */
void gpu_json_begin(gpu *g, const char *kind);
void gpu_json_text(gpu *g, const char *key, const char *text);
void gpu_json_number(gpu *g, const char *key, double value); /* null if it is not finite */
void gpu_json_end(gpu *g);

#endif
