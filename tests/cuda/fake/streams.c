/* streams.c - the fake CUDA's streams and their work: copies, fills, what the other fakes enqueue, events, recordings as graphs.
 *
 * Work is done at once, or, on a lazy machine, when somebody waits for it: then a stream that waits for another's event does that one's work
 * first, and no more of it than the event asks for. Times are made up: work takes what the test says (fake_spend). */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cudart.h"

/* One piece of work; arg follows it in memory. */
typedef struct work {
    struct work *next;
    void (*fn)(void *arg);
    void *arg;
    int n;
    fake_access accesses[FAKE_ACCESSES];
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
    int device, place; /* place: order.c's */
    fake_clock clock;
    uint64_t asked, done; /* pieces of work */
    double spent;         /* ms, made up */
    bool capturing, spoiled;
    pthread_t owner; /* of the capture */
    work *first, **last;         /* waiting, if the machine is lazy */
    work *captured, **captured_last;
};
struct CUevent_st {
    int device;
    bool timed;
    cudaStream_t stream; /* where it was recorded last; NULL = never */
    uint64_t at;         /* … behind this piece of work */
    double spent;
    fake_clock clock;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct CUstream_st *streams;

cudaError_t fake_not_recording(const char *what) {
    bool found = false;
    pthread_mutex_lock(&lock);
    for (struct CUstream_st *s = streams; s; s = s->next)
        if (s->capturing && pthread_equal(s->owner, pthread_self())) {
            s->spoiled = true;
            found = true;
        }
    pthread_mutex_unlock(&lock);
    return found ? fake_mistaken(what, cudaErrorStreamCaptureUnsupported) : cudaSuccess;
}

static bool is_stream(cudaStream_t stream) {
    pthread_mutex_lock(&lock);
    struct CUstream_st *s = streams;
    while (s && s != stream)
        s = s->next;
    pthread_mutex_unlock(&lock);
    return s != NULL;
}

bool fake_is_stream(void *stream) {
    return is_stream(stream) && ((cudaStream_t)stream)->device == fake_current();
}

bool fake_is_device(void *stream, const void *ptr, size_t size) {
    int device;
    return is_stream(stream) && fake_kind_of(ptr, size, &device) == DEVICE && device == ((cudaStream_t)stream)->device;
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

/* Does the stream's work up to piece number `until`. */
static void flush(cudaStream_t stream, uint64_t until) {
    while (stream->first && stream->done < until) {
        work *w = stream->first;
        stream->first = w->next;
        if (!stream->first)
            stream->last = &stream->first;
        stream->done++;
        w->fn(w->arg);
        free(w);
    }
}

/* Only a lazy machine has work that waits; lazy tests use one thread. Work is done without the lock: it may ask for spans. */
void fake_flush_device(int device) {
    struct CUstream_st *s = NULL;
    do {
        pthread_mutex_lock(&lock);
        for (s = fake_is_lazy() ? streams : NULL; s && (s->device != device || !s->first); s = s->next) {
        }
        pthread_mutex_unlock(&lock);
        if (s)
            flush(s, UINT64_MAX);
    } while (s);
}

/* Puts the work into its stream, or its recording; it is the stream's from now on. */
static void put(cudaStream_t stream, work *w) {
    if (stream->capturing) {
        *stream->captured_last = w;
        stream->captured_last = &w->next;
        return;
    }
    fake_order_work(stream->place, &stream->clock, w->accesses, w->n);
    *stream->last = w;
    stream->last = &w->next;
    stream->asked++;
    if (!fake_is_lazy())
        flush(stream, UINT64_MAX);
}

/* n < 0: what it touches is found from its argument. */
static int enqueue(cudaStream_t stream, void (*fn)(void *arg), const void *arg, size_t size, const fake_access *accesses, int n) {
    if (!fake_is_stream(stream))
        return fake_mistaken("work for a stream that is not there, or not of this thread's device", cudaErrorInvalidResourceHandle);
    work *w = copy_work(fn, arg, size);
    if (!w)
        return fake_fail_with(cudaErrorMemoryAllocation);
    w->n = n < 0 ? fake_touched(w->arg, size, stream->device, w->accesses, FAKE_ACCESSES) : n;
    for (int i = 0; i < n; i++)
        w->accesses[i] = accesses[i];
    put(stream, w);
    return cudaSuccess;
}

int fake_enqueue(void *stream, void (*fn)(void *arg), const void *arg, size_t size) {
    return enqueue(stream, fn, arg, size, NULL, -1);
}

void fake_spend(void *stream, double ms) {
    ((cudaStream_t)stream)->spent += ms;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags) {
    ENTER();
    *out = NULL;
    if (flags != cudaStreamNonBlocking)
        return fake_mistaken("a stream that waits for the default stream", cudaErrorInvalidValue);
    struct CUstream_st *s = calloc(1, sizeof *s);
    if (!s)
        return fake_fail_with(cudaErrorMemoryAllocation);
    s->place = fake_order_stream();
    if (s->place < 0)
        abort(); /* more streams than any test needs */
    s->device = fake_current();
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
    const cudaError_t code = fake_begin(__func__);
    if (!is_stream(stream))
        return fake_mistaken("cudaStreamDestroy of no stream", cudaErrorInvalidResourceHandle);
    if (stream->capturing)
        fake_wrong("a stream is destroyed while recording", cudaErrorStreamCaptureInvalidated);
    flush(stream, UINT64_MAX);
    fake_order_end(stream->place);
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
        return fake_mistaken("cudaStreamSynchronize of no stream", cudaErrorInvalidResourceHandle);
    if (stream->capturing) {
        stream->spoiled = true;
        return fake_mistaken("cudaStreamSynchronize while recording", cudaErrorStreamCaptureUnsupported);
    }
    flush(stream, UINT64_MAX);
    fake_order_host(&stream->clock);
    return cudaSuccess;
}

typedef struct copy_arg {
    void *to;
    const void *from;
    size_t size;
    int value;
    bool checked; /* from pinned memory on a lazy machine: it must hold what it held when the copy was asked for */
    uint64_t sum;
} copy_arg;

static uint64_t sum_of(const void *bytes, size_t size) {
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    return sum;
}

static void do_copy(void *arg) {
    const copy_arg *c = arg;
    if (c->checked && sum_of(c->from, c->size) != c->sum)
        fake_wrong("pinned memory was written before a copy from it was done", 0);
    memcpy(c->to, c->from, c->size);
}

static void do_fill(void *arg) {
    const copy_arg *c = arg;
    memset(c->to, c->value, c->size);
}

static fake_access access_of(const void *ptr, size_t size, bool writes) {
    return (fake_access){(uintptr_t)ptr, (uintptr_t)ptr + size, writes};
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, enum cudaMemcpyKind kind, cudaStream_t stream) {
    ENTER();
    int to_device, from_device;
    const int to_kind = fake_kind_of(to, size, &to_device), from_kind = fake_kind_of(from, size, &from_device);
    const bool wants_to = kind != cudaMemcpyDeviceToHost, wants_from = kind != cudaMemcpyHostToDevice;
    if (!fake_is_stream(stream))
        return fake_mistaken("cudaMemcpyAsync: not a stream of this thread's device", cudaErrorInvalidResourceHandle);
    if ((to_kind == DEVICE) != wants_to || (from_kind == DEVICE) != wants_from || (wants_to && to_device != fake_current()) ||
        (wants_from && from_device != fake_current()))
        return fake_mistaken("cudaMemcpyAsync: a pointer of the wrong kind or device, or a size past its end", cudaErrorInvalidValue);
    const bool pageable = (!wants_to && to_kind == 0) || (!wants_from && from_kind == 0);
    if (pageable && stream->capturing) {
        stream->spoiled = true;
        return fake_mistaken("cudaMemcpyAsync with ordinary memory while recording", cudaErrorStreamCaptureUnsupported);
    }
    if (pageable && !stream->capturing) { /* as CUDA: the queue first, then the copy, and the host waits for it */
        flush(stream, UINT64_MAX);
        fake_order_host(&stream->clock);
    }
    const bool checked = from_kind == PINNED && fake_is_lazy();
    const copy_arg arg = {to, from, size, 0, checked, checked ? sum_of(from, size) : 0};
    const fake_access accesses[2] = {access_of(to, size, true), access_of(from, size, false)};
    const cudaError_t code = (cudaError_t)enqueue(stream, do_copy, &arg, sizeof arg, accesses, 2);
    if (pageable && code == cudaSuccess)
        flush(stream, UINT64_MAX);
    return code;
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t size, cudaStream_t stream) {
    ENTER();
    if (!fake_is_stream(stream) || !fake_is_device(stream, to, size))
        return fake_mistaken("cudaMemsetAsync: stream, pointer or size", cudaErrorInvalidValue);
    const copy_arg arg = {.to = to, .size = size, .value = value};
    const fake_access access = access_of(to, size, true);
    return (cudaError_t)enqueue(stream, do_fill, &arg, sizeof arg, &access, 1);
}

/* ---- events ---- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags) {
    ENTER();
    *out = NULL;
    if (flags != cudaEventDisableTiming && flags != cudaEventDefault)
        return fake_mistaken("cudaEventCreateWithFlags: flags", cudaErrorInvalidValue);
    *out = calloc(1, sizeof **out);
    if (!*out)
        return fake_fail_with(cudaErrorMemoryAllocation);
    (*out)->device = fake_current();
    (*out)->timed = flags == cudaEventDefault;
    fake_made(FAKE_CUDA, 1);
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    const cudaError_t code = fake_begin(__func__);
    free(event);
    fake_made(FAKE_CUDA, -1);
    return code;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    ENTER();
    if (!event || !fake_is_stream(stream) || event->device != stream->device || stream->capturing)
        return fake_mistaken("cudaEventRecord: event or stream", cudaErrorInvalidResourceHandle);
    event->stream = stream;
    event->at = stream->asked;
    event->spent = stream->spent;
    event->clock = stream->clock;
    return cudaSuccess;
}

typedef struct wait_arg {
    cudaStream_t stream;
    uint64_t until;
} wait_arg;

static void do_wait(void *arg) {
    const wait_arg *w = arg;
    if (is_stream(w->stream))
        flush(w->stream, w->until);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
    ENTER();
    if (!event || !fake_is_stream(stream) || stream->capturing || flags != 0)
        return fake_mistaken("cudaStreamWaitEvent: event, stream or flags", cudaErrorInvalidResourceHandle);
    if (!event->stream)
        return cudaSuccess; /* as CUDA: nothing to wait for */
    fake_order_join(&stream->clock, &event->clock);
    const wait_arg arg = {event->stream, event->at};
    return (cudaError_t)enqueue(stream, do_wait, &arg, sizeof arg, NULL, 0);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    ENTER();
    if (!event)
        return fake_mistaken("cudaEventSynchronize of no event", cudaErrorInvalidResourceHandle);
    const cudaError_t code = fake_not_recording("cudaEventSynchronize while recording");
    if (code != cudaSuccess || !event->stream)
        return code;
    if (is_stream(event->stream))
        flush(event->stream, event->at);
    fake_order_host(&event->clock);
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t end) {
    ENTER();
    if (!start || !end || !start->timed || !end->timed || !start->stream || !end->stream)
        return fake_mistaken("cudaEventElapsedTime: events that take no time, or were not recorded", cudaErrorInvalidResourceHandle);
    if (end->stream->done < end->at)
        return fake_mistaken("cudaEventElapsedTime before the work is done", cudaErrorNotReady);
    *ms = (float)(end->spent - start->spent);
    return cudaSuccess;
}

/* ---- recording ---- */

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
    ENTER();
    if (!fake_is_stream(stream) || stream->capturing || mode != cudaStreamCaptureModeThreadLocal)
        return fake_mistaken("cudaStreamBeginCapture: stream, its state, or the mode", cudaErrorInvalidValue);
    stream->capturing = true;
    stream->spoiled = false;
    stream->owner = pthread_self();
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status) {
    ENTER();
    if (!is_stream(stream))
        return fake_mistaken("cudaStreamIsCapturing of no stream", cudaErrorInvalidResourceHandle);
    *status = !stream->capturing ? cudaStreamCaptureStatusNone
              : stream->spoiled  ? cudaStreamCaptureStatusInvalidated
                                 : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

/* The capture is over even if this fails. */
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *out) {
    const cudaError_t code = fake_begin(__func__);
    *out = NULL;
    if (!is_stream(stream) || !stream->capturing || !pthread_equal(stream->owner, pthread_self()))
        return fake_mistaken("cudaStreamEndCapture: nothing is recorded there by this thread", cudaErrorIllegalState);
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
    return graph ? cudaSuccess : fake_fail_with(cudaErrorStreamCaptureInvalidated);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t graph, unsigned long long flags) {
    ENTER();
    *out = NULL;
    if (!graph || flags != 0)
        return fake_mistaken("cudaGraphInstantiate: no graph, or flags", cudaErrorInvalidValue);
    struct CUgraphExec_st *exec = calloc(1, sizeof *exec);
    if (!exec)
        return fake_fail_with(cudaErrorMemoryAllocation);
    exec->first = graph->first; /* the graph is only ever made into one: it hands its work over */
    exec->device = fake_current();
    graph->first = NULL;
    fake_made(FAKE_CUDA, 1);
    *out = exec;
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    const cudaError_t code = fake_begin(__func__);
    free_work(graph->first);
    free(graph);
    fake_made(FAKE_CUDA, -1);
    return code;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
    const cudaError_t code = fake_begin(__func__);
    fake_flush_device(exec->device); /* a launch that waits still needs it; CUDA keeps it until then */
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
        return fake_mistaken("cudaGraphLaunch: graph or stream", cudaErrorInvalidValue);
    for (const work *w = exec->first; w; w = w->next)
        fake_order_work(stream->place, &stream->clock, w->accesses, w->n);
    return (cudaError_t)enqueue(stream, do_graph, &exec, sizeof exec, NULL, 0);
}
