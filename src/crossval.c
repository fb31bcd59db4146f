/* crossval.c - k folds × r repeats of one procedure, each image predicted by models that have not seen its patient.
 *
 * Nothing of a test fold reaches the training: no epoch, no rate and no option is chosen by it. The weights that are measured are the last
 * epoch's; where training may stop early, those of the best epoch on a part of the training part that is kept apart for this alone
 * (--validate). With candidates, each fold chooses one by cross-validation inside its own training part first.
 *
 * The folds write in folders of their own. The outputs of the whole are written beside their places when all folds are done and renamed into
 * them together, so that until then, and after any failure, those of an earlier run stand there. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crossval.h"

double validate_share(const crossval_settings *s, const train_settings *one) {
    return s->validate >= 0 ? s->validate : one->stop || one->patience ? 0.1 : 0;
}

bool take_unseen(const crossval *c, unseen *u) {
    u->fold = malloc(((size_t)c->info.n_rows + 1) * sizeof *u->fold);
    u->p = calloc((size_t)c->info.n_rows * (size_t)c->info.n_classes + 1, sizeof *u->p);
    for (int64_t i = 0; u->fold && i < c->info.n_rows; i++) u->fold[i] = -1;
    return u->fold && u->p;
}

void free_unseen(unseen *u) {
    free(u->fold);
    free(u->p);
}

int64_t count_missing(const crossval *c) {
    int64_t missing = 0;
    for (int64_t i = 0; i < c->info.n_rows; i++) {
        bool everywhere = true;
        for (int32_t r = 0; r < c->s->repeats; r++) everywhere &= c->repeats[r].fold[i] >= 0;
        missing += !everywhere;
    }
    return missing;
}

typedef struct columns { /* of hn_eval_arrays: the rows that count */
    int64_t n;
    int32_t *classes;
    uint64_t *labels;
    const char **groups, **names;
    double *p;
} columns;

static void fill_columns(const crossval *c, const int32_t *fold, const double *p, int32_t only, columns *to) {
    size_t classes = (size_t)c->info.n_classes;
    for (int64_t i = 0; i < c->info.n_rows; i++) {
        if (only >= 0 ? fold[i] != only : fold[i] < 0) continue;
        to->classes[to->n] = c->classes[i];
        to->labels[to->n] = c->labels[i];
        to->groups[to->n] = c->groups[i];
        memcpy(to->p + (size_t)to->n * classes, p + (size_t)i * classes, classes * sizeof *p);
        to->n++;
    }
    for (size_t k = 0; k < classes; k++) to->names[k] = hn_dataset_class_name(c->t->data, (int32_t)k);
}

hn_status unseen_eval(const crossval *c, const int32_t *fold, const double *p, int32_t only, hn_eval **out, hn_error *err) {
    size_t n = (size_t)c->info.n_rows + 1, classes = (size_t)c->info.n_classes;
    columns to = {.classes = calloc(n, sizeof *to.classes), .labels = calloc(n, sizeof *to.labels), .groups = calloc(n, sizeof *to.groups),
                  .names = calloc(classes + 1, sizeof *to.names), .p = calloc(n * classes, sizeof *to.p)};
    bool multi = c->info.task == HN_TASK_MULTI;
    hn_status status = HN_E_MEMORY;
    *out = NULL;
    if (to.classes && to.labels && to.groups && to.names && to.p) {
        fill_columns(c, fold, p, only, &to);
        const hn_eval_arrays arrays = {.struct_size = sizeof arrays, .task = c->info.task, .n_classes = c->info.n_classes,
                                       .positive = c->t->positive + 1, .n = to.n, .classes = multi ? NULL : to.classes,
                                       .labels = multi ? to.labels : NULL, .probabilities = to.p, .class_names = to.names, .groups = to.groups};
        status = hn_eval_from_arrays(c->t->ctx, &arrays, out, err);
    } else if (err) {
        *err = (hn_error){.status = status, .message = "out of memory"};
    }
    free(to.classes), free(to.labels), free(to.groups), free(to.names), free(to.p);
    return status;
}

