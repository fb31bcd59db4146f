/* json.c - reading JSON: text that json_check.c passed, cut into tokens by jsmn, with links to walk along.
 *
 * The document keeps two copies of the text: one as it stood, and one where strings are unescaped in place (they only get shorter; a
 * NUL goes where the closing quote was), so values are pointers into them. Not a tree of nodes and not a writer (text.c). Objects
 * with a key twice are refused: readers would differ on which one counts. */
#include <math.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_PARENT_LINKS /* closing a bracket is then one step, not a search: no quadratic time on hostile text */
#include <jsmn.h>

#include "json.h"
#include "json_check.h"
#include "memory.h"
#include "status.h"
#include "utf8.h"

struct hni_json {
    hn_context *ctx;
    char *text;        /* as it stood */
    char *strings;     /* the same places, strings unescaped */
    jsmntok_t *tokens; /* in the order of the text: containers before their contents, keys before their values */
    int32_t *next;     /* the sibling behind, or -1 */
    int32_t *length;   /* of a string, unescaped, in bytes */
    int32_t count;
};

/* The value of four hexadecimal digits, checked before. */
static uint32_t hex_of(const char *text) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value * 16 + (uint32_t)(text[i] <= '9' ? text[i] - '0' : (text[i] | 32) - 'a' + 10);
    return value;
}

