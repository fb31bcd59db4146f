/* test_neighbours.c - slices beside a slice: found by patient, study and number in the whole store, across gaps, past bad files, also from a part of
 * a split; and mean and deviation over a set. */
#include <math.h>

#include "data/loader.h"
#include "data/statistics.h"
#include "help.h"

static const hni_preproc three = {.width = 4, .height = 4, .channels = 3, .slices = 3}, five = {.width = 4, .height = 4, .channels = 5, .slices = 5};

/* Rows, their patients and numbers; the pixel value of row i is 10 + i. Row 7 is damaged. */
static const char manifest[] = "file,label,patient,study,slice\n"
                               "00.pgm,a,P1,S1,5\n"   /*  0: between 8 and 3 */
                               "01.pgm,b,P1,S2,6\n"   /*  1: another study */
                               "02.pgm,a,P2,S1,6\n"   /*  2: another patient */
                               "03.pgm,b,P1,S1,9\n"   /*  3: the next after a gap */
                               "04.pgm,a,,S1,4\n"     /*  4: no patient */
                               "05.pgm,b,P1,S1,\n"    /*  5: no number */
                               "06.pgm,a,P3,,2\n"     /*  6: 6, 7, 9: no study; 7 is bad */
                               "07.pgm,b,P3,,3\n"     /*  7 */
                               "08.pgm,a,P1,S1,2\n"   /*  8: the lowest */
                               "09.pgm,b,P3,,4\n"     /*  9 */
                               "10.pgm,a,P4,,1\n"     /* 10: 10 and 11 have one number */
                               "11.pgm,b,P4,,1\n"     /* 11 */
                               "12.pgm,a,P4,,2\n"     /* 12 */
                               "13.pgm,b,P4,,2\n";    /* 13 */
enum { ROWS = 14 };

static void write_rows(void) {
    for (int i = 0; i < ROWS; i++) {
        if (i == 7) write_text(at("%02d.pgm", i), "no image");
        else write_pgm(at("%02d.pgm", i), 10 + i);
    }
    write_text(at("manifest.csv"), manifest);
}

static hn_dataset *open_rows(void) {
    hn_dataset *ds = NULL;
    const hn_dataset_options options = {.struct_size = sizeof options};
    ck_ok(hn_dataset_open(ctx, at("manifest.csv"), &options, &ds, &err));
    return ds;
}

/* What a pass gives: for each row the value of each channel; -1 where the row is missing. */
static void channels_of(hn_dataset *ds, const hni_preproc *pre, int got[][5]) {
    hni_loader *loader;
    hni_batch batch;
    ck_ok(hni_loader_create(ds, pre, 3, 2, &loader, &err));
    for (int64_t i = 0; i < hni_dataset_rows(ds); i++)
        for (int c = 0; c < 5; c++) got[i][c] = -1;
    for (;;) {
        ck_ok(hni_loader_next(loader, NULL, &batch, &err));
        if (!batch.count) break;
        for (int32_t i = 0; i < batch.count; i++)
            for (int32_t c = 0; c < pre->channels; c++) {
                const uint8_t *plane = batch.pixels + (i * pre->channels + c) * 16;
                for (int k = 1; k < 16; k++) ck_assert_uint_eq(plane[k], plane[0]);
                got[batch.rows[i]][c] = plane[0];
            }
    }
    hni_loader_free(loader);
}

static void check(const int got[5], int row, const int *want, int n) {
    for (int c = 0; c < n; c++) ck_assert_msg(got[c] == want[c], "row %d, channel %d: %d, want %d", row, c, got[c], want[c]);
}

START_TEST(neighbours) {
    static const int want3[ROWS][3] = {{18, 10, 13}, {11, 11, 11}, {12, 12, 12}, {10, 13, 13}, {14, 14, 14}, {15, 15, 15}, {16, 16, 16},
                                       {-1, -1, -1}, {18, 18, 10}, {19, 19, 19}, {20, 20, 22}, {21, 21, 22}, {21, 22, 22}, {21, 23, 23}};
    static const int want5[ROWS][5] = {{18, 18, 10, 13, 13}, {11, 11, 11, 11, 11}, {12, 12, 12, 12, 12}, {18, 10, 13, 13, 13}, {14, 14, 14, 14, 14},
                                       {15, 15, 15, 15, 15}, {16, 16, 16, 16, 19}, {-1, -1, -1, -1, -1}, {18, 18, 18, 10, 13}, {16, 19, 19, 19, 19},
                                       {20, 20, 20, 22, 22}, {21, 21, 21, 22, 22}, {21, 21, 22, 22, 22}, {21, 21, 23, 23, 23}};
    int got[ROWS][5];
    write_rows();
    hn_dataset *ds = open_rows();
    for (int cached = 0; cached < 2; cached++) {
        channels_of(ds, &three, got);
        for (int i = 0; i < ROWS; i++) check(got[i], i, want3[i], 3);
    }
    channels_of(ds, &five, got);
    for (int i = 0; i < ROWS; i++) check(got[i], i, want5[i], 5);
    hn_dataset_free(ds);
}
END_TEST

