/* curve_report.c - a learning curve as curve.csv (the trainings), curve.json (and the fit), curve.svg (a chart) and a few lines for people. */
#include <math.h>
#include <stdlib.h>

#include "curve.h"

static int write_csv(const curve *v) {
    char *path = new_output(v->own.base.out, "curve.csv");
    FILE *out = open_output(path);
    bool done = false;
    if (out) {
        fprintf(out, "seed,size,patients,images,test_patients,test_images,accuracy,roc_auc,patient_max_accuracy,patient_max_roc_auc\n");
        for (int32_t i = 0; i < v->n; i++) {
            const curve_point *p = &v->points[i];
            const double values[] = {p->accuracy, p->roc_auc, p->patient_accuracy, p->patient_auc};
            fprintf(out, "%d,%d,%lld,%lld,%lld,%lld", p->seed, p->step, (long long)p->patients, (long long)p->images, (long long)p->test_patients,
                    (long long)p->test_images);
            for (int k = 0; k < 4; k++) {
                fputc(',', out);
                csv_number(out, values[k]);
            }
            fputc('\n', out);
        }
        done = close_output(out, path);
    }
    free(path);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static void pair(FILE *out, const char *name, double low, double high) {
    fprintf(out, ", \"%s\": [", name);
    json_number(out, low);
    fprintf(out, ", ");
    json_number(out, high);
    fprintf(out, "]");
}

static double largest(const curve *v) {
    double most = 1;
    for (int32_t i = 0; i < v->n; i++) most = fmax(most, (double)v->points[i].patients);
    return most;
}

static void write_law(FILE *out, const curve *v) {
    const hn_power_law *l = &v->law;
    if (!v->fitted) {
        fprintf(out, "null");
        return;
    }
    fprintf(out, "{\"formula\": \"accuracy in percent = 100 + b1 * patients^b2\"");
    json_member(out, "b1", l->b1);
    pair(out, "b1_interval", l->b1_low, l->b1_high);
    json_member(out, "b2", l->b2);
    pair(out, "b2_interval", l->b2_low, l->b2_high);
    json_member(out, "error", l->error);
    json_member(out, "target", l->target);
    fprintf(out, ", \"reached\": %s", isfinite(l->size) ? "true" : "false");
    json_member(out, "patients", l->size);
    pair(out, "patients_interval", l->size_low, l->size_high);
    fprintf(out, ", \"extrapolated\": %s", l->size > largest(v) ? "true" : "false");
    json_member(out, "level", l->level);
    fprintf(out, ", \"intervals\": \"percentiles of fits of resampled seeds\", \"resamples\": %lld}", (long long)l->resamples);
}

static int write_json(const curve *v) {
    char *path = new_output(v->own.base.out, "curve.json");
    FILE *out = open_output(path);
    bool done = false;
    if (out) {
        fprintf(out, "{\"haemnet\": ");
        json_string(out, hn_version_string());
        fprintf(out, ", \"build\": ");
        json_string(out, hn_build_info());
        fprintf(out, ",\n ");
        write_settings_json(out, &v->own.base);
        fprintf(out, ",\n \"data\": ");
        write_data_json(out, v->own.base.data, v->c.t->data, v->c.t->positive);
        fprintf(out, ",\n \"protocol\": {\"seeds\": %d, \"sizes\": %d", v->seeds, v->steps);
        json_member(out, "least", v->least);
        json_member(out, "test_share", v->holdout);
        json_member(out, "validate", validate_share(&v->own, &v->own.base));
        json_member(out, "smooth", v->own.smooth);
        fprintf(out, ", \"tta\": \"%s\"},\n \"leaks\": {\"found\": %lld, \"allowed\": %s},\n", tta_name(v->own.tta), (long long)v->c.leaks,
                v->c.leaks ? "true" : "false");
        fprintf(out, " \"groups_known\": %s,\n \"fit\": ", groups_unknown(v->c.t->data) ? "false" : "true");
        write_law(out, v);
        fprintf(out, ",\n \"points\": [");
        for (int32_t i = 0; i < v->n; i++) {
            const curve_point *p = &v->points[i];
            fprintf(out, "%s{\"seed\": %d, \"size\": %d, \"patients\": %lld, \"images\": %lld, \"test_patients\": %lld, \"test_images\": %lld",
                    i ? ",\n  " : "", p->seed, p->step, (long long)p->patients, (long long)p->images, (long long)p->test_patients,
                    (long long)p->test_images);
            json_member(out, "accuracy", p->accuracy);
            json_member(out, "roc_auc", p->roc_auc);
            json_member(out, "patient_max_accuracy", p->patient_accuracy);
            json_member(out, "patient_max_roc_auc", p->patient_auc);
            fprintf(out, "}");
        }
        fprintf(out, "]}\n");
        done = close_output(out, path);
    }
    free(path);
    return done ? EXIT_DONE : EXIT_FAILED;
}

/* The chart's frame, in px, and the data that it shows: patients on a logarithmic axis, accuracy in percent. */
enum { WIDTH = 720, HEIGHT = 460, LEFT = 64, RIGHT = 20, TOP = 44, BOTTOM = 60 };
typedef struct chart {
    FILE *out;
    double x_low, x_high, y_low, gap; /* gap: between lines across */
} chart;

static double at_x(const chart *c, double patients) {
    return LEFT + (WIDTH - LEFT - RIGHT) * log(patients / c->x_low) / log(c->x_high / c->x_low);
}

static double at_y(const chart *c, double percent) { return TOP + (HEIGHT - TOP - BOTTOM) * (100 - percent) / (100 - c->y_low); }

static double law_at(double b1, double b2, double patients) { return 100 + b1 * pow(patients, b2); }

static chart frame(const curve *v, FILE *out) {
    chart c = {.out = out, .x_low = INFINITY, .x_high = largest(v), .y_low = 100};
    for (int32_t i = 0; i < v->n; i++) {
        c.x_low = fmin(c.x_low, (double)v->points[i].patients);
        c.y_low = fmin(c.y_low, 100 * v->points[i].accuracy);
    }
    c.x_high *= v->fitted && v->law.size > c.x_high && v->law.size < 10 * c.x_high ? 1.2 * v->law.size / c.x_high : 1.3;
    c.x_low /= 1.15;
    c.gap = c.y_low < 63 ? 10 : 5;
    c.y_low = fmax(0, c.gap * floor((c.y_low - 3) / c.gap));
    return c;
}

static void axes(const chart *c) {
    static const double steps[] = {1, 2, 5};
    for (double y = c->y_low; y <= 100; y += c->gap)
        fprintf(c->out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>\n", LEFT,
                WIDTH - RIGHT, at_y(c, y), at_y(c, y), LEFT - 8, at_y(c, y) + 4, y);
    for (double decade = 1; decade < 1e15; decade *= 10)
        for (int i = 0; i < 3; i++) {
            const double x = decade * steps[i];
            if (x < c->x_low || x > c->x_high) continue;
            fprintf(c->out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
                    at_x(c, x), at_x(c, x), TOP, HEIGHT - BOTTOM, at_x(c, x), HEIGHT - BOTTOM + 18, x);
        }
    fprintf(c->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#666\"/>\n", LEFT, TOP, WIDTH - LEFT - RIGHT,
            HEIGHT - TOP - BOTTOM);
    fprintf(c->out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">training patients</text>\n", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16);
    fprintf(c->out, "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">accuracy on test images, %%</text>\n",
            (TOP + HEIGHT - BOTTOM) / 2);
}

static int by_number(const void *a, const void *b) {
    const double *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

enum { PLACES = 60 };
static double place(const chart *c, int i) { return c->x_low * pow(c->x_high / c->x_low, (double)i / (PLACES - 1)); }

/* Where 95 % of the resampled fits lie, place by place: there and back. */
static void band(const chart *c, const curve *v) {
    double edges[2][PLACES], *values = malloc(N_FITS * sizeof *values);
    for (int i = 0; values && i < PLACES; i++) {
        int n = 0;
        for (int k = 0; k < N_FITS; k++)
            if (!isnan(v->fits[2 * k])) values[n++] = law_at(v->fits[2 * k], v->fits[2 * k + 1], place(c, i));
        if (!n) goto done; /* one seed alone */
        qsort(values, (size_t)n, sizeof *values, by_number);
        edges[0][i] = values[n / 40];
        edges[1][i] = values[n - 1 - n / 40];
    }
    if (!values) return;
    fprintf(c->out, "<path fill=\"#4878a8\" fill-opacity=\"0.15\" d=\"");
    for (int i = 0; i < 2 * PLACES; i++) {
        const int k = i < PLACES ? i : 2 * PLACES - 1 - i;
        const double y = fmin(100, fmax(c->y_low, edges[i >= PLACES][k]));
        fprintf(c->out, "%c%.1f %.1f", i ? 'L' : 'M', at_x(c, place(c, k)), at_y(c, y));
    }
    fprintf(c->out, "Z\"/>\n");
done:
    free(values);
}

static void line(const chart *c, const curve *v) {
    bool begun = false;
    fprintf(c->out, "<path fill=\"none\" stroke=\"#4878a8\" stroke-width=\"2\" d=\"");
    for (int i = 0; i < PLACES; i++) {
        const double y = law_at(v->law.b1, v->law.b2, place(c, i));
        if (y < c->y_low || y > 100) continue;
        fprintf(c->out, "%c%.1f %.1f", begun ? 'L' : 'M', at_x(c, place(c, i)), at_y(c, y));
        begun = true;
    }
    fprintf(c->out, "\"/>\n");
}

static void target(const chart *c, const curve *v) {
    const double y = at_y(c, 100 * v->law.target);
    if (100 * v->law.target < c->y_low) return;
    fprintf(c->out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#b04040\" stroke-dasharray=\"6 4\"/>\n", LEFT, WIDTH - RIGHT, y, y);
    if (v->law.size >= c->x_low && v->law.size <= c->x_high)
        fprintf(c->out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%d\" stroke=\"#b04040\" stroke-dasharray=\"6 4\"/>\n", at_x(c, v->law.size),
                at_x(c, v->law.size), y, HEIGHT - BOTTOM);
}

/* "1234", or "> 10 000 000" and what is beyond. */
static const char *size_text(double size, char text[32]) {
    if (isnan(size)) snprintf(text, 32, "?");
    else if (size > 1e7) snprintf(text, 32, "more than 10 000 000");
    else snprintf(text, 32, "%.0f", ceil(size));
    return text;
}

static void title(FILE *out, const curve *v) {
    char size[32], low[32], high[32];
    if (!v->fitted)
        fprintf(out, "no fit");
    else if (!isfinite(v->law.size))
        fprintf(out, "accuracy does not rise with the number of patients");
    else if (isnan(v->law.size_low))
        fprintf(out, "an accuracy of %.4g %% would need %s patients (one seed: no interval)", 100 * v->law.target, size_text(v->law.size, size));
    else
        fprintf(out, "an accuracy of %.4g %% would need %s patients (95 %% interval %s to %s)", 100 * v->law.target, size_text(v->law.size, size),
                size_text(v->law.size_low, low), size_text(v->law.size_high, high));
}

static int write_svg(const curve *v) {
    char *path = new_output(v->own.base.out, "curve.svg");
    FILE *out = open_output(path);
    bool done = false;
    if (out) {
        const chart c = frame(v, out);
        fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" ", WIDTH, HEIGHT, WIDTH, HEIGHT);
        fprintf(out, "font-family=\"sans-serif\" font-size=\"12\">\n");
        fprintf(out, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n<text x=\"%d\" y=\"26\" font-size=\"15\">", WIDTH, HEIGHT, LEFT);
        title(out, v);
        fprintf(out, "</text>\n");
        axes(&c);
        if (v->fitted) {
            band(&c, v);
            line(&c, v);
            target(&c, v);
        }
        for (int32_t i = 0; i < v->n; i++)
            fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#333\" fill-opacity=\"0.6\"><title>seed %d</title></circle>\n",
                    at_x(&c, (double)v->points[i].patients), at_y(&c, 100 * v->points[i].accuracy), v->points[i].seed);
        fprintf(out, "</svg>\n");
        done = close_output(out, path);
    }
    free(path);
    return done ? EXIT_DONE : EXIT_FAILED;
}

int write_curve(const curve *v) {
    int code = write_csv(v);
    if (!code) code = write_json(v);
    return code ? code : write_svg(v);
}

void print_curve(const curve *v) {
    if (quiet) return;
    if (v->fitted) {
        printf("\naccuracy in percent = 100 %+.4g · patients^%.4g, off by %.2f percent points\n", v->law.b1, v->law.b2, v->law.error);
        title(stdout, v);
        printf("%s\n", isfinite(v->law.size) && v->law.size > largest(v) ? ": beyond the sizes that were tried, so take it for a guess" : "");
    }
    printf("%s/curve.svg is the chart; curve.csv and curve.json have the %d trainings%s\n", v->own.base.out, v->n,
           groups_unknown(v->c.t->data) ? " (patients not known: accuracies may be too good)" : "");
}
