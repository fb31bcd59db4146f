/* run_files.c - what a training left in its folder, read back: run.json and history.csv. Either may be missing: a model from elsewhere has neither. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"

/* epoch,train_loss,train_accuracy,test_loss,test_accuracy,lr,…; an empty field is NaN. */
static bool read_epoch(char *line, epoch_line *out) {
    double *const fields[] = {&out->epoch, &out->train_loss, &out->train_accuracy, &out->test_loss, &out->test_accuracy, &out->learning_rate};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        char *end;
        *fields[i] = strtod(line, &end);
        if (end == line) *fields[i] = NAN;
        if (*end != ',') return false;
        line = end + 1;
    }
    return isfinite(out->epoch);
}

static int read_history(const char *path, run_files *f) {
    char *line = NULL;
    size_t room = 0, most = 0;
    int code = EXIT_DONE;
    FILE *in = fopen(path, "rb");
    if (!in) return fail_text("cannot read %s: %s", path, strerror(errno));
    for (int64_t number = 1; !code && getline(&line, &room, in) > 0; number++) {
        epoch_line epoch;
        if (number == 1) continue; /* the header */
        if (!read_epoch(line, &epoch)) {
            code = fail_text("%s, line %lld: that is no epoch", path, (long long)number);
            break;
        }
        if ((size_t)f->n_epochs == most) {
            epoch_line *more = realloc(f->history, (most = most ? 2 * most : 64) * sizeof *more);
            if (!more) {
                code = fail_text("out of memory");
                break;
            }
            f->history = more;
        }
        f->history[f->n_epochs++] = epoch;
    }
    fclose(in);
    free(line);
    return code;
}

int read_run_files(const char *folder, run_files *out) {
    char *run = join_path(folder, "run.json"), *history = join_path(folder, "history.csv");
    int code = EXIT_DONE;
    *out = (run_files){.folder = folder};
    if (exists(run) && !read_json_file(run, &out->run)) code = EXIT_FAILED;
    if (!code && exists(history)) code = read_history(history, out);
    free(run);
    free(history);
    return code;
}

void free_run_files(run_files *f) {
    free_json(&f->run);
    free(f->history);
    f->history = NULL;
    f->n_epochs = 0;
}
