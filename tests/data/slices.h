/* slices.h - phantom slices as 8-bit grey levels, changed as people change pictures: turned, mirrored, made smaller. */
#ifndef HAEMNET_TESTS_DATA_SLICES_H
#define HAEMNET_TESTS_DATA_SLICES_H

#include "haemnet/phantom.h"
#include "help.h"
#include "image/image.h"

enum { SLICE = 128 /* px */ };

typedef struct slice {
    uint8_t px[SLICE * SLICE];
} slice;

/* Slice `index` of a population of patients with 4 slices each, through the brain window. */
static inline slice *draw_slice(const hn_phantom *phantom, int64_t index) {
    const hn_window brain = {40, 80};
    hn_image *hu = NULL, *grey = NULL;
    slice *out = (slice *)malloc(sizeof *out);
    ck_assert_ptr_nonnull(out);
    ck_ok(hn_phantom_render(phantom, index, NULL, &hu, NULL, &err));
    ck_ok(hni_image_window(hu, &brain, HN_PIXEL_U8, &grey, &err));
    memcpy(out->px, grey->data, sizeof out->px);
    hn_image_free(hu);
    hn_image_free(grey);
    return out;
}

static inline hn_phantom *draw_patients(int32_t patients, uint64_t seed) {
    const hn_phantom_options options = {.struct_size = sizeof options, .patients = patients, .size = SLICE, .slices_per_patient = 4, .seed = seed};
    hn_phantom *phantom = NULL;
    ck_ok(hn_phantom_create(ctx, &options, &phantom, &err));
    return phantom;
}

/* What HN_TURN_… says, bit by bit. */
static inline slice turned(const slice *s, int turn) {
    slice out;
    for (int y = 0; y < SLICE; y++)
        for (int x = 0; x < SLICE; x++) {
            int fy = turn & 2 ? SLICE - 1 - y : y, fx = turn & 1 ? SLICE - 1 - x : x;
            out.px[y * SLICE + x] = turn & 4 ? s->px[fx * SLICE + fy] : s->px[fy * SLICE + fx];
        }
    return out;
}

/* An image of grey levels. */
static inline hn_image *grey_image(const uint8_t *px, int32_t width, int32_t height) {
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = width, .height = height, .channels = 1, .data = px};
    hn_image *image = NULL;
    ck_ok(hn_image_wrap(ctx, &pixels, &image, &err));
    return image;
}

/* Files of it below scratch. */
static inline void save_png(const char *path, const slice *s) {
    hn_image *image = grey_image(s->px, SLICE, SLICE);
    make_folders(path);
    ck_ok(hn_image_save_png(image, path, &err));
    hn_image_free(image);
}

static inline void save_jpeg(const char *path, const slice *s, int32_t quality) {
    hn_image *image = grey_image(s->px, SLICE, SLICE);
    uint8_t *bytes = NULL;
    size_t size = 0;
    ck_ok(hni_image_encode(image, true, quality, &bytes, &size, &err));
    write_bytes(path, bytes, size);
    hni_free(ctx, bytes);
    hn_image_free(image);
}

#endif
