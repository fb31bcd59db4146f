/* handles.c - handles, versions and texts of cuDNN and cuBLASLt: what opening a device needs of them. Weak, so that fakes that bring more of
 * these libraries may bring these too. */
#include <cublasLt.h>
#include <cudnn_graph.h>
#include <stdlib.h>

#include "machine.h"

#define WEAK __attribute__((weak))

struct cudnnContext {
    cudaStream_t stream;
};

WEAK size_t cudnnGetVersion(void) {
    return fake_cudnn_found();
}

WEAK cudnnStatus_t cudnnCreate(cudnnHandle_t *out) {
    const int code = fake_enter(FAKE_CUDNN, __func__);
    *out = NULL;
    if (code)
        return (cudnnStatus_t)code;
    *out = calloc(1, sizeof **out);
    if (!*out)
        return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    fake_made(FAKE_CUDNN, 1);
    return CUDNN_STATUS_SUCCESS;
}

WEAK cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
    const int code = fake_enter(FAKE_CUDNN, __func__);
    free(handle);
    fake_made(FAKE_CUDNN, -1);
    return (cudnnStatus_t)code;
}

WEAK cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    const int code = fake_enter(FAKE_CUDNN, __func__);
    if (code)
        return (cudnnStatus_t)code;
    if (!handle || !fake_is_stream(stream))
        return (cudnnStatus_t)fake_wrong("cudnnSetStream: handle or stream", CUDNN_STATUS_BAD_PARAM);
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

WEAK cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t *stream) {
    *stream = handle->stream;
    return CUDNN_STATUS_SUCCESS;
}

WEAK const char *cudnnGetErrorString(cudnnStatus_t code) {
    return code == CUDNN_STATUS_NOT_SUPPORTED         ? "CUDNN_STATUS_NOT_SUPPORTED"
           : code == CUDNN_STATUS_NOT_INITIALIZED     ? "CUDNN_STATUS_NOT_INITIALIZED"
           : code == CUDNN_STATUS_EXECUTION_FAILED    ? "CUDNN_STATUS_EXECUTION_FAILED"
           : code == CUDNN_STATUS_BAD_PARAM           ? "CUDNN_STATUS_BAD_PARAM"
                                                      : "CUDNN_STATUS_OTHER";
}

WEAK void cudnnGetLastErrorString(char *message, size_t size) {
    if (size > 0)
        message[0] = '\0';
}

WEAK cublasStatus_t cublasLtCreate(cublasLtHandle_t *out) {
    const int code = fake_enter(FAKE_CUBLASLT, __func__);
    *out = NULL;
    if (code)
        return (cublasStatus_t)code;
    *out = malloc(1);
    if (!*out)
        return CUBLAS_STATUS_ALLOC_FAILED;
    fake_made(FAKE_CUBLASLT, 1);
    return CUBLAS_STATUS_SUCCESS;
}

WEAK cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
    const int code = fake_enter(FAKE_CUBLASLT, __func__);
    free(handle);
    fake_made(FAKE_CUBLASLT, -1);
    return (cublasStatus_t)code;
}

WEAK const char *cublasLtGetStatusName(cublasStatus_t code) {
    return code == CUBLAS_STATUS_ALLOC_FAILED ? "CUBLAS_STATUS_ALLOC_FAILED" : "CUBLAS_STATUS_OTHER";
}

WEAK const char *cublasLtGetStatusString(cublasStatus_t code) {
    return code == CUBLAS_STATUS_ALLOC_FAILED ? "the library could not get memory" : "the fake's text";
}
