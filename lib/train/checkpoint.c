/* checkpoint.c - all that resumption needs, in one safetensors file: flat weights (last and best), the optimiser's companions, history.
 *
 * The metadata says what the training was; resumption with anything else is refused, since it could not be bit-identical. The order of
 * samples and all random numbers follow from seed and epoch, so no generator state has to be stored. */
#include <math.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/status.h"
#include "haemnet/version.h"
#include "trainer.h"

enum { FORMAT = 1, COLUMNS = 15 };
#define MAX_CHECKPOINT ((uint64_t)HNI_MAX_WEIGHTS * 16 + (64u << 20))

static void to_row(const hn_epoch_report *r, double row[COLUMNS]) {
    const double values[COLUMNS] = {(double)r->epoch,
                                    r->train_loss,
                                    r->train_accuracy,
                                    r->test_loss,
                                    r->test_accuracy,
                                    r->learning_rate,
                                    r->seconds,
                                    r->images_per_second,
                                    (double)r->train_images,
                                    (double)r->test_images,
                                    (double)r->skipped,
                                    (double)r->best_epoch,
                                    r->best_loss,
                                    (double)r->flags,
                                    0};
    memcpy(row, values, sizeof values);
}

static bool whole(double v) { return v >= 0 && v < 9e15 && v == floor(v); }

/* false if the row cannot have been written by to_row for this epoch */
static bool from_row(const double row[COLUMNS], int64_t epoch, hn_epoch_report *r) {
    memset(r, 0, sizeof *r);
    if (row[0] != (double)epoch || !whole(row[8]) || !whole(row[9]) || !whole(row[10]) || !whole(row[11]) || row[11] > (double)epoch ||
        !whole(row[13]) || row[13] > 7)
        return false;
    r->struct_size = sizeof *r;
    r->epoch = epoch;
    r->train_loss = row[1], r->train_accuracy = row[2], r->test_loss = row[3], r->test_accuracy = row[4];
    r->learning_rate = row[5], r->seconds = row[6], r->images_per_second = row[7];
    r->train_images = (int64_t)row[8], r->test_images = (int64_t)row[9], r->skipped = (int64_t)row[10];
    r->best_epoch = (int64_t)row[11], r->best_loss = row[12], r->flags = (uint32_t)row[13];
    return true;
}

/* What must agree for resumption: the start model's bytes and the training's description. Text for the metadata. */
static hn_status describe(hn_trainer *t, hni_text *text, hn_error *err) {
    uint8_t *bytes = NULL;
    size_t size;
    uint64_t digest[4];
    hni_sha256 hash;
    hn_status status = hni_model_bytes(t->model, &bytes, &size, err);
    if (status) return status;
    hni_sha256_init(&hash);
    hni_sha256_add(&hash, bytes, size);
    hni_sha256_end(&hash, digest);
    hni_free(t->ctx, bytes);
    hni_text_format(text, "{\"start_model\":\"%016llx%016llx%016llx%016llx\",", (unsigned long long)digest[0],
                    (unsigned long long)digest[1], (unsigned long long)digest[2], (unsigned long long)digest[3]);
    hni_trainer_describe(t, text);
    hni_text_add(text, "}");
    return text->failed ? hni_fail_memory(err, text->size, "a checkpoint's description") : HN_OK;
}

static hn_status metadata(hn_trainer *t, hni_text *text, hn_error *err) {
    hni_text_format(text, "{\"kind\":\"checkpoint\",\"format\":%d,\"library\":\"%s\",\"epochs\":%zu,\"step\":%lld,\"training\":", FORMAT,
                    HN_VERSION_STRING, t->n_history, (long long)t->step);
    hn_status status = describe(t, text, err);
    hni_text_add(text, "}");
    return status ? status : text->failed ? hni_fail_memory(err, text->size, "a checkpoint's metadata") : HN_OK;
}

