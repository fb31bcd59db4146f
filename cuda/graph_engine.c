/* graph_engine.c - which of cuDNN's engines does a graph: heuristics' order, mode A first, then the fallback list; engines whose numbers
 * are not what was asked for are passed over, and why is counted for the message.
 *
 * The first that may be taken and that has a plan is taken, so that the same description always takes the same. A device that measures
 * looks at the first few of them, and takes the fastest. */
#include <stdio.h>

#include "graph_build.h"
#include "measure.h"

enum { MAX_CONFIGS = 40 };                             /* of one list */
static const int64_t MAX_WORKSPACE = (int64_t)1 << 31; /* bytes; a slower engine is better than none of the batch */

/* An engine that may be taken; both are the search's to free. */
typedef struct candidate {
    cudnnBackendDescriptor_t config, plan;
    int64_t workspace;
} candidate;

typedef struct search {
    hni_graph_build *b;
    cudnnBackendDescriptor_t graph;
    int32_t precision;
    int32_t wanted, found; /* candidates: at most, and so far */
    candidate candidates[HNI_MEASURED];
    int32_t seen, short_numbers, disordered, large, refused; /* engines, and why they were passed over */
    cudnnStatus_t last;                                      /* the last code of `refused` */
} search;

/* Whether a failure is about one engine, so that the next may be tried. */
static bool is_refusal(cudnnStatus_t code) { return hni_cudnn_refuses(code) || code == CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED; }

/* Storage is float32 and sums are float32 in all modes, so some notes are never fine; tensor cores round factors to TF32 (or take bfloat16
 * as it is), which strict float32 does not want, and transforms lose digits that it does. */
static bool is_short(cudnnBackendNumericalNote_t note, int32_t precision) {
    switch (note) {
    case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13: return true;
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
    case CUDNN_NUMERICAL_NOTE_FFT: return precision == HNI_CUDA_F32;
    default: return false;
    }
}

static bool notes_allow(search *s, cudnnBackendDescriptor_t config) {
    hni_graph_build *b = s->b;
    cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    int64_t count = 0;
    cudnnBackendDescriptor_t engine = hni_build_create(b, CUDNN_BACKEND_ENGINE_DESCRIPTOR, "an engine");
    if (b->code == CUDNN_STATUS_SUCCESS) {
        b->what = "the engine of a configuration";
        b->code = cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &engine);
    }
    if (b->code == CUDNN_STATUS_SUCCESS) {
        b->what = "numerical notes of an engine";
        count = 0;
        b->code = cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                           CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &count, notes);
    }
    bool is_shorter = false, is_disordered = false;
    for (int64_t i = 0; i < count && i < CUDNN_NUMERICAL_NOTE_TYPE_COUNT && b->code == CUDNN_STATUS_SUCCESS; i++) {
        is_shorter |= is_short(notes[i], s->precision);
        is_disordered |= b->device->deterministic && notes[i] == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
    }
    s->short_numbers += is_shorter;
    s->disordered += !is_shorter && is_disordered;
    return b->code == CUDNN_STATUS_SUCCESS && !is_shorter && !is_disordered;
}

/* One configuration; true ends the search: there are enough plans, or a failure. If it is a candidate, the search owns it and *config is
 * NULL. */
static bool try_config(search *s, cudnnBackendDescriptor_t *config) {
    hni_graph_build *b = s->b;
    const int32_t before = b->keep->count;
    s->seen++;
    const bool fits = notes_allow(s, *config);
    hni_keep_drop(b->keep, before); /* the engine */
    if (!fits) return b->code != CUDNN_STATUS_SUCCESS;
    int64_t count = 0, workspace = 0;
    cudnnBackendDescriptor_t plan = hni_build_create(b, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, "an execution plan");
    hni_build_set(b, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &b->device->cudnn, "an execution plan");
    hni_build_set(b, plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, config, "an execution plan");
    hni_build_finalize(b, plan, "an execution plan");
    if (b->code == CUDNN_STATUS_SUCCESS) {
        b->what = "workspace of an execution plan";
        b->code = cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count, &workspace);
    }
    if (b->code == CUDNN_STATUS_SUCCESS && workspace <= MAX_WORKSPACE) {
        b->keep->count--; /* the plan, which was made last */
        s->candidates[s->found++] = (candidate){*config, plan, workspace};
        *config = NULL;
        return s->found == s->wanted;
    }
    hni_keep_drop(b->keep, before);
    if (b->code == CUDNN_STATUS_SUCCESS) {
        s->large++;
        return false;
    }
    if (!is_refusal(b->code)) return true;
    s->refused++;
    s->last = b->code;
    b->code = CUDNN_STATUS_SUCCESS;
    return false;
}

