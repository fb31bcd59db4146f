/* cudnn.c - a fake of cuDNN's graph API: descriptors are objects that are checked at every touch, heuristics offer engines of every sort
 * that a backend must tell apart, and execution computes on the CPU (cudnn_compute.c) what the graph says (cudnn_rules.c).
 *
 * Not a model of what real GPUs support: tests say which graphs and engines there are. Each complaint leaves a message. */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudnn_fake.h"
#include "fake.h"

enum { ENGINES = 7 };
/* What threads of several devices share is under one lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static fake_descriptor *alive;
static int offered = FAKE_ENGINE_ALL, refused;
static atomic_int last_engine, executions;
static _Atomic int64_t last_nodes;
static bool disordered;
static char message[256];
static struct {
    float ms[FAKE_TIMES];
    int next;
} times[ENGINES];
void fake_cudnn_offer(int engines) { offered = engines; }
void fake_cudnn_refuse(int graphs) { refused = graphs; }
void fake_cudnn_disorder(bool on) { disordered = on; }
int fake_cudnn_engine(void) { return last_engine; }
int64_t fake_cudnn_nodes(void) { return last_nodes; }
const char *fake_cudnn_message(void) { return message; }

void fake_cudnn_reset(void) {
    message[0] = '\0';
    offered = FAKE_ENGINE_ALL;
    refused = 0;
    last_engine = 0;
    disordered = false;
    memset(times, 0, sizeof times);
}

static int number_of(int engine) {
    int i = 0;
    while (engine >> i > 1) i++;
    return i;
}

void fake_cudnn_times(int engine, const float ms[FAKE_TIMES]) {
    memcpy(times[number_of(engine)].ms, ms, sizeof times[0].ms);
    times[number_of(engine)].next = 0;
}

cudnnStatus_t fake_complain(cudnnStatus_t code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&lock);
    vsnprintf(message, sizeof message, format, args);
    pthread_mutex_unlock(&lock);
    va_end(args);
    return CUDNN_STATUS_CATEGORY((int)code) == CUDNN_STATUS_NOT_SUPPORTED ? code : (cudnnStatus_t)fake_wrong(message, (int)code);
}

/* Counts the call, and fails it if the test wants so. */
#define ENTER()                                                                                                                            \
    do {                                                                                                                                   \
        const int step_ = fake_enter(FAKE_CUDNN, __func__);                                                                                \
        if (step_ != 0) return (cudnnStatus_t)step_;                                                                                       \
    } while (0)

/* Handles are handles.c's. */
bool fake_handle_alive(void *handle) {
    cudaStream_t stream = NULL;
    return handle && cudnnGetStream(handle, &stream) == CUDNN_STATUS_SUCCESS && fake_is_stream(stream);
}

bool fake_alive(const void *d) {
    pthread_mutex_lock(&lock);
    const fake_descriptor *a = alive;
    while (a && a != d) a = a->next;
    pthread_mutex_unlock(&lock);
    return a != NULL;
}

const fake_attribute *fake_get(const fake_descriptor *d, int name) {
    for (int i = 0; i < d->count; i++)
        if (d->attributes[i].name == name) return &d->attributes[i];
    return NULL;
}

static const fake_descriptor *child_of(const fake_descriptor *d, int name) { return *(fake_descriptor *const *)fake_get(d, name)->data; }

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *descriptor) {
    ENTER();
    fake_descriptor *d = calloc(1, sizeof *d);
    if (!d) return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    d->type = type;
    pthread_mutex_lock(&lock);
    d->next = alive;
    alive = d;
    pthread_mutex_unlock(&lock);
    fake_made(FAKE_CUDNN, 1);
    *descriptor = d;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
    pthread_mutex_lock(&lock);
    fake_descriptor **p = &alive;
    while (*p && *p != descriptor) p = &(*p)->next;
    fake_descriptor *d = *p;
    if (d) *p = d->next;
    pthread_mutex_unlock(&lock);
    if (!d) return fake_complain(CUDNN_STATUS_BAD_PARAM, "no descriptor to destroy");
    for (int i = 0; i < d->count; i++) free(d->attributes[i].data);
    free(d);
    fake_made(FAKE_CUDNN, -1);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count, const void *values) {
    ENTER();
    fake_descriptor *d = (fake_descriptor *)descriptor;
    if (!fake_alive(d) || !values) return fake_complain(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "attribute %d of nothing", (int)name);
    if (d->finalized) return fake_complain(CUDNN_STATUS_NOT_INITIALIZED, "attribute %d of a finalized descriptor", (int)name);
    const cudnnStatus_t status = fake_check_attribute(d, (int)name, (int)type, count, values);
    if (status != CUDNN_STATUS_SUCCESS) return status;
    if (fake_get(d, (int)name) || d->count == FAKE_ATTRIBUTES)
        return fake_complain(CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES, "attribute %d twice", (int)name);
    const size_t size = fake_type_size((int)type) * (size_t)count;
    void *data = malloc(size);
    if (!data) return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    memcpy(data, values, size);
    d->attributes[d->count++] = (fake_attribute){(int)name, (int)type, count, data};
    return CUDNN_STATUS_SUCCESS;
}

