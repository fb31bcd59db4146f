/* channels.c - operators on whole channels: concatenation, a scale for each, and the weighted sum that a class activation map is. */
#include <string.h>

#include "reference.h"

/* Channels of one sample, from and to. */
static void copy_channels(void *to, int64_t at, const void *from, int64_t from_at, int64_t numbers) {
    memcpy((float *)to + at, (const float *)from + from_at, (size_t)numbers * sizeof(float));
}

static void concat_task(const hni_ref_call *call, int64_t n) {
    const int64_t a = hni_ref_elements(&call->desc->in[0]) / call->desc->in[0].dims[0];
    const int64_t b = hni_ref_elements(&call->desc->in[1]) / call->desc->in[1].dims[0];
    copy_channels(call->out[0], n * (a + b), call->in[0], n * a, a);
    copy_channels(call->out[0], n * (a + b) + a, call->in[1], n * b, b);
}

hn_status hni_ref_concat(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->in[0].dims[0], concat_task);
    return HN_OK;
}

static void concat_grad_task(const hni_ref_call *call, int64_t n) {
    const int64_t a = hni_ref_elements(&call->desc->out[0]) / call->desc->out[0].dims[0];
    const int64_t b = hni_ref_elements(&call->desc->out[1]) / call->desc->out[1].dims[0];
    copy_channels(call->out[0], n * a, call->in[0], n * (a + b), a);
    copy_channels(call->out[1], n * b, call->in[0], n * (a + b) + a, b);
}

hn_status hni_ref_concat_grad(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->in[0].dims[0], concat_grad_task);
    return HN_OK;
}

/* One channel of one image. */
static void scale_task(const hni_ref_call *call, int64_t image) {
    const int64_t pixels = call->desc->in[0].dims[2] * call->desc->in[0].dims[3];
    const float *x = (const float *)call->in[0] + image * pixels, s = ((const float *)call->in[1])[image];
    float *y = (float *)call->out[0] + image * pixels;
    for (int64_t i = 0; i < pixels; i++)
        y[i] = x[i] * s;
}

hn_status hni_ref_channel_scale(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->in[0].dims[0] * call->desc->in[0].dims[1], scale_task);
    return HN_OK;
}

static void scale_grad_task(const hni_ref_call *call, int64_t image) {
    const int64_t pixels = call->desc->in[1].dims[2] * call->desc->in[1].dims[3];
    const float *dy = (const float *)call->in[0] + image * pixels, *x = (const float *)call->in[1] + image * pixels;
    const float s = ((const float *)call->in[2])[image];
    float *dx = (float *)call->out[0] + image * pixels;
    double sum = 0.0;
    for (int64_t i = 0; i < pixels; i++) {
        sum += (double)dy[i] * (double)x[i];
        dx[i] = dy[i] * s;
    }
    ((float *)call->out[1])[image] = (float)sum;
}

hn_status hni_ref_channel_scale_grad(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->in[1].dims[0] * call->desc->in[1].dims[1], scale_grad_task);
    return HN_OK;
}

/* One row of one map. */
static void class_map_task(const hni_ref_call *call, int64_t row) {
    const hn_tensor_desc *f = &call->desc->in[0], *w = &call->desc->in[1];
    const int64_t c_count = f->dims[1], height = f->dims[2], width = f->dims[3], n = row / height;
    const bool one = w->dims[2] * w->dims[3] == 1; /* weight a channel */
    for (int64_t i = 0; i < width; i++) {
        double sum = 0.0;
        for (int64_t c = 0; c < c_count; c++) {
            const int64_t at = ((n * c_count + c) * height + row % height) * width + i;
            sum += hni_ref_number(call, 0, at) * hni_ref_number(call, 1, one ? n * c_count + c : at);
        }
        ((float *)call->out[0])[row * width + i] = (float)hni_ref_activate(sum, call->desc->activation);
    }
}

hn_status hni_ref_class_map(const hni_ref_call *call, hn_error *err) {
    (void)err;
    hni_ref_for(call, call->desc->in[0].dims[0] * call->desc->in[0].dims[2], class_map_task);
    return HN_OK;
}
