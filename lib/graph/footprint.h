/* footprint.h - what a predictor or a trainer takes, in bytes, before it is made. */
#ifndef HNI_GRAPH_FOOTPRINT_H
#define HNI_GRAPH_FOOTPRINT_H

#include "executor.h"

typedef struct hni_footprint {
    uint64_t weights;   /* on the device; in training with gradients and what the optimiser keeps */
    uint64_t arena;     /* activations, inputs and workspaces of the operators: of the executor that needs most */
    uint64_t operators; /* prepared operators: descriptions, plans, constants */
    uint64_t host;      /* images, results and books outside the network */
    uint64_t resident;  /* what a data set may take on the device; not in the sum, since it depends on the data */
} hni_footprint;

void hni_footprint_weights(hni_footprint *f, const hni_graph *graph, const hni_weights_options *options);
/* Prepares an executor, counts it and lets it go. No other use of the device meanwhile. */
hn_status hni_footprint_executor(hni_footprint *f, hni_device *device, hni_graph *graph, const hni_executor_options *options, hn_error *err);
static inline uint64_t hni_footprint_bytes(const hni_footprint *f) { return f->weights + f->arena + f->operators + f->host; }

#endif
