/* random.c - Philox4x32-10 and the few distributions that the library draws.
 *
 * Counter-based: a number depends on (seed, purpose, epoch, sample, place) and on nothing that happened before, so order and threads
 * change nothing. Not for secrets. The layout of key and counter is part of reproducibility and never changes: key = seed,
 * counter = [block, sample, epoch, purpose]. One stream holds 2^34 numbers before it repeats. */
#include <math.h>

#include "normals.h" /* defines: hni_normal_kernels_at */
#include "numeric.h" /* defines: hni_log, hni_cos */
#include "random.h"

void hni_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]) {
    uint32_t k0 = key[0], k1 = key[1];
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        const uint64_t a = UINT64_C(0xD2511F53) * c0, b = UINT64_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += UINT32_C(0x9E3779B9);
        k1 += UINT32_C(0xBB67AE85);
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void hni_random_init(hni_random *r, uint64_t seed, uint32_t purpose, uint32_t epoch, uint32_t sample) {
    *r = (hni_random){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)}, .counter = {0, sample, epoch, purpose}};
}

uint32_t hni_random_u32(hni_random *r) {
    if (r->left == 0) {
        hni_philox(r->key, r->counter, r->buffer);
        r->counter[0]++;
        r->left = 4;
    }
    return r->buffer[4 - r->left--];
}

/* Lemire's multiply-and-reject: the product's high word is the draw, and the few low words that would favour some draws are thrown
 * away. */
uint32_t hni_random_below(hni_random *r, uint32_t n) {
    if (n == 0)
        return 0;
    const uint32_t floor = (0u - n) % n;
    for (;;) {
        const uint64_t product = (uint64_t)hni_random_u32(r) * n;
        if ((uint32_t)product >= floor)
            return (uint32_t)(product >> 32);
    }
}

static double unit_of(uint32_t first, uint32_t second) {
    return ((first >> 5) * 67108864.0 + (second >> 6)) * 0x1p-53;
}

double hni_random_unit(hni_random *r) {
    const uint32_t first = hni_random_u32(r);
    return unit_of(first, hni_random_u32(r));
}

/* Box–Muller, the cosine half only: no state between calls, so a draw costs two units always. */
double hni_random_normal(hni_random *r) {
    const double radius = sqrt(-2.0 * hni_log(1.0 - hni_random_unit(r)));
    return radius * hni_cos(6.283185307179586 * hni_random_unit(r));
}

/* A number takes one block; HNI_NORMALS of them at once, if the last block is used up. */
static void many_normals(hni_random *r, const hni_normal_kernels *kernels, double out[HNI_NORMALS]) {
    uint32_t words[4][HNI_NORMALS];
    double u[HNI_NORMALS], v[HNI_NORMALS], sine[HNI_NORMALS];
    kernels->philox(r->key, r->counter, words);
    r->counter[0] += HNI_NORMALS;
    for (int i = 0; i < HNI_NORMALS; i++) {
        u[i] = 1.0 - unit_of(words[0][i], words[1][i]);
        v[i] = unit_of(words[2][i], words[3][i]);
    }
    kernels->box_muller(u, v, out, sine);
}

void hni_random_normals(hni_random *r, double *out, size_t n) {
    const hni_normal_kernels *kernels = hni_normal_kernels_at(0);
    for (; n >= HNI_NORMALS && r->left == 0; n -= HNI_NORMALS, out += HNI_NORMALS)
        many_normals(r, kernels, out);
    for (size_t i = 0; i < n; i++)
        out[i] = hni_random_normal(r);
}

void hni_shuffle(hni_random *r, uint32_t *items, uint32_t n) {
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t j = hni_random_below(r, i), kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}
