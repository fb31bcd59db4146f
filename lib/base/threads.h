/* threads.h - parallel_for over the host's threads or our own pool.
 *
 * Work is cut by the caller into tasks that do not depend on the number of threads, so results are the same for any width. A call
 * from inside a task, or while another thread is using the pool, runs the tasks right there: never a deadlock, never a wait. */
#ifndef HNI_BASE_THREADS_H
#define HNI_BASE_THREADS_H

#include "context.h"

void hni_parallel_for(hn_context *ctx, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg);

struct hni_pool;
hn_status hni_pool_create(hn_context *ctx, int32_t threads, struct hni_pool **out, hn_error *err); /* threads - 1 are started */
void hni_pool_free(hn_context *ctx, struct hni_pool *pool);                                      /* joins them */

#endif
