/* graph.c - descriptions of graphs, the cache of their plans, and running them. Making descriptors is graph_build.c, choosing engines
 * graph_engine.c.
 *
 * The cache also keeps refusals, since the library asks for an operator more than once. Plans are made in prepare only. */
#include <stdio.h>
#include <string.h>

#include "graph_build.h"

enum { WHY = 256 };

struct hni_cuda_plan {
    struct hni_cuda_plan *next;
    hni_graph graph; /* with the next four: the key */
    int64_t precision, deterministic, measured, version;
    hni_graph_keep keep;
    cudnnBackendDescriptor_t plan; /* NULL = refused, why says for what reason */
    int64_t workspace;             /* bytes */
    int64_t code;                  /* of a refusal: cuDNN's */
    char why[WHY];
};

typedef struct hni_cuda_plans {
    hni_cuda_device *device;
    hni_cuda_plan *first;
    int64_t version, hits, made;
    hn_error error; /* of the last question of an accept() */
} hni_cuda_plans;

int64_t hni_graph_tensor_add(hni_graph *g, int64_t type, const int64_t dims[4]) {
    hni_graph_tensor *t = &g->tensor[g->tensors];
    t->type = type;
    int64_t stride = 1;
    for (int i = 3; i >= 0; i--) {
        t->dims[i] = dims[i];
        t->strides[i] = stride;
        stride *= dims[i];
    }
    return g->tensors++;
}

int64_t hni_graph_channels(hni_graph *g, int64_t channels) {
    return hni_graph_tensor_add(g, CUDNN_DATA_FLOAT, (const int64_t[4]){1, channels, 1, 1});
}

int64_t hni_graph_scalar(hni_graph *g) {
    const int64_t t = hni_graph_channels(g, 1);
    g->tensor[t].by_value = 1;
    return t;
}

int64_t hni_graph_virtual(hni_graph *g, const int64_t dims[4]) {
    const int64_t t = hni_graph_tensor_add(g, CUDNN_DATA_FLOAT, dims);
    g->tensor[t].is_virtual = 1;
    return t;
}

hni_graph_node *hni_graph_node_add(hni_graph *g, int64_t kind, int64_t mode) {
    hni_graph_node *n = &g->node[g->nodes++];
    n->kind = kind;
    n->mode = mode;
    for (int i = 0; i < HNI_GRAPH_PORTS; i++) n->port[i] = -1;
    return n;
}

uint64_t hni_graph_workspace(const hni_cuda_plan *plan) { return hni_graph_round((uint64_t)plan->workspace); }

static hni_cuda_plan *find(const hni_cuda_plans *plans, const hni_graph *graph, int32_t precision) {
    for (hni_cuda_plan *p = plans->first; p; p = p->next)
        if (p->precision == precision && p->deterministic == plans->device->deterministic && p->measured == plans->device->measured &&
            p->version == plans->version && memcmp(&p->graph, graph, sizeof *graph) == 0)
            return p;
    return NULL;
}

/* Fills p->plan, or p->why and HN_E_UNSUPPORTED. */
static hn_status make(hni_cuda_device *device, hni_cuda_plan *p, int32_t precision, hn_error *err) {
    hni_graph_build b = {.device = device, .keep = &p->keep};
    hn_error own = {.status = HN_OK};
    cudnnBackendDescriptor_t graph = hni_build_graph(&b, &p->graph);
    hn_status status = hni_build_status(&b, &own);
    if (status == HN_OK) status = hni_choose_engine(&b, graph, &p->graph, precision, &p->plan, &p->workspace, &own);
    if (status != HN_OK) hni_keep_drop(&p->keep, 0);
    if (status == HN_E_UNSUPPORTED) {
        snprintf(p->why, sizeof p->why, "%s", own.message);
        p->code = own.code;
    }
    if (status != HN_OK && err) *err = own;
    return status;
}

hn_status hni_graph_plan(hni_cuda_device *device, const hni_graph *graph, int32_t precision, const hni_cuda_plan **plan, hn_error *err) {
    hni_cuda_plans *plans = device->plans;
    hni_cuda_plan *p = find(plans, graph, precision);
    *plan = NULL;
    if (p) {
        plans->hits++;
        *plan = p->plan ? p : NULL;
        return p->plan ? HN_OK : hni_fail_code(err, HN_E_UNSUPPORTED, HN_DOMAIN_CUDNN, p->code, "%s", p->why);
    }
    p = device->host.alloc(device->host.user, sizeof *p);
    if (!p) return hni_fail_memory(err, sizeof *p, "a plan of the cudnn device");
    *p = (hni_cuda_plan){.graph = *graph,
                         .precision = precision,
                         .deterministic = device->deterministic,
                         .measured = device->measured,
                         .version = plans->version};
    const hn_status status = make(device, p, precision, err);
    if (status != HN_OK && status != HN_E_UNSUPPORTED) {
        device->host.free(device->host.user, p);
        return status;
    }
    p->next = plans->first;
    plans->first = p;
    plans->made += status == HN_OK;
    *plan = status == HN_OK ? p : NULL;
    return status;
}

