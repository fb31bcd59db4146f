/* json_check.h - is this text JSON, exactly as RFC 8259 has it? Asked before the text is cut into tokens. */
#ifndef HNI_BASE_JSON_CHECK_H
#define HNI_BASE_JSON_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "haemnet/status.h"

enum { HNI_JSON_DEPTH = 32, HNI_JSON_TOKENS = 1 << 20, HNI_JSON_BYTES = 16 << 20, HNI_JSON_NUMBER = 512 /* characters */ };

/* HN_OK and the number of values and keys in the text; or HN_E_FORMAT / HN_E_LIMIT with the place in err. */
hn_status hni_json_check(const char *text, size_t size, int32_t *tokens, hn_error *err);
/* The value of the number in text[size] (grammar checked before), whatever the locale; may be infinite. size ≤ HNI_JSON_NUMBER. */
double hni_json_number(const char *text, size_t size);
/* Puts the locale's decimal point (at most 7 bytes and the end) into point: what strtod and printf use here. */
void hni_decimal_point(char point[8]);

#endif
