/* evidence_json.c - evidence.json, every figure with its interval, n and rule; docs/report.md has the schema. The same model, data and options give the
 * same bytes, but for `written`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "evidence.h"
#include "judgement.h"

static void text(FILE *out, const char *name, const char *value) {
    fprintf(out, ", \"%s\": ", name);
    if (value)
        json_string(out, value);
    else
        fprintf(out, "null");
}

static void whole(FILE *out, const char *name, int64_t value) { fprintf(out, ", \"%s\": %lld", name, (long long)value); }

static void truth(FILE *out, const char *name, bool value) { fprintf(out, ", \"%s\": %s", name, value ? "true" : "false"); }

/* What stands between the members of an object or the items of an array: a comma, and `gap`, which is "\n  " for each on a line of its own. */
typedef struct items {
    FILE *out;
    const char *gap;
    int64_t n; /* begun so far */
} items;

static void item(items *l) {
    if (l->n) fputc(',', l->out);
    if (l->n++ || *l->gap == '\n') fputs(l->gap, l->out);
}

static void member(items *l, const char *name) {
    item(l);
    json_string(l->out, name);
    fputs(": ", l->out);
}

void find_time(char text[TIME_TEXT]) {
    const char *fixed = getenv("SOURCE_DATE_EPOCH"); /* as reproducible builds have it */
    time_t now = fixed && *fixed ? (time_t)strtoll(fixed, NULL, 10) : time(NULL);
    struct tm parts;
    if (!gmtime_r(&now, &parts) || !strftime(text, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &parts)) strcpy(text, "unknown");
}

static void write_head(FILE *out, const evidence *e) {
    fprintf(out, "{\"evidence\": %d", EVIDENCE_FORMAT);
    text(out, "notice", RESEARCH_USE);
    text(out, "haemnet", hn_version_string());
    text(out, "build", hn_build_info());
    text(out, "written", e->written);
}

static void write_model(FILE *out, const evidence *e) {
    fprintf(out, ",\n \"model\": {\"sha256\": \"%s\"", e->model_sha256);
    text(out, "architecture", *e->model.preset ? e->model.preset : NULL);
    whole(out, "width", e->model.width);
    whole(out, "height", e->model.height);
    whole(out, "channels", e->model.channels);
    whole(out, "parameters", e->model.parameters);
    json_member(out, "threshold", e->model.threshold);
    fprintf(out, ", \"classes\": [");
    items names = {out, " ", 0};
    for (int32_t k = 0; k < e->model.n_classes; k++) {
        item(&names);
        json_string(out, hn_model_class_name(e->source->model, k));
    }
    fprintf(out, "]");
    text(out, "positive", e->model.positive >= 0 ? hn_model_class_name(e->source->model, e->model.positive) : NULL);
    fprintf(out, "}");
}

static void write_data(FILE *out, const evidence *e) {
    const evidence_request *r = e->request;
    const hn_metrics *m = &e->levels[0].m;
    fprintf(out, ",\n \"data\": {\"images\": %lld", (long long)m->n);
    whole(out, "patients", e->levels[0].units);
    truth(out, "patients_known", !m->groups_unknown);
    whole(out, "skipped", m->skipped);
    text(out, "list_sha256", e->list_sha256);
    text(out, "contents_sha256", e->contents_sha256);
    text(out, "seen_in_training", e->seen);
    fprintf(out, ",\n  \"part\": {\"kind\": \"%s\"", r->holdout > 0 ? "holdout" : "whole");
    json_member(out, "holdout", r->holdout > 0 ? r->holdout : NAN);
    fprintf(out, ", \"seed\": ");
    fprintf(out, r->holdout > 0 ? "%llu" : "null", (unsigned long long)r->split_seed);
    fprintf(out, "}");
    text(out, "label_column", r->label_columns);
    text(out, "group", r->group);
    text(out, "by", r->by);
    fprintf(out, ",\n  \"classes\": [");
    items classes = {out, " ", 0};
    for (int32_t k = 0; k < m->n_classes; k++) {
        item(&classes);
        fprintf(out, "{\"class\": ");
        json_string(out, class_of(e, k));
        whole(out, "images", e->classes[k].support);
        whole(out, "patients", e->class_patients[k]);
        fprintf(out, "}");
    }
    fprintf(out, "]}");
}

