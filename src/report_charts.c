/* report_charts.c - the pictures of a report: how it learned, confusion, curves with bands, how the scores lie. Every chart has its numbers in a table
 * beside or below it. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "svg.h"

static char *format(char *text, size_t size, const char *pattern, ...) __attribute__((format(printf, 3, 4)));
static char *format(char *text, size_t size, const char *pattern, ...) {
    va_list args;
    va_start(args, pattern);
    vsnprintf(text, size, pattern, args);
    va_end(args);
    return text;
}

static void *need(void *memory) {
    if (memory) return memory;
    fail_text("out of memory");
    exit(EXIT_FAILED);
}

static void axes_table(FILE *out, const char *id, const char *caption, const char *const *names, int columns, const double *const *values, int rows,
                       const int *digits) {
    fputs("<details><summary>The numbers</summary>\n", out);
    html_table_begin(out, id, caption);
    html_columns(out, names, columns);
    for (int i = 0; i < rows; i++) {
        fputs("<tr>", out);
        for (int k = 0; k < columns; k++) {
            fputs(k ? "<td class=\"n\">" : "<th scope=\"row\">", out);
            html_number(out, values[k][i], digits[k]);
            fputs(k ? "</td>" : "</th>", out);
        }
        fputs("</tr>\n", out);
    }
    html_table_end(out);
    fputs("</details>\n", out);
}

/* --- how it learned ------------------------------------------------------------------------------------------------------------------ */
bool has_history(const evidence *e) { return e->source->files.n_epochs > 1; }

typedef struct history { /* as columns */
    int n;
    double *epoch, *columns[4]; /* loss, accuracy of the training part; of the test part */
} history;

static history read_columns(const run_files *f) {
    const int n = (int)f->n_epochs;
    history h = {.n = n, .epoch = need(calloc((size_t)n * 5, sizeof *h.epoch))};
    for (int k = 0; k < 4; k++) h.columns[k] = h.epoch + (k + 1) * n;
    for (int i = 0; i < n; i++) {
        const epoch_line *l = &f->history[i];
        h.epoch[i] = l->epoch;
        h.columns[0][i] = l->train_loss, h.columns[1][i] = l->train_accuracy;
        h.columns[2][i] = l->test_loss, h.columns[3][i] = l->test_accuracy;
    }
    return h;
}

static bool any(const double *values, int n) {
    for (int i = 0; i < n; i++)
        if (isfinite(values[i])) return true;
    return false;
}

static void history_chart(FILE *out, const evidence *e, const history *h, bool accuracy) {
    const double best = json_number_at(&e->source->files.run, "best_epoch"), *train = h->columns[accuracy], *test = h->columns[2 + accuracy];
    const char *name = accuracy ? "accuracy" : "loss";
    char title[64], about[256], id[32], mark[48];
    chart c = {.width = 560, .height = 330, .left = 62, .right = 14, .top = 34, .bottom = 44, .x_low = h->epoch[0], .x_high = h->epoch[h->n - 1],
               .y_low = accuracy, .y_high = accuracy};
    for (int i = 0; i < 2 * h->n; i++) {
        const double v = i < h->n ? train[i] : test[i - h->n];
        if (isfinite(v)) c.y_low = fmin(c.y_low, v), c.y_high = fmax(c.y_high, v);
    }
    if (c.y_high - c.y_low < 1e-6) c.y_high = c.y_low + 1;
    if (!accuracy) c.y_high += 0.05 * (c.y_high - c.y_low);
    format(title, sizeof title, "%s by epoch", accuracy ? "Accuracy" : "Loss");
    format(about, sizeof about, "%s of the training part: from %.3f to %.3f over %d epochs.%s", accuracy ? "Accuracy" : "Loss", train[0], train[h->n - 1], h->n,
           any(test, h->n) ? " The test part is drawn beside it." : "");
    format(id, sizeof id, "history-%s", name);
    fputs("<figure>", out);
    chart_begin(&c, out, id, title, about);
    chart_axes(&c, "epoch", false, accuracy ? "accuracy, %" : "loss", accuracy);
    chart_line(&c, h->epoch, train, h->n, "a");
    if (any(test, h->n)) chart_line(&c, h->epoch, test, h->n, "b");
    chart_legend(&c, 0, false, "a", "training part");
    if (any(test, h->n)) chart_legend(&c, 1, false, "b", "test part");
    if (isfinite(best)) chart_vertical(&c, best, format(mark, sizeof mark, "epoch %.0f kept", best));
    chart_end(&c);
    fputs("</figure>\n", out);
}

