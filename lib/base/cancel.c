/* cancel.c - the counted inside of a cancel token, and the question that long work asks.
 *
 * Setting the flag is one lock-free store (in lib/api/context.c), because it happens in signal handlers; nothing here may be called
 * from one. */
#include "context.h"
#include "memory.h"
#include "status.h"

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a cancel token is set from signal handlers");

hn_cancel *hni_cancel_ref(hn_cancel *cancel) {
    if (cancel)
        atomic_fetch_add(&cancel->refs, 1);
    return cancel;
}

void hni_cancel_unref(hn_cancel *cancel) {
    if (!cancel || atomic_fetch_sub(&cancel->refs, 1) != 1)
        return;
    hn_context *ctx = cancel->ctx;
    hni_free(ctx, cancel);
    hni_context_unref(ctx);
}

hn_status hni_cancel_check(const hn_cancel *cancel, hn_error *err) {
    if (cancel && atomic_load(&cancel->triggered))
        return hni_fail(err, HN_E_CANCELLED, "stopped: the caller's cancel token was triggered");
    return HN_OK;
}