static void write_rules(FILE *out, const evidence *e) {
    const hn_metrics *m = &e->levels[0].m;
    fprintf(out, ",\n \"rules\": {\"level\": 0.95, \"bootstrap\": {\"method\": \"BCa\", \"resamples\": 2000, \"seed\": 0}");
    json_member(out, "threshold", m->threshold);
    text(out, "positive", m->positive >= 0 ? class_of(e, m->positive) : NULL);
    text(out, "tta", e->request->tta ? e->request->tta : "none");
    json_member(out, "smooth", e->request->smooth);
    text(out, "intervals", "AUC: DeLong, by patient; proportions: Wilson where each patient has one image, or all or none count; else bootstrap by patient");
    text(out, "baselines", "rank among the rows, in the direction that serves it best on them; AUC by DeLong, difference paired");
    text(out, "task", e->multi ? "multi" : "single");
    fprintf(out, "}");
}

static void write_figure(FILE *out, const evidence_figure *f) {
    fprintf(out, "{\"estimate\": ");
    json_number(out, f->estimate);
    json_member(out, "low", f->low);
    json_member(out, "high", f->high);
    whole(out, "n", f->n);
    if (f->hits >= 0) whole(out, "hits", f->hits);
    whole(out, "patients", f->units);
    text(out, "interval", f->method);
    fprintf(out, "}");
}

static void write_figures(FILE *out, const evidence *e) {
    fprintf(out, ",\n \"figures\": {");
    items levels = {out, "\n  ", 0};
    for (int i = 0; i < N_EVIDENCE_LEVELS; i++) {
        const evidence_level *l = &e->levels[i];
        items each = {out, "\n   ", 0};
        if (!l->there) continue;
        member(&levels, l->name);
        fprintf(out, "{");
        for (int k = 0; k < N_FIGURES; k++) {
            member(&each, figures[k].name);
            write_figure(out, &l->figures[k]);
        }
        fprintf(out, "}");
    }
    fprintf(out, "}");
}

static void write_confusion(FILE *out, const evidence *e) {
    const int32_t n = e->levels[0].m.n_classes;
    fprintf(out, ",\n \"confusion\": {");
    items rows = {out, " ", 0};
    for (int32_t k = 0; k < n; k++) {
        const int64_t *c = e->confusion + (size_t)k * (size_t)(e->multi ? 4 : n);
        items cells = {out, " ", 0};
        member(&rows, class_of(e, k));
        fprintf(out, "{");
        for (int32_t i = 0; i < (e->multi ? 4 : n); i++) {
            static const char *const kinds[] = {"tn", "fp", "fn", "tp"};
            member(&cells, e->multi ? kinds[i] : class_of(e, i));
            fprintf(out, "%lld", (long long)c[i]);
        }
        fprintf(out, "}");
    }
    fprintf(out, "}");
}

static void write_classes(FILE *out, const evidence *e) {
    fprintf(out, ",\n \"per_class\": {");
    items each = {out, "\n  ", 0};
    for (int32_t k = 0; k < e->levels[0].m.n_classes; k++) {
        const hn_class_metrics *c = &e->classes[k];
        member(&each, class_of(e, k));
        fprintf(out, "{\"images\": %lld", (long long)c->support);
        whole(out, "called", c->predicted);
        json_member(out, "precision", c->precision);
        json_member(out, "recall", c->recall);
        json_member(out, "f1", c->f1);
        json_member(out, "roc_auc", c->roc_auc);
        json_member(out, "average_precision", c->average_precision);
        fprintf(out, "}");
    }
    fprintf(out, "}");
}

static void write_numbers(FILE *out, const double *values, int n) {
    items numbers = {out, " ", 0};
    fputc('[', out);
    for (int i = 0; i < n; i++) {
        item(&numbers);
        json_number(out, values[i]);
    }
    fputc(']', out);
}

static void write_curve(FILE *out, const char *name, const char *x, const char *y, const evidence_curve *c) {
    items points = {out, " ", 0}, band = points;
    fprintf(out, ",\n   \"%s\": {\"axes\": [\"%s\", \"%s\", \"threshold\"], \"points\": [", name, x, y);
    for (size_t i = 0; i < c->n; i++) {
        item(&points);
        write_numbers(out, (const double[]){c->points[i].x, c->points[i].y, c->points[i].threshold}, 3);
    }
    fprintf(out, "], \"band\": [");
    for (int i = 0; i < N_PLACES && c->n; i++) {
        item(&band);
        write_numbers(out, (const double[]){band_place(i), c->y[i], c->low[i], c->high[i]}, 4);
    }
    fprintf(out, "]}");
}

