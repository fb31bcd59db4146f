/* test_skull.c - skull stripping against scipy on formula-made heads; sutures, craniectomies, calcifications, blood on the bone; every type of
 * image; refusals; no memory left. */
#include "base/scratch.h"
#include "image/head.h"
#include "image/pixels.h"
#include "golden.h"

static hn_context *ctx;
static hn_error err;

static void set_up(void) { ctx = make_context(); }
static void tear_down(void) { hni_context_unref(ctx); }

static hn_image *wrap(int type, int channels, int width, int height, double slope, double intercept, const void *data) {
    const hn_pixels pixels = {.struct_size = sizeof pixels, .type = type, .width = width, .height = height, .channels = channels,
                              .flags = slope != 0 ? HN_PIXELS_HU : 0, .slope = slope, .intercept = intercept, .data = data};
    hn_image *image = NULL;
    ck_ok(hni_image_wrap(ctx, &pixels, &image, &err));
    return image;
}

/* gen_skull.py's head. */
static void head(uint32_t seed, int w, int h, uint8_t *to) {
    const int inner = 40 + (int)(seed % 5) * 4, outer = 50 + (int)(seed % 7) * 6;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const uint32_t noise = (((uint32_t)x * 73856093u ^ (uint32_t)y * 19349663u ^ seed * 83492791u) * 2654435761u) >> 16;
            const int64_t dx = 2 * x - w, dy = 2 * y - h, ww = w * w, hh = h * h, q = 100 * (dx * dx * hh + dy * dy * ww) / (ww * hh);
            uint32_t p = q < inner ? 90 + noise % 32 : q < outer ? 250 + noise % 6 : q < outer + 8 ? 70 : 0;
            if (q >= inner && q < outer && 2 * x < w && y >= h / 2 && y < h / 2 + (int)(seed % 5)) p = 100;
            if ((noise >> 3) % 1000 < seed % 4 * seed % 4 * 8) p = noise % 256;
            if (q < 3 && seed % 3 == 0) p = 255;
            if (y == h - 1 && seed % 2 == 0) p = 255;
            *to++ = (uint8_t)p;
        }
}

START_TEST(golden) {
    FILE *f = fopen(GOLDEN("skull.txt"), "r");
    char line[200], want[80];
    uint32_t seed;
    int w, h, n = 0, stripped = 0;
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f)) {
        if (*line == '#') continue;
        ck_assert_int_eq(sscanf(line, "%u %d %d %79s", &seed, &w, &h, want), 4);
        uint8_t *pixels = malloc((size_t)w * (size_t)h);
        hn_image *out = NULL;
        head(seed, w, h, pixels);
        hn_image *image = wrap(HN_PIXEL_U8, 1, w, h, 0, 0, pixels);
        const hn_status status = hni_image_strip_skull(image, &out, &err);
        ck_assert_msg(status == (strcmp(want, "none") ? HN_OK : HN_E_NOT_FOUND), "seed %u, %d x %d px: %s", seed, w, h, hn_status_name(status));
        if (!status) ck_assert_msg(!strcmp(digest_of(out->data, out->size), want), "seed %u, %d x %d px: other pixels", seed, w, h);
        stripped += !status, n++;
        hni_image_unref(out), hni_image_unref(image);
        free(pixels);
    }
    fclose(f);
    ck_assert_int_gt(n, 400);
    ck_assert_int_gt(stripped, 100);
}
END_TEST

/* --- a head that is drawn part by part ---------------------------------------------------------------------------------------- */
enum { W = 300, H = 260 };
static uint8_t grey[W * H], left[W * H];

static void ellipse(int cx, int cy, int rx, int ry, uint8_t level) {
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if ((x - cx) * (x - cx) * ry * ry + (y - cy) * (y - cy) * rx * rx <= rx * rx * ry * ry) grey[y * W + x] = level;
}

static void rectangle(int x0, int y0, int x1, int y1, uint8_t level) {
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) grey[y * W + x] = level;
}

/* Scalp, skull, brain; a table below. */
static void draw_head(void) {
    memset(grey, 0, sizeof grey);
    ellipse(150, 120, 100, 115, 60);
    ellipse(150, 120, 95, 110, 255);
    ellipse(150, 120, 85, 100, 110);
    rectangle(0, 250, W, 253, 255);
}

static hn_status strip_grey(void) {
    hn_image *image = wrap(HN_PIXEL_U8, 1, W, H, 0, 0, grey), *out = image;
    const hn_status status = hni_image_strip_skull(image, &out, &err);
    ck_assert((out == NULL) == (status != HN_OK));
    if (!status) memcpy(left, out->data, sizeof left);
    hni_image_unref(image), hni_image_unref(out);
    return status;
}

static bool within(int x, int y, int rx, int ry) { return (x - 150) * (x - 150) * ry * ry + (y - 120) * (y - 120) * rx * rx <= rx * rx * ry * ry; }

/* The brain is kept, but for what sharp corners of its edge hold; of the skull and what is outside nothing is. */
static void check_brain(void) {
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const int got = left[y * W + x], was = grey[y * W + x];
            ck_assert_msg(got == was || (got == 0 && !within(x, y, 82, 97)), "pixel %d, %d: %d", x, y, got);
            ck_assert_msg(got == 0 || within(x, y, 85, 100), "pixel %d, %d: %d", x, y, got);
        }
}

