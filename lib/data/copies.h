/* copies.h - which images of one list are copies of images of another, or of earlier ones of the same list. */
#ifndef HNI_DATA_COPIES_H
#define HNI_DATA_COPIES_H

#include "fingerprint.h"

typedef struct hni_copy {
    int32_t kind;  /* HN_FINDING_FILE, _PIXELS or _LOOK; 0 = no copy */
    int32_t turn, distance;
    int64_t other; /* row of the other list */
} hni_copy;

/* For each of rows [n] the best of others [m]: same bytes before same pixels before a near look, the first of several. others NULL = within rows:
 * of earlier rows, of another patient, or where either is not known. A trace without pixels is nobody's copy. HN_E_MEMORY, HN_E_CANCELLED. */
hn_status hni_copies_find(hn_context *ctx, const hni_trace *rows, uint32_t n, const hni_trace *others, uint32_t m, const hn_cancel *cancel,
                          hni_copy *out, hn_error *err);

#endif
