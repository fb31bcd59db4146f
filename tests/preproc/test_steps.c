/* test_steps.c - every step of the pipeline = the function of lib/image that can be had alone, one after the other in the order that preproc.h
 * says; neighbouring slices; what happens without a head; keys; refusals; a kept scratch. */
#include <math.h>

#include "base/context.h"
#include "base/memory.h"
#include "base/scratch.h"
#include "image/filter.h"
#include "image/head.h"
#include "preproc/preproc.h"
#include "../host.h"
#include "../test.h"

static hn_context *ctx;
static hn_error err;
static uint64_t own_blocks;

static void set_up(void) {
    hn_context_options options = {.struct_size = sizeof options};
    test_host_apply(&options);
    ck_ok(hni_context_create(&options, &ctx, &err));
    own_blocks = atomic_load(&ctx->live_blocks);
}

static void tear_down(void) {
    ck_assert(atomic_load(&ctx->live_blocks) == own_blocks);
    hni_context_unref(ctx);
}

/* A head of `level` in air, with a table; HU or grey levels of 1 or 3 channels. */
static hn_image *draw(bool hu, int channels, int w, int h, int cx, int level) {
    int16_t *ct = calloc((size_t)(w * h), sizeof *ct);
    uint8_t *grey = calloc((size_t)(w * h * channels), 1);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int dx = (x - cx) * 3, dy = (y - h / 2) * 2, r = dx * dx + dy * dy, edge = h * h / 2;
            const bool head = r < edge, bone = head && r > edge * 4 / 5;
            const int noise = (x * 7 + y * 13) % 11;
            ct[y * w + x] = (int16_t)(bone ? 900 : head ? level + noise * 3 : y == h - 3 ? 700 : -1000);
            for (int c = 0; c < channels; c++)
                grey[(y * w + x) * channels + c] = (uint8_t)(bone ? 250 : head ? level + noise * 5 + c * 9 : y == h - 3 ? 200 : 0);
        }
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = hu ? HN_PIXEL_I16 : HN_PIXEL_U8, .width = w, .height = h,
                              .channels = hu ? 1 : channels, .data = hu ? (const void *)ct : grey};
    hn_image *image = NULL;
    ck_ok(hni_image_wrap(ctx, &pixels, &image, &err));
    free(ct), free(grey);
    return image;
}

/* Replaces an image by what a step makes of it. */
#define STEP(image, call)              \
    do {                               \
        hn_image *next_ = NULL;        \
        ck_ok(call(&next_));           \
        hni_image_unref(image);        \
        (image) = next_;               \
    } while (0)
#define TO_GREY(out) hni_image_convert(u8, 1, out, &err)
#define CROP(out) hni_image_crop(u8, box, out, &err)
#define MEDIAN(out) hni_image_median(u8, p->median, out, &err)
#define GAUSSIAN(out) hni_image_gaussian(u8, p->gaussian, out, &err)

/* What the steps that follow look at; to be unreferenced. */
static hn_image *stripped(const hni_preproc *p, const hn_image *image) {
    hn_image *seen = NULL;
    if (!p->strip_skull) return hni_image_ref((hn_image *)(uintptr_t)image);
    ck_ok(hni_image_strip_skull(image, &seen, &err));
    return seen;
}

static void find_box(const hni_preproc *p, const hn_image *image, hn_box *box) {
    hni_scratch scratch = {.ctx = ctx};
    hn_image *seen = stripped(p, image);
    ck_ok(hni_head_box(&scratch, seen, p->crop_margin, true, box, &err));
    hni_scratch_free(&scratch);
    hni_image_unref(seen);
}

