/* markdown.h - text that may be anything (class names, file names) into Markdown, and the few shapes that the model card is made of. */
#ifndef HAEMNET_MARKDOWN_H
#define HAEMNET_MARKDOWN_H

#include <stdint.h>
#include <stdio.h>

/* What Markdown or HTML would read as its own is written with a backslash, bytes that are no UTF-8 and control characters as U+FFFD. */
void md_text(FILE *out, const char *text);
void md_percent(FILE *out, double value); /* "91.2 %" of a share 0 … 1; NaN is a dash, as below */
void md_number(FILE *out, double value);  /* "0.912" */
void md_share(FILE *out, double value, double low, double high);  /* "91.2 % (85.0 % to 95.1 %)"; without limits the value alone */
void md_figure(FILE *out, double value, double low, double high); /* "0.912 (0.850 to 0.951)" */
void md_count(FILE *out, int64_t n, const char *one, const char *many); /* "1 patient", "12 patients" */
void md_row(FILE *out, const char *name, const char *value); /* of a table with two columns; `value` md_text'd, NULL or "" is a dash */

#endif
