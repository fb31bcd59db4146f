/* report_familiar.c - how many images are not like those that the model was trained on, and what the figures are without them; in the page and in the
 * model card. */
#include <math.h>

#include "model_card.h"

enum { N_ROWS = 4 };
typedef struct beside { /* a figure of all images, and without the flagged ones */
    const char *name;
    bool share;
    double all, rest;
} beside;

static void list_rows(const novelty_facts *f, beside rows[N_ROWS]) {
    rows[0] = (beside){"accuracy", true, f->all.accuracy, f->rest.accuracy};
    rows[1] = (beside){"sensitivity", true, f->all.sensitivity, f->rest.sensitivity};
    rows[2] = (beside){"specificity", true, f->all.specificity, f->rest.specificity};
    rows[3] = (beside){"ROC AUC", false, f->all.roc_auc, f->rest.roc_auc};
}

static const char unknown[] = "The model does not know what its training images looked like, so it gives a class to any picture, and nobody is told of one "
                              "that is unlike them.";
static const char limit[] = "A picture that is not flagged is not thereby one that the model is right about.";

void report_familiar(FILE *out, const evidence *e) {
    static const char *const columns[] = {"figure", "all images", "without them"};
    const novelty_facts *f = &e->novelty;
    beside rows[N_ROWS];
    if (!f->n.known) {
        fprintf(out, "<p>%s</p>\n", unknown);
        return;
    }
    fputs("<p><strong>", out);
    html_count(out, f->n.unfamiliar);
    fputs(" of ", out);
    html_count(out, f->n.n);
    fputs("</strong> images are not like those that the model was trained on: their novelty is above 1. No verdict on them is to be relied on; they count "
          "in every figure of this page. The middle novelty is ", out);
    html_number(out, f->n.median, 2);
    fputs(", the highest ", out);
    html_number(out, f->n.highest, 2);
    fprintf(out, ". %s</p>\n", limit);
    if (!f->parted) return;
    html_table_begin(out, "familiar-table", "Figures of all images, and without those that are not like the training images");
    html_columns(out, columns, 3);
    list_rows(f, rows);
    for (int i = 0; i < N_ROWS; i++) {
        if (isnan(rows[i].all) && isnan(rows[i].rest)) continue;
        html_row_begin(out, rows[i].name);
        for (int k = 0; k < 2; k++) {
            fputs("<td class=\"n\">", out);
            rows[i].share ? html_percent(out, k ? rows[i].rest : rows[i].all) : html_number(out, k ? rows[i].rest : rows[i].all, 3);
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    html_table_end(out);
}

/* A tenth is four times what chance flags. */
int familiar_warning(const evidence *e, warn_fn warn, void *user) {
    const hn_novelty *n = &e->novelty.n;
    char text[200];
    if (!n->known || n->unfamiliar * 10 <= n->n) return 0;
    snprintf(text, sizeof text, "%lld of %lld images are not like those that the model was trained on: it was not made for such a set.",
             (long long)n->unfamiliar, (long long)n->n);
    warn(user, text);
    return 1;
}

void card_familiar(FILE *out, const evidence *e) {
    const novelty_facts *f = &e->novelty;
    beside rows[N_ROWS];
    if (!f->n.known) {
        fprintf(out, "%s\n", unknown);
        return;
    }
    fprintf(out, "%lld of %lld images are not like those that it was trained on (novelty above 1; middle %.2f, highest %.2f). No verdict on them is to be "
                 "relied on; they count in every figure here. %s\n",
            (long long)f->n.unfamiliar, (long long)f->n.n, f->n.median, f->n.highest, limit);
    if (!f->parted) return;
    list_rows(f, rows);
    fputs("\n| figure | all images | without them |\n|---|---|---|\n", out);
    for (int i = 0; i < N_ROWS; i++) {
        if (isnan(rows[i].all) && isnan(rows[i].rest)) continue;
        fprintf(out, "| %s | ", rows[i].name);
        md_number(out, rows[i].all);
        fputs(" | ", out);
        md_number(out, rows[i].rest);
        fputs(" |\n", out);
    }
}
