/* crossval.c - `haemnet train --folds K`: K trainings, each tested on the fold that it has not seen; every image is predicted once.
 *
 * The figures that count are those of the last epoch's weights: nothing in the test fold chose them. Those of the best epoch are given
 * beside them and marked as optimistic, since the test fold did choose that epoch.
 *
 * The folds write in folders of their own. The outputs of the whole are written beside their places when all folds are done and renamed into
 * them together, so that until then, and after any failure, those of an earlier run stand there. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train.h"

typedef struct pool { /* out-of-fold truth and probabilities, in the order of the folds */
    int64_t n;
    int32_t *classes;
    uint64_t *labels;
    double *probabilities;
} pool;

typedef struct fold_result {
    double accuracy, auc, best_accuracy, best_auc, best_loss;
    int64_t n, best_epoch;
} fold_result;

typedef struct crossval {
    const train_settings *s;
    hn_context *ctx;
    hn_cancel *cancel;
    hn_dataset *data;
    hn_dataset_info info;
    int32_t positive;
    fold_result *folds; /* [s->folds] */
    pool last, best;
    FILE *predictions;
} crossval;

static hn_status add_to_pool(const crossval *c, pool *p, const hn_eval *eval, hn_error *err) {
    size_t classes = (size_t)c->info.n_classes;
    for (int64_t i = 0; i < hn_eval_count(eval) && p->n < c->info.n_rows; i++, p->n++) {
        hn_eval_sample s = {.struct_size = sizeof s};
        hn_status status = hn_eval_row(eval, i, &s, err);
        if (status) return status;
        p->classes[p->n] = s.label;
        p->labels[p->n] = s.labels;
        memcpy(p->probabilities + (size_t)p->n * classes, s.probabilities, classes * sizeof *s.probabilities);
    }
    return HN_OK;
}

static bool make_pool(const crossval *c, pool *p) {
    size_t n = (size_t)c->info.n_rows + 1;
    p->classes = calloc(n, sizeof *p->classes);
    p->labels = calloc(n, sizeof *p->labels);
    p->probabilities = calloc(n * (size_t)c->info.n_classes, sizeof *p->probabilities);
    return p->classes && p->labels && p->probabilities;
}

static void free_pool(pool *p) {
    free(p->classes);
    free(p->labels);
    free(p->probabilities);
}

static hn_status pooled(const crossval *c, const pool *p, hn_eval **out, hn_error *err) {
    const char **names = calloc((size_t)c->info.n_classes + 1, sizeof *names);
    bool multi = c->info.task == HN_TASK_MULTI;
    for (int32_t k = 0; names && k < c->info.n_classes; k++) names[k] = hn_dataset_class_name(c->data, k);
    hn_eval_arrays arrays = {.struct_size = sizeof arrays, .task = c->info.task, .n_classes = c->info.n_classes, .positive = c->positive + 1,
                             .n = p->n, .classes = multi ? NULL : p->classes, .labels = multi ? p->labels : NULL,
                             .probabilities = p->probabilities, .class_names = names};
    hn_status status = hn_eval_from_arrays(c->ctx, &arrays, out, err);
    free(names);
    return status;
}

static char *fold_folder(const crossval *c, int32_t fold) {
    char name[32];
    snprintf(name, sizeof name, "fold-%d", fold + 1);
    return join_path(c->s->out, name);
}

static hn_status take_results(crossval *c, train_job *job, fold_result *r, hn_error *err) {
    hn_metrics last = {.struct_size = sizeof last}, best = {.struct_size = sizeof best};
    hn_epoch_report report;
    hn_status status = hn_eval_metrics(job->eval_last, 0, &last, err);
    if (!status) status = hn_eval_metrics(job->eval_best, 0, &best, err);
    if (!status) status = auc_of(job->eval_last, &r->auc, err);
    if (!status) status = auc_of(job->eval_best, &r->best_auc, err);
    if (!status) status = report_of(job->trainer, hn_trainer_epochs(job->trainer), &report, err);
    if (!status) status = add_to_pool(c, &c->last, job->eval_last, err);
    if (!status) status = add_to_pool(c, &c->best, job->eval_best, err);
    if (!status && job->fold == 0) predictions_header(c->predictions, job->eval_last, c->positive);
    if (!status) status = predictions_rows(c->predictions, job->eval_last, c->positive, job->fold, err);
    if (status) return status;
    r->n = last.n;
    r->accuracy = last.accuracy;
    r->best_accuracy = best.accuracy;
    r->best_loss = report.best_loss;
    r->best_epoch = report.best_epoch;
    return HN_OK;
}

