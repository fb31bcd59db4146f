/* stb_heap.h - the memory that stb_image and stb_image_write work in: counted against a budget, all freed at the end. */
#ifndef HNI_IMAGE_STB_HEAP_H
#define HNI_IMAGE_STB_HEAP_H

#include <setjmp.h>
#include <stddef.h>

#include "../base/context.h"

struct hni_stb_block;

typedef struct hni_stb_heap {
    hn_context *ctx;
    size_t budget, used; /* bytes */
    size_t refused;      /* the request that could not be met, 0 = none */
    int over;            /* refused because of the budget, not for want of memory */
    const char *broken;  /* the assertion of stb's that did not hold, or NULL */
    struct hni_stb_block *blocks;
    jmp_buf out; /* where a refusal goes: setjmp here between begin and end */
} hni_stb_heap;

void hni_stb_begin(hni_stb_heap *heap, hn_context *ctx, size_t budget);
void hni_stb_end(hni_stb_heap *heap); /* frees whatever stb still holds */

/* For STBI_MALLOC and its kind; they use the heap that this thread has begun. Memory is zeroed. They do not return on failure. */
void *hni_stb_malloc(size_t size);
void *hni_stb_realloc(void *ptr, size_t size);
void hni_stb_free(void *ptr);
_Noreturn void hni_stb_broken(const char *what); /* for STBI_ASSERT */

#endif
