/* memory.h - all memory of the library comes from the context's allocator through these, so that it can be counted and made to fail.
 *
 * Blocks carry their size in a small header, since the host's free wants it back. Zero bytes are rounded up to one. */
#ifndef HNI_BASE_MEMORY_H
#define HNI_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "context.h" /* defines: hn_context */

#define HNI_ALIGN 64 /* of tensors and arenas: one cache line, one AVX-512 vector */

void *hni_alloc(hn_context *ctx, size_t size);                    /* 16-byte aligned; NULL if there is none */
void *hni_calloc(hn_context *ctx, size_t count, size_t size);     /* zeroed; overflow gives NULL */
void *hni_realloc(hn_context *ctx, void *ptr, size_t size);       /* on NULL the old block stays */
void hni_free(hn_context *ctx, void *ptr);                        /* NULL is fine */
char *hni_strdup(hn_context *ctx, const char *text);              /* NULL gives NULL */
char *hni_strndup(hn_context *ctx, const char *text, size_t n);
void *hni_alloc_aligned(hn_context *ctx, size_t size);            /* HNI_ALIGN-aligned */
void hni_free_aligned(hn_context *ctx, void *ptr);

uint64_t hni_block_bytes(const void *ptr);                        /* what the context counts for this block; NULL gives 0 */

/* *out = a·b or a+b; false on overflow. Every size product goes through these. */
static inline bool hni_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool hni_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

/* Grows an array of `size`-byte elements to hold at least `want`; doubles. 0 on success, -1 without memory (array unchanged). */
int hni_grow(hn_context *ctx, void *array_pointer, size_t *capacity, size_t want, size_t size);

#endif
