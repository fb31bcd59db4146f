/* cache.c - keeps what decoding and resizing made, so that a file is decoded once for all epochs and all folds.
 *
 * Entries never change and are never dropped while their table is open, so a reader needs the lock only to find one and copies
 * outside of it. No least-recently-used order: an epoch goes over every row once, and such an order would throw each entry out
 * just before it is wanted. When the limit is met, nothing more is kept, unless a table that nobody has open can make room. */
#include "cache.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"

struct hni_cache_table {
    hni_cache_table *next;
    uint64_t key;
    size_t size;      /* of an entry, bytes */
    uint32_t rows;
    int32_t users;
    uint64_t bytes;   /* that this table holds, itself included */
    uint8_t **entry;  /* [rows], NULL = not kept */
};

struct hni_cache {
    hn_context *ctx;
    hni_mutex lock;
    uint64_t limit, used; /* bytes */
    hni_cache_table *tables;
};

hn_status hni_cache_create(hn_context *ctx, uint64_t limit, hni_cache **out, hn_error *err) {
    *out = NULL;
    hni_cache *cache = hni_calloc(ctx, 1, sizeof *cache);
    if (!cache) return hni_fail_memory(err, sizeof *cache, "an image cache");
    cache->ctx = ctx;
    cache->limit = limit;
    int number = hni_mutex_init(&cache->lock);
    if (number) {
        hni_free(ctx, cache);
        return hni_fail_errno(err, number, "cannot make the lock of an image cache");
    }
    *out = cache;
    return HN_OK;
}

static void free_table(hni_cache *cache, hni_cache_table *table) {
    cache->used -= table->bytes;
    for (uint32_t i = 0; i < table->rows; i++) hni_free(cache->ctx, table->entry[i]);
    hni_free(cache->ctx, table->entry);
    hni_free(cache->ctx, table);
}

void hni_cache_free(hni_cache *cache) {
    if (!cache) return;
    while (cache->tables) {
        hni_cache_table *table = cache->tables;
        cache->tables = table->next;
        free_table(cache, table);
    }
    hni_mutex_destroy(&cache->lock);
    hni_free(cache->ctx, cache);
}

/* Takes `bytes` of the limit, at the cost of tables that nobody has open. With the lock held. */
static bool reserve(hni_cache *cache, uint64_t bytes) {
    if (bytes > cache->limit) return false;
    hni_cache_table **link = &cache->tables;
    while (cache->used > cache->limit - bytes && *link) {
        hni_cache_table *table = *link;
        if (table->users) {
            link = &table->next;
            continue;
        }
        *link = table->next;
        free_table(cache, table);
    }
    if (cache->used > cache->limit - bytes) return false;
    cache->used += bytes;
    return true;
}

static hni_cache_table *new_table(hni_cache *cache, uint64_t key, uint32_t rows, size_t size) {
    size_t bytes;
    if (!hni_mul(rows, sizeof(uint8_t *), &bytes) || !hni_add(bytes, sizeof(hni_cache_table), &bytes)) return NULL;
    /* A table that could hold no entry would only take room. */
    if (bytes > cache->limit || size > cache->limit - bytes || !reserve(cache, bytes)) return NULL;
    hni_cache_table *table = hni_calloc(cache->ctx, 1, sizeof *table);
    uint8_t **entry = hni_calloc(cache->ctx, rows, sizeof *entry);
    if (!table || !entry) {
        hni_free(cache->ctx, table);
        hni_free(cache->ctx, entry);
        cache->used -= bytes;
        return NULL;
    }
    *table = (hni_cache_table){.next = cache->tables, .key = key, .size = size, .rows = rows, .bytes = bytes, .entry = entry};
    cache->tables = table;
    return table;
}

hni_cache_table *hni_cache_open(hni_cache *cache, uint64_t key, uint32_t rows, size_t size) {
    hni_mutex_lock(&cache->lock);
    hni_cache_table *table = cache->tables;
    while (table && (table->key != key || table->rows != rows || table->size != size)) table = table->next;
    if (!table) table = new_table(cache, key, rows, size);
    if (table) table->users++;
    hni_mutex_unlock(&cache->lock);
    return table;
}

void hni_cache_close(hni_cache *cache, hni_cache_table *table) {
    if (!table) return;
    hni_mutex_lock(&cache->lock);
    table->users--;
    hni_mutex_unlock(&cache->lock);
}

bool hni_cache_get(hni_cache *cache, hni_cache_table *table, uint32_t row, uint8_t *dst) {
    if (!table || row >= table->rows) return false;
    hni_mutex_lock(&cache->lock);
    const uint8_t *entry = table->entry[row];
    hni_mutex_unlock(&cache->lock);
    if (entry) memcpy(dst, entry, table->size);
    return entry != NULL;
}

void hni_cache_put(hni_cache *cache, hni_cache_table *table, uint32_t row, const uint8_t *src) {
    if (!table || row >= table->rows) return;
    hni_mutex_lock(&cache->lock);
    bool room = !table->entry[row] && reserve(cache, table->size);
    hni_mutex_unlock(&cache->lock);
    if (!room) return;
    uint8_t *copy = hni_alloc(cache->ctx, table->size);
    if (copy) memcpy(copy, src, table->size);
    hni_mutex_lock(&cache->lock);
    if (copy && !table->entry[row]) {
        table->entry[row] = copy;
        table->bytes += table->size;
        copy = NULL;
    } else {
        cache->used -= table->size; /* no memory, or another thread was first */
    }
    hni_mutex_unlock(&cache->lock);
    hni_free(cache->ctx, copy);
}
