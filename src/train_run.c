/* train_run.c - one training: model ─► trainer ─► an epoch at a time, each followed by its files, the checkpoint first.
 *
 * The checkpoint is the truth; the other files follow from it. So after a kill between two of them, --resume writes them all anew from the
 * trainer before it goes on, and the run ends with the bytes of one that was never stopped. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train.h"


/* Of each channel, on the training part alone: what is tested on must not be known. */
static hn_status measure(const train_job *job, const hn_model_options *options, double *mean, double *deviation, hn_error *err) {
    int64_t n = 0;
    hn_status status = hn_dataset_statistics(job->train, options, job->cancel, mean, deviation, MOST_CHANNELS, &n, err);
    if (status) return status;
    for (int32_t c = 0; c < options->channels; c++) {
        note("channel %d: mean %.4f, deviation %.4f on %lld training images", c, mean[c], deviation[c], (long long)n);
        if (deviation[c] == 0) deviation[c] = 1; /* one grey everywhere: nothing to divide by */
    }
    return HN_OK;
}

static hn_status make_model(const train_job *job, hn_model **out, hn_error *err) {
    const train_settings *s = job->settings;
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_status status = hn_dataset_get_info(job->whole, &info, err);
    if (status) return status;
    const char **names = calloc((size_t)info.n_classes + 1, sizeof *names);
    if (!names) {
        fail_text("out of memory");
        exit(EXIT_FAILED);
    }
    for (int32_t k = 0; k < info.n_classes; k++) names[k] = hn_dataset_class_name(job->whole, k);
    double mean[MOST_CHANNELS], deviation[MOST_CHANNELS];
    hn_window windows[MOST_WINDOWS];
    hn_model_options options = {.struct_size = sizeof options, .hidden = s->hidden, .task = info.task, .n_classes = info.n_classes,
                                .positive = job->positive + 1, .class_names = names, .mean = mean, .deviation = deviation, .seed = s->seed};
    fill_input(&s->input, &options, windows);
    for (int32_t c = 0; c < MOST_CHANNELS; c++) mean[c] = s->mean, deviation[c] = s->deviation;
    if (s->normalise) status = measure(job, &options, mean, deviation, err);
    if (isnan(s->mean)) options.mean = options.deviation = NULL; /* the backbone knows */
    if (!status)
        status = s->backbone ? begin_with(job->ctx, s->backbone, s->model, &options, s->partial, out, err)
                             : hn_model_preset(job->ctx, s->model, &options, out, err);
    free(names);
    return status;
}

static const char *class_name(const void *data, int32_t k) { return hn_dataset_class_name(*(hn_dataset *const *)data, k); }

/* "positive=W": W for the class that is looked for, 1 for the others. */
static int weigh_positive(const train_job *job, const char *number, int32_t n, double *weights) {
    char *end;
    const double weight = strtod(number, &end);
    if (end == number || *end || !(weight > 0 && weight < 1e30))
        return usage_error(training_command, "--class-weights positive=%s: must be a number above 0", number);
    if (job->positive < 0) return usage_error(training_command, "--class-weights positive=%s: no class is positive: name one with --positive", number);
    for (int32_t k = 0; k < n; k++) weights[k] = k == job->positive ? weight : 1;
    return EXIT_DONE;
}

/* The numbers given, or NULL: with *code set after a mistake, with 0 if there are none. */
static double *class_weights(const train_job *job, int32_t *n, int *code) {
    const char *text = job->settings->class_weights;
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_error err = {0};
    *code = 0;
    *n = 0;
    if (!text || !strcmp(text, "balanced")) return NULL;
    if (hn_dataset_get_info(job->train, &info, &err)) return *code = fail(&err), NULL;
    double *weights = calloc((size_t)info.n_classes + 1, sizeof *weights);
    if (!weights) return *code = fail_text("out of memory"), NULL;
    *n = info.n_classes;
    *code = !strncmp(text, "positive=", 9) ? weigh_positive(job, text + 9, info.n_classes, weights)
                                           : read_weights(training_command, "class-weights", text, class_name, &job->train, info.n_classes, weights);
    return weights;
}

static int32_t stop_rule(const train_settings *s) {
    static const char *const names[] = {"never", "patience", "gl", "pq", "up"};
    for (int32_t i = 0; s->stop && i < 5; i++)
        if (!strcmp(s->stop, names[i])) return i + HN_STOP_NEVER;
    return s->patience ? HN_STOP_PATIENCE : HN_STOP_NEVER;
}

