/* train_report.c - run.json: what was trained on what, how, and what came of it; enough to do it again. */
#include <math.h>
#include <stdlib.h>

#include "train.h"

static void text_member(FILE *out, const char *name, const char *value) {
    fprintf(out, "\"%s\": ", name);
    if (value)
        json_string(out, value);
    else
        fprintf(out, "null");
}

static void flag_member(FILE *out, const char *name, int32_t value) { fprintf(out, ", \"%s\": %s", name, value ? "true" : "false"); }

void write_settings_json(FILE *out, const train_settings *s) {
    const struct {
        const char *name, *value;
    } texts[] = {{"recipe", s->recipe},
                 {"data", s->data},
                 {"test", s->test},
                 {"out", s->out},
                 {"model", s->model},
                 {"backbone", s->backbone},
                 {"optimizer", s->optimizer},
                 {"positive", s->positive},
                 {"device", s->device},
                 {"class_weights", s->class_weights},
                 {"stop", s->stop},
                 {"schedule", s->craft.schedule},
                 {"freeze", s->craft.freeze},
                 {"rates", s->craft.rates},
                 {"sampler", s->craft.sampler},
                 {"augment", s->craft.augment},
                 {"windows", s->input.windows},
                 {"label_column", s->choice.label_columns},
                 {"group", s->choice.group}};
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"holdout", s->test ? 0 : s->holdout},
                   {"size", s->input.size},
                   {"channels", input_channels(&s->input)},
                   {"slices", s->input.slices},
                   {"median", s->input.median},
                   {"gaussian", s->input.gaussian},
                   {"mean", s->mean},
                   {"deviation", s->deviation},
                   {"hidden", s->hidden},
                   {"epochs", s->epochs},
                   {"batch", s->batch},
                   {"lr", s->lr},
                   {"momentum", s->momentum},
                   {"weight_decay", s->weight_decay},
                   {"patience", s->patience},
                   {"schedule_epochs", s->craft.schedule_epochs},
                   {"schedule_factor", s->craft.schedule_factor},
                   {"schedule_multiplier", s->craft.schedule_multiplier},
                   {"schedule_patience", s->craft.schedule_patience},
                   {"lr_min", s->craft.lr_min},
                   {"warm_up", s->craft.warm_up},
                   {"clip", s->craft.clip},
                   {"accumulate", s->craft.accumulate},
                   {"ema", s->craft.ema},
                   {"smoothing", s->craft.smoothing},
                   {"focal", s->craft.focal},
                   {"hard_factor", s->craft.hard_factor},
                   {"hard_reach", s->craft.hard_reach},
                   {"threads", s->threads},
                   {"cache", s->choice.cache_mb < 0 ? NAN : s->choice.cache_mb},
                   {"resident", s->resident_mb < 0 ? NAN : s->resident_mb}};
    fprintf(out, "\"options\": {");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (i) fprintf(out, ", ");
        text_member(out, texts[i].name, texts[i].value);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) json_member(out, numbers[i].name, numbers[i].value);
    flag_member(out, "strip_skull", s->input.strip_skull);
    flag_member(out, "crop_head", s->input.crop_head);
    flag_member(out, "normalise", s->normalise);
    flag_member(out, "partial", s->partial);
    flag_member(out, "nesterov", s->craft.nesterov);
    flag_member(out, "decay_weights_only", s->craft.decay_weights_only);
    flag_member(out, "strict", s->choice.strict);
    flag_member(out, "no_familiarity", s->no_familiarity);
    flag_member(out, "resume", s->resume);
    flag_member(out, "allow_leak", s->allow_leak);
    fprintf(out, ", \"seed\": %llu}", (unsigned long long)s->seed);
}

void write_data_json(FILE *out, const char *path, hn_dataset *data, int32_t positive) {
    hn_dataset_info info = {.struct_size = sizeof info};
    char digest[65];
    if (hn_dataset_get_info(data, &info, NULL)) return;
    hex_digest(digest, info.digest);
    fprintf(out, "{");
    text_member(out, "path", path);
    fprintf(out, ", \"rows\": %lld, \"classes\": [", (long long)info.n_rows);
    for (int32_t k = 0; k < info.n_classes; k++) {
        if (k) fprintf(out, ", ");
        json_string(out, hn_dataset_class_name(data, k));
    }
    fprintf(out, "], \"task\": \"%s\", ", info.task == HN_TASK_MULTI ? "multi" : "single");
    text_member(out, "positive", positive >= 0 ? hn_dataset_class_name(data, positive) : NULL);
    fprintf(out, ", \"groups_known\": %s, \"groups\": %lld, \"digest\": \"%s\", \"skipped\": ",
            info.flags & HN_DATA_GROUPS_UNKNOWN ? "false" : "true", (long long)info.n_groups, digest);
    write_skipped_json(out, data);
    fprintf(out, "}");
}

static void write_part(FILE *out, const char *name, hn_dataset *part) {
    hn_dataset_info info = {.struct_size = sizeof info};
    if (part && !hn_dataset_get_info(part, &info, NULL))
        fprintf(out, ", \"%s_rows\": %lld, \"%s_groups\": %lld", name, (long long)info.n_rows, name, (long long)info.n_groups);
}

