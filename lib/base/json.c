/* json.c - reading JSON from files that nobody vouches for. jsmn cuts the text into tokens without allocating; it lets much pass that is
 * no JSON (bare words, missing colons, bad escapes), so every token is checked here once, before anyone asks for a value. */
#include "json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "status.h"
#include "utf8.h"

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <jsmn.h>
#pragma GCC diagnostic pop

enum { MAX_TEXT = 16 << 20, MAX_TOKENS = 1 << 20, MAX_DEPTH = 32 };

struct hni_json {
    hn_context *ctx;
    char *text;       /* our copy; strings are unescaped in place */
    jsmntok_t *tokens;
    int32_t *next;    /* [n] the token behind each token's subtree */
    int32_t n;
};

void hni_json_free(hni_json *json) {
    if (!json) return;
    hn_context *ctx = json->ctx;
    hni_free(ctx, json->text);
    hni_free(ctx, json->tokens);
    hni_free(ctx, json->next);
    hni_free(ctx, json);
}

static hn_status bad(const jsmntok_t *token, const char *what, hn_error *err) {
    return hni_fail(err, HN_E_FORMAT, "JSON at byte %d: %s", token->start, what);
}

/* RFC 8259: -? (0 | [1-9][0-9]*) (\. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static bool is_number(const char *at, const char *end) {
    if (at < end && *at == '-') at++;
    if (at == end || *at < '0' || *at > '9') return false;
    if (*at == '0' && end - at > 1 && at[1] >= '0' && at[1] <= '9') return false;
    while (at < end && *at >= '0' && *at <= '9') at++;
    if (at < end && *at == '.') {
        if (++at == end || *at < '0' || *at > '9') return false;
        while (at < end && *at >= '0' && *at <= '9') at++;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        if (at == end || *at < '0' || *at > '9') return false;
        while (at < end && *at >= '0' && *at <= '9') at++;
    }
    return at == end;
}

static bool is_word(const char *text, const jsmntok_t *t, const char *word) {
    size_t n = strlen(word);
    return (size_t)(t->end - t->start) == n && !memcmp(text + t->start, word, n);
}

static bool hex4(const char *at, uint32_t *out) {
    *out = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0') : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10 : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10 : 16;
        if (digit > 15) return false;
        *out = *out << 4 | digit;
    }
    return true;
}

/* \uXXXX, or a pair of surrogates, at `at` (behind the u). Bytes read, 0 if wrong. */
static size_t unescape_unicode(const char *at, const char *end, uint32_t *code) {
    uint32_t low;
    if (end - at < 4 || !hex4(at, code)) return 0;
    if (*code < 0xD800 || *code > 0xDFFF) return 4;
    if (*code > 0xDBFF || end - at < 10 || at[4] != '\\' || at[5] != 'u' || !hex4(at + 6, &low) || low < 0xDC00 || low > 0xDFFF) return 0;
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return 10;
}

/* Unescapes a string token in place; a NUL takes the place of what is left over (at the latest, of the closing quote). */
static const char *unescape(char *text, jsmntok_t *t) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char *out = text + t->start;
    const char *at = out, *end = text + t->end;
    while (at < end) {
        if ((unsigned char)*at < 0x20) return "a control character in a string";
        if (*at != '\\') {
            size_t n = hni_utf8_length(at, (size_t)(end - at));
            if (!n) return "a string is not UTF-8";
            memmove(out, at, n);
            out += n, at += n;
            continue;
        }
        if (++at == end) return "a string ends within an escape";
        const char *simple = strchr(from, *at);
        uint32_t code;
        size_t n;
        if (*at && simple) {
            *out++ = to[simple - from];
            at++;
        } else if (*at == 'u' && (n = unescape_unicode(at + 1, end, &code))) {
            if (!code) return "a NUL in a string";
            out += hni_utf8_encode(code, out); /* never longer than its escape */
            at += 1 + n;
        } else {
            return "an unknown escape in a string";
        }
    }
    *out = 0;
    t->end = (int)(out - text);
    return NULL;
}

