/* names.h - the strings of a data set: kept in an arena that only grows, and numbered so that equal strings have equal numbers. */
#ifndef HNI_DATA_NAMES_H
#define HNI_DATA_NAMES_H

#include "../base/context.h"

typedef struct hni_names {
    hn_context *ctx;
    struct hni_chunk *chunks; /* newest first */
    const char **items;       /* [count] by number */
    size_t count, capacity;
    uint32_t *slots; /* hash table of numbers + 1, open addressing; 0 = free */
    size_t n_slots;  /* power of two */
} hni_names;

/* Number 0 is "". -1 without memory; hni_names_free is right after a failure too. */
int hni_names_init(hni_names *names, hn_context *ctx);
void hni_names_free(hni_names *names);

/* A copy that lives as long as `names`; NULL without memory. */
const char *hni_names_keep(hni_names *names, const char *text, size_t n);

/* The number of the text, which is added if it is new. -1 without memory. Fewer than 2^32 texts. */
int hni_names_number(hni_names *names, const char *text, size_t n, uint32_t *number);

#endif
