/* cudart.h - between the files of the fake CUDA: cudart.c (devices, memory), streams.c (streams, events, recordings), order.c (who waited for
 * whom). Every function here may be called by any thread. */
#ifndef HAEMNET_TEST_CUDA_CUDART_H
#define HAEMNET_TEST_CUDA_CUDART_H

#include <cuda_runtime_api.h>

#include "fake.h"
#include "machine.h"

/* Begins an entry point; a failure is given back at once. */
#define ENTER()                                         \
    do {                                                \
        const cudaError_t code_ = fake_begin(__func__); \
        if (code_ != cudaSuccess)                       \
            return code_;                               \
    } while (0)

/* cudart.c */
int fake_current(void);                                          /* this thread's device */
cudaError_t fake_begin(const char *name);                        /* counts the call; a code to fail with */
cudaError_t fake_fail_with(cudaError_t code);                    /* … is this thread's last error */
cudaError_t fake_mistaken(const char *what, cudaError_t code);   /* … and a mistake of the caller's */
enum { DEVICE = 1, PINNED = 2 };
int fake_kind_of(const void *ptr, size_t size, int *device);     /* of [ptr, ptr + size): DEVICE, PINNED, or 0 for ordinary memory */

/* Memory that a piece of work reads or writes: [first, end). */
typedef struct fake_access {
    uintptr_t first, end;
    bool writes;
} fake_access;
enum { FAKE_ACCESSES = 24 };
/* What work with this argument may write, as far as one can see: each allocation of the device that a pointer in it points into. */
int fake_touched(const void *arg, size_t size, int device, fake_access *out, int most);

/* streams.c */
cudaError_t fake_not_recording(const char *what); /* a recording of this thread's forbids calls that could wait for a device */
void fake_flush_device(int device);               /* does all work that waits there */

/* order.c: how far into each stream somebody has waited. */
enum { FAKE_STREAMS = 32 };
typedef struct fake_clock {
    uint64_t at[FAKE_STREAMS];
} fake_clock;
int fake_order_stream(void); /* a free place; -1 = none */
void fake_order_end(int place);
void fake_order_join(fake_clock *to, const fake_clock *from);
void fake_order_host(const fake_clock *waited); /* the host has waited for all of that */
/* Work of the stream in `place`, whose clock goes on by one: a mistake if another stream's work on the same memory was not waited for. */
void fake_order_work(int place, fake_clock *clock, const fake_access *accesses, int n);
void fake_order_forget(uintptr_t first, uintptr_t end); /* memory that is gone */

#endif