/* One slice's plane c = the steps one by one. window NULL: grey levels, of which channel k is looked at. */
static void check_plane(const hni_preproc *p, const hn_image *image, const hn_box *box, const hn_window *window, bool rgb, int k,
                        const uint8_t *plane) {
    hn_image *u8, *seen = stripped(p, image);
    if (window) ck_ok(hni_image_window(seen, window, HN_PIXEL_U8, &u8, &err));
    else ck_ok(hni_image_convert(seen, rgb ? 3 : 1, &u8, &err));
    hni_image_unref(seen);
    if (!rgb) STEP(u8, TO_GREY);
    if (p->crop_head) STEP(u8, CROP);
    if (p->median) STEP(u8, MEDIAN);
    if (p->gaussian > 0) STEP(u8, GAUSSIAN);
    const size_t pixels = (size_t)p->width * (size_t)p->height, n = (size_t)u8->channels;
    uint8_t *want = malloc(pixels * n);
    ck_ok(hni_resize_u8(ctx, u8->data, u8->width, u8->height, u8->channels, want, p->width, p->height, &err));
    for (size_t i = 0; i < pixels; i++) ck_assert_uint_eq(plane[i], want[i * n + (size_t)k]);
    free(want);
    hni_image_unref(u8);
}

static uint8_t *run(const hni_preproc *p, const hn_image *const *images, uint32_t *notes) {
    uint8_t *tensor = malloc(hni_preproc_bytes(p));
    hni_scratch scratch = {.ctx = ctx};
    ck_ok(hni_preproc_slices_in(&scratch, p, images, tensor, notes, &err));
    hni_scratch_free(&scratch);
    return tensor;
}

START_TEST(one_after_the_other) {
    static const hn_window windows[3] = {{40, 80}, {80, 200}, {600, 2800}};
    hn_image *ct = draw(true, 1, 61, 48, 25, 35), *rgb = draw(false, 3, 61, 48, 25, 90), *grey = draw(false, 1, 48, 61, 20, 90);
    for (int on = 0; on < 16; on++) {
        hni_preproc p = {.width = 24, .height = 20, .channels = 3, .crop_head = on & 1, .crop_margin = 0.1, .median = on & 2 ? 5 : 0,
                         .gaussian = on & 4 ? 0.8 : 0, .strip_skull = on >> 3};
        const size_t plane = 24 * 20;
        hn_box box = {0};
        uint32_t notes = 99;
        uint8_t *tensor = run(&p, (const hn_image *const[]){rgb}, &notes);
        ck_assert_uint_eq(notes, 0);
        find_box(&p, rgb, &box);
        for (int c = 0; c < 3; c++) check_plane(&p, rgb, &box, NULL, true, c, tensor + (size_t)c * plane);
        free(tensor);
        tensor = run(&p, (const hn_image *const[]){grey}, NULL);
        find_box(&p, grey, &box);
        for (int c = 0; c < 3; c++) check_plane(&p, grey, &box, NULL, false, 0, tensor + (size_t)c * plane);
        free(tensor);
        p.n_windows = 3;
        memcpy(p.windows, windows, sizeof windows);
        tensor = run(&p, (const hn_image *const[]){ct}, NULL);
        find_box(&p, ct, &box);
        ck_assert(box.width == box.height && box.x < 25 && box.x + box.width < 61);
        for (int c = 0; c < 3; c++) check_plane(&p, ct, &box, &windows[c], false, 0, tensor + (size_t)c * plane);
        free(tensor);
    }
    hni_image_unref(ct), hni_image_unref(rgb), hni_image_unref(grey);
}
END_TEST

/* Slice by slice, window by window; all by the box of the one in the middle, but for a neighbour of another size. */
START_TEST(slices) {
    static const hn_window windows[2] = {{40, 80}, {80, 200}};
    hn_image *ct[5] = {draw(true, 1, 60, 48, 20, 20), draw(true, 1, 60, 48, 25, 30), draw(true, 1, 60, 48, 30, 40), draw(true, 1, 50, 40, 20, 50),
                       draw(true, 1, 60, 48, 35, 60)};
    hni_preproc p = {.width = 16, .height = 16, .channels = 10, .slices = 5, .n_windows = 2, .crop_head = 1, .median = 3};
    hn_box middle = {0}, own = {0};
    memcpy(p.windows, windows, sizeof windows);
    for (p.strip_skull = 0; p.strip_skull < 2; p.strip_skull++) {
        uint8_t *each = run(&p, (const hn_image *const *)ct, NULL);
        find_box(&p, ct[2], &middle);
        find_box(&p, ct[3], &own);
        for (int s = 0; s < 5; s++)
            for (int c = 0; c < 2; c++)
                check_plane(&p, ct[s], s == 3 ? &own : &middle, &windows[c], false, 0, each + (2 * s + c) * 256);
        free(each);
    }
    /* an image alone is its own neighbours */
    hni_preproc grey = {.width = 16, .height = 16, .channels = 3, .slices = 3};
    hn_image *png = draw(false, 1, 60, 48, 25, 80), *next = draw(false, 3, 60, 48, 30, 80);
    uint8_t *tensor = malloc(hni_preproc_bytes(&grey));
    ck_ok(hni_preproc_run(ctx, &grey, png, tensor, &err));
    for (int s = 0; s < 3; s++) check_plane(&grey, png, NULL, NULL, false, 0, tensor + s * 256);
    free(tensor);
    tensor = run(&grey, (const hn_image *const[]){png, png, next}, NULL);
    for (int s = 0; s < 3; s++) check_plane(&grey, s == 2 ? next : png, NULL, NULL, false, 0, tensor + s * 256);
    free(tensor);
    for (int s = 0; s < 5; s++) hni_image_unref(ct[s]);
    hni_image_unref(png), hni_image_unref(next);
}
END_TEST

