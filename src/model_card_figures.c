/* model_card_figures.c - of the model card: how good the model is, beside what is trivial, and for whom it is less good. */
#include <math.h>

#include "model_card.h"

static void value(FILE *out, bool share, double x) { share ? md_percent(out, x) : md_number(out, x); }

static void figure(FILE *out, const evidence_level *l, int i) {
    const evidence_figure *f = &l->figures[i];
    const bool share = figure_is_share(i);
    fprintf(out, "| %s | ", figures[i].title ? figures[i].title : "exact match");
    value(out, share, f->estimate);
    fputs(" | ", out);
    if (f->method) {
        value(out, share, f->low);
        fputs(" to ", out);
        value(out, share, f->high);
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
    md_text(out, sentence);
    fputs("**\n", out);
}

static void ignore_warning(void *user, const char *sentence) { (void)user, (void)sentence; }

void card_figures(FILE *out, const evidence *e) {
    fputs(CARD_DATA, out);
    md_text(out, e->request->data);
    fprintf(out, ".\n\nThese are %lld images", (long long)e->levels[0].m.n);
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

/* Labels of one image do not exclude each other: each has a table of its own, in one line. */
void card_confusion(FILE *out, const evidence *e) {
    const int32_t n = e->levels[0].m.n_classes, cells = e->multi ? 4 : n;
    fputs(e->multi ? "| label | rightly let go | false alarms | missed | found |\n|---" : "| it is ↓, it was called → ", out);
    for (int32_t k = 0; k < n && !e->multi; k++) {
        fputs("| ", out);
        md_text(out, class_of(e, k));
        fputs(k + 1 < n ? " " : " |\n|---", out);
    }
    for (int32_t k = 0; k < cells; k++) fputs("|---", out);
    fputs("|\n", out);
    for (int32_t k = 0; k < n; k++) {
        fputs("| ", out);
        md_text(out, class_of(e, k));
        for (int32_t i = 0; i < cells; i++) fprintf(out, " | %lld", (long long)e->confusion[k * cells + i]);
        fputs(" |\n", out);
    }
}

void card_classes(FILE *out, const evidence *e) {
    fputs("| class | images | patients | precision | recall | ROC AUC |\n|---|---|---|---|---|---|\n", out);
    for (int32_t k = 0; k < e->levels[0].m.n_classes; k++) {
        fputs("| ", out);
        md_text(out, class_of(e, k));
        fprintf(out, " | %lld | ", (long long)e->classes[k].support);
        if (e->levels[0].m.groups_unknown) fputs("not known | ", out);
        else fprintf(out, "%lld | ", (long long)e->class_patients[k]);
        md_number(out, e->classes[k].precision);
        fputs(" | ", out);
        md_number(out, e->classes[k].recall);
        fputs(" | ", out);
        md_number(out, e->classes[k].roc_auc);
        fputs(" |\n", out);
    }
}

void card_trivial(FILE *out, const evidence *e) {
    fputs("One number of each image that has nothing to do with blood, in the direction that serves it best here.\n\n"
          "| number | its ROC AUC | model ahead by | 95 % interval |\n|---|---|---|---|\n", out);
    for (int i = 0; i < N_BASELINES; i++) {
        const evidence_baseline *b = &e->baselines[i];
        if (!b->there) continue;
        fprintf(out, "| %s | ", b->name);
        md_number(out, b->auc.estimate);
        fputs(" | ", out);
        md_number(out, b->ahead.estimate);
        fputs(" | ", out);
        md_number(out, b->ahead.low);
        fputs(" to ", out);
        md_number(out, b->ahead.high);
        fputs(" |\n", out);
    }
}

static void subgroup(FILE *out, const hn_subgroup *s) {
    fputs("| ", out);
    md_text(out, s->name);
    fputs(" | ", out);
    md_text(out, *s->value ? s->value : "not given");
    fprintf(out, "%s | %lld | %lld | %lld", s->flags & HN_SUBGROUP_FEW ? " (too few to compare)" : "", (long long)s->n, (long long)s->positives,
            (long long)s->groups);
    for (int f = 0; f < N_SUBGROUP_FIGURES; f++) {
        const bool share = f != HN_SUBGROUP_ROC_AUC;
        fputs(" | ", out);
        (share ? md_share : md_figure)(out, s->estimate[f], s->low[f], s->high[f]);
        if (!(s->differs >> f & 1)) continue;
        fputs(", **differs** from ", out);
        value(out, share, s->rest[f]);
        fputs(s->adjusted[f] < 0.001 ? ", p below " : ", p ", out);
        md_number(out, fmax(s->adjusted[f], 0.001));
    }
    fputs(" |\n", out);
}

void card_subgroups(FILE *out, const evidence *e) {
    fprintf(out, "Each group beside all others. A difference is named if it is larger than chance makes it, after correction (Holm) for %d comparisons; "
                 "wide intervals say how much could be hidden where none is named.\n\n"
                 "| column | value | images | with it | patients | accuracy | sensitivity | specificity | ROC AUC |\n|---|---|---|---|---|---|---|---|---|\n",
            hn_subgroups_comparisons(e->subgroups));
    for (int32_t i = 0; i < hn_subgroups_count(e->subgroups); i++) {
        hn_subgroup s = {.struct_size = sizeof s};
        if (!hn_subgroups_get(e->subgroups, i, &s, NULL)) subgroup(out, &s);
    }
}
