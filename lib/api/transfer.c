/* transfer.c - the public calls of transfer.h. */
#include "model/transfer.h"

#include "base/files.h"
#include "base/memory.h"
#include "structs.h"

#define MAX_FILE_BYTES ((uint64_t)HNI_MAX_WEIGHTS * 8 + (32u << 20)) /* float64, and room for the header */

hn_status hn_transfer_create(hn_context *context, const char *path, const char *preset, const hn_model_options *options, hn_transfer **out,
                             hn_error *err) {
    hn_model_options o;
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_transfer_create: out is NULL");
    *out = NULL;
    if (!context || !path || !preset) return hni_fail(err, HN_E_ARGUMENT, "hn_transfer_create: context, path or preset is NULL");
    hn_status status = options ? HNI_CHECK(options, hn_model_options, err) : HN_OK;
    if (status) return status;
    hni_take(&o, sizeof o, options);
    status = hni_file_read(context, path, MAX_FILE_BYTES, &bytes, &size, err);
    if (status) return status;
    status = hni_transfer_create(context, bytes, size, preset, &o, out, err);
    if (status) hni_error_prefix(err, "%s", path);
    return status;
}

hn_status hn_transfer_model(hn_transfer *transfer, int32_t flags, hn_model **out, hn_error *err) {
    if (!out) return hni_fail(err, HN_E_ARGUMENT, "hn_transfer_model: out is NULL");
    *out = NULL;
    if (!transfer) return hni_fail(err, HN_E_ARGUMENT, "hn_transfer_model: transfer is NULL");
    if (flags & ~HN_TRANSFER_PARTIAL) return hni_fail(err, HN_E_ARGUMENT, "hn_transfer_model: flags %d are not known", flags);
    return hni_transfer_model(transfer, flags, out, err);
}

hn_status hn_transfer_get_info(const hn_transfer *transfer, hn_transfer_info *out, hn_error *err) {
    hn_transfer_info info = {0};
    if (!transfer) return hni_fail(err, HN_E_ARGUMENT, "hn_transfer_get_info: transfer is NULL");
    const hn_status status = HNI_CHECK(out, hn_transfer_info, err);
    if (status) return status;
    const int32_t *count = transfer->count;
    info.n_lines = transfer->n_lines;
    info.taken = count[HN_TENSOR_TAKEN], info.converted = count[HN_TENSOR_CONVERTED], info.adapted = count[HN_TENSOR_ADAPTED];
    info.new_head = count[HN_TENSOR_NEW_HEAD], info.ignored = count[HN_TENSOR_IGNORED], info.missing = count[HN_TENSOR_MISSING];
    info.mismatch = count[HN_TENSOR_MISMATCH], info.unexpected = count[HN_TENSOR_UNEXPECTED];
    hni_give(out, &info, sizeof info);
    return HN_OK;
}

hn_status hn_transfer_get_line(const hn_transfer *transfer, int32_t index, hn_transfer_line *out, hn_error *err) {
    if (!transfer) return hni_fail(err, HN_E_ARGUMENT, "hn_transfer_get_line: transfer is NULL");
    const hn_status status = HNI_CHECK(out, hn_transfer_line, err);
    if (status) return status;
    if (index < 0 || index >= transfer->n_lines)
        return hni_fail(err, HN_E_NOT_FOUND, "tensor %d of a transfer: there are %d", index, transfer->n_lines);
    hni_give(out, &transfer->lines[index], sizeof *out);
    return HN_OK;
}

void hn_transfer_free(hn_transfer *transfer) { hni_transfer_free(transfer); }