START_TEST(no_head) {
    const uint8_t black[30 * 20] = {0};
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = 30, .height = 20, .channels = 1, .data = black};
    hni_preproc p = {.width = 8, .height = 8, .channels = 1, .crop_head = 1};
    hn_image *image = NULL;
    hn_box region = {0};
    uint32_t notes = 0;
    hni_scratch scratch = {.ctx = ctx};
    ck_ok(hni_image_wrap(ctx, &pixels, &image, &err));
    uint8_t *tensor = run(&p, (const hn_image *const[]){image}, &notes);
    ck_assert_uint_eq(notes, HNI_PREPROC_NO_HEAD);
    free(tensor);
    notes = 0;
    ck_ok(hni_preproc_region(&scratch, &p, image, &region, &notes, &err));
    ck_assert(region.x == 0 && region.y == 0 && region.width == 30 && region.height == 20 && notes == HNI_PREPROC_NO_HEAD);
    p.crop_head = 0;
    notes = 0;
    ck_ok(hni_preproc_region(&scratch, &p, image, &region, &notes, &err));
    ck_assert(region.width == 30 && region.height == 20 && notes == 0);
    hni_scratch_free(&scratch);
    hni_image_unref(image);
}
END_TEST

/* A slice without a closed skull is seen as it is, its neighbour is stripped all the same, and the note is of the one in the middle. */
START_TEST(no_skull) {
    hn_image *closed = draw(true, 1, 60, 48, 25, 40), *open = draw(true, 1, 60, 48, 25, 40);
    for (int y = 18; y < 30; y++)
        for (int x = 0; x < 25; x++) ((int16_t *)open->data)[y * 60 + x] = 40;
    hni_preproc p = {.width = 12, .height = 12, .channels = 3, .slices = 3, .strip_skull = 1}, as_it_is = p;
    const hn_window brain = {40, 80};
    uint32_t notes = 9;
    as_it_is.strip_skull = 0;
    uint8_t *tensor = run(&p, (const hn_image *const[]){closed, open, closed}, &notes);
    ck_assert_uint_eq(notes, HNI_PREPROC_NO_SKULL);
    for (int s = 0; s < 3; s++) check_plane(s == 1 ? &as_it_is : &p, s == 1 ? open : closed, NULL, &brain, false, 0, tensor + s * 144);
    free(tensor);
    tensor = run(&p, (const hn_image *const[]){open, closed, open}, &notes);
    ck_assert_uint_eq(notes, 0);
    free(tensor);
    hni_image_unref(closed), hni_image_unref(open);
}
END_TEST

/* The region is the brain's square, not the head's. */
START_TEST(region_of_a_stripped_head) {
    const hni_preproc whole = {.width = 12, .height = 12, .channels = 1, .crop_head = 1};
    hni_preproc p = whole;
    p.strip_skull = 1;
    hn_image *image = draw(true, 1, 60, 48, 25, 40);
    hn_box brain = {0}, head = {0};
    hni_scratch scratch = {.ctx = ctx};
    uint32_t notes = 0;
    ck_ok(hni_preproc_region(&scratch, &p, image, &brain, &notes, &err));
    ck_ok(hni_preproc_region(&scratch, &whole, image, &head, &notes, &err));
    ck_assert(notes == 0 && scratch.used == 0);
    ck_assert_msg(brain.x > head.x && brain.y > head.y && brain.width < head.width - 1, "%d px of %d", brain.width, head.width);
    hni_scratch_free(&scratch);
    hni_image_unref(image);
}
END_TEST

