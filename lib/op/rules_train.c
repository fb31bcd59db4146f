/* rules_train.c - the rules of the operators that only training uses: losses and the optimiser's step. */
#include "haemnet/train.h" /* defines: HN_OPTIMIZER_… */
#include "rules.h"

static hn_status check_loss(const hn_op_desc *d, hn_tensor_desc labels, hn_error *err) {
    const hn_tensor_desc *x = &d->in[0];
    if (!(d->threshold >= 0.0 && d->threshold <= 1.0))
        return hni_bad_constant(d, err, "threshold %g must be 0 … 1", d->threshold);
    hn_status status = hni_want(d, x, "logits x", hni_tensor(HN_DTYPE_F32, 2, HNI_ANY, HNI_ANY, 1, 1), err);
    if (status == HN_OK)
        status = hni_want(d, &d->in[1], "labels", labels, err);
    if (status == HN_OK)
        status = hni_want(d, &d->in[2], "weights", hni_tensor(HN_DTYPE_F32, 1, x->dims[1], 1, 1, 1), err);
    if (status == HN_OK)
        status = hni_want(d, &d->out[0], "probabilities p", *x, err);
    if (status == HN_OK)
        status = hni_want(d, &d->out[1], "gradient dx", *x, err);
    return status == HN_OK ? hni_want(d, &d->out[2], "stats", hni_tensor(HN_DTYPE_F64, 1, 4, 1, 1, 1), err) : status;
}

hn_status hni_check_softmax_loss(const hn_op_desc *d, hn_error *err) {
    if (d->positive < -1 || d->positive > 1 || (d->positive >= 0 && d->in[0].dims[1] != 2))
        return hni_bad_constant(d, err, "positive class %d: must be 0 or 1 with two classes, or -1 to decide by the largest", d->positive);
    return check_loss(d, hni_tensor(HN_DTYPE_I32, 1, d->in[0].dims[0], 1, 1, 1), err);
}

hn_status hni_check_sigmoid_loss(const hn_op_desc *d, hn_error *err) {
    return check_loss(d, d->in[0], err);
}

hn_status hni_check_optimizer(const hn_op_desc *d, hn_error *err) {
    if (d->optimizer < HN_OPTIMIZER_ADAM || d->optimizer > HN_OPTIMIZER_SGD)
        return hni_bad_constant(d, err, "optimizer %d is not known; see HN_OPTIMIZER_…", d->optimizer);
    const hn_tensor_desc *w = &d->in[0], *hyper = &d->in[4];
    hn_status status = hni_want(d, w, "weights w", hni_tensor(HN_DTYPE_F32, 1, HNI_ANY, 1, 1, 1), err);
    for (int i = 1; i < 4 && status == HN_OK; i++)
        status = hni_want(d, &d->in[i], "input g, m or v", *w, err);
    if (status == HN_OK)
        status = hni_want(d, hyper, "input hyper", hni_tensor(HN_DTYPE_F64, 2, HNI_ANY, HN_HYPER_COLUMNS, 1, 1), err);
    if (status == HN_OK && hyper->dims[0] > HNI_MAX_GROUPS)
        status = hni_fail(err, HN_E_SHAPE, "optimizer: %lld parameter groups, at most %d", (long long)hyper->dims[0], HNI_MAX_GROUPS);
    if (status == HN_OK)
        status = hni_want(d, &d->in[5], "input group", hni_tensor(HN_DTYPE_U8, 1, w->dims[0], 1, 1, 1), err);
    for (int i = 0; i < 3 && status == HN_OK; i++)
        status = hni_want(d, &d->out[i], "output w, m or v", *w, err);
    return status;
}
