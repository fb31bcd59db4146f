/* names.c - string arena and interning for a row store of up to 2^31 rows.
 *
 * Patients and groups repeat in every row of theirs, so a row holds a number; splits and counts then compare numbers. Nothing is
 * ever removed: what a failed addition left behind is only unused. The hash is SHA-256, because manifests come from strangers and
 * a weak hash lets them choose strings that all fall on one place. */
#include "names.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/sha256.h"

enum { CHUNK = 16 * 1024 - 64 };

struct hni_chunk {
    struct hni_chunk *next;
    size_t used, size;
    char text[];
};

int hni_names_init(hni_names *names, hn_context *ctx) {
    uint32_t zero;
    memset(names, 0, sizeof *names);
    names->ctx = ctx;
    return hni_names_number(names, "", 0, &zero);
}

void hni_names_free(hni_names *names) {
    for (struct hni_chunk *c = names->chunks; c;) {
        struct hni_chunk *next = c->next;
        hni_free(names->ctx, c);
        c = next;
    }
    hni_free(names->ctx, names->items);
    hni_free(names->ctx, names->slots);
    memset(names, 0, sizeof *names);
}

const char *hni_names_keep(hni_names *names, const char *text, size_t n) {
    struct hni_chunk *c = names->chunks;
    size_t need, all;
    if (!hni_add(n, 1, &need)) return NULL;
    if (!c || c->size - c->used < need) {
        size_t size = need > CHUNK ? need : CHUNK;
        if (!hni_add(size, sizeof *c, &all)) return NULL;
        c = hni_alloc(names->ctx, all);
        if (!c) return NULL;
        *c = (struct hni_chunk){.next = names->chunks, .used = 0, .size = size};
        names->chunks = c;
    }
    char *copy = c->text + c->used;
    memcpy(copy, text, n);
    copy[n] = 0;
    c->used += need;
    return copy;
}

static uint64_t hash(const char *text, size_t n) {
    hni_sha256 h;
    uint64_t digest[4];
    hni_sha256_init(&h);
    hni_sha256_add(&h, text, n);
    hni_sha256_end(&h, digest);
    return digest[0];
}

/* The slot that holds the text, or the free one where it belongs. The table is never full. */
static size_t find(const hni_names *names, const char *text, size_t n) {
    size_t mask = names->n_slots - 1, at = (size_t)hash(text, n) & mask;
    while (names->slots[at]) {
        const char *item = names->items[names->slots[at] - 1];
        if (strncmp(item, text, n) == 0 && item[n] == 0) break;
        at = (at + 1) & mask;
    }
    return at;
}

static int grow_table(hni_names *names) {
    hni_names bigger = *names;
    size_t bytes;
    bigger.n_slots = names->n_slots ? names->n_slots * 2 : 64;
    if (!hni_mul(bigger.n_slots, sizeof(uint32_t), &bytes)) return -1;
    bigger.slots = hni_calloc(names->ctx, bigger.n_slots, sizeof(uint32_t));
    if (!bigger.slots) return -1;
    for (size_t i = 0; i < names->count; i++) bigger.slots[find(&bigger, names->items[i], strlen(names->items[i]))] = (uint32_t)i + 1;
    hni_free(names->ctx, names->slots);
    *names = bigger;
    return 0;
}

int hni_names_number(hni_names *names, const char *text, size_t n, uint32_t *number) {
    if (n == 0 && names->count) {
        *number = 0;
        return 0;
    }
    if (names->count + 1 > names->n_slots / 2 && grow_table(names) != 0) return -1;
    size_t at = find(names, text, n);
    if (names->slots[at] == 0) {
        if (names->count >= UINT32_MAX - 1) return -1;
        if (hni_grow(names->ctx, &names->items, &names->capacity, names->count + 1, sizeof *names->items) != 0) return -1;
        const char *copy = hni_names_keep(names, text, n);
        if (!copy) return -1;
        names->items[names->count++] = copy;
        names->slots[at] = (uint32_t)names->count;
    }
    *number = names->slots[at] - 1;
    return 0;
}