hni_cuda_device *hni_graph_device(const hni_cuda_device *device) { return device->plans->device; }

hn_error *hni_graph_error(const hni_cuda_device *device) { return &device->plans->error; }

bool hni_graph_accepts(hn_status status, const hni_cuda_device *device, const char **why) {
    if (status == HN_E_UNSUPPORTED) *why = device->plans->error.message;
    return status != HN_E_UNSUPPORTED;
}

void hni_graph_drop(hni_cuda_pack *pack) {
    if (pack->pack) (void)cudnnBackendDestroyDescriptor(pack->pack);
    *pack = (hni_cuda_pack){0};
}

static bool is_same(const hni_graph *g, const hni_cuda_pack *pack, void *const *pointers, const void *workspace) {
    for (int64_t i = 0; i < g->tensors; i++)
        if (!g->tensor[i].is_virtual && pack->pointers[i] != pointers[i]) return false;
    return pack->pack && pack->workspace == workspace;
}

hn_status hni_pack_fill(hni_cuda_device *device, const hni_graph *graph, hni_cuda_pack *pack, void *const *pointers, void *workspace,
                        hn_error *err) {
    static const char what[] = "pointers of a run";
    hni_graph_keep keep = {.count = 0};
    hni_graph_build b = {.device = device, .keep = &keep};
    int64_t uids[HNI_GRAPH_TENSORS], count = 0;
    void *real[HNI_GRAPH_TENSORS];
    hni_graph_drop(pack);
    for (int64_t i = 0; i < graph->tensors; i++) {
        if (graph->tensor[i].is_virtual) continue;
        uids[count] = i + 1;
        real[count++] = pointers[i];
    }
    cudnnBackendDescriptor_t d = hni_build_create(&b, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, what);
    hni_build_set(&b, d, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, uids, what);
    hni_build_set(&b, d, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, real, what);
    hni_build_set(&b, d, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace, what);
    hni_build_finalize(&b, d, what);
    if (b.code != CUDNN_STATUS_SUCCESS) {
        hni_keep_drop(&keep, 0);
        return hni_cuda_check_cudnn(device, b.code, b.what, err);
    }
    pack->pack = d;
    pack->workspace = workspace;
    memcpy(pack->pointers, pointers, sizeof pack->pointers);
    return HN_OK;
}

hn_status hni_graph_run(hni_cuda_device *device, const hni_cuda_plan *plan, hni_cuda_pack *pack, void *const *pointers, void *workspace,
                        hn_error *err) {
    hn_status status = HN_OK;
    if (plan->workspace == 0) workspace = NULL;
    if (!is_same(&plan->graph, pack, pointers, workspace)) status = hni_pack_fill(device, &plan->graph, pack, pointers, workspace, err);
    return status == HN_OK ? hni_cuda_check_cudnn(device, cudnnBackendExecute(device->cudnn, plan->plan, pack->pack), "running a plan", err)
                           : status;
}

hn_status hni_step_run(const hni_cuda_call *call, hni_cuda_step *step, void *const *extra, void *workspace, hn_error *err) {
    void *pointers[HNI_GRAPH_TENSORS] = {NULL};
    for (int i = 0; i < HNI_GRAPH_TENSORS; i++) {
        const int from = step->source[i];
        if (from >= HNI_FROM_EXTRA)
            pointers[i] = extra[from - HNI_FROM_EXTRA];
        else if (from >= HNI_FROM_OUT)
            pointers[i] = call->out[from - HNI_FROM_OUT];
        else if (from >= HNI_FROM_IN)
            pointers[i] = (void *)(uintptr_t)call->in[from];
    }
    return hni_graph_run(call->op->device, step->plan, &step->pack, pointers, workspace, err);
}

hn_status hni_graph_open(hni_cuda_device *device, hn_error *err) {
    device->plans = device->host.alloc(device->host.user, sizeof *device->plans);
    if (!device->plans) return hni_fail_memory(err, sizeof *device->plans, "the plans of the cudnn device");
    *device->plans = (hni_cuda_plans){.device = device, .version = (int64_t)cudnnGetVersion()};
    return HN_OK;
}

void hni_graph_close(hni_cuda_device *device) {
    if (!device->plans) return;
    while (device->plans->first) {
        hni_cuda_plan *p = device->plans->first;
        device->plans->first = p->next;
        hni_keep_drop(&p->keep, 0);
        device->host.free(device->host.user, p);
    }
    device->host.free(device->host.user, device->plans);
    device->plans = NULL;
}

void hni_graph_counts(const hni_cuda_device *device, int64_t *hits, int64_t *made) {
    *hits = device->plans->hits;
    *made = device->plans->made;
}
