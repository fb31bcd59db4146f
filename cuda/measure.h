/* measure.h - trying ways out for time: see measure.c. */
#ifndef HNI_CUDA_MEASURE_H
#define HNI_CUDA_MEASURE_H

#include "table.h"

enum { HNI_MEASURED = 8 }; /* ways that are tried of one operator, at most */

/* Enqueues one run of way i on the device's queue. HN_E_UNSUPPORTED: it cannot be run, and is out. */
typedef hn_status (*hni_trial)(void *with, int32_t i, hn_error *err);
/* The fastest of ways 0 … n - 1; 0 if none can be run. */
hn_status hni_measure(hni_cuda_device *device, int32_t n, hni_trial try, void *with, int32_t *fastest, hn_error *err);
/* Zeroed device memory to try on. HN_OK with NULL: there is none, so nothing is measured. free: it is large and goes back to CUDA. */
hn_status hni_measure_memory(hni_cuda_device *device, uint64_t size, void **memory, hn_error *err);
void hni_measure_free(hni_cuda_device *device, void *memory);

#endif
