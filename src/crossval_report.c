/* crossval_report.c - a cross-validation as crossval.json and predictions.csv for programs, and as a table for people. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "crossval.h"

static void interval_json(FILE *out, const char *name, double low, double high) {
    fprintf(out, ", \"%s\": [", name);
    json_number(out, low);
    fprintf(out, ", ");
    json_number(out, high);
    fprintf(out, "]");
}

static void number_json(FILE *out, const char *name, double value) {
    fprintf(out, ", \"%s\": ", name);
    json_number(out, value);
}

static void level_json(FILE *out, const char *level, const char *rule) {
    fprintf(out, "\"level\": \"%s\", \"rule\": ", level);
    fprintf(out, rule ? "\"%s\"" : "null", rule);
}

static void metrics_members(FILE *out, const hn_metrics *m) {
    fprintf(out, "\"n\": %lld", (long long)m->n);
    for (int i = 0; i < N_FIGURES; i++) number_json(out, figures[i].name, figure_of(m, i));
}

static void write_over_folds(FILE *out, const level_figures *l) {
    fprintf(out, "\"over_folds\": {");
    for (int i = 0; i < N_FIGURES; i++) {
        const hn_mean *m = &l->over_folds[i];
        fprintf(out, "%s\"%s\": {\"folds\": %lld", i ? ",\n   " : "", figures[i].name, (long long)m->n);
        number_json(out, "mean", m->mean);
        number_json(out, "sd", m->deviation);
        interval_json(out, "interval", m->low, m->high);
        interval_json(out, "corrected_interval", m->corrected_low, m->corrected_high);
        fprintf(out, "}");
    }
    fprintf(out, "}");
}

static void write_pooled(FILE *out, const crossval *c, const pooled_figures *p) {
    metrics_members(out, &p->m);
    if (c->t->positive >= 0) interval_json(out, "roc_auc_delong", p->auc.low, p->auc.high);
    fprintf(out, ",\n    \"intervals\": {");
    for (int i = 0; i < N_FIGURES; i++) {
        fprintf(out, "%s\"%s\": [", i ? ", " : "", figures[i].name);
        json_number(out, figure_of(&p->low, i));
        fprintf(out, ", ");
        json_number(out, figure_of(&p->high, i));
        fprintf(out, "]");
    }
    fprintf(out, "}}");
}

static void write_levels(FILE *out, const crossval *c, const crossval_figures *f) {
    int written = 0;
    fprintf(out, ",\n \"levels\": [");
    for (int i = 0; i < N_LEVELS; i++) {
        const level_figures *l = &f->levels[i];
        if (!l->there) continue;
        fprintf(out, "%s{", written++ ? ",\n  " : "");
        level_json(out, l->level, l->rule);
        fprintf(out, ",\n   ");
        write_over_folds(out, l);
        fprintf(out, ",\n   \"pooled\": [");
        for (int32_t r = 0; r < c->s->repeats; r++) {
            fprintf(out, "%s{\"repeat\": %d, ", r ? ",\n    " : "", r + 1);
            write_pooled(out, c, &l->repeats[r]);
        }
        fprintf(out, "],\n   \"mean_of_repeats\": {");
        write_pooled(out, c, &l->mean);
        fprintf(out, "}");
    }
    fprintf(out, "]");
}

static void write_folds(FILE *out, const crossval *c, const crossval_figures *f) {
    fprintf(out, ",\n \"folds\": [");
    for (int32_t i = 0; i < c->s->repeats * c->s->folds; i++) {
        fprintf(out, "%s{\"repeat\": %d, \"fold\": %d, \"seed\": %llu", i ? ",\n  " : "", i / c->s->folds + 1, i % c->s->folds + 1,
                (unsigned long long)(c->s->base.seed + (uint64_t)(i / c->s->folds)));
        if (c->choices) {
            fprintf(out, ", \"candidate\": %d, \"inner_%s\": [", c->choices[i].chosen + 1, c->t->positive >= 0 ? "roc_auc" : "accuracy");
            for (int32_t k = 0; k < c->s->n_candidates; k++) {
                if (k) fprintf(out, ", ");
                json_number(out, c->choices[i].scores[k]);
            }
            fprintf(out, "]");
        }
        for (int l = 0; l < N_LEVELS; l++) {
            if (!f->levels[l].there) continue;
            fprintf(out, l ? ", \"patient_%s\": {" : ", \"image\": {", f->levels[l].rule);
            metrics_members(out, &f->levels[l].folds[i]);
            fprintf(out, "}");
        }
        fprintf(out, "}");
    }
    fprintf(out, "]");
}

static void write_interval(FILE *out, const char *name, const hn_interval *i, bool with_p) {
    number_json(out, name, i->estimate);
    char text[64];
    snprintf(text, sizeof text, "%s_interval", name);
    interval_json(out, text, i->low, i->high);
    if (with_p) number_json(out, "p", i->p);
}

static void write_baseline(FILE *out, const crossval *c, const crossval_figures *f, const baseline_figures *b, int level) {
    const int32_t repeats = c->s->repeats;
    const hn_interval *auc = b->auc + level * repeats, *ahead = b->ahead + level * repeats;
    const hn_interval mean_auc = over_repeats(auc, repeats), mean_ahead = over_repeats(ahead, repeats);
    fprintf(out, "{\"name\": \"%s\", ", b->name);
    level_json(out, f->levels[level].level, f->levels[level].rule);
    write_interval(out, "roc_auc", &mean_auc, false);
    write_interval(out, "model_ahead", &mean_ahead, false);
    number_json(out, "model_ahead_by_fold", b->by_fold[level].mean);
    interval_json(out, "model_ahead_by_fold_corrected_interval", b->by_fold[level].corrected_low, b->by_fold[level].corrected_high);
    fprintf(out, ",\n   \"repeats\": [");
    for (int32_t r = 0; r < repeats; r++) {
        fprintf(out, "%s{\"repeat\": %d", r ? ", " : "", r + 1);
        write_interval(out, "roc_auc", &auc[r], false);
        write_interval(out, "model_ahead", &ahead[r], true);
        fprintf(out, "}");
    }
    fprintf(out, "]}");
}

static void write_baselines(FILE *out, const crossval *c, const crossval_figures *f, const baseline_figures *list) {
    int written = 0;
    fprintf(out, ",\n \"baselines\": [");
    for (int level = 0; level < N_BASELINE_LEVELS; level++)
        for (int b = 0; b < N_BASELINES; b++) {
            if (!list[b].there || !f->levels[level].there) continue;
            if (written++) fprintf(out, ",\n  ");
            write_baseline(out, c, f, &list[b], level);
        }
    fprintf(out, "]");
}

/* What is kept apart of each training part; NaN where candidates differ in it. A fold is trained as a candidate says, if there are any. */
static double common_share(const crossval_settings *s) {
    const double share = validate_share(s, s->n_candidates ? &s->candidates[0] : &s->base);
    for (int32_t i = 1; i < s->n_candidates; i++)
        if (fabs(validate_share(s, &s->candidates[i]) - share) > 0) return NAN;
    return share;
}

