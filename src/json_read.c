/* json_read.c - JSON (RFC 8259) to a flat list. The files are the program's own, but anyone may have been at them: nesting is bounded, and what is
 * not JSON is refused with its line. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_read.h"
#include "program.h"

enum { DEEPEST = 32, LONGEST_PATH = 1024 };
#define LARGEST_FILE ((size_t)256 << 20)

typedef struct reader {
    const char *file, *text, *at, *end;
    json_list *out;
    char path[LONGEST_PATH];
    size_t length; /* of path */
    int depth;
} reader;

static bool wrong(const reader *r, const char *what) {
    int line = 1;
    for (const char *c = r->text; c < r->at; c++) line += *c == '\n';
    fail_text("%s, line %d: %s", r->file, line, what);
    return false;
}

static void *need(void *memory) {
    if (memory) return memory;
    fail_text("out of memory");
    exit(EXIT_FAILED);
}

static void skip_blanks(reader *r) {
    while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at) r->at++;
}

static bool take(reader *r, char c) {
    skip_blanks(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static void put_utf8(char **to, uint32_t code) {
    char *c = *to;
    if (code < 0x80) {
        *c++ = (char)code;
    } else if (code < 0x800) {
        *c++ = (char)(0xC0 | code >> 6), *c++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *c++ = (char)(0xE0 | code >> 12), *c++ = (char)(0x80 | (code >> 6 & 63)), *c++ = (char)(0x80 | (code & 63));
    } else {
        *c++ = (char)(0xF0 | code >> 18), *c++ = (char)(0x80 | (code >> 12 & 63)), *c++ = (char)(0x80 | (code >> 6 & 63));
        *c++ = (char)(0x80 | (code & 63));
    }
    *to = c;
}

/* The four digits of \uXXXX; false if there are not so many. */
static bool read_hex(reader *r, uint32_t *code) {
    *code = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF", *found = r->at < r->end && *r->at ? strchr(digits, *r->at) : NULL;
        if (!found) return false;
        *code = *code * 16 + (uint32_t)((found - digits) % 16);
    }
    return true;
}

static bool read_escape(reader *r, char **to) {
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t code, low;
    const char *found = r->at < r->end && *r->at ? strchr(names, *r->at) : NULL;
    if (found) {
        *(*to)++ = meant[found - names];
        r->at++;
        return true;
    }
    if (r->at == r->end || *r->at++ != 'u' || !read_hex(r, &code)) return wrong(r, "an escape that JSON does not know");
    if (code >= 0xD800 && code < 0xDC00) {
        const bool pair = r->end - r->at > 2 && r->at[0] == '\\' && r->at[1] == 'u' && (r->at += 2, read_hex(r, &low)) && low >= 0xDC00 && low < 0xE000;
        code = pair ? 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
    } else if (code >= 0xDC00 && code < 0xE000) {
        code = 0xFFFD;
    }
    put_utf8(to, code ? code : 0xFFFD); /* our texts end at NUL */
    return true;
}

/* What a string says, malloc'd; NULL after a message. */
static char *read_string(reader *r) {
    if (!take(r, '"')) return wrong(r, "a string was expected"), NULL;
    char *text = need(malloc((size_t)(r->end - r->at) + 4)), *to = text;
    while (r->at < r->end && *r->at != '"') {
        if ((unsigned char)*r->at < 0x20) return wrong(r, "a control character in a string"), free(text), NULL;
        if (*r->at != '\\')
            *to++ = *r->at++;
        else if (r->at++, !read_escape(r, &to))
            return free(text), NULL;
    }
    if (r->at == r->end) return wrong(r, "a string without an end"), free(text), NULL;
    r->at++;
    *to = 0;
    return need(realloc(text, (size_t)(to - text) + 1));
}

static void add(reader *r, const char *from, char *text, double number) {
    json_list *l = r->out;
    if (l->n == l->room) l->values = need(realloc(l->values, (l->room = l->room ? 2 * l->room : 256) * sizeof *l->values));
    char *raw = need(strndup(from, (size_t)(r->at - from)));
    l->values[l->n++] = (json_value){need(strdup(r->path)), raw, text ? text : need(strdup(raw)), number};
}

static bool push(reader *r, const char *name, size_t index) {
    const size_t room = sizeof r->path - r->length;
    const int n = name ? snprintf(r->path + r->length, room, "%s%s", r->length ? "." : "", name) : snprintf(r->path + r->length, room, "[%zu]", index);
    if (n < 0 || (size_t)n >= room) return wrong(r, "names that are too long");
    r->length += (size_t)n;
    return true;
}

static bool read_value(reader *r);

static bool read_members(reader *r, bool object) {
    const size_t before = r->length;
    const char last = object ? '}' : ']';
    if (++r->depth > DEEPEST) return wrong(r, "nested too deeply");
    for (size_t i = 0; !take(r, last); i++) {
        if (i && !take(r, ',')) return wrong(r, "a comma or the end of a list was expected");
        char *name = object ? read_string(r) : NULL;
        if (object && !name) return false;
        bool good = push(r, name, i);
        free(name);
        if (good && object && !take(r, ':')) good = wrong(r, "a colon was expected");
        if (!good || !read_value(r)) return false;
        r->path[r->length = before] = 0;
    }
    r->depth--;
    return true;
}

static bool read_plain(reader *r) {
    static const char *const words[] = {"true", "false", "null"};
    const char *from = r->at;
    for (int i = 0; i < 3; i++)
        if ((size_t)(r->end - from) >= strlen(words[i]) && !strncmp(from, words[i], strlen(words[i]))) {
            r->at += strlen(words[i]);
            return add(r, from, NULL, NAN), true;
        }
    char copy[64], *end;
    size_t n = 0;
    while (n < sizeof copy - 1 && from + n < r->end && from[n] && strchr("+-.0123456789eE", from[n])) copy[n] = from[n], n++;
    copy[n] = 0;
    const double number = strtod(copy, &end);
    if (!n || *end || copy[0] == '+' || copy[0] == '.') return wrong(r, "no value of JSON");
    r->at += n;
    return add(r, from, NULL, number), true;
}

static bool read_value(reader *r) {
    if (take(r, '{')) return read_members(r, true);
    if (take(r, '[')) return read_members(r, false);
    if (r->at == r->end || *r->at != '"') return read_plain(r);
    const char *from = r->at;
    char *text = read_string(r);
    return text && (add(r, from, text, NAN), true);
}

static int by_path(const void *a, const void *b) { return strcmp(((const json_value *)a)->path, ((const json_value *)b)->path); }

bool read_json(const char *file, const char *text, size_t size, json_list *out) {
    reader r = {.file = file, .text = text, .at = text, .end = text + size, .out = out};
    *out = (json_list){0};
    if (!read_value(&r)) return false;
    skip_blanks(&r);
    if (r.at != r.end) return wrong(&r, "more than one value");
    qsort(out->values, out->n, sizeof *out->values, by_path);
    for (size_t i = 1; i < out->n; i++)
        if (!by_path(&out->values[i - 1], &out->values[i])) return fail_text("%s: %s is there twice", file, out->values[i].path), false;
    return true;
}

bool read_json_file(const char *path, json_list *out) {
    FILE *in = fopen(path, "rb");
    char *text = NULL;
    size_t n = 0, room = 0;
    *out = (json_list){0};
    if (!in) return fail_text("cannot read %s: %s", path, strerror(errno)), false;
    do {
        if (n == room) text = need(realloc(text, room = room ? 2 * room : 65536));
        n += fread(text + n, 1, room - n, in);
    } while (n == room && n <= LARGEST_FILE);
    const bool good = !ferror(in) && n <= LARGEST_FILE;
    fclose(in);
    if (!good) fail_text(n > LARGEST_FILE ? "%s is larger than 256 MiB" : "cannot read %s", path);
    const bool done = good && read_json(path, text, n, out);
    free(text);
    return done;
}

void free_json(json_list *list) {
    for (size_t i = 0; i < list->n; i++) {
        free(list->values[i].path);
        free(list->values[i].raw);
        free(list->values[i].text);
    }
    free(list->values);
    *list = (json_list){0};
}

const json_value *json_find(const json_list *list, const char *path) {
    json_value key = {.path = strdup(path)};
    const json_value *found = key.path && list->n ? bsearch(&key, list->values, list->n, sizeof *list->values, by_path) : NULL;
    free(key.path);
    return found;
}

const char *json_text(const json_list *list, const char *path) {
    const json_value *v = json_find(list, path);
    return v && *v->raw == '"' ? v->text : NULL;
}

double json_number_at(const json_list *list, const char *path) {
    const json_value *v = json_find(list, path);
    return v ? v->number : NAN;
}
