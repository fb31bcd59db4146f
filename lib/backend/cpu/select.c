/* select.c - which instruction set and which implementation: ordered lists, the first that can is taken, the plain one last.
 *
 * The instruction set is the machine's, asked once at open; nothing in the environment changes it. What an implementation cannot do its
 * accept() says, from the description alone, so that the same network takes the same way on every machine. Every refusal has a reason, which
 * cpu.c logs: `haemnet devices -v` shows it. */
#include <stdio.h>
#include <string.h>

#include "../../op/op.h" /* defines: HNI_OP_LAST */
#include "isa.h"

static const hni_cpu_isa *const ISAS[] = {
#if HNI_CPU_HAS_X86
    &hni_cpu_isa_avx512, &hni_cpu_isa_avx2,
#endif
#if HNI_CPU_HAS_NEON
    &hni_cpu_isa_neon,
#endif
    &hni_cpu_isa_plain, NULL};

const hni_cpu_isa *const *hni_cpu_isas(void) {
    return ISAS;
}

const hni_cpu_isa *hni_cpu_isa_named(const char *name) {
    for (size_t i = 0; ISAS[i]; i++)
        if (strcmp(ISAS[i]->name, name) == 0)
            return ISAS[i]->usable() ? ISAS[i] : NULL;
    return NULL;
}

const hni_cpu_isa *hni_cpu_isa_best(void) {
    size_t i = 0;
    while (!ISAS[i]->usable()) /* the last one always is */
        i++;
    return ISAS[i];
}

enum { MAX_WAYS = 3 };

static const hni_cpu_impl *const LISTS[HNI_OP_LAST + 1][MAX_WAYS] = {
    [HN_OP_CONV2D] = {&hni_cpu_depth_conv, &hni_cpu_conv, &hni_cpu_conv_plain},
    [HN_OP_CONV2D_GRAD_INPUT] = {&hni_cpu_depth_grad_input, &hni_cpu_conv_grad_input, &hni_cpu_conv_grad_input_plain},
    [HN_OP_CONV2D_GRAD_WEIGHT] = {&hni_cpu_depth_grad_weight, &hni_cpu_conv_grad_weight, &hni_cpu_conv_grad_weight_plain},
    [HN_OP_MAX_POOL2D] = {&hni_cpu_pool2x2, &hni_cpu_pool_max},
    [HN_OP_MAX_POOL2D_GRAD] = {&hni_cpu_pool2x2_grad, &hni_cpu_pool_max_grad, &hni_cpu_pool_grad},
    [HN_OP_AVG_POOL2D] = {&hni_cpu_pool},
    [HN_OP_AVG_POOL2D_GRAD] = {&hni_cpu_pool_grad},
    [HN_OP_GLOBAL_AVG_POOL] = {&hni_cpu_global_pool},
    [HN_OP_GLOBAL_AVG_POOL_GRAD] = {&hni_cpu_global_pool_grad},
    [HN_OP_DENSE] = {&hni_cpu_dense},
    [HN_OP_DENSE_GRAD_INPUT] = {&hni_cpu_dense_grad_input},
    [HN_OP_DENSE_GRAD_WEIGHT] = {&hni_cpu_dense_grad_weight},
    [HN_OP_BATCH_NORM_TRAIN] = {&hni_cpu_norm_train},
    [HN_OP_BATCH_NORM] = {&hni_cpu_norm},
    [HN_OP_BATCH_NORM_GRAD] = {&hni_cpu_norm_grad},
    [HN_OP_ACTIVATION] = {&hni_cpu_activation},
    [HN_OP_ACTIVATION_GRAD] = {&hni_cpu_activation_grad},
    [HN_OP_ADD] = {&hni_cpu_add},
    [HN_OP_DROPOUT] = {&hni_cpu_dropout},
    [HN_OP_SOFTMAX] = {&hni_cpu_softmax},
    [HN_OP_SOFTMAX_LOSS] = {&hni_cpu_softmax_loss},
    [HN_OP_SIGMOID_LOSS] = {&hni_cpu_sigmoid_loss},
    [HN_OP_OPTIMIZER] = {&hni_cpu_optimizer},
    [HN_OP_PREPROCESS] = {&hni_cpu_preprocess, &hni_cpu_augment},
    [HN_OP_GROUP_NORM] = {&hni_cpu_group_norm},
    [HN_OP_GROUP_NORM_GRAD] = {&hni_cpu_group_norm_grad},
    [HN_OP_CONCAT] = {&hni_cpu_concat},
    [HN_OP_CONCAT_GRAD] = {&hni_cpu_concat_grad},
    [HN_OP_CHANNEL_SCALE] = {&hni_cpu_channel_scale},
    [HN_OP_CHANNEL_SCALE_GRAD] = {&hni_cpu_channel_scale_grad},
    [HN_OP_ACCUMULATE] = {&hni_cpu_accumulate},
    [HN_OP_CLIP] = {&hni_cpu_clip_norm},
    [HN_OP_AVERAGE] = {&hni_cpu_average},
    [HN_OP_CLASS_MAP] = {&hni_cpu_class_map},
};

const hni_cpu_impl *hni_cpu_select(const hn_op_desc *desc, char *refused, size_t size) {
    size_t used = 0;
    refused[0] = '\0';
    if (desc->kind < 1 || desc->kind > HNI_OP_LAST)
        return NULL;
    for (int i = 0; i < MAX_WAYS && LISTS[desc->kind][i]; i++) {
        const hni_cpu_impl *impl = LISTS[desc->kind][i];
        const char *why = "it cannot do this";
        if (!impl->accept || impl->accept(desc, &why))
            return impl;
        if (why && used < size)
            used += (size_t)snprintf(refused + used, size - used, "%snot %s: %s", used > 0 ? "; " : "", impl->name, why);
    }
    return NULL;
}
