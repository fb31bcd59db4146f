/* context.c - making and ending a context: allocator, log, threads.
 *
 * The context is itself memory of the host's, taken and returned straight through the host's functions, since no context exists
 * then to count it; it is the first block in its own books. It lives as long as any object made from it. What lib/backend hangs
 * into it is freed through a pointer, because that room lies above this one. */
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "memory.h"
#include "status.h"
#include "threads.h"

enum { MAX_THREADS = 1024 };

static const uint32_t OPTIONS_SIZES[] = {sizeof(hn_context_options)};
static const uint32_t ALLOCATOR_SIZES[] = {sizeof(hn_allocator)};

static void *malloc_alloc(void *user, size_t size, size_t alignment) {
    (void)user;
    void *ptr = NULL;
    if (alignment <= _Alignof(max_align_t))
        return malloc(size);
    return posix_memalign(&ptr, alignment, size) == 0 ? ptr : NULL;
}

static void malloc_free(void *user, void *ptr, size_t size, size_t alignment) {
    (void)user;
    (void)size;
    (void)alignment;
    free(ptr);
}

static hn_status check_allocator(const hn_allocator *allocator, hn_error *err) {
    const hn_status status = hni_check_struct(allocator, "hn_allocator", ALLOCATOR_SIZES, 1, err);
    if (status)
        return status;
    if (allocator->flags != 0)
        return hni_fail(err, HN_E_ARGUMENT, "hn_allocator.flags is %u: no flags are defined, set it to 0", (unsigned)allocator->flags);
    if (!allocator->alloc || !allocator->free)
        return hni_fail(err, HN_E_ARGUMENT, "hn_allocator.%s is NULL: give both functions, or no allocator for malloc and free",
                        allocator->alloc ? "free" : "alloc");
    return HN_OK;
}

static hn_status check_count(const char *field, int32_t value, hn_error *err) {
    if (value < 0)
        return hni_fail(err, HN_E_ARGUMENT, "hn_context_options.%s is %d: use 0 for one per core, or a positive number", field, (int)value);
    if (value > MAX_THREADS)
        return hni_fail(err, HN_E_LIMIT, "hn_context_options.%s is %d, the limit is %d", field, (int)value, MAX_THREADS);
    return HN_OK;
}

static hn_status check_options(const hn_context_options *options, hn_error *err) {
    hn_status status = check_count("threads", options->threads, err);
    if (!status)
        status = check_count("parallel_width", options->parallel_width, err);
    if (!status && options->allocator)
        status = check_allocator(options->allocator, err);
    if (status)
        return status;
    if (options->log_level < 0 || options->log_level > HN_LOG_DEBUG)
        return hni_fail(err, HN_E_ARGUMENT, "hn_context_options.log_level is %d: use HN_LOG_ERROR (1) … HN_LOG_DEBUG (4), or 0",
                        (int)options->log_level);
    const char *dir = options->plugin_dir;
    if (dir && dir[0] && dir[0] != '/')
        return hni_fail(err, HN_E_ARGUMENT, "hn_context_options.plugin_dir is %s: give an absolute path, or \"\" for no plug-ins", dir);
    return HN_OK;
}

/* Takes the context from its own allocator, everything in it zero or set from the options. */
static hn_context *take_context(const hn_context_options *options) {
    hn_allocator allocator = {sizeof(hn_allocator), 0, NULL, malloc_alloc, malloc_free};
    if (options->allocator)
        memcpy(&allocator, options->allocator, sizeof allocator); /* a longer one ends in zeros: checked */
    hn_context *ctx = allocator.alloc(allocator.user, sizeof *ctx, HNI_ALIGN);
    if (!ctx)
        return NULL;
    memset(ctx, 0, sizeof *ctx);
    atomic_init(&ctx->refs, 1);
    atomic_init(&ctx->live_bytes, sizeof *ctx);
    atomic_init(&ctx->peak_bytes, sizeof *ctx);
    atomic_init(&ctx->allocations, 1);
    atomic_init(&ctx->live_blocks, 1);
    ctx->allocator = allocator;
    ctx->log = options->log;
    ctx->log_user = options->log_user;
    ctx->log_level = options->log_level ? options->log_level : HN_LOG_WARNING;
    ctx->parallel_for = options->parallel_for;
    ctx->parallel_user = options->parallel_user;
    return ctx;
}

static int32_t width_of(const hn_context_options *options) {
    const int32_t asked = options->parallel_for ? options->parallel_width : options->threads;
    const int cores = asked ? asked : hni_core_count();
    return cores < MAX_THREADS ? cores : MAX_THREADS;
}

hn_status hni_context_create(const hn_context_options *options, hn_context **out, hn_error *err) {
    *out = NULL;
    hn_context_options o = {.struct_size = sizeof o};
    if (options) {
        hn_status status = hni_check_struct(options, "hn_context_options", OPTIONS_SIZES, 1, err);
        if (status)
            return status;
        memcpy(&o, options, sizeof o);
        status = check_options(&o, err);
        if (status)
            return status;
    }
    hn_context *ctx = take_context(&o);
    if (!ctx)
        return hni_fail_memory(err, sizeof *ctx, "a context");
    ctx->threads = width_of(&o);

    hn_status status = HN_OK;
    if (o.plugin_dir && !(ctx->plugin_dir = hni_strdup(ctx, o.plugin_dir)))
        status = hni_fail_memory(err, strlen(o.plugin_dir) + 1, "the plug-in folder's name");
    if (!status && !ctx->parallel_for && ctx->threads > 1)
        status = hni_pool_create(ctx, ctx->threads, &ctx->pool, err);
    if (status) {
        hni_context_unref(ctx);
        return status;
    }
    *out = ctx;
    return HN_OK;
}

hn_context *hni_context_ref(hn_context *ctx) {
    if (ctx)
        atomic_fetch_add(&ctx->refs, 1);
    return ctx;
}

void hni_context_unref(hn_context *ctx) {
    if (!ctx || atomic_fetch_sub(&ctx->refs, 1) != 1)
        return;
    if (ctx->registry_free) /* first: backends may still use threads and memory while they close */
        ctx->registry_free(ctx, ctx->registry);
    hni_pool_free(ctx, ctx->pool);
    hni_free(ctx, ctx->plugin_dir);
    const hn_allocator allocator = ctx->allocator; /* ctx is gone once free returns */
    allocator.free(allocator.user, ctx, sizeof *ctx, HNI_ALIGN);
}
