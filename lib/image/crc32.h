/* crc32.h - PNG's checksum (ISO 3309), four bytes at a time. */
#ifndef HNI_IMAGE_CRC32_H
#define HNI_IMAGE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Tables of the caller's, on its stack: made in microseconds, so that there is no global state to be made once. */
typedef struct hni_crc32_tables {
    uint32_t t[4][256];
} hni_crc32_tables;

static inline void hni_crc32_init(hni_crc32_tables *tables) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t c = n;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        tables->t[0][n] = c;
    }
    for (uint32_t n = 0; n < 256; n++)
        for (int k = 1; k < 4; k++)
            tables->t[k][n] = tables->t[0][tables->t[k - 1][n] & 255] ^ tables->t[k - 1][n] >> 8;
}

static inline uint32_t hni_crc32(const hni_crc32_tables *tables, const uint8_t *p, size_t size) {
    uint32_t c = 0xffffffffu;
    for (; size >= 4; p += 4, size -= 4) {
        c ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        c = tables->t[3][c & 255] ^ tables->t[2][c >> 8 & 255] ^ tables->t[1][c >> 16 & 255] ^ tables->t[0][c >> 24];
    }
    for (; size; p++, size--)
        c = tables->t[0][(c ^ *p) & 255] ^ c >> 8;
    return ~c;
}

#endif
