/* text.c - the growing text that JSON and tables are written into. A failure sticks, so that writers need no checks between. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "memory.h"

void hni_text_init(hni_text *t, hn_context *ctx) { *t = (hni_text){.ctx = ctx}; }

void hni_text_free(hni_text *t) {
    if (t->ctx) hni_free(t->ctx, t->data);
    *t = (hni_text){.ctx = t->ctx};
}

static bool reserve(hni_text *t, size_t more) {
    size_t want;
    if (t->failed || !hni_add(t->size, more, &want) || !hni_add(want, 1, &want) || hni_grow(t->ctx, &t->data, &t->capacity, want, 1)) t->failed = true;
    return !t->failed;
}

void hni_text_addn(hni_text *t, const char *text, size_t n) {
    if (!reserve(t, n)) return;
    memcpy(t->data + t->size, text, n);
    t->size += n;
    t->data[t->size] = 0;
}

void hni_text_add(hni_text *t, const char *text) { hni_text_addn(t, text, strlen(text)); }

void hni_text_format(hni_text *t, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0) t->failed = true;
    if (n >= 0 && reserve(t, (size_t)n)) {
        vsnprintf(t->data + t->size, (size_t)n + 1, format, again);
        t->size += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void hni_text_json_string(hni_text *t, const char *text) {
    hni_text_add(t, "\"");
    for (const char *at = text; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\')
            hni_text_format(t, "\\%c", c);
        else if (c == '\n')
            hni_text_add(t, "\\n");
        else if (c < 0x20)
            hni_text_format(t, "\\u%04x", c);
        else
            hni_text_addn(t, at, 1);
    }
    hni_text_add(t, "\"");
}

/* printf writes the locale's decimal point; whatever is not part of a C-locale number stands for ".". */
static void undo_locale(char *number) {
    char *to = number;
    bool point = false;
    for (const char *from = number; *from; from++) {
        bool plain = (*from >= '0' && *from <= '9') || *from == '-' || *from == '+' || *from == 'e';
        if (plain)
            *to++ = *from;
        else if (!point)
            *to++ = '.', point = true; /* a point of several bytes becomes one */
    }
    *to = 0;
}

void hni_text_json_double(hni_text *t, double value) {
    char number[64];
    if (!isfinite(value)) {
        hni_text_add(t, "null");
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(number, sizeof number, "%.*g", digits, value);
        if (strtod(number, NULL) == value) break; /* the same locale on both sides */
    }
    undo_locale(number);
    hni_text_add(t, number);
}
