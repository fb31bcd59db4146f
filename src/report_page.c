/* report_page.c - the page itself: head, what it comes to, sections in an order for readers. A section whose numbers are not there is not there; the
 * list of contents is made of the same table. No script runs, nothing is fetched: a policy in the page forbids both. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

static const section sections[] = {
    {"figures", "Figures", NULL, report_figures},
    {"confusion", "Right and wrong", NULL, report_confusion},
    {"curves", "Curves: ROC and precision–recall", has_curves, report_curves},
    {"thresholds", "Thresholds", has_thresholds, report_thresholds},
    {"calibration", "Can the probabilities be believed?", has_reliability, report_reliability},
    {"scores", "How the probabilities lie", NULL, report_scores},
    {"classes", "Class by class", NULL, report_classes},
    {"subgroups", "For whom is it less good?", has_subgroups, report_subgroups},
    {"familiar", "Are they like those that it was trained on?", NULL, report_familiar},
    {"leaks", "Has it seen them before?", NULL, report_leaks},
    {"baselines", "Could it be something trivial?", has_baselines, report_baselines},
    {"gallery", "Single images", NULL, report_gallery},
    {"training", "How it learned", has_history, report_history},
    {"data", "Data", NULL, report_data},
    {"provenance", "Provenance", NULL, report_provenance},
    {"limits", "Limits of use", NULL, report_limits},
};
enum { N_SECTIONS = sizeof sections / sizeof *sections };

/* The folder of model.safetensors, else the file itself. */
const char *report_name(const evidence *e, char name[NAME_TEXT]) {
    static const char ending[] = "/model.safetensors";
    char *whole = realpath(e->source->model_path, NULL);
    const char *path = whole ? whole : e->source->model_path, *last = path;
    size_t n = strlen(path);
    if (n > sizeof ending && !strcmp(path + n - (sizeof ending - 1), ending)) n -= sizeof ending - 1;
    for (const char *c = path; c < path + n; c++)
        if (*c == '/' && c + 1 < path + n) last = c + 1;
    snprintf(name, NAME_TEXT, "%.*s", (int)(path + n - last), last);
    free(whole);
    return name;
}

/* --- what must be known first -------------------------------------------------------------------------------------------------------------- */
/* The strongest of those that the model is not clearly ahead of. */
static int trivial_warning(const evidence *e, warn_fn warn, void *user) {
    const evidence_baseline *worst = NULL;
    char text[256];
    for (int i = 0; i < N_BASELINES; i++) {
        const evidence_baseline *b = &e->baselines[i];
        if (b->there && !(b->ahead.low > 0) && (!worst || b->auc.estimate > worst->auc.estimate)) worst = b;
    }
    if (!worst) return 0;
    snprintf(text, sizeof text, "The model is not clearly ahead of a trivial classifier: %s alone has a ROC AUC of %.3f.", worst->name,
             worst->auc.estimate);
    warn(user, text);
    return 1;
}

int report_warnings(const evidence *e, warn_fn warn, void *user) {
    const hn_metrics *m = &e->levels[0].m;
    const char *trained = json_text(&e->source->files.run, "model_digest");
    char text[256];
    int n = 0;
    if (trained && strcmp(trained, e->model_sha256)) {
        warn(user, "The model is not the one that run.json tells of: what is said of its training may be another's.");
        n++;
    }
    if (e->seen) {
        warn(user, !strcmp(e->seen, "trained on") ? "The model was trained on these images. The figures say how well it remembers them, not how good it is."
                                                  : "These images chose the epoch whose weights were kept. The figures are somewhat too good; images that the "
                                                    "training has not seen would give honest ones.");
        n++;
    }
    if (m->groups_unknown) {
        warn(user, "Patients are not known. If images of one patient stand here and in the training, all figures are too good, and the intervals too narrow.");
        n++;
    }
    if (m->skipped) {
        snprintf(text, sizeof text, "%lld of %lld images could not be read and are in no figure.", (long long)m->skipped, (long long)(m->n + m->skipped));
        warn(user, text);
        n++;
    }
    if (m->positive >= 0 && e->class_patients[m->positive] < 20) {
        snprintf(text, sizeof text, "Few cases: the class that is looked for has %lld %s. The intervals say what that means.",
                 (long long)e->class_patients[m->positive], m->groups_unknown ? "images" : "patients");
        warn(user, text);
        n++;
    }
    const evidence_level *patients = &e->levels[1];
    const int64_t without = patients->m.tn + patients->m.fp;
    if (patients->there && m->positive >= 0 && without < 20) {
        snprintf(text, sizeof text, "Only %lld of %lld patients have no image with it: the specificity of patients says little.", (long long)without,
                 (long long)patients->m.n);
        warn(user, text);
        n++;
    }
    return n + leak_warning(e, warn, user) + familiar_warning(e, warn, user) + subgroup_warning(e, warn, user) + trivial_warning(e, warn, user);
}

