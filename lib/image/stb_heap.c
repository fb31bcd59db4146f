/* stb_heap.c - the allocator behind stb_image and stb_image_write.
 *
 * The stb libraries know neither our context nor limits, and stb_image_write goes on after a failed realloc. So their memory comes
 * from here: every block is on a list and counted against a budget made from the image's header, and a refusal (or an assertion of
 * theirs) leaves them by longjmp to the caller, who frees the list. Nothing of stb's needs a destructor, so nothing else is lost.
 * Blocks are zeroed: whatever stb leaves unwritten on odd files is then black, the same on every run, and no other's data. */
#include <stdint.h>
#include <string.h>

#include "../base/memory.h"
#include "stb_heap.h"

struct hni_stb_block {
    struct hni_stb_block *before, *after;
    size_t size;
    size_t pad; /* keeps what follows 16-byte aligned */
};

/* stb's allocator macros have no user argument, and several threads decode at once: hence one pointer per thread, set only while a
 * decoder or encoder runs on it. It holds no state between calls. */
static _Thread_local hni_stb_heap *current;

void hni_stb_begin(hni_stb_heap *heap, hn_context *ctx, size_t budget) {
    heap->ctx = ctx;
    heap->budget = budget;
    heap->used = heap->refused = 0;
    heap->over = 0;
    heap->broken = NULL;
    heap->blocks = NULL;
    current = heap;
}

void hni_stb_end(hni_stb_heap *heap) {
    while (heap->blocks)
        hni_stb_free(heap->blocks + 1);
    current = NULL;
}

void *hni_stb_malloc(size_t size) {
    hni_stb_heap *heap = current;
    heap->over = size > heap->budget - heap->used;
    struct hni_stb_block *block = heap->over ? NULL : hni_calloc(heap->ctx, 1, sizeof *block + size);
    if (!block) {
        heap->refused = size ? size : 1;
        longjmp(heap->out, 1);
    }
    block->size = size;
    block->after = heap->blocks;
    if (block->after)
        block->after->before = block;
    heap->blocks = block;
    heap->used += size;
    return block + 1;
}

void hni_stb_free(void *ptr) {
    if (!ptr)
        return;
    struct hni_stb_block *block = (struct hni_stb_block *)ptr - 1;
    if (block->before)
        block->before->after = block->after;
    else
        current->blocks = block->after;
    if (block->after)
        block->after->before = block->before;
    current->used -= block->size;
    hni_free(current->ctx, block);
}

void *hni_stb_realloc(void *ptr, size_t size) {
    void *fresh = hni_stb_malloc(size);
    if (ptr) {
        const size_t old = ((struct hni_stb_block *)ptr - 1)->size;
        memcpy(fresh, ptr, old < size ? old : size);
        hni_stb_free(ptr);
    }
    return fresh;
}

void hni_stb_broken(const char *what) {
    current->broken = what;
    longjmp(current->out, 1);
}
