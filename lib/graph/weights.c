/* weights.c - a network's numbers on a device: the flat vector, and beside it what training keeps.
 *
 * Separate buffers and not one, since inference needs the first alone. All zero at first: the gaps between tensors are never written
 * again, so their gradients stay zero and the optimiser leaves them alone. What the numbers mean is the graph's affair. */
#include <string.h>

#include "../base/status.h"
#include "backend/registry.h" /* defines: hni_foreign_status */
#include "executor.h"

static hn_status zeroed(hni_device *device, uint64_t bytes, hn_buffer *out, hn_error *err) {
    if (bytes == 0) /* nothing to train: a network without weights is allowed */
        return HN_OK;
    hn_status status = hni_device_alloc(device, bytes, out, err);
    if (status != HN_OK)
        return status;
    hn_error theirs = {.status = HN_OK};
    status = device->table.fill(device->handle, *out, 0, &theirs);
    return hni_foreign_status(status, &theirs, device->info.name, "fill", err);
}

hn_status hni_weights_create(hni_device *device, const hni_graph *graph, bool training, hni_weights *out, hn_error *err) {
    memset(out, 0, sizeof *out);
    if (graph->logits < 0)
        return hni_fail(err, HN_E_STATE, "the network is not finished: it has no logits yet");
    hni_weights w = {.device = device, .total = graph->total, .trainable = graph->trainable, .training = training, .version = 1};
    const uint64_t floats = (uint64_t)w.trainable * sizeof(float);
    hn_status status = zeroed(device, (uint64_t)w.total * sizeof(float), &w.values, err);
    if (status == HN_OK)
        status = zeroed(device, 4 * sizeof(double), &w.stats, err);
    if (status == HN_OK && training)
        status = zeroed(device, floats, &w.grads, err);
    if (status == HN_OK && training)
        status = zeroed(device, floats, &w.m, err);
    if (status == HN_OK && training)
        status = zeroed(device, floats, &w.v, err);
    if (status == HN_OK && training)
        status = zeroed(device, (uint64_t)w.trainable, &w.group, err);
    if (status == HN_OK && training)
        status = zeroed(device, HN_HYPER_COLUMNS * sizeof(double), &w.hyper, err);
    if (status != HN_OK) {
        hni_weights_free(&w);
        return status;
    }
    *out = w;
    return HN_OK;
}

void hni_weights_free(hni_weights *weights) {
    hni_device *device = weights->device;
    if (!device)
        return;
    hn_buffer *all[] = {&weights->values, &weights->grads, &weights->m, &weights->v, &weights->group, &weights->hyper, &weights->stats};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]->memory)
            hni_device_free(device, all[i]);
    memset(weights, 0, sizeof *weights);
}

hn_status hni_weights_set(hni_weights *weights, const float *flat, hn_error *err) {
    weights->version++;
    return weights->total == 0 ? HN_OK : hni_device_upload(weights->device, weights->values, flat, err);
}

hn_status hni_weights_get(hni_weights *weights, float *flat, hn_error *err) {
    return weights->total == 0 ? HN_OK : hni_device_download(weights->device, flat, weights->values, err);
}
