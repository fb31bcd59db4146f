/* test_rows.c - rows from files, memory, manifests and folders: classes, the positive one, groups, digests, errors. */
#include "help.h"

static hn_dataset *ds;

static hn_dataset *make(const hn_dataset_options *options) {
    ck_ok(hn_dataset_create(ctx, options, &ds, &err));
    return ds;
}

static hn_dataset_options with_columns(const char *const *columns, int32_t n) {
    return (hn_dataset_options){.struct_size = sizeof(hn_dataset_options), .label_columns = columns, .n_label_columns = n};
}

START_TEST(files_and_classes) {
    make(NULL);
    ck_assert_int_eq(info_of(ds).n_rows, 0);
    ck_assert_int_eq(info_of(ds).positive, -1);
    ck_ok(hn_dataset_add_file(ds, "x/1.png", "no_bleed", "p1", &err));
    ck_ok(hn_dataset_add_file(ds, "x/2.png", "bleed", "p2", &err));
    ck_ok(hn_dataset_add_file(ds, "x/3.png", "no_bleed", NULL, &err));
    hn_dataset_info info = info_of(ds);
    ck_assert_int_eq(info.task, HN_TASK_SINGLE);
    ck_assert_int_eq(info.n_classes, 2);
    ck_assert_int_eq(info.n_rows, 3);
    ck_assert_int_eq(info.n_groups, 2);
    ck_assert_int_eq(info.flags, HN_DATA_GROUPS_UNKNOWN);
    ck_assert_int_eq(info.positive, 0);
    ck_assert_str_eq(hn_dataset_class_name(ds, 0), "bleed");
    ck_assert_str_eq(hn_dataset_class_name(ds, 1), "no_bleed");
    ck_assert_ptr_null(hn_dataset_class_name(ds, 2));
    ck_assert_ptr_null(hn_dataset_class_name(ds, -1));
    ck_assert_ptr_null(hn_dataset_class_name(NULL, 0));
    hn_row row = row_of(ds, 0);
    ck_assert_int_eq(row.label, 1);
    ck_assert_uint_eq(row.labels, 2);
    ck_assert_str_eq(row.path, "x/1.png");
    ck_assert_str_eq(row.group, "p1");
    ck_assert_str_eq(row.patient, "");
    ck_assert_int_eq(row.slice, -1);
    ck_assert_str_eq(row.problem, "");
    ck_assert_int_eq(row_of(ds, 1).label, 0);
    ck_fails(hn_dataset_get_row(ds, 3, &row, &err), HN_E_NOT_FOUND);
    ck_fails(hn_dataset_get_row(ds, -1, &row, &err), HN_E_NOT_FOUND);
    hn_dataset_free(ds);
}
END_TEST

START_TEST(bad_arguments) {
    hn_dataset_options options = {.struct_size = 12};
    hn_dataset *none = (hn_dataset *)&options;
    const char *twice[] = {"a", "a"};
    ck_fails(hn_dataset_create(ctx, &options, &none, &err), HN_E_ABI);
    ck_assert_ptr_null(none);
    options.struct_size = sizeof options;
    options.group_pattern = "p([0-9]+";
    ck_fails(hn_dataset_create(ctx, &options, &none, &err), HN_E_ARGUMENT);
    ck_says("p([0-9]+");
    options = with_columns(twice, 2);
    ck_fails(hn_dataset_create(ctx, &options, &none, &err), HN_E_ARGUMENT);
    options = with_columns(NULL, 2);
    ck_fails(hn_dataset_create(ctx, &options, &none, &err), HN_E_ARGUMENT);
    ck_fails(hn_dataset_create(NULL, NULL, &none, &err), HN_E_ARGUMENT);
    ck_fails(hn_dataset_create(ctx, NULL, NULL, &err), HN_E_ARGUMENT);
    make(NULL);
    ck_fails(hn_dataset_add_file(ds, "", "a", NULL, &err), HN_E_ARGUMENT);
    ck_fails(hn_dataset_add_file(ds, "p", NULL, NULL, &err), HN_E_ARGUMENT);
    ck_fails(hn_dataset_add_file(ds, "p", "", NULL, &err), HN_E_ARGUMENT);
    ck_fails(hn_dataset_add_file(ds, "p", "a\x80", NULL, &err), HN_E_ARGUMENT);
    ck_fails(hn_dataset_add_file(ds, "p", "a\nb", NULL, &err), HN_E_ARGUMENT);
    ck_fails(hn_dataset_add_image(ds, NULL, "a", NULL, &err), HN_E_ARGUMENT);
    ck_assert_int_eq(info_of(ds).n_rows, 0);
    ck_assert_int_eq(info_of(ds).n_classes, 0);
    ck_assert_int_eq(hn_dataset_add_file(ds, "p", "", NULL, NULL), HN_E_ARGUMENT); /* no err is fine */
    hn_dataset_free(ds);
    hn_dataset_free(NULL);
}
END_TEST

