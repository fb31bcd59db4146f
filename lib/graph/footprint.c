/* footprint.c - the memory that a graph takes on a device, found by preparing it: workspaces and plans are the backend's to choose, so no
 * formula from the outside can be right. Nothing runs, and the arena and the weights, which are nearly all of it, are counted but not taken. */
#include "footprint.h"

#include "executor.h"

void hni_footprint_weights(hni_footprint *f, const hni_graph *graph, const hni_weights_options *options) {
    f->weights += hni_weights_bytes(graph, options);
}

hn_status hni_footprint_executor(hni_footprint *f, hni_device *device, hni_graph *graph, const hni_executor_options *options,
                                 hn_error *err) {
    /* An executor looks at its weights' sizes when it is made, and at their memory only when it is bound. */
    hni_weights weights = {.device = device, .total = graph->total, .trainable = graph->trainable, .options = {.training = true}};
    hni_executor *ex = NULL;
    const uint64_t before = atomic_load(&device->host_bytes);
    const hn_status status = hni_executor_create(device, graph, &weights, options, &ex, err);
    if (status != HN_OK)
        return status;
    const uint64_t arena = hni_executor_arena_bytes(ex);
    if (f->arena < arena)
        f->arena = arena;
    f->operators += hni_executor_host_bytes(ex) + atomic_load(&device->host_bytes) - before;
    hni_executor_free(ex);
    return HN_OK;
}
