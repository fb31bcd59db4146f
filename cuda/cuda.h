/* cuda.h - what the files of the cudnn backend share: opened devices, prepared operators, one call's tensors, and how failures are told.
 *
 *   prepare: desc ─► first way of the operator's list that accepts (select.c) ─► plan, workspace
 *   run:     buffers ─► work on the device's one stream; nothing waits for the host and nothing is allocated
 *
 * Private to cuda/ and its tests; the host sees hn_backend_entry alone. C11, so that every line of it can run against fakes of CUDA, cuDNN
 * and cuBLASLt on a machine without a GPU. */
#ifndef HNI_CUDA_CUDA_H
#define HNI_CUDA_CUDA_H

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cudnn_graph.h>
#include <stdbool.h>

#include "../lib/base/status.h" /* defines: hni_fail */
#include "../lib/op/op.h"
#include "haemnet/backend.h"

/* How numbers are multiplied; storage, sums and master weights are float32 always. */
enum {
    HNI_CUDA_F32 = 0,  /* strict: no TF32 */
    HNI_CUDA_TF32 = 1,
    HNI_CUDA_BF16 = 2
};

/* What uploads go through: see upload.c. */
enum { HNI_CUDA_SEGMENTS = 2 };
typedef struct hni_cuda_segment {
    uint8_t *pinned, *staged; /* on the host, on the device */
    cudaEvent_t arrived;      /* the copy stream has read what is pinned, and all of it is staged */
    cudaEvent_t taken;        /* the queue has read what was staged */
} hni_cuda_segment;
typedef struct hni_cuda_staging {
    cudaStream_t stream; /* the copy stream */
    hni_cuda_segment segment[HNI_CUDA_SEGMENTS];
    uint64_t size, most; /* bytes of a segment now; of an upload that it may grow for */
    uint32_t at;         /* where the next bytes go: the segment, */
    uint64_t used;       /* … and how many of its bytes are taken */
} hni_cuda_staging;

typedef struct hni_cuda_device {
    hn_backend_host host;
    int32_t index;      /* CUDA's number of the device */
    int32_t precision;  /* HNI_CUDA_… */
    bool deterministic; /* only ways whose sums have one order */
    bool measured;      /* of the ways that there are the fastest, found by trying */
    cudaStream_t stream;
    cudnnHandle_t cudnn;
    cublasLtHandle_t lt;
    struct hni_cuda_plans *plans; /* graph.c: finished cuDNN plans by description */
    bool capturing;
    bool broken;        /* a sticky error: every later call says so */
    cudaError_t broke;  /* … and which it was */
    struct hni_cuda_block *blocks; /* memory.c: all memory from CUDA, in use or kept for the next alloc */
    hni_cuda_staging staging;
} hni_cuda_device;

struct hni_cuda_way;

enum { HNI_CUDA_OP = 0x706f, HNI_CUDA_RECORDING = 0x636572 };
typedef struct hni_cuda_op {
    uint32_t tag; /* HNI_CUDA_OP: release gets recordings too, and tells them apart by their first field */
    hn_op_desc desc;
    hni_cuda_device *device;
    const struct hni_cuda_way *way;
    void *plan;         /* the way's own, from host.alloc; NULL = none */
    uint64_t workspace; /* bytes */
} hni_cuda_op;

/* One run: device pointers; a left-out tensor is NULL. */
typedef struct hni_cuda_call {
    const hni_cuda_op *op;
    const hn_op_desc *desc;
    const void *in[HN_OP_MAX_TENSORS];
    void *out[HN_OP_MAX_TENSORS];
    void *workspace;
    bool kept; /* inputs called constant are what they were: HN_RUN_CONSTANT_KEPT */
    cudaStream_t stream;
} hni_cuda_call;

/* One way to do an operator. accept: NULL = always; on refusal *why is a few words. plan: fills op->plan and op->workspace, NULL = neither
 * is needed. drop: frees what plan holds beside its memory, NULL = nothing. */
typedef struct hni_cuda_way {
    const char *name;
    bool (*accept)(const hni_cuda_device *device, const hn_op_desc *desc, const char **why);
    hn_status (*plan)(hni_cuda_op *op, hn_error *err);
    hn_status (*run)(const hni_cuda_call *call, hn_error *err);
    void (*drop)(hni_cuda_op *op);
} hni_cuda_way;

/* select.c: the first that accepts; NULL = none, and *why says the last refusal. With `after`, the first behind that one: plan may find that
 * a way cannot be gone after all. */
