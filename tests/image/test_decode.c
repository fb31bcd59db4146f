/* test_decode.c - files of every kind to the right pixels, and the refusals: small goldens that are here, PngSuite and odd files where
 * the shared data are. */
#include <dirent.h>

#include "golden.h"

static hn_image *load(hn_context *ctx, const char *path, const hn_image_options *options) {
    hn_error err = {0};
    hn_image *image = NULL;
    const hn_status status = hn_image_load(ctx, path, options, &image, &err);
    ck_assert_msg(status == HN_OK, "%s: %s", path, err.message);
    return image;
}

/* One line of images.txt. */
typedef struct {
    char name[64], type[4], digest[65];
    int width, height, channels, source, orientation;
} entry;

static bool next_entry(FILE *f, entry *e) {
    char line[256];
    while (fgets(line, sizeof line, f))
        if (line[0] != '#')
            return sscanf(line, "%63s %3s %d %d %d %d %d %64s", e->name, e->type, &e->width, &e->height, &e->channels, &e->source,
                          &e->orientation, e->digest) == 8;
    return false;
}

/* Decoders of JPEG and of 5-bit colours differ by a little: the mean by less than 1.5, any sample by no more than 24 grey levels. */
static void check_near(const hn_image *a, const hn_image *b, const char *name) {
    const uint8_t *p = a->data, *q = b->data;
    size_t sum = 0;
    ck_assert_msg(a->width == b->width && a->height == b->height && a->channels == b->channels, "%s: %dx%dx%d, not %dx%dx%d", name,
                  (int)a->width, (int)a->height, (int)a->channels, (int)b->width, (int)b->height, (int)b->channels);
    for (size_t i = 0; i < a->size; i++) {
        ck_assert_msg(abs(p[i] - q[i]) <= 24, "%s: sample %zu is %d, not %d", name, i, p[i], q[i]);
        sum += (size_t)abs(p[i] - q[i]);
    }
    ck_assert_msg(sum * 2 <= a->size * 3, "%s: mean difference %g", name, (double)sum / (double)a->size);
}

START_TEST(small_files) {
    hn_context *ctx = make_context();
    FILE *f = fopen(GOLDEN("images/images.txt"), "r");
    char path[256];
    entry e;
    int n = 0;
    ck_assert_ptr_nonnull(f);
    for (; next_entry(f, &e); n++) {
        hn_error err = {0};
        hn_image_info info = {.struct_size = sizeof info};
        snprintf(path, sizeof path, GOLDEN("images/%s"), e.name);
        hn_image *image = load(ctx, path, NULL);
        ck_ok(hn_image_get_info(image, &info, &err));
        ck_assert_msg(info.width == e.width && info.height == e.height && info.channels == e.channels && info.source_channels == e.source &&
                          info.exif_orientation == e.orientation && info.flags == 0,
                      "%s: facts differ", e.name);
        ck_assert_int_eq(info.type, strcmp(e.type, "u16") ? HN_PIXEL_U8 : HN_PIXEL_U16);
        if (e.digest[0] != '-') {
            ck_assert_msg(!strcmp(digest_of(image->data, image->size), e.digest), "%s: pixels differ", e.name);
        } else {
            snprintf(path, sizeof path, GOLDEN("images/%s.png"), e.name);
            hn_image *expected = load(ctx, path, NULL);
            check_near(image, expected, e.name);
            hn_image_free(expected);
        }
        hn_image_free(image);
    }
    fclose(f);
    ck_assert_int_ge(n, 30);
    hni_context_unref(ctx);
}
END_TEST

