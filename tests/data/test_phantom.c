/* test_phantom.c - the phantom as its users see it: same bytes, plausible tissues, bleeds where and as large as it says.
 *
 * Through the public functions only. The digests are our own values, kept so that a change of the pictures is noticed; everything else
 * is checked against the contract. */
#include "../host.h"
#include "../test.h"

#include "base/sha256.h" /* defines: hni_sha256 */
#include "haemnet/haemnet.h"

static hn_error err;

static hn_context *context(void) {
    hn_context_options options = {.struct_size = sizeof options, .threads = 1};
    hn_context *ctx = NULL;
    test_host_apply(&options);
    ck_ok(hn_context_create(&options, &ctx, &err));
    return ctx;
}

static hn_phantom *phantom(hn_context *ctx, int32_t patients, int32_t size, int32_t slices, uint64_t seed, double share) {
    hn_phantom_options options = {sizeof options, patients, size, slices, seed, share};
    hn_phantom *out = NULL;
    ck_ok(hn_phantom_create(ctx, &options, &out, &err));
    return out;
}

/* One slice, its pixels copied out: hu [size²], mask [size²]. */
static hn_phantom_slice_info render(hn_phantom *p, int64_t index, int16_t *hu, uint8_t *mask, size_t pixels) {
    hn_phantom_slice_info info = {.struct_size = sizeof info};
    hn_image *image = NULL, *lesion = NULL;
    ck_ok(hn_phantom_render(p, index, &info, hu ? &image : NULL, mask ? &lesion : NULL, &err));
    if (hu) ck_ok(hn_image_copy_pixels(image, hu, pixels * sizeof *hu, NULL, &err));
    if (mask) ck_ok(hn_image_copy_pixels(lesion, mask, pixels, NULL, &err));
    hn_image_free(image);
    hn_image_free(lesion);
    return info;
}