static hni_tensor_ref flat(const char *name, const void *data, int64_t n) {
    return (hni_tensor_ref){
        .name = name, .dtype = HN_DTYPE_F32, .rank = 1, .shape = {n, 1, 1, 1}, .data = data, .size = (size_t)n * sizeof(float)};
}

hn_status hni_trainer_save(hn_trainer *t, const char *path, hn_error *err) {
    int64_t total = t->model->graph->total, trainable = t->model->graph->trainable;
    double *rows = hni_calloc(t->ctx, t->n_history + 1, COLUMNS * sizeof *rows);
    hni_text text;
    if (!rows) return hni_fail_memory(err, (t->n_history + 1) * COLUMNS * sizeof *rows, "a checkpoint's history");
    for (size_t i = 0; i < t->n_history; i++) to_row(&t->history[i], rows + i * COLUMNS);
    hni_text_init(&text, t->ctx);
    hn_status status = metadata(t, &text, err);
    if (!status) {
        const hni_tensor_ref tensors[] = {{.name = "history",
                                           .dtype = HN_DTYPE_F64,
                                           .rank = 2,
                                           .shape = {(int64_t)t->n_history, COLUMNS, 1, 1},
                                           .data = rows,
                                           .size = t->n_history * COLUMNS * sizeof *rows},
                                          flat("last", t->last.weights, total),
                                          flat("best", t->best, total),
                                          flat("m", t->last.m, trainable),
                                          flat("v", t->last.v, trainable),
                                          flat("average", t->last.average, total)}; /* the last: without a moving average it is left out */
        const size_t n = sizeof tensors / sizeof *tensors - (t->last.average ? 0 : 1);
        status = hni_safetensors_write(t->ctx, path, tensors, n, text.data, err);
    }
    hni_text_free(&text);
    hni_free(t->ctx, rows);
    return status;
}

/* Names the first member of the description that differs, so that the user knows what to put right. */
static hn_status compare(hn_trainer *t, const hni_json *json, hni_json_value saved, hn_error *err) {
    hni_text text;
    hni_json *now = NULL;
    hni_text_init(&text, t->ctx);
    hn_status status = describe(t, &text, err);
    if (!status) status = hni_json_parse(t->ctx, text.data, text.size, &now, err);
    hni_json_value key = status ? -1 : hni_json_first(now, hni_json_root(now));
    for (int32_t i = 0, n = status ? 0 : hni_json_count(now, hni_json_root(now)); i < n && !status; i++, key = hni_json_next(now, key)) {
        const char *name = hni_json_string(now, key);
        hni_json_value theirs = hni_json_get(json, saved, name);
        size_t a = 0, b = 0;
        const char *ours_text = hni_json_raw(now, hni_json_member_value(now, key), &a),
                   *theirs_text = theirs < 0 ? "" : hni_json_raw(json, theirs, &b);
        if (a != b || memcmp(ours_text, theirs_text, a))
            status = hni_fail(err, HN_E_DATA,
                              "the checkpoint was made with another %s (%.*s, now %.*s): resume with the same model, data and options",
                              name, (int)(b > 50 ? 50 : b), theirs_text, (int)(a > 50 ? 50 : a), ours_text);
    }
    hni_json_free(now);
    hni_text_free(&text);
    return status;
}

static hn_status take_tensor(const hni_safetensors *file, const char *name, int32_t dtype, size_t size, const void **data, hn_error *err) {
    int64_t i = hni_safetensors_find(file, name);
    if (i < 0 || file->tensors[i].dtype != dtype || file->tensors[i].size != size)
        return hni_fail(err, HN_E_FORMAT, "the checkpoint's tensor %s is missing or has not %zu bytes", name, size);
    *data = file->tensors[i].data;
    return HN_OK;
}

static hn_status take_history(hn_trainer *t, const void *data, int64_t epochs, hn_error *err) {
    for (int64_t i = 0; i < epochs; i++) {
        double row[COLUMNS];
        hn_epoch_report report;
        memcpy(row, (const char *)data + (size_t)i * sizeof row, sizeof row);
        hn_status status = from_row(row, i + 1, &report)
                               ? hni_trainer_append(t, &report, err)
                               : hni_fail(err, HN_E_FORMAT, "the checkpoint's history is damaged at epoch %lld", (long long)i + 1);
        if (status) {
            t->n_history = 0;
            return status;
        }
    }
    return HN_OK;
}

