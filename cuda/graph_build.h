/* graph_build.h - between graph.c, graph_build.c and graph_engine.c: making cuDNN's descriptors with one sticky failure and one owner.
 *
 * Every descriptor is owned by a `keep` from its creation on, so that a failure anywhere frees all of them in one place. */
#ifndef HNI_CUDA_GRAPH_BUILD_H
#define HNI_CUDA_GRAPH_BUILD_H

#include "graph.h"

enum { HNI_KEEP = 48 };

typedef struct hni_graph_keep {
    cudnnBackendDescriptor_t all[HNI_KEEP];
    int32_t count;
} hni_graph_keep;

/* After the first failure all calls do nothing; status, code and what tell it. err is filled by hni_build_fail's caller alone. */
typedef struct hni_graph_build {
    hni_cuda_device *device;
    hni_graph_keep *keep;
    cudnnStatus_t code; /* of the first failure */
    const char *what;   /* the call and what it was for */
} hni_graph_build;

cudnnBackendDescriptor_t hni_build_create(hni_graph_build *b, cudnnBackendDescriptorType_t type, const char *what);
void hni_build_set(hni_graph_build *b, cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                   int64_t count, const void *values, const char *what);
void hni_build_finalize(hni_graph_build *b, cudnnBackendDescriptor_t d, const char *what);
/* Frees descriptors from number `from` on, the last first. */
void hni_keep_drop(hni_graph_keep *keep, int32_t from);
/* HN_OK, HN_E_UNSUPPORTED where cuDNN refuses, else its failure. */
hn_status hni_build_status(const hni_graph_build *b, hn_error *err);

/* graph_build.c: tensors, nodes and the finalized operation graph; NULL after a failure. */
cudnnBackendDescriptor_t hni_build_graph(hni_graph_build *b, const hni_graph *graph);

/* graph_engine.c: the first engine that may be taken and that cuDNN can make a plan of; of the first few the fastest, if the device
 * measures. `graph` was built from `from`. */
hn_status hni_choose_engine(hni_graph_build *b, cudnnBackendDescriptor_t graph, const hni_graph *from, int32_t precision,
                            cudnnBackendDescriptor_t *plan, int64_t *workspace, hn_error *err);

/* graph.c: pointers (as for hni_graph_run) and workspace as cuDNN wants them; what the pack held before is freed. */
hn_status hni_pack_fill(hni_cuda_device *device, const hni_graph *graph, hni_cuda_pack *pack, void *const *pointers, void *workspace,
                        hn_error *err);

/* "Not supported", and "bad parameter" too: versions of cuDNN say either of an attribute, shape or engine that they do not have. The next
 * engine, graph or way is tried then; the message and the code go into the reason. */
static inline bool hni_cudnn_refuses(cudnnStatus_t code) {
    const int category = CUDNN_STATUS_CATEGORY((int)code);
    return category == CUDNN_STATUS_NOT_SUPPORTED || category == CUDNN_STATUS_BAD_PARAM;
}

#endif
