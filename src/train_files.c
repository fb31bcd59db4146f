/* train_files.c - what a training leaves in its folder while it runs: history.csv and the two models. Every file is whole at any moment, or
 * absent. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "train.h"

/* What a killed training left half-written. Only with the folder's lock: else the writer may be alive. */
static void remove_stale(int folder) {
    static const char *const begins[] = {"checkpoint.safetensors.tmp-", "model.safetensors.tmp-", "last.safetensors.tmp-", "history.csv.tmp",
                                         "run.json.tmp", "predictions.csv.tmp", "crossval.json.tmp", "fold.json.tmp", "curve.csv.tmp",
                                         "curve.json.tmp", "curve.svg.tmp", "evidence.json.tmp", "evidence.csv.tmp", "model-card.md.tmp",
                                         "report.html.tmp"};
    int copy = dup(folder);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    if (!list && copy >= 0) close(copy);
    for (struct dirent *e; list && (e = readdir(list));)
        for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
            if (!strncmp(e->d_name, begins[i], strlen(begins[i]))) unlinkat(folder, e->d_name, 0);
    if (list) closedir(list);
}

int lock_folder(const char *folder, int *lock) {
    int code = make_folder(folder);
    if (code) return code;
    *lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*lock < 0) return fail_text("cannot open the folder %s: %s", folder, strerror(errno));
    bool locked = flock(*lock, LOCK_EX | LOCK_NB) == 0;
    if (locked) remove_stale(*lock);
    if (!locked && errno == EWOULDBLOCK)
        return fail_text("another haemnet is training in %s: wait for it, or choose another --out", folder);
    return EXIT_DONE; /* where the file system knows no locks, the user has to take care */
}

int start_anew(hn_trainer *trainer, const char *folder, previous *old) {
    char *first = join_path(folder, "checkpoint.safetensors.tmp-start"), *path = join_path(folder, "checkpoint.safetensors");
    hn_error err = {0};
    int code = hn_trainer_save(trainer, first, &err) ? fail(&err) : put_aside(old, folder);
    if (!code && rename(first, path)) {
        code = fail_text("cannot rename %s: %s", first, strerror(errno));
        put_back(old);
    }
    if (code) unlink(first);
    free(first);
    free(path);
    return code;
}

hn_status report_of(hn_trainer *trainer, int64_t epoch, hn_epoch_report *report, hn_error *err) {
    *report = (hn_epoch_report){.struct_size = sizeof *report};
    return hn_trainer_history(trainer, epoch, report, err);
}

int write_history(hn_trainer *trainer, const char *folder, bool leaky) {
    char *path = join_path(folder, "history.csv");
    FILE *out = open_output(path);
    bool done = out != NULL;
    if (out) {
        fprintf(out, "epoch,train_loss,train_accuracy,test_loss,test_accuracy,lr,seconds%s\n", leaky ? ",leaky" : "");
        for (int64_t epoch = 1; epoch <= hn_trainer_epochs(trainer); epoch++) {
            hn_epoch_report r;
            if (report_of(trainer, epoch, &r, NULL)) break;
            const double values[] = {r.train_loss, r.train_accuracy, r.test_loss, r.test_accuracy, r.learning_rate, r.seconds};
            fprintf(out, "%lld", (long long)epoch);
            for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
                fputc(',', out);
                csv_number(out, values[i]);
            }
            fprintf(out, leaky ? ",1\n" : "\n");
        }
        done = close_output(out, path);
    }
    free(path);
    return done ? EXIT_DONE : EXIT_FAILED;
}

int save_model(hn_trainer *trainer, int32_t which, const char *folder, const char *name) {
    hn_error err = {0};
    hn_model *model = NULL;
    char *path = join_path(folder, name);
    hn_status status = hn_trainer_model(trainer, which, &model, &err);
    if (!status) status = hn_model_save(model, path, &err);
    hn_model_free(model);
    free(path);
    return status ? fail(&err) : EXIT_DONE;
}
