/* columns.c - what a column's values are, and which row has which.
 *
 * A column is one of numbers if every text that is given is a number; equal numbers are one value however they are written. Bands are cut at
 * values that occur, so that their names are texts of the column and nobody has to read 0.30000000000000004. */
#include "columns.h"

#include <stdio.h>
#include <string.h>

#include "../base/json_check.h" /* defines: hni_json_number */
#include "../base/memory.h"
#include "../base/status.h"
#include "rank.h"

static size_t digits(const char **at) {
    size_t n = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        n++;
    }
    return n;
}

/* [-+] digits [. digits] [e [-+] digits]; at least one digit before the e. */
static bool is_number(const char *text, double *value) {
    const char *at = text + (*text == '-' || *text == '+');
    const char *from = *text == '+' ? at : text;
    size_t n = digits(&at);
    if (*at == '.') {
        at++;
        n += digits(&at);
    }
    if (n && (*at == 'e' || *at == 'E')) {
        at++;
        at += *at == '-' || *at == '+';
        n = digits(&at);
    }
    const size_t size = (size_t)(at - from);
    if (!n || *at || size > HNI_JSON_NUMBER) {
        return false;
    }
    *value = hni_json_number(from, size);
    return *value - *value == 0; /* finite */
}

static const char *text_of(const char *const *values, int64_t row) { return values[row] ? values[row] : ""; }

typedef struct reading { /* a column while it is read */
    const char *const *values;
    int64_t n;
    double *numbers;  /* [n] where they are */
    uint8_t *given;   /* [n] */
    bool numeric;
    const char *found[HNI_COLUMN_VALUES + 2]; /* different values, in order of arrival */
    double number[HNI_COLUMN_VALUES + 2];
    int32_t count;    /* of them; HNI_COLUMN_VALUES + 1 = too many */
} reading;

static void read_numbers(reading *r) {
    int64_t given = 0;
    r->numeric = true;
    for (int64_t i = 0; i < r->n; i++) {
        r->given[i] = *text_of(r->values, i) != 0;
        given += r->given[i];
        r->numeric &= !r->given[i] || is_number(r->values[i], &r->numbers[i]);
    }
    r->numeric &= given > 0;
}

static bool same(const reading *r, int32_t k, int64_t row) {
    return r->numeric ? r->number[k] - r->numbers[row] == 0 : strcmp(r->found[k], r->values[row]) == 0;
}

static int32_t find(const reading *r, int64_t row) {
    int32_t k = 0;
    while (k < r->count && !same(r, k, row)) {
        k++;
    }
    return k;
}

static bool before(const reading *r, int32_t a, int32_t b) {
    return r->numeric ? r->number[a] < r->number[b] : strcmp(r->found[a], r->found[b]) < 0;
}

static void swap(reading *r, int32_t a, int32_t b) {
    const char *text = r->found[a];
    const double number = r->number[a];
    r->found[a] = r->found[b];
    r->number[a] = r->number[b];
    r->found[b] = text;
    r->number[b] = number;
}

static void find_values(reading *r) {
    for (int64_t i = 0; i < r->n && r->count <= HNI_COLUMN_VALUES; i++) {
        const int32_t k = r->given[i] ? find(r, i) : 0;
        if (r->given[i] && k == r->count) {
            r->found[k] = r->values[i];
            r->number[k] = r->numeric ? r->numbers[i] : 0;
            r->count++;
        }
    }
    for (int32_t i = 1; i < r->count; i++) { /* few: insertion */
        for (int32_t k = i; k > 0 && before(r, k, k - 1); k--) {
            swap(r, k, k - 1);
        }
    }
}

static hn_status name_group(hni_column *c, const char *text, hn_error *err) {
    c->names[c->count] = hni_strdup(c->ctx, text);
    if (!c->names[c->count]) {
        return hni_fail_memory(err, strlen(text) + 1, "the values of a column");
    }
    c->count++;
    return HN_OK;
}

/* Rows of no value get a group of their own, behind the others. */
static hn_status add_missing(const reading *r, hni_column *c, hn_error *err) {
    const int32_t group = c->count;
    bool any = false;
    for (int64_t i = 0; i < r->n; i++) {
        c->of[i] = r->given[i] ? c->of[i] : group;
        any |= !r->given[i];
    }
    return any ? name_group(c, "", err) : HN_OK;
}

static hn_status group_values(const reading *r, hni_column *c, hn_error *err) {
    hn_status status = HN_OK;
    for (int32_t k = 0; k < r->count && !status; k++) {
        status = name_group(c, r->found[k], err);
    }
    for (int64_t i = 0; i < r->n && !status; i++) {
        c->of[i] = r->given[i] ? find(r, i) : 0;
    }
    return status;
}

