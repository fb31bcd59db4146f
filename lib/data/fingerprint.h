/* fingerprint.h - what is kept of an image to know it again: of its bytes, its pixels, its look and its patient; and what classifiers that no one would
 * want could go by. */
#ifndef HNI_DATA_FINGERPRINT_H
#define HNI_DATA_FINGERPRINT_H

#include "dataset.h"
#include "look.h"

/* 0 = not known, in each of the three numbers. */
typedef struct hni_trace {
    uint64_t file;   /* first 64 bits of the SHA-256 of the file's bytes; 0 for an image in memory */
    uint64_t pixels; /* of size, type and samples; an RGB image without colour is a grey one */
    uint64_t group;  /* first 64 bits of the SHA-256 of the group's name */
    hni_look look;
} hni_trace;

typedef struct hni_fingerprint {
    hni_trace trace;
    int64_t bytes;         /* of the file; 0 for an image in memory */
    int32_t width, height; /* px */
    uint32_t format;       /* equal for files of one format, with as many channels and bits */
    float border;          /* mean grey level of the outermost pixels */
    int32_t seen;          /* 1 = the rest is filled */
    int32_t unused;        /* 0 */
} hni_fingerprint;

uint64_t hni_short_hash(const void *bytes, size_t size); /* the first 64 bits of the SHA-256, but never 0 */

/* Of an image as it was decoded, without the group. bytes NULL = an image in memory. HN_E_MEMORY. */
hn_status hni_fingerprint_of(const void *bytes, size_t size, const hn_image *image, hni_fingerprint *out, hn_error *err);

/* Keeps that of a frozen store's row, if it is not kept yet. Whoever decodes a row calls it; without memory nothing is kept. Any thread. */
void hni_store_note(hni_store *store, uint32_t row, const void *bytes, size_t size, const hn_image *image);

/* All rows' fingerprints, [rows], for hni_free; files that nobody has decoded are, in parallel. Bad ones are marked, and `seen` is 0: errors are
 * those of hni_dataset_check. Freezes the set. */
hn_status hni_dataset_fingerprints(hn_dataset *ds, const hn_cancel *cancel, hni_fingerprint **out, hn_error *err);

#endif