static char plain_escape(char c) {
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* Unescapes text[start … end) in place; the new length. */
static int32_t unescape(char *text, int start, int end) {
    int to = start;
    for (int from = start; from < end;) {
        if (text[from] != '\\') {
            text[to++] = text[from++];
        } else if (text[from + 1] != 'u') {
            text[to++] = plain_escape(text[from + 1]);
            from += 2;
        } else {
            uint32_t code = hex_of(text + from + 2);
            from += 6;
            if (code >= 0xD800 && code <= 0xDBFF) {
                code = 0x10000 + ((code - 0xD800) << 10) + (hex_of(text + from + 2) - 0xDC00);
                from += 6;
            }
            to += (int)hni_utf8_encode(code, text + to); /* at most as long as its escape */
        }
    }
    text[to] = '\0';
    return to - start;
}

static bool is_container(const jsmntok_t *token) {
    return token->type == JSMN_OBJECT || token->type == JSMN_ARRAY;
}

static void finish_tokens(hni_json *json) {
    for (int32_t i = 0; i < json->count; i++) {
        const jsmntok_t *token = &json->tokens[i];
        if (token->type == JSMN_STRING)
            json->length[i] = unescape(json->strings, token->start, token->end);
        json->next[i] = -1;
    }
    /* Backwards, next[parent] holds the first child met so far until the parent's own turn comes. */
    for (int32_t i = json->count - 1; i >= 0; i--) {
        const int32_t parent = json->tokens[i].parent;
        if (parent >= 0 && is_container(&json->tokens[parent])) {
            json->next[i] = json->next[parent];
            json->next[parent] = i;
        } else {
            json->next[i] = -1;
        }
    }
}

static int compare_keys(const hni_json *json, int32_t a, int32_t b) {
    const int32_t nx = json->length[a], ny = json->length[b];
    if (nx != ny)
        return nx < ny ? -1 : 1;
    return memcmp(json->strings + json->tokens[a].start, json->strings + json->tokens[b].start, (size_t)nx);
}

static void sift(const hni_json *json, int32_t *keys, int32_t root, int32_t n) {
    for (int32_t child = 2 * root + 1; child < n; child = 2 * root + 1) {
        if (child + 1 < n && compare_keys(json, keys[child], keys[child + 1]) < 0)
            child++;
        if (compare_keys(json, keys[root], keys[child]) >= 0)
            return;
        const int32_t kept = keys[root];
        keys[root] = keys[child];
        keys[child] = kept;
        root = child;
    }
}

/* Heap sort: no memory, and no input makes it slow. */
static void sort_keys(const hni_json *json, int32_t *keys, int32_t n) {
    for (int32_t i = n / 2 - 1; i >= 0; i--)
        sift(json, keys, i, n);
    for (int32_t i = n - 1; i > 0; i--) {
        const int32_t kept = keys[0];
        keys[0] = keys[i];
        keys[i] = kept;
        sift(json, keys, 0, i);
    }
}

static hn_status refuse_duplicates(hni_json *json, hn_error *err) {
    int32_t *keys = hni_alloc(json->ctx, (size_t)json->count * sizeof *keys);
    if (!keys)
        return hni_fail_memory(err, (size_t)json->count * sizeof *keys, "a JSON document's keys");
    hn_status status = HN_OK;
    for (int32_t i = 0; i < json->count && !status; i++) {
        int32_t n = 0;
        if (json->tokens[i].type != JSMN_OBJECT)
            continue;
        for (int32_t key = hni_json_first(json, i); key >= 0; key = json->next[key])
            keys[n++] = key;
        sort_keys(json, keys, n);
        for (int32_t k = 1; k < n && !status; k++)
            if (compare_keys(json, keys[k - 1], keys[k]) == 0)
                status = hni_fail(err, HN_E_FORMAT, "not usable JSON: the key \"%.60s\" comes twice in one object",
                                  json->strings + json->tokens[keys[k]].start);
    }
    hni_free(json->ctx, keys);
    return status;
}

/* Takes the document's memory and fills it; json is freed by the caller on failure. */
static hn_status fill(hni_json *json, const char *text, size_t size, int32_t tokens, hn_error *err) {
    const size_t count = (size_t)tokens;
    json->text = hni_alloc(json->ctx, size + 1);
    json->strings = hni_alloc(json->ctx, size + 1);
    json->tokens = hni_calloc(json->ctx, count, sizeof *json->tokens);
    json->next = hni_calloc(json->ctx, count, sizeof *json->next);
    json->length = hni_calloc(json->ctx, count, sizeof *json->length);
    if (!json->text || !json->strings || !json->tokens || !json->next || !json->length)
        return hni_fail_memory(err, 2 * size + count * (sizeof *json->tokens + 2 * sizeof(int32_t)), "a JSON document");
    memcpy(json->text, text, size);
    memcpy(json->strings, text, size);
    json->text[size] = json->strings[size] = '\0';

    jsmn_parser parser;
    jsmn_init(&parser);
    json->count = jsmn_parse(&parser, json->text, size, json->tokens, (unsigned)tokens);
    if (json->count != tokens)
        return hni_fail(err, HN_E_INTERNAL, "the JSON reader's two halves disagree (%d and %d): please report it", (int)json->count,
                        (int)tokens);
    finish_tokens(json);
    return refuse_duplicates(json, err);
}

hn_status hni_json_parse(hn_context *ctx, const char *text, size_t size, hni_json **out, hn_error *err) {
    *out = NULL;
    if (size > HNI_JSON_BYTES)
        return hni_fail(err, HN_E_LIMIT, "JSON of %zu bytes, the limit is %d", size, HNI_JSON_BYTES);
    int32_t tokens;
    hn_status status = hni_json_check(text, size, &tokens, err);
    if (status)
        return status;
    hni_json *json = hni_calloc(ctx, 1, sizeof *json);
    if (!json)
        return hni_fail_memory(err, sizeof *json, "a JSON document");
    json->ctx = ctx;
    status = fill(json, text, size, tokens, err);
    if (status) {
        hni_json_free(json);
        return status;
    }
    *out = json;
    return HN_OK;
}

void hni_json_free(hni_json *json) {
    if (!json)
        return;
    hni_free(json->ctx, json->length);
    hni_free(json->ctx, json->next);
    hni_free(json->ctx, json->tokens);
    hni_free(json->ctx, json->strings);
    hni_free(json->ctx, json->text);
    hni_free(json->ctx, json);
}

static const jsmntok_t *token_of(const hni_json *json, hni_json_value v, jsmntype_t type) {
    const bool there = json && v >= 0 && v < json->count && json->tokens[v].type == type;
    return there ? &json->tokens[v] : NULL;
}

hni_json_value hni_json_root(const hni_json *json) {
    return json ? 0 : -1;
}

bool hni_json_is_object(const hni_json *json, hni_json_value v) {
    return token_of(json, v, JSMN_OBJECT);
}

bool hni_json_is_array(const hni_json *json, hni_json_value v) {
    return token_of(json, v, JSMN_ARRAY);
}

bool hni_json_is_string(const hni_json *json, hni_json_value v) {
    return token_of(json, v, JSMN_STRING);
}

int32_t hni_json_count(const hni_json *json, hni_json_value v) {
    return hni_json_is_object(json, v) || hni_json_is_array(json, v) ? json->tokens[v].size : 0;
}

hni_json_value hni_json_first(const hni_json *json, hni_json_value container) {
    return hni_json_count(json, container) > 0 ? container + 1 : -1;
}

hni_json_value hni_json_next(const hni_json *json, hni_json_value v) {
    return json && v >= 0 && v < json->count ? json->next[v] : -1;
}

hni_json_value hni_json_member_value(const hni_json *json, hni_json_value key) {
    return hni_json_is_string(json, key) && json->tokens[key].size == 1 ? key + 1 : -1;
}

hni_json_value hni_json_get(const hni_json *json, hni_json_value object, const char *key) {
    if (!hni_json_is_object(json, object))
        return -1;
    const size_t length = strlen(key);
    for (hni_json_value v = hni_json_first(json, object); v >= 0; v = json->next[v])
        if ((size_t)json->length[v] == length && memcmp(json->strings + json->tokens[v].start, key, length) == 0)
            return v + 1;
    return -1;
}

hni_json_value hni_json_at(const hni_json *json, hni_json_value array, int32_t index) {
    if (!hni_json_is_array(json, array) || index < 0)
        return -1;
    hni_json_value v = hni_json_first(json, array);
    while (v >= 0 && index-- > 0)
        v = json->next[v];
    return v;
}

/* The token of a number, or NULL. */
static const jsmntok_t *number_of(const hni_json *json, hni_json_value v) {
    const jsmntok_t *token = token_of(json, v, JSMN_PRIMITIVE);
    const char c = token ? json->text[token->start] : 'n';
    return c == '-' || (c >= '0' && c <= '9') ? token : NULL;
}

bool hni_json_double(const hni_json *json, hni_json_value v, double *out) {
    const jsmntok_t *token = number_of(json, v);
    if (!token)
        return false;
    *out = hni_json_number(json->text + token->start, (size_t)(token->end - token->start));
    return true;
}

bool hni_json_int(const hni_json *json, hni_json_value v, int64_t *out) {
    const jsmntok_t *token = number_of(json, v);
    if (!token)
        return false;
    const char *text = json->text + token->start, *end = json->text + token->end;
    const bool negative = *text == '-';
    int64_t value = 0;
    for (text += negative; text < end && *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *text - '0', &value))
            return false;
    if (text < end) { /* 5.0 and 1e3 are whole too, as far as a double tells */
        double number;
        if (!hni_json_double(json, v, &number) || number != floor(number) || fabs(number) > 0x1p53)
            return false;
        *out = (int64_t)number;
        return true;
    }
    *out = negative ? -value : value;
    return true;
}

bool hni_json_bool(const hni_json *json, hni_json_value v, bool *out) {
    const jsmntok_t *token = token_of(json, v, JSMN_PRIMITIVE);
    const char c = token ? json->text[token->start] : 'n';
    if (c != 't' && c != 'f')
        return false;
    *out = c == 't';
    return true;
}

const char *hni_json_string(const hni_json *json, hni_json_value v) {
    const jsmntok_t *token = token_of(json, v, JSMN_STRING);
    if (!token || memchr(json->strings + token->start, '\0', (size_t)json->length[v]))
        return NULL; /* cut at an embedded NUL, two names could look alike */
    return json->strings + token->start;
}

const char *hni_json_raw(const hni_json *json, hni_json_value v, size_t *size) {
    *size = 0;
    if (!json || v < 0 || v >= json->count)
        return NULL;
    const jsmntok_t *token = &json->tokens[v];
    const bool string = token->type == JSMN_STRING;
    *size = string ? (size_t)json->length[v] : (size_t)(token->end - token->start);
    return (string ? json->strings : json->text) + token->start;
}