static const char *text_with(const reading *r, double number) {
    int64_t i = 0;
    while (!r->given[i] || r->numbers[i] - number != 0) {
        i++;
    }
    return r->values[i];
}

/* The largest numbers of the first bands; each ends at a row's own number. Gives how many. */
static int32_t cut(const hni_ranking *sorted, int32_t bands, double *ends) {
    int32_t n = 0;
    const double largest = sorted->items[0].score;
    for (int32_t b = 1; b < bands; b++) {
        const int64_t below = (sorted->n * b + bands - 1) / bands; /* rows up to the end */
        const double end = sorted->items[sorted->n - below].score;
        if (end < largest && (n == 0 || end > ends[n - 1])) {
            ends[n++] = end;
        }
    }
    return n;
}

static hn_status name_band(const reading *r, hni_column *c, const double *ends, int32_t b, int32_t n, hn_error *err) {
    char name[2 * HNI_JSON_NUMBER + 32];
    if (b == 0) {
        snprintf(name, sizeof name, "up to %.512s", text_with(r, ends[0]));
    } else if (b < n) {
        snprintf(name, sizeof name, "above %.512s up to %.512s", text_with(r, ends[b - 1]), text_with(r, ends[b]));
    } else {
        snprintf(name, sizeof name, "above %.512s", text_with(r, ends[n - 1]));
    }
    return name_group(c, name, err);
}

static hn_status group_bands(const reading *r, int32_t bands, hni_column *c, hn_error *err) {
    double ends[HNI_COLUMN_VALUES];
    hni_ranking sorted;
    int64_t given = 0;
    double *numbers = hni_calloc(c->ctx, (size_t)r->n, sizeof *numbers);
    hn_status status = numbers ? HN_OK : hni_fail_memory(err, (size_t)r->n * sizeof *numbers, "the numbers of a column");
    for (int64_t i = 0; i < r->n && !status; i++) {
        if (r->given[i]) {
            numbers[given++] = r->numbers[i];
        }
    }
    if (!status) {
        status = hni_ranking_of_scores(c->ctx, numbers, r->given, given, &sorted, err);
    }
    hni_free(c->ctx, numbers);
    if (status) {
        return status;
    }
    const int32_t n = cut(&sorted, bands, ends);
    hni_ranking_free(&sorted);
    for (int32_t b = 0; b <= n && !status; b++) {
        status = name_band(r, c, ends, b, n, err);
    }
    for (int64_t i = 0; i < r->n && !status; i++) {
        c->of[i] = 0;
        while (r->given[i] && c->of[i] < n && r->numbers[i] > ends[c->of[i]]) {
            c->of[i]++;
        }
    }
    c->bands = true;
    return status;
}

static hn_status group(reading *r, const char *name, int32_t most_values, int32_t bands, hni_column *c, hn_error *err) {
    read_numbers(r);
    find_values(r);
    hn_status status;
    if (r->numeric && r->count > most_values && r->count > 1) {
        status = group_bands(r, bands, c, err);
    } else if (r->count > HNI_COLUMN_VALUES) {
        status = hni_fail(err, HN_E_LIMIT, "column %.60s has over %d different values, such as %.60s, and not all are numbers: group them before", name,
                          (int)HNI_COLUMN_VALUES, r->found[0]);
    } else {
        status = group_values(r, c, err);
    }
    return status ? status : add_missing(r, c, err);
}

hn_status hni_column_make(hn_context *ctx, const char *name, const char *const *values, int64_t n, int32_t most_values, int32_t bands,
                          hni_column *out, hn_error *err) {
    reading r = {.values = values, .n = n};
    *out = (hni_column){.ctx = ctx, .n = n};
    out->of = hni_calloc(ctx, (size_t)n, sizeof *out->of);
    r.numbers = hni_calloc(ctx, (size_t)n, sizeof *r.numbers);
    r.given = hni_calloc(ctx, (size_t)n, sizeof *r.given);
    hn_status status = out->of && r.numbers && r.given ? group(&r, name, most_values, bands, out, err)
                                                       : hni_fail_memory(err, (size_t)n * sizeof *r.numbers, "the values of a column");
    hni_free(ctx, r.numbers);
    hni_free(ctx, r.given);
    if (status) {
        hni_column_free(out);
    }
    return status;
}

void hni_column_free(hni_column *column) {
    for (int32_t k = 0; k < column->count; k++) {
        hni_free(column->ctx, column->names[k]);
    }
    if (column->ctx) {
        hni_free(column->ctx, column->of);
    }
    *column = (hni_column){0};
}