/* 0 MB is never, which the library calls 1 byte. */
static uint64_t resident_bytes(int32_t mb) { return mb < 0 ? 0 : mb == 0 ? 1 : (uint64_t)mb << 20; }

static int make_trainer(train_job *job, progress_bar *bar) {
    const train_settings *s = job->settings;
    hn_error err = {0};
    hn_model *model = NULL;
    int code;
    hn_train_options options = {.struct_size = sizeof options, .batch = s->batch, .learning_rate = s->lr, .momentum = s->momentum,
                                .weight_decay = s->weight_decay, .seed = s->seed, .stop = stop_rule(s), .stop_patience = s->patience,
                                .device = s->device, .cancel = job->cancel, .progress = progress_show, .progress_user = bar,
                                .resident_bytes = resident_bytes(s->resident_mb)};
    options.flags = s->no_familiarity ? HN_TRAIN_NO_FAMILIARITY : 0;
    options.balance_classes = s->class_weights && !strcmp(s->class_weights, "balanced");
    fill_craft(&s->craft, s->epochs, &options);
    options.optimizer = !strcmp(s->optimizer, "sgd") ? HN_OPTIMIZER_SGD : !strcmp(s->optimizer, "adamw") ? HN_OPTIMIZER_ADAMW : HN_OPTIMIZER_ADAM;
    double *weights = class_weights(job, &options.n_class_weights, &code);
    options.class_weights = weights;
    hn_status status = code ? HN_OK : make_model(job, &model, &err);
    if (!code && !status) status = hn_trainer_create(model, job->train, job->test, &options, &job->trainer, &err);
    hn_model_free(model);
    free(weights);
    return code ? code : status ? fail(&err) : EXIT_DONE;
}

/* What last.safetensors holds: with --ema the weights that were tested. */
static int32_t last_of(const train_job *job) { return job->settings->craft.ema > 0 ? HN_AVERAGED : HN_LAST; }

/* Goes on from the checkpoint if that is wanted and there is one; else makes room for new files. */
static int begin(train_job *job) {
    hn_error err = {0};
    char *path = join_path(job->folder, "checkpoint.safetensors");
    int code = lock_folder(job->folder, &job->lock);
    if (!code && !(job->settings->resume && exists(path))) {
        if (job->settings->resume) note("note: %s has no checkpoint: training begins anew", job->folder);
        code = start_anew(job->trainer, job->folder, &job->old);
    } else if (!code && hn_trainer_resume(job->trainer, path, &err)) {
        code = fail(&err);
        if (err.status == HN_E_DATA)
            fprintf(stderr, "To go on, give the same data, --seed, --size, --model, --hidden, --channels and so on as before: %s/run.json of a "
                            "finished run, or the head of the checkpoint, says which. To begin anew, leave out --resume.\n", job->folder);
    } else if (!code && hn_trainer_epochs(job->trainer)) { /* before the first epoch the checkpoint is all there is */
        code = write_history(job->trainer, job->folder, leaks_of(job->audit) > 0);
        if (!code) code = save_model(job->trainer, HN_BEST, job->folder, "model.safetensors");
        if (!code) code = save_model(job->trainer, last_of(job), job->folder, "last.safetensors");
        if (!code) note("resumed after epoch %lld", (long long)hn_trainer_epochs(job->trainer));
    }
    free(path);
    return code;
}

static void print_epoch(const train_job *job, const hn_epoch_report *r) {
    if (quiet) return;
    printf("%sepoch %lld/%d  train loss %.4f accuracy %.4f", job->label ? job->label : "", (long long)r->epoch, job->settings->epochs,
           r->train_loss, r->train_accuracy);
    if (job->test) printf("  test loss %.4f accuracy %.4f", r->test_loss, r->test_accuracy);
    printf("%s  %.1f s  %.0f images/s%s\n", leaks_of(job->audit) ? " (LEAKY)" : "", r->seconds, r->images_per_second,
           r->flags & HN_EPOCH_BEST ? "  best" : "");
    flush_stdout(); /* a closed pipe does not end hours of work; main tells it at the end */
}

static int interrupted(const train_job *job) {
    long long epochs = (long long)hn_trainer_epochs(job->trainer);
    if (epochs)
        fprintf(stderr, "haemnet: interrupted after epoch %lld; the checkpoint is in %s. Give the same command with --resume to go on.\n", epochs,
                job->folder);
    else
        fprintf(stderr, "haemnet: interrupted in the first epoch; its start is the checkpoint in %s. Give the same command with --resume.\n",
                job->folder);
    return EXIT_INTERRUPTED;
}

