/* target.c - which value of a network a class activation map is made of: the last one with height and width on the way to the logits, or
 * one that the user names by its layer.
 *
 * The last one is what the head sees: for a network that pools globally the classical place of Grad-CAM, and for one that ends in a dense
 * layer the place where HiResCAM accounts for the whole logit. */
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "explain.h"

static bool has_area(const hn_tensor_desc *t) { return t->rank == 4 && t->dims[2] * t->dims[3] > 1; }

/* Layer i makes value i + 1. Later layers may read a value that the logits do not need, so the walk goes down from them. */
static hn_status last_with_area(const hni_graph *g, int32_t *target, hn_error *err) {
    bool *needed = hni_calloc(g->ctx, g->n_values, sizeof *needed);
    if (!needed) return hni_fail_memory(err, g->n_values, "the way through a network");
    int32_t value = g->logits;
    needed[value] = true;
    for (; value > 0; value--) {
        if (!needed[value]) continue;
        if (has_area(&g->values[value])) break;
        const hni_layer *l = &g->layers[value - 1];
        for (int k = 0; k < 2; k++)
            if (l->input[k] >= 0) needed[l->input[k]] = true;
    }
    hni_free(g->ctx, needed);
    *target = value; /* 0: dense layers alone, which the input stands before */
    return HN_OK;
}

hn_status hni_explain_target(const hni_graph *g, const char *layer, int32_t *target, hn_error *err) {
    char shape[96];
    if (!layer) return last_with_area(g, target, err);
    for (size_t i = 0; i < g->n_layers; i++) {
        if (strcmp(g->layers[i].name, layer)) continue;
        *target = g->layers[i].output;
        if (has_area(&g->values[*target])) return HN_OK;
        hni_shape_text(&g->values[*target], shape, sizeof shape);
        return hni_fail(err, HN_E_SHAPE, "layer \"%s\" gives %s: a map needs a layer with height and width", layer, shape);
    }
    return hni_fail(err, HN_E_NOT_FOUND, "the network has no layer \"%.60s\"; hn_model_get_layer and haemnet inspect name them", layer);
}
