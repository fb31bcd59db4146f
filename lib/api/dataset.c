/* dataset.c - the exported functions of haemnet/dataset.h: arguments are checked here, the work is lib/data's.
 *
 * Nothing here looks at a row or a file. Structs come and go through structs.h, so that callers of any release are understood. */
#include "haemnet/dataset.h"

#include "../data/dataset.h"
#include "structs.h"

/* HN_E_ARGUMENT naming the argument that is NULL. */
static hn_status missing(const char *function, const char *argument, hn_error *err) {
    return hni_fail(err, HN_E_ARGUMENT, "%s: %s is NULL", function, argument);
}

static hn_status take_options(const hn_dataset_options *options, hn_dataset_options *today, hn_error *err) {
    memset(today, 0, sizeof *today);
    if (!options) return HN_OK;
    hn_status status = HNI_CHECK(options, hn_dataset_options, err);
    if (status != HN_OK) return status;
    hni_take(today, sizeof *today, options);
    if (today->image.struct_size == 0) {
        hn_image_options unset = {0};
        if (memcmp(&unset, &today->image, sizeof unset) != 0)
            return hni_fail(err, HN_E_ABI, "hn_dataset_options.image has values but struct_size 0; set it to sizeof(hn_image_options)");
        return HN_OK;
    }
    return HNI_CHECK(&today->image, hn_image_options, err);
}

hn_status hn_dataset_create(hn_context *context, const hn_dataset_options *options, hn_dataset **out, hn_error *err) {
    hn_dataset_options today;
    if (!out) return missing(__func__, "out", err);
    *out = NULL;
    if (!context) return missing(__func__, "context", err);
    hn_status status = take_options(options, &today, err);
    return status == HN_OK ? hni_dataset_create(context, &today, out, err) : status;
}

hn_status hn_dataset_open(hn_context *context, const char *path, const hn_dataset_options *options, hn_dataset **out, hn_error *err) {
    hn_dataset_options today;
    if (!out) return missing(__func__, "out", err);
    *out = NULL;
    if (!context) return missing(__func__, "context", err);
    if (!path || !*path) return hni_fail(err, HN_E_ARGUMENT, "%s: path is NULL or empty", __func__);
    hn_status status = take_options(options, &today, err);
    return status == HN_OK ? hni_dataset_open(context, path, &today, out, err) : status;
}

hn_status hn_dataset_add_file(hn_dataset *dataset, const char *path, const char *label, const char *group, hn_error *err) {
    if (!dataset) return missing(__func__, "dataset", err);
    if (!path || !*path) return hni_fail(err, HN_E_ARGUMENT, "%s: path is NULL or empty", __func__);
    if (!label) return missing(__func__, "label", err);
    return hni_dataset_add(dataset, path, NULL, label, group, err);
}

hn_status hn_dataset_add_image(hn_dataset *dataset, hn_image *image, const char *label, const char *group, hn_error *err) {
    if (!dataset) return missing(__func__, "dataset", err);
    if (!image) return missing(__func__, "image", err);
    if (!label) return missing(__func__, "label", err);
    return hni_dataset_add(dataset, NULL, image, label, group, err);
}

hn_status hn_dataset_add_folder(hn_dataset *dataset, const char *dir, hn_error *err) {
    if (!dataset) return missing(__func__, "dataset", err);
    if (!dir || !*dir) return hni_fail(err, HN_E_ARGUMENT, "%s: dir is NULL or empty", __func__);
    return hni_dataset_add_folder(dataset, dir, err);
}

hn_status hn_dataset_add_manifest(hn_dataset *dataset, const char *path, hn_error *err) {
    if (!dataset) return missing(__func__, "dataset", err);
    if (!path || !*path) return hni_fail(err, HN_E_ARGUMENT, "%s: path is NULL or empty", __func__);
    return hni_dataset_add_manifest(dataset, path, err);
}

hn_status hn_dataset_split(hn_dataset *dataset, const hn_split_options *options, hn_dataset **train, hn_dataset **test, hn_error *err) {
    hn_split_options today = {0};
    if (train) *train = NULL;
    if (test) *test = NULL;
    if (!dataset) return missing(__func__, "dataset", err);
    if (!train) return missing(__func__, "train", err);
    if (!test) return missing(__func__, "test", err);
    if (train == test) return hni_fail(err, HN_E_ARGUMENT, "%s: train and test are the same place", __func__);
    if (options) {
        hn_status status = HNI_CHECK(options, hn_split_options, err);
        if (status != HN_OK) return status;
        hni_take(&today, sizeof today, options);
    }
    return hni_dataset_split(dataset, &today, train, test, err);
}

hn_status hn_dataset_check(hn_dataset *dataset, hn_cancel *cancel, int64_t *bad, hn_error *err) {
    if (!dataset) return missing(__func__, "dataset", err);
    return hni_dataset_check(dataset, cancel, bad, err);
}

hn_status hn_dataset_get_info(hn_dataset *dataset, hn_dataset_info *out, hn_error *err) {
    hn_dataset_info today = {0};
    if (!dataset) return missing(__func__, "dataset", err);
    hn_status status = HNI_CHECK(out, hn_dataset_info, err);
    if (status == HN_OK) status = hni_dataset_info(dataset, &today, err);
    if (status == HN_OK) hni_give(out, &today, sizeof today);
    return status;
}

hn_status hn_dataset_get_row(hn_dataset *dataset, int64_t index, hn_row *out, hn_error *err) {
    hn_row today = {0};
    if (!dataset) return missing(__func__, "dataset", err);
    hn_status status = HNI_CHECK(out, hn_row, err);
    if (status != HN_OK) return status;
    if (index < 0 || index >= hni_dataset_rows(dataset))
        return hni_fail(err, HN_E_NOT_FOUND, "row %lld: the data set has %lld rows, counted from 0", (long long)index,
                        (long long)hni_dataset_rows(dataset));
    hni_dataset_row(dataset, index, &today);
    hni_give(out, &today, sizeof today);
    return HN_OK;
}

const char *hn_dataset_value(hn_dataset *dataset, int64_t row, int32_t column) {
    return dataset ? hni_dataset_value(dataset, row, column) : NULL;
}

const char *hn_dataset_class_name(hn_dataset *dataset, int32_t index) { return dataset ? hni_dataset_class_name(dataset, index) : NULL; }

void hn_dataset_free(hn_dataset *dataset) { hni_dataset_unref(dataset); }
