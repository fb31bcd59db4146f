/* traces.h - what a model file keeps of the images that the model was trained on, so that test data can be held against them later.
 *
 * Hashes only, of at most HNI_TRACES images. Of larger sets those stay whose hash of the pixels is smallest: a sample that does not depend on order,
 * and in which the same image is always in or always out. */
#ifndef HNI_DATA_TRACES_H
#define HNI_DATA_TRACES_H

#include "fingerprint.h"

enum { HNI_TRACES = 4096, HNI_TRACE_BYTES = 88 /* of one in the file */ };

typedef struct hni_traces {
    hn_context *ctx;
    int64_t rows;      /* images that the model was trained on */
    uint32_t n;        /* of list; n < rows = a sample */
    uint32_t n_groups;
    hni_trace *list;   /* [n] ascending by pixels, then by file; group is 0 */
    uint64_t *groups;  /* [n_groups] ascending; a sample, the smallest, where there are more than HNI_TRACES */
    bool groups_whole; /* every patient's is there */
    int32_t unknown;   /* 1 = some image had no known patient */
} hni_traces;

/* Of a data set's readable rows. HN_E_MEMORY and as hni_dataset_fingerprints. */
hn_status hni_traces_make(hn_dataset *ds, hni_traces **out, hn_error *err);
hn_status hni_traces_copy(const hni_traces *traces, hn_context *ctx, hni_traces **out, hn_error *err);
void hni_traces_free(hni_traces *traces); /* NULL is fine */

/* As bytes, little-endian, [n · HNI_TRACE_BYTES] and [n_groups · 8], and back; what is read is checked: HN_E_FORMAT. */
void hni_traces_pack(const hni_traces *traces, uint8_t *bytes, uint8_t *groups);
hn_status hni_traces_unpack(hn_context *ctx, const uint8_t *bytes, uint32_t n, const uint8_t *groups, uint32_t n_groups, hni_traces **out,
                            hn_error *err);

#endif
