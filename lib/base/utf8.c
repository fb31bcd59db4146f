/* utf8.c - strict UTF-8: length of a character, cutting a text, encoding, cleaning.
 *
 * Not a Unicode library: nothing here knows letters, case or normal forms. It exists because names of files and text from files
 * may hold any bytes, while messages that we hand out are promised to be UTF-8. */
#include "utf8.h"

static int is_tail(const char *text, size_t i) {
    return ((unsigned char)text[i] & 0xC0) == 0x80;
}

size_t hni_utf8_length(const char *text, size_t n) {
    if (n == 0)
        return 0;
    const unsigned char c = (unsigned char)text[0];
    if (c < 0x80)
        return 1;
    if (c < 0xC2 || c > 0xF4) /* tails, overlong two-byte forms, past U+10FFFF */
        return 0;
    if (n < 2 || !is_tail(text, 1))
        return 0;
    if (c < 0xE0)
        return 2;
    const unsigned char second = (unsigned char)text[1];
    if (c < 0xF0) {
        if ((c == 0xE0 && second < 0xA0) || (c == 0xED && second > 0x9F)) /* overlong; surrogates */
            return 0;
        return n >= 3 && is_tail(text, 2) ? 3 : 0;
    }
    if ((c == 0xF0 && second < 0x90) || (c == 0xF4 && second > 0x8F))
        return 0;
    return n >= 4 && is_tail(text, 2) && is_tail(text, 3) ? 4 : 0;
}

size_t hni_utf8_cut(const char *text, size_t n) {
    /* The last character starts at most three bytes before the end; keep it if it is whole. */
    for (size_t back = 1; back <= 4 && back <= n; back++) {
        const unsigned char c = (unsigned char)text[n - back];
        if (c < 0x80)
            return n;
        if (c >= 0xC0)
            return hni_utf8_length(text + n - back, back) == back ? n : n - back;
    }
    return n; /* no start in sight: not UTF-8, nothing to spare */
}

size_t hni_utf8_encode(uint32_t code, char out[4]) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

void hni_utf8_clean(char *text, size_t n) {
    for (size_t i = 0; i < n;) {
        const size_t length = hni_utf8_length(text + i, n - i);
        const unsigned char c = (unsigned char)text[i];
        if (length == 0 || (length == 1 && (c < 0x20 || c == 0x7F)))
            text[i++] = '?';
        else
            i += length;
    }
}
