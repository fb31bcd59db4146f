/* html.c - the small things of an HTML page. A file name may hold a script: nothing that comes from outside gets past html_text unchanged. */
#include <math.h>
#include <string.h>

#include "html.h"
#include "program.h"

void html_text(FILE *out, const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    while (*c) {
        const int n = utf8_length(c);
        if (*c == '&') fputs("&amp;", out);
        else if (*c == '<') fputs("&lt;", out);
        else if (*c == '>') fputs("&gt;", out);
        else if (*c == '"') fputs("&quot;", out);
        else if (*c == '\'') fputs("&#39;", out);
        else if (!n || *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)) fputs("\xEF\xBF\xBD", out); /* also C1 control characters */
        else fwrite(c, 1, (size_t)n, out);
        c += n ? n : 1;
    }
}

void html_base64(FILE *out, const uint8_t *bytes, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        const size_t left = n - i;
        const uint32_t three = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
        fputc(digits[three >> 18], out);
        fputc(digits[three >> 12 & 63], out);
        fputc(left > 1 ? digits[three >> 6 & 63] : '=', out);
        fputc(left > 2 ? digits[three & 63] : '=', out);
    }
}

static void data(FILE *out, double value, double shown, int digits, const char *unit) {
    if (!isfinite(value)) {
        fputs("–", out);
        return;
    }
    fputs("<data value=\"", out);
    json_number(out, value);
    char text[64];
    snprintf(text, sizeof text, "%.*f", digits, fabs(shown));
    const bool minus = shown < 0 && strpbrk(text, "123456789");
    fprintf(out, "\">%s%s%s</data>", minus ? "\xE2\x88\x92" : "", text, unit);
}

void html_percent(FILE *out, double value) { data(out, value, 100 * value, 1, "\xC2\xA0%"); }
void html_number(FILE *out, double value, int digits) { data(out, value, value, digits, ""); }

void html_p(FILE *out, double p) {
    fputs("p ", out);
    if (p < 0.001) fputs("<data value=\"", out), json_number(out, p), fputs("\">below 0.001</data>", out);
    else html_number(out, p, 3);
}

void html_count(FILE *out, int64_t value) {
    char text[32];
    const int n = snprintf(text, sizeof text, "%lld", (long long)value);
    for (int i = 0; i < n; i++) {
        if (i && n > 4 && (n - i) % 3 == 0) fputs("\xE2\x80\xAF", out); /* a narrow space that does not break */
        fputc(text[i], out);
    }
}

void html_table_begin(FILE *out, const char *id, const char *caption) {
    fprintf(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"%s\"><table>\n<caption id=\"%s\">", id, id);
    html_text(out, caption);
    fputs("</caption>\n", out);
}

void html_table_end(FILE *out) { fputs("</tbody></table></div>\n", out); }

void html_columns(FILE *out, const char *const *names, int n) {
    fputs("<thead><tr>", out);
    for (int i = 0; i < n; i++) {
        fputs("<th scope=\"col\">", out);
        html_text(out, names[i]);
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>", out);
}

void html_row_begin(FILE *out, const char *name) {
    fputs("<tr><th scope=\"row\">", out);
    html_text(out, name);
    fputs("</th>", out);
}