const hni_cuda_way *hni_cuda_select(const hni_cuda_device *device, const hn_op_desc *desc, const char **why);
const hni_cuda_way *hni_cuda_select_after(const hni_cuda_device *device, const hn_op_desc *desc, const hni_cuda_way *after, const char **why);

/* select.c: "not NAME: why; not …" of the ways before `way`, for the log; "" if there are none. */
void hni_cuda_refusals(const hni_cuda_device *device, const hn_op_desc *desc, const hni_cuda_way *way, char *text, size_t size);

/* device.c: before the first CUDA call of every slot of the table. The device becomes current in this thread; a broken one says so. */
hn_status hni_cuda_enter(hni_cuda_device *device, const char *what, hn_error *err);

/* upload.c, memory.c: what open and close need of them; uploads end first. */
hn_status hni_cuda_staging_open(hni_cuda_device *device, hn_error *err);
void hni_cuda_staging_close(hni_cuda_device *device);
void hni_cuda_memory_close(hni_cuda_device *device);
/* memory.c: what is kept for later goes back to CUDA. */
void hni_cuda_memory_trim(hni_cuda_device *device);

/* rounded.c: n numbers of an input that stays, as bfloat16 in device memory from prepare to release. fill rounds x, unless it was filled
 * before and x is `kept`. drop: one that was never made is fine. */
typedef struct hni_cuda_rounded {
    uint16_t *memory; /* NULL = none */
    int64_t n;
    bool filled;
} hni_cuda_rounded;
hn_status hni_cuda_rounded_make(hni_cuda_device *device, int64_t n, hni_cuda_rounded *r, hn_error *err);
hn_status hni_cuda_rounded_fill(hni_cuda_device *device, hni_cuda_rounded *r, const float *x, bool kept, cudaStream_t stream, hn_error *err);
void hni_cuda_rounded_drop(hni_cuda_device *device, hni_cuda_rounded *r);

/* graph.c: what open and close need of it. close: nothing made by open may be there. */
hn_status hni_graph_open(hni_cuda_device *device, hn_error *err);
void hni_graph_close(hni_cuda_device *device);

/* errors.c: HN_OK, or a failure named "cudnn:INDEX: WHAT: DOMAIN CODE (text)". A sticky CUDA error marks the device broken. */
hn_status hni_cuda_check(hni_cuda_device *device, cudaError_t code, const char *what, hn_error *err);
hn_status hni_cuda_check_cudnn(hni_cuda_device *device, cudnnStatus_t code, const char *what, hn_error *err);
hn_status hni_cuda_check_lt(hni_cuda_device *device, cublasStatus_t code, const char *what, hn_error *err);

/* The lists' entries. conv.c, pool.c, norm.c: cuDNN. */
extern const hni_cuda_way hni_cuda_conv, hni_cuda_conv_grad_input, hni_cuda_conv_grad_weight;
extern const hni_cuda_way hni_cuda_pool, hni_cuda_pool_grad, hni_cuda_norm_train, hni_cuda_norm, hni_cuda_norm_grad;
/* dense.c: cuBLASLt. */
extern const hni_cuda_way hni_cuda_dense, hni_cuda_dense_grad_input, hni_cuda_dense_grad_weight;
/* pointwise.c, preprocess.c, pool_kernels.c, norm_kernels.c, group_norm.c, channels.c, loss.c, optimizer.c, vectors.c: own kernels. */
extern const hni_cuda_way hni_cuda_activation, hni_cuda_activation_grad, hni_cuda_add, hni_cuda_dropout, hni_cuda_preprocess;
extern const hni_cuda_way hni_cuda_max_pool, hni_cuda_max_pool_grad, hni_cuda_avg_pool, hni_cuda_avg_pool_grad;
extern const hni_cuda_way hni_cuda_global_pool, hni_cuda_global_pool_grad, hni_cuda_norm_own, hni_cuda_norm_train_own, hni_cuda_norm_grad_own;
extern const hni_cuda_way hni_cuda_softmax, hni_cuda_softmax_loss, hni_cuda_sigmoid_loss, hni_cuda_optimizer;
extern const hni_cuda_way hni_cuda_group_norm, hni_cuda_group_norm_grad, hni_cuda_concat, hni_cuda_concat_grad;
extern const hni_cuda_way hni_cuda_channel_scale, hni_cuda_channel_scale_grad, hni_cuda_class_map;
extern const hni_cuda_way hni_cuda_accumulate, hni_cuda_clip, hni_cuda_average;

#endif