static int run_fold(crossval *c, int32_t fold) {
    hn_error err = {0};
    char *folder = fold_folder(c, fold), text[AUC_TEXT];
    train_job job = {.settings = c->s, .ctx = c->ctx, .cancel = c->cancel, .whole = c->data, .folder = folder, .fold = fold, .positive = c->positive};
    hn_split_options split = {.struct_size = sizeof split, .folds = c->s->folds, .fold = fold, .seed = c->s->seed};
    int code = hn_dataset_split(c->data, &split, &job.train, &job.test, &err) ? fail(&err) : train_job_run(&job);
    if (!code && take_results(c, &job, &c->folds[fold], &err)) code = fail(&err);
    if (!code && !quiet) {
        printf("fold %d/%d  %lld images not seen: accuracy %.4f  AUC %s\n", fold + 1, c->s->folds, (long long)c->folds[fold].n,
               c->folds[fold].accuracy, auc_text(c->folds[fold].auc, text));
        fflush(stdout);
    }
    train_job_close(&job);
    free(folder);
    return code;
}

typedef struct spread {
    double mean, deviation; /* of the folds that have the figure; n - 1 */
    int32_t n;
} spread;

static spread spread_of(const crossval *c, size_t offset) {
    spread s = {0};
    double squares = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int32_t i = 0; i < c->s->folds; i++) {
            double value;
            memcpy(&value, (const char *)&c->folds[i] + offset, sizeof value);
            if (isnan(value)) continue;
            if (pass)
                squares += (value - s.mean / s.n) * (value - s.mean / s.n);
            else
                s.mean += value, s.n++;
        }
    s.mean = s.n ? s.mean / s.n : NAN;
    s.deviation = s.n > 1 ? sqrt(squares / (s.n - 1)) : NAN;
    return s;
}

static void write_spread(FILE *out, const char *name, spread s) {
    fprintf(out, "\"%s\": {\"mean\": ", name);
    json_number(out, s.mean);
    fprintf(out, ", \"sd\": ");
    json_number(out, s.deviation);
    fprintf(out, "}");
}

static void write_folds(FILE *out, const crossval *c) {
    fprintf(out, ",\n \"folds\": [");
    for (int32_t i = 0; i < c->s->folds; i++) {
        const fold_result *r = &c->folds[i];
        const double values[] = {r->accuracy, r->auc, r->best_accuracy, r->best_auc, r->best_loss};
        static const char *const names[] = {"accuracy", "roc_auc", "optimistic_best_epoch_accuracy", "optimistic_best_epoch_roc_auc", "best_test_loss"};
        fprintf(out, "%s{\"fold\": %d, \"n\": %lld, \"best_epoch\": %lld", i ? ", " : "", i + 1, (long long)r->n, (long long)r->best_epoch);
        for (int k = 0; k < 5; k++) {
            fprintf(out, ", \"%s\": ", names[k]);
            json_number(out, values[k]);
        }
        fprintf(out, "}");
    }
    fprintf(out, "],\n \"over_folds\": {");
    write_spread(out, "accuracy", spread_of(c, offsetof(fold_result, accuracy)));
    fprintf(out, ", ");
    write_spread(out, "roc_auc", spread_of(c, offsetof(fold_result, auc)));
    fprintf(out, ", ");
    write_spread(out, "optimistic_best_epoch_accuracy", spread_of(c, offsetof(fold_result, best_accuracy)));
    fprintf(out, ", ");
    write_spread(out, "optimistic_best_epoch_roc_auc", spread_of(c, offsetof(fold_result, best_auc)));
    fprintf(out, "}");
}

static bool write_summary(const crossval *c, const hn_eval *last, const hn_eval *best, int32_t chosen) {
    hn_error err = {0};
    char *path = new_output(c->s->out, "run.json");
    FILE *out = open_output(path);
    bool done = false;
    if (out) {
        fprintf(out, "{\"haemnet\": ");
        json_string(out, hn_version_string());
        fprintf(out, ", \"build\": ");
        json_string(out, hn_build_info());
        fprintf(out, ",\n ");
        write_settings_json(out, c->s);
        fprintf(out, ",\n \"data\": ");
        write_data_json(out, c->s->data, c->data, c->positive);
        fprintf(out, ",\n \"split\": {\"kind\": \"folds\", \"folds\": %d, \"seed\": %llu, \"by_manifest\": %s}", c->s->folds,
                (unsigned long long)c->s->seed, c->info.n_folds == c->s->folds ? "true" : "false");
        write_folds(out, c);
        fprintf(out, ",\n \"groups_known\": %s, \"model_of_fold\": %d", groups_unknown(c->data) ? "false" : "true", chosen + 1);
        fprintf(out, ",\n \"pooled\": {");
        hn_status status = write_metrics_json(out, last, &err);
        fprintf(out, "},\n \"pooled_optimistic_best_epoch\": {");
        if (!status) status = write_metrics_json(out, best, &err);
        fprintf(out, "}}\n");
        done = close_output(out, path);
        if (done && status) done = false, fail(&err);
    }
    free(path);
    return done;
}

