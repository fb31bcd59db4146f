/* digest.h - SHA-256 (FIPS 180-4) of what a report is about: files, tables. Figures can be held against a model and data years later only if both can
 * be told from what looks like them. */
#ifndef HAEMNET_DIGEST_H
#define HAEMNET_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct digest {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
} digest;

enum { DIGEST_TEXT = 65 }; /* 64 hexadecimal digits and NUL */

void digest_begin(digest *d);
void digest_add(digest *d, const void *bytes, size_t n);
void digest_end(digest *d, char text[DIGEST_TEXT]);
bool digest_file(const char *path, char text[DIGEST_TEXT]); /* false if it cannot be read; errno says why */

#endif
