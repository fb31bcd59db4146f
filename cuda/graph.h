/* graph.h - cuDNN's graph API in C, as thin as the backend needs it: a description of tensors and nodes becomes a finished plan.
 *
 *   hni_graph (plain data) ─► hni_graph_plan: operation graph ─► heuristics A, then fallback ─► engines without unwanted notes ─► the first,
 *   or the fastest of a few, becomes the plan
 *   pack (pointers) + plan + workspace ─► hni_graph_run
 *
 * Plans are kept by the opened device and found again by the bytes of the description: operators of one shape share one. Not a general
 * front end: tensors have at most four dimensions and the nodes are those that conv.c, pool.c and norm.c use. */
#ifndef HNI_CUDA_GRAPH_H
#define HNI_CUDA_GRAPH_H

#include "cuda.h"

enum { HNI_GRAPH_TENSORS = 12, HNI_GRAPH_NODES = 6, HNI_GRAPH_PORTS = 12 };

enum {
    HNI_NODE_CONV = 1,      /* x w ─► y */
    HNI_NODE_CONV_DATA,     /* w dx dy; dx is the output */
    HNI_NODE_CONV_FILTER,   /* dw x dy; dw is the output */
    HNI_NODE_POINTWISE,     /* x b ─► y; b -1 where the mode takes one input */
    HNI_NODE_REDUCTION,     /* x ─► y: the dimensions in which y is 1 are summed */
    HNI_NODE_RESAMPLE,      /* x ─► y */
    HNI_NODE_RESAMPLE_GRAD, /* dx dy; dx is the output */
    HNI_NODE_NORM,     /* x mean inv_std gamma beta epsilon factor running_mean running_var running_mean' running_var' and y: see norm.c */
    HNI_NODE_NORM_GRAD /* x mean inv_std dy gamma dgamma dbeta dx */
};

/* Fields are 64 bits wide, so that there is no padding and equal descriptions are equal bytes. Zero a graph before filling it. */
typedef struct hni_graph_tensor {
    int64_t type;       /* cudnnDataType_t */
    int64_t dims[4];    /* always four; unused ones are 1 */
    int64_t strides[4]; /* in elements */
    int64_t is_virtual; /* lives inside the graph only */
    int64_t by_value;   /* the pointer is the host's, of one float */
} hni_graph_tensor;

typedef struct hni_graph_node {
    int64_t kind;                                          /* HNI_NODE_… */
    int64_t mode;                                          /* cudnnPointwiseMode_t or cudnnResampleMode_t */
    int64_t port[HNI_GRAPH_PORTS];                         /* tensors in the order above; -1 = none */
    int64_t window[2], stride[2], padding[2], dilation[2]; /* height, width; of convolution and resampling */
    int64_t extra_padding[2];                              /* of convolution: below and at the right only */
} hni_graph_node;

typedef struct hni_graph {
    int64_t tensors, nodes;
    hni_graph_tensor tensor[HNI_GRAPH_TENSORS];
    hni_graph_node node[HNI_GRAPH_NODES];
} hni_graph;

/* Adds a packed row-major tensor; gives its number. rank-1 tensors of a filter or channel each: hni_graph_channels. */
int64_t hni_graph_tensor_add(hni_graph *g, int64_t type, const int64_t dims[4]);
int64_t hni_graph_channels(hni_graph *g, int64_t channels); /* float32 [1, C, 1, 1] */
int64_t hni_graph_scalar(hni_graph *g);                     /* float32 [1, 1, 1, 1], by value */
int64_t hni_graph_virtual(hni_graph *g, const int64_t dims[4]);
hni_graph_node *hni_graph_node_add(hni_graph *g, int64_t kind, int64_t mode); /* all ports -1 */

/* A finished plan; the device's, never freed by the user. */
typedef struct hni_cuda_plan hni_cuda_plan;
uint64_t hni_graph_workspace(const hni_cuda_plan *plan); /* bytes to lend to a run, room for alignment included; 0 = none */

/* Finds or makes the plan. precision (HNI_CUDA_…) says which engines may be taken: strict float32 takes none whose products or sums are
 * shorter. HN_E_UNSUPPORTED if cuDNN has no engine, or none that is left, and why. */
hn_status hni_graph_plan(hni_cuda_device *device, const hni_graph *graph, int32_t precision, const hni_cuda_plan **plan, hn_error *err);

/* For accept(), which may make plans too: they are in the cache then, and plan() finds them. `device` is lent as constant there, so the
 * cache knows it; the error is the cache's own, and lives until the next question. */
hni_cuda_device *hni_graph_device(const hni_cuda_device *device);
hn_error *hni_graph_error(const hni_cuda_device *device);
/* Whether that status is a yes. Failures other than "unsupported" are: plan() tells them. *why on a no. */
bool hni_graph_accepts(hn_status status, const hni_cuda_device *device, const char **why);

/* The pointers of an operator's last run with a plan: as long as they stay the same, nothing is made anew. Zeroed to begin with. */
typedef struct hni_cuda_pack {
    cudnnBackendDescriptor_t pack;
    void *pointers[HNI_GRAPH_TENSORS];
    void *workspace;
} hni_cuda_pack;
/* pointers: one a tensor of the graph; not looked at for virtual ones. */
hn_status hni_graph_run(hni_cuda_device *device, const hni_cuda_plan *plan, hni_cuda_pack *pack, void *const *pointers, void *workspace,
                        hn_error *err);
void hni_graph_drop(hni_cuda_pack *pack);

/* An operator's step that is one plan: which tensors of the operator are the graph's. Zeroed to begin with. */
enum { HNI_FROM_IN = 0, HNI_FROM_OUT = 16, HNI_FROM_EXTRA = 32 }; /* + number; EXTRA: from the array given to run */
typedef struct hni_cuda_step {
    const hni_cuda_plan *plan;
    hni_cuda_pack pack;
    int8_t source[HNI_GRAPH_TENSORS];
} hni_cuda_step;
hn_status hni_step_run(const hni_cuda_call *call, hni_cuda_step *step, void *const *extra, void *workspace, hn_error *err);

/* The next multiple of 256 bytes: what workspaces and what lies in them begin at. */
static inline uint64_t hni_graph_round(uint64_t bytes) { return (bytes + 255) / 256 * 256; }

/* hni_graph_open and hni_graph_close, in cuda.h: the cache, ended after the last operator was released. */

/* Questions answered from the cache, and plans made, since open. */
void hni_graph_counts(const hni_cuda_device *device, int64_t *hits, int64_t *made);

#endif
