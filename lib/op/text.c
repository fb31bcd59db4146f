/* text.c - an operator in one line, for messages, case names and logs. Never fails: what does not fit is cut, what is odd is printed. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "op.h"

typedef struct line {
    char *text;
    size_t size, used;
} line;

static void __attribute__((format(printf, 2, 3))) add(line *l, const char *format, ...) {
    if (l->used + 1 >= l->size)
        return;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(l->text + l->used, l->size - l->used, format, args);
    va_end(args);
    if (n > 0)
        l->used += (size_t)n < l->size - l->used ? (size_t)n : l->size - l->used - 1;
}

static void add_shape(line *l, const char *before, const hn_tensor_desc *t) {
    char shape[96];
    hni_shape_text(t, shape, sizeof shape);
    add(l, "%s%s", before, shape);
}

static void add_pair(line *l, const char *name, const int32_t pair[2], int32_t usual) {
    if (pair[0] != usual || pair[1] != usual)
        add(l, ", %s %dx%d", name, pair[0], pair[1]);
}

static void add_tensors(line *l, const hn_op_desc *d) {
    const bool conv = d->kind == HN_OP_CONV2D || d->kind == HN_OP_DENSE;
    const bool grad_input = d->kind == HN_OP_CONV2D_GRAD_INPUT || d->kind == HN_OP_DENSE_GRAD_INPUT;
    const bool grad_weight = d->kind == HN_OP_CONV2D_GRAD_WEIGHT || d->kind == HN_OP_DENSE_GRAD_WEIGHT;
    add_shape(l, " ", &d->in[0]);
    if (conv || grad_input)
        add_shape(l, " * ", &d->in[1]);
    else if (grad_weight)
        add_shape(l, " by ", &d->in[1]);
    else if (d->kind == HN_OP_CONCAT)
        add_shape(l, " beside ", &d->in[1]);
    if (grad_input || grad_weight || d->kind == HN_OP_MAX_POOL2D_GRAD || d->kind == HN_OP_AVG_POOL2D_GRAD ||
        d->kind == HN_OP_GLOBAL_AVG_POOL_GRAD || (d->kind == HN_OP_PREPROCESS && d->in[3].rank + d->in[4].rank != 0))
        add_shape(l, " -> ", &d->out[0]);
    if ((conv && d->in[2].rank != 0) || (grad_weight && d->out[1].rank != 0))
        add(l, " + bias");
}

static void add_constants(line *l, const hn_op_desc *d) {
    static const char *const activations[] = {"", ", ReLU", ", sigmoid", ", ReLU6", ", SiLU", ", hard-swish", ", tanh"};
    static const char *const optimizers[] = {"", ", Adam", ", AdamW", ", SGD"};
    if (d->kernel[0] != 0 || d->kernel[1] != 0)
        add(l, ", kernel %dx%d", d->kernel[0], d->kernel[1]);
    if (d->stride[0] != 0 || d->stride[1] != 0) {
        add(l, ", stride %dx%d", d->stride[0], d->stride[1]);
        add_pair(l, "padding", d->padding, 0);
        add_pair(l, "extra padding", d->extra_padding, 0);
        add_pair(l, "dilation", d->dilation, 1);
    }
    if (d->groups > 1)
        add(l, ", %d groups", d->groups);
    if (d->activation >= HN_ACT_RELU && d->activation <= HN_ACT_TANH)
        add(l, "%s", activations[d->activation]);
    if (d->kind == HN_OP_CONV2D && d->in[3].rank != 0)
        add(l, ", batch norm");
    if (d->kind == HN_OP_CONV2D && d->in[7].rank != 0)
        add(l, ", sum");
    if (d->pool > 1)
        add(l, ", pooled %dx%d", d->pool, d->pool);
    if (d->exclude_padding)
        add(l, ", padding excluded");
    if (d->optimizer >= 1 && d->optimizer <= 3)
        add(l, "%s, %lld groups", optimizers[d->optimizer], (long long)d->in[4].dims[0]);
    if (d->kind == HN_OP_DROPOUT)
        add(l, ", rate %g", d->rate);
    if (d->kind == HN_OP_SOFTMAX_LOSS && d->positive >= 0)
        add(l, ", positive %d at %g", d->positive, d->threshold);
    if (d->smoothing != 0.0)
        add(l, ", smoothing %g", d->smoothing);
    if (d->focal != 0.0)
        add(l, ", focal %g", d->focal);
    if (d->kind == HN_OP_PREPROCESS && d->in[3].rank != 0)
        add(l, ", rows");
    if (d->kind == HN_OP_PREPROCESS && d->in[4].rank != 0)
        add(l, ", augmented");
}

void hni_op_text(const hn_op_desc *desc, char *text, size_t size) {
    if (size == 0)
        return;
    line l = {text, size, 0};
    text[0] = '\0';
    add(&l, "%s", hni_op_name(desc->kind));
    add_tensors(&l, desc);
    add_constants(&l, desc);
}