void report_history(FILE *out, const evidence *e) {
    static const char *const names[] = {"epoch", "training loss", "training accuracy", "test loss", "test accuracy"};
    static const int digits[] = {0, 4, 4, 4, 4};
    const json_list *run = &e->source->files.run;
    const double best = json_number_at(run, "best_epoch");
    const json_value *early = json_find(run, "stopped_early");
    const history h = read_columns(&e->source->files);
    fprintf(out, "<p>%d epochs%s.", h.n, early && !strcmp(early->raw, "true") ? "; training stopped by its rule" : "");
    if (isfinite(best)) fprintf(out, " The weights of epoch %.0f were kept: the lowest %s loss.", best, any(h.columns[2], h.n) ? "test" : "training");
    fputs("</p>\n<div class=\"charts\">\n", out);
    history_chart(out, e, &h, false);
    history_chart(out, e, &h, true);
    fputs("</div>\n", out);
    const double *const values[] = {h.epoch, h.columns[0], h.columns[1], h.columns[2], h.columns[3]};
    axes_table(out, "history-table", "Loss and accuracy of each epoch", names, 5, values, h.n, digits);
    free(h.epoch);
}

/* --- confusion --------------------------------------------------------------------------------------------------------------------------- */
enum { MOST_CELLS = 12 };

/* A count and its share of the row, on a ground that is the stronger the larger the share. */
static void cell(FILE *out, double x, double y, double w, double h, int64_t count, double share) {
    fprintf(out, "<rect class=\"cell\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill-opacity=\"%.3f\"/>", x, y, w, h, share);
    fprintf(out, "<text class=\"big\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%lld</text>", x + w / 2, y + h / 2 + 2, (long long)count);
    fprintf(out, "<text class=\"name\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.1f %%</text>\n", x + w / 2, y + h / 2 + 20, 100 * share);
}

/* A name cut to fit; whole in the table. */
static void short_name(FILE *out, const char *name, size_t most) {
    char text[64];
    size_t n = 0, characters = 0;
    for (const char *c = name; *c && n < sizeof text - 8; c++) {
        const bool begins = (*c & 0xC0) != 0x80;
        if (begins && ++characters > most) break;
        text[n++] = *c;
    }
    text[n] = 0;
    html_text(out, text);
    if (strlen(name) > n) fputs("…", out);
}

static const char *const calls[] = {"right yes", "missed", "false alarm", "right no"};

/* Row k, column i: count and share of those that are alike in truth. */
static int64_t count_at(const evidence *e, int32_t k, int32_t i, double *share) {
    static const int places[] = {3, 2, 1, 0}; /* of tn, fp, fn, tp */
    const int32_t n = e->levels[0].m.n_classes;
    const int64_t *c = e->confusion + (size_t)k * (size_t)(e->multi ? 4 : n);
    int64_t sum = 0;
    for (int32_t j = 0; j < n && !e->multi; j++) sum += c[j];
    if (e->multi) sum = i < 2 ? c[3] + c[2] : c[1] + c[0];
    const int64_t count = e->multi ? c[places[i]] : c[i];
    *share = sum ? (double)count / (double)sum : 0;
    return count;
}

