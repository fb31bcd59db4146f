/* cache.h - preprocessed images kept as u8, shared by all splits of a data set, up to a number of bytes. */
#ifndef HNI_DATA_CACHE_H
#define HNI_DATA_CACHE_H

#include <stdbool.h>

#include "../base/context.h"

typedef struct hni_cache hni_cache;             /* one a row store */
typedef struct hni_cache_table hni_cache_table; /* the images of one preprocessing key */

/* limit: bytes that may be kept; reserved before they are allocated. */
hn_status hni_cache_create(hn_context *ctx, uint64_t limit, hni_cache **out, hn_error *err);
void hni_cache_free(hni_cache *cache);

/* The table for `key`, with room for `rows` entries of `size` bytes each; made if it is new. NULL where there is no memory or room
 * for it: then nothing is kept. A table in use is never dropped; give it back with hni_cache_close. Both are safe from any thread. */
hni_cache_table *hni_cache_open(hni_cache *cache, uint64_t key, uint32_t rows, size_t size);
void hni_cache_close(hni_cache *cache, hni_cache_table *table); /* NULL is fine */

/* Copies the entry to dst; false if it is not kept. Safe from any thread; takes no memory. table may be NULL. */
bool hni_cache_get(hni_cache *cache, hni_cache_table *table, uint32_t row, uint8_t *dst);
/* Keeps a copy if there is room. Safe from any thread. table may be NULL. */
void hni_cache_put(hni_cache *cache, hni_cache_table *table, uint32_t row, const uint8_t *src);

#endif
