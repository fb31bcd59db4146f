/* device.c - what a trainer has on its device: the weights, an executor for each batch size that occurs, and one arena that they share.
 *
 * All of it is taken when the trainer is made, the arena as large as the plan of the executor that needs most; a step then takes nothing. Bad
 * files alone can make a batch size occur that was not foreseen. */
#include <stdio.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "trainer.h"

static hn_status make_executor(hn_trainer *t, int32_t mode, int32_t batch, hni_executor **out, hn_error *err) {
    hni_executor_options o = {
        .mode = mode, .batch = batch, .task = t->model->task, .positive = t->model->positive, .threshold = t->model->threshold};
    const bool train = mode == HNI_MODE_TRAIN, update = mode == HNI_MODE_UPDATE;
    const hni_part *part = train ? &t->train : &t->test;
    if (train || update) {
        o.optimizer = t->options.optimizer;
        o.accumulate = t->options.accumulate > 1;
        o.clip = t->options.clip_norm > 0;
        o.average = t->options.average > 0;
    }
    if (train) {
        o.targets = t->mixes;
        o.augment = t->options.augment != NULL;
        o.smoothing = t->options.label_smoothing, o.focal = t->options.focal;
        o.frozen = t->groups.frozen;
    }
    o.averaged = mode == HNI_MODE_TEST && t->options.average_test;
    o.class_weights = t->class_weights_f32;
    if (part->store.memory && !update) o.images = hni_dataset_rows(part->data), o.store = part->store;
    o.mean = t->model->preproc.mean, o.deviation = t->model->preproc.deviation;
    return hni_executor_create(t->device, t->model->graph, &t->weights, &o, out, err);
}

static void drop_shape(hn_trainer *t) {
    hni_shape *shape = &t->shapes[--t->n_shapes];
    hni_executor_free(shape->executor);
    hni_device_free(t->device, &shape->own);
}

/* A new last shape, which has no memory yet. */
static hn_status add_shape(hn_trainer *t, int32_t mode, int32_t batch, hn_error *err) {
    hni_shape *shape = &t->shapes[t->n_shapes];
    *shape = (hni_shape){.mode = mode, .batch = batch};
    const hn_status status = make_executor(t, mode, batch, &shape->executor, err);
    if (!status) t->n_shapes++;
    return status;
}

static hn_status bind_shape(hn_trainer *t, hni_shape *shape, hn_error *err) {
    const uint64_t need = hni_executor_arena_bytes(shape->executor);
    const hn_status status = need > t->arena.size ? hni_device_alloc(t->device, need, &shape->own, err) : HN_OK;
    return status ? status : hni_executor_bind(shape->executor, shape->own.memory ? shape->own : t->arena, err);
}

hn_status hni_trainer_shape(hn_trainer *t, int32_t mode, int32_t batch, hni_executor **out, hn_error *err) {
    for (int32_t i = 0; i < t->n_shapes; i++)
        if (t->shapes[i].mode == mode && t->shapes[i].batch == batch) {
            *out = t->shapes[i].executor;
            return HN_OK;
        }
    if (t->n_shapes == HNI_SHAPES) drop_shape(t); /* bad files made yet another last batch: the youngest size gives way */
    hn_status status = add_shape(t, mode, batch, err);
    if (status) return status;
    hni_shape *shape = &t->shapes[t->n_shapes - 1];
    status = bind_shape(t, shape, err);
    if (status)
        drop_shape(t);
    else
        *out = shape->executor;
    return status;
}

/* The sizes that occur if no file is bad. */
static hn_status add_expected_shapes(hn_trainer *t, hn_error *err) {
    const hni_part *parts[] = {&t->train, &t->test};
    for (int p = 0; p < 2; p++) {
        const int32_t mode = p ? HNI_MODE_TEST : HNI_MODE_TRAIN;
        const int64_t rows = parts[p]->data ? hni_dataset_rows(parts[p]->data) : 0;
        hn_status status = HN_OK;
        if (rows >= t->options.batch) status = add_shape(t, mode, t->options.batch, err);
        if (!status && rows % t->options.batch) status = add_shape(t, mode, (int32_t)(rows % t->options.batch), err);
        if (status) return status;
    }
    return HN_OK;
}