/* Heuristics' list of one mode into configs; the number of them. An unsupported mode is an empty list. */
static int64_t list_configs(search *s, cudnnBackendHeurMode_t mode, cudnnBackendDescriptor_t *configs) {
    hni_graph_build *b = s->b;
    int64_t count = 0, got = 0;
    const int32_t before = b->keep->count;
    cudnnBackendDescriptor_t heur = hni_build_create(b, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, "heuristics");
    hni_build_set(b, heur, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &s->graph, "heuristics");
    hni_build_set(b, heur, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode, "heuristics");
    hni_build_finalize(b, heur, "heuristics");
    if (b->code == CUDNN_STATUS_SUCCESS) {
        b->what = "length of heuristics' list";
        b->code = cudnnBackendGetAttribute(heur, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, NULL);
    }
    if (b->code != CUDNN_STATUS_SUCCESS && is_refusal(b->code)) {
        s->last = b->code;
        b->code = CUDNN_STATUS_SUCCESS;
        hni_keep_drop(b->keep, before);
        return 0;
    }
    count = count < MAX_CONFIGS ? count : MAX_CONFIGS;
    for (int64_t i = 0; i < count; i++) configs[i] = NULL;
    /* not in `keep`: there may be many, and all but one go at once */
    for (int64_t i = 0; i < count && b->code == CUDNN_STATUS_SUCCESS; i++) {
        b->what = "an engine configuration";
        b->code = cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &configs[i]);
    }
    if (b->code == CUDNN_STATUS_SUCCESS && count > 0) {
        b->what = "heuristics' list";
        b->code = cudnnBackendGetAttribute(heur, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &got, configs);
    }
    hni_keep_drop(b->keep, before);       /* the heuristics */
    for (int64_t i = 0; i < count; i++) { /* those that were made and not filled */
        if (configs[i] && (i >= got || b->code != CUDNN_STATUS_SUCCESS)) (void)cudnnBackendDestroyDescriptor(configs[i]);
    }
    return b->code == CUDNN_STATUS_SUCCESS ? (got < count ? got : count) : 0;
}

static bool try_mode(search *s, cudnnBackendHeurMode_t mode) {
    cudnnBackendDescriptor_t configs[MAX_CONFIGS];
    const int64_t count = list_configs(s, mode, configs);
    bool done = s->b->code != CUDNN_STATUS_SUCCESS;
    for (int64_t i = 0; i < count && !done; i++) done = try_config(s, &configs[i]);
    for (int64_t i = 0; i < count; i++)
        if (configs[i]) (void)cudnnBackendDestroyDescriptor(configs[i]);
    return done;
}

/* What the candidates are tried on: memory for every tensor and the largest workspace. */
typedef struct trial {
    const search *s;
    const hni_graph *graph;
    void *pointers[HNI_GRAPH_TENSORS], *workspace;
    float scalar;
    hni_cuda_pack pack;
} trial;

static hn_status run_candidate(void *with, int32_t i, hn_error *err) {
    const trial *t = (const trial *)with;
    hni_graph_build *b = t->s->b;
    b->what = "measuring a plan";
    b->code = cudnnBackendExecute(b->device->cudnn, t->s->candidates[i].plan, t->pack.pack);
    const hn_status status = hni_build_status(b, err);
    if (status == HN_E_UNSUPPORTED) b->code = CUDNN_STATUS_SUCCESS;
    return status;
}

static uint64_t tensor_bytes(const hni_graph_tensor *t) {
    if (t->is_virtual || t->by_value) return 0;
    return hni_graph_round((uint64_t)(t->dims[0] * t->strides[0]) * (t->type == CUDNN_DATA_BFLOAT16 ? 2 : sizeof(float)));
}

