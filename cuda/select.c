/* select.c - which way an operator is done: one ordered list an operator, the first that accepts is taken.
 *
 * cuDNN and cuBLASLt come first where they have what the table asks for, own kernels after them. What a way cannot do its accept() says from
 * the description and the device's options alone, so that the same network takes the same way every time. Why each order is as it is
 * stands in the files of the ways. */
#include <stdio.h>

#include "cuda.h"

enum { MAX_WAYS = 3 };

static const hni_cuda_way *const LISTS[HNI_OP_LAST + 1][MAX_WAYS] = {
    [HN_OP_CONV2D] = {&hni_cuda_conv},
    [HN_OP_CONV2D_GRAD_INPUT] = {&hni_cuda_conv_grad_input},
    [HN_OP_CONV2D_GRAD_WEIGHT] = {&hni_cuda_conv_grad_weight},
    [HN_OP_MAX_POOL2D] = {&hni_cuda_pool, &hni_cuda_max_pool},
    [HN_OP_MAX_POOL2D_GRAD] = {&hni_cuda_pool_grad, &hni_cuda_max_pool_grad},
    [HN_OP_AVG_POOL2D] = {&hni_cuda_pool, &hni_cuda_avg_pool},
    [HN_OP_AVG_POOL2D_GRAD] = {&hni_cuda_pool_grad, &hni_cuda_avg_pool_grad},
    [HN_OP_GLOBAL_AVG_POOL] = {&hni_cuda_global_pool},
    [HN_OP_GLOBAL_AVG_POOL_GRAD] = {&hni_cuda_global_pool_grad},
    [HN_OP_DENSE] = {&hni_cuda_dense},
    [HN_OP_DENSE_GRAD_INPUT] = {&hni_cuda_dense_grad_input},
    [HN_OP_DENSE_GRAD_WEIGHT] = {&hni_cuda_dense_grad_weight},
    [HN_OP_BATCH_NORM_TRAIN] = {&hni_cuda_norm_train, &hni_cuda_norm_train_own},
    [HN_OP_BATCH_NORM] = {&hni_cuda_norm, &hni_cuda_norm_own},
    [HN_OP_BATCH_NORM_GRAD] = {&hni_cuda_norm_grad, &hni_cuda_norm_grad_own},
    [HN_OP_ACTIVATION] = {&hni_cuda_activation},
    [HN_OP_ACTIVATION_GRAD] = {&hni_cuda_activation_grad},
    [HN_OP_ADD] = {&hni_cuda_add},
    [HN_OP_DROPOUT] = {&hni_cuda_dropout},
    [HN_OP_SOFTMAX] = {&hni_cuda_softmax},
    [HN_OP_SOFTMAX_LOSS] = {&hni_cuda_softmax_loss},
    [HN_OP_SIGMOID_LOSS] = {&hni_cuda_sigmoid_loss},
    [HN_OP_OPTIMIZER] = {&hni_cuda_optimizer},
    [HN_OP_PREPROCESS] = {&hni_cuda_preprocess},
    [HN_OP_GROUP_NORM] = {&hni_cuda_group_norm},
    [HN_OP_GROUP_NORM_GRAD] = {&hni_cuda_group_norm_grad},
    [HN_OP_CONCAT] = {&hni_cuda_concat},
    [HN_OP_CONCAT_GRAD] = {&hni_cuda_concat_grad},
    [HN_OP_CHANNEL_SCALE] = {&hni_cuda_channel_scale},
    [HN_OP_CHANNEL_SCALE_GRAD] = {&hni_cuda_channel_scale_grad},
    [HN_OP_ACCUMULATE] = {&hni_cuda_accumulate},
    [HN_OP_CLIP] = {&hni_cuda_clip},
    [HN_OP_AVERAGE] = {&hni_cuda_average},
    [HN_OP_CLASS_MAP] = {&hni_cuda_class_map},
};

const hni_cuda_way *hni_cuda_select_after(const hni_cuda_device *device, const hn_op_desc *desc, const hni_cuda_way *after, const char **why) {
    if (desc->kind < 1 || desc->kind > HNI_OP_LAST)
        return NULL;
    bool behind = after == NULL;
    for (int i = 0; i < MAX_WAYS && LISTS[desc->kind][i]; i++) {
        const hni_cuda_way *way = LISTS[desc->kind][i];
        if (behind && (!way->accept || way->accept(device, desc, why)))
            return way;
        behind = behind || way == after;
    }
    return NULL;
}

const hni_cuda_way *hni_cuda_select(const hni_cuda_device *device, const hn_op_desc *desc, const char **why) {
    return hni_cuda_select_after(device, desc, NULL, why);
}

void hni_cuda_refusals(const hni_cuda_device *device, const hn_op_desc *desc, const hni_cuda_way *way, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < MAX_WAYS && LISTS[desc->kind][i] && LISTS[desc->kind][i] != way && used < size; i++) {
        const hni_cuda_way *before = LISTS[desc->kind][i];
        const char *why = "there is no plan for it";
        if (before->accept)
            (void)before->accept(device, desc, &why);
        used += (size_t)snprintf(text + used, size - used, "%snot %s: %.100s", used > 0 ? "; " : "", before->name, why);
    }
}