START_TEST(options_have_defaults_and_limits) {
    hn_context *ctx = context();
    hn_phantom *p = NULL;
    ck_ok(hn_phantom_create(ctx, NULL, &p, &err));
    ck_assert_int_eq(hn_phantom_count(p), 320);
    hn_phantom_free(p);
    ck_assert_int_eq(hn_phantom_count(NULL), 0);
    hn_phantom_free(NULL);
    const hn_phantom_options good = {sizeof good, 1, 64, 1, 0, 0.5};
    const hn_phantom_options bad[] = {
        {sizeof good, -1, 64, 1, 0, 0.5},   {sizeof good, 1000001, 64, 1, 0, 0.5}, {sizeof good, 1, 63, 1, 0, 0.5},
        {sizeof good, 1, 2049, 1, 0, 0.5},  {sizeof good, 1, -64, 1, 0, 0.5},      {sizeof good, 1, 64, 41, 0, 0.5},
        {sizeof good, 1, 64, -1, 0, 0.5},   {sizeof good, 1, 64, 1, 0, -0.1},      {sizeof good, 1, 64, 1, 0, 1.01},
        {sizeof good, 1, 64, 1, 0, 0.0 / 0.0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        p = (hn_phantom *)ctx; /* must become NULL */
        ck_assert_int_eq(hn_phantom_create(ctx, &bad[i], &p, &err), HN_E_ARGUMENT);
        ck_assert_ptr_null(p);
        ck_assert_ptr_nonnull(strstr(err.message, "choose"));
    }
    hn_phantom_options small = good;
    small.struct_size = 12;
    ck_assert_int_eq(hn_phantom_create(ctx, &small, &p, &err), HN_E_ABI);
    ck_assert_int_eq(hn_phantom_create(NULL, &good, &p, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_phantom_create(ctx, &good, NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(hn_phantom_create(ctx, &good, NULL, NULL), HN_E_ARGUMENT);
    ck_ok(hn_phantom_create(ctx, &good, &p, &err));
    hn_phantom_free(p);
    hn_context_free(ctx);
}
END_TEST

START_TEST(slices_outside_are_refused) {
    hn_context *ctx = context();
    hn_phantom *p = phantom(ctx, 3, 64, 2, 1, 0.5);
    hn_phantom_slice_info info = {.struct_size = sizeof info, .lesion_px = -7};
    hn_image *image = (hn_image *)ctx, *mask = (hn_image *)ctx;
    ck_assert_int_eq(hn_phantom_count(p), 6);
    ck_assert_int_eq(hn_phantom_render(p, 6, &info, &image, &mask, &err), HN_E_NOT_FOUND);
    ck_assert_ptr_null(image);
    ck_assert_ptr_null(mask);
    ck_assert_int_eq(info.lesion_px, -7);
    ck_assert_int_eq(hn_phantom_render(p, -1, NULL, NULL, NULL, &err), HN_E_NOT_FOUND);
    ck_assert_int_eq(hn_phantom_render(NULL, 0, NULL, NULL, NULL, &err), HN_E_ARGUMENT);
    info.struct_size = 8;
    ck_assert_int_eq(hn_phantom_render(p, 0, &info, NULL, NULL, &err), HN_E_ABI);
    ck_ok(hn_phantom_render(p, 0, NULL, NULL, NULL, &err));
    hn_phantom_free(p);
    hn_context_free(ctx);
}
END_TEST

START_TEST(an_image_is_hu_and_the_mask_grey) {
    hn_context *ctx = context();
    hn_phantom *p = phantom(ctx, 2, 96, 4, 3, 1.0);
    hn_phantom_slice_info info = {.struct_size = sizeof info};
    hn_image_info facts = {.struct_size = sizeof facts};
    hn_image *image, *mask, *shown;
    ck_ok(hn_phantom_render(p, 5, &info, &image, &mask, &err));
    ck_ok(hn_image_get_info(image, &facts, &err));
    ck_assert_int_eq(facts.type, HN_PIXEL_I16);
    ck_assert_int_eq(facts.width, 96);
    ck_assert_int_eq(facts.height, 96);
    ck_assert_int_eq(facts.channels, 1);
    ck_assert_uint_eq(facts.flags & HN_PIXELS_HU, HN_PIXELS_HU);
    ck_ok(hn_image_get_info(mask, &facts, &err));
    ck_assert_int_eq(facts.type, HN_PIXEL_U8);
    ck_assert_int_eq(info.patient, 1);
    ck_assert_int_eq(info.slice, 1);
    ck_assert(info.window_centre == 40.0 && info.window_width == 80.0);
    ck_assert(info.pixel_spacing_mm * 96 >= 230.0 && info.pixel_spacing_mm * 96 <= 240.0);
    ck_assert(info.slice_spacing_mm * 4 > 80.0 && info.slice_spacing_mm * 4 < 125.0);
    const hn_window window = {info.window_centre, info.window_width};
    ck_ok(hn_image_window(image, &window, &shown, &err));
    hn_image_free(shown);
    hn_phantom_free(p);
    hn_context_free(ctx);
    hn_image_free(image); /* outlive phantom and context */
    hn_image_free(mask);
}
END_TEST

/* SHA-256 over HU (little endian) and mask of all slices of 4 patients, size 128, visited from `first` in steps of `step`. */
static void digest(uint64_t seed, int backwards, uint64_t out[4]) {
    enum { N = 128 * 128, SLICES = 5, PATIENTS = 4 };
    hn_context *ctx = context();
    hn_phantom *p = phantom(ctx, PATIENTS, 128, SLICES, seed, 0.75);
    int16_t *hu = malloc(PATIENTS * SLICES * N * sizeof *hu);
    uint8_t *mask = malloc(PATIENTS * SLICES * N), *bytes = malloc(2 * N);
    hni_sha256 h;
    for (int k = 0; k < PATIENTS * SLICES; k++) {
        const int i = backwards ? PATIENTS * SLICES - 1 - k : k;
        (void)render(p, i, hu + (size_t)i * N, mask + (size_t)i * N, N);
    }
    hni_sha256_init(&h);
    for (int i = 0; i < PATIENTS * SLICES; i++) {
        for (int k = 0; k < N; k++) {
            const uint16_t v = (uint16_t)hu[(size_t)i * N + (size_t)k];
            bytes[2 * k] = (uint8_t)v;
            bytes[2 * k + 1] = (uint8_t)(v >> 8);
        }
        hni_sha256_add(&h, bytes, 2 * N);
        hni_sha256_add(&h, mask + (size_t)i * N, N);
    }
    hni_sha256_end(&h, out);
    free(hu);
    free(mask);
    free(bytes);
    hn_phantom_free(p);
    hn_context_free(ctx);
}

START_TEST(the_same_seed_gives_the_same_bytes) {
    uint64_t forwards[4], backwards[4], other[4], wide[4];
    digest(1, 0, forwards);
    digest(1, 1, backwards);
    digest(2, 0, other);
    digest(UINT64_C(0x100000001), 0, wide); /* the seed's upper half counts */
    ck_assert_mem_eq(forwards, backwards, sizeof forwards);
    ck_assert_mem_ne(forwards, other, sizeof forwards);
    ck_assert_mem_ne(forwards, wide, sizeof forwards);
    /* Our own value of release 0.1, not from outside: it changes only with a line in CHANGELOG. The same on every machine. */
    char text[65];
    snprintf(text, sizeof text, "%016llx%016llx%016llx%016llx", (unsigned long long)forwards[0], (unsigned long long)forwards[1],
             (unsigned long long)forwards[2], (unsigned long long)forwards[3]);
    ck_assert_str_eq(text, "13027461496c8bd8805bca2e725b5420bb354e8c12d3518143df891ed1b46804");
}
END_TEST

START_TEST(a_patient_does_not_depend_on_the_population) {
    enum { N = 64 * 64 };
    hn_context *ctx = context();
    hn_phantom *few = phantom(ctx, 8, 64, 3, 9, 0.5), *many = phantom(ctx, 900000, 64, 3, 9, 0.5);
    int16_t a[N], b[N];
    (void)render(few, 7 * 3 + 1, a, NULL, N);
    (void)render(many, 7 * 3 + 1, b, NULL, N);
    ck_assert_mem_eq(a, b, sizeof a);
    (void)render(many, 899999 * 3 + 1, b, NULL, N);
    ck_assert_mem_ne(a, b, sizeof a);
    hn_phantom_free(few);
    hn_phantom_free(many);
    hn_context_free(ctx);
}
END_TEST

START_TEST(tissues_have_their_hu) {
    enum { SIZE = 256, N = SIZE * SIZE };
    hn_context *ctx = context();
    hn_phantom *p = phantom(ctx, 12, SIZE, 8, test_seed(), 0.01);
    int16_t *hu = malloc(N * sizeof *hu);
    uint8_t *mask = malloc(N);
    for (int patient = 0; patient < 12; patient++) {
        int64_t air = 0, brain = 0, bone = 0, fluid = 0, outside = 0;
        double air_sum = 0, brain_sum = 0;
        hn_phantom_slice_info info = render(p, patient * 8 + 4, hu, mask, N); /* at the ventricles' height or just above */
        if (info.patient_types) continue;
        ck_assert_int_eq(info.lesion_px, 0);
        ck_assert(info.volume_ml == 0.0);
        for (int i = 0; i < N; i++) {
            const int x = i % SIZE - SIZE / 2, y = i / SIZE - SIZE / 2;
            outside += hu[i] < -1024 || hu[i] > 3071; /* counted: an assertion a pixel is slow */
            if (y < -SIZE * 45 / 100) air++, air_sum += hu[i];
            if (x * x + y * y < SIZE * SIZE / 25) brain++, brain_sum += hu[i], fluid += hu[i] < 15;
            bone += hu[i] > 400;
        }
        const double share = (double)bone / N;
        ck_assert_int_eq(outside, 0);
        ck_assert_msg(air_sum / air < -980.0 && air_sum / air > -1010.0, "patient %d: air %g HU", patient, air_sum / air);
        ck_assert_msg(brain_sum / brain > 20.0 && brain_sum / brain < 40.0, "patient %d: brain %g HU", patient, brain_sum / brain);
        ck_assert_msg(share > 0.025 && share < 0.22, "patient %d: bone %g of the slice", patient, share);
        ck_assert_msg(fluid < brain / 3, "patient %d: %lld px of fluid", patient, (long long)fluid);
    }
    free(hu);
    free(mask);
    hn_phantom_free(p);
    hn_context_free(ctx);
}
END_TEST

START_TEST(every_type_appears_and_is_bright) {
    enum { SIZE = 192, N = SIZE * SIZE, PATIENTS = 60, SLICES = 8 };
    hn_context *ctx = context();
    hn_phantom *p = phantom(ctx, PATIENTS, SIZE, SLICES, 1, 0.5);
    int16_t *hu = malloc(N * sizeof *hu);
    uint8_t *mask = malloc(N);
    double sum[5] = {0};
    int64_t count[5] = {0};
    int patients[5] = {0}, bleeders = 0, clear_slices = 0;
    for (int64_t i = 0; i < hn_phantom_count(p); i++) {
        hn_phantom_slice_info info = {.struct_size = sizeof info};
        ck_ok(hn_phantom_render(p, i, &info, NULL, NULL, &err));
        ck_assert_uint_eq(info.types & ~info.patient_types, 0);
        ck_assert_int_eq(info.types != 0, info.lesion_px > 0);
        if (info.slice == 0 && info.patient_types) {
            bleeders++;
            for (int t = 0; t < 5; t++) patients[t] += info.patient_types >> t & 1;
        }
        clear_slices += info.patient_types && !info.types;
        if (!info.types || info.types & (info.types - 1)) continue; /* of one type alone: whose pixels they are is known */
        int t = 0, here = 0, odd = 0;
        double mean = 0;
        while (!(info.types >> t & 1)) t++;
        info = render(p, i, hu, mask, N);
        for (int k = 0; k < N; k++) {
            odd += mask[k] != 0 && mask[k] != 255;
            if (mask[k]) here++, mean += hu[k];
        }
        ck_assert_int_eq(odd, 0);
        ck_assert_int_eq(here, info.lesion_px);
        sum[t] += mean;
        count[t] += here;
        if (here >= 50) ck_assert_msg(mean / here > 45.0 && mean / here < 85.0, "slice %lld: %g HU", (long long)i, mean / here);
    }
    ck_assert_int_eq(bleeders, PATIENTS / 2);
    ck_assert_int_gt(clear_slices, 30); /* a patient who bleeds also has slices without */
    for (int t = 0; t < 5; t++) {
        ck_assert_int_ge(patients[t], 4);
        ck_assert_msg(count[t] > 100 && sum[t] / count[t] > 50.0 && sum[t] / count[t] < 80.0, "type %d: %lld px, %g HU", 1 << t,
                      (long long)count[t], sum[t] / count[t]);
    }
    free(hu);
    free(mask);
    hn_phantom_free(p);
    hn_context_free(ctx);
}
END_TEST

/* With many thin slices their areas add up to the volume; with few, a small bleed may lie between two. 25 % is what the sampling of
 * 2.6 mm leaves for bleeds of 2 ml and more: the shape itself is the same. */
START_TEST(volumes_agree_with_the_masks) {
    enum { SLICES = 40, PATIENTS = 8 };
    hn_context *ctx = context();
    hn_phantom *p = phantom(ctx, PATIENTS, 128, SLICES, 4, 1.0);
    int compared = 0;
    double all = 0, all_slices = 0;
    for (int patient = 0; patient < PATIENTS; patient++) {
        double sum = 0, volume = 0;
        for (int slice = 0; slice < SLICES; slice++) {
            const hn_phantom_slice_info info = render(p, patient * SLICES + slice, NULL, NULL, 0);
            const double ml = info.lesion_px * info.pixel_spacing_mm * info.pixel_spacing_mm * info.slice_spacing_mm / 1000.0;
            ck_assert(ml - info.slice_volume_ml < 1e-9 && info.slice_volume_ml - ml < 1e-9);
            ck_assert(slice == 0 || volume == info.volume_ml);
            volume = info.volume_ml;
            sum += info.slice_volume_ml;
        }
        ck_assert_msg(volume > 0.0, "patient %d bleeds 0 ml", patient);
        all += volume;
        all_slices += sum;
        if (volume < 2.0) continue;
        compared++;
        ck_assert_msg(sum > 0.75 * volume && sum < 1.25 * volume, "patient %d: %g ml, its slices %g ml", patient, volume, sum);
    }
    ck_assert_int_ge(compared, 5);
    ck_assert_msg(all_slices > 0.95 * all && all_slices < 1.05 * all, "%g ml, slices %g ml", all, all_slices);
    hn_phantom_free(p);
    hn_context_free(ctx);
}
END_TEST

START_TEST(small_bleeds_exist) {
    hn_context *ctx = context();
    hn_phantom *p = phantom(ctx, 40, 64, 1, 5, 1.0);
    int small = 0, large = 0;
    for (int64_t i = 0; i < 40; i++) {
        const hn_phantom_slice_info info = render(p, i, NULL, NULL, 0);
        small += info.volume_ml < 3.0;
        large += info.volume_ml > 25.0;
    }
    ck_assert_msg(small >= 5 && large >= 3, "%d below 3 ml, %d above 25 ml", small, large);
    hn_phantom_free(p);
    hn_context_free(ctx);
}
END_TEST

/* An allocator whose n-th block is refused. */
typedef struct failing {
    int left;
} failing;

static void *failing_alloc(void *user, size_t size, size_t alignment) {
    failing *f = user;
    if (f->left-- == 0) return NULL;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void failing_free(void *user, void *ptr, size_t size, size_t alignment) {
    (void)user, (void)size, (void)alignment;
    free(ptr);
}

START_TEST(no_memory_is_an_error_and_nothing_stays) {
    failing f = {-1};
    hn_allocator allocator = {.struct_size = sizeof allocator, .user = &f, .alloc = failing_alloc, .free = failing_free};
    hn_context_options options = {.struct_size = sizeof options, .threads = 1, .allocator = &allocator};
    hn_context *ctx;
    hn_memory_info before = {.struct_size = sizeof before}, after = {.struct_size = sizeof after};
    const hn_phantom_options wish = {sizeof wish, 2, 64, 2, 1, 1.0};
    ck_ok(hn_context_create(&options, &ctx, &err));
    ck_ok(hn_context_memory(ctx, &before, &err));
    int done = 0;
    for (int n = 0; n < 40 && !done; n++) {
        hn_phantom *p = NULL;
        hn_image *image = NULL, *mask = NULL;
        f.left = n;
        hn_status status = hn_phantom_create(ctx, &wish, &p, &err);
        if (status == HN_OK) status = hn_phantom_render(p, 0, NULL, &image, &mask, &err);
        done = status == HN_OK;
        if (!done) {
            ck_assert_int_eq(status, HN_E_MEMORY);
            ck_assert_ptr_null(image);
            ck_assert_ptr_null(mask);
        }
        f.left = -1;
        hn_image_free(image);
        hn_image_free(mask);
        hn_phantom_free(p);
        ck_ok(hn_context_memory(ctx, &after, &err));
        ck_assert_uint_eq(after.live_bytes, before.live_bytes);
        ck_assert_uint_eq(after.live_blocks, before.live_blocks);
    }
    ck_assert_int_eq(done, 1);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("phantom");
    TCase *contract = tcase_create("contract"), *pictures = tcase_create("pictures");
    tcase_add_test(contract, options_have_defaults_and_limits);
    tcase_add_test(contract, slices_outside_are_refused);
    tcase_add_test(contract, an_image_is_hu_and_the_mask_grey);
    tcase_add_test(contract, no_memory_is_an_error_and_nothing_stays);
    tcase_set_timeout(pictures, 120);
    tcase_add_test(pictures, the_same_seed_gives_the_same_bytes);
    tcase_add_test(pictures, a_patient_does_not_depend_on_the_population);
    tcase_add_test(pictures, tissues_have_their_hu);
    tcase_add_test(pictures, every_type_appears_and_is_bright);
    tcase_add_test(pictures, volumes_agree_with_the_masks);
    tcase_add_test(pictures, small_bleeds_exist);
    suite_add_tcase(suite, contract);
    suite_add_tcase(suite, pictures);
    return run_suite(suite);
}