START_TEST(heads) {
    draw_head();
    ck_ok(strip_grey());
    check_brain();
    rectangle(140, 110, 146, 118, 255); /* calcified plexus: white, and not on the bone */
    rectangle(100, 60, 130, 80, 230);   /* blood within the window */
    rectangle(80, 100, 90, 130, 240);
    ck_ok(strip_grey());
    check_brain();
    ck_assert_uint_eq(left[114 * W + 143], 255);
    ck_assert_uint_eq(left[70 * W + 110], 230);
    rectangle(50, 118, 70, 122, 100); /* a suture of four pixels: both sides of the dam reach two */
    ck_ok(strip_grey());
    ck_assert_uint_eq(left[120 * W + 58], 0);
    ck_assert_uint_eq(left[120 * W + 110], 110);
}
END_TEST

START_TEST(no_closed_skull) {
    draw_head();
    rectangle(40, 90, 75, 150, 100); /* a craniectomy */
    ck_assert_int_eq(strip_grey(), HN_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "no closed skull was found in this image of 300 x 260 px"));
    ck_assert_ptr_nonnull(strstr(err.message, "grey levels from 250 of 255"));
    draw_head();
    for (int i = 0; i < W * H; i++) grey[i] = grey[i] == 255 ? 240 : grey[i]; /* a scanned film */
    ck_assert_int_eq(strip_grey(), HN_E_NOT_FOUND);
    draw_head();
    ellipse(150, 120, 85, 100, 255);
    ellipse(150, 120, 40, 40, 110); /* bone nearly everywhere: the cavity is under a fifth */
    ck_assert_int_eq(strip_grey(), HN_E_NOT_FOUND);
    memset(grey, 255, sizeof grey);
    ck_assert_int_eq(strip_grey(), HN_E_NOT_FOUND);
    memset(grey, 0, sizeof grey);
    ck_assert_int_eq(strip_grey(), HN_E_NOT_FOUND);
}
END_TEST

/* The same head in each type: what is kept is kept as it was stored, the rest is air as that type stores it. */
START_TEST(types) {
    static uint8_t rgb[W * H * 3];
    static int16_t hu[W * H];
    static uint16_t levels[W * H], shifted[W * H];
    static float floats[W * H], hu_floats[W * H];
    draw_head();
    for (int i = 0; i < W * H; i++) {
        const int v = grey[i] == 255 ? 900 : grey[i] == 110 ? 35 + i % 9 : grey[i] == 60 ? 20 : -1000;
        for (int c = 0; c < 3; c++) rgb[3 * i + c] = (uint8_t)(grey[i] == 255 ? 255 : grey[i] + 10 * c);
        hu[i] = (int16_t)v, hu_floats[i] = (float)v;
        shifted[i] = (uint16_t)((v + 1024) * 2);
        levels[i] = (uint16_t)(grey[i] << 8 | 7), floats[i] = (float)grey[i] / 255;
    }
    const struct {
        const void *data;
        int type, channels;
        double slope, intercept, air;
    } cases[] = {{rgb, HN_PIXEL_U8, 3, 0, 0, 0},      {hu, HN_PIXEL_I16, 1, 1, 0, -1024},          {shifted, HN_PIXEL_U16, 1, 0.5, -1024, 0},
                 {levels, HN_PIXEL_U16, 1, 0, 0, 0},  {hu_floats, HN_PIXEL_F32, 1, 1, 0, -1024}, {floats, HN_PIXEL_F32, 1, 0, 0, 0}};
    ck_ok(strip_grey());
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        hn_image *image = wrap(cases[k].type, cases[k].channels, W, H, cases[k].slope, cases[k].intercept, cases[k].data), *out = NULL;
        ck_ok(hni_image_strip_skull(image, &out, &err));
        ck_assert(out->type == image->type && out->channels == image->channels && out->flags == image->flags && out->slope == image->slope &&
                  out->intercept == image->intercept && out->width == W && out->height == H);
        for (size_t i = 0; i < (size_t)W * H * (size_t)cases[k].channels; i++) {
            const double want = left[i / (size_t)cases[k].channels] ? hni_sample_at(image, i) : cases[k].air;
            ck_assert_msg(hni_sample_at(out, i) == want, "case %d, sample %d: %g, want %g", (int)k, (int)i, hni_sample_at(out, i), want);
        }
        hni_image_unref(image), hni_image_unref(out);
    }
}
END_TEST

START_TEST(scratch_is_given_back) {
    hni_scratch scratch = {.ctx = ctx};
    draw_head();
    hn_image *image = wrap(HN_PIXEL_U8, 1, W, H, 0, 0, grey);
    ck_assert_ptr_nonnull(hni_scratch_take(&scratch, 100));
    const size_t used = scratch.used;
    ck_ok(hni_strip_skull(&scratch, image, left, &err));
    ck_assert_uint_eq(scratch.used, used);
    hni_scratch_free(&scratch);
    hni_image_unref(image);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {golden, heads, no_closed_skull, types, scratch_is_given_back};
    Suite *suite = suite_create("skull");
    TCase *tcase = tcase_create("skull");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(tcase, cases[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