static hn_status measure(const search *s, const hni_graph *from, int32_t *fastest, hn_error *err) {
    hni_cuda_device *device = s->b->device;
    trial t = {.s = s, .graph = from, .scalar = 0.5f};
    uint64_t size = 0, workspace = 0;
    void *memory = NULL;
    for (int64_t i = 0; i < from->tensors; i++) size += tensor_bytes(&from->tensor[i]);
    for (int32_t i = 0; i < s->found; i++)
        if (workspace < (uint64_t)s->candidates[i].workspace) workspace = (uint64_t)s->candidates[i].workspace;
    hn_status status = hni_measure_memory(device, size + workspace, &memory, err);
    if (status != HN_OK || !memory) return status;
    uint8_t *at = memory;
    for (int64_t i = 0; i < from->tensors; i++) {
        t.pointers[i] = from->tensor[i].by_value ? (void *)&t.scalar : at;
        at += tensor_bytes(&from->tensor[i]);
    }
    status = hni_pack_fill(device, from, &t.pack, t.pointers, workspace > 0 ? at : NULL, err);
    if (status == HN_OK) status = hni_measure(device, s->found, run_candidate, &t, fastest, err);
    hni_graph_drop(&t.pack);
    hni_measure_free(device, memory);
    return status;
}

/* Gives the chosen candidate to `keep`, configuration first, as the plan needs it; frees the others. */
static void settle(search *s, int32_t chosen) {
    hni_graph_keep *keep = s->b->keep;
    for (int32_t i = 0; i < s->found; i++) {
        const candidate *c = &s->candidates[i];
        if (i == chosen) {
            keep->all[keep->count++] = c->config;
            keep->all[keep->count++] = c->plan;
        } else {
            (void)cudnnBackendDestroyDescriptor(c->plan);
            (void)cudnnBackendDestroyDescriptor(c->config);
        }
    }
}

/* Why none may be taken, in numbers. */
static hn_status fail(const search *s, hn_error *err) {
    const struct {
        int32_t count;
        const char *words;
    } why[] = {{s->short_numbers, "round to less than asked for"},
               {s->disordered, "are not deterministic"},
               {s->large, "need over 2 GiB"},
               {s->refused, "cannot do it"}};
    char text[160] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof why / sizeof why[0]; i++)
        if (why[i].count > 0) used += (size_t)snprintf(text + used, sizeof text - used, "%s%d %s", used > 0 ? ", " : ": ", why[i].count, why[i].words);
    return hni_fail_code(err, HN_E_UNSUPPORTED, HN_DOMAIN_CUDNN, (int64_t)s->last, "cudnn:%d: none of %d engines may be taken%s (cuDNN %d)",
                         s->b->device->index, s->seen, text, (int)s->last);
}

hn_status hni_choose_engine(hni_graph_build *b, cudnnBackendDescriptor_t graph, const hni_graph *from, int32_t precision,
                            cudnnBackendDescriptor_t *plan, int64_t *workspace, hn_error *err) {
    static const cudnnBackendHeurMode_t modes[] = {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK};
    const bool measures = b->device->measured && !b->device->capturing;
    search s = {.b = b, .graph = graph, .precision = precision, .wanted = measures ? HNI_MEASURED : 1};
    bool done = b->code != CUDNN_STATUS_SUCCESS;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0] && !done; i++) done = try_mode(&s, modes[i]);
    int32_t chosen = b->code == CUDNN_STATUS_SUCCESS && b->keep->count + 2 <= HNI_KEEP ? 0 : -1;
    hn_status status = hni_build_status(b, err);
    if (status == HN_OK && s.found > 1) status = measure(&s, from, &chosen, err);
    if (status != HN_OK) chosen = -1;
    settle(&s, chosen);
    if (status != HN_OK) return status;
    *plan = chosen >= 0 && s.found > 0 ? s.candidates[chosen].plan : NULL;
    *workspace = *plan ? s.candidates[chosen].workspace : 0;
    if (*plan) return HN_OK;
    return fail(&s, err);
}
