/* match.c - see match.h. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "match.h"

/* "a, b, c"; cut short where room ends. */
static void list(char *text, size_t size, const void *object, const char *(*name)(const void *object, int32_t k), int32_t n) {
    size_t at = 0;
    *text = 0;
    for (int32_t k = 0; k < n && at < size; k++) {
        int wrote = snprintf(text + at, size - at, "%s%s", k ? ", " : "", name(object, k));
        at += wrote > 0 ? (size_t)wrote : 0;
    }
}

static const char *model_name(const void *model, int32_t k) { return ((const hn_model *)model)->class_names[k]; }
static const char *data_name(const void *data, int32_t k) { return hni_dataset_class_name(data, k); }

static hn_status mismatch(const hn_model *model, const hn_dataset *data, hn_error *err) {
    char ours[80], theirs[80];
    list(ours, sizeof ours, model, model_name, model->n_classes);
    list(theirs, sizeof theirs, data, data_name, hni_dataset_classes(data));
    return hni_fail(err, HN_E_DATA, "the data's classes (%s) are not the model's (%s): names must agree", theirs, ours);
}

hn_status hni_match_classes(const hn_model *model, const hn_dataset *data, int32_t **map, hn_error *err) {
    int32_t n = hni_dataset_classes(data);
    if (hni_dataset_rows(data) < 1) return hni_fail(err, HN_E_DATA, "the data set has no rows");
    if (hni_dataset_task(data) != model->task)
        return hni_fail(err, HN_E_DATA, "the data have %s, the model %s",
                        hni_dataset_task(data) == HN_TASK_MULTI ? "several labels a row" : "one class a row",
                        model->task == HN_TASK_MULTI ? "wants several labels a row" : "wants one class a row");
    int32_t *m = hni_calloc(model->ctx, (size_t)n + 1, sizeof *m);
    if (!m) return hni_fail_memory(err, (size_t)n * sizeof *m, "a list of classes");
    for (int32_t k = 0; k < n; k++) {
        m[k] = 0;
        while (m[k] < model->n_classes && strcmp(model->class_names[m[k]], hni_dataset_class_name(data, k))) m[k]++;
        if (m[k] < model->n_classes) continue;
        hni_free(model->ctx, m);
        return mismatch(model, data, err);
    }
    *map = m;
    return HN_OK;
}

void hni_match_row(const hn_model *model, const hn_dataset *data, const int32_t *map, int64_t row, int32_t *class_index, float *labels) {
    if (model->task == HN_TASK_SINGLE) {
        *class_index = map[hni_dataset_label(data, row)];
        return;
    }
    uint64_t bits = hni_dataset_labels(data, row);
    memset(labels, 0, (size_t)model->n_classes * sizeof *labels);
    for (int32_t k = 0, n = hni_dataset_classes(data); k < n; k++)
        if (bits >> k & 1) labels[map[k]] = 1;
}
