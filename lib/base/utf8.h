/* utf8.h - what messages, JSON and names ask about UTF-8. Strict: no overlong forms, no surrogates, nothing past U+10FFFF. */
#ifndef HNI_BASE_UTF8_H
#define HNI_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes (1 … 4) of the character that starts at `text`; 0 if the `n` bytes there do not start with a valid one. */
size_t hni_utf8_length(const char *text, size_t n);
/* The largest size ≤ `n` that does not end inside a character. */
size_t hni_utf8_cut(const char *text, size_t n);
/* Writes `code` (≤ U+10FFFF, no surrogate) to `out`; bytes written. */
size_t hni_utf8_encode(uint32_t code, char out[4]);
/* Makes `text` one line of valid UTF-8: bad bytes and control characters become '?'. In place, the size stays. */
void hni_utf8_clean(char *text, size_t n);

#endif