/* Predictions of a part into rows of the whole. A part's rows are some of the whole's, in their order; they share their strings. */
static int take_predictions(const crossval *c, const hn_eval *eval, hn_dataset *part, unseen *u, int32_t fold) {
    hn_row row = {.struct_size = sizeof row};
    hn_error err = {0};
    int64_t whole = 0;
    for (int64_t i = 0; i < hn_eval_count(eval); i++) {
        hn_eval_sample s = {.struct_size = sizeof s};
        if (hn_eval_row(eval, i, &s, &err) || hn_dataset_get_row(part, s.row, &row, &err)) return fail(&err);
        while (whole < c->info.n_rows && c->paths[whole] != row.path) whole++;
        if (whole == c->info.n_rows) return fail_text("%s: a row of the test fold is none of the data", row.path); /* not reached */
        if (s.flags & HN_PREDICTION_NONFINITE)
            return fail_text("%s: the network gave NaN or infinity; a lower --lr may help", row.path);
        memcpy(u->p + whole * c->info.n_classes, s.probabilities, (size_t)c->info.n_classes * sizeof *u->p);
        u->fold[whole++] = fold;
    }
    return EXIT_DONE;
}

/* A part of the training part to choose the epoch by; the job owns what comes out. */
static hn_status divide(const crossval *c, const train_settings *s, hn_dataset *train, train_job *job, hn_error *err) {
    const double share = validate_share(c->s, s);
    hn_split_options split = {.struct_size = sizeof split, .flags = HN_SPLIT_COPIES_TOGETHER, .train_ratio = 1 - share, .seed = s->seed};
    if (share > 0) return hn_dataset_split(train, &split, &job->train, &job->test, err);
    job->train = train;
    return HN_OK;
}

static int train_fold(crossval *c, const one_fold *f, const char *folder, const char *key, unseen *u) {
    hn_error err = {0};
    hn_eval *eval = NULL;
    train_job job = {.settings = f->s, .ctx = c->t->ctx, .cancel = c->t->cancel, .whole = c->t->data, .folder = folder, .fold = f->fold,
                     .folds = f->folds, .label = f->label, .later = c->begun, .positive = c->t->positive};
    int code = divide(c, f->s, f->train, &job, &err) ? fail(&err) : EXIT_DONE;
    if (!code) code = train_job_run(&job);
    if (!code && train_job_evaluate(&job, job.test ? job.best : job.last, f->test, c->s->tta, c->s->smooth, &eval, &err)) code = fail(&err);
    if (!code) code = take_predictions(c, eval, f->test, u, f->fold);
    if (!code) code = write_fold(c, folder, key, u, f->fold);
    c->begun |= job.saved;
    hn_eval_free(eval);
    if (job.train == f->train) job.train = NULL;
    train_job_close(&job);
    return code;
}

int measure_fold(crossval *c, const one_fold *f, unseen *u) {
    char *folder = join_path(c->s->base.out, f->place), *key = fold_key(c, f);
    hn_audit *audit;
    int code = audit_parts(f->train, f->test, f->s, c->t->cancel, f->label, &audit);
    c->leaks += leaks_of(audit);
    hn_audit_free(audit);
    if (code) {
        note("no figure is given");
    } else if (c->s->base.resume && read_fold(c, folder, key, u, f->fold)) {
        note("%sis finished", f->label);
        c->begun = true;
    } else {
        code = train_fold(c, f, folder, key, u);
    }
    free(folder);
    free(key);
    return code;
}

/* What candidates are compared by: ROC AUC of the positive class, or accuracy without one. NaN is the worst. */
static int score_of(const crossval *c, const unseen *u, double *score) {
    hn_metrics m = {.struct_size = sizeof m};
    hn_error err = {0};
    hn_eval *eval = NULL;
    hn_status status = unseen_eval(c, u->fold, u->p, -1, &eval, &err);
    if (!status) status = hn_eval_metrics(eval, 0, &m, &err);
    *score = c->t->positive >= 0 ? m.roc_auc : m.accuracy;
    hn_eval_free(eval);
    return status ? fail(&err) : EXIT_DONE;
}

