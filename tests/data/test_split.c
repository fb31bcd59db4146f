/* test_split.c - splits and folds: no group is ever divided, classes keep their shares, same seed same split. */
#include <math.h>

#include "help.h"

static hn_dataset *ds, *train, *test;

static hn_split_options ratio(double r, uint64_t seed) {
    return (hn_split_options){.struct_size = sizeof(hn_split_options), .train_ratio = r, .seed = seed};
}

static hn_split_options fold_of(int32_t folds, int32_t fold, uint64_t seed) {
    return (hn_split_options){.struct_size = sizeof(hn_split_options), .folds = folds, .fold = fold, .seed = seed};
}

/* `n` rows of class `name`, each its own group. */
static void add_singles(const char *name, int n) {
    char path[64];
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s_%d.png", name, i);
        ck_ok(hn_dataset_add_file(ds, path, name, path, &err));
    }
}

static void free_parts(void) {
    hn_dataset_free(train);
    hn_dataset_free(test);
    train = test = NULL;
}

static int64_t count_label(hn_dataset *set, int32_t label) {
    int64_t n = 0;
    for (int64_t i = 0; i < hni_dataset_rows(set); i++) n += hni_dataset_label(set, i) == label;
    return n;
}

/* Every row of the parent is on one side, in order, and no group is on both. */
static void check_parts(hn_dataset *parent) {
    int64_t a = 0, b = 0, n_train = hni_dataset_rows(train), n_test = hni_dataset_rows(test);
    ck_assert_int_eq(n_train + n_test, hni_dataset_rows(parent));
    uint8_t *side = calloc(parent->store->names.count, 1);
    for (int64_t i = 0; i < hni_dataset_rows(parent); i++) {
        uint32_t row = hni_dataset_store_row(parent, i), group = parent->store->rows[row].group;
        uint8_t mine = 0;
        if (a < n_train && hni_dataset_store_row(train, a) == row) mine = 1, a++;
        else if (b < n_test && hni_dataset_store_row(test, b) == row) mine = 2, b++;
        ck_assert_int_ne(mine, 0);
        if (group) {
            ck_assert(side[group] == 0 || side[group] == mine);
            side[group] = mine;
        }
    }
    free(side);
}

