/* evidence_source.c - what a report is worked out from: the run's folder, its model, labelled data, and the predictions, made once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"

/* Without DATA the run's own test part is meant, and opened as the training did. */
static int take_own_part(const run_files *f, evidence_request *r) {
    const char *kind = json_text(&f->run, "split.kind"), *test = json_text(&f->run, "options.test"), *data = json_text(&f->run, "options.data");
    const json_value *seed = json_find(&f->run, "split.seed");
    if (!f->run.n) return fail_text("%s has no run.json, which would say what was tested on: give DATA", f->folder);
    if (kind && !strcmp(kind, "holdout") && data && seed) {
        r->data = data;
        r->holdout = json_number_at(&f->run, "split.holdout");
        r->split_seed = strtoull(seed->raw, NULL, 10);
    } else if (kind && !strcmp(kind, "own test data") && test) {
        r->data = test;
    } else {
        return fail_text("%s was trained without a test part of its own: give DATA", f->folder);
    }
    if (!r->label_columns) r->label_columns = json_text(&f->run, "options.label_column");
    if (!r->group) r->group = json_text(&f->run, "options.group");
    return EXIT_DONE;
}

static hn_status open_part(evidence_source *s, const evidence_request *r, hn_error *err) {
    const data_choice choice = {.label_columns = r->label_columns, .group = r->group, .cache_mb = -1, .keep_columns = r->by};
    const hn_split_options split = {.struct_size = sizeof split, .flags = HN_SPLIT_COPIES_TOGETHER, .train_ratio = 1 - r->holdout,
                                    .seed = r->split_seed};
    hn_dataset *rest = NULL;
    hn_status status = open_data_for(s->model, s->ctx, r->data, &choice, &s->whole, err);
    if (!status && r->holdout > 0) status = hn_dataset_split(s->whole, &split, &rest, &s->part, err);
    hn_dataset_free(rest);
    s->data = s->part ? s->part : s->whole;
    return status;
}

static int predict(evidence_source *s, const evidence_request *r) {
    progress_bar bar;
    hn_error err = {0};
    hn_eval_options options = {.struct_size = sizeof options, .threshold = isnan(r->threshold) ? 0 : r->threshold, .smooth = r->smooth, .cancel = s->cancel,
                               .progress = progress_show, .progress_user = &bar};
    const char *name = NULL;
    while (r->positive && (name = hn_model_class_name(s->model, options.positive)) && strcmp(name, r->positive)) options.positive++;
    if (r->positive && !name)
        return usage_error("report", "--positive %s: the model has no such class; its first is %s", r->positive, hn_model_class_name(s->model, 0));
    if (r->positive) options.positive++;
    progress_begin(&bar, "evaluate");
    hn_status status = hn_evaluate(s->predictor, s->data, &options, &s->eval, &err);
    progress_end(&bar);
    return status ? fail(&err) : EXIT_DONE;
}

int open_source(evidence_source *s, const char *folder, evidence_request *r, int32_t threads, const char *device) {
    hn_error err = {0};
    hn_predictor_options options = {.struct_size = sizeof options, .device = device};
    *s = (evidence_source){0};
    s->model_path = join_path(folder, "model.safetensors");
    int code = read_tta("report", r->tta, &options.tta);
    if (!code) code = read_run_files(folder, &s->files);
    if (!code && !r->data) code = take_own_part(&s->files, r);
    if (code) return code;
    hn_status status = open_context(threads, &s->ctx, &err);
    if (!status) status = catch_interrupt(s->ctx, &s->cancel, &err);
    if (!status) status = hn_model_load(s->ctx, s->model_path, &s->model, &err);
    if (!status) status = open_part(s, r, &err);
    if (!status) status = hn_predictor_create(s->model, &options, &s->predictor, &err);
    return status ? fail(&err) : predict(s, r);
}

void close_source(evidence_source *s) {
    hn_eval_free(s->eval);
    hn_predictor_free(s->predictor);
    hn_dataset_free(s->part);
    hn_dataset_free(s->whole);
    hn_model_free(s->model);
    hn_cancel_free(s->cancel);
    hn_context_free(s->ctx);
    free_run_files(&s->files);
    free(s->model_path);
}