static const char *weights_name(double share) {
    return isnan(share) ? "last epoch, or best epoch on the validation part: as the chosen candidate says"
           : share > 0  ? "best epoch on the validation part"
                        : "last epoch";
}

static void write_protocol(FILE *out, const crossval *c, int32_t model_of_fold) {
    const crossval_settings *s = c->s;
    const double share = common_share(s);
    fprintf(out, ",\n \"protocol\": {\"folds\": %d, \"repeats\": %d, \"by_manifest\": %s, \"inner\": %d", s->folds, s->repeats,
            c->info.n_folds == s->folds ? "true" : "false", s->inner);
    number_json(out, "validate", share);
    fprintf(out, ", \"weights\": \"%s\", \"tta\": \"%s\"", weights_name(share), tta_name(s->tta));
    number_json(out, "smooth", s->smooth);
    number_json(out, "test_to_train", 1.0 / (s->folds - 1));
    fprintf(out, ", \"level\": 0.95, \"pooled_intervals\": \"BCa bootstrap by patient, 2000 resamples\"");
    if (s->n_candidates) fprintf(out, ", \"chosen_by\": \"%s\", \"candidates\": [", c->t->positive >= 0 ? "roc_auc" : "accuracy");
    for (int32_t i = 0; i < s->n_candidates; i++) {
        if (i) fprintf(out, ", ");
        json_string(out, s->texts[i]);
    }
    if (s->n_candidates) fprintf(out, "]");
    if (model_of_fold >= 0) fprintf(out, ", \"model_of_fold\": %d", model_of_fold + 1);
    fprintf(out, "}");
}

static int write_json(const crossval *c, const crossval_figures *f, const baseline_figures *baselines, int32_t model_of_fold) {
    char *path = new_output(c->s->base.out, "crossval.json");
    FILE *out = open_output(path);
    bool done = false;
    if (out) {
        fprintf(out, "{\"haemnet\": ");
        json_string(out, hn_version_string());
        fprintf(out, ", \"build\": ");
        json_string(out, hn_build_info());
        fprintf(out, ",\n ");
        write_settings_json(out, &c->s->base);
        fprintf(out, ",\n \"data\": ");
        write_data_json(out, c->s->base.data, c->t->data, c->t->positive);
        write_protocol(out, c, model_of_fold);
        fprintf(out, ",\n \"leaks\": {\"found\": %lld, \"allowed\": %s}", (long long)c->leaks, c->leaks ? "true" : "false");
        fprintf(out, ",\n \"groups_known\": %s, \"not_predicted\": %lld", groups_unknown(c->t->data) ? "false" : "true", (long long)count_missing(c));
        write_levels(out, c, f);
        write_baselines(out, c, f, baselines);
        write_folds(out, c, f);
        fprintf(out, "}\n");
        done = close_output(out, path);
    }
    free(path);
    return done ? EXIT_DONE : EXIT_FAILED;
}