static void write_bins(FILE *out, const char *name, const int64_t *bins) {
    items each = {out, " ", 0};
    fprintf(out, ", \"%s\": [", name);
    for (int i = 0; i < N_BINS; i++) {
        item(&each);
        fprintf(out, "%lld", (long long)bins[i]);
    }
    fprintf(out, "]");
}

static void write_reliability_of(FILE *out, const evidence_question *q) {
    fprintf(out, ",\n   \"reliability\": {");
    write_reliability(out, &q->reliability, q->bins, (size_t)q->n_bins);
    json_member(out, "ece_before_calibration", q->ece_before);
    fprintf(out, "}");
}

static void write_questions(FILE *out, const evidence *e) {
    fprintf(out, ",\n \"curves\": {");
    items each = {out, "\n  ", 0};
    for (int32_t i = 0; i < e->n_questions; i++) {
        const evidence_question *q = &e->questions[i];
        member(&each, class_of(e, q->class_index));
        fprintf(out, "{\"roc_auc\": ");
        json_number(out, q->auc.estimate);
        json_member(out, "low", q->auc.low);
        json_member(out, "high", q->auc.high);
        write_curve(out, "roc", "1 - specificity", "sensitivity", &q->roc);
        write_curve(out, "precision_recall", "recall", "precision", &q->pr);
        fprintf(out, ",\n   \"histogram\": {\"bins\": %d", N_BINS);
        write_bins(out, "without", q->histogram[0]);
        write_bins(out, "with", q->histogram[1]);
        fprintf(out, "}");
        if (q->n_bins) write_reliability_of(out, q);
        fprintf(out, "}");
    }
    fprintf(out, "}");
}

static void write_held(FILE *out, const char *name, const hn_operating_point *points) {
    items each = {out, " ", 0};
    fprintf(out, ",\n  \"%s\": [", name);
    for (int i = 0; i < N_HELD; i++) {
        item(&each);
        fprintf(out, "{\"held\": ");
        json_number(out, points[i].value);
        json_member(out, "estimate", points[i].estimate);
        json_member(out, "low", points[i].low);
        json_member(out, "high", points[i].high);
        json_member(out, "threshold", points[i].threshold);
        fprintf(out, "}");
    }
    fprintf(out, "]");
}

static void write_at(FILE *out, const evidence_thresholds *t) {
    items each = {out, "\n   ", 0};
    fprintf(out, ",\n  \"at\": [");
    for (int i = 0; i < N_THRESHOLDS; i++) {
        item(&each);
        fprintf(out, "{\"threshold\": ");
        json_number(out, threshold_places[i]);
        for (int r = 0; r < N_RATES; r++) {
            const hn_interval *v = &t->at[i][r];
            fprintf(out, ", \"%s\": {\"estimate\": ", rate_names[r]);
            json_number(out, v->estimate);
            json_member(out, "low", v->low);
            json_member(out, "high", v->high);
            whole(out, "n", v->n);
            fprintf(out, "}");
        }
        fprintf(out, "}");
    }
    fprintf(out, "]");
}

/* The images that something was chosen or fitted on. */
static void write_origin(FILE *out, bool known, int64_t patients, const uint64_t list[4], int64_t shared, const char *part) {
    char sha256[DIGEST_TEXT];
    whole(out, "patients", patients);
    text(out, "list_sha256", known && known_digest(list) ? (hex_digest(sha256, list), sha256) : NULL);
    text(out, "part_of_training", part);
    if (known && shared >= 0) whole(out, "shared", shared);
    else text(out, "shared", NULL);
}

static void write_thresholds(FILE *out, const evidence *e) {
    const evidence_thresholds *t = &e->thresholds;
    fprintf(out, ",\n \"thresholds\": {\"rule\": ");
    if (t->chosen.rule) json_string(out, hn_threshold_rule_name(t->chosen.rule));
    else fprintf(out, "null");
    json_member(out, "value", t->chosen.value);
    whole(out, "chosen_on", t->chosen.n);
    write_origin(out, t->chosen.rule != 0, t->chosen.groups, t->chosen.digest, t->shared, t->chosen_part);
    truth(out, "chosen_here", t->chosen_here);
    if (t->there) {
        write_at(out, t);
        write_held(out, "specificity_at_sensitivity", t->at_sensitivity);
        write_held(out, "sensitivity_at_specificity", t->at_specificity);
    }
    fprintf(out, "},\n \"calibration\": {\"method\": ");
    if (t->calibration.method) json_string(out, hn_calibration_method_name(t->calibration.method));
    else fprintf(out, "null");
    whole(out, "fitted_on", t->calibration.n);
    write_origin(out, t->calibration.method != 0, t->calibration.groups, t->calibration.digest, t->shared, t->calibrated_part);
    truth(out, "fitted_here", t->calibrated_here);
    fprintf(out, "}");
}

