/* executor.c - a program on a device: operators prepared, buffers bound, steps run.
 *
 * All decisions (algorithms, offsets, buffers) are made in create and bind; run uploads the step's inputs and walks the list. A prediction
 * on the host's own memory walks it for a few images at a time, so that what lies between the layers stays in the caches. Where a
 * backend can record, the first run is walked, the list is recorded at a later one and replayed from then on: buffers never move. Loops over
 * batches, epochs and samples are train's and predict's. */
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "backend/registry.h" /* defines: hni_foreign_status */
#include "executor.h"
#include "haemnet/dataset.h" /* defines: HN_TASK_… */
#include "program.h"

struct hni_executor {
    hn_context *ctx;
    hni_graph *graph;
    hni_device *device;
    hni_weights *weights;
    hni_executor_options options; /* its pointers are not kept */
    hni_program program;
    int32_t n_classes;
    int32_t slice;      /* images that the list is walked for at a time; divides the batch */
    float *logits, *probabilities; /* [batch, K] of all slices; NULL = there is one slice, and they are on the device */
    hni_op *ops;        /* [n_nodes], the first n_ops prepared */
    size_t n_ops;
    hn_buffer *buffers; /* [n_nodes][2][HN_OP_MAX_TENSORS]; in, out */
    hn_buffer constants, arena;
    void *recording;
    bool bound, plain;  /* plain: no recording on this backend */
    bool ran, walked;   /* the last run went well; one ever did */
    uint64_t seen;      /* the version of the weights at the last run; 0 = none */
};

static hn_status check_options(const hni_graph *graph, const hni_weights *weights, const hni_executor_options *o, hn_error *err) {
    if (graph->logits < 0)
        return hni_fail(err, HN_E_STATE, "the network is not finished: it has no logits yet");
    if (o->mode < HNI_MODE_PREDICT || o->mode > HNI_MODE_UPDATE)
        return hni_fail(err, HN_E_ARGUMENT, "executor mode %d is not known", o->mode);
    if (o->mode == HNI_MODE_EXPLAIN && (o->target < 0 || (size_t)o->target >= graph->n_values))
        return hni_fail(err, HN_E_NOT_FOUND, "there is no value %d; 0 … %zu are", o->target, graph->n_values - 1);
    if (o->task != HN_TASK_SINGLE && o->task != HN_TASK_MULTI)
        return hni_fail(err, HN_E_ARGUMENT, "task %d is not known; see HN_TASK_…", o->task);
    if (o->batch < 1)
        return hni_fail(err, HN_E_ARGUMENT, "batch of %d images: at least 1 is needed", o->batch);
    if (o->images < 0 || (o->images > 0 && (!o->store.memory || o->mode == HNI_MODE_PREDICT || o->mode == HNI_MODE_EXPLAIN)))
        return hni_fail(err, HN_E_ARGUMENT, "a store of %lld images without memory, or for neither training nor testing", (long long)o->images);
    if (weights->total != graph->total || weights->trainable != graph->trainable)
        return hni_fail(err, HN_E_ARGUMENT, "these weights are %lld numbers, the network has %lld", (long long)weights->total,
                        (long long)graph->total);
    if ((o->mode == HNI_MODE_TRAIN || o->mode == HNI_MODE_UPDATE) && !weights->options.training)
        return hni_fail(err, HN_E_ARGUMENT, "these weights were made without room for gradients; make them for training");
    return HN_OK;
}

static hn_status prepare_all(hni_executor *ex, hn_error *err) {
    hni_program *p = &ex->program;
    for (size_t i = 0; i < p->n_nodes; i++) {
        const hn_status status = hni_op_prepare(ex->device, &p->nodes[i].desc, &ex->ops[i], err);
        if (status != HN_OK) {
            if (p->nodes[i].layer >= 0)
                hni_error_prefix(err, "layer \"%s\"", ex->graph->layers[p->nodes[i].layer].name);
            return status;
        }
        ex->n_ops = i + 1;
        p->nodes[i].workspace = ex->ops[i].workspace;
    }
    return HN_OK;
}