START_TEST(exact_rounding_of_every_class) {
    static const struct { int n[3]; double ratio; int train[3]; } cases[] = {
        {{75, 75, 0}, 0.8, {60, 60, 0}}, {{100, 10, 3}, 0.7, {70, 7, 2}}, {{7, 9, 11}, 0.8, {6, 7, 9}}, {{50, 1, 1}, 0.5, {25, -1, -1}},
        {{1000, 33, 0}, 0.9, {900, 30, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hn_split_options options = ratio(cases[i].ratio, i);
        static const char *const names[] = {"a", "b", "c"};
        ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
        for (int k = 0; k < 3; k++) add_singles(names[k], cases[i].n[k]);
        ck_ok(hn_dataset_split(ds, &options, &train, &test, &err));
        check_parts(ds);
        for (int k = 0; k < 3; k++) {
            if (cases[i].train[k] >= 0) ck_assert_int_eq(count_label(train, k), cases[i].train[k]);
        }
        ck_assert_int_eq(info_of(train).flags, 0);
        free_parts();
        hn_dataset_free(ds);
    }
}
END_TEST

START_TEST(folds_partition) {
    for (int k = 2; k <= 7; k++) {
        int seen[120] = {0};
        ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
        add_singles("a", 61);
        add_singles("b", 40);
        add_singles("c", 19);
        for (int fold = 0; fold < k; fold++) {
            hn_split_options options = fold_of(k, fold, 5);
            ck_ok(hn_dataset_split(ds, &options, &train, &test, &err));
            check_parts(ds);
            static const int n[] = {61, 40, 19};
            for (int c = 0; c < 3; c++) {
                ck_assert_int_ge(count_label(test, c), n[c] / k);
                ck_assert_int_le(count_label(test, c), (n[c] + k - 1) / k);
            }
            ck_assert_int_le(llabs(hni_dataset_rows(test) - 120 / k), 1);
            for (int64_t i = 0; i < hni_dataset_rows(test); i++) seen[hni_dataset_store_row(test, i)]++;
            free_parts();
        }
        for (int i = 0; i < 120; i++) ck_assert_int_eq(seen[i], 1);
        hn_dataset_free(ds);
    }
}
END_TEST

START_TEST(seeds) {
    uint32_t first[100] = {0};
    int same = 0;
    ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
    add_singles("a", 60);
    add_singles("b", 40);
    for (int i = 0; i < 3; i++) { /* seeds 7, 7, 8 */
        hn_split_options options = ratio(0.8, i < 2 ? 7 : 8);
        ck_ok(hn_dataset_split(ds, &options, &train, &test, &err));
        same = 0;
        for (int64_t k = 0; k < 20; k++) {
            uint32_t row = hni_dataset_store_row(test, k);
            if (i == 0) first[row] = 1;
            same += (int)first[row];
        }
        if (i < 2) ck_assert_int_eq(same, 20);
        free_parts();
    }
    ck_assert_int_lt(same, 15);
    hn_dataset_free(ds);
}
END_TEST

/* Random patients of random sizes: never divided, and the shares of both classes near what was asked for. */
START_TEST(groups_stay_whole) {
    uint64_t state = test_seed();
    for (int round = 0; round < 20; round++) {
        char path[32], group[32];
        int rows = 0, total[2] = {0, 0};
        ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
        for (int p = 0; p < 60; p++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            int n = 1 + (int)((state >> 33) % 40), sick = p % 3 == 0 ? (int)((state >> 40) % (uint64_t)n) : 0;
            snprintf(group, sizeof group, "p%d", p);
            for (int i = 0; i < n; i++) {
                snprintf(path, sizeof path, "%d", rows++);
                ck_ok(hn_dataset_add_file(ds, path, i < sick ? "bleed" : "no_bleed", group, &err));
                total[i >= sick]++;
            }
        }
        hn_split_options options = ratio(0.75, (uint64_t)round);
        ck_ok(hn_dataset_split(ds, &options, &train, &test, &err));
        check_parts(ds);
        for (int c = 0; c < 2; c++) ck_assert(fabs((double)count_label(train, c) / total[c] - 0.75) < 0.03);
        free_parts();
        for (int fold = 0; fold < 5; fold++) {
            options = fold_of(5, fold, (uint64_t)round);
            ck_ok(hn_dataset_split(ds, &options, &train, &test, &err));
            check_parts(ds);
            for (int c = 0; c < 2; c++) ck_assert(fabs((double)count_label(test, c) / total[c] - 0.2) < 0.06);
            free_parts();
        }
        hn_dataset_free(ds);
    }
}
END_TEST

START_TEST(unknown_groups_are_flagged) {
    hn_split_options options = ratio(0.5, 0);
    ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
    add_singles("a", 9);
    ck_ok(hn_dataset_add_file(ds, "loner", "a", NULL, &err));
    ck_ok(hn_dataset_split(ds, &options, &train, &test, &err));
    ck_assert_int_eq(info_of(train).flags, HN_DATA_GROUPS_UNKNOWN); /* both, though the row is on one side only */
    ck_assert_int_eq(info_of(test).flags, HN_DATA_GROUPS_UNKNOWN);
    free_parts();
    hn_dataset_free(ds);
}
END_TEST

START_TEST(many_labels) {
    static const char *const columns[] = {"x", "y", "z"};
    hn_dataset_options options = {.struct_size = sizeof options, .label_columns = columns, .n_label_columns = 3};
    hn_split_options by = ratio(0.8, 3);
    FILE *f = fopen(at("m.csv"), "w");
    fprintf(f, "file,x,y,z\n");
    for (int i = 0; i < 203; i++) fprintf(f, "%d.png,%d,%d,%d\n", i, i % 2, i % 5 == 0, i > 199);
    fclose(f);
    ck_ok(hn_dataset_open(ctx, at("m.csv"), &options, &ds, &err));
    ck_ok(hn_dataset_split(ds, &by, &train, &test, &err));
    check_parts(ds);
    int n[3] = {0};
    for (int64_t i = 0; i < hni_dataset_rows(test); i++) {
        for (int k = 0; k < 3; k++) n[k] += (int)(hni_dataset_labels(test, i) >> k & 1);
    }
    ck_assert_int_le(abs((int)hni_dataset_rows(test) - 41), 1);
    ck_assert_int_le(abs(n[0] - 20), 1);
    ck_assert_int_le(abs(n[1] - 8), 1);
    free_parts();
    hn_dataset_free(ds);
    /* Patterns that are all different still make two parts of the right size. */
    f = fopen(at("m.csv"), "w");
    fprintf(f, "file,x,y,z\n");
    for (int i = 0; i < 8; i++) fprintf(f, "%d.png,%d,%d,%d\n", i, i & 1, i >> 1 & 1, i >> 2);
    fclose(f);
    by.train_ratio = 0.75;
    ck_ok(hn_dataset_open(ctx, at("m.csv"), &options, &ds, &err));
    ck_ok(hn_dataset_split(ds, &by, &train, &test, &err));
    ck_assert_int_eq(hni_dataset_rows(test), 2);
    free_parts();
    hn_dataset_free(ds);
}
END_TEST

START_TEST(manifest_folds) {
    hn_split_options options = fold_of(3, 1, 99);
    write_text(at("m.csv"), "file,label,patient,fold\na,x,1,1\nb,y,2,4\nc,x,1,1\nd,y,3,9\ne,x,4,4\n");
    ck_ok(hn_dataset_open(ctx, at("m.csv"), NULL, &ds, &err));
    ck_assert_int_eq(info_of(ds).n_folds, 3);
    ck_ok(hn_dataset_split(ds, &options, &train, &test, &err)); /* the second value, 4 */
    check_parts(ds);
    ck_assert_int_eq(hni_dataset_rows(test), 2);
    ck_assert_int_eq(row_of(test, 0).fold, 4);
    ck_assert_int_eq(row_of(test, 1).fold, 4);
    free_parts();
    options = fold_of(2, 0, 99); /* another number of folds: ours, by seed */
    ck_ok(hn_dataset_split(ds, &options, &train, &test, &err));
    check_parts(ds);
    free_parts();
    hn_dataset_free(ds);
    write_text(at("m.csv"), "file,label,patient,fold\na,x,1,0\nb,y,2,1\nc,x,1,1\n");
    options = fold_of(2, 0, 0);
    ck_ok(hn_dataset_open(ctx, at("m.csv"), NULL, &ds, &err));
    ck_fails(hn_dataset_split(ds, &options, &train, &test, &err), HN_E_DATA);
    ck_says("group 1");
    ck_assert_ptr_null(train);
    ck_ok(hn_dataset_add_file(ds, "d", "x", NULL, &err)); /* a failed split does not freeze */
    hn_dataset_free(ds);
}
END_TEST

START_TEST(what_cannot_be_split) {
    hn_split_options options = ratio(0.8, 0);
    ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
    ck_fails(hn_dataset_split(ds, NULL, &train, &test, &err), HN_E_DATA);
    for (int i = 0; i < 10; i++) ck_ok(hn_dataset_add_file(ds, "f", i % 2 ? "a" : "b", "one patient", &err));
    ck_fails(hn_dataset_split(ds, &options, &train, &test, &err), HN_E_DATA);
    ck_says("test part would be empty");
    ck_assert_ptr_null(train);
    ck_assert_ptr_null(test);
    options = fold_of(2, 0, 0);
    ck_fails(hn_dataset_split(ds, &options, &train, &test, &err), HN_E_DATA);
    ck_says("2 folds of 1 groups");
    static const struct { int32_t folds, fold, flags; double ratio; } bad[] = {
        {1, 0, 0, 0}, {-1, 0, 0, 0}, {2, 2, 0, 0}, {2, -1, 0, 0}, {0, 0, 0, 1.0}, {0, 0, 0, -.1}, {0, 0, 0, NAN}, {0, 0, 2, .5}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options = (hn_split_options){.struct_size = sizeof options, .folds = bad[i].folds, .fold = bad[i].fold, .flags = bad[i].flags,
                                     .train_ratio = bad[i].ratio};
        ck_fails(hn_dataset_split(ds, &options, &train, &test, &err), HN_E_ARGUMENT);
    }
    options.struct_size = 3;
    ck_fails(hn_dataset_split(ds, &options, &train, &test, &err), HN_E_ABI);
    ck_fails(hn_dataset_split(ds, NULL, &train, NULL, &err), HN_E_ARGUMENT);
    ck_fails(hn_dataset_split(ds, NULL, &train, &train, &err), HN_E_ARGUMENT);
    hn_dataset_free(ds);
}
END_TEST

/* A part can be split again: the training part gives a validation part. */
START_TEST(split_of_a_split) {
    hn_dataset *outer_train, *outer_test;
    hn_split_options options = ratio(0.8, 1);
    ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
    add_singles("a", 50);
    add_singles("b", 50);
    ck_ok(hn_dataset_split(ds, &options, &outer_train, &outer_test, &err));
    ck_ok(hn_dataset_split(outer_train, &options, &train, &test, &err));
    check_parts(outer_train);
    ck_assert_int_eq(hni_dataset_rows(train), 64);
    free_parts();
    hn_dataset_free(outer_train);
    hn_dataset_free(outer_test);
    hn_dataset_free(ds);
}
END_TEST

/* How often, over many seeds, each group that has a positive row is in the test part, and each pair of them in one fold. */
enum { MANY = 64, SEEDS = 60, FOLD_SEEDS = 40 };

/* The positive groups' numbers among all names, in the order of their first positive rows; at most MANY. */
static int positive_groups(hn_dataset *set, uint32_t group[MANY]) {
    int n = 0;
    for (int64_t i = 0; i < hni_dataset_rows(set); i++) {
        uint32_t name = set->store->rows[hni_dataset_store_row(set, i)].group;
        bool known = hni_dataset_label(set, i) != hni_dataset_positive(set);
        for (int k = 0; k < n && !known; k++) known = group[k] == name;
        if (!known && n < MANY) group[n++] = name;
    }
    return n;
}

static bool holds_group(hn_dataset *set, uint32_t group) {
    for (int64_t i = 0; i < hni_dataset_rows(set); i++) {
        if (set->store->rows[hni_dataset_store_row(set, i)].group == group) return true;
    }
    return false;
}

static void check_random_ratio(void) {
    uint32_t group[MANY];
    int n = positive_groups(ds, group), times[MANY] = {0}, least = SEEDS, most = 0;
    int32_t positive = hni_dataset_positive(ds);
    double rows = (double)hni_dataset_rows(ds), sick = (double)count_label(ds, positive), low = 9, high = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        hn_split_options by = ratio(0.8, (uint64_t)seed);
        ck_ok(hn_dataset_split(ds, &by, &train, &test, &err));
        check_parts(ds);
        for (int k = 0; k < n; k++) times[k] += holds_group(test, group[k]);
        double part = (double)hni_dataset_rows(test), share = (double)count_label(test, positive) / part / (sick / rows);
        low = fmin(low, share);
        high = fmax(high, share);
        ck_assert_msg(fabs(part / rows - 0.2) <= 0.05, "seed %d: %.0f of %.0f rows", seed, part, rows);
        ck_assert_msg(share >= 0.5 && share <= 2, "seed %d: %.2f times the positive share", seed, share);
        free_parts();
    }
    for (int k = 0; k < n; k++) {
        if (times[k] < least) least = times[k];
        if (times[k] > most) most = times[k];
    }
    printf("%d positive groups: in the test part %d to %d times of %d, %.2f to %.2f of the positive share\n", n, least, most, SEEDS, low,
           high);
    ck_assert_int_ge(least, 1);
    ck_assert_int_le(most, SEEDS * 6 / 10);
}

static void check_random_folds(void) {
    uint32_t group[MANY];
    int n = positive_groups(ds, group), together[MANY][MANY] = {{0}}, most = 0;
    for (int seed = 0; seed < FOLD_SEEDS; seed++) {
        int where[MANY] = {0};
        for (int32_t fold = 0; fold < 5; fold++) {
            hn_split_options by = fold_of(5, fold, (uint64_t)seed);
            ck_ok(hn_dataset_split(ds, &by, &train, &test, &err));
            for (int k = 0; k < n; k++) where[k] = holds_group(test, group[k]) ? fold : where[k];
            free_parts();
        }
        for (int a = 0; a < n; a++) {
            for (int b = 0; b < a; b++) together[a][b] += where[a] == where[b];
        }
    }
    for (int a = 0; a < n; a++) {
        for (int b = 0; b < a; b++) most = together[a][b] > most ? together[a][b] : most;
    }
    printf("pairs of %d positive groups: in one fold at most %d times of %d\n", n, most, FOLD_SEEDS);
    ck_assert_int_le(most, FOLD_SEEDS * 6 / 10);
}

/* 56 patients, 24 of them with 1 to 29 positive slices of 20 to 49. */
START_TEST(seeds_decide_about_unequal_groups) {
    char path[32], group[32];
    ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
    for (int p = 0; p < 56; p++) {
        int n = 20 + p * 37 % 30, sick = p % 7 < 3 ? 1 + p * p * 5 % 29 * (p % 5) / 4 : 0;
        snprintf(group, sizeof group, "p%d", p);
        for (int i = 0; i < n; i++) {
            snprintf(path, sizeof path, "%d_%d", p, i);
            ck_ok(hn_dataset_add_file(ds, path, i < sick ? "bleed" : "no_bleed", group, &err));
        }
    }
    check_random_ratio();
    check_random_folds();
    hn_dataset_free(ds);
}
END_TEST

START_TEST(seeds_decide_about_real_patients) {
    static const char *const column[] = {"hemorrhage"};
    hn_dataset_options options = {.struct_size = sizeof options, .label_columns = column, .n_label_columns = 1};
    const char *path = shared_path("ct-ich/manifest.csv");
    if (!path) SKIP("no ct-ich");
    ck_ok(hn_dataset_open(ctx, path, &options, &ds, &err));
    check_random_ratio();
    check_random_folds();
    hn_dataset_free(ds);
}
END_TEST

START_TEST(real_patients) {
    static const char *const column[] = {"hemorrhage"};
    hn_dataset_options options = {.struct_size = sizeof options, .label_columns = column, .n_label_columns = 1};
    const char *path = shared_path("ct-ich/manifest.csv");
    if (!path) SKIP("no ct-ich");
    ck_ok(hn_dataset_open(ctx, path, &options, &ds, &err));
    hn_dataset_info info = info_of(ds);
    ck_assert_int_eq(info.n_rows, 1715);
    ck_assert_int_eq(info.n_groups, 56);
    ck_assert_int_eq(info.flags, 0);
    ck_assert_int_eq(info.positive, 0);
    ck_assert_str_eq(hn_dataset_class_name(ds, 0), "hemorrhage");
    ck_assert_int_eq(count_label(ds, 0), 206);
    for (int32_t fold = 0; fold < 5; fold++) {
        hn_split_options by = fold_of(5, fold, 0);
        ck_ok(hn_dataset_split(ds, &by, &train, &test, &err));
        check_parts(ds);
        int64_t rows = hni_dataset_rows(test), sick = count_label(test, 0);
        printf("ct-ich fold %d: %lld rows, %lld positive (%.3f), %lld patients\n", fold, (long long)rows, (long long)sick,
               (double)sick / (double)rows, (long long)info_of(test).n_groups);
        ck_assert(fabs((double)rows / 1715 - 0.2) < 0.02);
        ck_assert(fabs((double)sick / (double)rows - 206.0 / 1715) < 0.015);
        free_parts();
    }
    hn_dataset_free(ds);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {exact_rounding_of_every_class, folds_partition, seeds, groups_stay_whole, unknown_groups_are_flagged,
                                  many_labels, manifest_folds, what_cannot_be_split, split_of_a_split, seeds_decide_about_unequal_groups,
                                  seeds_decide_about_real_patients, real_patients};
    return run_cases("split", cases, sizeof cases / sizeof *cases);
}
