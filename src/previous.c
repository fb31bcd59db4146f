/* previous.c - the outputs of the run that was in a folder before: put aside as *.previous when those of a new run are there, and put back
 * if they come to nothing. What an even earlier run left as *.previous is kept until then too. Renaming needs no room on a disk. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train.h"

enum { N_NAMES = 15 };
enum { PREDICTIONS = 5, CURVE = 8 };
static const char *const names[N_NAMES] = {"model.safetensors", "last.safetensors", "history.csv", "run.json", "checkpoint.safetensors",
                                           "predictions.csv", "crossval.json", "fold.json", "curve.csv",
                                           "curve.json", "curve.svg", "evidence.json", "evidence.csv", "model-card.md",
                                           "report.html"};

/* folder/name with one of the endings, malloc'd. */
static char *place(const char *folder, int name, const char *ending) {
    char file[64];
    snprintf(file, sizeof file, "%s%s", names[name], ending);
    return join_path(folder, file);
}

/* True if it was there and has another name now; false with *code set if it could not be renamed. */
static bool rename_if_there(const char *folder, int name, const char *from, const char *to, int *code) {
    char *a = place(folder, name, from), *b = place(folder, name, to);
    bool done = exists(a) && rename(a, b) == 0;
    if (!done && exists(a)) *code = fail_text("cannot rename %s: %s; choose another --out", a, strerror(errno));
    free(a);
    free(b);
    return done;
}

static bool is_there(const char *folder, int name) {
    char *path = place(folder, name, "");
    bool there = exists(path);
    free(path);
    return there;
}

static void remove_file(const char *folder, int name, const char *ending) {
    char *path = place(folder, name, ending);
    unlink(path);
    free(path);
}

int put_aside(previous *p, const char *folder) {
    int code = EXIT_DONE;
    *p = (previous){.folder = folder};
    for (int i = 0; i < N_NAMES && !code; i++) {
        if (is_there(folder, i)) p->older |= (unsigned)rename_if_there(folder, i, ".previous", ".tmp-previous", &code) << i;
        if (!code) p->moved |= (unsigned)rename_if_there(folder, i, "", ".previous", &code) << i;
        if (!code) p->looked_at |= 1u << i;
    }
    if (code) put_back(p);
    return code;
}

void put_back(previous *p) {
    int code = EXIT_DONE;
    for (int i = 0; i < N_NAMES; i++) {
        if (p->looked_at >> i & 1) remove_file(p->folder, i, ""); /* the new run's */
        if (p->moved >> i & 1) rename_if_there(p->folder, i, ".previous", "", &code);
        if (p->older >> i & 1) rename_if_there(p->folder, i, ".tmp-previous", ".previous", &code);
    }
    *p = (previous){0};
}

void leave_aside(previous *p) {
    for (int i = 0; i < N_NAMES; i++)
        if (p->older >> i & 1) remove_file(p->folder, i, ".tmp-previous");
    if (p->moved) note("note: %s holds an earlier run: its files are now called *.previous", p->folder);
    *p = (previous){0};
}

char *new_output(const char *folder, const char *name) {
    for (int i = 0; i < N_NAMES; i++)
        if (!strcmp(names[i], name)) return place(folder, i, ".tmp-new");
    return NULL; /* not reached: the names are ours */
}

void discard_new_outputs(const char *folder) {
    for (int i = 0; i < N_NAMES; i++) remove_file(folder, i, ".tmp-new");
}

static bool same_bytes(FILE *a, FILE *b) {
    char one[4096], other[4096];
    for (;;) {
        size_t n = fread(one, 1, sizeof one, a), m = fread(other, 1, sizeof other, b);
        if (n != m || memcmp(one, other, n)) return false;
        if (!n) return !ferror(a) && !ferror(b);
    }
}

/* The same training gives the same predictions, the same trainings the same curve: what stands there is this run's own, of an earlier end of it. */
static bool is_this_run(const char *folder) {
    char *path = place(folder, PREDICTIONS, ""), *fresh = place(folder, PREDICTIONS, ".tmp-new");
    if (!exists(fresh)) {
        free(path), free(fresh);
        path = place(folder, CURVE, ""), fresh = place(folder, CURVE, ".tmp-new");
    }
    FILE *a = fopen(path, "rb"), *b = fopen(fresh, "rb");
    bool same = a && b && same_bytes(a, b);
    if (a) fclose(a);
    if (b) fclose(b);
    free(path);
    free(fresh);
    return same;
}

int publish_new_outputs(const char *folder, bool resumed) {
    previous old = {0};
    int code = resumed && is_this_run(folder) ? EXIT_DONE : put_aside(&old, folder);
    for (int i = 0; i < N_NAMES && !code; i++) rename_if_there(folder, i, ".tmp-new", "", &code);
    if (code)
        put_back(&old);
    else
        leave_aside(&old);
    return code;
}
