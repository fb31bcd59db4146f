/* rules_layer.c - the rules of layers without windows: dense, batch norm, activation, add, dropout, softmax, preprocessing. */
#include <math.h>

#include "rules.h"

static hn_tensor_desc vector(int64_t n) {
    return hni_tensor(HN_DTYPE_F32, 1, n, 1, 1, 1);
}

static hn_tensor_desc matrix(int64_t rows, int64_t columns) {
    return hni_tensor(HN_DTYPE_F32, 2, rows, columns, 1, 1);
}

static hn_tensor_desc image(int32_t dtype) {
    return hni_tensor(dtype, 4, HNI_ANY, HNI_ANY, HNI_ANY, HNI_ANY);
}

static hn_tensor_desc anything(void) {
    return (hn_tensor_desc){HN_DTYPE_F32, HNI_ANY, {1, 1, 1, 1}};
}

hn_status hni_infer_dense(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, hn_tensor_desc *y, hn_error *err) {
    hn_status status = hni_want(d, x, "input x", matrix(HNI_ANY, HNI_ANY), err);
    if (status == HN_OK)
        status = hni_want(d, w, "weight w", matrix(HNI_ANY, x->dims[1]), err);
    if (status == HN_OK)
        *y = matrix(x->dims[0], w->dims[0]);
    return status;
}

static hn_status check_dense(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, const hn_tensor_desc *b,
                             const hn_tensor_desc *y, hn_error *err) {
    hn_tensor_desc inferred;
    hn_status status = hni_infer_dense(d, x, w, &inferred, err);
    if (status == HN_OK)
        status = hni_want(d, y, "output y or its gradient", inferred, err);
    if (status == HN_OK && b && b->rank != 0)
        status = hni_want(d, b, "bias b or its gradient", vector(w->dims[0]), err);
    return status;
}

hn_status hni_check_dense(const hn_op_desc *d, hn_error *err) {
    if (d->activation < 0 || d->activation > 2)
        return hni_bad_constant(d, err, "activation %d is not known; see HN_ACT_…", d->activation);
    return check_dense(d, &d->in[0], &d->in[1], &d->in[2], &d->out[0], err);
}

hn_status hni_check_dense_grad_input(const hn_op_desc *d, hn_error *err) {
    return check_dense(d, &d->out[0], &d->in[1], NULL, &d->in[0], err);
}

hn_status hni_check_dense_grad_weight(const hn_op_desc *d, hn_error *err) {
    return check_dense(d, &d->in[1], &d->out[0], &d->out[1], &d->in[0], err);
}

/* tensors[first … last - 1] hold one number a channel of x. */
static hn_status want_channels(const hn_op_desc *d, const hn_tensor_desc *tensors, int first, int last, const hn_tensor_desc *x,
                               const char *what, hn_error *err) {
    for (int i = first; i < last; i++) {
        const hn_status status = hni_want(d, &tensors[i], what, vector(x->dims[1]), err);
        if (status != HN_OK)
            return status;
    }
    return HN_OK;
}

static hn_status check_epsilon(const hn_op_desc *d, hn_error *err) {
    if (!(d->epsilon >= 0.0 && d->epsilon <= 1.0))
        return hni_bad_constant(d, err, "epsilon %g must be 0 … 1", d->epsilon);
    return HN_OK;
}

hn_status hni_check_batch_norm_train(const hn_op_desc *d, hn_error *err) {
    const hn_tensor_desc *x = &d->in[0];
    hn_status status = check_epsilon(d, err);
    if (status == HN_OK && !(d->momentum >= 0.0 && d->momentum <= 1.0))
        status = hni_bad_constant(d, err, "momentum %g must be 0 … 1", d->momentum);
    if (status == HN_OK)
        status = hni_want(d, x, "input x", image(HN_DTYPE_F32), err);
    if (status == HN_OK && hni_tensor_elements(x) / x->dims[1] < 2)
        status = hni_fail(err, HN_E_SHAPE, "%s: one value a channel has no variance; use a larger batch or image", hni_op_name(d->kind));
    if (status == HN_OK)
        status = want_channels(d, d->in, 1, 5, x, "gamma, beta, mean or var", err);
    if (status == HN_OK)
        status = hni_want(d, &d->out[0], "output y", *x, err);
    return status == HN_OK ? want_channels(d, d->out, 1, 5, x, "saved_mean, saved_inv_std, mean' or var'", err) : status;
}

