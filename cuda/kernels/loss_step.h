/* loss_step.h - what the kernels of both losses take, and the columns of stats. */
#ifndef HNI_CUDA_KERNELS_LOSS_STEP_H
#define HNI_CUDA_KERNELS_LOSS_STEP_H

#include "sum.h"

enum { HNI_STAT_LOSS = 0, HNI_STAT_WEIGHT = 1, HNI_STAT_RIGHT = 2, HNI_STAT_COUNT = 3 };

typedef struct hni_loss_step {
    hni_loss_args loss;
    hni_sum_rest rest; /* the sums, in the order in which the lanes wrote them */
    double *partial;
} hni_loss_step;

#endif
