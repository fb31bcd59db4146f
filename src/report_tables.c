/* report_tables.c - the tables of a report: figures with their intervals, classes, trivial baselines, data, where the model comes from, limits. */
#include <math.h>
#include <string.h>

#include "report.h"

/* In the order of figures.c; what is left out is in evidence.json. */
static const struct {
    const char *name, *meaning;
    bool share; /* shown as per cent */
} meanings[] = {{"accuracy", "right, of all", true},
                {"balanced_accuracy", "mean of what was found of each class", true},
                {"sensitivity", "found, of those that have it", true},
                {"specificity", "let go, of those that have it not", true},
                {"ppv", "right, of those called so", true},
                {"npv", "right, of those let go", true},
                {"f1", "sensitivity and PPV in one; 1 is best", false},
                {"mcc", "Matthews’ correlation; 0 is chance, 1 is best", false},
                {"roc_auc", "a positive scores above a negative; 0.5 is chance", false},
                {"average_precision", "area under precision and recall", false},
                {"brier", "mean squared error of the probability; 0 is best", false},
                {"log_loss", "punishes false certainty; 0 is best", false},
                {"exact_match", "every label right", true}};

static int meaning_of(int figure) {
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (!strcmp(meanings[i].name, figures[figure].name)) return (int)i;
    return -1;
}

const char *figure_meaning(int figure) {
    const int i = meaning_of(figure);
    return i < 0 ? NULL : meanings[i].meaning;
}

bool figure_is_share(int figure) { return meaning_of(figure) >= 0 && meanings[meaning_of(figure)].share; }

static void figure_value(FILE *out, int figure, double value) {
    if (figure_is_share(figure))
        html_percent(out, value);
    else
        html_number(out, value, 3);
}

static void figure_cells(FILE *out, int figure, const evidence_figure *f) {
    fputs("<td class=\"n\">", out);
    figure_value(out, figure, f->estimate);
    fputs("</td><td class=\"n\">", out);
    if (f->method) {
        figure_value(out, figure, f->low);
        fputs(" to ", out);
        figure_value(out, figure, f->high);
    } else {
        fputs("–", out);
    }
    fputs("</td><td class=\"n\">", out);
    if (f->hits >= 0) {
        html_count(out, f->hits);
        fputs(" of ", out);
    }
    html_count(out, f->n);
    fputs("</td><td>", out);
    html_text(out, f->method ? f->method : "–");
    fputs("</td><td class=\"dim\">", out);
    html_text(out, figure_meaning(figure));
    fputs("</td></tr>\n", out);
}

bool figure_is_shown(const evidence *e, int figure) {
    const char *name = figures[figure].name;
    if (meaning_of(figure) < 0) return false;
    if (!strcmp(name, "exact_match")) return e->multi;
    return e->levels[0].m.positive >= 0 || !isnan(figure_of(&e->levels[0].m, figure));
}

void report_figures(FILE *out, const evidence *e) {
    static const char *const names[] = {"figure", "value", "95 % interval", "n", "interval by", "meaning"};
    if (e->levels[0].m.positive >= 0) {
        fprintf(out, "<p>The class that is looked for is <b>");
        html_text(out, class_of(e, e->levels[0].m.positive));
        fprintf(out, "</b>, called so from a probability of %g on.</p>\n", e->levels[0].m.threshold);
    }
    for (int i = 0; i < N_EVIDENCE_LEVELS; i++) {
        const evidence_level *l = &e->levels[i];
        char id[48], caption[160];
        if (!l->there) continue;
        if (i == 2) fputs("<details><summary>Patients, by the mean of their images</summary>\n", out);
        snprintf(id, sizeof id, "figures-%s", l->name);
        snprintf(caption, sizeof caption, "Figures of %lld %s%s", (long long)l->m.n, l->title, l->rule ? " (a patient has it if an image has)" : "");
        html_table_begin(out, id, caption);
        html_columns(out, names, 6);
        for (int k = 0; k < N_FIGURES; k++) {
            if (!figure_is_shown(e, k)) continue;
            html_row_begin(out, figures[k].title ? figures[k].title : "exact match");
            figure_cells(out, k, &l->figures[k]);
        }
        html_table_end(out);
        if (i == 2) fputs("<p>At the threshold of the images, which the mean of many seldom reaches: compare the ROC AUC.</p></details>\n", out);
    }
}

