/* hash64.c - XXH64 as its specification (Collet, xxHash fast digest algorithm, 0.1.1) defines it: four lanes of 64-bit multiplications over 32 bytes
 * at a time, then what is left, then a final mix. A decoded slice is hashed in a fraction of the time of decoding it, which SHA-256 would not be. */
#include "hash64.h"

#include <string.h>

static const uint64_t prime[5] = {UINT64_C(0x9E3779B185EBCA87), UINT64_C(0xC2B2AE3D27D4EB4F), UINT64_C(0x165667B19E3779F9),
                                  UINT64_C(0x85EBCA77C2B2AE63), UINT64_C(0x27D4EB2F165667C5)};

static uint64_t turn_left(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }

/* Little-endian, whatever the machine is. */
static uint64_t read_bytes(const uint8_t *at, int n) {
    uint64_t value = 0;
    for (int i = 0; i < n; i++) value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static uint64_t add_lane(uint64_t lane, uint64_t value) { return turn_left(lane + value * prime[1], 31) * prime[0]; }

static uint64_t merge_lane(uint64_t hash, uint64_t lane) { return (hash ^ add_lane(0, lane)) * prime[0] + prime[3]; }

static uint64_t add_tail(uint64_t hash, const uint8_t *at, const uint8_t *end) {
    for (; end - at >= 8; at += 8) hash = turn_left(hash ^ add_lane(0, read_bytes(at, 8)), 27) * prime[0] + prime[3];
    if (end - at >= 4) {
        hash = turn_left(hash ^ read_bytes(at, 4) * prime[0], 23) * prime[1] + prime[2];
        at += 4;
    }
    for (; at < end; at++) hash = turn_left(hash ^ *at * prime[4], 11) * prime[0];
    return hash;
}

uint64_t hni_hash64(const void *data, size_t size, uint64_t seed) {
    static const uint8_t nothing = 0;
    const uint8_t *at = size ? data : &nothing, *end = at + size;
    uint64_t hash = seed + prime[4];
    if (size >= 32) {
        uint64_t lane[4] = {seed + prime[0] + prime[1], seed + prime[1], seed, seed - prime[0]};
        for (; end - at >= 32; at += 32)
            for (int i = 0; i < 4; i++) lane[i] = add_lane(lane[i], read_bytes(at + 8 * i, 8));
        hash = turn_left(lane[0], 1) + turn_left(lane[1], 7) + turn_left(lane[2], 12) + turn_left(lane[3], 18);
        for (int i = 0; i < 4; i++) hash = merge_lane(hash, lane[i]);
    }
    hash = add_tail(hash + size, at, end);
    hash = (hash ^ hash >> 33) * prime[1];
    hash = (hash ^ hash >> 29) * prime[2];
    return hash ^ hash >> 32;
}
