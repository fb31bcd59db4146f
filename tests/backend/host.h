/* host.h - a host for a backend's table without the library around it: memory, and three ways to run parallel work. With run_op an
 * operator runs on plain arrays. */
#ifndef HAEMNET_TEST_BACKEND_HOST_H
#define HAEMNET_TEST_BACKEND_HOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "op/op.h"

static inline void *host_alloc(void *user, size_t size) {
    (void)user;
    return aligned_alloc(64, (size + 63) / 64 * 64 + 64);
}

static inline void host_free(void *user, void *ptr) {
    (void)user;
    free(ptr);
}

static inline void host_log(void *user, int32_t level, const char *message) {
    (void)user;
    (void)level;
    (void)message;
}

static inline void run_forwards(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    (void)user;
    for (uint32_t i = 0; i < count; i++)
        task(arg, i);
}

static inline void run_backwards(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    (void)user;
    for (uint32_t i = count; i-- > 0;)
        task(arg, i);
}

enum { HOST_THREADS = 3 };
typedef struct host_share {
    void (*task)(void *arg, uint32_t index);
    void *arg;
    uint32_t first, count;
} host_share;

static inline void *run_share(void *arg) {
    const host_share *s = (const host_share *)arg;
    for (uint32_t i = s->first; i < s->count; i += HOST_THREADS)
        s->task(s->arg, i);
    return NULL;
}

static inline void run_threads(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg) {
    (void)user;
    pthread_t threads[HOST_THREADS];
    host_share shares[HOST_THREADS];
    bool started[HOST_THREADS];
    for (uint32_t t = 0; t < HOST_THREADS; t++) {
        shares[t] = (host_share){task, arg, t, count};
        started[t] = pthread_create(&threads[t], NULL, run_share, &shares[t]) == 0;
        if (!started[t])
            run_share(&shares[t]);
    }
    for (uint32_t t = 0; t < HOST_THREADS; t++)
        if (started[t])
            pthread_join(threads[t], NULL);
}

typedef void (*host_parallel)(void *user, uint32_t count, void (*task)(void *arg, uint32_t index), void *arg);

static inline hn_backend_host host_make(host_parallel parallel) {
    return (hn_backend_host){.struct_size = sizeof(hn_backend_host), .abi_version = HN_BACKEND_ABI_VERSION, .alloc = host_alloc,
                             .free = host_free, .log = host_log, .parallel_for = parallel, .threads = 1};
}

/* Runs desc on the reference backend: in and out are arrays of the sizes that desc says, NULL where a tensor is left out. */
static inline hn_status run_op(host_parallel parallel, const hn_op_desc *desc, void *const *in, void *const *out, hn_error *err) {
    const hn_backend *b = hni_reference_backend();
    const hn_backend_host host = host_make(parallel);
    hn_buffer in_buffers[HN_OP_MAX_TENSORS] = {{0}}, out_buffers[HN_OP_MAX_TENSORS] = {{0}};
    void *device = NULL, *op = NULL;
    uint64_t workspace = 0;
    hn_status status = b->open(b->user, 0, &host, &device, err);
    if (status != HN_OK)
        return status;
    status = b->prepare(device, desc, &op, &workspace, err);
    if (status != HN_OK)
        goto done;
    for (int i = 0; i < desc->n_in; i++)
        if (desc->in[i].rank && in[i]) /* what is left out need not have a place in the array */
            in_buffers[i] = (hn_buffer){in[i], 0, (uint64_t)hni_tensor_bytes(&desc->in[i])};
    for (int i = 0; i < desc->n_out; i++)
        if (desc->out[i].rank && out[i])
            out_buffers[i] = (hn_buffer){out[i], 0, (uint64_t)hni_tensor_bytes(&desc->out[i])};
    const hn_op_buffers buffers = {.struct_size = sizeof buffers, .in = in_buffers, .out = out_buffers};
    status = b->run(device, op, &buffers, err);
done:
    if (op)
        b->release(device, op);
    b->close(device);
    return status;
}

#endif