static hn_status upload_constant(hni_executor *ex, int32_t place, const float *numbers, float otherwise, float *scratch, hn_error *err) {
    if (place < 0)
        return HN_OK;
    const hni_place *t = &ex->program.places[place];
    const size_t n = t->bytes / sizeof(float);
    for (size_t i = 0; i < n; i++)
        scratch[i] = numbers ? numbers[i] : otherwise;
    return hni_device_upload(ex->device, hni_buffer_at(ex->constants, t->offset, t->bytes), scratch, err);
}

static hn_status make_constants(hni_executor *ex, const hni_executor_options *o, hn_error *err) {
    const hni_program *p = &ex->program;
    if (p->constant_bytes == 0)
        return HN_OK;
    float *scratch = hni_calloc(ex->ctx, 1, (size_t)p->constant_bytes);
    if (!scratch)
        return hni_fail_memory(err, (size_t)p->constant_bytes, "the constants of a network");
    hn_status status = hni_device_alloc(ex->device, p->constant_bytes, &ex->constants, err);
    if (status == HN_OK)
        status = hni_device_upload(ex->device, ex->constants, scratch, err); /* zero, also between them */
    if (status == HN_OK)
        status = upload_constant(ex, p->mean, o->mean, 0.0f, scratch, err);
    if (status == HN_OK)
        status = upload_constant(ex, p->deviation, o->deviation, 1.0f, scratch, err);
    if (status == HN_OK)
        status = upload_constant(ex, p->class_weights, o->class_weights, 1.0f, scratch, err);
    hni_free(ex->ctx, scratch);
    return status;
}

static void drop_operators(hni_executor *ex) {
    for (size_t i = 0; i < ex->n_ops; i++)
        hni_op_release(ex->device, &ex->ops[i]);
    ex->n_ops = 0;
    hni_program_free(&ex->program);
    hni_free(ex->ctx, ex->ops);
    hni_free(ex->ctx, ex->buffers);
    ex->ops = NULL;
    ex->buffers = NULL;
}

static hn_status prepare_program(hni_executor *ex, const hni_program_options *options, hn_error *err) {
    hn_status status = hni_program_make(&ex->program, ex->graph, options, err);
    if (status != HN_OK)
        return status;
    const size_t n = ex->program.n_nodes;
    ex->ops = hni_calloc(ex->ctx, n, sizeof *ex->ops);
    ex->buffers = hni_calloc(ex->ctx, n, 2 * HN_OP_MAX_TENSORS * sizeof *ex->buffers);
    if (!ex->ops || !ex->buffers)
        return hni_fail_memory(err, n * sizeof *ex->ops, "the operators of a network");
    return prepare_all(ex, err);
}

enum { SLICE_BYTES = 4 << 20 }; /* of an arena: about what the second-level caches of a few cores hold together */

/* The largest divisor of the batch whose arena is small, but no fewer images than threads; all of it if the weights would have to come from
 * memory again for each slice. An image's result does not depend on it. */
static hn_status choose_slice(hni_executor *ex, hn_error *err) {
    const int32_t batch = ex->options.batch;
    uint64_t arena = 0;
    ex->slice = batch;
    if (ex->options.mode != HNI_MODE_PREDICT || !(ex->device->info.flags & HN_DEVICE_HOST_MEMORY) || batch == 1 ||
        (uint64_t)ex->graph->total * sizeof(float) > SLICE_BYTES)
        return HN_OK;
    const hn_status status = hni_plan_arena_bytes(ex->graph, HNI_MODE_PREDICT, batch, ex->options.task, &arena, err);
    if (status != HN_OK)
        return status;
    const uint64_t fit = SLICE_BYTES * (uint64_t)batch / (arena ? arena : 1);
    int64_t most = ex->ctx->threads > 1 ? ex->ctx->threads : 1;
    if (fit > (uint64_t)most)
        most = fit < (uint64_t)batch ? (int64_t)fit : batch;
    while (ex->slice > 1 && (ex->slice > most || batch % ex->slice != 0))
        ex->slice--;
    if (ex->slice == batch)
        return HN_OK;
    const size_t results = (size_t)batch * (size_t)ex->n_classes;
    ex->logits = hni_calloc(ex->ctx, results, sizeof *ex->logits);
    ex->probabilities = hni_calloc(ex->ctx, results, sizeof *ex->probabilities);
    return ex->logits && ex->probabilities ? HN_OK : hni_fail_memory(err, 2 * results * sizeof(float), "the results of a batch");
}

