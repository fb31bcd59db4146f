/* executor.h - a graph at one batch size on one device, ready to run: operators prepared, every tensor at a fixed place.
 *
 *   graph ─► lower (layers → operators, activation fused) ─► autodiff (their gradients) ─► plan (lifetimes → one arena) ─► executor
 *
 * Nothing is allocated after creation. Several executors (full batch, last batch, test) share one set of weights and one arena. */
#ifndef HNI_GRAPH_EXECUTOR_H
#define HNI_GRAPH_EXECUTOR_H

#include "backend/backend.h"
#include "graph.h"

enum {
    HNI_MODE_PREDICT = 1, /* preprocess, forward, probabilities */
    HNI_MODE_TEST = 2,    /* the same with loss and statistics, no gradient */
    HNI_MODE_TRAIN = 3,   /* forward as in training, loss, gradients, optimiser step if there is one */
    HNI_MODE_EXPLAIN = 4, /* forward as in prediction, then from a given gradient of the logits down to one value; weights get none */
    HNI_MODE_UPDATE = 5   /* the optimiser's step alone, on gradients that TRAIN has summed up over several batches */
};

/* EXPLAIN: the map that is made of the target's channels and their gradients, Σ_c weight · channel. */
enum {
    HNI_MAP_NONE = 0,
    HNI_MAP_MEAN = 1,    /* weights: the mean of each channel's gradient */
    HNI_MAP_PIXEL = 2,   /* the gradient, pixel by pixel */
    HNI_MAP_POSITIVE = 3 /* its positive part, pixel by pixel */
};

/* What a network's numbers are on a device: the flat vector of graph.h and what training keeps beside it, in one block of memory. */
typedef struct hni_weights_options {
    bool training;      /* there is room for gradients and the optimiser; the rest is for training only */
    bool accumulate;    /* … and for the mean gradient of several batches */
    bool clip;          /* … for the limit of the gradient's norm */
    bool average;       /* … and for a moving average of the weights */
    int32_t groups;     /* of parameters, 1 … 256; 0 = 1 */
} hni_weights_options;

typedef struct hni_weights {
    hni_device *device; /* not owned */
    int64_t total, trainable; /* floats */
    hni_weights_options options;
    hn_buffer memory;   /* the block; the buffers below are parts of it, memory NULL where there is nothing to hold */
    hn_buffer values;   /* [total] */
    hn_buffer grads, m, v; /* [trainable]; only for training */
    hn_buffer sum;      /* [trainable]; with accumulate */
    hn_buffer average;  /* [total]; with average */
    hn_buffer group;    /* [trainable] u8, all 0 */
    hn_buffer hyper;    /* [groups, HN_HYPER_COLUMNS] f64; with accumulate, clip or average HNI_NUMBERS rows more */
    hn_buffer stats;    /* [4] f64: Σ loss, Σ weight, right, count */
    uint64_t version;   /* of values, ≥ 1: whoever writes them raises it (hni_weights_set and training runs do) */
} hni_weights;
/* Rows of hyper behind those of the groups; the first column holds the number. */
enum {
    HNI_NUMBER_KEEP = 0,   /* what the mean gradient so far weighs beside the new batch's, 0 … 1; 0 with the first */
    HNI_NUMBER_LIMIT = 1,  /* of the gradient's norm; 0 = none */
    HNI_NUMBER_DECAY = 2,  /* of the moving average; 0 with the first step */
    HNI_NUMBERS = 3
};

hn_status hni_weights_create(hni_device *device, const hni_graph *graph, bool training, hni_weights *out, hn_error *err); /* zeroed */
hn_status hni_weights_create_with(hni_device *device, const hni_graph *graph, const hni_weights_options *options, hni_weights *out,
                                  hn_error *err);
void hni_weights_free(hni_weights *weights);
uint64_t hni_weights_bytes(const hni_graph *graph, const hni_weights_options *options); /* of that block */
hn_status hni_weights_set(hni_weights *weights, const float *flat, hn_error *err);  /* upload, [total] */
hn_status hni_weights_get(hni_weights *weights, float *flat, hn_error *err);        /* download, [total] */

