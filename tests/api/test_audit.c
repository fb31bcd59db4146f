/* test_audit.c - what a trained model keeps of its training set: written and read back, it finds the training images and patients again and no others;
 * the same bytes after a resumption; damaged traces are refused. And the provenance says what training and test part shared. Public calls only. */
#include "everything.h"

static hn_dataset *slices_of(uint64_t seed, int first, int last, const char *prefix) {
    const hn_phantom_options people = {.struct_size = sizeof people, .patients = 20, .size = 64, .slices_per_patient = 2, .seed = seed};
    hn_phantom *phantom;
    hn_dataset *ds;
    ck_ok(hn_phantom_create(w.ctx, &people, &phantom, &err));
    ck_ok(hn_dataset_create(w.ctx, NULL, &ds, &err));
    for (int i = 2 * first; i < 2 * last; i++) {
        hn_image *slice;
        char group[16];
        ck_ok(hn_phantom_render(phantom, i, NULL, &slice, NULL, &err));
        snprintf(group, sizeof group, "%s%d", prefix, i / 2);
        ck_ok(hn_dataset_add_image(ds, slice, i % 4 < 2 ? "haemorrhage" : "no_haemorrhage", *prefix ? group : NULL, &err));
        hn_image_free(slice);
    }
    hn_phantom_free(phantom);
    return ds;
}

static char *bytes_of(const hn_model *model, size_t *size) {
    ck_ok(hn_model_save_memory(model, NULL, 0, size, &err));
    char *bytes = malloc(*size);
    ck_assert_ptr_nonnull(bytes);
    ck_ok(hn_model_save_memory(model, bytes, *size, size, &err));
    return bytes;
}

static hn_audit_info audit_of(const hn_model *model, hn_dataset *ds) {
    hn_audit_info info = {.struct_size = sizeof info};
    hn_audit *audit;
    ck_ok(hn_model_audit(model, ds, NULL, &audit, &err));
    ck_ok(hn_audit_get_info(audit, &info, &err));
    for (int64_t i = 0; i < info.findings; i++) {
        hn_finding f = {.struct_size = sizeof f};
        ck_ok(hn_audit_finding(audit, i, &f, &err));
        ck_assert(f.other_row == -1 && !*f.other_path && !*f.other_group && f.row >= 0);
    }
    hn_audit_free(audit);
    return info;
}

static hn_model *trained(hn_dataset *train, hn_dataset *test, int epochs) {
    const hn_train_options o = {.struct_size = sizeof o, .batch = 8};
    hn_trainer *trainer;
    hn_model *model;
    ck_ok(hn_trainer_create(w.model, train, test, &o, &trainer, &err));
    for (int i = 0; i < epochs; i++) ck_ok(hn_train_epoch(trainer, NULL, &err));
    ck_ok(hn_trainer_model(trainer, HN_LAST, &model, &err));
    hn_trainer_free(trainer);
    return model;
}

static char *metadata_of(const hn_model *model) {
    size_t need;
    ck_ok(hn_model_metadata(model, NULL, 0, &need, &err));
    char *text = malloc(need);
    ck_ok(hn_model_metadata(model, text, need, &need, &err));
    return text;
}

START_TEST(traces_find_the_training_set) {
    hn_dataset *train = slices_of(1, 0, 10, "p"), *test = slices_of(1, 10, 20, "p"), *again = slices_of(1, 5, 15, "q"), *strangers = slices_of(2, 0, 20, "s");
    hn_model *model = trained(train, test, 1), *loaded;
    size_t size;
    char *bytes = bytes_of(model, &size);
    ck_ok(hn_model_load_memory(w.ctx, bytes, size, &loaded, &err));
    const hn_model *const both[] = {model, loaded};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(audit_of(both[i], test).findings, 0);
        ck_assert_int_eq(audit_of(both[i], strangers).findings, 0);
        hn_audit_info info = audit_of(both[i], train);
        ck_assert(info.patients == 10 && info.pixels == 20 && info.findings == 30 && info.other_rows == 20 && info.checked >= 1);
        info = audit_of(both[i], again); /* the same pictures under other names of patients */
        ck_assert(info.patients == 0 && info.pixels == 10 && info.findings == 10);
    }
    size_t again_size;
    char *again_bytes = bytes_of(loaded, &again_size);
    ck_assert(again_size == size && !memcmp(bytes, again_bytes, size));
    free(bytes), free(again_bytes);
    hn_audit *audit;
    ck_refused("a model without traces", hn_model_audit(w.model, test, NULL, &audit, &err), HN_E_DATA);
    ck_assert_ptr_null(audit);
    hn_model_free(model), hn_model_free(loaded);
    hn_dataset_free(train), hn_dataset_free(test), hn_dataset_free(again), hn_dataset_free(strangers);
}
END_TEST

