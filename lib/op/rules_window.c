/* rules_window.c - the rules of operators with windows: convolution and pooling, forward and gradients.
 *
 * A gradient's output shape does not follow from its inputs (several input sizes give one output size), so gradients are checked by
 * going forward again from the output they claim. */
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "rules.h"

int64_t hni_window_extent(int64_t in, int32_t kernel, int32_t stride, int32_t padding, int32_t dilation) {
    if (in < 1 || in > HNI_MAX_ELEMENTS || kernel < 1 || stride < 1 || padding < 0 || dilation < 1)
        return -1;
    const int64_t room = in + 2 * (int64_t)padding - ((int64_t)dilation * (kernel - 1) + 1);
    return room < 0 ? -1 : room / stride + 1;
}

static hn_tensor_desc image(int64_t n, int64_t c, int64_t h, int64_t w) {
    return hni_tensor(HN_DTYPE_F32, 4, n, c, h, w);
}

static hn_status want_image(const hn_op_desc *d, const hn_tensor_desc *t, const char *what, hn_error *err) {
    const hn_status status = hni_want(d, t, what, image(HNI_ANY, HNI_ANY, HNI_ANY, HNI_ANY), err);
    if (status == HN_OK && (t->dims[2] > HNI_MAX_EXTENT || t->dims[3] > HNI_MAX_EXTENT)) {
        char text[96];
        hni_shape_text(t, text, sizeof text);
        return hni_fail(err, HN_E_SHAPE, "%s: %s %s is higher or wider than 2^24 px", hni_op_name(d->kind), what, text);
    }
    return status;
}

static hn_status check_window(const hn_op_desc *d, hn_error *err) {
    for (int i = 0; i < 2; i++) {
        if (d->stride[i] < 1 || d->stride[i] > HNI_MAX_WINDOW)
            return hni_bad_constant(d, err, "stride %dx%d must be 1 … %d", d->stride[0], d->stride[1], HNI_MAX_WINDOW);
        if (d->padding[i] < 0 || d->padding[i] > HNI_MAX_WINDOW)
            return hni_bad_constant(d, err, "padding %dx%d must be 0 … %d", d->padding[0], d->padding[1], HNI_MAX_WINDOW);
        if (d->extra_padding[i] < 0 || d->extra_padding[i] > HNI_MAX_WINDOW)
            return hni_bad_constant(d, err, "extra padding %dx%d must be 0 … %d", d->extra_padding[0], d->extra_padding[1], HNI_MAX_WINDOW);
        if (d->dilation[i] < 1 || d->dilation[i] > HNI_MAX_WINDOW)
            return hni_bad_constant(d, err, "dilation %dx%d must be 1 … %d", d->dilation[0], d->dilation[1], HNI_MAX_WINDOW);
    }
    return HN_OK;
}

/* y's height and width, given the kernel. */
static hn_status window_output(const hn_op_desc *d, const hn_tensor_desc *x, const int64_t kernel[2], int64_t out[2], hn_error *err) {
    for (int i = 0; i < 2; i++) {
        if (kernel[i] < 1 || kernel[i] > HNI_MAX_WINDOW)
            return hni_bad_constant(d, err, "kernel of %lld px; must be 1 … %d", (long long)kernel[i], HNI_MAX_WINDOW);
        out[i] = hni_window_extent(x->dims[2 + i] + d->extra_padding[i], (int32_t)kernel[i], d->stride[i], d->padding[i], d->dilation[i]);
        if (out[i] < 1) {
            char text[96];
            hni_shape_text(x, text, sizeof text);
            return hni_fail(err, HN_E_SHAPE,
                            "%s: a window of %lldx%lld (dilation %dx%d) does not fit into %s with padding %dx%d; use a larger input or a "
                            "smaller window",
                            hni_op_name(d->kind), (long long)kernel[0], (long long)kernel[1], d->dilation[0], d->dilation[1], text,
                            d->padding[0], d->padding[1]);
        }
    }
    return HN_OK;
}

