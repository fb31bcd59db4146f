/* What the flag is for: of made-up images that are no head-CT slice at least 95 % are flagged, of slices of patients that the model has never seen
 * at most 5 %. The counts are printed; docs/familiarity.md has those of real slices. */
#include "odd.h"

enum { PATIENTS = 160, SLICES = 3, HELD_OUT = 200, EACH_KIND = 8 };

static hn_context *ctx;
static hn_model *model;
static hn_predictor *predictor;
static hn_phantom *unseen;

static void set_up(void) {
    ctx = odd_context(2);
    hn_phantom *seen = population(ctx, PATIENTS, SLICES, 21);
    hn_dataset *data = population_data(ctx, seen);
    model = train_on(ctx, data, 64, 3, 0);
    unseen = population(ctx, HELD_OUT, SLICES, 22);
    ck_ok(hn_predictor_create(model, NULL, &predictor, &err));
    hn_dataset_free(data);
    hn_phantom_free(seen);
}

static void tear_down(void) {
    hn_predictor_free(predictor);
    hn_model_free(model);
    hn_phantom_free(unseen);
    hn_context_free(ctx);
}

/* The image is given back. */
static bool flagged(hn_image *image) {
    hn_prediction p = {.struct_size = sizeof p};
    ck_ok(hn_predict(predictor, image, &p, &err));
    ck_assert_msg(p.novelty >= 0 && p.novelty <= 1000, "novelty %g", p.novelty);
    ck_assert_int_eq(p.novelty > 1, (p.flags & HN_PREDICTION_UNFAMILIAR) != 0);
    hn_image_free(image);
    return p.novelty > 1;
}

START_TEST(heads_of_others_are_mostly_let_through) {
    const int64_t n = hn_phantom_count(unseen);
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) count += flagged(head_image(unseen, i));
    printf("held-out heads: %lld of %lld flagged\n", (long long)count, (long long)n);
    ck_assert_int_ge(n, 200);
    ck_assert_msg(count * 100 <= n * 5, "%lld of %lld held-out heads are flagged", (long long)count, (long long)n);
}
END_TEST

START_TEST(what_is_no_head_is_flagged) {
    int all = 0, n = 0;
    for (int kind = 0; kind < ODD_KINDS; kind++) {
        int count = 0;
        for (int k = 0; k < EACH_KIND; k++) {
            canvas head;
            head_canvas(unseen, 3 * k + k % SLICES, &head);
            count += flagged(odd_image(ctx, kind, k, &head));
        }
        printf("%s: %d of %d flagged\n", odd_kinds[kind].name, count, EACH_KIND);
        all += count;
        n += EACH_KIND;
    }
    printf("no heads: %d of %d flagged\n", all, n);
    ck_assert_int_ge(n, 200);
    ck_assert_msg(all * 100 >= n * 95, "only %d of %d images that are no heads are flagged", all, n);
}
END_TEST

/* Colour, palette, 16 bits, JPEG: patterns of the readers' tests. */
START_TEST(test_pictures_are_flagged) {
    static const char *const files[] = {"baseline.jpg", "bits1.png", "channels1.png", "channels3.png", "deep.pgm", "filtered.png", "grey.jpg", "grey16.png",
                                        "palette.png", "rgb.ppm", "rgb24.bmp", "rgba16.png", "wide.jpg"};
    int count = 0, n = sizeof files / sizeof *files;
    for (int i = 0; i < n; i++) {
        char path[128];
        hn_image *image = NULL;
        snprintf(path, sizeof path, GOLDEN("images/%s"), files[i]);
        ck_ok(hn_image_load(ctx, path, NULL, &image, &err));
        const bool yes = flagged(image);
        if (!yes) printf("%s passes for a head\n", files[i]);
        count += yes;
    }
    printf("test pictures: %d of %d flagged\n", count, n);
    ck_assert_int_eq(count, n);
}
END_TEST

int main(void) {
    Suite *s = suite_create("familiar/odd");
    TCase *c = tcase_create("flags");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, heads_of_others_are_mostly_let_through);
    tcase_add_test(c, what_is_no_head_is_flagged);
    tcase_add_test(c, test_pictures_are_flagged);
    suite_add_tcase(s, c);
    return run_suite(s);
}
