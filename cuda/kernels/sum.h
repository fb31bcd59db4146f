/* sum.h - the two ends of a reduction, for kernels: where a term lies, and what the folded parts add up to. sum.cu is between. */
#ifndef HNI_CUDA_KERNELS_SUM_H
#define HNI_CUDA_KERNELS_SUM_H

#include "launch.h"

/* Offset in x of term j of sum o. */
HNI_DEVICE int64_t hni_sum_at(const hni_sum_layout *s, int64_t o, int64_t j) {
    const int64_t row = hni_divide(j, s->inner);
    return row * s->outer + o * s->step + (j - row * s->inner);
}

HNI_DEVICE double hni_sum_total(hni_sum_rest rest, int64_t o) {
    double sum = 0.0;
    for (int64_t i = 0; i < rest.width; i++)
        sum += rest.at[o * rest.width + i];
    return sum;
}

#endif
