/* cudart.c - a fake of CUDA's runtime that computes on the CPU: exactly the entry points that the backend uses, each stricter than CUDA.
 *
 * Not a model of speed or of parallel work. It looks for what a GPU would answer with silence or a crash much later: pointers of the wrong
 * kind, sizes past the end, streams of another device, work on memory that is freed, calls that may not be made while recording.
 * Tables are small arrays under one lock; work itself runs without it, so that kernels may call back. */
#include <cuda_runtime_api.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "machine.h"

enum { DEVICE = 1, PINNED = 2 };
typedef struct span {
    struct span *next;
    uint8_t *base;
    size_t size;
    int kind, device;
} span;

/* One piece of work; arg follows it in memory. */
typedef struct work {
    struct work *next;
    void (*fn)(void *arg);
    void *arg;
} work;

struct CUgraph_st {
    work *first, **last;
};
struct CUgraphExec_st {
    work *first;
    int device;
};
struct CUstream_st {
    struct CUstream_st *next;
    int device;
    bool capturing, spoiled;
    pthread_t owner; /* of the capture */
    work *first, **last;         /* waiting, if the machine is lazy */
    work *captured, **captured_last;
};
struct CUevent_st {
    int device;
    cudaStream_t stream; /* where it was recorded last */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static span *spans;
static struct CUstream_st *streams;
static uint64_t taken[FAKE_MAX_DEVICES];
static _Thread_local int current;
static _Thread_local cudaError_t last_error;

static cudaError_t fail(cudaError_t code) {
    last_error = code;
    return code;
}

static cudaError_t enter(const char *name) {
    const int code = fake_enter(FAKE_CUDA, name);
    const cudaError_t sticky = (cudaError_t)fake_sticky(current, code);
    return sticky != cudaSuccess ? fail(sticky) : cudaSuccess;
}

int fake_step(const char *name) {
    return enter(name);
}

/* Begins an entry point; a failure is given back at once. */
#define ENTER()                                  \
    do {                                         \
        const cudaError_t code_ = enter(__func__); \
        if (code_ != cudaSuccess)                \
            return code_;                        \
    } while (0)

static cudaError_t wrong(const char *what, cudaError_t code) {
    return fail((cudaError_t)fake_wrong(what, code));
}

/* ---- devices ---- */

static cudaError_t no_machine(void) {
    const int devices = fake_devices();
    return devices < 0 ? cudaErrorInsufficientDriver : devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
    ENTER();
    *count = fake_devices() > 0 ? fake_devices() : 0;
    return fail(no_machine());
}

cudaError_t cudaDriverGetVersion(int *version) {
    ENTER();
    *version = fake_devices() == -1 ? 0 : fake_devices() == -2 ? 12020 : 13000;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version) {
    ENTER();
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device) {
    ENTER();
    *device = current;
    return fail(no_machine());
}

cudaError_t cudaSetDevice(int device) {
    ENTER();
    if (device < 0 || device >= fake_devices())
        return wrong("cudaSetDevice: no such device", cudaErrorInvalidDevice);
    current = device;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attr, int device) {
    ENTER();
    if (device < 0 || device >= fake_devices())
        return wrong("cudaDeviceGetAttribute: no such device", cudaErrorInvalidDevice);
    switch (attr) {
    case cudaDevAttrComputeCapabilityMajor:
        *value = fake_capability_of(device) / 10;
        return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
        *value = fake_capability_of(device) % 10;
        return cudaSuccess;
    case cudaDevAttrMultiProcessorCount:
        *value = 4;
        return cudaSuccess;
    default:
        return wrong("cudaDeviceGetAttribute: an attribute that the fake does not know", cudaErrorInvalidValue);
    }
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int device) {
    ENTER();
    if (device < 0 || device >= fake_devices())
        return wrong("cudaGetDeviceProperties: no such device", cudaErrorInvalidDevice);
    memset(prop, 0, sizeof *prop);
    memcpy(prop->name, "Fake GPU", sizeof "Fake GPU");
    prop->major = fake_capability_of(device) / 10;
    prop->minor = fake_capability_of(device) % 10;
    prop->totalGlobalMem = fake_memory_bytes() ? (size_t)fake_memory_bytes() : (size_t)8 << 30;
    prop->multiProcessorCount = 4;
    return cudaSuccess;
}

/* ---- errors ---- */

cudaError_t cudaGetLastError(void) {
    const cudaError_t code = last_error;
    last_error = cudaSuccess;
    return code;
}

cudaError_t cudaPeekAtLastError(void) {
    return last_error;
}

const char *cudaGetErrorName(cudaError_t code) {
    switch (code) {
    case cudaSuccess: return "cudaSuccess";
    case cudaErrorInvalidValue: return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorNoDevice: return "cudaErrorNoDevice";
    case cudaErrorInsufficientDriver: return "cudaErrorInsufficientDriver";
    case cudaErrorIllegalAddress: return "cudaErrorIllegalAddress";
    case cudaErrorLaunchFailure: return "cudaErrorLaunchFailure";
    case cudaErrorStreamCaptureInvalidated: return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorStreamCaptureUnsupported: return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorUnknown: return "cudaErrorUnknown";
    default: return "cudaErrorOther";
    }
}

const char *cudaGetErrorString(cudaError_t code) {
    return code == cudaErrorMemoryAllocation ? "out of memory" : "the fake's text";
}

/* ---- memory ---- */

/* The allocation that holds [ptr, ptr + size); the lock is held. */
static const span *find_span(const void *ptr, size_t size) {
    for (const span *s = spans; s; s = s->next)
        if ((uintptr_t)ptr >= (uintptr_t)s->base && (uintptr_t)ptr - (uintptr_t)s->base <= s->size &&
            size <= s->size - ((uintptr_t)ptr - (uintptr_t)s->base) && (uintptr_t)ptr != (uintptr_t)s->base + s->size)
            return s;
    return NULL;
}

/* DEVICE, PINNED or 0 for ordinary memory. */
static int kind_of(const void *ptr, size_t size, int *device) {
    pthread_mutex_lock(&lock);
    const span *s = find_span(ptr, size);
    const int kind = s ? s->kind : 0;
    *device = s ? s->device : -1;
    pthread_mutex_unlock(&lock);
    return kind;
}

/* A capture of this thread's forbids calls that could wait for a device. */
static cudaError_t not_while_capturing(const char *what) {
    bool found = false;
    pthread_mutex_lock(&lock);
    for (struct CUstream_st *s = streams; s; s = s->next)
        if (s->capturing && pthread_equal(s->owner, pthread_self())) {
            s->spoiled = true;
            found = true;
        }
    pthread_mutex_unlock(&lock);
    return found ? wrong(what, cudaErrorStreamCaptureUnsupported) : cudaSuccess;
}

static cudaError_t take(void **ptr, size_t size, int kind) {
    *ptr = NULL;
    if (size == 0)
        return wrong("an allocation of 0 bytes", cudaErrorInvalidValue);
    pthread_mutex_lock(&lock);
    const bool full = kind == DEVICE && fake_memory_bytes() && (size > fake_memory_bytes() || taken[current] > fake_memory_bytes() - size);
    span *s = full ? NULL : malloc(sizeof *s);
    uint8_t *base = s ? aligned_alloc(256, (size + 255) / 256 * 256) : NULL;
    if (base) {
        memset(base, 0xC9, size); /* contents are undefined: as float32 a large negative number */
        *s = (span){spans, base, size, kind, current};
        spans = s;
        taken[current] += kind == DEVICE ? size : 0;
    } else {
        free(s);
    }
    pthread_mutex_unlock(&lock);
    if (!base)
        return fail(cudaErrorMemoryAllocation);
    fake_made(FAKE_CUDA, 1);
    *ptr = base;
    return cudaSuccess;
}

static void flush_device(int device);

static cudaError_t give(void *ptr, int kind) {
    pthread_mutex_lock(&lock);
    span **link = &spans;
    while (*link && ((*link)->base != ptr || (*link)->kind != kind))
        link = &(*link)->next;
    span *s = *link;
    if (s) {
        *link = s->next;
        taken[s->device] -= kind == DEVICE ? s->size : 0;
    }
    pthread_mutex_unlock(&lock);
    if (!s)
        return wrong("free of a pointer that is no allocation of this kind", cudaErrorInvalidValue);
    flush_device(s->device); /* as CUDA: waits for the device */
    memset(s->base, 0xDD, s->size);
    free(s->base);
    free(s);
    fake_made(FAKE_CUDA, -1);
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **ptr, size_t size) {
    ENTER();
    const cudaError_t code = not_while_capturing("cudaMalloc while recording");
    return code != cudaSuccess ? code : take(ptr, size, DEVICE);
}

/* What ends something ends it even if it answers with a failure of earlier work. */
cudaError_t cudaFree(void *ptr) {
    const cudaError_t code = enter(__func__), done = give(ptr, DEVICE);
    return code != cudaSuccess ? code : done;
}

cudaError_t cudaHostAlloc(void **ptr, size_t size, unsigned flags) {
    ENTER();
    (void)flags;
    const cudaError_t code = not_while_capturing("cudaHostAlloc while recording");
    return code != cudaSuccess ? code : take(ptr, size, PINNED);
}

cudaError_t cudaFreeHost(void *ptr) {
    const cudaError_t code = enter(__func__), done = give(ptr, PINNED);
    return code != cudaSuccess ? code : done;
}

/* ---- streams and work ---- */

static bool is_stream(cudaStream_t stream) {
    pthread_mutex_lock(&lock);
    struct CUstream_st *s = streams;
    while (s && s != stream)
        s = s->next;
    pthread_mutex_unlock(&lock);
    return s != NULL;
}

bool fake_is_stream(void *stream) {
    return is_stream(stream) && ((cudaStream_t)stream)->device == current;
}

bool fake_is_device(void *stream, const void *ptr, size_t size) {
    int device;
    return is_stream(stream) && kind_of(ptr, size, &device) == DEVICE && device == ((cudaStream_t)stream)->device;
}

static void free_work(work *w) {
    while (w) {
        work *next = w->next;
        free(w);
        w = next;
    }
}

static work *copy_work(void (*fn)(void *arg), const void *arg, size_t size) {
    work *w = malloc(sizeof *w + 64 + size);
    if (!w)
        return NULL;
    *w = (work){.fn = fn, .arg = (uint8_t *)w + (sizeof *w + 63) / 64 * 64};
    if (size > 0)
        memcpy(w->arg, arg, size);
    return w;
}

static void flush(cudaStream_t stream) {
    while (stream->first) {
        work *w = stream->first;
        stream->first = w->next;
        if (!stream->first)
            stream->last = &stream->first;
        w->fn(w->arg);
        free(w);
    }
}

/* Only a lazy machine has work that waits; lazy tests use one thread. Work is done without the lock: it may ask for spans. */
static void flush_device(int device) {
    struct CUstream_st *s = NULL;
    do {
        pthread_mutex_lock(&lock);
        for (s = fake_is_lazy() ? streams : NULL; s && (s->device != device || !s->first); s = s->next) {
        }
        pthread_mutex_unlock(&lock);
        if (s)
            flush(s);
    } while (s);
}

int fake_enqueue(void *pointer, void (*fn)(void *arg), const void *arg, size_t size) {
    cudaStream_t stream = pointer;
    if (!fake_is_stream(stream))
        return wrong("work for a stream that is not there, or not of this thread's device", cudaErrorInvalidResourceHandle);
    work *w = copy_work(fn, arg, size);
    if (!w)
        return fail(cudaErrorMemoryAllocation);
    if (stream->capturing) {
        *stream->captured_last = w;
        stream->captured_last = &w->next;
    } else {
        *stream->last = w;
        stream->last = &w->next;
        if (!fake_is_lazy())
            flush(stream);
    }
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags) {
    ENTER();
    *out = NULL;
    if (flags != cudaStreamNonBlocking)
        return wrong("a stream that waits for the default stream", cudaErrorInvalidValue);
    struct CUstream_st *s = calloc(1, sizeof *s);
    if (!s)
        return fail(cudaErrorMemoryAllocation);
    s->device = current;
    s->last = &s->first;
    s->captured_last = &s->captured;
    pthread_mutex_lock(&lock);
    s->next = streams;
    streams = s;
    pthread_mutex_unlock(&lock);
    fake_made(FAKE_CUDA, 1);
    *out = s;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    const cudaError_t code = enter(__func__);
    if (!is_stream(stream))
        return wrong("cudaStreamDestroy of no stream", cudaErrorInvalidResourceHandle);
    if (stream->capturing)
        fake_wrong("a stream is destroyed while recording", cudaErrorStreamCaptureInvalidated);
    flush(stream);
    pthread_mutex_lock(&lock);
    struct CUstream_st **link = &streams;
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    pthread_mutex_unlock(&lock);
    free_work(stream->captured);
    free(stream);
    fake_made(FAKE_CUDA, -1);
    return code;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    ENTER();
    if (!is_stream(stream))
        return wrong("cudaStreamSynchronize of no stream", cudaErrorInvalidResourceHandle);
    if (stream->capturing) {
        stream->spoiled = true;
        return wrong("cudaStreamSynchronize while recording", cudaErrorStreamCaptureUnsupported);
    }
    flush(stream);
    return cudaSuccess;
}

typedef struct copy_arg {
    void *to;
    const void *from;
    size_t size;
    int value;
} copy_arg;

static void do_copy(void *arg) {
    const copy_arg *c = arg;
    memcpy(c->to, c->from, c->size);
}

static void do_fill(void *arg) {
    const copy_arg *c = arg;
    memset(c->to, c->value, c->size);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, enum cudaMemcpyKind kind, cudaStream_t stream) {
    ENTER();
    int to_device, from_device;
    const int to_kind = kind_of(to, size, &to_device), from_kind = kind_of(from, size, &from_device);
    const bool wants_to = kind != cudaMemcpyDeviceToHost, wants_from = kind != cudaMemcpyHostToDevice;
    if (!fake_is_stream(stream))
        return wrong("cudaMemcpyAsync: not a stream of this thread's device", cudaErrorInvalidResourceHandle);
    if ((to_kind == DEVICE) != wants_to || (from_kind == DEVICE) != wants_from || (wants_to && to_device != current) ||
        (wants_from && from_device != current))
        return wrong("cudaMemcpyAsync: a pointer of the wrong kind or device, or a size past its end", cudaErrorInvalidValue);
    const bool pageable = (!wants_to && to_kind == 0) || (!wants_from && from_kind == 0);
    if (pageable && stream->capturing) {
        stream->spoiled = true;
        return wrong("cudaMemcpyAsync with ordinary memory while recording", cudaErrorStreamCaptureUnsupported);
    }
    if (pageable)
        flush(stream);
    const copy_arg arg = {to, from, size, 0};
    const cudaError_t code = (cudaError_t)fake_enqueue(stream, do_copy, &arg, sizeof arg);
    if (pageable && code == cudaSuccess)
        flush(stream);
    return code;
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t size, cudaStream_t stream) {
    ENTER();
    if (!fake_is_stream(stream) || !fake_is_device(stream, to, size))
        return wrong("cudaMemsetAsync: stream, pointer or size", cudaErrorInvalidValue);
    const copy_arg arg = {to, NULL, size, value};
    return (cudaError_t)fake_enqueue(stream, do_fill, &arg, sizeof arg);
}

/* ---- events ---- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags) {
    ENTER();
    *out = NULL;
    if (flags != cudaEventDisableTiming)
        return wrong("an event that takes the time", cudaErrorInvalidValue);
    *out = calloc(1, sizeof **out);
    if (!*out)
        return fail(cudaErrorMemoryAllocation);
    (*out)->device = current;
    fake_made(FAKE_CUDA, 1);
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    const cudaError_t code = enter(__func__);
    free(event);
    fake_made(FAKE_CUDA, -1);
    return code;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    ENTER();
    if (!event || !fake_is_stream(stream) || event->device != stream->device)
        return wrong("cudaEventRecord: event or stream", cudaErrorInvalidResourceHandle);
    event->stream = stream;
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    ENTER();
    if (!event)
        return wrong("cudaEventSynchronize of no event", cudaErrorInvalidResourceHandle);
    if (event->stream && is_stream(event->stream))
        flush(event->stream); /* more than is asked for: later work too */
    return cudaSuccess;
}