static hn_audit_info tuning_audit(const hn_model *model, hn_dataset *ds) {
    const hn_audit_options o = {.struct_size = sizeof o, .flags = HN_AUDIT_TUNING_SET | HN_AUDIT_NO_SHORTCUTS};
    hn_audit_info info = {.struct_size = sizeof info};
    hn_audit *audit;
    ck_ok(hn_model_audit(model, ds, &o, &audit, &err));
    ck_ok(hn_audit_get_info(audit, &info, &err));
    hn_audit_free(audit);
    return info;
}

/* As if a rule had chosen the threshold on a set, and a calibration were fitted to it. */
static hn_model *tuned_on(const hn_model *model, hn_dataset *ds, bool choose, bool calibrate) {
    double scale[] = {0.5, 0.5}, shift[] = {0, 0};
    hn_dataset_info info = {.struct_size = sizeof info};
    ck_ok(hn_dataset_get_info(ds, &info, &err));
    hn_threshold t = {.struct_size = sizeof t, .rule = HN_CHOOSE_YOUDEN, .threshold = 0.25, .sensitivity = 1, .specificity = 0.5, .n = 12, .positives = 6};
    hn_calibration c = {.struct_size = sizeof c, .method = HN_CALIBRATION_TEMPERATURE, .scale = scale, .shift = shift, .capacity = 2, .n_classes = 2, .n = 12};
    hn_model *calibrated = NULL, *both = NULL;
    memcpy(t.digest, info.digest, sizeof t.digest);
    memcpy(c.digest, info.digest, sizeof c.digest);
    if (calibrate) ck_ok(hn_model_with_calibration(model, &c, &calibrated, &err));
    if (!choose) return calibrated;
    ck_ok(hn_model_with_threshold(calibrated ? calibrated : model, &t, &both, &err));
    hn_model_free(calibrated);
    return both;
}

START_TEST(traces_find_the_tuning_set) {
    const hn_audit_options o = {.struct_size = sizeof o, .flags = HN_AUDIT_TUNING_SET};
    hn_dataset *train = slices_of(1, 0, 6, "p"), *tune = slices_of(1, 6, 12, "p"), *mixed = slices_of(1, 10, 16, "p"), *test = slices_of(1, 12, 20, "p");
    hn_model *plain = trained(train, NULL, 1), *none;
    hn_audit *audit;
    for (int way = 1; way < 4; way++) {
        hn_model *bare = tuned_on(plain, tune, way & 1, way & 2), *model, *loaded;
        size_t size, again_size;
        ck_refused("no traces yet", hn_model_audit(bare, test, &o, &audit, &err), HN_E_DATA);
        ck_refused("other data", hn_model_with_tuning_set(bare, test, &none, &err), HN_E_DATA);
        ck_assert_ptr_null(none);
        ck_ok(hn_model_with_tuning_set(bare, tune, &model, &err));
        char *bytes = bytes_of(model, &size), *text = metadata_of(model);
        ck_ok(hn_model_load_memory(w.ctx, bytes, size, &loaded, &err));
        char *again = bytes_of(loaded, &again_size);
        ck_assert(again_size == size && !memcmp(bytes, again, size));
        ck_assert_ptr_nonnull(strstr(text, "\"tuning_set\":{\"rows\":12,\"traces\":12,\"patients\":6,\"patients_known\":true,\"patients_whole\":true"));
        const hn_model *const both[] = {model, loaded};
        for (int i = 0; i < 2; i++) {
            ck_assert_int_eq(tuning_audit(both[i], test).findings, 0);
            ck_assert_int_eq(tuning_audit(both[i], train).findings, 0);
            const hn_audit_info info = tuning_audit(both[i], mixed);
            ck_assert(info.patients == 2 && info.pixels == 4 && info.findings == 6 && info.other_rows == 12);
            ck_assert_int_eq(audit_of(both[i], mixed).findings, 0); /* training knows nothing of it */
            ck_assert_int_eq(audit_of(both[i], train).patients, 6);
        }
        hn_model *changed = tuned_on(model, mixed, true, false); /* what was calibrated stays so, the threshold is of another set */
        ck_refused("tuned anew", hn_model_audit(changed, test, &o, &audit, &err), HN_E_DATA);
        ck_assert_int_eq(hn_model_with_tuning_set(changed, mixed, &none, &err), way & 2 ? HN_E_DATA : HN_OK);
        hn_model_free(none);
        free(bytes), free(again), free(text);
        hn_model_free(bare), hn_model_free(model), hn_model_free(loaded), hn_model_free(changed);
    }
    ck_refused("not tuned", hn_model_with_tuning_set(plain, tune, &none, &err), HN_E_DATA);
    ck_refused("a flag of models", hn_dataset_audit(test, tune, &o, &audit, &err), HN_E_ARGUMENT);
    hn_model_free(plain);
    hn_dataset_free(train), hn_dataset_free(tune), hn_dataset_free(mixed), hn_dataset_free(test);
}
END_TEST