/* One class, or the labels that are set with ; between them. */
static void write_truth(FILE *out, const crossval *c, int64_t row) {
    char text[4096] = "";
    size_t used = 0;
    if (c->info.task != HN_TASK_MULTI) {
        csv_field(out, hn_dataset_class_name(c->t->data, c->classes[row]));
        return;
    }
    for (int32_t k = 0; k < c->info.n_classes; k++)
        if (c->labels[row] >> k & 1 && used < sizeof text) {
            int n = snprintf(text + used, sizeof text - used, "%s%s", used ? ";" : "", hn_dataset_class_name(c->t->data, k));
            used += n > 0 ? (size_t)n : 0;
        }
    csv_field(out, text);
}

/* With a positive class its probability alone, else those of all. */
static bool shown(const crossval *c, int32_t k) { return c->info.task == HN_TASK_MULTI || c->t->positive < 0 || k == c->t->positive; }

static void write_columns(FILE *out, const crossval *c, int32_t repeat) {
    char end[32] = "";
    if (repeat) snprintf(end, sizeof end, "_%d", repeat);
    if (repeat) fprintf(out, ",fold%s", end);
    for (int32_t k = 0; k < c->info.n_classes; k++) {
        char column[512];
        if (!shown(c, k)) continue;
        if (c->info.task != HN_TASK_MULTI && c->t->positive >= 0)
            snprintf(column, sizeof column, "probability%s", end);
        else
            snprintf(column, sizeof column, "probability_%s%s", hn_dataset_class_name(c->t->data, k), end);
        fputc(',', out);
        csv_field(out, column);
    }
}

static void write_probabilities(FILE *out, const crossval *c, const double *p, int64_t row) {
    for (int32_t k = 0; k < c->info.n_classes; k++) {
        if (!shown(c, k)) continue;
        fputc(',', out);
        csv_number(out, p[row * c->info.n_classes + k]);
    }
}

static int write_predictions(const crossval *c, const crossval_figures *f) {
    char *path = new_output(c->s->base.out, "predictions.csv");
    FILE *out = open_output(path);
    bool done = false;
    if (out) {
        fprintf(out, "file,group,label");
        for (int32_t r = 0; r <= c->s->repeats; r++) write_columns(out, c, r);
        fputc('\n', out);
        for (int64_t i = 0; i < c->info.n_rows; i++) {
            if (f->predicted[i] < 0) continue;
            csv_field(out, c->paths[i]);
            fputc(',', out);
            csv_field(out, c->groups[i]);
            fputc(',', out);
            write_truth(out, c, i);
            write_probabilities(out, c, f->mean_p, i);
            for (int32_t r = 0; r < c->s->repeats; r++) {
                fprintf(out, ",%d", c->repeats[r].fold[i] + 1);
                write_probabilities(out, c, c->repeats[r].p, i);
            }
            fputc('\n', out);
        }
        done = close_output(out, path);
    }
    free(path);
    return done ? EXIT_DONE : EXIT_FAILED;
}

int write_crossval(const crossval *c, const crossval_figures *f, const baseline_figures *baselines, int32_t model_of_fold) {
    int code = write_predictions(c, f);
    return code ? code : write_json(c, f, baselines, model_of_fold);
}

static void print_mean(const hn_mean *m, int64_t folds) {
    if (isnan(m->mean))
        printf("  %-31s", "     –"); /* a character of three bytes */
    else if (isnan(m->deviation))
        printf("  %5.3f in one fold%13s", m->mean, "");
    else
        printf("  %5.3f ± %.3f [%6.3f, %6.3f]%s", m->mean, m->deviation, m->corrected_low, m->corrected_high, m->n < folds ? "*" : " ");
}

