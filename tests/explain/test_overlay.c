/* Overlays: colours beside matplotlib's and their lightness, every blended pixel by formula, images of all kinds, outlines, texts, limits. Pages are
 * looked at where layout.c puts things: the panel begins at 8 px times the scale of letters where there is no caption. */
#include <math.h>

#include "../host.h"
#include "../test.h"
#include "base/memory.h"
#include "explain/colours.h"
#include "explain/paint.h"
#include "haemnet/haemnet.h"

static hn_error err;
static hn_context *ctx;

static void set_up(void) {
    hn_context_options options = {.struct_size = sizeof options, .plugin_dir = "", .threads = 1};
    test_host_apply(&options);
    ck_ok(hn_context_create(&options, &ctx, &err));
}

static void tear_down(void) { hn_context_free(ctx); }

/* --- colours ------------------------------------------------------------------------------------------------------------------------ */

static int32_t colours_of(const char *name) {
    return !strcmp(name, "inferno") ? HN_COLOURS_INFERNO : !strcmp(name, "magma") ? HN_COLOURS_MAGMA : !strcmp(name, "viridis") ? HN_COLOURS_VIRIDIS : 0;
}

START_TEST(colours_are_matplotlibs) {
    FILE *golden = fopen(GOLDEN("colours.txt"), "r");
    char line[128], name[16];
    int rgb[3], rows = 0;
    double number;
    ck_assert_ptr_nonnull(golden);
    while (fgets(line, sizeof line, golden)) {
        if (sscanf(line, "%15s %lf %d %d %d", name, &number, &rgb[0], &rgb[1], &rgb[2]) != 5) continue;
        const uint8_t *colour = hni_colours(colours_of(name));
        ck_assert_ptr_nonnull(colour);
        colour += 3 * (int)(number * 255 + 0.5);
        ck_assert_msg(colour[0] == rgb[0] && colour[1] == rgb[1] && colour[2] == rgb[2], "%s at %g: %d %d %d", name, number, colour[0], colour[1], colour[2]);
        rows++;
    }
    fclose(golden);
    ck_assert_int_eq(rows, 3 * 52);
    ck_assert_ptr_null(hni_colours(0));
    ck_assert_ptr_null(hni_colours(4));
}
END_TEST

