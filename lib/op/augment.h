/* augment.h - the random words behind augmentation's noise: the one rule behind every backend on the host, and behind the tests.
 *
 * HN_OP_PREPROCESS in haemnet/backend.h is the contract, docs/determinism.md says what becomes of the words. They are a function of the
 * sample's keys and of the place in the sample, never of the order of work. */
#ifndef HNI_OP_AUGMENT_H
#define HNI_OP_AUGMENT_H

#include "../base/random.h" /* defines: hni_philox */

enum { HNI_AUGMENT_NOISE_STREAM = 0x6e6f6973 }; /* "nois" */

/* Numbers 2·block and 2·block + 1 of one sample come of words 0 and 1. key: the sample's row of `keys`. */
static inline void hni_augment_words(const uint32_t key[4], uint32_t block, uint32_t words[4]) {
    const uint32_t counter[4] = {block, HNI_AUGMENT_NOISE_STREAM, key[2], key[3]};
    hni_philox(key, counter, words);
}

#endif
