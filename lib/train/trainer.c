/* trainer.c - the life of a trainer: its parts and its memory on the host; what lies on the device is device.c's, options are options.c's. All that
 * a trainer needs is made once; epoch.c then only runs. */
#include "trainer.h"

#include "base/memory.h"
#include "base/status.h"

static hn_status open_part(hn_trainer *t, hn_dataset *data, hni_part *part, hn_error *err) {
    if (!data) return HN_OK;
    part->data = hni_dataset_ref(data);
    hni_dataset_freeze(data);
    hn_status status = hni_match_classes(t->model, data, &part->classes, err);
    return status ? status : hni_loader_create(data, &t->model->preproc, t->options.batch, t->options.prefetch, &part->loader, err);
}

static bool take_moving(hn_trainer *t, hni_moving *moving) {
    size_t total = (size_t)t->model->graph->total, trainable = (size_t)t->model->graph->trainable;
    moving->weights = hni_calloc(t->ctx, total, sizeof(float));
    moving->m = hni_calloc(t->ctx, trainable, sizeof(float));
    moving->v = hni_calloc(t->ctx, trainable, sizeof(float));
    if (t->options.average > 0) moving->average = hni_calloc(t->ctx, total, sizeof(float));
    return moving->weights && moving->m && moving->v && (moving->average || t->options.average == 0);
}

static bool take_batch(hn_trainer *t) {
    const size_t batch = (size_t)t->options.batch;
    t->batch_classes = hni_calloc(t->ctx, batch, sizeof *t->batch_classes);
    t->batch_labels = hni_calloc(t->ctx, batch * (size_t)t->model->n_classes, sizeof *t->batch_labels);
    t->batch_keys = hni_calloc(t->ctx, batch * 4, sizeof *t->batch_keys);
    t->batch_rows = hni_calloc(t->ctx, batch, sizeof *t->batch_rows);
    t->batch_samples = hni_calloc(t->ctx, batch, sizeof *t->batch_samples);
    if (t->options.augment) t->batch_table = hni_calloc(t->ctx, batch * HN_AUGMENT_COLUMNS, sizeof *t->batch_table);
    t->hyper = hni_calloc(t->ctx, (size_t)(t->groups.n + HNI_NUMBERS) * HN_HYPER_COLUMNS, sizeof *t->hyper);
    return t->batch_classes && t->batch_labels && t->batch_keys && t->batch_rows && t->batch_samples && (t->batch_table || !t->options.augment) &&
           t->hyper;
}

static hn_status take_host_memory(hn_trainer *t, hn_error *err) {
    size_t total = (size_t)t->model->graph->total, trainable = (size_t)t->model->graph->trainable;
    t->best = hni_calloc(t->ctx, total, sizeof(float));
    if (!take_batch(t) || !t->best || !take_moving(t, &t->last) || !take_moving(t, &t->next))
        return hni_fail_memory(err, (total * 3 + trainable * 4) * sizeof(float), "a trainer");
    hni_trainer_rewind(t);
    return HN_OK;
}

/* Batches of an epoch in which every file can be read, and the optimiser's steps. */
static int64_t steps_of(const hn_trainer *t) {
    const int64_t batches = (hni_dataset_rows(t->train.data) + t->options.batch - 1) / t->options.batch;
    return (batches + t->options.accumulate - 1) / t->options.accumulate;
}

hn_status hni_trainer_create(const hn_model *model, hn_dataset *train, hn_dataset *test, const hn_train_options *options, hn_trainer **out,
                             hn_error *err) {
    hn_trainer *t = hni_calloc(model->ctx, 1, sizeof *t);
    if (!t) return hni_fail_memory(err, sizeof *t, "a trainer");
    t->ctx = hni_context_ref(model->ctx);
    t->model = hni_model_ref(model);
    hn_status status = hni_trainer_take_options(t, options, err);
    t->mixes = !status && hni_augment_mixes(t->options.augment);
    if (!status) status = open_part(t, train, &t->train, err);
    if (!status) status = open_part(t, test, &t->test, err);
    if (!status) status = hni_schedule_make(&t->options, steps_of(t), &t->schedule, err);
    if (!status) status = hni_trainer_draw(t, err);
    if (!status) status = take_host_memory(t, err);
    if (!status) status = hni_trainer_open_device(t, err);
    if (status)
        hni_trainer_free(t);
    else
        *out = t;
    return status;
}

static void close_part(hn_trainer *t, hni_part *part) {
    hni_loader_free(part->loader);
    hni_free(t->ctx, part->classes);
    hni_free(t->ctx, part->drawn);
    hni_dataset_unref(part->data);
}

void hni_trainer_free(hn_trainer *t) {
    if (!t) return;
    hn_context *ctx = t->ctx;
    hni_trainer_close_device(t);
    close_part(t, &t->train);
    close_part(t, &t->test);
    void *blocks[] = {t->batch_classes, t->batch_labels, t->batch_keys,   t->batch_rows,    t->batch_samples, t->batch_table, t->hyper,
                      t->last.weights,  t->last.m,       t->last.v,       t->last.average,  t->next.weights,  t->next.m,      t->next.v,
                      t->next.average,  t->best,         t->history,      t->watched,       t->leaks};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) hni_free(ctx, blocks[i]);
    hni_traces_free(t->traces);
    hni_familiar_free(t->familiar);
    hni_trainer_free_options(t);
    hni_model_unref(t->model);
    hni_free(ctx, t);
    hni_context_unref(ctx);
}
