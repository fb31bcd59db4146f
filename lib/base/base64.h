/* base64.h - bytes as text (RFC 4648, section 4), for what has to stand inside JSON. */
#ifndef HNI_BASE_BASE64_H
#define HNI_BASE_BASE64_H

#include "json.h"

void hni_text_base64(hni_text *t, const uint8_t *bytes, size_t n); /* without quotes */

/* Exactly n bytes: what is longer, shorter, padded otherwise or no base64 is refused with false. */
bool hni_base64_read(const char *text, uint8_t *bytes, size_t n);
static inline size_t hni_base64_size(size_t n) { return (n + 2) / 3 * 4; } /* characters of n bytes */

#endif
