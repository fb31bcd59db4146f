/* svg.c - charts as inline SVG. */
#include <math.h>
#include <string.h>

#include "html.h"
#include "svg.h"

void chart_begin(chart *c, FILE *out, const char *id, const char *title, const char *about) {
    c->out = out;
    fprintf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"%s-title %s-about\">\n", c->width,
            c->height, c->width, c->height, id, id);
    fprintf(out, "<title id=\"%s-title\">", id);
    html_text(out, title);
    fprintf(out, "</title><desc id=\"%s-about\">", id);
    html_text(out, about);
    fputs("</desc>\n", out);
}

void chart_end(const chart *c) { fputs("</svg>\n", c->out); }

double chart_x(const chart *c, double x) {
    return c->left + (c->width - c->left - c->right) * (x - c->x_low) / (c->x_high - c->x_low);
}

double chart_y(const chart *c, double y) {
    return c->height - c->bottom - (c->height - c->top - c->bottom) * (y - c->y_low) / (c->y_high - c->y_low);
}

/* 1, 2 or 5 times a power of ten, so that some five steps fit. */
static double step_of(double span) {
    const double power = pow(10, floor(log10(span / 5))), part = span / 5 / power;
    return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

static void tick_text(const chart *c, double value, double step, bool percent) {
    const double shown = percent ? 100 * value : value, gap = percent ? 100 * step : step;
    const int digits = gap >= 1 ? 0 : (int)ceil(-log10(gap) - 1e-9);
    fprintf(c->out, "%.*f", digits, fabs(shown) < gap / 1e6 ? 0.0 : c->mirrored ? fabs(shown) : shown);
}

static void x_ticks(const chart *c, bool percent) {
    const double step = step_of(c->x_high - c->x_low), bottom = c->height - c->bottom;
    for (double x = ceil(c->x_low / step - 1e-9) * step; x <= c->x_high + step / 1e6; x += step) {
        const double at = chart_x(c, x);
        fprintf(c->out, "<path class=\"grid\" d=\"M%.1f %dV%.1f\"/><text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", at, c->top, bottom, at,
                bottom + 17);
        tick_text(c, x, step, percent);
        fputs("</text>\n", c->out);
    }
}

static void y_ticks(const chart *c, bool percent) {
    const double step = step_of(c->y_high - c->y_low);
    for (double y = ceil(c->y_low / step - 1e-9) * step; y <= c->y_high + step / 1e6; y += step) {
        const double at = chart_y(c, y);
        fprintf(c->out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", c->left, at,
                c->width - c->right, c->left - 7, at + 4);
        tick_text(c, y, step, percent);
        fputs("</text>\n", c->out);
    }
}

void chart_axes(const chart *c, const char *x_name, bool x_percent, const char *y_name, bool y_percent) {
    x_ticks(c, x_percent);
    y_ticks(c, y_percent);
    fprintf(c->out, "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", c->left, c->top, c->width - c->left - c->right,
            c->height - c->top - c->bottom);
    fprintf(c->out, "<text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (c->left + c->width - c->right) / 2, c->height - 8);
    html_text(c->out, x_name);
    fprintf(c->out, "</text>\n<text class=\"name\" transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\">",
            (c->top + c->height - c->bottom) / 2);
    html_text(c->out, y_name);
    fputs("</text>\n", c->out);
}

void chart_line(const chart *c, const double *x, const double *y, int n, const char *kind) {
    bool pen = false;
    fprintf(c->out, "<path class=\"line %s\" d=\"", kind);
    for (int i = 0; i < n; i++) {
        const bool there = isfinite(x[i]) && isfinite(y[i]);
        if (there) fprintf(c->out, "%c%.1f %.1f", pen ? 'L' : 'M', chart_x(c, x[i]), chart_y(c, y[i]));
        pen = there;
    }
    fputs("\"/>\n", c->out);
}

/* One piece from NaN to NaN. */
static int band_piece(const chart *c, const double *x, const double *low, const double *high, int from, int n) {
    int to = from;
    while (to < n && isfinite(low[to]) && isfinite(high[to])) to++;
    if (to - from < 2) return to;
    for (int i = from; i < to; i++) fprintf(c->out, "%c%.1f %.1f", i > from ? 'L' : 'M', chart_x(c, x[i]), chart_y(c, high[i]));
    for (int i = to; i-- > from;) fprintf(c->out, "L%.1f %.1f", chart_x(c, x[i]), chart_y(c, low[i]));
    fputc('Z', c->out);
    return to;
}

void chart_band(const chart *c, const double *x, const double *low, const double *high, int n, const char *kind) {
    fprintf(c->out, "<path class=\"band %s\" d=\"", kind);
    for (int i = 0; i < n; i++) i = band_piece(c, x, low, high, i, n);
    fputs("\"/>\n", c->out);
}

void chart_bar(const chart *c, double x_from, double x_to, double y_from, double y_to, const char *kind) {
    const double x = chart_x(c, x_from), y = chart_y(c, y_to);
    fprintf(c->out, "<rect class=\"bar %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", kind, x, y, chart_x(c, x_to) - x,
            chart_y(c, y_from) - y);
}

void chart_dot(const chart *c, double x, double y, const char *kind, const char *title) {
    fprintf(c->out, "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"><title>", kind, chart_x(c, x), chart_y(c, y));
    html_text(c->out, title);
    fputs("</title></circle>\n", c->out);
}

void chart_vertical(const chart *c, double x, const char *name) {
    const double at = chart_x(c, x);
    const bool right_half = at > (c->left + c->width - c->right) / 2.0;
    fprintf(c->out, "<path class=\"mark\" d=\"M%.1f %dV%d\"/><text class=\"name\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">", at, c->top, c->height - c->bottom,
            at + (right_half ? -6 : 6), c->top + 14, right_half ? "end" : "start");
    html_text(c->out, name);
    fputs("</text>\n", c->out);
}

void chart_legend(const chart *c, int i, bool bars, const char *kind, const char *name) {
    const int x = c->left + i * (c->width - c->left - c->right) / 2, y = c->top - 12;
    if (bars)
        fprintf(c->out, "<rect class=\"bar %s\" x=\"%d\" y=\"%d\" width=\"12\" height=\"12\"/>", kind, x + 14, y - 6);
    else
        fprintf(c->out, "<path class=\"line %s\" d=\"M%d %dh28\"/>", kind, x, y);
    fprintf(c->out, "<text class=\"name\" x=\"%d\" y=\"%d\">", x + 34, y + 4);
    html_text(c->out, name);
    fputs("</text>\n", c->out);
}
