/* report_thresholds.c - what other thresholds would do, and whether a probability of 30 % means 30 %. */
#include <math.h>
#include <string.h>

#include "report.h"
#include "svg.h"

/* What the images were that something was found on, beside those of the page; so: what follows where they are not other enough. */
static void whose(FILE *out, bool here, int64_t shared, const char *so) {
    fputs(here         ? ": <b>these very ones</b>, so that "
          : shared > 0 ? ": <b>some of these, or others of their patients</b>, so that "
          : !shared    ? " that share neither an image nor a patient with these"
                       : " of another list (<code>haemnet audit</code> tells whether the two share images or patients)",
          out);
    if (here || shared > 0) fputs(so, out);
}

bool has_thresholds(const evidence *e) { return e->thresholds.there; }

static void chosen_how(FILE *out, const evidence *e) {
    const evidence_thresholds *t = &e->thresholds;
    const bool own = fabs(e->levels[0].m.threshold - t->chosen.threshold) < 1e-15;
    fprintf(out, "<p>The threshold of this report is <b>%g</b>", e->levels[0].m.threshold);
    if (!own)
        fputs(", set by whoever asked for the report.", out);
    else if (!t->chosen.rule)
        fputs(", which no data chose.", out);
    else {
        fprintf(out, ", chosen by the rule “%s” on %lld images", hn_threshold_rule_name(t->chosen.rule), (long long)t->chosen.n);
        whose(out, t->chosen_here, t->shared, "the figures at it are too good");
        fputs(".", out);
    }
    fputs(" A threshold that is picked from the tables below, and reported on the same images, flatters the model: "
          "pick on one part, report on another.</p>\n", out);
}

static void share_cell(FILE *out, double estimate, double low, double high) {
    fputs("<td class=\"n\">", out);
    html_percent(out, estimate);
    if (isfinite(low)) {
        fputs("<br><span class=\"dim\">", out);
        html_percent(out, low);
        fputs(" to ", out);
        html_percent(out, high);
        fputs("</span>", out);
    }
    fputs("</td>", out);
}

static void at_table(FILE *out, const evidence_thresholds *t) {
    static const char *const names[] = {"threshold", "sensitivity", "specificity", "PPV", "NPV"};
    html_table_begin(out, "thresholds-table", "Images at other thresholds, with 95 % intervals by patient where patients are known");
    html_columns(out, names, 5);
    for (int i = 0; i < N_THRESHOLDS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%g", threshold_places[i]);
        html_row_begin(out, name);
        for (int r = 0; r < N_RATES; r++) share_cell(out, t->at[i][r].estimate, t->at[i][r].low, t->at[i][r].high);
        fputs("</tr>\n", out);
    }
    html_table_end(out);
}

static void held_table(FILE *out, const char *id, const char *caption, const char *const names[3], const hn_operating_point *points) {
    html_table_begin(out, id, caption);
    html_columns(out, names, 3);
    for (int i = 0; i < N_HELD; i++) {
        char name[32];
        snprintf(name, sizeof name, "at least %g %%", 100 * points[i].value);
        html_row_begin(out, name);
        share_cell(out, points[i].estimate, points[i].low, points[i].high);
        fputs("<td class=\"n\">", out);
        html_number(out, points[i].threshold, 3);
        fputs("</td></tr>\n", out);
    }
    html_table_end(out);
}

void report_thresholds(FILE *out, const evidence *e) {
    static const char *const at_sensitivity[] = {"sensitivity held", "specificity", "from the threshold"},
                      *const at_specificity[] = {"specificity held", "sensitivity", "from the threshold"};
    const evidence_thresholds *t = &e->thresholds;
    chosen_how(out, e);
    at_table(out, t);
    held_table(out, "held-sensitivity", "How many without it are let go, if so many with it are to be found", at_sensitivity, t->at_sensitivity);
    held_table(out, "held-specificity", "How many with it are found, if so many without it are to be let go", at_specificity, t->at_specificity);
    fputs("<p class=\"dim\">These intervals know that the threshold was found on the same images.</p>\n", out);
}

/* --- reliability ------------------------------------------------------------------------------------------------------------------------- */
bool has_reliability(const evidence *e) {
    for (int32_t i = 0; i < e->n_questions; i++)
        if (e->questions[i].n_bins) return true;
    return false;
}

