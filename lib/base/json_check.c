/* json_check.c - a strict recogniser of JSON: one pass, no memory, bounded depth.
 *
 * jsmn, which cuts the text into tokens afterwards, is small because it lets much pass: missing commas, unquoted words, raw bytes,
 * trailing text. Files come from strangers, so the grammar is checked here first, in full: UTF-8, escapes, surrogate pairs, number
 * syntax and range, nesting. Whatever passes is JSON to every other parser too, and jsmn cannot stumble over it. Keys that come
 * twice are found later, when strings are unescaped (json.c). */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_check.h"
#include "status.h"
#include "utf8.h"

typedef struct reader {
    const char *text;
    size_t size, at;
    int32_t tokens;
    int depth;
    char kind[HNI_JSON_DEPTH]; /* '{' or '[' of the open containers */
    hn_error *err;
} reader;

static hn_status bad(reader *r, const char *what) {
    return hni_fail(r->err, HN_E_FORMAT, "not valid JSON at byte %zu: %s", r->at, what);
}

static int peek(const reader *r) {
    return r->at < r->size ? (unsigned char)r->text[r->at] : -1;
}

static void skip_space(reader *r) {
    while (r->at < r->size && (r->text[r->at] == ' ' || r->text[r->at] == '\n' || r->text[r->at] == '\t' || r->text[r->at] == '\r'))
        r->at++;
}

static hn_status count_token(reader *r) {
    if (r->tokens == HNI_JSON_TOKENS)
        return hni_fail(r->err, HN_E_LIMIT, "JSON with more than %d values and keys", HNI_JSON_TOKENS);
    r->tokens++;
    return HN_OK;
}