static hn_status fill_executor(hni_executor *ex, const hni_executor_options *o, hn_error *err) {
    const bool train = o->mode == HNI_MODE_TRAIN, update = o->mode == HNI_MODE_UPDATE || (train && !o->accumulate);
    hni_program_options options = {.mode = o->mode, .batch = ex->slice, .task = o->task, .positive = o->positive,
                                   .optimizer = update ? o->optimizer : 0, .groups = ex->weights->options.groups, .threshold = o->threshold,
                                   .smoothing = o->smoothing, .focal = o->focal, .accumulate = o->accumulate, .clip = update && o->clip,
                                   .average = update && o->average, .targets = train && o->targets, .augment = train && o->augment,
                                   .frozen = train ? o->frozen : NULL, .many_runs = !train, .target = o->target, .map = o->map, .images = o->images};
    hn_error first = {.status = HN_OK}; /* not the caller's: nothing is to be read there if the second way works */
    hn_status status = prepare_program(ex, &options, &first);
    if (status == HN_E_UNSUPPORTED) { /* perhaps it can do the same in smaller steps */
        drop_operators(ex);
        options.unfused = true;
        status = prepare_program(ex, &options, err);
    } else if (status != HN_OK && err) {
        *err = first;
    }
    if (status == HN_OK)
        status = hni_program_plan(&ex->program, err);
    if (status == HN_OK)
        status = make_constants(ex, o, err);
    return status;
}

hn_status hni_executor_create(hni_device *device, hni_graph *graph, hni_weights *weights, const hni_executor_options *options,
                              hni_executor **out, hn_error *err) {
    *out = NULL;
    hn_status status = check_options(graph, weights, options, err);
    if (status != HN_OK)
        return status;
    hn_context *ctx = graph->ctx;
    hni_executor *ex = hni_calloc(ctx, 1, sizeof *ex);
    if (!ex)
        return hni_fail_memory(err, sizeof *ex, "an executor");
    ex->ctx = hni_context_ref(ctx);
    ex->graph = hni_graph_ref(graph);
    ex->device = device;
    ex->weights = weights;
    ex->options = *options;
    ex->options.class_weights = ex->options.mean = ex->options.deviation = NULL;
    ex->options.frozen = NULL;
    ex->n_classes = (int32_t)graph->values[graph->logits].dims[1];
    ex->plain = !device->table.capture_begin || !device->table.capture_end || !device->table.replay;
    status = choose_slice(ex, err);
    if (status == HN_OK)
        status = fill_executor(ex, options, err);
    if (status != HN_OK) {
        hni_executor_free(ex);
        return status;
    }
    *out = ex;
    return HN_OK;
}

void hni_executor_free(hni_executor *ex) {
    if (!ex)
        return;
    hn_context *ctx = ex->ctx;
    if (ex->recording)
        ex->device->table.release(ex->device->handle, ex->recording);
    drop_operators(ex);
    hni_free(ctx, ex->logits);
    hni_free(ctx, ex->probabilities);
    if (ex->constants.memory)
        hni_device_free(ex->device, &ex->constants);
    hni_graph_unref(ex->graph);
    hni_free(ctx, ex);
    hni_context_unref(ctx);
}

uint64_t hni_executor_arena_bytes(const hni_executor *ex) {
    return ex->program.arena_bytes;
}

uint64_t hni_executor_host_bytes(const hni_executor *ex) {
    return hni_block_bytes(ex) + hni_block_bytes(ex->ops) + hni_block_bytes(ex->buffers) + hni_block_bytes(ex->logits) +
           hni_block_bytes(ex->probabilities) + hni_program_host_bytes(&ex->program);
}

