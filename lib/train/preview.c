/* preview.c - images ─► preprocessing ─► HN_OP_PREPROCESS with a table, on "cpu" ─► images: one training batch, made visible.
 *
 * The same preprocessing, the same table and keys and the same operator as a training step, so that what is shown is what is trained on; mean and
 * deviation are taken back at the end. A device of its own for each call: it is cheap beside the images, and nobody does this often. */
#include "preview.h"

#include <string.h>

#include "backend/backend.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/threads.h"
#include "image/pixels.h" /* defines: hni_to_u8 */
#include "op/op.h"
#include "preproc/augment.h"

/* Inputs of the operator, in its order; rows, which there are none of, is number 3. */
enum { PIXELS = 0, MEAN = 1, DEVIATION = 2, AUGMENT = 4, KEYS = 5, INPUTS = 6 };

typedef struct preview {
    const hn_model *model;
    const hn_image *const *images;
    int32_t count;
    uint8_t *pixels;  /* [count, C, H, W] */
    float *result;    /* the same, as the network gets it */
    float *table;     /* [count, HN_AUGMENT_COLUMNS] */
    uint32_t *keys;   /* [count, 4] */
    hn_error *error;  /* [count] of preprocessing */
    hni_device *device;
    hni_op op;
    hn_buffer in[HN_OP_MAX_TENSORS], out, workspace;
} preview;

static hn_status take_memory(preview *p, hn_error *err) {
    const size_t n = (size_t)p->count, bytes = hni_preproc_bytes(&p->model->preproc);
    size_t all = 0;
    if (!bytes || !hni_mul(n, bytes, &all) || !hni_mul(all, sizeof *p->result, &(size_t){0}))
        return hni_fail(err, HN_E_LIMIT, "%d images of %d x %d px are larger than memory", p->count, p->model->preproc.width,
                        p->model->preproc.height);
    p->pixels = hni_alloc_aligned(p->model->ctx, all);
    p->result = hni_alloc_aligned(p->model->ctx, all * sizeof *p->result);
    p->table = hni_calloc(p->model->ctx, n * HN_AUGMENT_COLUMNS, sizeof *p->table);
    p->keys = hni_calloc(p->model->ctx, n * 4, sizeof *p->keys);
    p->error = hni_calloc(p->model->ctx, n, sizeof *p->error);
    if (!p->pixels || !p->result || !p->table || !p->keys || !p->error) return hni_fail_memory(err, all * 5, "images to be augmented");
    return HN_OK;
}

static void preprocess(void *arg, uint32_t i) {
    preview *p = arg;
    const hni_preproc *pre = &p->model->preproc;
    p->error[i].status = hni_preproc_run(p->model->ctx, pre, p->images[i], p->pixels + i * hni_preproc_bytes(pre), &p->error[i]);
}

static hn_status preprocess_all(preview *p, hn_error *err) {
    hni_parallel_for(p->model->ctx, (uint32_t)p->count, preprocess, p);
    for (int32_t i = 0; i < p->count; i++) {
        if (!p->error[i].status) continue;
        hni_error_prefix(&p->error[i], "image %d", i);
        if (err) *err = p->error[i];
        return p->error[i].status;
    }
    return HN_OK;
}

static void fill_table(preview *p, const hn_augment_options *options, uint64_t seed, int64_t epoch, const int64_t *samples) {
    const hni_preproc *pre = &p->model->preproc;
    const hni_augment_size size = {pre->width, pre->height, pre->width, pre->height};
    hni_augment_fill(options, &size, seed, epoch, samples, p->count, p->table);
    for (int32_t i = 0; i < p->count; i++) {
        const uint32_t key[4] = {(uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)epoch, (uint32_t)samples[i]};
        memcpy(p->keys + 4 * (size_t)i, key, sizeof key);
    }
}