static const char *check_token(hni_json *j, int32_t i) {
    jsmntok_t *t = &j->tokens[i];
    const jsmntok_t *parent = t->parent >= 0 ? &j->tokens[t->parent] : NULL;
    bool key = parent && parent->type == JSMN_OBJECT;
    if (key && t->type != JSMN_STRING) return "a key that is no string";
    if (key && t->size != 1) return "a key without one value";
    if (!key && (t->type == JSMN_STRING || t->type == JSMN_PRIMITIVE) && t->size) return "a value with a value of its own";
    if (t->type == JSMN_STRING) return unescape(j->text, t);
    if (t->type != JSMN_PRIMITIVE) return NULL;
    const char *begin = j->text + t->start;
    if (is_word(j->text, t, "true") || is_word(j->text, t, "false") || is_word(j->text, t, "null")) return NULL;
    return is_number(begin, j->text + t->end) ? NULL : "a bare word that is no number";
}

/* next[i]: the token behind i's subtree; also the depth limit. Tokens stand in the order of the text, parents before children. */
static hn_status link_tokens(hni_json *j, hn_error *err) {
    for (int32_t i = j->n - 1; i >= 0; i--) {
        int32_t at = i + 1;
        for (int c = 0; c < j->tokens[i].size; c++) {
            if (at >= j->n || j->tokens[at].parent != i) return bad(&j->tokens[i], "members do not fit together", err);
            at = j->next[at];
        }
        j->next[i] = at;
    }
    return j->next[0] == j->n ? HN_OK : bad(&j->tokens[0], "something follows the value", err);
}

static hn_status check_depth(const hni_json *j, hn_error *err) {
    for (int32_t i = 0; i < j->n; i++) {
        int depth = 0;
        for (int32_t p = j->tokens[i].parent; p >= 0; p = j->tokens[p].parent)
            if (++depth > 2 * MAX_DEPTH) return hni_fail(err, HN_E_LIMIT, "JSON at byte %d: deeper than %d levels", j->tokens[i].start, MAX_DEPTH);
    }
    return HN_OK;
}

/* Between tokens only white space and the commas and colons that belong there. jsmn in strict mode sees to brackets, not to separators:
 * what must stand before each token follows from its place. */
static bool separator_is(const char *text, int from, int to, char want) {
    int seen = 0;
    for (int i = from; i < to; i++) {
        char c = text[i];
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
        if (c != want || seen++) return false;
    }
    return seen == (want != 0);
}

/* Start and end of a token with its quotes. */
static int outer_start(const jsmntok_t *t) { return t->start - (t->type == JSMN_STRING); }
static int outer_end(const jsmntok_t *t) { return t->end + (t->type == JSMN_STRING); }

