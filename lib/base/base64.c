/* base64.c - three bytes to four characters and back; a reader that knows how many bytes it wants, since whoever reads a model file does. */
#include "base64.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hni_text_base64(hni_text *t, const uint8_t *bytes, size_t n) {
    for (size_t i = 0; i < n; i += 3) {
        const size_t have = n - i < 3 ? n - i : 3;
        const uint32_t three = (uint32_t)bytes[i] << 16 | (have > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (have > 2 ? bytes[i + 2] : 0);
        const char four[4] = {letters[three >> 18], letters[three >> 12 & 63], have > 1 ? letters[three >> 6 & 63] : '=',
                              have > 2 ? letters[three & 63] : '='};
        hni_text_addn(t, four, sizeof four);
    }
}

static int value_of(char c) {
    const char *at = c ? strchr(letters, c) : NULL;
    return at ? (int)(at - letters) : -1;
}

/* Bits that no byte takes must be 0, so that equal bytes have one text only. */
bool hni_base64_read(const char *text, uint8_t *bytes, size_t n) {
    if (strlen(text) != hni_base64_size(n)) return false;
    for (size_t i = 0; i < n; i += 3, text += 4) {
        const size_t want = n - i < 3 ? n - i : 3;
        uint32_t three = 0;
        for (size_t c = 0; c < 4; c++) {
            const int value = c <= want ? value_of(text[c]) : text[c] == '=' ? 0 : -1;
            if (value < 0) return false;
            three = three << 6 | (uint32_t)value;
        }
        for (size_t b = 0; b < want; b++) bytes[i + b] = (uint8_t)(three >> (16 - 8 * b));
        if (want < 3 && three & ((UINT32_C(1) << (8 * (3 - want))) - 1)) return false;
    }
    return true;
}
