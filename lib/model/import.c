/* import.c - weights by name: from a safetensors file into a model's flat vector. Used for our own model files and for foreign state dicts. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "build.h"

static hn_status check_tensor(const hni_param *param, const hni_tensor_ref *ref, bool exact, hn_error *err) {
    char want[96], have[96];
    hn_tensor_desc w = hni_tensor(HN_DTYPE_F32, param->rank, param->shape[0], param->shape[1], param->shape[2], param->shape[3]);
    hn_tensor_desc h = hni_tensor(HN_DTYPE_F32, ref->rank, ref->shape[0], ref->shape[1], ref->shape[2], ref->shape[3]);
    if (exact ? ref->dtype != HN_DTYPE_F32 : !hni_is_float(ref))
        return hni_fail(err, HN_E_FORMAT, "tensor %.60s is of type %s: must be F32%s", param->name, ref->type, exact ? "" : ", F16, BF16 or F64");
    if (ref->rank == param->rank && !memcmp(ref->shape, param->shape, sizeof ref->shape)) return HN_OK;
    hni_shape_text(&w, want, sizeof want);
    hni_shape_text(&h, have, sizeof have);
    return hni_fail(err, HN_E_SHAPE, "tensor %.60s is %s in the file but %s in the network", param->name, ref->rank ? have : "[]", want);
}

static hn_status refuse_strangers(const hni_graph *graph, const hni_safetensors *file, hn_error *err) {
    for (size_t i = 0; i < file->n; i++)
        if (hni_graph_find_param(graph, file->tensors[i].name) < 0)
            return hni_fail(err, HN_E_FORMAT, "tensor %.60s belongs to no layer of the network", file->tensors[i].name);
    return HN_OK;
}

/* All tensors are looked at before the first is copied, so that the message can say how many do not fit. */
hn_status hni_model_take_weights(hn_model *model, const hni_safetensors *file, bool exact, hn_error *err) {
    const hni_graph *graph = model->graph;
    hn_error first = {0};
    int bad = 0;
    for (size_t p = 0; p < graph->n_params; p++) {
        hn_error why = {0};
        int64_t i = hni_find_weights(model, file, graph->params[p].name);
        hn_status status = i < 0 ? hni_fail(&why, HN_E_NOT_FOUND, "tensor %.60s is not in the file", graph->params[p].name)
                                 : check_tensor(&graph->params[p], &file->tensors[i], exact, &why);
        if (status && !bad++) first = why;
    }
    if (bad) return hni_fail(err, first.status, "%d of %zu tensors do not fit; the first: %s", bad, graph->n_params, first.message);
    hn_status status = hni_model_alloc_weights(model, err); /* only now: the file holds as many numbers */
    if (status) return status;
    for (size_t p = 0; p < graph->n_params; p++) {
        const hni_param *param = &graph->params[p];
        float *values = model->weights + param->offset;
        hni_to_float(&file->tensors[hni_find_weights(model, file, param->name)], values);
        status = hni_check_finite(param->name, values, param->elements, err);
        if (status) return status;
    }
    return exact ? refuse_strangers(graph, file, err) : HN_OK;
}

hn_status hni_model_import(hn_context *ctx, const uint8_t *bytes, size_t size, const char *preset, const hn_model_options *options,
                           hn_model **out, hn_error *err) {
    hni_safetensors file;
    hn_model *m = NULL;
    hn_status status = hni_safetensors_parse(ctx, bytes, size, &file, err);
    if (status) return status;
    status = hni_preset_model(ctx, preset, options, &m, err);
    if (!status) status = hni_model_take_weights(m, &file, false, err);
    hni_safetensors_free(&file);
    if (status) {
        hni_model_unref(m);
        return status;
    }
    *out = m;
    return HN_OK;
}