static hn_buffer locate(const hni_executor *ex, int32_t place) {
    if (place < 0)
        return (hn_buffer){NULL, 0, 0};
    const hni_weights *w = ex->weights;
    const hn_buffer homes[HNI_HOMES] = {
        [HNI_HOME_ARENA] = ex->arena, [HNI_HOME_VALUES] = ex->options.averaged ? w->average : w->values, [HNI_HOME_GRADS] = w->grads,
        [HNI_HOME_M] = w->m,          [HNI_HOME_V] = w->v,           [HNI_HOME_GROUP] = w->group,
        [HNI_HOME_HYPER] = w->hyper,  [HNI_HOME_STATS] = w->stats,   [HNI_HOME_CONSTANTS] = ex->constants,
        [HNI_HOME_STORE] = ex->options.store,   [HNI_HOME_SUM] = w->sum,       [HNI_HOME_AVERAGE] = w->average,
    };
    const hni_place *t = &ex->program.places[place];
    return hni_buffer_at(homes[t->home], t->offset, t->bytes);
}

hn_status hni_executor_bind(hni_executor *ex, hn_buffer arena, hn_error *err) {
    if (ex->bound)
        return hni_fail(err, HN_E_STATE, "this executor has its memory already");
    if (!arena.memory || arena.size < ex->program.arena_bytes)
        return hni_fail(err, HN_E_BUFFER, "an arena of %llu bytes was given; this network at a batch of %d needs %llu",
                        (unsigned long long)arena.size, ex->options.batch, (unsigned long long)ex->program.arena_bytes);
    if (arena.offset % HNI_ALIGN != 0)
        return hni_fail(err, HN_E_ARGUMENT, "the arena begins at %llu, which is no multiple of %d", (unsigned long long)arena.offset,
                        HNI_ALIGN);
    ex->arena = arena;
    for (size_t i = 0; i < ex->program.n_nodes; i++) {
        hn_buffer *in = ex->buffers + 2 * i * HN_OP_MAX_TENSORS, *out = in + HN_OP_MAX_TENSORS;
        for (int k = 0; k < HN_OP_MAX_TENSORS; k++) {
            in[k] = locate(ex, ex->program.nodes[i].in[k]);
            out[k] = locate(ex, ex->program.nodes[i].out[k]);
        }
    }
    ex->bound = true;
    return HN_OK;
}

/* flags: HN_RUN_… */
static hn_status run_nodes(hni_executor *ex, int32_t flags, hn_error *err) {
    for (size_t i = 0; i < ex->program.n_nodes; i++) {
        const hni_node *node = &ex->program.nodes[i];
        const hn_buffer *in = ex->buffers + 2 * i * HN_OP_MAX_TENSORS;
        hn_op_buffers b = {.struct_size = sizeof b, .flags = flags, .in = in, .out = in + HN_OP_MAX_TENSORS};
        if (node->workspace > 0)
            b.workspace = hni_buffer_at(ex->arena, node->workspace_offset, node->workspace);
        const hn_status status = hni_op_run(ex->device, &ex->ops[i], &b, err);
        if (status != HN_OK) {
            if (node->layer >= 0)
                hni_error_prefix(err, "layer \"%s\"", ex->graph->layers[node->layer].name);
            return status;
        }
    }
    return HN_OK;
}

/* Recorded runs are not done yet: the caller replays. A backend that has the slots but cannot record now says HN_E_UNSUPPORTED. */
static hn_status record(hni_executor *ex, int32_t flags, hn_error *err) {
    const hn_backend *table = &ex->device->table;
    const char *name = ex->device->info.name;
    hn_error theirs = {.status = HN_OK};
    hn_status status = table->capture_begin(ex->device->handle, &theirs);
    if (status == HN_E_UNSUPPORTED) {
        ex->plain = true;
        return HN_OK;
    }
    if (status != HN_OK)
        return hni_foreign_status(status, &theirs, name, "capture_begin", err);
    status = run_nodes(ex, flags, err);
    void *recording = NULL;
    const hn_status ended = table->capture_end(ex->device->handle, &recording, &theirs); /* always: or the queue stays shut */
    if (status == HN_OK && ended != HN_OK)
        status = hni_foreign_status(ended, &theirs, name, "capture_end", err);
    if (status == HN_OK && !recording)
        status = hni_fail(err, HN_E_BACKEND, "%s: capture_end said it is done and gave no recording", name);
    if (status == HN_OK)
        ex->recording = recording;
    else if (ended == HN_OK && recording)
        table->release(ex->device->handle, recording);
    return status;
}

static hn_status replay(hni_executor *ex, hn_error *err) {
    hn_error theirs = {.status = HN_OK};
    const hn_status status = ex->device->table.replay(ex->device->handle, ex->recording, &theirs);
    return hni_foreign_status(status, &theirs, ex->device->info.name, "replay", err);
}

