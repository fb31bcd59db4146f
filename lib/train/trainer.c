/* trainer.c - the life of a trainer: options, parts and memory of the host; what lies on the device is device.c's. All that a trainer needs is made
 * once; epoch.c then only runs. */
#include "trainer.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

static hn_status check_rate(const char *name, double value, double low, double high, hn_error *err) {
    if (value >= low && value < high) return HN_OK;
    return hni_fail(err, HN_E_ARGUMENT, "%s is %g: must be at least %g and below %g", name, value, low, high);
}

static hn_status fill_defaults(hn_train_options *o, int32_t n_classes, hn_error *err) {
    hn_status status;
    if (!o->batch) o->batch = 32;
    if (!o->optimizer) o->optimizer = HN_OPTIMIZER_ADAM;
    if (o->learning_rate == 0) o->learning_rate = 0.001;
    if (o->beta1 == 0) o->beta1 = 0.9;
    if (o->beta2 == 0) o->beta2 = 0.999;
    if (o->epsilon == 0) o->epsilon = 1e-8;
    if (!o->prefetch) o->prefetch = 4;
    if (o->batch < 1 || o->batch > 65536) return hni_fail(err, HN_E_ARGUMENT, "batch of %d images: must be 1 … 65536", o->batch);
    if (o->optimizer < HN_OPTIMIZER_ADAM || o->optimizer > HN_OPTIMIZER_SGD)
        return hni_fail(err, HN_E_ARGUMENT, "unknown optimizer %d", o->optimizer);
    if (o->stop < 0 || o->stop > HN_STOP_UP || o->stop_patience < 0 || o->stop_strip < 0)
        return hni_fail(err, HN_E_ARGUMENT, "unknown stopping rule %d, or negative patience or strip", o->stop);
    if (o->prefetch < 1 || o->prefetch > 256) return hni_fail(err, HN_E_ARGUMENT, "prefetch of %d batches: must be 1 … 256", o->prefetch);
    if (o->flags) return hni_fail(err, HN_E_ARGUMENT, "flags of hn_train_options must be 0");
    if (o->n_class_weights && (o->n_class_weights != n_classes || !o->class_weights))
        return hni_fail(err, HN_E_ARGUMENT, "%d class weights for %d classes", o->n_class_weights, n_classes);
    if (!(o->learning_rate > 0 && isfinite(o->learning_rate)))
        return hni_fail(err, HN_E_ARGUMENT, "learning rate %g: must be above 0", o->learning_rate);
    if ((status = check_rate("beta1", o->beta1, 0, 1, err)) || (status = check_rate("beta2", o->beta2, 0, 1, err)) ||
        (status = check_rate("momentum", o->momentum, 0, 1, err)) || (status = check_rate("weight decay", o->weight_decay, 0, 1e6, err)) ||
        (status = check_rate("epsilon", o->epsilon, 1e-300, 1, err)) || (status = check_rate("stopping alpha", o->stop_alpha, 0, 1e9, err)))
        return status;
    return HN_OK;
}

static hn_status copy_class_weights(hn_trainer *t, hn_error *err) {
    int32_t n = t->options.n_class_weights;
    if (!n) {
        t->options.class_weights = NULL;
        return HN_OK;
    }
    t->class_weights = hni_calloc(t->ctx, (size_t)n, sizeof *t->class_weights);
    t->class_weights_f32 = hni_calloc(t->ctx, (size_t)n, sizeof *t->class_weights_f32);
    if (!t->class_weights || !t->class_weights_f32) return hni_fail_memory(err, (size_t)n * sizeof *t->class_weights, "class weights");
    for (int32_t k = 0; k < n; k++) {
        double w = t->options.class_weights[k];
        if (!(w > 0 && isfinite(w))) return hni_fail(err, HN_E_ARGUMENT, "the weight of class %d is %g: must be above 0", k, w);
        t->class_weights[k] = w;
        t->class_weights_f32[k] = (float)w;
    }
    t->options.class_weights = t->class_weights;
    return HN_OK;
}

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
    return moving->weights && moving->m && moving->v;
}

static hn_status take_host_memory(hn_trainer *t, hn_error *err) {
    size_t total = (size_t)t->model->graph->total, trainable = (size_t)t->model->graph->trainable, batch = (size_t)t->options.batch;
    t->batch_classes = hni_calloc(t->ctx, batch, sizeof *t->batch_classes);
    t->batch_labels = hni_calloc(t->ctx, batch * (size_t)t->model->n_classes, sizeof *t->batch_labels);
    t->batch_keys = hni_calloc(t->ctx, batch * 4, sizeof *t->batch_keys);
    t->batch_rows = hni_calloc(t->ctx, batch, sizeof *t->batch_rows);
    t->best = hni_calloc(t->ctx, total, sizeof(float));
    if (!t->batch_classes || !t->batch_labels || !t->batch_keys || !t->batch_rows || !t->best || !take_moving(t, &t->last) || !take_moving(t, &t->next))
        return hni_fail_memory(err, (total * 3 + trainable * 4) * sizeof(float), "a trainer");
    hni_trainer_rewind(t);
    return HN_OK;
}

hn_status hni_trainer_create(const hn_model *model, hn_dataset *train, hn_dataset *test, const hn_train_options *options, hn_trainer **out,
                             hn_error *err) {
    hn_trainer *t = hni_calloc(model->ctx, 1, sizeof *t);
    if (!t) return hni_fail_memory(err, sizeof *t, "a trainer");
    t->ctx = hni_context_ref(model->ctx);
    t->model = hni_model_ref(model);
    t->options = *options;
    t->options.cancel = hni_cancel_ref(options->cancel);
    hn_status status = fill_defaults(&t->options, model->n_classes, err);
    t->stopping = hni_stopping_defaults(&t->options);
    if (!status) status = copy_class_weights(t, err);
    if (!status) status = open_part(t, train, &t->train, err);
    if (!status) status = open_part(t, test, &t->test, err);
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
    hni_dataset_unref(part->data);
}

void hni_trainer_free(hn_trainer *t) {
    if (!t) return;
    hn_context *ctx = t->ctx;
    hni_trainer_close_device(t);
    close_part(t, &t->train);
    close_part(t, &t->test);
    void *blocks[] = {t->class_weights, t->class_weights_f32, t->batch_classes, t->batch_labels, t->batch_keys, t->batch_rows, t->last.weights, t->last.m,
                      t->last.v,        t->next.weights,      t->next.m,        t->next.v,       t->best,       t->history};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) hni_free(ctx, blocks[i]);
    hni_cancel_unref(t->options.cancel);
    hni_model_unref(t->model);
    hni_free(ctx, t);
    hni_context_unref(ctx);
}
