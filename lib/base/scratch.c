/* scratch.c - a stack of memory that is kept from job to job.
 *
 * Not an allocator: blocks go in the reverse order of their coming. It exists because a prediction of one image, done a thousand times a
 * minute by a host with its own heap, should not disturb that heap each time. */
#include "scratch.h"

#include <string.h>

/* In front of a piece that did not fit; as long as the alignment, so that the piece behind it is aligned. */
typedef struct hni_scratch_extra {
    struct hni_scratch_extra *below;
    size_t start; /* s->used before it was taken */
} extra;

static void *take_extra(hni_scratch *s, size_t bytes) {
    size_t total;
    extra *e = hni_add(bytes, HNI_ALIGN, &total) ? hni_alloc_aligned(s->ctx, total) : NULL;
    if (!e)
        return NULL;
    *e = (extra){s->extra, s->used};
    s->extra = e;
    return (uint8_t *)e + HNI_ALIGN;
}

void *hni_scratch_take(hni_scratch *s, size_t bytes) {
    size_t rounded, end;
    if (!hni_add(bytes ? bytes : 1, HNI_ALIGN - 1, &rounded))
        return NULL;
    rounded -= rounded % HNI_ALIGN;
    if (!hni_add(s->used, rounded, &end))
        return NULL;
    void *piece = end <= s->size ? s->block + s->used : take_extra(s, rounded);
    if (!piece)
        return NULL;
    s->used = end;
    if (s->peak < end)
        s->peak = end;
    return piece;
}

void *hni_scratch_zeroed(hni_scratch *s, size_t count, size_t size) {
    size_t bytes;
    void *piece = hni_mul(count, size, &bytes) ? hni_scratch_take(s, bytes) : NULL;
    if (piece)
        memset(piece, 0, bytes);
    return piece;
}

void hni_scratch_rewind(hni_scratch *s, size_t mark) {
    while (s->extra && s->extra->start >= mark) {
        extra *e = s->extra;
        s->extra = e->below;
        hni_free_aligned(s->ctx, e);
    }
    s->used = mark;
}

void hni_scratch_end(hni_scratch *s) {
    hni_scratch_rewind(s, 0);
    if (s->peak > s->size) {
        const size_t want = s->peak;
        hni_scratch_free(s); /* first: a large block need not stand beside a larger one */
        s->block = hni_alloc_aligned(s->ctx, want);
        s->size = s->block ? want : 0;
    }
    s->peak = 0;
}

void hni_scratch_free(hni_scratch *s) {
    hni_scratch_rewind(s, 0);
    hni_free_aligned(s->ctx, s->block);
    s->block = NULL;
    s->size = s->peak = 0;
}