/* CIE 1976 L* of an sRGB colour, D65. */
static double lightness(const uint8_t *rgb) {
    static const double weight[3] = {0.2126729, 0.7151522, 0.0721750};
    double y = 0;
    for (int k = 0; k < 3; k++) {
        const double v = rgb[k] / 255.0;
        y += weight[k] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    return y > 216.0 / 24389 ? 116 * cbrt(y) - 16 : y * 24389 / 27;
}

/* From dark to light without a step back; each fifteenth of the way gains about as much as any other. (What is even is lightness as CAM02-UCS has
 * it; near black CIE's rises more slowly.) */
START_TEST(lightness_rises_evenly) {
    for (int32_t which = HN_COLOURS_INFERNO; which <= HN_COLOURS_VIRIDIS; which++) {
        const uint8_t *c = hni_colours(which);
        const double all = lightness(c + 3 * 255) - lightness(c);
        ck_assert_msg(all > 70, "%d: from black to white are 100, this goes over %g", which, all);
        for (int i = 1; i < 256; i++) ck_assert_msg(lightness(c + 3 * i) > lightness(c + 3 * (i - 1)) - 0.15, "%d: darker at %d", which, i);
        for (int i = 0; i < 15; i++) {
            const double step = lightness(c + 3 * 17 * (i + 1)) - lightness(c + 3 * 17 * i);
            ck_assert_msg(step > 0.45 * all / 15 && step < 1.55 * all / 15, "%d: step %d is %g of %g", which, i, step, all / 15);
        }
    }
}
END_TEST

/* --- pictures ------------------------------------------------------------------------------------------------------------------------ */

enum { W = 240, H = 12, EDGE = 8 };

typedef struct picture {
    int32_t width, height;
    uint8_t *rgb;
} picture;

static picture take(hn_image *image) {
    hn_image_info info = {.struct_size = sizeof info};
    picture p = {0};
    size_t need = 0;
    ck_ok(hn_image_get_info(image, &info, &err));
    ck_assert(info.type == HN_PIXEL_U8 && info.channels == 3);
    ck_ok(hn_image_copy_pixels(image, NULL, 0, &need, &err));
    p = (picture){info.width, info.height, malloc(need)};
    ck_ok(hn_image_copy_pixels(image, p.rgb, need, NULL, &err));
    hn_image_free(image);
    return p;
}

static picture draw(const hn_image *image, const float *map, const hn_regions *regions, const hn_overlay_options *o) {
    hn_image *out = NULL;
    ck_ok(hn_overlay(ctx, image, map, regions, o, &out, &err));
    return take(out);
}

static const uint8_t *at(const picture *p, int32_t x, int32_t y) {
    ck_assert(x >= 0 && y >= 0 && x < p->width && y < p->height);
    return p->rgb + ((size_t)y * (size_t)p->width + (size_t)x) * 3;
}

static bool is(const uint8_t *rgb, int r, int g, int b) { return rgb[0] == r && rgb[1] == g && rgb[2] == b; }

static hn_image *wrap(int32_t type, uint32_t flags, int32_t channels, int32_t width, int32_t height, const void *data) {
    const hn_pixels p = {.struct_size = sizeof p, .type = type, .flags = flags, .channels = channels, .width = width, .height = height, .data = data};
    hn_image *image = NULL;
    ck_ok(hn_image_wrap(ctx, &p, &image, &err));
    return image;
}

static void fill_ramps(uint8_t *grey, float *map) {
    for (int i = 0; i < W * H; i++) {
        grey[i] = (uint8_t)(i * 7 % 256);
        map[i] = (float)(i % W) / (W - 40) - 0.05f; /* below 0 at first, above 1 at last */
    }
}

START_TEST(every_pixel_by_formula) {
    uint8_t grey[W * H];
    float map[W * H];
    fill_ramps(grey, map);
    hn_image *image = wrap(HN_PIXEL_U8, 0, 1, W, H, grey);
    for (int32_t scale = 1; scale <= 3; scale++) {
        for (int32_t which = HN_COLOURS_INFERNO; which <= HN_COLOURS_VIRIDIS; which++) {
            const hn_overlay_options o = {.struct_size = sizeof o, .colours = which, .scale = scale, .text_scale = 1, .strength = 0.7};
            picture p = draw(image, map, NULL, &o);
            for (int i = 0; i < W * H * scale * scale; i++) {
                const int x = i % (W * scale), y = i / (W * scale), from = y / scale * W + x / scale;
                const double share = fmin(fmax((double)map[from], 0), 1);
                const uint8_t *colour = hni_colours(which) + 3 * lrint(share * 255), *got = at(&p, EDGE + x, EDGE + y);
                const long alpha = lrint(share * 0.7 * 255);
                for (int k = 0; k < 3; k++) {
                    const double wanted = (grey[from] * (255 - alpha) + colour[k] * alpha) / 255.0;
                    ck_assert_msg(fabs(got[k] - wanted) <= 0.501, "%d, %d: %d instead of %g", x, y, got[k], wanted);
                }
                if (map[from] <= 0) ck_assert(is(got, grey[from], grey[from], grey[from]));
            }
            free(p.rgb);
        }
    }
    hn_image_free(image);
}
END_TEST

START_TEST(low_and_high) {
    uint8_t grey[W * H];
    float map[W * H], scaled[W * H];
    fill_ramps(grey, map);
    for (int i = 0; i < W * H; i++) scaled[i] = map[i] * 8 - 3;
    hn_image *image = wrap(HN_PIXEL_U8, 0, 1, W, H, grey);
    const hn_overlay_options plain = {.struct_size = sizeof plain, .flags = HN_OVERLAY_NO_LEGEND, .footer = ""};
    hn_overlay_options moved = plain;
    moved.low = -3, moved.high = 5;
    picture a = draw(image, map, NULL, &plain), b = draw(image, scaled, NULL, &moved);
    int far = 0;
    ck_assert(a.width == b.width && a.height == b.height);
    for (int i = 0; i < a.width * a.height * 3; i++) far += abs(a.rgb[i] - b.rgb[i]) > 2; /* floats round */
    ck_assert_int_eq(far, 0);
    free(a.rgb), free(b.rgb);
    hn_image_free(image);
}
END_TEST

START_TEST(side_by_side) {
    uint8_t rgb[W * H * 3];
    float map[W * H];
    for (int i = 0; i < W * H * 3; i++) rgb[i] = (uint8_t)(i * 11);
    for (int i = 0; i < W * H; i++) map[i] = 0.8f;
    hn_image *image = wrap(HN_PIXEL_U8, 0, 3, W, H, rgb);
    const hn_overlay_options o = {.struct_size = sizeof o, .flags = HN_OVERLAY_SIDE_BY_SIDE, .scale = 1, .text_scale = 1};
    picture p = draw(image, map, NULL, &o);
    ck_assert_int_eq(p.width, 2 * W + 3 * EDGE);
    for (int i = 0; i < W * H; i++) {
        ck_assert_mem_eq(at(&p, EDGE + i % W, EDGE + i / W), rgb + 3 * i, 3);
        ck_assert(memcmp(at(&p, 2 * EDGE + W + i % W, EDGE + i / W), rgb + 3 * i, 3) != 0);
    }
    free(p.rgb);
    hn_image_free(image);
}
END_TEST

/* A map of zeros leaves the image as it is shown. */
static void expect_shown(int32_t type, uint32_t flags, int32_t channels, const void *data, const hn_window *window, int r, int g, int b) {
    static const float nothing[4];
    hn_image *image = wrap(type, flags, channels, 2, 2, data);
    const hn_overlay_options o = {.struct_size = sizeof o, .scale = 1, .text_scale = 1, .window = window};
    picture p = draw(image, nothing, NULL, &o);
    const int32_t left = (p.width - 2) / 2;
    ck_assert_msg(is(at(&p, left, EDGE), r, g, b), "type %d, %d channels: %d %d %d", type, channels, at(&p, left, EDGE)[0], at(&p, left, EDGE)[1],
                  at(&p, left, EDGE)[2]);
    free(p.rgb);
    hn_image_free(image);
}

START_TEST(kinds_of_images) {
    const uint8_t grey[4] = {77}, alpha[8] = {77, 3}, rgb[12] = {9, 8, 7}, rgba[16] = {9, 8, 7, 1};
    const uint16_t deep[4] = {0x7B00};
    const int16_t ct[4] = {60};
    const float shares[4] = {0.5f}, hu[4] = {60.0f}, odd[4] = {NAN};
    const hn_window bone = {60, 400};
    expect_shown(HN_PIXEL_U8, 0, 1, grey, NULL, 77, 77, 77);
    expect_shown(HN_PIXEL_U8, 0, 2, alpha, NULL, 77, 77, 77);
    expect_shown(HN_PIXEL_U8, 0, 3, rgb, NULL, 9, 8, 7);
    expect_shown(HN_PIXEL_U8, 0, 4, rgba, NULL, 9, 8, 7);
    expect_shown(HN_PIXEL_U16, 0, 1, deep, NULL, 123, 123, 123);
    expect_shown(HN_PIXEL_I16, 0, 1, ct, NULL, 191, 191, 191); /* (60 - 0) / 80 */
    expect_shown(HN_PIXEL_I16, 0, 1, ct, &bone, 128, 128, 128);
    expect_shown(HN_PIXEL_F32, HN_PIXELS_HU, 1, hu, NULL, 191, 191, 191);
    expect_shown(HN_PIXEL_F32, HN_PIXELS_HU, 1, odd, NULL, 0, 0, 0);
    expect_shown(HN_PIXEL_F32, 0, 1, shares, &bone, 128, 128, 128);
}
END_TEST

START_TEST(sizes) {
    static const int32_t sides[][2] = {{1, 1}, {1, 700}, {700, 1}, {3, 5}, {448, 448}, {449, 10}, {2000, 30}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        const int32_t w = sides[i][0], h = sides[i][1], longer = w > h ? w : h;
        uint8_t *grey = calloc((size_t)(w * h), 1);
        float *map = calloc((size_t)(w * h), sizeof *map);
        map[0] = 1.0f;
        hn_image *image = wrap(HN_PIXEL_U8, 0, 1, w, h, grey);
        hn_regions *regions = NULL;
        ck_ok(hn_regions_find(ctx, map, w, h, 1, NULL, &regions, &err));
        const hn_overlay_options o = {.struct_size = sizeof o, .flags = HN_OVERLAY_SIDE_BY_SIDE, .caption = "haemorrhage (probability 0.973)",
                                      .truth = regions};
        picture p = draw(image, map, regions, &o);
        const int32_t scale = longer >= 448 ? 1 : (447 + longer) / longer > 64 ? 64 : (447 + longer) / longer;
        ck_assert_msg(p.width >= 2 * w * scale && p.height > h * scale && p.width >= 36 * 6, "%d x %d becomes %d x %d", w, h, p.width, p.height);
        free(p.rgb), free(map), free(grey);
        hn_regions_free(regions);
        hn_image_free(image);
    }
}
END_TEST

/* --- regions ------------------------------------------------------------------------------------------------------------------------ */

enum { SIDE = 230 };

static hn_regions *square(float *map, int32_t left, int32_t top, int32_t side) {
    hn_regions *regions = NULL;
    for (int32_t y = top; y < top + side; y++)
        for (int32_t x = left; x < left + side; x++) map[y * SIDE + x] = 1.0f;
    ck_ok(hn_regions_find(ctx, map, SIDE, SIDE, 1, NULL, &regions, &err));
    return regions;
}

START_TEST(outlines_boxes_numbers) {
    uint8_t *grey = malloc(SIDE * SIDE);
    float *map = calloc(SIDE * SIDE, sizeof *map), *nothing = calloc(SIDE * SIDE, sizeof *map), *other = calloc(SIDE * SIDE, sizeof *map);
    memset(grey, 60, SIDE * SIDE);
    hn_regions *regions = square(map, 50, 80, 40), *truth = square(other, 120, 30, 50);
    hn_image *image = wrap(HN_PIXEL_U8, 0, 1, SIDE, SIDE, grey);
    hn_overlay_options o = {.struct_size = sizeof o, .scale = 2, .text_scale = 1, .truth = truth};
    picture p = draw(image, nothing, regions, &o);
    /* The outline's dark line below its white one, and the box's blue line over both: the square is its own box. */
    ck_assert(is(at(&p, EDGE + 2 * 50, EDGE + 2 * 100), 102, 204, 255));
    ck_assert(is(at(&p, EDGE + 2 * 50 - 1, EDGE + 2 * 100), 0, 0, 0) && is(at(&p, EDGE + 2 * 50 + 1, EDGE + 2 * 100), 0, 0, 0));
    ck_assert(is(at(&p, EDGE + 2 * 70, EDGE + 2 * 100), 60, 60, 60));
    bool number = false;
    for (int32_t y = -10; y < 0; y++)
        for (int32_t x = 1; x < 6; x++) number |= is(at(&p, EDGE + 2 * 50 + x, EDGE + 2 * 80 + y), 102, 204, 255);
    ck_assert_msg(number, "the box has no number above it");
    int32_t green = 0, gaps = 0;
    for (int32_t x = 0; x < 100; x++) {
        const uint8_t *c = at(&p, EDGE + 240 + x, EDGE + 60);
        green += is(c, 110, 255, 120);
        gaps += is(c, 60, 60, 60);
    }
    ck_assert_msg(green >= 40 && gaps >= 20, "dashes: %d green, %d of the image", green, gaps);
    free(p.rgb);
    o.flags = HN_OVERLAY_NO_BOXES;
    p = draw(image, nothing, regions, &o);
    ck_assert(is(at(&p, EDGE + 2 * 50, EDGE + 2 * 100), 255, 255, 255));
    free(p.rgb);
    o.flags = HN_OVERLAY_NO_BOXES | HN_OVERLAY_NO_CONTOURS;
    o.truth = NULL;
    p = draw(image, nothing, regions, &o);
    for (int32_t y = 0; y < 2 * SIDE; y++)
        for (int32_t x = 0; x < 2 * SIDE; x++) ck_assert(is(at(&p, EDGE + x, EDGE + y), 60, 60, 60));
    free(p.rgb), free(map), free(nothing), free(other), free(grey);
    hn_regions_free(regions);
    hn_regions_free(truth);
    hn_image_free(image);
}
END_TEST

/* Of a stack, the slice that is asked for; nothing leaves the panel at the image's edges. */
START_TEST(slices_and_edges) {
    enum { PLANE = SIDE * SIDE };
    uint8_t *grey = calloc(PLANE, 1);
    float *maps = calloc(3 * PLANE, sizeof *maps);
    for (int i = 0; i < PLANE; i++) maps[PLANE + i] = 1.0f; /* all of the middle one */
    hn_regions *regions = NULL;
    ck_ok(hn_regions_find(ctx, maps, SIDE, SIDE, 3, NULL, &regions, &err));
    hn_image *image = wrap(HN_PIXEL_U8, 0, 1, SIDE, SIDE, grey);
    hn_overlay_options o = {.struct_size = sizeof o, .scale = 1, .text_scale = 1};
    for (o.slice = 0; o.slice < 3; o.slice++) {
        picture p = draw(image, maps, regions, &o);
        const bool drawn = !is(at(&p, EDGE, EDGE + 100), 0, 0, 0);
        ck_assert_int_eq(drawn, o.slice == 1);
        for (int32_t y = 0; y < SIDE; y++) {
            ck_assert(is(at(&p, EDGE - 1, EDGE + y), 16, 16, 20));
            ck_assert(is(at(&p, EDGE + SIDE, EDGE + y), 16, 16, 20));
        }
        free(p.rgb);
    }
    hn_image *out = NULL;
    ck_assert_int_eq(hn_overlay(ctx, image, maps, regions, &o, &out, &err), HN_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.message, "slice 3"));
    o.slice = 0;
    hn_image *small = wrap(HN_PIXEL_U8, 0, 1, SIDE - 1, SIDE, grey);
    ck_assert_int_eq(hn_overlay(ctx, small, maps, regions, &o, &out, &err), HN_E_SHAPE);
    o.truth = regions;
    ck_assert_int_eq(hn_overlay(ctx, small, maps, NULL, &o, &out, &err), HN_E_SHAPE);
    ck_assert_ptr_null(out);
    free(maps), free(grey);
    hn_regions_free(regions);
    hn_image_free(image);
    hn_image_free(small);
}
END_TEST

