/* dropout.h - which numbers dropout keeps: the one rule behind every backend on the host, and behind the tests.
 *
 * HN_OP_DROPOUT in haemnet/backend.h is the contract. The mask is a function of the sample's keys and of the place in the sample, never
 * of the order of work, so that any thread and any device gives the same one, and the gradient needs no stored mask. */
#ifndef HNI_OP_DROPOUT_H
#define HNI_OP_DROPOUT_H

#include <math.h>
#include <stdint.h>

#include "../base/random.h" /* defines: hni_philox */

/* A random word below this is dropped: floor(rate · 2^32). 0 ≤ rate < 1. */
static inline uint32_t hni_dropout_threshold(double rate) {
    return (uint32_t)floor(rate * 4294967296.0);
}

/* What kept numbers are multiplied with. */
static inline float hni_dropout_scale(double rate) {
    return (float)(1.0 / (1.0 - rate));
}

/* The words of numbers 4·block … 4·block + 3 of one sample. key: the sample's row of `keys` = seed low, seed high, epoch, sample. */
static inline void hni_dropout_words(const uint32_t key[4], uint32_t stream, uint32_t block, uint32_t words[4]) {
    const uint32_t counter[4] = {block, stream, key[2], key[3]};
    hni_philox(key, counter, words);
}

#endif
