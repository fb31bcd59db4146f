/* rules_train.c - the rules of the operators that only training uses: losses, the optimiser's step, and what is done with gradients and
 * weights around it. */
#include "haemnet/train.h" /* defines: HN_OPTIMIZER_… */
#include "rules.h"

static const double MAX_FOCAL = 1000.0; /* Lin et al. try up to 5 */

static hn_status check_loss(const hn_op_desc *d, hn_tensor_desc labels, hn_error *err) {
    const hn_tensor_desc *x = &d->in[0];
    if (!(d->threshold >= 0.0 && d->threshold <= 1.0))
        return hni_bad_constant(d, err, "threshold %g must be 0 … 1", d->threshold);
    if (!(d->smoothing >= 0.0 && d->smoothing < 1.0))
        return hni_bad_constant(d, err, "smoothing %g must be 0 or more and less than 1", d->smoothing);
    if (!(d->focal >= 0.0 && d->focal <= MAX_FOCAL))
        return hni_bad_constant(d, err, "focal %g must be 0 … %g", d->focal, MAX_FOCAL);
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
    if (d->in[1].dtype == HN_DTYPE_F32) /* targets */
        return check_loss(d, d->in[0], err);
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

static hn_tensor_desc number(void) {
    return hni_tensor(HN_DTYPE_F64, 1, 1, 1, 1, 1);
}

/* The first `vectors` inputs and the first output are vectors of one length, what follows is one float64. */
static hn_status check_vectors(const hn_op_desc *d, int vectors, const char *what, hn_error *err) {
    hn_status status = hni_want(d, &d->in[0], "first input", hni_tensor(HN_DTYPE_F32, 1, HNI_ANY, 1, 1, 1), err);
    for (int i = 1; i < vectors && status == HN_OK; i++)
        status = hni_want(d, &d->in[i], "second input", d->in[0], err);
    if (status == HN_OK)
        status = hni_want(d, &d->in[vectors], what, number(), err);
    return status == HN_OK ? hni_want(d, &d->out[0], "first output", d->in[0], err) : status;
}

hn_status hni_check_accumulate(const hn_op_desc *d, hn_error *err) {
    return check_vectors(d, 2, "input factor", err);
}

hn_status hni_check_clip(const hn_op_desc *d, hn_error *err) {
    const hn_status status = check_vectors(d, 1, "input limit", err);
    return status == HN_OK ? hni_want(d, &d->out[1], "output norm", number(), err) : status;
}

hn_status hni_check_average(const hn_op_desc *d, hn_error *err) {
    return check_vectors(d, 2, "input decay", err);
}