START_TEST(positive_class) {
    static const struct { const char *names[4]; const char *positive; } cases[] = {
        {{"haemorrhage", "no_haemorrhage"}, "haemorrhage"}, {{"No Bleed", "bleed"}, "bleed"}, {{"ICH", "non-ich"}, "ICH"},
        {{"not_x", "x"}, "x"}, {{"without lesion", "lesion"}, "lesion"}, {{"normal", "abnormal"}, "abnormal"}, {{"Yes", "No"}, "Yes"},
        {{"0", "1"}, "1"}, {{"cat", "dog"}, NULL}, {{"a", "bleed", "c"}, "bleed"}, {{"positive", "yes"}, NULL}, {{"sans_x", "x"}, "x"},
        {{"nodule", "dule"}, NULL}, {{"hemorrhage"}, "hemorrhage"}, {{"no_no_x", "no_x"}, "no_x"}, {{"no_", "x"}, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make(NULL);
        for (int k = 0; k < 4 && cases[i].names[k]; k++) ck_ok(hn_dataset_add_file(ds, "p", cases[i].names[k], NULL, &err));
        const char *name = hn_dataset_class_name(ds, info_of(ds).positive);
        ck_assert_msg((name == NULL) == (cases[i].positive == NULL) && (!name || strcmp(name, cases[i].positive) == 0), "case %zu gave %s",
                      i, name ? name : "none");
        hn_dataset_free(ds);
    }
}
END_TEST

START_TEST(manifest_of_names) {
    write_text(at("m/list.csv"),
               "patient,file,label,slice,fold,study,age\r\n"
               "7,a.png,bleed,3,0,s1,50\r\n"
               "8,\"sub/b,1.png\",none,,1,,\r\n"
               ",/abs/c.png,bleed,0,,,\r\n");
    make(NULL);
    ck_ok(hn_dataset_add_manifest(ds, at("m/list.csv"), &err));
    hn_dataset_info info = info_of(ds);
    ck_assert_int_eq(info.n_rows, 3);
    ck_assert_int_eq(info.n_groups, 2);
    ck_assert_int_eq(info.n_folds, 2);
    ck_assert_int_eq(info.flags, HN_DATA_GROUPS_UNKNOWN);
    hn_row row = row_of(ds, 0);
    ck_assert_str_eq(row.path, at("m/a.png"));
    ck_assert_str_eq(row.group, "7");
    ck_assert_str_eq(row.patient, "7");
    ck_assert_str_eq(row.study, "s1");
    ck_assert_int_eq(row.slice, 3);
    ck_assert_int_eq(row.fold, 0);
    row = row_of(ds, 1);
    ck_assert_str_eq(row.path, at("m/sub/b,1.png"));
    ck_assert_int_eq(row.slice, -1);
    ck_assert_int_eq(row.label, 1);
    ck_assert_str_eq(row_of(ds, 2).path, "/abs/c.png");
    ck_assert_str_eq(row_of(ds, 2).group, "");
    hn_dataset_free(ds);
}
END_TEST

START_TEST(manifest_of_one_bit) {
    const char *column[] = {"ich"}, *label[] = {"label"};
    hn_dataset_options options = with_columns(column, 1);
    write_text(at("m.csv"), "file,ich,label\na,1,0\nb,0,1.0\nc,0.0,1\n");
    make(&options);
    ck_ok(hn_dataset_add_manifest(ds, at("m.csv"), &err));
    ck_assert_int_eq(info_of(ds).n_classes, 2);
    ck_assert_str_eq(hn_dataset_class_name(ds, 0), "ich");
    ck_assert_str_eq(hn_dataset_class_name(ds, 1), "no_ich");
    ck_assert_int_eq(info_of(ds).positive, 0);
    ck_assert_int_eq(row_of(ds, 0).label, 0);
    ck_assert_int_eq(row_of(ds, 2).label, 1);
    hn_dataset_free(ds);
    options = with_columns(label, 1); /* named or not, `label` keeps its values as names */
    for (int i = 0; i < 2; i++) {
        make(i ? &options : NULL);
        ck_ok(hn_dataset_add_manifest(ds, at("m.csv"), &err));
        ck_assert_str_eq(hn_dataset_class_name(ds, 0), "0");
        ck_assert_str_eq(hn_dataset_class_name(ds, 1), "1");
        ck_assert_int_eq(info_of(ds).positive, 1);
        ck_assert_int_eq(row_of(ds, 1).label, 1);
        hn_dataset_free(ds);
    }
}
END_TEST

START_TEST(manifest_of_many_bits) {
    const char *columns[] = {"z", "a", "m"};
    hn_dataset_options options = with_columns(columns, 3);
    write_text(at("m.csv"), "file,a,m,z\nf1,1,0,0\nf2,0,1,1\nf3,0,0,0\n");
    make(&options);
    ck_assert_int_eq(info_of(ds).n_classes, 3);
    ck_ok(hn_dataset_add_manifest(ds, at("m.csv"), &err));
    ck_assert_int_eq(info_of(ds).task, HN_TASK_MULTI);
    ck_assert_int_eq(info_of(ds).positive, -1);
    ck_assert_str_eq(hn_dataset_class_name(ds, 0), "z");
    ck_assert_str_eq(hn_dataset_class_name(ds, 1), "a");
    ck_assert_uint_eq(row_of(ds, 0).labels, 2);
    ck_assert_uint_eq(row_of(ds, 1).labels, 5);
    ck_assert_uint_eq(row_of(ds, 2).labels, 0);
    ck_assert_int_eq(row_of(ds, 1).label, -1);
    ck_fails(hn_dataset_add_file(ds, "p", "a", NULL, &err), HN_E_ARGUMENT);
    ck_fails(hn_dataset_add_folder(ds, scratch, &err), HN_E_ARGUMENT);
    write_text(at("n.csv"), "file,a,m,z\nf1,1,0,0\nf2,0,yes,1\n");
    ck_fails(hn_dataset_add_manifest(ds, at("n.csv"), &err), HN_E_FORMAT);
    ck_says("line 3, column 3 (m): 'yes'");
    ck_assert_int_eq(info_of(ds).n_rows, 3); /* nothing of the failed one stays */
    hn_dataset_free(ds);
}
END_TEST

/* Texts of columns that were asked for come with each row, also in the parts of a split; a row from elsewhere has none. */
START_TEST(manifest_keeps_columns) {
    static const char *const names[] = {"sex", "label", "scanner"}, *const absent[] = {"sex", "age"}, *const empty[] = {""};
    hn_dataset_options o = {.struct_size = sizeof o, .keep_columns = names, .n_keep_columns = 3};
    hn_dataset *train = NULL, *test = NULL;
    write_text(at("m.csv"), "scanner,file,label,sex\nA,a.png,c,f\n\"B, old\",b.png,d,\nA,x.png,c,m\nC,y.png,d,f\n");
    ck_ok(hn_dataset_open(ctx, at("m.csv"), &o, &ds, &err));
    static const char *const wanted[4][3] = {{"f", "c", "A"}, {"", "d", "B, old"}, {"m", "c", "A"}, {"f", "d", "C"}};
    for (int64_t i = 0; i < 4; i++)
        for (int32_t c = 0; c < 3; c++) ck_assert_str_eq(hn_dataset_value(ds, i, c), wanted[i][c]);
    ck_assert_ptr_null(hn_dataset_value(ds, 4, 0));
    ck_assert_ptr_null(hn_dataset_value(ds, -1, 0));
    ck_assert_ptr_null(hn_dataset_value(ds, 0, 3));
    ck_assert_ptr_null(hn_dataset_value(ds, 0, -1));
    ck_fails(hn_dataset_add_manifest(ds, at("absent.csv"), &err), HN_E_IO);
    ck_ok(hn_dataset_add_file(ds, at("z.png"), "c", NULL, &err));
    ck_assert_str_eq(hn_dataset_value(ds, 4, 2), "");
    const hn_split_options half = {.struct_size = sizeof half, .train_ratio = 0.5};
    ck_ok(hn_dataset_split(ds, &half, &train, &test, &err));
    for (int part = 0; part < 2; part++) {
        hn_dataset_info info = {.struct_size = sizeof info};
        hn_row row = {.struct_size = sizeof row};
        ck_ok(hn_dataset_get_info(part ? test : train, &info, &err));
        for (int64_t i = 0; i < info.n_rows; i++) {
            ck_ok(hn_dataset_get_row(part ? test : train, i, &row, &err));
            const char *class_name = hn_dataset_class_name(ds, row.label), *kept = hn_dataset_value(part ? test : train, i, 1);
            ck_assert_str_eq(kept, strstr(row.path, "z.png") ? "" : class_name);
        }
    }
    hn_dataset_free(ds), hn_dataset_free(train), hn_dataset_free(test);
    ds = NULL;
    o.keep_columns = absent, o.n_keep_columns = 2;
    ck_fails(hn_dataset_open(ctx, at("m.csv"), &o, &ds, &err), HN_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "age"));
    o.keep_columns = empty, o.n_keep_columns = 1;
    ck_fails(hn_dataset_create(ctx, &o, &ds, &err), HN_E_ARGUMENT);
    o.keep_columns = names, o.n_keep_columns = 65;
    ck_fails(hn_dataset_create(ctx, &o, &ds, &err), HN_E_ARGUMENT);
    o.keep_columns = NULL, o.n_keep_columns = 1;
    ck_fails(hn_dataset_create(ctx, &o, &ds, &err), HN_E_ARGUMENT);
    o = (hn_dataset_options){.struct_size = sizeof o, .reserved = 1};
    ck_fails(hn_dataset_create(ctx, &o, &ds, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(ds);
}
END_TEST

/* Folders have no columns. */
START_TEST(folders_have_no_columns) {
    static const char *const names[] = {"sex"};
    const hn_dataset_options o = {.struct_size = sizeof o, .keep_columns = names, .n_keep_columns = 1};
    write_text(at("f/a/x.png"), "x");
    ck_fails(hn_dataset_open(ctx, at("f"), &o, &ds, &err), HN_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.message, "sex"));
}
END_TEST

START_TEST(manifest_damage) {
    static const struct { const char *text; hn_status status; const char *says; } cases[] = {
        {"", HN_E_FORMAT, "empty"},
        {"file,label\n", HN_E_FORMAT, "no rows"},
        {"path,label\na,b\n", HN_E_NOT_FOUND, "no column file; there are: path, label"},
        {"file,class\na,b\n", HN_E_NOT_FOUND, "no column label; there are: file, class"},
        {"file,label,file\na,b,c\n", HN_E_FORMAT, "twice"},
        {"file,label\na,b\n,c\n", HN_E_FORMAT, "line 3, column 1 (file)"},
        {"file,label\na,new\nb,\n", HN_E_FORMAT, "line 3, column 2 (label)"},
        {"file,label,slice\na,new,x7\n", HN_E_FORMAT, "line 2, column 3 (slice): 'x7'"},
        {"file,label,slice\na,new,-1\n", HN_E_FORMAT, "column 3 (slice)"},
        {"file,label,fold\na,new,99999999999\n", HN_E_FORMAT, "column 3 (fold)"},
        {"file,label\na,\"new\n", HN_E_FORMAT, "never closed"},
    };
    make(NULL);
    ck_ok(hn_dataset_add_file(ds, "p", "old", NULL, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text(at("m.csv"), cases[i].text);
        ck_fails(hn_dataset_add_manifest(ds, at("m.csv"), &err), cases[i].status);
        ck_says(cases[i].says);
        ck_assert_int_eq(info_of(ds).n_rows, 1);
        ck_assert_int_eq(info_of(ds).n_classes, 1);
    }
    ck_fails(hn_dataset_add_manifest(ds, at("absent.csv"), &err), HN_E_IO);
    ck_says("absent.csv");
    write_bytes(at("m.csv"), "file,label\na\0b,c\n", 17);
    ck_fails(hn_dataset_add_manifest(ds, at("m.csv"), &err), HN_E_FORMAT);
    hn_dataset_free(ds);
}
END_TEST

START_TEST(groups_by_pattern) {
    hn_dataset_options options = {.struct_size = sizeof options, .group_pattern = "p([0-9]+)_"};
    write_text(at("p9_dir/m.csv"), "file,label,patient\np1_a,x,A\np1_b,x,B\nq_c,x,B\n");
    make(&options);
    ck_ok(hn_dataset_add_manifest(ds, at("p9_dir/m.csv"), &err));
    ck_assert_str_eq(row_of(ds, 0).group, "1"); /* of the path as given, not of the folders above */
    ck_assert_str_eq(row_of(ds, 1).group, "1");
    ck_assert_str_eq(row_of(ds, 2).group, "");
    ck_assert_str_eq(row_of(ds, 0).patient, "A");
    ck_ok(hn_dataset_add_file(ds, "p77_x.png", "x", NULL, &err));
    ck_assert_str_eq(row_of(ds, 3).group, "77");
    ck_ok(hn_dataset_add_file(ds, "p77_x.png", "x", "own", &err));
    ck_assert_str_eq(row_of(ds, 4).group, "own");
    ck_assert_int_eq(info_of(ds).n_groups, 3);
    hn_dataset_free(ds);
    options.group_pattern = "[a-z]+[0-9]"; /* the whole match */
    make(&options);
    ck_ok(hn_dataset_add_file(ds, "d/p7_x.png", "x", NULL, &err));
    ck_assert_str_eq(row_of(ds, 0).group, "p7");
    ck_assert_int_eq(info_of(ds).flags, 0);
    hn_dataset_free(ds);
    options.group_pattern = "none";
    make(&options);
    ck_ok(hn_dataset_add_manifest(ds, at("p9_dir/m.csv"), &err));
    ck_assert_int_eq(info_of(ds).n_groups, 0);
    ck_assert_int_eq(info_of(ds).flags, HN_DATA_GROUPS_UNKNOWN);
    hn_dataset_free(ds);
}
END_TEST

/* The file name first, then the path below the data; how the data is spelled changes nothing; a pattern in vain is an error. */
START_TEST(pattern_on_file_names) {
    hn_dataset_options options = {.struct_size = sizeof options, .group_pattern = "^([0-9]+)_"};
    static const char *const spelled[] = {"77_set", "77_set/", "./77_set", "77_set/m.csv"};
    hn_dataset *train, *test;
    write_text(at("77_set/a/12_x.png"), "x");
    write_text(at("77_set/a/13_x.png"), "x");
    write_text(at("77_set/b/9_z/y.png"), "x");
    write_text(at("77_set/m.csv"), "file,label\na/12_x.png,a\n13_dir/13_x.png,a\nb/9_z/y.png,b\n");
    for (int i = 0; i < 4; i++) {
        ck_ok(hn_dataset_open(ctx, at("%s", spelled[i]), &options, &ds, &err));
        ck_assert_str_eq(row_of(ds, 0).group, "12");
        ck_assert_str_eq(row_of(ds, 1).group, "13");
        ck_assert_str_eq(row_of(ds, 2).group, ""); /* not 9: ^ is the path's beginning */
        hn_dataset_free(ds);
    }
    options.group_pattern = "^b/([0-9]+)|^1";
    ck_ok(hn_dataset_open(ctx, at("77_set"), &options, &ds, &err));
    ck_assert_str_eq(row_of(ds, 2).group, "9");
    hn_dataset_free(ds);
    options.group_pattern = "^77";
    ck_fails(hn_dataset_open(ctx, at("77_set"), &options, &ds, &err), HN_E_DATA);
    ck_says("^77 matches none of the 3 file names (first: a/12_x.png)");
    ck_assert_ptr_null(ds);
    make(&options);
    for (int i = 0; i < 4; i++) ck_ok(hn_dataset_add_file(ds, "q.png", "a", NULL, &err));
    ck_fails(hn_dataset_split(ds, NULL, &train, &test, &err), HN_E_DATA);
    ck_says("none of the 4");
    ck_ok(hn_dataset_add_file(ds, "77.png", "a", NULL, &err));
    ck_ok(hn_dataset_split(ds, NULL, &train, &test, &err));
    hn_dataset_free(train);
    hn_dataset_free(test);
    hn_dataset_free(ds);
}
END_TEST

START_TEST(folders) {
    static const char *const files[] = {"b/2.png", "b/10.PNG", "b/deep/er/x.jpeg", "b-c/y.bmp", "a/z.ppm"};
    static const char *const others[] = {"b/notes.txt", "b/.hidden.png", ".git/k/q.png", "top.png", "b/png", "empty/readme"};
    static const char *const order[] = {"a/z.ppm", "b-c/y.bmp", "b/10.PNG", "b/2.png", "b/deep/er/x.jpeg"};
    hn_dataset_options options = {.struct_size = sizeof options, .group_pattern = "^[a-z-]+/"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) write_text(at("set/%s", files[i]), "x");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) write_text(at("set/%s", others[i]), "x");
    make(&options);
    ck_ok(hn_dataset_add_folder(ds, at("set"), &err));
    ck_assert_int_eq(info_of(ds).n_rows, 5);
    ck_assert_int_eq(info_of(ds).n_classes, 3); /* `empty` holds no image */
    for (int i = 0; i < 5; i++) ck_assert_str_eq(row_of(ds, i).path, at("set/%s", order[i]));
    ck_assert_str_eq(row_of(ds, 0).group, "a/"); /* the pattern sees the path below the folder */
    ck_assert_int_eq(row_of(ds, 4).label, 1);
    hn_dataset_free(ds);
}
END_TEST

START_TEST(folder_troubles) {
    make(NULL);
    mkdir(at("none"), 0777);
    ck_fails(hn_dataset_add_folder(ds, at("none"), &err), HN_E_DATA);
    ck_fails(hn_dataset_add_folder(ds, at("absent"), &err), HN_E_IO);
    ck_says("absent");
    write_text(at("loop/a/x.png"), "x");
    ck_assert_int_eq(symlink("..", at("loop/a/up")), 0);
    ck_assert_int_eq(symlink(".", at("loop/a/self")), 0);
    ck_ok(hn_dataset_add_folder(ds, at("loop"), &err)); /* each image once */
    ck_assert_int_eq(info_of(ds).n_rows, 1);
    hn_dataset_free(ds);
    make(NULL);
    write_text(at("bad/a\x80/x.png"), "x");
    ck_fails(hn_dataset_add_folder(ds, at("bad"), &err), HN_E_DATA);
    ck_assert_int_eq(info_of(ds).n_rows, 0);
    ck_assert_int_eq(info_of(ds).n_classes, 0);
    mkdir(at("dangling"), 0777);
    mkdir(at("dangling/a"), 0777);
    ck_assert_int_eq(symlink("nowhere", at("dangling/a/x.png")), 0);
    ck_ok(hn_dataset_add_folder(ds, at("dangling"), &err)); /* a bad row, to be named when it is read */
    ck_assert_int_eq(info_of(ds).n_rows, 1);
    hn_dataset_free(ds);
}
END_TEST

START_TEST(open_finds_out) {
    const char *column[] = {"ich"};
    hn_dataset_options options = with_columns(column, 1);
    write_text(at("f/a/x.png"), "x");
    ck_ok(hn_dataset_open(ctx, at("f"), NULL, &ds, &err));
    ck_assert_int_eq(info_of(ds).n_rows, 1);
    hn_dataset_free(ds);
    ck_fails(hn_dataset_open(ctx, at("f"), &options, &ds, &err), HN_E_ARGUMENT);
    ck_assert_ptr_null(ds);
    write_text(at("f/manifest.csv"), "file,label\na/x.png,c\na/y.png,d\n");
    ck_ok(hn_dataset_open(ctx, at("f"), NULL, &ds, &err));
    ck_assert_int_eq(info_of(ds).n_rows, 2);
    ck_assert_str_eq(row_of(ds, 0).path, at("f/a/x.png"));
    hn_dataset_free(ds);
    ck_ok(hn_dataset_open(ctx, at("f/manifest.csv"), NULL, &ds, &err));
    ck_assert_int_eq(info_of(ds).n_rows, 2);
    hn_dataset_free(ds);
    ck_fails(hn_dataset_open(ctx, at("g"), NULL, &ds, &err), HN_E_IO);
    ck_assert_ptr_null(ds);
    ck_fails(hn_dataset_open(ctx, "", NULL, &ds, &err), HN_E_ARGUMENT);
}
END_TEST

/* The digest names the list: not where it lies, but every path, label and group, and their order. */
START_TEST(digests) {
    static const char *const lists[] = {
        "file,label,patient\na,x,1\nb,y,2\n", "file,label,patient\na,x,1\nb,y,2\n", "file,label,patient\nb,y,2\na,x,1\n",
        "file,label,patient\na,x,1\nb,x,2\n", "file,label,patient\na,x,1\nb,y,3\n", "file,label,patient\na,x,1\nc,y,2\n"};
    uint64_t first = 0;
    for (int i = 0; i < 6; i++) {
        write_text(at("d%d/m.csv", i), lists[i]);
        ck_ok(hn_dataset_open(ctx, at("d%d/m.csv", i), NULL, &ds, &err));
        uint64_t digest = info_of(ds).digest[0];
        if (i == 0) first = digest;
        ck_assert_msg((digest == first) == (i < 2), "list %d", i);
        ck_ok(hn_dataset_add_file(ds, "more", "x", NULL, &err));
        ck_assert_uint_ne(info_of(ds).digest[0], digest);
        hn_dataset_free(ds);
    }
}
END_TEST

/* Frees in any order: the set keeps its context, its images and its splits' rows. */
START_TEST(any_order_of_frees) {
    uint8_t grey[4] = {1, 2, 3, 4};
    hn_pixels pixels = {.struct_size = sizeof pixels, .type = HN_PIXEL_U8, .width = 2, .height = 2, .channels = 1, .data = grey};
    hn_dataset *train, *test;
    hn_context *own;
    ck_ok(hni_context_create(NULL, &own, &err));
    ck_ok(hn_dataset_create(own, NULL, &ds, &err));
    for (int i = 0; i < 10; i++) {
        hn_image *image;
        ck_ok(hni_image_wrap(own, &pixels, &image, &err));
        ck_ok(hn_dataset_add_image(ds, image, i % 2 ? "a" : "b", NULL, &err));
        hni_image_unref(image);
    }
    hni_context_unref(own);
    ck_assert_str_eq(row_of(ds, 0).path, "");
    ck_ok(hn_dataset_split(ds, NULL, &train, &test, &err));
    ck_fails(hn_dataset_add_file(ds, "p", "a", NULL, &err), HN_E_STATE);
    ck_fails(hn_dataset_add_file(train, "p", "a", NULL, &err), HN_E_STATE);
    ck_fails(hn_dataset_add_folder(train, scratch, &err), HN_E_STATE);
    ck_fails(hn_dataset_add_manifest(train, scratch, &err), HN_E_STATE);
    hn_dataset_free(ds);
    ck_assert_int_eq(info_of(train).n_rows, 8);
    hn_dataset_free(train);
    ck_assert_str_eq(hn_dataset_class_name(test, 1), "b");
    hn_dataset_free(test);
}
END_TEST

/* Every allocation fails once: a status, no leak (tear_down looks), and the set is as it was. */
START_TEST(every_allocation_fails_once) {
    static const char *const kept[] = {"patient", "label"};
    const hn_dataset_options keeping = {.struct_size = sizeof keeping, .keep_columns = kept, .n_keep_columns = 2};
    hn_context *own;
    int done = 0, n = 1;
    write_text(at("f/manifest.csv"), "file,label,patient\na/x.png,c,1\na/y.png,d,2\nb/y.png,d,3\nb/w.png,c,4\n");
    write_text(at("g/a/x.png"), "x");
    write_text(at("g/b/y.png"), "x");
    for (; !done && n < 2000; n++) {
        hn_dataset *set = NULL, *folder = NULL, *train = NULL, *test = NULL;
        hn_split_options split = {.struct_size = sizeof split, .folds = 2};
        hn_dataset_info info = {.struct_size = sizeof info};
        own = failing_context();
        uint64_t blocks = atomic_load(&own->live_blocks);
        countdown = n;
        hn_status status = hn_dataset_open(own, at("f"), &keeping, &set, &err);
        if (status == HN_OK) status = hn_dataset_open(own, at("g"), NULL, &folder, &err);
        if (status == HN_OK) status = hn_dataset_split(set, &split, &train, &test, &err);
        if (status == HN_OK) status = hn_dataset_get_info(test, &info, &err);
        ck_assert_int_eq(status, countdown > 0 ? HN_OK : HN_E_MEMORY);
        done = countdown > 0;
        if (!done && !set) ck_assert_ptr_null(train);
        hn_dataset_free(set);
        hn_dataset_free(folder);
        hn_dataset_free(train);
        hn_dataset_free(test);
        ck_assert(atomic_load(&own->live_blocks) == blocks);
        hni_context_unref(own);
    }
    ck_assert_int_gt(n, 30);
    ck_assert(done);
}
END_TEST

int main(void) {
    const TTest *const cases[] = {files_and_classes, bad_arguments, positive_class, manifest_of_names, manifest_of_one_bit,
                                  manifest_of_many_bits, manifest_keeps_columns, folders_have_no_columns, manifest_damage, groups_by_pattern,
                                  pattern_on_file_names,
                                  folders, folder_troubles, open_finds_out,
                                  digests, any_order_of_frees, every_allocation_fails_once};
    return run_cases("rows", cases, sizeof cases / sizeof *cases);
}
