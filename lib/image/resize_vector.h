/* resize_vector.h - 16 bytes as a vector, for the inner loops of a resize. */
#ifndef HNI_IMAGE_RESIZE_VECTOR_H
#define HNI_IMAGE_RESIZE_VECTOR_H

#include <string.h>

#include "resize_kernels.h"

typedef uint8_t bytes __attribute__((vector_size(16)));
typedef uint8_t bytes_mem __attribute__((vector_size(16), aligned(1), may_alias)); /* as they lie in memory */

#define INLINE static inline __attribute__((always_inline))
enum { LANES = HNI_RESIZE_LANES, HALF = 1 << (HNI_RESIZE_BITS - 1) };

#endif