/* A part of a split sees neighbours that are not in it. */
START_TEST(neighbours_across_parts) {
    hn_dataset *ds = NULL, *train = NULL, *test = NULL;
    const hn_dataset_options options = {.struct_size = sizeof options, .group_pattern = "none"};
    const hn_split_options halves = {.struct_size = sizeof halves, .train_ratio = 0.5, .seed = 3};
    char text[2000] = "file,label,patient,slice\n";
    int got[40][5], across = 0;
    for (int i = 0; i < 40; i++) {
        write_pgm(at("%02d.pgm", i), i);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%02d.pgm,%s,P,%d\n", i, i % 2 ? "a" : "b", i);
    }
    write_text(at("m.csv"), text);
    ck_ok(hn_dataset_create(ctx, &options, &ds, &err));
    ck_ok(hn_dataset_add_manifest(ds, at("m.csv"), &err));
    ck_ok(hn_dataset_split(ds, &halves, &train, &test, &err));
    channels_of(test, &three, got);
    for (int64_t i = 0; i < hni_dataset_rows(test); i++) {
        const int own = row_of(test, i).slice, want[3] = {own > 0 ? own - 1 : 0, own, own < 39 ? own + 1 : 39};
        check(got[i], own, want, 3);
        across += i > 0 && row_of(test, i - 1).slice != own - 1;
    }
    ck_assert_int_gt(across, 0);
    hn_dataset_free(ds), hn_dataset_free(train), hn_dataset_free(test);
}
END_TEST

START_TEST(memory_fails) {
    hn_context *mine = ctx;
    int fails = 0;
    write_rows();
    for (int n = 1; n < 400; n += n < 60 ? 1 : 7) {
        hn_dataset *ds = NULL;
        hni_loader *loader = NULL;
        hni_batch batch = {.count = 1};
        ctx = failing_context();
        ds = open_rows();
        countdown = n;
        hn_status status = hni_loader_create(ds, &five, 4, 1, &loader, &err);
        while (!status && batch.count) status = hni_loader_next(loader, NULL, &batch, &err);
        fails += status != HN_OK;
        ck_assert_msg(status == HN_OK || status == HN_E_MEMORY, "allocation %d: %s", n, err.message);
        const bool over = countdown > 0;
        countdown = 0;
        hni_loader_free(loader);
        hn_dataset_free(ds);
        hni_context_unref(ctx);
        if (over) break;
    }
    ck_assert_int_gt(fails, 20);
    ctx = mine;
}
END_TEST

/* By hand: 13 readable images of one level each. */
START_TEST(statistics) {
    double mean[3] = {9, 9, 9}, deviation[3] = {9, 9, 9}, sum = 0, squares = 0;
    const hni_preproc one = {.width = 4, .height = 4, .channels = 1};
    int64_t images = 0;
    write_rows();
    hn_dataset *ds = open_rows();
    ck_ok(hni_dataset_statistics(ds, &one, NULL, mean, deviation, &images, &err));
    ck_assert_int_eq(images, 13);
    for (int i = 0; i < ROWS; i++)
        if (i != 7) sum += 10 + i;
    for (int i = 0; i < ROWS; i++)
        if (i != 7) squares += (10 + i - sum / 13) * (10 + i - sum / 13);
    ck_assert_double_eq_tol(mean[0], sum / 13 / 255, 1e-15);
    ck_assert_double_eq_tol(deviation[0], sqrt(squares / 13) / 255, 1e-15);
    ck_assert(mean[1] == 9 && deviation[1] == 9);
    ck_ok(hni_dataset_statistics(ds, &three, NULL, mean, deviation, &images, &err));
    ck_assert_double_eq_tol(mean[1], sum / 13 / 255, 1e-15);
    ck_assert(mean[0] != mean[1] && mean[2] != mean[1]);
    hn_dataset_free(ds);
    write_text(at("x/a/1.pgm"), "none");
    write_text(at("x/b/1.pgm"), "none");
    ck_ok(hn_dataset_open(ctx, at("x"), NULL, &ds, &err));
    ck_fails(hni_dataset_statistics(ds, &one, NULL, mean, deviation, &images, &err), HN_E_DATA);
    hn_dataset_free(ds);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {neighbours, neighbours_across_parts, memory_fails, statistics};
    Suite *suite = suite_create("neighbours");
    TCase *tcase = tcase_create("neighbours");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) tcase_add_test(tcase, cases[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
