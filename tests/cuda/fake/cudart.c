/* cudart.c - a fake of CUDA's runtime: devices, errors, memory. Streams are streams.c's, and order.c watches over their order. Exactly the
 * entry points that the backend uses, each stricter than CUDA.
 *
 * Not a model of speed. It looks for what a GPU would answer with silence or a crash much later: pointers of the wrong kind, sizes past the
 * end, streams of another device, work on memory that is freed, calls that may not be made while recording, streams that do not wait
 * for each other. Tables are small lists under one lock; work itself runs without it, so that kernels may call back. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cudart.h"

typedef struct span {
    struct span *next;
    uint8_t *base;
    size_t size;
    int kind, device;
} span;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static span *spans;
static uintptr_t lowest = UINTPTR_MAX, highest; /* where allocations are, or were */
static uint64_t taken[FAKE_MAX_DEVICES];
static _Thread_local int current;
static _Thread_local cudaError_t last_error;

int fake_current(void) {
    return current;
}

cudaError_t fake_fail_with(cudaError_t code) {
    last_error = code;
    return code;
}

cudaError_t fake_begin(const char *name) {
    const int code = fake_enter(FAKE_CUDA, name);
    const cudaError_t sticky = (cudaError_t)fake_sticky(current, code);
    return sticky != cudaSuccess ? fake_fail_with(sticky) : cudaSuccess;
}

cudaError_t fake_mistaken(const char *what, cudaError_t code) {
    return fake_fail_with((cudaError_t)fake_wrong(what, code));
}

int fake_step(const char *name) {
    return fake_begin(name);
}

/* ---- devices ---- */

static cudaError_t no_machine(void) {
    const int devices = fake_devices();
    return devices < 0 ? cudaErrorInsufficientDriver : devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
    ENTER();
    *count = fake_devices() > 0 ? fake_devices() : 0;
    return fake_fail_with(no_machine());
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
    return fake_fail_with(no_machine());
}

cudaError_t cudaSetDevice(int device) {
    ENTER();
    if (device < 0 || device >= fake_devices())
        return fake_mistaken("cudaSetDevice: no such device", cudaErrorInvalidDevice);
    current = device;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attr, int device) {
    ENTER();
    if (device < 0 || device >= fake_devices())
        return fake_mistaken("cudaDeviceGetAttribute: no such device", cudaErrorInvalidDevice);
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
        return fake_mistaken("cudaDeviceGetAttribute: an attribute that the fake does not know", cudaErrorInvalidValue);
    }
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int device) {
    ENTER();
    if (device < 0 || device >= fake_devices())
        return fake_mistaken("cudaGetDeviceProperties: no such device", cudaErrorInvalidDevice);
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
int fake_kind_of(const void *ptr, size_t size, int *device) {
    pthread_mutex_lock(&lock);
    const span *s = find_span(ptr, size);
    const int kind = s ? s->kind : 0;
    *device = s ? s->device : -1;
    pthread_mutex_unlock(&lock);
    return kind;
}

int fake_touched(const void *arg, size_t size, int device, fake_access *out, int most) {
    int n = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i + sizeof(uintptr_t) <= size && n < most; i += sizeof(uintptr_t)) {
        uintptr_t word;
        memcpy(&word, (const uint8_t *)arg + i, sizeof word);
        const span *s = word >= lowest && word < highest ? find_span((const void *)word, 0) : NULL;
        bool known = !s || s->kind != DEVICE || s->device != device;
        for (int k = 0; k < n && !known; k++)
            known = out[k].first == (uintptr_t)s->base;
        if (!known)
            out[n++] = (fake_access){(uintptr_t)s->base, (uintptr_t)s->base + s->size, true};
    }
    pthread_mutex_unlock(&lock);
    return n;
}

static cudaError_t take(void **ptr, size_t size, int kind) {
    *ptr = NULL;
    if (size == 0)
        return fake_mistaken("an allocation of 0 bytes", cudaErrorInvalidValue);
    pthread_mutex_lock(&lock);
    const bool full = kind == DEVICE && fake_memory_bytes() && (size > fake_memory_bytes() || taken[current] > fake_memory_bytes() - size);
    span *s = full ? NULL : malloc(sizeof *s);
    uint8_t *base = s ? aligned_alloc(256, (size + 255) / 256 * 256) : NULL;
    if (base) {
        memset(base, 0xC9, size); /* contents are undefined: as float32 a large negative number */
        *s = (span){spans, base, size, kind, current};
        spans = s;
        lowest = (uintptr_t)base < lowest ? (uintptr_t)base : lowest;
        highest = (uintptr_t)base + size > highest ? (uintptr_t)base + size : highest;
        taken[current] += kind == DEVICE ? size : 0;
    } else {
        free(s);
    }
    pthread_mutex_unlock(&lock);
    if (!base)
        return fake_fail_with(cudaErrorMemoryAllocation);
    fake_made(FAKE_CUDA, 1);
    *ptr = base;
    return cudaSuccess;
}

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
        return fake_mistaken("free of a pointer that is no allocation of this kind", cudaErrorInvalidValue);
    fake_flush_device(s->device); /* as CUDA: waits for the device */
    fake_order_forget((uintptr_t)s->base, (uintptr_t)s->base + s->size);
    memset(s->base, 0xDD, s->size);
    free(s->base);
    free(s);
    fake_made(FAKE_CUDA, -1);
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **ptr, size_t size) {
    ENTER();
    const cudaError_t code = fake_not_recording("cudaMalloc while recording");
    return code != cudaSuccess ? code : take(ptr, size, DEVICE);
}

/* What ends something ends it even if it answers with a failure of earlier work. */
cudaError_t cudaFree(void *ptr) {
    const cudaError_t code = fake_begin(__func__), done = give(ptr, DEVICE);
    return code != cudaSuccess ? code : done;
}

cudaError_t cudaHostAlloc(void **ptr, size_t size, unsigned flags) {
    ENTER();
    (void)flags;
    const cudaError_t code = fake_not_recording("cudaHostAlloc while recording");
    return code != cudaSuccess ? code : take(ptr, size, PINNED);
}

cudaError_t cudaFreeHost(void *ptr) {
    const cudaError_t code = fake_begin(__func__), done = give(ptr, PINNED);
    return code != cudaSuccess ? code : done;
}