hn_status hni_infer_conv2d(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, hn_tensor_desc *y, hn_error *err) {
    hn_status status = want_image(d, x, "input x", err);
    if (status == HN_OK)
        status = want_image(d, w, "weight w", err);
    if (status == HN_OK)
        status = check_window(d, err);
    if (status != HN_OK)
        return status;
    if (d->groups < 1 || x->dims[1] % d->groups != 0 || w->dims[0] % d->groups != 0)
        return hni_fail(err, HN_E_SHAPE, "%s: %d groups do not divide %lld input channels and %lld filters", hni_op_name(d->kind),
                        d->groups, (long long)x->dims[1], (long long)w->dims[0]);
    status = hni_want(d, w, "weight w", image(HNI_ANY, x->dims[1] / d->groups, HNI_ANY, HNI_ANY), err);
    int64_t out[2];
    if (status == HN_OK)
        status = window_output(d, x, &w->dims[2], out, err);
    for (int i = 0; i < 2 && status == HN_OK && d->pool == 2; i++) {
        if (out[i] < 2)
            return hni_fail(err, HN_E_SHAPE, "%s: %lldx%lld px are too few to pool; leave pool 0", hni_op_name(d->kind), (long long)out[0],
                            (long long)out[1]);
        out[i] /= 2;
    }
    if (status == HN_OK)
        *y = image(x->dims[0], w->dims[0], out[0], out[1]);
    return status;
}

hn_status hni_infer_pool2d(const hn_op_desc *d, const hn_tensor_desc *x, hn_tensor_desc *y, hn_error *err) {
    hn_status status = want_image(d, x, "input x", err);
    if (status == HN_OK)
        status = check_window(d, err);
    if (status != HN_OK)
        return status;
    for (int i = 0; i < 2; i++) {
        if (d->dilation[i] != 1)
            return hni_bad_constant(d, err, "dilation %dx%d: pooling windows have none, set 1", d->dilation[0], d->dilation[1]);
        if (d->padding[i] > d->kernel[i] / 2) /* else a window could lie in the padding alone, and have no maximum */
            return hni_bad_constant(d, err, "padding %dx%d is more than half the kernel %dx%d", d->padding[0], d->padding[1], d->kernel[0],
                                    d->kernel[1]);
    }
    if (d->exclude_padding != 0 && d->exclude_padding != 1)
        return hni_bad_constant(d, err, "exclude_padding is %d, must be 0 or 1", d->exclude_padding);
    const int64_t kernel[2] = {d->kernel[0], d->kernel[1]};
    int64_t out[2];
    status = window_output(d, x, kernel, out, err);
    if (status == HN_OK)
        *y = image(x->dims[0], x->dims[1], out[0], out[1]);
    return status;
}

/* b or db: left out, or one number a filter. */
static hn_status check_bias(const hn_op_desc *d, const hn_tensor_desc *b, const hn_tensor_desc *w, const char *what, hn_error *err) {
    return b->rank == 0 ? HN_OK : hni_want(d, b, what, hni_tensor(HN_DTYPE_F32, 1, w->dims[0], 1, 1, 1), err);
}

static hn_status check_conv(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *w, const hn_tensor_desc *y,
                            const char *what, hn_error *err) {
    hn_tensor_desc inferred;
    const hn_status status = hni_infer_conv2d(d, x, w, &inferred, err);
    return status == HN_OK ? hni_want(d, y, what, inferred, err) : status;
}

/* The four numbers a filter of a batch norm inside a convolution: all or none. */
static hn_status check_norm(const hn_op_desc *d, hn_error *err) {
    int there = 0;
    for (int i = 3; i < 7; i++)
        there += d->in[i].rank != 0;
    if (there == 0 && d->epsilon == 0.0)
        return HN_OK;
    if (!(d->epsilon >= 0.0 && d->epsilon <= 1.0) || there == 0)
        return hni_bad_constant(d, err, "epsilon %g must be 0 … 1, and 0 without batch norm", d->epsilon);
    for (int i = 3; i < 7; i++) {
        const hn_status status = hni_want(d, &d->in[i], "gamma, beta, mean or var", hni_tensor(HN_DTYPE_F32, 1, d->in[1].dims[0], 1, 1, 1), err);
        if (status != HN_OK)
            return status;
    }
    return HN_OK;
}

