/* encode.c - 8-bit images to PNG and JPEG bytes; the only file that sees stb_image_write.
 *
 * stb_image_write: PNG in integers, JPEG in plain float arithmetic without libm, so with floating-point contraction off the bytes are
 * the same on every machine. Its few file-scope variables are static here and never written. Writing to disk is base/files.c's. */
#include <limits.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "image.h"
#include "stb_heap.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_MALLOC(size) hni_stb_malloc(size)
#define STBIW_REALLOC(ptr, size) hni_stb_realloc((ptr), (size))
#define STBIW_FREE(ptr) hni_stb_free(ptr)
#define STBIW_ASSERT(x) ((x) ? (void)0 : hni_stb_broken(#x))
#pragma GCC diagnostic ignored "-Wunused-function" /* no push: gcc tells of them at the end of the file */
#pragma GCC diagnostic push                        /* foreign code, as Debian ships it */
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wextra"
/* Its JPEG writer shifts bits out of an int, which is meant to wrap: both compilers are told that it does. */
#if defined(__clang__)
#pragma clang attribute push(__attribute__((no_sanitize("shift"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC optimize("wrapv")
#endif
#include <stb/stb_image_write.h>
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#pragma GCC diagnostic pop

/* What the encoder writes to. `bytes` is plain memory of the context's, not of the encoder's heap: it outlives it. */
typedef struct {
    hn_context *ctx;
    uint8_t *bytes;
    size_t size, capacity;
    bool failed;
} sink;

static void take(void *user, void *data, int size) {
    sink *s = user;
    if (s->failed || size < 0)
        return;
    if (hni_grow(s->ctx, &s->bytes, &s->capacity, s->size + (size_t)size, 1)) {
        s->failed = true;
        return;
    }
    memcpy(s->bytes + s->size, data, (size_t)size);
    s->size += (size_t)size;
}

/* Whether stb_image_write did its work. Apart, because locals do not survive a longjmp. */
static bool run(hni_stb_heap *heap, const hn_image *image, bool jpeg, int32_t quality, sink *s) {
    if (setjmp(heap->out))
        return false;
    if (jpeg)
        return stbi_write_jpg_to_func(take, s, image->width, image->height, image->channels, image->data, quality) != 0;
    return stbi_write_png_to_func(take, s, image->width, image->height, image->channels, image->data, 0) != 0;
}

hn_status hni_image_encode(const hn_image *image, bool jpeg, int32_t quality, uint8_t **bytes, size_t *size, hn_error *err) {
    const char *name = jpeg ? "JPEG" : "PNG";
    sink s = {image->ctx, NULL, 0, 0, false};
    hni_stb_heap heap;
    *bytes = NULL;
    *size = 0;
    if (image->type != HN_PIXEL_U8)
        return hni_fail(err, HN_E_ARGUMENT, "%s holds 8-bit samples here: hn_image_window or hn_image_convert makes them", name);
    if (jpeg && (quality < 1 || quality > 100))
        return hni_fail(err, HN_E_ARGUMENT, "JPEG quality %d: 1 to 100 are allowed", (int)quality);
    if (image->size > INT_MAX / 4) /* stb counts in int and doubles its buffers */
        return hni_fail(err, HN_E_LIMIT, "%d x %d px are too many for the %s encoder; its limit is %d MiB of pixels", (int)image->width,
                        (int)image->height, name, INT_MAX / 4 >> 20);
    hni_stb_begin(&heap, image->ctx, SIZE_MAX / 4); /* bounded by the size of the image, above */
    const bool done = run(&heap, image, jpeg, quality, &s);
    hni_stb_end(&heap);
    if (done && !s.failed) {
        *bytes = s.bytes;
        *size = s.size;
        return HN_OK;
    }
    hni_free(image->ctx, s.bytes);
    if (s.failed || heap.refused)
        return hni_fail_memory(err, s.failed ? s.size : heap.refused, "encoding an image");
    return hni_fail(err, HN_E_INTERNAL, "the %s encoder gave up: %s", name, heap.broken ? heap.broken : "no reason given");
}
