/* test_audit.c - leaks made on purpose out of phantom slices: patients, files, pixels, near copies in every orientation; none in honest parts; copies
 * that a split keeps together; classes that file size, image size, border and format give away. */
#include <math.h>

#include "haemnet/audit.h"
#include "slices.h"

enum { PATIENTS = 12 };

static hn_audit_info audit_info(const hn_audit *audit) {
    hn_audit_info info = {.struct_size = sizeof info};
    ck_ok(hn_audit_get_info(audit, &info, &err));
    return info;
}

static hn_finding finding(const hn_audit *audit, int64_t index) {
    hn_finding f = {.struct_size = sizeof f};
    ck_ok(hn_audit_finding(audit, index, &f, &err));
    return f;
}

static hn_dataset *new_set(void) {
    hn_dataset *ds = NULL;
    ck_ok(hn_dataset_create(ctx, NULL, &ds, &err));
    return ds;
}

/* Slices of patients first … last - 1 as PNG files of DIR, each known as patient pN. */
static hn_dataset *honest(const char *dir, int first, int last) {
    hn_phantom *phantom = draw_patients(PATIENTS, 9);
    hn_dataset *ds = new_set();
    for (int i = first * 4; i < last * 4; i++) {
        slice *s = draw_slice(phantom, i);
        char group[16];
        snprintf(group, sizeof group, "p%d", i / 4);
        save_png(at("%s/%d.png", dir, i), s);
        ck_ok(hn_dataset_add_file(ds, at("%s/%d.png", dir, i), i / 4 % 2 ? "ill" : "well", group, &err));
        free(s);
    }
    hn_phantom_free(phantom);
    return ds;
}

