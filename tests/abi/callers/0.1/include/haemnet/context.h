/* context.h - what the host lends to the library: memory, threads, a log; and the token that stops long work.
 *
 * Everything else is made from a context. There is no global state: several contexts, and several copies of the library, live in
 * one process. Handles keep alive what they need, so contexts and other handles may be freed in any order. */
#ifndef HAEMNET_CONTEXT_H
#define HAEMNET_CONTEXT_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hn_context hn_context; /* allocator, log, threads, backends */
typedef struct hn_cancel hn_cancel;   /* a flag that one thread or signal handler sets and long calls look at */

/* The host's memory. Every byte of the library comes through it; both functions may be called from any thread. */
typedef struct hn_allocator {
    uint32_t struct_size; /* sizeof(hn_allocator) */
    uint32_t flags;       /* 0 */
    void *user;           /* passed back */
    void *(*alloc)(void *user, size_t size, size_t alignment); /* size in bytes > 0; alignment a power of two ≤ 64; NULL = none left */
    void (*free)(void *user, void *ptr, size_t size, size_t alignment); /* the values that alloc was called with; ptr is never NULL */
} hn_allocator;

/* Log levels. */
enum { HN_LOG_OFF = 0, HN_LOG_ERROR = 1, HN_LOG_WARNING = 2, HN_LOG_INFO = 3, HN_LOG_DEBUG = 4 };

/* Receives one message (UTF-8, no newline, valid during the call). May be called from any thread of the library; must not call
 * back into the library. Messages name files but hold no pixel and no patient data. */
typedef void (*hn_log_fn)(void *user, int32_t level, const char *component, const char *message);

/* Runs task(arg, 0) … task(arg, count - 1), in any order and on any threads, and returns when all are done. */
typedef void (*hn_parallel_for_fn)(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg);

typedef struct hn_context_options {
    uint32_t struct_size;            /* sizeof(hn_context_options) */
    int32_t threads;                 /* threads to compute with, the caller's included; 0 = one per core; ignored with parallel_for */
    const hn_allocator *allocator;   /* copied; NULL = malloc and free */
    hn_log_fn log;                   /* NULL = silent */
    void *log_user;                  /* passed to log */
    hn_parallel_for_fn parallel_for; /* the host's own threads; NULL = a pool of the library's, joined when the context goes */
    void *parallel_user;             /* passed to parallel_for */
    const char *plugin_dir;          /* absolute path of the folder with backend plug-ins; NULL = the compiled-in one; "" = none; copied */
    int32_t log_level;               /* HN_LOG_…; 0 = HN_LOG_WARNING */
    int32_t parallel_width;          /* how many threads parallel_for uses, a hint for cutting work; 0 = one per core */
} hn_context_options;

/* What a context's memory looks like now, in bytes. */
typedef struct hn_memory_info {
    uint32_t struct_size;    /* in: sizeof(hn_memory_info) */
    uint32_t flags;          /* 0 */
    uint64_t live_bytes;     /* asked for and not yet freed */
    uint64_t peak_bytes;     /* the most that live_bytes has been */
    uint64_t allocations;    /* calls of alloc that gave memory, so far */
    uint64_t live_blocks;    /* blocks not yet freed */
} hn_memory_info;

/* Makes a context.
 *   options  copied; NULL = all defaults
 *   out      receives the handle; free it with hn_context_free
 * Errors:  HN_E_ARGUMENT, HN_E_ABI (struct_size), HN_E_MEMORY, HN_E_LIMIT (threads over 1024), HN_E_IO (a thread could not start).
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_context_create(const hn_context_options *options, hn_context **out, hn_error *err);

/* Gives the handle back. What was made from it stays usable until it is freed in turn. NULL is allowed.
 * Errors:  none.
 * Thread:  any; nothing else may use this handle any more.
 * Since:   0.1 */
HN_API void hn_context_free(hn_context *context);

/* The bytes that this context holds.
 *   out      filled; set out->struct_size before
 * Errors:  HN_E_ARGUMENT, HN_E_ABI.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_context_memory(hn_context *context, hn_memory_info *out, hn_error *err);

/* Makes a cancel token, not triggered. Calls that take one look at it at least once a batch.
 *   out      receives the handle; free it with hn_cancel_free
 * Errors:  HN_E_ARGUMENT, HN_E_MEMORY.
 * Thread:  any.
 * Since:   0.1 */
HN_API hn_status hn_cancel_create(hn_context *context, hn_cancel **out, hn_error *err);

/* Asks every call that was given this token to stop with HN_E_CANCELLED; what is done so far is kept. NULL is allowed.
 * Errors:  none.
 * Thread:  signal (any thread, and safe in a signal handler).
 * Since:   0.1 */
HN_API void hn_cancel_trigger(hn_cancel *cancel);

/* 1 if the token was triggered, else 0; 0 for NULL.
 * Errors:  none.
 * Thread:  signal (any thread, and safe in a signal handler).
 * Since:   0.1 */
HN_API int32_t hn_cancel_triggered(const hn_cancel *cancel);

/* Makes the token fresh again. NULL is allowed.
 * Errors:  none.
 * Thread:  signal (any thread, and safe in a signal handler).
 * Since:   0.1 */
HN_API void hn_cancel_reset(hn_cancel *cancel);

/* Gives the handle back; objects that were given the token keep it alive. NULL is allowed.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API void hn_cancel_free(hn_cancel *cancel);

#ifdef __cplusplus
}
#endif
#endif
