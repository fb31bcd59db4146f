/* weights.c - a network's numbers on a device: the flat vector, and beside it what training keeps; all in one block of memory.
 *
 * All zero at first: the gaps between tensors are never written again, so their gradients stay zero and the optimiser leaves them alone.
 * What the numbers mean is the graph's affair. */
#include <string.h>

#include "../base/memory.h" /* defines: HNI_ALIGN */
#include "../base/status.h"
#include "executor.h"

/* The next part of the block; `end` moves behind it. */
static void place(hn_buffer *part, uint64_t bytes, uint64_t *end) {
    *part = (hn_buffer){.offset = *end, .size = bytes};
    *end += (bytes + HNI_ALIGN - 1) / HNI_ALIGN * HNI_ALIGN;
}

/* Where each part lies; gives the bytes of all. */
static uint64_t lay_out(hni_weights *w) {
    const hni_weights_options *o = &w->options;
    const uint64_t trainable = o->training ? (uint64_t)w->trainable : 0;
    const uint64_t rows = (uint64_t)(o->groups > 0 ? o->groups : 1) + (o->accumulate || o->clip || o->average ? HNI_NUMBERS : 0);
    uint64_t end = 0;
    place(&w->stats, 4 * sizeof(double), &end);
    place(&w->values, (uint64_t)w->total * sizeof(float), &end);
    place(&w->grads, trainable * sizeof(float), &end);
    place(&w->m, trainable * sizeof(float), &end);
    place(&w->v, trainable * sizeof(float), &end);
    place(&w->group, trainable, &end);
    place(&w->sum, o->accumulate ? trainable * sizeof(float) : 0, &end);
    place(&w->average, o->average ? (uint64_t)w->total * sizeof(float) : 0, &end);
    place(&w->hyper, o->training ? rows * HN_HYPER_COLUMNS * sizeof(double) : 0, &end);
    return end;
}

uint64_t hni_weights_bytes(const hni_graph *graph, const hni_weights_options *options) {
    hni_weights w = {.total = graph->total, .trainable = graph->trainable, .options = *options};
    return lay_out(&w);
}

hn_status hni_weights_create(hni_device *device, const hni_graph *graph, bool training, hni_weights *out, hn_error *err) {
    return hni_weights_create_with(device, graph, &(hni_weights_options){.training = training}, out, err);
}

hn_status hni_weights_create_with(hni_device *device, const hni_graph *graph, const hni_weights_options *options, hni_weights *out,
                                  hn_error *err) {
    memset(out, 0, sizeof *out);
    if (graph->logits < 0)
        return hni_fail(err, HN_E_STATE, "the network is not finished: it has no logits yet");
    hni_weights w = {.device = device, .total = graph->total, .trainable = graph->trainable, .options = *options, .version = 1};
    hn_buffer *const parts[] = {&w.values, &w.grads, &w.m, &w.v, &w.group, &w.sum, &w.average, &w.hyper, &w.stats};
    hn_status status = hni_device_alloc(device, lay_out(&w), &w.memory, err);
    if (status != HN_OK)
        return status;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i]->size > 0) /* nothing to train, or no weights at all: that is allowed */
            parts[i]->memory = w.memory.memory;
    status = hni_device_fill(device, w.memory, 0, err);
    if (status != HN_OK) {
        hni_weights_free(&w);
        return status;
    }
    *out = w;
    return HN_OK;
}

void hni_weights_free(hni_weights *weights) {
    if (!weights->device)
        return;
    hni_device_free(weights->device, &weights->memory);
    memset(weights, 0, sizeof *weights);
}

hn_status hni_weights_set(hni_weights *weights, const float *flat, hn_error *err) {
    weights->version++;
    return weights->total == 0 ? HN_OK : hni_device_upload(weights->device, weights->values, flat, err);
}

hn_status hni_weights_get(hni_weights *weights, float *flat, hn_error *err) {
    return weights->total == 0 ? HN_OK : hni_device_download(weights->device, flat, weights->values, err);
}
