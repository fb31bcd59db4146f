/* explainer.c - what stands beside a predictor once it has explained something: an executor that goes forth and back. */
#include "explain.h"

#include "base/memory.h"
#include "base/status.h"

static void drop_executor(hni_explainer *e) {
    hni_executor_free(e->ex);
    if (e->arena.memory) hni_device_free(e->p->device, &e->arena);
    e->ex = NULL;
    e->arena = (hn_buffer){0};
}

static void explainer_free(void *companion) {
    hni_explainer *e = companion;
    drop_executor(e);
    hni_scratch_free(&e->scratch);
    hni_free(e->p->ctx, e);
}

hn_status hni_explainer_of(hn_predictor *p, hni_explainer **out, hn_error *err) {
    if (!p->companion) {
        hni_explainer *e = hni_calloc(p->ctx, 1, sizeof *e);
        if (!e) return hni_fail_memory(err, sizeof *e, "an explainer");
        e->p = p;
        e->scratch.ctx = p->ctx;
        p->companion = e;
        p->free_companion = explainer_free;
    }
    *out = p->companion;
    return HN_OK;
}

hn_status hni_explainer_prepare(hni_explainer *e, int32_t target, int32_t map, int32_t batch, hn_error *err) {
    const hn_model *m = e->p->model;
    if (e->ex && e->target == target && e->map == map && e->batch == batch) return HN_OK;
    drop_executor(e);
    const hni_executor_options o = {.mode = HNI_MODE_EXPLAIN, .batch = batch, .task = m->task, .positive = -1, .target = target, .map = map};
    hn_status status = hni_executor_create(e->p->device, m->graph, &e->p->weights, &o, &e->ex, err);
    if (!status) status = hni_device_alloc(e->p->device, hni_executor_arena_bytes(e->ex), &e->arena, err);
    if (!status) status = hni_executor_bind(e->ex, e->arena, err);
    e->target = target, e->map = map, e->batch = batch;
    if (status) drop_executor(e);
    return status;
}
