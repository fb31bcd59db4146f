/* machine.c - what this machine has: driver, devices, versions. Asked before anything is opened, and never an error: a machine without a
 * driver is one where the backend has score 0 and says why in its description.
 *
 * Nothing here makes a CUDA context, which would take hundreds of MiB on every device that is merely listed. */
#include <stdio.h>

#include "table.h"

enum {
    MOST_DEVICES = 64,     /* the library's limit of one backend */
    LEAST_CAPABILITY = 80, /* 10 · compute capability: older code is not in the plug-in */
    REASON = 128           /* bytes, as hn_device_info.description */
};

static int major_of(size_t cudnn) { /* cuDNN wrote 8907 before 90000 */
    return (int)(cudnn >= 10000 ? cudnn / 10000 : cudnn / 1000);
}

static int capability(int index) {
    int major = 0, minor = 0;
    if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index) != cudaSuccess ||
        cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, index) != cudaSuccess)
        return 0;
    return 10 * major + minor;
}

/* Why there is none, and the code that said so. */
typedef struct trouble {
    char reason[REASON];
    int32_t domain;
    int64_t code;
} trouble;

/* Why CUDA gives no devices. */
static void no_devices(cudaError_t code, trouble *why) {
    char *const reason = why->reason;
    int driver = 0, runtime = 0;
    if (cudaDriverGetVersion(&driver) != cudaSuccess)
        driver = 0;
    if (cudaRuntimeGetVersion(&runtime) != cudaSuccess)
        runtime = CUDART_VERSION;
    if (code == cudaErrorNoDevice || code == cudaSuccess)
        snprintf(reason, REASON, "no NVIDIA device on this machine, or none that CUDA_VISIBLE_DEVICES lets see");
    else if (code == cudaErrorInsufficientDriver && driver > 0)
        snprintf(reason, REASON, "the NVIDIA driver is too old: it is for CUDA %d.%d, needed is one for CUDA %d.%d", driver / 1000,
                 driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    else if (code == cudaErrorInsufficientDriver || code == cudaErrorStubLibrary)
        snprintf(reason, REASON, "no NVIDIA driver on this machine");
    else
        snprintf(reason, REASON, "CUDA cannot be used: %d %s", (int)code, cudaGetErrorName(code));
    why->domain = HN_DOMAIN_CUDA;
    why->code = code == cudaSuccess ? cudaErrorNoDevice : code;
}

/* How many devices there are; 0 with a reason if none can be used. */
static int count_devices(trouble *why) {
    int count = 0;
    const cudaError_t code = cudaGetDeviceCount(&count);
    if (code != cudaSuccess || count <= 0) {
        no_devices(code, why);
        cudaGetLastError(); /* it is told; the host's own CUDA code is not to find it */
        return 0;
    }
    const size_t cudnn = cudnnGetVersion();
    if (major_of(cudnn) != CUDNN_MAJOR) {
        snprintf(why->reason, REASON, "built for cuDNN %d, found version %zu of it; install cuDNN %d", CUDNN_MAJOR, cudnn, CUDNN_MAJOR);
        why->domain = HN_DOMAIN_CUDNN;
        why->code = CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH;
        return 0;
    }
    if (count > MOST_DEVICES)
        count = MOST_DEVICES;
    for (int i = 0; i < count; i++)
        if (capability(i) >= LEAST_CAPABILITY)
            return count;
    snprintf(why->reason, REASON, "no device of compute capability %d.%d or later", LEAST_CAPABILITY / 10, LEAST_CAPABILITY % 10);
    why->domain = HN_DOMAIN_CUDA;
    why->code = cudaErrorNoKernelImageForDevice;
    cudaGetLastError();
    return 0;
}

int32_t hni_cuda_score(void *user) {
    trouble why;
    (void)user;
    return count_devices(&why) > 0 ? 1000 : 0;
}

int32_t hni_cuda_device_count(void *user) {
    trouble why;
    (void)user;
    const int count = count_devices(&why);
    return count > 0 ? count : 1; /* one of score 0, whose description says why */
}

hn_status hni_cuda_device_info(void *user, int32_t index, hn_device_info *out, hn_error *err) {
    trouble why;
    (void)user;
    const int count = count_devices(&why);
    out->flags = 0;
    out->memory_bytes = 0;
    if (count == 0) {
        snprintf(out->description, sizeof out->description, "%s", why.reason);
        return HN_OK;
    }
    struct cudaDeviceProp facts;
    if (index < 0 || index >= count)
        return hni_fail(err, HN_E_NOT_FOUND, "cudnn: there is no device %d, only 0 … %d", index, count - 1);
    const cudaError_t code = cudaGetDeviceProperties(&facts, index);
    if (code != cudaSuccess) {
        snprintf(out->description, sizeof out->description, "CUDA tells nothing of it: %d %s", (int)code, cudaGetErrorName(code));
        cudaGetLastError();
        return HN_OK;
    }
    int driver = 0;
    if (cudaDriverGetVersion(&driver) != cudaSuccess)
        driver = 0;
    const int cudnn = (int)cudnnGetVersion();
    out->memory_bytes = facts.totalGlobalMem;
    char text[2 * REASON];
    snprintf(text, sizeof text, "%.60s, compute capability %d.%d%s, driver CUDA %d.%d, cuDNN %d.%d.%d", facts.name, facts.major, facts.minor,
             10 * facts.major + facts.minor < LEAST_CAPABILITY ? " (too old)" : "", driver / 1000, driver % 1000 / 10, cudnn / 10000,
             cudnn % 10000 / 100, cudnn % 100);
    snprintf(out->description, sizeof out->description, "%.*s", REASON - 1, text);
    return HN_OK;
}

hn_status hni_cuda_usable(int32_t index, hn_error *err) {
    trouble why;
    const int count = count_devices(&why);
    if (count == 0)
        return hni_fail_code(err, HN_E_UNAVAILABLE, why.domain, why.code, "cudnn: %s", why.reason);
    if (index < 0 || index >= count)
        return hni_fail(err, HN_E_NOT_FOUND, "cudnn: there is no device %d, only 0 … %d", index, count - 1);
    const int has = capability(index);
    if (has >= LEAST_CAPABILITY)
        return HN_OK;
    cudaGetLastError();
    return hni_fail_code(err, HN_E_UNAVAILABLE, HN_DOMAIN_CUDA, cudaErrorNoKernelImageForDevice,
                         "cudnn:%d: compute capability %d.%d, needed is %d.%d or later; name another device", index, has / 10, has % 10,
                         LEAST_CAPABILITY / 10, LEAST_CAPABILITY % 10);
}
