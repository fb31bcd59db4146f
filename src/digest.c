/* digest.c - SHA-256, plain: files are read once, and reading takes longer. The library has one too, but no call that hands it out. */
#include <stdio.h>
#include <string.h>

#include "digest.h"

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void mix(digest *d, const uint8_t *block) {
    uint32_t w[64], s[8];
    memcpy(s, d->state, sizeof s);
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        const uint32_t a = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3, b = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    for (int i = 0; i < 64; i++) {
        const uint32_t e = turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25), choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        const uint32_t a = turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22), most = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        const uint32_t one = s[7] + e + choice + constants[i] + w[i];
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += one;
        s[0] = one + a + most;
    }
    for (int i = 0; i < 8; i++) d->state[i] += s[i];
}

void digest_begin(digest *d) {
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(d->state, first, sizeof first);
    d->bytes = 0;
}

void digest_add(digest *d, const void *bytes, size_t n) {
    const uint8_t *from = bytes;
    while (n) {
        const size_t used = d->bytes % 64, part = n < 64 - used ? n : 64 - used;
        memcpy(d->block + used, from, part);
        d->bytes += part;
        from += part;
        n -= part;
        if (used + part == 64) mix(d, d->block);
    }
}

void digest_end(digest *d, char text[DIGEST_TEXT]) {
    const uint64_t bits = d->bytes * 8;
    uint8_t length[8];
    digest_add(d, "\x80", 1);
    while (d->bytes % 64 != 56) digest_add(d, "", 1);
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - 8 * i));
    digest_add(d, length, 8);
    for (int i = 0; i < 8; i++) snprintf(text + 8 * i, 9, "%08x", (unsigned)d->state[i]);
}

bool digest_file(const char *path, char text[DIGEST_TEXT]) {
    uint8_t part[16384];
    size_t n;
    digest d;
    FILE *in = fopen(path, "rb");
    if (!in) return false;
    digest_begin(&d);
    while ((n = fread(part, 1, sizeof part, in))) digest_add(&d, part, n);
    const bool done = !ferror(in);
    fclose(in);
    digest_end(&d, text);
    return done;
}