START_TEST(honest_parts) {
    hn_dataset *train = honest("train", 0, 8), *test = honest("test", 8, PATIENTS);
    hn_audit *audit = NULL;
    ck_ok(hn_dataset_audit(test, train, NULL, &audit, &err));
    hn_audit_info info = audit_info(audit);
    ck_assert_int_eq(info.findings, 0);
    ck_assert_int_eq(info.rows, 16);
    ck_assert_int_eq(info.other_rows, 32);
    ck_assert_int_eq(info.skipped, 0);
    ck_assert_uint_eq(info.flags, 0);
    ck_assert(info.checked >= 1 && info.checked <= 1);
    hn_audit_free(audit);
    ck_ok(hn_dataset_audit(train, NULL, NULL, &audit, &err)); /* neighbouring slices of one patient do not count */
    ck_assert_int_eq(audit_info(audit).findings, 0);
    ck_fails(hn_audit_finding(audit, 0, &(hn_finding){.struct_size = sizeof(hn_finding)}, &err), HN_E_NOT_FOUND);
    hn_audit_free(audit);
    ck_fails(hn_dataset_audit(train, train, NULL, &audit, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(audit);
    ck_fails(hn_dataset_add_file(train, "more.png", "ill", NULL, &err), HN_E_STATE);
    hn_dataset_free(train);
    hn_dataset_free(test);
}
END_TEST

/* Row by row, another kind of leak each: what is found, with which row, and how it is turned. */
START_TEST(made_leaky_on_purpose) {
    hn_dataset *train = honest("train", 0, 8), *test = new_set();
    hn_phantom *phantom = draw_patients(PATIENTS, 9);
    hn_audit *audit = NULL;
    slice *s[8];
    uint8_t small[70 * 70];
    for (int i = 0; i < 8; i++) s[i] = draw_slice(phantom, i * 4 + 1);
    char command[3200]; /* 0: the same bytes under another name */
    make_folders(at("test/x"));
    snprintf(command, sizeof command, "cp '%s' '%s'", at("train/1.png"), at("test/other-name.png"));
    ck_assert_int_eq(system(command), 0);
    ck_ok(hn_dataset_add_file(test, at("test/other-name.png"), "well", "t0", &err));
    char pgm[32 + SLICE * SLICE]; /* 1: the same pixels in another format */
    const int head = snprintf(pgm, sizeof pgm, "P5\n%d %d\n255\n", SLICE, SLICE);
    memcpy(pgm + head, s[1]->px, SLICE * SLICE);
    write_bytes(at("test/1.pgm"), pgm, (size_t)head + SLICE * SLICE);
    ck_ok(hn_dataset_add_file(test, at("test/1.pgm"), "well", "t1", &err)); /* its original is ill */
    save_jpeg(at("test/2.jpg"), s[2], 60); /* 2: encoded anew, with loss */
    ck_ok(hn_dataset_add_file(test, at("test/2.jpg"), "well", "t2", &err));
    for (int turn = 1; turn < 8; turn++) { /* 3 … 9: turned and mirrored, as JPEG */
        const slice t = turned(s[3], turn);
        save_jpeg(at("test/turn%d.jpg", turn), &t, 80);
        ck_ok(hn_dataset_add_file(test, at("test/turn%d.jpg", turn), "ill", "t3", &err));
    }
    ck_ok(hni_resize_u8(ctx, s[4]->px, SLICE, SLICE, 1, small, 70, 70, &err)); /* 10: made smaller, in memory */
    hn_image *image = grey_image(small, 70, 70);
    ck_ok(hn_dataset_add_image(test, image, "well", "t4", &err));
    hn_image_free(image);
    slice *own = draw_slice(phantom, 36); /* 11: another picture of a patient who is in training */
    save_png(at("test/11.png"), own);
    ck_ok(hn_dataset_add_file(test, at("test/11.png"), "ill", "p5", &err));
    free(own);
    own = draw_slice(phantom, 40); /* 12: honest */
    save_png(at("test/12.png"), own);
    ck_ok(hn_dataset_add_file(test, at("test/12.png"), "well", "t6", &err));
    free(own);
    ck_ok(hn_dataset_audit(test, train, NULL, &audit, &err));
    const hn_audit_info info = audit_info(audit);
    ck_assert_int_eq(info.patients, 1);
    ck_assert_int_eq(info.files, 1);
    ck_assert_int_eq(info.pixels, 1);
    ck_assert_int_eq(info.looks, 9);
    ck_assert_int_eq(info.findings, 12);
    hn_finding f = finding(audit, 0);
    ck_assert(f.kind == HN_FINDING_PATIENT && f.row == 11 && f.n == 1 && f.other_n == 4 && !strcmp(f.group, "p5") && !strcmp(f.other_group, "p5"));
    f = finding(audit, 1);
    ck_assert(f.kind == HN_FINDING_FILE && f.row == 0 && f.other_row == 1 && strstr(f.path, "other-name.png") && strstr(f.other_path, "train/1.png"));
    ck_assert_int_eq(f.label_differs, 0);
    f = finding(audit, 2);
    ck_assert(f.kind == HN_FINDING_PIXELS && f.row == 1 && f.other_row == 5 && f.label_differs == 1);
    f = finding(audit, 3);
    ck_assert(f.kind == HN_FINDING_LOOK && f.row == 2 && f.other_row == 9 && f.turn == 0 && f.distance <= 36);
    for (int turn = 1; turn < 8; turn++) {
        f = finding(audit, 3 + turn);
        ck_assert(f.kind == HN_FINDING_LOOK && f.row == 2 + turn && f.other_row == 13);
        const slice t = turned(s[3], turn), back = turned(&t, f.turn);
        long differ = 0;
        for (int k = 0; k < SLICE * SLICE; k++) differ += back.px[k] != s[3]->px[k];
        ck_assert_msg(differ == 0, "turn %d was told as %d", turn, f.turn);
    }
    f = finding(audit, 11);
    ck_assert(f.kind == HN_FINDING_LOOK && f.row == 10 && f.other_row == 17 && !*f.path && *f.other_path);
    hn_audit_free(audit);
    for (int i = 0; i < 8; i++) free(s[i]);
    hn_phantom_free(phantom);
    hn_dataset_free(train);
    hn_dataset_free(test);
}
END_TEST

/* A set by itself: copies of different or unknown patients count, of one patient they do not; a split asked for it keeps them on one side. */
START_TEST(copies_within_and_splits) {
    hn_dataset *ds = honest("all", 0, PATIENTS);
    hn_phantom *phantom = draw_patients(PATIENTS, 9);
    hn_audit *audit = NULL;
    for (int i = 0; i < PATIENTS; i += 2) { /* patients 0, 2, … again, under other names, turned */
        slice *s = draw_slice(phantom, i * 4);
        const slice t = turned(s, 5);
        save_jpeg(at("all/again%d.jpg", i), &t, 75);
        ck_ok(hn_dataset_add_file(ds, at("all/again%d.jpg", i), i % 4 ? "ill" : "well", i == 4 ? NULL : i == 2 ? "p2" : "q", &err));
        free(s);
    }
    ck_ok(hn_dataset_audit(ds, NULL, NULL, &audit, &err));
    ck_assert_int_eq(audit_info(audit).findings, PATIENTS / 2 - 1); /* not the copy that is p2's own */
    ck_assert_uint_eq(audit_info(audit).flags, HN_AUDIT_GROUPS_UNKNOWN);
    for (int64_t i = 0; i < audit_info(audit).findings; i++) ck_assert_int_lt(finding(audit, i).other_row, finding(audit, i).row);
    hn_audit_free(audit);
    int leaky = 0;
    for (uint64_t seed = 0; seed < 12; seed++) {
        for (int32_t flags = 0; flags <= HN_SPLIT_COPIES_TOGETHER; flags++) {
            const hn_split_options options = {.struct_size = sizeof options, .flags = flags, .train_ratio = 0.6, .seed = seed};
            hn_dataset *train = NULL, *test = NULL;
            ck_ok(hn_dataset_split(ds, &options, &train, &test, &err));
            ck_ok(hn_dataset_audit(test, train, NULL, &audit, &err));
            if (flags) ck_assert_int_eq(audit_info(audit).findings, 0);
            else leaky += audit_info(audit).findings > 0;
            hn_audit_free(audit);
            hn_dataset_free(train);
            hn_dataset_free(test);
        }
    }
    ck_assert_int_gt(leaky, 6);
    hn_phantom_free(phantom);
    hn_dataset_free(ds);
}
END_TEST

static hn_shortcut shortcut(const hn_audit *audit, int32_t kind) {
    hn_shortcut s = {.struct_size = sizeof s};
    for (int32_t i = 0; i < audit_info(audit).shortcuts; i++) {
        ck_ok(hn_audit_shortcut(audit, i, &s, &err));
        if (s.kind == kind) return s;
    }
    ck_abort_msg("shortcut %d was not measured", kind);
    return s;
}

START_TEST(shortcuts) {
    enum { N = 60 };
    hn_dataset *ds = new_set();
    hn_audit *audit = NULL;
    for (int i = 0; i < N; i++) { /* ill ones are larger with a bright border, and BMP would not be more telling than PGM: format is even */
        char bytes[64 + 40 * 40];
        const int side = i % 2 ? 30 + i % 7 : 20 + i % 5;
        const int head = snprintf(bytes, sizeof bytes, "P5\n%d %d\n255\n", side, side);
        for (int k = 0; k < side * side; k++) bytes[head + k] = (char)(k * (i + 3) % 97);
        for (int k = 0; k < side; k++) bytes[head + k] = bytes[head + k * side] = (char)(i % 2 ? 100 + i : 10 + i);
        write_bytes(at("s/%d.pgm", i), bytes, (size_t)(head + side * side));
        ck_ok(hn_dataset_add_file(ds, at("s/%d.pgm", i), i % 2 ? "ill" : "well", at("%d", i), &err));
    }
    ck_ok(hn_dataset_audit(ds, NULL, NULL, &audit, &err));
    ck_assert_int_eq(audit_info(audit).shortcuts, 3); /* one format alone tells nothing */
    ck_assert_int_eq(audit_info(audit).flagged, 3);
    const hn_shortcut size = shortcut(audit, HN_SHORTCUT_IMAGE_SIZE), bytes = shortcut(audit, HN_SHORTCUT_FILE_SIZE),
                      border = shortcut(audit, HN_SHORTCUT_BORDER);
    const bool up = size.class_index == 0; /* ill comes first by name */
    ck_assert(up && size.auc > 0.999 && bytes.auc > 0.999 && border.auc > 0.7 && size.low > 0.6 && size.flagged && size.n == N && size.groups == N);
    hn_audit_free(audit);
    const hn_audit_options quick = {.struct_size = sizeof quick, .flags = HN_AUDIT_NO_SHORTCUTS};
    ck_ok(hn_dataset_audit(ds, NULL, &quick, &audit, &err));
    ck_assert_int_eq(audit_info(audit).shortcuts, 0);
    hn_audit_free(audit);
    ck_fails(hn_dataset_audit(ds, NULL, &(hn_audit_options){.struct_size = sizeof quick, .flags = 8}, &audit, &err), HN_E_ARGUMENT);
    hn_dataset_free(ds);
}
END_TEST

START_TEST(format_alone) {
    hn_dataset *ds = new_set();
    hn_phantom *phantom = draw_patients(10, 3);
    hn_audit *audit = NULL;
    for (int i = 0; i < 40; i++) { /* ill ones are JPEG, but for one */
        slice *s = draw_slice(phantom, i);
        const bool ill = i % 2, jpeg = i == 7 ? false : ill;
        if (jpeg) save_jpeg(at("f/%d.jpg", i), s, 90);
        else save_png(at("f/%d.png", i), s);
        ck_ok(hn_dataset_add_file(ds, at("f/%d.%s", i, jpeg ? "jpg" : "png"), ill ? "ill" : "well", at("p%d", i / 4), &err));
        free(s);
    }
    ck_ok(hn_dataset_audit(ds, NULL, NULL, &audit, &err));
    const hn_shortcut format = shortcut(audit, HN_SHORTCUT_FORMAT);
    ck_assert(fabs(fabs(format.auc - 0.5) - 0.475) < 1e-9); /* 19 of 20 */
    ck_assert(fabs(format.level - 0.975) < 1e-12); /* two formats */
    ck_assert_int_eq(format.flagged, 1);
    ck_assert_int_eq(format.groups, 10);
    hn_audit_free(audit);
    hn_phantom_free(phantom);
    hn_dataset_free(ds);
}
END_TEST

START_TEST(bad_files) {
    hn_dataset *train = honest("train", 0, 2), *test = new_set();
    hn_audit *audit = NULL;
    write_text(at("bad.png"), "no image");
    ck_ok(hn_dataset_add_file(test, at("bad.png"), "ill", "x", &err));
    ck_ok(hn_dataset_add_file(test, at("missing.png"), "well", "p1", &err));
    ck_ok(hn_dataset_audit(test, train, NULL, &audit, &err));
    ck_assert_int_eq(audit_info(audit).skipped, 2);
    ck_assert_int_eq(audit_info(audit).findings, 0); /* a patient whose only file cannot be read gives no answer away */
    ck_assert_int_eq(info_of(test).n_skipped, 2);
    hn_audit_free(audit);
    hn_dataset_free(test);
    const hn_dataset_options strict = {.struct_size = sizeof strict, .strict = 1};
    ck_ok(hn_dataset_create(ctx, &strict, &test, &err));
    ck_ok(hn_dataset_add_file(test, at("bad.png"), "ill", "x", &err));
    ck_fails(hn_dataset_audit(test, train, NULL, &audit, &err), HN_E_FORMAT);
    ck_says("bad.png");
    hn_dataset_free(test);
    hn_dataset_free(train);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {honest_parts, made_leaky_on_purpose, copies_within_and_splits, shortcuts, format_alone, bad_files};
    return run_cases("audit", cases, sizeof cases / sizeof *cases);
}
