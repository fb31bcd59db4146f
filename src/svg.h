/* svg.h - charts inside an HTML page: axes, lines, bands, bars, cells. Colours and strokes are classes of the page's style sheet, so that a chart
 * follows light, dark and print; kinds of lines differ in dashes too, not in colour alone. */
#ifndef HAEMNET_SVG_H
#define HAEMNET_SVG_H

#include <stdbool.h>
#include <stdio.h>

typedef struct chart { /* its frame in px, and the numbers at its edges */
    FILE *out;
    int width, height, left, right, top, bottom;
    double x_low, x_high, y_low, y_high;
    bool mirrored; /* numbers below 0 are counts that are drawn downwards: shown without their sign */
} chart;

/* title: what it is; about: what it shows, for those who cannot see it. Both are html_text'd; id is ours. Edges must differ. */
void chart_begin(chart *c, FILE *out, const char *id, const char *title, const char *about);
void chart_end(const chart *c);
/* Grid and numbers at round places; percent: numbers are shares. Names of the axes are html_text'd. */
void chart_axes(const chart *c, const char *x_name, bool x_percent, const char *y_name, bool y_percent);
/* Points with NaN break the line. kind: "a", "b", "c": class of colour and dash. */
void chart_line(const chart *c, const double *x, const double *y, int n, const char *kind);
void chart_band(const chart *c, const double *x, const double *low, const double *high, int n, const char *kind);
void chart_bar(const chart *c, double x_from, double x_to, double y_from, double y_to, const char *kind);
void chart_dot(const chart *c, double x, double y, const char *kind, const char *title);
void chart_vertical(const chart *c, double x, const char *name); /* a mark across, with its name at the top */
/* Kind and name of line i, or of bars, in a row above the frame. */
void chart_legend(const chart *c, int i, bool bars, const char *kind, const char *name);
double chart_x(const chart *c, double x); /* px */
double chart_y(const chart *c, double y);

#endif
