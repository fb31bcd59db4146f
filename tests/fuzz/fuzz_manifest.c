/* fuzz_manifest.c - any bytes as a manifest, with one label column and with several: rows are read out, the set is split and folded. */
#include "fuzz.h"

static void manifest_use(hn_dataset *ds) {
    hn_dataset_info info = {.struct_size = sizeof info};
    hn_dataset *train = NULL, *test = NULL;
    PROMISE(!hn_dataset_get_info(ds, &info, &err), "%s", err.message);
    PROMISE(info.n_rows > 0 && info.n_classes > 0 && !info.n_skipped, "%lld rows, %d classes", (long long)info.n_rows, info.n_classes);
    for (int64_t i = 0; i < info.n_rows; i++) {
        hn_row row = {.struct_size = sizeof row};
        PROMISE(!hn_dataset_get_row(ds, i, &row, &err), "%s", err.message);
        PROMISE(row.path && row.group && row.patient && row.study && row.problem && row.label < info.n_classes, "row %lld", (long long)i);
    }
    for (int32_t k = 0; k < info.n_classes; k++) PROMISE(hn_dataset_class_name(ds, k), "class %d has no name", k);
    for (int32_t folds = 0; folds <= 3; folds += 3) {
        const hn_split_options o = {.struct_size = sizeof o, .folds = folds, .fold = folds / 2, .seed = 3};
        const hn_status status = hn_dataset_split(ds, &o, &train, &test, &err);
        if (fuzz_done(status, &train) && fuzz_done(status, &test)) {
            hn_dataset_info a = {.struct_size = sizeof a}, b = {.struct_size = sizeof b};
            PROMISE(!hn_dataset_get_info(train, &a, &err) && !hn_dataset_get_info(test, &b, &err), "%s", err.message);
            PROMISE(a.n_rows + b.n_rows == info.n_rows, "%lld and %lld of %lld rows", (long long)a.n_rows, (long long)b.n_rows, (long long)info.n_rows);
        }
        hn_dataset_free(train);
        hn_dataset_free(test);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const columns[] = {"label", "any", "epidural"};
    int fd;
    fuzz_begin();
    hn_context *ctx = fuzz_context();
    const char *path = fuzz_path(data, size, &fd);
    for (int several = 0; several < 2; several++) {
        const hn_dataset_options o = {.struct_size = sizeof o, .label_columns = several ? columns + 1 : NULL, .n_label_columns = several ? 2 : 0,
                                      .group_pattern = several ? "([a-z]+)[0-9]" : NULL};
        hn_dataset *ds = NULL;
        PROMISE(!hn_dataset_create(ctx, &o, &ds, &err), "%s", err.message);
        const hn_status status = hn_dataset_add_manifest(ds, path, &err);
        if (fuzz_fine(status)) manifest_use(ds);
        hn_dataset_free(ds);
    }
    fuzz_unpath(fd);
    hn_context_free(ctx);
    fuzz_end(((size_t)1 << 20) + 256 * size);
    return 0;
}