static void warn_item(void *user, const char *text) {
    FILE *out = user;
    fputs("<li>", out);
    html_text(out, text);
    fputs("</li>\n", out);
}

static void ignore_warning(void *user, const char *text) { (void)user, (void)text; }

/* --- what it comes to ------------------------------------------------------------------------------------------------------------------------ */
static int figure_named(const char *name) {
    for (int i = 0; i < N_FIGURES; i++)
        if (!strcmp(figures[i].name, name)) return i;
    return 0;
}

static void tile(FILE *out, const evidence_level *l, const char *name, const char *title, bool share) {
    const evidence_figure *f = &l->figures[figure_named(name)];
    fputs("<div><dt>", out);
    html_text(out, title);
    fputs("</dt><dd class=\"value\">", out);
    share ? html_percent(out, f->estimate) : html_number(out, f->estimate, 3);
    fputs("</dd><dd>", out);
    if (f->method) {
        fputs("95 % interval ", out);
        share ? html_percent(out, f->low) : html_number(out, f->low, 3);
        fputs(" to ", out);
        share ? html_percent(out, f->high) : html_number(out, f->high, 3);
    } else {
        fputs("no interval: the data do not allow one", out);
    }
    fputs("</dd><dd>", out);
    if (f->hits >= 0) {
        html_count(out, f->hits);
        fputs(" of ", out);
    }
    html_count(out, f->n);
    fputs(l->rule ? " patients" : " images", out);
    if (!l->rule && l->units < l->m.n) {
        fputs(", ", out);
        html_count(out, f->units);
        fputs(" patients", out);
    }
    fputs("</dd></div>\n", out);
}

static void lead(FILE *out, const evidence *e) {
    const hn_metrics *m = &e->levels[0].m;
    const evidence_figure *sens = &e->levels[0].figures[figure_named("sensitivity")], *spec = &e->levels[0].figures[figure_named("specificity")];
    fputs("<p class=\"lead\">", out);
    if (m->positive < 0 || sens->hits < 0 || spec->hits < 0) {
        const evidence_figure *f = &e->levels[0].figures[figure_named(e->multi ? "exact_match" : "accuracy")];
        fprintf(out, "Of %lld images the model called %lld right%s.</p>\n", (long long)f->n, (long long)f->hits, e->multi ? " in every label" : "");
        return;
    }
    fprintf(out, "Of %lld images with <b>", (long long)sens->n);
    html_text(out, class_of(e, m->positive));
    fprintf(out, "</b>, the model found <b>%lld</b> and missed <b>%lld</b>. Of %lld without it, it let <b>%lld</b> go and "
                 "raised <b>%lld</b> false alarm%s.</p>\n",
            (long long)sens->hits, (long long)(sens->n - sens->hits), (long long)spec->n, (long long)spec->hits, (long long)(spec->n - spec->hits),
            spec->n - spec->hits == 1 ? "" : "s");
}

