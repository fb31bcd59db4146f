/* program.c - the container that lowering fills: places, nodes, and the rule that the first failure sticks.
 *
 * Knows nothing of layers' meaning. Makers of operators are called dozens of times in lower.c and autodiff.c; a sticky failure keeps
 * those files readable, since a program is thrown away whole if any part of it could not be made. */
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"
#include "program.h"
#include "shapes.h"

bool hni_program_ok(hni_program *p, int32_t layer, hn_status status) {
    if (p->status != HN_OK)
        return false;
    if (status == HN_OK)
        return true;
    p->status = status;
    if (layer >= 0)
        hni_error_prefix(p->err, "layer \"%s\", batch of %d", p->graph->layers[layer].name, p->options.batch);
    return false;
}

int32_t hni_program_place(hni_program *p, hn_tensor_desc desc, int32_t home, uint64_t offset) {
    if (p->status != HN_OK)
        return -1;
    const int64_t bytes = hni_tensor_bytes(&desc);
    if (bytes < 0) {
        p->status = hni_fail(p->err, HN_E_LIMIT, "a tensor of this network at a batch of %d is too large", p->options.batch);
        return -1;
    }
    if (p->n_places >= INT32_MAX || hni_grow(p->ctx, &p->places, &p->place_capacity, p->n_places + 1, sizeof *p->places) != 0) {
        p->status = hni_fail_memory(p->err, (p->n_places + 1) * sizeof *p->places, "the places of a network's tensors");
        return -1;
    }
    const int32_t index = (int32_t)p->n_places++;
    p->places[index] = (hni_place){.desc = desc, .home = home, .alias = index, .bytes = (uint64_t)bytes, .offset = offset};
    return index;
}

int32_t hni_program_root(const hni_program *p, int32_t place) {
    while (p->places[place].alias != place)
        place = p->places[place].alias;
    return place;
}

int32_t hni_program_view(hni_program *p, int32_t place, hn_tensor_desc desc) {
    if (p->status != HN_OK || place < 0)
        return -1;
    const int32_t root = hni_program_root(p, place), home = p->places[root].home;
    const int32_t view = hni_program_place(p, desc, home, p->places[root].offset);
    if (view >= 0)
        p->places[view].alias = root;
    return view;
}

int32_t hni_program_param(hni_program *p, int32_t param, int32_t home) {
    if (param < 0)
        return -1;
    const hni_param *q = &p->graph->params[param];
    return hni_program_place(p, hni_param_desc(q), home, (uint64_t)q->offset * sizeof(float));
}

/* Each at a multiple of 64 bytes. */
int32_t hni_program_constant(hni_program *p, hn_tensor_desc desc) {
    const int32_t place = hni_program_place(p, desc, HNI_HOME_CONSTANTS, p->constant_bytes);
    if (place >= 0)
        p->constant_bytes += (p->places[place].bytes + HNI_ALIGN - 1) / HNI_ALIGN * HNI_ALIGN;
    return place;
}

int32_t hni_program_node(hni_program *p, int32_t layer, const hn_op_desc *desc, const int32_t *in, const int32_t *out) {
    if (p->status != HN_OK)
        return -1;
    if (hni_grow(p->ctx, &p->nodes, &p->node_capacity, p->n_nodes + 1, sizeof *p->nodes) != 0) {
        p->status = hni_fail_memory(p->err, (p->n_nodes + 1) * sizeof *p->nodes, "the operators of a network");
        return -1;
    }
    hni_node *node = &p->nodes[p->n_nodes];
    *node = (hni_node){.desc = *desc, .layer = layer};
    for (int i = 0; i < HN_OP_MAX_TENSORS; i++) {
        node->in[i] = i < desc->n_in ? in[i] : -1;
        node->out[i] = i < desc->n_out ? out[i] : -1;
    }
    return (int32_t)p->n_nodes++;
}

static int32_t *minus_ones(hni_program *p, size_t n) {
    int32_t *items = hni_calloc(p->ctx, n, sizeof *items);
    for (size_t i = 0; items && i < n; i++)
        items[i] = -1;
    return items;
}

static hn_status start(hni_program *p, const hni_graph *graph, const hni_program_options *options, hn_error *err) {
    memset(p, 0, sizeof *p);
    p->ctx = graph->ctx;
    p->graph = graph;
    p->options = *options;
    p->err = err;
    p->pixels = p->rows = p->augment = p->keys = p->labels = p->logits = p->probabilities = p->mean = p->deviation = p->class_weights = -1;
    p->input = p->seed = p->target = p->gradient = p->map = -1;
    const size_t values = graph->n_values, layers = graph->n_layers + 1; /* a network may have no layer */
    p->value = minus_ones(p, values);
    p->grad = minus_ones(p, values);
    p->readers = hni_calloc(p->ctx, values, sizeof *p->readers);
    p->through = hni_calloc(p->ctx, values, sizeof *p->through);
    p->needed = hni_calloc(p->ctx, values, sizeof *p->needed);
    p->wants = hni_calloc(p->ctx, values, sizeof *p->wants);
    p->fusion = hni_calloc(p->ctx, layers, sizeof *p->fusion);
    for (size_t i = 0; p->fusion && i < layers; i++)
        p->fusion[i] = (hni_fusion){-1, -1, -1, -1, -1};
    p->forward = minus_ones(p, layers);
    if (!p->value || !p->grad || !p->readers || !p->through || !p->needed || !p->wants || !p->fusion || !p->forward)
        return hni_fail_memory(err, values * 16 + layers * sizeof *p->fusion, "the tables of a network");
    return HN_OK;
}

hn_status hni_program_make(hni_program *p, const hni_graph *graph, const hni_program_options *options, hn_error *err) {
    p->status = start(p, graph, options, err);
    hni_program_forward(p);
    p->err = NULL; /* the caller's: not to be kept */
    p->options.frozen = NULL;
    return p->status;
}

void hni_program_free(hni_program *p) {
    hn_context *ctx = p->ctx;
    if (!ctx)
        return;
    hni_free(ctx, p->places);
    hni_free(ctx, p->nodes);
    hni_free(ctx, p->value);
    hni_free(ctx, p->grad);
    hni_free(ctx, p->readers);
    hni_free(ctx, p->through);
    hni_free(ctx, p->needed);
    hni_free(ctx, p->wants);
    hni_free(ctx, p->fusion);
    hni_free(ctx, p->forward);
    memset(p, 0, sizeof *p);
}

uint64_t hni_program_host_bytes(const hni_program *p) {
    const void *const blocks[] = {p->places, p->nodes, p->value,  p->grad,  p->readers, p->through, p->needed,
                                  p->wants,  p->fusion, p->forward};
    uint64_t bytes = 0;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        bytes += hni_block_bytes(blocks[i]);
    return bytes;
}
