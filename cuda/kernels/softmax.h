/* softmax.h - softmax of one row for kernels: softmax(x)[j] = exp(x[j] - largest) / sum, so that no exponential overflows. NaN anywhere in
 * a row makes all of it NaN. */
#ifndef HNI_CUDA_KERNELS_SOFTMAX_H
#define HNI_CUDA_KERNELS_SOFTMAX_H

#include "launch.h"

typedef struct hni_softmax_row {
    double largest, sum;
} hni_softmax_row;

HNI_DEVICE hni_softmax_row hni_softmax_of(const float *x, int64_t classes) {
    hni_softmax_row s = {(double)x[0], 0.0};
    for (int64_t j = 1; j < classes; j++)
        if ((double)x[j] > s.largest)
            s.largest = (double)x[j];
    for (int64_t j = 0; j < classes; j++)
        s.sum += exp((double)x[j] - s.largest);
    return s;
}

HNI_DEVICE double hni_softmax_probability(hni_softmax_row s, float x) {
    return exp((double)x - s.largest) / s.sum;
}

#endif