static void write_subgroup(FILE *out, const hn_subgroup *s) {
    static const char *const names[N_SUBGROUP_FIGURES] = {"accuracy", "sensitivity", "specificity", "roc_auc"};
    fprintf(out, "{\"column\": ");
    json_string(out, s->name);
    text(out, "value", s->value);
    whole(out, "images", s->n);
    whole(out, "positives", s->positives);
    whole(out, "patients", s->groups);
    for (int f = 0; f < N_SUBGROUP_FIGURES; f++) {
        fprintf(out, ", \"%s\": {\"estimate\": ", names[f]);
        json_number(out, s->estimate[f]);
        json_member(out, "low", s->low[f]);
        json_member(out, "high", s->high[f]);
        json_member(out, "rest", s->rest[f]);
        json_member(out, "p", s->p[f]);
        json_member(out, "adjusted_p", s->adjusted[f]);
        truth(out, "differs", s->differs >> f & 1);
        fprintf(out, "}");
    }
    fprintf(out, "}");
}

static void write_subgroups(FILE *out, const evidence *e) {
    if (!e->subgroups) return;
    fprintf(out, ",\n \"subgroups\": {\"correction\": \"%s\", \"comparisons\": %d, \"rows\": [", hn_correction_name(HN_CORRECT_HOLM),
            hn_subgroups_comparisons(e->subgroups));
    items rows = {out, "\n  ", 0};
    for (int32_t i = 0; i < hn_subgroups_count(e->subgroups); i++) {
        hn_subgroup s = {.struct_size = sizeof s};
        if (hn_subgroups_get(e->subgroups, i, &s, NULL)) continue;
        item(&rows);
        write_subgroup(out, &s);
    }
    fprintf(out, "]}");
}

static void write_shortcut(FILE *out, const evidence *e, const hn_shortcut *s) {
    static const char *const names[] = {"", "file size", "image size", "border", "format"};
    fprintf(out, "{\"what\": \"%s\", \"class\": ", names[s->kind]);
    json_string(out, hn_dataset_class_name(e->source->data, s->class_index));
    json_member(out, "roc_auc", s->auc);
    json_member(out, "low", s->low);
    json_member(out, "high", s->high);
    whole(out, "images", s->n);
    whole(out, "patients", s->groups);
    truth(out, "flagged", s->flagged);
    fprintf(out, "}");
}

static void write_audit(FILE *out, const evidence *e) {
    const hn_audit_info *a = &e->leaks;
    fprintf(out, ",\n \"audit\": {\"against_training\": %s", e->audited ? "true" : "false");
    truth(out, "allowed", e->audited && a->findings);
    whole(out, "findings", a->findings);
    whole(out, "patients", a->patients);
    whole(out, "files", a->files);
    whole(out, "pixels", a->pixels);
    whole(out, "looks", a->looks);
    json_member(out, "checked", a->checked);
    fprintf(out, ", \"shortcuts\": [");
    items shortcuts = {out, "\n  ", 0};
    for (int32_t i = 0; i < a->shortcuts; i++) {
        hn_shortcut s = {.struct_size = sizeof s};
        if (hn_audit_shortcut(e->audit, i, &s, NULL)) continue;
        item(&shortcuts);
        write_shortcut(out, e, &s);
    }
    fprintf(out, "]}");
}

static void write_baselines(FILE *out, const evidence *e) {
    fprintf(out, ",\n \"baselines\": {");
    items each = {out, "\n  ", 0};
    for (int i = 0; i < N_BASELINES; i++) {
        const evidence_baseline *b = &e->baselines[i];
        if (!b->there) continue;
        member(&each, b->name);
        fprintf(out, "{\"roc_auc\": ");
        json_number(out, b->auc.estimate);
        json_member(out, "low", b->auc.low);
        json_member(out, "high", b->auc.high);
        json_member(out, "model_ahead", b->ahead.estimate);
        json_member(out, "ahead_low", b->ahead.low);
        json_member(out, "ahead_high", b->ahead.high);
        json_member(out, "p", b->ahead.p);
        fprintf(out, "}");
    }
    fprintf(out, "}");
}

