/* json.h - reading JSON from untrusted files (jsmn, bounded) and writing it.
 *
 * The reader parses once into a token array taken from the context; depth and token count are limited. Strings come out unescaped
 * and checked as UTF-8. Numbers must be finite. */
#ifndef HNI_BASE_JSON_H
#define HNI_BASE_JSON_H

#include <stdbool.h>

#include "context.h"

typedef struct hni_json hni_json; /* a parsed document */
typedef int32_t hni_json_value;   /* a place in it; -1 = not there */

hn_status hni_json_parse(hn_context *ctx, const char *text, size_t size, hni_json **out, hn_error *err); /* ≤ 16 MiB, depth ≤ 32, ≤ 1 Mi tokens */
void hni_json_free(hni_json *json);
hni_json_value hni_json_root(const hni_json *json);
bool hni_json_is_object(const hni_json *json, hni_json_value v);
bool hni_json_is_array(const hni_json *json, hni_json_value v);
bool hni_json_is_string(const hni_json *json, hni_json_value v);
int32_t hni_json_count(const hni_json *json, hni_json_value v);                       /* members or elements; 0 for others */
hni_json_value hni_json_get(const hni_json *json, hni_json_value object, const char *key);
hni_json_value hni_json_at(const hni_json *json, hni_json_value array, int32_t index); /* O(index) */
hni_json_value hni_json_first(const hni_json *json, hni_json_value container);         /* first element, or first key of an object */
hni_json_value hni_json_next(const hni_json *json, hni_json_value v);                  /* the next sibling (next key after a key) */
hni_json_value hni_json_member_value(const hni_json *json, hni_json_value key);        /* value behind a key */
/* All false/NULL when the value is not there or of another type. */
bool hni_json_double(const hni_json *json, hni_json_value v, double *out);
bool hni_json_int(const hni_json *json, hni_json_value v, int64_t *out); /* whole numbers only, |x| ≤ 2^63-1 */
bool hni_json_bool(const hni_json *json, hni_json_value v, bool *out);
const char *hni_json_string(const hni_json *json, hni_json_value v); /* NUL-terminated, lives as long as json; NULL also for an embedded NUL */
const char *hni_json_raw(const hni_json *json, hni_json_value v, size_t *size); /* the text of a value as it stood; strings: unescaped, without quotes */

/* A growing text; the first failure sticks and is reported at the end. */
typedef struct hni_text {
    hn_context *ctx;
    char *data; /* NUL-terminated once something was added; hni_free it, or hni_text_free */
    size_t size, capacity;
    bool failed;
} hni_text;
void hni_text_init(hni_text *t, hn_context *ctx);
void hni_text_free(hni_text *t);
void hni_text_add(hni_text *t, const char *text);
void hni_text_addn(hni_text *t, const char *text, size_t n);
void hni_text_format(hni_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void hni_text_json_string(hni_text *t, const char *text); /* with quotes and escapes */
void hni_text_json_double(hni_text *t, double value);     /* shortest that reads back to the same bits, "." whatever the locale; null if not finite */

#endif
