/* test_hash64.c - XXH64 against the reference implementation (python-xxhash 4.1.0, xxh64(data[:size], seed)), and base64 against RFC 4648's own vectors. */
#include <string.h>

#include "base/base64.h"
#include "base/context.h"
#include "base/hash64.h"
#include "../test.h"

START_TEST(agrees_with_xxhash) {
    static const struct {
        size_t size;
        uint64_t seed, want;
    } cases[] = {{0, 0, UINT64_C(0xef46db3751d8e999)},    {0, 12345, UINT64_C(0x95584af7701f808d)}, {1, 0, UINT64_C(0x1f25c8d0bc1f4bb6)},
                 {3, 7, UINT64_C(0xdba1037a63e422f4)},    {4, 0, UINT64_C(0x9bb64b7d66ee9fda)},     {8, 0, UINT64_C(0xdab99d95c6f90092)},
                 {13, 1, UINT64_C(0x3c66433580bf5eab)},   {31, 0, UINT64_C(0xa2aa5f33cc4a6119)},    {32, 0, UINT64_C(0x23c3c17ef790fd97)},
                 {33, UINT64_C(9223372036854775813), UINT64_C(0x59494092bcc92ba3)},                 {64, 0, UINT64_C(0x0eb64b3ef6eeb01f)},
                 {100, 99, UINT64_C(0xa957b0344a2b2ebb)}, {1000, 0, UINT64_C(0x5f235fa033f1a3fb)}};
    uint8_t data[1001];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 7 + 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) ck_assert_uint_eq(hni_hash64(data, cases[i].size, cases[i].seed), cases[i].want);
    ck_assert_uint_eq(hni_hash64(NULL, 0, 0), cases[0].want);
    uint8_t moved[1001]; /* the same at any address */
    memcpy(moved + 1, data, 1000);
    ck_assert_uint_eq(hni_hash64(moved + 1, 1000, 0), UINT64_C(0x5f235fa033f1a3fb));
}
END_TEST

START_TEST(base64_there_and_back) {
    static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    hn_context *ctx = NULL;
    hn_error err = {0};
    ck_ok(hni_context_create(NULL, &ctx, &err));
    for (size_t n = 0; n <= 6; n++) {
        uint8_t back[8] = {0};
        hni_text t;
        hni_text_init(&t, ctx);
        hni_text_base64(&t, (const uint8_t *)"foobar", n);
        ck_assert_str_eq(t.data ? t.data : "", texts[n]);
        ck_assert_uint_eq(strlen(texts[n]), hni_base64_size(n));
        ck_assert(hni_base64_read(texts[n], back, n));
        ck_assert_int_eq(memcmp(back, "foobar", n), 0);
        hni_text_free(&t);
    }
    hni_context_unref(ctx);
}
END_TEST

START_TEST(base64_refuses) {
    static const struct {
        const char *text;
        size_t n;
    } bad[] = {{"Zm9v", 2}, {"Zm9v", 4}, {"Zm8=", 3}, {"Zm9=", 2} /* bits that no byte takes */, {"Zh==", 1}, {"Z===", 1}, {"Zm9-", 3}, {"Zm\n=", 2},
               {"=m9v", 3}, {"Zg=A", 1}, {"", 1}};
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!hni_base64_read(bad[i].text, bytes, bad[i].n), "%s was read", bad[i].text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("hash64");
    TCase *tests = tcase_create("hash64");
    tcase_add_test(tests, agrees_with_xxhash);
    tcase_add_test(tests, base64_there_and_back);
    tcase_add_test(tests, base64_refuses);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
