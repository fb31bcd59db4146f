/* absent.c - stands in for ways whose files are not there: each refuses. Weak, so that a file that brings the real one replaces it here and
 * nothing has to be taken out. */
#include "../../cuda/cuda.h"

static bool refuse(const hni_cuda_device *device, const hn_op_desc *desc, const char **why) {
    (void)device, (void)desc;
    *why = "this way is not built in";
    return false;
}

static hn_status no_run(const hni_cuda_call *call, hn_error *err) {
    (void)call;
    return hni_fail(err, HN_E_INTERNAL, "a way that refuses everything was run");
}

#define ABSENT(way) __attribute__((weak)) const hni_cuda_way way = {#way, refuse, NULL, no_run, NULL};

ABSENT(hni_cuda_conv)
ABSENT(hni_cuda_conv_grad_input)
ABSENT(hni_cuda_conv_grad_weight)
ABSENT(hni_cuda_pool)
ABSENT(hni_cuda_pool_grad)
ABSENT(hni_cuda_norm_train)
ABSENT(hni_cuda_norm)
ABSENT(hni_cuda_norm_grad)
ABSENT(hni_cuda_dense)
ABSENT(hni_cuda_dense_grad_input)
ABSENT(hni_cuda_dense_grad_weight)
ABSENT(hni_cuda_activation)
ABSENT(hni_cuda_activation_grad)
ABSENT(hni_cuda_add)
ABSENT(hni_cuda_dropout)
ABSENT(hni_cuda_preprocess)
ABSENT(hni_cuda_max_pool)
ABSENT(hni_cuda_max_pool_grad)
ABSENT(hni_cuda_avg_pool)
ABSENT(hni_cuda_avg_pool_grad)
ABSENT(hni_cuda_global_pool)
ABSENT(hni_cuda_global_pool_grad)
ABSENT(hni_cuda_norm_own)
ABSENT(hni_cuda_norm_train_own)
ABSENT(hni_cuda_norm_grad_own)
ABSENT(hni_cuda_softmax)
ABSENT(hni_cuda_softmax_loss)
ABSENT(hni_cuda_sigmoid_loss)
ABSENT(hni_cuda_optimizer)

__attribute__((weak)) hn_status hni_graph_open(hni_cuda_device *device, hn_error *err) {
    (void)device, (void)err;
    return HN_OK;
}

__attribute__((weak)) void hni_graph_close(hni_cuda_device *device) {
    (void)device;
}
