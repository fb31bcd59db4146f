/* sha256.h - SHA-256 (FIPS 180-4), to name models and data sets by their content. Not for secrets. */
#ifndef HNI_BASE_SHA256_H
#define HNI_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct hni_sha256 {
    uint32_t state[8];
    uint64_t size;
    uint8_t block[64];
} hni_sha256;

void hni_sha256_init(hni_sha256 *h);
void hni_sha256_add(hni_sha256 *h, const void *data, size_t size);
void hni_sha256_end(hni_sha256 *h, uint64_t digest[4]); /* big-endian words: printing each as %016x gives the usual text */

#endif