/* --- texts -------------------------------------------------------------------------------------------------------------------------- */

static void expect_lines(const char *text, int32_t columns, const char *wanted) {
    char *got = hni_paint_wrap(ctx, text, columns);
    ck_assert_str_eq(got, wanted);
    hni_free(ctx, got);
}

START_TEST(lines_are_broken) {
    expect_lines("", 5, "");
    expect_lines("abcde", 5, "abcde");
    expect_lines("abcdef", 5, "abcde\nf");
    expect_lines("ab cde", 5, "ab\ncde");
    expect_lines("abcde f", 5, "abcde\nf");
    expect_lines("ab cd ef gh", 5, "ab cd\nef gh");
    expect_lines("ab\ncd ef", 5, "ab\ncd ef");
    expect_lines("a bcdefghij", 4, "a\nbcde\nfghi\nj");
    expect_lines("äöüßé x", 5, "äöüßé\nx");
    expect_lines("\xff\xfe\xff", 2, "\xff\xfe\n\xff");
    expect_lines("abc", 1, "a\nb\nc");
}
END_TEST

/* Rows of the page that hold letters of the texts' colour. */
static int32_t ink_rows(const picture *p) {
    int32_t rows = 0;
    for (int32_t y = 0; y < p->height; y++) {
        bool any = false;
        for (int32_t x = 0; x < p->width; x++) any |= is(at(p, x, y), 232, 232, 232);
        rows += any;
    }
    return rows;
}

