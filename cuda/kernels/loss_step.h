/* loss_step.h - what the kernels of both losses share: their arguments, the columns of stats, and a share's weight. */
#ifndef HNI_CUDA_KERNELS_LOSS_STEP_H
#define HNI_CUDA_KERNELS_LOSS_STEP_H

#include "sum.h"

enum { HNI_STAT_LOSS = 0, HNI_STAT_WEIGHT = 1, HNI_STAT_RIGHT = 2, HNI_STAT_COUNT = 3 };

typedef struct hni_loss_step {
    hni_loss_args loss;
    hni_sum_rest rest; /* the sums, in the order in which the lanes wrote them */
    double *partial;
} hni_loss_step;

/* A share of 0 costs nothing, be x infinite. */
HNI_DEVICE double hni_weigh(double share, double x) {
    return share == 0.0 ? 0.0 : share * x;
}

#endif
