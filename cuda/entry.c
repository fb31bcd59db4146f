/* entry.c - the table of the cudnn backend, and the one symbol that the plug-in exports. No code beyond that: table.h says where the slots are. */
#include "table.h"

__attribute__((visibility("default"))) const hn_backend *hn_backend_entry(uint32_t host_version);

const hn_backend *hn_backend_entry(uint32_t host_version) {
    static const hn_backend table = {
        .struct_size = sizeof(hn_backend),
        .abi_version = HN_BACKEND_ABI_VERSION,
        .min_abi_version = 1,
        .name = "cudnn",
        .score = hni_cuda_score,
        .device_count = hni_cuda_device_count,
        .device_info = hni_cuda_device_info,
        .open = hni_cuda_open,
        .close = hni_cuda_close,
        .sync = hni_cuda_sync,
        .alloc = hni_cuda_alloc,
        .free = hni_cuda_free,
        .upload = hni_cuda_upload,
        .download = hni_cuda_download,
        .copy = hni_cuda_copy,
        .fill = hni_cuda_fill,
        .supports = hni_cuda_supports,
        .prepare = hni_cuda_prepare,
        .run = hni_cuda_run,
        .release = hni_cuda_release,
        .capture_begin = hni_cuda_capture_begin,
        .capture_end = hni_cuda_capture_end,
        .replay = hni_cuda_replay,
    };
    return host_version >= 1 ? &table : NULL;
}