START_TEST(keys_tell_steps_apart) {
    const hni_preproc base = {.width = 16, .height = 16, .channels = 3};
    hni_preproc other[8] = {base, base, base, base, base, base, base, base};
    uint64_t key[8];
    other[1].slices = 3;
    other[2].crop_head = 1;
    other[3].crop_head = 1, other[3].crop_margin = 0.1;
    other[4].median = 3;
    other[5].gaussian = 1;
    other[6].median = 5;
    other[7].strip_skull = 1;
    for (int i = 0; i < 8; i++) {
        key[i] = hni_preproc_key(&other[i]);
        for (int k = 0; k < i; k++) ck_assert_uint_ne(key[i], key[k]);
    }
    other[0].slices = 1, other[0].crop_margin = 0.5; /* one slice is what none says, and nothing is cropped */
    ck_assert_uint_eq(hni_preproc_key(&other[0]), key[0]);
}
END_TEST

START_TEST(refusals) {
    const hni_preproc bad[] = {
        {.width = 2, .height = 2, .channels = 3, .slices = -1},
        {.width = 2, .height = 2, .channels = 4, .slices = 2},
        {.width = 2, .height = 2, .channels = 4, .slices = 3},
        {.width = 2, .height = 2, .channels = 16, .slices = 17},
        {.width = 2, .height = 2, .channels = 6, .slices = 3, .n_windows = 3, .windows = {{40, 80}, {40, 80}, {40, 80}}},
        {.width = 2, .height = 2, .channels = 1, .strip_skull = 2},
        {.width = 2, .height = 2, .channels = 1, .crop_head = 2},
        {.width = 2, .height = 2, .channels = 1, .crop_margin = -0.1},
        {.width = 2, .height = 2, .channels = 1, .crop_margin = NAN},
        {.width = 2, .height = 2, .channels = 1, .median = 2},
        {.width = 2, .height = 2, .channels = 1, .median = 33},
        {.width = 2, .height = 2, .channels = 1, .median = -3},
        {.width = 2, .height = 2, .channels = 1, .gaussian = 0.01},
        {.width = 2, .height = 2, .channels = 1, .gaussian = NAN},
        {.width = 2, .height = 2, .channels = 1, .gaussian = 65},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) ck_assert_int_eq(hni_preproc_check(&bad[i], &err), HN_E_ARGUMENT);
    hn_image *png = draw(false, 1, 20, 20, 10, 80);
    hni_preproc p = {.width = 2, .height = 2, .channels = 6, .slices = 3};
    uint8_t tensor[24];
    ck_assert_int_eq(hni_preproc_run(ctx, &p, png, tensor, &err), HN_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(err.message, "2 channels a slice"));
    hni_image_unref(png);
}
END_TEST

/* A scratch that was used once takes nothing for an image of the same size. */
START_TEST(a_kept_scratch_is_enough) {
    hni_preproc p = {.width = 16, .height = 16, .channels = 3, .slices = 3, .strip_skull = 1, .crop_head = 1, .median = 5, .gaussian = 1.5};
    hn_image *image = draw(true, 1, 60, 48, 25, 40);
    hni_scratch scratch = {.ctx = ctx};
    uint8_t tensor[3 * 256];
    for (int i = 0; i < 2; i++) ck_ok(hni_preproc_run_in(&scratch, &p, image, tensor, NULL, &err));
    const uint64_t taken = atomic_load(&ctx->allocations);
    for (int i = 0; i < 3; i++) ck_ok(hni_preproc_run_in(&scratch, &p, image, tensor, NULL, &err));
    ck_assert_uint_eq(atomic_load(&ctx->allocations), taken);
    hni_scratch_free(&scratch);
    hni_image_unref(image);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {one_after_the_other, slices, no_head, no_skull, region_of_a_stripped_head, keys_tell_steps_apart, refusals,
                                  a_kept_scratch_is_enough};
    Suite *suite = suite_create("steps");
    TCase *tcase = tcase_create("steps");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(tcase, cases[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
