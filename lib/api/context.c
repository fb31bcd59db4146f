/* context.c - the exported functions of include/haemnet/context.h: contexts, their memory figures, cancel tokens.
 *
 * Checks arguments and calls lib/base. The three functions that a signal handler may call are one atomic operation each. */
#include "backend/backend.h" /* defines: hni_registry_create, the built-in tables */
#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"

static const uint32_t MEMORY_INFO_SIZES[] = {sizeof(hn_memory_info)};

HN_API hn_status hn_context_create(const hn_context_options *options, hn_context **out, hn_error *err) {
    if (!out)
        return hni_fail(err, HN_E_ARGUMENT, "hn_context_create: out is NULL: give the address of a hn_context pointer");
    *out = NULL;
    /* The rooms below know no backend by name: here they get theirs, the oracle first. */
    const hn_backend *const builtin[] = {hni_reference_backend(), hni_cpu_backend()};
    hn_context *ctx = NULL;
    hn_status status = hni_context_create(options, &ctx, err);
    if (!status)
        status = hni_registry_create(ctx, builtin, (int32_t)(sizeof builtin / sizeof *builtin), err);
    if (status)
        hni_context_unref(ctx);
    else
        *out = ctx;
    return status;
}

HN_API void hn_context_free(hn_context *context) {
    hni_context_unref(context);
}

HN_API hn_status hn_context_memory(hn_context *context, hn_memory_info *out, hn_error *err) {
    if (!context)
        return hni_fail(err, HN_E_ARGUMENT, "hn_context_memory: context is NULL");
    const hn_status status = hni_check_struct(out, "hn_memory_info", MEMORY_INFO_SIZES, 1, err);
    if (status)
        return status;
    out->flags = 0;
    out->live_bytes = atomic_load(&context->live_bytes);
    out->peak_bytes = atomic_load(&context->peak_bytes);
    out->allocations = atomic_load(&context->allocations);
    out->live_blocks = atomic_load(&context->live_blocks);
    return HN_OK;
}

HN_API hn_status hn_cancel_create(hn_context *context, hn_cancel **out, hn_error *err) {
    if (!out)
        return hni_fail(err, HN_E_ARGUMENT, "hn_cancel_create: out is NULL: give the address of a hn_cancel pointer");
    *out = NULL;
    if (!context)
        return hni_fail(err, HN_E_ARGUMENT, "hn_cancel_create: context is NULL");
    hn_cancel *cancel = hni_alloc(context, sizeof *cancel);
    if (!cancel)
        return hni_fail_memory(err, sizeof *cancel, "a cancel token");
    atomic_init(&cancel->refs, 1);
    atomic_init(&cancel->triggered, 0);
    cancel->ctx = hni_context_ref(context);
    *out = cancel;
    return HN_OK;
}

HN_API void hn_cancel_trigger(hn_cancel *cancel) {
    if (cancel)
        atomic_store(&cancel->triggered, 1);
}

HN_API int32_t hn_cancel_triggered(const hn_cancel *cancel) {
    return cancel && atomic_load(&cancel->triggered) ? 1 : 0;
}

HN_API void hn_cancel_reset(hn_cancel *cancel) {
    if (cancel)
        atomic_store(&cancel->triggered, 0);
}

HN_API void hn_cancel_free(hn_cancel *cancel) {
    hni_cancel_unref(cancel);
}
