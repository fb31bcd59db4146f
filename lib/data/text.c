/* text.c - validity of text that comes in, and locale-free comparison.
 *
 * Names from folders and manifests end up in model files (JSON) and in bindings that decode UTF-8 strictly, so they are checked
 * where they come in. Not a Unicode library: no normalisation, no case folding beyond ASCII. */
#include "text.h"

#include "../base/utf8.h"

size_t hni_utf8_span(const char *text, size_t size) {
    size_t at = 0;
    while (at < size && text[at] != 0) {
        size_t n = hni_utf8_length(text + at, size - at);
        if (n == 0) break;
        at += n;
    }
    return at;
}

static unsigned char lower(unsigned char c) { return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c; }

bool hni_same_word(const char *a, const char *b) {
    const unsigned char *p = (const unsigned char *)a, *q = (const unsigned char *)b;
    while (*p && lower(*p) == lower(*q)) p++, q++;
    return lower(*p) == lower(*q);
}