/* Cross-validation of one candidate inside a training part. */
static int try_candidate(crossval *c, int32_t candidate, const one_fold *outer, double *score) {
    train_settings s = c->s->candidates[candidate];
    unseen u = {0};
    hn_error err = {0};
    int code = take_unseen(c, &u) ? EXIT_DONE : fail_text("out of memory");
    s.seed = outer->s->seed;
    for (int32_t i = 0; i < c->s->inner && !code; i++) {
        char place[128], label[160];
        one_fold f = {.s = &s, .place = place, .label = label, .fold = i, .folds = c->s->inner};
        hn_split_options split = {.struct_size = sizeof split, .folds = c->s->inner, .fold = i, .flags = HN_SPLIT_COPIES_TOGETHER, .seed = s.seed};
        snprintf(place, sizeof place, "%s/candidate-%d/inner-%d", outer->place, candidate + 1, i + 1);
        snprintf(label, sizeof label, "%scandidate %d inner %d/%d  ", outer->label, candidate + 1, i + 1, c->s->inner);
        code = hn_dataset_split(outer->train, &split, &f.train, &f.test, &err) ? fail(&err) : measure_fold(c, &f, &u);
        hn_dataset_free(f.train);
        hn_dataset_free(f.test);
    }
    if (!code) code = score_of(c, &u, score);
    free_unseen(&u);
    return code;
}

static int choose(crossval *c, const one_fold *outer, choice_made *choice) {
    int code = EXIT_DONE;
    for (int32_t i = 0; i < c->s->n_candidates && !code; i++) {
        code = try_candidate(c, i, outer, &choice->scores[i]);
        double best = choice->scores[choice->chosen];
        if (choice->scores[i] > best || isnan(best)) choice->chosen = i; /* the first one wins a tie */
    }
    if (!code && !quiet)
        printf("%schosen: %s (%s %.4f inside the training part)\n", outer->label, c->s->texts[choice->chosen],
               c->t->positive >= 0 ? "ROC AUC" : "accuracy", choice->scores[choice->chosen]);
    return code;
}

static void print_fold(const crossval *c, const char *label, const unseen *u, int32_t fold) {
    hn_metrics m = {.struct_size = sizeof m};
    hn_eval *eval = NULL;
    double auc = NAN;
    char text[AUC_TEXT];
    if (!quiet && !unseen_eval(c, u->fold, u->p, fold, &eval, NULL) && !hn_eval_metrics(eval, 0, &m, NULL) && !auc_of(eval, &auc, NULL)) {
        printf("%s%lld images not seen: accuracy %.4f  AUC %s\n", label, (long long)m.n, m.accuracy, auc_text(auc, text));
        flush_stdout();
    }
    hn_eval_free(eval);
}

static int run_fold(crossval *c, int32_t repeat, int32_t fold) {
    char place[64], label[64];
    hn_error err = {0};
    int32_t number = repeat * c->s->folds + fold;
    train_settings s = c->s->base;
    one_fold f = {.s = &s, .place = place, .label = label, .fold = fold, .folds = c->s->folds};
    s.seed = c->s->base.seed + (uint64_t)repeat;
    hn_split_options split = {.struct_size = sizeof split, .folds = c->s->folds, .fold = fold, .flags = HN_SPLIT_COPIES_TOGETHER, .seed = s.seed};
    snprintf(place, sizeof place, "repeat-%d/fold-%d", repeat + 1, fold + 1);
    if (c->s->repeats > 1)
        snprintf(label, sizeof label, "repeat %d/%d fold %d/%d  ", repeat + 1, c->s->repeats, fold + 1, c->s->folds);
    else
        snprintf(label, sizeof label, "fold %d/%d  ", fold + 1, c->s->folds);
    int code = hn_dataset_split(c->t->data, &split, &f.train, &f.test, &err) ? fail(&err) : EXIT_DONE;
    if (!code && c->choices) {
        code = choose(c, &f, &c->choices[number]);
        uint64_t seed = s.seed;
        s = c->s->candidates[c->choices[number].chosen];
        s.seed = seed;
    }
    if (!code) code = measure_fold(c, &f, &c->repeats[repeat]);
    if (!code) print_fold(c, label, &c->repeats[repeat], fold);
    hn_dataset_free(f.train);
    hn_dataset_free(f.test);
    return code;
}

/* The files of one fold's model, for who wants one at once: of the fold that was predicted best. Its figures are not the procedure's. */
static int32_t best_fold(const level_figures *images, int32_t folds) {
    int32_t best = 0;
    for (int32_t i = 1; i < folds; i++)
        if (images->folds[i].log_loss < images->folds[best].log_loss) best = i;
    return best;
}