/* A fold of one class has no AUC; how many folds a mean is of must be said. */
static void print_auc_spread(int32_t folds, spread auc) {
    if (auc.n == folds)
        printf("(folds %.4f ± %.4f)\n", auc.mean, auc.deviation);
    else if (auc.n > 1)
        printf("(%d of %d folds with both classes: %.4f ± %.4f)\n", auc.n, folds, auc.mean, auc.deviation);
    else if (auc.n == 1)
        printf("(1 of %d folds with both classes: %.4f)\n", folds, auc.mean);
    else
        printf("(no fold has both classes)\n");
}

static void print_line(const crossval *c, const char *name, const hn_eval *eval, spread accuracy, spread auc) {
    hn_metrics m = {.struct_size = sizeof m};
    char text[AUC_TEXT];
    double pooled_auc = NAN;
    if (hn_eval_metrics(eval, 0, &m, NULL)) return;
    auc_of(eval, &pooled_auc, NULL);
    printf("%s accuracy %.4f (folds %.4f ± %.4f)  AUC %s ", name, m.accuracy, accuracy.mean, accuracy.deviation, auc_text(pooled_auc, text));
    print_auc_spread(c->s->folds, auc);
}

static void print_summary(const crossval *c, const hn_eval *last, const hn_eval *best, int32_t chosen) {
    const char *warning = groups_unknown(c->data) ? " (patients not known: may be too good)" : "";
    if (quiet) return;
    printf("\n%lld images, each predicted by a model that has not seen it%s\n", (long long)c->last.n, warning);
    print_line(c, "last epoch: ", last, spread_of(c, offsetof(fold_result, accuracy)), spread_of(c, offsetof(fold_result, auc)));
    print_line(c, "best epoch: ", best, spread_of(c, offsetof(fold_result, best_accuracy)), spread_of(c, offsetof(fold_result, best_auc)));
    printf("            (optimistic: the test fold itself chose the epoch)\n");
    printf("%s/model.safetensors is the best of fold %d; predictions are in %s/predictions.csv\n", c->s->out, chosen + 1, c->s->out);
}

/* The outputs of the fold with the lowest test loss become those of the run. */
static bool copy_chosen(const crossval *c, int32_t chosen) {
    static const char *const names[] = {"model.safetensors", "last.safetensors", "history.csv"};
    char *folder = fold_folder(c, chosen);
    bool done = true;
    for (size_t i = 0; i < sizeof names / sizeof *names && done; i++) {
        char *from = join_path(folder, names[i]), *to = new_output(c->s->out, names[i]);
        done = copy_file(from, to, false);
        free(from);
        free(to);
    }
    free(folder);
    return done;
}

static int summarise(const crossval *c) {
    hn_eval *last = NULL, *best = NULL;
    hn_error err = {0};
    int32_t chosen = 0;
    for (int32_t i = 1; i < c->s->folds; i++)
        if (c->folds[i].best_loss < c->folds[chosen].best_loss) chosen = i;
    int code = pooled(c, &c->last, &last, &err) || pooled(c, &c->best, &best, &err) ? fail(&err) : EXIT_DONE;
    if (!code && !(copy_chosen(c, chosen) && write_summary(c, last, best, chosen))) code = EXIT_FAILED;
    if (!code) code = publish_new_outputs(c->s->out, c->s->resume);
    if (!code) print_summary(c, last, best, chosen);
    hn_eval_free(last);
    hn_eval_free(best);
    return code;
}

int cross_validate(const train_settings *s, hn_context *ctx, hn_cancel *cancel, hn_dataset *data, int32_t positive) {
    crossval c = {.s = s, .ctx = ctx, .cancel = cancel, .data = data, .positive = positive, .info.struct_size = sizeof c.info};
    hn_error err = {0};
    char *path = new_output(s->out, "predictions.csv");
    int lock = -1, code = hn_dataset_get_info(data, &c.info, &err) ? fail(&err) : lock_folder(s->out, &lock);
    c.folds = calloc((size_t)s->folds, sizeof *c.folds);
    if (!code && (!c.folds || !make_pool(&c, &c.last) || !make_pool(&c, &c.best))) code = fail_text("out of memory");
    if (!code && c.info.n_folds == s->folds) note("note: the manifest's fold column decides the folds");
    if (!code && !(c.predictions = open_output(path))) code = EXIT_FAILED;
    for (int32_t i = 0; i < s->folds && !code; i++) code = run_fold(&c, i);
    if (c.predictions && code)
        discard_output(c.predictions, path);
    else if (c.predictions && !close_output(c.predictions, path))
        code = EXIT_FAILED;
    if (!code) code = summarise(&c);
    if (code && lock >= 0) discard_new_outputs(s->out);
    free_pool(&c.last);
    free_pool(&c.best);
    free(c.folds);
    free(path);
    if (lock >= 0) close(lock);
    return code;
}
