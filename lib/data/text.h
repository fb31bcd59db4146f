/* text.h - small checks of text that comes from files and callers. */
#ifndef HNI_DATA_TEXT_H
#define HNI_DATA_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the valid UTF-8 (no surrogates, no overlong forms, no NUL) at the start of text; `size` if all of it is valid. */
size_t hni_utf8_span(const char *text, size_t size);

/* Equal but for the case of A–Z; other bytes as they are, whatever the locale. */
bool hni_same_word(const char *a, const char *b);

#endif
