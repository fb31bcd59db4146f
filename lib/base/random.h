/* random.h - counter-based random numbers (Philox4x32-10; Salmon et al., SC'11): the same for any order and any number of threads. */
#ifndef HNI_BASE_RANDOM_H
#define HNI_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* What the numbers are for. Values are part of reproducibility: never reused. */
enum {
    HNI_RANDOM_INIT = 1,    /* weights; epoch = tensor number */
    HNI_RANDOM_SHUFFLE = 2, /* order of samples; epoch = epoch */
    HNI_RANDOM_SPLIT = 3,   /* splits and folds */
    HNI_RANDOM_DROPOUT = 4, /* epoch, sample; see lib/op/dropout.h */
    HNI_RANDOM_PHANTOM = 5, /* epoch = patient, sample = part */
    HNI_RANDOM_TEST = 6,    /* test data of the case list */
    HNI_RANDOM_AUGMENT = 7, /* what augmentation does to a sample; epoch, sample */
    HNI_RANDOM_MIX = 8,     /* the share that a mixed sample keeps; epoch, sample */
    HNI_RANDOM_SAMPLE = 9,  /* which row is drawn; epoch, sample = its place in the epoch */
    HNI_RANDOM_BOOTSTRAP = 16 /* which groups, or series, a resample draws; epoch = resample */
};

void hni_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

/* A stream keyed by (seed, purpose, epoch, sample): a small value, no heap. */
typedef struct hni_random {
    uint32_t key[2], counter[4], buffer[4];
    uint32_t left;
} hni_random;

void hni_random_init(hni_random *r, uint64_t seed, uint32_t purpose, uint32_t epoch, uint32_t sample);
uint32_t hni_random_u32(hni_random *r);
uint32_t hni_random_below(hni_random *r, uint32_t n); /* 0 … n-1, unbiased; n ≥ 1 */
double hni_random_unit(hni_random *r);                /* [0, 1), 53 bits */
double hni_random_normal(hni_random *r);              /* mean 0, deviation 1; same bits everywhere */
void hni_random_normals(hni_random *r, double *out, size_t n); /* the next n of them, faster */
void hni_shuffle(hni_random *r, uint32_t *items, uint32_t n); /* Fisher–Yates */

#endif