START_TEST(texts_are_drawn) {
    static const uint8_t black[W * H];
    static const float nothing[W * H];
    hn_image *image = wrap(HN_PIXEL_U8, 0, 1, W, H, black);
    hn_overlay_options o = {.struct_size = sizeof o, .scale = 1, .text_scale = 1, .flags = HN_OVERLAY_NO_LEGEND, .footer = ""};
    picture p = draw(image, nothing, NULL, &o);
    ck_assert_int_eq(ink_rows(&p), 0);
    const int32_t bare = p.height;
    free(p.rgb);
    o.footer = NULL;
    p = draw(image, nothing, NULL, &o);
    ck_assert_int_eq(p.height, bare + 10 + 4); /* 40 letters are just one line */
    ck_assert_int_ge(ink_rows(&p), 7);
    free(p.rgb);
    o.footer = "Research use only! Not a medical device.!";
    p = draw(image, nothing, NULL, &o);
    ck_assert_int_eq(p.height, bare + 2 * 10 + 4);
    free(p.rgb);
    o.footer = "", o.caption = "HHHH";
    p = draw(image, nothing, NULL, &o);
    ck_assert_int_eq(p.height, bare + 10 + 4);
    ck_assert_int_eq(ink_rows(&p), 7);
    for (int32_t x = 0; x < 4; x++) ck_assert(is(at(&p, EDGE + 6 * x, EDGE + 3), 232, 232, 232)); /* each letter's left stroke */
    free(p.rgb);
    o.caption = NULL, o.flags = 0, o.legend = "";
    p = draw(image, nothing, NULL, &o);
    ck_assert_int_eq(ink_rows(&p), 7); /* 0 and 1 at the ends of the bar */
    free(p.rgb);
    char text[4098];
    memset(text, 'x', sizeof text);
    text[4097] = 0;
    o.caption = text;
    hn_image *out = NULL;
    ck_assert_int_eq(hn_overlay(ctx, image, nothing, NULL, &o, &out, &err), HN_E_LIMIT);
    text[4096] = 0;
    p = draw(image, nothing, NULL, &o);
    ck_assert_int_eq(p.width, W + 2 * EDGE);
    free(p.rgb);
    hn_image_free(image);
}
END_TEST