static void heat_map(FILE *out, const evidence *e, int32_t rows, int32_t columns) {
    const double w = columns > 6 ? 74 : 118, h = 66, left = 150, top = 56;
    chart c = {.width = (int)(left + w * columns + 8), .height = (int)(top + h * rows + 8)};
    chart_begin(&c, out, "confusion-map", e->multi ? "What was said of each label" : "Confusion matrix", "Rows are the truth, columns what the model said. "
                "The numbers are in the table below.");
    fprintf(out, "<text class=\"name\" x=\"%.0f\" y=\"18\" text-anchor=\"middle\">%s</text>\n", left + w * columns / 2,
            e->multi ? "label by label" : "the model said");
    for (int32_t i = 0; i < columns; i++) {
        fprintf(out, "<text class=\"name\" x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">", left + w * (i + 0.5), top - 10);
        short_name(out, e->multi ? calls[i] : class_of(e, i), columns > 6 ? 10 : 16);
        fputs("</text>\n", out);
    }
    for (int32_t k = 0; k < rows; k++) {
        fprintf(out, "<text class=\"name\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">", left - 10, top + h * (k + 0.5) + 4);
        short_name(out, class_of(e, k), 19);
        fputs("</text>\n", out);
        for (int32_t i = 0; i < columns; i++) {
            double share;
            const int64_t count = count_at(e, k, i, &share);
            cell(out, left + w * i, top + h * k, w, h, count, share);
        }
    }
    chart_end(&c);
}

void report_confusion(FILE *out, const evidence *e) {
    const int32_t rows = e->levels[0].m.n_classes, columns = e->multi ? 4 : rows;
    const char **names = need(calloc((size_t)columns + 1, sizeof *names));
    if (rows <= MOST_CELLS) {
        fputs("<figure>", out);
        heat_map(out, e, rows, columns);
        fprintf(out, "<figcaption>Each row is what is true, each column what the model said at the threshold %g. Per cent of the row.</figcaption></figure>\n",
                e->levels[0].m.threshold);
    }
    names[0] = e->multi ? "label" : "truth, said:";
    for (int32_t i = 0; i < columns; i++) names[i + 1] = e->multi ? calls[i] : class_of(e, i);
    html_table_begin(out, "confusion-table", "Images, as they are and as they were called");
    html_columns(out, names, columns + 1);
    for (int32_t k = 0; k < rows; k++) {
        html_row_begin(out, class_of(e, k));
        for (int32_t i = 0; i < columns; i++) {
            double share;
            fputs("<td class=\"n\">", out);
            html_count(out, count_at(e, k, i, &share));
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    html_table_end(out);
    free(names);
}

/* --- curves -------------------------------------------------------------------------------------------------------------------------------- */
bool has_curves(const evidence *e) {
    for (int32_t i = 0; i < e->n_questions; i++)
        if (e->questions[i].roc.n) return true;
    return false;
}

static void curve_chart(FILE *out, const evidence *e, int32_t number, bool roc) {
    const evidence_question *q = &e->questions[number];
    const evidence_curve *v = roc ? &q->roc : &q->pr;
    const hn_metrics *m = &e->levels[0].m;
    double x[MOST_POINTS], y[MOST_POINTS], places[N_PLACES], share = (double)q->m.support / (double)m->n;
    char id[32], title[400], about[256];
    chart c = {.width = 560, .height = 430, .left = 62, .right = 14, .top = 14, .bottom = 44, .x_high = 1, .y_high = 1};
    for (size_t i = 0; i < v->n; i++) x[i] = v->points[i].x, y[i] = v->points[i].y;
    for (int i = 0; i < N_PLACES; i++) places[i] = band_place(i);
    format(title, sizeof title, "%s of %.300s", roc ? "ROC curve" : "Precision–recall curve", class_of(e, q->class_index));
    if (roc && isfinite(q->auc.low))
        format(about, sizeof about, "Area under the curve %.3f, 95 %% interval %.3f to %.3f.", q->auc.estimate, q->auc.low, q->auc.high);
    else if (roc)
        format(about, sizeof about, "Area under the curve %.3f; the data allow no interval.", q->auc.estimate);
    else
        format(about, sizeof about, "Average precision %.3f; a model that knows nothing has %.3f.", q->m.average_precision, share);
    format(id, sizeof id, "%s-%d", roc ? "roc" : "pr", number);
    fputs("<figure>", out);
    chart_begin(&c, out, id, title, about);
    chart_axes(&c, roc ? "false alarms: 1 − specificity, %" : "found: recall (sensitivity), %", true,
               roc ? "found: sensitivity, %" : "right when called: precision (PPV), %", true);
    const double corner[] = {0, 1}, rising[] = {0, 1}, level[] = {share, share};
    chart_line(&c, corner, roc ? rising : level, 2, "c");
    chart_band(&c, places, v->low, v->high, N_PLACES, "a");
    chart_line(&c, x, y, (int)v->n, "a");
    if (q->class_index == m->positive && isfinite(m->sensitivity) && isfinite(roc ? m->specificity : m->ppv))
        chart_dot(&c, roc ? 1 - m->specificity : m->sensitivity, roc ? m->sensitivity : m->ppv, "b", format(title, sizeof title, "threshold %g", m->threshold));
    chart_end(&c);
    fputs("<figcaption><b>", out);
    html_text(out, roc ? "ROC" : "Precision–recall");
    fputs("</b>: ", out);
    html_text(out, about);
    fputs(isfinite(v->low[N_PLACES / 2]) ? " Band: 95 % at each place. Dotted: knowing nothing." : " Dotted: knowing nothing.", out);
    if (q->class_index == m->positive) fprintf(out, " Dot: the threshold %g.", m->threshold);
    fputs("</figcaption></figure>\n", out);
}

static void band_table(FILE *out, const evidence *e, int32_t number) {
    static const char *const names[] = {"x", "sensitivity at this rate of false alarms", "low", "high", "precision at this recall", "low", "high"};
    static const int digits[] = {3, 3, 3, 3, 3, 3, 3};
    const evidence_question *q = &e->questions[number];
    double places[N_PLACES];
    char id[32], caption[400];
    for (int i = 0; i < N_PLACES; i++) places[i] = band_place(i);
    const double *const values[] = {places, q->roc.y, q->roc.low, q->roc.high, q->pr.y, q->pr.low, q->pr.high};
    axes_table(out, format(id, sizeof id, "band-%d", number),
               format(caption, sizeof caption, "Curves of %.300s with their 95 %% limits", class_of(e, q->class_index)),
               names, 7, values, N_PLACES, digits);
}

void report_curves(FILE *out, const evidence *e) {
    for (int32_t i = 0; i < e->n_questions; i++) {
        if (!e->questions[i].roc.n) continue;
        if (e->n_questions > 1) {
            fputs("<h3>", out);
            html_text(out, class_of(e, e->questions[i].class_index));
            fputs("</h3>\n", out);
        }
        fputs("<div class=\"charts\">\n", out);
        curve_chart(out, e, i, true);
        curve_chart(out, e, i, false);
        fputs("</div>\n", out);
        band_table(out, e, i);
    }
}

/* --- scores ---------------------------------------------------------------------------------------------------------------------------------- */
static void score_chart(FILE *out, const evidence *e, int32_t number) {
    const evidence_question *q = &e->questions[number];
    const hn_metrics *m = &e->levels[0].m;
    const char *name = class_of(e, q->class_index);
    int64_t most = 1;
    char id[32], text[400];
    for (int i = 0; i < 2 * N_BINS; i++)
        if (q->histogram[i / N_BINS][i % N_BINS] > most) most = q->histogram[i / N_BINS][i % N_BINS];
    chart c = {.width = 700, .height = 330, .left = 62, .right = 14, .top = 34, .bottom = 44, .x_high = 1, .y_low = -1.08 * (double)most,
               .y_high = 1.08 * (double)most, .mirrored = true};
    fputs("<figure>", out);
    chart_begin(&c, out, format(id, sizeof id, "scores-%d", number), format(text, sizeof text, "Probabilities of %.300s", name),
                "Upwards: images that have it. Downwards: images that have it not.");
    chart_axes(&c, "probability, %", true, "images", false);
    for (int i = 0; i < N_BINS; i++) {
        const double from = (i + 0.08) / N_BINS, to = (i + 0.92) / N_BINS;
        if (q->histogram[1][i]) chart_bar(&c, from, to, 0, (double)q->histogram[1][i], "b");
        if (q->histogram[0][i]) chart_bar(&c, from, to, -(double)q->histogram[0][i], 0, "a");
    }
    if (e->multi || q->class_index == m->positive) chart_vertical(&c, m->threshold, format(text, sizeof text, "threshold %g", m->threshold));
    chart_legend(&c, 0, true, "b", "↑ has it");
    chart_legend(&c, 1, true, "a", "↓ has it not");
    chart_end(&c);
    fputs("<figcaption>What the model said of images with (up) and without (down) <b>", out);
    html_text(out, name);
    fputs("</b>. The less they overlap, the better.</figcaption></figure>\n", out);
}

void report_scores(FILE *out, const evidence *e) {
    static const char *const names[] = {"probability from", "has it not", "has it"};
    for (int32_t i = 0; i < e->n_questions; i++) {
        const evidence_question *q = &e->questions[i];
        char id[32], caption[400];
        score_chart(out, e, i);
        fputs("<details><summary>The numbers</summary>\n", out);
        html_table_begin(out, format(id, sizeof id, "scores-table-%d", i),
                         format(caption, sizeof caption, "Images by the probability of %.300s", class_of(e, q->class_index)));
        html_columns(out, names, 3);
        for (int b = 0; b < N_BINS; b++) {
            char from[16];
            html_row_begin(out, format(from, sizeof from, "%.2f", (double)b / N_BINS));
            for (int k = 0; k < 2; k++) {
                fputs("<td class=\"n\">", out);
                html_count(out, q->histogram[k][b]);
                fputs("</td>", out);
            }
            fputs("</tr>\n", out);
        }
        html_table_end(out);
        fputs("</details>\n", out);
    }
}