START_TEST(options_are_honoured) {
    hn_context *ctx = make_context();
    hn_image_options o = {.struct_size = sizeof o, .ignore_exif = 1};
    hn_image *image = load(ctx, GOLDEN("images/exif6.jpg"), &o);
    ck_assert_int_eq(image->width, 40); /* not turned, but told of */
    ck_assert_int_eq(image->exif_orientation, 6);
    hn_image_free(image);
    o = (hn_image_options){.struct_size = sizeof o, .channels = 3};
    image = load(ctx, GOLDEN("images/grey16.png"), &o);
    ck_assert_int_eq(image->type, HN_PIXEL_U8);
    ck_assert_int_eq(image->channels, 3);
    ck_assert_int_eq(image->source_channels, 1);
    ck_assert_str_eq(image->format, "png");
    hn_image_free(image);
    o.channels = 1;
    image = load(ctx, GOLDEN("images/exif1.jpg"), &o);
    ck_assert_int_eq(image->channels, 1);
    hn_image_free(image);
    hni_context_unref(ctx);
}
END_TEST

static void check_refused(hn_context *ctx, const char *name, const hn_image_options *o, hn_status expected, const char *words) {
    hn_error err = {0};
    hn_image *image = NULL;
    ck_assert_int_eq(hn_image_load(ctx, name, o, &image, &err), expected);
    ck_assert_ptr_null(image);
    ck_assert_msg(strstr(err.message, words) != NULL, "\"%s\" does not say \"%s\"", err.message, words);
}

