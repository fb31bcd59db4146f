/* failing.h - a host's allocator that counts, checks what free is told, and fails at the n-th call. */
#ifndef HAEMNET_TEST_FAILING_H
#define HAEMNET_TEST_FAILING_H

#include <stdatomic.h>

#include "../test.h"
#include "base/context.h"

typedef struct failing_allocator {
    int fail_at; /* the call that gives NULL, from 1; 0 = none; all after it work */
    int calls;
    int live;         /* blocks */
    int64_t bytes;    /* live */
    int wrong_values; /* frees whose size or alignment differ from the alloc's */
    atomic_flag lock;
} failing_allocator;

typedef struct failing_block {
    size_t size, alignment;
    void *base;
} failing_block;

static inline void *failing_alloc(void *user, size_t size, size_t alignment) {
    failing_allocator *a = user;
    while (atomic_flag_test_and_set(&a->lock)) {
    }
    void *ptr = NULL;
    char *base = ++a->calls == a->fail_at ? NULL : malloc(size + 2 * alignment + sizeof(failing_block));
    if (base) {
        const uintptr_t at = ((uintptr_t)base + sizeof(failing_block) + alignment - 1) / alignment * alignment;
        ptr = base + (at - (uintptr_t)base);
        memcpy((char *)ptr - sizeof(failing_block), &(failing_block){size, alignment, base}, sizeof(failing_block));
        memset(ptr, 0xA5, size);
        a->live++;
        a->bytes += (int64_t)size;
    }
    atomic_flag_clear(&a->lock);
    return ptr;
}

static inline void failing_free(void *user, void *ptr, size_t size, size_t alignment) {
    failing_allocator *a = user;
    failing_block block;
    memcpy(&block, (char *)ptr - sizeof block, sizeof block);
    while (atomic_flag_test_and_set(&a->lock)) {
    }
    a->live--;
    a->bytes -= (int64_t)size;
    a->wrong_values += block.size != size || block.alignment != alignment;
    atomic_flag_clear(&a->lock);
    free(block.base);
}

static inline hn_allocator failing_table(failing_allocator *a) {
    return (hn_allocator){sizeof(hn_allocator), 0, a, failing_alloc, failing_free};
}

/* A context of one thread on it; its own making does not fail unless fail_at is 1. */
static inline hn_context *failing_context(failing_allocator *a) {
    const hn_allocator table = failing_table(a);
    const hn_context_options options = {.struct_size = sizeof options, .threads = 1, .allocator = &table};
    hn_context *context = NULL;
    hn_error why = {.status = HN_OK};
    const hn_status status = hni_context_create(&options, &context, &why);
    ck_assert_msg(status == HN_OK, "%s", why.message);
    return context;
}

#endif
