/* golden.h - inputs made by a formula that tests/golden/gen_resize.py has too, and digests. */
#ifndef HAEMNET_TESTS_IMAGE_GOLDEN_H
#define HAEMNET_TESTS_IMAGE_GOLDEN_H

#include <inttypes.h>

#include "base/context.h"
#include "base/sha256.h"
#include "image/image.h"
#include "../host.h"
#include "../test.h"

static inline uint8_t formula(uint32_t x, uint32_t y, uint32_t c) {
    const uint32_t noise = (x * 73856093u ^ y * 19349663u ^ c * 83492791u) * 2654435761u;
    const uint32_t value = (x * 3 + y * 5 + c * 40 + (noise >> 25)) % 256;
    return (uint8_t)((x / 7 + y / 5) % 3 == 0 ? (noise >> 31) * 255 : value);
}

/* [height, width, channels]; free() it. */
static inline uint8_t *make_pixels(int channels, int width, int height) {
    uint8_t *p = malloc((size_t)channels * (size_t)width * (size_t)height), *at = p;
    ck_assert_ptr_nonnull(p);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++)
                *at++ = formula((uint32_t)x, (uint32_t)y, (uint32_t)c);
    return p;
}

static inline const char *digest_of(const void *data, size_t size) {
    static char text[65];
    uint64_t d[4];
    hni_sha256 h;
    hni_sha256_init(&h);
    hni_sha256_add(&h, data, size);
    hni_sha256_end(&h, d);
    snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, d[0], d[1], d[2], d[3]);
    return text;
}

static inline hn_context *make_context(void) {
    hn_context_options options = {.struct_size = sizeof options, .threads = 1};
    hn_context *ctx = NULL;
    hn_error err = {0};
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
    return ctx;
}

/* All of a file; free() it. */
static inline uint8_t *read_bytes(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    fseek(f, 0, SEEK_END);
    *size = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(*size + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, *size, f), *size);
    fclose(f);
    return bytes;
}

#endif