static hn_status take_arena(hn_trainer *t, hn_error *err) {
    uint64_t most = 0;
    for (int32_t i = 0; i < t->n_shapes; i++) {
        const uint64_t need = hni_executor_arena_bytes(t->shapes[i].executor);
        if (need > most) most = need;
    }
    if (t->update && hni_executor_arena_bytes(t->update) > most) most = hni_executor_arena_bytes(t->update);
    hn_status status = hni_device_alloc(t->device, most, &t->arena, err);
    if (!status && t->update) status = hni_executor_bind(t->update, t->arena, err);
    for (int32_t i = 0; i < t->n_shapes && !status; i++) status = bind_shape(t, &t->shapes[i], err);
    return status;
}

static void drop_steps(hn_trainer *t) {
    while (t->n_shapes) drop_shape(t);
    hni_executor_free(t->update);
    t->update = NULL;
    hni_device_free(t->device, &t->arena);
    hni_resident_drop(t);
}

/* Images that stay on the device are a convenience: where they leave no room for the network, they have to go. */
static hn_status take_steps(hn_trainer *t, hn_error *err) {
    uint64_t limit = hni_resident_limit(t->device, t->options.resident_bytes);
    for (;;) {
        hn_error why = {.status = HN_OK};
        hn_status status = hni_resident_take(t, limit, &why);
        if (!status) status = add_expected_shapes(t, &why);
        if (!status && t->options.accumulate > 1) status = make_executor(t, HNI_MODE_UPDATE, 1, &t->update, &why);
        if (!status) status = take_arena(t, &why);
        if (status != HN_E_MEMORY || !t->store.memory) {
            if (status && err) *err = why;
            return status;
        }
        hni_log_message(t->ctx, HN_LOG_INFO, "train", "no room for the images on the device: %s", why.message);
        drop_steps(t);
        limit = 0;
    }
}

static hn_status take_weights(hn_trainer *t, hn_error *err) {
    const hn_train_options *o = &t->options;
    const hni_weights_options how = {
        .training = true, .accumulate = o->accumulate > 1, .clip = o->clip_norm > 0, .average = o->average > 0, .groups = t->groups.n};
    hn_status status = hni_weights_create_with(t->device, t->model->graph, &how, &t->weights, err);
    if (!status && t->groups.n > 1) status = hni_device_upload(t->device, t->weights.group, t->groups.map, err);
    hni_free(t->ctx, t->groups.map);
    t->groups.map = NULL;
    return status ? status : hni_trainer_restore(t, err);
}

hn_status hni_trainer_open_device(hn_trainer *t, hn_error *err) {
    hn_status status = hni_device_open_spec(t->ctx, t->options.device, &t->device, err);
    t->options.device = NULL; /* the caller's string; not needed any more */
    if (!status) status = take_weights(t, err);
    return status ? status : take_steps(t, err);
}

void hni_trainer_close_device(hn_trainer *t) {
    if (!t->device) return;
    drop_steps(t);
    hni_weights_free(&t->weights);
    hni_device_close(t->device);
}

void hni_trainer_info(const hn_trainer *t, hn_trainer_info *out) {
    const hni_part *const parts[] = {&t->train, &t->test};
    out->flags = hni_device_deterministic(t->device) ? HN_TRAINER_DETERMINISTIC : 0;
    for (int i = 0; i < 2; i++)
        if (parts[i]->store.memory) out->resident_images += hni_dataset_rows(parts[i]->data);
    out->resident_bytes = t->store.memory ? t->store.size : 0;
    out->device_bytes = out->resident_bytes + t->weights.memory.size + t->arena.size;
    for (int32_t i = 0; i < t->n_shapes; i++)
        if (t->shapes[i].own.memory) out->device_bytes += t->shapes[i].own.size;
    snprintf(out->device, sizeof out->device, "%s", t->device->info.name);
    snprintf(out->precision, sizeof out->precision, "%s", hni_device_precision(t->device));
}
