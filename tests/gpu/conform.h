/* conform.h - the parts of gpu_conform: is what the device computes right? */
#ifndef TESTS_GPU_CONFORM_H
#define TESTS_GPU_CONFORM_H

#include "gpu.h"

/* How exact a device promises to be, by the words behind its name. Factor and limits are those of docs/backend-guide.md, "Tolerances". */
typedef struct precision {
    const char *name;     /* "float32", "tf32", "bf16" */
    double gradient;      /* largest ‖difference‖ / ‖cpu's‖ of all gradients together, of TinyVGG */
    double deep_gradient; /* … of ResNet-18 */
    double loss;          /* largest relative difference of the loss while training */
} precision;
precision precision_of(const char *device);

void conform_cases(gpu *g);   /* the case list against the reference */
void conform_network(gpu *g); /* gradients and training beside the cpu backend; the same bits twice */
void conform_doubts(gpu *g);  /* what the list has no case for: NaN through ReLU and maximum pooling in every place they may be */

#endif