/* Everything is looked at before anything is changed. */
static hn_status take_state(hn_trainer *t, const hni_json *json, const hni_safetensors *file, hn_error *err) {
    hni_json_value root = hni_json_root(json);
    size_t total = (size_t)t->model->graph->total * sizeof(float), trainable = (size_t)t->model->graph->trainable * sizeof(float);
    const void *last, *best, *m, *v, *history, *average = NULL;
    int64_t epochs, step, format;
    if (!hni_json_int(json, hni_json_get(json, root, "format"), &format) ||
        !hni_json_int(json, hni_json_get(json, root, "epochs"), &epochs) || !hni_json_int(json, hni_json_get(json, root, "step"), &step) ||
        epochs < 0 || epochs > 1000000 || step < 0)
        return hni_fail(err, HN_E_FORMAT, "this is no checkpoint, or a damaged one");
    if (format > FORMAT) return hni_fail(err, HN_E_UNSUPPORTED, "checkpoint format %lld is newer than this library", (long long)format);
    hn_status status = compare(t, json, hni_json_get(json, root, "training"), err);
    if (status) return status;
    if (step > epochs * t->schedule.steps) /* bad files make them fewer, nothing makes them more */
        return hni_fail(err, HN_E_FORMAT, "the checkpoint says %lld steps in %lld epochs of at most %lld: it is damaged", (long long)step,
                        (long long)epochs, (long long)t->schedule.steps);
    if ((status = take_tensor(file, "last", HN_DTYPE_F32, total, &last, err)) ||
        (status = take_tensor(file, "best", HN_DTYPE_F32, total, &best, err)) ||
        (status = take_tensor(file, "m", HN_DTYPE_F32, trainable, &m, err)) ||
        (status = take_tensor(file, "v", HN_DTYPE_F32, trainable, &v, err)) ||
        (status = take_tensor(file, "history", HN_DTYPE_F64, (size_t)epochs * COLUMNS * sizeof(double), &history, err)) ||
        (t->last.average && (status = take_tensor(file, "average", HN_DTYPE_F32, total, &average, err))) ||
        (status = take_history(t, history, epochs, err)))
        return status;
    memcpy(t->last.weights, last, total);
    memcpy(t->best, best, total);
    memcpy(t->last.m, m, trainable);
    memcpy(t->last.v, v, trainable);
    if (average) memcpy(t->last.average, average, total);
    t->step = step;
    t->best_epoch = epochs ? t->history[epochs - 1].best_epoch : 0;
    t->best_loss = epochs ? t->history[epochs - 1].best_loss : INFINITY;
    status = hni_trainer_restore(t, err);
    if (status) hni_trainer_rewind(t); /* as if nothing had been asked: the trainer can train, or resume again */
    return status;
}

hn_status hni_trainer_resume(hn_trainer *t, const char *path, hn_error *err) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    hni_safetensors file = {0};
    hni_json *json = NULL;
    if (t->n_history) return hni_fail(err, HN_E_STATE, "this trainer has trained already; resume with a fresh one");
    hn_status status = hni_file_read(t->ctx, path, MAX_CHECKPOINT, &bytes, &size, err);
    if (status) return status;
    status = hni_safetensors_parse(t->ctx, bytes, size, &file, err);
    if (!status)
        status = file.metadata ? hni_json_parse(t->ctx, file.metadata, strlen(file.metadata), &json, err)
                               : hni_fail(err, HN_E_FORMAT, "this is no checkpoint: it has no haemnet metadata");
    if (!status) status = take_state(t, json, &file, err);
    hni_json_free(json);
    hni_safetensors_free(&file);
    hni_free(t->ctx, bytes);
    if (status) hni_error_prefix(err, "%s", path);
    return status;
}
