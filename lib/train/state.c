/* state.c - what a trainer knows between epochs: weights and their companions on the host, history, and the models made of them. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "trainer.h"

hn_status hni_trainer_fetch(hn_trainer *t, hn_error *err) {
    hn_status status = hni_weights_get(&t->weights, t->next.weights, err);
    if (!status) status = hni_device_download(t->device, t->next.m, t->weights.m, err);
    if (!status) status = hni_device_download(t->device, t->next.v, t->weights.v, err);
    if (status) return status;
    const hni_moving fetched = t->next;
    t->next = t->last;
    t->last = fetched;
    return HN_OK;
}

hn_status hni_trainer_restore(hn_trainer *t, hn_error *err) {
    hn_status status = hni_weights_set(&t->weights, t->last.weights, err);
    if (!status) status = hni_device_upload(t->device, t->weights.m, t->last.m, err);
    if (!status) status = hni_device_upload(t->device, t->weights.v, t->last.v, err);
    t->adrift = status != HN_OK;
    return status;
}

void hni_trainer_rewind(hn_trainer *t) {
    const hni_graph *graph = t->model->graph;
    size_t total = (size_t)graph->total * sizeof(float), trainable = (size_t)graph->trainable * sizeof(float);
    memcpy(t->last.weights, t->model->weights, total);
    memcpy(t->best, t->model->weights, total);
    memset(t->last.m, 0, trainable);
    memset(t->last.v, 0, trainable);
    t->step = t->best_epoch = 0;
    t->n_history = 0;
    t->best_loss = INFINITY;
}

hn_status hni_trainer_append(hn_trainer *t, const hn_epoch_report *report, hn_error *err) {
    if (hni_grow(t->ctx, &t->history, &t->history_capacity, t->n_history + 1, sizeof *t->history))
        return hni_fail_memory(err, (t->n_history + 1) * sizeof *t->history, "the history of training");
    t->history[t->n_history++] = *report;
    return HN_OK;
}

static void add_number(hni_text *text, const char *key, double value) {
    hni_text_format(text, ",\"%s\":", key);
    hni_text_json_double(text, value);
}

static void add_data(hni_text *text, const char *key, const hni_part *part) {
    uint64_t digest[4];
    if (!part->data) {
        hni_text_format(text, ",\"%s\":null", key);
        return;
    }
    hni_dataset_digest(part->data, digest);
    hni_text_format(text, ",\"%s\":{\"rows\":%lld,\"digest\":\"%016llx%016llx%016llx%016llx\",\"groups_known\":%s}", key,
                    (long long)hni_dataset_rows(part->data), (unsigned long long)digest[0], (unsigned long long)digest[1],
                    (unsigned long long)digest[2], (unsigned long long)digest[3],
                    hni_dataset_flags(part->data) & HN_DATA_GROUPS_UNKNOWN ? "false" : "true");
}

void hni_trainer_describe(hn_trainer *t, hni_text *text) {
    static const char *const optimizers[] = {"?", "adam", "adamw", "sgd"};
    const hn_train_options *o = &t->options;
    hni_text_format(text, "\"optimizer\":\"%s\",\"batch\":%d", optimizers[o->optimizer], o->batch);
    add_number(text, "learning_rate", o->learning_rate);
    add_number(text, "beta1", o->beta1);
    add_number(text, "beta2", o->beta2);
    add_number(text, "epsilon", o->epsilon);
    add_number(text, "momentum", o->momentum);
    add_number(text, "weight_decay", o->weight_decay);
    hni_text_format(text, ",\"nesterov\":%s,\"seed\":\"%llu\",\"stop\":%d,\"stop_patience\":%d,\"stop_strip\":%d",
                    o->nesterov ? "true" : "false", (unsigned long long)o->seed, t->stopping.rule, t->stopping.patience, t->stopping.strip);
    add_number(text, "stop_alpha", t->stopping.alpha);
    hni_text_add(text, ",\"class_weights\":[");
    for (int32_t k = 0; k < o->n_class_weights; k++) {
        hni_text_add(text, k ? "," : "");
        hni_text_json_double(text, o->class_weights[k]);
    }
    hni_text_format(text, "],\"backend\":\"%s\",\"precision\":\"%s\",\"deterministic\":%s", t->device->info.backend,
                    hni_device_precision(t->device), hni_device_deterministic(t->device) ? "true" : "false");
    add_data(text, "train", &t->train);
    add_data(text, "test", &t->test);
}

hn_status hni_trainer_model(hn_trainer *t, int32_t which, hn_model **out, hn_error *err) {
    hni_text text;
    int64_t epoch = which == HN_BEST ? t->best_epoch : (int64_t)t->n_history;
    if (!epoch) { /* nothing trained yet: the start model, as it was given */
        *out = hni_model_ref(t->model);
        return HN_OK;
    }
    hni_text_init(&text, t->ctx);
    hni_text_add(&text, "{");
    hni_trainer_describe(t, &text);
    hni_text_format(&text, ",\"epochs\":%lld", (long long)epoch);
    add_number(&text, "train_loss", t->history[epoch - 1].train_loss);
    add_number(&text, "train_accuracy", t->history[epoch - 1].train_accuracy);
    add_number(&text, "test_loss", t->history[epoch - 1].test_loss);
    add_number(&text, "test_accuracy", t->history[epoch - 1].test_accuracy);
    hni_text_add(&text, "}");
    hn_status status = text.failed ? hni_fail_memory(err, text.size, "a model's provenance")
                                   : hni_model_with_weights(t->model, which == HN_BEST ? t->best : t->last.weights, text.data, out, err);
    hni_text_free(&text);
    return status;
}