/* Four hexadecimal digits at `at`, or -1. */
static int32_t read_hex(const reader *r, size_t at) {
    if (at > r->size || r->size - at < 4)
        return -1;
    int32_t value = 0;
    for (size_t i = at; i < at + 4; i++) {
        const char c = r->text[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* At a backslash. */
static hn_status check_escape(reader *r) {
    const char c = r->at + 1 < r->size ? r->text[r->at + 1] : '\0';
    if (c != 'u') {
        if (c == '\0' || !strchr("\"\\/bfnrt", c))
            return bad(r, "an escape that JSON does not know");
        r->at += 2;
        return HN_OK;
    }
    const int32_t first = read_hex(r, r->at + 2);
    if (first < 0)
        return bad(r, "\\u without four hexadecimal digits");
    if (first >= 0xDC00 && first <= 0xDFFF)
        return bad(r, "the second half of a surrogate pair without the first");
    if (first < 0xD800 || first > 0xDBFF) {
        r->at += 6;
        return HN_OK;
    }
    const bool pair = r->size - r->at >= 12 && r->text[r->at + 6] == '\\' && r->text[r->at + 7] == 'u';
    const int32_t second = pair ? read_hex(r, r->at + 8) : -1;
    if (second < 0xDC00 || second > 0xDFFF)
        return bad(r, "the first half of a surrogate pair without the second");
    r->at += 12;
    return HN_OK;
}

/* At the opening quote. */
static hn_status check_string(reader *r) {
    hn_status status = count_token(r);
    r->at++;
    while (!status) {
        const int c = peek(r);
        if (c < 0)
            return bad(r, "the text ends inside a string");
        if (c == '"') {
            r->at++;
            return HN_OK;
        }
        if (c < 0x20)
            return bad(r, "a control character inside a string");
        if (c == '\\') {
            status = check_escape(r);
            continue;
        }
        const size_t n = hni_utf8_length(r->text + r->at, r->size - r->at);
        if (n == 0)
            return bad(r, "bytes that are not UTF-8");
        r->at += n;
    }
    return status;
}

static bool skip_digits(reader *r) {
    const size_t from = r->at;
    while (r->at < r->size && r->text[r->at] >= '0' && r->text[r->at] <= '9')
        r->at++;
    return r->at > from;
}

static hn_status check_number(reader *r) {
    const size_t from = r->at;
    if (peek(r) == '-')
        r->at++;
    if (peek(r) == '0')
        r->at++;
    else if (!skip_digits(r))
        return bad(r, "a value is expected here");
    if (peek(r) == '.') {
        r->at++;
        if (!skip_digits(r))
            return bad(r, "a number needs a digit behind its point");
    }
    if (peek(r) == 'e' || peek(r) == 'E') {
        r->at++;
        if (peek(r) == '+' || peek(r) == '-')
            r->at++;
        if (!skip_digits(r))
            return bad(r, "a number needs a digit in its exponent");
    }
    const size_t size = r->at - from;
    if (size > HNI_JSON_NUMBER)
        return hni_fail(r->err, HN_E_LIMIT, "JSON number of %zu characters at byte %zu, the limit is %d", size, from, HNI_JSON_NUMBER);
    const double value = hni_json_number(r->text + from, size);
    if (value - value != 0.0) /* infinite */
        return bad(r, "a number too large for double precision");
    return count_token(r);
}

static hn_status check_word(reader *r) {
    static const char *const words[] = {"true", "false", "null"};
    for (int i = 0; i < 3; i++) {
        const size_t n = strlen(words[i]);
        if (r->size - r->at >= n && memcmp(r->text + r->at, words[i], n) == 0) {
            r->at += n;
            return count_token(r);
        }
    }
    return bad(r, "a value is expected here");
}

/* A key and its colon. */
static hn_status check_key(reader *r) {
    skip_space(r);
    if (peek(r) != '"')
        return bad(r, "a key in quotes is expected here");
    const hn_status status = check_string(r);
    if (status)
        return status;
    skip_space(r);
    if (peek(r) != ':')
        return bad(r, "a colon is expected behind a key");
    r->at++;
    return HN_OK;
}

/* At a bracket: enters the container, up to where its first value is due; *empty if it has none (then it is closed already). */
static hn_status open_container(reader *r, bool *empty) {
    if (r->depth == HNI_JSON_DEPTH)
        return hni_fail(r->err, HN_E_LIMIT, "JSON nested deeper than %d at byte %zu", HNI_JSON_DEPTH, r->at);
    const hn_status status = count_token(r);
    if (status)
        return status;
    const char kind = r->text[r->at++];
    skip_space(r);
    *empty = peek(r) == (kind == '{' ? '}' : ']');
    if (*empty) {
        r->at++;
        return HN_OK;
    }
    r->kind[r->depth++] = kind;
    return kind == '{' ? check_key(r) : HN_OK;
}

/* Behind a value: closes containers that end here; *more if another value is due. */
static hn_status after_value(reader *r, bool *more) {
    *more = false;
    while (r->depth > 0) {
        const bool object = r->kind[r->depth - 1] == '{';
        skip_space(r);
        const int c = peek(r);
        if (c == ',') {
            r->at++;
            *more = true;
            return object ? check_key(r) : HN_OK;
        }
        if (c != (object ? '}' : ']'))
            return bad(r, object ? "a comma or } is expected here" : "a comma or ] is expected here");
        r->at++;
        r->depth--;
    }
    return HN_OK;
}

hn_status hni_json_check(const char *text, size_t size, int32_t *tokens, hn_error *err) {
    reader r = {.text = text, .size = size, .err = err};
    hn_status status = HN_OK;
    bool more = true;
    while (!status && more) {
        skip_space(&r);
        const int c = peek(&r);
        if (c == '{' || c == '[') {
            bool empty = false;
            status = open_container(&r, &empty);
            if (status || !empty)
                continue;
        } else {
            status = c == '"' ? check_string(&r) : c == 't' || c == 'f' || c == 'n' ? check_word(&r) : check_number(&r);
        }
        if (!status)
            status = after_value(&r, &more);
    }
    if (status)
        return status;
    skip_space(&r);
    if (r.at != size)
        return bad(&r, "text behind the end of the document");
    *tokens = r.tokens;
    return HN_OK;
}

void hni_decimal_point(char point[8]) {
    char text[24];
    const int n = snprintf(text, sizeof text, "%.1f", 1.5);
    const size_t length = n > 2 && n < 10 ? (size_t)n - 2 : 1; /* "1", the point, "5" */
    memcpy(point, n > 2 && n < 10 ? text + 1 : ".", length);
    point[length] = '\0';
}

double hni_json_number(const char *text, size_t size) {
    char copy[HNI_JSON_NUMBER + 16];
    if (size > HNI_JSON_NUMBER)
        return 0.0;
    const char *dot = memchr(text, '.', size);
    if (!dot) {
        memcpy(copy, text, size);
        copy[size] = '\0';
        return strtod(copy, NULL);
    }
    char point[8]; /* strtod wants the host's locale's own */
    hni_decimal_point(point);
    const size_t head = (size_t)(dot - text), length = strlen(point);
    memcpy(copy, text, head);
    memcpy(copy + head, point, length);
    memcpy(copy + head + length, dot + 1, size - head - 1);
    copy[size - 1 + length] = '\0';
    return strtod(copy, NULL);
}