/* ---- recording ---- */

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
    ENTER();
    if (!fake_is_stream(stream) || stream->capturing || mode != cudaStreamCaptureModeThreadLocal)
        return wrong("cudaStreamBeginCapture: stream, its state, or the mode", cudaErrorInvalidValue);
    stream->capturing = true;
    stream->spoiled = false;
    stream->owner = pthread_self();
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status) {
    ENTER();
    if (!is_stream(stream))
        return wrong("cudaStreamIsCapturing of no stream", cudaErrorInvalidResourceHandle);
    *status = !stream->capturing ? cudaStreamCaptureStatusNone
              : stream->spoiled  ? cudaStreamCaptureStatusInvalidated
                                 : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

/* The capture is over even if this fails. */
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *out) {
    const cudaError_t code = enter(__func__);
    *out = NULL;
    if (!is_stream(stream) || !stream->capturing || !pthread_equal(stream->owner, pthread_self()))
        return wrong("cudaStreamEndCapture: nothing is recorded there by this thread", cudaErrorIllegalState);
    struct CUgraph_st *graph = stream->spoiled || code != cudaSuccess ? NULL : malloc(sizeof *graph);
    if (graph) {
        *graph = (struct CUgraph_st){.first = stream->captured};
        fake_made(FAKE_CUDA, 1);
    } else {
        free_work(stream->captured);
    }
    stream->captured = NULL;
    stream->captured_last = &stream->captured;
    stream->capturing = false;
    *out = graph;
    if (code != cudaSuccess)
        return code;
    return graph ? cudaSuccess : fail(cudaErrorStreamCaptureInvalidated);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t graph, unsigned long long flags) {
    ENTER();
    *out = NULL;
    if (!graph || flags != 0)
        return wrong("cudaGraphInstantiate: no graph, or flags", cudaErrorInvalidValue);
    struct CUgraphExec_st *exec = calloc(1, sizeof *exec);
    if (!exec)
        return fail(cudaErrorMemoryAllocation);
    exec->first = graph->first; /* the graph is only ever made into one: it hands its work over */
    exec->device = current;
    graph->first = NULL;
    fake_made(FAKE_CUDA, 1);
    *out = exec;
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    const cudaError_t code = enter(__func__);
    free_work(graph->first);
    free(graph);
    fake_made(FAKE_CUDA, -1);
    return code;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
    const cudaError_t code = enter(__func__);
    flush_device(exec->device); /* a launch that waits still needs it; CUDA keeps it until then */
    free_work(exec->first);
    free(exec);
    fake_made(FAKE_CUDA, -1);
    return code;
}

static void do_graph(void *arg) {
    const struct CUgraphExec_st *exec = *(struct CUgraphExec_st *const *)arg;
    for (work *w = exec->first; w; w = w->next)
        w->fn(w->arg);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
    ENTER();
    if (!exec || !fake_is_stream(stream) || stream->capturing || exec->device != stream->device)
        return wrong("cudaGraphLaunch: graph or stream", cudaErrorInvalidValue);
    return (cudaError_t)fake_enqueue(stream, do_graph, &exec, sizeof exec);
}
