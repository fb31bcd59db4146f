/* Volumes of invented patients, whose bleeds' true volumes the phantom knows: by counting pixels of the masks, and by the bedside estimate. */
#include <math.h>

#include "../host.h"
#include "../test.h"
#include "haemnet/haemnet.h"

enum { PATIENTS = 16, SLICES = 24, SIDE = 128, PLANE = SIDE * SIDE };
static hn_error err;

typedef struct patient {
    uint32_t types;
    double truth, counted, abc2, weighted; /* ml */
} patient;

static patient measure(hn_context *ctx, const hn_phantom *phantom, int32_t number, float *maps) {
    static uint8_t mask[PLANE];
    hn_phantom_slice_info info = {.struct_size = sizeof info};
    for (int32_t z = 0; z < SLICES; z++) {
        hn_image *image = NULL;
        ck_ok(hn_phantom_render(phantom, (int64_t)number * SLICES + z, &info, NULL, &image, &err));
        ck_ok(hn_image_copy_pixels(image, mask, sizeof mask, NULL, &err));
        for (int i = 0; i < PLANE; i++) maps[z * PLANE + i] = mask[i] ? 1.0f : 0.0f;
        hn_image_free(image);
    }
    const hn_region_options o = {.struct_size = sizeof o, .spacing_x = info.pixel_spacing_mm, .spacing_z = info.slice_spacing_mm};
    patient p = {.types = info.patient_types, .truth = info.volume_ml};
    hn_regions *r = NULL;
    ck_ok(hn_regions_find(ctx, maps, SIDE, SIDE, SLICES, &o, &r, &err));
    for (int32_t i = 0; i < hn_regions_count(r); i++) {
        hn_region g = {.struct_size = sizeof g};
        ck_ok(hn_regions_get(r, i, &g, &err));
        ck_assert(g.abc2_weighted_ml <= g.abc2_ml);
        p.counted += g.volume_ml;
        p.abc2 += g.abc2_ml;
        p.weighted += g.abc2_weighted_ml;
    }
    hn_regions_free(r);
    return p;
}

START_TEST(as_the_phantom_knows) {
    hn_context *ctx = NULL;
    hn_phantom *phantom = NULL;
    hn_context_options options = {.struct_size = sizeof options, .plugin_dir = "", .threads = 1};
    test_host_apply(&options);
    const hn_phantom_options people = {.struct_size = sizeof people, .patients = PATIENTS, .size = SIDE, .slices_per_patient = SLICES, .seed = 5,
                                       .bleed_share = 1};
    ck_ok(hn_context_create(&options, &ctx, &err));
    ck_ok(hn_phantom_create(ctx, &people, &phantom, &err));
    float *maps = malloc(sizeof *maps * SLICES * PLANE);
    double error = 0, total = 0, round_error = 0, round_total = 0;
    int round_ones = 0;
    for (int32_t i = 0; i < PATIENTS; i++) {
        const patient p = measure(ctx, phantom, i, maps);
        printf("types %2u: %6.2f ml, counted %6.2f, A B C / 2 %6.2f, weighted %6.2f\n", p.types, p.truth, p.counted, p.abc2, p.weighted);
        error += fabs(p.counted - p.truth);
        total += p.truth;
        if (p.types != HN_BLEED_INTRAPARENCHYMAL) continue; /* the only ones that an ellipsoid is a model of */
        round_ones++;
        round_error += fabs(p.weighted - p.truth);
        round_total += p.truth;
    }
    printf("counted: %.2f of %.1f ml away; weighted A B C / 2 of %d within the brain: %.2f of %.1f ml\n", error, total, round_ones, round_error,
           round_total);
    ck_assert(error < 0.03 * total);
    ck_assert(round_ones > 0 && round_error < 0.3 * round_total);
    free(maps);
    hn_phantom_free(phantom);
    hn_context_free(ctx);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("volumes");
    TCase *t = tcase_create("volumes");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, as_the_phantom_knows);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
