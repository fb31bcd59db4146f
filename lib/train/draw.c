/* draw.c - what depends on the rows of the training part: how likely each is to be drawn, and weights of the classes. */
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "data/sampler.h"
#include "trainer.h"

static hn_status balance_classes(hn_trainer *t, hn_error *err) {
    const int64_t rows = hni_dataset_rows(t->train.data);
    const int32_t n = t->model->n_classes;
    if (t->model->task != HN_TASK_SINGLE)
        return hni_fail(err, HN_E_UNSUPPORTED, "balance_classes is for one class an image; give class_weights, a number for each label");
    for (int64_t i = 0; i < rows; i++) t->class_weights[t->train.classes[hni_dataset_label(t->train.data, i)]]++;
    for (int32_t k = 0; k < n; k++) {
        if (t->class_weights[k] == 0)
            return hni_fail(err, HN_E_DATA, "balance_classes: the training part has no image of %s", t->model->class_names[k]);
        t->class_weights[k] = (double)rows / (n * t->class_weights[k]);
        t->class_weights_f32[k] = (float)t->class_weights[k];
    }
    return HN_OK;
}

/* Rows with the positive class; in a multi-label set those with any label. */
static hn_status mark_positive(const hn_trainer *t, uint8_t *positive, hn_error *err) {
    const hni_part *part = &t->train;
    if (t->model->task == HN_TASK_SINGLE && t->model->positive < 0)
        return hni_fail(err, HN_E_ARGUMENT, "hard negatives are those beside the positive class, and the model names none");
    for (int64_t i = 0; i < hni_dataset_rows(part->data); i++)
        positive[i] = t->model->task == HN_TASK_SINGLE ? part->classes[hni_dataset_label(part->data, i)] == t->model->positive
                                                       : hni_dataset_labels(part->data, i) != 0;
    return HN_OK;
}

static hn_status fill_weights(const hn_trainer *t, double *weights, uint8_t *positive, hn_error *err) {
    const hn_train_options *o = &t->options;
    if (o->sampler == HN_SAMPLER_CLASSES) return hni_sampler_classes(t->train.data, weights, err);
    if (o->sampler == HN_SAMPLER_GROUPS) return hni_sampler_groups(t->train.data, weights, err);
    const hn_status status = mark_positive(t, positive, err);
    return status ? status : hni_sampler_hard(t->train.data, positive, o->hard_reach, o->hard_factor, weights, err);
}

static hn_status weigh_rows(hn_trainer *t, hn_error *err) {
    const size_t rows = (size_t)hni_dataset_rows(t->train.data);
    double *weights = hni_calloc(t->ctx, rows, sizeof *weights);
    uint8_t *positive = hni_calloc(t->ctx, rows, sizeof *positive);
    t->train.drawn = hni_calloc(t->ctx, rows, sizeof *t->train.drawn);
    hn_status status = weights && positive && t->train.drawn ? HN_OK : hni_fail_memory(err, rows * sizeof *weights, "the weights of rows");
    if (!status) status = fill_weights(t, weights, positive, err);
    if (!status) status = hni_loader_weigh(t->train.loader, weights, err);
    hni_free(t->ctx, weights);
    hni_free(t->ctx, positive);
    return status;
}

hn_status hni_trainer_draw(hn_trainer *t, hn_error *err) {
    const hn_status status = t->options.balance_classes ? balance_classes(t, err) : HN_OK;
    return status || t->options.sampler == HN_SAMPLER_SHUFFLE ? status : weigh_rows(t, err);
}
