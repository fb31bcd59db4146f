/* context.h - the inside of hn_context: what every other object keeps a reference to. */
#ifndef HNI_BASE_CONTEXT_H
#define HNI_BASE_CONTEXT_H

#include <stdatomic.h>

#include "haemnet/context.h"
#include "os.h" /* defines: hni_mutex */

struct hni_pool;

struct hn_context {
    atomic_int refs;
    hn_allocator allocator; /* the host's or malloc */
    atomic_uint_fast64_t live_bytes, peak_bytes, allocations, live_blocks;
    hn_log_fn log;
    void *log_user;
    int32_t log_level;
    int32_t threads; /* width of parallel work, ≥ 1 */
    hn_parallel_for_fn parallel_for; /* the host's, or NULL */
    void *parallel_user;
    struct hni_pool *pool; /* ours, or NULL with the host's or with one thread */
    char *plugin_dir;      /* NULL = compiled-in, "" = none */
    /* Owned by lib/backend, which is a layer above: created and freed through these. */
    void *registry;
    void (*registry_free)(hn_context *ctx, void *registry);
};

hn_status hni_context_create(const hn_context_options *options, hn_context **out, hn_error *err);
hn_context *hni_context_ref(hn_context *ctx);
void hni_context_unref(hn_context *ctx);

struct hn_cancel {
    atomic_int refs;
    atomic_int triggered; /* lock-free: set from signal handlers */
    hn_context *ctx;
};
hn_cancel *hni_cancel_ref(hn_cancel *cancel); /* NULL gives NULL */
void hni_cancel_unref(hn_cancel *cancel);
/* HN_E_CANCELLED if triggered. cancel may be NULL. */
hn_status hni_cancel_check(const hn_cancel *cancel, hn_error *err);

#endif
