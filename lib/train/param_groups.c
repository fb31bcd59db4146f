/* param_groups.c - see param_groups.h. A group is a pair of factors, so tensors that learn alike share one, whichever rules they met. */
#include "param_groups.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/utf8.h"

static bool is_text(const char *text) {
    size_t left = strlen(text), n = 1;
    for (; left && n; text += n, left -= n) n = hni_utf8_length(text, left);
    return !left;
}

static hn_status check_rule(const hn_param_group *rule, int32_t i, hn_error *err) {
    if (!rule->prefix || !is_text(rule->prefix))
        return hni_fail(err, HN_E_ARGUMENT, "parameter group %d has no prefix, or one that is no UTF-8; \"\" stands for all tensors", i);
    if (rule->frozen != 0 && rule->frozen != 1) return hni_fail(err, HN_E_ARGUMENT, "parameter group \"%.60s\": frozen is %d: must be 0 or 1",
                                                                rule->prefix, rule->frozen);
    if (!(rule->rate >= 0 && rule->rate <= 1e6) || !(rule->decay == -1 || (rule->decay >= 0 && rule->decay <= 1e6)))
        return hni_fail(err, HN_E_ARGUMENT, "parameter group \"%.60s\": factors %g of the rate and %g of weight decay: must be 0 … 1e6", rule->prefix,
                        rule->rate, rule->decay);
    return HN_OK;
}

static hn_status check_rules(const hni_graph *graph, const hn_train_options *o, hn_error *err) {
    if (o->n_param_groups < 0 || o->n_param_groups > HNI_RULES || (o->n_param_groups && !o->param_groups))
        return hni_fail(err, HN_E_ARGUMENT, "%d parameter groups: must be 0 … %d, and given", o->n_param_groups, HNI_RULES);
    for (int32_t i = 0; i < o->n_param_groups; i++) {
        const hn_param_group *rule = hni_rule(o, i);
        const hn_status status = check_rule(rule, i, err);
        bool met = false;
        if (status) return status;
        for (size_t p = 0; p < graph->n_params; p++) met = met || !strncmp(graph->params[p].name, rule->prefix, strlen(rule->prefix));
        if (!met)
            return hni_fail(err, HN_E_ARGUMENT, "parameter group \"%.60s\": no tensor of the network begins so; its first is %s", rule->prefix,
                            graph->n_params ? graph->params[0].name : "none");
    }
    return HN_OK;
}

static const hn_param_group *rule_of(const hn_train_options *o, const char *name) {
    const hn_param_group *best = NULL;
    for (int32_t i = 0; i < o->n_param_groups; i++) {
        const hn_param_group *rule = hni_rule(o, i);
        const size_t n = strlen(rule->prefix);
        if (!strncmp(name, rule->prefix, n) && (!best || n >= strlen(best->prefix))) best = rule;
    }
    return best;
}

/* Biases, and all that norm layers learn. */
static bool spared(const hni_graph *graph, const hni_param *param) {
    const hni_layer *layer = &graph->layers[param->layer];
    return layer->kind == HNI_LAYER_BATCH_NORM || layer->kind == HNI_LAYER_GROUP_NORM || &graph->params[layer->param[0]] != param;
}

static uint8_t number_of(hni_param_groups *g, hni_param_group group) {
    int32_t i = 0;
    while (i < g->n && (g->group[i].rate != group.rate || g->group[i].decay != group.decay)) i++;
    if (i == g->n) g->group[g->n++] = group;
    return (uint8_t)i;
}

static void sort_params(const hni_graph *graph, const hn_train_options *o, hni_param_groups *g) {
    for (size_t p = 0; p < graph->n_params; p++) {
        const hni_param *param = &graph->params[p];
        const hn_param_group *rule = rule_of(o, param->name);
        hni_param_group group = {rule && rule->rate != 0 ? rule->rate : 1, rule && rule->decay != 0 ? fmax(rule->decay, 0) : 1};
        g->frozen[p] = rule && rule->frozen;
        if (!param->trainable) continue;
        if (o->decay_weights_only && spared(graph, param)) group.decay = 0;
        if (g->frozen[p]) group = (hni_param_group){0, 0};
        memset(g->map + param->offset, number_of(g, group), (size_t)param->elements);
    }
}

/* What normalises by frozen statistics has no gradient of its own weight. */
static hn_status check_norms(const hni_graph *graph, const hni_param_groups *g, hn_error *err) {
    for (size_t i = 0; i < graph->n_layers; i++) {
        const hni_layer *l = &graph->layers[i];
        if (l->kind != HNI_LAYER_BATCH_NORM) continue;
        const bool statistics = g->frozen[l->param[2]];
        if (g->frozen[l->param[3]] != statistics || (statistics && (!g->frozen[l->param[0]] || !g->frozen[l->param[1]])))
            return hni_fail(err, HN_E_UNSUPPORTED, "batch norm %s: its running statistics are frozen and its weight and bias not: freeze \"%s.\"",
                            l->name, l->name);
    }
    return HN_OK;
}

hn_status hni_param_groups_make(const hni_graph *graph, const hn_train_options *options, hni_param_groups *out, hn_error *err) {
    hn_status status = check_rules(graph, options, err);
    if (status) return status;
    out->map = hni_calloc(graph->ctx, (size_t)graph->trainable + 1, sizeof *out->map);
    out->frozen = hni_calloc(graph->ctx, graph->n_params + 1, sizeof *out->frozen);
    if (!out->map || !out->frozen) return hni_fail_memory(err, (size_t)graph->trainable, "parameter groups");
    sort_params(graph, options, out);
    if (!out->n) out->group[out->n++] = (hni_param_group){1, 1}; /* nothing to train */
    return check_norms(graph, out, err);
}

void hni_param_groups_free(hni_param_groups *groups, hn_context *ctx) {
    hni_free(ctx, groups->map);
    hni_free(ctx, groups->frozen);
    groups->map = NULL;
    groups->frozen = NULL;
}
