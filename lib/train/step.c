/* step.c - what a step is given beside its pixels: labels, the samples' random numbers, augmentation, and the numbers of the optimiser. */
#include <string.h>

#include "base/numeric.h"
#include "trainer.h"

/* A row that is drawn again in an epoch is another sample: it gets other random numbers. */
static int64_t sample_of(hni_part *part, int64_t row) {
    return part->drawn ? row + hni_dataset_rows(part->data) * (int64_t)part->drawn[row]++ : row;
}

void hni_step_begin_pass(hni_part *part) {
    if (part->drawn) memset(part->drawn, 0, (size_t)hni_dataset_rows(part->data) * sizeof *part->drawn);
}

/* Σ over the batch of what its truths weigh: what its mean loss stands for beside that of other batches. */
static double weight_of(const hn_trainer *t, const hni_batch *batch) {
    const size_t k = (size_t)t->model->n_classes;
    double sum = 0;
    if (t->model->task == HN_TASK_MULTI) return batch->count;
    for (int32_t i = 0; i < batch->count; i++) {
        const float *shares = t->batch_labels + (size_t)i * k;
        if (!t->mixes) sum += t->class_weights_f32 ? (double)t->class_weights_f32[t->batch_classes[i]] : 1;
        for (size_t j = 0; t->mixes && j < k; j++) sum += (double)shares[j] * (t->class_weights_f32 ? (double)t->class_weights_f32[j] : 1);
    }
    return sum;
}

static void fill_labels(hn_trainer *t, const hni_part *part, const hni_batch *batch) {
    const size_t k = (size_t)t->model->n_classes;
    for (int32_t i = 0; i < batch->count; i++) {
        float *labels = t->batch_labels + (size_t)i * k;
        hni_match_row(t->model, part->data, part->classes, batch->rows[i], &t->batch_classes[i], labels);
        if (t->model->task == HN_TASK_MULTI) continue;
        memset(labels, 0, k * sizeof *labels);
        labels[t->batch_classes[i]] = 1;
    }
}

static void fill_samples(hn_trainer *t, hni_part *part, const hni_batch *batch, int64_t epoch) {
    for (int32_t i = 0; i < batch->count; i++) {
        const int64_t sample = sample_of(part, batch->rows[i]);
        const uint32_t key[4] = {(uint32_t)t->options.seed, (uint32_t)(t->options.seed >> 32), (uint32_t)epoch, (uint32_t)sample};
        memcpy(t->batch_keys + 4 * (size_t)i, key, sizeof key);
        t->batch_samples[i] = sample;
        t->batch_rows[i] = (int32_t)batch->rows[i];
    }
}

double hni_step_fill(hn_trainer *t, hni_part *part, int32_t mode, const hni_batch *batch, int64_t epoch, hni_step *step) {
    const hni_preproc *pre = &t->model->preproc;
    const hni_augment_size size = {pre->width, pre->height, pre->width, pre->height};
    fill_labels(t, part, batch);
    fill_samples(t, part, batch, epoch);
    *step = (hni_step){.pixels = batch->pixels, .rows = t->batch_rows, .classes = t->batch_classes, .labels = t->batch_labels,
                       .keys = t->batch_keys, .augment = t->batch_table, .hyper = t->hyper};
    if (mode != HNI_MODE_TRAIN) return 0;
    if (t->options.augment) hni_augment_fill(t->options.augment, &size, t->options.seed, epoch, t->batch_samples, batch->count, t->batch_table);
    if (t->mixes) hni_augment_targets(t->batch_table, &size, batch->count, t->model->n_classes, t->batch_labels);
    return weight_of(t, batch);
}

/* The numbers of the optimiser's next step, one row a group, and behind them those of clipping and averages. */
void hni_step_numbers(hn_trainer *t, double weight) {
    const hn_train_options *o = &t->options;
    const double step = (double)(t->step + 1);
    const bool sgd = o->optimizer == HN_OPTIMIZER_SGD;
    t->rate = hni_schedule_rate(&t->schedule, t->step, (int64_t)t->n_history, t->watched);
    for (int32_t g = 0; g < t->groups.n; g++) {
        double *hyper = t->hyper + (size_t)g * HN_HYPER_COLUMNS;
        hyper[HN_HYPER_RATE] = t->rate * t->groups.group[g].rate;
        hyper[HN_HYPER_BETA1] = sgd ? o->momentum : o->beta1;
        hyper[HN_HYPER_BETA2] = sgd ? o->nesterov != 0 : o->beta2;
        hyper[HN_HYPER_EPSILON] = o->epsilon;
        hyper[HN_HYPER_DECAY] = o->weight_decay * t->groups.group[g].decay;
        hyper[HN_HYPER_CORRECTION1] = 1 - hni_pow(o->beta1, step);
        hyper[HN_HYPER_CORRECTION2] = 1 - hni_pow(o->beta2, step);
        hyper[HN_HYPER_STEP] = step;
    }
    double *numbers = t->hyper + (size_t)t->groups.n * HN_HYPER_COLUMNS;
    numbers[HNI_NUMBER_KEEP * HN_HYPER_COLUMNS] = t->gathered_weight > 0 ? t->gathered_weight / (t->gathered_weight + weight) : 0;
    numbers[HNI_NUMBER_LIMIT * HN_HYPER_COLUMNS] = o->clip_norm;
    numbers[HNI_NUMBER_DECAY * HN_HYPER_COLUMNS] = t->step ? o->average : 0;
}
