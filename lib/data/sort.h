/* sort.h - sorting without memory of its own: qsort may call malloc, and the host's allocator is the only one allowed here. */
#ifndef HNI_DATA_SORT_H
#define HNI_DATA_SORT_H

#include <stdbool.h>
#include <stdint.h>

/* Sorts ascending by `less`, which must be a strict order; heap sort, so equal items may change places. */
void hni_sort_u32(uint32_t *items, uint32_t n, bool (*less)(const void *user, uint32_t a, uint32_t b), const void *user);

#endif
