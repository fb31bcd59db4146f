/* model_card.c - model-card.md: what the model is, what it is for, how good it is, on what, and what it must not be used for. After Mitchell et al.,
 * "Model Cards for Model Reporting" (2019). The same numbers as evidence.json. */
#include <math.h>
#include <string.h>

#include "report.h"

/* Names may hold what Markdown or HTML would read as its own. */
static void text(FILE *out, const char *value) {
    const unsigned char *c = (const unsigned char *)value;
    while (*c) {
        const int n = utf8_length(c);
        if (!n || *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)) {
            fputs("\xEF\xBF\xBD", out);
        } else {
            if (n == 1 && strchr("\\`*_{}[]<>()#+!|~&$\"'", *c)) fputc('\\', out);
            fwrite(c, 1, (size_t)n, out);
        }
        c += n ? n : 1;
    }
}

static void percent(FILE *out, double value) {
    if (isfinite(value)) fprintf(out, "%.1f %%", 100 * value);
    else fputs("–", out);
}

static void number(FILE *out, double value) {
    if (isfinite(value)) fprintf(out, "%.3f", value);
    else fputs("–", out);
}

static void row(FILE *out, const char *name, const char *value) {
    fprintf(out, "| %s | ", name);
    text(out, value && *value ? value : "–");
    fputs(" |\n", out);
}

static void write_model(FILE *out, const evidence *e) {
    const json_list *run = &e->source->files.run;
    const json_value *seed = json_find(run, "options.seed");
    char size[64];
    fputs("\n## The model\n\n| | |\n|---|---|\n", out);
    row(out, "architecture", *e->model.preset ? e->model.preset : "a network of one’s own");
    snprintf(size, sizeof size, "%d × %d px, %d channels", e->model.width, e->model.height, e->model.channels);
    row(out, "input", size);
    fprintf(out, "| parameters | %lld |\n| classes | ", (long long)e->model.parameters);
    for (int32_t k = 0; k < e->model.n_classes; k++) {
        if (k) fputs(", ", out);
        text(out, hn_model_class_name(e->source->model, k));
    }
    fputs(" |\n", out);
    row(out, "class that is looked for", e->model.positive >= 0 ? hn_model_class_name(e->source->model, e->model.positive) : NULL);
    fprintf(out, "| threshold | %g |\n| SHA-256 | `%s` |\n", e->model.threshold, e->model_sha256);
    if (!run->n) return;
    row(out, "trained on", json_text(run, "options.data"));
    if (json_find(run, "split.train_rows"))
        fprintf(out, "| images trained on | %.0f, of %.0f known patients |\n",
                json_number_at(run, "split.train_rows"), json_number_at(run, "split.train_groups"));
    row(out, "recipe", json_text(run, "options.recipe"));
    row(out, "seed", seed ? seed->raw : NULL);
    row(out, "trained with haemnet", json_text(run, "haemnet"));
}

static void write_use(FILE *out) {
    fputs("\n## Use\n\n"
          "- For research on head-CT slices like those that it was trained on.\n"
          "- Not for diagnosis, triage, or any decision about a patient: it was not validated for that, and is not a medical device.\n"
          "- Not for other body parts, other modalities, photographs of screens, or slices of other window settings than in training.\n", out);
}

static void figure(FILE *out, const evidence_level *l, int i) {
    const evidence_figure *f = &l->figures[i];
    const bool share = figure_is_share(i);
    fprintf(out, "| %s | ", figures[i].title ? figures[i].title : "exact match");
    share ? percent(out, f->estimate) : number(out, f->estimate);
    fputs(" | ", out);
    if (f->method) {
        share ? percent(out, f->low) : number(out, f->low);
        fputs(" to ", out);
        share ? percent(out, f->high) : number(out, f->high);
    } else {
        fputs("–", out);
    }
    if (f->hits >= 0)
        fprintf(out, " | %lld of %lld", (long long)f->hits, (long long)f->n);
    else
        fprintf(out, " | %lld", (long long)f->n);
    fprintf(out, " | %s |\n", f->method ? f->method : "–");
}

