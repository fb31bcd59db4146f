/* hash64.h - XXH64, a fast 64-bit hash, to find equal pixels among millions of bytes. Against chance, not against intent: where somebody may choose
 * the bytes, sha256.h is the one to take. */
#ifndef HNI_BASE_HASH64_H
#define HNI_BASE_HASH64_H

#include <stddef.h>
#include <stdint.h>

uint64_t hni_hash64(const void *data, size_t size, uint64_t seed);

#endif
