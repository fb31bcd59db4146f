/* conform_doubts.c - NaN in, NaN out: a network that has gone wrong must not look well. The case list has NaN in maximum pooling alone.
 *
 * Libraries may make 0 of NaN in a fused ReLU, or pass over it in a maximum; whether they do is asked of each operator that has one inside.
 * Only where results are NaN is compared with the reference; numbers are the case list's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "conform.h"
#include "haemnet/builder.h" /* defines: HN_ACT_… */
#include "op/op.h"

enum { C = 3, SIDE = 9, FILTERS = 8, ROWS = 4 };

typedef struct probe {
    const char *name;
    hn_op_desc desc;
    int place; /* the input that gets a NaN */
} probe;

/* Runs once with inputs of small positive and negative numbers, one NaN among those of input `place`; results, malloc'd, of output 0. */
static float *results(gpu *g, const char *spec, const probe *p) {
    const hn_op_desc *d = &p->desc;
    hni_device *device;
    hni_op op;
    hn_buffer in[HN_OP_MAX_TENSORS] = {{NULL, 0, 0}}, out[HN_OP_MAX_TENSORS] = {{NULL, 0, 0}}, workspace = {NULL, 0, 0};
    const size_t wanted = (size_t)hni_tensor_bytes(&d->out[0]);
    float *result = malloc(wanted);
    if (!result) exit(1);
    gpu_must(g, hni_device_open_spec(g->ctx, spec, &device, &g->err), "opening a device");
    gpu_must(g, hni_op_prepare(device, d, &op, &g->err), p->name);
    for (int i = 0; i < d->n_in; i++) {
        if (d->in[i].rank == 0) continue;
        const int64_t n = hni_tensor_elements(&d->in[i]);
        float *numbers = malloc((size_t)n * sizeof *numbers);
        if (!numbers) exit(1);
        for (int64_t k = 0; k < n; k++) numbers[k] = (float)((k * 7 + i) % 11) * 0.25f - 1.0f;
        if (i == p->place) numbers[n / 2] = NAN;
        gpu_must(g, hni_device_alloc(device, (uint64_t)hni_tensor_bytes(&d->in[i]), &in[i], &g->err), "memory");
        gpu_must(g, hni_device_upload(device, in[i], numbers, &g->err), "an upload");
        free(numbers);
    }
    for (int i = 0; i < d->n_out; i++)
        if (d->out[i].rank) gpu_must(g, hni_device_alloc(device, (uint64_t)hni_tensor_bytes(&d->out[i]), &out[i], &g->err), "memory");
    if (op.workspace) gpu_must(g, hni_device_alloc(device, op.workspace, &workspace, &g->err), "memory");
    const hn_op_buffers buffers = {.struct_size = sizeof buffers, .in = in, .out = out, .workspace = workspace};
    gpu_must(g, hni_op_run(device, &op, &buffers, &g->err), p->name);
    gpu_must(g, hni_device_download(device, result, out[0], &g->err), "a download");
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        hni_device_free(device, &in[i]);
        hni_device_free(device, &out[i]);
    }
    hni_device_free(device, &workspace);
    hni_op_release(device, &op);
    hni_device_close(device);
    return result;
}

static void ask(gpu *g, const probe *p) {
    const int64_t n = hni_tensor_elements(&p->desc.out[0]);
    float *ours = results(g, g->device, p), *right = results(g, "reference", p);
    int64_t expected = 0, lost = 0, invented = 0;
    for (int64_t i = 0; i < n; i++) {
        expected += isnan(right[i]);
        lost += isnan(right[i]) && !isnan(ours[i]);
        invented += !isnan(right[i]) && isnan(ours[i]);
    }
    char text[GPU_TEXT];
    snprintf(text, sizeof text, "NaN through %s", p->name);
    gpu_check(g, expected > 0 && lost == 0 && invented == 0, text, "%lld of %lld results are to be NaN: %lld are not, %lld others are",
              (long long)expected, (long long)n, (long long)lost, (long long)invented);
    free(ours);
    free(right);
}

static void ask_convolution(gpu *g) {
    const hni_window2d window = {.stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 1};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_F32, 4, 2, C, SIDE, SIDE), w = hni_tensor(HN_DTYPE_F32, 4, FILTERS, C, 3, 3);
    probe plain = {.name = "convolution"}, relu = {.name = "convolution with bias and ReLU"},
          weight = {.name = "weights of a convolution with ReLU", .place = 1};
    gpu_must(g, hni_op_conv2d(&plain.desc, &x, &w, true, &window, HN_ACT_NONE, &g->err), plain.name);
    gpu_must(g, hni_op_conv2d(&relu.desc, &x, &w, true, &window, HN_ACT_RELU, &g->err), relu.name);
    weight.desc = relu.desc;
    ask(g, &plain);
    ask(g, &relu);
    ask(g, &weight);
}

static void ask_others(gpu *g) {
    const hn_tensor_desc image = hni_tensor(HN_DTYPE_F32, 4, 2, C, SIDE, SIDE), rows = hni_tensor(HN_DTYPE_F32, 2, ROWS, 16, 1, 1),
                         w = hni_tensor(HN_DTYPE_F32, 2, FILTERS, 16, 1, 1);
    const hni_window2d window = {.kernel = {2, 2}, .stride = {2, 2}};
    probe dense = {.name = "dense layer with ReLU"}, act = {.name = "ReLU"}, grad = {.name = "ReLU's gradient", .place = 1},
          pool = {.name = "maximum pooling"}, average = {.name = "average pooling"}, softmax = {.name = "softmax"};
    gpu_must(g, hni_op_dense(&dense.desc, &rows, &w, true, HN_ACT_RELU, &g->err), dense.name);
    gpu_must(g, hni_op_activation(&act.desc, &image, HN_ACT_RELU, &g->err), act.name);
    gpu_must(g, hni_op_activation_grad(&act.desc, &grad.desc, &g->err), grad.name);
    gpu_must(g, hni_op_pool2d(&pool.desc, HN_OP_MAX_POOL2D, &image, &window, &g->err), pool.name);
    gpu_must(g, hni_op_pool2d(&average.desc, HN_OP_AVG_POOL2D, &image, &window, &g->err), average.name);
    gpu_must(g, hni_op_softmax(&softmax.desc, &rows, &g->err), softmax.name);
    const probe *const all[] = {&dense, &act, &grad, &pool, &average, &softmax};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) ask(g, all[i]);
}

void conform_doubts(gpu *g) {
    ask_convolution(g);
    ask_others(g);
}