static hn_status check_separators(const hni_json *j, hn_error *err) {
    for (int32_t i = 0; i < j->n; i++) {
        const jsmntok_t *t = &j->tokens[i];
        if (t->type != JSMN_OBJECT && t->type != JSMN_ARRAY) continue;
        int from = t->start + 1;
        int32_t at = i + 1;
        for (int c = 0; c < t->size; c++) {
            if (!separator_is(j->text, from, outer_start(&j->tokens[at]), c ? ',' : 0)) return bad(&j->tokens[at], "a comma is missing or too many", err);
            int32_t last = at;
            if (t->type == JSMN_OBJECT) {
                last = at + 1;
                if (!separator_is(j->text, outer_end(&j->tokens[at]), outer_start(&j->tokens[last]), ':')) return bad(&j->tokens[at], "a colon is missing or too many", err);
            }
            from = outer_end(&j->tokens[last]);
            at = j->next[at];
        }
        if (!separator_is(j->text, from, t->end - 1, 0)) return bad(t, "a comma before the end", err);
    }
    return HN_OK;
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* The same key twice is an old trick to make two readers see two things. */
static hn_status check_keys(const hni_json *j, hn_error *err) {
    const char **keys = hni_calloc(j->ctx, (size_t)j->n, sizeof *keys);
    hn_status status = keys ? HN_OK : hni_fail_memory(err, (size_t)j->n * sizeof *keys, "JSON keys");
    for (int32_t i = 0; i < j->n && !status; i++) {
        const jsmntok_t *t = &j->tokens[i];
        if (t->type != JSMN_OBJECT || t->size < 2) continue;
        int32_t at = i + 1;
        for (int c = 0; c < t->size; c++, at = j->next[at]) keys[c] = j->text + j->tokens[at].start;
        qsort(keys, (size_t)t->size, sizeof *keys, by_text);
        for (int c = 1; c < t->size && !status; c++)
            if (!strcmp(keys[c - 1], keys[c])) status = hni_fail(err, HN_E_FORMAT, "JSON at byte %d: the key %.60s twice", t->start, keys[c]);
    }
    hni_free(j->ctx, keys);
    return status;
}

static hn_status tokenise(hni_json *j, size_t size, hn_error *err) {
    jsmn_parser parser;
    jsmn_init(&parser);
    int n = jsmn_parse(&parser, j->text, size, NULL, 0); /* counts only */
    if (n < 1) return hni_fail(err, HN_E_FORMAT, n == 0 ? "JSON: nothing but white space" : "JSON: %s near byte %u", n == JSMN_ERROR_PART ? "ends too early" : "a wrong character", parser.pos);
    if (n > MAX_TOKENS) return hni_fail(err, HN_E_LIMIT, "JSON: more than %d values", MAX_TOKENS);
    j->tokens = hni_calloc(j->ctx, (size_t)n, sizeof *j->tokens);
    j->next = hni_calloc(j->ctx, (size_t)n, sizeof *j->next);
    if (!j->tokens || !j->next) return hni_fail_memory(err, (size_t)n * sizeof *j->tokens, "JSON values");
    jsmn_init(&parser);
    j->n = jsmn_parse(&parser, j->text, size, j->tokens, (unsigned)n);
    return j->n == n ? HN_OK : hni_fail(err, HN_E_FORMAT, "JSON: a wrong character near byte %u", parser.pos);
}

/* Brackets nest at most MAX_DEPTH deep: looked at before jsmn, whose time grows with the depth. */
static hn_status check_nesting(const char *text, size_t size, hn_error *err) {
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        if (quoted) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                quoted = false;
        } else if (text[i] == '"') {
            quoted = true;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > MAX_DEPTH) return hni_fail(err, HN_E_LIMIT, "JSON at byte %zu: deeper than %d levels", i, MAX_DEPTH);
        } else if (text[i] == '}' || text[i] == ']') {
            depth--;
        } else if (!text[i]) {
            return hni_fail(err, HN_E_FORMAT, "JSON at byte %zu: a NUL", i);
        }
    }
    return HN_OK;
}

static hn_status parse(hni_json *j, size_t size, hn_error *err) {
    hn_status status = check_nesting(j->text, size, err);
    if (!status) status = tokenise(j, size, err);
    if (!status) status = link_tokens(j, err);
    if (!status) status = check_depth(j, err);
    if (!status) status = check_separators(j, err);
    for (int32_t i = 0; i < j->n && !status; i++) {
        const char *what = check_token(j, i);
        if (what) status = bad(&j->tokens[i], what, err);
    }
    return status ? status : check_keys(j, err);
}

hn_status hni_json_parse(hn_context *ctx, const char *text, size_t size, hni_json **out, hn_error *err) {
    if (size > MAX_TEXT) return hni_fail(err, HN_E_LIMIT, "JSON of %zu bytes; the limit is %d", size, MAX_TEXT);
    hni_json *j = hni_calloc(ctx, 1, sizeof *j);
    if (!j) return hni_fail_memory(err, sizeof *j, "JSON");
    j->ctx = ctx;
    j->text = hni_alloc(ctx, size + 1);
    hn_status status = HN_OK;
    if (j->text) {
        memcpy(j->text, text, size);
        j->text[size] = 0;
        status = parse(j, size, err);
    } else {
        status = hni_fail_memory(err, size + 1, "JSON text");
    }
    if (status)
        hni_json_free(j);
    else
        *out = j;
    return status;
}