static int one_epoch(train_job *job, progress_bar *bar) {
    char what[128], *path;
    hn_error err = {0};
    hn_epoch_report r = {.struct_size = sizeof r};
    snprintf(what, sizeof what, "%sepoch %lld/%d", job->label ? job->label : "", (long long)hn_trainer_epochs(job->trainer) + 1, job->settings->epochs);
    progress_begin(bar, what);
    hn_status status = hn_train_epoch(job->trainer, &r, &err);
    progress_end(bar);
    if (status == HN_E_CANCELLED) return interrupted(job);
    if (status) return fail(&err);
    path = join_path(job->folder, "checkpoint.safetensors");
    status = hn_trainer_save(job->trainer, path, &err);
    free(path);
    if (!status) leave_aside(&job->old);
    job->saved |= !status;
    int code = status ? fail(&err) : write_history(job->trainer, job->folder, leaks_of(job->audit) > 0);
    if (!code && r.flags & HN_EPOCH_BEST) code = save_model(job->trainer, HN_BEST, job->folder, "model.safetensors");
    if (!code) code = save_model(job->trainer, last_of(job), job->folder, "last.safetensors");
    if (!code) print_epoch(job, &r);
    return code;
}

static bool enough(const train_job *job) {
    hn_epoch_report r;
    int64_t done = hn_trainer_epochs(job->trainer);
    return done >= job->settings->epochs || (done && !report_of(job->trainer, done, &r, NULL) && r.flags & HN_EPOCH_STOP);
}

hn_status train_job_evaluate(const train_job *job, const hn_model *model, hn_dataset *data, int32_t tta, double smooth, hn_eval **out, hn_error *err) {
    hn_predictor *predictor = NULL;
    hn_predictor_options options = {.struct_size = sizeof options, .max_batch = job->settings->batch < 4096 ? job->settings->batch : 4096,
                                    .device = job->settings->device, .tta = tta};
    hn_eval_options eval = {.struct_size = sizeof eval, .cancel = job->cancel, .smooth = smooth};
    hn_status status = hn_predictor_create(model, &options, &predictor, err);
    if (!status) status = hn_evaluate(predictor, data, &eval, out, err);
    hn_predictor_free(predictor);
    return status;
}

/* The two models, and what they are worth on the test part. */
static int finish(train_job *job) {
    hn_error err = {0};
    hn_status status = hn_trainer_model(job->trainer, HN_BEST, &job->best, &err);
    if (!status) status = hn_trainer_model(job->trainer, last_of(job), &job->last, &err);
    if (!status && job->test) status = train_job_evaluate(job, job->last, job->test, HN_TTA_NONE, 0, &job->eval_last, &err);
    if (!status && job->test) status = train_job_evaluate(job, job->best, job->test, HN_TTA_NONE, 0, &job->eval_best, &err);
    if (status == HN_E_CANCELLED) return interrupted(job);
    if (status) return fail(&err);
    job->finished = true;
    return write_run(job);
}

int audit_parts(hn_dataset *train, hn_dataset *test, const train_settings *s, hn_cancel *cancel, const char *label, hn_audit **out) {
    const hn_audit_options options = {.struct_size = sizeof options, .flags = HN_AUDIT_NO_SHORTCUTS, .cancel = cancel};
    hn_error err = {0};
    *out = NULL;
    return hn_dataset_audit(test, train, &options, out, &err) ? fail(&err) : refuse_leaks(label, *out, s->allow_leak);
}

/* A run that failed before its first epoch was saved has never been: the earlier one is back in its place. But not in a later fold, whose
 * start is what the run goes on from. */
int train_job_run(train_job *job) {
    progress_bar bar = {0};
    int code = job->test ? audit_parts(job->train, job->test, job->settings, job->cancel, job->label, &job->audit) : EXIT_DONE;
    if (!code) code = make_trainer(job, &bar);
    if (!code) code = begin(job);
    while (!code && !enough(job)) code = one_epoch(job, &bar);
    if (!code) code = finish(job);
    if (code == EXIT_FAILED && !job->saved && !job->later)
        put_back(&job->old);
    else
        leave_aside(&job->old);
    return code;
}

void train_job_close(train_job *job) {
    if (job->lock > 0) close(job->lock);
    hn_eval_free(job->eval_best);
    hn_eval_free(job->eval_last);
    hn_model_free(job->best);
    hn_model_free(job->last);
    hn_trainer_free(job->trainer);
    hn_audit_free(job->audit);
    hn_dataset_free(job->train);
    hn_dataset_free(job->test);
}