void report_classes(FILE *out, const evidence *e) {
    static const char *const names[] = {"class", "images", "patients", "called so", "precision", "recall", "F1", "ROC AUC", "average precision"};
    html_table_begin(out, "classes-table", "Each class against the rest");
    html_columns(out, names, 9);
    for (int32_t k = 0; k < e->levels[0].m.n_classes; k++) {
        const hn_class_metrics *c = &e->classes[k];
        const int64_t counts[] = {c->support, e->class_patients[k], c->predicted};
        const double values[] = {c->precision, c->recall, c->f1, c->roc_auc, c->average_precision};
        html_row_begin(out, class_of(e, k));
        for (int i = 0; i < 8; i++) {
            fputs("<td class=\"n\">", out);
            if (i == 1 && e->levels[0].m.groups_unknown) fputs("not known", out);
            else if (i < 3) html_count(out, counts[i]);
            else html_number(out, values[i - 3], 3);
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    html_table_end(out);
}

bool has_baselines(const evidence *e) {
    for (int i = 0; i < N_BASELINES; i++)
        if (e->baselines[i].there) return true;
    return false;
}

void report_baselines(FILE *out, const evidence *e) {
    static const char *const names[] = {"one number of each image", "its ROC AUC", "95 % interval", "model ahead by", "95 % interval", "by chance"};
    fputs("<p>Numbers that have nothing to do with blood, each in the direction that serves it best on these very images. A model that is not clearly ahead of "
          "all of them may have learned nothing else.</p>\n", out);
    html_table_begin(out, "baselines-table", "Trivial classifiers beside the model");
    html_columns(out, names, 6);
    for (int i = 0; i < N_BASELINES; i++) {
        const evidence_baseline *b = &e->baselines[i];
        if (!b->there) continue;
        html_row_begin(out, b->name);
        const double values[] = {b->auc.estimate, b->auc.low, b->auc.high, b->ahead.estimate, b->ahead.low, b->ahead.high, b->ahead.p};
        for (int k = 0; k < 7; k++) {
            fputs(k == 2 || k == 5 ? " to " : "<td class=\"n\">", out);
            if (k == 6) html_p(out, values[k]);
            else html_number(out, values[k], 3);
            if (k != 1 && k != 4) fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    html_table_end(out);
}

/* --- facts -------------------------------------------------------------------------------------------------------------------------------- */
static void fact(FILE *out, const char *name, const char *value) {
    html_row_begin(out, name);
    fputs("<td>", out);
    html_text(out, value && *value ? value : "–");
    fputs("</td></tr>\n", out);
}

static void fact_code(FILE *out, const char *name, const char *value) {
    html_row_begin(out, name);
    fputs("<td><code>", out);
    html_text(out, value ? value : "–");
    fputs("</code></td></tr>\n", out);
}

static void fact_count(FILE *out, const char *name, int64_t value) {
    html_row_begin(out, name);
    fputs("<td>", out);
    html_count(out, value);
    fputs("</td></tr>\n", out);
}

static void fact_begin(FILE *out, const char *id, const char *caption) {
    static const char *const names[] = {"what", "value"};
    html_table_begin(out, id, caption);
    html_columns(out, names, 2);
}

void report_data(FILE *out, const evidence *e) {
    const hn_metrics *m = &e->levels[0].m;
    const json_list *run = &e->source->files.run;
    static const struct {
        const char *name, *path;
    } parts[] = {{"images trained on", "split.train_rows"}, {"patients trained on", "split.train_groups"},
                 {"images that chose the epoch", "split.test_rows"}, {"patients that chose the epoch", "split.test_groups"}};
    char text[160];
    fact_begin(out, "data-table", "What the figures are of");
    fact_code(out, "data", e->request->data);
    if (e->request->holdout > 0) {
        snprintf(text, sizeof text, "%.4g %% of it, held out by patient with seed %llu", 100 * e->request->holdout, (unsigned long long)e->request->split_seed);
        fact(out, "part", text);
    }
    fact_count(out, "images", m->n);
    if (m->groups_unknown) fact(out, "patients", "not known");
    else fact_count(out, "patients", e->levels[0].units);
    fact_count(out, "images that could not be read", m->skipped);
    fact_code(out, "SHA-256 of the list", e->list_sha256);
    fact_code(out, "SHA-256 of the images", e->contents_sha256);
    html_table_end(out);
    if (!run->n) return;
    fact_begin(out, "split-table", "What the model was trained on");
    fact_code(out, "data", json_text(run, "options.data"));
    fact(out, "split", json_text(run, "split.kind"));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (json_find(run, parts[i].path)) fact_count(out, parts[i].name, llround(json_number_at(run, parts[i].path)));
    fact_code(out, "SHA-256 of the list", json_text(run, "data.digest"));
    html_table_end(out);
}

static void options_table(FILE *out, const json_list *run) {
    fputs("<details><summary>All options of the training</summary>\n", out);
    fact_begin(out, "options-table", "Options of the training");
    for (size_t i = 0; i < run->n; i++)
        if (!strncmp(run->values[i].path, "options.", 8) && strcmp(run->values[i].raw, "null")) fact_code(out, run->values[i].path + 8, run->values[i].text);
    html_table_end(out);
    fputs("</details>\n", out);
}

void report_provenance(FILE *out, const evidence *e) {
    const json_list *run = &e->source->files.run;
    const json_value *seed = json_find(run, "options.seed");
    char text[160];
    fact_begin(out, "provenance-table", "Where the model and this report come from");
    fact_code(out, "model, SHA-256", e->model_sha256);
    fact(out, "architecture", *e->model.preset ? e->model.preset : "a network of one’s own");
    snprintf(text, sizeof text, "%d × %d px, %d %s", e->model.width, e->model.height, e->model.channels, e->model.channels == 1 ? "channel" : "channels");
    fact(out, "input", text);
    fact_count(out, "parameters", e->model.parameters);
    if (run->n) {
        fact(out, "recipe", json_text(run, "options.recipe"));
        fact(out, "seed", seed ? seed->raw : NULL);
        fact(out, "computed on", json_text(run, "computed.device"));
        fact(out, "trained with haemnet", json_text(run, "haemnet"));
    }
    fact(out, "views of each image", e->request->tta ? e->request->tta : "none beside itself");
    if (e->request->smooth > 0) {
        snprintf(text, sizeof text, "each slice averaged along its series, by a Gaussian of %g slices", e->request->smooth);
        fact(out, "series", text);
    }
    fact(out, "report by haemnet", hn_version_string());
    fact(out, "build", hn_build_info());
    fact(out, "written", e->written);
    html_table_end(out);
    if (run->n) options_table(out, run);
    fputs("<p>All numbers of this page, and more, are in <code>evidence.json</code>. <code>haemnet verify RUN DATA</code> works them out again from the model "
          "and the images, and says which hold.</p>\n", out);
}

void report_limits(FILE *out, const evidence *e) {
    (void)e;
    fputs("<p class=\"notice\">" RESEARCH_USE "</p>\n<ul>\n"
          "<li>No figure here may decide about a patient. The model was not validated for diagnosis.</li>\n"
          "<li>The figures are of these images. Other scanners, protocols, ages and mixes of disease give others; "
          "PPV and NPV change with how common the disease is.</li>\n"
          "<li>An interval tells how far chance alone may have moved a figure. It knows nothing of wrong labels, "
          "of a biased choice of patients, or of leaks.</li>\n"
          "<li>Images of one patient are alike: read the figures of patients beside those of images.</li>\n"
          "<li>A heat map shows what moved the network, not where disease is.</li>\n"
          "</ul>\n", out);
}