static void warn_item(void *user, const char *sentence) {
    FILE *out = user;
    fputs("- **", out);
    text(out, sentence);
    fputs("**\n", out);
}

static void ignore_warning(void *user, const char *sentence) { (void)user, (void)sentence; }

static void write_figures(FILE *out, const evidence *e) {
    fputs("\n## How good it is\n\nMeasured on ", out);
    text(out, e->request->data);
    fprintf(out, ": %lld images", (long long)e->levels[0].m.n);
    if (e->levels[0].m.groups_unknown) fputs(", patients not known", out);
    else fprintf(out, " of %lld patients", (long long)e->levels[0].units);
    fprintf(out, " (SHA-256 of the images `%s`).\n", e->contents_sha256);
    if (report_warnings(e, ignore_warning, NULL)) {
        fputs("\n", out);
        report_warnings(e, warn_item, out);
    }
    for (int i = 0; i < N_EVIDENCE_LEVELS; i++) {
        const evidence_level *l = &e->levels[i];
        if (!l->there) continue;
        fprintf(out, "\n### %c%s\n\n| figure | value | 95 %% interval | n | interval by |\n|---|---|---|---|---|\n", l->title[0] - 'a' + 'A', l->title + 1);
        for (int k = 0; k < N_FIGURES; k++)
            if (figure_is_shown(e, k)) figure(out, l, k);
    }
}

static void write_classes(FILE *out, const evidence *e) {
    fputs("\n### Classes\n\n| class | images | patients | precision | recall | ROC AUC |\n|---|---|---|---|---|---|\n", out);
    for (int32_t k = 0; k < e->levels[0].m.n_classes; k++) {
        fputs("| ", out);
        text(out, class_of(e, k));
        fprintf(out, " | %lld | ", (long long)e->classes[k].support);
        if (e->levels[0].m.groups_unknown) fputs("not known | ", out);
        else fprintf(out, "%lld | ", (long long)e->class_patients[k]);
        number(out, e->classes[k].precision);
        fputs(" | ", out);
        number(out, e->classes[k].recall);
        fputs(" | ", out);
        number(out, e->classes[k].roc_auc);
        fputs(" |\n", out);
    }
}

static void write_trivial(FILE *out, const evidence *e) {
    if (!has_baselines(e)) return;
    fputs("\n### Trivial classifiers beside it\n\nOne number of each image that has nothing to do with blood, in the direction that serves it best here.\n\n"
          "| number | its ROC AUC | model ahead by | 95 % interval |\n|---|---|---|---|\n", out);
    for (int i = 0; i < N_BASELINES; i++) {
        const evidence_baseline *b = &e->baselines[i];
        if (!b->there) continue;
        fprintf(out, "| %s | ", b->name);
        number(out, b->auc.estimate);
        fputs(" | ", out);
        number(out, b->ahead.estimate);
        fputs(" | ", out);
        number(out, b->ahead.low);
        fputs(" to ", out);
        number(out, b->ahead.high);
        fputs(" |\n", out);
    }
}

void write_card(FILE *out, const evidence *e) {
    char name[NAME_TEXT];
    fputs("# Model card: ", out);
    text(out, report_name(e, name));
    fprintf(out, "\n\n**" RESEARCH_USE "** Written %s by haemnet %s. Every number is in evidence.json; `haemnet verify RUN DATA` works them out again.\n",
            e->written, hn_version_string());
    write_model(out, e);
    write_use(out);
    write_figures(out, e);
    write_classes(out, e);
    write_trivial(out, e);
    fputs("\n## Limits\n\n"
          "- The figures are of these images. Other scanners, protocols, ages and mixes of disease give others; "
          "PPV and NPV change with how common the disease is.\n"
          "- An interval tells how far chance alone may have moved a figure. It knows nothing of wrong labels, of a biased choice of patients, or of leaks.\n"
          "- Images of one patient are alike: read the figures of patients beside those of images.\n", out);
}