static const jsmntok_t *token(const hni_json *j, hni_json_value v) { return v >= 0 && v < j->n ? &j->tokens[v] : NULL; }
static bool is_type(const hni_json *j, hni_json_value v, jsmntype_t type) { return token(j, v) && token(j, v)->type == type; }

hni_json_value hni_json_root(const hni_json *json) { (void)json; return 0; }
bool hni_json_is_object(const hni_json *j, hni_json_value v) { return is_type(j, v, JSMN_OBJECT); }
bool hni_json_is_array(const hni_json *j, hni_json_value v) { return is_type(j, v, JSMN_ARRAY); }
bool hni_json_is_string(const hni_json *j, hni_json_value v) { return is_type(j, v, JSMN_STRING); }
int32_t hni_json_count(const hni_json *j, hni_json_value v) { return hni_json_is_object(j, v) || hni_json_is_array(j, v) ? token(j, v)->size : 0; }
hni_json_value hni_json_first(const hni_json *j, hni_json_value v) { return hni_json_count(j, v) ? v + 1 : -1; }
hni_json_value hni_json_member_value(const hni_json *j, hni_json_value key) { return token(j, key) && token(j, key)->size == 1 ? key + 1 : -1; }

hni_json_value hni_json_next(const hni_json *j, hni_json_value v) {
    const jsmntok_t *t = token(j, v);
    if (!t || j->next[v] >= j->n || j->tokens[j->next[v]].parent != t->parent) return -1;
    return j->next[v];
}

hni_json_value hni_json_get(const hni_json *j, hni_json_value object, const char *key) {
    if (!hni_json_is_object(j, object)) return -1;
    for (hni_json_value k = hni_json_first(j, object); k >= 0; k = hni_json_next(j, k))
        if (!strcmp(j->text + token(j, k)->start, key)) return k + 1;
    return -1;
}

hni_json_value hni_json_at(const hni_json *j, hni_json_value array, int32_t index) {
    hni_json_value v = hni_json_is_array(j, array) ? hni_json_first(j, array) : -1;
    for (int32_t i = 0; i < index && v >= 0; i++) v = hni_json_next(j, v);
    return index >= 0 ? v : -1;
}

const char *hni_json_string(const hni_json *j, hni_json_value v) { return hni_json_is_string(j, v) ? j->text + token(j, v)->start : NULL; }

const char *hni_json_raw(const hni_json *j, hni_json_value v, size_t *size) {
    const jsmntok_t *t = token(j, v);
    *size = t ? (size_t)(t->end - t->start) : 0;
    return t ? j->text + t->start : NULL;
}

/* A number token, with the "." that strtod of this locale wants. */
static bool number_text(const hni_json *j, hni_json_value v, char text[64]) {
    const jsmntok_t *t = token(j, v);
    if (!t || t->type != JSMN_PRIMITIVE || t->end - t->start > 60) return false;
    memcpy(text, j->text + t->start, (size_t)(t->end - t->start));
    text[t->end - t->start] = 0;
    return is_number(text, text + (t->end - t->start));
}

bool hni_json_double(const hni_json *j, hni_json_value v, double *out) {
    char text[64], local[80], point[16];
    if (!number_text(j, v, text)) return false;
    snprintf(point, sizeof point, "%.1f", 0.5); /* "0.5" with the locale's point */
    point[strlen(point) - 1] = 0;
    char *dot = strchr(text, '.');
    if (dot)
        snprintf(local, sizeof local, "%.*s%s%s", (int)(dot - text), text, point + 1, dot + 1);
    else
        snprintf(local, sizeof local, "%s", text);
    double value = strtod(local, NULL);
    if (!isfinite(value)) return false;
    *out = value;
    return true;
}

bool hni_json_int(const hni_json *j, hni_json_value v, int64_t *out) {
    char text[64], *end;
    if (!number_text(j, v, text)) return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end || errno) return false;
    *out = value;
    return true;
}

bool hni_json_bool(const hni_json *j, hni_json_value v, bool *out) {
    const jsmntok_t *t = token(j, v);
    if (!t || t->type != JSMN_PRIMITIVE || (j->text[t->start] != 't' && j->text[t->start] != 'f')) return false;
    *out = j->text[t->start] == 't';
    return true;
}