/* [batch, K] and not [batch]. */
static bool labels_are_shares(const hni_executor *ex) {
    return ex->options.task == HN_TASK_MULTI || ex->program.options.targets;
}

static bool wants_hyper(const hni_executor *ex) {
    return ex->program.options.optimizer != 0 || (ex->program.options.accumulate && ex->options.mode == HNI_MODE_TRAIN);
}

/* Pixels, or images that the store has, or numbers to explain. */
static hn_status check_images(const hni_executor *ex, const hni_step *step, hn_error *err) {
    if (ex->options.mode == HNI_MODE_EXPLAIN)
        return step->input && step->seed ? HN_OK : hni_fail(err, HN_E_ARGUMENT, "no input or no gradient of the logits was given");
    if (ex->options.mode == HNI_MODE_UPDATE)
        return HN_OK;
    if (ex->options.images == 0)
        return step->pixels ? HN_OK : hni_fail(err, HN_E_ARGUMENT, "no pixels were given");
    if (!step->rows)
        return hni_fail(err, HN_E_ARGUMENT, "no images of the store were named");
    for (int32_t i = 0; i < ex->options.batch; i++)
        if (step->rows[i] < 0 || step->rows[i] >= ex->options.images)
            return hni_fail(err, HN_E_ARGUMENT, "image %d of the batch is number %d of a store of %lld", i, step->rows[i],
                            (long long)ex->options.images);
    return HN_OK;
}

/* What the operators would index with. */
static hn_status check_step(const hni_executor *ex, const hni_step *step, hn_error *err) {
    const bool shares = labels_are_shares(ex);
    if (!ex->bound)
        return hni_fail(err, HN_E_STATE, "this executor has no memory yet: bind it first");
    const hn_status status = check_images(ex, step, err);
    if (status != HN_OK)
        return status;
    if (ex->program.keys >= 0 && !step->keys)
        return hni_fail(err, HN_E_ARGUMENT, "the network has dropout or its images are augmented, and no keys were given");
    if (ex->program.augment >= 0 && !step->augment)
        return hni_fail(err, HN_E_ARGUMENT, "no table of augmentation was given");
    if (wants_hyper(ex) && !step->hyper)
        return hni_fail(err, HN_E_ARGUMENT, "no learning rate and the like were given");
    if (ex->program.labels < 0)
        return HN_OK;
    if (shares ? !step->labels : !step->classes)
        return hni_fail(err, HN_E_ARGUMENT, "no %s were given", shares ? "labels" : "classes");
    for (int32_t i = 0; !shares && i < ex->options.batch; i++)
        if (step->classes[i] < 0 || step->classes[i] >= ex->n_classes)
            return hni_fail(err, HN_E_ARGUMENT, "image %d of the batch has class %d; 0 … %d are", i, step->classes[i], ex->n_classes - 1);
    return HN_OK;
}

static hn_status upload_step(hni_executor *ex, const hni_step *step, hn_error *err) {
    const hni_program *p = &ex->program;
    const void *labels = labels_are_shares(ex) ? (const void *)step->labels : (const void *)step->classes;
    hn_status status = HN_OK;
    if (p->rows >= 0)
        status = hni_device_upload(ex->device, locate(ex, p->rows), step->rows, err);
    else if (p->pixels >= 0)
        status = hni_device_upload(ex->device, locate(ex, p->pixels), step->pixels, err);
    if (status == HN_OK && p->augment >= 0)
        status = hni_device_upload(ex->device, locate(ex, p->augment), step->augment, err);
    if (status == HN_OK && p->input >= 0)
        status = hni_device_upload(ex->device, locate(ex, p->input), step->input, err);
    if (status == HN_OK && p->seed >= 0)
        status = hni_device_upload(ex->device, locate(ex, p->seed), step->seed, err);
    if (status == HN_OK && p->labels >= 0)
        status = hni_device_upload(ex->device, locate(ex, p->labels), labels, err);
    if (status == HN_OK && p->keys >= 0)
        status = hni_device_upload(ex->device, locate(ex, p->keys), step->keys, err);
    if (status == HN_OK && wants_hyper(ex))
        status = hni_device_upload(ex->device, ex->weights->hyper, step->hyper, err);
    return status;
}