START_TEST(limits_and_arguments) {
    hn_context *ctx = make_context();
    const char *png = GOLDEN("images/channels3.png");
    hn_image_options o = {.struct_size = sizeof o, .max_side = 20};
    check_refused(ctx, png, &o, HN_E_LIMIT, "max_side");
    o = (hn_image_options){.struct_size = sizeof o, .max_pixels = 100};
    check_refused(ctx, png, &o, HN_E_LIMIT, "max_pixels");
    check_refused(ctx, GOLDEN("images/baseline.jpg"), &o, HN_E_LIMIT, "max_pixels");
    check_refused(ctx, GOLDEN("images/rgb24.bmp"), &o, HN_E_LIMIT, "max_pixels");
    o.max_pixels = 70;
    check_refused(ctx, GOLDEN("images/rgb.ppm"), &o, HN_E_LIMIT, "max_pixels");
    o = (hn_image_options){.struct_size = sizeof o, .max_bytes = 100};
    check_refused(ctx, png, &o, HN_E_LIMIT, "100");
    o = (hn_image_options){.struct_size = sizeof o, .channels = 2};
    check_refused(ctx, png, &o, HN_E_ARGUMENT, "channels");
    o = (hn_image_options){.struct_size = 7};
    check_refused(ctx, png, &o, HN_E_ABI, "hn_image_options");
    check_refused(ctx, "no/such/file.png", NULL, HN_E_IO, "no/such/file.png");
    check_refused(ctx, GOLDEN("images/images.txt"), NULL, HN_E_FORMAT, "images.txt");
    check_refused(ctx, NULL, NULL, HN_E_ARGUMENT, "path");
    hn_error err = {0};
    hn_image *image = NULL;
    ck_assert_int_eq(hn_image_decode(ctx, "", 0, NULL, &image, &err), HN_E_FORMAT);
    ck_assert_int_eq(hn_image_decode(ctx, NULL, 0, NULL, &image, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_image_decode(ctx, "x", 1, NULL, NULL, NULL), HN_E_ARGUMENT);
    hni_context_unref(ctx);
}
END_TEST

/* Calls visit for each file below a folder, deepest first or not; the number of files. */
static int each_file(hn_context *ctx, const char *folder, int (*visit)(hn_context *ctx, const char *path)) {
    DIR *d = opendir(folder);
    struct dirent *item;
    int n = 0;
    ck_assert_ptr_nonnull(d);
    while ((item = readdir(d)) != NULL) {
        char path[1024];
        if (item->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, item->d_name);
        if (item->d_type == DT_DIR)
            n += each_file(ctx, path, visit);
        else
            n += visit(ctx, path);
    }
    closedir(d);
    return n;
}

/* The same picture in primary and in primary_check. */
static int same_as_check(hn_context *ctx, const char *path) {
    const char *slash = strrchr(path, '/');
    char other[1100];
    snprintf(other, sizeof other, "%.*s_check%s", (int)(slash - path), path, slash);
    const hn_image_options o = {.struct_size = sizeof o, .channels = 3};
    hn_image *a = load(ctx, path, &o), *b = load(ctx, other, &o);
    ck_assert_msg(a->size == b->size && !memcmp(a->data, b->data, a->size), "%s differs from its check", path);
    hn_image_free(a);
    hn_image_free(b);
    return 1;
}

static int is_refused(hn_context *ctx, const char *path) {
    hn_error err = {0};
    hn_image *image = NULL;
    ck_assert_msg(hn_image_load(ctx, path, NULL, &image, &err) == HN_E_FORMAT, "%s was not refused", path);
    ck_assert_int_gt((int)strlen(err.message), 10);
    return 1;
}

static int is_deep(hn_context *ctx, const char *path) {
    hn_image *image = load(ctx, path, NULL);
    ck_assert_int_eq(image->type, HN_PIXEL_U16);
    hn_image_free(image);
    return 1;
}

START_TEST(pngsuite) {
    const char *shared = shared_path("pngsuite");
    char folder[4200];
    if (!shared)
        SKIP("no shared data: pngsuite");
    hn_context *ctx = make_context();
    const struct {
        const char *name;
        int (*visit)(hn_context *ctx, const char *path);
        int files;
    } parts[] = {{"primary", same_as_check, 77}, {"corrupt", is_refused, 14}, {"iphone", is_refused, 7}, {"16bit", is_deep, 23}};
    for (size_t i = 0; i < 4; i++) {
        snprintf(folder, sizeof folder, "%s/%s", shared, parts[i].name);
        ck_assert_int_eq(each_file(ctx, folder, parts[i].visit), parts[i].files);
    }
    hni_context_unref(ctx);
}
END_TEST

static int decoded, refused;

/* Whatever it is: no crash, a reason, and never more memory than 16 Mi px can need. */
static int survives(hn_context *ctx, const char *path) {
    const hn_image_options o = {.struct_size = sizeof o, .max_bytes = 8 << 20, .max_pixels = 16 << 20};
    hn_error err = {0};
    hn_image *image = NULL;
    const hn_status status = hn_image_load(ctx, path, &o, &image, &err);
    ck_assert_msg(status == HN_OK || status == HN_E_FORMAT || status == HN_E_LIMIT, "%s: %s", path, hn_status_name(status));
    ck_assert_int_eq(status == HN_OK, image != NULL);
    ck_assert_msg(status == HN_OK || strlen(err.message) > strlen(path) % 240, "%s: no reason", path);
    *(image ? &decoded : &refused) += 1;
    hn_image_free(image);
    ck_assert_uint_eq((unsigned)ctx->live_blocks, 1); /* the context's own */
    return 1;
}

static void check_survival(const char *folder, int least_files, int least_decoded) {
    const char *shared = shared_path(folder);
    if (!shared)
        SKIP("no shared data: %s", folder);
    hn_context *ctx = make_context();
    decoded = refused = 0;
    ck_assert_int_ge(each_file(ctx, shared, survives), least_files);
    printf("%s: %d decoded, %d refused, at most %.1f MiB\n", folder, decoded, refused,
           (double)ctx->peak_bytes / (1 << 20));
    ck_assert_int_ge(decoded, least_decoded);
    ck_assert_uint_lt((size_t)ctx->peak_bytes, (size_t)(8 << 20) * 3 + (size_t)(16 << 20) * 14);
    hni_context_unref(ctx);
}

START_TEST(odd_images) {
    check_survival("odd-images", 371, 310);
}
END_TEST

START_TEST(dicom_is_refused) {
    check_survival("dicom/misc", 290, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("decode");
    TCase *tests = tcase_create("files");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, small_files);
    tcase_add_test(tests, options_are_honoured);
    tcase_add_test(tests, limits_and_arguments);
    tcase_add_test(tests, pngsuite);
    tcase_add_test(tests, odd_images);
    tcase_add_test(tests, dicom_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