static void print_levels(const crossval *c, const crossval_figures *f) {
    const int64_t folds = (int64_t)c->s->repeats * c->s->folds;
    bool some_missing = false;
    printf("\n%-20s", "mean ± sd [95 %]");
    for (int l = 0; l < N_LEVELS; l++)
        if (f->levels[l].there) printf("  %s%s%-*s", f->levels[l].level, l ? ", " : "", l ? 20 : 24, l ? f->levels[l].rule : "");
    for (int i = 0; i < N_FIGURES; i++) {
        if (!figures[i].title) continue;
        printf("\n  %-18s", figures[i].title);
        for (int l = 0; l < N_LEVELS; l++) {
            if (!f->levels[l].there) continue;
            print_mean(&f->levels[l].over_folds[i], folds);
            some_missing |= f->levels[l].over_folds[i].n < folds;
        }
    }
    if (c->s->smooth > 0) printf("\neach slice averaged along its series, by a Gaussian of %g slices", c->s->smooth);
    printf("\nover %lld folds; intervals are corrected for the training data that folds share (Nadeau and Bengio)%s\n", (long long)folds,
           some_missing ? "; * not defined in every fold" : "");
}

static void print_pooled(const crossval *c, const crossval_figures *f) {
    if (c->t->positive < 0) return;
    printf("\nall folds at once, %s\n", c->s->repeats > 1 ? "mean over repeats of each image's probability" : "each image once");
    for (int l = 0; l < N_LEVELS; l++) {
        const level_figures *level = &f->levels[l];
        const pooled_figures *p = &level->mean;
        if (!level->there) continue;
        printf("  %s%s%-*s  accuracy %.3f", level->level, l ? ", " : "", l ? 6 : 10, l ? level->rule : "", p->m.accuracy);
        if (!isnan(p->low.accuracy)) printf(" [%.3f, %.3f]", p->low.accuracy, p->high.accuracy);
        if (isnan(p->auc.estimate))
            printf("  ROC AUC undefined (one class only)");
        else
            printf("  ROC AUC %.3f", p->auc.estimate);
        if (!isnan(p->auc.low)) printf(" [%.3f, %.3f]", p->auc.low, p->auc.high);
        printf("\n");
    }
}

/* "+0.123 [-0.010, +0.250]", in 25 columns. */
static void print_gap(double estimate, double low, double high) {
    if (isnan(estimate))
        printf("  –%22s", "");
    else if (isnan(low))
        printf("  %+.3f%17s", estimate, "");
    else
        printf("  %+.3f [%+.3f, %+.3f]", estimate, low, high);
}

static void print_baselines(const crossval *c, const crossval_figures *f, const baseline_figures *list) {
    bool behind = false;
    if (c->t->positive < 0) return;
    printf("\n%-40s  %-22s  %-25s  fold by fold\n", "trivial classifiers", "ROC AUC [95 %]", "the model is ahead by");
    for (int level = 0; level < N_BASELINE_LEVELS; level++)
        for (int b = 0; b < N_BASELINES && f->levels[level].there; b++) {
            if (!list[b].there) continue;
            const hn_interval auc = over_repeats(list[b].auc + level * c->s->repeats, c->s->repeats);
            const hn_interval ahead = over_repeats(list[b].ahead + level * c->s->repeats, c->s->repeats);
            const hn_mean *by_fold = &list[b].by_fold[level];
            if (isnan(auc.estimate)) continue;
            printf("  %s%-*s  %.3f", level ? "patient, max: " : "", level ? 24 : 38, list[b].name, auc.estimate);
            if (isnan(auc.low))
                printf("%17s", "");
            else
                printf(" [%.3f, %.3f]  ", auc.low, auc.high);
            print_gap(ahead.estimate, ahead.low, ahead.high);
            print_gap(by_fold->mean, by_fold->corrected_low, by_fold->corrected_high);
            printf("%s\n", ahead.low > 0 ? "" : ahead.high < 0 ? "  behind" : "  not clearly");
            behind |= !(ahead.low > 0);
        }
    if (behind) printf("A model that is not clearly ahead of all of them may have learned nothing about blood.\n");
}

void print_crossval(const crossval *c, const crossval_figures *f, const baseline_figures *baselines) {
    if (quiet) return;
    printf("\n%lld images", (long long)f->levels[0].mean.m.n);
    if (groups_unknown(c->t->data))
        printf(", %d folds × %d: each predicted by models that have not seen it (patients not known: may be too good)\n", c->s->folds, c->s->repeats);
    else
        printf(" of %lld patients, %d folds × %d: each predicted by models that have not seen its patient\n", (long long)c->info.n_groups, c->s->folds,
               c->s->repeats);
    if (c->leaks) printf("LEAKY: test folds share %lld images or patients with their training parts; the figures are too good\n", (long long)c->leaks);
    print_levels(c, f);
    print_pooled(c, f);
    print_baselines(c, f, baselines);
    printf("\n%s/crossval.json has all figures, predictions.csv each image's; %s\n", c->s->base.out,
           c->s->keep_model ? "model.safetensors is that of the fold predicted best, which these figures are not about"
                            : "a model of all data: haemnet train DATA --holdout 0 with the same options");
}