/* --- what is refused ---------------------------------------------------------------------------------------------------------------- */

static void refuse(const hn_image *image, const float *map, hn_overlay_options o, hn_status wanted, const char *word) {
    hn_image *out = (hn_image *)(void *)&o;
    o.struct_size = sizeof o;
    ck_assert_int_eq(hn_overlay(ctx, image, map, NULL, &o, &out, &err), wanted);
    ck_assert_msg(strstr(err.message, word) != NULL, "\"%s\" does not say %s", err.message, word);
    ck_assert_ptr_null(out);
}

START_TEST(refusals) {
    static const uint8_t black[4];
    float map[4] = {0, 1, 0.5f, -1};
    hn_image *image = wrap(HN_PIXEL_U8, 0, 1, 2, 2, black);
    refuse(image, map, (hn_overlay_options){.flags = 32}, HN_E_ARGUMENT, "flags 0x20");
    refuse(image, map, (hn_overlay_options){.colours = 4}, HN_E_ARGUMENT, "colours 4");
    refuse(image, map, (hn_overlay_options){.scale = 65}, HN_E_ARGUMENT, "scale 65");
    refuse(image, map, (hn_overlay_options){.scale = -1}, HN_E_ARGUMENT, "scale -1");
    refuse(image, map, (hn_overlay_options){.text_scale = 9}, HN_E_ARGUMENT, "text_scale 9");
    refuse(image, map, (hn_overlay_options){.strength = 1.5}, HN_E_ARGUMENT, "strength 1.5");
    refuse(image, map, (hn_overlay_options){.strength = NAN}, HN_E_ARGUMENT, "strength");
    refuse(image, map, (hn_overlay_options){.low = 2, .high = 1}, HN_E_ARGUMENT, "low 2");
    refuse(image, map, (hn_overlay_options){.low = 1}, HN_E_ARGUMENT, "high 0");
    refuse(image, map, (hn_overlay_options){.high = INFINITY}, HN_E_ARGUMENT, "high");
    map[2] = NAN;
    refuse(image, map, (hn_overlay_options){0}, HN_E_ARGUMENT, "number 2");
    hn_image_free(image);
    uint8_t *large = calloc(1200, 1000);
    float *flat = calloc(1200 * 1000, sizeof *flat);
    image = wrap(HN_PIXEL_U8, 0, 1, 1200, 1000, large);
    refuse(image, flat, (hn_overlay_options){.scale = 64}, HN_E_LIMIT, "65535");
    refuse(image, flat, (hn_overlay_options){.scale = 12}, HN_E_LIMIT, "enlarged 12 times");
    free(large), free(flat);
    hn_image_free(image);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {colours_are_matplotlibs, lightness_rises_evenly, every_pixel_by_formula, low_and_high, side_by_side, kinds_of_images,
                                  sizes, outlines_boxes_numbers, slices_and_edges, lines_are_broken, texts_are_drawn, refusals};
    Suite *suite = suite_create("overlay");
    TCase *cases = tcase_create("overlay");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 60);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(cases, tests[i]);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
