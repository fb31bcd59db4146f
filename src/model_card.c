/* model_card.c - model-card.md: what the model is, what it is for, how good it is, on what, and what it must not be used for. After Mitchell et al.,
 * "Model Cards for Model Reporting" (2019). The same numbers as evidence.json; verify_card.c holds them against model and data. */
#include "model_card.h"

static void write_model(FILE *out, const evidence *e) {
    const json_list *run = &e->source->files.run;
    const json_value *seed = json_find(run, "options.seed");
    char size[64];
    fputs("| | |\n|---|---|\n", out);
    md_row(out, "architecture", *e->model.preset ? e->model.preset : "a network of one’s own");
    snprintf(size, sizeof size, "%d × %d px, %d channels", e->model.width, e->model.height, e->model.channels);
    md_row(out, "input", size);
    fprintf(out, "| parameters | %lld |\n| classes | ", (long long)e->model.parameters);
    for (int32_t k = 0; k < e->model.n_classes; k++) {
        if (k) fputs(", ", out);
        md_text(out, hn_model_class_name(e->source->model, k));
    }
    fputs(" |\n", out);
    md_row(out, "class that is looked for", e->model.positive >= 0 ? hn_model_class_name(e->source->model, e->model.positive) : NULL);
    fprintf(out, "| threshold | %g |\n| SHA-256 | `%s` |\n", e->model.threshold, e->model_sha256);
    if (!run->n) return;
    md_row(out, "trained on", json_text(run, "options.data"));
    if (json_find(run, "split.train_rows"))
        fprintf(out, "| images trained on | %.0f, of %.0f known patients |\n",
                json_number_at(run, "split.train_rows"), json_number_at(run, "split.train_groups"));
    md_row(out, "recipe", json_text(run, "options.recipe"));
    md_row(out, "seed", seed ? seed->raw : NULL);
    md_row(out, "trained with haemnet", json_text(run, "haemnet"));
}

static void write_use(FILE *out, const evidence *e) {
    (void)e;
    fputs("- For research on head-CT slices like those that it was trained on.\n"
          "- Not for diagnosis, triage, or any decision about a patient: it was not validated for that, and is not a medical device.\n"
          "- Not for other body parts, other modalities, photographs of screens, or slices of other window settings than in training.\n", out);
}

static void write_limits(FILE *out, const evidence *e) {
    (void)e;
    fputs("- The figures are of these images. Other scanners, protocols, ages and mixes of disease give others; "
          "PPV and NPV change with how common the disease is.\n"
          "- An interval tells how far chance alone may have moved a figure. It knows nothing of wrong labels, of a biased choice of patients, or of leaks.\n"
          "- Images of one patient are alike: read the figures of patients beside those of images.\n", out);
}

/* In the order of the card. What is there for some models only has a function that says so. */
static const struct {
    const char *heading;
    bool (*there)(const evidence *e); /* NULL = always */
    void (*write)(FILE *out, const evidence *e);
} sections[] = {
    {"## The model", NULL, write_model},
    {"## Use", NULL, write_use},
    {"## How good it is", NULL, card_figures},
    {"### Right and wrong", NULL, card_confusion},
    {"### Classes", NULL, card_classes},
    {"### Trivial classifiers beside it", has_baselines, card_trivial},
    {"## For whom it is less good", has_subgroups, card_subgroups},
    {"## Threshold", NULL, card_thresholds},
    {"## Calibration", NULL, card_calibration},
    {"## Images unlike those that it was trained on", NULL, card_familiar},
    {"## Images that it has seen before", NULL, card_leaks},
    {"## Limits", NULL, write_limits},
};

/* The lines that CARD_PLACE, CARD_TIME and CARD_DATA begin tell of this place and hour; nothing else does. */
void write_card(FILE *out, const evidence *e) {
    char name[NAME_TEXT];
    fputs(CARD_PLACE, out);
    md_text(out, report_name(e, name));
    fputs("\n\n**" RESEARCH_USE "** Every number is in evidence.json; `haemnet verify RUN DATA` works them out again.\n\n", out);
    fprintf(out, CARD_TIME "%s by haemnet %s.\n", e->written, hn_version_string());
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (sections[i].there && !sections[i].there(e)) continue;
        fprintf(out, "\n%s\n\n", sections[i].heading);
        sections[i].write(out, e);
    }
}
