/* decode.h - one row → its image, or its pixels as a model wants them; and whose fault a failure is. */
#ifndef HNI_DATA_DECODE_H
#define HNI_DATA_DECODE_H

#include "dataset.h"

/* The row's image: one reference for the caller. Any thread. */
hn_status hni_row_image(hni_store *store, uint32_t row, hn_image **out, hn_error *err);

/* The row's u8 tensor, hni_preproc_bytes(pre) of it; from the cache if it is there, else kept in it. table may be NULL. Any thread. */
hn_status hni_row_pixels(hni_store *store, uint32_t row, const hni_preproc *pre, hni_cache_table *table, uint8_t *dst, hn_error *err);

/* Is the row's file bad, so that it is skipped? False for what would fail on any file (no memory, no file handles, a wrong model). */
bool hni_row_at_fault(const hn_error *err);

/* Puts the row's path before the message, unless it is in it. */
void hni_row_name_error(const hni_store *store, uint32_t row, hn_error *err);

#endif
