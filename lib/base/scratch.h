/* scratch.h - memory for the duration of one job, kept for the next one: a stack that grows to what the largest job needed and then
 * asks the context for nothing more.
 *
 * What does not fit the block is taken on its own and given back when it is rewound past; at the end of the job one block as large as
 * all of it replaces the old one. So callers need no second formula for their sizes. One thread at a time. */
#ifndef HNI_BASE_SCRATCH_H
#define HNI_BASE_SCRATCH_H

#include "memory.h"

typedef struct hni_scratch {
    hn_context *ctx;   /* not kept alive */
    uint8_t *block;    /* kept between jobs; NULL = none yet */
    size_t size;       /* of block, bytes */
    size_t used, peak; /* of the job so far, as if block held all of it */
    struct hni_scratch_extra *extra; /* what did not fit, the latest first */
} hni_scratch;

void *hni_scratch_take(hni_scratch *s, size_t bytes);                  /* HNI_ALIGN-aligned, until rewound; NULL if there is none */
void *hni_scratch_zeroed(hni_scratch *s, size_t count, size_t size);   /* overflow gives NULL */
void hni_scratch_rewind(hni_scratch *s, size_t mark);                  /* gives back what was taken since s->used was mark */
void hni_scratch_end(hni_scratch *s);  /* the job is done: keeps one block for the next; without memory for it, the next takes anew */
void hni_scratch_free(hni_scratch *s); /* everything; usable again */

#endif
