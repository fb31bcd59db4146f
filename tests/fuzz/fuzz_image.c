/* fuzz_image.c - any bytes as an image file: decoded as they are and as RGB, resized, cropped to the head, stripped of the skull, filtered. */
#include "fuzz.h"

enum { IMAGE_PIXELS = 1 << 18, IMAGE_PIXEL_BYTES = 64 }; /* the caller's limit; what decoding one pixel may take, its file's bytes aside */

static void image_use(hn_image *image) {
    hn_image_info info = {.struct_size = sizeof info};
    hn_image *grey = NULL, *small = NULL, *head = NULL, *median = NULL, *smooth = NULL, *brain = NULL;
    hn_box box = {.struct_size = sizeof box};
    size_t need = 0;
    PROMISE(!hn_image_get_info(image, &info, &err), "%s", err.message);
    PROMISE(info.width > 0 && info.height > 0 && (info.channels == 1 || info.channels == 3), "%d x %d x %d", info.width, info.height, info.channels);
    PROMISE((int64_t)info.width * info.height <= IMAGE_PIXELS, "%d x %d px", info.width, info.height);
    PROMISE(!hn_image_copy_pixels(image, NULL, 0, &need, &err), "%s", err.message);
    uint8_t *pixels = malloc(need);
    PROMISE(pixels && !hn_image_copy_pixels(image, pixels, need, NULL, &err), "%s", err.message);
    volatile uint8_t sum = 0; /* reads every byte: what was never written shows */
    for (size_t i = 0; i < need; i++) sum = (uint8_t)(sum + pixels[i]);
    free(pixels);
    if (fuzz_done(hn_image_convert(image, 1, &grey, &err), &grey) && fuzz_done(hn_image_resize(grey, 7, 5, &small, &err), &small)) {
        PROMISE(!hn_image_get_info(small, &info, &err), "%s", err.message);
        PROMISE(info.width == 7 && info.height == 5, "%d x %d px", info.width, info.height);
    }
    const hn_status found = hn_image_head_box(image, 0.05, 1, &box, &err);
    PROMISE(found == HN_OK || found == HN_E_NOT_FOUND || found == HN_E_MEMORY, "%s", err.message);
    if (!found && grey && fuzz_done(hn_image_crop(grey, &box, &head, &err), &head) &&
        fuzz_done(hn_image_filter_median(head, 5, &median, &err), &median) &&
        fuzz_done(hn_image_filter_gaussian(median, 1, &smooth, &err), &smooth)) {
        PROMISE(!hn_image_get_info(smooth, &info, &err), "%s", err.message);
        PROMISE(info.width == info.height && info.width == box.width, "%d x %d px", info.width, info.height);
    }
    const hn_status skull = hn_image_strip_skull(image, &brain, &err);
    PROMISE((skull == HN_OK) == (brain != NULL) && (!skull || skull == HN_E_NOT_FOUND || skull == HN_E_MEMORY), "%s", err.message);
    hn_image_free(brain);
    hn_image_free(grey), hn_image_free(small), hn_image_free(head), hn_image_free(median), hn_image_free(smooth);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_begin();
    hn_context *ctx = fuzz_context();
    hn_image_options o = {.struct_size = sizeof o, .max_pixels = IMAGE_PIXELS};
    for (int32_t channels = 0; channels <= 3; channels += 3) {
        hn_image *image = NULL;
        o.channels = channels;
        if (!fuzz_done(hn_image_decode(ctx, data ? data : (const uint8_t *)"", size, &o, &image, &err), &image)) break;
        image_use(image);
        hn_image_free(image);
    }
    hn_context_free(ctx);
    fuzz_end((size_t)IMAGE_PIXELS * IMAGE_PIXEL_BYTES + 2 * size);
    return 0;
}