static int copy_model(const crossval *c, int32_t fold) {
    static const char *const names[] = {"model.safetensors", "last.safetensors", "history.csv"};
    char place[64];
    snprintf(place, sizeof place, "repeat-1/fold-%d", fold + 1);
    char *folder = join_path(c->s->base.out, place);
    bool done = true;
    for (size_t i = 0; i < sizeof names / sizeof *names && done; i++) {
        char *from = join_path(folder, names[i]), *to = new_output(c->s->base.out, names[i]);
        done = copy_file(from, to, false);
        free(from);
        free(to);
    }
    free(folder);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static int summarise(const crossval *c) {
    crossval_figures f = {0};
    baseline_figures baselines[N_BASELINES] = {{0}};
    hn_error err = {0};
    int32_t model = -1;
    int code = find_figures(c, &f, &err) ? fail(&err) : find_baselines(c, &f, baselines);
    if (!code && c->s->keep_model) code = copy_model(c, model = best_fold(&f.levels[0], c->s->folds));
    if (!code) code = write_crossval(c, &f, baselines, model);
    if (!code) code = publish_new_outputs(c->s->base.out, c->s->base.resume);
    if (!code) print_crossval(c, &f, baselines);
    free_baselines(baselines);
    free_figures(c, &f);
    return code;
}

bool take_rows(crossval *c) {
    size_t n = (size_t)c->info.n_rows + 1;
    hn_row row = {.struct_size = sizeof row};
    c->paths = calloc(n, sizeof *c->paths);
    c->groups = calloc(n, sizeof *c->groups);
    c->classes = calloc(n, sizeof *c->classes);
    c->labels = calloc(n, sizeof *c->labels);
    if (!c->paths || !c->groups || !c->classes || !c->labels) return false;
    for (int64_t i = 0; i < c->info.n_rows && !hn_dataset_get_row(c->t->data, i, &row, NULL); i++) {
        c->paths[i] = row.path;
        c->groups[i] = row.group;
        c->classes[i] = row.label;
        c->labels[i] = row.labels;
    }
    return true;
}

static bool take_results(crossval *c) {
    size_t folds = (size_t)c->s->repeats * (size_t)c->s->folds;
    bool enough = (c->repeats = calloc((size_t)c->s->repeats, sizeof *c->repeats)) != NULL;
    for (int32_t r = 0; enough && r < c->s->repeats; r++) enough = take_unseen(c, &c->repeats[r]);
    if (!enough || !c->s->n_candidates) return enough;
    c->choices = calloc(folds, sizeof *c->choices);
    for (size_t i = 0; enough && i < folds; i++)
        enough = c->choices && (c->choices[i].scores = calloc((size_t)c->s->n_candidates, sizeof(double))) != NULL;
    return enough;
}

void free_rows(crossval *c) {
    free(c->paths), free(c->groups), free(c->classes), free(c->labels);
}

static void free_results(crossval *c) {
    for (int32_t r = 0; c->repeats && r < c->s->repeats; r++) free_unseen(&c->repeats[r]);
    for (int32_t i = 0; c->choices && i < c->s->repeats * c->s->folds; i++) free(c->choices[i].scores);
    free(c->repeats), free(c->choices);
    free_rows(c);
}

/* Files that folds which are used again could not read were skipped by the run that trained them. */
static int tell_missing(const crossval *c) {
    hn_dataset_info info = {.struct_size = sizeof info};
    const int64_t missing = count_missing(c);
    if (!missing) return EXIT_DONE;
    if (!hn_dataset_get_info(c->t->data, &info, NULL) && info.n_skipped < missing)
        fprintf(stderr, "haemnet: %lld files have no prediction: they could not be read\n", (long long)missing);
    return EXIT_SKIPPED;
}

int cross_validate(const crossval_settings *s, const training_data *t) {
    crossval c = {.s = s, .t = t, .info.struct_size = sizeof c.info};
    hn_error err = {0};
    int lock = -1, code = hn_dataset_get_info(t->data, &c.info, &err) ? fail(&err) : lock_folder(s->base.out, &lock);
    if (!code && !(take_rows(&c) && take_results(&c))) code = fail_text("out of memory");
    if (!code) note_copies(t->data);
    if (!code && c.info.n_folds == s->folds)
        note("note: the manifest's fold column decides the folds%s", s->repeats > 1 ? "; repeats differ in the weights' seed alone" : "");
    for (int32_t r = 0; r < s->repeats && !code; r++)
        for (int32_t i = 0; i < s->folds && !code; i++) code = run_fold(&c, r, i);
    if (!code) code = summarise(&c);
    if (code && lock >= 0) discard_new_outputs(s->base.out);
    if (!code) code = tell_missing(&c);
    free_results(&c);
    if (lock >= 0) close(lock);
    return code;
}