hn_status hni_check_conv2d(const hn_op_desc *d, hn_error *err) {
    hn_status status = hni_check_known_activation(d, HN_ACT_NONE, err);
    if (status == HN_OK && d->pool != 0 && (d->pool != 2 || d->activation > HN_ACT_RELU))
        status = hni_bad_constant(d, err, "pool %d after activation %d: must be 0, or 2 after none or ReLU", d->pool, d->activation);
    if (status == HN_OK)
        status = check_conv(d, &d->in[0], &d->in[1], &d->out[0], "output y", err);
    if (status == HN_OK)
        status = check_bias(d, &d->in[2], &d->in[1], "bias b", err);
    if (status == HN_OK)
        status = check_norm(d, err);
    if (status != HN_OK || d->in[7].rank == 0)
        return status;
    if (d->pool != 0)
        return hni_bad_constant(d, err, "pools and adds r: must be one of the two");
    return hni_want(d, &d->in[7], "input r", d->out[0], err);
}

/* A gradient that goes on through the ReLU whose output x is. */
static hn_status check_through(const hn_op_desc *d, hn_error *err) {
    if (d->activation == HN_ACT_NONE || d->activation == HN_ACT_RELU)
        return HN_OK;
    return hni_bad_constant(d, err, "activation %d: only ReLU's gradient can be taken along", d->activation);
}

hn_status hni_check_conv2d_grad_input(const hn_op_desc *d, hn_error *err) {
    hn_status status = check_conv(d, &d->out[0], &d->in[1], &d->in[0], "gradient dy", err);
    if (status == HN_OK)
        status = check_through(d, err);
    if (status != HN_OK || (d->activation == HN_ACT_NONE && d->in[2].rank == 0))
        return status;
    return hni_want(d, &d->in[2], "input x", d->out[0], err);
}

hn_status hni_check_conv2d_grad_weight(const hn_op_desc *d, hn_error *err) {
    const hn_status status = check_conv(d, &d->in[1], &d->out[0], &d->in[0], "gradient dy", err);
    return status == HN_OK ? check_bias(d, &d->out[1], &d->out[0], "gradient db", err) : status;
}

static hn_status check_pool(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *y, const char *what, hn_error *err) {
    hn_tensor_desc inferred;
    const hn_status status = hni_infer_pool2d(d, x, &inferred, err);
    return status == HN_OK ? hni_want(d, y, what, inferred, err) : status;
}

hn_status hni_check_pool2d(const hn_op_desc *d, hn_error *err) {
    return check_pool(d, &d->in[0], &d->out[0], "output y", err);
}

hn_status hni_check_max_pool2d_grad(const hn_op_desc *d, hn_error *err) {
    hn_status status = check_pool(d, &d->in[0], &d->in[1], "input y", err);
    if (status == HN_OK)
        status = check_through(d, err);
    if (status == HN_OK)
        status = hni_want(d, &d->in[2], "gradient dy", d->in[1], err);
    return status == HN_OK ? hni_want(d, &d->out[0], "gradient dx", d->in[0], err) : status;
}

hn_status hni_check_avg_pool2d_grad(const hn_op_desc *d, hn_error *err) {
    return check_pool(d, &d->out[0], &d->in[0], "gradient dy", err);
}

static hn_status check_global(const hn_op_desc *d, const hn_tensor_desc *x, const hn_tensor_desc *y, const char *what, hn_error *err) {
    const hn_status status = want_image(d, x, "image x", err);
    return status == HN_OK ? hni_want(d, y, what, image(x->dims[0], x->dims[1], 1, 1), err) : status;
}

hn_status hni_check_global_avg_pool(const hn_op_desc *d, hn_error *err) {
    return check_global(d, &d->in[0], &d->out[0], "output y", err);
}

hn_status hni_check_global_avg_pool_grad(const hn_op_desc *d, hn_error *err) {
    return check_global(d, &d->out[0], &d->in[0], "gradient dy", err);
}