hn_status hni_check_batch_norm(const hn_op_desc *d, hn_error *err) {
    const hn_tensor_desc *x = &d->in[0];
    hn_status status = check_epsilon(d, err);
    if (status == HN_OK)
        status = hni_want(d, x, "input x", image(HN_DTYPE_F32), err);
    if (status == HN_OK)
        status = want_channels(d, d->in, 1, 5, x, "gamma, beta, mean or var", err);
    return status == HN_OK ? hni_want(d, &d->out[0], "output y", *x, err) : status;
}

hn_status hni_check_batch_norm_grad(const hn_op_desc *d, hn_error *err) {
    const hn_tensor_desc *x = &d->in[1];
    hn_status status = hni_want(d, x, "input x", image(HN_DTYPE_F32), err);
    if (status == HN_OK)
        status = hni_want(d, &d->in[0], "gradient dy", *x, err);
    if (status == HN_OK)
        status = want_channels(d, d->in, 2, 5, x, "gamma, saved_mean or saved_inv_std", err);
    if (status == HN_OK)
        status = hni_want(d, &d->out[0], "gradient dx", *x, err);
    return status == HN_OK ? want_channels(d, d->out, 1, 3, x, "dgamma or dbeta", err) : status;
}

/* Elementwise: all of n_in and n_out have one shape. */
static hn_status check_same(const hn_op_desc *d, int n_in, hn_error *err) {
    hn_status status = hni_want(d, &d->in[0], "input", anything(), err);
    for (int i = 1; i < n_in && status == HN_OK; i++)
        status = hni_want(d, &d->in[i], "second input", d->in[0], err);
    return status == HN_OK ? hni_want(d, &d->out[0], "output", d->in[0], err) : status;
}

hn_status hni_check_activation(const hn_op_desc *d, hn_error *err) {
    if (d->activation < 1 || d->activation > 2)
        return hni_bad_constant(d, err, "activation %d must be 1 (ReLU) or 2 (sigmoid)", d->activation);
    return check_same(d, 1, err);
}

hn_status hni_check_activation_grad(const hn_op_desc *d, hn_error *err) {
    if (d->activation < 1 || d->activation > 2)
        return hni_bad_constant(d, err, "activation %d must be 1 (ReLU) or 2 (sigmoid)", d->activation);
    return check_same(d, 2, err);
}

hn_status hni_check_add(const hn_op_desc *d, hn_error *err) {
    return check_same(d, 2, err);
}

hn_status hni_check_dropout(const hn_op_desc *d, hn_error *err) {
    if (!(d->rate >= 0.0 && d->rate < 1.0))
        return hni_bad_constant(d, err, "rate %g must be 0 or more and less than 1", d->rate);
    const hn_status status = check_same(d, 1, err);
    if (status != HN_OK)
        return status;
    const int64_t n = d->in[0].dims[0];
    if (hni_tensor_elements(&d->in[0]) / n > (int64_t)1 << 34) /* four numbers a block, and the block's number is 32 bits */
        return hni_fail(err, HN_E_SHAPE, "dropout: more than 2^34 numbers a sample");
    return hni_want(d, &d->in[1], "input keys", hni_tensor(HN_DTYPE_U32, 2, n, 4, 1, 1), err);
}

hn_status hni_check_softmax(const hn_op_desc *d, hn_error *err) {
    const hn_status status = hni_want(d, &d->in[0], "input x", matrix(HNI_ANY, HNI_ANY), err);
    return status == HN_OK ? hni_want(d, &d->out[0], "output y", d->in[0], err) : status;
}

hn_status hni_check_preprocess(const hn_op_desc *d, hn_error *err) {
    const hn_tensor_desc *x = &d->in[0];
    hn_status status = hni_want(d, x, "input x", image(HN_DTYPE_U8), err);
    if (status == HN_OK)
        status = want_channels(d, d->in, 1, 3, x, "mean or deviation", err);
    hn_tensor_desc y = *x;
    y.dtype = HN_DTYPE_F32;
    return status == HN_OK ? hni_want(d, &d->out[0], "output y", y, err) : status;
}