static void write_split(FILE *out, const train_job *job) {
    const train_settings *s = job->settings;
    fprintf(out, "\"split\": {\"kind\": \"%s\"",
            job->fold >= 0 ? "fold"
            : s->test      ? "own test data"
            : job->test    ? "holdout"
                           : "no test part");
    if (job->fold >= 0) fprintf(out, ", \"folds\": %d, \"fold\": %d", job->folds, job->fold + 1);
    if (job->fold < 0 && !s->test && job->test) json_member(out, "holdout", s->holdout);
    fprintf(out, ", \"seed\": %llu", (unsigned long long)s->seed);
    write_part(out, "train", job->train);
    write_part(out, "test", job->test);
    fprintf(out, "}");
}

static void write_epoch(FILE *out, const char *name, hn_trainer *trainer, int64_t epoch) {
    hn_epoch_report r;
    if (report_of(trainer, epoch, &r, NULL)) return;
    fprintf(out, ", \"%s\": {\"epoch\": %lld", name, (long long)epoch);
    json_member(out, "train_loss", r.train_loss);
    json_member(out, "train_accuracy", r.train_accuracy);
    json_member(out, "test_loss", r.test_loss);
    json_member(out, "test_accuracy", r.test_accuracy);
    fprintf(out, "}");
}

static void write_device(FILE *out, const train_job *job) {
    hn_trainer_info info = {.struct_size = sizeof info};
    if (hn_trainer_get_info(job->trainer, &info, NULL)) return;
    fprintf(out, "\"computed\": {");
    text_member(out, "device", info.device);
    fprintf(out, ", ");
    text_member(out, "precision", info.precision);
    fprintf(out, ", \"deterministic\": %s, \"resident_images\": %lld, \"resident_bytes\": %llu, \"device_bytes\": %llu}",
            info.flags & HN_TRAINER_DETERMINISTIC ? "true" : "false", (long long)info.resident_images, (unsigned long long)info.resident_bytes,
            (unsigned long long)info.device_bytes);
}

/* Every option as the library took it, those that were left open included, and what a network sees of an image. */
static hn_status write_taken(FILE *out, const train_job *job, hn_error *err) {
    fprintf(out, "\"trained_with\": ");
    hn_status status = write_metadata_object(out, job->last, "provenance", err);
    fprintf(out, ",\n \"preprocessing\": ");
    if (!status) status = write_metadata_object(out, job->last, "preprocessing", err);
    return status;
}

/* Figures of the best weights are too good: the test part chose them. */
static hn_status write_results(FILE *out, const train_job *job, hn_error *err) {
    hn_epoch_report r;
    hn_model_info best = {.struct_size = sizeof best}, last = {.struct_size = sizeof last};
    int64_t epochs = hn_trainer_epochs(job->trainer);
    double seconds = 0;
    char digest[65];
    hn_status status = hn_model_get_info(job->best, &best, err);
    if (!status) status = hn_model_get_info(job->last, &last, err);
    for (int64_t e = 1; e <= epochs && !status; e++) {
        status = report_of(job->trainer, e, &r, err);
        if (!status) seconds += r.seconds;
    }
    if (status) return status;
    fprintf(out, "\"epochs\": %lld, \"stopped_early\": %s, \"best_epoch\": %lld", (long long)epochs,
            r.flags & HN_EPOCH_STOP ? "true" : "false", (long long)r.best_epoch);
    write_epoch(out, "best", job->trainer, r.best_epoch);
    write_epoch(out, "last", job->trainer, epochs);
    json_member(out, "seconds", seconds);
    hex_digest(digest, best.digest);
    fprintf(out, ", \"model_digest\": \"%s\"", digest);
    hex_digest(digest, last.digest);
    fprintf(out, ", \"last_digest\": \"%s\"", digest);
    fprintf(out, ", \"groups_known\": %s, \"leaks\": ", r.flags & HN_EPOCH_GROUPS_UNKNOWN ? "false" : "true");
    write_leaks_json(out, job->audit, job->settings->allow_leak);
    if (!job->test) return HN_OK;
    fprintf(out, ",\n \"test_metrics_last\": {%s", leaks_of(job->audit) ? "\"leaky\": true, " : "");
    if ((status = write_metrics_json(out, job->eval_last, err))) return status;
    fprintf(out, "},\n \"test_metrics_best\": {\"optimistic\": true, %s", leaks_of(job->audit) ? "\"leaky\": true, " : "");
    status = write_metrics_json(out, job->eval_best, err);
    fprintf(out, "}");
    return status;
}

int write_run(const train_job *job) {
    hn_error err = {0};
    const train_settings *s = job->settings;
    char *path = join_path(job->folder, "run.json");
    FILE *out = open_output(path);
    bool done = false;
    if (out) {
        fprintf(out, "{");
        text_member(out, "haemnet", hn_version_string());
        fprintf(out, ", ");
        text_member(out, "build", hn_build_info());
        fprintf(out, ",\n ");
        write_settings_json(out, s);
        fprintf(out, ",\n \"data\": ");
        write_data_json(out, s->data, job->whole, job->positive);
        if (s->test) {
            fprintf(out, ",\n \"test_data\": ");
            write_data_json(out, s->test, job->test, job->positive);
        }
        fprintf(out, ",\n ");
        write_split(out, job);
        fprintf(out, ",\n ");
        write_device(out, job);
        fprintf(out, ",\n ");
        hn_status status = write_taken(out, job, &err);
        fprintf(out, ",\n ");
        if (!status) status = write_results(out, job, &err);
        fprintf(out, "}\n");
        done = close_output(out, path);
        if (done && status) done = false, fail(&err);
    }
    free(path);
    return done ? EXIT_DONE : EXIT_FAILED;
}
