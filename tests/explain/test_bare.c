/* test_bare.c - HN_OVERLAY_BARE: the panel of a whole page and nothing else, pixel by pixel; texts and legend have no place. */
#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"

enum { W = 40, H = 31 };

static hn_error err;
static hn_context *ctx;

static void set_up(void) {
    hn_context_options options = {.struct_size = sizeof options, .plugin_dir = "", .threads = 1};
    test_host_apply(&options);
    ck_ok(hn_context_create(&options, &ctx, &err));
}

static void tear_down(void) { hn_context_free(ctx); }

static uint8_t *draw(const hn_overlay_options *o, int32_t *width, int32_t *height) {
    uint8_t grey[W * H];
    float map[W * H];
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = W, .height = H, .channels = 1, .data = grey};
    hn_image *image = NULL, *out = NULL;
    hn_regions *regions = NULL;
    hn_image_info info = {.struct_size = sizeof info};
    size_t size = 0;
    for (int i = 0; i < W * H; i++) grey[i] = (uint8_t)(i * 7), map[i] = (float)((i * 13) % 100) / 99;
    ck_ok(hn_image_wrap(ctx, &pixels, &image, &err));
    ck_ok(hn_regions_find(ctx, map, W, H, 1, NULL, &regions, &err));
    ck_ok(hn_overlay(ctx, image, map, regions, o, &out, &err));
    ck_ok(hn_image_get_info(out, &info, &err));
    ck_ok(hn_image_copy_pixels(out, NULL, 0, &size, &err));
    uint8_t *rgb = malloc(size);
    ck_assert_ptr_nonnull(rgb);
    ck_ok(hn_image_copy_pixels(out, rgb, size, NULL, &err));
    *width = info.width, *height = info.height;
    hn_image_free(out);
    hn_regions_free(regions);
    hn_image_free(image);
    return rgb;
}

START_TEST(a_bare_overlay_is_the_panel) {
    for (int panels = 1; panels <= 2; panels++) {
        hn_overlay_options o = {.struct_size = sizeof o, .scale = 3, .text_scale = 1, .caption = "verdict", .legend = "weight"};
        int32_t width, height, page_width, page_height;
        if (panels == 2) o.flags = HN_OVERLAY_SIDE_BY_SIDE;
        uint8_t *page = draw(&o, &page_width, &page_height);
        o.flags |= HN_OVERLAY_BARE;
        uint8_t *bare = draw(&o, &width, &height);
        ck_assert_int_eq(width, 3 * W * panels);
        ck_assert_int_eq(height, 3 * H);
        ck_assert(page_width > width && page_height > height);
        bool found = false; /* the last panel, wherever the page has it */
        for (int y = 0; y + height <= page_height && !found; y++)
            for (int x = 0; x + 3 * W <= page_width && !found; x++) {
                found = true;
                for (int row = 0; row < height && found; row++)
                    found = !memcmp(page + 3 * ((y + row) * page_width + x), bare + 3 * (row * width + (panels - 1) * 3 * W), 3 * 3 * W);
            }
        ck_assert(found);
        free(page);
        free(bare);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bare");
    TCase *t = tcase_create("overlay");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_bare_overlay_is_the_panel);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