static void write_cases(FILE *out, const evidence *e) {
    hn_eval_sample row = {.struct_size = sizeof row};
    items shown = {out, "\n  ", 0};
    fprintf(out, ",\n \"gallery\": {\"wrong\": %lld, \"shown\": [", (long long)e->n_wrong);
    for (int32_t i = 0; i < e->n_cases; i++) {
        if (hn_eval_row(e->source->eval, e->cases[i].row, &row, NULL)) continue;
        item(&shown);
        fprintf(out, "{\"row\": %lld, \"right\": %s", (long long)e->cases[i].row, e->cases[i].right ? "true" : "false");
        json_member(out, "probability_of_the_truth", e->cases[i].truth);
        fprintf(out, ", \"probabilities\": ");
        write_numbers(out, row.probabilities, e->levels[0].m.n_classes);
        fprintf(out, "}");
    }
    fprintf(out, "]}");
}

/* The options of the training as run.json has them, to the letter; they hold no time. */
static void write_options(FILE *out, const json_list *run) {
    static const char *const left_out[] = {"options.out", "options.threads", "options.resume", "options.resident"}; /* change no result */
    items options = {out, " ", 0};
    fprintf(out, ", \"options\": {");
    for (size_t i = 0; i < run->n; i++) {
        const json_value *v = &run->values[i];
        bool skip = strncmp(v->path, "options.", 8) != 0;
        for (size_t k = 0; k < sizeof left_out / sizeof *left_out; k++) skip |= !strcmp(v->path, left_out[k]);
        if (skip) continue;
        member(&options, v->path + 8);
        fprintf(out, "%s", v->raw);
    }
    fprintf(out, "}");
}

static void copy(FILE *out, const json_list *run, const char *name, const char *path) {
    const json_value *v = json_find(run, path);
    fprintf(out, ", \"%s\": %s", name, v ? v->raw : "null");
}

static void write_training(FILE *out, const evidence *e) {
    const run_files *f = &e->source->files;
    if (!f->run.n && !f->n_epochs) return;
    fprintf(out, ",\n \"training\": {\"epochs\": %lld", (long long)f->n_epochs);
    copy(out, &f->run, "best_epoch", "best_epoch");
    copy(out, &f->run, "stopped_early", "stopped_early");
    copy(out, &f->run, "haemnet", "haemnet");
    copy(out, &f->run, "device", "computed.device");
    copy(out, &f->run, "precision", "computed.precision");
    copy(out, &f->run, "model_sha256", "model_digest");
    copy(out, &f->run, "data_sha256", "data.digest");
    copy(out, &f->run, "split", "split.kind");
    copy(out, &f->run, "train_images", "split.train_rows");
    copy(out, &f->run, "train_patients", "split.train_groups");
    copy(out, &f->run, "test_images", "split.test_rows");
    copy(out, &f->run, "test_patients", "split.test_groups");
    if (f->run.n) write_options(out, &f->run);
    fprintf(out, ",\n  \"history\": [");
    items history = {out, "\n   ", 0};
    for (int64_t i = 0; i < f->n_epochs; i++) {
        const epoch_line *h = &f->history[i];
        item(&history);
        fprintf(out, "{\"epoch\": %.0f", h->epoch);
        json_member(out, "train_loss", h->train_loss);
        json_member(out, "train_accuracy", h->train_accuracy);
        json_member(out, "test_loss", h->test_loss);
        json_member(out, "test_accuracy", h->test_accuracy);
        json_member(out, "learning_rate", h->learning_rate);
        fprintf(out, "}");
    }
    fprintf(out, "]}");
}

void write_evidence_json(FILE *out, const evidence *e) {
    write_head(out, e);
    write_model(out, e);
    write_data(out, e);
    write_rules(out, e);
    write_figures(out, e);
    write_confusion(out, e);
    write_classes(out, e);
    write_questions(out, e);
    write_thresholds(out, e);
    fprintf(out, ",\n \"familiarity\": ");
    write_novelty_json(out, &e->novelty);
    write_subgroups(out, e);
    write_baselines(out, e);
    write_audit(out, e);
    write_cases(out, e);
    write_training(out, e);
    fprintf(out, ",\n \"evidence_csv_sha256\": \"%s\"}\n", e->csv_sha256);
}

int write_whole(const evidence *e, const char *folder, const char *name, void (*write)(FILE *out, const evidence *e)) {
    char *path = folder ? join_path(folder, name) : strdup(name);
    if (!path) return fail_text("out of memory");
    FILE *out = open_output(path);
    if (out) write(out, e);
    const bool done = out && close_output(out, path);
    free(path);
    return done ? EXIT_DONE : EXIT_FAILED;
}
