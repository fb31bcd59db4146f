/* reference.h - what the files of the reference backend share: one call's tensors, the operator functions, parallel loops.
 *
 * Private to lib/backend/reference; everybody else sees hni_reference_backend() of lib/backend/backend.h only. */
#ifndef HNI_BACKEND_REFERENCE_REFERENCE_H
#define HNI_BACKEND_REFERENCE_REFERENCE_H

#include <stdbool.h>

#include "../../base/status.h" /* defines: hni_fail */
#include "haemnet/backend.h"

/* One run of an operator: the tensors are plain pointers, a left-out one is NULL. */
typedef struct hni_ref_call {
    const hn_op_desc *desc;
    const hn_backend_host *host;
    const void *in[HN_OP_MAX_TENSORS];
    void *out[HN_OP_MAX_TENSORS];
} hni_ref_call;

typedef hn_status (*hni_ref_fn)(const hni_ref_call *call, hn_error *err);

/* One independent piece of a call's work. Every output element is written by exactly one piece, in a fixed order of additions, so the
 * bits do not depend on who runs the pieces, or when. */
typedef void (*hni_ref_task)(const hni_ref_call *call, int64_t index);

/* Runs task(call, 0 … count - 1) over the host's threads. */
void hni_ref_for(const hni_ref_call *call, int64_t count, hni_ref_task task);

/* Elementwise work is cut into pieces of this many numbers. A multiple of 4: a piece of dropout starts with a whole Philox block. */
enum { HNI_REF_PIECE = 4096 };
static inline int64_t hni_ref_pieces(int64_t n) { return (n + HNI_REF_PIECE - 1) / HNI_REF_PIECE; }
static inline int64_t hni_ref_piece_end(int64_t start, int64_t n) { return n - start < HNI_REF_PIECE ? n : start + HNI_REF_PIECE; }

static inline int64_t hni_ref_elements(const hn_tensor_desc *t) { return t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3]; }

/* HN_ACT_… of x. NaN stays NaN. */
double hni_ref_activate(double x, int32_t activation);
double hni_ref_sigmoid(double x);

static inline double hni_ref_number(const hni_ref_call *call, int tensor, int64_t i) { return (double)((const float *)call->in[tensor])[i]; }

hn_status hni_ref_conv2d(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_conv2d_grad_input(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_conv2d_grad_weight(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_pool2d(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_pool2d_grad(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_global_avg_pool(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_global_avg_pool_grad(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_dense(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_dense_grad_input(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_dense_grad_weight(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_batch_norm_train(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_batch_norm(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_batch_norm_grad(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_activation(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_activation_grad(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_add(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_dropout(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_softmax(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_softmax_loss(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_sigmoid_loss(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_optimizer(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_preprocess(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_group_norm(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_group_norm_grad(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_concat(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_concat_grad(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_channel_scale(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_channel_scale_grad(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_accumulate(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_clip_norm(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_average(const hni_ref_call *call, hn_error *err);
hn_status hni_ref_class_map(const hni_ref_call *call, hn_error *err);

#endif