/* A prediction slice by slice, its results to the host. The weights are the same for all slices. */
static hn_status run_slices(hni_executor *ex, const hni_step *step, int32_t flags, hn_error *err) {
    const uint64_t pixels = ex->program.places[ex->program.pixels].bytes;
    const size_t cells = (size_t)ex->slice * (size_t)ex->n_classes;
    hn_status status = HN_OK;
    for (int32_t i = 0; i * ex->slice < ex->options.batch && status == HN_OK; i++) {
        status = upload_step(ex, &(hni_step){.pixels = step->pixels + (uint64_t)i * pixels}, err);
        if (status == HN_OK)
            status = run_nodes(ex, i > 0 ? HN_RUN_CONSTANT_KEPT : flags, err);
        if (status == HN_OK)
            status = hni_device_download(ex->device, ex->logits + (size_t)i * cells, locate(ex, ex->program.logits), err);
        if (status == HN_OK)
            status = hni_device_download(ex->device, ex->probabilities + (size_t)i * cells, locate(ex, ex->program.probabilities), err);
    }
    return status;
}

static bool writes_weights(const hni_executor *ex) {
    return ex->options.mode == HNI_MODE_TRAIN || ex->options.mode == HNI_MODE_UPDATE;
}

/* Training never keeps its weights, so its recording has no flags. Every other is made of runs with HN_RUN_CONSTANT_KEPT, and whenever the
 * weights are new the list is walked once. The first run is walked anyway: a backend's libraries load what they need on it. */
static hn_status run_whole(hni_executor *ex, const hni_step *step, int32_t flags, hn_error *err) {
    const bool fits = !ex->plain && ex->walked && (flags == HN_RUN_CONSTANT_KEPT || writes_weights(ex));
    hn_status status = upload_step(ex, step, err);
    if (status == HN_OK && fits && !ex->recording)
        status = record(ex, flags, err);
    if (status == HN_OK)
        status = fits && ex->recording ? replay(ex, err) : run_nodes(ex, flags, err);
    ex->walked = ex->walked || status == HN_OK;
    return status;
}

hn_status hni_executor_run(hni_executor *ex, const hni_step *step, hn_error *err) {
    const int32_t flags = ex->seen == ex->weights->version ? HN_RUN_CONSTANT_KEPT : 0;
    ex->ran = false;
    ex->seen = 0; /* a run that fails half-way has looked at some of them only */
    hn_status status = check_step(ex, step, err);
    if (status == HN_OK)
        status = ex->logits ? run_slices(ex, step, flags, err) : run_whole(ex, step, flags, err);
    ex->ran = status == HN_OK;
    if (ex->ran)
        ex->seen = ex->weights->version;
    if (writes_weights(ex))
        ex->weights->version++;
    return status;
}

/* results: of all slices, or NULL. */
static hn_status fetch(hni_executor *ex, int32_t place, const float *results, float *dst, hn_error *err) {
    if (!ex->ran || place < 0)
        return hni_fail(err, HN_E_STATE, ex->ran ? "this mode does not give that" : "nothing has run yet that could be read");
    if (results) {
        memcpy(dst, results, (size_t)ex->options.batch * (size_t)ex->n_classes * sizeof *dst);
        return HN_OK;
    }
    return hni_device_download(ex->device, dst, locate(ex, place), err);
}

hn_status hni_executor_probabilities(hni_executor *ex, float *dst, hn_error *err) {
    return fetch(ex, ex->program.probabilities, ex->probabilities, dst, err);
}

hn_status hni_executor_logits(hni_executor *ex, float *dst, hn_error *err) {
    return fetch(ex, ex->program.logits, ex->logits, dst, err);
}

hn_status hni_executor_target(hni_executor *ex, float *dst, hn_error *err) {
    return fetch(ex, ex->program.target, NULL, dst, err);
}

hn_status hni_executor_gradient(hni_executor *ex, float *dst, hn_error *err) {
    return fetch(ex, ex->program.gradient, NULL, dst, err);
}

hn_status hni_executor_map(hni_executor *ex, float *dst, hn_error *err) {
    return fetch(ex, ex->program.map, NULL, dst, err);
}
