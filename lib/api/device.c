/* device.c - the exported functions of haemnet/device.h: checks of the caller's arguments, then inward to lib/backend.
 *
 * No logic of its own. Results are filled over the fields that this library knows; struct_size stays what the caller set. */
#include "haemnet/device.h"

#include "../backend/backend.h"
#include "../base/status.h"

hn_status hn_backend_load(hn_context *context, const char *path, hn_error *err) {
    if (!context || !path)
        return hni_fail(err, HN_E_ARGUMENT, "hn_backend_load: %s is NULL", context ? "path" : "context");
    return hni_registry_load(context, path, err);
}

hn_status hn_backend_register(hn_context *context, const hn_backend *backend, hn_error *err) {
    if (!context || !backend)
        return hni_fail(err, HN_E_ARGUMENT, "hn_backend_register: %s is NULL", context ? "backend" : "context");
    return hni_registry_add(context, backend, err);
}

hn_status hn_device_count(hn_context *context, int32_t *out, hn_error *err) {
    if (!context || !out)
        return hni_fail(err, HN_E_ARGUMENT, "hn_device_count: %s is NULL", context ? "out" : "context");
    return hni_registry_count(context, out, err);
}

hn_status hn_device_get(hn_context *context, int32_t device, hn_device_info *out, hn_error *err) {
    static const uint32_t sizes[] = {sizeof(hn_device_info)};
    if (!context || !out)
        return hni_fail(err, HN_E_ARGUMENT, "hn_device_get: %s is NULL", context ? "out" : "context");
    hn_status status = hni_check_struct(out, "hn_device_info", sizes, 1, err);
    hn_device_info info;
    if (status == HN_OK)
        status = hni_registry_info(context, device, &info, err);
    if (status == HN_OK) {
        info.struct_size = out->struct_size;
        *out = info;
    }
    return status;
}

hn_status hn_device_find(hn_context *context, const char *spec, int32_t *out, hn_error *err) {
    if (!context || !out)
        return hni_fail(err, HN_E_ARGUMENT, "hn_device_find: %s is NULL", context ? "out" : "context");
    return hni_registry_find(context, spec, out, err);
}

hn_status hn_device_selftest(hn_context *context, int32_t device, hn_selftest_report *report, hn_error *err) {
    static const uint32_t sizes[] = {sizeof(hn_selftest_report)};
    if (!context)
        return hni_fail(err, HN_E_ARGUMENT, "hn_device_selftest: context is NULL");
    const hn_status status = report ? hni_check_struct(report, "hn_selftest_report", sizes, 1, err) : HN_OK;
    return status == HN_OK ? hni_selftest(context, device, report, err) : status;
}