/* Whether the test wants this graph to be one that no engine does. */
static bool is_refused(const fake_program *p) {
    const int first = p->node[0].type;
    bool bf16 = false;
    for (int i = 0; i < p->tensors; i++) bf16 |= p->tensor[i].type == CUDNN_DATA_BFLOAT16;
    return ((refused & FAKE_NO_FUSION) && p->nodes > 1) || ((refused & FAKE_NO_BF16) && bf16) ||
           ((refused & FAKE_NO_REDUCTION) && first == CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR) ||
           ((refused & FAKE_NO_RESAMPLE) &&
            (first == CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR || first == CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR)) ||
           ((refused & FAKE_NO_NORM) &&
            (first == CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR || first == CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR));
}

static cudnnStatus_t finalize_plan(fake_descriptor *d) {
    const fake_descriptor *config = child_of(d, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
    if (!fake_alive(config) || config->type != CUDNN_BACKEND_ENGINECFG_DESCRIPTOR || !fake_alive(config->graph))
        return fake_complain(CUDNN_STATUS_BAD_PARAM, "a plan of no configuration, or of one whose graph is gone");
    if (config->engine == FAKE_ENGINE_BALKS) return fake_complain(CUDNN_STATUS_NOT_SUPPORTED_SHAPE, "this engine never can");
    d->engine = config->engine;
    d->graph = config->graph;
    d->program = config->graph->program;
    d->workspace = config->engine == FAKE_ENGINE_LARGE ? (int64_t)1 << 33 : 1000 + config->engine;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
    ENTER();
    fake_descriptor *d = (fake_descriptor *)descriptor;
    if (!fake_alive(d)) return fake_complain(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "finalizing nothing");
    if (d->finalized) return fake_complain(CUDNN_STATUS_BAD_PARAM, "descriptor %d is finalized twice", (int)d->type);
    cudnnStatus_t status = fake_finalize(d);
    if (status == CUDNN_STATUS_SUCCESS && d->type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) status = finalize_plan(d);
    if (status == CUDNN_STATUS_SUCCESS && d->type == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR &&
        is_refused(&child_of(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)->program))
        status = fake_complain(CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN, "the test wants no engine for this graph");
    d->finalized = status == CUDNN_STATUS_SUCCESS;
    return status;
}

static cudnnStatus_t get_results(fake_descriptor *heur, int64_t wanted, int64_t *count, void *values) {
    const bool is_a = *(const int *)fake_get(heur, CUDNN_ATTR_ENGINEHEUR_MODE)->data == CUDNN_HEUR_MODE_A;
    int64_t n = 0;
    for (int i = 0; i < ENGINES; i++) {
        const int engine = 1 << i;
        if (!(offered & engine) || is_a == (engine == FAKE_ENGINE_FALLBACK)) continue;
        if (n < wanted) {
            fake_descriptor *config = ((fake_descriptor **)values)[n];
            if (!fake_alive(config) || config->type != CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)
                return fake_complain(CUDNN_STATUS_BAD_PARAM, "results go into engine configurations");
            config->engine = engine;
            config->finalized = true;
            config->graph = *(fake_descriptor **)fake_get(heur, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)->data;
        }
        n++;
    }
    *count = wanted == 0 || n < wanted ? n : wanted;
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t get_notes(const fake_descriptor *engine, int64_t wanted, int64_t *count, void *values) {
    const int note = engine->engine == FAKE_ENGINE_TENSOR       ? CUDNN_NUMERICAL_NOTE_TENSOR_CORE
                     : engine->engine == FAKE_ENGINE_DISORDERED ? CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC
                     : engine->engine == FAKE_ENGINE_SHORT      ? CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS
                                                                : -1;
    *count = note >= 0;
    if (note >= 0 && wanted > 0) memcpy(values, &note, sizeof note);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t wanted, int64_t *count, void *values) {
    ENTER();
    fake_descriptor *d = (fake_descriptor *)descriptor;
    if (!fake_alive(d) || !d->finalized || !count || (wanted > 0 && !values))
        return fake_complain(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "attribute %d of what is not finalized", (int)name);
    if (d->type == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR && name == CUDNN_ATTR_ENGINEHEUR_RESULTS && type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
        return get_results(d, wanted, count, values);
    if (d->type == CUDNN_BACKEND_ENGINE_DESCRIPTOR && name == CUDNN_ATTR_ENGINE_NUMERICAL_NOTE && type == CUDNN_TYPE_NUMERICAL_NOTE)
        return get_notes(d, wanted, count, values);
    if (d->type == CUDNN_BACKEND_ENGINECFG_DESCRIPTOR && name == CUDNN_ATTR_ENGINECFG_ENGINE && type == CUDNN_TYPE_BACKEND_DESCRIPTOR &&
        wanted == 1) {
        fake_descriptor *engine = *(fake_descriptor **)values;
        if (!fake_alive(engine) || engine->type != CUDNN_BACKEND_ENGINE_DESCRIPTOR)
            return fake_complain(CUDNN_STATUS_BAD_PARAM, "an engine goes into an engine's descriptor");
        engine->engine = d->engine;
        engine->finalized = true;
        *count = 1;
        return CUDNN_STATUS_SUCCESS;
    }
    if (d->type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR && name == CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE &&
        type == CUDNN_TYPE_INT64 && wanted == 1) {
        *(int64_t *)values = d->workspace;
        *count = 1;
        return CUDNN_STATUS_SUCCESS;
    }
    return fake_complain(CUDNN_STATUS_BAD_PARAM, "attribute %d of descriptor %d, type %d, %lld wanted", (int)name, (int)d->type, (int)type,
                         (long long)wanted);
}

static bool is_output(const fake_program *p, int tensor) {
    for (int k = 0; k < p->nodes; k++)
        for (int i = 0; i < FAKE_PORTS; i++)
            if (p->node[k].port[i] == tensor && (p->node[k].outputs >> i & 1)) return true;
    return false;
}

/* Pointers by uid into the run, each checked. */
static cudnnStatus_t bind(fake_run *run, const fake_descriptor *pack, cudaStream_t stream) {
    const fake_attribute *ids = fake_get(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS),
                         *pointers = fake_get(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    int64_t real = 0;
    for (int t = 0; t < run->program.tensors; t++) {
        const fake_tensor *tensor = &run->program.tensor[t];
        real += !tensor->is_virtual;
        for (int64_t i = 0; i < ids->count && !tensor->is_virtual; i++)
            if (((const int64_t *)ids->data)[i] == tensor->uid) run->pointer[t] = ((void *const *)pointers->data)[i];
        const void *p = run->pointer[t];
        if (tensor->is_virtual) continue;
        if (!p || (uintptr_t)p % (uintptr_t)tensor->alignment != 0)
            return fake_complain(CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER, "tensor %lld: pointer %p", (long long)tensor->uid, p);
        if (fake_is_device(stream, p, (size_t)fake_bytes(tensor)) == tensor->by_value)
            return fake_complain(CUDNN_STATUS_BAD_PARAM, "tensor %lld: not %lld bytes of %s memory", (long long)tensor->uid,
                                 (long long)fake_bytes(tensor), tensor->by_value ? "host" : "device");
    }
    return real == ids->count
               ? CUDNN_STATUS_SUCCESS
               : fake_complain(CUDNN_STATUS_BAD_PARAM, "%lld pointers for %lld tensors", (long long)ids->count, (long long)real);
}

/* No output lies over another tensor; a batch norm's running statistics may be in place. */
static cudnnStatus_t check_overlap(const fake_run *run) {
    const fake_program *p = &run->program;
    for (int a = 0; a < p->tensors; a++)
        for (int b = 0; b < p->tensors; b++) {
            const char *at = run->pointer[a], *other = run->pointer[b];
            const bool in_place = at == other && p->node[0].type == CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR;
            if (a == b || !at || !other || in_place || !is_output(p, a)) continue;
            if (at < other + fake_bytes(&p->tensor[b]) && other < at + fake_bytes(&p->tensor[a]))
                return fake_complain(CUDNN_STATUS_BAD_PARAM, "an output lies over another tensor");
        }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack) {
    ENTER();
    const fake_descriptor *p = (const fake_descriptor *)plan, *v = (const fake_descriptor *)pack;
    if (!fake_handle_alive(handle) || !fake_alive(p) || !fake_alive(v) || !p->finalized || !v->finalized ||
        p->type != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR || v->type != CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR || !fake_alive(p->graph))
        return fake_complain(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "execution of what is no plan or no variant pack");
    cudaStream_t stream = NULL;
    cudnnGetStream(handle, &stream);
    fake_run run = {.program = p->program, .workspace_size = p->workspace, .factor = 1.0, .tf32 = p->engine == FAKE_ENGINE_TENSOR};
    if (disordered && p->engine == FAKE_ENGINE_DISORDERED) run.factor += 1e-7 * (double)((unsigned)executions++ * 2654435761u >> 16 & 7);
    const fake_attribute *workspace = fake_get(v, CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
    run.workspace = workspace ? *(void *const *)workspace->data : NULL;
    if (p->workspace > 0 && (!fake_is_device(stream, run.workspace, (size_t)p->workspace) || (uintptr_t)run.workspace % 256 != 0))
        return fake_complain(CUDNN_STATUS_BAD_PARAM, "the workspace is not %lld bytes of device memory", (long long)p->workspace);
    cudnnStatus_t status = bind(&run, v, stream);
    if (status == CUDNN_STATUS_SUCCESS) status = check_overlap(&run);
    if (status != CUDNN_STATUS_SUCCESS) return status;
    pthread_mutex_lock(&lock);
    const int number = number_of(p->engine), next = times[number].next++ % FAKE_TIMES;
    pthread_mutex_unlock(&lock);
    fake_spend(stream, (double)times[number].ms[next]);
    last_engine = p->engine;
    last_nodes = p->program.nodes;
    return fake_enqueue(stream, fake_compute, &run, sizeof run) == 0 ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED_CUDART;
}
