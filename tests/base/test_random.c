/* test_random.c - Philox against the known answers of Random123 (its file tests/kat_vectors), SHA-256 against FIPS 180-4's and
 * hashlib's, and the distributions drawn from it: bounds, fairness, independence of order. */
#include <math.h>

#include "../test.h"
#include "base/normals.h"
#include "base/numeric.h"
#include "base/random.h"
#include "base/sha256.h"

START_TEST(philox_known_answers) {
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t out[4];
        hni_philox(known[i].key, known[i].counter, out);
        ck_assert_mem_eq(out, known[i].want, sizeof out);
    }
}
END_TEST

START_TEST(streams_are_laid_out_as_promised) {
    const uint32_t key[2] = {0x89abcdef, 0x01234567};
    hni_random r;
    hni_random_init(&r, 0x0123456789abcdefu, HNI_RANDOM_SHUFFLE, 7, 42);
    for (uint32_t block = 0; block < 3; block++) {
        uint32_t want[4];
        hni_philox(key, (uint32_t[4]){block, 42, 7, HNI_RANDOM_SHUFFLE}, want);
        for (int i = 0; i < 4; i++)
            ck_assert_uint_eq(hni_random_u32(&r), want[i]);
    }
}
END_TEST

START_TEST(below_is_in_bounds_and_fair) {
    hni_random r;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 0, 0);
    uint32_t counts[10] = {0};
    for (int i = 0; i < 100000; i++)
        counts[hni_random_below(&r, 10)]++;
    double chi = 0;
    for (int i = 0; i < 10; i++)
        chi += (counts[i] - 1e4) * (counts[i] - 1e4) / 1e4;
    ck_assert_msg(chi < 40, "chi² is %g with 9 degrees of freedom", chi);
    ck_assert_uint_eq(hni_random_below(&r, 1), 0);
    ck_assert_uint_eq(hni_random_below(&r, 0), 0);
    uint32_t high = 0;
    for (int i = 0; i < 30000; i++) { /* a plain remainder would give the low half twice as often */
        const uint32_t x = hni_random_below(&r, 0xC0000000u);
        ck_assert_uint_lt(x, 0xC0000000u);
        high += x >= 0x60000000u;
    }
    ck_assert(high > 14400 && high < 15600);
}
END_TEST

/* Bit for bit: at the ends of what may come in, at and beside the quarters of the circle and the powers of two, and anywhere. */
START_TEST(vectors_transform_as_single_numbers_do) {
    static const double radii[] = {1.0, 0x1p-53, 0x1p-32, 0.5, 0x1.fffffffffffffp-1, 0x1.6a09e667f3bccp-1, 0x1.6a09e667f3bcdp-1, 0x1.6a09e667f3bcep-1};
    static const double angles[] = {0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 0x1.fffffffffffffp-1, 0x1p-53};
    hni_random r;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 1, 1);
    for (int round = 0; round < 2000; round++) {
        double u[HNI_NORMALS], v[HNI_NORMALS], c[HNI_NORMALS], s[HNI_NORMALS];
        for (int i = 0; i < HNI_NORMALS; i++) {
            u[i] = round % 4 ? 1.0 - hni_random_unit(&r) : radii[hni_random_below(&r, 8)];
            v[i] = round % 3 ? hni_random_unit(&r) : angles[hni_random_below(&r, 10)];
            if (round % 6 == 0) v[i] = fmax(0.0, nextafter(v[i], i % 2 ? 0.0 : 0.99));
        }
        for (int k = 0; hni_normal_kernels_at(k); k++) {
            hni_normal_kernels_at(k)->box_muller(u, v, c, s);
            for (int i = 0; i < HNI_NORMALS; i++) {
                const double radius = sqrt(-2.0 * hni_log(u[i])), angle = 6.283185307179586 * v[i];
                const double want[2] = {radius * hni_cos(angle), radius * hni_sin(angle)}, got[2] = {c[i], s[i]};
                ck_assert_msg(memcmp(got, want, sizeof got) == 0, "way %d: u %a, v %a: %a %a, not %a %a",
                              k, u[i], v[i], got[0], got[1], want[0], want[1]);
            }
        }
    }
    ck_assert_ptr_nonnull(hni_normal_kernels_at(0));
}
END_TEST

START_TEST(vectors_draw_as_single_blocks_do) {
    static const uint32_t starts[] = {0, 1, 0xfffffff0u, 0xffffffffu, 0x80000000u};
    for (int k = 0; hni_normal_kernels_at(k); k++)
        for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
            const uint32_t key[2] = {0x89abcdef * (uint32_t)s, 0xffffffffu - (uint32_t)s};
            uint32_t counter[4] = {starts[s], 0xffffffffu, 7, 0x6e6f6973}, many[4][HNI_NORMALS], one[4];
            hni_normal_kernels_at(k)->philox(key, counter, many);
            for (int i = 0; i < HNI_NORMALS; i++, counter[0]++) {
                hni_philox(key, counter, one);
                for (int w = 0; w < 4; w++) ck_assert_uint_eq(many[w][i], one[w]);
            }
        }
}
END_TEST

