/* rules_layer.c - the rules of layers without windows: dense, norms, activation, add, concatenation, channel scale, dropout, softmax, class
 * maps. */
#include <math.h>

#include "haemnet/builder.h" /* defines: HN_ACT_… */
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

hn_status hni_check_known_activation(const hn_op_desc *d, int32_t least, hn_error *err) {
    if (d->activation < least || d->activation > HN_ACT_TANH)
        return hni_bad_constant(d, err, "activation %d is not known or not allowed here; see HN_ACT_…", d->activation);
    return HN_OK;
}

hn_status hni_check_dense(const hn_op_desc *d, hn_error *err) {
    const hn_status status = hni_check_known_activation(d, HN_ACT_NONE, err);
    return status == HN_OK ? check_dense(d, &d->in[0], &d->in[1], &d->in[2], &d->out[0], err) : status;
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
    const hn_status status = hni_check_known_activation(d, HN_ACT_RELU, err);
    return status == HN_OK ? check_same(d, 1, err) : status;
}

hn_status hni_check_activation_grad(const hn_op_desc *d, hn_error *err) {
    const hn_status status = hni_check_known_activation(d, HN_ACT_RELU, err);
    return status == HN_OK ? check_same(d, 2, err) : status;
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

/* groups divide x's channels. */
static hn_status check_groups(const hn_op_desc *d, const hn_tensor_desc *x, hn_error *err) {
    const hn_status status = hni_want(d, x, "input x", image(HN_DTYPE_F32), err);
    if (status == HN_OK && (d->groups < 1 || x->dims[1] % d->groups != 0))
        return hni_fail(err, HN_E_SHAPE, "%s: %d groups do not divide %lld channels", hni_op_name(d->kind), d->groups, (long long)x->dims[1]);
    return status;
}

hn_status hni_check_group_norm(const hn_op_desc *d, hn_error *err) {
    const hn_tensor_desc *x = &d->in[0];
    hn_status status = check_epsilon(d, err);
    if (status == HN_OK)
        status = check_groups(d, x, err);
    if (status == HN_OK)
        status = want_channels(d, d->in, 1, 3, x, "gamma or beta", err);
    if (status == HN_OK)
        status = hni_want(d, &d->out[0], "output y", *x, err);
    for (int i = 1; i < 3 && status == HN_OK; i++)
        status = hni_want(d, &d->out[i], "mean or inv_std", matrix(x->dims[0], d->groups), err);
    return status;
}

hn_status hni_check_group_norm_grad(const hn_op_desc *d, hn_error *err) {
    const hn_tensor_desc *x = &d->in[1];
    hn_status status = check_groups(d, x, err);
    if (status == HN_OK)
        status = hni_want(d, &d->in[0], "gradient dy", *x, err);
    if (status == HN_OK)
        status = want_channels(d, d->in, 2, 3, x, "gamma", err);
    for (int i = 3; i < 5 && status == HN_OK; i++)
        status = hni_want(d, &d->in[i], "mean or inv_std", matrix(x->dims[0], d->groups), err);
    if (status == HN_OK)
        status = hni_want(d, &d->out[0], "gradient dx", *x, err);
    return status == HN_OK ? want_channels(d, d->out, 1, 3, x, "dgamma or dbeta", err) : status;
}

/* y holds the channels of a, then those of b. */
static hn_status check_beside(const hn_op_desc *d, const hn_tensor_desc *a, const hn_tensor_desc *b, const hn_tensor_desc *y, hn_error *err) {
    hn_status status = hni_want(d, a, "first part a", image(HN_DTYPE_F32), err);
    hn_tensor_desc wanted = *a;
    wanted.dims[1] = HNI_ANY;
    if (status == HN_OK)
        status = hni_want(d, b, "second part b", wanted, err);
    wanted.dims[1] = a->dims[1] + (status == HN_OK ? b->dims[1] : 0);
    return status == HN_OK ? hni_want(d, y, "both, y or its gradient", wanted, err) : status;
}

hn_status hni_check_concat(const hn_op_desc *d, hn_error *err) {
    return check_beside(d, &d->in[0], &d->in[1], &d->out[0], err);
}

hn_status hni_check_concat_grad(const hn_op_desc *d, hn_error *err) {
    return check_beside(d, &d->out[0], &d->out[1], &d->in[0], err);
}

/* x[N,C,H,W] and s[N,C,1,1]. */
static hn_status check_scaled(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *s, hn_error *err) {
    const hn_status status = hni_want(d, x, "input x", image(HN_DTYPE_F32), err);
    return status == HN_OK ? hni_want(d, s, "scale s", hni_tensor(HN_DTYPE_F32, 4, x->dims[0], x->dims[1], 1, 1), err) : status;
}

hn_status hni_check_channel_scale(const hn_op_desc *d, hn_error *err) {
    const hn_status status = check_scaled(d, &d->in[0], &d->in[1], err);
    return status == HN_OK ? hni_want(d, &d->out[0], "output y", d->in[0], err) : status;
}

hn_status hni_check_channel_scale_grad(const hn_op_desc *d, hn_error *err) {
    hn_status status = check_scaled(d, &d->in[1], &d->in[2], err);
    if (status == HN_OK)
        status = hni_want(d, &d->in[0], "gradient dy", d->in[1], err);
    if (status == HN_OK)
        status = hni_want(d, &d->out[0], "gradient dx", d->in[1], err);
    return status == HN_OK ? hni_want(d, &d->out[1], "gradient ds", d->in[2], err) : status;
}

hn_status hni_check_class_map(const hn_op_desc *d, hn_error *err) {
    const hn_tensor_desc *f = &d->in[0], *w = &d->in[1];
    if (d->activation != HN_ACT_NONE && d->activation != HN_ACT_RELU)
        return hni_bad_constant(d, err, "activation %d: must be none or ReLU", d->activation);
    hn_status status = hni_want(d, f, "features f", image(HN_DTYPE_F32), err);
    if (status == HN_OK)
        status = hni_want(d, w, "weights w", w->dims[2] == 1 && w->dims[3] == 1 ? hni_tensor(HN_DTYPE_F32, 4, f->dims[0], f->dims[1], 1, 1) : *f, err);
    return status == HN_OK ? hni_want(d, &d->out[0], "output y", hni_tensor(HN_DTYPE_F32, 4, f->dims[0], 1, f->dims[2], f->dims[3]), err) : status;
}
