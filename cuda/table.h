/* table.h - the slots of the cudnn backend's table, by the files that fill them. Their contracts stand in haemnet/backend.h. */
#ifndef HNI_CUDA_TABLE_H
#define HNI_CUDA_TABLE_H

#include "cuda.h"

/* machine.c: what this machine has, asked without opening anything. */
int32_t hni_cuda_score(void *user);
int32_t hni_cuda_device_count(void *user);
hn_status hni_cuda_device_info(void *user, int32_t index, hn_device_info *out, hn_error *err);
/* For open: HN_OK, or HN_E_UNAVAILABLE or HN_E_NOT_FOUND with the reason. */
hn_status hni_cuda_usable(int32_t index, hn_error *err);

/* device.c */
hn_status hni_cuda_open(void *user, int32_t index, const hn_backend_host *host, void **device, hn_error *err);
void hni_cuda_close(void *device);
hn_status hni_cuda_sync(void *device, hn_error *err);

/* memory.c */
hn_status hni_cuda_alloc(void *device, uint64_t size, void **memory, hn_error *err);
void hni_cuda_free(void *device, void *memory);
hn_status hni_cuda_download(void *device, void *to, hn_buffer from, hn_error *err);
hn_status hni_cuda_copy(void *device, hn_buffer to, hn_buffer from, hn_error *err);
hn_status hni_cuda_fill(void *device, hn_buffer to, uint8_t value, hn_error *err);

/* upload.c */
hn_status hni_cuda_upload(void *device, hn_buffer to, const void *from, hn_error *err);

/* operator.c */
hn_status hni_cuda_supports(void *device, const hn_op_desc *desc, hn_error *err);
hn_status hni_cuda_prepare(void *device, const hn_op_desc *desc, void **op, uint64_t *workspace, hn_error *err);
hn_status hni_cuda_run(void *device, void *op, const hn_op_buffers *buffers, hn_error *err);
void hni_cuda_release(void *device, void *op); /* of recordings too */

/* recording.c */
hn_status hni_cuda_capture_begin(void *device, hn_error *err);
hn_status hni_cuda_capture_end(void *device, void **recording, hn_error *err);
hn_status hni_cuda_replay(void *device, void *recording, hn_error *err);
void hni_cuda_recording_free(hni_cuda_device *device, void *recording);

#endif
