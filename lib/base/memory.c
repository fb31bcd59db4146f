/* memory.c - the one door to the host's memory.
 *
 * Every block begins with a small header that keeps its size and alignment, because the host's free wants them back and because the
 * context counts bytes. The header lies in the 16 bytes before the caller's pointer; an aligned block pays one whole alignment for
 * it. Not a pool or an arena: sizes are few and large here, and the host's allocator is the better judge. */
#include <stdint.h>
#include <string.h>

#include "memory.h"

typedef struct block_header {
    uint64_t total;     /* bytes asked of the host, header included */
    uint64_t alignment; /* 16 or HNI_ALIGN; the caller's pointer is base + alignment */
} block_header;

enum { SMALL_ALIGN = 16 };

_Static_assert(sizeof(block_header) == SMALL_ALIGN, "the header fits exactly in front of a 16-byte aligned block");

static block_header *header_of(void *ptr) {
    return (block_header *)(void *)((unsigned char *)ptr - sizeof(block_header));
}

uint64_t hni_block_bytes(const void *ptr) {
    return ptr ? ((const block_header *)(const void *)((const unsigned char *)ptr - sizeof(block_header)))->total : 0;
}

static void count_in(hn_context *ctx, size_t total) {
    const uint_fast64_t live = atomic_fetch_add(&ctx->live_bytes, total) + total;
    uint_fast64_t peak = atomic_load(&ctx->peak_bytes);
    while (live > peak && !atomic_compare_exchange_weak(&ctx->peak_bytes, &peak, live)) {
    }
    atomic_fetch_add(&ctx->allocations, 1);
    atomic_fetch_add(&ctx->live_blocks, 1);
}

static void *take(hn_context *ctx, size_t size, size_t alignment) {
    size_t total;
    if (!hni_add(size ? size : 1, alignment, &total) || total > PTRDIFF_MAX)
        return NULL;
    unsigned char *base = ctx->allocator.alloc(ctx->allocator.user, total, alignment);
    if (!base)
        return NULL;
    if ((uintptr_t)base % alignment != 0) { /* a host that breaks its promise would crash vector code later */
        ctx->allocator.free(ctx->allocator.user, base, total, alignment);
        return NULL;
    }
    count_in(ctx, total);
    unsigned char *ptr = base + alignment;
    header_of(ptr)->total = total;
    header_of(ptr)->alignment = alignment;
    return ptr;
}

static void give(hn_context *ctx, void *ptr) {
    if (!ptr)
        return;
    const size_t total = (size_t)header_of(ptr)->total, alignment = (size_t)header_of(ptr)->alignment;
    atomic_fetch_sub(&ctx->live_bytes, total);
    atomic_fetch_sub(&ctx->live_blocks, 1);
    ctx->allocator.free(ctx->allocator.user, (unsigned char *)ptr - alignment, total, alignment);
}

void *hni_alloc(hn_context *ctx, size_t size) {
    return take(ctx, size, SMALL_ALIGN);
}

void *hni_alloc_aligned(hn_context *ctx, size_t size) {
    return take(ctx, size, HNI_ALIGN);
}

void hni_free(hn_context *ctx, void *ptr) {
    give(ctx, ptr);
}

void hni_free_aligned(hn_context *ctx, void *ptr) {
    give(ctx, ptr);
}

void *hni_calloc(hn_context *ctx, size_t count, size_t size) {
    size_t bytes;
    if (!hni_mul(count, size, &bytes))
        return NULL;
    void *ptr = hni_alloc(ctx, bytes);
    if (ptr)
        memset(ptr, 0, bytes ? bytes : 1);
    return ptr;
}

void *hni_realloc(hn_context *ctx, void *ptr, size_t size) {
    void *fresh = hni_alloc(ctx, size);
    if (!fresh || !ptr)
        return fresh;
    const size_t old = (size_t)(header_of(ptr)->total - header_of(ptr)->alignment);
    memcpy(fresh, ptr, old < size ? old : size);
    hni_free(ctx, ptr);
    return fresh;
}

char *hni_strndup(hn_context *ctx, const char *text, size_t n) {
    if (!text)
        return NULL;
    const size_t length = strnlen(text, n);
    char *copy = hni_alloc(ctx, length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

char *hni_strdup(hn_context *ctx, const char *text) {
    return text ? hni_strndup(ctx, text, strlen(text)) : NULL;
}

int hni_grow(hn_context *ctx, void *array_pointer, size_t *capacity, size_t want, size_t size) {
    if (want <= *capacity)
        return 0;
    size_t next = *capacity <= SIZE_MAX / 2 ? *capacity * 2 : want, bytes;
    if (next < want)
        next = want;
    if (next < 8)
        next = 8;
    if (!hni_mul(next, size, &bytes))
        return -1;
    void *old; /* array_pointer is a T **: copied as bytes, since no T is known here */
    memcpy(&old, array_pointer, sizeof old);
    void *fresh = hni_realloc(ctx, old, bytes);
    if (!fresh)
        return -1;
    memcpy(array_pointer, &fresh, sizeof fresh);
    *capacity = next;
    return 0;
}