static void reliability_chart(FILE *out, const evidence *e, int32_t number) {
    const evidence_question *q = &e->questions[number];
    const double corner[] = {0, 1};
    double x[N_RELIABILITY], y[N_RELIABILITY], low[N_RELIABILITY], high[N_RELIABILITY];
    char id[32], title[400], about[200];
    int n = 0;
    chart c = {.width = 520, .height = 460, .left = 62, .right = 14, .top = 14, .bottom = 44, .x_high = 1, .y_high = 1};
    for (int32_t i = 0; i < q->n_bins; i++)
        if (q->bins[i].n) x[n] = q->bins[i].mean, y[n] = q->bins[i].share, low[n] = q->bins[i].share_low, high[n++] = q->bins[i].share_high;
    snprintf(id, sizeof id, "reliability-%d", number);
    snprintf(title, sizeof title, "Reliability of the probability of %.300s", class_of(e, q->class_index));
    snprintf(about, sizeof about, "On the line, a probability is the share of images that have it. Expected calibration error %.3f.", q->reliability.ece);
    chart_begin(&c, out, id, title, about);
    chart_axes(&c, "what the model said: mean probability, %", true, "what was true: share that has it, %", true);
    chart_line(&c, corner, corner, 2, "c");
    chart_band(&c, x, low, high, n, "a");
    chart_line(&c, x, y, n, "a");
    for (int i = 0; i < n; i++) {
        snprintf(title, sizeof title, "said %.1f %%, true %.1f %%", 100 * x[i], 100 * y[i]);
        chart_dot(&c, x[i], y[i], "a", title);
    }
    chart_end(&c);
}

static void reliability_table(FILE *out, const evidence *e, int32_t number) {
    static const char *const names[] = {"probability", "images", "mean said", "share true", "95 % interval"};
    const evidence_question *q = &e->questions[number];
    char id[32], caption[400];
    snprintf(id, sizeof id, "reliability-table-%d", number);
    snprintf(caption, sizeof caption, "Said and true, of %.300s", class_of(e, q->class_index));
    fputs("<details><summary>The numbers</summary>\n", out);
    html_table_begin(out, id, caption);
    html_columns(out, names, 5);
    for (int32_t i = 0; i < q->n_bins; i++) {
        const hn_reliability_bin *b = &q->bins[i];
        char name[48];
        snprintf(name, sizeof name, "%.0f to %.0f %%", 100 * b->low, 100 * b->high);
        html_row_begin(out, name);
        fputs("<td class=\"n\">", out);
        html_count(out, b->n);
        fputs("</td><td class=\"n\">", out);
        html_percent(out, b->mean);
        fputs("</td><td class=\"n\">", out);
        html_percent(out, b->share);
        fputs("</td><td class=\"n\">", out);
        html_percent(out, b->share_low);
        fputs(" to ", out);
        html_percent(out, b->share_high);
        fputs("</td></tr>\n", out);
    }
    html_table_end(out);
    fputs("</details>\n", out);
}

static void fitted_how(FILE *out, const evidence *e) {
    const evidence_thresholds *t = &e->thresholds;
    if (!t->calibration.method) {
        fputs("<p>The model is not calibrated: its probabilities are the network’s own.</p>\n", out);
        return;
    }
    fprintf(out, "<p>The model is calibrated (%s, on %lld images", hn_calibration_method_name(t->calibration.method), (long long)t->calibration.n);
    whose(out, t->calibrated_here, t->shared, "this looks too good");
    fputs(").</p>\n", out);
}

void report_reliability(FILE *out, const evidence *e) {
    fitted_how(out, e);
    for (int32_t i = 0; i < e->n_questions; i++) {
        const hn_reliability *r = &e->questions[i].reliability;
        if (!e->questions[i].n_bins) continue;
        if (e->n_questions > 1) {
            fputs("<h3>", out);
            html_text(out, class_of(e, e->questions[i].class_index));
            fputs("</h3>\n", out);
        }
        fputs("<figure>", out);
        reliability_chart(out, e, i);
        fputs("<figcaption>On the dotted line, images of which the model says 30 % have it in 30 of 100 cases; "
              "below it the model says too much, above it too little. "
              "Band: 95 % of each part. Expected calibration error ", out);
        html_number(out, r->ece, 3);
        if (isfinite(e->questions[i].ece_before)) {
            fputs(" (without the calibration ", out);
            html_number(out, e->questions[i].ece_before, 3);
            fputs(")", out);
        }
        fputs(", largest ", out);
        html_number(out, r->mce, 3);
        fputs("; Brier score ", out);
        html_number(out, r->brier, 3);
        fputs(" = reliability ", out);
        html_number(out, r->reliability, 3);
        fputs(" − resolution ", out);
        html_number(out, r->resolution, 3);
        fputs(" + uncertainty ", out);
        html_number(out, r->uncertainty, 3);
        fputs(" and what the bins hide.</figcaption></figure>\n", out);
        reliability_table(out, e, i);
    }
}
