/* markdown.c - text into Markdown, as GitHub and pandoc read it. */
#include "markdown.h"

#include <math.h>
#include <string.h>

#include "program.h" /* defines: utf8_length */

void md_text(FILE *out, const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    while (*c) {
        const int n = utf8_length(c);
        if (!n || *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)) {
            fputs("\xEF\xBF\xBD", out);
        } else {
            if (n == 1 && strchr("\\`*_{}[]<>()#+!|~&$\"'", *c)) fputc('\\', out);
            fwrite(c, 1, (size_t)n, out);
        }
        c += n ? n : 1;
    }
}

void md_percent(FILE *out, double value) {
    if (isfinite(value)) fprintf(out, "%.1f %%", 100 * value);
    else fputs("–", out);
}

void md_number(FILE *out, double value) {
    if (isfinite(value)) fprintf(out, "%.3f", value);
    else fputs("–", out);
}

static void limits(FILE *out, double value, double low, double high, void (*write)(FILE *out, double value)) {
    write(out, value);
    if (!isfinite(low)) return;
    fputs(" (", out);
    write(out, low);
    fputs(" to ", out);
    write(out, high);
    fputs(")", out);
}

void md_share(FILE *out, double value, double low, double high) { limits(out, value, low, high, md_percent); }

void md_figure(FILE *out, double value, double low, double high) { limits(out, value, low, high, md_number); }

void md_count(FILE *out, int64_t n, const char *one, const char *many) { fprintf(out, "%lld %s", (long long)n, n == 1 ? one : many); }

void md_row(FILE *out, const char *name, const char *value) {
    fprintf(out, "| %s | ", name);
    md_text(out, value && *value ? value : "–");
    fputs(" |\n", out);
}
