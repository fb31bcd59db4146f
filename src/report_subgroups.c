/* report_subgroups.c - the table that says for whom a model is less good. */
#include <math.h>

#include "report.h"

static const char *const names[N_SUBGROUP_FIGURES] = {"accuracy", "sensitivity", "specificity", "ROC AUC"};

bool has_subgroups(const evidence *e) { return e->subgroups != NULL; }

static void figure_cell(FILE *out, const hn_subgroup *s, int f) {
    const bool share = f != HN_SUBGROUP_ROC_AUC;
    fputs("<td class=\"n\">", out);
    share ? html_percent(out, s->estimate[f]) : html_number(out, s->estimate[f], 3);
    if (isfinite(s->low[f])) {
        fputs("<br><span class=\"dim\">", out);
        share ? html_percent(out, s->low[f]) : html_number(out, s->low[f], 3);
        fputs(" to ", out);
        share ? html_percent(out, s->high[f]) : html_number(out, s->high[f], 3);
        fputs("</span>", out);
    }
    if (s->differs >> f & 1) {
        fputs("<br><strong>differs</strong> from ", out);
        share ? html_percent(out, s->rest[f]) : html_number(out, s->rest[f], 3);
        fputs(",<br>", out);
        html_p(out, s->adjusted[f]);
    }
    fputs("</td>", out);
}

void report_subgroups(FILE *out, const evidence *e) {
    static const char *const columns[] = {"column", "value", "images", "with it", "patients", "accuracy", "sensitivity", "specificity", "ROC AUC"};
    int32_t differ = 0;
    fputs("<p>Each group beside all others. A difference is named if it is larger than chance makes it, after correction (Holm) for ", out);
    fprintf(out, "%d comparisons. What is not named may differ all the same: wide intervals say how much could be hidden.</p>\n",
            hn_subgroups_comparisons(e->subgroups));
    html_table_begin(out, "subgroups-table", "Figures of groups of images, with 95 % intervals by patient where patients are known");
    html_columns(out, columns, 5 + N_SUBGROUP_FIGURES);
    for (int32_t i = 0; i < hn_subgroups_count(e->subgroups); i++) {
        hn_subgroup s = {.struct_size = sizeof s};
        if (hn_subgroups_get(e->subgroups, i, &s, NULL)) continue;
        const int64_t counts[] = {s.n, s.positives, s.groups};
        html_row_begin(out, s.name);
        fputs("<td>", out);
        html_text(out, *s.value ? s.value : "not given");
        if (s.flags & HN_SUBGROUP_FEW) fputs("<br><span class=\"dim\">too few to compare</span>", out);
        fputs("</td>", out);
        for (int k = 0; k < 3; k++) {
            fputs("<td class=\"n\">", out);
            html_count(out, counts[k]);
            fputs("</td>", out);
        }
        for (int f = 0; f < N_SUBGROUP_FIGURES; f++) figure_cell(out, &s, f);
        fputs("</tr>\n", out);
        differ += s.differs != 0;
    }
    html_table_end(out);
    if (!differ) fputs("<p>No difference is larger than chance alone would make it.</p>\n", out);
}

/* The worst of them, for those who read the top of the page only. */
int subgroup_warning(const evidence *e, warn_fn warn, void *user) {
    char text[400];
    int n = 0;
    for (int32_t i = 0; i < hn_subgroups_count(e->subgroups); i++) {
        hn_subgroup s = {.struct_size = sizeof s};
        if (hn_subgroups_get(e->subgroups, i, &s, NULL)) continue;
        for (int f = 0; f < N_SUBGROUP_FIGURES; f++) {
            if (!(s.differs >> f & 1) || !(s.estimate[f] < s.rest[f]) || n == 3) continue;
            snprintf(text, sizeof text, "Less good where %.80s is %.80s: %s %.3f, elsewhere %.3f.", s.name, *s.value ? s.value : "not given", names[f],
                     s.estimate[f], s.rest[f]);
            warn(user, text);
            n++;
        }
    }
    return n;
}
