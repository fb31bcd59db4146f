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
    if (!status && t->next.average) status = hni_device_download(t->device, t->next.average, t->weights.average, err);
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
    if (!status && t->last.average) status = hni_device_upload(t->device, t->weights.average, t->last.average, err);
    if (!status && t->weights.sum.size) status = hni_device_fill(t->device, t->weights.sum, 0, err); /* it may hold NaN, and 0 · NaN stays */
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
    if (t->last.average) memcpy(t->last.average, t->model->weights, total);
    t->step = t->best_epoch = 0;
    t->n_history = 0;
    t->best_loss = INFINITY;
}

hn_status hni_trainer_append(hn_trainer *t, const hn_epoch_report *report, hn_error *err) {
    if (hni_grow(t->ctx, &t->history, &t->history_capacity, t->n_history + 1, sizeof *t->history))
        return hni_fail_memory(err, (t->n_history + 1) * sizeof *t->history, "the history of training");
    if (hni_grow(t->ctx, &t->watched, &t->watched_capacity, t->n_history + 1, sizeof *t->watched))
        return hni_fail_memory(err, (t->n_history + 1) * sizeof *t->watched, "the history of training");
    t->watched[t->n_history] = t->test.data ? report->test_loss : report->train_loss;
    t->history[t->n_history++] = *report;
    return HN_OK;
}

static void add_number(hni_text *text, const char *key, double value) {
    hni_text_format(text, ",\"%s\":", key);
    hni_text_json_double(text, value);
}

hn_status hni_trainer_model(hn_trainer *t, int32_t which, hn_model **out, hn_error *err) {
    hni_text text;
    if (which == HN_AVERAGED && !t->last.average)
        return hni_fail(err, HN_E_ARGUMENT, "there is no moving average of the weights: hn_train_options.average is 0");
    const float *weights = which == HN_BEST ? t->best : which == HN_AVERAGED ? t->last.average : t->last.weights;
    int64_t epoch = which == HN_BEST ? t->best_epoch : (int64_t)t->n_history;
    if (!epoch) { /* nothing trained yet: the start model, as it was given */
        *out = hni_model_ref(t->model);
        return HN_OK;
    }
    hn_status status = hni_trainer_look_back(t, err);
    if (!status) status = hni_trainer_familiarise(t, err);
    if (status) return status;
    hni_text_init(&text, t->ctx);
    hni_text_add(&text, "{");
    hni_trainer_describe(t, &text);
    hni_text_format(&text, ",\"epochs\":%lld,\"averaged\":%s", (long long)epoch,
                    which == HN_AVERAGED || (which == HN_BEST && t->options.average_test) ? "true" : "false");
    add_number(&text, "train_loss", t->history[epoch - 1].train_loss);
    add_number(&text, "train_accuracy", t->history[epoch - 1].train_accuracy);
    add_number(&text, "test_loss", t->history[epoch - 1].test_loss);
    add_number(&text, "test_accuracy", t->history[epoch - 1].test_accuracy);
    hni_text_format(&text, ",\"leaks\":%s", t->leaks);
    status = hni_model_backbone(t->model, &text, err);
    hni_text_add(&text, "}");
    if (!status && text.failed) status = hni_fail_memory(err, text.size, "a model's provenance");
    hn_model *made = NULL;
    if (!status) status = hni_model_with_weights(t->model, weights, text.data, &made, err);
    if (!status) status = hni_traces_copy(t->traces, t->ctx, &made->traces, err);
    if (!status && t->familiar) status = hni_familiar_copy(t->familiar, t->ctx, &made->familiar, err);
    hni_text_free(&text);
    if (status)
        hni_model_unref(made);
    else
        *out = made;
    return status;
}
