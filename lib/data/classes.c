/* classes.c - the class names of a data set: numbered by sorted name, and which one is the positive.
 *
 * Rows keep a class's id (order of arrival), because ranks move when a class comes in between; callers see ranks only. The
 * positive class is told from the names alone, never from the order: the thesis' mistake was to take index 1. */
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "dataset.h"
#include "text.h"

static hn_status check_name(const char *name, const char *where, hn_error *err) {
    const char *colon = *where ? ": " : "";
    size_t n = strlen(name);
    if (n == 0) return hni_fail(err, HN_E_ARGUMENT, "%s%sa class name is empty", where, colon);
    if (n > HNI_CLASS_NAME)
        return hni_fail(err, HN_E_LIMIT, "%s%sthe class name %.40s… is over %d bytes", where, colon, name, HNI_CLASS_NAME);
    if (hni_utf8_span(name, n) < n) return hni_fail(err, HN_E_ARGUMENT, "%s%sthe class name %s is not UTF-8", where, colon, name);
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F)
            return hni_fail(err, HN_E_ARGUMENT, "%s%sthe class name %s has a control character in it", where, colon, name);
    }
    return HN_OK;
}

/* Where the name is, or would go, among the sorted ones. */
static int32_t search(const hni_classes *c, const char *name, bool *found) {
    int32_t low = 0, high = c->count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int order = strcmp(c->name[c->by_rank[middle]], name);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    *found = false;
    return low;
}

static void number_ranks(hni_classes *c) {
    for (int32_t i = 0; i < c->count; i++) c->rank[c->by_rank[i]] = i;
}

hn_status hni_class_id(hni_store *store, const char *name, const char *where, int32_t *id, hn_error *err) {
    hni_classes *c = &store->classes;
    bool found = false;
    int32_t place = search(c, name, &found);
    if (store->task == HN_TASK_MULTI) place = c->count; /* labels stay in the order of their columns; each is added once */
    else if (found) {
        *id = c->by_rank[place];
        return HN_OK;
    }
    hn_status status = check_name(name, where, err);
    if (status != HN_OK) return status;
    if (c->count >= HNI_CLASSES)
        return hni_fail(err, HN_E_LIMIT, "%s%sover %d classes; is this the column of labels?", where, *where ? ": " : "", HNI_CLASSES);
    size_t want = (size_t)c->count + 1;
    const char *copy = hni_names_keep(&store->names, name, strlen(name));
    if (!copy || hni_grow(store->ctx, &c->name, &c->room[0], want, sizeof *c->name) != 0 ||
        hni_grow(store->ctx, &c->rank, &c->room[1], want, sizeof *c->rank) != 0 ||
        hni_grow(store->ctx, &c->by_rank, &c->room[2], want, sizeof *c->by_rank) != 0)
        return hni_fail_memory(err, want * sizeof *c->name, "class names");
    memmove(c->by_rank + place + 1, c->by_rank + place, (size_t)(c->count - place) * sizeof *c->by_rank);
    c->by_rank[place] = c->count;
    c->name[c->count] = copy;
    *id = c->count++;
    number_ranks(c);
    return HN_OK;
}

void hni_classes_cut(hni_classes *c, int32_t count) {
    int32_t kept = 0;
    for (int32_t i = 0; i < c->count; i++) {
        if (c->by_rank[i] < count) c->by_rank[kept++] = c->by_rank[i];
    }
    c->count = kept;
    number_ranks(c);
}

void hni_classes_free(hni_classes *c, hn_context *ctx) {
    hni_free(ctx, c->name);
    hni_free(ctx, c->rank);
    hni_free(ctx, c->by_rank);
}

/* Is `a` the negation of `b`: no_b, non-b, without b … */
static bool negates(const char *a, const char *b) {
    static const char *const words[] = {"no", "non", "not", "without", "sans"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        char head[8] = {0};
        if (strlen(a) <= n + 1 || !strchr("_- ", a[n])) continue;
        memcpy(head, a, n);
        if (hni_same_word(head, words[i]) && hni_same_word(a + n + 1, b)) return true;
    }
    return false;
}

int32_t hni_classes_positive(const hni_classes *c) {
    static const char *const words[] = {"haemorrhage", "hemorrhage", "ich",  "bleed", "bleeding",
                                        "positive",    "abnormal",   "yes", "true",  "1"};
    int32_t found = -1;
    if (c->count == 2) {
        const char *first = c->name[c->by_rank[0]], *second = c->name[c->by_rank[1]];
        if (negates(second, first)) return 0;
        if (negates(first, second)) return 1;
    }
    for (int32_t i = 0; i < c->count; i++) {
        for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
            if (!hni_same_word(c->name[c->by_rank[i]], words[k])) continue;
            if (found >= 0) return -1; /* two that could be it: better none than the wrong one */
            found = i;
        }
    }
    return found;
}
