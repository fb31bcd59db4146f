/* verify_card.c - a model card held against the one that would be written now, line by line; of each line that differs the first number, or the first
 * words, that do. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model_card.h"

enum { MOST_NAMED = 10 };

typedef struct lines {
    char *text; /* with NUL for newlines */
    char **line; /* [n] */
    size_t n;
} lines;

static void free_lines(lines *l) {
    free(l->text);
    free(l->line);
}

/* Takes over text, size bytes and NUL; a NUL among them ends a line too. False without memory. */
static bool split_lines(char *text, size_t size, lines *out) {
    size_t n = 1;
    for (size_t i = 0; i < size; i++) n += text[i] == '\n';
    *out = (lines){.text = text, .line = malloc(n * sizeof *out->line)};
    for (char *at = text; out->line && at < text + size; at += strlen(at) + 1) {
        char *end = memchr(at, '\n', (size_t)(text + size - at));
        if (end) *end = 0;
        if (out->n < n) out->line[out->n++] = at;
    }
    return out->line != NULL;
}

/* The whole file; NULL with errno. */
static char *read_whole(const char *path, size_t *size) {
    char *text = NULL, part[4096];
    size_t n;
    FILE *in = fopen(path, "rb");
    if (!in) return NULL;
    FILE *to = open_memstream(&text, size);
    while (to && (n = fread(part, 1, sizeof part, in))) fwrite(part, 1, n, to);
    const bool done = to && !ferror(in);
    if (to) fclose(to);
    fclose(in);
    if (done) return text;
    free(text);
    return NULL;
}

static bool is_circumstance(const char *a, const char *b) {
    static const char *const begins[] = {CARD_PLACE, CARD_TIME, CARD_DATA};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (!strncmp(a, begins[i], strlen(begins[i])) && !strncmp(b, begins[i], strlen(begins[i]))) return true;
    return false;
}

static size_t number_length(const char *at) {
    size_t n = strspn(at, "0123456789");
    if (n && at[n] == '.') n += 1 + strspn(at + n + 1, "0123456789");
    return n;
}

/* Shown numbers are rounded: two that lie close together, on either side of where rounding turns, are a whole last digit apart. That is let through
 * only where the tolerance is over a hundredth of that digit, as between kinds of devices. */
static bool close_enough(const char *a, size_t n_a, const char *b, size_t n_b, double tolerance) {
    const char *point_a = memchr(a, '.', n_a), *point_b = memchr(b, '.', n_b);
    if (n_a == n_b && !memcmp(a, b, n_a)) return true;
    if (!point_a || !point_b || a + n_a - point_a != b + n_b - point_b) return false;
    const double digit = pow(10, -(double)(a + n_a - point_a - 1)), off = tolerance * (strncmp(a + n_a, " %", 2) ? 1 : 100);
    return off > digit / 100 && fabs(strtod(a, NULL) - strtod(b, NULL)) <= digit * 1.0001 + off;
}

/* Where the two first differ; false if they hold. */
static bool find_difference(const char *a, const char *b, double tolerance, const char **at_a, const char **at_b) {
    while (*a || *b) {
        const size_t n_a = number_length(a), n_b = number_length(b);
        *at_a = a, *at_b = b;
        if (n_a && n_b) {
            if (!close_enough(a, n_a, b, n_b, tolerance)) return true;
            a += n_a, b += n_b;
        } else if (*a++ != *b++) {
            return true;
        }
    }
    return false;
}

/* To the end of the number, of the cell, or of the line. */
static int length_of(const char *at) {
    const size_t n = number_length(at);
    return (int)(n ? n : strcspn(at, "|") < 60 ? strcspn(at, "|") : 60);
}

/* What is named may be anything that somebody has put into the file. */
static void print_clean(const char *text, int n) {
    for (int i = 0; i < n && text[i]; i++) putchar((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i]);
}

static void print_pair(size_t number, const char *heading, const char *is, const char *at_was, const char *at_is) {
    printf("DIFFERS  model-card.md, line %zu", number);
    if (heading) printf(", %s", heading + strspn(heading, "# "));
    if (*is == '|') printf(", %.*s", (int)strcspn(is + 2, "|") - 1, is + 2);
    printf(": it says “");
    print_clean(at_was, length_of(at_was));
    printf("”, it is “");
    print_clean(at_is, length_of(at_is));
    printf("”\n");
}

static void print_line(const char *what, const char *line) {
    printf("DIFFERS  model-card.md %s the line: ", what);
    print_clean(line, 100);
    putchar('\n');
}

typedef struct comparison {
    lines was, is;
    double tolerance;
} comparison;

static bool line_differs(const comparison *c, size_t was, size_t is, const char **at_was, const char **at_is) {
    const char *a = c->was.line[was], *b = c->is.line[is];
    return !is_circumstance(a, b) && find_difference(a, b, c->tolerance, at_was, at_is);
}

/* Lines put in or taken out: what is the same before and behind them is left out. */
static int64_t compare_lengths(const comparison *c) {
    const char *at_was, *at_is;
    size_t first = 0, was = c->was.n, is = c->is.n;
    while (first < was && first < is && !line_differs(c, first, first, &at_was, &at_is)) first++;
    while (was > first && is > first && !line_differs(c, was - 1, is - 1, &at_was, &at_is)) was--, is--;
    for (size_t i = first; i < was && i < first + MOST_NAMED; i++) print_line("has", c->was.line[i]);
    for (size_t i = first; i < is && i < first + MOST_NAMED; i++) print_line("lacks", c->is.line[i]);
    return (int64_t)(was - first + is - first);
}

static int64_t compare_lines(const comparison *c) {
    const char *at_was, *at_is, *heading = NULL;
    int64_t differ = 0;
    if (c->was.n != c->is.n) return compare_lengths(c);
    for (size_t i = 0; i < c->is.n; i++) {
        if (*c->is.line[i] == '#') heading = c->is.line[i];
        if (!line_differs(c, i, i, &at_was, &at_is)) continue;
        if (differ++ < MOST_NAMED) print_pair(i + 1, heading, c->is.line[i], at_was, at_is);
    }
    if (differ > MOST_NAMED) printf("DIFFERS  … and %lld more lines of model-card.md\n", (long long)differ - MOST_NAMED);
    return differ;
}

static bool write_now(const evidence *e, lines *out) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to) return false;
    write_card(to, e);
    if (!fclose(to)) return split_lines(text, size, out);
    free(text);
    return false;
}

int verify_card(const evidence *e, const char *folder, double tolerance, int64_t *differ) {
    comparison c = {.tolerance = tolerance};
    size_t size = 0;
    char *path = join_path(folder, "model-card.md"), *text = path ? read_whole(path, &size) : NULL;
    int code = path ? EXIT_DONE : fail_text("out of memory");
    *differ = CARD_ABSENT;
    if (!code && !text && errno != ENOENT) code = fail_text("%s: %s", path, strerror(errno));
    if (!code && text) {
        code = split_lines(text, size, &c.was) && write_now(e, &c.is) ? EXIT_DONE : fail_text("out of memory");
        if (!code) *differ = compare_lines(&c);
    }
    free_lines(&c.was);
    free_lines(&c.is);
    free(path);
    return code;
}