static hn_status prepare(preview *p, hn_error *err) {
    const hni_preproc *pre = &p->model->preproc;
    const hni_preprocess_options options = {.augment = true};
    const hn_tensor_desc x = hni_tensor(HN_DTYPE_U8, 4, p->count, pre->channels, pre->height, pre->width);
    hn_op_desc desc;
    hn_status status = hni_op_preprocess(&desc, &x, &options, err);
    if (!status) status = hni_device_open_spec(p->model->ctx, "cpu", &p->device, err);
    if (!status) status = hni_op_prepare(p->device, &desc, &p->op, err);
    for (int i = 0; i < INPUTS && !status; i++)
        if (desc.in[i].rank)
            status = hni_device_alloc(p->device, (uint64_t)hni_tensor_elements(&desc.in[i]) * hni_dtype_size(desc.in[i].dtype), &p->in[i], err);
    if (!status) status = hni_device_alloc(p->device, (uint64_t)hni_tensor_elements(&desc.out[0]) * sizeof(float), &p->out, err);
    if (!status && p->op.workspace) status = hni_device_alloc(p->device, p->op.workspace, &p->workspace, err);
    return status;
}

static hn_status run(preview *p, hn_error *err) {
    const void *const from[INPUTS] = {
        [PIXELS] = p->pixels, [MEAN] = p->model->preproc.mean, [DEVIATION] = p->model->preproc.deviation, [AUGMENT] = p->table, [KEYS] = p->keys};
    const hn_op_buffers buffers = {.struct_size = sizeof buffers, .in = p->in, .out = &p->out, .workspace = p->workspace};
    hn_status status = HN_OK;
    for (int i = 0; i < INPUTS && !status; i++)
        if (from[i]) status = hni_device_upload(p->device, p->in[i], from[i], err);
    if (!status) status = hni_op_run(p->device, &p->op, &buffers, err);
    return status ? status : hni_device_download(p->device, p->result, p->out, err);
}

/* Three channels are RGB; of others, the one in the middle is shown. */
static hn_status make_image(const preview *p, int32_t i, hn_image **out, hn_error *err) {
    const hni_preproc *pre = &p->model->preproc;
    const int32_t shown = pre->channels == 3 ? 3 : 1, first = shown == 3 ? 0 : pre->channels / 2;
    const size_t plane = (size_t)pre->width * (size_t)pre->height;
    const float *from = p->result + (size_t)i * (size_t)pre->channels * plane;
    hn_status status = hni_image_new(p->model->ctx, HN_PIXEL_U8, pre->width, pre->height, shown, out, err);
    if (status) return status;
    uint8_t *to = (*out)->data;
    for (int32_t c = 0; c < shown; c++) {
        const double mean = (double)pre->mean[first + c], deviation = (double)pre->deviation[first + c];
        const float *v = from + (size_t)(first + c) * plane;
        for (size_t k = 0; k < plane; k++) to[k * (size_t)shown + (size_t)c] = hni_to_u8(((double)v[k] * deviation + mean) * 255);
    }
    return HN_OK;
}

static void drop(preview *p) {
    hn_context *ctx = p->model->ctx;
    if (p->device) {
        for (int i = 0; i < INPUTS; i++)
            if (p->in[i].memory) hni_device_free(p->device, &p->in[i]);
        if (p->out.memory) hni_device_free(p->device, &p->out);
        if (p->workspace.memory) hni_device_free(p->device, &p->workspace);
        if (p->op.handle) hni_op_release(p->device, &p->op);
        hni_device_close(p->device);
    }
    hni_free_aligned(ctx, p->pixels);
    hni_free_aligned(ctx, p->result);
    hni_free(ctx, p->table);
    hni_free(ctx, p->keys);
    hni_free(ctx, p->error);
}

hn_status hni_augment_images(const hn_model *model, const hn_image *const *images, int32_t count, const hn_augment_options *options,
                             uint64_t seed, int64_t epoch, const int64_t *samples, hn_image **out, hn_error *err) {
    preview p = {.model = model, .images = images, .count = count};
    for (int32_t i = 0; i < count; i++) out[i] = NULL;
    hn_status status = options ? hni_augment_check(options, err) : HN_OK;
    if (!status) status = take_memory(&p, err);
    if (!status) status = preprocess_all(&p, err);
    if (!status) {
        fill_table(&p, options, seed, epoch, samples);
        status = prepare(&p, err);
    }
    if (!status) status = run(&p, err);
    for (int32_t i = 0; i < count && !status; i++) status = make_image(&p, i, &out[i], err);
    for (int32_t i = 0; i < count && status; i++) {
        hni_image_unref(out[i]);
        out[i] = NULL;
    }
    drop(&p);
    return status;
}