typedef struct hni_executor_options {
    int32_t mode;                 /* HNI_MODE_… */
    int32_t batch;                /* images, ≥ 1 */
    int32_t task;                 /* HN_TASK_… */
    int32_t positive;             /* index or -1 */
    double threshold;
    int32_t optimizer;            /* HN_OPTIMIZER_…; TRAIN and UPDATE; 0 = stop at the gradients */
    bool accumulate;              /* TRAIN: adds the gradients to the mean over batches, and has no optimiser; UPDATE: takes that mean */
    bool clip, average;           /* beside the optimiser: its gradients are clipped before, the moving average is moved after */
    bool averaged;                /* TEST: of the moving average and not the weights themselves */
    bool targets;                 /* TRAIN of single-label: steps bring shares of classes */
    bool augment;                 /* TRAIN: steps bring a table as HN_OP_PREPROCESS wants it */
    double smoothing, focal;      /* as hn_op_desc */
    const bool *frozen;           /* [n_params] or NULL; TRAIN: no gradient, and batch norm by its running statistics, which stay; not kept */
    int32_t target;               /* EXPLAIN only: the value whose numbers and gradient are kept; 0 = the input */
    int32_t map;                  /* EXPLAIN only: HNI_MAP_…; other than none the target is [N, C, H, W] */
    const float *class_weights;   /* [K] or NULL; copied */
    const float *mean, *deviation;/* [C] or NULL (0 and 1); copied */
    int64_t images;               /* of a store on the device that steps name theirs in; 0 = steps bring their pixels */
    hn_buffer store;              /* u8 [images, C, H, W]; the caller's, as long as the executor lives */
} hni_executor_options;

typedef struct hni_executor hni_executor;

hn_status hni_executor_create(hni_device *device, hni_graph *graph, hni_weights *weights, const hni_executor_options *options,
                              hni_executor **out, hn_error *err);
uint64_t hni_executor_arena_bytes(const hni_executor *ex); /* activations, gradients of activations, workspace, inputs */
uint64_t hni_executor_host_bytes(const hni_executor *ex); /* of the host's memory: its own books, without what the backend took for its operators */
/* Gives the executor its arena, at least arena_bytes; must be done once before the first run. Executors may share one. */
hn_status hni_executor_bind(hni_executor *ex, hn_buffer arena, hn_error *err);

typedef struct hni_step {
    const uint8_t *pixels;   /* [batch, C, H, W]; without a store, and not in EXPLAIN */
    const int32_t *rows;     /* [batch] images of the store */
    const int32_t *classes;  /* [batch]; TEST, TRAIN of single-label without targets */
    const float *labels;     /* [batch, K] 0 … 1; TEST, TRAIN of multi-label, and of single-label with targets */
    const uint32_t *keys;    /* [batch, 4] as HN_OP_DROPOUT; TRAIN */
    const float *augment;    /* [batch, HN_AUGMENT_COLUMNS]; with augment */
    const double *hyper;     /* as hni_weights.hyper; TRAIN and UPDATE with an optimiser or accumulate */
    const float *input;      /* [batch, C, H, W] after mean and deviation; EXPLAIN: between two pixels there are steps */
    const float *seed;       /* [batch, K] gradient of what is explained with respect to the logits; EXPLAIN */
} hni_step;
hn_status hni_executor_run(hni_executor *ex, const hni_step *step, hn_error *err);
hn_status hni_executor_probabilities(hni_executor *ex, float *dst, hn_error *err); /* of the last run, [batch, K] */
hn_status hni_executor_logits(hni_executor *ex, float *dst, hn_error *err);        /* of the last run, [batch, K] */
/* EXPLAIN: of the last run, [batch, …] as the target is. */
hn_status hni_executor_target(hni_executor *ex, float *dst, hn_error *err);
hn_status hni_executor_gradient(hni_executor *ex, float *dst, hn_error *err);
hn_status hni_executor_map(hni_executor *ex, float *dst, hn_error *err); /* [batch, H, W] */
void hni_executor_free(hni_executor *ex);

/* The arena that a graph would need, without a device (workspace apart): for summaries. */
hn_status hni_plan_arena_bytes(const hni_graph *graph, int32_t mode, int32_t batch, int32_t task, uint64_t *bytes, hn_error *err);

#endif