START_TEST(provenance_says_what_is_shared) {
    hn_dataset *train = slices_of(1, 0, 10, "p"), *honest = slices_of(1, 10, 16, "p"), *leaky = slices_of(1, 8, 14, "p");
    static const char *const wanted[] = {"\"leaks\":{\"patients\":0,\"files\":0,\"pixels\":0,\"looks\":0}",
                                         "\"leaks\":{\"patients\":2,\"files\":0,\"pixels\":4,\"looks\":0}", "\"leaks\":null"};
    hn_dataset *const tests[] = {honest, leaky, NULL};
    for (int i = 0; i < 3; i++) {
        hn_model *model = trained(train, tests[i], 1);
        char *text = metadata_of(model);
        ck_assert_msg(strstr(text, wanted[i]) != NULL, "%s is not in %s", wanted[i], text);
        ck_assert_ptr_nonnull(strstr(text, "\"training_set\":{\"rows\":20,\"traces\":20,\"patients\":10,\"patients_known\":true,\"patients_whole\":true"));
        free(text);
        hn_model_free(model);
    }
    hn_dataset_free(train), hn_dataset_free(honest), hn_dataset_free(leaky);
}
END_TEST

/* The model of a resumed training that has nothing left to do: files are decoded for the traces alone. */
START_TEST(same_bytes_after_resumption) {
    char path[] = "/tmp/haemnet-audit-XXXXXX";
    const hn_train_options o = {.struct_size = sizeof o, .batch = 8};
    const int file = mkstemp(path);
    char *bytes[2];
    size_t sizes[2];
    ck_assert_int_ge(file, 0);
    close(file);
    for (int i = 0; i < 2; i++) {
        hn_dataset *train = slices_of(1, 0, 6, ""), *test = slices_of(1, 6, 9, "");
        hn_trainer *trainer;
        hn_model *model;
        ck_ok(hn_trainer_create(w.model, train, test, &o, &trainer, &err));
        if (i) ck_ok(hn_trainer_resume(trainer, path, &err));
        else ck_ok(hn_train_epoch(trainer, NULL, &err));
        if (!i) ck_ok(hn_trainer_save(trainer, path, &err));
        ck_ok(hn_trainer_model(trainer, HN_BEST, &model, &err));
        bytes[i] = bytes_of(model, &sizes[i]);
        hn_model_free(model), hn_trainer_free(trainer), hn_dataset_free(train), hn_dataset_free(test);
    }
    ck_assert(sizes[0] == sizes[1] && !memcmp(bytes[0], bytes[1], sizes[0]));
    free(bytes[0]), free(bytes[1]);
    unlink(path);
}
END_TEST

/* Each change is one byte, so that the header keeps its length. */
START_TEST(damaged_traces) {
    static const struct {
        const char *find, *replace;
    } changes[] = {{"\\\"traces\\\":20", "\\\"traces\\\":21"}, {"\\\"traces\\\":20", "\\\"traces\\\":19"},
                   {"\\\"rows\\\":20,\\\"traces", "\\\"rows\\\":10,\\\"traces"},
                   {"\\\"patients\\\":10", "\\\"patients\\\":11"}, {"\\\"patients_known\\\":true", "\\\"patients_known\\\":1234"},
                   {"\\\"images\\\":\\\"", "\\\"images\\\":\\\"-"}, {"\\\"groups\\\":\\\"", "\\\"groups\\\":\\\"/////////////////"}};
    hn_dataset *train = slices_of(1, 0, 10, "p");
    hn_model *model = trained(train, NULL, 1), *loaded;
    size_t size;
    char *bytes = bytes_of(model, &size);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char *copy = malloc(size), *at;
        memcpy(copy, bytes, size);
        copy[size - 1] = 0; /* the weights' last byte: the text ends before */
        at = copy + 8 + strlen("{\"__metadata__\":{\"haemnet\":\"");
        while (at < copy + size && memcmp(at, changes[i].find, strlen(changes[i].find))) at++;
        ck_assert_msg(at < copy + size, "%s is not in the file", changes[i].find);
        memcpy(at, changes[i].replace, strlen(changes[i].replace));
        copy[size - 1] = bytes[size - 1];
        ck_refused(changes[i].replace, hn_model_load_memory(w.ctx, copy, size, &loaded, &err), HN_E_FORMAT);
        ck_assert_ptr_null(loaded);
        free(copy);
    }
    free(bytes);
    hn_model_free(model);
    hn_dataset_free(train);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("audit");
    TCase *tests = tcase_create("audit");
    tcase_add_checked_fixture(tests, make_everything, free_everything);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, traces_find_the_training_set);
    tcase_add_test(tests, traces_find_the_tuning_set);
    tcase_add_test(tests, provenance_says_what_is_shared);
    tcase_add_test(tests, same_bytes_after_resumption);
    tcase_add_test(tests, damaged_traces);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