static void headline(FILE *out, const evidence *e) {
    const bool positive = e->levels[0].m.positive >= 0;
    lead(out, e);
    fputs("<dl class=\"tiles\">\n", out);
    if (positive) {
        tile(out, &e->levels[0], "roc_auc", "ROC AUC, images", false);
        tile(out, &e->levels[0], "sensitivity", "Sensitivity, images", true);
        tile(out, &e->levels[0], "specificity", "Specificity, images", true);
    }
    if (!e->multi) tile(out, &e->levels[0], "accuracy", "Accuracy, images", true);
    if (e->multi) tile(out, &e->levels[0], "exact_match", "Every label right", true);
    if (!positive) tile(out, &e->levels[0], "balanced_accuracy", "Balanced accuracy", true);
    if (e->levels[1].there && positive) {
        tile(out, &e->levels[1], "roc_auc", "ROC AUC, patients", false);
        tile(out, &e->levels[1], "sensitivity", "Sensitivity, patients", true);
        tile(out, &e->levels[1], "specificity", "Specificity, patients", true);
    }
    fputs("</dl>\n", out);
    if (e->levels[1].there && positive) fputs("<p class=\"dim\">A patient is judged by the most suspicious image.</p>\n", out);
    if (!report_warnings(e, ignore_warning, NULL)) return;
    fputs("<ul class=\"warnings\" aria-label=\"Mind this first\">\n", out);
    report_warnings(e, warn_item, out);
    fputs("</ul>\n", out);
}

/* --- the page ---------------------------------------------------------------------------------------------------------------------------------- */
static void head(FILE *out, const evidence *e) {
    char name[NAME_TEXT];
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
          "base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"generator\" content=\"haemnet\">\n<link rel=\"icon\" href=\"data:,\">\n<title>Report: ", out);
    html_text(out, report_name(e, name));
    fputs("</title>\n<style>\n", out);
    for (int i = 0; report_style[i]; i++) fputs(report_style[i], out);
    fputs("</style>\n</head>\n", out);
}

/* The very bytes of evidence.json, for programs that have this page alone. */
static void embed_evidence(FILE *out, const evidence *e) {
    char *text = NULL;
    size_t size = 0;
    FILE *json = open_memstream(&text, &size);
    if (!json) {
        fail_text("out of memory");
        exit(EXIT_FAILED);
    }
    write_evidence_json(json, e);
    fclose(json);
    fputs("<p><a download=\"evidence.json\" href=\"data:application/json;base64,", out);
    html_base64(out, (const uint8_t *)text, size);
    fprintf(out, "\">evidence.json</a>, %.0f KB, inside this page: every number of it, with intervals and digests.</p>\n", ceil((double)size / 1024));
    free(text);
}

void write_page(FILE *out, const evidence *e) {
    char name[NAME_TEXT];
    head(out, e);
    fputs("<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n<h1>How good is “", out);
    html_text(out, report_name(e, name));
    fputs("”?</h1>\n<p class=\"notice\">" RESEARCH_USE " No output of it may decide about a patient.</p>\n<p class=\"dim\">", out);
    html_text(out, e->written);
    fputs(", haemnet ", out);
    html_text(out, hn_version_string());
    fputs("</p>\n</header>\n<nav aria-label=\"Contents\"><ul>\n", out);
    for (int i = 0; i < N_SECTIONS; i++)
        if (!sections[i].there || sections[i].there(e)) fprintf(out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].title);
    fputs("</ul></nav>\n<main id=\"main\">\n", out);
    headline(out, e);
    for (int i = 0; i < N_SECTIONS; i++) {
        if (sections[i].there && !sections[i].there(e)) continue;
        fprintf(out, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", sections[i].id, sections[i].id, sections[i].title);
        sections[i].write(out, e);
        fputs("</section>\n", out);
    }
    fputs("</main>\n<footer>\n<p>" RESEARCH_USE "</p>\n", out);
    embed_evidence(out, e);
    fputs("</footer>\n</body>\n</html>\n", out);
}

static int write_reports(const evidence *e, const char *folder, const char *page) {
    int code = folder ? write_whole(e, folder, "evidence.csv", write_evidence_csv) : EXIT_DONE;
    if (!code && folder) code = write_whole(e, folder, "evidence.json", write_evidence_json);
    if (!code && folder) code = write_whole(e, folder, "model-card.md", write_card);
    if (!code) code = write_whole(e, NULL, page, write_page);
    if (!code && !quiet) printf("%s is the report%s\n", page, folder ? "; evidence.json, evidence.csv and model-card.md are beside the model" : "");
    return code;
}

int report_on(const evidence_source *source, const evidence_request *request, const char *folder, const char *page) {
    evidence e;
    int code = find_evidence(source, request, &e);
    if (!code) code = write_reports(&e, folder, page);
    free_evidence(&e);
    return code;
}
