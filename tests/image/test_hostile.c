/* test_hostile.c - damaged files and failing memory: every truncation and thousands of flipped bytes of each small golden file, with
 * the checksums of PNG mended so that damage gets past them, and the failure of every single allocation. Meant for sanitizers too. */
#include "../base/failing.h"
#include "base/memory.h"
#include "base/random.h"
#include "golden.h"
#include "image/crc32.h"

static const char *const files[] = {"grey16.png",   "rgba16.png", "palette.png",  "bits1.png",     "filtered.png",   "rgb24.bmp",
                                    "os2.bmp",      "header56.bmp", "grey.pgm",   "max15.pgm",     "deep.pgm",       "baseline.jpg",
                                    "progressive.jpg", "wide.jpg", "greyprogressive.jpg", "exif6.jpg"};
enum { FILES = sizeof files / sizeof *files, FLIPS = 3000 };

static uint8_t *read_golden(const char *name, size_t *size) {
    char path[256];
    snprintf(path, sizeof path, GOLDEN("images/%s"), name);
    return read_bytes(path, size);
}

/* An exact copy on the heap, so that reading beyond its end is found; whether it was decoded. */
static bool try(hn_context *ctx, const uint8_t *bytes, size_t size) {
    const hn_image_options o = {.struct_size = sizeof o, .max_pixels = 1 << 16, .channels = 3};
    hn_error err = {0};
    hn_image *image = NULL;
    uint8_t *copy = malloc(size ? size : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, size);
    const hn_status status = hn_image_decode(ctx, copy, size, &o, &image, &err);
    ck_assert_msg(status == HN_OK || status == HN_E_FORMAT || status == HN_E_LIMIT, "%s: %s", hn_status_name(status), err.message);
    ck_assert_int_eq(status == HN_OK, image != NULL);
    hn_image_free(image);
    free(copy);
    return status == HN_OK;
}

START_TEST(every_truncation) {
    hn_context *ctx = make_context();
    for (int f = 0; f < FILES; f++) {
        size_t size = 0;
        uint8_t *bytes = read_golden(files[f], &size);
        ck_assert_msg(try(ctx, bytes, size), "%s", files[f]);
        for (size_t n = 0; n < size; n++)
            ck_assert_msg(!try(ctx, bytes, n) || (strstr(files[f], ".bmp") && n + 3 >= size), "%s: %zu of %zu bytes were taken", files[f],
                          n, size);
        free(bytes);
    }
    ck_assert_uint_eq((unsigned)ctx->live_blocks, 1);
    hni_context_unref(ctx);
}
END_TEST

/* Puts right checksums on the chunks of a PNG, as far as they can be walked. */
static void mend(uint8_t *bytes, size_t size) {
    hni_crc32_tables tables;
    hni_crc32_init(&tables);
    for (size_t at = 8; size > at && size - at >= 12;) {
        const size_t length = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (length > size - at - 12)
            return;
        const uint32_t crc = hni_crc32(&tables, bytes + at + 4, length + 4);
        for (int i = 0; i < 4; i++)
            bytes[at + 8 + length + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + length;
    }
}

START_TEST(flipped_bytes) {
    hn_context *ctx = make_context();
    int taken = 0;
    for (int f = 0; f < FILES; f++) {
        size_t size = 0;
        uint8_t *bytes = read_golden(files[f], &size), *hurt = malloc(size);
        ck_assert_ptr_nonnull(hurt);
        for (uint32_t n = 0; n < FLIPS; n++) {
            hni_random r;
            hni_random_init(&r, test_seed(), HNI_RANDOM_TEST, (uint32_t)f, n);
            memcpy(hurt, bytes, size);
            for (uint32_t k = hni_random_below(&r, 3) + 1; k; k--)
                hurt[hni_random_below(&r, (uint32_t)size)] = (uint8_t)hni_random_u32(&r);
            if (strstr(files[f], ".png") && n % 8)
                mend(hurt, size);
            taken += try(ctx, hurt, size);
        }
        free(bytes);
        free(hurt);
    }
    ck_assert_int_gt(taken, 100); /* damage in pixels is not seen in every format: the decoders did run */
    ck_assert_uint_eq((unsigned)ctx->live_blocks, 1);
    ck_assert_uint_lt((size_t)ctx->peak_bytes, 4 << 20);
    hni_context_unref(ctx);
}
END_TEST

/* Load or convert, resize, encode: all that takes memory. */
static hn_status whole_way(hn_context *ctx, const uint8_t *bytes, size_t size) {
    const hn_image_options o = {.struct_size = sizeof o, .channels = 3};
    hn_image *image = NULL, *small = NULL;
    hn_error err = {0};
    uint8_t *out = NULL;
    size_t n = 0;
    hn_status status = hn_image_decode(ctx, bytes, size, &o, &image, &err);
    if (!status)
        status = hn_image_resize(image, 9, 31, &small, &err);
    if (!status)
        status = hni_image_encode(small, size % 2, 80, &out, &n, &err);
    hni_free(ctx, out);
    hn_image_free(small);
    hn_image_free(image);
    return status;
}

START_TEST(every_allocation_fails) {
    for (int f = 0; f < FILES; f++) {
        size_t size = 0;
        uint8_t *bytes = read_golden(files[f], &size);
        int n = 1;
        for (;; n++) {
            failing_allocator a = {.lock = ATOMIC_FLAG_INIT};
            hn_context *ctx = failing_context(&a);
            a.calls = 0;
            a.fail_at = n;
            const hn_status status = whole_way(ctx, bytes, size);
            const bool failed = a.calls >= n;
            hni_context_unref(ctx);
            ck_assert_int_eq(a.live, 0);
            ck_assert_int_eq(a.wrong_values, 0);
            ck_assert_msg(status == (failed ? HN_E_MEMORY : HN_OK), "%s: allocation %d: %s", files[f], n, hn_status_name(status));
            if (!failed)
                break;
        }
        ck_assert_int_gt(n, 5);
        free(bytes);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("hostile");
    TCase *tests = tcase_create("hostile");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_truncation);
    tcase_add_test(tests, flipped_bytes);
    tcase_add_test(tests, every_allocation_fails);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
