/* html.h - text that may be anything (file names, class names) into HTML, and the few shapes that a report is made of. */
#ifndef HAEMNET_HTML_H
#define HAEMNET_HTML_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Safe between tags and inside double quotes: & < > " ' are written as references, bytes that are no UTF-8 and control characters as U+FFFD. */
void html_text(FILE *out, const char *text);
void html_base64(FILE *out, const uint8_t *bytes, size_t n);

/* <data value="0.8260869565217391">82.6 %</data>: for people, and for programs to the last bit. NaN is a dash. */
void html_percent(FILE *out, double value);             /* of a share 0 … 1; one digit behind the point, no break before the sign */
void html_number(FILE *out, double value, int digits);  /* digits behind the point */
void html_p(FILE *out, double p);                       /* "p 0.012", "p below 0.001" */
void html_count(FILE *out, int64_t value);              /* 12 345, with narrow spaces */

/* <table> with a caption, in a frame that scrolls by keyboard too where it is wider than the page; id names the caption. */
void html_table_begin(FILE *out, const char *id, const char *caption);
void html_table_end(FILE *out);
void html_columns(FILE *out, const char *const *names, int n); /* the head row */
void html_row_begin(FILE *out, const char *name);              /* with its name as head; html_text'd */

#endif
