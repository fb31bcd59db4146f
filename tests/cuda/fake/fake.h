/* fake.h - the machine that the fakes of CUDA, cuDNN and cuBLASLt play: how many devices, which driver, what fails and when; and what the
 * fakes share. Needs no CUDA header, so that a test can use it too. A stream is a cudaStream_t, a code the library's own.
 *
 *   cudart.c   CUDA's runtime: devices, memory; streams.c: streams, events, graphs; order.c: streams that should have waited
 *   handles.c  the handles of cuDNN and cuBLASLt and their texts (weak: whole fakes of them may bring their own)
 *
 * Everything runs on the CPU. Device memory is host memory in a table: every pointer given to a fake is looked up there. Work enters a stream
 * by fake_enqueue: it is done at once, or when somebody waits (fake_lazy), or kept in the graph that is being captured. */
#ifndef HAEMNET_TEST_CUDA_FAKE_H
#define HAEMNET_TEST_CUDA_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { FAKE_CUDA = 0, FAKE_CUDNN = 1, FAKE_CUBLASLT = 2, FAKE_KINDS = 3 };
enum { FAKE_MAX_DEVICES = 4 };

/* ---- For tests ---- */

void fake_reset(void); /* one device, compute capability 9.0, driver 13000, fitting cuDNN; nothing fails, nothing lazy, counts 0 */
void fake_machine(int devices);           /* 0 … FAKE_MAX_DEVICES; -1 = no driver, -2 = a driver that is too old (12020) */
void fake_capability(int device, int ten_times);
void fake_memory(uint64_t bytes);         /* of each device; 0 = no limit */
void fake_cudnn_version(size_t version);
void fake_lazy(bool on);                  /* work waits in its stream until somebody waits for it */

/* The n-th call of this kind from now (n from 1) fails with this code; 0 = none. A sticky CUDA code then fails every later call there. */
void fake_fail(int kind, long n, int code);
long fake_calls(int kind); /* calls that may fail, since fake_reset */
long fake_calls_of(const char *name); /* calls of one entry point, such as "cudaMalloc", since fake_reset */
long fake_live(int kind);  /* objects that were made and not ended; of FAKE_CUDA: memory, streams, events, graphs */
long fake_mistakes(void);  /* wrong pointers, streams, sizes that CUDA itself may not have noticed; each is a bug of the caller's */
const char *fake_mistake(void); /* the last one, "" = none */

/* ---- For the other fakes and for kernels that are compiled for the host ---- */

/* Begins every fallible entry point: counts it, and gives the code to fail with, or 0. */
int fake_enter(int kind, const char *name);
int fake_step(const char *name); /* the same for calls of CUDA that are faked elsewhere, on this thread's device: 0 or a cudaError_t */
void fake_made(int kind, int change); /* +1, -1: what fake_live counts */
int fake_wrong(const char *what, int code); /* notes a mistake; gives code */
size_t fake_cudnn_found(void);

/* Whether all of [ptr, ptr + size) is one allocation of the device that the stream belongs to; size 0: whether ptr is in one. */
bool fake_is_device(void *stream, const void *ptr, size_t size);
bool fake_is_stream(void *stream); /* alive, and of this thread's current device */

/* Puts fn(copy of arg) into the stream. 0 or a cudaError_t. The copy has `size` bytes and lives as long as the graph it may be in. */
int fake_enqueue(void *stream, void (*fn)(void *arg), const void *arg, size_t size);
void fake_spend(void *stream, double ms); /* the work in a stream takes so much longer, for events that take the time */

#ifdef __cplusplus
}
#endif
#endif
