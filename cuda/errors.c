/* errors.c - codes of CUDA, cuDNN and cuBLASLt, told as hn_status with a message that names device, call, domain and code.
 *
 * Some CUDA errors stick: the process's context of that device is lost, and every later call fails with the same code, wherever the mistake
 * was made. The first one marks the opened device as broken, so that later failures name the first and not themselves. A code that is
 * told is taken away from CUDA's own "last error" of the thread, which belongs to the host's code too. */
#include <stdio.h>
#include <string.h>

#include "cuda.h"

static bool sticks(cudaError_t code) {
    switch (code) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorContextIsDestroyed:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
        return true;
    default:
        return false;
    }
}

static hn_status status_of(cudaError_t code) {
    switch (code) {
    case cudaErrorMemoryAllocation:
        return HN_E_MEMORY;
    case cudaErrorInitializationError:
    case cudaErrorInsufficientDriver:
    case cudaErrorStubLibrary:
    case cudaErrorDevicesUnavailable:
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice:
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorSystemNotReady:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
        return HN_E_UNAVAILABLE;
    default:
        return HN_E_BACKEND;
    }
}

hn_status hni_cuda_check(hni_cuda_device *device, cudaError_t code, const char *what, hn_error *err) {
    if (code == cudaSuccess)
        return HN_OK;
    cudaGetLastError();
    if (sticks(code) && !device->broken) {
        device->broken = true;
        device->broke = code;
    }
    return hni_fail_code(err, status_of(code), HN_DOMAIN_CUDA, code, "cudnn:%d: %s: CUDA %d %s (%s)%s", device->index, what, (int)code,
                         cudaGetErrorName(code), cudaGetErrorString(code),
                         sticks(code) ? "; nothing more can be done on this device in this process" : "");
}

/* cuDNN and cuBLASLt have no code of their own for a context that is lost: CUDA is asked. */
static void look_for_sticky(hni_cuda_device *device) {
    const cudaError_t code = cudaGetLastError();
    if (sticks(code) && !device->broken) {
        device->broken = true;
        device->broke = code;
    }
}

static hn_status cudnn_status_of(cudnnStatus_t code) {
    switch (code) {
    case CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED:
    case CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED:
        return HN_E_MEMORY;
    case CUDNN_STATUS_NOT_INITIALIZED:
    case CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH:
    case CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED:
    case CUDNN_STATUS_NOT_SUPPORTED_INCOMPATIBLE_CUDA_DRIVER:
    case CUDNN_STATUS_NOT_SUPPORTED_INCOMPATIBLE_CUDART:
    case CUDNN_STATUS_NOT_SUPPORTED_RUNTIME_PREREQUISITE_MISSING:
    case CUDNN_STATUS_NOT_SUPPORTED_SUBLIBRARY_UNAVAILABLE:
        return HN_E_UNAVAILABLE;
    default:
        return CUDNN_STATUS_CATEGORY((int)code) == CUDNN_STATUS_NOT_SUPPORTED ? HN_E_UNSUPPORTED : HN_E_BACKEND;
    }
}

hn_status hni_cuda_check_cudnn(hni_cuda_device *device, cudnnStatus_t code, const char *what, hn_error *err) {
    if (code == CUDNN_STATUS_SUCCESS)
        return HN_OK;
    char more[120] = ""; /* cuDNN's own reason, where it has one */
    cudnnGetLastErrorString(more, sizeof more);
    more[sizeof more - 1] = '\0';
    more[strcspn(more, "\n")] = '\0';
    look_for_sticky(device);
    return hni_fail_code(err, cudnn_status_of(code), HN_DOMAIN_CUDNN, code, "cudnn:%d: %s: cuDNN %d %s%s%s%s", device->index, what, (int)code,
                         cudnnGetErrorString(code), *more ? " (" : "", more, *more ? ")" : "");
}

hn_status hni_cuda_check_lt(hni_cuda_device *device, cublasStatus_t code, const char *what, hn_error *err) {
    if (code == CUBLAS_STATUS_SUCCESS)
        return HN_OK;
    const hn_status status = code == CUBLAS_STATUS_ALLOC_FAILED                                              ? HN_E_MEMORY
                             : code == CUBLAS_STATUS_NOT_INITIALIZED || code == CUBLAS_STATUS_ARCH_MISMATCH ? HN_E_UNAVAILABLE
                             : code == CUBLAS_STATUS_NOT_SUPPORTED                                          ? HN_E_UNSUPPORTED
                                                                                                            : HN_E_BACKEND;
    look_for_sticky(device);
    return hni_fail_code(err, status, HN_DOMAIN_CUBLAS, code, "cudnn:%d: %s: cuBLASLt %d %s (%s)", device->index, what, (int)code,
                         cublasLtGetStatusName(code), cublasLtGetStatusString(code));
}
