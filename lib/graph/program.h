/* program.h - what an executor runs: operators in order over places, and where each place lies. Inside lib/graph only.
 *
 *   lower.c and autodiff.c append nodes and places ─► plan.c gives the places of the arena their offsets ─► executor.c prepares and runs
 *
 * A place is written by one node (or uploaded) and read by later ones; two places are the same memory only if one is an alias of the
 * other. No device is needed to make a program. */
#ifndef HNI_GRAPH_PROGRAM_H
#define HNI_GRAPH_PROGRAM_H

#include "graph.h"

/* Which memory a place lies in. Only the arena is planned; elsewhere the offset is given. */
enum {
    HNI_HOME_ARENA = 0,
    HNI_HOME_VALUES,    /* hni_weights.… */
    HNI_HOME_GRADS,
    HNI_HOME_M,
    HNI_HOME_V,
    HNI_HOME_GROUP,
    HNI_HOME_SUM,
    HNI_HOME_AVERAGE,
    HNI_HOME_HYPER,
    HNI_HOME_STATS,
    HNI_HOME_CONSTANTS, /* class weights, mean, deviation: the executor's own */
    HNI_HOME_STORE,     /* images that stay on the device */
    HNI_HOMES
};

typedef struct hni_place {
    hn_tensor_desc desc;
    int32_t home;       /* HNI_HOME_… */
    int32_t alias;      /* the place whose memory this is, or itself */
    int32_t first, last;/* of a root in the arena: the nodes between which it must not be touched; -1 = before the first, n_nodes = after the last */
    bool staged;        /* uploaded before the first node */
    bool kept;          /* read after the last node */
    uint64_t bytes;
    uint64_t offset;    /* bytes, in its home */
} hni_place;

typedef struct hni_node {
    hn_op_desc desc;
    int32_t in[HN_OP_MAX_TENSORS], out[HN_OP_MAX_TENSORS]; /* places; -1 = left out */
    int32_t layer;            /* for messages; -1 = none */
    uint64_t workspace;       /* bytes; 0 until prepared */
    uint64_t workspace_offset;/* bytes, in the arena */
} hni_node;

/* What to make a program for; hni_executor_options without the numbers. */
typedef struct hni_program_options {
    int32_t mode, batch, task, positive, optimizer, groups;
    int32_t target, map; /* EXPLAIN: a value; HNI_MAP_… */
    double threshold, smoothing, focal;
    bool accumulate, clip, average, targets, augment;
    const bool *frozen; /* [n_params] or NULL; looked at while the program is made */
    int64_t images; /* of a store that steps take theirs from by number; 0 = a step brings its own */
    bool unfused;   /* nothing but activations runs inside another layer, for backends that refuse more */
    bool many_runs; /* weights stay as they are for many runs: what a backend makes of them may be kept */
} hni_program_options;

/* What runs inside what; layers, -1 = none. */
typedef struct hni_fusion {
    int32_t host;                 /* the layer that this one runs inside of */
    int32_t norm, sum, act, pool; /* what runs inside this one, in this order: batch norm, sum, activation, maximum pooling */
} hni_fusion;

typedef struct hni_program {
    hn_context *ctx;
    const hni_graph *graph;
    hni_program_options options;
    hni_place *places;
    size_t n_places, place_capacity;
    hni_node *nodes;
    size_t n_nodes, node_capacity;
    /* of values */
    int32_t *value;    /* place; -1 = never made */
    int32_t *grad;     /* place of the gradient; -1 = none */
    bool *needed;      /* the logits depend on it */
    bool *wants;       /* its gradient is needed: something to train, or the target, lies above it */
    int32_t *readers;  /* how many layers read it, the outside being one */
    bool *through;     /* its gradient is that before the ReLU that made it */
    /* of layers */
    hni_fusion *fusion;
    int32_t *forward;  /* node; -1 = none */
    /* places that the outside touches; -1 = not in this mode */
    int32_t pixels, rows, augment, keys, labels, logits, probabilities, mean, deviation, class_weights;
    int32_t input, seed, target, gradient, map; /* EXPLAIN: the input as floats, the logits' gradient, the target, its gradient, the map of both */
    uint64_t arena_bytes, constant_bytes;
    /* while it is being made: the first failure sticks */
    hn_status status;
    hn_error *err;
} hni_program;

/* lower.c, autodiff.c: everything but offsets. hni_program_free afterwards, also on failure. */
hn_status hni_program_make(hni_program *p, const hni_graph *graph, const hni_program_options *options, hn_error *err);
void hni_program_free(hni_program *p);
uint64_t hni_program_host_bytes(const hni_program *p);
/* plan.c: lifetimes, operators that may work in place, offsets of places and workspaces, arena_bytes. */
hn_status hni_program_plan(hni_program *p, hn_error *err);

/* program.c: the parts. All do nothing once p->status is a failure, and give -1. */
bool hni_program_ok(hni_program *p, int32_t layer, hn_status status); /* notes a maker's failure under the layer's name; true = go on */
int32_t hni_program_place(hni_program *p, hn_tensor_desc desc, int32_t home, uint64_t offset);
int32_t hni_program_view(hni_program *p, int32_t place, hn_tensor_desc desc); /* the same memory in another shape */
int32_t hni_program_param(hni_program *p, int32_t param, int32_t home);       /* HNI_HOME_VALUES or HNI_HOME_GRADS; -1 gives -1 */
int32_t hni_program_node(hni_program *p, int32_t layer, const hn_op_desc *desc, const int32_t *in, const int32_t *out);
int32_t hni_program_root(const hni_program *p, int32_t place);                /* through all aliases */
int32_t hni_program_constant(hni_program *p, hn_tensor_desc desc);            /* of the executor's own, zero unless it fills it */

bool hni_program_frozen(const hni_program *p, int32_t param); /* it gets no gradient; as all when explaining. -1 = false */

void hni_program_forward(hni_program *p);  /* lower.c */
void hni_program_backward(hni_program *p, int32_t dlogits); /* autodiff.c */
void hni_program_update(hni_program *p);   /* update.c: what is done with gradients */

#endif
