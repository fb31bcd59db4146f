/* text.c - a growing text, and the parts of JSON that need care when written: strings and numbers.
 *
 * The first failure (no memory) sticks, so that a writer makes a hundred calls and asks once at the end. Not a JSON builder: commas
 * and brackets are the caller's. Numbers come out the same in every locale. Reading is json.c. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "json_check.h" /* defines: hni_decimal_point */
#include "memory.h"
#include "utf8.h"

void hni_text_init(hni_text *t, hn_context *ctx) {
    *t = (hni_text){.ctx = ctx};
}

void hni_text_free(hni_text *t) {
    hni_free(t->ctx, t->data);
    hni_text_init(t, t->ctx);
}

/* Room for n more bytes and the NUL. */
static bool reserve(hni_text *t, size_t n) {
    size_t want;
    if (!t->failed && (!hni_add(t->size, n, &want) || !hni_add(want, 1, &want) || hni_grow(t->ctx, &t->data, &t->capacity, want, 1) != 0))
        t->failed = true;
    return !t->failed;
}

void hni_text_addn(hni_text *t, const char *text, size_t n) {
    if (!reserve(t, n))
        return;
    if (n > 0)
        memcpy(t->data + t->size, text, n);
    t->size += n;
    t->data[t->size] = '\0';
}

void hni_text_add(hni_text *t, const char *text) {
    hni_text_addn(t, text, strlen(text));
}

void hni_text_format(hni_text *t, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    if (n < 0) {
        t->failed = true;
    } else if (reserve(t, (size_t)n)) {
        vsnprintf(t->data + t->size, (size_t)n + 1, format, again);
        t->size += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

/* The letter of a two-character escape, or 0. */
static char short_escape(unsigned char c) {
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    default:
        return 0;
    }
}

void hni_text_json_string(hni_text *t, const char *text) {
    const size_t size = strlen(text);
    hni_text_addn(t, "\"", 1);
    for (size_t i = 0; i < size;) {
        const unsigned char c = (unsigned char)text[i];
        const size_t n = hni_utf8_length(text + i, size - i);
        const char escape[2] = {'\\', short_escape(c)};
        if (n == 0)
            hni_text_addn(t, "\xEF\xBF\xBD", 3); /* U+FFFD: what we write is valid even if what we got is not */
        else if (escape[1])
            hni_text_addn(t, escape, 2);
        else if (c < 0x20)
            hni_text_format(t, "\\u%04x", (unsigned)c);
        else
            hni_text_addn(t, text + i, n);
        i += n ? n : 1;
    }
    hni_text_addn(t, "\"", 1);
}

void hni_text_json_double(hni_text *t, double value) {
    char text[64], point[8];
    if (value - value != 0.0) { /* infinite or NaN: JSON has no word for them */
        hni_text_add(t, "null");
        return;
    }
    for (int digits = 9; digits <= 17; digits++) { /* %g drops trailing zeros, so fewer than nine come out by themselves */
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    hni_decimal_point(point);
    const char *found = strstr(text, point);
    if (!found) {
        hni_text_add(t, text);
        return;
    }
    hni_text_addn(t, text, (size_t)(found - text));
    hni_text_addn(t, ".", 1);
    hni_text_add(t, found + strlen(point));
}