START_TEST(many_normals_are_as_many_single_ones) {
    static const size_t counts[] = {0, 1, 31, 32, 33, 64, 1000};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
        for (int before = 0; before < 4; before++) {
            double many[1000];
            hni_random one, other;
            hni_random_init(&one, test_seed(), HNI_RANDOM_TEST, (uint32_t)k, 5);
            for (int i = 0; i < before; i++) hni_random_u32(&one);
            other = one;
            hni_random_normals(&one, many, counts[k]);
            for (size_t i = 0; i < counts[k]; i++) {
                const double want = hni_random_normal(&other);
                ck_assert_msg(memcmp(&many[i], &want, sizeof want) == 0, "number %zu of %zu: %a, not %a", i, counts[k], many[i], want);
            }
            ck_assert_uint_eq(hni_random_u32(&one), hni_random_u32(&other));
        }
}
END_TEST

START_TEST(unit_and_normal_have_their_moments) {
    hni_random r;
    hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, 1, 0);
    double mean = 0, zsum = 0, zsquare = 0;
    const int n = 200000;
    for (int i = 0; i < n; i++) {
        const double u = hni_random_unit(&r), z = hni_random_normal(&r);
        ck_assert(u >= 0.0 && u < 1.0 && isfinite(z) && fabs(z) < 9);
        mean += u / n;
        zsum += z / n;
        zsquare += z * z / n;
    }
    ck_assert(fabs(mean - 0.5) < 0.004 && fabs(zsum) < 0.012 && fabs(zsquare - 1.0) < 0.02);
}
END_TEST

START_TEST(shuffle_permutes_and_repeats) {
    uint32_t a[100], b[100], seen[100] = {0};
    for (uint32_t i = 0; i < 100; i++)
        a[i] = b[i] = i;
    hni_random r;
    hni_random_init(&r, 5, HNI_RANDOM_SHUFFLE, 3, 0);
    hni_shuffle(&r, a, 100);
    hni_random_init(&r, 5, HNI_RANDOM_SHUFFLE, 3, 0);
    hni_shuffle(&r, b, 100);
    ck_assert_mem_eq(a, b, sizeof a);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(seen[a[i]]++, 0);
    hni_random_init(&r, 5, HNI_RANDOM_SHUFFLE, 4, 0);
    hni_shuffle(&r, b, 100);
    ck_assert_mem_ne(a, b, sizeof a);
    hni_shuffle(&r, a, 0);
    hni_shuffle(&r, a, 1);
}
END_TEST

static void expect_sha(const void *data, size_t size, size_t step, const char *want) {
    hni_sha256 h;
    uint64_t d[4];
    char text[65];
    hni_sha256_init(&h);
    for (size_t at = 0; at < size; at += step)
        hni_sha256_add(&h, (const char *)data + at, size - at < step ? size - at : step);
    hni_sha256_end(&h, d);
    for (int i = 0; i < 4; i++)
        snprintf(text + 16 * i, 17, "%016llx", (unsigned long long)d[i]);
    ck_assert_str_eq(text, want);
}

START_TEST(sha256_known_answers) {
    expect_sha("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect_sha("abc", 3, 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, 56,
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *million = malloc(1000000);
    memset(million, 'a', 1000000);
    static const size_t steps[] = {1, 7, 63, 64, 65, 1000, 1000000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        expect_sha(million, 1000000, steps[i], "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}
END_TEST

/* Every length across two block edges, digests chained: the answer is hashlib's for the same chain. */
START_TEST(sha256_every_length) {
    uint8_t data[200];
    char chain[65 + 200];
    char text[65] = "";
    for (int i = 0; i < 200; i++)
        data[i] = (uint8_t)i;
    for (size_t n = 0; n < 200; n++) {
        hni_sha256 h;
        uint64_t d[4];
        const size_t before = strlen(text);
        memcpy(chain, text, before);
        memcpy(chain + before, data, n);
        hni_sha256_init(&h);
        hni_sha256_add(&h, chain, before + n);
        hni_sha256_end(&h, d);
        for (int i = 0; i < 4; i++)
            snprintf(text + 16 * i, 17, "%016llx", (unsigned long long)d[i]);
    }
    ck_assert_str_eq(text, "cb880c01b907b727e0b40d3c8993e1c34603cf48d660a323d20b0a630945db2f");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("random");
    TCase *cases = tcase_create("random");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, philox_known_answers);
    tcase_add_test(cases, streams_are_laid_out_as_promised);
    tcase_add_test(cases, below_is_in_bounds_and_fair);
    tcase_add_test(cases, vectors_transform_as_single_numbers_do);
    tcase_add_test(cases, vectors_draw_as_single_blocks_do);
    tcase_add_test(cases, many_normals_are_as_many_single_ones);
    tcase_add_test(cases, unit_and_normal_have_their_moments);
    tcase_add_test(cases, shuffle_permutes_and_repeats);
    tcase_add_test(cases, sha256_known_answers);
    tcase_add_test(cases, sha256_every_length);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
